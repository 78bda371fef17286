//! Reads one layer, field after field, and writes down what it read.
//!
//! A reader is a cursor over the bits of a frame between the end of the layer before and the layer's own end. Every read
//! either gives a value and leaves a [`Field`] behind, or gives `None` because the bytes ran out; so a layer is a list of
//! reads with `?`, and the fields read so far stay.
use std::fmt::Display;
use std::mem;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::text::{hex_start, visible_start};
use super::{Field, Layer, Problem};

/// The most bytes of a raw value or a text that are shown.
const MOST_SHOWN: usize = 64;
/// The most problems that are kept: a hostile frame could make thousands.
const MOST_PROBLEMS: usize = 32;

/// What is always true of a field.
pub(super) struct Words {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) source: &'static str,
    pub(super) why: &'static str,
}

impl Words {
    pub(super) const fn new(name: &'static str, label: &'static str, source: &'static str, why: &'static str) -> Self {
        Self { name, label, source, why }
    }
}

/// A cursor over one layer.
pub(super) struct Reader<'a> {
    frame: &'a [u8],
    start: usize,
    /// The next bit.
    at: usize,
    /// The bit after the last that this layer may read.
    end: usize,
    fields: Vec<Field>,
    problems: Vec<Problem>,
    /// Whether fields are wanted, or only what the layer says (for a summary).
    keep: bool,
    /// Whether the last read took no bits and so left no field: what is then said about it is said of nothing.
    empty: bool,
}

impl<'a> Reader<'a> {
    /// A reader of `bytes` of the frame; they must lie inside it.
    pub(super) const fn new(frame: &'a [u8], bytes: Range<usize>, keep: bool) -> Self {
        let (start, end) = (bytes.start * 8, bytes.end * 8);
        Self { frame, start, at: start, end, fields: Vec::new(), problems: Vec::new(), keep, empty: true }
    }

    /// Whether fields are wanted, so that words about them are worth making.
    pub(super) const fn keeps(&self) -> bool {
        self.keep
    }

    /// The byte the next read begins in.
    pub(super) const fn position(&self) -> usize {
        self.at / 8
    }

    /// The byte after the last this reader may read.
    pub(super) const fn end(&self) -> usize {
        self.end / 8
    }

    /// How many whole bytes are left.
    pub(super) const fn left(&self) -> usize {
        (self.end - self.at) / 8
    }

    /// The bytes that are left, unread.
    pub(super) fn ahead(&self) -> &'a [u8] {
        &self.frame[self.position()..self.end()]
    }

    /// The frame from its first byte up to so many bytes before the reader's end.
    pub(super) fn before_last(&self, bytes: usize) -> &'a [u8] {
        &self.frame[..self.end().saturating_sub(bytes)]
    }

    /// The bytes of this layer from its start to the reader's end.
    pub(super) fn whole(&self) -> &'a [u8] {
        &self.frame[self.start / 8..self.end()]
    }

    /// Ends the layer (with what it carries) after `length` bytes from its start; a longer length changes nothing.
    pub(super) fn ends_after(&mut self, length: usize) {
        let end = self.start.saturating_add(length.saturating_mul(8));
        self.end = self.end.min(end.max(self.at));
    }

    /// A whole number of `bits` (at most 64), shown in decimal.
    pub(super) fn number(&mut self, words: &Words, bits: usize) -> Option<u64> {
        let range = self.take(bits)?;
        let value = if range.start % 8 == 0 && bits.is_multiple_of(8) {
            self.frame[range.start / 8..range.end / 8].iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
        } else {
            range.clone().fold(0, |value, bit| value << 1 | u64::from(self.bit(bit)))
        };
        self.push(words, range, value);
        Some(value)
    }

    pub(super) fn u8(&mut self, words: &Words) -> Option<u8> {
        self.number(words, 8).and_then(|value| u8::try_from(value).ok())
    }

    pub(super) fn u16(&mut self, words: &Words) -> Option<u16> {
        self.number(words, 16).and_then(|value| u16::try_from(value).ok())
    }

    pub(super) fn u32(&mut self, words: &Words) -> Option<u32> {
        self.number(words, 32).and_then(|value| u32::try_from(value).ok())
    }

    /// A 16-bit number, shown as `0x0800`.
    pub(super) fn hex16(&mut self, words: &Words) -> Option<u16> {
        let value = self.u16(words)?;
        self.says(format_args!("{value:#06x}"));
        Some(value)
    }

    /// A 32-bit number, shown as `0x00000001`.
    pub(super) fn hex32(&mut self, words: &Words) -> Option<u32> {
        let value = self.u32(words)?;
        self.says(format_args!("{value:#010x}"));
        Some(value)
    }

    /// A number of 1, 2, 4 or 8 bytes, its first two bits saying which; shown without them. RFC 9000 §16.
    pub(super) fn varint(&mut self, words: &Words) -> Option<u64> {
        let bits = 8_usize << (self.ahead().first()? >> 6);
        let value = self.number(words, bits)? & (u64::MAX >> (66 - bits));
        self.says(value);
        Some(value)
    }

    /// A number that begins in the low `prefix` bits of this byte and goes on behind it where they are all set. RFC 7541 §5.1.
    pub(super) fn prefixed(&mut self, words: &Words, prefix: usize) -> Option<u64> {
        let bytes = self.ahead();
        let full = (1_u64 << prefix) - 1;
        let mut value = u64::from(*bytes.first()?) & full;
        let mut more = 0;
        while value >= full && more < 7 {
            let byte = *bytes.get(1 + more)?;
            value += u64::from(byte & 0x7f) << (7 * more);
            more += 1;
            if byte & 0x80 == 0 {
                break;
            }
            // Longer ones are no length and no index of anything real.
            if more == 7 {
                return None;
            }
        }
        self.number(words, prefix + 8 * more)?;
        self.says(value);
        Some(value)
    }

    /// One bit.
    pub(super) fn flag(&mut self, words: &Words) -> Option<bool> {
        let set = self.number(words, 1)? == 1;
        self.means(if set { "set" } else { "not set" });
        Some(set)
    }

    pub(super) fn ipv4(&mut self, words: &Words) -> Option<Ipv4Addr> {
        let address = Ipv4Addr::from(<[u8; 4]>::try_from(self.raw(words, 4)?).ok()?);
        self.says(address);
        Some(address)
    }

    pub(super) fn ipv6(&mut self, words: &Words) -> Option<Ipv6Addr> {
        let address = Ipv6Addr::from(<[u8; 16]>::try_from(self.raw(words, 16)?).ok()?);
        self.says(address);
        Some(address)
    }

    /// Bytes shown in hexadecimal; no bytes leave no field.
    pub(super) fn raw(&mut self, words: &Words, bytes: usize) -> Option<&'a [u8]> {
        let range = self.take(bytes.checked_mul(8)?)?;
        let taken = &self.frame[range.start / 8..range.end / 8];
        self.push(words, range, if self.keep { hex_start(taken, MOST_SHOWN) } else { String::new() });
        Some(taken)
    }

    /// Bytes shown as text.
    pub(super) fn text(&mut self, words: &Words, bytes: usize) -> Option<&'a [u8]> {
        let taken = self.raw(words, bytes)?;
        if self.keep {
            self.says(visible_start(taken, MOST_SHOWN * 4));
        }
        Some(taken)
    }

    /// A field whose parts are what `inner` reads. It is left out when `inner` read nothing.
    pub(super) fn group<T>(&mut self, words: &Words, inner: impl FnOnce(&mut Self) -> T) -> T {
        let (from, outer) = (self.at, mem::take(&mut self.fields));
        let result = inner(self);
        let parts = mem::replace(&mut self.fields, outer);
        self.push(words, from..self.at, "");
        self.change(|field| field.parts = parts);
        result
    }

    /// Lets `inner` read the next `bytes` and no further; what it leaves becomes `rest`. `None` when there are not so many.
    pub(super) fn within<T>(&mut self, bytes: usize, rest: &Words, inner: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let until = self.at.checked_add(bytes.checked_mul(8)?).filter(|until| *until <= self.end)?;
        let outer = mem::replace(&mut self.end, until);
        let result = inner(self);
        self.rest(rest);
        self.end = outer;
        Some(result)
    }

    /// All that is left, as one raw field; nothing when nothing is.
    pub(super) fn rest(&mut self, words: &Words) {
        let odd = (self.end - self.at) % 8;
        if odd > 0 {
            self.number(words, odd);
        }
        if self.left() > 0 {
            self.raw(words, self.left());
        }
    }

    /// Replaces the value of the last field.
    pub(super) fn says(&mut self, value: impl Display) {
        self.change(|field| field.value = value.to_string());
    }

    /// Says what the last field's value means here.
    pub(super) fn means(&mut self, meaning: impl Display) {
        self.change(|field| field.meaning = meaning.to_string());
    }

    /// Says why the last field has this value here, in place of why it exists.
    pub(super) fn because(&mut self, why: impl Display) {
        self.change(|field| field.why = why.to_string());
    }

    /// Names the last field more exactly.
    pub(super) fn labelled(&mut self, label: impl Display) {
        self.change(|field| field.label = label.to_string());
    }

    /// Notes something wrong with `bytes` of the frame.
    pub(super) fn problem(&mut self, bytes: Range<usize>, text: impl Display) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(Problem { bytes, text: text.to_string() });
        }
    }

    /// Notes something wrong with the last `bytes` bytes that were read.
    pub(super) fn problem_back(&mut self, bytes: usize, text: impl Display) {
        let end = self.at.div_ceil(8);
        self.problem(end.saturating_sub(bytes)..end, text);
    }

    /// The layer, from its start to here, and its problems.
    pub(super) fn finish(self, name: &'static str, title: impl Into<String>) -> (Layer, Vec<Problem>) {
        let bytes = self.start / 8..self.at.div_ceil(8);
        (Layer { name, title: title.into(), bytes, fields: self.fields }, self.problems)
    }

    fn take(&mut self, bits: usize) -> Option<Range<usize>> {
        let until = self.at.checked_add(bits).filter(|until| *until <= self.end)?;
        let range = self.at..until;
        self.at = until;
        Some(range)
    }

    fn bit(&self, bit: usize) -> bool {
        self.frame[bit / 8] >> (7 - bit % 8) & 1 == 1
    }

    fn push(&mut self, words: &Words, bits: Range<usize>, value: impl Display) {
        self.empty = bits.is_empty();
        if self.keep && !self.empty {
            self.fields.push(Field {
                name: words.name,
                label: words.label.to_owned(),
                bits,
                value: value.to_string(),
                meaning: String::new(),
                why: words.why.to_owned(),
                source: words.source,
                parts: Vec::new(),
            });
        }
    }

    fn change(&mut self, change: impl FnOnce(&mut Field)) {
        if let Some(field) = self.fields.last_mut().filter(|_| self.keep && !self.empty) {
            change(field);
        }
    }
}
