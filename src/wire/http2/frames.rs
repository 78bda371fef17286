//! The frames of HTTP/2, field by field. RFC 9113 §6.
use std::ops::Range;

use super::kinds::{self, Kind};
use super::{MOST_BLOCK, Reading, Unfinished, first_line, names};
use crate::wire::hpack::{self, Line};
use crate::wire::reader::{Reader, Words};
use crate::wire::text::visible_start;

const FRAME: &str = "RFC 9113 §4.1";
const LENGTH: Words = Words::new(
    "http2.length",
    "Length",
    FRAME,
    "Of what follows the frame's nine bytes of header; 16384 at most, unless the settings allow more.",
);
const TYPE: Words = Words::new("http2.type", "Type", FRAME, "What the frame is for.");
const FLAGS: Words = Words::new("http2.flags", "Flags", FRAME, "Each kind of frame has its own.");
const UNUSED: Words = Words::new(
    "http2.flags.unused",
    "Unused",
    FRAME,
    "Without a meaning in this kind of frame: sent as 0, not looked at.",
);
const RESERVED: Words = Words::new("http2.r", "Reserved", FRAME, "0, not looked at.");
const STREAM: Words = Words::new(
    "http2.streamid",
    "Stream identifier",
    "RFC 9113 §5.1.1",
    "Which of the exchanges under way: odd ones the client opened, even ones the server, 0 is the connection itself.",
);
const PAD_LENGTH: Words =
    Words::new("http2.pad_length", "Pad length", "RFC 9113 §6.1", "In bytes, at the frame's end.");
const PADDING: Words = Words::new(
    "http2.padding",
    "Padding",
    "RFC 9113 §6.1",
    "Zeros: hide how long the content is, at the price of sending them.",
);
const EXCLUSIVE: Words = Words::new(
    "http2.exclusive",
    "Exclusive",
    "RFC 9113 §5.3.2",
    "Part of the priorities of RFC 7540, not looked at now.",
);
const DEPENDENCY: Words = Words::new("http2.stream_dependency", "Stream dependency", "RFC 9113 §5.3.2", EXCLUSIVE.why);
const WEIGHT: Words = Words::new("http2.headers.weight", "Weight", "RFC 9113 §5.3.2", EXCLUSIVE.why);
const BODY: Words = Words::new("http2.data.data", "Data", "RFC 9113 §6.1", "A piece of the body.");
const BLOCK: Words = Words::new(
    "http2.headers",
    "Header block",
    "RFC 9113 §4.3",
    "The header fields. Both ends must read every block, also of streams they have given up: the tables change with each.",
);
const FRAGMENT: Words = Words::new(
    "http2.headers.fragment",
    "Part of a header block",
    "RFC 9113 §4.3",
    "Only the whole block can be read: see where its last part came.",
);
const ERROR: Words = Words::new("http2.rst_stream.error", "Error code", "RFC 9113 §7", "Why the stream ends.");
const SETTING: Words = Words::new("http2.settings", "Setting", "RFC 9113 §6.5.1", "One of the limits, and its value.");
const SETTING_ID: Words = Words::new("http2.settings.id", "Setting identifier", "RFC 9113 §6.5.1", "Which one.");
const PROMISED: Words = Words::new(
    "http2.push_promise.promised_stream_id",
    "Promised stream",
    "RFC 9113 §6.6",
    "In which stream the answer will come.",
);
const PING: Words = Words::new("http2.ping", "Ping", "RFC 9113 §6.7", "Any eight bytes; the answer has the same.");
const LAST_STREAM: Words = Words::new(
    "http2.goaway.last_stream_id",
    "Last stream",
    "RFC 9113 §6.8",
    "Streams above it were not looked at: their requests can be sent again elsewhere without a doubt.",
);
const GOAWAY_ERROR: Words = Words::new("http2.goaway.error", "Error code", "RFC 9113 §7", "Why the connection ends.");
const DEBUG: Words =
    Words::new("http2.goaway.addata", "Debug data", "RFC 9113 §6.8", "For people; no program acts on it.");
const INCREMENT: Words = Words::new(
    "http2.window_update.window_size_increment",
    "Window size increment",
    "RFC 9113 §6.9",
    "So many bytes more may be sent.",
);
const ORIGIN_LENGTH: Words = Words::new("http2.altsvc.origin.len", "Origin length", "RFC 7838 §4", "In bytes.");
const ALT_ORIGIN: Words = Words::new(
    "http2.altsvc.origin",
    "Origin",
    "RFC 7838 §4",
    "Whose service it is; empty in a stream, where it is clear.",
);
const ALT_VALUE: Words =
    Words::new("http2.altsvc.field_value", "Field value", "RFC 7838 §3", "What the header field Alt-Svc would say.");
const ENTRY_LENGTH: Words = Words::new("http2.origin.origin_len", "Origin length", "RFC 8336 §2.1", "In bytes.");
const ORIGIN: Words =
    Words::new("http2.origin.origin", "Origin", "RFC 8336 §2.1", "This connection may be used for it, too.");
const PRIORITIZED: Words = Words::new(
    "http2.priority_update_stream_id",
    "Prioritized stream",
    "RFC 9218 §7.1",
    "Whose response is more or less urgent now.",
);
const PRIORITY_VALUE: Words = Words::new(
    "http2.priority_update_field_value",
    "Priority field value",
    "RFC 9218 §4",
    "u=0 is most urgent, u=7 least, u=3 if not said; i: each piece is of use as it comes.",
);
const OTHER: Words = Words::new("http2.unknown", "Content", "RFC 9113 §5.5", "Of a kind of frame that is not known.");

const HEADERS: u8 = 1;
const PUSH_PROMISE: u8 = 5;
const CONTINUATION: u8 = 9;

/// What was found in a frame.
pub(super) struct Found {
    pub(super) name: &'static str,
    pub(super) stream: u32,
    /// What the line says behind that.
    pub(super) more: String,
    /// Whether it ended a header block that came in several frames.
    pub(super) whole: bool,
    /// The fields of a header block that it has by itself.
    pub(super) lines: Option<Vec<Line>>,
    /// Where a piece of a body lies.
    pub(super) body: Option<Range<usize>>,
}

impl Default for Found {
    fn default() -> Self {
        Self { name: kinds::of(0xff).name, stream: 0, more: String::new(), whole: false, lines: None, body: None }
    }
}

/// Reads a frame. `None` where it ends in the middle of something.
pub(super) fn read(r: &mut Reader<'_>, reading: &mut Reading, found: &mut Found) -> Option<()> {
    r.number(&LENGTH, 24)?;
    r.means("bytes");
    let kind = kinds::of(r.u8(&TYPE)?);
    found.name = kind.name;
    r.means(kind.name);
    r.because(format_args!("{} ({})", kind.why, kind.source));
    let flags = r.group(&FLAGS, |r| flags(r, kind))?;
    r.says(format_args!("{flags:#04x}"));
    r.number(&RESERVED, 1)?;
    found.stream = u32::try_from(r.number(&STREAM, 31)?).ok()?;
    in_turn(r, kind, reading, found.stream);
    let has = |flag: u8| flags & flag != 0 && kind.flag(flag).is_some();
    let padding = if has(kinds::PADDED) { usize::from(r.u8(&PAD_LENGTH)?) } else { 0 };
    let length = r.left().checked_sub(padding)?;
    r.within(length, &OTHER, |r| payload(r, kind, &has, reading, found).filter(|()| r.left() == 0))??;
    r.raw(&PADDING, padding)?;
    if has(kinds::END_STREAM) && matches!(kind.code, 0 | 1) {
        found.more.push_str(", end");
    }
    Some(())
}

/// RFC 9113 §6.2, §6.10: behind a block that is not whole comes its CONTINUATION and nothing else, and that nowhere else.
fn in_turn(r: &mut Reader<'_>, kind: &Kind, reading: &mut Reading, stream: u32) {
    let is_more = kind.code == CONTINUATION;
    match &reading.unfinished {
        Some(block) if !is_more || block.stream != stream => {
            let wanted = block.stream;
            r.problem_back(
                4,
                format_args!("a CONTINUATION of stream {wanted} must come here: its header block is not whole"),
            );
        }
        None if is_more => r.problem_back(4, "a CONTINUATION, and no header block goes on"),
        _ => {}
    }
    // Another block takes the place of one that never ended.
    if matches!(kind.code, HEADERS | PUSH_PROMISE) {
        reading.unfinished = None;
    }
}

fn flags(r: &mut Reader<'_>, kind: &Kind) -> Option<u8> {
    let all = *r.ahead().first()?;
    let mut unused = 0;
    for bit in (0..8).rev().map(|bit| 1_u8 << bit) {
        let Some(words) = kind.flag(bit) else {
            unused += 1;
            continue;
        };
        r.number(&UNUSED, unused)?;
        unused = 0;
        r.flag(words)?;
    }
    r.number(&UNUSED, unused)?;
    Some(all)
}

fn payload(
    r: &mut Reader<'_>,
    kind: &Kind,
    has: &impl Fn(u8) -> bool,
    reading: &mut Reading,
    found: &mut Found,
) -> Option<()> {
    match kind.code {
        0 => body(r, found),
        1 => {
            if has(kinds::PRIORITY) {
                priority(r)?;
            }
            block(r, has(kinds::END_HEADERS), reading, found);
        }
        2 => priority(r)?,
        3 => error(r, &ERROR, found)?,
        4 => settings(r, has(kinds::ACK), found)?,
        5 => {
            r.number(&RESERVED, 1)?;
            let promised = r.number(&PROMISED, 31)?;
            block(r, has(kinds::END_HEADERS), reading, found);
            found.more.push_str(&format!(", promises stream {promised}"));
        }
        6 => {
            r.raw(&PING, 8)?;
            found.more = if has(kinds::ACK) { ", ack" } else { "" }.to_owned();
        }
        7 => {
            r.number(&RESERVED, 1)?;
            r.number(&LAST_STREAM, 31)?;
            error(r, &GOAWAY_ERROR, found)?;
            r.text(&DEBUG, r.left())?;
        }
        8 => {
            r.number(&RESERVED, 1)?;
            let increment = r.number(&INCREMENT, 31)?;
            r.means("bytes");
            found.more = format!(": {increment} bytes");
        }
        9 => continuation(r, has(kinds::END_HEADERS), reading, found),
        0xa => {
            let length = usize::from(r.u16(&ORIGIN_LENGTH)?);
            r.text(&ALT_ORIGIN, length)?;
            r.text(&ALT_VALUE, r.left())?;
        }
        0xc => {
            while r.left() > 0 {
                let length = usize::from(r.u16(&ENTRY_LENGTH)?);
                r.text(&ORIGIN, length)?;
            }
        }
        0x10 => {
            r.number(&RESERVED, 1)?;
            r.number(&PRIORITIZED, 31)?;
            r.text(&PRIORITY_VALUE, r.left())?;
        }
        _ => r.rest(&OTHER),
    }
    Some(())
}

fn body(r: &mut Reader<'_>, found: &mut Found) {
    let bytes = r.ahead();
    found.body = Some(r.position()..r.end());
    r.rest(&BODY);
    if std::str::from_utf8(bytes).is_ok() {
        r.means(format_args!("{} bytes: {}", bytes.len(), visible_start(bytes, 64)));
    } else {
        r.means(format_args!("{} bytes", bytes.len()));
    }
    found.more = format!(", {} bytes", bytes.len());
}

fn priority(r: &mut Reader<'_>) -> Option<()> {
    r.number(&EXCLUSIVE, 1)?;
    r.number(&DEPENDENCY, 31)?;
    r.u8(&WEIGHT)?;
    Some(())
}

fn error(r: &mut Reader<'_>, words: &Words, found: &mut Found) -> Option<()> {
    let meaning = names::error(r.u32(words)?);
    r.means(meaning);
    found.more = format!(": {}", meaning.split(':').next().unwrap_or(meaning));
    Some(())
}

fn settings(r: &mut Reader<'_>, acknowledges: bool, found: &mut Found) -> Option<()> {
    found.more = if acknowledges { ", ack" } else { "" }.to_owned();
    while r.left() > 0 {
        let said = r.group(&SETTING, |r| {
            let id = r.hex16(&SETTING_ID)?;
            let (name, field) = names::setting(id);
            r.means(name);
            let (source, why) = names::setting_reason(id);
            let value = r.u32(&Words::new(field, "Value", source, why))?;
            Some(format!("{name}: {value}"))
        })?;
        r.says(said);
    }
    Some(())
}

/// A header block, or the first part of one.
fn block(r: &mut Reader<'_>, is_whole: bool, reading: &mut Reading, found: &mut Found) {
    if is_whole {
        let (lines, _) = r.group(&BLOCK, |r| hpack::read(r, &mut reading.table));
        found.more = first_line(&lines);
        found.lines = Some(lines);
    } else {
        reading.unfinished = Some(Unfinished { stream: found.stream, bytes: Vec::new(), is_cut: false });
        fragment(r, reading);
        found.more = ", goes on".to_owned();
    }
}

fn continuation(r: &mut Reader<'_>, is_last: bool, reading: &mut Reading, found: &mut Found) {
    if reading.unfinished.as_ref().is_some_and(|it| it.stream == found.stream) {
        fragment(r, reading);
        found.whole = is_last;
    } else {
        r.rest(&FRAGMENT);
    }
}

/// Puts a part of a header block to those before it.
fn fragment(r: &mut Reader<'_>, reading: &mut Reading) {
    if let Some(block) = &mut reading.unfinished {
        if r.left() > MOST_BLOCK - block.bytes.len() && !block.is_cut {
            block.is_cut = true;
            r.problem(
                r.position()..r.end(),
                format_args!("a header block of more than {MOST_BLOCK} bytes is not read"),
            );
        }
        if !block.is_cut {
            block.bytes.extend(r.ahead());
        }
    }
    r.rest(&FRAGMENT);
}
