//! Segments of a script as bytes, and bytes as segments of a script.
use std::fmt;

use etherparse::{
    Icmpv4Header, Icmpv4Type, IpEcn, IpNumber, Ipv4Header, NetSlice, SlicedPacket, TcpHeader, TcpOptionElement,
    TransportSlice, icmpv4,
};

use crate::script::{Icmp, Opt, Segment};

/// The host and its peer.
pub(crate) const HOST: [u8; 4] = [10, 0, 0, 1];
pub(crate) const PEER: [u8; 4] = [10, 0, 0, 9];

/// The byte at a place of a stream, counted from 0.
pub(crate) fn byte(place: u32) -> u8 {
    (place.wrapping_mul(0x9e37_79b9) >> 24) as u8
}

/// The bytes from one place to another.
pub(crate) fn content(place: u32, length: u32) -> Vec<u8> {
    (0..length).map(|it| byte(place.wrapping_add(it))).collect()
}

/// What both ends count from, in one connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bases {
    pub(crate) peer: u32,
    pub(crate) host: u32,
    /// The host's port.
    pub(crate) port: u16,
    /// The host's latest timestamp.
    pub(crate) stamp: u32,
}

/// The peer's segment as an IP packet.
pub(crate) fn packet(segment: &Segment, peer_port: u16, bases: Bases) -> Vec<u8> {
    let has = |flag| segment.flags.contains(flag);
    let mut tcp = TcpHeader::new(peer_port, bases.port, segment.from.wrapping_add(bases.peer), 0);
    tcp.window_size = segment.window.unwrap_or(65_535);
    (tcp.syn, tcp.fin, tcp.rst, tcp.psh) = (has('S'), has('F'), has('R'), has('P'));
    (tcp.ack, tcp.urg, tcp.ece, tcp.cwr) = (has('.'), has('U'), has('E'), has('W'));
    if let Some(ack) = segment.ack {
        tcp.acknowledgment_number = ack.wrapping_add(bases.host);
    }
    tcp.urgent_pointer = segment.urgent.unwrap_or(0);
    let options: Vec<_> = segment.options.iter().flatten().map(|it| element(it, bases)).collect();
    tcp.set_options(&options).expect("40 bytes of options at most");
    let payload = content(segment.from.wrapping_sub(1), segment.length);
    tcp.checksum = tcp.calc_checksum_ipv4_raw(PEER, HOST, &payload).expect("it fits a packet");
    let mut bytes = tcp.to_bytes().to_vec();
    bytes.extend(payload);
    ip(IpNumber::TCP, PEER, HOST, segment.ecn.unwrap_or(0), &bytes)
}

/// An IP packet.
pub(crate) fn ip(protocol: IpNumber, from: [u8; 4], to: [u8; 4], ecn: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).expect("it fits a packet");
    let mut header = Ipv4Header::new(length, 64, protocol, from, to).expect("it fits a packet");
    header.ecn = IpEcn::try_new(ecn).expect("two bits");
    header.header_checksum = header.calc_header_checksum();
    [&header.to_bytes()[..], payload].concat()
}

fn element(option: &Opt, bases: Bases) -> TcpOptionElement {
    match option {
        Opt::Mss(mss) => TcpOptionElement::MaximumSegmentSize(*mss),
        Opt::Scale(shift) => TcpOptionElement::WindowScale(*shift),
        Opt::SackPermitted => TcpOptionElement::SelectiveAcknowledgementPermitted,
        Opt::Stamp(value, echo) => TcpOptionElement::Timestamp(value.unwrap_or(0), echo.unwrap_or(bases.stamp)),
        Opt::Sack(blocks) => {
            let moved = |(a, b): (u32, u32)| (a.wrapping_add(bases.host), b.wrapping_add(bases.host));
            let rest = [1, 2, 3].map(|it| blocks.get(it).copied().map(moved));
            TcpOptionElement::SelectiveAcknowledgement(moved(blocks[0]), rest)
        }
    }
}

/// A router's word about the host's segment with that sequence number.
pub(crate) fn icmp(kind: Icmp, quoted: u32, peer_port: u16, bases: Bases) -> Vec<u8> {
    let unreachable = match kind {
        Icmp::TooBig(next_hop_mtu) => icmpv4::DestUnreachableHeader::FragmentationNeeded { next_hop_mtu },
        Icmp::PortUnreachable => icmpv4::DestUnreachableHeader::Port,
        Icmp::HostUnreachable => icmpv4::DestUnreachableHeader::Host,
    };
    let tcp = TcpHeader::new(bases.port, peer_port, quoted.wrapping_add(bases.host), 0);
    // RFC 792: the header and the first eight bytes of what it carried.
    let mut quote = Ipv4Header::new(1480, 63, IpNumber::TCP, HOST, PEER).expect("it fits a packet");
    quote.dont_fragment = true;
    quote.header_checksum = quote.calc_header_checksum();
    let quote = [&quote.to_bytes()[..], &tcp.to_bytes()[..8]].concat();
    let header = Icmpv4Header::with_checksum(Icmpv4Type::DestinationUnreachable(unreachable), &quote);
    ip(IpNumber::ICMP, [10, 0, 0, 254], HOST, 0, &[&header.to_bytes()[..], &quote].concat())
}

/// A segment the host sent.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) peer_port: u16,
    pub(crate) host_port: u16,
    pub(crate) tcp: TcpHeader,
    pub(crate) payload: Vec<u8>,
    pub(crate) ecn: u8,
    pub(crate) dont_fragment: bool,
}

/// Reads an IP packet of the host; `None` when it is no TCP.
///
/// # Panics
/// When a checksum is wrong.
pub(crate) fn seen(packet: &[u8]) -> Option<Seen> {
    let sliced = SlicedPacket::from_ip(packet).ok()?;
    let (Some(NetSlice::Ipv4(ip)), Some(TransportSlice::Tcp(tcp))) = (&sliced.net, &sliced.transport) else {
        return None;
    };
    let (ip, payload) = (ip.header(), tcp.payload().to_vec());
    let tcp = tcp.to_header();
    assert_eq!(ip.header_checksum(), ip.to_header().calc_header_checksum(), "the IP checksum is wrong");
    let sum = tcp.calc_checksum_ipv4_raw(ip.source(), ip.destination(), &payload);
    assert_eq!(Ok(tcp.checksum), sum, "the TCP checksum is wrong");
    let (peer_port, host_port) = (tcp.destination_port, tcp.source_port);
    let (ecn, dont_fragment) = (ip.ecn().value(), ip.dont_fragment());
    Some(Seen { peer_port, host_port, tcp, payload, ecn, dont_fragment })
}

impl Seen {
    pub(crate) fn flags(&self) -> String {
        let tcp = &self.tcp;
        let letters = [
            ('S', tcp.syn),
            ('F', tcp.fin),
            ('R', tcp.rst),
            ('P', tcp.psh),
            ('U', tcp.urg),
            ('E', tcp.ece),
            ('W', tcp.cwr),
            ('.', tcp.ack),
        ];
        letters.into_iter().filter(|(_, set)| *set).map(|(letter, _)| letter).collect()
    }

    /// The options, without padding; their numbers as a script counts.
    pub(crate) fn options(&self, bases: Bases) -> Vec<Opt> {
        let option = |it| match it {
            TcpOptionElement::MaximumSegmentSize(mss) => Some(Opt::Mss(mss)),
            TcpOptionElement::WindowScale(shift) => Some(Opt::Scale(shift)),
            TcpOptionElement::SelectiveAcknowledgementPermitted => Some(Opt::SackPermitted),
            TcpOptionElement::Timestamp(value, echo) => Some(Opt::Stamp(Some(value), Some(echo))),
            TcpOptionElement::SelectiveAcknowledgement(first, rest) => {
                let blocks = std::iter::once(first).chain(rest.into_iter().flatten());
                let moved = |(a, b): (u32, u32)| (a.wrapping_sub(bases.peer), b.wrapping_sub(bases.peer));
                Some(Opt::Sack(blocks.map(moved).collect()))
            }
            TcpOptionElement::Noop => None,
        };
        self.tcp.options_iterator().filter_map(|it| option(it.expect("the host's options can be read"))).collect()
    }

    /// The segment as a script would write it.
    pub(crate) fn text(&self, bases: Bases) -> String {
        let from = self.tcp.sequence_number.wrapping_sub(bases.host);
        let mut text = format!("{} {from}", self.flags());
        if !self.payload.is_empty() {
            text += &format!(":{}", from.wrapping_add(self.payload.len() as u32));
        }
        if self.tcp.ack {
            text += &format!(" ack {}", self.tcp.acknowledgment_number.wrapping_sub(bases.peer));
        }
        text += &format!(" win {}", self.tcp.window_size);
        text += ["", " ect1", " ect0", " ce"][usize::from(self.ecn)];
        if self.peer_port != crate::script::PORT {
            text += &format!(" port {}", self.peer_port);
        }
        let options: Vec<_> = self.options(bases).iter().map(ToString::to_string).collect();
        if options.is_empty() { text } else { format!("{text} <{}>", options.join(", ")) }
    }
}

impl fmt::Display for Opt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mss(mss) => write!(f, "mss {mss}"),
            Self::Scale(shift) => write!(f, "ws {shift}"),
            Self::SackPermitted => f.write_str("sackok"),
            Self::Stamp(value, echo) => {
                f.write_str("ts")?;
                [value, echo].into_iter().flatten().try_for_each(|it| write!(f, " {it}"))
            }
            Self::Sack(blocks) => {
                f.write_str("sack")?;
                blocks.iter().try_for_each(|(a, b)| write!(f, " {a}-{b}"))
            }
        }
    }
}
