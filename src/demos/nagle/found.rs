//! What became of each request: how long its second piece was held back, who let it go, how long the answer took.
use std::time::Duration;

use crate::demos::capture::{capture, first};
use crate::demos::findings::Findings;
use crate::demos::transfer::{Sent, Transfer};
use crate::recording::{Recording, Time};
use crate::services::exchange::{Exchange, Round};

/// Bars of the waterfall, at most.
const BARS: usize = 50;

/// A request with what the packets say about its second piece.
struct Held<'a> {
    round: &'a Round,
    /// The segment that carries the body's first byte for the first time.
    body: Option<&'a Sent>,
}

impl Held<'_> {
    /// From the write to the segment.
    fn long(&self) -> Option<Duration> {
        self.body.map(|it| it.at - self.round.body)
    }

    fn took(&self) -> Duration {
        self.round.answered - self.round.asked
    }
}

pub(super) fn found(recording: &Recording, plan: Exchange, rounds: &[Round]) -> Findings {
    let mut findings = Findings::default();
    let sights = capture(recording, "client");
    let transfer = Transfer::of(&sights);
    let carries = |byte: usize| {
        let holds = |it: &&Sent| (it.from as usize..it.to as usize).contains(&byte);
        transfer.sent.iter().find(holds)
    };
    let held: Vec<Held<'_>> = rounds
        .iter()
        .enumerate()
        .map(|(index, round)| Held { round, body: carries(index * (plan.head + plan.body) + plan.head) })
        .collect();
    times(&mut findings, &held, &transfer);
    let worst = held.iter().max_by_key(|it| (it.took(), std::cmp::Reverse(it.round.asked)));
    if let Some(worst) = worst {
        story(&mut findings, worst, &transfer, &sights);
    }
    bars(&mut findings, &held);
    let acks = first(&sights, |it| !it.sent && it.data() == 0 && it.tcp().is_some_and(|tcp| !tcp.syn));
    findings.mark("first-ack", "the server's first ACK without data", acks);
    findings
}

fn times(findings: &mut Findings, held: &[Held<'_>], transfer: &Transfer) {
    findings.time("handshake", "a round trip takes", transfer.handshake, "the SYN out to the SYN-ACK in");
    findings.count("answers", "requests that were answered", held.len(), "the program read the whole answer");
    let took = || held.iter().map(Held::took);
    let how = "from the program's first write to the last byte of the answer (1 RTT when nobody waits)";
    findings.time("fastest", "the fastest answer took", took().min(), how);
    findings.time("slowest", "the slowest answer took", took().max(), how);
    let how = "from the write of the body to the segment that carries its first byte; the longest of all";
    findings.time("held", "the second piece was held back for", held.iter().filter_map(Held::long).max(), how);
    let waited = held.iter().filter(|it| it.long().is_some_and(|it| it > Duration::ZERO)).count();
    findings.count(
        "held_requests",
        "requests whose second piece was held back",
        waited,
        "it left later than it was written",
    );
    let all = held.first().zip(held.last()).map(|(first, last)| last.round.answered - first.round.asked);
    findings.time("all", "all requests together took", all, "from the first write to the last answer");
    let segments = transfer.sent.iter().filter(|it| !it.again).count();
    findings.count("segments", "segments with data from the client", segments, "repeats not counted");
}

/// The slowest request, instant by instant.
fn story(findings: &mut Findings, worst: &Held<'_>, transfer: &Transfer, sights: &[crate::demos::capture::Sight<'_>]) {
    let asked = worst.round.asked;
    let head = transfer.sent.iter().find(|it| it.at >= asked);
    findings.mark_at("head", "the head leaves at once", head.map(|it| it.at), head.map(|it| it.packet));
    let held = worst.long().is_some_and(|it| it > Duration::ZERO);
    let body = worst.body;
    if held {
        let label = "the body is written, and held back: the head is not acknowledged yet";
        findings.mark_at("held-back", label, Some(worst.round.body), None);
        let release = body.and_then(|body| transfer.acks.iter().rfind(|it| it.at <= body.at && it.at > asked));
        findings.mark_at("ack", "the ACK of the head arrives", release.map(|it| it.at), release.map(|it| it.packet));
    }
    findings.mark_at("body", "the body leaves", body.map(|it| it.at), body.map(|it| it.packet));
    let answer = first(sights, |it| !it.sent && it.data() > 0 && it.at > asked);
    findings.mark("answer", "the answer arrives", answer);
}

fn bars(findings: &mut Findings, held: &[Held<'_>]) {
    for (index, it) in held.iter().take(BARS).enumerate() {
        let lane = format!("request {:>2}", index + 1);
        let left = it.body.map_or(it.round.body, |body| body.at);
        let bar = |findings: &mut Findings, name: &str, from: Time, to: Time| {
            findings.span_at(&lane, name.to_owned(), from, to);
        };
        if left > it.round.body {
            bar(findings, "held back by Nagle", it.round.body, left);
        }
        bar(findings, "on the way, and back", left, it.round.answered);
    }
}
