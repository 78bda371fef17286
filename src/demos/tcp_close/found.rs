//! What a closing run measures: the segments of the end, and how long each side stayed in which state.
use std::collections::BTreeMap;

use super::programs::{ANSWER, Seen, Way};
use crate::demos::capture::{Sight, capture, first, segment};
use crate::demos::findings::{Findings, between};
use crate::demos::states::{Stay, peak, stays, steps};
use crate::quantity::Unit;
use crate::recording::Recording;

/// Connections whose states are drawn as bars, at most.
const DRAWN: usize = 4;

pub(super) fn found(recording: &Recording, seen: &Seen, way: Way) -> Findings {
    let mut findings = Findings::default();
    let client = capture(recording, "client");
    let server = capture(recording, "server");
    let stays = stays(recording);
    markers(&mut findings, &client, &server, &stays);
    if way == Way::Forgotten {
        let restart = stays.iter().filter(|it| it.state == "LAST-ACK").map(|it| it.from).min();
        findings.mark_at("restart", "the server's program is restarted: its sockets are closed", restart, None);
    }
    segments(&mut findings, &client, &server);
    piles(&mut findings, recording, &stays);
    lengths(&mut findings, &stays);
    data(&mut findings, seen);
    bars(&mut findings, recording, &stays);
    findings
}

fn ends(sight: &Sight<'_>) -> bool {
    sight.tcp().is_some_and(|tcp| tcp.fin || tcp.rst)
}

fn markers(findings: &mut Findings, client: &[Sight<'_>], server: &[Sight<'_>], stays: &[Stay<'_>]) {
    findings.mark("answer", "the answer's first bytes arrive", first(client, |it| !it.sent && it.data() > 0));
    let ours = first(client, |it| it.sent && it.tcp().is_some_and(|tcp| tcp.fin));
    let theirs = first(server, |it| it.sent && it.tcp().is_some_and(|tcp| tcp.fin));
    findings.mark("client-fin", "the client has nothing more to send: FIN", ours);
    findings.mark("server-fin", "the server has nothing more to send: FIN", theirs);
    findings.mark("rst", "RST: the connection is gone", segment(client, |it| it.rst));
    for (name, state, label) in [
        ("close-wait", "CLOSE-WAIT", "the peer has closed; this side's program has not"),
        ("fin-wait-2", "FIN-WAIT-2", "our FIN is acknowledged; the peer may still send"),
        ("closing", "CLOSING", "both FINs crossed: each waits for the ACK of its own"),
        ("time-wait", "TIME-WAIT", "this side closed first: it waits for what may still be under way"),
    ] {
        let stay = stays.iter().filter(|it| it.state == state).min_by_key(|it| it.from);
        findings.mark_at(name, &format!("{state}: {label}"), stay.map(|it| it.from), None);
    }
    let last = stays.iter().filter(|it| it.state == "TIME-WAIT").filter_map(|it| it.to).max();
    findings.mark_at("over", "TIME-WAIT is over: the port is free again", last, None);
}

/// The segments of the end, as both captures show them.
fn segments(findings: &mut Findings, client: &[Sight<'_>], server: &[Sight<'_>]) {
    let begins = |sights: &[Sight<'_>]| sights.iter().find(|it| it.sent && ends(it)).map(|it| it.packet.n);
    let began = begins(client).into_iter().chain(begins(server)).min();
    let since = |it: &&Sight<'_>| it.sent && began.is_some_and(|began| it.packet.n >= began);
    let closing = || client.iter().chain(server).filter(since).filter(|it| it.data() == 0);
    let how = "sent by either side from the first FIN or RST on, without those that carry data";
    findings.count("closing_segments", "segments that closed", closing().count(), how);
    let count = |wanted: fn(&Sight<'_>) -> bool| client.iter().chain(server).filter(|it| it.sent && wanted(it)).count();
    let fins = count(|it| it.tcp().is_some_and(|tcp| tcp.fin));
    findings.count("fins", "FINs", fins, "one for each direction that ends in order, and repeats");
    findings.count(
        "rsts",
        "RSTs",
        count(|it| it.tcp().is_some_and(|tcp| tcp.rst)),
        "none when both sides close in order",
    );
    let own = first(client, |it| it.sent && ends(it));
    let last = client.iter().rfind(|it| it.tcp().is_some());
    let how = "at the client, from its FIN or RST to the last segment it sent or got";
    findings.time("close_took", "segments went on for", between(own, last), how);
}

/// How many connections were where at once.
fn piles(findings: &mut Findings, recording: &Recording, stays: &[Stay<'_>]) {
    for (state, id) in [("TIME-WAIT", "time_wait"), ("CLOSE-WAIT", "close_wait"), ("FIN-WAIT-2", "fin_wait_2")] {
        for host in ["client", "server"] {
            let node = recording.node(host);
            let points = steps(stays, recording.end, |it| Some(it.node) == node && it.state == state);
            let most = peak(&points);
            let how = "the most at one instant, from the host's own state machine";
            findings.count(&format!("{id}_{host}"), &format!("{state} at the {host}"), most, how);
            if most > 0 {
                findings.curve(&format!("{state} at the {host}"), Unit::Count, points);
            }
        }
    }
}

/// The longest stay in each state that ends by a timer or by a program.
fn lengths(findings: &mut Findings, stays: &[Stay<'_>]) {
    for (state, id, how) in [
        ("TIME-WAIT", "time_wait", "60 s on Linux, fixed; RFC 9293 §3.4.2 has 2 MSL of 2 minutes each"),
        (
            "FIN-WAIT-2",
            "fin_wait_2",
            "until the peer closes, or 60 s when no program holds the socket (tcp_fin_timeout)",
        ),
        ("CLOSE-WAIT", "close_wait", "until this side's program closes: no timer ends it"),
    ] {
        let longest = stays.iter().filter(|it| it.state == state).filter_map(|it| Some(it.to? - it.from)).max();
        findings.time(&format!("{id}_time"), &format!("the longest time in {state}"), longest, how);
    }
}

fn data(findings: &mut Findings, seen: &Seen) {
    let how = format!("what its recv() calls returned; the server wrote {ANSWER} bytes to each connection");
    findings.bytes("answer_read", "bytes of the answer that the client's program got", seen.read, how);
    let how = "connection reset: recv() failed, the server cannot know what the client has of its answer";
    findings.count("server_errors", "calls of the server that failed", seen.server_errors.len(), how);
}

/// Each side's states as bars.
fn bars(findings: &mut Findings, recording: &Recording, stays: &[Stay<'_>]) {
    let mut machines: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for stay in stays.iter().filter(|it| it.state != "LISTEN") {
        let known = machines.entry(stay.node).or_default();
        let index = known.iter().position(|it| *it == stay.machine).unwrap_or_else(|| {
            known.push(stay.machine);
            known.len() - 1
        });
        if index < DRAWN {
            let lane = format!("{} {}", index + 1, recording.node_name(stay.node));
            let to = stay.to.unwrap_or(recording.end).max(stay.from);
            findings.span_at(&lane, stay.state.to_owned(), stay.from, to);
        }
    }
}
