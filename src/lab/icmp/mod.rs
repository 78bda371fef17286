//! ICMP messages of both families as the lab's own nodes use them: echo, and errors that quote what they are about.
pub(crate) mod ndp;
mod v4;
pub(crate) mod v6;

use std::net::{IpAddr, Ipv4Addr};

use etherparse::IpNumber;

use crate::lab::ip::{self, Envelope, Packet};
use crate::lab::tcp::stack::IcmpError;

/// An ICMP message that was read.
#[derive(Debug)]
pub(crate) enum Message<'a> {
    EchoRequest {
        id: u16,
        seq: u16,
        payload: &'a [u8],
    },
    EchoReply {
        id: u16,
        seq: u16,
    },
    Error {
        error: IcmpError,
        what: &'static str,
        quoted: &'a [u8],
    },
    /// IPv4's; IPv6's is Neighbor Discovery's.
    Redirect {
        gateway: Ipv4Addr,
        quoted: &'a [u8],
    },
}

/// Whether a packet carries ICMP of its family.
pub(crate) const fn carries(packet: &Packet<'_>) -> bool {
    packet.protocol.0 == protocol(packet.from).0
}

const fn protocol(family: IpAddr) -> IpNumber {
    if family.is_ipv4() { IpNumber::ICMP } else { IpNumber::IPV6_ICMP }
}

/// Reads an ICMP message; `None` when damaged or of a kind the lab does not use.
pub(crate) fn read<'a>(packet: &Packet<'a>) -> Option<Message<'a>> {
    match (packet.from, packet.to) {
        (IpAddr::V6(from), IpAddr::V6(to)) => v6::read(from, to, packet.payload),
        _ => v4::read(packet.payload),
    }
}

/// `ping`: asks `to` for an echo of `payload`.
pub(crate) fn echo_request(from: IpAddr, to: IpAddr, id: u16, seq: u16, payload: &[u8]) -> Option<Vec<u8>> {
    let message = match (from, to) {
        (IpAddr::V6(from), IpAddr::V6(to)) => v6::echo_request(from, to, id, seq, payload)?,
        _ => v4::echo_request(id, seq, payload),
    };
    packet(from, to, message)
}

/// An echo request with a time to live of its own.
pub(crate) fn echo_probe(
    (from, to): (IpAddr, IpAddr),
    (id, seq): (u16, u16),
    payload: &[u8],
    (hops, dont_fragment): (u8, bool),
) -> Option<Vec<u8>> {
    let message = match (from, to) {
        (IpAddr::V6(from), IpAddr::V6(to)) => v6::echo_request(from, to, id, seq, payload)?,
        _ => v4::echo_request(id, seq, payload),
    };
    ip::write(&Envelope { hops, dont_fragment, ..Envelope::new(from, to, protocol(from)) }, message)
}

/// The answer to an echo request, from `own`.
pub(crate) fn echo_reply(own: IpAddr, request: &Packet<'_>) -> Option<Vec<u8>> {
    let Message::EchoRequest { id, seq, payload } = read(request)? else { return None };
    let message = match (own, request.from) {
        (IpAddr::V6(own), IpAddr::V6(asker)) => v6::echo_reply(own, asker, id, seq, payload)?,
        _ => v4::echo_reply(id, seq, payload),
    };
    // An answer may be cut where its request might be: they have one size.
    let envelope = Envelope::new(own, request.from, protocol(own));
    ip::write(&Envelope { dont_fragment: request.dont_fragment, ..envelope }, message)
}

/// Tells the sender of `about` what became of it. `None` where no error may be sent (RFC 1812 §4.3.2.7, RFC 4443
/// §2.4 (e)), or where the family has no words for it.
pub(crate) fn error(own: IpAddr, about: &[u8], error: IcmpError) -> Option<Vec<u8>> {
    let quoted = ip::read(about)?;
    let message = match (own, quoted.from) {
        (IpAddr::V6(own), IpAddr::V6(_)) => v6::error(own, &quoted, error)?,
        _ => v4::error(&quoted, error)?,
    };
    packet(own, quoted.from, message)
}

/// Tells the sender of a packet which neighbour takes the next one to that host (RFC 792; RFC 1812 §5.2.7.2: for a host,
/// never for a network).
pub(crate) fn redirect(own: IpAddr, about: &Packet<'_>, gateway: Ipv4Addr) -> Option<Vec<u8>> {
    packet(own, about.from, v4::redirect(about, gateway)?)
}

/// A whole packet with this ICMP message.
fn packet(from: IpAddr, to: IpAddr, message: Vec<u8>) -> Option<Vec<u8>> {
    ip::write(&Envelope::new(from, to, protocol(from)), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two ends of each family.
    fn ends() -> [[IpAddr; 2]; 2] {
        [["10.0.0.1", "10.0.0.2"], ["2001:db8::1", "2001:db8::2"]]
            .map(|it| it.map(|it| it.parse().expect("an address")))
    }

    #[test]
    fn an_echo_comes_back_as_it_was() {
        for [me, you] in ends() {
            let request = echo_request(me, you, 7, 3, b"hello").expect("small");
            let reply = echo_reply(you, &ip::read(&request).expect("whole")).expect("an echo request");
            let reply = ip::read(&reply).expect("whole");
            assert_eq!(reply.to, me);
            assert!(carries(&reply) && matches!(read(&reply), Some(Message::EchoReply { id: 7, seq: 3 })));
            assert!(echo_reply(me, &reply).is_none());
        }
    }

    #[test]
    fn no_error_answers_an_error() {
        for [me, you] in ends() {
            let request = echo_request(me, you, 7, 3, b"hello").expect("small");
            let told = error(you, &request, IcmpError::TimeExceeded).expect("may be told");
            assert!(error(me, &told, IcmpError::TimeExceeded).is_none());
            let told = ip::read(&told).expect("whole");
            let Some(Message::Error { error, quoted, .. }) = read(&told) else { panic!("an error") };
            assert_eq!((error, quoted), (IcmpError::TimeExceeded, &request[..]));
        }
    }

    #[test]
    fn what_is_told_is_what_is_read() {
        let all = [
            IcmpError::NetworkUnreachable,
            IcmpError::HostUnreachable,
            IcmpError::PortUnreachable,
            IcmpError::ProtocolUnreachable,
            IcmpError::AdminProhibited,
            IcmpError::FragmentationNeeded { mtu: 1400 },
            IcmpError::TimeExceeded,
            IcmpError::ReassemblyTimeExceeded,
        ];
        for [me, you] in ends() {
            let request = echo_request(me, you, 7, 3, b"hello").expect("small");
            for told in all {
                // IPv6 names the header that nobody knows: v6::parameter_problem.
                let Some(bytes) = error(you, &request, told) else {
                    assert!(me.is_ipv6() && told == IcmpError::ProtocolUnreachable);
                    continue;
                };
                let Some(Message::Error { error, .. }) = read(&ip::read(&bytes).expect("whole")) else {
                    panic!("an error")
                };
                assert_eq!(error, told);
            }
        }
    }

    #[test]
    fn a_damaged_message_is_not_read() {
        for [me, you] in ends() {
            let mut request = echo_request(me, you, 7, 3, b"hello").expect("small");
            *request.last_mut().expect("bytes") ^= 1;
            assert!(read(&ip::read(&request).expect("whole")).is_none());
        }
        assert!(v4::read(&[]).is_none());
    }
}
