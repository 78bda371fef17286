//! The numbers of a page load: when it was complete, in how many rounds, on how many connections; a lane for each resource.
use std::collections::BTreeMap;
use std::time::Duration;

use super::browser::{Fetch, Seen};
use super::on_wire;
use crate::demos::Knobs;
use crate::demos::capture::{Sight, capture};
use crate::demos::findings::Findings;
use crate::demos::frame::Content;
use crate::demos::states::{peak, staircase};
use crate::demos::web::{came, ends};
use crate::quantity::{Quantity, Unit};
use crate::recording::opened::Links;
use crate::recording::{Cell, Recording, Table, Time};

pub(super) fn found(recording: &Recording, opened: &Links, seen: &Seen, knobs: &Knobs) -> Findings {
    let mut findings = Findings::default();
    let sights = capture(recording, "client");
    let left = on_wire::left(&sights, opened);
    let on_wire = |it: &Fetch| Fetch { asked: left.get(&it.path).copied().unwrap_or(it.asked), ..it.clone() };
    let fetches: Vec<Fetch> = seen.fetches.iter().map(on_wire).collect();
    let mut fetches: Vec<&Fetch> = fetches.iter().collect();
    fetches.sort_by(|a, b| (a.found, &a.path).cmp(&(b.found, &b.path)));
    times(&mut findings, seen, &fetches, knobs);
    wire(&mut findings, &sights, &fetches);
    lanes(&mut findings, &sights, &fetches);
    findings.table(rows(seen, &fetches, &sights));
    curves(&mut findings, recording, &fetches);
    findings
}

fn good<'a>(fetches: &[&'a Fetch]) -> Vec<&'a Fetch> {
    fetches.iter().copied().filter(|it| it.failure.is_none()).collect()
}

fn times(findings: &mut Findings, seen: &Seen, fetches: &[&Fetch], knobs: &Knobs) {
    let (rtt, good) = (knobs.time("rtt"), good(fetches));
    let complete = if good.len() == fetches.len() { good.iter().map(|it| it.done).max() } else { None };
    let took = complete.map(|at| at - seen.began);
    let how = "from asking for the document to the last byte of the last resource";
    findings.time("page_complete", "the page is complete after", took, how);
    let document = good.iter().find(|it| it.by.is_none());
    let how = "from asking for the document to its head: connecting, 1 RTT, and the server's thinking";
    findings.time("first_byte", "the first byte comes after", document.map(|it| it.head - seen.began), how);
    let rounds = rounds(&good, rtt);
    let how = "packets with requests that leave within half a round trip of a first one are one round";
    findings.count("rounds", "requests went out in rounds", rounds, how);
    let at_once = peak(&in_flight(&good, Time(u64::MAX)));
    findings.count(
        "at_once",
        "requests under way at once, at most",
        at_once,
        "from the packet with a request to the last byte of its answer",
    );
    if let (Some(took), false) = (took, rtt.is_zero()) {
        let trips = usize::try_from(took.as_nanos() / rtt.as_nanos()).unwrap_or(usize::MAX);
        let how = format!("{} / {}, rounded down", Quantity::time(took), Quantity::time(rtt));
        findings.count("round_trips", "whole round trips in that time", trips, how);
    }
    let each = took.and_then(|it| it.checked_div(u32::try_from(good.len()).ok()?));
    let how = "time until complete / requests; a round trip is one request after another, less is several at once";
    findings.time("request_every", "on average a request is answered every", each, how);
    let waited = good.iter().map(|it| it.asked - it.found).max();
    let how = "from reading its name to the packet with its request: until a connection was there, or a stream of one";
    findings.time("longest_wait", "a resource waited for a connection or a stream at most", waited, how);
    findings.count("requests", "requests", fetches.len(), "the document and what was found in it");
    let failed = fetches.len() - good.len();
    findings.count("failed", "of them failed", failed, "no connection, or it ended before the answer");
    findings.mark_at("asked", "the page is asked for", Some(seen.began), None);
    findings.mark_at("document", "the document is whole: its names are known", document.map(|it| it.done), None);
    let deepest = good.iter().filter(|it| it.by.as_deref().is_some_and(|by| by != "/")).map(|it| it.found).max();
    findings.mark_at("last-name", "the last name is found, in a resource", deepest, None);
    findings.mark_at("complete", "the page is complete", complete, None);
}

/// Waves of requests: a new one begins half a round trip after the first of the last.
fn rounds(fetches: &[&Fetch], rtt: Duration) -> usize {
    let mut asked: Vec<Time> = fetches.iter().map(|it| it.asked).collect();
    asked.sort_unstable();
    let (mut count, mut first) = (0, None);
    for at in asked {
        if first.is_none_or(|first| at > first && at - first >= rtt / 2) {
            (count, first) = (count + 1, Some(at));
        }
    }
    count
}

fn in_flight(fetches: &[&Fetch], end: Time) -> Vec<(Time, i64)> {
    let mut changes: BTreeMap<Time, i64> = BTreeMap::new();
    for fetch in fetches {
        *changes.entry(fetch.asked).or_default() += 1;
        *changes.entry(fetch.done).or_default() -= 1;
    }
    let end = if end.0 == u64::MAX { fetches.iter().map(|it| it.done).max().unwrap_or_default() } else { end };
    staircase(&changes, end)
}

fn wire(findings: &mut Findings, sights: &[Sight<'_>], fetches: &[&Fetch]) {
    let opens = |it: &&Sight<'_>| it.sent && it.tcp().is_some_and(|tcp| tcp.opens());
    let mut ports: Vec<u16> = sights.iter().filter(opens).filter_map(|it| Some(it.tcp()?.from.port())).collect();
    ports.extend(sights.iter().filter(|it| it.sent).filter_map(|it| match it.content {
        Content::Udp { from, .. } => Some(from.port()),
        _ => None,
    }));
    ports.sort_unstable();
    ports.dedup();
    let how = "ports of the client with a SYN in its capture, or with QUIC's datagrams";
    findings.count("connections", "connections opened", ports.len(), how);
    let total: usize = sights.iter().map(|it| it.packet.bytes.len()).sum();
    let sent: usize = sights.iter().filter(|it| it.sent).map(|it| it.packet.bytes.len()).sum();
    findings.bytes(
        "total_bytes",
        "in the client's capture",
        total,
        "all frames it sent and received, until the end of the run",
    );
    findings.bytes("sent_bytes", "of that, sent", sent, "requests, handshakes and acknowledgements");
    findings.count("packets", "frames", sights.len(), "sent and received by the client");
    let bodies: usize = fetches.iter().map(|it| it.bytes).sum();
    let how = format!("what is not one of the {bodies} B of bodies / all frames");
    let share = Quantity::share(total.saturating_sub(bodies), total);
    findings.measure("overhead_share", "of the bytes, overhead", Some(share), how);
}

fn lanes(findings: &mut Findings, sights: &[Sight<'_>], fetches: &[&Fetch]) {
    for (index, it) in fetches.iter().enumerate().filter(|(_, it)| it.failure.is_none()) {
        let lane = format!("{:>3} {}", index, it.path);
        if it.asked > it.found {
            findings.span_of(&lane, "waiting to be asked for".to_owned(), (it.found, it.asked), None);
        }
        let packets = ends(sights, it.local, it.asked, it.head);
        findings.span_of(&lane, "waiting for the first byte".to_owned(), (it.asked, it.head), packets);
        if it.done > it.head {
            let packets = came(sights, it.local, it.head, it.done);
            findings.span_of(&lane, "body".to_owned(), (it.head, it.done), packets);
        }
    }
}

fn rows(seen: &Seen, fetches: &[&Fetch], sights: &[Sight<'_>]) -> Table {
    let columns = [
        ("path", "resource"),
        ("named_by", "named by"),
        ("port", "client's port"),
        ("found_ns", "found"),
        ("asked_ns", "asked"),
        ("first_byte_ns", "first byte"),
        ("complete_ns", "complete"),
        ("bytes", "bytes"),
    ];
    let mut table = Table::new("resources", "the page's resources, from when it was asked for", &columns);
    for it in fetches {
        let after = |at: Time| Cell::Value(Quantity::time(at - seen.began));
        let good = |cell: Cell| if it.failure.is_none() { cell } else { Cell::Empty };
        let packet = ends(sights, it.local, it.asked, it.head).map(|(first, _)| first);
        table.row(
            packet,
            vec![
                Cell::text(&it.path),
                it.by.as_ref().map_or(Cell::Empty, Cell::text),
                it.local.map_or(Cell::Empty, |it| Cell::text(it.port())),
                after(it.found),
                good(after(it.asked)),
                good(after(it.head)),
                good(after(it.done)),
                Cell::Value(Quantity::bytes(it.bytes)),
            ],
        );
    }
    table
}

fn curves(findings: &mut Findings, recording: &Recording, fetches: &[&Fetch]) {
    let good = good(fetches);
    findings.curve("requests under way", Unit::Count, in_flight(&good, recording.end));
    let mut changes: BTreeMap<Time, i64> = BTreeMap::new();
    for it in &good {
        *changes.entry(it.done).or_default() += 1;
    }
    findings.curve("resources complete", Unit::Count, staircase(&changes, recording.end));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::demos::{Setup, run};
    use crate::recording::Recording;

    fn played(settings: &[(&str, &str)]) -> Recording {
        let settings: BTreeMap<_, _> =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        run("http-versions", &settings, &Setup { seed: 1, ..Setup::default() }).expect("it runs")
    }

    fn value(recording: &Recording, name: &str) -> i64 {
        recording.measurement(name).unwrap_or_else(|| panic!("no {name}")).value.value
    }

    /// 100 small resources that the document names, on connections that are open: nothing but rounds.
    const HUNDRED: [(&str, &str); 8] = [
        ("resources", "100"),
        ("size", "0B"),
        ("depth", "1"),
        ("think", "0ms"),
        ("warm", "on"),
        ("rate", "1Gbit/s"),
        ("streams", "256"),
        ("rtt", "100ms"),
    ];

    #[test]
    fn a_hundred_resources_take_17_rounds_on_six_connections_100_on_one_and_one_over_http_2() {
        for (version, connections, rounds) in [("1.1", "6", 17), ("1.1", "1", 100), ("2", "6", 1), ("3", "6", 1)] {
            let more = [("version", version), ("connections", connections)];
            let run = played(&[&HUNDRED[..], &more].concat());
            assert_eq!(value(&run, "rounds"), rounds + 1, "{version} {connections}: and one for the document");
            assert_eq!(value(&run, "failed"), 0);
            let opened = if ["2", "3"].contains(&version) { 1 } else { connections.parse().expect("a number") };
            assert_eq!(value(&run, "connections"), opened);
        }
    }

    #[test]
    fn requests_one_after_another_are_a_round_trip_apart_and_others_less() {
        let every = |settings| {
            let run = played(settings);
            assert_eq!(value(&run, "request_every"), value(&run, "page_complete") / value(&run, "requests"));
            value(&run, "request_every") / 80_000_000
        };
        assert_eq!((every(&[]), every(&[("version", "1.1"), ("connections", "1")])), (0, 1));
    }

    #[test]
    fn http_3_saves_the_round_trip_of_tcp() {
        let first = |version| value(&played(&[("version", version)]), "first_byte") / 1_000_000;
        // Beside the round trips of 80 ms: 10 ms of thinking, and what 20 Mbit/s take for the packets.
        let (two, three) = (first("2"), first("3"));
        assert!(
            (250..=253).contains(&two) && (170..=173).contains(&three),
            "3 and 2 round trips: {two} and {three} ms"
        );
    }

    #[test]
    fn http_1_0_opens_a_connection_for_each_and_pays_for_it_in_round_trips() {
        let run = played(&[("version", "1.0"), ("connections", "1"), ("resources", "5"), ("tls", "off")]);
        assert_eq!(value(&run, "connections"), 6);
        assert!(value(&run, "page_complete") >= 12 * 80_000_000, "each of the six takes a handshake and a round trip");
    }

    #[test]
    fn a_chain_of_names_costs_a_round_each_whatever_the_version() {
        let complete = |depth| value(&played(&[("version", "2"), ("depth", depth), ("size", "100B")]), "page_complete");
        let (one, three) = (complete("1"), complete("3"));
        let more = (three - one) / 1_000_000;
        assert!((170..=182).contains(&more), "two more rounds of 80 ms and 10 ms of thinking: {more} ms");
    }

    #[test]
    fn what_the_server_does_not_take_yet_leaves_later() {
        for (tls, streams, rounds) in [("on", "256", 1), ("on", "10", 10), ("off", "10", 10), ("on", "50", 2)] {
            let more = [("version", "2"), ("streams", streams), ("tls", tls)];
            let run = played(&[&HUNDRED[..], &more].concat());
            assert_eq!(value(&run, "rounds"), rounds + 1, "{streams} at once, TLS {tls}: and one for the document");
            assert_eq!(value(&run, "at_once"), streams.parse::<i64>().expect("a number").min(100));
            assert_eq!(value(&run, "longest_wait") / 1_000_000, (rounds - 1) * 100, "each of 100 ms");
        }
    }

    #[test]
    fn no_receive_window_bounds_a_page() {
        // 4 MB: the congestion window doubles from 10 segments; 64 kB a round trip would take 64 of them.
        let run = played(&[("resources", "100"), ("size", "40kB"), ("rate", "1Gbit/s"), ("rtt", "100ms")]);
        assert!(value(&run, "round_trips") <= 14, "{}", value(&run, "round_trips"));
    }

    #[test]
    fn what_is_lost_fails_no_request() {
        for version in ["1.0", "1.1", "2", "3"] {
            let run = played(&[("version", version), ("loss", "5%")]);
            assert_eq!((value(&run, "failed"), value(&run, "requests")), (0, 31), "{version}");
        }
    }
}
