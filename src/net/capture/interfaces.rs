//! The interfaces of this machine: their names, addresses and whether they are up.
use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;

use nix::ifaddrs::{InterfaceAddress, getifaddrs};
use nix::net::if_::{InterfaceFlags, if_nametoindex};
use nix::sys::socket::SockaddrStorage;

/// An interface as the system knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// By which packets name it.
    pub index: u32,
    pub name: String,
    /// Whether it is switched on.
    pub is_up: bool,
    /// Whether packets can pass: not where the cable has no other end.
    pub has_carrier: bool,
    pub is_loopback: bool,
    /// The address of its card, where it has one.
    pub mac: Option<[u8; 6]>,
    /// Each with the length of its network's prefix.
    pub addresses: Vec<(IpAddr, u8)>,
}

/// All of them, in the system's order.
///
/// # Errors
/// When the system does not tell.
pub fn interfaces() -> io::Result<Vec<Interface>> {
    let mut all: BTreeMap<u32, Interface> = BTreeMap::new();
    for entry in getifaddrs()? {
        // One that is gone meanwhile has no index any more.
        let Ok(index) = if_nametoindex(entry.interface_name.as_str()) else { continue };
        let known = all.entry(index).or_insert_with(|| new(index, &entry));
        known.mac = known.mac.or_else(|| mac(entry.address.as_ref()?));
        let address = entry.address.as_ref().and_then(ip);
        known.addresses.extend(address.map(|it| (it, entry.netmask.as_ref().and_then(ip).map_or(0, prefix))));
    }
    Ok(all.into_values().collect())
}

fn new(index: u32, entry: &InterfaceAddress) -> Interface {
    Interface {
        index,
        name: entry.interface_name.clone(),
        is_up: entry.flags.contains(InterfaceFlags::IFF_UP),
        has_carrier: entry.flags.contains(InterfaceFlags::IFF_RUNNING),
        is_loopback: entry.flags.contains(InterfaceFlags::IFF_LOOPBACK),
        mac: None,
        addresses: Vec::new(),
    }
}

fn mac(address: &SockaddrStorage) -> Option<[u8; 6]> {
    address.as_link_addr()?.addr().filter(|it| *it != [0; 6])
}

fn ip(address: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|it| IpAddr::V4(it.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|it| IpAddr::V6(it.ip())))
}

/// How many ones a mask begins with.
fn prefix(mask: IpAddr) -> u8 {
    let ones = match mask {
        IpAddr::V4(mask) => mask.to_bits().leading_ones(),
        IpAddr::V6(mask) => mask.to_bits().leading_ones(),
    };
    u8::try_from(ones).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    #[test]
    fn this_machine_has_a_loopback_interface_with_its_address() {
        let all = interfaces().expect("any system tells them");
        let loopback = all.iter().find(|it| it.is_loopback).expect("any machine has one");
        assert!(loopback.index > 0 && !loopback.name.is_empty());
        assert_eq!(loopback.mac, None, "it is no card's");
        if loopback.is_up {
            assert!(loopback.addresses.contains(&(Ipv4Addr::LOCALHOST.into(), 8)), "{loopback:?}");
        }
    }

    #[test]
    fn a_masks_length_is_its_ones() {
        assert_eq!(prefix(Ipv4Addr::new(255, 255, 240, 0).into()), 20);
        assert_eq!(prefix(Ipv6Addr::new(0xffff, 0xffff, 0xffff, 0xffff, 0, 0, 0, 0).into()), 64);
    }
}
