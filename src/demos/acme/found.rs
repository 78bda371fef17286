//! The year in numbers: orders, margins, days without a good certificate, what the authority's look cost.
use std::time::Duration;

use super::script::{Ordered, Seen};
use super::{challenge, days};
use crate::demos::Knobs;
use crate::demos::capture::{Sight, capture};
use crate::demos::findings::Findings;
use crate::quantity::{Quantity, Unit};
use crate::recording::{Event, EventKind, Fact, Recording, Step, Time};
use crate::services::acme::ChallengeKind;
use crate::services::tls::LAB_BEGINS;
use crate::services::x509::{Certificate, date};

const DAY: u64 = 86_400_000_000_000;

/// The states of orders and authorisations, as state machines of the server's host.
pub(super) fn states(recording: &mut Recording, seen: &Seen) {
    let node = recording.node("web").unwrap_or_default();
    let told = seen.told.borrow();
    for (index, it) in told.iter().enumerate() {
        let before = told[..index].iter().rfind(|earlier| earlier.object == it.object);
        let from = before.map_or_else(|| "-".to_owned(), |earlier| earlier.state.clone());
        let kind = EventKind::State { machine: format!("acme {}", it.object), from, to: it.state.clone() };
        recording.events.push(Event { at: it.at, until: None, node, kind });
    }
    recording.events.sort_by_key(|it| it.at);
}

pub(super) fn found(recording: &Recording, seen: &Seen, knobs: &Knobs) -> Findings {
    let mut findings = Findings::default();
    let end = Time::ZERO + days(knobs, "days");
    orders(&mut findings, seen);
    margins(&mut findings, seen, end.min(recording.end));
    visits(&mut findings, seen);
    first(&mut findings, recording, seen, knobs);
    marks(&mut findings, seen);
    if let Some(enough) = seen.enough().filter(|_| !seen.whole) {
        let text = format!("the simulation ends on day {}: {enough}", recording.end.0 / DAY);
        findings.note(recording.end, recording.node("web").unwrap_or_default(), text);
    }
    findings.steps(steps(recording, seen, knobs));
    findings
}

/// An instant of the calendar in the run's time; before the run is its beginning.
fn at(seconds: i64) -> Time {
    let since = u64::try_from(seconds - i64::from(LAB_BEGINS)).unwrap_or(0);
    Time(since.saturating_mul(1_000_000_000))
}

fn given(seen: &Seen) -> impl Iterator<Item = (&Ordered, &Certificate)> {
    seen.orders.iter().filter_map(|it| Some((it, it.outcome.as_ref().ok()?.as_ref())))
}

fn orders(findings: &mut Findings, seen: &Seen) {
    let count = seen.orders.len();
    findings.count("orders", "orders", count, "the client's, the first included");
    findings.count("certificates", "certificates", given(seen).count(), "orders that ended with one");
    let failed = count - given(seen).count();
    findings.count(
        "failed_orders",
        "orders that failed",
        failed,
        "the authority away, a proof that did not hold, a limit",
    );
}

fn margins(findings: &mut Findings, seen: &Seen, end: Time) {
    let all: Vec<(&Ordered, &Certificate)> = given(seen).collect();
    let left = |pair: &[(&Ordered, &Certificate)]| at(pair[0].1.not_after).since(pair[1].0.to);
    let margins: Vec<Duration> = all.windows(2).map(left).collect();
    let least = margins.iter().min().copied();
    let how = "from a new certificate to the end of the one it takes the place of; 0 when it came too late";
    findings.time("least_margin_time", "the least margin of a renewal", least, how);
    let whole = least.map(|it| Quantity::new(whole_days(it + Duration::from_secs(43_200)), Unit::Count));
    findings.measure("least_margin_days", "in whole days", whole, "the same, to the nearest day");
    let mut bare = Duration::ZERO;
    let mut covered = all.first().map_or(Time::ZERO, |it| it.0.to);
    let begin = covered;
    for (order, own) in &all {
        bare += order.to.since(covered);
        covered = covered.max(at(own.not_after));
    }
    bare += end.since(covered.max(begin));
    let how = "the time after the first certificate in which the server had none that was good";
    findings.time("uncovered_time", "without a good certificate", Some(bare), how);
    let days = Quantity::new(i64::try_from(bare.as_secs().div_ceil(86_400)).unwrap_or(0), Unit::Count);
    findings.measure("uncovered_days", "in whole days", Some(days), "the same, rounded up");
    let mut curve: Vec<(Time, i64)> = Vec::new();
    for pair in all.windows(2) {
        curve.extend(falls(pair[0].0.to, pair[0].1, pair[1].0.to));
    }
    curve.extend(all.last().into_iter().flat_map(|it| falls(it.0.to, it.1, end)));
    findings.curve("days left", Unit::Count, curve);
}

/// Days that are over.
fn whole_days(time: Duration) -> i64 {
    i64::try_from(time.as_secs() / 86_400).unwrap_or(0)
}

/// The days left of a certificate, day by day, from when it was served until another was; never less than none.
fn falls(from: Time, own: &Certificate, to: Time) -> impl Iterator<Item = (Time, i64)> {
    let (until, to) = (at(own.not_after), to.max(from));
    let daily = (from.0..to.0).step_by(usize::try_from(DAY).unwrap_or(usize::MAX)).map(Time);
    daily.chain([to]).map(move |it| (it, whole_days(until.since(it))))
}

fn visits(findings: &mut Findings, seen: &Seen) {
    findings.count("visits", "visits", seen.visits.len(), "handshakes of a visitor who trusts the authority");
    let failed = seen.visits.iter().filter(|it| it.1.is_err()).count();
    findings.count(
        "failed_handshakes",
        "visitors who got an error",
        failed,
        "the visitor broke off: nothing was shown",
    );
}

/// The first order, packet by packet.
fn first(findings: &mut Findings, recording: &Recording, seen: &Seen, knobs: &Knobs) {
    let Some(order) = seen.orders.first() else { return };
    findings.time("order_time", "the first order took", Some(order.to - order.from), "from the SYN to the certificate");
    let looked = validation(recording, (order.from, order.to), knobs);
    let how = "packets of the authority to dns and to the web server's port of the proof, and their answers, in the first order";
    findings.count("validation_packets", "to look at the proof the authority needs", looked.len(), how);
    let sights = capture(recording, "web");
    let during = |it: &&Sight<'_>| it.at >= order.from && it.at <= order.to && it.tcp().is_some_and(is_acme);
    let bytes = sights.iter().filter(during).map(|it| it.data()).sum();
    findings.bytes("order_bytes", "client and authority exchange", bytes, "TCP payload of the first order, both ways");
}

fn is_acme(it: crate::demos::frame::Segment<'_>) -> bool {
    [it.from, it.to].iter().any(|it| it.ip() == std::net::IpAddr::from([10, 0, 0, 3]) && it.port() == 443)
}

/// The packets with which the authority looks, in that time.
fn validation(recording: &Recording, (from, to): (Time, Time), knobs: &Knobs) -> Vec<u32> {
    let port = match challenge(knobs) {
        ChallengeKind::Http => Some(80),
        ChallengeKind::TlsAlpn => Some(443),
        ChallengeKind::Dns => None,
    };
    let sights = capture(recording, "ca");
    let looks = |it: &&Sight<'_>| {
        let web = it.tcp().is_some_and(|it| {
            let [one, other] = [it.from, it.to].map(|it| it.ip() == std::net::IpAddr::from(super::prover::WEB));
            (one && Some(it.from.port()) == port) || (other && Some(it.to.port()) == port)
        });
        it.at >= from && it.at <= to && (it.udp().is_some() || web)
    };
    sights.iter().filter(looks).map(|it| it.packet.n).collect()
}

fn marks(findings: &mut Findings, seen: &Seen) {
    let mut all = given(seen);
    findings.mark_at("first-certificate", "the first certificate is there", all.next().map(|it| it.0.to), None);
    findings.mark_at("first-renewal", "the first renewal is done", all.next().map(|it| it.0.to), None);
    let failed = seen.orders.iter().find(|it| it.outcome.is_err());
    findings.mark_at("first-failure", "the first order that fails", failed.map(|it| it.to), None);
    let refused = seen.visits.iter().find(|it| it.1.is_err());
    findings.mark_at("visitor-refuses", "a visitor gets an error", refused.map(|it| it.0), None);
    for (at, how) in &seen.zone {
        let (name, label) =
            if *how == "none" { ("mended", "the zone is mended") } else { ("broken", "the zone is broken") };
        findings.mark_at(name, label, Some(*at), None);
    }
    for (order, number) in seen.orders.iter().zip(1_u32..) {
        let name = if order.outcome.is_ok() { "order" } else { "order that fails" };
        findings.span_at("orders", format!("{name} {number}"), order.from, order.to);
    }
}

fn steps(recording: &Recording, seen: &Seen, knobs: &Knobs) -> Vec<Step> {
    let node = recording.node("web").unwrap_or_default();
    let mut steps: Vec<Step> = Vec::new();
    for (number, order) in seen.orders.iter().enumerate() {
        steps.push(row(node, recording, seen, (number, order), knobs));
        if number == 0 {
            steps.extend(told(node, seen, order));
        }
    }
    steps.extend(refusals(recording, seen));
    steps.sort_by_key(|it| it.at);
    steps
}

fn row(node: usize, recording: &Recording, seen: &Seen, (number, order): (usize, &Ordered), knobs: &Knobs) -> Step {
    let day = order.from.0 / DAY;
    let mut facts =
        vec![Fact::text("day", day.to_string()), Fact::text("date", date(i64::from(LAB_BEGINS) + seconds(order.from)))];
    facts.push(Fact::quantity("took", Quantity::time(order.to - order.from)));
    let packets = validation(recording, (order.from, order.to), knobs);
    facts.push(Fact::quantity("validation_packets", Quantity::count(packets.len())));
    let before = seen.orders[..number].iter().rev().find_map(|it| it.outcome.as_ref().ok());
    let (kind, title, why) = match &order.outcome {
        Ok(own) => {
            facts.push(Fact::text("good_until", date(own.not_after)));
            if let Some(old) = before {
                facts.push(Fact::quantity("margin", Quantity::time(at(old.not_after).since(order.to))));
            }
            let what = if before.is_some() { "renewed" } else { "first certificate" };
            ("issued", format!("day {day}: {what}"), proof(challenge(knobs)))
        }
        Err(why) => {
            facts.push(Fact::text("error", why.clone()));
            if let Some(old) = before {
                facts.push(Fact::quantity("left", Quantity::time(at(old.not_after).since(order.to))));
            }
            ("failed", format!("day {day}: no certificate"), FAILED)
        }
    };
    let (kind, why) = (kind.to_owned(), why.to_owned());
    Step { at: order.from, until: order.to, node, depth: 0, kind, title, facts, why, packets }
}

fn seconds(at: Time) -> i64 {
    i64::try_from(at.0 / 1_000_000_000).unwrap_or(i64::MAX)
}

const FAILED: &str = "The server keeps what it has and tries again, later each time: that is what the margin is for. Nobody notices until \
                      the margin is used up, so watch the days left, not the errors of visitors.";

const fn proof(kind: ChallengeKind) -> &'static str {
    match kind {
        ChallengeKind::Http => {
            "The authority asks DNS for CAA records and the address, then gets the file over plain HTTP on port 80 (RFC 8555 §8.3). It \
             proves control of the web server at that address; wildcards cannot be had this way."
        }
        ChallengeKind::Dns => {
            "The authority asks DNS for CAA records and for the TXT record below _acme-challenge (RFC 8555 §8.4). It needs no open port, and \
             is the only way to a wildcard; the client needs a key to the zone."
        }
        ChallengeKind::TlsAlpn => {
            "The authority asks DNS for CAA records and the address, then shakes hands on port 443 with the protocol acme-tls/1, and is shown \
             a certificate made for this alone (RFC 8737 §3)."
        }
    }
}

/// The states of the first order as the client was told them (RFC 8555 §7.1.6).
fn told(node: usize, seen: &Seen, order: &Ordered) -> Vec<Step> {
    let told = seen.told.borrow();
    let until = seen.orders.get(1).map_or(told.len(), |it| it.told);
    let row = |it: &crate::services::acme::Told| Step {
        at: it.at,
        until: it.at,
        node,
        depth: 1,
        kind: "state".to_owned(),
        title: format!("{}: {}", it.object, it.state),
        facts: Vec::new(),
        why: state(&it.object, &it.state).to_owned(),
        packets: Vec::new(),
    };
    told[order.told.min(until)..until].iter().map(row).collect()
}

fn state(object: &str, state: &str) -> &'static str {
    match (object.split(' ').next().unwrap_or_default(), state) {
        ("account", _) => "The account is a key: every request is signed with it (RFC 8555 §6.2, §7.3).",
        ("order", "pending") => "It waits for a valid authorisation of each name (RFC 8555 §7.1.6).",
        ("order", "ready") => {
            "Every name is proven: the client may send its request for a certificate (RFC 8555 §7.4)."
        }
        ("order", "valid") => "The certificate is signed and can be fetched (RFC 8555 §7.4.2).",
        ("authorisation", "pending") => {
            "The client chooses one of the challenges, prepares the proof, and says so (RFC 8555 §7.5.1)."
        }
        ("authorisation", "valid") => "The authority has looked, and found the proof (RFC 8555 §8).",
        (_, "invalid") => {
            "The authority has looked, and did not find the proof: this order is over, a new one is needed (RFC 8555 §7.1.6)."
        }
        _ => "",
    }
}

/// The first of each series of visitors who got an error.
fn refusals(recording: &Recording, seen: &Seen) -> Vec<Step> {
    let node = recording.node("visitor").unwrap_or_default();
    let begins = |index: &usize| seen.visits[*index].1.is_err() && (*index == 0 || seen.visits[*index - 1].1.is_ok());
    let row = |index: usize| {
        let (at, outcome) = &seen.visits[index];
        let count = seen.visits[index..].iter().take_while(|it| it.1.is_err()).count();
        Step {
            at: *at,
            until: *at,
            node,
            depth: 0,
            kind: "refused".to_owned(),
            title: format!("day {}: visitors get an error", at.0 / DAY),
            facts: vec![
                Fact::text("error", outcome.as_ref().err().cloned().unwrap_or_default()),
                Fact::quantity("visits", Quantity::count(count)),
            ],
            why: refusal(seen, *at).to_owned(),
            packets: Vec::new(),
        }
    };
    (0..seen.visits.len()).filter(begins).map(row).collect()
}

/// Why a visitor may have got an error at that time.
fn refusal(seen: &Seen, now: Time) -> &'static str {
    match given(seen).filter(|it| it.0.to <= now).last() {
        None => {
            "The server has no certificate of the authority yet: what it shows is one of its own making, which nobody trusts."
        }
        Some((_, own)) if at(own.not_after) < now => {
            "The certificate's time is over. From here on it is an outage; the first renewal that succeeds ends it."
        }
        Some(_) => "The server has a good certificate: the network did not carry the handshake to its end.",
    }
}
