//! The names that a certificate is for, as a program compares with them. RFC 5280 §4.2.1.6.
use std::net::IpAddr;

use super::der::{self, Item, Items};
use crate::wire::text::visible_start;

/// More characters of a name are not kept: the longest, a SPIFFE ID, has 2048.
const LONGEST: usize = 2048;

/// A name of the subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AltName {
    Dns(String),
    Address(IpAddr),
    Uri(String),
}

impl AltName {
    /// One of a `GeneralNames`, whose tag says which kind of name it is; those of other kinds are none.
    pub(super) fn of(it: Item<'_>) -> Option<Self> {
        const DNS: u8 = der::implicit(2);
        const URI: u8 = der::implicit(6);
        const ADDRESS: u8 = der::implicit(7);
        let text = || std::str::from_utf8(it.value).ok().map(|it| visible_start(it, LONGEST));
        match it.tag {
            DNS => text().map(Self::Dns),
            URI => text().map(Self::Uri),
            ADDRESS => address(it.value).map(Self::Address),
            _ => None,
        }
    }

    /// Those of a `GeneralNames` that a program compares with.
    pub(super) fn all(names: &[u8]) -> Option<Vec<Self>> {
        Some(Items(names).sequence()?.filter_map(Self::of).collect())
    }
}

impl std::fmt::Display for AltName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Dns(name) => f.pad(name),
            Self::Address(address) => f.pad(&address.to_string()),
            Self::Uri(uri) => f.pad(uri),
        }
    }
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from)).ok()
}
