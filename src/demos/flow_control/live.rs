//! Flow control's live side: the same two programs on this machine's sockets; what the kernel says of the window is the curve.
use std::rc::Rc;
use std::time::Duration;

use super::{Plan, play};
use crate::demos::findings::Findings;
use crate::demos::live::{Live, Script, Stand};
use crate::demos::transfer::rate;
use crate::net::Net;
use crate::quantity::{Quantity, Unit};
use crate::recording::{EventKind, Recording, Series, Time};
use crate::services::transfer::{self, Log};

pub(super) const LIVE: Live = Live {
    nodes: ["sender", "receiver"],
    // The discard service (RFC 863): it reads everything and says nothing.
    port: 9,
    looks_up: false,
    trusts: false,
    words: &[],
    lab: |_| {},
    knobs: &["buffer", "size", "after", "pause", "pace"],
    curves: &["sender peer's window", "sender in flight", "sender send queue", "receiver receive queue"],
    limit: Duration::from_secs(60),
    script,
};

fn script(stand: Stand) -> Script {
    let plan = Plan::of(&stand.knobs);
    let log = Log::default();
    let read = Rc::clone(&log);
    let run = Box::pin(async move {
        let Some(receiver) = &stand.server else {
            let mut stream = stand.client.connect(stand.at).await?;
            return transfer::send::<crate::net::live::LiveNet>(&mut stream, plan.size).await;
        };
        play(&stand.client, receiver, stand.at, &plan, &log).await
    });
    Script { play: run, found: Box::new(move |recording| found(recording, &read, plan).into(recording)) }
}

fn found(recording: &Recording, read: &Log, plan: Plan) -> Findings {
    let mut findings = Findings::default();
    let window = curve(recording, "sender peer's window");
    let most = |name: &str| curve(recording, name).iter().map(|(_, value)| *value).max();
    let bytes = |value: Option<i64>| value.map(|it| Quantity::new(it, Unit::Bytes));
    let how = "the largest the sender's kernel knew of, read every 2 ms (tcpi_snd_wnd)";
    findings.measure("window", "the window", bytes(window.iter().map(|(_, it)| *it).max()), how);
    let how = "bytes the sender's kernel had sent and that were not acknowledged, read every 2 ms";
    findings.measure("peak_flight", "most in flight", bytes(most("sender in flight")), how);
    let how = "in the receiver's socket, read every 2 ms (SIOCINQ)";
    findings.measure("peak_unread", "most that waited for the program", bytes(most("receiver receive queue")), how);
    shut(&mut findings, window, recording.end);
    let called = recording.events.iter().find(|it| is_connect(&it.kind)).map(|it| it.at);
    findings.mark_at("connect", "the sender calls connect()", called, None);
    let log = read.borrow();
    // A run stopped early has not read it all.
    let last = log.last().filter(|it| it.1 >= plan.size).map(|it| it.0);
    findings.mark_at("first-read", "the receiver's program reads for the first time", log.first().map(|it| it.0), None);
    findings.mark_at("all-read", "the receiver's program has it all", last, None);
    let finished = called.zip(last).map(|(from, to)| to - from);
    findings.time(
        "finished",
        "all is read after",
        finished,
        "from the call of connect() to the receiver's last read()",
    );
    let size = u64::try_from(plan.size).unwrap_or(u64::MAX);
    let goodput = finished.filter(|it| !it.is_zero()).map(|it| Quantity::new(rate(size, it), Unit::BitsPerSecond));
    findings.measure("goodput", "over the whole transfer", goodput, "bytes / that time");
    if let (Some(from), Some(to)) = (called, last) {
        findings.span_at("receiver", "everything is read".to_owned(), from, to);
    }
    let total = log.iter().map(|(at, total)| (*at, i64::try_from(*total).unwrap_or(i64::MAX))).collect();
    findings.curve("read by the program", Unit::Bytes, total);
    findings
}

fn is_connect(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Call { call, .. } if call.starts_with("connect("))
}

fn curve<'a>(recording: &'a Recording, name: &str) -> &'a [(Time, i64)] {
    let found = recording.series.iter().find(|it| it.name == name);
    found.map_or(&[], |Series { points, .. }| points)
}

/// How often and how long the sender knew of a window of 0.
fn shut(findings: &mut Findings, window: &[(Time, i64)], end: Time) {
    let mut times: Vec<(Time, Time)> = Vec::new();
    let mut since = None;
    for (at, value) in window {
        match (since, *value) {
            (None, 0) => since = Some(*at),
            (Some(from), 1..) => {
                times.push((from, *at));
                since = None;
            }
            _ => {}
        }
    }
    times.extend(since.map(|from| (from, end)));
    let how = "times a read every 2 ms found a window of 0 at the sender";
    findings.count("zero_windows", "times the window was shut", times.len(), how);
    let long: Duration = times.iter().map(|(from, to)| *to - *from).sum();
    findings.time("shut_time", "the window was shut for", Some(long), "added up, to 2 ms");
    findings.mark_at("zero-window", "the buffer is full: a window of 0", times.first().map(|it| it.0), None);
    findings.mark_at("window-open", "the program has read: the window opens", times.first().map(|it| it.1), None);
    for (from, to) in times.iter().take(50) {
        findings.span_at("sender", "waits: the window is 0".to_owned(), *from, *to);
    }
}
