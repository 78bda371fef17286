//! What a run in front of accept() measures: who got in and after how long, and how long both queues were.
use std::collections::BTreeMap;

use super::programs::{PATIENCE, Seen, Visit};
use crate::demos::capture::{Sight, capture, segment};
use crate::demos::findings::Findings;
use crate::demos::states::{Stay, peak, staircase, stays, steps};
use crate::quantity::{Quantity, Unit};
use crate::recording::{Recording, Time};

pub(super) fn found(recording: &Recording, seen: &Seen) -> Findings {
    let mut findings = Findings::default();
    let client = capture(recording, "client");
    let server = capture(recording, "server");
    who_got_in(&mut findings, &seen.visits);
    waits(&mut findings, &seen.visits);
    segments(&mut findings, &client, &server);
    queues(&mut findings, recording, seen);
    progress(&mut findings, recording, &seen.visits);
    markers(&mut findings, &client, &server, seen);
    findings
}

fn who_got_in(findings: &mut Findings, visits: &[Visit]) {
    let count = |wanted: fn(&Visit) -> bool| visits.iter().filter(|it| wanted(it)).count();
    let of = format!("of {} that came", visits.len());
    findings.count("got_in", "clients that were served", count(|it| it.answered.is_some()), of.as_str());
    let how = format!("{of}: connect() had not returned after {} s", PATIENCE.as_secs());
    findings.count(
        "shut_out",
        "clients that never connected",
        count(|it| it.failed.is_some() && it.connected.is_none()),
        how,
    );
    let how = format!("{of}: connect() returned, and then a RST or {} s of silence", PATIENCE.as_secs());
    findings.count(
        "let_down",
        "clients that connected and got no answer",
        count(|it| it.failed.is_some() && it.connected.is_some()),
        how,
    );
}

/// How long clients waited, the quickest and the slowest.
fn waits(findings: &mut Findings, visits: &[Visit]) {
    let connects = || visits.iter().filter_map(|it| Some(it.connected? - it.called));
    let answers = || visits.iter().filter_map(|it| Some(it.answered? - it.called));
    let how = "from the call of connect() to its return (1 RTT = 20 ms when the SYN finds room)";
    findings.time("connect_best", "the quickest connect()", connects().min(), how);
    findings.time("connect_worst", "the slowest connect()", connects().max(), how);
    let how = "from the call of connect() to the answer (2 RTT = 40 ms and the program's time when nobody waits)";
    findings.time("answer_best", "the quickest answer", answers().min(), how);
    findings.time("answer_worst", "the slowest answer", answers().max(), how);
}

/// What the server's host did with the SYNs.
fn segments(findings: &mut Findings, client: &[Sight<'_>], server: &[Sight<'_>]) {
    let opening = |it: &&Sight<'_>| it.tcp().is_some_and(|tcp| tcp.opens());
    let syns = server.iter().filter(|it| !it.sent).filter(opening).count();
    findings.count("syns", "SYNs at the server", syns, "of the flood and of clients, repeats too");
    let answers = server.iter().filter(|it| it.sent && it.tcp().is_some_and(|tcp| tcp.syn)).count();
    findings.count(
        "syn_acks",
        "SYN-ACKs it sent",
        answers,
        "to forged addresses as well, and again after 1, 2, 4 s for what is in the SYN queue",
    );
    let mut ports: BTreeMap<u16, usize> = BTreeMap::new();
    for tcp in client.iter().filter(|it| it.sent).filter(opening).filter_map(Sight::tcp) {
        *ports.entry(tcp.from.port()).or_default() += 1;
    }
    let repeats = ports.values().map(|count| count - 1).sum();
    findings.count(
        "syns_again",
        "SYNs that clients sent again",
        repeats,
        "the server had dropped the first: it says nothing",
    );
    let resets = server.iter().filter(|it| it.sent && it.tcp().is_some_and(|tcp| tcp.rst)).count();
    findings.count("rsts", "RSTs of the server", resets, "none while a full queue drops");
}

/// The length of both queues, from the state machine of the server's host and the returns of accept().
fn queues(findings: &mut Findings, recording: &Recording, seen: &Seen) {
    let node = recording.node("server");
    let stays: Vec<_> = stays(recording).into_iter().filter(|it| Some(it.node) == node).collect();
    let half_open = steps(&stays, recording.end, |it| it.state == "SYN-RECEIVED");
    let how = "the most at one instant: connections in SYN-RECEIVED";
    findings.count("syn_queue_peak", "the SYN queue held", peak(&half_open), how);
    findings.curve("SYN queue", Unit::Count, half_open);
    let waiting = staircase(&accept_queue(&stays, seen), recording.end);
    let how = "the most at one instant: ESTABLISHED, and accept() has not returned them";
    findings.count("accept_queue_peak", "the accept queue held", peak(&waiting), how);
    findings.curve("accept queue", Unit::Count, waiting);
    let longest =
        stays.iter().filter(|it| it.state == "SYN-RECEIVED").map(|it| it.to.unwrap_or(recording.end) - it.from).max();
    let how = "the longest time in SYN-RECEIVED, or up to the end of the run: an entry nobody answers lasts 63 s";
    findings.time("half_open_time", "an entry stayed in the SYN queue for", longest, how);
}

/// One more when a connection is established, one less when accept() returns it or it ends before that.
fn accept_queue(stays: &[Stay<'_>], seen: &Seen) -> BTreeMap<Time, i64> {
    let mut changes: BTreeMap<Time, i64> = BTreeMap::new();
    for stay in stays.iter().filter(|it| it.state == "ESTABLISHED") {
        let accepted = seen.accepted.iter().find(|(_, peer)| stay.machine.ends_with(&format!(" to {peer}")));
        *changes.entry(stay.from).or_default() += 1;
        if let Some(left) = accepted.map(|(at, _)| *at).or(stay.to) {
            *changes.entry(left.max(stay.from)).or_default() -= 1;
        }
    }
    changes
}

/// Clients that have come, and clients that have been served.
fn progress(findings: &mut Findings, recording: &Recording, visits: &[Visit]) {
    let curve = |at: fn(&Visit) -> Option<Time>| {
        let mut changes: BTreeMap<Time, i64> = BTreeMap::new();
        for at in visits.iter().filter_map(at) {
            *changes.entry(at).or_default() += 1;
        }
        staircase(&changes, recording.end)
    };
    findings.curve("clients that have come", Unit::Count, curve(|it| Some(it.called)));
    findings.curve("clients served", Unit::Count, curve(|it| it.answered));
    for (number, visit) in (1..).zip(visits) {
        let lane = "clients";
        let (until, word) = match (&visit.answered, &visit.failed) {
            (Some(at), _) => (*at, "served"),
            (None, Some((at, _))) => (*at, "gave up"),
            (None, None) => (recording.end, "still waits"),
        };
        findings.span_at(lane, format!("client {number} {word}"), visit.called, until.max(visit.called));
    }
    let wait = |it: &Visit| Some((it.called, Quantity::time(it.answered? - it.called).value));
    let waits: Vec<_> = visits.iter().filter_map(wait).collect();
    if !waits.is_empty() {
        findings.curve("time until the answer", Unit::Nanoseconds, waits);
    }
}

fn markers(findings: &mut Findings, client: &[Sight<'_>], server: &[Sight<'_>], seen: &Seen) {
    findings.mark("first-syn", "the first SYN is at the server", segment(server, |it| it.opens()));
    let forged = server
        .iter()
        .find(|it| it.sent && it.tcp().is_some_and(|tcp| tcp.syn && tcp.to.ip().to_string().starts_with("198.")));
    findings.mark("answer-to-nobody", "the server answers an address that never asked", forged);
    findings.mark("first-client", "the first client's SYN", segment(client, |it| it.opens()));
    let in_first = seen.visits.iter().filter_map(|it| it.connected).min();
    findings.mark_at("first-in", "the first connect() returns", in_first, None);
    let served = seen.visits.iter().filter_map(|it| it.answered).min();
    findings.mark_at("first-served", "the first client has its answer", served, None);
    let failed = seen.visits.iter().filter_map(|it| it.failed.as_ref().map(|it| it.0)).min();
    findings.mark_at("gave-up", "the first client gives up", failed, None);
}
