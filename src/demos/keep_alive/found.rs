//! The numbers of requests on kept or new connections: handshakes, latencies, bytes, and what crossed a server's FIN.
use std::collections::BTreeSet;

use super::script::{Outcome, Trip};
use crate::demos::Knobs;
use crate::demos::capture::{Sight, capture, segment};
use crate::demos::findings::Findings;
use crate::demos::web::ends;
use crate::demos::workload::{mean, quantile, sorted};
use crate::recording::{Recording, Time};

/// Bars of the waterfall; more would not be read.
const BARS: usize = 60;

pub(super) fn found(recording: &Recording, outcome: &Outcome, knobs: &Knobs) -> Findings {
    let mut findings = Findings::default();
    let (trips, sights) = (outcome.trips.borrow(), capture(recording, "client"));
    let syn = |it: &&Sight<'_>| it.sent && it.tcp().is_some_and(|tcp| tcp.opens());
    let ports: BTreeSet<u16> = sights.iter().filter(syn).filter_map(|it| Some(it.tcp()?.from.port())).collect();
    findings.count(
        "connections",
        "connections opened",
        ports.len(),
        "SYNs in the client's capture, one counted for each port",
    );
    latencies(&mut findings, &trips);
    let total: usize = sights.iter().map(|it| it.packet.bytes.len()).sum();
    findings.bytes(
        "total_bytes",
        "in the client's capture",
        total,
        "all frames it sent and received, handshakes as well",
    );
    findings.bytes("bytes_per_request", "of that for each request", total / trips.len().max(1), "rounded down");
    endings(&mut findings, outcome, &trips);
    findings.mark("first-syn", "the first connection is asked for", segment(&sights, |it| it.opens()));
    let fin = segment(&sights, |it| it.fin).filter(|it| !it.sent);
    findings.mark("server-fin", "the server closes first", fin);
    let again = trips.iter().find(|it| it.again.is_some());
    if again.is_some() || trips.iter().any(|it| it.failure.is_some()) {
        findings.mark("reset", "a RST: what was sent found nobody", segment(&sights, |it| it.rst));
    }
    findings.mark_at("again", "a request that was lost is sent again", again.and_then(|it| it.lent), None);
    for trip in trips.iter().take(BARS) {
        lane(&mut findings, &sights, trip);
    }
    let open = "time that a handshake takes is waiting; with TLS it is 2 round trips before the request";
    if knobs.choice("mode") == "close" {
        findings.count("handshakes_per_request", "handshakes for each request", ports.len() / trips.len().max(1), open);
    }
    findings
}

pub(super) fn latencies(findings: &mut Findings, trips: &[Trip]) {
    let good: Vec<&Trip> = trips.iter().filter(|it| it.failure.is_none()).collect();
    let times = sorted(good.iter().map(|it| it.done - it.came));
    let how = "from a request's wish to its whole answer; failed ones are not in it";
    findings.time("latency_first", "the first answer takes", good.first().map(|it| it.done - it.came), how);
    findings.time("latency_mean", "an answer takes, on average", mean(&times), how);
    findings.time("latency_p50", "half the answers take at most", quantile(&times, 500_000), how);
    findings.time("latency_longest", "the longest takes", times.last().copied(), how);
    let waits = sorted(good.iter().filter_map(|it| Some(it.lent? - it.came)));
    let how = "from the wish until a connection was there to send on";
    findings.time("wait_mean", "of that waiting for a connection, on average", mean(&waits), how);
    let over = trips.iter().map(|it| it.done).max();
    findings.time(
        "total",
        "all are over after",
        over.map(|at| at.since(Time::ZERO)),
        "from the start of the run to the last answer",
    );
    findings.mark_at("last-answer", "the last request is over", over, None);
}

pub(super) fn endings(findings: &mut Findings, outcome: &Outcome, trips: &[Trip]) {
    let answered = trips.iter().filter(|it| it.failure.is_none()).count();
    findings.count("answered", "requests answered", answered, format!("of {}", trips.len()));
    let how = "the connection ended before the answer, and it might not be sent again";
    findings.count("failed", "requests that failed", trips.len() - answered, how);
    let again = trips.iter().filter(|it| it.again.is_some()).count();
    let how = "the connection ended before the answer: sent once more on another one (RFC 9112 §9.3.1)";
    findings.count("sent_again", "requests sent again", again, how);
    findings.count("processed", "requests the server worked on", outcome.processed.get(), "counted by the server");
}

fn lane(findings: &mut Findings, sights: &[Sight<'_>], trip: &Trip) {
    let lane = format!("request {:>3}", trip.number);
    let Some(lent) = trip.lent else { return };
    if lent > trip.came {
        let name = if trip.again.is_some() { "lost, and a new connection" } else { "waiting for a connection" };
        findings.span_of(&lane, name.to_owned(), (trip.came, lent), None);
    }
    let name = if trip.failure.is_some() { "failed" } else { "request and answer" };
    findings.span_of(&lane, name.to_owned(), (lent, trip.done), ends(sights, trip.local, lent, trip.done));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::demos::{Setup, run};
    use crate::recording::Recording;

    fn played(settings: &[(&str, &str)]) -> Recording {
        let settings: BTreeMap<_, _> =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        run("keep-alive", &settings, &Setup { seed: 1, ..Setup::default() }).expect("it runs")
    }

    fn value(recording: &Recording, name: &str) -> i64 {
        recording.measurement(name).unwrap_or_else(|| panic!("no {name}")).value.value
    }

    #[test]
    fn a_kept_connection_saves_two_round_trips_each_over_tls() {
        let (kept, close) = (played(&[]), played(&[("mode", "close")]));
        assert_eq!((value(&kept, "connections"), value(&close, "connections")), (1, 20));
        assert_eq!(value(&kept, "latency_p50"), 85_000_000, "1 RTT and the server's 5 ms");
        assert_eq!(value(&close, "latency_p50"), 245_000_000, "2 RTT more");
        assert!(value(&close, "bytes_per_request") > 2 * value(&kept, "bytes_per_request"));
    }

    #[test]
    fn a_request_that_crosses_the_fin_is_sent_again_if_it_may_be_and_never_worked_on_twice() {
        for tls in ["on", "off"] {
            let race = [("mode", "race"), ("tls", tls), ("requests", "4")];
            let get = played(&race);
            assert_eq!(
                (value(&get, "failed"), value(&get, "sent_again"), value(&get, "processed")),
                (0, 3, 4),
                "{tls}"
            );
            let post = played(&[&race[..], &[("method", "POST")]].concat());
            assert!(value(&post, "failed") > 0 && value(&post, "processed") + value(&post, "failed") == 4, "{tls}");
            let careful = played(&[&race[..], &[("method", "POST"), ("client-idle", "30s")]].concat());
            assert_eq!((value(&careful, "failed"), value(&careful, "sent_again")), (0, 0), "the client closes first");
        }
    }

    #[test]
    fn a_race_that_cannot_be_says_why_and_any_round_trip_has_one() {
        let noted = |run: &Recording| format!("{:?}", run.events);
        for (settings, says) in [
            (&[("rtt", "0ms")][..], "with a round trip of 0"),
            (&[("requests", "4"), ("at-once", "4")], "all requests come at once"),
            (&[("client-idle", "30s")], "the client closes first"),
        ] {
            let run = played(&[&[("mode", "race"), ("requests", "4")], settings].concat());
            assert_eq!((value(&run, "sent_again"), value(&run, "failed")), (0, 0), "{settings:?}");
            assert!(noted(&run).contains(says), "{settings:?}: {}", noted(&run));
        }
        for rtt in ["1ms", "10ms", "80ms", "500ms"] {
            let run = played(&[("mode", "race"), ("requests", "4"), ("rtt", rtt)]);
            assert_eq!(value(&run, "sent_again"), 3, "{rtt}");
            assert!(noted(&run).contains("race chooses its own gap"), "{rtt}");
        }
    }

    #[test]
    fn a_pool_has_as_many_connections_as_come_together() {
        let run = played(&[("mode", "pool"), ("at-once", "4"), ("requests", "16")]);
        assert_eq!((value(&run, "connections"), value(&run, "failed")), (4, 0));
    }
}
