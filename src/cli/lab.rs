//! `lab up`: the lab's services on loopback of this machine, for other programs to ask.
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

use super::arguments::Options;
use super::start;
use super::streams::print;
use crate::net::Net;
use crate::net::host::HostNet;
use crate::services::dns::dnssec::Date;
use crate::services::dns::loopback::{self, Up};
use crate::services::dns::signing::Signing;

/// Serves until the process is ended.
pub(super) fn up(options: &Options, port: u16, anchor: Option<&Path>) -> anyhow::Result<ExitCode> {
    let seed = options.seed.unwrap_or(start::SEED);
    let signing = Signing::new(seed, today());
    if let Some(file) = anchor {
        std::fs::write(file, trust_anchors(&signing))
            .with_context(|| format!("the root's key cannot be written to {}", file.display()))?;
    }
    let served = HostNet::run(async |net| {
        let (up, _resolver) = loopback::start_signed(&net, port, seed, &signing).await.map_err(|error| {
            let hint = "choose another with --port, from 1024 on without being root";
            anyhow::anyhow!("{error}; {hint}")
        })?;
        print(&(told(&up, port) + &about_keys(&signing, port)))?;
        loop {
            net.sleep(Duration::from_secs(3600)).await;
        }
    });
    served.context("this machine gives no sockets to wait on")?
}

/// Who is up, and what to ask whom.
fn told(up: &[Up], port: u16) -> String {
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
         \x20 dig {shop} +norec +tcp big.shop.example TXT\n"
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
        "\nThe zones are signed, all but blog.example., half.example. and dns-host.test. The root's key:\n . IN DS {}\n\
         Have it written to a file with --anchor FILE, and ask a validator of its own:\n\
         \x20 delv @127.0.0.1 -p {port} -a FILE +root=. www.shop.example\n\
         What does not hold: www.expired.example, www.mismatch.example, www.bare.example\n",
        signing.anchor()
    )
}
