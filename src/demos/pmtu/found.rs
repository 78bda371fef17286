//! The numbers of a path that carries less: what got through, how large segments were, what was dropped and told.
use super::Seen;
use crate::demos::capture::{Sight, capture};
use crate::demos::findings::Findings;
use crate::lab::Said;
use crate::quantity::Quantity;
use crate::recording::{EventKind, Recording, Time};

pub(super) fn found(recording: &Recording, seen: &Seen) -> Findings {
    let mut findings = Findings::default();
    let (client, server) = (capture(recording, "client"), capture(recording, "server"));
    probes(&mut findings, seen);
    let since = |at: Option<Time>| Some(at? - seen.asked.get()?);
    findings.time("connect", "connect() took", since(seen.connected.get()), "a handshake of small packets: 1 RTT");
    findings.bytes(
        "received",
        "bytes of the answer that arrived",
        seen.received.get(),
        "as the client's program read them",
    );
    let whole = usize::from(seen.done.get().is_some());
    findings.count("whole", "the whole answer arrived", whole, "1 when it did before the client gave up, else 0");
    findings.time(
        "answer",
        "the whole answer took",
        since(seen.done.get()),
        "from the call of connect() to its last byte",
    );
    findings.time("given_up", "the client gave up after", since(seen.failed.get()), "from the call of connect()");
    segments(&mut findings, &server);
    dropped(&mut findings, recording);
    markers(&mut findings, recording, (&client, &server), seen);
    findings
}

fn probes(findings: &mut Findings, seen: &Seen) {
    findings.time("ping", "a small ping", seen.small.get(), "56 bytes: they fit any link");
    let answer = seen.large.get().flatten();
    let echoed = usize::from(answer.is_some_and(|it| it.said == Said::EchoReply));
    let how = "1 when an echo request of 1500 bytes with DF came back, else 0 (`ping -M do -s 1472`)";
    findings.count("large_ping", "a ping of full size", echoed, how);
    let told = answer.and_then(|it| match it.said {
        Said::TooBig { mtu } => Some(Quantity::bytes(mtu.into())),
        _ => None,
    });
    findings.measure(
        "told_mtu",
        "the router says the next link carries",
        told,
        "the MTU in ICMP type 3 code 4 (RFC 1191 §4)",
    );
}

fn segments(findings: &mut Findings, server: &[Sight<'_>]) {
    let sent: Vec<&Sight<'_>> = server.iter().filter(|it| it.sent && it.data() > 0).collect();
    let largest = sent.iter().map(|it| it.packet.bytes.len() - 14).max();
    let how = "IP packets with data that the server handed to its link";
    findings.measure("largest", "the server's largest packet", largest.map(Quantity::bytes), how);
    let last = sent.last().map(|it| it.packet.bytes.len() - 14).filter(|_| sent.len() > 1);
    let largest_late = sent.iter().rev().take(10).map(|it| it.packet.bytes.len() - 14).max();
    let how = "of the last ten with data: what the server had come to by then";
    findings.measure(
        "largest_late",
        "its largest near the end",
        largest_late.filter(|_| last.is_some()).map(Quantity::bytes),
        how,
    );
    let mss = server.iter().find(|it| !it.sent && it.tcp().is_some_and(|tcp| tcp.opens()));
    let offered = mss.and_then(|it| crate::demos::frame::mss(&it.packet.bytes)).map(|it| Quantity::bytes(it.into()));
    findings.measure(
        "offered_mss",
        "MSS in the SYN, at the server",
        offered,
        "what the client said, or what a router made of it",
    );
}

fn decided<'a>(recording: &'a Recording, words: &'a str) -> impl Iterator<Item = Time> + 'a {
    let says = move |kind: &EventKind| matches!(kind, EventKind::Decision { text } if text.contains(words));
    recording.events.iter().filter(move |it| says(&it.kind)).map(|it| it.at)
}

fn dropped(findings: &mut Findings, recording: &Recording) {
    let count = |words: &str| decided(recording, words).count();
    findings.count(
        "too_large",
        "packets too large for the tunnel",
        count("DF is set: dropped"),
        "dropped by a router; DF forbids to cut them",
    );
    let silent = count("sends no ICMP errors");
    findings.count("untold", "of which nobody was told", silent, "the black hole: the sender hears nothing");
    findings.count(
        "cut",
        "packets cut into pieces",
        count("cut into pieces"),
        "by a router, where DF is not set (RFC 791)",
    );
    let joined = count("pieces make packet");
    findings.count("joined", "packets put together again", joined, "by the host that got all their pieces");
    findings.count("clamped", "handshakes whose MSS was lowered", count("MSS clamping"), "by a router on the way");
    let timeouts = count("retransmission timeout after");
    findings.count(
        "suspected",
        "times TCP suspected a black hole",
        count("may swallow large packets"),
        "after three timeouts in a row (RFC 4821 §7.7)",
    );
    if timeouts > 0 {
        findings.count("timeouts", "retransmission timeouts", timeouts, "each twice as long as the one before");
    }
}

fn markers(
    findings: &mut Findings,
    recording: &Recording,
    (client, server): (&[Sight<'_>], &[Sight<'_>]),
    seen: &Seen,
) {
    findings.mark_at("connected", "the connection is open: small packets pass", seen.connected.get(), None);
    let full = server.iter().find(|it| it.sent && it.data() > 1000);
    findings.mark("full-size", "the server's first segment of full size", full);
    let drops: Vec<Time> = decided(recording, "DF is set: dropped").collect();
    let early = |at: &&Time| seen.asked.get().is_none_or(|asked| **at < asked);
    findings.mark_at("large-ping", "the ping of full size ends at the tunnel", drops.iter().find(early).copied(), None);
    let dropped = drops.iter().find(|at| !early(at)).copied();
    findings.mark_at("dropped", "a router drops it: the tunnel carries less", dropped, None);
    let told = server.iter().chain(client).find(|it| !it.sent && crate::demos::frame::is_too_big(&it.packet.bytes));
    findings.mark("told", "ICMP says how much the tunnel carries", told);
    findings.mark_at(
        "suspected",
        "TCP suspects a black hole",
        decided(recording, "may swallow large packets").next(),
        None,
    );
    findings.mark_at("cut", "a router cuts a packet into pieces", decided(recording, "cut into pieces").next(), None);
    findings.mark_at(
        "clamped",
        "a router lowers the MSS of the handshake",
        decided(recording, "MSS clamping").next(),
        None,
    );
    findings.mark_at("first-byte", "the first bytes of the answer are here", seen.first.get(), None);
    findings.mark_at("done", "the whole answer is here", seen.done.get(), None);
    findings.mark_at("gave-up", "the client gives up", seen.failed.get(), None);
}
