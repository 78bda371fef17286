//! Frames made by hand, a capture for each family of messages: what no demo sends is read and judged too.
mod dhcp;
mod dhcpv6;
mod dns;
mod icmp;
mod internet6;
mod neighbor;
mod stun;
mod tcp_options;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The two hosts, and the router between them and the rest.
pub(crate) const A: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
pub(crate) const B: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
pub(crate) const A6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
pub(crate) const B6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2);
pub(crate) const LINK_A: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
pub(crate) const LINK_B: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 2);

pub(crate) const ICMP: u8 = 1;
pub(crate) const IGMP: u8 = 2;
pub(crate) const TCP: u8 = 6;
pub(crate) const UDP: u8 = 17;
pub(crate) const ICMPV6: u8 = 58;

/// The families by name.
pub(crate) fn families() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    vec![
        ("icmp", icmp::frames()),
        ("ipv6", internet6::frames()),
        ("neighbor discovery", neighbor::frames()),
        ("dhcp", dhcp::frames()),
        ("dhcpv6", dhcpv6::frames()),
        ("dns records", dns::frames()),
        ("stun", stun::frames()),
        ("tcp options", tcp_options::frames()),
    ]
}

/// Bytes one after another.
pub(crate) fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn mac(address: IpAddr) -> [u8; 6] {
    match address {
        IpAddr::V4(it) if it.is_multicast() => {
            let [_, b, c, d] = it.octets();
            [1, 0, 0x5e, b & 0x7f, c, d]
        }
        IpAddr::V4(it) if it.is_broadcast() => [0xff; 6],
        IpAddr::V4(it) => [2, 0, 0, 0, 0, it.octets()[3]],
        // RFC 2464 §7.
        IpAddr::V6(it) if it.is_multicast() => {
            let last: [u8; 4] = it.octets()[12..].try_into().expect("four bytes");
            [0x33, 0x33, last[0], last[1], last[2], last[3]]
        }
        IpAddr::V6(it) => [2, 0, 0, 0, 0, it.octets()[15]],
    }
}

fn ethernet(source: IpAddr, destination: IpAddr, packet: &[u8]) -> Vec<u8> {
    let kind = if source.is_ipv4() { [0x08, 0x00] } else { [0x86, 0xdd] };
    let mut frame = joined(&[&mac(destination), &mac(source), &kind, packet]);
    frame.resize(frame.len().max(60), 0);
    frame
}

/// RFC 1071, written down a second time: the one in the program is judged by it.
fn checksum(parts: &[&[u8]]) -> [u8; 2] {
    let mut sum = 0_u32;
    for part in parts {
        for pair in part.chunks(2) {
            sum += u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0));
        }
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!u16::try_from(sum).expect("folded")).to_be_bytes()
}

/// A message with its checksum filled in; `at` is where that stands.
fn summed(source: IpAddr, destination: IpAddr, protocol: u8, at: usize, message: &[u8]) -> Vec<u8> {
    let mut message = message.to_vec();
    let length = u32::try_from(message.len()).expect("short").to_be_bytes();
    let octets = |it: IpAddr| match it {
        IpAddr::V4(it) => it.octets().to_vec(),
        IpAddr::V6(it) => it.octets().to_vec(),
    };
    let pseudo = joined(&[&octets(source), &octets(destination), &length, &[0, 0, 0, protocol]]);
    let pseudo = if matches!(protocol, ICMP | IGMP) { Vec::new() } else { pseudo };
    let sum = checksum(&[&pseudo, &message]);
    message[at..at + 2].copy_from_slice(&sum);
    message
}

/// Where a protocol's checksum stands.
fn checksum_at(protocol: u8) -> Option<usize> {
    match protocol {
        ICMP | IGMP | ICMPV6 => Some(2),
        UDP => Some(6),
        TCP => Some(16),
        _ => None,
    }
}

/// A packet without its frame.
pub(crate) fn packet4(source: Ipv4Addr, destination: Ipv4Addr, ttl: u8, protocol: u8, message: &[u8]) -> Vec<u8> {
    let at = checksum_at(protocol);
    let message = at.map_or(message.to_vec(), |at| summed(source.into(), destination.into(), protocol, at, message));
    let length = u16::try_from(20 + message.len()).expect("short").to_be_bytes();
    let start = [0x45, 0, length[0], length[1], 0x12, 0x34, 0x40, 0, ttl, protocol, 0, 0];
    let mut header = joined(&[&start, &source.octets(), &destination.octets()]);
    let sum = checksum(&[&header]);
    header[10..12].copy_from_slice(&sum);
    joined(&[&header, &message])
}

pub(crate) fn frame4(source: Ipv4Addr, destination: Ipv4Addr, protocol: u8, message: &[u8]) -> Vec<u8> {
    ethernet(source.into(), destination.into(), &packet4(source, destination, 64, protocol, message))
}

/// What comes between the IPv6 header and the message: each with the number it is announced by.
pub(crate) type Headers<'a> = &'a [(u8, &'a [u8])];

/// A packet without its frame. The first byte of each extension header is filled in.
pub(crate) fn packet6(ends: [Ipv6Addr; 2], hops: u8, headers: Headers<'_>, upper: u8, message: &[u8]) -> Vec<u8> {
    let numbers: Vec<u8> = headers.iter().map(|(kind, _)| *kind).chain([upper]).collect();
    let mut rest = Vec::new();
    for ((_, body), next) in headers.iter().zip(&numbers[1..]) {
        rest.push(*next);
        rest.extend(&body[1..]);
    }
    rest.extend(message);
    let length = u16::try_from(rest.len()).expect("short").to_be_bytes();
    let start = [0x60, 0x0a, 0xbc, 0xde, length[0], length[1], numbers[0], hops];
    joined(&[&start, &ends[0].octets(), &ends[1].octets(), &rest])
}

pub(crate) fn frame6(ends: [Ipv6Addr; 2], hops: u8, headers: Headers<'_>, upper: u8, message: &[u8]) -> Vec<u8> {
    ethernet(ends[0].into(), ends[1].into(), &packet6(ends, hops, headers, upper, message))
}

/// A message of a protocol over IPv6, with its checksum.
pub(crate) fn over6(ends: [Ipv6Addr; 2], upper: u8, message: &[u8]) -> Vec<u8> {
    let at = checksum_at(upper).expect("a protocol with a checksum");
    summed(ends[0].into(), ends[1].into(), upper, at, message)
}

/// A UDP datagram without its checksum.
pub(crate) fn datagram(from: u16, to: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + payload.len()).expect("short");
    joined(&[&from.to_be_bytes(), &to.to_be_bytes(), &length.to_be_bytes(), &[0, 0], payload])
}

/// A TCP segment without its checksum: flags PSH and ACK.
pub(crate) fn segment(from: u16, to: u16, sequence: u32, payload: &[u8]) -> Vec<u8> {
    let ports = joined(&[&from.to_be_bytes(), &to.to_be_bytes()]);
    let rest = [0, 0, 0x1b, 0x58, 0x50, 0x18, 0x01, 0xf6, 0, 0, 0, 0];
    joined(&[&ports, &sequence.to_be_bytes(), &rest, payload])
}
