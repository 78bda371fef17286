//! Fields of a packet behind a router, hidden: what a router changes, and what it must not.
use std::collections::BTreeMap;

use super::capture::{Capture, block};
use super::chance::Chance;
use super::{Exercise, Form, Gap, Lacks};

/// Fields hidden.
const HIDDEN: usize = 4;
const MAC: &str = "a MAC address";
const ADDRESS: &str = "an address";

/// A packet as it came in and as it went on, both in the router's own capture.
#[derive(Clone, Copy)]
struct Passing {
    came: u32,
    went: u32,
}

/// An IP packet's addresses and lifetime.
struct Header {
    macs: [String; 2],
    addresses: [String; 2],
    ttl: u32,
}

pub(super) fn make(capture: &Capture<'_>, chance: &mut Chance) -> Result<Exercise, Lacks> {
    let lacking = || Lacks::of("no packet that a router passed on after the MAC addresses behind it were known");
    let all: Vec<Exercise> = passings(capture).into_iter().filter_map(|it| asked(capture, chance, it)).collect();
    chance.pick(&all).cloned().ok_or_else(lacking)
}

fn header(capture: &Capture<'_>, n: u32) -> Option<Header> {
    let decoded = capture.decoded(n);
    let of = |name: &str| decoded.field(name).map(|it| it.value.clone());
    Some(Header {
        macs: [of("eth.src")?, of("eth.dst")?],
        addresses: [of("ip.src")?, of("ip.dst")?],
        ttl: of("ip.ttl")?.parse().ok()?,
    })
}

/// The same IP packet twice, the second time with one hop less.
fn passings(capture: &Capture<'_>) -> Vec<Passing> {
    // What stays of a packet: all behind the IP header.
    let rest = |n: u32| {
        let (decoded, packet) = (capture.decoded(n), capture.packet(n)?);
        let ip = decoded.layer("ip")?;
        let id = decoded.field("ip.id")?.value.clone();
        Some((id, packet.seen.frame.get(ip.bytes.end..)?.to_vec()))
    };
    let mut came: BTreeMap<(String, Vec<u8>), u32> = BTreeMap::new();
    let mut found = Vec::new();
    for n in capture.numbers() {
        let Some((key, own)) = rest(n).zip(header(capture, n)) else { continue };
        match came.get(&key).and_then(|before| Some((*before, header(capture, *before)?))) {
            Some((before, earlier)) if earlier.ttl == own.ttl + 1 && earlier.addresses == own.addresses => {
                found.push(Passing { came: before, went: n });
            }
            _ => drop(came.insert(key, n)),
        }
    }
    found
}

/// Who has an address on its own link, as packets before this one told: the packet, and the MAC.
fn neighbour(capture: &Capture<'_>, before: u32, address: &str) -> Option<(u32, String)> {
    let says = |n: u32| {
        let is_it = capture.value(n, "arp.src.proto_ipv4").is_some_and(|it| it == address);
        is_it.then(|| capture.value(n, "arp.src.hw_mac")).flatten().map(|mac| (n, mac))
    };
    capture.numbers().take_while(|n| *n < before).filter_map(says).last()
}

/// What may be hidden of the frame that went out; those packets say whose MAC is whose.
fn gaps(old: &Header, new: &Header, told: u32, router: u32) -> Vec<Gap> {
    let [from, to] = &new.addresses;
    vec![
        Gap::new(
            "source MAC",
            MAC,
            new.macs[0].as_str(),
            format!("On its way out the frame is the router's own: packet {router} says which MAC it has there."),
        )
        .near(
            old.macs[0].as_str(),
            "That is the frame's sender on the link before; MAC addresses hold for one link only.",
        )
        .near(
            old.macs[1].as_str(),
            "That is the router's MAC on the link before; each of its interfaces has one of its own.",
        ),
        Gap::new(
            "destination MAC",
            MAC,
            new.macs[1].as_str(),
            format!("{to} is on that link, and packet {told} says who has it."),
        )
        .near(old.macs[1].as_str(), "That is the router itself: it was the next hop on the link before.")
        .near(old.macs[0].as_str(), "That is who sent the frame on the link before."),
        Gap::new(
            "source IP",
            ADDRESS,
            from.as_str(),
            "A router does not touch the IP addresses: they name the ends.".to_owned(),
        ),
        Gap::new(
            "destination IP",
            ADDRESS,
            to.as_str(),
            "A router does not touch the IP addresses: they name the ends.".to_owned(),
        ),
        Gap::new(
            "TTL",
            "a number",
            new.ttl,
            format!("It came with {}, and each router takes one off (RFC 1812 §5.3.1).", old.ttl),
        )
        .near(old.ttl, "That is what it came with; a router that passes a packet on takes one off.")
        .near(old.ttl + 1, "It counts down, so that a packet that goes in a circle dies."),
    ]
}

fn asked(capture: &Capture<'_>, chance: &mut Chance, Passing { came, went }: Passing) -> Option<Exercise> {
    let (old, new) = (header(capture, came)?, header(capture, went)?);
    let (told, next) = neighbour(capture, went, &new.addresses[1])?;
    // The router's own MAC on that link: it asked or answered there before.
    let own = |n: &u32| {
        let of = |field: &str| capture.value(*n, field);
        of("arp.opcode").is_some() && of("arp.src.hw_mac").as_ref() == Some(&new.macs[0])
    };
    let router = capture.numbers().take_while(|n| *n < went).filter(own).last()?;
    if next != new.macs[1] || told == router {
        return None;
    }
    let [from, to] = &new.addresses;
    let gaps = chance.some(gaps(&old, &new, told, router), HIDDEN);
    let row = |label: &str, value: &str| {
        let is_hidden = gaps.iter().any(|it| it.label == label);
        format!("  {label}: {}", if is_hidden { "?" } else { value })
    };
    let says = |n: u32| {
        let of = |field: &str| capture.value(n, field).unwrap_or_default();
        let verb = if of("arp.opcode").starts_with('1') { "asks" } else { "answers" };
        let (address, mac) = (of("arp.src.proto_ipv4"), of("arp.src.hw_mac"));
        format!("{n:>4} {:>12}  ARP: {address} {verb}, its MAC is {mac}", capture.stamp(n))
    };
    let mut known = [told, router];
    known.sort_unstable();
    let lines = [
        known.map(says).join("\n"),
        format!("packet {came} at {}, as it came in:", capture.stamp(came)),
        format!("  MAC: {} > {}", old.macs[0], old.macs[1]),
        format!("  IP: {} > {}, TTL {}", old.addresses[0], old.addresses[1], old.ttl),
        format!("packet {went} at {}, the same packet, as the router passed it on:", capture.stamp(went)),
        row("source MAC", &new.macs[0]),
        row("destination MAC", &new.macs[1]),
        row("source IP", from),
        row("destination IP", to),
        row("TTL", &new.ttl.to_string()),
    ];
    let prompt = format!("{}\n\nWhat stands in the hidden fields?", block(&lines.join("\n")));
    let explanation = format!(
        "A router takes the frame off, one from the TTL, and puts a new frame around the same packet: {} > {}, TTL {}.",
        new.macs[0], new.macs[1], new.ttl
    );
    Some(Exercise { prompt, form: Form::Fill(gaps), explanation, packet: went })
}
