//! HTTP/2 in what two ends said: a unit for each frame, and for each header block that came in several.
use std::collections::BTreeMap;
use std::mem;

use super::came::Came;
use super::{Dialogue, Opened, Plain, Unit};
use crate::wire::analysis::{Flow, Seen};
use crate::wire::grpc;
use crate::wire::http2::{self, Frame, PREFACE, Reading};

/// More frames of one direction than this are not taken apart.
const MOST_FRAMES: usize = 20_000;

/// The longest headers of Ethernet, IP and TCP, as they are in practice: the preface is the first a client says.
const HEADERS: usize = 150;

/// Whether a packet may carry the preface in the clear: a quick look.
pub(super) fn may_begin(seen: &Seen<'_>) -> bool {
    let start = &seen.frame[..seen.frame.len().min(HEADERS + PREFACE.len())];
    start.windows(PREFACE.len()).any(|it| it == PREFACE)
}

/// Whether data of a client begins with the preface.
pub(super) fn begins(data: &[u8]) -> bool {
    data.starts_with(PREFACE)
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
        let mut calls = Calls { from_server, who, streams: BTreeMap::new() };
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
            let message = calls.take(&bytes, &frame, &packets);
            let title = format!("HTTP/2 {} of the {who}", frame.said);
            if let Some((bytes, decoded)) = frame.block {
                let title = format!("{} of the {who}, put together", decoded.summary);
                opened.push(Unit { title, packets: packets.clone(), from_server, bytes, decoded });
            }
            opened.push(Unit { title, packets, from_server, bytes, decoded: frame.decoded });
            for unit in message {
                if let Some(last) = unit.shown_at() {
                    opened.say(last, "GRPC", unit.decoded.summary.clone());
                }
                opened.push(unit);
            }
        }
    }
}

/// The calls of gRPC in one direction: the bodies of their streams, as far as no message was made of them yet.
struct Calls {
    from_server: bool,
    who: &'static str,
    streams: BTreeMap<u32, Call>,
}

#[derive(Default)]
struct Call {
    is_protobuf: bool,
    bytes: Vec<u8>,
    packets: Came,
}

/// More calls than this at once are not followed, nor more bytes of them together.
const MOST_CALLS: usize = 1000;
const MOST_HELD: usize = 16 << 20;
/// A frame that brings more messages is not read further, nor is its call.
const MOST_MESSAGES: usize = 10_000;

impl Calls {
    /// Takes a frame that came in these packets; gives the messages it made whole.
    fn take(&mut self, bytes: &[u8], frame: &Frame, packets: &[u32]) -> Vec<Unit> {
        if let Some(is_protobuf) = frame.lines.as_deref().and_then(grpc::begins) {
            if self.streams.len() < MOST_CALLS {
                self.streams.insert(frame.stream, Call { is_protobuf, ..Call::default() });
            }
            return Vec::new();
        }
        let held: usize = self.streams.values().map(|it| it.bytes.len()).sum();
        let Some(call) = self.streams.get_mut(&frame.stream) else { return Vec::new() };
        let Some(piece) = frame.body.clone().map(|it| &bytes[it]) else { return Vec::new() };
        call.bytes.extend(piece);
        call.packets.extend(packets.iter().copied());
        let (mut units, mut read) = (Vec::new(), 0);
        // Messages may be empty: a frame of nothing else has more of them than are kept.
        while let Ok(Some(length)) = grpc::length(&call.bytes[read..]) {
            if units.len() >= MOST_MESSAGES {
                break;
            }
            let bytes = call.bytes[read..read + length].to_vec();
            read += length;
            let (said, decoded) = grpc::message(&bytes, call.is_protobuf);
            let title = format!("{said} of the {}, stream {}", self.who, frame.stream);
            // The next one begins in this frame.
            let next = call.packets.list().last().copied().into_iter().collect();
            let packets = mem::replace(&mut call.packets, next).into_list();
            units.push(Unit { title, packets, from_server: self.from_server, bytes, decoded });
        }
        call.bytes.drain(..read);
        let is_over = grpc::length(&call.bytes).is_err() || units.len() >= MOST_MESSAGES;
        if is_over || held + piece.len() > MOST_HELD {
            self.streams.remove(&frame.stream);
        }
        units
    }
}
