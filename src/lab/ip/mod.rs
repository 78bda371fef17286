//! IP packets of both families as the lab's own nodes read and write them: one shape, whichever header it stands in.
mod fragment;
mod v4;
mod v6;

use std::net::IpAddr;

use etherparse::{EtherType, IpEcn, IpNumber};

pub(crate) use fragment::{Piece, fragment, fragment_at_source, identify, join, piece};
pub(crate) use v6::{Problem, has_fragment_header};

/// What a node must know of a packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet<'a> {
    pub(crate) from: IpAddr,
    pub(crate) to: IpAddr,
    /// What it carries; over IPv6 behind the extension headers.
    pub(crate) protocol: IpNumber,
    /// Time to live, or hop limit.
    pub(crate) hops: u8,
    pub(crate) ecn: IpEcn,
    /// Routers must not fragment it: DF, and every IPv6 packet.
    pub(crate) dont_fragment: bool,
    /// It is a piece of a packet.
    pub(crate) is_fragment: bool,
    /// It is a piece, and not the first: no transport header is in it.
    pub(crate) is_later_fragment: bool,
    /// The whole packet, without bytes that only pad the frame.
    pub(crate) bytes: &'a [u8],
    pub(crate) payload: &'a [u8],
    /// What its receiver cannot do of what the IPv6 extension headers ask.
    pub(crate) problem: Option<Problem>,
}

/// What the transport wants of IP.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Envelope {
    pub(crate) from: IpAddr,
    pub(crate) to: IpAddr,
    pub(crate) protocol: IpNumber,
    pub(crate) hops: u8,
    pub(crate) ecn: IpEcn,
    /// IPv6 has no other way.
    pub(crate) dont_fragment: bool,
}

/// Where a packet of a host begins its way.
pub(crate) const HOPS: u8 = 64;

impl Envelope {
    /// An ordinary packet.
    pub(crate) const fn new(from: IpAddr, to: IpAddr, protocol: IpNumber) -> Self {
        Self { from, to, protocol, hops: HOPS, ecn: IpEcn::ZERO, dont_fragment: true }
    }
}

/// Reads a packet; `None` when it is cut off, lies about its length, or its header checksum is wrong.
pub(crate) fn read(packet: &[u8]) -> Option<Packet<'_>> {
    match packet.first()? >> 4 {
        4 => v4::read(packet),
        6 => v6::read(packet),
        _ => None,
    }
}

/// Bytes of a header of this family, without options and extensions.
pub(crate) const fn header_bytes(family: IpAddr) -> usize {
    if family.is_ipv4() { 20 } else { 40 }
}

/// Bytes that a packet of this family carries behind its header at most: IPv4's total length counts the header
/// (RFC 791 §3.1), IPv6's payload length does not (RFC 8200 §3).
pub(crate) const fn largest_payload(family: IpAddr) -> usize {
    if family.is_ipv4() { 65_535 - 20 } else { 65_535 }
}

/// What is said of a packet that cannot be read.
pub(crate) fn damaged(packet: &[u8]) -> &'static str {
    match packet.first().map(|it| it >> 4) {
        Some(6) => "the IPv6 header is damaged: dropped",
        _ => "the IPv4 header is damaged: dropped",
    }
}

/// Reads the beginning of a packet, as an ICMP error quotes it: its length and checksum may not fit.
pub(crate) fn read_beginning(packet: &[u8]) -> Option<Packet<'_>> {
    match packet.first()? >> 4 {
        4 => v4::read_beginning(packet),
        6 => v6::read_beginning(packet),
        _ => None,
    }
}

/// Puts an IP header in front of `payload`; `None` when it is larger than IP carries, or the ends are of two families.
pub(crate) fn write(envelope: &Envelope, payload: Vec<u8>) -> Option<Vec<u8>> {
    match (envelope.from, envelope.to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => v4::write(envelope, from, to, payload),
        (IpAddr::V6(from), IpAddr::V6(to)) => v6::write(envelope, from, to, payload),
        _ => None,
    }
}

/// Destination of a packet.
pub(crate) fn destination(packet: &[u8]) -> Option<IpAddr> {
    match packet.first()? >> 4 {
        4 => Some(<[u8; 4]>::try_from(packet.get(16..20)?).ok()?.into()),
        6 => Some(<[u8; 16]>::try_from(packet.get(24..40)?).ok()?.into()),
        _ => None,
    }
}

/// Source of a packet.
pub(crate) fn source(packet: &[u8]) -> Option<IpAddr> {
    match packet.first()? >> 4 {
        4 => Some(<[u8; 4]>::try_from(packet.get(12..16)?).ok()?.into()),
        6 => Some(<[u8; 16]>::try_from(packet.get(8..24)?).ok()?.into()),
        _ => None,
    }
}

/// The packet with its TTL or hop limit one lower. It was read before.
pub(crate) fn one_hop_on(packet: &[u8]) -> Vec<u8> {
    let mut packet = packet.to_vec();
    match packet.first().map(|it| it >> 4) {
        Some(4) => v4::one_hop_on(&mut packet),
        Some(6) => packet[7] = packet[7].saturating_sub(1),
        _ => {}
    }
    packet
}

/// The two ECN bits of a packet (RFC 3168 §5).
pub(crate) fn ecn(packet: &[u8]) -> Option<u8> {
    match packet.first()? >> 4 {
        4 => Some(packet.get(1)? & 3),
        6 => Some(packet.get(1)? >> 4 & 3),
        _ => None,
    }
}

/// Sets "congestion experienced" (RFC 3168 §5) and makes the header's checksum right.
pub(crate) fn mark_congestion(packet: &mut [u8]) {
    match packet.first().map(|it| it >> 4) {
        Some(4) => v4::mark_congestion(packet),
        Some(6) if packet.len() > 1 => packet[1] |= 0b0011_0000,
        _ => {}
    }
}

/// What a frame that carries this packet calls it.
pub(crate) fn ether_type(packet: &[u8]) -> EtherType {
    if packet.first().is_some_and(|it| it >> 4 == 6) { EtherType::IPV6 } else { EtherType::IPV4 }
}

/// Everybody: the address that stands for every host at hand.
pub(crate) const fn is_limited_broadcast(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(address) if address.is_broadcast())
}

/// Valid on one link only (RFC 4291 §2.5.6, RFC 3927 §2.1).
pub(crate) const fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(from: &str, to: &str) -> Envelope {
        let address = |text: &str| text.parse().expect("an address");
        Envelope::new(address(from), address(to), IpNumber::UDP)
    }

    #[test]
    fn what_is_written_is_read_again_in_both_families() {
        for envelope in [ends("10.0.0.1", "10.0.0.2"), ends("2001:db8::1", "2001:db8::2")] {
            let envelope = Envelope { hops: 7, ecn: IpEcn::TWO, ..envelope };
            let bytes = write(&envelope, b"payload".to_vec()).expect("small");
            let padded = [&bytes[..], &[0; 9]].concat();
            let read = read(&padded).expect("whole");
            assert_eq!((read.from, read.to, read.protocol), (envelope.from, envelope.to, IpNumber::UDP));
            assert_eq!((read.hops, read.ecn, read.payload), (7, IpEcn::TWO, &b"payload"[..]));
            assert_eq!((read.bytes, read.is_fragment, read.problem), (&bytes[..], false, None));
            assert_eq!((source(&bytes), destination(&bytes)), (Some(envelope.from), Some(envelope.to)));
            assert!((0..bytes.len()).all(|length| super::read(&bytes[..length]).is_none()));
        }
    }

    #[test]
    fn a_hop_and_a_mark_change_what_they_must_and_the_checksum_stays_right() {
        for envelope in [ends("10.0.0.1", "10.0.0.2"), ends("2001:db8::1", "2001:db8::2")] {
            let mut bytes = write(&Envelope { ecn: IpEcn::TWO, ..envelope }, vec![1; 8]).expect("small");
            bytes = one_hop_on(&bytes);
            mark_congestion(&mut bytes);
            let read = read(&bytes).expect("whole");
            assert_eq!((read.hops, read.ecn, ecn(&bytes)), (63, IpEcn::THREE, Some(3)));
        }
    }

    #[test]
    fn ends_of_two_families_make_no_packet() {
        assert!(write(&ends("10.0.0.1", "2001:db8::2"), Vec::new()).is_none());
        assert!(write(&ends("10.0.0.1", "10.0.0.2"), vec![0; 65_516]).is_none());
        assert!(write(&ends("2001:db8::1", "2001:db8::2"), vec![0; 65_536]).is_none());
    }
}
