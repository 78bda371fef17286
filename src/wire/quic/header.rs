//! The headers of QUIC packets: where their parts lie, and each as a field. RFC 9000 §17.
use std::ops::Range;

use super::names;
use super::protection::TAG;
use crate::wire::reader::{Reader, Words};

const LONG: &str = "RFC 9000 §17.2";
const SHORT: &str = "RFC 9000 §17.3.1";
const FORM: Words = Words::new(
    "quic.header_form",
    "Header form",
    LONG,
    "1: a long header, which says its version and both connection IDs, until keys are agreed; 0: a short one from then on.",
);
const FIXED: Words = Words::new(
    "quic.fixed_bit",
    "Fixed bit",
    LONG,
    "Always 1, so that QUIC can share a port with other protocols; ends that agreed to it may send 0 (RFC 9287).",
);
const TYPE: Words = Words::new(
    "quic.long.packet_type",
    "Packet type",
    LONG,
    "Which keys seal it, and how far the connection has come.",
);
const HIDDEN: Words = Words::new(
    "quic.protected_bits",
    "Protected bits",
    "RFC 9001 §5.4",
    "Reserved bits, packet number length, and in a short header the key phase: under the header's mask, so that no box on \
     the way comes to depend on them.",
);
const UNUSED: Words =
    Words::new("quic.long.unused", "Unused bits", "RFC 9000 §17.2.5", "Any value, and none has a meaning.");
const RESERVED: Words =
    Words::new("quic.long.reserved", "Reserved", LONG, "Two zeros; seen only when the mask is off.");
const SHORT_RESERVED: Words = Words::new("quic.short.reserved", "Reserved", SHORT, RESERVED.why);
const NUMBER_LENGTH: Words = Words::new(
    "quic.packet_number_length",
    "Packet number length",
    LONG,
    "In bytes, less one: only the low bytes of the number are sent, as the receiver knows about where it stands.",
);
const SPIN: Words = Words::new(
    "quic.spin_bit",
    "Spin bit",
    "RFC 9000 §17.4",
    "The one thing an operator may read: it flips once a round trip, where the ends take part. Many do not.",
);
const PHASE: Words = Words::new(
    "quic.key_phase",
    "Key phase",
    "RFC 9001 §6",
    "Flips when the keys were replaced by their successors, which are made from the old ones without a word.",
);
const VERSION: Words = Words::new(
    "quic.version",
    "Version",
    "RFC 9000 §15",
    "How all that follows is to be read. A server that does not speak it answers with those it does.",
);
const DESTINATION_LENGTH: Words =
    Words::new("quic.dcil", "Destination connection ID length", LONG, "In bytes, 0 to 20.");
const DESTINATION: Words = Words::new(
    "quic.dcid",
    "Destination connection ID",
    "RFC 9000 §5.1",
    "Names the connection at its receiver, who chose it (the client's first is a guess): so it lives on when an address changes.",
);
const SOURCE_LENGTH: Words = Words::new("quic.scil", "Source connection ID length", LONG, "In bytes, 0 to 20.");
const SOURCE: Words = Words::new(
    "quic.scid",
    "Source connection ID",
    "RFC 9000 §7.2",
    "What the sender wants to be called: the other end puts it as destination into all it sends from now on.",
);
const TOKEN_LENGTH: Words = Words::new("quic.token_length", "Token length", "RFC 9000 §17.2.2", "In bytes.");
const TOKEN: Words = Words::new(
    "quic.token",
    "Token",
    "RFC 9000 §8.1",
    "Given out by the server, in a Retry or in an earlier connection: who shows it can receive at its address.",
);
const LENGTH: Words = Words::new(
    "quic.length",
    "Length",
    LONG,
    "Of packet number and payload together: so one datagram can carry several packets (RFC 9000 §12.2).",
);
const SEALED: Words = Words::new(
    "quic.payload",
    "Packet number and payload, sealed",
    "RFC 9001 §5",
    "Even acknowledgments and the packet's number are hidden; the last 16 bytes prove that nobody changed the packet.",
);
const SEALED_SHORT: Words = Words::new(
    "quic.payload",
    "Connection ID, packet number and payload, sealed",
    SHORT,
    "It begins with the receiver's connection ID, whose length is not said: the receiver chose it. All behind that is sealed. \
     A stateless reset looks the same, on purpose (RFC 9000 §10.3).",
);
const NUMBER: Words = Words::new(
    "quic.packet_number",
    "Packet number",
    "RFC 9000 §17.1",
    "Never used twice, not even for what is sent again: so an acknowledgment says which sending arrived.",
);
const RETRY_TOKEN: Words = Words::new("quic.retry_token", "Retry token", "RFC 9000 §17.2.5", TOKEN.why);
const RETRY_TAG: Words = Words::new(
    "quic.retry_integrity_tag",
    "Retry integrity tag",
    "RFC 9001 §5.8",
    "Shows that its sender saw the client's Initial packet; no secret is in it.",
);
const SUPPORTED: Words = Words::new(
    "quic.supported_version",
    "Supported version",
    "RFC 9000 §17.2.1",
    "One the server would speak; the client begins anew with it, or gives up.",
);
const ODD: Words = Words::new(
    "quic.remaining_payload",
    "Bytes that fit nothing",
    LONG,
    "A length in the header does not agree with the bytes that are here.",
);

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::wire) enum Kind {
    Initial,
    ZeroRtt,
    Handshake,
    Retry,
    Negotiation,
    OneRtt,
}

impl Kind {
    /// As people and Wireshark call it.
    pub(in crate::wire) const fn name(self) -> &'static str {
        match self {
            Self::Initial => "Initial",
            Self::ZeroRtt => "0-RTT",
            Self::Handshake => "Handshake",
            Self::Retry => "Retry",
            Self::Negotiation => "Version Negotiation",
            Self::OneRtt => "1-RTT",
        }
    }

    const fn meaning(self) -> &'static str {
        match self {
            Self::Initial => "Initial: the first hellos, under keys anyone can compute",
            Self::ZeroRtt => "0-RTT: early data, under keys of an earlier connection",
            Self::Handshake => "Handshake: the rest of the TLS handshake",
            Self::Retry => "Retry: come again, with this token",
            Self::Negotiation | Self::OneRtt => "",
        }
    }
}

/// Where the parts of a packet lie, from its first byte on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::wire) struct Header {
    pub(in crate::wire) kind: Kind,
    pub(in crate::wire) destination: Range<usize>,
    pub(in crate::wire) source: Range<usize>,
    /// Where the packet number begins.
    pub(in crate::wire) number_at: usize,
    /// Where the packet ends, and another of the datagram may begin.
    pub(in crate::wire) end: usize,
}

/// Finds the parts of the packet that begins here; `own` is the length of the receiver's connection IDs, for short headers.
pub(in crate::wire) fn find(bytes: &[u8], own: usize) -> Option<Header> {
    let first = *bytes.first()?;
    if first & 0x80 == 0 {
        let header =
            Header { kind: Kind::OneRtt, destination: 1..1 + own, source: 0..0, number_at: 1 + own, end: bytes.len() };
        return (bytes.len() > own).then_some(header);
    }
    let version = u32::from_be_bytes(*bytes.get(1..)?.first_chunk()?);
    let destination = counted(bytes, 5)?;
    let source = counted(bytes, destination.end)?;
    let kind = kind(first, version)?;
    let mut at = source.end;
    if matches!(kind, Kind::Retry | Kind::Negotiation) {
        return Some(Header { kind, destination, source, number_at: at, end: bytes.len() });
    }
    if kind == Kind::Initial {
        let (length, size) = varint(bytes.get(at..)?)?;
        at = at.checked_add(size)?.checked_add(usize::try_from(length).ok()?)?;
    }
    let (length, size) = varint(bytes.get(at..)?)?;
    let number_at = at.checked_add(size)?;
    let end = number_at.checked_add(usize::try_from(length).ok()?).filter(|end| *end <= bytes.len())?;
    Some(Header { kind, destination, source, number_at, end })
}

/// `None` for a version whose packets are not known.
pub(super) const fn kind(first: u8, version: u32) -> Option<Kind> {
    Some(match (version, first >> 4 & 3) {
        (0, _) => Kind::Negotiation,
        (1, 0) => Kind::Initial,
        (1, 1) => Kind::ZeroRtt,
        (1, 2) => Kind::Handshake,
        (1, _) => Kind::Retry,
        _ => return None,
    })
}

/// A connection ID with its length in front. RFC 9000 §17.2: at most 20 bytes.
fn counted(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let length = usize::from(*bytes.get(at)?);
    let range = at + 1..at + 1 + length;
    (length <= 20 && range.end <= bytes.len()).then_some(range)
}

/// A variable-length integer, and how many bytes it took. RFC 9000 §16.
pub(in crate::wire) fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let size = 1_usize << (bytes.first()? >> 6);
    let value = bytes.get(..size)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
    Some((value & (u64::MAX >> (66 - 8 * size)), size))
}

/// How a packet is read: as it crossed the wire, or with its protection off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Sealed,
    /// With its whole number, and the length of the receiver's connection IDs.
    Opened {
        number: u64,
        own: usize,
    },
}

/// Reads a packet's header, and of a sealed packet all the rest; says what it is.
pub(super) fn read(r: &mut Reader<'_>, shape: Shape) -> Option<Kind> {
    if r.ahead().first()? & 0x80 == 0 {
        return short(r, shape);
    }
    let first = *r.ahead().first()?;
    let version = u32::from_be_bytes(*r.ahead().get(1..)?.first_chunk()?);
    let kind = kind(first, version)?;
    first_byte(r, kind, shape)?;
    r.hex32(&VERSION)?;
    r.means(names::version(version));
    connection_id(r, &DESTINATION_LENGTH, &DESTINATION)?;
    connection_id(r, &SOURCE_LENGTH, &SOURCE)?;
    match kind {
        Kind::Negotiation => versions(r)?,
        Kind::Retry => {
            r.raw(&RETRY_TOKEN, r.left().checked_sub(TAG)?)?;
            r.raw(&RETRY_TAG, TAG)?;
        }
        _ => numbered(r, kind, shape)?,
    }
    Some(kind)
}

fn first_byte(r: &mut Reader<'_>, kind: Kind, shape: Shape) -> Option<()> {
    r.number(&FORM, 1)?;
    r.means("long");
    if kind == Kind::Negotiation {
        r.number(&UNUSED, 7)?;
        return Some(());
    }
    fixed(r)?;
    r.number(&TYPE, 2)?;
    r.means(kind.meaning());
    match (kind, shape) {
        (Kind::Retry, _) => r.number(&UNUSED, 4).map(drop),
        (_, Shape::Sealed) => r.number(&HIDDEN, 4).map(drop),
        (_, Shape::Opened { .. }) => {
            r.number(&RESERVED, 2)?;
            number_length(r)
        }
    }
}

fn fixed(r: &mut Reader<'_>) -> Option<()> {
    let set = r.number(&FIXED, 1)? == 1;
    r.means(if set {
        ""
    } else {
        "0: agreed on by both ends, so that nothing on the way depends on it (RFC 9287 §3)"
    });
    Some(())
}

fn number_length(r: &mut Reader<'_>) -> Option<()> {
    let length = r.number(&NUMBER_LENGTH, 2)? + 1;
    r.means(format_args!("{length} bytes"));
    Some(())
}

fn connection_id(r: &mut Reader<'_>, length: &Words, id: &Words) -> Option<()> {
    let bytes = usize::from(r.u8(length)?);
    r.raw(id, bytes).map(drop)
}

fn versions(r: &mut Reader<'_>) -> Option<()> {
    while r.left() >= 4 {
        let version = r.hex32(&SUPPORTED)?;
        r.means(names::version(version));
    }
    Some(())
}

/// What comes behind the connection IDs of packets that have a number.
fn numbered(r: &mut Reader<'_>, kind: Kind, shape: Shape) -> Option<()> {
    if kind == Kind::Initial {
        let length = usize::try_from(r.varint(&TOKEN_LENGTH)?).ok()?;
        r.means(if length == 0 { "no token" } else { "bytes" });
        r.raw(&TOKEN, length)?;
    }
    let length = usize::try_from(r.varint(&LENGTH)?).ok()?;
    r.means("bytes");
    match shape {
        Shape::Sealed if length > r.left() => {
            let here = r.position();
            let left = r.left();
            r.problem(here..here + left, format_args!("the packet says that {length} bytes follow; {left} do"));
            r.rest(&ODD);
            Some(())
        }
        Shape::Sealed => r.raw(&SEALED, length).map(drop),
        Shape::Opened { number, .. } => packet_number(r, number),
    }
}

/// RFC 9000 §17.3.1.
fn short(r: &mut Reader<'_>, shape: Shape) -> Option<Kind> {
    r.number(&FORM, 1)?;
    r.means("short");
    fixed(r)?;
    r.number(&SPIN, 1)?;
    match shape {
        Shape::Sealed => {
            r.number(&HIDDEN, 5)?;
            r.rest(&SEALED_SHORT);
        }
        Shape::Opened { number, own } => {
            r.number(&SHORT_RESERVED, 2)?;
            r.number(&PHASE, 1)?;
            number_length(r)?;
            r.raw(&DESTINATION, own)?;
            packet_number(r, number)?;
        }
    }
    Some(Kind::OneRtt)
}

fn packet_number(r: &mut Reader<'_>, number: u64) -> Option<()> {
    // The two bits of the first byte that say the length.
    let length = usize::from(r.whole().first()? & 3) + 1;
    let sent = r.number(&NUMBER, 8 * length)?;
    if sent != number {
        r.means(format_args!("the low bytes of {number}"));
    }
    Some(())
}
