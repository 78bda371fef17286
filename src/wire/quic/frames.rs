//! The frames of a QUIC packet, field by field. RFC 9000 §19, RFC 9221 §4.
use std::ops::Range;

use super::kinds::{self, Shape};
use super::names;
use crate::wire::reader::{Reader, Words};
use crate::wire::tls;

/// More frames of one packet than this are not taken apart: an empty one has a single byte.
const MOST_FRAMES: usize = 400;

const TYPE: Words = Words::new(
    "quic.frame_type",
    "Frame type",
    "RFC 9000 §12.4",
    "Which frame this is. There is no length for all kinds: who does not know a type cannot read on.",
);
const UNKNOWN: Words = Words::new(
    "quic.ft.unknown",
    "Frame that is not known",
    "RFC 9000 §19.21",
    "Where it ends cannot be known, so neither can what comes behind it.",
);
const LIMIT: Words = Words::new(
    "quic.frames_behind_the_limit",
    "Frames behind the limit",
    "RFC 9000 §12.4",
    "There are more frames than are taken apart here: what these carry is in no stream that is shown.",
);
const CRYPTO_DATA: Words = Words::new(
    "quic.crypto.crypto_data",
    "Crypto data",
    "RFC 9000 §19.6",
    "Bytes of the TLS handshake, without records around them: packets seal them here.",
);
const STREAM_DATA: Words = Words::new(
    "quic.stream_data",
    "Stream data",
    "RFC 9000 §19.8",
    "What the program wrote into this stream. A loss holds up this stream only, not its neighbours.",
);
const TOKEN: Words = Words::new(
    "quic.nt.token",
    "Token",
    "RFC 9000 §8.1.3",
    "Sent in the first packet of a later connection: so the server need not check the client's address again.",
);
const CONNECTION_ID: Words = Words::new(
    "quic.nci.connection_id",
    "Connection ID",
    "RFC 9000 §5.1.1",
    "Another name for this connection. On a new path a new one is used, so that nobody outside can link the two.",
);
const RESET_TOKEN: Words = Words::new(
    "quic.nci.stateless_reset_token",
    "Stateless reset token",
    "RFC 9000 §10.3",
    "A server that lost its memory ends the connection by sending this: only the two ends know it.",
);
const CHALLENGE: Words = Words::new(
    "quic.path_challenge.data",
    "Data",
    "RFC 9000 §8.2.1",
    "Bytes nobody can guess: who sends them back has received them, so the path works.",
);
const RESPONSE: Words = Words::new(
    "quic.path_response.data",
    "Data",
    "RFC 9000 §8.2.2",
    "The bytes of the challenge, which prove that it arrived.",
);
const REASON: Words = Words::new(
    "quic.cc.reason_phrase",
    "Reason phrase",
    "RFC 9000 §19.19",
    "For people who look for the fault; no program acts on it.",
);
const DATAGRAM: Words = Words::new(
    "quic.dg",
    "Datagram data",
    "RFC 9221 §4",
    "Sent once and never again: for what is worthless late, as in calls and games.",
);

/// What a packet's frames said and carried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::wire) struct Frames {
    /// A word for each kind of frame, in order: `ACK`, `STREAM 0`.
    pub(in crate::wire) said: Vec<String>,
    pub(in crate::wire) carried: Vec<Carried>,
}

/// Bytes that belong to something beyond this packet, with where they stand in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::wire) enum Carried {
    Crypto { offset: u64, bytes: Range<usize> },
    Stream { id: u64, offset: u64, bytes: Range<usize> },
    ConnectionId(Range<usize>),
}

/// Reads frames to the reader's end.
pub(super) fn read(r: &mut Reader<'_>) -> Frames {
    let mut frames = Frames::default();
    for _ in 0..MOST_FRAMES {
        if r.left() == 0 {
            break;
        }
        let from = r.position();
        let words = kinds::of(r.ahead()).map_or(&UNKNOWN, |(_, kind)| &kind.words);
        let said = r.group(words, |r| frame(r, &mut frames.carried));
        let Some(said) = said else {
            r.problem(
                from..r.position().max(from + 1).min(r.end()),
                "a frame that ends before it is complete, or is not known",
            );
            r.rest(&UNKNOWN);
            return frames;
        };
        r.says(&said.1);
        if frames.said.last() != Some(&said.0) {
            frames.said.push(said.0);
        }
    }
    if r.left() > 0 {
        r.problem(r.position()..r.end(), format_args!("only {MOST_FRAMES} frames of a packet are taken apart"));
        r.rest(&LIMIT);
    }
    frames
}

/// Reads one frame; its word for the packet's line, and what it says.
fn frame(r: &mut Reader<'_>, carried: &mut Vec<Carried>) -> Option<(String, String)> {
    let (code, kind) = kinds::of(r.ahead())?;
    if kind.shape == Shape::Padding {
        return padding(r);
    }
    r.varint(&TYPE)?;
    r.means(kind.name);
    let said = match kind.shape {
        Shape::Padding => String::new(),
        Shape::Numbers => numbers(r, kind)?,
        Shape::Ack => ack(r, kind, code == 3)?,
        Shape::Crypto => crypto(r, kind, carried)?,
        Shape::Token => counted(r, &kind.fields[0], &TOKEN)?,
        Shape::Stream => {
            let (id, said) = stream(r, kind, code, carried)?;
            return Some((format!("STREAM {id}"), said));
        }
        Shape::ConnectionId => connection_id(r, kind, carried)?,
        Shape::Path => path(r, code == 0x1a)?,
        Shape::Close => close(r, kind, code == 0x1d)?,
        Shape::Datagram => datagram(r, kind, code == 0x31)?,
    };
    Some((kind.name.to_owned(), said))
}

/// A run of padding is one field, as nobody wants a thousand.
fn padding(r: &mut Reader<'_>) -> Option<(String, String)> {
    const PADDING: Words = Words::new("quic.padding_length", "Padding", "RFC 9000 §19.1", "Zeros that say nothing.");
    let count = r.ahead().iter().take_while(|byte| **byte == 0).count();
    r.raw(&PADDING, count)?;
    Some(("PADDING".to_owned(), format!("{count} bytes")))
}

/// A frame that is only numbers.
fn numbers(r: &mut Reader<'_>, kind: &kinds::Kind) -> Option<String> {
    let mut said = Vec::new();
    for words in kind.fields {
        let value = r.varint(words)?;
        if words.name.ends_with("error_code") {
            r.means("what it means the protocol inside says: HTTP/3 in RFC 9114 §8.1");
        }
        if words.name.ends_with("stream_id") {
            r.means(stream_meaning(value));
        }
        said.push(value.to_string());
    }
    Some(said.join(", "))
}

/// RFC 9000 §19.3.
fn ack(r: &mut Reader<'_>, kind: &kinds::Kind, with_marks: bool) -> Option<String> {
    let [largest, delay, count, first, gap, length, zero, one, congested] = kind.fields else { return None };
    let highest = r.varint(largest)?;
    r.varint(delay)?;
    r.means("in units of the sender's ack_delay_exponent: 8 microseconds if it says nothing");
    let ranges = r.varint(count)?;
    let mut lowest = highest.checked_sub(r.varint(first)?)?;
    r.means(range(lowest, highest));
    let mut said = vec![range(lowest, highest)];
    for _ in 0..ranges {
        // RFC 9000 §19.3.1.
        let top = lowest.checked_sub(r.varint(gap)?)?.checked_sub(2)?;
        r.means(format_args!("{} not acknowledged", range(top + 1, lowest - 1)));
        lowest = top.checked_sub(r.varint(length)?)?;
        r.means(range(lowest, top));
        said.push(range(lowest, top));
    }
    if with_marks {
        r.varint(zero)?;
        r.varint(one)?;
        r.varint(congested)?;
    }
    said.truncate(8);
    Some(said.join(", "))
}

fn range(from: u64, to: u64) -> String {
    if from == to { from.to_string() } else { format!("{from} to {to}") }
}

/// RFC 9000 §19.6.
fn crypto(r: &mut Reader<'_>, kind: &kinds::Kind, carried: &mut Vec<Carried>) -> Option<String> {
    let offset = r.varint(&kind.fields[0])?;
    let length = usize::try_from(r.varint(&kind.fields[1])?).ok()?;
    let at = r.position();
    r.raw(&CRYPTO_DATA, length)?;
    carried.push(Carried::Crypto { offset, bytes: at..at + length });
    Some(format!("bytes {}", span(offset, length)))
}

/// Two bytes of length at least: `0 to 240`.
fn span(offset: u64, length: usize) -> String {
    let length = u64::try_from(length).unwrap_or(u64::MAX);
    if length == 0 { format!("none, at {offset}") } else { range(offset, offset.saturating_add(length - 1)) }
}

/// RFC 9000 §19.8.
fn stream(r: &mut Reader<'_>, kind: &kinds::Kind, code: u64, carried: &mut Vec<Carried>) -> Option<(u64, String)> {
    let id = r.varint(&kind.fields[0])?;
    r.means(stream_meaning(id));
    let offset = if code & 4 == 0 { 0 } else { r.varint(&kind.fields[1])? };
    let length = if code & 2 == 0 { r.left() } else { usize::try_from(r.varint(&kind.fields[2])?).ok()? };
    let at = r.position();
    r.raw(&STREAM_DATA, length)?;
    carried.push(Carried::Stream { id, offset, bytes: at..at + length });
    let end = if code & 1 == 0 { "" } else { ", and the stream ends" };
    Some((id, format!("stream {id}, bytes {}{end}", span(offset, length))))
}

/// RFC 9000 §2.1.
fn stream_meaning(id: u64) -> String {
    let who = if id & 1 == 0 { "the client" } else { "the server" };
    let ways = if id & 2 == 0 { "both ways" } else { "one way" };
    format!("opened by {who}, {ways}")
}

/// A length, and so many bytes.
fn counted(r: &mut Reader<'_>, length: &Words, bytes: &Words) -> Option<String> {
    let length = usize::try_from(r.varint(length)?).ok()?;
    r.raw(bytes, length)?;
    Some(format!("{length} bytes"))
}

/// RFC 9000 §19.15.
fn connection_id(r: &mut Reader<'_>, kind: &kinds::Kind, carried: &mut Vec<Carried>) -> Option<String> {
    let sequence = r.varint(&kind.fields[0])?;
    r.varint(&kind.fields[1])?;
    let length = usize::from(r.u8(&kind.fields[2])?);
    let at = r.position();
    r.raw(&CONNECTION_ID, length)?;
    r.raw(&RESET_TOKEN, 16)?;
    carried.push(Carried::ConnectionId(at..at + length));
    Some(format!("number {sequence}"))
}

fn path(r: &mut Reader<'_>, challenge: bool) -> Option<String> {
    let data = r.raw(if challenge { &CHALLENGE } else { &RESPONSE }, 8)?;
    Some(crate::wire::text::hex_start(data, 8))
}

/// RFC 9000 §19.19.
fn close(r: &mut Reader<'_>, kind: &kinds::Kind, by_application: bool) -> Option<String> {
    let code = r.varint(&kind.fields[0])?;
    let said = match code {
        _ if by_application => format!("error {code:#x} of the application"),
        0x100..=0x1ff => {
            let alert = tls::alert_name(u8::try_from(code & 0xff).ok()?);
            format!("{} ({alert})", names::error(code))
        }
        _ => names::error(code).to_owned(),
    };
    r.means(&said);
    if !by_application {
        r.varint(&kind.fields[1])?;
        r.means("the frame that was at fault; 0 when none was");
    }
    let length = usize::try_from(r.varint(&kind.fields[2])?).ok()?;
    let phrase = r.text(&REASON, length)?;
    let phrase = crate::wire::text::visible_start(phrase, 80);
    Some(if phrase.is_empty() { said } else { format!("{said}: {phrase}") })
}

/// RFC 9221 §4.
fn datagram(r: &mut Reader<'_>, kind: &kinds::Kind, with_length: bool) -> Option<String> {
    let length = if with_length { usize::try_from(r.varint(&kind.fields[0])?).ok()? } else { r.left() };
    r.raw(&DATAGRAM, length)?;
    Some(format!("{length} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_behind_the_limit_are_said_to_be_left_out() {
        for (pings, problems) in [(MOST_FRAMES - 1, 0), (MOST_FRAMES, 1)] {
            // A STREAM frame of stream 0 with three bytes to the packet's end.
            let bytes = [&vec![1; pings][..], b"\x08\0abc"].concat();
            let mut r = Reader::new(&bytes, 0..bytes.len(), true);
            let frames = read(&mut r);
            let (layer, told) = r.finish("quic", "");
            assert_eq!((told.len(), frames.carried.len()), (problems, 1 - problems), "{told:?}");
            let last = layer.fields.last().expect("fields");
            assert_eq!(last.label == "Frames behind the limit", problems == 1, "{}", last.label);
            assert_eq!(last.bits.end, bytes.len() * 8);
        }
    }
}
