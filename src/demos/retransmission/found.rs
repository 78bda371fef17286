//! What a loss did: when it was noticed and by what, what went again, what it cost against the same run without it.
use std::time::Duration;

use super::Losses;
use crate::demos::capture::{Sight, capture};
use crate::demos::findings::Findings;
use crate::demos::transfer::{Acked, Sent, Transfer};
use crate::quantity::Unit;
use crate::recording::{EventKind, Fate, Meddling, Recording, Time};
use crate::services::transfer::Log;

/// Holes that are marked, at most: the list of packets has them all.
const MARKED: usize = 8;

pub(super) fn found(recording: &Recording, read: &Log, clean: &Transfer, losses: &Losses, sack: bool) -> Findings {
    let mut findings = Findings::default();
    let sights = capture(recording, "sender");
    let transfer = Transfer::of(&sights);
    let lost = lost(recording, &transfer);
    holes(&mut findings, &transfer, &lost, recording);
    duplicates(&mut findings, &transfer, sack);
    repeats(&mut findings, recording, &transfer);
    let any = recording.packets.iter().any(|it| is_lost(&it.fate));
    cost(&mut findings, &transfer, clean, any);
    let dropped = losses.data.len() + losses.acks.len();
    findings.count("chosen", "packets the link was told to lose", dropped, "from the knobs; yours by fork come on top");
    let got = read.borrow().iter().map(|(at, total)| (*at, i64::try_from(*total).unwrap_or(i64::MAX))).collect();
    findings.curve("read by the program", Unit::Bytes, got);
    findings
}

/// Segments with data that never arrived, in the order they were sent.
fn lost<'a>(recording: &Recording, transfer: &'a Transfer) -> Vec<&'a Sent> {
    let gone = |it: &&Sent| recording.packet(it.packet).is_some_and(|packet| is_lost(&packet.fate));
    transfer.sent.iter().filter(gone).collect()
}

const fn is_lost(fate: &Fate) -> bool {
    matches!(fate, Fate::Lost(_) | Fate::QueueFull | Fate::Meddled(Meddling::Drop))
}

/// Every loss, from its leaving to its arrival; the numbers are the first one's.
fn holes(findings: &mut Findings, transfer: &Transfer, lost: &[&Sent], recording: &Recording) {
    let how = "the SYN out to the SYN-ACK in; the SYN was sent once";
    findings.time("handshake", "a round trip takes", transfer.handshake, how);
    let data = transfer.sent.first();
    findings.mark_at("first-data", "the first data leaves", data.map(|it| it.at), data.map(|it| it.packet));
    findings.count("lost", "segments with data that were lost", lost.len(), "sent, and never arrived; repeats too");
    let missing: Vec<&Sent> = lost.iter().filter(|it| !it.again).copied().collect();
    let open: Vec<Hole> = missing.iter().map(|it| Hole::of(recording, transfer, it)).collect();
    if let Some(first) = open.first() {
        first.measure(findings, open.len());
    }
    if open.len() > 1 {
        let longest = open.iter().filter_map(Hole::long).max();
        let how = format!(
            "of {} segments lost at their first sending: the lost copy out to the copy that arrived",
            open.len()
        );
        findings.time("longest_hole", "the longest hole was open for", longest, how);
    }
    for (index, hole) in open.iter().take(MARKED).enumerate() {
        hole.mark(findings, index + 1, open.len());
    }
    if let Some(second) = lost.iter().find(|it| it.again) {
        findings.mark_at("lost-again", "a repeat is lost as well", Some(second.at), Some(second.packet));
    }
}

/// What became of the bytes of a segment that was lost when it was sent first.
struct Hole<'a> {
    lost: &'a Sent,
    again: Option<&'a Sent>,
    filled: Option<(Time, u32)>,
}

impl<'a> Hole<'a> {
    fn of(recording: &Recording, transfer: &'a Transfer, lost: &'a Sent) -> Self {
        let again =
            transfer.sent.iter().find(|it| it.packet > lost.packet && it.from <= lost.from && it.to > lost.from);
        Self { lost, again, filled: again.and_then(|_| arrival(recording, transfer, lost)) }
    }

    fn long(&self) -> Option<Duration> {
        self.filled.map(|it| it.0 - self.lost.at)
    }

    /// The numbers of this hole, the first of so many.
    fn measure(&self, findings: &mut Findings, count: usize) {
        let (noticed, long, of) = match count {
            1 => ("its bytes went again after", "the hole was open for", String::new()),
            _ => (
                "the first one's bytes went again after",
                "the first hole was open for",
                format!("; the first of {count} lost at their first sending"),
            ),
        };
        let again = self.again.map(|it| it.at - self.lost.at);
        findings.time("noticed", noticed, again, format!("the lost copy out to the repeat out{of}"));
        findings.time("hole", long, self.long(), format!("the lost copy out to the copy that arrived{of}"));
    }

    fn mark(&self, findings: &mut Findings, number: usize, count: usize) {
        let suffix = if number == 1 { String::new() } else { format!("-{number}") };
        let which = if count == 1 { String::new() } else { format!("hole {number} of {count}: ") };
        let mut mark = |name: &str, label: &str, it: Option<(Time, u32)>| {
            let (at, packet) = (it.map(|it| it.0), it.map(|it| it.1));
            findings.mark_at(&format!("{name}{suffix}"), &format!("{which}{label}"), at, packet);
        };
        mark("lost", "a segment is lost", Some((self.lost.at, self.lost.packet)));
        mark("repeat", "its bytes leave again", self.again.map(|it| (it.at, it.packet)));
        mark("filled", "the hole is filled", self.filled);
    }
}

/// The duplicate ACKs a sender counts: by what SACK reports, where the connection has it.
fn duplicates(findings: &mut Findings, transfer: &Transfer, sack: bool) {
    let (how, label) = if sack {
        (
            "ACKs of nothing new whose SACK option reports bytes for the first time (RFC 6675 §2), at the sender",
            "the first duplicate ACK: SACK reports something behind the hole",
        )
    } else {
        (
            "ACKs that repeat the number and the window of the one before, without data (RFC 5681 §2), at the sender",
            "the first duplicate ACK that counts: the same number and the same window again",
        )
    };
    let counts = |it: &&Acked| if sack { it.reports_more } else { it.duplicate > 0 };
    let all: Vec<&Acked> = transfer.acks.iter().filter(counts).collect();
    findings.count("duplicate_acks", "duplicate ACKs", all.len(), how);
    let first = all.first();
    findings.mark_at("duplicate-ack", label, first.map(|it| it.at), first.map(|it| it.packet));
}

/// When the bytes of a lost segment arrived after all, and in which packet.
fn arrival(recording: &Recording, transfer: &Transfer, lost: &Sent) -> Option<(Time, u32)> {
    let covers = |it: &&Sent| it.packet > lost.packet && it.from <= lost.from && it.to > lost.from;
    let arrived = |it: &Sent| Some((recording.packet(it.packet)?.arrived?, it.packet));
    transfer.sent.iter().filter(covers).filter_map(arrived).min()
}

fn repeats(findings: &mut Findings, recording: &Recording, transfer: &Transfer) {
    let all: Vec<&Sent> = transfer.repeats().collect();
    findings.count("repeats", "segments sent again", all.len(), "all of their bytes had left before");
    findings.count("needless", "of those, needless", needless(recording), "every byte had arrived already");
    let timeouts = recording.events.iter().filter(|it| is_timeout(&it.kind)).count();
    findings.count("timeouts", "retransmission timeouts", timeouts, "decisions of the sender");
    let bytes: u32 = all.iter().map(|it| it.to - it.from).sum();
    findings.bytes("repeated_bytes", "bytes sent again", bytes as usize, "payload of those segments");
}

fn is_timeout(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Decision { text } if text.contains("retransmission timeout after"))
}

/// Segments that brought the receiver nothing new.
fn needless(recording: &Recording) -> usize {
    let sights = capture(recording, "receiver");
    let Some(isn) = sights.iter().find_map(|it| it.tcp().filter(|tcp| !it.sent && tcp.opens())).map(|it| it.seq) else {
        return 0;
    };
    let mut there: Vec<(u32, u32)> = Vec::new();
    let mut count = 0;
    let data = |it: &&Sight<'_>| !it.sent && it.data() > 0;
    for tcp in sights.iter().filter(data).filter_map(Sight::tcp) {
        let from = tcp.offset(isn);
        let to = from.saturating_add(u32::try_from(tcp.payload.len()).unwrap_or(0));
        count += usize::from(is_covered(&there, from, to));
        there.push((from, to));
        there.sort_unstable();
    }
    count
}

/// Whether sorted ranges hold all of `from..to`.
fn is_covered(there: &[(u32, u32)], mut from: u32, to: u32) -> bool {
    for (start, end) in there {
        if *start <= from {
            from = from.max(*end);
        }
    }
    from >= to
}

fn cost(findings: &mut Findings, transfer: &Transfer, clean: &Transfer, any: bool) {
    let how = "the first data out to the last ACK in";
    findings.time("took", "the transfer took", transfer.duration(), how);
    findings.time(
        "clean",
        "without any loss it takes",
        clean.duration(),
        format!("{how}, in the same run without loss"),
    );
    let cost = transfer.duration().zip(clean.duration()).map(|(it, clean)| it.saturating_sub(clean));
    // A SYN sent again delays all and shrinks the first window: these times, which begin at the data, do not show that cost.
    let cost = cost.filter(|_| any && transfer.handshake.is_some());
    findings.time("cost", "the loss cost", cost, "the difference");
    let trips: Vec<Duration> = transfer.round_trips().iter().map(|it| it.1).collect();
    findings.time("last_rtt", "the last round trip measured", trips.last().copied(), "of a segment that was sent once");
}
