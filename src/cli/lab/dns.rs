//! What `lab up` prints about the lab's DNS.
use std::fmt::Write as _;

use crate::services::dns::encrypted::loopback::{NAMES, Up as Encrypted};
use crate::services::dns::loopback;
use crate::services::dns::signing::Signing;

/// Who is up, and what to ask whom.
pub(super) fn servers(up: &[loopback::Up], port: u16) -> String {
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

/// How to have the signatures checked.
pub(super) fn keys(signing: &Signing, port: u16) -> String {
    format!(
        "\nThe zones are signed, all but blog.example., half.example. and dns-host.test., and bare.example., whose DS record says that it is. The root's key:\n . IN DS {}\n\
         Have it written to a file with --anchor FILE, and ask a validator of its own:\n\
         \x20 delv @127.0.0.1 -p {port} -a FILE +root=. www.shop.example\n\
         What does not hold: www.expired.example, www.mismatch.example, www.bare.example\n",
        signing.anchor()
    )
}

/// The resolver's encrypted side.
pub(super) fn encrypted(up: &Encrypted, ca: &str) -> String {
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
        names = NAMES.join(", "),
    )
}
