//! Networks of both families and the choice of a route: the longest prefix that matches wins (RFC 1812 §5.2.4.3).
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// An address with the length of its network's prefix: `10.0.0.1/24`, `2001:db8::1/64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
const fn width(address: IpAddr) -> u8 {
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

/// One line of a routing table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) to: Network,
    /// `None` where the network is at the interface itself.
    pub(crate) via: Option<IpAddr>,
    pub(crate) interface: usize,
}

/// The route with the longest prefix that holds `destination`; of equals, the first entered.
pub(crate) fn choose(table: &[Route], destination: IpAddr) -> Option<Route> {
    let fitting = table.iter().filter(|route| route.to.contains(destination));
    fitting.rev().max_by_key(|route| route.to.prefix).copied()
}

/// Every route with the longest prefix that holds `destination`, in the order they were entered.
pub(crate) fn equals(table: &[Route], destination: IpAddr) -> Vec<Route> {
    let best = choose(table, destination).map(|it| it.to.prefix);
    let fitting = table.iter().filter(|it| Some(it.to.prefix) == best && it.to.contains(destination));
    fitting.copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(to: &str, interface: usize) -> Route {
        Route { to: to.parse().expect("a network"), via: None, interface }
    }

    #[test]
    fn the_longest_prefix_wins_and_the_first_of_equals() {
        let table = [route("0.0.0.0/0", 0), route("10.0.0.0/8", 1), route("10.1.0.0/16", 2), route("10.1.0.0/16", 3)];
        let through = |address: [u8; 4]| choose(&table, address.into()).map(|it| it.interface);
        assert_eq!(through([10, 1, 2, 3]), Some(2));
        assert_eq!(through([10, 2, 0, 1]), Some(1));
        assert_eq!(through([192, 0, 2, 1]), Some(0));
        assert_eq!(choose(&table[1..], [192, 0, 2, 1].into()), None);
    }

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
    fn both_families_keep_to_themselves() {
        let network: Network = "2001:db8:1::10/64".parse().expect("a network");
        assert_eq!(network.network().to_string(), "2001:db8:1::/64");
        assert!(network.contains("2001:db8:1::ffff".parse().expect("an address")));
        assert!(!network.contains("2001:db8:1:1::10".parse().expect("an address")));
        assert_eq!(network.broadcast(), None);
        let table = [route("0.0.0.0/0", 4), route("::/0", 6), route("2001:db8::/32", 7)];
        let through = |text: &str| choose(&table, text.parse().expect("an address")).map(|it| it.interface);
        assert_eq!(through("192.0.2.1"), Some(4));
        assert_eq!(through("fd00::1"), Some(6));
        assert_eq!(through("2001:db8:7::1"), Some(7));
        assert_eq!(common_prefix([192, 0, 2, 0].into(), [192, 0, 3, 0].into()), 23);
        assert_eq!(Network::everywhere(network.address).to_string(), "::/0");
    }
}
