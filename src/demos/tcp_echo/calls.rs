//! What the socket calls of an echo run were, and what the segments did meanwhile.
use std::time::Duration;

use crate::demos::capture::{Sight, capture, first, segment};
use crate::demos::findings::Findings;
use crate::quantity::{Quantity, Unit};
use crate::recording::{Event, EventKind, Recording, Time};

/// Bars of the waterfall, at most.
const BARS: usize = 200;

/// A call that came back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    pub(super) node: usize,
    pub(super) from: Time,
    pub(super) to: Time,
    /// `recv(fd 4, 1024)`.
    text: &'a str,
    /// `= 512`.
    pub(super) result: &'a str,
}

impl<'a> Call<'a> {
    pub(super) fn of(event: &'a Event) -> Option<Self> {
        let EventKind::Call { call, result } = &event.kind else { return None };
        let to = event.until.unwrap_or(event.at);
        Some(Self { node: event.node, from: event.at, to, text: call, result })
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.text.strip_prefix(name).is_some_and(|rest| rest.starts_with('('))
    }

    /// The number it returned.
    pub(super) fn returned(&self) -> Option<usize> {
        self.result.strip_prefix("= ")?.split([' ', ',']).next()?.parse().ok()
    }

    pub(super) fn gave_bytes(&self) -> bool {
        self.returned().is_some_and(|count| count > 0)
    }
}

pub(super) fn found(recording: &Recording, script: &str) -> Findings {
    let mut findings = Findings::default();
    let calls: Vec<_> = recording.events.iter().filter_map(Call::of).collect();
    let sights = capture(recording, "client");
    let server = recording.node("server");
    let at_server = |it: &&Call<'_>| Some(it.node) == server;
    let connect = calls.iter().find(|it| it.is("connect"));
    let accept = calls.iter().filter(at_server).find(|it| it.is("accept") && it.result.starts_with("= fd"));
    let received = calls.iter().filter(at_server).find(|it| it.is("recv") && it.gave_bytes());
    let end = calls.iter().filter(at_server).find(|it| it.is("recv") && it.returned() == Some(0));
    let echo = first(&sights, |it| !it.sent && it.data() > 0);

    findings.mark("connect", "connect(): the SYN leaves", segment(&sights, |it| it.opens()));
    let incoming = capture(recording, "server");
    returned(&mut findings, "accept", "accept() returns", accept, &incoming);
    returned(&mut findings, "first-recv", "the server's first recv() returns", received, &incoming);
    findings.mark("echo", "the first echoed bytes arrive", echo);
    returned(&mut findings, "eof", "recv() returns 0: the client has closed its side", end, &incoming);
    let client_fin = first(&sights, |it| it.sent && it.tcp().is_some_and(|tcp| tcp.fin));
    if script == "half-close" {
        findings.mark("half-close", "the client's FIN: it sends no more, and goes on reading", client_fin);
    }
    let last_fin = sights.iter().rfind(|it| it.tcp().is_some_and(|tcp| tcp.fin));
    findings.mark("rst", "RST: the connection is gone", segment(&sights, |it| it.rst));
    findings.mark("close", "the second FIN: both sides have closed", last_fin);

    let waited = connect.map(|it| it.to - it.from);
    findings.time("connect_time", "connect() took", waited, "from the call to its return (1 RTT when nothing is lost)");
    counts(&mut findings, &calls, server);
    let first_echo = connect.zip(echo).map(|(connect, echo)| echo.at - connect.from);
    let how =
        "from the call of connect() to the first echoed bytes (2 RTT and the server's own time when nothing is lost)";
    findings.time("first_echo", "the first echo is back after", first_echo, how);
    window(&mut findings, &sights);
    bars(&mut findings, recording, &calls);
    findings
}

/// A bar for each call that made its program wait.
pub(super) fn bars(findings: &mut Findings, recording: &Recording, calls: &[Call<'_>]) {
    for call in calls.iter().filter(|it| it.to > it.from && it.result.starts_with('=')).take(BARS) {
        findings.span_at(recording.node_name(call.node), call.text.to_owned(), call.from, call.to);
    }
}

/// A marker at the return of a call, with the packet it waited for.
fn returned(findings: &mut Findings, name: &str, label: &str, call: Option<&Call<'_>>, incoming: &[Sight<'_>]) {
    let wanted = |it: &Sight<'_>| match name {
        "accept" => it.tcp().is_some_and(|tcp| !tcp.syn),
        "eof" => it.tcp().is_some_and(|tcp| tcp.fin),
        _ => it.data() > 0,
    };
    let packet = call.and_then(|call| first(incoming, |it| !it.sent && it.at <= call.to && wanted(it)));
    findings.mark_at(name, label, call.map(|it| it.to), packet.map(|it| it.packet.n));
}

/// How many calls moved how many bytes.
pub(super) fn counts(findings: &mut Findings, calls: &[Call<'_>], server: Option<usize>) {
    let at_server = |it: &&Call<'_>| Some(it.node) == server;
    let sends = calls.iter().filter(|it| !at_server(it) && it.is("send") && it.gave_bytes()).count();
    let recvs = calls.iter().filter(|it| at_server(it) && it.is("recv") && it.gave_bytes()).count();
    let back = calls.iter().filter(|it| !at_server(it) && it.is("recv")).filter_map(Call::returned).sum();
    findings.count(
        "sends",
        "send() calls of the client",
        sends,
        "that took bytes; of both clients where there are two",
    );
    findings.count(
        "recvs",
        "recv() calls of the server",
        recvs,
        "that gave bytes: any number of them, whatever the sends",
    );
    findings.bytes("echoed_bytes", "bytes that came back", back, "what the client's recv() calls returned");
}

/// How long the client offered no room, and the window it offered all along.
fn window(findings: &mut Findings, sights: &[Sight<'_>]) {
    let offers: Vec<_> = sights
        .iter()
        .filter(|it| it.sent)
        .filter_map(|it| it.tcp().filter(|tcp| tcp.ack.is_some() && !tcp.rst).map(|tcp| (it, tcp.window)))
        .collect();
    let mut closed: Option<&Sight<'_>> = None;
    let mut total = Duration::ZERO;
    let (mut first_closed, mut reopened) = (None, None);
    for (sight, window) in &offers {
        match (closed, *window) {
            (None, 0) => {
                closed = Some(sight);
                first_closed.get_or_insert(*sight);
            }
            (Some(since), 1..) => {
                total += sight.at - since.at;
                reopened.get_or_insert(*sight);
                closed = None;
            }
            _ => {}
        }
    }
    findings.mark("zero-window", "the client's buffer is full: it offers a window of 0", first_closed);
    findings.mark("window-update", "the client has read: there is room again", reopened);
    let how = "from a segment of the client that offers a window of 0 to its next that offers more, added up";
    findings.measure("zero_window_time", "the client offered no room for", Some(Quantity::time(total)), how);
    let points = offers.iter().map(|(sight, window)| (sight.at, i64::from(*window))).collect();
    findings.curve("window the client offers", Unit::Bytes, points);
}
