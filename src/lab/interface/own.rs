//! Who an interface is: its number, its MAC, its addresses, and which of them a packet leaves with.
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use crate::lab::frame::Mac;
use crate::lab::icmp::ndp::{ALL_NODES, ALL_ROUTERS};
use crate::lab::ip;
use crate::lab::route::{Network, common_prefix};

/// An interface as its neighbours know it.
#[derive(Debug)]
pub(crate) struct Own {
    pub(crate) index: usize,
    pub(crate) mac: Mac,
    /// In the order they were given.
    pub(crate) addresses: Vec<Address>,
    /// Whether it forwards for others, as its neighbour advertisements say.
    pub(crate) router: bool,
    /// Counts the changes of the addresses, for whoever keeps something made of them.
    pub(crate) changes: u64,
}

/// An address of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// With the prefix of its network.
    pub(crate) network: Network,
    pub(crate) usable: Usable,
}

/// What an address may be used for (RFC 4862 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Usable {
    /// Nobody may know yet that it is ours: it is being asked whether another has it.
    Tentative,
    Preferred,
    /// For what has begun with it, not for anything new.
    Deprecated,
    /// Another has it.
    Duplicate,
}

impl fmt::Display for Usable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tentative => "TENTATIVE",
            Self::Preferred => "PREFERRED",
            Self::Deprecated => "DEPRECATED",
            Self::Duplicate => "DUPLICATE",
        })
    }
}

impl Address {
    pub(crate) const fn preferred(network: Network) -> Self {
        Self { network, usable: Usable::Preferred }
    }

    const fn is_assigned(&self) -> bool {
        matches!(self.usable, Usable::Preferred | Usable::Deprecated)
    }
}

/// The link-local address that a MAC gives (RFC 4291 appendix A: modified EUI-64, the universal bit inverted).
pub(crate) fn link_local(mac: Mac) -> Network {
    let address = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0).to_bits() | u128::from(interface_identifier(mac));
    Network { address: Ipv6Addr::from_bits(address).into(), prefix: 64 }
}

/// The lower 64 bits of an address made from a MAC (RFC 4291 appendix A).
pub(crate) const fn interface_identifier(mac: Mac) -> u64 {
    let [a, b, c, d, e, f] = mac.0;
    u64::from_be_bytes([a ^ 2, b, c, 0xff, 0xfe, d, e, f])
}

/// The group in which everybody listens whose address ends in the same 24 bits (RFC 4291 §2.7.1).
pub(crate) fn solicited_node(address: Ipv6Addr) -> Ipv6Addr {
    let [.., a, b, c] = address.octets();
    Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00 | u16::from(a), u16::from_be_bytes([b, c]))
}

impl Own {
    pub(crate) fn new(index: usize, mac: Mac, networks: &[Network]) -> Self {
        let addresses = networks.iter().copied().map(Address::preferred).collect();
        Self { index, mac, addresses, router: false, changes: 0 }
    }

    /// The addresses that packets may come from and go to, with their networks.
    pub(crate) fn assigned(&self) -> impl Iterator<Item = Network> {
        self.addresses.iter().filter(|it| it.is_assigned()).map(|it| it.network)
    }

    /// Whether this address is the interface's.
    pub(crate) fn has(&self, address: IpAddr) -> bool {
        self.assigned().any(|it| it.address == address)
    }

    /// Its address of IPv6 that is valid on the link only, once it may be used.
    pub(crate) fn link_local(&self) -> Option<IpAddr> {
        self.assigned().map(|it| it.address).find(|it| it.is_ipv6() && ip::is_link_local(*it))
    }

    /// What an address given to it may be used for.
    pub(crate) fn usable(&self, address: IpAddr) -> Option<Usable> {
        self.addresses.iter().find(|it| it.network.address == address).map(|it| it.usable)
    }

    /// Whether a neighbour with this address is on the link.
    pub(crate) fn is_on_link(&self, address: IpAddr) -> bool {
        self.assigned().any(|it| it.contains(address))
    }

    /// Whether everybody on the link is meant.
    pub(crate) fn is_broadcast(&self, to: IpAddr) -> bool {
        ip::is_limited_broadcast(to) || self.assigned().any(|it| it.broadcast() == Some(to))
    }

    /// Whether a packet for this address is for this interface.
    pub(crate) fn accepts(&self, to: IpAddr) -> bool {
        self.has(to) || self.is_broadcast(to) || self.listens_to(to)
    }

    /// Whether it is a member of this group: all nodes, all routers, and the solicited-node groups of its addresses (RFC 4291 §2.8).
    fn listens_to(&self, group: IpAddr) -> bool {
        let IpAddr::V6(group) = group else { return false };
        let solicited = |it: &Address| matches!(it.network.address, IpAddr::V6(own) if solicited_node(own) == group);
        group == ALL_NODES || self.router && group == ALL_ROUTERS || self.addresses.iter().any(solicited)
    }

    /// The address a packet to `to` leaves with (RFC 6724 §5: rules 1, 2, 3 and 8; over IPv4 the longest match alone).
    pub(crate) fn source_for(&self, to: IpAddr) -> Option<IpAddr> {
        let family =
            self.addresses.iter().filter(|it| it.is_assigned() && it.network.address.is_ipv4() == to.is_ipv4());
        let rank = |it: &&Address| {
            let own = it.network.address;
            let scope = ip::is_link_local(own) == ip::is_link_local(to) || to.is_ipv4();
            let preferred = it.usable == Usable::Preferred;
            (own == to, scope, preferred, common_prefix(own, to).min(u32::from(it.network.prefix)))
        };
        // Of equals the first wins; max_by_key takes the last.
        family.rev().max_by_key(rank).map(|it| it.network.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(addresses: &[&str]) -> Own {
        let networks: Vec<Network> = addresses.iter().map(|it| it.parse().expect("a network")).collect();
        Own::new(0, Mac([0x02, 0xa7, 0x3c, 0, 0, 1]), &networks)
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_mac_makes_a_link_local_address_and_an_address_a_group() {
        let local = link_local(Mac([0x02, 0xa7, 0x3c, 0, 0, 1]));
        assert_eq!(local.to_string(), "fe80::a7:3cff:fe00:1/64");
        let IpAddr::V6(local) = local.address else { panic!("IPv6") };
        assert_eq!(solicited_node(local).to_string(), "ff02::1:ff00:1");
    }

    #[test]
    fn the_source_fits_the_destination() {
        let own = own(&["10.0.0.1/24", "192.0.2.1/24", "fe80::1/64", "2001:db8:1::1/64", "2001:db8:2::1/64"]);
        let source = |to: &str| own.source_for(address(to)).map(|it| it.to_string());
        assert_eq!(source("192.0.2.9").as_deref(), Some("192.0.2.1"));
        assert_eq!(source("198.51.100.1").as_deref(), Some("192.0.2.1"), "5 bits in common are more than none");
        assert_eq!(source("fe80::9").as_deref(), Some("fe80::1"));
        assert_eq!(source("2001:db8:2::9").as_deref(), Some("2001:db8:2::1"));
        assert_eq!(source("2001:db8:3::9").as_deref(), Some("2001:db8:2::1"), "47 bits in common");
    }

    #[test]
    fn an_old_address_gives_way_and_a_tentative_one_is_not_there() {
        let mut own = own(&["2001:db8:1::1/64", "2001:db8:2::1/64"]);
        own.addresses[0].usable = Usable::Deprecated;
        assert_eq!(own.source_for(address("2001:db8:1::9")), Some(address("2001:db8:2::1")));
        own.addresses[1].usable = Usable::Tentative;
        assert_eq!(own.source_for(address("2001:db8:2::9")), Some(address("2001:db8:1::1")));
        assert!(own.has(address("2001:db8:1::1")) && !own.has(address("2001:db8:2::1")));
        assert!(own.accepts(address("ff02::1:ff00:1")) && own.accepts(address("ff02::1")));
        assert!(!own.accepts(address("ff02::2")) && !own.accepts(address("224.0.0.1")));
    }
}
