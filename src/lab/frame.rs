//! Ethernet frames and ARP packets as the lab's own nodes read and write them.
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use etherparse::{ArpEthIpv4Packet, ArpOperation, ArpPacket, EtherType, Ethernet2Header};

use crate::lab::ip;

/// A MAC address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Mac(pub(crate) [u8; 6]);

impl Mac {
    /// Everybody on this Ethernet.
    pub(crate) const BROADCAST: Self = Self([0xff; 6]);

    /// The `n`-th address of a block, locally administered: `02:a7:3c:00:00:01` is the first of block a73c (IEEE 802 §8.4:
    /// the 0x02 bit).
    #[must_use]
    pub(crate) const fn local(block: u16, n: u32) -> Self {
        let ([x, y], [_, a, b, c]) = (block.to_be_bytes(), n.to_be_bytes());
        Self([0x02, x, y, a, b, c])
    }

    /// Whether a frame to this address is for several receivers (the lowest bit of the first byte).
    #[must_use]
    pub(crate) const fn is_group(self) -> bool {
        self.0[0] & 1 == 1
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// Bytes of an Ethernet header.
pub(crate) const ETHERNET: usize = 14;

/// An Ethernet frame around `payload`.
pub(crate) fn ethernet(to: Mac, from: Mac, ether_type: EtherType, payload: &[u8]) -> Vec<u8> {
    let header = Ethernet2Header { destination: to.0, source: from.0, ether_type };
    let mut frame = Vec::with_capacity(ETHERNET + payload.len());
    frame.extend_from_slice(&header.to_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// An IP packet made into an Ethernet frame, in place.
pub(crate) fn around(to: Mac, from: Mac, mut packet: Vec<u8>) -> Vec<u8> {
    let header = Ethernet2Header { destination: to.0, source: from.0, ether_type: ip::ether_type(&packet) };
    packet.splice(0..0, header.to_bytes());
    packet
}

/// The MAC address of a multicast group (RFC 1112 §6.4: its lower 23 bits; RFC 2464 §7: its lower 32); `None` when the
/// address is of one host.
pub(crate) fn group(address: IpAddr) -> Option<Mac> {
    let mac = match address {
        IpAddr::V4(address) => {
            let [_, b, c, d] = address.octets();
            Mac([0x01, 0x00, 0x5e, b & 0x7f, c, d])
        }
        IpAddr::V6(address) => {
            let [.., a, b, c, d] = address.octets();
            Mac([0x33, 0x33, a, b, c, d])
        }
    };
    address.is_multicast().then_some(mac)
}

/// Destination, source, type and payload of a frame; `None` when it is too short to be one.
pub(crate) fn open(frame: &[u8]) -> Option<(Mac, Mac, EtherType, &[u8])> {
    let (header, payload) = Ethernet2Header::from_slice(frame).ok()?;
    Some((Mac(header.destination), Mac(header.source), header.ether_type, payload))
}

/// An ARP packet for IPv4 over Ethernet (RFC 826).
pub(crate) fn arp(payload: &[u8]) -> Option<ArpEthIpv4Packet> {
    ArpPacket::from_slice(payload).ok()?.try_eth_ipv4().ok()
}

/// A frame that asks everybody on the Ethernet: who has `target`?
pub(crate) fn arp_request(from: Mac, from_ip: Ipv4Addr, target: Ipv4Addr) -> Vec<u8> {
    let packet = ArpEthIpv4Packet {
        operation: ArpOperation::REQUEST,
        sender_mac: from.0,
        sender_ipv4: from_ip.octets(),
        target_mac: [0; 6],
        target_ipv4: target.octets(),
    };
    ethernet(Mac::BROADCAST, from, EtherType::ARP, &packet.to_bytes())
}

/// A frame that answers `request`: `mac` has the address you asked for.
pub(crate) fn arp_reply(mac: Mac, request: &ArpEthIpv4Packet) -> Vec<u8> {
    let packet = ArpEthIpv4Packet {
        operation: ArpOperation::REPLY,
        sender_mac: mac.0,
        sender_ipv4: request.target_ipv4,
        target_mac: request.sender_mac,
        target_ipv4: request.sender_ipv4,
    };
    ethernet(Mac(request.sender_mac), mac, EtherType::ARP, &packet.to_bytes())
}

/// Whether a frame's sender understands a mark instead of a drop: ECT(0), ECT(1) or CE (RFC 3168 §5).
pub(crate) fn is_ecn_capable(frame: &[u8]) -> bool {
    packet(frame).and_then(ip::ecn).is_some_and(|ecn| ecn != 0)
}

/// The IP packet in a frame.
fn packet(frame: &[u8]) -> Option<&[u8]> {
    let (_, _, ether_type, packet) = open(frame)?;
    matches!(ether_type, EtherType::IPV4 | EtherType::IPV6).then_some(packet)
}

/// Sets "congestion experienced" in a frame's IP header (RFC 3168 §5).
pub(crate) fn mark_congestion(frame: &mut [u8]) {
    if packet(frame).is_some() {
        ip::mark_congestion(&mut frame[ETHERNET..]);
    }
}

#[cfg(test)]
mod tests {
    use etherparse::{IpEcn, IpNumber, Ipv4Header};

    use super::*;

    #[test]
    fn a_mark_changes_two_bits_and_keeps_the_checksum_right() {
        let mut header = Ipv4Header::new(8, 64, IpNumber::UDP, [10, 0, 0, 1], [10, 0, 0, 2]).expect("small");
        let frame = |header: &Ipv4Header| {
            let packet = [&header.to_bytes()[..], &[1; 8]].concat();
            ethernet(Mac::local(0, 1), Mac::local(0, 2), EtherType::IPV4, &packet)
        };
        header.header_checksum = header.calc_header_checksum();
        assert!(!is_ecn_capable(&frame(&header)));
        header.ecn = IpEcn::TWO;
        header.header_checksum = header.calc_header_checksum();
        let before = frame(&header);
        assert!(is_ecn_capable(&before));
        let mut after = before.clone();
        mark_congestion(&mut after);
        let changed: Vec<usize> = (0..after.len()).filter(|it| after[*it] != before[*it]).collect();
        // The second byte of the IPv4 header, and its checksum.
        assert!(changed.iter().all(|it| [15, 24, 25].contains(it)), "{changed:?}");
        assert_eq!(after[15] & 3, 3);
        assert!(ip::read(&after[ETHERNET..]).is_some());
    }
}
