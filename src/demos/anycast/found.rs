//! Who answered whom and when, how many questions nobody answered, and how the connection ended.
use std::collections::BTreeMap;
use std::time::Duration;

use super::script::{Asked, Seen};
use crate::demos::capture::{capture, segment};
use crate::demos::findings::Findings;
use crate::quantity::{Quantity, Unit};
use crate::recording::{Cell, Recording, Table, Time};

pub(super) fn found(recording: &Recording, seen: &Seen) -> Findings {
    let mut findings = Findings::default();
    let columns = [
        ("client", "client"),
        ("place", "answered by"),
        ("questions", "questions"),
        ("best_ns", "best"),
        ("from_ns", "first at"),
    ];
    let mut table = Table::new("answers", "Who answered whom, in the order it changed", &columns);
    for (name, log) in [("west", &seen.west), ("east", &seen.east)] {
        client(&mut findings, &mut table, name, &log.borrow());
    }
    findings.table(table);
    connection(&mut findings, seen);
    findings.mark_at("event", "place A goes away", seen.event.get(), None);
    findings.mark_at("moved", "routing has moved to place B", seen.moved.get(), None);
    findings.mark_at("returned", "place A is announced again", seen.returned.get(), None);
    let sights = capture(recording, "west");
    let reset = segment(&sights, |it| it.rst).filter(|it| !it.sent);
    findings.mark("rst", "a place that knows nothing of the connection resets it", reset);
    let after = seen
        .west
        .borrow()
        .iter()
        .find(|it| seen.moved.get().is_some_and(|at| it.at >= at) && it.answer.is_some())
        .map(|it| it.at);
    findings.mark_at("answered-again", "the first question after the move that is answered", after, None);
    let from_moved = seen.event.get().zip(after).map(|(event, after)| after - event);
    let how = "from the event to the first question of west that routing brought to the other place: the convergence knob and what is left of an interval";
    findings.time("outage", "west waited for routing", from_moved.filter(|_| unanswered(&seen.west.borrow()) > 0), how);
    findings
}

fn unanswered(log: &[Asked]) -> usize {
    log.iter().filter(|it| it.answer.is_none()).count()
}

/// One client's questions, in runs of the same place.
fn client(findings: &mut Findings, table: &mut Table, name: &str, log: &[Asked]) {
    let place = |it: &Asked| it.answer.as_ref().map(|(place, _)| place.clone());
    for run in log.chunk_by(|a, b| place(a) == place(b)) {
        let best = run.iter().filter_map(|it| it.answer.as_ref()).map(|(_, rtt)| *rtt).min();
        let by = run.first().and_then(place).map_or_else(|| Cell::text("nobody"), Cell::Text);
        let first = run.first().map_or(Time::ZERO, |it| it.at);
        table.row(
            None,
            vec![
                Cell::text(name),
                by,
                Quantity::count(run.len()).into(),
                Cell::maybe(best.map(Quantity::time)),
                Quantity::time(first - Time::ZERO).into(),
            ],
        );
    }
    let mut by: BTreeMap<String, (usize, Duration)> = BTreeMap::new();
    for (place, rtt) in log.iter().filter_map(|it| it.answer.as_ref()) {
        let entry = by.entry(place.clone()).or_insert((0, *rtt));
        *entry = (entry.0 + 1, entry.1.min(*rtt));
    }
    findings.count(
        &format!("{name}_questions"),
        &format!("questions of {name}"),
        log.len(),
        "datagrams, each from a socket of its own",
    );
    findings.count(
        &format!("{name}_unanswered"),
        &format!("of {name}'s nobody answered"),
        unanswered(log),
        "until its patience ended",
    );
    for place in ["A", "B"] {
        let (count, best) = by.get(place).copied().unzip();
        let label = format!("{name}'s that place {place} answered");
        findings.count(
            &format!("{name}_{}", place.to_lowercase()),
            &label,
            count.unwrap_or(0),
            "by the name in the answer",
        );
        let label = format!("{name} to place {place}, best");
        findings.time(&format!("{name}_{}_rtt", place.to_lowercase()), &label, best, "from the question to its answer");
    }
    let points: Vec<_> =
        log.iter().filter_map(|it| Some((it.at, Quantity::time(it.answer.as_ref()?.1).value))).collect();
    if !points.is_empty() {
        findings.curve(&format!("{name} round trip"), Unit::Nanoseconds, points);
    }
}

fn connection(findings: &mut Findings, seen: &Seen) {
    let all = seen.connections.borrow();
    let broken = all.iter().filter(|it| it.broke.is_some()).count();
    findings.count(
        "connections",
        "connections west opened",
        all.len(),
        "one is kept open; another is opened when it breaks",
    );
    findings.count("broken", "of them broke", broken, "a RST, or nothing that answers");
    let reset =
        all.iter().filter(|it| it.broke.is_some_and(|(_, kind)| kind == std::io::ErrorKind::ConnectionReset)).count();
    findings.count(
        "reset",
        "by a RST",
        reset,
        "the other place has the address and no such connection (RFC 9293 §3.5.2)",
    );
    let first = all.first().and_then(|it| it.broke).map(|it| it.0);
    let how = "from the event to the program's error: TCP sends again until routing has moved, and then hears the RST";
    findings.time(
        "broke_after",
        "the open connection broke after",
        first.zip(seen.event.get()).map(|(at, event)| at - event),
        how,
    );
    for (number, it) in (1..).zip(all.iter()) {
        if let Some((until, kind)) = it.broke {
            let with = it.place.as_deref().unwrap_or("nobody");
            findings.span_at("west's connection", format!("{number}: with {with}, {kind}"), it.from, until);
        }
    }
}
