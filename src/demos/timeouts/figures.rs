//! The numbers of calls with timeouts: their distribution, false timeouts, when a dead B was noticed, work done for nobody.
use std::collections::BTreeMap;
use std::time::Duration;

use super::call::{self, Failure, Log};
use crate::demos::Knobs;
use crate::demos::capture::{Sight, capture};
use crate::demos::findings::Findings;
use crate::demos::states::{peak, staircase};
use crate::demos::workload::{mean, quantile, sorted};
use crate::quantity::{Quantity, Unit};
use crate::recording::{Recording, Time};
use crate::services::work::Served;

/// Bars of the waterfall; more would not be read.
const BARS: usize = 60;

/// A call of A, up to its end or the run's.
#[derive(Clone)]
struct Call {
    number: u32,
    began: Time,
    connected: Option<Time>,
    ended: Time,
    /// It still waited when the run ended.
    waits: bool,
    failure: Option<Failure>,
}

impl Call {
    fn of(call: call::Call, end: Time) -> Self {
        let call::Call { number, began, connected, ended, failure } = call;
        Self { number, began, connected, ended: ended.unwrap_or(end), waits: ended.is_none(), failure }
    }

    const fn answered(&self) -> bool {
        self.failure.is_none() && !self.waits
    }

    /// A's own limit ended it.
    fn timeout(&self) -> bool {
        self.failure.as_ref().is_some_and(|it| it.timeout)
    }
}

/// `fault` is when B vanished or its SYNs began to be dropped.
pub(super) fn found(
    recording: &Recording,
    log: &Log,
    served: &[Served],
    fault: Option<Duration>,
    knobs: &Knobs,
) -> Findings {
    let mut findings = Findings::default();
    let mut calls: Vec<Call> = log.calls.borrow().iter().cloned().map(|it| Call::of(it, recording.end)).collect();
    calls.sort_by_key(|it| (it.began, it.number));
    let fault = fault.map(|after| Time::ZERO + after);
    distribution(&mut findings, &calls);
    timeouts(&mut findings, &calls, fault);
    detection(&mut findings, &calls, fault);
    let given_up = given_up(&calls, log);
    wasted(&mut findings, served, &given_up, recording.end);
    let text = "requests the client gave up";
    findings.count(
        "client_gave_up",
        text,
        log.client_gave_up.borrow().len(),
        "no answer of A within the client's timeout",
    );
    packets(&mut findings, recording);
    bars(&mut findings, &calls);
    if knobs.choice("fault") == "slow" {
        let half = Duration::from_secs(1) * u32::try_from(knobs.number("requests")).unwrap_or(1);
        let at = Time::ZERO + half / u32::try_from(knobs.number("rate").max(1)).unwrap_or(1) / 2;
        findings.mark_at("fault", "B becomes slow", Some(at).filter(|at| *at <= recording.end), None);
    }
    findings.mark_at("fault", "B is not what it was", fault.filter(|at| *at <= recording.end), None);
    findings
}

fn distribution(findings: &mut Findings, calls: &[Call]) {
    let good: Vec<&Call> = calls.iter().filter(|it| it.answered()).collect();
    findings.count("calls", "calls of A to B", calls.len(), "requests A began to work on");
    findings.count("answered", "of them answered by B", good.len(), "with the whole answer, before any timeout");
    let waiting = calls.iter().filter(|it| it.waits).count();
    findings.count("still_waiting", "still waiting when the run ended", waiting, "neither answered nor given up");
    let connects = sorted(calls.iter().filter_map(|it| Some(it.connected? - it.began)));
    let how = "from the start of a call until A had a connection";
    findings.time("connect_p50", "a connection takes, half of them at most", quantile(&connects, 500_000), how);
    findings.time("connect_longest", "the longest", connects.last().copied(), how);
    let asked = sorted(good.iter().filter_map(|it| Some(it.ended - it.connected?)));
    let how =
        "from having a connection to the whole answer, of answered calls; what was cut off by a timeout is not in it";
    findings.time("answer_mean", "an answer takes, on average", mean(&asked), how);
    findings.time("answer_p50", "half of them at most", quantile(&asked, 500_000), how);
    findings.time("answer_p99", "99 of 100 at most", quantile(&asked, 990_000), how);
    findings.time("answer_p999", "999 of 1000 at most", quantile(&asked, 999_000), how);
    findings.time("answer_longest", "the longest", asked.last().copied(), how);
}

fn timeouts(findings: &mut Findings, calls: &[Call], fault: Option<Time>) {
    let timeout =
        |connected: bool| calls.iter().filter(|it| it.timeout() && it.connected.is_some() == connected).count();
    findings.count("connect_timeouts", "connect timeouts", timeout(false), "A gave up before it had a connection");
    findings.count("request_timeouts", "request timeouts", timeout(true), "A gave up waiting for the answer");
    let errors = calls.iter().filter(|it| it.failure.is_some() && !it.timeout()).count();
    findings.count("errors", "errors of connections", errors, "the kernel gave up, or the other end closed or reset");
    let before: Vec<&Call> = calls.iter().filter(|it| fault.is_none_or(|at| it.ended <= at)).collect();
    let false_ones = before.iter().filter(|it| it.timeout()).count();
    let how = "timeouts while B was there and would have answered";
    findings.count("false_timeouts", "false timeouts", false_ones, how);
    let share = Quantity::share(false_ones, before.len());
    findings.measure(
        "false_rate",
        "share of calls taken for dead falsely",
        Some(share),
        format!("{how} / the {} calls that ended by then", before.len()),
    );
    let first = before.iter().find(|it| it.timeout()).map(|it| it.ended);
    findings.mark_at("false-timeout", "A gives up although B is there", first, None);
}

fn detection(findings: &mut Findings, calls: &[Call], fault: Option<Time>) {
    let longest = calls.iter().filter(|it| !it.answered()).map(|it| it.ended - it.began).max();
    let how = "from the start of a call that got no answer to its failure, or to the end of the run if A still waited";
    findings.time("longest_hang", "the longest a call hung in vain", longest, how);
    let Some(fault) = fault else { return };
    // A connection asked for before the fault and given up after it says nothing of the fault: its SYN was lost.
    let because = |it: &&Call| it.began >= fault || it.connected.is_some();
    let after = calls.iter().filter(|it| it.failure.is_some() && it.ended > fault).filter(because);
    let first = after.min_by_key(|it| it.ended);
    let how = "from the fault to the first failure of a call that was under way or began then";
    findings.time("detected", "A noticed after", first.map(|it| it.ended - fault), how);
    findings.mark_at("detected", "A notices for the first time", first.map(|it| it.ended), None);
}

/// When each request was first given up, by A or by the client.
fn given_up(calls: &[Call], log: &Log) -> BTreeMap<u32, Time> {
    let mut all = log.client_gave_up.borrow().clone();
    for call in calls.iter().filter(|it| it.failure.is_some()) {
        let at = all.entry(call.number).or_insert(call.ended);
        *at = (*at).min(call.ended);
    }
    all
}

/// B's work on requests that somebody had already given up.
fn wasted(findings: &mut Findings, served: &[Served], given_up: &BTreeMap<u32, Time>, end: Time) {
    let (mut all, mut for_nobody) = (Duration::ZERO, Duration::ZERO);
    for work in served {
        let until = work.until.unwrap_or(end);
        all += until - work.from;
        if let Some(at) = given_up.get(&work.number) {
            for_nobody += until - (*at).max(work.from);
        }
    }
    findings.time(
        "worked",
        "B worked for",
        Some(all),
        "from each request's arrival at B's program to the end of its work",
    );
    findings.time("wasted", "of that for nobody", Some(for_nobody), "after A or the client had given up that request");
    let per_mille = |part: Duration| usize::try_from(part.as_micros()).unwrap_or(usize::MAX);
    let share = Quantity::share(per_mille(for_nobody), per_mille(all));
    findings.measure("wasted_share", "wasted share of B's work", Some(share), "worked for nobody / worked");
}

fn packets(findings: &mut Findings, recording: &Recording) {
    let sights = capture(recording, "a");
    let mut seen = BTreeMap::new();
    let syns = sights.iter().filter(|it| it.sent && it.tcp().is_some_and(|tcp| tcp.opens()));
    let mut repeats: Vec<&Sight<'_>> = Vec::new();
    for sight in syns {
        let key = sight.tcp().map(|tcp| (tcp.from, tcp.seq));
        if seen.insert(key, ()).is_some() {
            repeats.push(sight);
        }
    }
    findings.count("connections", "connections A asked for", seen.len(), "SYNs in A's capture, each counted once");
    findings.count(
        "syn_repeats",
        "SYNs sent again",
        repeats.len(),
        "in A's capture; the first repeat comes 1 s after the SYN (RFC 6298 §2)",
    );
    findings.mark("syn-repeat", "a SYN is sent again", repeats.first().copied());
    findings.count("packets", "frames in A's capture", sights.len(), "sent and received");
}

fn bars(findings: &mut Findings, calls: &[Call]) {
    let mut changes: BTreeMap<Time, i64> = BTreeMap::new();
    for call in calls {
        *changes.entry(call.began).or_default() += 1;
        *changes.entry(call.ended).or_default() -= 1;
    }
    let end = calls.iter().map(|it| it.ended).max().unwrap_or_default();
    let level = staircase(&changes, end);
    findings.count(
        "waiting_max",
        "calls at once, at most",
        peak(&level),
        "begun by A and neither answered nor given up",
    );
    findings.curve("calls at once", Unit::Count, level);
    let mut by_end: Vec<&Call> = calls.iter().collect();
    by_end.sort_by_key(|it| it.ended);
    let times = by_end.iter().map(|it| (it.ended, Quantity::time(it.ended - it.began).value)).collect();
    findings.curve("time of each call", Unit::Nanoseconds, times);
    let slowest = calls.iter().max_by_key(|it| (it.ended - it.began, std::cmp::Reverse(it.number)));
    findings.mark_at("slowest", "the slowest call ends", slowest.map(|it| it.ended), None);
    for call in calls.iter().take(BARS) {
        let lane = format!("call {:>2}", call.number);
        let connected = call.connected.unwrap_or(call.ended);
        if connected > call.began {
            let name = if call.connected.is_some() { "connect" } else { "connect: no answer" };
            findings.span_at(&lane, name.to_owned(), call.began, connected);
        }
        if call.connected.is_some() {
            let name = if call.answered() { "answer" } else { "answer: none came" };
            findings.span_at(&lane, name.to_owned(), connected, call.ended);
        }
    }
}
