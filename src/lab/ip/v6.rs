//! The IPv6 header and its extension headers, as a host must take them (RFC 8200 §3, §4).
use std::fmt;
use std::net::Ipv6Addr;

use etherparse::{IpEcn, IpNumber, Ipv6Header};

use crate::lab::ip::{Envelope, Packet};

/// Bytes of the header without extensions.
pub(super) const HEADER: usize = 40;

/// Next header values (IANA) that a host walks through.
const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
pub(super) const FRAGMENT: u8 = 44;
const DESTINATION_OPTIONS: u8 = 60;
/// Nothing follows (RFC 8200 §4.7).
pub(super) const NO_NEXT_HEADER: u8 = 59;

/// What a host cannot do of what an extension header asks: it drops the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Code of the parameter problem message (RFC 4443 §3.4).
    pub(crate) code: u8,
    /// The byte it is about, counted from the start of the packet.
    pub(crate) pointer: u32,
    /// The sender is not told.
    pub(crate) silent: bool,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.code {
            UNKNOWN_NEXT_HEADER => "unknown next header",
            UNKNOWN_OPTION => "unknown option",
            INCOMPLETE_CHAIN => return f.write_str("a first fragment without all headers"),
            _ => "erroneous header field",
        };
        write!(f, "{what} at byte {}", self.pointer)
    }
}

/// RFC 4443 §3.4.
const ERRONEOUS_FIELD: u8 = 0;
const UNKNOWN_NEXT_HEADER: u8 = 1;
const UNKNOWN_OPTION: u8 = 2;
/// RFC 7112 §5, RFC 8200 §4.5.
const INCOMPLETE_CHAIN: u8 = 3;

/// A fragment header and its place (RFC 8200 §4.5).
#[derive(Clone, Copy, Debug)]
pub(super) struct FragmentHeader {
    pub(super) at: usize,
    /// The next header field that names it.
    pub(super) named_at: usize,
    pub(super) id: u32,
    /// In bytes of what was cut.
    pub(super) offset: usize,
    pub(super) more: bool,
}

impl FragmentHeader {
    const fn is_later(&self) -> bool {
        self.offset != 0
    }

    /// It is not the whole packet (RFC 6946).
    const fn is_piece(&self) -> bool {
        self.offset != 0 || self.more
    }
}

/// Where the extension headers lead.
#[derive(Clone, Copy, Debug)]
struct Walk {
    protocol: u8,
    /// Where the upper layer's header begins.
    at: usize,
    /// The next header field that names it.
    named_at: usize,
    fragment: Option<FragmentHeader>,
    problem: Option<Problem>,
}

pub(super) fn read(packet: &[u8]) -> Option<Packet<'_>> {
    let (header, rest) = Ipv6Header::from_slice(packet).ok()?;
    let length = usize::from(header.payload_length);
    rest.get(..length)?;
    seen(&header, &packet[..HEADER + length])
}

pub(super) fn read_beginning(packet: &[u8]) -> Option<Packet<'_>> {
    let (header, _) = Ipv6Header::from_slice(packet).ok()?;
    seen(&header, packet)
}

fn seen<'a>(header: &Ipv6Header, bytes: &'a [u8]) -> Option<Packet<'a>> {
    let to = Ipv6Addr::from(header.destination);
    let walk = walk(bytes, to)?;
    Some(Packet {
        from: Ipv6Addr::from(header.source).into(),
        to: to.into(),
        protocol: IpNumber(walk.protocol),
        hops: header.hop_limit,
        ecn: header.ecn(),
        dont_fragment: true,
        is_fragment: walk.fragment.is_some_and(|it| it.is_piece()),
        is_later_fragment: walk.fragment.is_some_and(|it| it.is_later()),
        bytes,
        payload: &bytes[walk.at..],
        problem: walk.problem.or_else(|| unsound(&walk, bytes)).or_else(|| unknown(&walk)),
    })
}

/// The fragment header of a packet that was read, where it has one.
pub(super) fn fragment_header(packet: &[u8]) -> Option<FragmentHeader> {
    let to = <[u8; 16]>::try_from(packet.get(24..40)?).ok()?;
    walk(packet, to.into())?.fragment
}

/// Whether a packet is a piece, or says that it might have been one.
pub(crate) fn has_fragment_header(packet: &[u8]) -> bool {
    fragment_header(packet).is_some()
}

/// RFC 8200 §4: a next header that the node does not know. In a piece it is the whole packet's affair.
fn unknown(walk: &Walk) -> Option<Problem> {
    let known = [IpNumber::TCP.0, IpNumber::UDP.0, IpNumber::IPV6_ICMP.0, NO_NEXT_HEADER];
    let piece = walk.fragment.is_some_and(|it| it.is_piece());
    (!piece && !known.contains(&walk.protocol)).then(|| problem(UNKNOWN_NEXT_HEADER, walk.named_at))
}

fn problem(code: u8, at: usize) -> Problem {
    let pointer = u32::try_from(at).expect("a packet has at most 65575 bytes");
    Problem { code, pointer, silent: false }
}

/// RFC 8200 §4.5: a piece whose place no packet has, or a first one that hides the upper layer from filters (RFC 7112).
fn unsound(walk: &Walk, packet: &[u8]) -> Option<Problem> {
    let fragment = walk.fragment.filter(FragmentHeader::is_piece)?;
    let length = packet.len() - fragment.at - 8;
    let before = fragment.at - HEADER;
    if fragment.more && !length.is_multiple_of(8) {
        return Some(problem(ERRONEOUS_FIELD, 4));
    }
    if before + fragment.offset + length > usize::from(u16::MAX) {
        return Some(problem(ERRONEOUS_FIELD, fragment.at + 2));
    }
    let header = match IpNumber(walk.protocol) {
        IpNumber::TCP => 20,
        IpNumber::UDP => 8,
        IpNumber::IPV6_ICMP => 4,
        _ => 0,
    };
    (!fragment.is_later() && packet.len() - walk.at < header).then(|| problem(INCOMPLETE_CHAIN, 0))
}

/// Walks from header to header until one is none that extends IPv6; `None` when one is cut off.
fn walk(packet: &[u8], to: Ipv6Addr) -> Option<Walk> {
    let mut walk = Walk { protocol: *packet.get(6)?, at: HEADER, named_at: 6, fragment: None, problem: None };
    while walk.goes_on() {
        if walk.step(packet, to).is_none() {
            let in_piece = walk.fragment.is_some_and(|it| it.more);
            walk.problem = in_piece.then(|| problem(INCOMPLETE_CHAIN, 0));
            return in_piece.then_some(walk);
        }
    }
    Some(walk)
}

impl Walk {
    /// Whether a header that extends IPv6 is next. What follows in a later piece is no header.
    fn goes_on(&self) -> bool {
        // RFC 8200 §4.1: hop-by-hop options stand first or not at all.
        let extends = matches!(self.protocol, DESTINATION_OPTIONS | ROUTING | FRAGMENT)
            || self.protocol == HOP_BY_HOP && self.named_at == 6;
        extends && !self.fragment.is_some_and(|it| it.is_later())
    }

    /// Passes one header; `None` when it is cut off. Behind the fragment header of a piece nothing is obeyed: that is for
    /// the whole packet.
    fn step(&mut self, packet: &[u8], to: Ipv6Addr) -> Option<()> {
        let at = self.at;
        let obeys = self.problem.is_none() && !self.fragment.is_some_and(|it| it.is_piece());
        let length = if self.protocol == FRAGMENT { 8 } else { length(packet, at)? };
        let header = packet.get(at..at + length)?;
        match self.protocol {
            FRAGMENT => {
                let word = u16::from_be_bytes([header[2], header[3]]);
                let id = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
                let (offset, more) = (usize::from(word & !7), word & 1 == 1);
                // What another says inside a piece is the whole packet's affair.
                if !self.fragment.is_some_and(|it| it.is_piece()) {
                    self.fragment = Some(FragmentHeader { at, named_at: self.named_at, id, offset, more });
                }
            }
            ROUTING if obeys => self.problem = routing(packet, at),
            _ if obeys => self.problem = options(packet, at + 2, at + length, to),
            _ => {}
        }
        (self.at, self.protocol, self.named_at) = (at + length, header[0], at);
        Some(())
    }
}

/// Bytes of an extension header: its second byte counts 8 octets beyond the first 8.
fn length(packet: &[u8], at: usize) -> Option<usize> {
    let length = 8 * (usize::from(*packet.get(at + 1)?) + 1);
    packet.get(at..at + length)?;
    Some(length)
}

/// RFC 8200 §4.2: the highest two bits of an unknown option's type say what becomes of the packet.
fn options(packet: &[u8], mut at: usize, end: usize, to: Ipv6Addr) -> Option<Problem> {
    const PAD_1: u8 = 0;
    const PAD_N: u8 = 1;
    while at < end {
        let kind = packet[at];
        if kind == PAD_1 {
            at += 1;
            continue;
        }
        let pointer = u32::try_from(at).expect("a packet has at most 65575 bytes");
        let next = packet.get(at + 1).map(|length| at + 2 + usize::from(*length)).filter(|it| *it <= end);
        let Some(next) = next else { return Some(Problem { code: ERRONEOUS_FIELD, pointer, silent: false }) };
        let silent = match kind >> 6 {
            _ if kind == PAD_N => None,
            0 => None,
            1 => Some(true),
            2 => Some(false),
            _ => Some(to.is_multicast()),
        };
        if let Some(silent) = silent {
            return Some(Problem { code: UNKNOWN_OPTION, pointer, silent });
        }
        at = next;
    }
    None
}

/// RFC 8200 §4.4: a routing header that is done is passed over; one that is not is of no type this host obeys (RFC 5095
/// took type 0 away).
fn routing(packet: &[u8], at: usize) -> Option<Problem> {
    let segments_left = packet[at + 3];
    let pointer = u32::try_from(at + 2).expect("a packet has at most 65575 bytes");
    (segments_left != 0).then_some(Problem { code: ERRONEOUS_FIELD, pointer, silent: false })
}

pub(super) fn write(envelope: &Envelope, from: Ipv6Addr, to: Ipv6Addr, mut payload: Vec<u8>) -> Option<Vec<u8>> {
    let mut header = Ipv6Header {
        payload_length: u16::try_from(payload.len()).ok()?,
        next_header: envelope.protocol,
        hop_limit: envelope.hops,
        source: from.octets(),
        destination: to.octets(),
        ..Ipv6Header::default()
    };
    header.set_ecn(IpEcn::try_new(envelope.ecn.value()).ok()?);
    payload.splice(0..0, header.to_bytes());
    Some(payload)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::ip;

    /// A packet whose extension headers are these, each with the number that names it; `last` names the payload.
    fn packet(extensions: &[(u8, &[u8])], last: u8, payload: &[u8]) -> Vec<u8> {
        let mut body = Vec::new();
        for (index, (_, bytes)) in extensions.iter().enumerate() {
            body.push(extensions.get(index + 1).map_or(last, |next| next.0));
            body.extend_from_slice(bytes);
        }
        body.extend_from_slice(payload);
        let first = extensions.first().map_or(last, |it| it.0);
        let [from, to] = [1, 2].map(|n| Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, n).into());
        ip::write(&Envelope::new(from, to, IpNumber(first)), body).expect("small")
    }

    /// An options header of 8 bytes with this option.
    const fn with_option(kind: u8) -> [u8; 7] {
        [0, kind, 2, 0, 0, 1, 0]
    }

    #[test]
    fn extension_headers_are_walked_to_what_the_packet_carries() {
        let fragment = [0, 0, 1, 0, 0, 0, 9];
        let bytes =
            packet(&[(0, &with_option(0x1e)), (60, &with_option(0x1e)), (44, &fragment)], 17, b"ports of UDP 123");
        let read = ip::read(&bytes).expect("whole");
        assert_eq!((read.protocol, read.payload, read.problem), (IpNumber::UDP, &b"ports of UDP 123"[..], None));
        assert!(read.is_fragment && !read.is_later_fragment);
        let later =
            ip::read(&packet(&[(44, &[0, 0, 0x10, 0, 0, 0, 9])], 17, b"more")).is_some_and(|it| it.is_later_fragment);
        assert!(later);
        let atomic = packet(&[(44, &[0; 7])], 17, b"all");
        assert!(!ip::read(&atomic).expect("whole").is_fragment, "RFC 8200 §4.5: a fragment that is the whole packet");
    }

    #[test]
    fn what_a_host_does_not_know_is_told_as_the_option_asks() {
        let problem = |bytes: &[u8]| ip::read(bytes).expect("whole").problem.map(|it| (it.code, it.pointer, it.silent));
        let option = |kind| problem(&packet(&[(60, &with_option(kind))], 17, b""));
        assert_eq!(option(0x3e), None, "00: passed over");
        assert_eq!(option(0x7e), Some((2, 42, true)), "01: dropped");
        assert_eq!(option(0xbe), Some((2, 42, false)), "10: the sender is told");
        assert_eq!(option(0xfe), Some((2, 42, false)), "11: the sender is told, as the address is of one host");
        assert_eq!(problem(&packet(&[], 200, b"")), Some((1, 6, false)));
        assert_eq!(problem(&packet(&[(60, &with_option(0)), (0, &with_option(0))], 17, b"")), Some((1, 40, false)));
        assert_eq!(problem(&packet(&[(43, &[0, 0, 1, 0, 0, 0, 0])], 17, b"")), Some((0, 42, false)));
        assert_eq!(problem(&packet(&[(43, &[0, 0, 0, 0, 0, 0, 0])], 17, b"")), None);
        assert_eq!(problem(&packet(&[], 59, b"")), None);
    }

    #[test]
    fn a_header_that_is_cut_off_is_no_packet() {
        let long = packet(&[(60, &[9, 1, 4, 0, 0, 0, 0])], 17, b"");
        assert!(ip::read(&long).is_none());
        let lying = packet(&[(60, &[0, 5, 200, 0, 0, 0, 0])], 17, b"");
        assert_eq!(ip::read(&lying).expect("whole").problem.map(|it| it.code), Some(0));
    }
}
