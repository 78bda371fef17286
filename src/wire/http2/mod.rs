//! HTTP/2: frames of many streams in one connection, header fields in HPACK. RFC 9113.
mod frames;
mod kinds;
mod names;

use std::ops::Range;

use super::hpack::{self, DEFAULT_CAPACITY, Line, Table};
use super::reader::{Reader, Words};
use super::{Decoded, grpc};

/// What the client says first: chosen so that a server of HTTP/1.1 gives up at once. RFC 9113 §3.4.
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// A frame's header. RFC 9113 §4.1.
const HEADER: usize = 9;
/// The type of SETTINGS, and its SETTINGS_HEADER_TABLE_SIZE. RFC 9113 §6.5, §6.5.2.
const SETTINGS: u8 = 4;
const HEADER_TABLE_SIZE: u8 = 1;
/// A longer header block is not put together.
const MOST_BLOCK: usize = 1 << 20;

const MAGIC: Words = Words::new(
    "http2.magic",
    "Connection preface",
    "RFC 9113 §3.4",
    "Looks like a request of HTTP/1.1 by a method nobody has: a server that does not know HTTP/2 breaks off at once.",
);
const NOT_READ: Words = Words::new(
    "http2.unknown",
    "Bytes that fit nothing",
    "RFC 9113 §4.2",
    "The frame is shorter or longer than its kind can be: FRAME_SIZE_ERROR.",
);

/// One direction of a connection as it is read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    table: Table,
    /// A header block whose end has not come.
    unfinished: Option<Unfinished>,
}

/// The first parts of a header block. RFC 9113 §4.3.
#[derive(Debug)]
struct Unfinished {
    stream: u32,
    bytes: Vec<u8>,
    /// Whether there was more of it than is put together.
    is_cut: bool,
}

/// A frame that was read.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) stream: u32,
    /// `HEADERS[1]: GET /`, as Wireshark says it.
    pub(super) said: String,
    pub(super) decoded: Decoded,
    /// A header block that came in several frames, now whole.
    pub(super) block: Option<(Vec<u8>, Decoded)>,
    /// The header fields, where this frame made a block whole.
    pub(super) lines: Option<Vec<Line>>,
    /// Where in the frame a piece of a body lies.
    pub(super) body: Option<Range<usize>>,
}

/// The bytes of a header block, what they say, and its fields.
type Whole = ((Vec<u8>, Decoded), Vec<Line>);

/// A header block of one direction, and the table behind it.
#[derive(Clone, Debug)]
pub struct Block {
    /// The stream it belongs to.
    pub stream: u32,
    /// Where the frame that made it whole ends, in the direction's bytes.
    pub end: usize,
    pub lines: Vec<Line>,
    pub table: Table,
}

/// The header blocks in the bytes of one direction of a connection, in their order, as far as frames are whole.
#[must_use]
pub fn blocks(bytes: &[u8]) -> Vec<Block> {
    let (mut reading, mut blocks, mut end) = (Reading::default(), Vec::new(), 0);
    while let Some(length) = length(&bytes[end..]) {
        let frame = reading.read(&bytes[end..end + length]);
        end += length;
        let block = |lines| Block { stream: frame.stream, end, lines, table: reading.table.clone() };
        blocks.extend(frame.lines.map(block));
    }
    blocks
}

/// How large the bytes of one direction let the other make its header table: the largest that its SETTINGS say, or what holds
/// without. RFC 9113 §6.5.2.
pub(super) fn table_allowed_by(bytes: &[u8]) -> u64 {
    let (mut allowed, mut at) = (DEFAULT_CAPACITY, 0);
    while let Some(length) = length(&bytes[at..]) {
        let frame = &bytes[at..at + length];
        at += length;
        if frame.starts_with(PREFACE) || frame.get(3) != Some(&SETTINGS) {
            continue;
        }
        for setting in frame[HEADER..].chunks_exact(6) {
            if let [0, HEADER_TABLE_SIZE, value @ ..] = setting {
                let value = value.first_chunk().map_or(0, |it| u32::from_be_bytes(*it));
                allowed = allowed.max(value.into());
            }
        }
    }
    allowed
}

/// The length of what begins here, the preface or a frame, when all of it is here.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    let length = if bytes.starts_with(PREFACE) {
        PREFACE.len()
    } else {
        let [high, middle, low] = *bytes.first_chunk()?;
        HEADER + usize::try_from(u32::from_be_bytes([0, high, middle, low])).ok()?
    };
    (length <= bytes.len()).then_some(length)
}

impl Reading {
    /// One whose header table may be made so large, in bytes.
    pub(super) fn allowing(table: u64) -> Self {
        Self { table: Table::allowing(table), unfinished: None }
    }

    /// Reads a whole frame, or the preface.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Frame {
        let mut r = Reader::new(bytes, 0..bytes.len(), true);
        if bytes.starts_with(PREFACE) {
            r.text(&MAGIC, PREFACE.len());
            r.rest(&NOT_READ);
            let decoded = finished(r, "Magic", "connection preface");
            return Frame { stream: 0, said: "Magic".to_owned(), decoded, block: None, lines: None, body: None };
        }
        let mut found = frames::Found::default();
        let read = frames::read(&mut r, self, &mut found);
        if read.is_none() || r.left() > 0 {
            let end = r.end();
            r.problem(r.position()..end, "the frame's length does not fit what is in it");
        }
        r.rest(&NOT_READ);
        let said = format!("{}[{}]{}", found.name, found.stream, found.more);
        let title = format!("{} frame, stream {}", found.name, found.stream);
        let decoded = finished(r, &said, &title);
        let whole = found.whole.then(|| self.whole()).flatten();
        let (block, lines) = whole.map_or((None, found.lines), |(block, lines)| (Some(block), Some(lines)));
        Frame { stream: found.stream, decoded, said, block, lines, body: found.body }
    }

    /// Reads the header block that several frames brought.
    fn whole(&mut self) -> Option<Whole> {
        let Unfinished { stream, bytes, .. } = self.unfinished.take().filter(|it| !it.is_cut)?;
        let mut r = Reader::new(&bytes, 0..bytes.len(), true);
        let (lines, _) = hpack::read(&mut r, &mut self.table);
        let said = format!("header block[{stream}]{}", first_line(&lines));
        let decoded = finished(r, &said, "header block");
        Some(((bytes, decoded), lines))
    }
}

fn finished(r: Reader<'_>, said: &str, title: &str) -> Decoded {
    let (layer, problems) = r.finish("http2", format!("HTTP/2, {title}"));
    Decoded { layers: vec![layer], problems, summary: format!("HTTP2 {said}") }
}

/// `: GET /` of a request, `: 200` of a response; of trailers how a call of gRPC ended.
pub(super) fn first_line(lines: &[Line]) -> String {
    let find = |name: &[u8]| {
        let found = lines.iter().find(|it| *it.entry.name == *name)?;
        Some(super::text::visible_start(&found.entry.value, 80))
    };
    match (find(b":method"), find(b":path"), find(b":status")) {
        (Some(method), Some(path), _) => format!(": {method} {path}"),
        (_, _, Some(status)) => format!(": {status}"),
        _ => grpc::status_said(lines).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
