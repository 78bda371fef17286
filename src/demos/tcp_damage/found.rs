//! What a run through a bad box measures: what came in, what was thrown away, and what the program was told.
use std::time::Duration;

use super::{MESSAGES, payment};
use crate::demos::capture::{Sight, capture, first, latest, resent, segment};
use crate::demos::findings::{Findings, between};
use crate::quantity::Quantity;
use crate::recording::{Recording, Time};
use crate::wire;

pub(super) fn found(recording: &Recording, booked: &[(Time, Vec<u8>)]) -> Findings {
    let mut findings = Findings::default();
    let client = capture(recording, "client");
    let server = capture(recording, "server");
    program(&mut findings, booked, &server);
    segments(&mut findings, &client, &server);
    let first_data = first(&client, |it| it.sent && it.data() > 0);
    findings.mark("first-payment", "the first payment leaves", first_data);
    delays(&mut findings, first_data.map(|it| it.at), booked);
    findings
}

/// What the server's program was given.
fn program(findings: &mut Findings, booked: &[(Time, Vec<u8>)], server: &[Sight<'_>]) {
    findings.count("booked", "payments the server's program booked", booked.len(), format!("of {MESSAGES} sent"));
    let altered: Vec<_> = (1..).zip(booked).filter(|(number, (_, line))| *line != payment(*number)).collect();
    let how = "lines that differ from what was sent: TCP has told nobody";
    findings.count("altered", "payments booked with other content", altered.len(), how);
    let at = altered.first().map(|(_, (at, _))| *at);
    let packet = at.and_then(|at| latest(server, at, |it| it.data() > 0)).map(|it| it.packet.n);
    findings.mark_at("altered", "the program books what nobody sent", at, packet);
}

/// What the server's host got and threw away.
fn segments(findings: &mut Findings, client: &[Sight<'_>], server: &[Sight<'_>]) {
    let arrived: Vec<_> = server.iter().filter(|it| !it.sent && it.data() > 0).collect();
    findings.count("arrived", "segments with data that arrived", arrived.len(), "at the server's host");
    let damaged: Vec<_> = arrived.iter().filter(|it| checksum_is_wrong(it)).copied().collect();
    let how = "recomputed over the bytes that arrived; such a segment is dropped without a word";
    findings.count("bad_checksum", "of them with a wrong checksum", damaged.len(), how);
    findings.mark("damaged", "a segment whose checksum does not fit arrives: dropped", damaged.first().copied());
    let isn = segment(client, |it| it.opens()).and_then(|it| it.tcp()).map_or(0, |it| it.seq);
    let places = places(isn, &arrived);
    let at = |wanted: Place| places.iter().filter(move |(_, it)| *it == wanted).map(|(sight, _)| *sight);
    let how = "all their bytes had come before: acknowledged again, and dropped";
    findings.count("duplicates", "segments that came a second time", at(Place::Known).count(), how);
    findings.mark("duplicate", "bytes that had come already: dropped", at(Place::Known).next());
    let how = "their first byte is beyond the next expected: kept until the gap is filled";
    findings.count("out_of_order", "segments that came too early", at(Place::Early).count(), how);
    findings.mark(
        "too-early",
        "a segment beyond a gap: kept, and the missing number asked for",
        at(Place::Early).next(),
    );
    let repeat = resent(client);
    let sent_again = repeat.is_some();
    findings.count("sent_again", "whether the client sent bytes again", usize::from(sent_again), "1 when it did");
    findings.mark("again", "the client sends the missing bytes again", repeat.map(|(_, again)| again));
    let gap = repeat.and_then(|(first, again)| between(Some(first), Some(again)));
    let how =
        "from the first copy to the second: until the ACK of a later segment shows the gap, or the timer runs out";
    findings.time("sent_again_after", "the bytes were sent again after", gap, how);
}

fn checksum_is_wrong(sight: &Sight<'_>) -> bool {
    let decoded = wire::decode(&sight.packet.bytes);
    let checksum = decoded.field("tcp.checksum").map(|it| it.bits.start / 8);
    decoded.problems.iter().any(|it| Some(it.bytes.start) == checksum)
}

/// What the sequence numbers of a sound segment told the server's host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// It begins with the next expected byte, or brings some that were missing.
    New,
    /// All its bytes had come before.
    Known,
    /// It begins beyond the next expected byte.
    Early,
}

/// Where each sound segment lies, by what had come before it.
fn places<'s, 'a>(isn: u32, arrived: &[&'s Sight<'a>]) -> Vec<(&'s Sight<'a>, Place)> {
    let mut here: Vec<bool> = Vec::new();
    let mut places = Vec::new();
    for sight in arrived.iter().filter(|it| !checksum_is_wrong(it)) {
        let Some(tcp) = sight.tcp() else { continue };
        let from = tcp.offset(isn) as usize;
        let to = from + tcp.payload.len();
        let next = here.iter().position(|it| !it).unwrap_or(here.len());
        here.resize(here.len().max(to), false);
        let place = if from > next {
            Place::Early
        } else if here[from..to].iter().all(|it| *it) {
            Place::Known
        } else {
            Place::New
        };
        here[from..to].fill(true);
        places.push((*sight, place));
    }
    places
}

fn delays(findings: &mut Findings, began: Option<Time>, booked: &[(Time, Vec<u8>)]) {
    let Some(began) = began else { return };
    let delay = |(index, (at, _)): (u32, &(Time, Vec<u8>))| (*at - began).saturating_sub(super::INTERVAL * index);
    let worst: Option<Duration> = (0..).zip(booked).map(delay).max();
    let how = "the longest time from a payment's send() to its booking";
    findings.measure("worst_delay", "the slowest payment took", worst.map(Quantity::time), how);
}
