//! ICMP messages of the lab's own nodes: echo, and errors that quote what they are about.
use std::net::Ipv4Addr;

use etherparse::icmpv4::{DestUnreachableHeader, TimeExceededCode};
use etherparse::{IcmpEchoHeader, Icmpv4Header, Icmpv4Slice, Icmpv4Type, IpNumber};

use crate::lab::frame;

/// An ICMP error answers with at most this many bytes in all (RFC 1812 §4.3.2.3).
const LARGEST_ERROR: usize = 576;

/// A whole IPv4 packet with this ICMP message.
fn packet(from: Ipv4Addr, to: Ipv4Addr, kind: Icmpv4Type, payload: &[u8]) -> Option<Vec<u8>> {
    let header = Icmpv4Header::with_checksum(kind, payload);
    frame::ipv4_packet(from, to, IpNumber::ICMP, &[&header.to_bytes(), payload].concat())
}

/// `ping`: asks `to` for an echo of `payload`.
pub(crate) fn echo_request(from: Ipv4Addr, to: Ipv4Addr, id: u16, seq: u16, payload: &[u8]) -> Option<Vec<u8>> {
    packet(from, to, Icmpv4Type::EchoRequest(IcmpEchoHeader { id, seq }), payload)
}

/// An ICMP message that was read.
#[derive(Debug)]
pub(crate) enum Message<'a> {
    EchoRequest { id: u16, seq: u16, payload: &'a [u8] },
    EchoReply { id: u16 },
    Unreachable { header: DestUnreachableHeader, quoted: &'a [u8] },
    TimeExceeded { quoted: &'a [u8] },
}

/// Reads an ICMP message; `None` when damaged or of a kind the lab does not use.
pub(crate) fn read(bytes: &[u8]) -> Option<Message<'_>> {
    let slice = Icmpv4Slice::from_slice(bytes).ok()?;
    let payload = slice.payload();
    (slice.icmp_type().calc_checksum(payload) == slice.checksum()).then_some(())?;
    match slice.icmp_type() {
        Icmpv4Type::EchoRequest(echo) => Some(Message::EchoRequest { id: echo.id, seq: echo.seq, payload }),
        Icmpv4Type::EchoReply(echo) => Some(Message::EchoReply { id: echo.id }),
        Icmpv4Type::DestinationUnreachable(header) => Some(Message::Unreachable { header, quoted: payload }),
        Icmpv4Type::TimeExceeded(_) => Some(Message::TimeExceeded { quoted: payload }),
        _ => None,
    }
}

/// The answer to an echo request that came from `asker` to `own`.
pub(crate) fn echo_reply(own: Ipv4Addr, asker: Ipv4Addr, request: &[u8]) -> Option<Vec<u8>> {
    let Message::EchoRequest { id, seq, payload } = read(request)? else { return None };
    packet(own, asker, Icmpv4Type::EchoReply(IcmpEchoHeader { id, seq }), payload)
}

/// Tells the sender of `about` that it did not get through. `None` where no error may be sent (RFC 1812 §4.3.2.7).
pub(crate) fn unreachable(own: Ipv4Addr, about: &[u8], header: DestUnreachableHeader) -> Option<Vec<u8>> {
    error(own, about, Icmpv4Type::DestinationUnreachable(header))
}

/// Tells the sender of `about` that its time to live ran out here.
pub(crate) fn time_exceeded(own: Ipv4Addr, about: &[u8]) -> Option<Vec<u8>> {
    error(own, about, Icmpv4Type::TimeExceeded(TimeExceededCode::TtlExceededInTransit))
}

fn error(own: Ipv4Addr, about: &[u8], kind: Icmpv4Type) -> Option<Vec<u8>> {
    let (header, payload) = frame::ipv4(about)?;
    let from = Ipv4Addr::from(header.source);
    let to = Ipv4Addr::from(header.destination);
    let about_an_error = header.protocol == IpNumber::ICMP && !matches!(payload.first(), Some(0 | 8));
    let nobody = from.is_unspecified() || from.is_broadcast() || from.is_multicast();
    let fragment = header.fragment_offset.value() != 0;
    if about_an_error || nobody || fragment || to.is_broadcast() || to.is_multicast() {
        return None;
    }
    let quoted = &about[..about.len().min(LARGEST_ERROR - 28)];
    packet(own, from, kind, quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
    const YOU: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

    #[test]
    fn an_echo_comes_back_as_it_was() {
        let request = echo_request(ME, YOU, 7, 3, b"hello").expect("small");
        let (_, message) = frame::ipv4(&request).expect("whole");
        let reply = echo_reply(YOU, ME, message).expect("an echo request");
        let (header, message) = frame::ipv4(&reply).expect("whole");
        assert_eq!(Ipv4Addr::from(header.destination), ME);
        assert!(matches!(read(message), Some(Message::EchoReply { id: 7 })));
    }

    #[test]
    fn no_error_answers_an_error() {
        let request = echo_request(ME, YOU, 7, 3, b"hello").expect("small");
        let error = time_exceeded(YOU, &request).expect("may be told");
        assert!(time_exceeded(ME, &error).is_none());
        let (_, message) = frame::ipv4(&error).expect("whole");
        assert!(matches!(read(message), Some(Message::TimeExceeded { quoted }) if quoted == request));
    }

    #[test]
    fn a_damaged_message_is_not_read() {
        let request = echo_request(ME, YOU, 7, 3, b"hello").expect("small");
        let mut message = frame::ipv4(&request).expect("whole").1.to_vec();
        message[9] ^= 1;
        assert!(read(&message).is_none());
        assert!(read(&[]).is_none());
    }
}
