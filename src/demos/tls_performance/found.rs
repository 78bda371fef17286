//! The visits side by side: a row each, and their numbers.
use std::time::Duration;

use super::script::{Kind, Visit};
use crate::demos::Knobs;
use crate::demos::capture::{Sight, capture};
use crate::demos::findings::Findings;
use crate::demos::round_trips::beyond;
use crate::quantity::Quantity;
use crate::recording::{Cell, Recording, Table};

const COLUMNS: &[(&str, &str)] = &[
    ("kind", "TLS"),
    ("tcp_ns", "TCP"),
    ("tls_ns", "until a request"),
    ("first_byte_ns", "first byte"),
    ("round_trips", "in RTTs"),
    ("sent", "client sends"),
    ("received", "server sends"),
    ("packets", "server's packets"),
    ("group", "key exchange"),
];

pub(super) fn found(recording: &Recording, visits: &[Visit], knobs: &Knobs) -> Findings {
    let mut findings = Findings::default();
    let sights = capture(recording, "client");
    let mut table =
        Table::new("handshakes", "each kind of handshake, up to the first byte of the answer, with TCP", COLUMNS);
    for (number, visit) in (1..).zip(visits) {
        let of = |it: &&Sight<'_>| {
            it.tcp().is_some_and(|segment| Some(if it.sent { segment.from } else { segment.to }) == visit.local)
                && (visit.began..=visit.answered).contains(&it.at)
                && it.data() > 0
        };
        let ours: Vec<&Sight<'_>> = sights.iter().filter(of).collect();
        numbers(&mut findings, visit, &ours, knobs.time("rtt"));
        table.row(ours.first().map(|it| it.packet.n), row(visit, &ours, knobs));
        bars(&mut findings, number, visit);
    }
    findings.table(table);
    findings.count(
        "handshakes",
        "handshakes that led to an answer",
        visits.len(),
        "of each kind one, where nothing failed",
    );
    findings
}

fn bytes(ours: &[&Sight<'_>], sent: bool) -> usize {
    ours.iter().filter(|it| it.sent == sent).map(|it| it.data()).sum()
}

fn row(visit: &Visit, ours: &[&Sight<'_>], knobs: &Knobs) -> Vec<Cell> {
    let rtt = knobs.time("rtt");
    let first = visit.answered - visit.began;
    let trips = if rtt.is_zero() { Cell::Empty } else { Cell::text(tenths(first.as_nanos() * 10 / rtt.as_nanos())) };
    vec![
        Cell::text(visit.kind.row()),
        Quantity::time(visit.connected - visit.began).into(),
        Quantity::time(visit.may_send - visit.connected).into(),
        Quantity::time(first).into(),
        trips,
        Quantity::bytes(bytes(ours, true)).into(),
        Quantity::bytes(bytes(ours, false)).into(),
        Quantity::count(ours.iter().filter(|it| !it.sent).count()).into(),
        Cell::text(if visit.agreed.group.is_empty() { "none" } else { &visit.agreed.group }),
    ]
}

/// `30` is `3.0`.
fn tenths(number: u128) -> String {
    format!("{}.{}", number / 10, number % 10)
}

fn numbers(findings: &mut Findings, visit: &Visit, ours: &[&Sight<'_>], rtt: Duration) {
    let (name, words) = visit.kind.name();
    let how = match visit.kind {
        Kind::Full13 | Kind::Resumed13 => "TCP open until a request may go: 1 RTT (RFC 8446 §2, §2.2)",
        Kind::Early13 => "TCP open until a request may go: none, it goes with the ClientHello (RFC 8446 §2.3)",
        Kind::Full12 => "TCP open until a request may go: 2 RTT (RFC 5246 §7.3)",
        Kind::Resumed12 => "TCP open until a request may go: 1 RTT (RFC 5246 §7.3)",
    };
    let took = visit.may_send - visit.connected;
    let how = how.to_owned() + &beyond(Some(took), visit.kind.round_trips(), Some(rtt));
    findings.time(&format!("{name}_time"), words, Some(took), how);
    let how = "from the SYN";
    findings.time(
        &format!("{name}_first_byte"),
        &format!("{words}: first byte"),
        Some(visit.answered - visit.began),
        how,
    );
    let how = "TCP payload up to the first byte of the answer, which is in it";
    findings.bytes(&format!("{name}_sent_bytes"), &format!("{words}: the client sends"), bytes(ours, true), how);
    findings.bytes(&format!("{name}_received_bytes"), &format!("{words}: the server sends"), bytes(ours, false), how);
    if visit.kind == Kind::Early13 {
        let taken = usize::from(visit.early);
        findings.count(
            "early_taken",
            "early data was taken",
            taken,
            "1 is yes; what goes early can be replayed (RFC 8446 §8)",
        );
    }
}

/// The bars of a visit; lanes stand in the order of the visits by their numbers.
fn bars(findings: &mut Findings, number: u8, visit: &Visit) {
    let (name, words) = visit.kind.name();
    let lane = &format!("{number} {words}");
    findings.span_at(lane, "TCP".to_owned(), visit.began, visit.connected);
    if visit.may_send > visit.connected {
        findings.span_at(lane, "TLS".to_owned(), visit.connected, visit.may_send);
    }
    findings.span_at(lane, "request and answer".to_owned(), visit.may_send, visit.answered);
    findings.mark_at(&name.replace('_', "-"), words, Some(visit.began), None);
}
