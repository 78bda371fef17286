//! The network in numbers and bits, and what h decided about each destination.
use std::net::IpAddr;

use super::plan::Subnet;
use super::{HOST, Trip};
use crate::demos::capture::capture;
use crate::demos::findings::Findings;
use crate::demos::frame::Content;
use crate::quantity::Quantity;
use crate::recording::{Cell, Recording, Table};

pub(super) fn found(recording: &Recording, trips: &[Trip], (network, own): (Subnet, Subnet)) -> Findings {
    let mut findings = Findings::default();
    findings.table(parts("network", "The network", network));
    if own != network {
        findings.table(parts("belief", "What h takes for its network", own));
    }
    findings.table(decisions(recording, trips, own));
    let (_, _, hosts) = network.hosts();
    let hosts = usize::try_from(hosts).unwrap_or(usize::MAX);
    findings.count(
        "hosts",
        "addresses for hosts",
        hosts,
        "2 to the power of the bits behind the prefix, less network and broadcast",
    );
    findings.count(
        "prefix",
        "length of the prefix",
        network.length().into(),
        "bits that all addresses of the network share",
    );
    let local = trips.iter().filter(|it| own.contains(it.to.into())).count();
    findings.count(
        "local",
        "destinations h takes for local",
        local,
        "they share its prefix: h asks by ARP for their MAC address",
    );
    findings.count(
        "by_gateway",
        "destinations by the gateway",
        trips.len() - local,
        "the frame goes to the router's MAC address",
    );
    let silent = trips.iter().filter(|it| it.answered.is_none()).count();
    findings.count(
        "unreachable",
        "destinations not reached",
        silent,
        "h asked its own wire for who is not on it, or no answer found its way back",
    );
    let sights = capture(recording, "h");
    let asked = sights.iter().filter(|it| it.sent && it.content == Content::ArpRequest).count();
    findings.count(
        "arp_requests",
        "ARP requests of h",
        asked,
        "one for each neighbour it needs, three for one that is not there",
    );
    for trip in trips {
        let name = trip.name;
        findings.time(&format!("{name}_rtt"), &format!("ping to {name}, {}", trip.to), trip.answered, "ARP included");
        let first = sights.iter().find(|it| it.sent && it.at >= trip.at);
        findings.mark(&format!("to-{name}"), &format!("h decides about {}", trip.to), first);
    }
    findings
}

/// A network in numbers and bits.
fn parts(name: &str, label: &str, it: Subnet) -> Table {
    let mut table =
        Table::new(name, label, &[("what", "what"), ("value", "value"), ("bits", "bits, | ends the prefix")]);
    let (first, last, count) = it.hosts();
    let mut row = |what: &str, address: IpAddr| {
        table.row(None, vec![Cell::text(what), Cell::text(address), Cell::Text(it.bits_of(address))]);
    };
    row("an address in it", HOST.into());
    row("mask", it.mask());
    row("network", it.network());
    row("first host", first);
    row("last host", last);
    if let Some(broadcast) = it.broadcast() {
        row("broadcast", broadcast);
    }
    table.row(None, vec![Cell::text("hosts"), Cell::text(count), Cell::Empty]);
    table.row(None, vec![Cell::text("written"), Cell::text(it), Cell::Empty]);
    table
}

/// A row for each destination.
fn decisions(recording: &Recording, trips: &[Trip], own: Subnet) -> Table {
    let columns = [
        ("name", "name"),
        ("address", "destination"),
        ("shared", "bits shared with h"),
        ("decision", "h decides"),
        ("rtt_ns", "answered after"),
        ("bits", "bits"),
    ];
    let mut table = Table::new("destinations", "Destinations, and what h decides by its prefix", &columns);
    let sights = capture(recording, "h");
    for trip in trips {
        let is_local = own.contains(trip.to.into());
        let shared = (trip.to.to_bits() ^ HOST.to_bits()).leading_zeros();
        let ping = sights.iter().find(|it| it.sent && it.at >= trip.at && it.content == Content::Ping);
        table.row(
            ping.map(|it| it.packet.n).filter(|_| trip.answered.is_some()),
            vec![
                Cell::text(trip.name),
                Cell::text(trip.to),
                Quantity::count(usize::try_from(shared).unwrap_or(32)).into(),
                Cell::text(if is_local { "local" } else { "gateway" }),
                Cell::maybe(trip.answered.map(Quantity::time)),
                Cell::Text(own.bits_of(trip.to.into())),
            ],
        );
    }
    table
}
