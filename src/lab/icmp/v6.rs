//! ICMPv6 (RFC 4443): its checksum covers the ends as well, and its errors quote more.
use std::net::{IpAddr, Ipv6Addr};

use etherparse::icmpv6::{DestUnreachableCode, ParameterProblemCode, ParameterProblemHeader, TimeExceededCode};
use etherparse::{IcmpEchoHeader, Icmpv6Slice, Icmpv6Type};

use crate::lab::icmp::{self, Message, carries};
use crate::lab::ip::{self, Packet, Problem};
use crate::lab::tcp::stack::IcmpError;

/// An error fits the smallest MTU of IPv6 (RFC 4443 §2.4 (c)), headers included.
const LARGEST_ERROR: usize = 1280;
/// The IPv6 header and the ICMPv6 header in front of what is quoted.
const HEADERS: usize = 48;

/// Types below 128 are errors (RFC 4443 §2.1); a redirect is answered like one (§2.4 (e.2)).
const REDIRECT: u8 = 137;

fn message(from: Ipv6Addr, to: Ipv6Addr, kind: Icmpv6Type, payload: &[u8]) -> Option<Vec<u8>> {
    let header = kind.to_header(from.octets(), to.octets(), payload).ok()?;
    Some([&header.to_bytes(), payload].concat())
}

pub(super) fn echo_request(from: Ipv6Addr, to: Ipv6Addr, id: u16, seq: u16, payload: &[u8]) -> Option<Vec<u8>> {
    message(from, to, Icmpv6Type::EchoRequest(IcmpEchoHeader { id, seq }), payload)
}

pub(super) fn echo_reply(own: Ipv6Addr, asker: Ipv6Addr, id: u16, seq: u16, payload: &[u8]) -> Option<Vec<u8>> {
    message(own, asker, Icmpv6Type::EchoReply(IcmpEchoHeader { id, seq }), payload)
}

pub(super) fn read(from: Ipv6Addr, to: Ipv6Addr, bytes: &[u8]) -> Option<Message<'_>> {
    let slice = Icmpv6Slice::from_slice(bytes).ok()?;
    slice.is_checksum_valid(from.octets(), to.octets()).then_some(())?;
    let quoted = slice.payload();
    let (error, what) = match slice.icmp_type() {
        Icmpv6Type::EchoRequest(echo) => {
            return Some(Message::EchoRequest { id: echo.id, seq: echo.seq, payload: quoted });
        }
        Icmpv6Type::EchoReply(echo) => return Some(Message::EchoReply { id: echo.id, seq: echo.seq }),
        Icmpv6Type::DestinationUnreachable(code) => meaning(code),
        Icmpv6Type::PacketTooBig { mtu } => {
            let mtu = u16::try_from(mtu).unwrap_or(u16::MAX);
            (IcmpError::FragmentationNeeded { mtu }, "packet too big")
        }
        Icmpv6Type::TimeExceeded(TimeExceededCode::FragmentReassemblyTimeExceeded) => {
            (IcmpError::ReassemblyTimeExceeded, "fragment reassembly time exceeded")
        }
        Icmpv6Type::TimeExceeded(TimeExceededCode::HopLimitExceeded) => (IcmpError::TimeExceeded, "hop limit exceeded"),
        Icmpv6Type::ParameterProblem(_) => (IcmpError::ProtocolUnreachable, "parameter problem"),
        _ => return None,
    };
    Some(Message::Error { error, what, quoted })
}

const fn meaning(code: DestUnreachableCode) -> (IcmpError, &'static str) {
    match code {
        DestUnreachableCode::NoRoute => (IcmpError::NetworkUnreachable, "no route to destination"),
        DestUnreachableCode::BeyondScope => (IcmpError::NetworkUnreachable, "beyond the scope of the source address"),
        DestUnreachableCode::Address => (IcmpError::HostUnreachable, "address unreachable"),
        DestUnreachableCode::Port => (IcmpError::PortUnreachable, "port unreachable"),
        _ => (IcmpError::AdminProhibited, "administratively prohibited"),
    }
}

pub(super) fn error(own: Ipv6Addr, about: &Packet<'_>, error: IcmpError) -> Option<Vec<u8>> {
    let kind = match error {
        IcmpError::NetworkUnreachable => Icmpv6Type::DestinationUnreachable(DestUnreachableCode::NoRoute),
        IcmpError::HostUnreachable => Icmpv6Type::DestinationUnreachable(DestUnreachableCode::Address),
        IcmpError::PortUnreachable => Icmpv6Type::DestinationUnreachable(DestUnreachableCode::Port),
        IcmpError::AdminProhibited => Icmpv6Type::DestinationUnreachable(DestUnreachableCode::Prohibited),
        IcmpError::FragmentationNeeded { mtu } => Icmpv6Type::PacketTooBig { mtu: u32::from(mtu) },
        IcmpError::TimeExceeded => Icmpv6Type::TimeExceeded(TimeExceededCode::HopLimitExceeded),
        IcmpError::ReassemblyTimeExceeded => Icmpv6Type::TimeExceeded(TimeExceededCode::FragmentReassemblyTimeExceeded),
        IcmpError::ProtocolUnreachable => return None,
    };
    quote(own, about, kind)
}

/// A whole packet that says what this host cannot do of `about`'s headers (RFC 4443 §3.4).
pub(crate) fn parameter_problem(own: IpAddr, about: &[u8], problem: Problem) -> Option<Vec<u8>> {
    let (IpAddr::V6(from), Some(quoted)) = (own, ip::read(about)) else { return None };
    let code = match problem.code {
        1 => ParameterProblemCode::UnrecognizedNextHeader,
        2 => ParameterProblemCode::UnrecognizedIpv6Option,
        3 => ParameterProblemCode::Ipv6FirstFragmentIncompleteHeaderChain,
        _ => ParameterProblemCode::ErroneousHeaderField,
    };
    let header = ParameterProblemHeader { code, pointer: problem.pointer };
    icmp::packet(own, quoted.from, quote(from, &quoted, Icmpv6Type::ParameterProblem(header))?)
}

/// RFC 4443 §2.4 (e): no error about an error, nor to nobody or many, nor about a packet to many, except two kinds.
fn quote(own: Ipv6Addr, about: &Packet<'_>, kind: Icmpv6Type) -> Option<Vec<u8>> {
    let IpAddr::V6(asker) = about.from else { return None };
    let begins = carries(about) && !about.is_later_fragment;
    let about_an_error = begins && about.payload.first().is_none_or(|it| *it < 128 || *it == REDIRECT);
    let told_of_multicast = match &kind {
        Icmpv6Type::PacketTooBig { .. } => true,
        Icmpv6Type::ParameterProblem(it) => it.code == ParameterProblemCode::UnrecognizedIpv6Option,
        _ => false,
    };
    let nobody = asker.is_unspecified() || asker.is_multicast();
    if about_an_error || nobody || about.to.is_multicast() && !told_of_multicast {
        return None;
    }
    message(own, asker, kind, &about.bytes[..about.bytes.len().min(LARGEST_ERROR - HEADERS)])
}
