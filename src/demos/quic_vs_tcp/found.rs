//! What the two clients' captures and clocks say: handshake, first byte, page, bytes; what a move and a block cost.
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use super::CLIENTS;
use super::script::{NEW, Open, Told};
use crate::demos::Knobs;
use crate::demos::capture::{Sight, capture};
use crate::demos::findings::Findings;
use crate::demos::frame::Content;
use crate::demos::quic_and_tcp;
use crate::quantity::Quantity;
use crate::recording::{Cell, Recording, Table, Time};

/// A client under the names that its numbers have.
struct Way<'a> {
    /// `h3`, `h2`.
    name: &'static str,
    client: &'static str,
    told: &'a Told,
    sights: Vec<Sight<'a>>,
    rtt: Duration,
    /// Resources of the page.
    streams: usize,
}

pub(super) fn found(recording: &Recording, knobs: &Knobs, told: &[Rc<Told>; 2]) -> Findings {
    let mut findings = Findings::default();
    let names = [("h3", "the QUIC client"), ("h2", "the TCP client")];
    let ways = [0, 1].map(|it: usize| Way {
        name: names[it].0,
        client: names[it].1,
        told: &told[it],
        sights: capture(recording, CLIENTS[it]),
        rtt: knobs.time("rtt"),
        streams: usize::try_from(knobs.number("streams")).expect("the knob's limit is small"),
    });
    let begun = ways[0].told.begun.get();
    findings.mark_at("begin", "both clients begin", Some(begun), None);
    for way in &ways {
        way.numbers(&mut findings);
        way.bars(&mut findings);
    }
    if !knobs.time("move").is_zero() {
        moved(&mut findings, recording, &ways);
    }
    fallback(&mut findings, &ways);
    table(&mut findings, &ways);
    findings
}

impl Way<'_> {
    fn first_open(&self) -> Option<Open> {
        self.told.opened.borrow().first().copied()
    }

    /// When the first byte of any answer was there.
    fn first_byte(&self) -> Option<Time> {
        self.told.first_byte.get()
    }

    fn since_begun(&self, at: Option<Time>) -> Option<Duration> {
        at.map(|it| it - self.told.begun.get())
    }

    /// When the last resource was there; none where one is missing.
    fn page(&self) -> Option<Time> {
        let got = self.told.got.borrow();
        got.iter().map(|it| it.done).max().filter(|_| got.len() == self.streams)
    }

    /// The connection of its own protocol that it used at an instant.
    fn used_at(&self, at: Time) -> Option<Open> {
        let is_used = |it: &&Open| it.ready <= at && it.over.is_none_or(|over| over > at);
        self.told.opened.borrow().iter().rfind(is_used).filter(|it| it.quic == (self.name == "h3")).copied()
    }

    /// What crossed the client's link for the page: packets, and their bytes from the IP header on.
    fn traffic(&self) -> (usize, usize) {
        let (begun, over) = (self.told.begun.get(), self.told.over.get().unwrap_or(Time(u64::MAX)));
        let crossed = self.sights.iter().filter(|it| it.at >= begun && it.at <= over);
        let bytes: Vec<usize> = crossed.map(|it| it.packet.bytes.len().saturating_sub(14)).collect();
        (bytes.len(), bytes.iter().sum())
    }

    fn numbers(&self, findings: &mut Findings) {
        let (name, client) = (self.name, self.client);
        let opened = self.first_open();
        let ready = opened.map(|it| it.ready);
        // Where UDP is blocked the client of HTTP/3 has a connection of TCP.
        let how = if opened.map_or(name == "h3", |it| it.quic) {
            "from the start to the end of QUIC's handshake, TLS in it: 1 RTT; 0 with early data"
        } else {
            "from the start to the end of TLS's handshake: 1 RTT for TCP, 1 for TLS 1.3; 1 in all with early data"
        };
        findings.time(&format!("{name}_ready"), &format!("{client} may send requests"), self.since_begun(ready), how);
        let first = self.since_begun(self.first_byte());
        let how =
            "from the start to the head of the first answer: one RTT after the client may send, where nothing is lost";
        findings.time(&format!("{name}_first_byte"), &format!("{client} has the first byte"), first, how);
        if let Some(rtts) = self.in_rtts(first) {
            let label = format!("{client}'s first byte, in round trips");
            findings.count(&format!("{name}_first_byte_rtts"), &label, rtts, "first byte / RTT, to the nearest");
        }
        let how = "from the start to the last byte of the last resource";
        findings.time(&format!("{name}_page"), &format!("{client} has the page"), self.since_begun(self.page()), how);
        let (packets, bytes) = self.traffic();
        let label = format!("{client}'s packets, both ways");
        findings.count(&format!("{name}_packets"), &label, packets, "seen at the client from the start to the end");
        let label = format!("{client}'s bytes, both ways");
        findings.bytes(&format!("{name}_bytes"), &label, bytes, "of those packets, from the IP header on");
        let label = format!("connections {client} needed");
        findings.count(&format!("{name}_connections"), &label, self.told.opened.borrow().len(), "opened for the page");
        if name == "h3"
            && let Some(taken) = self.told.early.get()
        {
            let how = "1: the server answered what came before the handshake was over; 0: it was sent again";
            findings.count("h3_early_taken", "early data was taken over QUIC", usize::from(taken), how);
        }
        let at = |at: Option<Time>| at.and_then(|at| self.arrived_at(at));
        findings.mark_at(
            &format!("{name}-first-byte"),
            &format!("{client} has the first byte"),
            self.first_byte(),
            at(self.first_byte()),
        );
        findings.mark_at(&format!("{name}-page"), &format!("{client} has the page"), self.page(), at(self.page()));
    }

    /// What became of the connection that it used when its address changed.
    fn outlived(&self, findings: &mut Findings, at: Time) {
        if self.name == "h3" {
            let how = "PATH_CHALLENGE frames that the QUIC client got: the server checks the new address (RFC 9000 section 9.3)";
            let challenges = usize::try_from(self.told.challenges.get()).unwrap_or(usize::MAX);
            findings.count("h3_path_challenges", "checks of the new path", challenges, how);
        }
        let another = self.told.opened.borrow().iter().any(|it| it.from > at);
        let survived = !another && self.page().is_some();
        let label = format!("{}'s connection outlived the move", self.client);
        let how =
            "1: every resource came without a connection opened after the move; 0: it had to open another, or gave up";
        findings.count(&format!("{}_survived", self.name), &label, usize::from(survived), how);
    }

    /// The last packet that had come in by then.
    fn arrived_at(&self, at: Time) -> Option<u32> {
        self.sights.iter().rfind(|it| !it.sent && it.at <= at).map(|it| it.packet.n)
    }

    fn in_rtts(&self, time: Option<Duration>) -> Option<usize> {
        let (time, rtt) = (time?.as_nanos(), self.rtt.as_nanos());
        usize::try_from((time + rtt / 2).checked_div(rtt)?).ok()
    }

    fn bars(&self, findings: &mut Findings) {
        let mut bar = |lane: &str, name: &str, from: Time, to: Time| {
            findings.span_of(lane, name.to_owned(), (from, to), quic_and_tcp::packets(&self.sights, from, to));
        };
        let lane = format!("{} connection", self.name);
        for open in self.told.opened.borrow().iter() {
            match open.connected {
                _ if open.quic => bar(&lane, "QUIC handshake", open.from, open.ready),
                Some(connected) => {
                    bar(&lane, "TCP handshake", open.from, connected);
                    bar(&lane, "TLS handshake", connected, open.ready);
                }
                None => {}
            }
        }
        for got in self.told.got.borrow().iter() {
            let lane = format!("{} resource {:>2}", self.name, got.number);
            bar(&lane, "waiting", got.asked, got.head);
            bar(&lane, "answer", got.head, got.done);
        }
    }
}

/// What the new address did to each: only to who was still at work when it came.
fn moved(findings: &mut Findings, recording: &Recording, ways: &[Way<'_>; 2]) {
    let who = match [0, 1].map(|it: usize| ways[it].told.moved.get().is_some()) {
        [true, true] => "the clients have",
        [true, false] => "the QUIC client has",
        _ => "the TCP client has",
    };
    let at = ways.iter().find_map(|it| it.told.moved.get());
    findings.mark_at("moved", &format!("{who} another address"), at, None);
    for (index, way) in ways.iter().enumerate() {
        let Some(at) = way.told.moved.get() else {
            let node = recording.node(CLIENTS[index]).unwrap_or_default();
            let words = format!("{} was done before the move: it keeps its address", way.client);
            findings.note(recording.end, node, words);
            continue;
        };
        if way.used_at(at).is_some() {
            way.outlived(findings, at);
        }
        let after = way.sights.iter().find(|it| !it.sent && it.at > at && is_for_the_new(it));
        let label = format!("{} hears nothing after the move for", way.client);
        let how = "from the move to the first packet that came in for the new address";
        findings.time(&format!("{}_silence", way.name), &label, after.map(|it| it.at - at), how);
    }
}

fn is_for_the_new(sight: &Sight<'_>) -> bool {
    let to = match sight.content {
        Content::Udp { to, .. } => to,
        Content::Tcp(segment) => segment.to,
        _ => return false,
    };
    matches!(to.ip(), IpAddr::V4(ip) if ip.octets()[3] == NEW)
}

/// What it cost to try QUIC first where UDP does not get through.
fn fallback(findings: &mut Findings, ways: &[Way<'_>; 2]) {
    let used_tcp = ways[0].told.opened.borrow().first().is_some_and(|it| !it.quic);
    if !used_tcp {
        return;
    }
    let [quic, tcp] = [&ways[0], &ways[1]].map(|it| it.since_begun(it.page()));
    let cost = quic.zip(tcp).and_then(|(quic, tcp)| quic.checked_sub(tcp));
    let how = "the page of the client that tried QUIC first, less that of the client that used TCP at once";
    findings.time("fallback_cost", "what trying QUIC first cost", cost, how);
}

fn table(findings: &mut Findings, ways: &[Way<'_>; 2]) {
    let columns = [
        ("client", "client"),
        ("used", "used"),
        ("ready_ns", "may send"),
        ("first_byte_ns", "first byte"),
        ("page_ns", "page"),
        ("packets", "packets"),
        ("bytes", "bytes"),
    ];
    let mut table = Table::new("ways", "The same page both ways", &columns);
    for way in ways {
        let time = |at: Option<Time>| Cell::maybe(way.since_begun(at).map(Quantity::time));
        let used = match way.told.opened.borrow().last() {
            Some(open) if open.quic => "HTTP/3, QUIC",
            Some(_) => "HTTP/2, TLS, TCP",
            None => "nothing",
        };
        let (packets, bytes) = way.traffic();
        let cells = vec![
            Cell::text(way.client),
            Cell::text(used),
            time(way.first_open().map(|it| it.ready)),
            time(way.first_byte()),
            time(way.page()),
            Quantity::count(packets).into(),
            Quantity::bytes(bytes).into(),
        ];
        table.row(None, cells);
    }
    findings.table(table);
}
