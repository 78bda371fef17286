//! Bytes <-> named fields. No time, no IO, no panics: damaged bytes give the layers that could be read, and [`Problem`]s.
//!
//! Every protocol is one file of one shape: where its fields lie, what each value means, why it is there, and where that
//! is written. [`decode`] walks a frame from the outside in.
use std::ops::Range;

/// A frame, read as far as it could be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// From the outside in: Ethernet first.
    pub layers: Vec<Layer>,
    /// What is wrong with these bytes, if anything.
    pub problems: Vec<Problem>,
    /// One line for a list: `TCP 49152 > 80 [SYN] Seq=0 Win=64240 Len=0`.
    pub summary: String,
}

/// One protocol's part of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Wireshark's filter name, lower case: `eth`, `arp`, `ip`, `tcp`, `udp`, `icmp`, `dns`, `http`, `data`.
    pub name: &'static str,
    /// For a person: `Transmission Control Protocol`.
    pub title: String,
    /// The bytes of the frame that are this layer's own header (or its content, for the innermost).
    pub bytes: Range<usize>,
    pub fields: Vec<Field>,
}

/// A named run of bits with what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Wireshark's field name: `tcp.seq`, `ip.ttl`, `dns.qry.name`.
    pub name: &'static str,
    /// For a person: `Sequence number`.
    pub label: String,
    /// Bits of the frame, counted from its first bit: byte 14's high nibble is `112..116`.
    pub bits: Range<usize>,
    /// The value as the field's readers write it: `192.0.2.1`, `0x0018`, `64`.
    pub value: String,
    /// What the value means here: `SYN, ACK`, `checksum is correct`; empty where the value says all.
    pub meaning: String,
    /// Why the field exists or has this value, in a sentence.
    pub why: String,
    /// Where it is written: `RFC 9293 §3.1`.
    pub source: &'static str,
    /// Parts of this field (flags, options); their bits lie inside `bits`.
    pub parts: Vec<Self>,
}

/// Something wrong with the bytes, for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The bytes it is about.
    pub bytes: Range<usize>,
    pub text: String,
}
