//! QUIC in UDP datagrams: the packets of one, with what is in the clear, and packets whose protection is off. RFC 9000.
mod frames;
mod header;
mod kinds;
mod names;
pub(super) mod parameters;
pub(super) mod protection;
#[cfg(test)]
pub(super) mod samples;

use super::reader::{Reader, Words};
use super::walk::Facts;
use super::{Decoded, walk::Next};
pub(super) use frames::{Carried, Frames};
use header::Shape;
pub(super) use header::{Header, Kind, find, varint};

const PACKET: Words = Words::new(
    "quic.packet",
    "QUIC packet",
    "RFC 9000 §12.2",
    "One datagram can carry several packets, each sealed with other keys: the first flights need fewer datagrams so.",
);
const NOT_READ: Words = Words::new(
    "quic.remaining_payload",
    "Rest of the datagram",
    "RFC 9000 §12.2",
    "No packet of a version that is known begins here.",
);
const TAG: Words = Words::new(
    "quic.tag",
    "Authentication tag",
    "RFC 9001 §5.3",
    "Proves that neither header nor payload was changed on the way; who does not have the key cannot make it.",
);

/// More packets of one datagram than this are not taken apart.
const MOST_PACKETS: usize = 64;
/// RFC 9001 §5.4.2: a packet that is shorter has no sample for its mask.
const SHORTEST: usize = 21;

/// Whether a datagram of port 443 can be QUIC: its first packet is of a known version, or long enough for a short header.
pub(super) fn begins(datagram: &[u8]) -> bool {
    match datagram.first() {
        Some(first) if first & 0x80 == 0 => datagram.len() >= SHORTEST,
        Some(_) => find(datagram, 0).is_some(),
        None => false,
    }
}

/// Reads the packets of a datagram.
pub(super) fn read(r: &mut Reader<'_>, facts: &mut Facts) -> Option<Next> {
    facts.quic = Some(r.position()..r.end());
    let mut said: Vec<&str> = Vec::new();
    for _ in 0..MOST_PACKETS {
        if find(r.ahead(), 0).is_none() {
            break;
        }
        let kind = r.group(&PACKET, |r| {
            let length = find(r.ahead(), 0).map_or(0, |it| it.end);
            r.within(length, &NOT_READ, |r| header::read(r, Shape::Sealed)).flatten()
        });
        let Some(kind) = kind else { break };
        r.says(kind.name());
        said.push(kind.name());
    }
    r.rest(&NOT_READ);
    facts.summary = format!("QUIC {}", said.join(", "));
    None
}

/// A packet whose protection is off: its layer, what its frames carry, and its line (`1-RTT 5 [ACK, STREAM 0]`).
pub(super) fn opened(bytes: &[u8], number: u64, own: usize) -> (Decoded, Frames) {
    let mut r = Reader::new(bytes, 0..bytes.len(), true);
    let kind = header::read(&mut r, Shape::Opened { number, own });
    let payload = r.left().saturating_sub(protection::TAG);
    let frames = r.within(payload, &NOT_READ, frames::read).unwrap_or_default();
    r.rest(&TAG);
    let name = kind.map_or("", Kind::name);
    let summary = format!("{name} {number} [{}]", frames.said.join(", "));
    let (layer, problems) = r.finish("quic", format!("QUIC, {name} packet {number}"));
    (Decoded { layers: vec![layer], problems, summary: format!("QUIC {summary}") }, frames)
}
