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

A network is {prefix, network, mask, broadcast, first_host, last_host, hosts, bits}; what there is not is null: a broadcast address in IPv6, hosts in \
multicast, a number for the hosts of ::/0 (2^128); part is null or the prefix of the part that holds the address. `|` in bits stands where the prefix ends.";

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
    first_host: Option<IpAddr>,
    last_host: Option<IpAddr>,
    hosts: Option<u128>,
    #[serde(skip)]
    counted: String,
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
    let (first, last, hosts) = it.hosts();
    let of_hosts = !it.is_multicast();
    let counted = it.size();
    Described {
        prefix: it.to_string(),
        network: it.network(),
        mask: it.mask(),
        broadcast: it.broadcast().filter(|_| of_hosts),
        first_host: of_hosts.then_some(first),
        last_host: of_hosts.then_some(last),
        hosts: (of_hosts && hosts.to_string() == counted).then_some(hosts),
        counted: if of_hosts { counted } else { "none: these are addresses of groups (multicast)".to_owned() },
        bits: it.bits_of(it.network()),
    }
}

impl Described {
    /// Whether there is room for more than two hosts.
    fn short(&self) -> bool {
        self.hosts.is_none_or(|it| it > 2)
    }
}

fn text(answer: &Answer) -> String {
    let it = &answer.network;
    let or_none = |address: Option<IpAddr>| address.map_or("none".to_owned(), |it| it.to_string());
    // RFC 4291 §2.6.1; not on a /127 (RFC 6164 §6), where both are hosts', and a /128 is one.
    let routers = it.first_host.is_some() && it.network.is_ipv6() && it.short();
    let anycast =
        if routers { "   (means every router of the network: Subnet-Router anycast, RFC 4291 §2.6.1)" } else { "" };
    let mut lines = vec![
        format!("network     {}", it.prefix),
        format!("mask        {}", it.mask),
        format!("first host  {}{anycast}", or_none(it.first_host)),
        format!("last host   {}", or_none(it.last_host)),
        format!("broadcast   {}", or_none(it.broadcast)),
        format!("hosts       {}", it.counted),
        format!("bits        {}   (| ends the prefix)", it.bits),
    ];
    if !answer.parts.is_empty() {
        lines.push(format!("\n{} parts", answer.parts.len()));
    }
    let wide = answer.parts.iter().map(|it| it.prefix.len()).max().unwrap_or(0);
    let part = |it: &Described| match it.first_host.zip(it.last_host) {
        Some((first, last)) => {
            let hosts = if it.counted == "1" { "host" } else { "hosts" };
            format!("  {:wide$}  {first} to {last}, {} {hosts}", it.prefix, it.counted)
        }
        None => format!("  {}", it.prefix),
    };
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
