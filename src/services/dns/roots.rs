//! The servers of the real root, as IANA lists them (https://www.iana.org/domains/root/servers): where a search on the
//! Internet begins.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::resolver::Hints;

/// A letter, its IPv4 address, its IPv6 address.
const ROOTS: [(char, [u8; 4], [u16; 8]); 13] = [
    ('a', [198, 41, 0, 4], [0x2001, 0x503, 0xba3e, 0, 0, 0, 2, 0x30]),
    ('b', [170, 247, 170, 2], [0x2801, 0x1b8, 0x10, 0, 0, 0, 0, 0xb]),
    ('c', [192, 33, 4, 12], [0x2001, 0x500, 2, 0, 0, 0, 0, 0xc]),
    ('d', [199, 7, 91, 13], [0x2001, 0x500, 0x2d, 0, 0, 0, 0, 0xd]),
    ('e', [192, 203, 230, 10], [0x2001, 0x500, 0xa8, 0, 0, 0, 0, 0xe]),
    ('f', [192, 5, 5, 241], [0x2001, 0x500, 0x2f, 0, 0, 0, 0, 0xf]),
    ('g', [192, 112, 36, 4], [0x2001, 0x500, 0x12, 0, 0, 0, 0, 0xd0d]),
    ('h', [198, 97, 190, 53], [0x2001, 0x500, 1, 0, 0, 0, 0, 0x53]),
    ('i', [192, 36, 148, 17], [0x2001, 0x7fe, 0, 0, 0, 0, 0, 0x53]),
    ('j', [192, 58, 128, 30], [0x2001, 0x503, 0xc27, 0, 0, 0, 2, 0x30]),
    ('k', [193, 0, 14, 129], [0x2001, 0x7fd, 0, 0, 0, 0, 0, 1]),
    ('l', [199, 7, 83, 42], [0x2001, 0x500, 0x9f, 0, 0, 0, 0, 0x42]),
    ('m', [202, 12, 27, 33], [0x2001, 0xdc3, 0, 0, 0, 0, 0, 0x35]),
];

/// All of them, each with both addresses.
#[must_use]
pub fn hints() -> Hints {
    let hint = |(letter, v4, v6): &(char, [u8; 4], [u16; 8])| {
        let name = super::name(&format!("{letter}.root-servers.net")).expect("a name of this file");
        (name, vec![IpAddr::from(Ipv4Addr::from(*v4)), Ipv6Addr::from(*v6).into()])
    };
    ROOTS.iter().map(hint).collect()
}

/// Whether a server of the root has this address.
#[must_use]
pub fn has(address: IpAddr) -> bool {
    ROOTS.iter().any(|(_, v4, v6)| IpAddr::from(*v4) == address || IpAddr::from(*v6) == address)
}
