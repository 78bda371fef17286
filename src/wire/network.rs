//! Networks of both families: an address and the length of its prefix, `10.0.0.0/24` (RFC 4632 §3.1, RFC 4291 §2.3).
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// An address with the length of its network's prefix: `10.0.0.1/24`, `2001:db8::1/64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Network {
    pub(crate) address: IpAddr,
    /// At most 32, or 128.
    pub(crate) prefix: u8,
}

/// A text that is no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an address with a prefix length: write one such as 10.0.0.1/24 or 2001:db8::1/64")]
pub(crate) struct NotANetwork(pub String);

/// Bits of an address.
pub(crate) const fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// An address as a number of [`width`] bits.
const fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits() as u128,
        IpAddr::V6(address) => address.to_bits(),
    }
}

impl Network {
    /// The bits of the host's part.
    fn rest(self) -> u128 {
        let bits = u32::from(width(self.address).saturating_sub(self.prefix));
        1_u128.checked_shl(bits).map_or(u128::MAX, |it| it - 1)
    }

    fn with(self, bits: u128) -> IpAddr {
        match self.address {
            IpAddr::V4(_) => Ipv4Addr::from_bits(u32::try_from(bits).expect("IPv4's numbers have 32 bits")).into(),
            IpAddr::V6(_) => Ipv6Addr::from_bits(bits).into(),
        }
    }

    /// Whether `address` is in this network.
    #[must_use]
    pub(crate) fn contains(self, address: IpAddr) -> bool {
        address.is_ipv4() == self.address.is_ipv4() && (number(address) ^ number(self.address)) & !self.rest() == 0
    }

    /// The address that means everybody in this network; IPv6 has none, nor have networks of one or two (RFC 3021).
    #[must_use]
    pub(crate) fn broadcast(self) -> Option<IpAddr> {
        let has = self.address.is_ipv4() && self.prefix < 31;
        has.then(|| self.with(number(self.address) | self.rest()))
    }

    /// The network itself, without the host's part: `10.0.0.0/24`.
    #[must_use]
    pub(crate) fn network(self) -> Self {
        Self { address: self.with(number(self.address) & !self.rest()), prefix: self.prefix }
    }

    /// Everywhere: `0.0.0.0/0` or `::/0`, of the family of `address`.
    #[must_use]
    pub(crate) fn everywhere(address: IpAddr) -> Self {
        Self { address, prefix: 0 }.network()
    }
}

/// Leading bits that two addresses of one family have in common.
pub(crate) fn common_prefix(a: IpAddr, b: IpAddr) -> u32 {
    let shift = 128 - u32::from(width(a));
    if a.is_ipv4() == b.is_ipv4() { ((number(a) ^ number(b)) << shift).leading_zeros() } else { 0 }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let wrong = || NotANetwork(text.to_owned());
        let (address, prefix) = text.split_once('/').ok_or_else(wrong)?;
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let prefix = prefix.parse().ok().filter(|it| *it <= width(address)).ok_or_else(wrong)?;
        Ok(Self { address, prefix })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_knows_its_members_and_its_broadcast() {
        let network: Network = "192.0.2.130/25".parse().expect("a network");
        assert!(network.contains([192, 0, 2, 255].into()));
        assert!(!network.contains([192, 0, 2, 127].into()));
        assert_eq!(network.broadcast(), Some([192, 0, 2, 255].into()));
        assert_eq!(network.network().to_string(), "192.0.2.128/25");
        let point: Network = "192.0.2.130/31".parse().expect("a network");
        assert_eq!(point.broadcast(), None);
        for text in ["", "10.0.0.1", "10.0.0.1/33", "10.0.0/8", "10.0.0.1/x", "2001:db8::1/129", "2001:db8::1"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }

    #[test]
    fn no_bit_is_lost_at_either_end_of_a_prefix() {
        for (text, whole) in [("0.0.0.0/0", "255.255.255.255"), ("::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")] {
            let everywhere: Network = text.parse().expect("a network");
            let last: IpAddr = whole.parse().expect("an address");
            assert!(everywhere.contains(last) && Network::everywhere(last) == everywhere);
            let host = Network { address: last, prefix: width(last) };
            assert!(host.contains(last) && !host.contains(everywhere.address));
            assert_eq!(host.network(), host);
        }
        assert_eq!(common_prefix([192, 0, 2, 0].into(), [192, 0, 3, 0].into()), 23);
    }
}
