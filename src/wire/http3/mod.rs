//! HTTP/3: frames in streams of QUIC, header fields in QPACK. RFC 9114.
mod names;

use super::Decoded;
use super::http2::first_line;
use super::qpack::{self, Context};
use super::quic::varint;
use super::reader::{Reader, Words};
use super::text::visible_start;

const STREAM_TYPE: Words =
    Words::new("http3.stream_type", "Stream type", "RFC 9114 §6.2", "What a stream one way is for.");
const PUSH_ID: Words = Words::new("http3.push_id", "Push ID", "RFC 9114 §4.6", "Which of the pushed responses.");
const TYPE: Words = Words::new("http3.frame_type", "Frame type", "RFC 9114 §7.1", "What the frame is for.");
const LENGTH: Words = Words::new("http3.frame_length", "Frame length", "RFC 9114 §7.1", "Of what follows, in bytes.");
const PAYLOAD: Words = Words::new("http3.frame_payload", "Content", "RFC 9114 §7.1", "What this frame carries.");
const BODY: Words = Words::new("http3.data", "Data", "RFC 9114 §7.2.1", "A piece of the body.");
const SECTION: Words = Words::new(
    "http3.headers",
    "Encoded field section",
    "RFC 9114 §4.2",
    "The header fields; those in the dynamic table came by another stream, and may come later than this.",
);
const SETTING: Words = Words::new("http3.settings", "Setting", "RFC 9114 §7.2.4", "One of the limits, and its value.");
const SETTING_ID: Words =
    Words::new("http3.settings.id", "Setting identifier", "RFC 9114 §7.2.4", "Which one; each has 1 to 8 bytes.");
const GOAWAY_ID: Words = Words::new(
    "http3.goaway.id",
    "Stream or push ID",
    "RFC 9114 §5.2",
    "Requests from this stream on were not looked at: they can be sent again elsewhere without a doubt.",
);
const ELEMENT: Words = Words::new(
    "http3.priority_update_element_id",
    "Prioritized element",
    "RFC 9218 §7.2",
    "The stream, or the push, whose response is more or less urgent now.",
);
const PRIORITY: Words = Words::new(
    "http3.priority_update_field_value",
    "Priority field value",
    "RFC 9218 §4",
    "u=0 is most urgent, u=7 least, u=3 if not said; i: each piece is of use as it comes.",
);

/// The type a stream one way begins with, and how many bytes that takes. RFC 9114 §6.2.
pub(super) fn stream_type(bytes: &[u8]) -> Option<(u64, usize)> {
    let (code, length) = varint(bytes)?;
    // A push stream says at once which response it carries.
    let more = if code == 1 { varint(&bytes[length..])?.1 } else { 0 };
    Some((code, length + more))
}

/// Whether a stream of that type carries frames.
pub(super) const fn has_frames(stream_type: u64) -> bool {
    matches!(stream_type, 0 | 1)
}

/// Reads the beginning of a stream one way, as long as [`stream_type`] says.
pub(super) fn beginning(bytes: &[u8]) -> (String, Decoded) {
    let mut r = Reader::new(bytes, 0..bytes.len(), true);
    let code = r.varint(&STREAM_TYPE).unwrap_or_default();
    let (name, _, why) = names::stream(code);
    r.means(name);
    r.because(why);
    if r.left() > 0 {
        r.varint(&PUSH_ID);
    }
    finished(r, &format!("{name} stream"))
}

/// The length of the frame that begins here, when all of it is here.
pub(super) fn frame_length(bytes: &[u8]) -> Option<usize> {
    let (_, kind) = varint(bytes)?;
    let (length, size) = varint(&bytes[kind..])?;
    let length = usize::try_from(length).ok()?.checked_add(kind + size)?;
    (length <= bytes.len()).then_some(length)
}

/// SETTINGS_QPACK_MAX_TABLE_CAPACITY of the control stream whose frames begin here. RFC 9204 §5.
pub(super) fn table_capacity(bytes: &[u8]) -> u64 {
    let find = || {
        let (kind, size) = varint(bytes)?;
        let length = frame_length(bytes).filter(|_| kind == 4)?;
        let (_, more) = varint(&bytes[size..])?;
        let mut settings = &bytes[size + more..length];
        while let Some((id, first)) = varint(settings) {
            let (value, second) = varint(&settings[first..])?;
            if id == 1 {
                return Some(value);
            }
            settings = &settings[first + second..];
        }
        None
    };
    find().unwrap_or(0)
}

/// Reads a whole frame of a stream: `HEADERS[0]: GET /`.
pub(super) fn frame(bytes: &[u8], stream: u64, context: &Context<'_>) -> (String, Decoded) {
    let mut r = Reader::new(bytes, 0..bytes.len(), true);
    let mut said = String::new();
    let read = read(&mut r, stream, context, &mut said);
    if read.is_none() || r.left() > 0 {
        let end = r.end();
        r.problem(r.position()..end, "the frame's length does not fit what is in it");
    }
    r.rest(&PAYLOAD);
    finished(r, &said)
}

fn read(r: &mut Reader<'_>, stream: u64, context: &Context<'_>, said: &mut String) -> Option<()> {
    let code = r.varint(&TYPE)?;
    let (name, source, why) = names::frame(code);
    r.means(name);
    r.because(format_args!("{why} ({source})"));
    *said = format!("{name}[{stream}]");
    r.varint(&LENGTH)?;
    r.means("bytes");
    match code {
        0 => {
            let bytes = r.ahead();
            r.rest(&BODY);
            let text = std::str::from_utf8(bytes).map(|_| format!(": {}", visible_start(bytes, 64)));
            r.means(format_args!("{} bytes{}", bytes.len(), text.unwrap_or_default()));
            said.push_str(&format!(", {} bytes", bytes.len()));
        }
        1 => section(r, context, said),
        3 | 0xd => {
            r.varint(&PUSH_ID)?;
        }
        4 => settings(r)?,
        5 => {
            r.varint(&PUSH_ID)?;
            section(r, context, said);
        }
        7 => {
            r.varint(&GOAWAY_ID)?;
        }
        0xf_0700 | 0xf_0701 => {
            r.varint(&ELEMENT)?;
            r.text(&PRIORITY, r.left())?;
        }
        _ => r.rest(&PAYLOAD),
    }
    Some(())
}

fn section(r: &mut Reader<'_>, context: &Context<'_>, said: &mut String) {
    let (lines, _) = r.group(&SECTION, |r| qpack::read(r, context));
    said.push_str(&first_line(&lines));
}

fn settings(r: &mut Reader<'_>) -> Option<()> {
    while r.left() > 0 {
        let said = r.group(&SETTING, |r| {
            let id = r.varint(&SETTING_ID)?;
            let (name, field, source, why) = names::setting(id);
            r.means(name);
            let value = r.varint(&Words::new(field, "Value", source, why))?;
            Some(format!("{name}: {value}"))
        })?;
        r.says(said);
    }
    Some(())
}

/// An instruction on one of QPACK's streams. RFC 9204 §4.2.
pub(super) fn instruction(
    bytes: &[u8],
    mut read: impl FnMut(&mut Reader<'_>) -> Option<String>,
) -> Option<(usize, String, Decoded)> {
    let mut r = Reader::new(bytes, 0..bytes.len(), true);
    let said = read(&mut r)?;
    let length = r.position();
    let (said, decoded) = finished(r, &format!("QPACK {said}"));
    Some((length, said, decoded))
}

fn finished(r: Reader<'_>, said: &str) -> (String, Decoded) {
    let (layer, problems) = r.finish("http3", format!("HTTP/3, {said}"));
    (said.to_owned(), Decoded { layers: vec![layer], problems, summary: format!("HTTP3 {said}") })
}

#[cfg(test)]
mod tests;
