//! TLS as it crosses the wire: records, what is in the clear of the handshake, and how much is encrypted. RFC 8446 §5.
mod alerts;
mod certificate;
mod exchange;
mod extensions;
mod finished;
mod handshake;
mod names;

use super::reader::{Reader, Words};
use super::walk::{Facts, Next};
pub(super) use alerts::name as alert_name;
pub(super) use handshake::Messages;

const RECORD_LAYER: &str = "RFC 8446 §5.1";
const RECORD: Words = Words::new(
    "tls.record",
    "Record",
    RECORD_LAYER,
    "TLS cuts what it carries into records; each is sealed by itself, so a receiver can open only whole ones.",
);
const CONTENT_TYPE: Words = Words::new(
    "tls.record.content_type",
    "Content type",
    RECORD_LAYER,
    "What the record carries. Once keys are agreed TLS 1.3 says application data of all, and seals the true type inside.",
);
const VERSION: Words = Words::new(
    "tls.record.version",
    "Legacy version",
    RECORD_LAYER,
    "Frozen: boxes on the way drop what they do not know, so TLS 1.3 looks like 1.2 here, and its first hello like 1.0.",
);
const LENGTH: Words = Words::new(
    "tls.record.length",
    "Length",
    RECORD_LAYER,
    "Where this record ends and the next begins; it stays readable, so who listens learns lengths.",
);
const SEALED: Words = Words::new(
    "tls.app_data",
    "Encrypted data",
    "RFC 8446 §5.2",
    "Only the two ends can open it: data, or a part of the handshake. The last 16 bytes prove that nobody changed it.",
);
const SEALED_ALERT: Words = Words::new(
    "tls.alert_message",
    "Encrypted alert",
    "RFC 5246 §7.2",
    "A word about the connection, most often that nothing more comes (close_notify); which it is only the two ends can read.",
);
const CHANGE: Words = Words::new(
    "tls.change_cipher_spec",
    "Change cipher spec",
    "RFC 8446 §D.4",
    "Says nothing in TLS 1.3: it is there so that boxes on the way take the connection for TLS 1.2.",
);
const PART: Words = Words::new(
    "tls.record.part",
    "Part of a record",
    RECORD_LAYER,
    "TCP cuts where it likes: the rest of this record comes in later segments, and until then nobody can open it.",
);

/// A record's content has at most so many bytes (RFC 8446 §5.2).
const MOST: usize = (1 << 14) + 256;
/// More records of one segment than this are not taken apart.
const MOST_RECORDS: usize = 200;

/// Whether the data of a segment begins a record.
pub(super) fn begins(data: &[u8]) -> bool {
    let [kind @ 20..=23, 3, 0..=4, high, low, ..] = *data else { return false };
    let length = usize::from(u16::from_be_bytes([high, low]));
    // RFC 8446 §5.1: only application data may be empty.
    length <= MOST && (length > 0 || kind == 23)
}

/// Reads the records of a segment.
pub(super) fn read(r: &mut Reader<'_>, facts: &mut Facts) -> Option<Next> {
    let mut said: Vec<String> = Vec::new();
    let mut changed = false;
    for _ in 0..MOST_RECORDS {
        if !begins(r.ahead()) {
            break;
        }
        let changes = r.ahead().first() == Some(&20);
        said.extend(r.group(&RECORD, |r| record(r, changed)));
        changed |= changes;
        if let Some(last) = said.last() {
            r.says(last);
        }
    }
    facts.summary = format!("TLS {}", said.join(", "));
    Some(Next::Data("a record that goes on in the next segment"))
}

/// Reads one record and says what it is; `changed`: behind one that says the cipher changes.
fn record(r: &mut Reader<'_>, changed: bool) -> Option<String> {
    let kind = r.u8(&CONTENT_TYPE)?;
    r.means(names::content(kind));
    let version = r.hex16(&VERSION)?;
    r.means(names::version(version));
    let length = usize::from(r.u16(&LENGTH)?);
    let here = length.min(r.left());
    if here < length {
        r.means(format_args!("bytes, {here} of them in this segment"));
        return r.within(here, &PART, |_| names::content(kind).to_owned());
    }
    r.means("bytes");
    let rest = match kind {
        20 => &CHANGE,
        21 => &SEALED_ALERT,
        _ => &SEALED,
    };
    r.within(here, rest, |r| match kind {
        21 if here == 2 => alert(r).unwrap_or_default(),
        22 => handshake::read(r, Messages { sealed: changed, ..Messages::default() }),
        23 => format!("Application Data ({length} bytes)"),
        _ => names::content(kind).to_owned(),
    })
}

/// How many bytes the whole record has that begins here; `None` where it is none, or not all of it is here.
pub(super) fn whole(data: &[u8]) -> Option<usize> {
    let length = 5 + usize::from(u16::from_be_bytes([*data.get(3)?, *data.get(4)?]));
    (begins(data) && length <= data.len()).then_some(length)
}

/// What a record carries, by its type.
pub(super) const fn content_name(kind: u8) -> &'static str {
    names::content(kind)
}

/// Reads handshake messages that stand in no record: they were opened, or came by QUIC. Says which they are.
pub(super) fn messages(r: &mut Reader<'_>, messages: Messages) -> String {
    handshake::read(r, messages)
}

/// Reads an alert of two bytes.
pub(super) fn alert(r: &mut Reader<'_>) -> Option<String> {
    alerts::read(r)
}
