//! The choices of a run as other programs take them: cert-manager, certbot, lego, Caddy; and what to check first.
use super::prover::NAME;
use crate::demos::{Export, Knobs};
use crate::lab::Lab;
use crate::recording::Recording;
use crate::services::tls::{Ground, Pending, pem};

/// The test authority of Let's Encrypt (letsencrypt.org/docs/staging-environment).
const STAGING: &str = "https://acme-staging-v02.api.letsencrypt.org/directory";

pub(super) const ALL: &[Export] = &[
    Export {
        name: "cert-manager",
        about: "Issuer and Certificate of cert-manager",
        extension: "yaml",
        write: |k, _| cert_manager(k),
    },
    Export { name: "certbot", about: "the commands of certbot", extension: "sh", write: |k, _| certbot(k) },
    Export { name: "lego", about: "the commands of lego", extension: "sh", write: |k, _| lego(k) },
    Export { name: "caddy", about: "a Caddyfile", extension: "Caddyfile", write: |k, _| caddy(k) },
    Export {
        name: "csr",
        about: "a request for a certificate (PKCS #10), as PEM",
        extension: "pem",
        write: |_, run| request(run),
    },
    Export {
        name: "staging",
        about: "what to check before the first real order",
        extension: "md",
        write: |k, _| staging(k),
    },
];

fn kind(knobs: &Knobs) -> &'static str {
    knobs.choice("challenge")
}

/// Hours before its end at which the run's rule renews.
fn before(knobs: &Knobs) -> u64 {
    let hours = knobs.number("lifetime") * 24;
    if knobs.choice("renew") == "30-days" { (30 * 24).min(hours.saturating_sub(1)) } else { hours / 3 }
}

fn cert_manager(knobs: &Knobs) -> String {
    let solver = match kind(knobs) {
        "dns-01" => "dns01:\n        route53: {}   # or your provider: cert-manager needs a key to the zone",
        "http-01" => "http01:\n        ingress:\n          ingressClassName: nginx",
        _ => "http01:   # cert-manager has no tls-alpn-01\n        ingress:\n          ingressClassName: nginx",
    };
    let (duration, before) = (knobs.number("lifetime") * 24, before(knobs));
    format!(
        "# Every public certificate is logged (Certificate Transparency): take a private issuer for internal names.\n\
         apiVersion: cert-manager.io/v1\n\
         kind: Issuer\n\
         metadata:\n\
         \x20 name: staging\n\
         spec:\n\
         \x20 acme:\n\
         \x20   server: {STAGING}\n\
         \x20   privateKeySecretRef:\n\
         \x20     name: staging-account\n\
         \x20   solvers:\n\
         \x20   - {solver}\n\
         ---\n\
         apiVersion: cert-manager.io/v1\n\
         kind: Certificate\n\
         metadata:\n\
         \x20 name: shop\n\
         spec:\n\
         \x20 secretName: shop-tls\n\
         \x20 # An ACME authority may give another time than is asked for: renewBefore counts from the end it gave.\n\
         \x20 duration: {duration}h\n\
         \x20 renewBefore: {before}h\n\
         \x20 dnsNames:\n\
         \x20 - {NAME}\n\
         \x20 privateKey:\n\
         \x20   algorithm: ECDSA\n\
         \x20   size: 256\n\
         \x20   rotationPolicy: Always\n\
         \x20 issuerRef:\n\
         \x20   name: staging\n"
    )
}

fn certbot(knobs: &Knobs) -> String {
    let (how, note) = match kind(knobs) {
        "dns-01" => ("--dns-route53", "# A plugin for your DNS provider; it needs a key to the zone.\n"),
        "http-01" => ("--webroot -w /var/www/html", ""),
        _ => ("--webroot -w /var/www/html", "# certbot has no tls-alpn-01: http-01 instead.\n"),
    };
    format!(
        "{note}certbot certonly {how} -d {NAME} --key-type ecdsa --server {STAGING}\n\
         # The package's timer runs this twice a day; a server reads a new file only when it is told to.\n\
         certbot renew --deploy-hook 'systemctl reload nginx'\n\
         certbot renew --dry-run\n"
    )
}

fn lego(knobs: &Knobs) -> String {
    let how = match kind(knobs) {
        "dns-01" => "--dns route53",
        "http-01" => "--http --http.webroot /var/www/html",
        _ => "--tls",
    };
    let days = before(knobs).div_ceil(24);
    format!(
        "lego --server {STAGING} --email you@shop.example --accept-tos --domains {NAME} {how} run\n\
         # Once a day; it renews when fewer days are left.\n\
         lego --server {STAGING} --email you@shop.example --domains {NAME} {how} renew --days {days} --renew-hook 'systemctl reload nginx'\n"
    )
}

fn caddy(knobs: &Knobs) -> String {
    let issuer = match kind(knobs) {
        "dns-01" => "\t\t\tdns route53\n",
        "http-01" => "\t\t\tdisable_tlsalpn_challenge\n",
        _ => "\t\t\tdisable_http_challenge\n",
    };
    format!(
        "{NAME} {{\n\
         \ttls {{\n\
         \t\tissuer acme {{\n\
         \t\t\tdir {STAGING}\n{issuer}\
         \t\t}}\n\
         \t}}\n\
         \treverse_proxy 127.0.0.1:8080\n\
         }}\n"
    )
}

/// A request of a key of the run's seed.
fn request(run: &Recording) -> String {
    let mut lab = Lab::new(run.run.seed, &[]);
    let host = lab.host("web").address("10.0.0.2/24").add();
    let pending = Pending::new(&Ground::lab(&lab.net(host), run.run.seed), &[NAME]).expect("the name is one");
    pem("CERTIFICATE REQUEST", pending.request())
}

fn staging(knobs: &Knobs) -> String {
    let port = match kind(knobs) {
        "dns-01" => "no port has to be open; the client's key can change `_acme-challenge` and nothing else",
        "http-01" => "port 80 is open to the world, also where everything else is redirected to 443",
        _ => "port 443 ends TLS on this very server: no proxy before it that does so",
    };
    format!(
        "- The directory is {STAGING}: its certificates are trusted by nobody, its limits are wide.\n\
         - The CAA records of {NAME}, or where it has none those of the closest name above it that has some, name your authority, or there are none at all; where they name an account (accounturi) or proofs (validationmethods, RFC 8657), they are yours.\n\
         - {}{}.\n\
         - An order was made, and one renewal forced; the server serves the new certificate after the reload.\n\
         - Something outside watches the days left, and somebody is told when fewer than {} are.\n\
         - Then the real directory, once.\n",
        port[..1].to_uppercase(),
        &port[1..],
        before(knobs).div_ceil(24) * 2 / 3
    )
}
