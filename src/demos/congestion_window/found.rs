//! What a download through a bottleneck came to: when it was done, what went twice, what the queue did, who got how much.
use std::time::Duration;

use super::{Flow, decisions};
use crate::demos::Knobs;
use crate::demos::arrivals::arrivals;
use crate::demos::capture::capture;
use crate::demos::findings::Findings;
use crate::demos::transfer::{Transfer, rate, rate_curve};
use crate::quantity::{Quantity, Unit};
use crate::recording::{Fate, Packet, Recording, Series, Time};

/// Points of a delivery curve, at most.
const POINTS: u32 = 200;
const QUEUE: &str = "r queue to receiver";

pub(super) fn found(recording: &mut Recording, knobs: &Knobs, flows: &[Flow]) {
    let mut findings = Findings::default();
    let traced = std::mem::take(&mut recording.series);
    let transfers: Vec<Transfer> = flows.iter().map(|it| Transfer::of(&capture(recording, it.name))).collect();
    let first = &transfers[0];
    path(&mut findings, knobs, first);
    times(&mut findings, knobs, first);
    losses(&mut findings, recording, first);
    reduction(&mut findings, recording, &traced);
    queue(&mut findings, &traced, recording.end);
    trips(&mut findings, first);
    if let (Some(other), Some(flow)) = (transfers.get(1), flows.get(1)) {
        shares(&mut findings, &flows[0], flow, other);
    }
    curves(&mut findings, &traced, flows, &transfers);
    delivery(&mut findings, recording, knobs, flows, &transfers);
    marks(&mut findings, recording, flows, &transfers);
    findings.into(recording);
}

fn path(findings: &mut Findings, knobs: &Knobs, first: &Transfer) {
    findings.time("handshake", "a round trip takes", first.handshake, "the SYN out to the SYN-ACK in: no queue yet");
    let bdp = u128::from(knobs.number("rate")) * knobs.time("rtt").as_nanos() / 8_000_000_000;
    let bdp = usize::try_from(bdp).unwrap_or(usize::MAX);
    findings.bytes("bdp", "bandwidth-delay product", bdp, "rate x rtt, from the knobs");
    findings.bytes("queue_limit", "the queue holds", super::queue_bytes(knobs), "from the knobs; at least one frame");
}

fn times(findings: &mut Findings, knobs: &Knobs, first: &Transfer) {
    let how = "of the first flow: the first data out to the ACK of the last in";
    findings.time("finish", "the download takes", first.duration(), how);
    findings.count(
        "flights",
        "round trips with data",
        first.flights().len(),
        "flights counted at the sender: each begins with the first news of the one before",
    );
    let first_flight = first.flights().get(1).copied().unwrap_or(Time(u64::MAX));
    let sent = first.sent.iter().take_while(|it| it.at < first_flight).map(|it| it.to).max().unwrap_or(0);
    findings.bytes(
        "first_flight",
        "the first of them carried",
        sent as usize,
        "bytes sent before any was acknowledged",
    );
    let goodput = first.duration().map(|it| rate(u64::from(first.highest()), it));
    let how = "bytes of the first flow / that time";
    findings.measure("goodput", "goodput", goodput.map(|it| Quantity::new(it, Unit::BitsPerSecond)), how);
    let link = i64::try_from(knobs.number("rate")).unwrap_or(i64::MAX).max(1);
    let share = goodput.map(|it| Quantity::new(it.saturating_mul(1_000_000) / link, Unit::PartsPerMillion));
    findings.measure("link_share", "of the bottleneck's rate", share, "headers take 3 to 5 % of a full segment");
}

fn losses(findings: &mut Findings, recording: &Recording, first: &Transfer) {
    findings.count("retransmissions", "segments sent again", first.repeats().count(), "by the first flow's sender");
    let fast = decisions::count(recording, "sender", "fast recovery until");
    findings.count("recoveries", "fast recoveries", fast, "decisions of the first flow's sender");
    let timeouts = decisions::count(recording, "sender", "retransmission timeout after");
    findings.count("timeouts", "retransmission timeouts", timeouts, "decisions of the first flow's sender");
    let count = |wanted: &dyn Fn(&Packet) -> bool| recording.packets.iter().filter(|it| wanted(it)).count();
    let dropped = count(&|it| matches!(&it.fate, Fate::QueueFull));
    findings.count("queue_drops", "dropped by a full queue", dropped, "packets of all flows");
    let managed = count(&|it| matches!(&it.fate, Fate::Lost(why) if why.starts_with("CoDel")));
    findings.count("codel_drops", "dropped by CoDel", managed, "packets of all flows");
    let marked = count(&|it| it.reason.as_ref().is_some_and(|it| it.contains("CoDel marks it")));
    findings.count("marks", "marked by CoDel", marked, "congestion experienced, instead of a drop");
}

/// What the first flow's window was before it was first reduced, and what it was reduced to.
fn reduction(findings: &mut Findings, recording: &Recording, traced: &[Series]) {
    let Some(when) = decisions::first_reduction(recording, "sender") else { return };
    let points = |name: &str| traced.iter().find(|it| it.name == name).map_or(&[][..], |it| &it.points);
    let before = points("sender cwnd").iter().take_while(|it| it.0 < when).last();
    let after = points("sender ssthresh").iter().find(|it| it.0 >= when);
    let bytes = |point: Option<&(Time, i64)>| point.map(|it| Quantity::new(it.1, Unit::Bytes));
    let how = "cwnd of the first flow, before its sender first took something for congestion";
    findings.measure("window_before", "the window before the first reduction", bytes(before), how);
    let how = "ssthresh as that reduction set it: half for NewReno, 0.7 for CUBIC";
    findings.measure("window_after", "the window it is reduced to", bytes(after), how);
}

/// The largest queue and its mean over time.
fn queue(findings: &mut Findings, traced: &[Series], end: Time) {
    let points = traced.iter().find(|it| it.name == QUEUE).map_or(&[][..], |it| &it.points);
    let peak = points.iter().map(|it| it.1).max().unwrap_or(0);
    let bytes = |value| Some(Quantity::new(value, Unit::Bytes));
    findings.measure("peak_queue", "the longest queue", bytes(peak), "bytes that waited in front of the bottleneck");
    let mut area = 0_i128;
    for (index, (at, value)) in points.iter().enumerate() {
        let until = points.get(index + 1).map_or(*at, |it| it.0).min(end);
        area += i128::from(*value) * i128::try_from((until - *at).as_nanos()).unwrap_or(0);
    }
    let long = points.first().zip(points.last()).map_or(0, |(first, last)| (last.0 - first.0).as_nanos());
    let mean = i64::try_from(area / i128::try_from(long.max(1)).unwrap_or(1)).unwrap_or(0);
    findings.measure(
        "mean_queue",
        "the mean queue",
        bytes(mean),
        "over the time from the first that waited to the last",
    );
}

fn trips(findings: &mut Findings, first: &Transfer) {
    let all: Vec<Duration> = first.round_trips().iter().map(|it| it.1).collect();
    let how = "segments sent once, until the ACK that covers them";
    findings.time("rtt_least", "the shortest round trip", all.iter().min().copied(), how);
    let mean = all.iter().sum::<Duration>().checked_div(u32::try_from(all.len()).unwrap_or(1));
    findings.time("rtt_mean", "the mean round trip", mean, how);
    findings.time("rtt_most", "the longest round trip", all.iter().max().copied(), how);
    let inflation = mean
        .zip(all.iter().min())
        .filter(|(_, least)| **least > Duration::ZERO)
        .map(|(mean, least)| Quantity::share(mean.as_micros() as usize, least.as_micros().max(1) as usize));
    findings.measure("rtt_inflation", "the mean is, of the shortest", inflation, "100 % is a path without a queue");
}

/// How two flows shared the bottleneck while both were there.
fn shares(findings: &mut Findings, one: &Flow, two: &Flow, other: &Transfer) {
    let how = "of the second flow: the first data out to the ACK of the last in";
    findings.time("second_finish", "the second download takes", other.duration(), how);
    let (one, two) = (one.read.borrow(), two.read.borrow());
    let from = two.first().map(|it| it.0);
    let to = one.last().zip(two.last()).map(|(one, two)| one.0.min(two.0));
    let Some((from, to)) = from.zip(to).filter(|(from, to)| from < to) else { return };
    let between = |log: &[(Time, usize)]| {
        let at = |when: Time| log.iter().take_while(|it| it.0 <= when).last().map_or(0, |it| it.1);
        at(to) - at(from)
    };
    let (a, b) = (between(&one) as f64, between(&two) as f64);
    let how = "read while both were there, of what both read";
    let share = |part: f64| Quantity::share(part as usize, (a + b) as usize);
    findings.measure("first_share", "the first flow got", Some(share(a)), how);
    findings.measure("second_share", "the second flow got", Some(share(b)), how);
    let index = (a + b).powi(2) / (2.0 * (a * a + b * b)).max(1.0);
    let index = Quantity::new((index * 1_000_000.0).round() as i64, Unit::PartsPerMillion);
    let how = "Jain's index: (x + y)^2 / 2(x^2 + y^2); 100 % is equal shares, 50 % is all for one";
    findings.measure("fairness", "fairness while both were there", Some(index), how);
}

/// Windows, queue and round-trip times.
fn curves(findings: &mut Findings, traced: &[Series], flows: &[Flow], transfers: &[Transfer]) {
    let from_trace = |findings: &mut Findings, name: &str| {
        if let Some(it) = traced.iter().find(|it| it.name == name) {
            findings.curve(&it.name, it.unit, it.points.clone());
        }
    };
    for (flow, transfer) in flows.iter().zip(transfers) {
        from_trace(findings, &format!("{} cwnd", flow.name));
        from_trace(findings, &format!("{} ssthresh", flow.name));
        // What the sender believes to be in the network; in the packets alone a hole holds all behind it.
        let name = format!("{} in flight", flow.name);
        match traced.iter().find(|it| it.name == name) {
            Some(it) => findings.curve(&it.name, it.unit, it.points.clone()),
            None => findings.curve(&name, Unit::Bytes, transfer.in_flight()),
        }
    }
    from_trace(findings, QUEUE);
    for (flow, transfer) in flows.iter().zip(transfers) {
        let nanos = |it: Duration| i64::try_from(it.as_nanos()).unwrap_or(i64::MAX);
        let points = transfer.round_trips().iter().map(|(at, it)| (*at, nanos(*it))).collect();
        findings.curve(&format!("{} round trip", flow.name), Unit::Nanoseconds, points);
    }
}

/// What reaches the receiver of each flow: an ACK or a read stands still at a hole, and then leaps.
fn delivery(findings: &mut Findings, run: &Recording, knobs: &Knobs, flows: &[Flow], transfers: &[Transfer]) {
    let sights = capture(run, "receiver");
    // In fewer frames than that, one more or less that falls into a stretch would show as more than the link's rate.
    let frames = Duration::from_nanos(24 * super::FRAME as u64 * 8 * 1_000_000_000 / knobs.number("rate").max(1));
    for ((flow, transfer), port) in flows.iter().zip(transfers).zip(super::PORT..) {
        let log = arrivals(&sights, port);
        let end = log.last().map_or(run.end, |it| it.0);
        let least = transfer.handshake.unwrap_or_default().max(frames);
        let stretch = ((end - transfer.began) / POINTS).max(least);
        let name = format!("{} delivery rate", flow.name);
        findings.curve(&name, Unit::BitsPerSecond, rate_curve(&log, stretch, end));
    }
}

fn marks(findings: &mut Findings, recording: &Recording, flows: &[Flow], transfers: &[Transfer]) {
    for (index, (flow, transfer)) in flows.iter().zip(transfers).enumerate() {
        let suffix = if index == 0 { "" } else { "-2nd" };
        let first = transfer.sent.first();
        let label = format!("{}'s first data leaves", flow.name);
        findings.mark_at(&format!("first-data{suffix}"), &label, first.map(|it| it.at), first.map(|it| it.packet));
        decisions::mark(findings, recording, flow.name, suffix);
        let last = transfer.acked_at(transfer.highest());
        let label = format!("{}'s last byte is acknowledged", flow.name);
        findings.mark_at(&format!("done{suffix}"), &label, last.map(|it| it.at), last.map(|it| it.packet));
    }
    for (at, index) in transfers[0].flights().iter().take(6).zip(1..) {
        findings.mark_at(&format!("flight-{index}"), &format!("flight {index} of sender begins"), Some(*at), None);
    }
    let peak = recording.packets.iter().find(|it| it.fate == Fate::QueueFull);
    findings.mark_at("queue-full", "the queue is full: the first drop", peak.map(|it| it.at), peak.map(|it| it.n));
    let dropped = recording.packets.iter().find(|it| matches!(&it.fate, Fate::Lost(why) if why.starts_with("CoDel")));
    findings.mark_at("codel-drop", "CoDel's first drop", dropped.map(|it| it.left), dropped.map(|it| it.n));
}
