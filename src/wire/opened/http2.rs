//! HTTP/2 in what two ends said: a unit for each frame, and for each header block that came in several.
use super::{Dialogue, Opened, Plain, Unit};
use crate::wire::analysis::{Flow, Seen};
use crate::wire::http2::{self, PREFACE, Reading};

/// More frames of one direction than this are not taken apart.
const MOST_FRAMES: usize = 20_000;

/// The longest headers of Ethernet, IP and TCP, as they are in practice: the preface is the first a client says.
const HEADERS: usize = 150;

/// Whether a packet may carry the preface in the clear: a quick look.
pub(super) fn may_begin(seen: &Seen<'_>) -> bool {
    let start = &seen.frame[..seen.frame.len().min(HEADERS + PREFACE.len())];
    start.windows(PREFACE.len()).any(|it| it == PREFACE)
}

/// What two ends said in a connection that begins with the preface in the clear (prior knowledge). RFC 9113 §3.3.
pub(super) fn cleartext(flow: &Flow) -> Option<Dialogue> {
    let first = flow.streams[0].pieces().next()?;
    let begins = first.bytes.starts_with(PREFACE);
    begins.then(|| Dialogue {
        protocol: Some(b"h2".to_vec()),
        sides: flow.streams.each_ref().map(Plain::of),
        ..Dialogue::default()
    })
}

/// Reads both directions, each with its own header table.
pub(super) fn read(dialogue: &Dialogue, opened: &mut Opened) {
    let [client, server] = &dialogue.sides;
    for (from_server, plain, reader) in [(false, client, server), (true, server, client)] {
        let who = if from_server { "server" } else { "client" };
        let mut reading = Reading::allowing(http2::table_allowed_by(reader.bytes()));
        let mut at = 0;
        for _ in 0..MOST_FRAMES {
            let Some(length) = http2::length(&plain.bytes()[at..]) else { break };
            let range = at..at + length;
            at = range.end;
            let bytes = plain.bytes()[range.clone()].to_vec();
            let frame = reading.read(&bytes);
            let packets = plain.packets(&range);
            if let Some(last) = packets.iter().max() {
                opened.say(*last, "HTTP2", &frame.said);
            }
            let title = format!("HTTP/2 {} of the {who}", frame.said);
            if let Some((bytes, decoded)) = frame.block {
                let title = format!("{} of the {who}, put together", decoded.summary);
                opened.push(Unit { title, packets: packets.clone(), from_server, bytes, decoded });
            }
            opened.push(Unit { title, packets, from_server, bytes, decoded: frame.decoded });
        }
    }
}
