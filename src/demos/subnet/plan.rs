//! The arithmetic of networks: mask, range, hosts, the bits drawn, parts of equal size. No packet is needed for it.
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Parts that are listed at the most.
pub const MOST_PARTS: usize = 4096;

/// A network: an address with the length of its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subnet {
    address: IpAddr,
    length: u8,
}

/// A text that is no network, or a wish no network has; the message says what to write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    #[error("`{0}` is no network: write an address and the length of its prefix, as 10.0.0.0/20 or 2001:db8::/48")]
    NoNetwork(String),
    #[error("`{0}` has no prefix: add its length, as {0}/24")]
    NoLength(String),
    #[error("`{0}` is no length of a prefix here: a number from 0 to {1}, or a mask as 255.255.240.0")]
    Length(String, u8),
    #[error(
        "`{0}` is no address: write four numbers from 0 to 255 without leading zeros, as 10.0.0.1, or IPv6, as 2001:db8::1"
    )]
    Address(String),
    #[error("/{wanted} is no part of /{length}: a part has a longer prefix, up to /{most}")]
    NoPart { wanted: u8, length: u8, most: u8 },
    #[error("/{length} has {count} parts of /{wanted}: at most {MOST_PARTS} are listed, so ask for a shorter prefix")]
    TooMany { wanted: u8, length: u8, count: u128 },
}

impl Subnet {
    /// The network around an address.
    #[must_use]
    pub fn new(address: IpAddr, length: u8) -> Self {
        let length = length.min(width(address));
        let whole = Self { address, length };
        Self { address: whole.with(number(address) & !whole.rest()), length }
    }

    /// The length of its prefix.
    #[must_use]
    pub const fn length(self) -> u8 {
        self.length
    }

    /// Bits of an address of its family.
    #[must_use]
    pub const fn width(self) -> u8 {
        width(self.address)
    }

    /// Bits of the hosts' part, all ones.
    fn rest(self) -> u128 {
        1_u128.checked_shl(u32::from(self.width() - self.length)).map_or(u128::MAX, |it| it - 1)
    }

    fn with(self, bits: u128) -> IpAddr {
        match self.address {
            IpAddr::V4(_) => Ipv4Addr::from_bits(u32::try_from(bits & u128::from(u32::MAX)).unwrap_or(0)).into(),
            IpAddr::V6(_) => Ipv6Addr::from_bits(bits).into(),
        }
    }

    /// Its first address, which names it.
    #[must_use]
    pub const fn network(self) -> IpAddr {
        self.address
    }

    /// The mask, as an address: `255.255.240.0`.
    #[must_use]
    pub fn mask(self) -> IpAddr {
        self.with(!self.rest())
    }

    /// Its last address.
    #[must_use]
    pub fn last(self) -> IpAddr {
        self.with(number(self.address) | self.rest())
    }

    /// The address that means everybody; IPv6 has none, nor has a /31 or /32 (RFC 3021).
    #[must_use]
    pub fn broadcast(self) -> Option<IpAddr> {
        (self.address.is_ipv4() && self.length < 31).then(|| self.last())
    }

    /// The addresses hosts may have: first, last, and how many. On a /31 both (RFC 3021), on a /32 the one.
    #[must_use]
    pub fn hosts(self) -> (IpAddr, IpAddr, u128) {
        let (first, last) = (number(self.address), number(self.last()));
        // An IPv6 network's first address is all its routers' (RFC 4291 §2.6.1); it is still counted here, as clouds do.
        let edge = u128::from(self.broadcast().is_some());
        (self.with(first + edge), self.with(last - edge), (last - edge - (first + edge)).saturating_add(1))
    }

    /// How many addresses hosts may have, in digits: those of `::/0` are one more than 128 bits can say.
    #[must_use]
    pub fn size(self) -> String {
        let (first, last, hosts) = self.hosts();
        let whole = hosts == u128::MAX && number(last) - number(first) == u128::MAX;
        if whole { "340282366920938463463374607431768211456".to_owned() } else { hosts.to_string() }
    }

    /// Whether all its addresses are of groups, and none is a host's (RFC 5771 §3, RFC 4291 §2.7).
    #[must_use]
    pub fn is_multicast(self) -> bool {
        self.network().is_multicast() && self.last().is_multicast()
    }

    /// Whether an address is in it.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        address.is_ipv4() == self.address.is_ipv4() && (number(address) ^ number(self.address)) & !self.rest() == 0
    }

    /// An address in bits, four or eight to a group, `|` where this network's prefix ends.
    #[must_use]
    pub fn bits_of(self, address: IpAddr) -> String {
        let (width, value) = (self.width(), number(address));
        let group = if self.address.is_ipv4() { 8 } else { 16 };
        let mut text = String::new();
        for bit in 0..width {
            if bit == self.length {
                text.push('|');
            } else if bit % group == 0 && bit > 0 {
                text.push(if group == 8 { '.' } else { ':' });
            }
            text.push(if value >> (width - 1 - bit) & 1 == 1 { '1' } else { '0' });
        }
        if self.length == width {
            text.push('|');
        }
        text
    }

    /// Parts of equal size.
    ///
    /// # Errors
    /// When the prefix wanted is not longer, or there would be too many.
    pub fn split(self, wanted: u8) -> Result<Vec<Self>, Wrong> {
        let (length, most) = (self.length, self.width());
        if wanted <= length || wanted > most {
            return Err(Wrong::NoPart { wanted, length, most });
        }
        let count = 1_u128.checked_shl(u32::from(wanted - length)).unwrap_or(u128::MAX);
        if count > MOST_PARTS as u128 {
            return Err(Wrong::TooMany { wanted, length, count });
        }
        let size = 1_u128.checked_shl(u32::from(most - wanted)).unwrap_or(0);
        let part = |index: u128| Self { address: self.with(number(self.address) + index * size), length: wanted };
        Ok((0..count).map(part).collect())
    }
}

const fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

const fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits() as u128,
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// A prefix's length from a number, or for IPv4 from a mask: ones, then zeros.
fn length_of(text: &str, address: IpAddr) -> Option<u8> {
    let number = text.parse().ok().filter(|it| *it <= width(address));
    number.or_else(|| {
        let mask = text.parse::<Ipv4Addr>().ok().filter(|_| address.is_ipv4())?.to_bits();
        let ones = mask.leading_ones();
        (ones + mask.trailing_zeros() >= 32).then(|| u8::try_from(ones).ok())?
    })
}

impl FromStr for Subnet {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        let short = |text: &str| text.chars().take(60).collect::<String>();
        let Some((address, length)) = text.trim().split_once('/') else {
            let is_address = text.trim().parse::<IpAddr>().is_ok();
            return Err(if is_address { Wrong::NoLength(short(text.trim())) } else { Wrong::NoNetwork(short(text)) });
        };
        let address: IpAddr = address.parse().map_err(|_| Wrong::Address(short(address)))?;
        let length = length_of(length, address).ok_or_else(|| Wrong::Length(short(length), width(address)))?;
        Ok(Self::new(address, length))
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(text: &str) -> Subnet {
        text.parse().expect("a network")
    }

    #[test]
    fn ranges_masks_and_counts() {
        let row = |text: &str| {
            let it = subnet(text);
            let (first, last, count) = it.hosts();
            format!("{it} {} {:?} {first} {last} {count}", it.mask(), it.broadcast().map(|it| it.to_string()))
        };
        assert_eq!(row("10.0.5.77/20"), "10.0.0.0/20 255.255.240.0 Some(\"10.0.15.255\") 10.0.0.1 10.0.15.254 4094");
        assert_eq!(row("192.0.2.9/31"), "192.0.2.8/31 255.255.255.254 None 192.0.2.8 192.0.2.9 2");
        assert_eq!(row("192.0.2.9/32"), "192.0.2.9/32 255.255.255.255 None 192.0.2.9 192.0.2.9 1");
        assert_eq!(row("1.2.3.4/0"), "0.0.0.0/0 0.0.0.0 Some(\"255.255.255.255\") 0.0.0.1 255.255.255.254 4294967294");
        assert_eq!(subnet("2001:db8::1/64").hosts().2, 1 << 64);
        assert_eq!(subnet("::/0").hosts().2, u128::MAX, "one is too many to count");
    }

    #[test]
    fn bits_show_where_the_prefix_ends() {
        let it = subnet("10.0.0.0/20");
        assert_eq!(it.bits_of(it.network()), "00001010.00000000.0000|0000.00000000");
        let edge = subnet("10.0.0.0/24");
        assert_eq!(edge.bits_of(edge.mask()), "11111111.11111111.11111111|00000000");
        assert!(subnet("192.0.2.9/32").bits_of([192, 0, 2, 9].into()).ends_with("00001001|"));
        assert!(subnet("0.0.0.0/0").bits_of([0, 0, 0, 0].into()).starts_with("|0"));
    }

    #[test]
    fn parts_tile_the_whole_and_bad_wishes_say_what_to_do() {
        let parts = subnet("10.0.0.0/20").split(24).expect("16 parts");
        assert_eq!(parts.len(), 16);
        assert_eq!((parts[0].to_string(), parts[15].to_string()), ("10.0.0.0/24".into(), "10.0.15.0/24".into()));
        assert!(parts.windows(2).all(|it| number(it[0].last()) + 1 == number(it[1].network())));
        assert!(subnet("10.0.0.0/20").split(20).is_err() && subnet("10.0.0.0/20").split(33).is_err());
        let many = subnet("10.0.0.0/8").split(30).expect_err("too many").to_string();
        assert_eq!(many, "/8 has 4194304 parts of /30: at most 4096 are listed, so ask for a shorter prefix");
        assert!(subnet("::/0").split(128).is_err());
        assert_eq!(subnet("10.0.0.0/255.255.240.0"), subnet("10.0.0.0/20"));
        assert_eq!(subnet("0.0.0.0/0.0.0.0").length(), 0);
        assert_eq!(subnet("10.1.2.3/255.255.255.255").length(), 32);
        assert_eq!(subnet("::/0").size(), "340282366920938463463374607431768211456");
        assert!(subnet("224.0.0.1/4").is_multicast() && subnet("ff02::1/16").is_multicast());
        assert!(!subnet("192.0.0.0/2").is_multicast() && !subnet("fe80::/10").is_multicast());
        let wrong = |text: &str| text.parse::<Subnet>().expect_err("it is none").to_string();
        assert_eq!(wrong("10.0.0.1"), "`10.0.0.1` has no prefix: add its length, as 10.0.0.1/24");
        assert!(wrong("10.0.0.0/33").starts_with("`33` is no length"), "{}", wrong("10.0.0.0/33"));
        assert!(wrong("10.0.0.0/255.0.255.0").starts_with("`255.0.255.0` is no length"));
        assert!(
            wrong("010.0.0.1/8").contains("without leading zeros") && wrong("256.1.1.1/8").contains("from 0 to 255")
        );
        for text in ["", "10.0.0.0", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/-1", "x/8"] {
            assert!(text.parse::<Subnet>().is_err(), "{text}");
        }
    }
}
