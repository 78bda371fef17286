//! What the run found: each flight with its messages as a row, when the client could send, and how often the order was carried out.
use std::net::SocketAddr;

use super::programs::{Seen, Visit};
use super::why::{Place, why};
use super::{Case, PORT};
use crate::demos::capture::{Sight, capture};
use crate::demos::findings::Findings;
use crate::quantity::Quantity;
use crate::recording::{Fact, Recording, Step, Time};

/// The segments with data that one side sent in a row.
pub(super) struct Flight<'a> {
    sights: Vec<&'a Sight<'a>>,
    pub(super) sent: bool,
}

/// A record that goes on in the next segment.
const PART: &str = "part of a record";

pub(super) fn found(recording: &Recording, seen: &Seen, case: Case) -> Findings {
    let mut findings = Findings::default();
    let sights = capture(recording, "client");
    let Some(visit) = seen.visits.last() else { return findings };
    numbers(&mut findings, seen, visit, case);
    let node = recording.node("client").unwrap_or_default();
    let mut steps = Vec::new();
    for (nth, visit) in (1..).zip(&seen.visits) {
        let flights = flights(&sights, visit.local);
        let lane = if seen.visits.len() > 1 { format!("connection {nth}") } else { "the connection".to_owned() };
        bars(&mut findings, &lane, visit, &flights);
        if nth == seen.visits.len() {
            markers(&mut findings, &flights, visit);
            bytes(&mut findings, &flights);
            rounds(&mut findings, &flights, visit);
        }
        steps.extend(rows(&flights, node, case, (&lane, "the client", "the server")));
    }
    if let Some((at, _)) = seen.replayed {
        let sights = capture(recording, "box");
        let own: Vec<_> = sights.iter().filter(|it| it.at >= at).copied().collect();
        let node = recording.node("box").unwrap_or_default();
        let flights = flights(&own, None);
        findings.mark(
            "replay",
            "the attacker sends the recorded flight again",
            flights.first().and_then(|it| it.sights.first().copied()),
        );
        steps.extend(rows(&flights, node, case, ("the attacker's connection", "the attacker", "the server")));
    }
    if case.is_early() {
        early(&mut findings, seen, visit);
    }
    findings.steps(steps);
    findings
}

/// What crossed port 443 with data, in the turns the two sides took; of one local end, where it is known.
fn flights<'a>(sights: &'a [Sight<'a>], local: Option<SocketAddr>) -> Vec<Flight<'a>> {
    let mut all: Vec<Flight<'a>> = Vec::new();
    for sight in sights.iter().filter(|it| it.data() > 0) {
        let Some(segment) = sight.tcp() else { continue };
        let (own, peer) = if sight.sent { (segment.from, segment.to) } else { (segment.to, segment.from) };
        if peer.port() != PORT || local.is_some_and(|it| it != own) {
            continue;
        }
        match all.last_mut().filter(|it| it.sent == sight.sent) {
            Some(flight) => flight.sights.push(sight),
            None => all.push(Flight { sights: vec![sight], sent: sight.sent }),
        }
    }
    all
}

impl Flight<'_> {
    /// What its packets say: `Server Hello`, `Certificate`, `HTTP 201 Created`.
    fn messages(&self) -> Vec<String> {
        let lines = self.sights.iter().map(|it| it.packet.summary.as_str()).filter(|it| !it.starts_with("TCP "));
        let parts = lines.flat_map(|line| line.split("; ")).flat_map(|part| match part.strip_prefix("TLS ") {
            Some(messages) => messages.split(", ").map(str::to_owned).collect(),
            None => vec![part.to_owned()],
        });
        // Where it could be opened it has another name: this one is opened with the segment that ends it.
        parts.map(|it| if it == "Application Data" { PART.to_owned() } else { it }).collect()
    }

    fn bytes(&self) -> usize {
        self.sights.iter().map(|it| it.data()).sum()
    }

    /// The alert with which it breaks off: `decode_error`.
    pub(super) fn alert(&self) -> Option<String> {
        let messages = self.messages();
        let alerts = messages.iter().filter_map(|it| it.strip_prefix("Alert (")?.strip_suffix(')'));
        { alerts }.find(|it| *it != "close_notify").map(str::to_owned)
    }

    pub(super) fn says(&self, message: &str) -> bool {
        self.messages().iter().any(|it| it.starts_with(message))
    }

    /// Whether its hello names a session from before: in TLS 1.3 by a ticket, in 1.2 by its number or a ticket. A hello of TLS 1.3
    /// has a number too, which means nothing (RFC 8446 §D.4).
    pub(super) fn names_a_session(&self, is_13: bool) -> bool {
        let Some(hello) = self.sights.first().map(|it| crate::wire::decode(&it.packet.bytes)) else { return false };
        if is_13 {
            hello.field("tls.handshake.extensions.psk.identity").is_some()
        } else {
            hello.field("tls.handshake.session_id").is_some()
        }
    }

    /// The bytes of its last record, where that begins in its last packet.
    fn last_record(&self) -> Option<usize> {
        let mut rest = self.sights.last()?.tcp()?.payload;
        loop {
            let head = rest.first_chunk::<5>()?;
            let length = head.len() + usize::from(u16::from_be_bytes([head[3], head[4]]));
            match rest.split_at_checked(length)? {
                (record, []) => return Some(record.len()),
                (_, more) => rest = more,
            }
        }
    }

    /// Whether its last record is an alert in the clear: type 21 and two bytes, which a sealed one exceeds (RFC 8446 §5.1, §6).
    pub(super) fn ends_with_an_open_alert(&self) -> bool {
        let last = self.sights.last().and_then(|it| it.tcp()).and_then(|it| it.payload.last_chunk());
        matches!(last, Some([21, 3, _, 0, 2, _, _]))
    }
}

fn rows(flights: &[Flight<'_>], node: usize, case: Case, names: (&str, &str, &str)) -> Vec<Step> {
    let place = |nth: usize| Place {
        before: &flights[..nth],
        attacker: names.1 == "the attacker",
        is_13: case.is_13,
        fault: case.fault(),
    };
    (0..flights.len()).map(|nth| row(&flights[nth], &place(nth), node, names)).collect()
}

fn row(flight: &Flight<'_>, place: &Place<'_>, node: usize, (lane, own, peer): (&str, &str, &str)) -> Step {
    let messages = flight.messages();
    let (at, until) = match (flight.sights.first(), flight.sights.last()) {
        (Some(first), Some(last)) => (first.at, last.at),
        _ => (Time::ZERO, Time::ZERO),
    };
    let who = if flight.sent { own } else { peer };
    let kind = match flight.alert() {
        Some(_) => "failed",
        None if place.attacker && flight.sent => "replay",
        None if flight.sent => "client-flight",
        None => "server-flight",
    };
    let facts = vec![
        Fact::text("connection", lane),
        Fact::list("messages", messages.clone()),
        Fact::quantity("bytes", Quantity::bytes(flight.bytes())),
    ];
    let packets = flight.sights.iter().map(|it| it.packet.n).collect();
    let title = format!("{who}: {}", if messages.is_empty() { PART.to_owned() } else { messages.join(", ") });
    let why = why(flight, place);
    Step { at, until, node, depth: 0, kind: kind.to_owned(), title, facts, why, packets }
}

/// The server's flights that the client waited for before its order: each is a round trip, however long the path is.
fn rounds(findings: &mut Findings, flights: &[Flight<'_>], visit: &Visit) {
    let Some(order) = flights.iter().position(|it| it.sent && it.says("HTTP POST")) else { return };
    if visit.answered.is_some() {
        let waited = flights[..order].iter().filter(|it| !it.sent).count();
        let how = "the server's flights before the client's flight with the order: TLS 1.3 1, with a hello-retry 2, early data 0; \
                   TLS 1.2 2, resumed 1";
        findings.count("tls_rtts", "round trips of TLS before the client may send", waited, how);
    }
}

fn numbers(findings: &mut Findings, seen: &Seen, visit: &Visit, case: Case) {
    let between = |from: Option<Time>, to: Option<Time>| Some(to? - from?);
    let took = between(visit.connected, visit.may_send);
    let how = if case.has_box() {
        "TCP open to the moment the client may send its order, on the last connection; the box's TCP to the server opens within it"
    } else {
        "TCP open to the moment the client may send its order, on the last connection"
    };
    findings.time("tls_handshake_time", "the TLS handshake took", took.filter(|_| visit.answered.is_some()), how);
    let how = "the call of connect() to the first bytes of the answer, on the last connection";
    findings.time("first_answer_time", "the first answer came after", between(visit.began, visit.answered), how);
    let how = "by the server's program: every order that it carried out";
    findings.count("transfers", "times the transfer was made", seen.transfers.len(), how);
}

fn early(findings: &mut Findings, seen: &Seen, visit: &Visit) {
    let early = seen.transfers.iter().filter(|(_, early)| *early).count();
    findings.count("early_transfers", "of them ordered in early data", early, "read before the handshake was over");
    findings.count(
        "too_early",
        "orders answered with 425",
        seen.too_early,
        "RFC 8470 §5.2: come again when it is over",
    );
    let took = usize::from(visit.took_early);
    findings.count(
        "early_taken",
        "early data of the client that the server took",
        took,
        "1: its Encrypted Extensions say so",
    );
    if let Some((_, bytes)) = seen.replayed {
        findings.bytes("replayed_bytes", "the attacker sent again", bytes, "the client's first flight, byte for byte");
    }
}

fn bars(findings: &mut Findings, lane: &str, visit: &Visit, flights: &[Flight<'_>]) {
    let parts = [
        ("TCP", "TCP", visit.began, visit.connected),
        ("TLS", "TLS", visit.connected, visit.may_send),
        ("order and answer", "answer", visit.may_send, visit.answered),
    ];
    for (name, missing, from, to) in parts {
        match (from, to) {
            (Some(from), Some(to)) => findings.span_at(lane, name.to_owned(), from, to),
            (Some(from), None) => {
                // What did not come to its end ends with the alert, and is named after it.
                let alert =
                    |it: &Flight<'_>| Some((it.alert()?, it.sights.iter().find(|it| is_alert(&it.packet.summary))?.at));
                if let Some((alert, at)) = flights.iter().find_map(alert).filter(|(_, at)| *at >= from) {
                    findings.span_at(lane, format!("{missing}: {alert}"), from, at);
                }
            }
            (None, _) => {}
        }
    }
}

fn markers(findings: &mut Findings, flights: &[Flight<'_>], visit: &Visit) {
    let all = || flights.iter().flat_map(|it| it.sights.iter().copied());
    let with = |message: &str, sent: bool| all().find(|it| it.sent == sent && it.packet.summary.contains(message));
    findings.mark("client-hello", "the client begins: its hello", with("Client Hello", true));
    findings.mark("hello-retry", "the server asks for another key share", with("Hello Retry Request", false));
    findings.mark("server-hello", "the server's choice arrives", with("Server Hello", false));
    findings.mark("certificate", "the server's certificate arrives", with("Certificate", false));
    findings.mark("finished", "the server's Finished arrives: the client may send", with("Finished", false));
    findings.mark("alert", "an end breaks off", all().find(|it| is_alert(&it.packet.summary)));
    findings.mark("order", "the client's order leaves", with("HTTP POST", true));
    findings.mark_at(
        "first-data",
        "the first bytes of the answer are there",
        visit.answered,
        with("HTTP", false).map(|it| it.packet.n),
    );
}

pub(super) fn is_alert(summary: &str) -> bool {
    summary.contains("Alert (") && !summary.contains("Alert (close_notify)")
}

fn bytes(findings: &mut Findings, flights: &[Flight<'_>]) {
    let first = |sent: bool| flights.iter().find(|it| it.sent == sent);
    if let Some(it) = first(true) {
        findings.bytes("client_flight_bytes", "the client's first flight has", it.bytes(), "data of TCP");
    }
    if let Some(it) = first(false) {
        let has = it.messages().iter().any(|it| it == "Certificate");
        let how = if has { "data of TCP, its certificates among it" } else { "data of TCP; no certificate is in it" };
        findings.bytes("server_flight_bytes", "the server's first flight has", it.bytes(), how);
    }
    let alert = flights.iter().find(|it| it.alert().is_some()).and_then(Flight::last_record);
    if let Some(bytes) = alert {
        let how = "5 of the record's head, 2 of the alert; sealed it has a tag and more besides";
        findings.bytes("alert_record_bytes", "the record of the alert has", bytes, how);
    }
    let whole = |it: &Flight<'_>| it.messages().iter().filter(|it| *it != PART).count();
    let count = flights.iter().map(whole).sum();
    findings.count("messages", "messages that were read in all", count, "of the last connection, opened");
}
