//! HTTP/3 in the streams of a QUIC connection: a unit for each frame and for each instruction of QPACK.
use std::ops::Range;

use super::streams::{Streams, packets};
use crate::wire::Decoded;
use crate::wire::analysis::Stream;
use crate::wire::http3;
use crate::wire::opened::{Opened, Unit};
use crate::wire::qpack::{self, Context, Table};

/// More frames and instructions of one stream than this are not taken apart.
const MOST_PARTS: usize = 20_000;

/// Stream types. RFC 9114 §6.2, RFC 9204 §4.2.
const CONTROL: u64 = 0;
const ENCODER: u64 = 2;
const DECODER: u64 = 3;

/// Reads what both ends wrote: the client first.
pub(super) fn read(sides: [&Streams; 2], opened: &mut Opened) {
    let capacities = sides.map(capacity);
    for (from_server, streams) in [false, true].into_iter().zip(sides) {
        // What one end may put into the other's table the other's settings say.
        let capacity = capacities[usize::from(!from_server)];
        let mut side = Side { from_server, table: Table::default(), capacity, opened };
        let (first, rest): (Vec<_>, Vec<_>) = streams.iter().partition(|(id, it)| kind(**id, it) == Some(ENCODER));
        for (id, stream) in first.into_iter().chain(rest) {
            side.stream(*id, stream);
        }
    }
}

/// The type of a stream one way; `None` of one both ways. RFC 9000 §2.1.
fn kind(id: u64, stream: &Stream) -> Option<u64> {
    let first = stream.pieces().next().filter(|_| id & 2 != 0)?;
    http3::stream_type(first.bytes).map(|it| it.0)
}

fn capacity(streams: &Streams) -> u64 {
    let control = streams.iter().find(|(id, it)| kind(**id, it) == Some(CONTROL));
    control.map_or(0, |(_, it)| http3::table_capacity(it.bytes().get(1..).unwrap_or_default()))
}

struct Side<'a> {
    from_server: bool,
    table: Table,
    capacity: u64,
    opened: &'a mut Opened,
}

impl Side<'_> {
    fn stream(&mut self, id: u64, stream: &Stream) {
        let bytes = stream.bytes();
        let mut at = 0;
        let mut kind = None;
        if id & 2 != 0 {
            let Some((code, length)) = http3::stream_type(&bytes) else { return };
            let (said, decoded) = http3::beginning(&bytes[..length]);
            self.push((id, stream), &bytes, 0..length, (said, decoded));
            (kind, at) = (Some(code), length);
        }
        for _ in 0..MOST_PARTS {
            let Some((length, said, decoded)) = self.part(id, kind, stream, &bytes, at) else { break };
            self.push((id, stream), &bytes, at..at + length, (said, decoded));
            at += length;
        }
    }

    /// The frame or the instruction that begins at `at`, when all of it is there.
    fn part(
        &mut self,
        id: u64,
        kind: Option<u64>,
        stream: &Stream,
        bytes: &[u8],
        at: usize,
    ) -> Option<(usize, String, Decoded)> {
        let ahead = bytes.get(at..).filter(|it| !it.is_empty())?;
        match kind {
            Some(ENCODER) => {
                let packet = packets(stream, &(at..at + 1)).first().copied()?;
                http3::instruction(ahead, |r| qpack::encoder(r, &mut self.table, packet))
            }
            Some(DECODER) => http3::instruction(ahead, qpack::decoder),
            Some(code) if !http3::has_frames(code) => None,
            _ => {
                let length = http3::frame_length(ahead)?;
                let packet = packets(stream, &(at..at + length)).into_iter().max()?;
                let context = Context { table: &self.table, capacity: self.capacity, packet };
                let (said, decoded) = http3::frame(&ahead[..length], id, &context);
                Some((length, said, decoded))
            }
        }
    }

    fn push(
        &mut self,
        (id, stream): (u64, &Stream),
        bytes: &[u8],
        range: Range<usize>,
        (said, decoded): (String, Decoded),
    ) {
        let packets = packets(stream, &range);
        if let Some(last) = packets.iter().max() {
            self.opened.say(*last, "HTTP3", &said);
        }
        let who = if self.from_server { "server" } else { "client" };
        let title = format!("HTTP/3 {said} of the {who}, QUIC stream {id}");
        let bytes = bytes[range].to_vec();
        self.opened.push(Unit { title, packets, from_server: self.from_server, bytes, decoded });
    }
}
