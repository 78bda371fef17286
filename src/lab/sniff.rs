//! A glance at a frame the lab itself moves: what flow it belongs to and how much of a program's data it carries.
use std::net::{Ipv4Addr, SocketAddrV4};

use etherparse::{EtherType, IpNumber, TcpSlice, UdpSlice};

use crate::lab::frame;

/// A TCP segment with the addresses around it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'a> {
    pub(crate) from: SocketAddrV4,
    pub(crate) to: SocketAddrV4,
    pub(crate) seq: u32,
    pub(crate) ack: Option<u32>,
    pub(crate) syn: bool,
    pub(crate) fin: bool,
    pub(crate) rst: bool,
    pub(crate) window: u16,
    pub(crate) payload: &'a [u8],
}

impl Segment<'_> {
    /// The sequence number after this segment: SYN and FIN count as one byte each (RFC 9293 §3.4).
    pub(crate) fn end(&self) -> u32 {
        let length = u32::try_from(self.payload.len()).expect("an IPv4 packet has at most 65535 bytes");
        self.seq.wrapping_add(length).wrapping_add(u32::from(self.syn)).wrapping_add(u32::from(self.fin))
    }
}

/// What an IPv4 packet carries, as far as the lab cares.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Payload<'a> {
    Tcp(Segment<'a>),
    Udp { to: SocketAddrV4, payload: &'a [u8] },
    Icmp { from: Ipv4Addr, to: Ipv4Addr, message: &'a [u8] },
    Other,
}

/// Reads an IPv4 packet; `None` when its header is damaged. Fragments after the first carry `Other`.
pub(crate) fn packet(bytes: &[u8]) -> Option<Payload<'_>> {
    let (header, payload) = frame::ipv4(bytes)?;
    let (from, to) = (Ipv4Addr::from(header.source), Ipv4Addr::from(header.destination));
    let at = SocketAddrV4::new;
    if header.fragment_offset.value() != 0 {
        return Some(Payload::Other);
    }
    Some(match header.protocol {
        IpNumber::TCP => TcpSlice::from_slice(payload).map_or(Payload::Other, |tcp| {
            Payload::Tcp(Segment {
                from: at(from, tcp.source_port()),
                to: at(to, tcp.destination_port()),
                seq: tcp.sequence_number(),
                ack: tcp.ack().then(|| tcp.acknowledgment_number()),
                syn: tcp.syn(),
                fin: tcp.fin(),
                rst: tcp.rst(),
                window: tcp.window_size(),
                payload: tcp_payload(payload, tcp.data_offset()),
            })
        }),
        IpNumber::UDP => UdpSlice::from_slice(payload).map_or(Payload::Other, |udp| Payload::Udp {
            to: at(to, udp.destination_port()),
            payload: payload.get(8..usize::from(udp.length())).unwrap_or_default(),
        }),
        IpNumber::ICMP => Payload::Icmp { from, to, message: payload },
        _ => Payload::Other,
    })
}

fn tcp_payload(segment: &[u8], data_offset: u8) -> &[u8] {
    segment.get(usize::from(data_offset) * 4..).unwrap_or_default()
}

/// Whether a frame carries a program's bytes over TCP or UDP.
pub(crate) fn carries_data(bytes: &[u8]) -> bool {
    let Some((_, _, EtherType::IPV4, ip)) = frame::open(bytes) else { return false };
    match packet(ip) {
        Some(Payload::Tcp(segment)) => !segment.payload.is_empty(),
        Some(Payload::Udp { payload, .. }) => !payload.is_empty(),
        _ => false,
    }
}

/// The port a frame goes to over TCP.
pub(crate) fn tcp_port(bytes: &[u8]) -> Option<u16> {
    let (_, _, EtherType::IPV4, ip) = frame::open(bytes)? else { return None };
    match packet(ip)? {
        Payload::Tcp(segment) => Some(segment.to.port()),
        _ => None,
    }
}
