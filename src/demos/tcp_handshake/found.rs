//! What a handshake run measures: when each side may act, the numbers both agreed on, and what a loss cost.
use std::time::Duration;

use super::programs::Moments;
use crate::demos::capture::{Sight, capture, first, segment};
use crate::demos::findings::Findings;
use crate::quantity::{Quantity, Unit};
use crate::recording::{Event, EventKind, Fate, Recording, Time};
use crate::wire;

pub(super) fn found(recording: &Recording, moments: &Moments) -> Findings {
    let mut findings = Findings::default();
    let client = capture(recording, "client");
    let server = capture(recording, "server");
    moments_of(&mut findings, moments, |rounds| format!(" ({rounds})"));
    markers(&mut findings, &client, &server);
    bars(&mut findings, &client, moments);
    numbers(&mut findings, &client);
    headers(&mut findings, &client);
    attempts(&mut findings, &client, &server);
    failure(&mut findings, &client, moments);
    findings
}

/// What a run on real sockets tells: what the programs saw, as there are no packets to count.
pub(super) fn live(recording: &Recording, moments: &Moments) -> Findings {
    let mut findings = Findings::default();
    let moments = &by_calls(recording, moments);
    // How many round trips of the lab's link that would be says nothing about this machine.
    moments_of(&mut findings, moments, |_| String::new());
    let marks = [
        ("syn", "the client calls connect()", moments.called),
        ("syn-ack", "connect() returns: the client may send", moments.connected),
        ("established", "accept() returns: the server's program has the connection", moments.accepted),
        ("server-sees-data", "the client's first bytes are in the server's program", moments.server_has),
        ("first-reply", "the server's first bytes are in the client's program", moments.client_has),
    ];
    for (name, label, at) in marks {
        findings.mark_at(name, label, at, None);
    }
    let client = capture(recording, "client");
    bars(&mut findings, &client, moments);
    failure(&mut findings, &client, moments);
    findings
}

/// The same moments by the calls that were written down: a program notes its own a little after a call has returned.
fn by_calls(recording: &Recording, noted: &Moments) -> Moments {
    let call = |node: &str, name: &str| {
        let node = recording.node(node);
        let is = |it: &&Event| match &it.kind {
            EventKind::Call { call, result } => {
                Some(it.node) == node
                    && call.starts_with(name)
                    && result.starts_with("= ")
                    && result != "= 0 (end of stream)"
            }
            _ => false,
        };
        recording.events.iter().find(is)
    };
    let returned = |noted: Option<Time>, node: &str, name: &str| {
        noted.map(|noted| call(node, name).map_or(noted, |it| it.until.unwrap_or(it.at)))
    };
    Moments {
        called: noted.called.map(|noted| call("client", "connect(").map_or(noted, |it| it.at)),
        connected: returned(noted.connected, "client", "connect("),
        failed: noted
            .failed
            .clone()
            .zip(returned(noted.failed.as_ref().map(|it| it.0), "client", "connect("))
            .map(|((_, words), at)| (at, words)),
        accepted: returned(noted.accepted, "server", "accept("),
        server_has: returned(noted.server_has, "server", "recv("),
        client_has: returned(noted.client_has, "client", "recv("),
        ..noted.clone()
    }
}

/// The three numbers that "the handshake takes so many round trips" mixes up.
fn moments_of(findings: &mut Findings, moments: &Moments, in_rounds: impl Fn(&str) -> String) {
    let after = |at: Option<Time>| Some(at? - moments.called?);
    let how = |until: &str, rounds: &str| format!("from the call of connect() to {until}{}", in_rounds(rounds));
    let told = how("its return: SYN out, SYN-ACK in", "1 RTT when nothing is lost");
    findings.time("client_may_send", "the client may send after", after(moments.connected), &told);
    let told = how("the return of the server's accept()", "1.5 RTT when nothing is lost");
    findings.time("server_accepts", "the server's program has the connection after", after(moments.accepted), &told);
    let told = how(
        "the first bytes in the server's program",
        "1.5 RTT when the client has the first word and nothing is lost",
    );
    findings.time(
        "server_sees_data",
        "the server has the client's first bytes after",
        after(moments.server_has),
        &told,
    );
    let told = how("the server's first bytes in the client's program", "2 RTT when nothing is lost");
    findings.time("first_reply", "the client has the server's first bytes after", after(moments.client_has), &told);
    let sample = moments.info.and_then(|info| info.srtt);
    let how = "the client's first sample, from its SYN and the SYN-ACK (RFC 6298 §2.2)";
    findings.time("first_rtt", "the round-trip time the client now knows", sample, how);
}

fn markers(findings: &mut Findings, client: &[Sight<'_>], server: &[Sight<'_>]) {
    let syn_ack = segment(client, |it| it.syn && it.ack.is_some());
    let ack = acks_syn_ack(client);
    let lost = client.iter().chain(server).find(|it| it.sent && it.tcp().is_some() && is_lost(it));
    findings.mark("syn", "the client asks: SYN", segment(client, |it| it.opens()));
    findings.mark("syn-at-server", "the SYN is at the server", segment(server, |it| it.opens()));
    findings.mark("lost", "this segment is lost", lost);
    findings.mark("syn-ack", "the SYN-ACK arrives: the client may send", syn_ack);
    findings.mark("ack", "the client's ACK leaves", ack);
    let at_server = |it: &Sight<'_>| !it.sent && it.tcp().is_some_and(|tcp| !tcp.syn && tcp.ack.is_some());
    findings.mark("established", "the server knows that its answer was heard", first(server, at_server));
    findings.mark(
        "server-sees-data",
        "the client's first bytes are at the server",
        first(server, |it| !it.sent && it.data() > 0),
    );
    findings.mark(
        "first-reply",
        "the server's first bytes are at the client",
        first(client, |it| !it.sent && it.data() > 0),
    );
    findings.mark("rst", "a RST: nobody listens at that port", segment(client, |it| it.rst));
    findings.mark("fin", "the first side has nothing more to send", segment(client, |it| it.fin));
}

/// The client's first segment that acknowledges the server's SYN.
fn acks_syn_ack<'s, 'a>(client: &'s [Sight<'a>]) -> Option<&'s Sight<'a>> {
    let acks = |it: &Sight<'_>| it.sent && it.tcp().is_some_and(|tcp| !tcp.syn && !tcp.rst && tcp.ack.is_some());
    first(client, acks)
}

fn is_lost(sight: &Sight<'_>) -> bool {
    sight.packet.arrived.is_none() && sight.packet.fate != Fate::Delivered
}

/// Three bars that begin together and end at 1, 1.5 and 2 round trips.
fn bars(findings: &mut Findings, client: &[Sight<'_>], moments: &Moments) {
    let Some(called) = moments.called else { return };
    let bars = [
        ("1 the client", "may not send yet", moments.connected),
        ("2 the server", "has no bytes of the client", moments.server_has),
        ("3 the client", "has no answer", moments.client_has),
    ];
    for (lane, name, until) in bars {
        if let Some(until) = until {
            findings.span_at(lane, name.to_owned(), called, until);
        }
    }
    if let Some((failed, _)) = &moments.failed {
        findings.span_at("1 the client", "waits for an answer".to_owned(), called, *failed);
    }
    let syns: Vec<_> = client.iter().filter(|it| it.tcp().is_some_and(|tcp| tcp.opens())).collect();
    for pair in syns.windows(2) {
        findings.span("4 the timer", "until the SYN is sent again", Some(pair[0]), Some(pair[1]));
    }
}

/// The sequence numbers of both SYNs, and the numbers that acknowledge them.
fn numbers(findings: &mut Findings, client: &[Sight<'_>]) {
    let number = |value: u32| Some(Quantity::new(i64::from(value), Unit::Count));
    let syn = segment(client, |it| it.opens()).and_then(|it| it.tcp());
    let syn_ack = segment(client, |it| it.syn && it.ack.is_some()).and_then(|it| it.tcp());
    let ack = acks_syn_ack(client).and_then(|it| it.tcp());
    let of = |value: Option<u32>| value.and_then(number);
    findings.measure("client_isn", "the client's initial sequence number", of(syn.map(|it| it.seq)), "in its SYN");
    let how = "in the SYN-ACK: the client's number + 1, as a SYN counts as one byte (RFC 9293 §3.4)";
    findings.measure("server_acks", "the server expects next", of(syn_ack.and_then(|it| it.ack)), how);
    findings.measure(
        "server_isn",
        "the server's initial sequence number",
        of(syn_ack.map(|it| it.seq)),
        "in its SYN-ACK",
    );
    let how = "in the client's ACK: the server's number + 1";
    findings.measure("client_acks", "the client expects next", of(ack.and_then(|it| it.ack)), how);
}

/// What the options cost.
fn headers(findings: &mut Findings, client: &[Sight<'_>]) {
    let header = |sight: Option<&Sight<'_>>| {
        let decoded = wire::decode(&sight?.packet.bytes);
        decoded.layer("tcp").map(|layer| Quantity::bytes(layer.bytes.len()))
    };
    let syn = header(segment(client, |it| it.opens()));
    findings.measure(
        "syn_header",
        "TCP's header of the SYN",
        syn,
        "20 bytes and the options that can be offered only now",
    );
    let answer = header(segment(client, |it| it.syn && it.ack.is_some()));
    findings.measure(
        "syn_ack_header",
        "TCP's header of the SYN-ACK",
        answer,
        "20 bytes and the options the server agrees to",
    );
    let data = header(first(client, |it| it.sent && it.data() > 0));
    findings.measure("data_header", "TCP's header of the client's first data", data, "20 bytes and what was agreed on");
}

/// How often each side had to try.
fn attempts(findings: &mut Findings, client: &[Sight<'_>], server: &[Sight<'_>]) {
    let syns: Vec<_> = client.iter().filter(|it| it.sent && it.tcp().is_some_and(|tcp| tcp.opens())).collect();
    findings.count("syns", "SYNs the client sent", syns.len(), "1 when nothing is lost");
    let answers = server.iter().filter(|it| it.sent && it.tcp().is_some_and(|tcp| tcp.syn));
    findings.count("syn_acks", "SYN-ACKs the server sent", answers.count(), "1 when nothing is lost");
    let gap: Option<Duration> = syns.first().zip(syns.get(1)).map(|(first, second)| second.at - first.at);
    findings.time(
        "syn_again",
        "the client sent its SYN again after",
        gap,
        "the initial timeout is 1 s (RFC 6298 §2.1)",
    );
}

fn failure(findings: &mut Findings, client: &[Sight<'_>], moments: &Moments) {
    let (Some(called), Some((failed, words))) = (moments.called, &moments.failed) else { return };
    let refused = segment(client, |it| it.rst);
    let packet = refused.map(|it| it.packet.n);
    findings.mark_at("gave-up", &format!("connect() fails: {words}"), Some(*failed), packet);
    let how = "from the call of connect() to its error: 1 RTT when a RST answers, all its retries when nobody does";
    findings.time("failed_after", "connect() failed after", Some(*failed - called), how);
}
