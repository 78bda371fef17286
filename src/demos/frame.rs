//! What demos ask of a frame, read once: who talks to whom, and what kind of packet it is.
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use etherparse::{
    ArpOperation, Icmpv4Type, Icmpv6Slice, Icmpv6Type, NetSlice, SlicedPacket, TcpOptionElement, TcpSlice,
    TransportSlice,
};

/// A frame's packet, as far as demos tell packets apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content<'a> {
    ArpRequest,
    ArpReply,
    Ping,
    PingReply,
    /// Neighbor Discovery: who has `target`? From `::` it asks whether anybody has it.
    Solicitation {
        target: Ipv6Addr,
        probe: bool,
    },
    Advertisement {
        target: Ipv6Addr,
    },
    RouterSolicitation,
    RouterAdvertisement,
    Udp {
        from: SocketAddr,
        to: SocketAddr,
        payload: &'a [u8],
    },
    Tcp(Segment<'a>),
    Other,
}

/// A TCP segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment<'a> {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) seq: u32,
    pub(super) ack: Option<u32>,
    pub(super) syn: bool,
    pub(super) fin: bool,
    pub(super) rst: bool,
    /// As in the header: not multiplied by the window scale. 0 is 0 either way.
    pub(super) window: u16,
    pub(super) payload: &'a [u8],
}

impl Segment<'_> {
    /// Whether this is the first segment of a connection: SYN without ACK.
    pub(super) const fn opens(&self) -> bool {
        self.syn && self.ack.is_none()
    }

    /// Where its first byte lies in what its sender sends, counted from 0; `isn` is the sequence number of the SYN.
    pub(super) const fn offset(&self, isn: u32) -> u32 {
        self.seq.wrapping_sub(isn.wrapping_add(1))
    }
}

/// Reads a frame; what is damaged or of no interest is [`Content::Other`].
pub(super) fn content(frame: &[u8]) -> Content<'_> {
    let Ok(sliced) = SlicedPacket::from_ethernet(frame) else { return Content::Other };
    let (source, destination) = match &sliced.net {
        Some(NetSlice::Arp(arp)) if arp.operation() == ArpOperation::REQUEST => return Content::ArpRequest,
        Some(NetSlice::Arp(arp)) if arp.operation() == ArpOperation::REPLY => return Content::ArpReply,
        Some(NetSlice::Ipv4(ip)) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        Some(NetSlice::Ipv6(ip)) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        _ => return Content::Other,
    };
    let from = |port| SocketAddr::new(source, port);
    let to = |port| SocketAddr::new(destination, port);
    match &sliced.transport {
        Some(TransportSlice::Icmpv4(icmp)) => match icmp.icmp_type() {
            Icmpv4Type::EchoRequest(_) => Content::Ping,
            Icmpv4Type::EchoReply(_) => Content::PingReply,
            _ => Content::Other,
        },
        Some(TransportSlice::Icmpv6(icmp)) => icmpv6(icmp, source),
        Some(TransportSlice::Udp(udp)) => {
            Content::Udp { from: from(udp.source_port()), to: to(udp.destination_port()), payload: udp.payload() }
        }
        Some(TransportSlice::Tcp(tcp)) => {
            Content::Tcp(segment(tcp, from(tcp.source_port()), to(tcp.destination_port())))
        }
        _ => Content::Other,
    }
}

fn icmpv6(icmp: &Icmpv6Slice<'_>, source: IpAddr) -> Content<'static> {
    let target = || {
        let bytes = icmp.slice().get(8..24).and_then(|it| <[u8; 16]>::try_from(it).ok());
        bytes.map_or(Ipv6Addr::UNSPECIFIED, Ipv6Addr::from)
    };
    match icmp.icmp_type() {
        Icmpv6Type::EchoRequest(_) => Content::Ping,
        Icmpv6Type::EchoReply(_) => Content::PingReply,
        Icmpv6Type::NeighborSolicitation => Content::Solicitation { target: target(), probe: source.is_unspecified() },
        Icmpv6Type::NeighborAdvertisement(_) => Content::Advertisement { target: target() },
        Icmpv6Type::RouterSolicitation => Content::RouterSolicitation,
        Icmpv6Type::RouterAdvertisement(_) => Content::RouterAdvertisement,
        _ => Content::Other,
    }
}

fn segment<'a>(tcp: &TcpSlice<'a>, from: SocketAddr, to: SocketAddr) -> Segment<'a> {
    Segment {
        from,
        to,
        seq: tcp.sequence_number(),
        ack: tcp.ack().then(|| tcp.acknowledgment_number()),
        syn: tcp.syn(),
        fin: tcp.fin(),
        rst: tcp.rst(),
        window: tcp.window_size(),
        payload: tcp.payload(),
    }
}

/// The blocks of a TCP segment's SACK option, in sequence numbers: left edge, right edge (RFC 2018 §3).
pub(super) fn sack_blocks(frame: &[u8]) -> Vec<(u32, u32)> {
    let Ok(SlicedPacket { transport: Some(TransportSlice::Tcp(tcp)), .. }) = SlicedPacket::from_ethernet(frame) else {
        return Vec::new();
    };
    let blocks = |option| match option {
        Ok(TcpOptionElement::SelectiveAcknowledgement(first, rest)) => Some((first, rest)),
        _ => None,
    };
    let found = tcp.options_iterator().find_map(blocks);
    found.map_or_else(Vec::new, |(first, rest)| std::iter::once(first).chain(rest.into_iter().flatten()).collect())
}

/// The MSS option of a TCP segment.
pub(super) fn mss(frame: &[u8]) -> Option<u16> {
    let SlicedPacket { transport: Some(TransportSlice::Tcp(tcp)), .. } = SlicedPacket::from_ethernet(frame).ok()?
    else {
        return None;
    };
    tcp.options_iterator().find_map(|option| match option {
        Ok(TcpOptionElement::MaximumSegmentSize(mss)) => Some(mss),
        _ => None,
    })
}

/// Whether it is ICMP "fragmentation needed and DF set" (RFC 792: type 3 code 4).
pub(super) fn is_too_big(frame: &[u8]) -> bool {
    let Ok(SlicedPacket { transport: Some(TransportSlice::Icmpv4(icmp)), .. }) = SlicedPacket::from_ethernet(frame)
    else {
        return false;
    };
    (icmp.type_u8(), icmp.code_u8()) == (3, 4)
}

/// The time to live of an IPv4 packet.
pub(super) fn ttl(frame: &[u8]) -> Option<u8> {
    match SlicedPacket::from_ethernet(frame).ok()?.net? {
        NetSlice::Ipv4(ip) => Some(ip.header().ttl()),
        _ => None,
    }
}
