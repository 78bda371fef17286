//! Filters: a subset of Wireshark's display filter language over what [`super::decode`], the analysis and the secrets say.
//!
//! `tcp.flags.syn == 1 && ip.addr == 10.0.0.0/24`, `dns.qry.name contains "shop"`, `tcp.analysis.retransmission`. The language is
//! that of wireshark-filter(4), version 4: `==` and the other comparisons hold when any value of the field does, `!=` when no
//! value is equal; `any` and `all` before a comparison, `===` and `!==` say otherwise; `and` binds tighter than `or`.
mod computed;
mod condition;
mod literal;
mod names;
mod operand;
mod parse;
#[cfg(test)]
mod tests;
mod value;
mod words;

use std::fmt;
use std::ops::Range;

use super::analysis::{Followed, Mark};
use super::opened::{Opened, Unit};
use super::text::visible;
use super::{Decoded, Field, Layer};
use condition::Condition;
pub use names::{Kind, names};
use operand::Operand;

/// A packet a filter is asked about, with what is known of it beside its own bytes.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Counted from 1.
    pub number: u32,
    /// Nanoseconds since 1970, where its time is known.
    pub at_ns: Option<u64>,
    /// When the capture's first packet was seen, and the one before this.
    pub first_ns: Option<u64>,
    pub before_ns: Option<u64>,
    /// How long it was on the wire.
    pub length: u32,
    pub frame: &'a [u8],
    pub interface: &'a str,
    pub comment: Option<&'a str>,
    pub decoded: &'a Decoded,
    /// What was opened or put together with it, among others.
    pub opened: Option<&'a Opened>,
    /// Its place in its TCP connection.
    pub followed: Option<&'a Followed>,
    /// What it has to do with other packets beside connections.
    pub pairs: &'a [Mark],
}

/// A filter that was understood.
#[derive(Clone, Debug)]
pub struct Filter(Option<Condition>);

/// Something of every packet that can be shown: a field by its name.
#[derive(Clone, Debug)]
pub struct Column(Operand);

/// Why a filter cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Mistake {
    /// The bytes of the filter it is about.
    pub bytes: Range<usize>,
    /// What is wrong, and what was expected.
    pub text: String,
    /// Columns before those, counted from 0.
    before: usize,
}

impl Filter {
    /// Reads a filter; one without any word holds for every packet.
    ///
    /// # Errors
    /// When it is not of the language, or compares what cannot be compared; the [`Mistake`] says where.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        parse::filter(text).map(Self).map_err(|mistake| mistake.placed_in(text))
    }

    /// Whether it holds for every packet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Whether it holds for the packet.
    #[must_use]
    pub fn holds(&self, packet: &Packet<'_>) -> bool {
        self.0.as_ref().is_none_or(|it| it.holds(packet))
    }
}

impl Column {
    /// The field, protocol or computed value of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn named(name: &str) -> Result<Self, Mistake> {
        parse::name(name, &(0..name.len())).map(Self)
    }

    /// What it is called.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.0.known.name
    }

    /// All it says in this packet, as the decoder shows it.
    #[must_use]
    pub fn texts(&self, packet: &Packet<'_>) -> Vec<String> {
        self.0.texts(packet)
    }
}

impl Mistake {
    fn at(bytes: Range<usize>, text: impl Into<String>) -> Self {
        Self { bytes, text: text.into(), before: 0 }
    }

    fn placed_in(self, filter: &str) -> Self {
        let before = filter.get(..self.bytes.start).map_or(0, |it| it.chars().count());
        Self { before, ..self }
    }

    /// The column it begins in, counted from 1.
    #[must_use]
    pub const fn column(&self) -> usize {
        self.before + 1
    }

    /// The filter with the place marked under it, for a terminal.
    #[must_use]
    pub fn marked(&self, filter: &str) -> String {
        let part = |range: Range<usize>| visible(filter.get(range).unwrap_or_default()).chars().count();
        let (before, wide) = (part(0..self.bytes.start), part(self.bytes.clone()).max(1));
        format!("{}\n{}{}", visible(filter), " ".repeat(before), "^".repeat(wide))
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column(), self.text)
    }
}

impl<'a> Packet<'a> {
    /// All layers, each over its bytes: the frame's, then those of what was opened with it.
    fn layers(&self) -> impl Iterator<Item = (&'a [u8], &'a Layer)> {
        // QUIC is opened whole: what its frame shows without keys is in there once more.
        let again = self.units().any(|unit| unit.decoded.layers.iter().any(|it| it.name == "quic"));
        let frame = self.frame;
        let own = self.decoded.layers.iter().filter(move |it| !again || it.name != "quic");
        let opened = self.units().flat_map(|unit| unit.decoded.layers.iter().map(|it| (&unit.bytes[..], it)));
        own.map(move |it| (frame, it)).chain(opened)
    }

    fn units(&self) -> impl Iterator<Item = &'a Unit> + use<'a> {
        let number = self.number;
        self.opened.into_iter().flat_map(move |it| it.at(number))
    }

    /// All fields of that name, each over its bytes.
    fn fields(&self, name: &str) -> impl Iterator<Item = (&'a [u8], &'a Field)> {
        let mut found = Vec::new();
        for (bytes, layer) in self.layers() {
            gather(&layer.fields, name, &mut |field| found.push((bytes, field)));
        }
        found.into_iter()
    }

    /// What stands out about it.
    fn marks(&self) -> impl Iterator<Item = Mark> + use<'a> {
        let followed = self.followed.map_or(&[][..], |it| &it.marks);
        followed.iter().chain(self.pairs).copied()
    }
}

fn gather<'a>(fields: &'a [Field], name: &str, take: &mut impl FnMut(&'a Field)) {
    for field in fields {
        if field.name == name {
            take(field);
        }
        gather(&field.parts, name, take);
    }
}
