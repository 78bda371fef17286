//! ICMP for IPv4 (RFC 792).
use std::net::{IpAddr, Ipv4Addr};

use etherparse::icmpv4::{DestUnreachableHeader, RedirectCode, RedirectHeader, TimeExceededCode};
use etherparse::{IcmpEchoHeader, Icmpv4Header, Icmpv4Slice, Icmpv4Type};

use crate::lab::icmp::{Message, carries};
use crate::lab::ip::{self, Packet};
use crate::lab::tcp::stack::IcmpError;

/// An ICMP error answers with at most this many bytes in all (RFC 1812 §4.3.2.3).
const LARGEST_ERROR: usize = 576;
/// The IPv4 header and the ICMP header in front of what is quoted.
const HEADERS: usize = 28;

fn message(kind: Icmpv4Type, payload: &[u8]) -> Vec<u8> {
    [&Icmpv4Header::with_checksum(kind, payload).to_bytes(), payload].concat()
}

pub(super) fn echo_request(id: u16, seq: u16, payload: &[u8]) -> Vec<u8> {
    message(Icmpv4Type::EchoRequest(IcmpEchoHeader { id, seq }), payload)
}

pub(super) fn echo_reply(id: u16, seq: u16, payload: &[u8]) -> Vec<u8> {
    message(Icmpv4Type::EchoReply(IcmpEchoHeader { id, seq }), payload)
}

pub(super) fn read(bytes: &[u8]) -> Option<Message<'_>> {
    let slice = Icmpv4Slice::from_slice(bytes).ok()?;
    let payload = slice.payload();
    (slice.icmp_type().calc_checksum(payload) == slice.checksum()).then_some(())?;
    match slice.icmp_type() {
        Icmpv4Type::EchoRequest(echo) => Some(Message::EchoRequest { id: echo.id, seq: echo.seq, payload }),
        Icmpv4Type::EchoReply(echo) => Some(Message::EchoReply { id: echo.id, seq: echo.seq }),
        Icmpv4Type::DestinationUnreachable(header) => {
            let (error, what) = meaning(&header);
            Some(Message::Error { error, what, quoted: payload })
        }
        Icmpv4Type::TimeExceeded(TimeExceededCode::FragmentReassemblyTimeExceeded) => {
            let (error, what) = (IcmpError::ReassemblyTimeExceeded, "fragment reassembly time exceeded");
            Some(Message::Error { error, what, quoted: payload })
        }
        Icmpv4Type::TimeExceeded(TimeExceededCode::TtlExceededInTransit) => {
            Some(Message::Error { error: IcmpError::TimeExceeded, what: "time to live exceeded", quoted: payload })
        }
        Icmpv4Type::Redirect(header) => {
            Some(Message::Redirect { gateway: header.gateway_internet_address.into(), quoted: payload })
        }
        _ => None,
    }
}

const fn meaning(header: &DestUnreachableHeader) -> (IcmpError, &'static str) {
    match header {
        DestUnreachableHeader::Port => (IcmpError::PortUnreachable, "port unreachable"),
        DestUnreachableHeader::Network => (IcmpError::NetworkUnreachable, "network unreachable"),
        DestUnreachableHeader::FragmentationNeeded { next_hop_mtu } => {
            (IcmpError::FragmentationNeeded { mtu: *next_hop_mtu }, "fragmentation needed and DF set")
        }
        DestUnreachableHeader::Protocol => (IcmpError::ProtocolUnreachable, "protocol unreachable"),
        DestUnreachableHeader::FilterProhibited => (IcmpError::AdminProhibited, "a filter forbids it"),
        _ => (IcmpError::HostUnreachable, "host unreachable"),
    }
}

pub(super) fn error(about: &Packet<'_>, error: IcmpError) -> Option<Vec<u8>> {
    let kind = match error {
        IcmpError::NetworkUnreachable => Icmpv4Type::DestinationUnreachable(DestUnreachableHeader::Network),
        IcmpError::HostUnreachable => Icmpv4Type::DestinationUnreachable(DestUnreachableHeader::Host),
        IcmpError::PortUnreachable => Icmpv4Type::DestinationUnreachable(DestUnreachableHeader::Port),
        IcmpError::ProtocolUnreachable => Icmpv4Type::DestinationUnreachable(DestUnreachableHeader::Protocol),
        IcmpError::AdminProhibited => Icmpv4Type::DestinationUnreachable(DestUnreachableHeader::FilterProhibited),
        IcmpError::FragmentationNeeded { mtu } => {
            Icmpv4Type::DestinationUnreachable(DestUnreachableHeader::FragmentationNeeded { next_hop_mtu: mtu })
        }
        IcmpError::TimeExceeded => Icmpv4Type::TimeExceeded(TimeExceededCode::TtlExceededInTransit),
        IcmpError::ReassemblyTimeExceeded => Icmpv4Type::TimeExceeded(TimeExceededCode::FragmentReassemblyTimeExceeded),
    };
    quote(about, kind)
}

pub(super) fn redirect(about: &Packet<'_>, gateway: Ipv4Addr) -> Option<Vec<u8>> {
    let code = RedirectCode::RedirectForHost;
    quote(about, Icmpv4Type::Redirect(RedirectHeader { code, gateway_internet_address: gateway.octets() }))
}

/// RFC 1812 §4.3.2.7: nothing about an ICMP error, to nobody or many, about a packet to many or a later piece.
fn quote(about: &Packet<'_>, kind: Icmpv4Type) -> Option<Vec<u8>> {
    let about_an_error = carries(about) && !matches!(about.payload.first(), Some(0 | 8));
    let nobody = about.from.is_unspecified() || ip::is_limited_broadcast(about.from) || about.from.is_multicast();
    let for_many = ip::is_limited_broadcast(about.to) || about.to.is_multicast();
    if about_an_error || nobody || for_many || about.is_later_fragment || matches!(about.from, IpAddr::V6(_)) {
        return None;
    }
    Some(message(kind, &about.bytes[..about.bytes.len().min(LARGEST_ERROR - HEADERS)]))
}
