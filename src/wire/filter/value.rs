//! Values of fields and of literals, and how they compare.
use std::cmp::Ordering;
use std::net::IpAddr;

use super::names::Kind;
use crate::wire::Field;
use crate::wire::network::{Network, width};
use crate::wire::text::visible_start;

/// The most bytes of a text the decoder shows.
const MOST_SHOWN: usize = 256;

/// What a field says, in a form that compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Also flags; of a time, nanoseconds.
    Number(i128),
    /// Also texts and hardware addresses.
    Bytes(Vec<u8>),
    Address(IpAddr),
}

/// What stands in the filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Literal {
    Value(Value),
    Network(Network),
}

impl Value {
    pub(super) fn text(text: &str) -> Self {
        Self::Bytes(text.as_bytes().to_vec())
    }

    /// Of a field over these bytes; none where it has no value of that kind.
    pub(super) fn of(field: &Field, bytes: &[u8], kind: Kind) -> Option<Self> {
        let raw = bytes.get(field.bytes())?;
        Some(match kind {
            Kind::Number | Kind::Signed | Kind::Flag => {
                Self::Number(number(&field.value).or_else(|| bits(field, bytes))?)
            }
            Kind::Text => Self::Bytes(text(field, raw)),
            Kind::Bytes | Kind::Mac | Kind::Protocol => Self::Bytes(raw.to_vec()),
            Kind::Ipv4 | Kind::Ipv6 => Self::Address(field.value.parse().ok().or_else(|| address(raw))?),
            Kind::Seconds | Kind::Label => return None,
        })
    }

    /// How it stands to a literal; none where they are of different kinds.
    pub(super) fn compare(&self, literal: &Literal) -> Option<Ordering> {
        match literal {
            Literal::Value(other) => self.order(other),
            Literal::Network(network) => match self {
                Self::Address(address) if address.is_ipv4() == network.address.is_ipv4() => {
                    let here = Network { address: *address, prefix: network.prefix }.network();
                    Some(here.address.cmp(&network.network().address))
                }
                _ => None,
            },
        }
    }

    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => Some(a.cmp(b)),
            (Self::Bytes(a), Self::Bytes(b)) => Some(a.cmp(b)),
            (Self::Address(a), Self::Address(b)) if width(*a) == width(*b) => Some(a.cmp(b)),
            _ => None,
        }
    }
}

/// A number as the decoder writes it.
fn number(text: &str) -> Option<i128> {
    match text.strip_prefix("0x") {
        Some(hex) => i128::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// The field's own bits as a number.
fn bits(field: &Field, bytes: &[u8]) -> Option<i128> {
    let wide = field.bits.len() <= 64;
    let bit = |at: usize| i128::from(bytes[at / 8] >> (7 - at % 8) & 1);
    wide.then(|| field.bits.clone().fold(0, |value, at| value << 1 | bit(at)))
}

/// The text itself: the decoder shows a long one cut, and a strange one with escapes.
fn text(field: &Field, raw: &[u8]) -> Vec<u8> {
    if visible_start(raw, MOST_SHOWN) == field.value { raw.to_vec() } else { field.value.clone().into_bytes() }
}

fn address(raw: &[u8]) -> Option<IpAddr> {
    match raw.len() {
        4 => <[u8; 4]>::try_from(raw).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(raw).ok().map(IpAddr::from),
        _ => None,
    }
}
