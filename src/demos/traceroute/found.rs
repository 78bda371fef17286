//! The rows and numbers of a trace: who answered at which TTL, how often, how fast, and what the silence means.
use std::net::IpAddr;
use std::time::Duration;

use super::rows;
use crate::demos::capture::capture;
use crate::demos::findings::Findings;
use crate::lab::Said;
use crate::quantity::{Quantity, Unit};
use crate::recording::{Cell, EventKind, Recording, Table, Time};
use crate::services::trace::{Asked, Hop};

/// Where most systems' packets begin: the next of these above what is left (no protocol says so).
const STARTS: [u8; 3] = [64, 128, 255];

const COLUMNS: [(&str, &str); 10] = [
    ("ttl", "TTL"),
    ("from", "who answered"),
    ("node", "name"),
    ("sent", "sent"),
    ("answered", "answered"),
    ("best_ns", "best"),
    ("mean_ns", "mean"),
    ("worst_ns", "worst"),
    ("return_hops", "hops back"),
    ("said", "said"),
];

pub(super) fn found(recording: &Recording, hops: &[Hop]) -> Findings {
    let mut findings = Findings::default();
    findings.table(table(recording, hops));
    findings.curve("round trip", Unit::Nanoseconds, round_trips(hops, recording.end));
    numbers(&mut findings, hops);
    ways(&mut findings, recording);
    findings.steps(rows::rows(recording, hops));
    for hop in hops {
        if let Some(first) = hop.asked.iter().find(|it| it.answer.is_some()) {
            let at = arrival(first);
            findings.mark_at(
                &format!("hop-{}", hop.ttl),
                &format!("the first answer to TTL {}", hop.ttl),
                at,
                at.and_then(|at| packet_at(recording, at)),
            );
        }
        let until = hop.asked.iter().map(|it| arrival(it).unwrap_or(it.at)).max();
        if let (Some(first), Some(until)) = (hop.asked.first(), until) {
            findings.span_at("probes", format!("TTL {}", hop.ttl), first.at, until.min(recording.end));
        }
    }
    let limited = recording.events.iter().find(|it| says(&it.kind, "ICMP errors are limited"));
    findings.mark_at("limited", "a router drops a probe and may not say so", limited.map(|it| it.at), None);
    let silent = recording.events.iter().find(|it| says(&it.kind, "sends no ICMP errors"));
    findings.mark_at("silent", "a router drops a probe and never says so", silent.map(|it| it.at), None);
    findings
}

fn says(kind: &EventKind, words: &str) -> bool {
    matches!(kind, EventKind::Decision { text } if text.contains(words))
}

pub(super) fn arrival(asked: &Asked) -> Option<Time> {
    asked.answer.map(|it| asked.at + it.rtt)
}

/// Each answered probe's round trip, at the instant of its answer.
fn round_trips(hops: &[Hop], end: Time) -> Vec<(Time, i64)> {
    let answered = hops.iter().flat_map(|it| &it.asked).filter_map(|it| Some((arrival(it)?, it.answer?.rtt)));
    let mut points: Vec<_> =
        answered.map(|(at, rtt)| (at.min(end), i64::try_from(rtt.as_nanos()).unwrap_or(i64::MAX))).collect();
    points.sort_unstable();
    points
}

/// The packet that had come in at the client at that instant.
fn packet_at(recording: &Recording, at: Time) -> Option<u32> {
    let sights = capture(recording, "client");
    sights.iter().rfind(|it| !it.sent && it.at == at).map(|it| it.packet.n)
}

/// A row for each TTL.
fn table(recording: &Recording, hops: &[Hop]) -> Table {
    let mut table = Table::new("hops", "Hops", &COLUMNS);
    for hop in hops {
        let rtts: Vec<Duration> = hop.answers().map(|it| it.rtt).collect();
        let mean = (!rtts.is_empty()).then(|| rtts.iter().sum::<Duration>() / u32::try_from(rtts.len()).unwrap_or(1));
        let time = |it: Option<Duration>| Cell::maybe(it.map(Quantity::time));
        let first = hop.asked.iter().find_map(arrival);
        let from = distinct(hop.answers().map(|it| it.from.to_string()));
        let said = distinct(hop.answers().map(|it| it.said.name().to_owned()));
        let names = distinct(hop.answers().filter_map(|it| name(recording, it.from)));
        let text = |it: Vec<String>| if it.is_empty() { Cell::Empty } else { Cell::Text(it.join(", ")) };
        table.row(
            first.and_then(|at| packet_at(recording, at)),
            vec![
                Quantity::count(hop.ttl.into()).into(),
                text(from),
                text(names),
                Quantity::count(hop.asked.len()).into(),
                Quantity::count(rtts.len()).into(),
                time(rtts.iter().min().copied()),
                time(mean),
                time(rtts.iter().max().copied()),
                Cell::maybe(return_hops(hop).map(Quantity::count)),
                text(said),
            ],
        );
    }
    table
}

/// Which part of the probes went on by the second of two ways.
fn ways(findings: &mut Findings, recording: &Recording) {
    let [Some(r2), Some(r3), Some(second)] = ["r2", "r3", "r3b"].map(|name| recording.node(name)) else { return };
    let over = |to: usize| recording.packets.iter().filter(|it| it.from == r2 && it.to == to).count();
    let (first, second) = (over(r3), over(second));
    let share = (first + second > 0).then(|| Quantity::share(second, first + second));
    let how = "of what r2 sent on: a hash of addresses, protocol and ports chooses, so one flow takes one way";
    findings.measure("second_way_share", "went by r3b, the second way", share, how);
}

/// In the order they came first.
pub(super) fn distinct(all: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = Vec::new();
    for it in all {
        if !seen.contains(&it) {
            seen.push(it);
        }
    }
    seen
}

/// The lab's name for an address.
pub(super) fn name(recording: &Recording, address: IpAddr) -> Option<String> {
    let live = recording.run.live.is_some();
    let has = |node: &&crate::recording::Node| node.interfaces.iter().any(|it| it.addresses.contains(&address));
    recording.topology.nodes.iter().find(has).filter(|_| !live).map(|it| it.name.clone())
}

/// Hops of the way back, from the TTL that the first answer had left.
fn return_hops(hop: &Hop) -> Option<usize> {
    let left = hop.answers().find_map(|it| it.ttl)?;
    let start = STARTS.into_iter().find(|it| *it >= left)?;
    Some(usize::from(start - left) + 1)
}

fn numbers(findings: &mut Findings, hops: &[Hop]) {
    let sent: usize = hops.iter().map(|it| it.asked.len()).sum();
    let answered: usize = hops.iter().map(|it| it.answers().count()).sum();
    findings.count("probes", "probes sent", sent, "all of them, with every TTL");
    findings.count("answers", "that were answered", answered, "ICMP errors and echo replies that quote them");
    let arrived = |it: &Hop| it.answers().any(|it| it.said.is_arrival());
    let Some(end) = hops.iter().find(|it| arrived(it)) else { return };
    findings.count("hops", "hops to the host", end.ttl.into(), "the smallest TTL with which the host itself answered");
    let middle: Vec<&Hop> = hops.iter().filter(|it| it.ttl < end.ttl).collect();
    let missing = |it: &Hop| it.asked.len() - it.answers().count();
    let silence: usize = middle.iter().map(|it| missing(it)).sum();
    let how = "probes that ended at routers on the way and were not answered: a limit on ICMP, or loss";
    findings.count("silent_on_the_way", "unanswered on the way", silence, how);
    let how = "probes for the host itself that were not answered: only loss that is also here is loss of your packets";
    findings.count("silent_at_the_end", "unanswered at the end", missing(end), how);
    let best = |it: &Hop| it.answers().map(|it| it.rtt).min();
    findings.time("rtt_end", "best round trip to the host", best(end), "of the probes that arrived");
    let slowest = middle.iter().filter_map(|it| best(it)).max();
    let how = "the largest of the best round trips to routers on the way: larger than to the host when a router answers slowly, or its answers take another way";
    findings.time("rtt_slowest_on_the_way", "slowest router on the way", slowest, how);
    let how = "the end's answer began with a TTL of 64, 128 or 255: what is missing of the next of these, plus 1";
    findings.measure("return_hops", "hops of the way back", return_hops(end).map(Quantity::count), how);
    let several = middle.iter().filter(|it| distinct(it.answers().map(|it| it.from.to_string())).len() > 1).count();
    findings.count("mixed", "TTLs with several addresses", several, "routers that stand side by side: two ways, mixed");
    let exceeded = |it: &Hop| it.answers().filter(|it| it.said == Said::TimeExceeded).count();
    let exceeded = hops.iter().map(exceeded).sum();
    findings.count("time_exceeded", "ICMP time exceeded received", exceeded, "type 11 (RFC 792)");
    for hop in hops {
        let label = format!("best round trip with TTL {}", hop.ttl);
        findings.time(&format!("hop{}_rtt", hop.ttl), &label, best(hop), "of the probes that were answered");
        findings.count(
            &format!("hop{}_answered", hop.ttl),
            &format!("answered with TTL {}", hop.ttl),
            hop.answers().count(),
            format!("of {}", hop.asked.len()),
        );
    }
}
