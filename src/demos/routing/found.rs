//! The lines of the table, which of them each destination took, and what a change did.
use super::script::{Seen, Trip};
use crate::demos::capture::capture;
use crate::demos::findings::Findings;
use crate::demos::frame::{Content, ttl};
use crate::quantity::Quantity;
use crate::recording::{Cell, EventKind, Recording, Table, Time};

pub(super) fn found(recording: &Recording, seen: &Seen) -> Findings {
    let mut findings = Findings::default();
    tables(&mut findings, recording);
    trips(&mut findings, recording, seen);
    order(&mut findings, seen);
    markers(&mut findings, recording, seen);
    findings
}

/// The table as r1 had it, each time it was shown.
fn tables(findings: &mut Findings, recording: &Recording) {
    let mut shown: Vec<(Time, Vec<&str>)> = Vec::new();
    for event in &recording.events {
        let EventKind::Decision { text } = &event.kind else { continue };
        let Some((number, line)) = text.strip_prefix("routing table, ").and_then(|it| it.split_once(": ")) else {
            continue;
        };
        if number.starts_with("1 of ") {
            shown.push((event.at, Vec::new()));
        }
        if let Some((_, lines)) = shown.last_mut() {
            lines.push(line);
        }
    }
    for ((_, lines), (name, label)) in shown
        .iter()
        .zip([("routes", "r1's routing table at the start"), ("routes_after", "r1's routing table after the change")])
    {
        let mut table = Table::new(name, label, &[("to", "to"), ("way", "goes"), ("length", "length")]);
        for line in lines {
            let (to, way) = line.split_once(' ').unwrap_or((line, ""));
            let length = to.split_once('/').and_then(|(_, length)| length.parse().ok());
            table.row(None, vec![Cell::text(to), Cell::text(way), Cell::maybe(length.map(Quantity::count))]);
        }
        findings.table(table);
    }
    let lines = shown.first().map_or(0, |(_, lines)| lines.len());
    findings.count("routes", "lines in r1's table", lines, "networks of its own and those it was told of");
}

/// The route that r1 chose for a destination after an instant, from its decision.
fn chosen<'a>(recording: &'a Recording, trip: &Trip) -> Option<&'a str> {
    let words = format!("forwarded to {}: route ", trip.to);
    let r1 = recording.node("r1")?;
    recording.events.iter().filter(|it| it.node == r1 && it.at >= trip.at).find_map(|it| match &it.kind {
        EventKind::Decision { text } => text.strip_prefix(words.as_str()).and_then(|it| it.split(' ').next()),
        _ => None,
    })
}

fn trips(findings: &mut Findings, recording: &Recording, seen: &Seen) {
    let columns =
        [("to", "destination"), ("route", "line that wins"), ("rtt_ns", "round trip"), ("outcome", "outcome")];
    let mut table = Table::new("trips", "Destinations, and the line of r1's table that each takes", &columns);
    let all = seen.before.borrow().iter().copied().chain(seen.after.get()).collect::<Vec<_>>();
    for trip in &all {
        let outcome = trip.outcome.map_or_else(|error| error.to_string(), |_| "answered".to_owned());
        let route = chosen(recording, trip).map_or(Cell::Empty, Cell::text);
        let rtt = Cell::maybe(trip.outcome.ok().map(Quantity::time));
        table.row(None, vec![Cell::text(trip.to), route, rtt, Cell::text(outcome)]);
    }
    findings.table(table);
    let before = seen.before.borrow();
    let rtt = |trip: Option<&Trip>| trip.and_then(|it| it.outcome.ok());
    findings.time(
        "server_before",
        "10.2.3.4 before the change",
        rtt(before.first()),
        "the round trip of a ping: by r2, the /16",
    );
    findings.time(
        "other_before",
        "10.2.9.9 before the change",
        rtt(before.get(1)),
        "a round trip: there by r3, the /24, and back by r2",
    );
    let after = seen.after.get();
    findings.time("server_after", "10.2.3.4 after the change", rtt(after.as_ref()), "the round trip of the same ping");
    let unanswered = all.iter().filter(|it| it.outcome.is_err()).count();
    findings.count(
        "unanswered",
        "destinations that did not answer",
        unanswered,
        "a router said that it knows no way, or hops ran out",
    );
    let length = |trip: Option<&Trip>| {
        let length: usize = chosen(recording, trip?)?.split_once('/')?.1.parse().ok()?;
        Some(Quantity::count(length))
    };
    let how = "bits of the prefix that r1 chose for 10.2.3.4";
    findings.measure("length_before", "prefix length that won before", length(before.first()), how);
    findings.measure("length_after", "prefix length that won after", length(after.as_ref()), how);
    let hops = recording.packets.iter().filter(|it| after.is_some_and(|after| it.at >= after.at)).count();
    findings.count(
        "crossings_after",
        "links crossed after the change",
        hops,
        "frames of the last ping, its answer and any error: a loop makes many",
    );
    let lowest = recording.packets.iter().filter_map(|it| ttl(&it.bytes)).min().map(|it| Quantity::count(it.into()));
    findings.measure("lowest_ttl", "the lowest TTL on a link", lowest, "64 less the routers crossed");
}

fn order(findings: &mut Findings, seen: &Seen) {
    let arrived = seen.arrived.borrow();
    findings.count(
        "flow_arrived",
        "datagrams of one flow that arrived",
        arrived.len(),
        format!("of {}", seen.sent.get()),
    );
    let overtaken = arrived.windows(2).filter(|it| it[1] < it[0]).count();
    let how = "times a datagram came after one that was sent later: none when a flow keeps to one way (RFC 2992)";
    findings.count("out_of_order", "out of order", overtaken, how);
}

fn markers(findings: &mut Findings, recording: &Recording, seen: &Seen) {
    let client = capture(recording, "client");
    let pings: Vec<_> = client.iter().filter(|it| it.sent && it.content == Content::Ping).collect();
    for (name, label, sight) in [
        ("by-16", "to 10.2.3.4: the /16 fits best", pings.first()),
        ("by-24", "to 10.2.9.9: the /24 fits better than the /16", pings.get(1)),
        ("by-8", "to 10.7.7.7: only the /8 and the default fit", pings.get(2)),
        ("by-default", "to 192.0.2.1: only the default fits", pings.get(3)),
        ("again", "to 10.2.3.4 again, with another table", pings.get(4)),
    ] {
        findings.mark(name, label, sight.copied());
    }
    findings.mark_at("change", "the table is changed", seen.changed.get(), None);
    let dead = recording.events.iter().find(|it| {
        seen.changed.get().is_some_and(|at| it.at >= at)
            && matches!(&it.kind, EventKind::Decision { text } if text.contains("no route") || text.contains("ends here"))
    });
    findings.mark_at("dead-end", "a router drops it", dead.map(|it| it.at), None);
}
