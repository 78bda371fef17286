//! What a flow-control run came to: the window, what was in flight under it, how long it was shut, and the rate it allowed.
use std::time::Duration;

use crate::demos::Knobs;
use crate::demos::capture::{Sight, capture};
use crate::demos::findings::Findings;
use crate::demos::transfer::{Acked, Transfer, rate};
use crate::quantity::{Quantity, Unit};
use crate::recording::{Recording, Time};
use crate::services::transfer::Log;
use crate::wire;

pub(super) fn found(recording: &Recording, knobs: &Knobs, read: &Log) -> Findings {
    let mut findings = Findings::default();
    let sights = capture(recording, "sender");
    let transfer = Transfer::of(&sights);
    curves(&mut findings, recording, &transfer, read);
    let closed = Closed::times(&transfer.acks);
    let all_read =
        read.borrow().last().filter(|it| u64::try_from(it.1).is_ok_and(|it| it >= knobs.number("size"))).map(|it| it.0);
    marks(&mut findings, &sights, &transfer, &closed, all_read);
    let (rtt, window) = path(&mut findings, knobs, &sights, &transfer);
    rates(&mut findings, knobs, &transfer, rtt, window);
    shut(&mut findings, &transfer, &closed);
    let finished = all_read.map(|at| at - transfer.began);
    let how = "from the SYN to the receiver's last read()";
    findings.time("finished", "all is read after", finished, how);
    findings
}

fn curves(findings: &mut Findings, recording: &Recording, transfer: &Transfer, read: &Log) {
    findings.curve("window the sender knows", Unit::Bytes, transfer.window());
    findings.curve("in flight", Unit::Bytes, transfer.in_flight());
    findings.curve("unread at the receiver", Unit::Bytes, unread(recording, read));
}

/// What had come in order at the receiver and was not read: bytes acknowledged or there, less bytes read.
fn unread(recording: &Recording, read: &Log) -> Vec<(Time, i64)> {
    let sights = capture(recording, "receiver");
    let first = sights.iter().find_map(|it| it.tcp().filter(|tcp| !it.sent && tcp.opens()));
    let Some(isn) = first.map(|it| it.seq) else { return Vec::new() };
    let mut arrived: Vec<(Time, i64)> = Vec::new();
    let (mut there, mut waiting) = (0_u32, std::collections::BTreeMap::new());
    for sight in sights.iter().filter(|it| !it.sent && it.data() > 0) {
        let Some(tcp) = sight.tcp() else { continue };
        let from = tcp.offset(isn);
        waiting.insert(from, from.saturating_add(u32::try_from(tcp.payload.len()).unwrap_or(0)));
        while let Some((from, to)) = waiting.pop_first() {
            if from > there {
                waiting.insert(from, to);
                break;
            }
            there = there.max(to);
        }
        arrived.push((sight.at, i64::from(there)));
    }
    let log = read.borrow();
    let taken = log.iter().map(|(at, total)| (*at, i64::try_from(*total).unwrap_or(i64::MAX)));
    difference(arrived.into_iter(), taken)
}

/// The first running total less the second, at each change of either.
fn difference(more: impl Iterator<Item = (Time, i64)>, less: impl Iterator<Item = (Time, i64)>) -> Vec<(Time, i64)> {
    let (mut more, mut less) = (more.peekable(), less.peekable());
    let (mut plus, mut minus, mut points) = (0, 0, Vec::new());
    loop {
        // What comes and is read at one instant came first.
        let take_more = match (more.peek(), less.peek()) {
            (Some(a), Some(b)) => a.0 <= b.0,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => return points,
        };
        let next = if take_more { more.next() } else { less.next() };
        let Some((at, total)) = next else { return points };
        if take_more {
            plus = total;
        } else {
            minus = total;
        }
        points.push((at, (plus - minus).max(0)));
    }
}

/// A stretch in which the sender knew of a window of 0.
struct Closed<'a> {
    from: &'a Acked,
    until: Option<&'a Acked>,
}

impl<'a> Closed<'a> {
    fn times(acks: &'a [Acked]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for ack in acks {
            match all.last_mut().filter(|it| it.until.is_none()) {
                None if ack.window == 0 => all.push(Self { from: ack, until: None }),
                Some(open) if ack.window > 0 => open.until = Some(ack),
                _ => {}
            }
        }
        all
    }

    fn long(&self) -> Option<Duration> {
        self.until.map(|it| it.at - self.from.at)
    }
}

fn marks(
    findings: &mut Findings,
    sights: &[Sight<'_>],
    transfer: &Transfer,
    closed: &[Closed<'_>],
    all_read: Option<Time>,
) {
    let sent = |findings: &mut Findings, name, label, it: Option<&crate::demos::transfer::Sent>| {
        findings.mark_at(name, label, it.map(|it| it.at), it.map(|it| it.packet));
    };
    let syn_ack = sights.iter().find(|it| !it.sent && it.tcp().is_some_and(|tcp| tcp.syn));
    findings.mark("syn-ack", "the SYN-ACK arrives: the receiver has said its window scale", syn_ack);
    sent(findings, "first-data", "the first data leaves", transfer.sent.first());
    let full = transfer.fills_window();
    sent(findings, "window-full", "the sender has filled the window: it must wait for an ACK", full);
    let shut = closed.first();
    let at = shut.map(|it| it.from);
    findings.mark_at("zero-window", "the buffer is full: a window of 0", at.map(|it| it.at), at.map(|it| it.packet));
    let probe = transfer.probes.first();
    let label = "the sender asks whether there is room: a probe";
    findings.mark_at("probe", label, probe.map(|it| it.0), probe.map(|it| it.1));
    let open = shut.and_then(|it| it.until);
    let label = "the program has read: the window opens";
    findings.mark_at("window-open", label, open.map(|it| it.at), open.map(|it| it.packet));
    findings.mark_at("all-read", "the receiver's program has it all", all_read, None);
}

/// Round trip, bandwidth-delay product, window.
fn path(
    findings: &mut Findings,
    knobs: &Knobs,
    sights: &[Sight<'_>],
    transfer: &Transfer,
) -> (Option<Duration>, Option<u32>) {
    let rtt = transfer.handshake;
    findings.time("handshake", "a round trip takes", rtt, "the SYN out to the SYN-ACK in");
    let product = rtt.map(|rtt| u128::from(knobs.number("rate")) * rtt.as_nanos() / 8_000_000_000);
    let product = product.and_then(|it| usize::try_from(it).ok()).map(Quantity::bytes);
    let how = "the link's rate x that round trip: what must be in flight to fill the path";
    findings.measure("bdp", "bandwidth-delay product", product, how);
    let window = transfer.acks.iter().map(|it| it.window).max();
    let how = "the largest the receiver offered, scaled as both SYNs agreed";
    findings.measure("window", "the window", window.map(|it| Quantity::bytes(it as usize)), how);
    let syn_ack = sights.iter().find(|it| !it.sent && it.tcp().is_some_and(|tcp| tcp.syn));
    let shift = syn_ack.map_or(0, |it| shift(&it.packet.bytes));
    let how = "the shift in the receiver's SYN: its window fields count units of 2 to that power; 0 without the option";
    findings.count("scale", "window scale", shift, how);
    (rtt, window)
}

/// The window scale a SYN offers; 0 without one.
fn shift(frame: &[u8]) -> usize {
    let decoded = wire::decode(frame);
    let field = decoded.field("tcp.options.wscale.shift");
    field.and_then(|it| it.value.split(' ').next()?.parse().ok()).unwrap_or(0)
}

fn rates(findings: &mut Findings, knobs: &Knobs, transfer: &Transfer, rtt: Option<Duration>, window: Option<u32>) {
    let peak = transfer.in_flight().iter().map(|it| it.1).max();
    let peak = peak.map(|it| Quantity::new(it, Unit::Bytes));
    findings.measure("peak_flight", "most in flight", peak, "bytes sent less bytes acknowledged, at the sender");
    let ceiling = rtt
        .zip(window)
        .filter(|(rtt, _)| *rtt > Duration::ZERO)
        .map(|(rtt, window)| Quantity::new(rate(u64::from(window), rtt), Unit::BitsPerSecond));
    findings.measure("window_rate", "one window in a round trip is", ceiling, "the window / the round trip");
    let stretch = rtt.unwrap_or_default().saturating_mul(4).max(Duration::from_millis(20));
    let best = transfer.peak_rate(stretch);
    let how = "the most that was acknowledged in four round trips in a row (at least 20 ms)";
    findings.measure("best_rate", "the best it reached", best.map(|it| Quantity::new(it, Unit::BitsPerSecond)), how);
    let link = i64::try_from(knobs.number("rate")).unwrap_or(i64::MAX);
    let share = best.map(|it| Quantity::new(it.saturating_mul(1_000_000) / link.max(1), Unit::PartsPerMillion));
    findings.measure(
        "link_share",
        "of the link's rate",
        share,
        "the best rate / the link's; headers take some of the rest",
    );
    let goodput =
        transfer.duration().map(|it| Quantity::new(rate(u64::from(transfer.highest()), it), Unit::BitsPerSecond));
    findings.measure(
        "goodput",
        "over the whole transfer",
        goodput,
        "bytes / from the first data out to the last ACK in",
    );
}

fn shut(findings: &mut Findings, transfer: &Transfer, closed: &[Closed<'_>]) {
    findings.count(
        "zero_windows",
        "times the window was shut",
        closed.len(),
        "ACKs with a window of 0, the first of each time",
    );
    let long: Duration = closed.iter().filter_map(Closed::long).sum();
    let how = "from a window of 0 to the next that is more, at the sender, added up";
    findings.time("shut_time", "the window was shut for", Some(long), how);
    let probes = &transfer.probes;
    findings.count("probes", "probes", probes.len(), "segments the sender sent into a window of 0");
    let first = closed.first().zip(probes.first()).map(|(it, (at, _))| *at - it.from.at);
    findings.time("first_probe", "the first probe went out after", first, "from the first window of 0");
}
