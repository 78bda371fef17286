//! The choice of a route: of the networks that hold the destination the one with the longest prefix (RFC 1812 §5.2.4.3).
use std::net::IpAddr;

pub(crate) use crate::wire::network::{Network, common_prefix};

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
        assert_eq!(Network::everywhere(network.address).to_string(), "::/0");
    }
}
