//! `lab up`: the lab's services on loopback of this machine, for other programs to ask.
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

use super::arguments::{Options, Up};
use super::streams::print;
use super::{folders, start};
use crate::net::Net;
use crate::net::host::HostNet;
use crate::services::dns::dnssec::Date;
use crate::services::dns::encrypted::loopback as encrypted;
use crate::services::dns::loopback;
use crate::services::dns::signing::Signing;
use crate::wire::text::visible;

/// Serves until the process is ended.
pub(super) fn up(options: &Options, asked: &Up) -> anyhow::Result<ExitCode> {
    let seed = options.seed.unwrap_or(start::SEED);
    let ca = asked.ca.clone().map_or_else(|| folders::authority_file(options), Ok)?;
    let signing = Signing::new(seed, today());
    if let Some(file) = &asked.anchor {
        fs::write(file, trust_anchors(&signing))
            .with_context(|| format!("the root's key cannot be written to {}", file.display()))?;
    }
    let served = HostNet::run(async |net| {
        let refused = |error| {
            let hint = "another `lab up` may hold it; --port, --tls-port and --https-port choose others, from 1024 on without being root";
            anyhow::anyhow!("{error}; {hint}")
        };
        let (up, resolver) = loopback::start_signed(&net, asked.port, seed, &signing).await.map_err(refused)?;
        let secure = encrypted::start(&net, &resolver, asked.tls_port, asked.https_port).await.map_err(refused)?;
        write(&ca, &secure.authority)?;
        print(&(told(&up, asked.port) + &told_encrypted(&secure, &ca) + &about_keys(&signing, asked.port)))?;
        loop {
            net.sleep(Duration::from_secs(3600)).await;
        }
    });
    served.context("this machine gives no sockets to wait on")?
}

/// Writes the certificate whole or not at all: a client may read it just now.
fn write(path: &Path, pem: &str) -> anyhow::Result<()> {
    let shown = visible(path.to_string_lossy().as_bytes());
    let writing = || {
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut beside = path.as_os_str().to_owned();
        beside.push(format!(".{}", std::process::id()));
        fs::write(&beside, pem)?;
        fs::rename(&beside, path)
    };
    writing().with_context(|| {
        format!("the authority's certificate cannot be written to {shown}: name another file with --ca")
    })
}

/// Who is up, and what to ask whom.
fn told(up: &[loopback::Up], port: u16) -> String {
    let mut text =
        "The lab's DNS is up until Ctrl-C, over UDP and TCP, for programs of this machine only.\n\n".to_owned();
    for it in up {
        let zones: Vec<String> = it.zones.iter().map(ToString::to_string).collect();
        let does = if zones.is_empty() { "searches for you".to_owned() } else { format!("serves {}", zones.join(" ")) };
        writeln!(text, "  {:<14} {:<18} {does}", it.host, it.at.to_string()).expect("a String takes all text");
    }
    let at = |host: &str| {
        up.iter()
            .find(|it| it.host == host)
            .map_or_else(String::new, |it| format!("@{} -p {}", it.at.ip(), it.at.port()))
    };
    let (root, shop) = (at("root-a"), at("ns1-shop"));
    write!(
        text,
        "\nAsk the resolver, a server of the root, a server of a domain:\n\
         \x20 dig @127.0.0.1 -p {port} static.shop.example\n\
         \x20 dig {root} +norec www.shop.example\n\
         \x20 dig {shop} +norec +tcp big.shop.example TXT\n\
         dig +trace asks this system's resolver for the address of each server it is referred to: for that be root, start with \
         --port 53,\nand let /etc/resolv.conf name 127.0.0.1. Or see the same, explained: roundtrip demo dns-trace --live\n"
    )
    .expect("a String takes all text");
    text
}

/// The second the signatures of the zones are made for.
fn today() -> Date {
    Date(u32::try_from(jiff::Timestamp::now().as_second() & 0xffff_ffff).expect("32 bits remain"))
}

/// The root's key as BIND's programs read it.
fn trust_anchors(signing: &Signing) -> String {
    let key = signing.anchor();
    let digest: String = key.digest().iter().map(|byte| format!("{byte:02X}")).collect();
    let (algorithm, hash) = (u8::from(key.algorithm()), u8::from(key.digest_type()));
    format!("trust-anchors {{\n    . static-ds {} {algorithm} {hash} \"{digest}\";\n}};\n", key.key_tag())
}

/// How to have the signatures checked.
fn about_keys(signing: &Signing, port: u16) -> String {
    format!(
        "\nThe zones are signed, all but blog.example., half.example. and dns-host.test., and bare.example., whose DS record says that it is. The root's key:\n . IN DS {}\n\
         Have it written to a file with --anchor FILE, and ask a validator of its own:\n\
         \x20 delv @127.0.0.1 -p {port} -a FILE +root=. www.shop.example\n\
         What does not hold: www.expired.example, www.mismatch.example, www.bare.example\n",
        signing.anchor()
    )
}

/// The resolver's encrypted side.
fn told_encrypted(up: &encrypted::Up, ca: &Path) -> String {
    let ca = visible(ca.to_string_lossy().as_bytes());
    let (tls, https) = (up.tls.port(), up.https.port());
    format!(
        "\nThe resolver over TLS and HTTPS, as {names}:\n\n\
         \x20 {:<14} {:<18} DNS over TLS\n\
         \x20 {:<14} {:<18} DNS over HTTPS: https://localhost:{https}/dns-query\n\n\
         Its certificate is signed by an authority of this start only: {ca}\n\
         \x20 dig @127.0.0.1 -p {tls} +tls +tls-ca={ca} www.shop.example\n\
         \x20 dig @127.0.0.1 -p {https} +https +tls-ca={ca} www.shop.example\n\
         \x20 openssl s_client -connect 127.0.0.1:{tls} -alpn dot -CAfile {ca}\n",
        "over-tls",
        up.tls.to_string(),
        "over-https",
        up.https.to_string(),
        names = encrypted::NAMES.join(", "),
    )
}
