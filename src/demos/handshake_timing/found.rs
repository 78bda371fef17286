//! The numbers of the visits: each part's time, round trips, bytes; what curl would say; bars with their packets.
use std::collections::BTreeMap;
use std::time::Duration;

use super::{Leg, Part, resets, rows, trips};
use crate::demos::capture::{Sight, capture};
use crate::demos::findings::Findings;
use crate::demos::round_trips::beyond;
use crate::quantity::{Quantity, counted};
use crate::recording::opened::{self, Links};
use crate::recording::{Cell, Recording, Table, Time};
use crate::wire::analysis::Seen;
use crate::wire::spent::{Use, spent};

/// What is known in the lab alone.
pub(super) struct Known {
    /// To the server and back.
    pub(super) rtt: Duration,
    /// From when to when the server thought, each time.
    pub(super) thought: Vec<(Time, Time)>,
    /// When packets left that never arrived.
    pub(super) lost: Vec<Time>,
}

/// In a packet's line: the server proves that it holds its certificate's key (RFC 8446 §4.4.3).
const CERTIFICATE_VERIFY: &str = "Certificate Verify";
/// The last message of each end.
const FINISHED: &str = "Finished";

/// Reads off the packets what the visits were made of.
pub(super) fn found(recording: &Recording, legs: &[Leg], known: Option<&Known>) -> Findings {
    let mut findings = Findings::default();
    let node = recording.topology.nodes.first().map_or("", |it| it.name.as_str());
    let sights = capture(recording, node);
    let links = opened::open(recording);
    let legs = with_sessions(legs, &sights, &links);
    let legs = legs.as_slice();
    for (number, leg) in legs.iter().enumerate() {
        bars(&mut findings, &sights, (number, legs.len(), leg), recording.end);
    }
    let answered = legs.iter().filter(|it| it.head.is_some()).count();
    findings.count("visits", "visits", legs.len(), "of the page, and of those it sends on to");
    findings.count("answered", "of them answered", answered, "with the head of an answer at least");
    let Some(leg) = legs.last() else { return findings };
    // Where there are several visits, a number says whose it is.
    let visit = if legs.len() > 1 { format!("visit {}: ", legs.len()) } else { String::new() };
    findings.labelled(&visit, |findings| {
        parts(findings, leg, known);
        if let Some(known) = known {
            trips::trips(findings, leg, known);
        }
    });
    hops(&mut findings, legs);
    findings.labelled(&visit, |findings| bytes(findings, &sights, (&recording.secrets, &links), leg));
    if let [first, last] = legs
        && last.sent_on.is_none()
        && let (Some(before), Some(now)) = (first_byte(first), first_byte(last))
    {
        let how = "the first visit's first byte less the second's";
        findings.time("saved", "the second visit's first byte was sooner by", before.checked_sub(now), how);
    }
    resets::resets(&mut findings, recording, &sights, legs);
    marks(&mut findings, &sights, leg);
    findings.table(as_curl_says(leg));
    findings.table(rows::visits(legs));
    let rows = legs
        .iter()
        .enumerate()
        .flat_map(|(number, leg)| rows::rows(&sights, (number, legs.len()), leg, (known.is_some(), recording.end)));
    findings.steps(rows.collect());
    findings
}

/// The visits, with what the packets say of their sessions where the library of QUIC says nothing: who resumes one is shown no
/// certificate (RFC 8446 §2.2).
fn with_sessions(legs: &[Leg], sights: &[Sight<'_>], links: &Links) -> Vec<Leg> {
    let mut legs = legs.to_vec();
    for leg in legs.iter_mut().filter(|it| it.resumed.is_none()) {
        let Some(quic) = part(leg, "QUIC") else { continue };
        let during = |it: &&Sight<'_>| !it.sent && (quic.from..=quic.to).contains(&it.at);
        let lines: Vec<_> = sights.iter().filter(during).filter_map(|it| links.line(it.packet)).collect();
        if !lines.is_empty() {
            leg.resumed = Some(!lines.iter().any(|it| it.contains(CERTIFICATE_VERIFY)));
        }
    }
    legs
}

/// Where the last visit was sent on to its page: the time from the first page of the chain on.
fn hops(findings: &mut Findings, legs: &[Leg]) {
    let chain = legs.iter().rev().take_while(|it| it.sent_on.is_some()).count();
    let Some((last, first)) = legs.last().zip(legs.iter().rev().nth(chain)).filter(|_| chain > 0) else { return };
    let how =
        format!("from looking up the first name to the last byte of the last page: {}", counted(chain, "redirect"));
    findings.time(
        "with_redirects",
        "with its redirects, all is there after",
        last.done.map(|it| it - first.began),
        how,
    );
}

fn first_byte(leg: &Leg) -> Option<Duration> {
    Some(leg.head? - leg.began)
}

/// The parts that have a bar and a row: a body that came whole with its head has neither.
pub(super) fn shown(leg: &Leg) -> impl Iterator<Item = &Part> {
    leg.parts.iter().filter(|it| it.to > it.from || it.name != "body")
}

fn part<'a>(leg: &'a Leg, name: &str) -> Option<&'a Part> {
    leg.parts.iter().find(|it| it.name == name)
}

/// Whether a packet carries something for a program, or opens a connection.
fn says(sight: &Sight<'_>) -> bool {
    sight.data() > 0 || sight.udp().is_some() || sight.tcp().is_some_and(|it| it.syn)
}

/// The packets that begin and end a part: what the client sent first from its beginning on, what came last until its end.
/// The body begins with what came with the head.
fn ends(sights: &[Sight<'_>], part: &Part) -> Option<(u32, u32)> {
    let inside = |it: &&Sight<'_>| (part.from..=part.to).contains(&it.at) && says(it);
    let begins = |it: &&Sight<'_>| it.sent != (part.name == "body");
    let first = sights.iter().filter(inside).find(begins)?;
    let last = sights.iter().filter(inside).rfind(|it| !it.sent)?;
    Some((first.packet.n, last.packet.n))
}

fn bars(findings: &mut Findings, sights: &[Sight<'_>], (number, of, leg): (usize, usize, &Leg), over: Time) {
    // Lanes stand in the order of their names.
    let lane = format!("visit {:>width$}", number + 1, width = of.to_string().len());
    for it in shown(leg) {
        findings.span_of(&lane, it.name.to_owned(), (it.from, it.to), ends(sights, it));
    }
    if let Some(it) = leg.unfinished(over) {
        findings.span_of(&lane, format!("{}: no end", it.name), (it.from, it.to), ends(sights, &it));
    }
}

fn parts(findings: &mut Findings, leg: &Leg, known: Option<&Known>) {
    let took = |name: &str| part(leg, name).map(|it| it.to - it.from);
    let beyond = |took: Option<Duration>, round_trips: u32| beyond(took, round_trips, known.map(|it| it.rtt));
    let how = "the query out to the answer in; with IPv6 the later of two";
    findings.time("dns_time", "DNS took", took("DNS"), how);
    let waited = trips::waited(leg);
    let opening = took("TCP").map(|it| it.saturating_sub(leg.waited));
    let more = beyond(opening, 1);
    let how = format!("{waited}the SYN out to the SYN-ACK in: 1 RTT (RFC 9293 §3.5){more}");
    findings.time("tcp_time", "TCP took", took("TCP"), how);
    let more = if leg.early { String::new() } else { beyond(took("TLS"), leg.round_trips_of_tls()) };
    let how = trips::of_tls(opening, took("TLS"), known.is_some()) + &more;
    findings.time("tls_time", "TLS took", took("TLS"), how);
    let how = "CONNECT out to the proxy's answer in: its own connection to the page's host is in it (RFC 9110 §9.3.6)";
    findings.time("proxy_time", "the proxy took", took("proxy"), how);
    let more = beyond(took("QUIC").map(|it| it.saturating_sub(leg.waited)), 1);
    let how =
        format!("{waited}the first Initial out to the handshake complete: 1 RTT, TLS 1.3 in it (RFC 9001 §4){more}");
    findings.time("quic_time", "QUIC took", took("QUIC"), how);
    let how = "the request out to the head of the answer in: 1 RTT and the server's thinking";
    findings.time("wait_time", "request and first byte took", took("request and first byte"), how);
    findings.time("body_time", "the rest of the body took", took("body"), "the head in to the last byte in");
    let how = "from looking up the name to the head of the answer";
    findings.time("first_byte", "the first byte is there after", first_byte(leg), how);
    let how = "from looking up the name to the last byte";
    findings.time("total", "all is there after", leg.done.map(|it| it - leg.began), how);
    let how = "what lies between the parts: certificates checked, keys computed, sockets opened on this machine";
    findings.time("own_work", "of that this program's own work", own_work(leg).filter(|it| !it.is_zero()), how);
}

/// What no part covers.
fn own_work(leg: &Leg) -> Option<Duration> {
    let (mut until, mut between) = (leg.began, Duration::ZERO);
    for it in &leg.parts {
        between += it.from.since(until.min(it.from));
        until = until.max(it.to);
    }
    leg.done.map(|_| between)
}

fn bytes(findings: &mut Findings, sights: &[Sight<'_>], (secrets, links): (&str, &Links), leg: &Leg) {
    if leg.certificates > 0 {
        findings.bytes(
            "certificate_bytes",
            "the server's certificates have",
            leg.certificates,
            "as they came, each in DER",
        );
    }
    // Beside early data the answer comes in the same flight.
    if sights.is_empty() || leg.early {
        return;
    }
    let Some(shaking) = part(leg, "TLS").or_else(|| part(leg, "QUIC")) else { return };
    let seen = sights.iter().map(|it| Seen { n: it.packet.n, at_ns: it.at.0, frame: &it.packet.bytes });
    let spent: BTreeMap<_, _> = spent(seen, secrets);
    // With the client's Finished goes its first request, mostly in packets of its own.
    let of = |it: &Sight<'_>| {
        let spent = spent.get(&it.packet.n).map(|it| it.spent).unwrap_or_default();
        let speaks = [Use::Framing, Use::Fields, Use::Payload].into_iter().any(|it| spent.of(it) > 0);
        let finishes = || links.line(it.packet).is_some_and(|it| it.contains(FINISHED));
        match speaks {
            false => it.data() + it.udp().map_or(0, <[u8]>::len),
            true if finishes() => spent.of(Use::Security),
            true => 0,
        }
    };
    let amount = |sent: bool| {
        let during = |it: &&Sight<'_>| (shaking.from..=shaking.to).contains(&it.at) && it.sent == sent;
        sights.iter().filter(during).map(of).sum::<usize>()
    };
    let how = "payload of TCP or UDP in the client's capture until the handshake is over, without what HTTP says then already";
    findings.bytes("handshake_sent", "the handshake took, sent", amount(true), how);
    findings.bytes("handshake_received", "the handshake took, received", amount(false), how);
}

fn marks(findings: &mut Findings, sights: &[Sight<'_>], leg: &Leg) {
    let names = [
        ("DNS", "address", "the address is known"),
        ("TCP", "connected", "TCP is open"),
        ("proxy", "through", "the proxy has opened the way"),
        ("TLS", "keys", "the handshake is over"),
        ("QUIC", "keys", "the handshake is over"),
        ("request and first byte", "first-byte", "the first byte is there"),
        ("body", "complete", "the body is whole"),
    ];
    findings.mark_at("begin", "the name is looked up", Some(leg.began), None);
    findings.mark_at("given-up", "the visit ends without an answer", leg.until, None);
    for it in &leg.parts {
        let (_, name, label) = names.iter().find(|(part, ..)| *part == it.name).expect("each part has a marker");
        findings.mark_at(name, label, Some(it.to), ends(sights, it).map(|(_, last)| last));
    }
    let request = |it: &&Sight<'_>| leg.asked.is_some_and(|asked| it.sent && it.at >= asked && says(it));
    let packet = sights.iter().find(request).map(|it| it.packet.n);
    findings.mark_at("request", "the request goes out", leg.asked, packet);
}

/// curl's `-w` counts every number from the start; its parts are their differences (curl(1)).
fn as_curl_says(leg: &Leg) -> Table {
    let columns = [
        ("variable", "curl -w"),
        ("value_ns", "from the start"),
        ("since_ns", "since the one above"),
        ("means", "it ends with"),
    ];
    let mut table = Table::new("curl", "the same visit in curl's words", &columns);
    let end = |name: &str| part(leg, name).map(|it| it.to);
    let asked = leg.asked.filter(|_| leg.head.is_some());
    let moments = [
        ("time_namelookup", leg.looked_up, "the address known"),
        (
            "time_connect",
            end("TCP").or_else(|| end("QUIC")),
            "the connection open: SYN-ACK in, or QUIC's handshake over",
        ),
        ("time_appconnect", end("TLS").or_else(|| end("QUIC")), "the handshake over; 0 without TLS"),
        ("time_pretransfer", asked, "the request ready to go"),
        ("time_starttransfer", leg.head, "the first byte in"),
        ("time_total", leg.done, "the last byte in"),
    ];
    let mut before = leg.began;
    for (variable, at, means) in moments {
        let Some(at) = at else { continue };
        let value = |it: Duration| Cell::Value(Quantity::time(it));
        // With early data the request goes out before the handshake is over.
        let since = if at >= before { value(at - before) } else { Cell::text("earlier") };
        table.row(None, vec![Cell::text(variable), value(at - leg.began), since, Cell::text(means)]);
        before = at;
    }
    table
}
