//! IPv4 networks and the choice of a route: the longest prefix that matches wins (RFC 1812 §5.2.4.3).
use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// An address with the length of its network's prefix: `10.0.0.1/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    pub(crate) address: Ipv4Addr,
    /// At most 32.
    pub(crate) prefix: u8,
}

/// A text that is no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an address with a prefix length: write one such as 10.0.0.1/24")]
pub(crate) struct NotANetwork(pub String);

impl Network {
    const fn mask(self) -> u32 {
        match self.prefix {
            0 => 0,
            length => u32::MAX << (32 - length),
        }
    }

    /// Whether `address` is in this network.
    #[must_use]
    pub(crate) fn contains(self, address: Ipv4Addr) -> bool {
        (u32::from(address) ^ u32::from(self.address)) & self.mask() == 0
    }

    /// The address that means everybody in this network.
    #[must_use]
    pub(crate) fn broadcast(self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.address) | !self.mask())
    }

    /// The network itself, without the host's part: `10.0.0.0/24`.
    #[must_use]
    pub(crate) fn network(self) -> Self {
        Self { address: Ipv4Addr::from(u32::from(self.address) & self.mask()), prefix: self.prefix }
    }
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
        let prefix = prefix.parse().ok().filter(|it| *it <= 32).ok_or_else(wrong)?;
        Ok(Self { address: address.parse().map_err(|_| wrong())?, prefix })
    }
}

/// One line of a routing table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) to: Network,
    /// `None` where the network is at the interface itself.
    pub(crate) via: Option<Ipv4Addr>,
    pub(crate) interface: usize,
}

/// The route with the longest prefix that holds `destination`; of equals, the first entered.
pub(crate) fn choose(table: &[Route], destination: Ipv4Addr) -> Option<Route> {
    let fitting = table.iter().filter(|route| route.to.contains(destination));
    fitting.rev().max_by_key(|route| route.to.prefix).copied()
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
        let through = |address: [u8; 4]| choose(&table, Ipv4Addr::from(address)).map(|it| it.interface);
        assert_eq!(through([10, 1, 2, 3]), Some(2));
        assert_eq!(through([10, 2, 0, 1]), Some(1));
        assert_eq!(through([192, 0, 2, 1]), Some(0));
        assert_eq!(choose(&table[1..], Ipv4Addr::new(192, 0, 2, 1)), None);
    }

    #[test]
    fn a_network_knows_its_members_and_its_broadcast() {
        let network: Network = "192.0.2.130/25".parse().expect("a network");
        assert!(network.contains(Ipv4Addr::new(192, 0, 2, 255)));
        assert!(!network.contains(Ipv4Addr::new(192, 0, 2, 127)));
        assert_eq!(network.broadcast(), Ipv4Addr::new(192, 0, 2, 255));
        assert_eq!(network.network().to_string(), "192.0.2.128/25");
        for text in ["", "10.0.0.1", "10.0.0.1/33", "10.0.0/8", "10.0.0.1/x"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
