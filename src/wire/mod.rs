//! Bytes <-> named fields. No time, no IO, no panics: damaged bytes give the layers that could be read, and [`Problem`]s.
//!
//! Every protocol is one file of one shape: the words of its fields (what a field is called, why it exists, where that is
//! written), then a `read` that takes them one after another and names what comes next. [`decode`] walks a frame from the
//! outside in. Whatever the bytes, every bit of the frame lies in exactly one innermost field of exactly one layer.
pub mod alone;
pub mod analysis;
mod arp;
pub mod capture;
mod checksum;
mod data;
mod dhcp;
mod dhcpv6;
mod dns;
mod ethernet;
pub mod exercise;
pub mod filter;
mod grpc;
pub mod hpack;
mod http;
mod http1;
pub mod http2;
mod http3;
mod icmp;
mod icmpv6;
mod igmp;
mod ipv4;
mod ipv6;
pub mod link;
pub(crate) mod network;
pub mod opened;
pub mod pcapng;
mod ports;
mod protocol;
mod qpack;
mod quic;
mod reader;
pub mod spent;
mod stun;
mod tcp;
pub mod text;
mod tls;
mod udp;
mod walk;
pub mod websocket;
pub mod x509;

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
    /// Wireshark's filter name, lower case: `eth`, `arp`, `ip`, `ipv6`, `tcp`, `udp`, `icmp`, `dns`, `http`, `tls`, `data`.
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
    /// Wireshark's field name: `tcp.seq_raw`, `ip.ttl`, `dns.qry.name`. Where Wireshark has none, one of ours in its manner.
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

/// Reads an Ethernet frame (without preamble and FCS) as far as it can be read.
#[must_use]
pub fn decode(frame: &[u8]) -> Decoded {
    walk::walk(frame, true).decoded
}

/// Reads a frame that came over a link of that kind, as far as it can be read.
#[must_use]
pub fn decode_on(link: link::LinkType, frame: &[u8]) -> Decoded {
    decode_kept(link, frame, frame.len())
}

/// Reads what a capture kept of a frame that had that length on its link: what was cut off is no damage.
#[must_use]
pub fn decode_kept(link: link::LinkType, frame: &[u8], length: usize) -> Decoded {
    walk::walk_on((link, frame, length), true).decoded
}

/// The one line of [`decode`], without the work of the rest.
#[must_use]
pub fn summary(frame: &[u8]) -> String {
    let plain = tcp::Segment::plain(frame);
    let line = plain.map(|it| it.line(it.sequence, it.acknowledgment, u32::from(it.window)));
    line.unwrap_or_else(|| walk::walk(frame, false).decoded.summary)
}

impl Decoded {
    /// The outermost layer of that name.
    #[must_use]
    pub fn layer(&self, name: &str) -> Option<&Layer> {
        self.layers.iter().find(|it| it.name == name)
    }

    /// The first field of that name, outermost layer first.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.layers.iter().flat_map(|layer| &layer.fields).find_map(|field| field.named(name))
    }

    /// The layer and the innermost field that hold a bit of the frame.
    #[must_use]
    pub fn at(&self, bit: usize) -> Option<(&Layer, &Field)> {
        let layer = self.layers.iter().find(|it| it.bytes.contains(&(bit / 8)))?;
        let field = layer.fields.iter().find_map(|field| field.at(bit))?;
        Some((layer, field))
    }
}

impl Field {
    /// Its value; of a field that is only its parts, how many those are.
    #[must_use]
    pub fn says(&self) -> String {
        match self.parts.len() {
            0 => self.value.clone(),
            _ if !self.value.is_empty() => self.value.clone(),
            1 => "1 part".to_owned(),
            parts => format!("{parts} parts"),
        }
    }

    /// The bytes of the frame this field has a bit in.
    #[must_use]
    pub const fn bytes(&self) -> Range<usize> {
        self.bits.start / 8..self.bits.end.div_ceil(8)
    }

    /// This field or the first of its parts of that name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Self> {
        if self.name == name { Some(self) } else { self.parts.iter().find_map(|part| part.named(name)) }
    }

    /// The innermost field that holds a bit of the frame: this one or one of its parts.
    #[must_use]
    pub fn at(&self, bit: usize) -> Option<&Self> {
        let inner = || self.parts.iter().find_map(|part| part.at(bit)).unwrap_or(self);
        self.bits.contains(&bit).then(inner)
    }
}

#[cfg(test)]
mod tests;
