//! `lab up`: the lab's services on loopback of this machine, for other programs to ask.
use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

use super::arguments::Options;
use super::start;
use super::streams::print;
use crate::net::Net;
use crate::net::host::HostNet;
use crate::services::dns::loopback::{self, Up};

/// Serves until the process is ended.
pub(super) fn up(options: &Options, port: u16) -> anyhow::Result<ExitCode> {
    let seed = options.seed.unwrap_or(start::SEED);
    let served = HostNet::run(async |net| {
        let (up, _resolver) = loopback::start(&net, port, seed).await.map_err(|error| {
            let hint = "choose another with --port, from 1024 on without being root";
            anyhow::anyhow!("{error}; {hint}")
        })?;
        print(&told(&up, port))?;
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
