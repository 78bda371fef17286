//! What a loss did: when it was noticed and by what, what went again, what it cost against the same run without it.
use std::time::Duration;

use super::Losses;
use crate::demos::capture::{Sight, capture};
use crate::demos::findings::Findings;
use crate::demos::transfer::{Sent, Transfer};
use crate::quantity::Unit;
use crate::recording::{EventKind, Fate, Meddling, Recording, Time};
use crate::services::transfer::Log;

pub(super) fn found(recording: &Recording, read: &Log, clean: &Transfer, losses: &Losses) -> Findings {
    let mut findings = Findings::default();
    let sights = capture(recording, "sender");
    let transfer = Transfer::of(&sights);
    let lost = lost(recording, &transfer);
    holes(&mut findings, &transfer, &lost, recording);
    repeats(&mut findings, recording, &transfer);
    cost(&mut findings, &transfer, clean);
    let dropped = losses.data.len() + losses.acks.len();
    findings.count("chosen", "packets the link was told to lose", dropped, "from the knobs; yours by fork come on top");
    let got = read.borrow().iter().map(|(at, total)| (*at, i64::try_from(*total).unwrap_or(i64::MAX))).collect();
    findings.curve("read by the program", Unit::Bytes, got);
    findings
}

/// Segments with data that never arrived, in the order they were sent.
fn lost<'a>(recording: &Recording, transfer: &'a Transfer) -> Vec<&'a Sent> {
    let gone = |it: &&Sent| {
        recording.packet(it.packet).is_some_and(|packet| {
            matches!(packet.fate, Fate::Lost(_) | Fate::QueueFull | Fate::Meddled(Meddling::Drop))
        })
    };
    transfer.sent.iter().filter(gone).collect()
}

/// The first loss, from its leaving to its arrival.
fn holes(findings: &mut Findings, transfer: &Transfer, lost: &[&Sent], recording: &Recording) {
    findings.time("handshake", "a round trip takes", transfer.handshake, "the SYN out to the SYN-ACK in");
    let data = transfer.sent.first();
    findings.mark_at("first-data", "the first data leaves", data.map(|it| it.at), data.map(|it| it.packet));
    findings.count("lost", "segments with data that were lost", lost.len(), "sent, and never arrived");
    let Some(first) = lost.first() else { return };
    findings.mark_at("lost", "a segment is lost", Some(first.at), Some(first.packet));
    let again = transfer.sent.iter().find(|it| it.packet > first.packet && it.from <= first.from && it.to > first.from);
    let at = again.map(|it| it.at);
    findings.mark_at("repeat", "its bytes leave again", at, again.map(|it| it.packet));
    findings.time(
        "noticed",
        "its bytes went again after",
        at.map(|it| it - first.at),
        "the lost copy out to the repeat out",
    );
    let filled = again.and_then(|_| arrival(recording, transfer, first));
    findings.mark_at("filled", "the hole is filled", filled.map(|it| it.0), filled.map(|it| it.1));
    let how = "the lost copy out to the copy that arrived";
    findings.time("hole", "the hole was open for", filled.map(|it| it.0 - first.at), how);
    if let Some(second) = lost.iter().find(|it| it.again) {
        findings.mark_at("lost-again", "the repeat is lost as well", Some(second.at), Some(second.packet));
    }
    let duplicates: Vec<_> = transfer.acks.iter().filter(|it| it.duplicate > 0).collect();
    let how = "ACKs that repeat the number before them, at the sender";
    findings.count("duplicate_acks", "duplicate ACKs", duplicates.len(), how);
    let duplicate = duplicates.first();
    let label = "the first duplicate ACK: something after the hole has arrived";
    findings.mark_at("duplicate-ack", label, duplicate.map(|it| it.at), duplicate.map(|it| it.packet));
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

fn cost(findings: &mut Findings, transfer: &Transfer, clean: &Transfer) {
    let how = "the first data out to the last ACK in";
    findings.time("took", "the transfer took", transfer.duration(), how);
    findings.time(
        "clean",
        "without any loss it takes",
        clean.duration(),
        format!("{how}, in the same run without loss"),
    );
    let cost = transfer.duration().zip(clean.duration()).map(|(it, clean)| it.saturating_sub(clean));
    findings.time("cost", "the loss cost", cost, "the difference");
    let trips: Vec<Duration> = transfer.round_trips().iter().map(|it| it.1).collect();
    findings.time("last_rtt", "the last round trip measured", trips.last().copied(), "of a segment that was sent once");
}
