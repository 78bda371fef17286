//! `subnet`: what a prefix says of a network, its parts and addresses, as text or JSON.
use std::net::IpAddr;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::streams::write;
use crate::demos::subnet::plan::{Subnet, Wrong};
use crate::recording::json;

/// What stands in the JSON.
pub(super) const SHAPE: &str = "\
{\"network\": {..}, \"parts\": [{..}], \"addresses\": [{\"address\", \"inside\", \"part\", \"bits\"}]}

A network is {prefix, network, mask, broadcast, first_host, last_host, hosts, bits}; broadcast is null where there is none, \
part is null or the prefix of the part that holds the address. `|` in bits stands where the prefix ends.";

/// `subnet`
#[derive(Args, Debug)]
pub(super) struct Wish {
    /// An address with the length of its prefix: 10.0.0.0/20, 2001:db8::/48
    pub(super) prefix: Subnet,
    /// Cut it into parts with this longer prefix: 24
    #[arg(long, value_name = "LENGTH")]
    pub(super) split: Option<u8>,
    /// Say where these addresses are: 10.0.5.77,10.0.99.1
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    pub(super) contains: Vec<IpAddr>,
    /// As JSON
    #[arg(long, long_help = format!("As JSON: {SHAPE}"))]
    pub(super) json: bool,
}

#[derive(Serialize)]
struct Answer {
    network: Described,
    parts: Vec<Described>,
    addresses: Vec<Placed>,
}

#[derive(Serialize)]
struct Described {
    prefix: String,
    network: IpAddr,
    mask: IpAddr,
    broadcast: Option<IpAddr>,
    first_host: IpAddr,
    last_host: IpAddr,
    hosts: u128,
    bits: String,
}

#[derive(Serialize)]
struct Placed {
    address: IpAddr,
    inside: bool,
    part: Option<String>,
    bits: String,
}

/// Answers on standard output.
pub(super) fn run(wish: &Wish) -> anyhow::Result<ExitCode> {
    let answer = answer(wish).map_err(|wrong| super::Misuse(wrong.to_string()))?;
    let text = if wish.json { json::pretty(&answer)? } else { text(&answer) };
    write(text.as_bytes()).map(|()| ExitCode::SUCCESS)
}

fn answer(wish: &Wish) -> Result<Answer, Wrong> {
    let whole = wish.prefix;
    let parts = wish.split.map_or(Ok(Vec::new()), |length| whole.split(length))?;
    let placed = |address: &IpAddr| Placed {
        address: *address,
        inside: whole.contains(*address),
        part: parts.iter().find(|it| it.contains(*address)).map(ToString::to_string),
        bits: whole.bits_of(*address),
    };
    let same_family = |it: &&IpAddr| it.is_ipv4() == whole.network().is_ipv4();
    let addresses = wish.contains.iter().filter(same_family).map(placed).collect();
    Ok(Answer { network: described(whole), parts: parts.iter().copied().map(described).collect(), addresses })
}

fn described(it: Subnet) -> Described {
    let (first_host, last_host, hosts) = it.hosts();
    Described {
        prefix: it.to_string(),
        network: it.network(),
        mask: it.mask(),
        broadcast: it.broadcast(),
        first_host,
        last_host,
        hosts,
        bits: it.bits_of(it.network()),
    }
}

fn text(answer: &Answer) -> String {
    let it = &answer.network;
    let broadcast = it.broadcast.map_or("none".to_owned(), |it| it.to_string());
    let mut lines = vec![
        format!("network     {}", it.prefix),
        format!("mask        {}", it.mask),
        format!("first host  {}", it.first_host),
        format!("last host   {}", it.last_host),
        format!("broadcast   {broadcast}"),
        format!("hosts       {}", it.hosts),
        format!("bits        {}   (| ends the prefix)", it.bits),
    ];
    if !answer.parts.is_empty() {
        lines.push(format!("\n{} parts", answer.parts.len()));
    }
    let wide = answer.parts.iter().map(|it| it.prefix.len()).max().unwrap_or(0);
    let part =
        |it: &Described| format!("  {:wide$}  {} to {}, {} hosts", it.prefix, it.first_host, it.last_host, it.hosts);
    lines.extend(answer.parts.iter().map(part));
    if !answer.addresses.is_empty() {
        lines.push("\naddresses".to_owned());
    }
    lines.extend(answer.addresses.iter().map(|it| {
        let place = match (&it.part, it.inside) {
            (Some(part), _) => format!("inside, in {part}"),
            (None, true) => "inside".to_owned(),
            (None, false) => "outside: a host in the network sends it by the gateway".to_owned(),
        };
        format!("  {}  {place}\n  {}", it.address, it.bits)
    }));
    lines.join("\n") + "\n"
}
