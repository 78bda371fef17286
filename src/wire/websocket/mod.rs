//! WebSocket: messages both ways on a connection that HTTP opened, each in a frame or in several. RFC 6455 §5.
pub mod names;
#[cfg(test)]
mod tests;
mod words;

use super::Decoded;
use super::reader::Reader;
use super::text::{hex_start, visible_start};
use names::{CLOSE, CONTINUATION, PING, PONG, TEXT};
use words::{
    BODY, BODY_CLEAR, CODE, EXTENDED_16, EXTENDED_64, FIN, KEY, LENGTH, MASK, OPCODE, PING_DATA, PONG_DATA, REASON,
    RESERVED, REST, TEXT_CLEAR,
};

/// More of a message than this is not put together.
const MOST_MESSAGE: usize = 1 << 20;
/// The longest payload of a control frame. RFC 6455 §5.5.
const MOST_CONTROL: u64 = 125;
/// So many bytes of a payload are shown.
const SHOWN: usize = 200;

/// One direction of a connection as it is read.
#[derive(Debug)]
pub(super) struct Reading {
    from_server: bool,
    /// Both ends agreed to compress messages. RFC 7692.
    deflate: bool,
    unfinished: Option<Unfinished>,
}

/// A message whose last frame has not come.
#[derive(Debug)]
struct Unfinished {
    opcode: u8,
    compressed: bool,
    bytes: Vec<u8>,
    frames: usize,
    from: usize,
}

/// A frame that was read.
#[derive(Debug)]
pub(super) struct Frame {
    /// `Text [FIN] [MASKED], 20 bytes`.
    pub(super) said: String,
    pub(super) decoded: Decoded,
    /// A message of several frames that this one ended.
    pub(super) message: Option<Message>,
}

/// A message that came in several frames.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) frames: usize,
    /// Where its first frame began, in the bytes of the direction.
    pub(super) from: usize,
    /// Unmasked.
    pub(super) bytes: Vec<u8>,
    pub(super) decoded: Decoded,
}

/// What the first bytes of a frame say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Bytes of the header, the masking key included.
    pub length: usize,
    /// Whether this is the last frame of its message.
    pub fin: bool,
    /// The three reserved bits, RSV1 the highest.
    pub reserved: u8,
    pub opcode: u8,
    /// The masking key, where the payload is masked.
    pub key: Option<[u8; 4]>,
    /// Bytes of the payload.
    pub payload: u64,
    /// Whether that is written in as few bytes as it needs.
    pub shortest: bool,
}

impl Header {
    /// Reads it, when all of it is here.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let [first, second] = *bytes.first_chunk()?;
        let (payload, at, shortest) = match second & 0x7f {
            126 => {
                let length = u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?);
                (u64::from(length), 4, length > 125)
            }
            127 => {
                let length = u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?);
                (length, 10, length > 0xffff)
            }
            short => (u64::from(short), 2, true),
        };
        let masked = second & 0x80 != 0;
        let key = if masked { Some(*bytes.get(at..)?.first_chunk()?) } else { None };
        let (reserved, opcode) = (first >> 4 & 7, first & 15);
        let length = at + if masked { 4 } else { 0 };
        Some(Self { length, fin: first & 0x80 != 0, reserved, opcode, key, payload, shortest })
    }

    /// Of the whole frame; `None` where no memory holds so much.
    fn whole(&self) -> Option<usize> {
        usize::try_from(self.payload).ok()?.checked_add(self.length)
    }

    /// Whether it is about the connection, not a part of a message. RFC 6455 §5.5.
    #[must_use]
    pub const fn is_control(&self) -> bool {
        self.opcode & 8 != 0
    }
}

/// The length of the frame that begins here, when all of it is here.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    Header::read(bytes)?.whole().filter(|length| *length <= bytes.len())
}

impl Reading {
    pub(super) const fn new(from_server: bool, deflate: bool) -> Self {
        Self { from_server, deflate, unfinished: None }
    }

    /// Reads a whole frame, which begins at `at` of what this end said.
    pub(super) fn read(&mut self, bytes: &[u8], at: usize) -> Frame {
        let mut r = Reader::new(bytes, 0..bytes.len(), true);
        let Some(head) = Header::read(bytes) else {
            r.rest(&REST);
            return Frame { said: "cut short".to_owned(), decoded: finished(r, "cut short"), message: None };
        };
        let read = header(&mut r, &head, self.deflate);
        self.judge(&mut r, &head);
        let plain = unmasked(r.ahead(), head.key);
        if read.is_some() {
            payload(&mut r, &head, &plain, self.compressed(&head));
        }
        r.rest(&REST);
        let said = self.said(&head);
        let message = self.gather(&head, &plain, at);
        Frame { decoded: finished(r, &said), said, message }
    }

    fn said(&self, head: &Header) -> String {
        let mut said = names::opcode(head.opcode).to_owned();
        for (is, word) in
            [(head.fin, " [FIN]"), (head.key.is_some(), " [MASKED]"), (self.compressed(head), " [COMPRESSED]")]
        {
            said.push_str(if is { word } else { "" });
        }
        format!("{said}, {} bytes", head.payload)
    }

    /// RFC 7692 §6: the first frame says it of all its message.
    fn compressed(&self, head: &Header) -> bool {
        let begun = self.unfinished.as_ref().is_some_and(|it| it.compressed) && head.opcode == CONTINUATION;
        self.deflate && (begun || head.reserved & 4 != 0)
    }

    /// What RFC 6455 forbids, at the bytes it is about.
    fn judge(&self, r: &mut Reader<'_>, head: &Header) {
        let reserved = if self.deflate && !head.is_control() { head.reserved & 3 } else { head.reserved };
        if reserved != 0 {
            r.problem(
                0..1,
                "a reserved bit is set and no extension was agreed on that gives it a meaning (RFC 6455 §5.2)",
            );
        }
        if names::is_reserved(head.opcode) {
            r.problem(
                0..1,
                format_args!("opcode {:#x} has no meaning: the receiver must end the connection", head.opcode),
            );
        }
        if head.is_control() && !head.fin {
            r.problem(0..1, "a control frame must not be cut into several (RFC 6455 §5.5)");
        }
        if head.is_control() && head.payload > MOST_CONTROL {
            r.problem(1..2, format_args!("a control frame carries 125 bytes at the most, this {}", head.payload));
        }
        if !head.shortest || head.payload >> 63 != 0 {
            r.problem(
                1..2,
                "the length must be written in as few bytes as it needs, its highest bit 0 (RFC 6455 §5.2)",
            );
        }
        match (self.from_server, head.key) {
            (true, Some(_)) => r.problem(1..2, "a server must not mask what it sends (RFC 6455 §5.1)"),
            (false, None) => r.problem(1..2, "a client must mask all it sends (RFC 6455 §5.1)"),
            _ => {}
        }
        match (&self.unfinished, head.opcode) {
            (None, CONTINUATION) => r.problem(0..1, "this goes on with a message, and none was begun (RFC 6455 §5.4)"),
            (Some(_), opcode) if opcode != CONTINUATION && !head.is_control() => {
                r.problem(0..1, "a new message begins before the last was ended (RFC 6455 §5.4)");
            }
            _ => {}
        }
    }

    /// Adds a frame to its message; the message, when this ends one of several frames.
    fn gather(&mut self, head: &Header, plain: &[u8], at: usize) -> Option<Message> {
        if head.is_control() || names::is_reserved(head.opcode) {
            return None;
        }
        if head.opcode != CONTINUATION {
            let (compressed, bytes) = (self.compressed(head), Vec::new());
            self.unfinished = Some(Unfinished { opcode: head.opcode, compressed, bytes, frames: 0, from: at });
        }
        let message = self.unfinished.as_mut()?;
        message.frames += 1;
        let room = MOST_MESSAGE.saturating_sub(message.bytes.len());
        message.bytes.extend(&plain[..plain.len().min(room)]);
        if !head.fin {
            return None;
        }
        let Unfinished { opcode, compressed, bytes, frames, from } = self.unfinished.take()?;
        (frames > 1).then(|| Message { decoded: whole(&bytes, opcode, compressed), frames, from, bytes })
    }
}

/// RFC 6455 §5.2, bit by bit.
fn header(r: &mut Reader<'_>, head: &Header, deflate: bool) -> Option<()> {
    r.number(&FIN, 1)?;
    r.means(if head.fin { "the message is whole with this frame" } else { "more frames of this message follow" });
    r.number(&RESERVED, 3)?;
    r.means(match head.reserved {
        0 => "none set",
        4 if deflate => "RSV1: the message is compressed (permessage-deflate, RFC 7692 §6)",
        _ => "set",
    });
    r.number(&OPCODE, 4)?;
    r.means(names::opcode(head.opcode));
    r.because(names::opcode_reason(head.opcode));
    r.number(&MASK, 1)?;
    r.means(if head.key.is_some() { "masked" } else { "as it is" });
    match r.number(&LENGTH, 7)? {
        126 => {
            r.means("the length is in the next 2 bytes");
            r.number(&EXTENDED_16, 16)?;
            r.means("bytes");
        }
        127 => {
            r.means("the length is in the next 8 bytes");
            r.number(&EXTENDED_64, 64)?;
            r.means("bytes");
        }
        _ => r.means("bytes"),
    }
    if head.key.is_some() {
        r.raw(&KEY, 4)?;
    }
    Some(())
}

/// What the frame carries; a masked field has its bytes as they were sent, and what they mean unmasked.
fn payload(r: &mut Reader<'_>, head: &Header, plain: &[u8], compressed: bool) {
    if head.opcode == CLOSE {
        return close(r, plain, head.key.is_some());
    }
    let words = match (head.opcode, head.key) {
        (PING, _) => &PING_DATA,
        (PONG, _) => &PONG_DATA,
        (_, Some(_)) => &BODY,
        (TEXT, None) if !compressed => &TEXT_CLEAR,
        (_, None) => &BODY_CLEAR,
    };
    r.rest(words);
    let masked = if head.key.is_some() { "unmasked: " } else { "" };
    let shown = if compressed { "compressed: not undone here".to_owned() } else { shown(plain) };
    r.means(format_args!("{} bytes, {masked}{shown}", plain.len()));
    // A frame may end in the middle of a character: only a whole message must be UTF-8 (RFC 6455 §5.6).
    if head.opcode == TEXT && head.fin && !compressed {
        utf8(r, plain);
    }
}

/// RFC 6455 §5.5.1: a code of two bytes and a reason, or nothing.
fn close(r: &mut Reader<'_>, plain: &[u8], masked: bool) {
    let Some(code) = plain.first_chunk().map(|it| u16::from_be_bytes(*it)) else {
        if !plain.is_empty() {
            r.rest(&REST);
            r.problem_back(1, "a close frame has a code of 2 bytes, or nothing (RFC 6455 §5.5.1)");
        }
        return;
    };
    let unmasked = if masked { ", unmasked" } else { "" };
    r.u16(&CODE);
    r.says(code);
    r.means(format_args!("{}{unmasked}", names::close(code)));
    if !names::may_be_sent(code) {
        r.problem_back(2, format_args!("code {code} must not be sent in a close frame (RFC 6455 §7.4)"));
    }
    r.rest(&REASON);
    let reason = &plain[2..];
    if !reason.is_empty() {
        r.says(visible_start(reason, SHOWN));
        utf8(r, reason);
    }
}

fn utf8(r: &mut Reader<'_>, plain: &[u8]) {
    if std::str::from_utf8(plain).is_err() {
        r.problem_back(plain.len(), "text must be UTF-8: the receiver must end the connection (RFC 6455 §8.1)");
    }
}

/// A message out of several frames, its layers over the unmasked bytes.
fn whole(bytes: &[u8], opcode: u8, compressed: bool) -> Decoded {
    let mut r = Reader::new(bytes, 0..bytes.len(), true);
    r.rest(if opcode == TEXT && !compressed { &TEXT_CLEAR } else { &BODY_CLEAR });
    let shown = if compressed { "compressed: not undone here".to_owned() } else { shown(bytes) };
    r.means(format_args!("{} bytes, {shown}", bytes.len()));
    if opcode == TEXT && !compressed && bytes.len() < MOST_MESSAGE {
        utf8(&mut r, bytes);
    }
    let (layer, problems) = r.finish("websocket", "WebSocket, a message put together and unmasked");
    let summary = format!("WebSocket {} message, {} bytes", names::opcode(opcode), bytes.len());
    Decoded { layers: vec![layer], problems, summary }
}

fn finished(r: Reader<'_>, said: &str) -> Decoded {
    let (layer, problems) = r.finish("websocket", format!("WebSocket, {said}"));
    Decoded { layers: vec![layer], problems, summary: format!("WebSocket {said}") }
}

/// RFC 6455 §5.3: each byte with one of the key's four, in turn.
fn unmasked(bytes: &[u8], key: Option<[u8; 4]>) -> Vec<u8> {
    let key = key.unwrap_or_default();
    bytes.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect()
}

fn shown(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(_) => visible_start(bytes, SHOWN),
        Err(_) => hex_start(bytes, 32),
    }
}
