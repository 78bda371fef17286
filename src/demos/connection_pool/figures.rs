//! The numbers of a run with or without a pool: handshakes, waits, latencies, Little's law, the knee, TIME-WAIT.
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::script::{Mode, Outcome, Trip};
use crate::demos::Knobs;
use crate::demos::capture::{Sight, capture, segment};
use crate::demos::findings::Findings;
use crate::demos::states;
use crate::demos::workload::{mean, quantile, sorted};
use crate::quantity::{Quantity, Unit};
use crate::recording::{Event, EventKind, Recording, Time};
use crate::services::pool::Level;

/// Bars of the waterfall; more would not be read.
const BARS: usize = 60;

pub(super) fn found(recording: &Recording, outcome: &Outcome, other: Option<&Outcome>, knobs: &Knobs) -> Findings {
    let mut findings = Findings::default();
    let mut trips = outcome.trips.borrow().clone();
    trips.sort_by_key(|it| it.number);
    let sights = capture(recording, "client");
    handshakes(&mut findings, &sights, outcome);
    latencies(&mut findings, &trips, outcome);
    little(&mut findings, &trips, outcome, knobs);
    if let Some(other) = other {
        speedup(&mut findings, outcome, other);
    }
    pool(&mut findings, outcome);
    endings(&mut findings, recording, &sights, &trips);
    curves(&mut findings, outcome, &trips);
    findings
}

/// What a run on real sockets tells: what the programs saw, as there are no packets to count.
pub(super) fn live(recording: &Recording, outcome: &Outcome, knobs: &Knobs) -> Findings {
    let mut findings = Findings::default();
    let mut trips = outcome.trips.borrow().clone();
    trips.sort_by_key(|it| it.number);
    let opened = |it: &&Event| {
        let EventKind::Call { call, result } = &it.kind else { return false };
        call.starts_with("connect(") && result == "= 0"
    };
    let opened: Vec<_> = recording.events.iter().filter(opened).collect();
    findings.count("handshakes", "connections opened", opened.len(), "connect() calls that returned 0");
    let first = opened.first().map(|it| it.at);
    findings.mark_at("first-connect", "the first connection is asked for", first, None);
    latencies(&mut findings, &trips, outcome);
    little(&mut findings, &trips, outcome, knobs);
    pool(&mut findings, outcome);
    slowest(&mut findings, &trips);
    curves(&mut findings, outcome, &trips);
    findings
}

/// Connections the client opened, from its SYNs.
fn handshakes(findings: &mut Findings, sights: &[Sight<'_>], outcome: &Outcome) {
    let syn = |it: &&Sight<'_>| it.sent && it.tcp().is_some_and(|tcp| tcp.opens());
    let mut ports: Vec<_> =
        sights.iter().filter(syn).filter_map(|it| Some((it.tcp()?.from.port(), it.tcp()?.seq))).collect();
    ports.sort_unstable();
    ports.dedup();
    findings.count("handshakes", "connections opened", ports.len(), "SYNs in the client's capture, each counted once");
    let seconds = outcome.over.get().since(Time::ZERO).as_secs_f64();
    if seconds > 0.0 {
        let rate = (ports.len() as f64 / seconds).round();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rounded count of a small run")]
        findings.count(
            "handshakes_per_second",
            "of them in a second",
            rate as usize,
            "connections opened / time until the last answer",
        );
    }
    findings.mark("first-syn", "the first connection is asked for", segment(sights, |it| it.opens()));
    let request = sights.iter().find(|it| it.sent && it.data() > 0);
    findings.mark("first-request", "the first request leaves", request);
    findings.mark("first-fin", "the first connection is closed", segment(sights, |it| it.fin));
}

fn latencies(findings: &mut Findings, trips: &[Trip], outcome: &Outcome) {
    let good: Vec<&Trip> = trips.iter().filter(|it| it.failure.is_none()).collect();
    let times = sorted(good.iter().map(|it| it.done - it.came));
    let how = "from a request's arrival at the client to its whole answer; failed ones are not in it";
    findings.time("latency_mean", "an answer takes, on average", mean(&times), how);
    findings.time("latency_p50", "half the answers take at most", quantile(&times, 500_000), how);
    findings.time("latency_p99", "99 of 100 take at most", quantile(&times, 990_000), how);
    let (name, how) = match outcome.mode {
        Mode::New => ("connecting", "from a request's arrival until its connection was open"),
        _ => (
            "waiting for a connection",
            "from a request's arrival until it was lent a connection; a new one's handshake is in it",
        ),
    };
    let waits = sorted(trips.iter().filter_map(|it| Some(it.lent? - it.came)));
    findings.time("wait_mean", &format!("of that {name}, on average"), mean(&waits), how);
    findings.time("wait_p99", &format!("{name}, 99 of 100 at most"), quantile(&waits, 990_000), how);
    findings.count("answered", "requests answered", good.len(), format!("of {} that came", trips.len()));
    findings.count(
        "failed",
        "requests that failed",
        trips.len() - good.len(),
        "no connection in time, or it ended before the answer",
    );
}

/// Little's law: what is in the system is what comes in a second times how long each stays.
fn little(findings: &mut Findings, trips: &[Trip], outcome: &Outcome, knobs: &Knobs) {
    let holds: Vec<Duration> = trips.iter().filter_map(|it| Some(it.done - it.lent?)).collect();
    let Some(hold) = mean(&holds) else { return };
    findings.time(
        "hold_mean",
        "a request holds its connection for",
        Some(hold),
        "from having it to the whole answer: 1 RTT + the service time + sending",
    );
    let span = trips.iter().map(|it| it.came).max().unwrap_or_default().since(Time::ZERO);
    if outcome.one_by_one || span.is_zero() {
        return;
    }
    let came = trips.len() as u128;
    let rate = (came * 1_000_000_000 + span.as_nanos() / 2) / span.as_nanos();
    let rate = usize::try_from(rate).unwrap_or(usize::MAX);
    findings.count(
        "arrival_rate",
        "requests came in a second",
        rate,
        format!("{} / the time until the last came", trips.len()),
    );
    // lambda x W, in millionths of a connection, from the numbers above before they are rounded.
    let busy = came * hold.as_nanos() * 1_000_000 / span.as_nanos();
    let how = format!("{rate}/s x {}, rounded: connections that are busy at a time, on average", Quantity::time(hold));
    findings.count(
        "busy_by_little",
        "Little's law: busy connections",
        usize::try_from((busy + 500_000) / 1_000_000).unwrap_or(usize::MAX),
        how,
    );
    let target = knobs.number("target");
    let wanted = ceil(busy, u128::from(target));
    let share = Quantity::new(i64::try_from(target).unwrap_or(i64::MAX), Unit::PartsPerMillion);
    findings.count(
        "pool_by_little",
        "a pool with headroom",
        wanted,
        format!("lambda x S / rho = {rate}/s x {} / {share}, rounded up", Quantity::time(hold)),
    );
    if let Some((size, _)) = (1..=200).map(|size| (size, replay(trips, size))).find(|(_, wait)| *wait <= hold) {
        findings.count("knee", "the knee: connections", size, "the smallest pool with which 99 of 100 of these requests would have waited no longer than one holds its connection; computed from their times, first come, first served");
    }
    if outcome.mode == Mode::Pool {
        let last = trips.iter().map(|it| it.came).max().unwrap_or_default();
        let used = used(&outcome.history.borrow().levels, last, knobs.number("pool"));
        let how = "connections lent or being opened / the pool's size, on average until the last request came";
        findings.measure("utilisation", "the pool is used", Some(Quantity::new(used, Unit::PartsPerMillion)), how);
    }
}

/// The share of a pool's places that was in use until an instant, on average; in ppm, and never above all of them.
fn used(levels: &[(Time, Level)], until: Time, places: u64) -> i64 {
    let ends = levels.iter().skip(1).map(|(at, _)| *at).chain([until]);
    let held = |((from, level), to): (&(Time, Level), Time)| {
        let stretch = to.min(until).0.saturating_sub(from.0);
        u128::from(stretch) * level.busy as u128
    };
    let area: u128 = levels.iter().zip(ends).map(held).sum();
    let all = u128::from(until.0) * u128::from(places);
    i64::try_from(area * 1_000_000 / all.max(1)).unwrap_or(i64::MAX)
}

fn ceil(part: u128, whole: u128) -> usize {
    usize::try_from(part.div_ceil(whole)).unwrap_or(usize::MAX)
}

/// The 99th percentile of waiting, had these requests shared that many connections.
fn replay(trips: &[Trip], connections: usize) -> Duration {
    let mut free: BinaryHeap<Reverse<Time>> = (0..connections).map(|_| Reverse(Time::ZERO)).collect();
    let mut waits = Vec::new();
    for trip in trips {
        let Some(lent) = trip.lent else { continue };
        let Some(Reverse(next)) = free.pop() else { continue };
        let starts = next.max(trip.came);
        waits.push(starts - trip.came);
        free.push(Reverse(starts + (trip.done - lent)));
    }
    quantile(&sorted(waits), 990_000).unwrap_or_default()
}

/// The same requests one after another, on new connections and on a kept one.
fn speedup(findings: &mut Findings, outcome: &Outcome, other: &Outcome) {
    let (new, kept) = if outcome.mode == Mode::New { (outcome, other) } else { (other, outcome) };
    let total = |it: &Outcome| it.over.get().since(Time::ZERO);
    let how = "until the last answer, one request after another";
    findings.time("total_new", "all requests on new connections take", Some(total(new)), how);
    findings.time("total_kept", "all requests on a kept one take", Some(total(kept)), how);
    if !total(kept).is_zero() {
        let ratio = total(new).as_nanos() * 1_000_000 / total(kept).as_nanos();
        let ratio = Quantity::new(i64::try_from(ratio).unwrap_or(i64::MAX), Unit::PartsPerMillion);
        findings.measure(
            "speedup",
            "reuse makes it faster by the factor",
            Some(ratio),
            "time on new connections / time on a kept one; 200 % is twice as fast",
        );
    }
}

/// What the pool itself counted.
fn pool(findings: &mut Findings, outcome: &Outcome) {
    if outcome.mode == Mode::New {
        return;
    }
    let history = outcome.history.borrow();
    let most = |value: fn(&Level) -> usize| history.levels.iter().map(|(_, level)| value(level)).max();
    findings.count(
        "busy_max",
        "connections in use, at most",
        most(|it| it.busy).unwrap_or(0),
        "counted by the pool after each change",
    );
    findings.count(
        "waiting_max",
        "requests waiting for one, at most",
        most(|it| it.waiting).unwrap_or(0),
        "counted by the pool after each change",
    );
    findings.count("retired", "closed because idle or old", history.retired, "by idle-timeout or max-lifetime");
    findings.count("stale", "found closed when they were to be lent", history.stale, "by validation");
    findings.count("leaks", "suspected to be forgotten", history.suspects.len(), "lent for longer than 500 ms");
    let full = history.levels.iter().find(|(_, level)| level.waiting > 0).map(|(at, _)| *at);
    findings.mark_at("pool-full", "the first request has to wait for a connection", full, None);
    findings.mark_at("leak", "a connection is suspected to be forgotten", history.suspects.first().copied(), None);
}

fn endings(findings: &mut Findings, recording: &Recording, sights: &[Sight<'_>], trips: &[Trip]) {
    let stays = states::stays(recording);
    for host in ["client", "server"] {
        let here = recording.node(host);
        let waits = states::steps(&stays, recording.end, |it| Some(it.node) == here && it.state == "TIME-WAIT");
        let how = "state changes of its TCP; the side that sends its FIN first gets there and stays for 60 s on Linux";
        findings.count(
            &format!("time_wait_{host}"),
            &format!("connections in TIME-WAIT at the {host}"),
            states::peak(&waits),
            how,
        );
    }
    let bytes = sights.iter().map(|it| it.packet.bytes.len()).sum();
    findings.bytes("bytes", "bytes in the client's capture", bytes, "all frames it sent and received");
    findings.count("packets", "frames in the client's capture", sights.len(), "sent and received");
    if !trips.is_empty() {
        findings.count(
            "packets_per_request",
            "frames for each request, rounded up",
            sights.len().div_ceil(trips.len()),
            "frames / requests",
        );
    }
    slowest(findings, trips);
}

fn slowest(findings: &mut Findings, trips: &[Trip]) {
    let worst = trips.iter().max_by_key(|it| (it.done - it.came, Reverse(it.number)));
    findings.mark_at("worst", "the slowest request ends", worst.map(|it| it.done), None);
}

fn curves(findings: &mut Findings, outcome: &Outcome, trips: &[Trip]) {
    let history = outcome.history.borrow();
    if outcome.mode != Mode::New {
        let curve = |value: fn(&Level) -> usize| steps(&history.levels, value);
        findings.curve("connections in use", Unit::Count, curve(|it| it.busy));
        findings.curve("requests waiting", Unit::Count, curve(|it| it.waiting));
        findings.curve("idle connections", Unit::Count, curve(|it| it.idle));
    }
    let mut by_end: Vec<&Trip> = trips.iter().collect();
    by_end.sort_by_key(|it| it.done);
    let latency = by_end.iter().map(|it| (it.done, Quantity::time(it.done - it.came).value)).collect();
    findings.curve("time of each answer", Unit::Nanoseconds, latency);
    let waiting = if outcome.mode == Mode::New { "connect" } else { "wait for a connection" };
    for trip in trips.iter().take(BARS) {
        let lane = format!("request {:>2}", trip.number);
        let lent = trip.lent.unwrap_or(trip.done);
        if lent > trip.came {
            findings.span_at(&lane, waiting.to_owned(), trip.came, lent);
        }
        if trip.lent.is_some() {
            findings.span_at(&lane, "ask and get the answer".to_owned(), lent, trip.done);
        }
    }
}

/// A level that changes at once, not little by little.
fn steps(levels: &[(Time, Level)], value: fn(&Level) -> usize) -> Vec<(Time, i64)> {
    let mut points: Vec<(Time, i64)> = Vec::new();
    for (at, level) in levels {
        if let Some((_, before)) = points.last().copied() {
            points.push((*at, before));
        }
        points.push((*at, Quantity::count(value(level)).value));
    }
    points.dedup();
    points
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::demos::{self, Setup};

    fn measured(settings: &[(&str, &str)]) -> impl Fn(&str) -> i64 {
        let settings: BTreeMap<String, String> = settings.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect();
        let setup = Setup { seed: 1, interventions: Vec::new() };
        let run = demos::run("connection-pool", &settings, &setup).expect("settings that can be");
        move |name| run.measurement(name).unwrap_or_else(|| panic!("no {name}")).value.value
    }

    #[test]
    fn the_share_in_use_is_an_average_over_time_up_to_the_last_arrival() {
        let level = |at, busy| (Time(at), Level { busy, ..Level::default() });
        let levels = [level(0, 1), level(10, 3), level(30, 4)];
        assert_eq!(used(&levels, Time(20), 4), 500_000);
        assert_eq!(used(&levels, Time(40), 4), 687_500);
        assert_eq!(used(&[], Time(20), 4), 0);
    }

    #[test]
    fn littles_law_is_the_rate_times_the_time_whatever_became_of_the_requests() {
        for settings in [
            &[("leak", "15"), ("min", "0"), ("wait", "1s"), ("requests", "200")][..],
            &[("pool", "5"), ("min", "5")],
            &[],
        ] {
            let value = measured(settings);
            let product = value("arrival_rate") as f64 * value("hold_mean") as f64 / 1e9;
            assert!((value("busy_by_little") as f64 - product).abs() <= 0.6, "{settings:?}: {product}");
            assert!((value("pool_by_little") as f64 - product / 0.75).abs() <= 1.1, "{settings:?}: {product}");
            assert!(value("utilisation") <= 1_000_000, "{settings:?}");
        }
    }

    #[test]
    fn a_connection_that_is_never_given_back_counts_as_in_use() {
        let value = measured(&[("leak", "15"), ("min", "0"), ("wait", "1s"), ("requests", "200")]);
        assert!(value("leaks") >= 6 && value("utilisation") > 700_000, "{}", value("utilisation"));
    }
}
