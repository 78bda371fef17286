//! DER, the encoding of certificates: each value with its tag and its length in front. ITU-T X.690.
use crate::quantity::Quantity;
use crate::wire::reader::{Reader, Words};

const X690: &str = "ITU-T X.690 §8.1";
const HEADER: Words = Words::new(
    "x509.der.header",
    "Tag and length",
    X690,
    "In DER every value says its kind and its length first; there is one way only to write it, so that signatures fit.",
);
const REST: Words = Words::new("x509.der.value", "Value", X690, "What the value's kind does not take apart further.");

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// A context-specific tag of a constructed value, and of a primitive one.
pub(super) const fn context(number: u8) -> u8 {
    0xa0 | number
}

pub(super) const fn implicit(number: u8) -> u8 {
    0x80 | number
}

/// One value with what is in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Item<'a> {
    pub(super) tag: u8,
    pub(super) value: &'a [u8],
    /// With tag and length.
    pub(super) whole: &'a [u8],
}

/// Values one after the other; damaged bytes end them, and nothing is copied.
#[derive(Clone, Copy, Debug)]
pub(super) struct Items<'a>(pub(super) &'a [u8]);

impl<'a> Items<'a> {
    /// The next value; `None` at the end and where the bytes are none.
    pub(super) fn item(&mut self) -> Option<Item<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        // X.690 §8.1.2.4: tags above 30 take more octets; certificates have none.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (length, rest) = length(rest)?;
        let (value, after) = (rest.get(..length)?, rest.get(length..)?);
        let whole = &self.0[..self.0.len() - after.len()];
        self.0 = after;
        Some(Item { tag, value, whole })
    }

    /// The next value, which must have that tag.
    pub(super) fn expect(&mut self, tag: u8) -> Option<Item<'a>> {
        self.item().filter(|it| it.tag == tag)
    }

    /// The next value where it has that tag; else nothing is read.
    pub(super) fn optional(&mut self, tag: u8) -> Option<Item<'a>> {
        (self.0.first() == Some(&tag)).then(|| self.item()).flatten()
    }

    /// What stands in the next SEQUENCE.
    pub(super) fn sequence(&mut self) -> Option<Self> {
        Some(Self(self.expect(SEQUENCE)?.value))
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        self.item()
    }
}

/// The definite form in as few octets as can be (X.690 §10.1), four at the most.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    if first < 0x80 {
        return Some((first.into(), rest));
    }
    let octets = usize::from(first & 0x7f);
    let digits = rest.get(..octets).filter(|it| (1..=4).contains(&it.len()) && it[0] != 0)?;
    let length = digits.iter().fold(0_usize, |sum, digit| sum << 8 | usize::from(*digit));
    (length >= 0x80).then(|| (length, &rest[octets..]))
}

/// Looks at the value in front without reading it. `None` where there is none, or it is longer than what is there.
pub(super) fn ahead<'a>(r: &Reader<'a>) -> Option<Item<'a>> {
    Items(r.ahead()).item()
}

/// Reads tag and length of what [`ahead`] has seen.
fn header(r: &mut Reader<'_>, item: &Item<'_>) -> Option<()> {
    r.raw(&HEADER, item.whole.len() - item.value.len())?;
    r.means(format_args!("{}, {} in it", kind(item.tag), Quantity::bytes(item.value.len())));
    Some(())
}

/// Reads a value as a field of that name; `inner` reads its content. `None` where there is no such value.
pub(super) fn value<'a, T>(
    r: &mut Reader<'a>,
    words: &Words,
    tag: u8,
    inner: impl FnOnce(&mut Reader<'a>) -> Option<T>,
) -> Option<T> {
    any(r, words, |r, item| (item.tag == tag).then(|| inner(r))?)
}

/// Reads a value of any kind as a field of that name.
pub(super) fn any<'a, T>(
    r: &mut Reader<'a>,
    words: &Words,
    inner: impl FnOnce(&mut Reader<'a>, Item<'a>) -> Option<T>,
) -> Option<T> {
    let item = ahead(r)?;
    r.group(words, |r| {
        header(r, &item)?;
        r.within(item.value.len(), &REST, |r| inner(r, item))?
    })
}

/// Reads a value whose content is shown as bytes; gives them.
pub(super) fn bytes<'a>(r: &mut Reader<'a>, words: &Words, content: &Words) -> Option<&'a [u8]> {
    let item = ahead(r)?;
    r.group(words, |r| {
        header(r, &item)?;
        r.raw(content, item.value.len())
    })
}

const fn kind(tag: u8) -> &'static str {
    match tag {
        BOOLEAN => "BOOLEAN",
        INTEGER => "INTEGER",
        BIT_STRING => "BIT STRING",
        OCTET_STRING => "OCTET STRING",
        0x05 => "NULL",
        OID => "OBJECT IDENTIFIER",
        0x0a => "ENUMERATED",
        0x0c => "UTF8String",
        0x13 => "PrintableString",
        0x14 => "TeletexString",
        0x16 => "IA5String",
        UTC_TIME => "UTCTime",
        GENERALIZED_TIME => "GeneralizedTime",
        0x1a => "VisibleString",
        0x1c => "UniversalString",
        0x1e => "BMPString",
        SEQUENCE => "SEQUENCE",
        SET => "SET",
        0x80..=0xbf => "a tag of this place's own",
        _ => "another kind",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_as_short_as_can_be_and_never_beyond_the_end() {
        let of = |bytes: &[u8]| Items(bytes).item().map(|it| (it.tag, it.value.len(), it.whole.len()));
        assert_eq!(of(&[2, 1, 5]), Some((2, 1, 3)));
        assert_eq!(of(&[2, 2, 5]), None);
        assert_eq!(of(&[&[0x30, 0x82, 1, 0][..], &[0; 256]].concat()), Some((0x30, 256, 260)));
        for damaged in [
            &[0x30][..],
            &[0x30, 5, 1],
            &[0x30, 0x82, 1],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x81, 5, 1],
            &[0x1f, 0x81, 1, 0],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert_eq!(of(damaged), None, "{damaged:?}");
        }
    }

    #[test]
    fn values_follow_each_other() {
        let mut items = Items(&[INTEGER, 1, 5, SEQUENCE, 3, OCTET_STRING, 1, 7]);
        assert_eq!(items.expect(INTEGER).map(|it| it.value), Some(&[5][..]));
        let mut inner = items.sequence().expect("a sequence");
        assert_eq!(inner.expect(OCTET_STRING).map(|it| it.whole), Some(&[OCTET_STRING, 1, 7][..]));
        assert!(inner.item().is_none() && items.item().is_none());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_value_and_what_is_left_or_none(bytes: Vec<u8>) {
            let mut items = Items(&bytes);
            if let Some(it) = items.item() {
                proptest::prop_assert_eq!([it.whole, items.0].concat(), bytes.clone());
                proptest::prop_assert!(it.whole.ends_with(it.value));
            }
        }
    }
}
