//! The walk from the outermost layer to the innermost: who reads next, and which bytes.
use std::net::IpAddr;
use std::ops::Range;

use super::link::{self, LinkType};
use super::reader::{Reader, Words};
use super::tcp::Segment;
use super::{
    Decoded, arp, data, dhcp, dhcpv6, dns, ethernet, http, icmp, icmpv6, igmp, ipv4, ipv6, quic, stun, tcp, tls, udp,
};

/// More layers than this are not looked for: a frame of VLAN tags only would have hundreds.
const MOST_LAYERS: usize = 16;

const CUT: Words = Words::new(
    "_ws.malformed",
    "Cut short",
    "",
    "The frame, or a length inside it, ends in the middle of a field: these bytes cannot be told apart.",
);

/// What a layer says comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Ethernet,
    /// What Linux writes before a packet it captured on any interface, and its second version.
    Cooked,
    Cooked2,
    Loopback,
    Vlan,
    Arp,
    Ipv4,
    Ipv6,
    HopByHop,
    Routing,
    Fragment,
    DestinationOptions,
    Icmp,
    /// What an error says beyond the packet it quotes.
    IcmpExtension,
    Icmpv6,
    Igmp,
    Udp,
    Tcp,
    Dns,
    Dhcp,
    Dhcpv6,
    /// DNS over TCP: a length comes first.
    DnsStream,
    Http,
    Tls,
    Quic,
    Stun,
    /// Data on a channel of TURN.
    Channel,
    /// Bytes nobody here reads, with what they are.
    Data(&'static str),
    /// What an Ethernet frame carries beyond its packet.
    Padding,
}

impl Next {
    /// Whether it is damage when nothing is left for this layer.
    const fn needs_bytes(self) -> bool {
        !matches!(
            self,
            Self::Dns | Self::DnsStream | Self::Http | Self::Tls | Self::Quic | Self::Data(_) | Self::Padding
        )
    }
}

/// What outer layers leave for inner ones.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) summary: String,
    pub(super) source: Option<IpAddr>,
    pub(super) destination: Option<IpAddr>,
    /// IPv6's hop limit: some messages are believed only when no router has forwarded them.
    pub(super) hops: Option<u8>,
    /// Why the checksum over the whole datagram cannot be computed, if so.
    pub(super) incomplete: Option<&'static str>,
    /// Bytes that the innermost layer so far had on the wire behind the last that the capture kept.
    pub(super) unkept: usize,
    /// Inside an ICMP error: these headers are of an earlier packet.
    pub(super) quoted: bool,
    pub(super) segment: Option<Segment>,
    pub(super) message: Option<Message>,
    pub(super) claim: Option<Claim>,
    /// Where the packets of QUIC stand.
    pub(super) quic: Option<Range<usize>>,
}

/// A question or an answer without a connection.
#[derive(Clone, Copy, Debug)]
pub(super) enum Message {
    Dns { id: u16, answer: bool },
    Echo { id: u16, sequence: u16, reply: bool },
}

/// A station says that an address is its own (ARP, neighbor discovery).
#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) address: IpAddr,
    pub(super) mac: String,
}

/// How a packet begins: what an error about it quotes at least. RFC 792.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Opening {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    /// The first bytes of TCP, UDP or ICMP: ports and sequence number, or identifier and number.
    start: [u8; 8],
}

impl Opening {
    /// Of a segment.
    fn of(segment: &Segment) -> Self {
        let ((source, from), (destination, to)) = (segment.source, segment.destination);
        let ([a, b], [c, d], [e, f, g, h]) = (from.to_be_bytes(), to.to_be_bytes(), segment.sequence.to_be_bytes());
        Self { source, destination, start: [a, b, c, d, e, f, g, h] }
    }

    /// The two ports of TCP and UDP.
    pub(super) const fn ports(&self) -> (u16, u16) {
        let [a, b, c, d, ..] = self.start;
        (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]))
    }
}

/// A walk's result.
pub(super) struct Walked {
    pub(super) decoded: Decoded,
    pub(super) skimmed: Skimmed,
}

/// What a frame has to do with others.
#[derive(Default)]
pub(super) struct Skimmed {
    /// The frame's TCP segment, when it carries one.
    pub(super) segment: Option<Segment>,
    pub(super) opening: Option<Opening>,
    /// Of the packet an error is about.
    pub(super) quote: Option<Opening>,
    pub(super) message: Option<Message>,
    pub(super) claim: Option<Claim>,
    /// Where the packets of QUIC stand.
    pub(super) quic: Option<Range<usize>>,
}

/// Address and port of the sender, then of the receiver.
pub(super) type Ends = [(IpAddr, u16); 2];

/// The ends of a datagram of QUIC, source first, and where it stands in the frame.
pub(super) fn datagram(link: LinkType, frame: &[u8]) -> Option<(Ends, Range<usize>)> {
    let Skimmed { opening, quic, .. } = walk_on((link, frame, frame.len()), false).skimmed;
    let (opening, bytes) = (opening?, quic?);
    let (from, to) = opening.ports();
    Some(([(opening.source, from), (opening.destination, to)], bytes))
}

/// Walks an Ethernet frame; with `keep` off only the summary and the facts come out.
pub(super) fn walk(frame: &[u8], keep: bool) -> Walked {
    walk_on((LinkType::Ethernet, frame, frame.len()), keep)
}

/// Walks a frame that came over a link of that kind and had that length there.
pub(super) fn walk_on((link, frame, length): (LinkType, &[u8], usize), keep: bool) -> Walked {
    let unkept = length.saturating_sub(frame.len());
    walk_from((frame, unkept), (link::first(link, frame), 0..frame.len()), keep)
}

/// What a frame that had that length has to do with others, without a walk where one look at it is enough.
pub(super) fn skim(link: LinkType, frame: &[u8], length: usize) -> Skimmed {
    let plain = || Segment::simple(frame, length).filter(|(_, message)| *message != Some(Next::DnsStream));
    match plain().filter(|_| link == LinkType::Ethernet) {
        Some((segment, _)) => {
            Skimmed { opening: Some(Opening::of(&segment)), segment: Some(segment), ..Skimmed::default() }
        }
        None => walk_on((link, frame, length), false).skimmed,
    }
}

/// Walks what is in no frame: `bytes` of a buffer, from the protocol that reads them.
pub(super) fn inside(buffer: &[u8], bytes: Range<usize>, first: Next) -> Decoded {
    if bytes.is_empty() && !first.needs_bytes() {
        return Decoded::default();
    }
    walk_from((buffer, 0), (first, bytes), true).decoded
}

fn walk_from((frame, unkept): (&[u8], usize), first: (Next, Range<usize>), keep: bool) -> Walked {
    let mut decoded = Decoded::default();
    let mut facts = Facts { unkept, ..Facts::default() };
    let (mut opening, mut quote) = (None, None);
    // Only Ethernet fills up short frames.
    let padded = first.0 == Next::Ethernet;
    // What is still to be read, innermost last: the bytes, and who reads them.
    let mut ahead = vec![first];
    while let Some((next, bytes)) = ahead.pop() {
        let next =
            if decoded.layers.len() < MOST_LAYERS { next } else { Next::Data("more layers than are looked into") };
        let mut reader = Reader::new(frame, bytes.clone(), keep);
        let (name, title) = names(next, &facts);
        let begins = if facts.quoted { &mut quote } else { &mut opening };
        *begins = begins.or_else(|| opening_of(next, &facts, &frame[bytes.clone()]));
        // The line is about the error, not about the packet it quotes.
        let line = facts.quoted.then(|| facts.summary.clone());
        let inner = read(next, &mut reader, &mut facts);
        if let Some(line) = line {
            facts.summary = line;
        }
        if inner.is_none() {
            cut(&mut reader, next, title, &facts);
        }
        let (read, end) = (reader.position(), reader.end());
        let (layer, problems) = reader.finish(name, title);
        decoded.layers.push(layer);
        decoded.problems.extend(problems);
        beyond(next, end..bytes.end, (frame, padded), &mut ahead);
        let inner = inner.flatten();
        if read < end {
            ahead.push((inner.unwrap_or(Next::Data("bytes after the end of the message")), read..end));
        } else if let Some(inner) = inner.filter(|inner| inner.needs_bytes()) {
            ahead.push((inner, read..end));
        }
    }
    if !keep {
        decoded.layers.clear();
    }
    decoded.summary.clone_from(&facts.summary);
    let Facts { segment, message, claim, quic, .. } = facts;
    Walked { decoded, skimmed: Skimmed { segment, opening, quote, message, claim, quic } }
}

fn opening_of(next: Next, facts: &Facts, bytes: &[u8]) -> Option<Opening> {
    let is_upper = matches!(next, Next::Tcp | Next::Udp | Next::Icmp | Next::Icmpv6);
    let start = *bytes.first_chunk().filter(|_| is_upper)?;
    Some(Opening { source: facts.source?, destination: facts.destination?, start })
}

/// Reads one layer. `None`: the bytes ran out; `Some(None)`: nothing comes after it.
fn read(next: Next, r: &mut Reader<'_>, facts: &mut Facts) -> Option<Option<Next>> {
    match next {
        Next::Ethernet => ethernet::read(r, facts).map(Some),
        Next::Cooked => link::read_cooked(r, facts).map(Some),
        Next::Cooked2 => link::read_cooked2(r, facts).map(Some),
        Next::Loopback => link::read_loopback(r, facts).map(Some),
        Next::Vlan => ethernet::read_tag(r, facts).map(Some),
        Next::Arp => arp::read(r, facts).map(|()| None),
        Next::Ipv4 => ipv4::read(r, facts).map(Some),
        Next::Ipv6 => ipv6::read(r, facts).map(Some),
        Next::HopByHop => ipv6::read_options(r, true).map(Some),
        Next::DestinationOptions => ipv6::read_options(r, false).map(Some),
        Next::Routing => ipv6::read_routing(r, facts).map(Some),
        Next::Fragment => ipv6::read_fragment(r, facts).map(Some),
        Next::Icmp => icmp::read(r, facts),
        Next::IcmpExtension => Some(icmp::read_extension(r)),
        Next::Icmpv6 => icmpv6::read(r, facts),
        Next::Igmp => igmp::read(r, facts).map(|()| None),
        Next::Udp => udp::read(r, facts).map(Some),
        Next::Tcp => tcp::read(r, facts).map(Some),
        Next::Dhcp => dhcp::read(r, facts).map(|()| None),
        Next::Dhcpv6 => dhcpv6::read(r, facts).map(|()| None),
        Next::Dns => dns::read(r, facts).map(|()| None),
        Next::DnsStream => dns::read_stream(r, facts).map(|()| None),
        Next::Http => Some(http::read(r, facts)),
        Next::Tls => Some(tls::read(r, facts)),
        Next::Quic => Some(quic::read(r, facts)),
        Next::Stun => stun::read(r, facts).map(|()| None),
        Next::Channel => stun::read_channel(r, facts).map(Some),
        Next::Data(what) => Some(data::read(r, what)),
        Next::Padding => Some(ethernet::read_padding(r)),
    }
}

const fn names(next: Next, facts: &Facts) -> (&'static str, &'static str) {
    match next {
        Next::Ethernet => ("eth", "Ethernet"),
        Next::Cooked => ("sll", "Linux cooked capture"),
        Next::Cooked2 => ("sll", "Linux cooked capture v2"),
        Next::Loopback => ("null", "Loopback"),
        Next::Vlan => ("vlan", "802.1Q Virtual LAN"),
        Next::Arp => ("arp", "Address Resolution Protocol"),
        Next::Ipv4 if facts.quoted => ("ip", "Internet Protocol version 4, quoted by the error"),
        Next::Ipv4 => ("ip", "Internet Protocol version 4"),
        Next::Ipv6 if facts.quoted => ("ipv6", "Internet Protocol version 6, quoted by the error"),
        Next::Ipv6 => ("ipv6", "Internet Protocol version 6"),
        Next::HopByHop => ("ipv6.hopopts", "IPv6 hop-by-hop options"),
        Next::DestinationOptions => ("ipv6.dstopts", "IPv6 destination options"),
        Next::Routing => ("ipv6.routing", "IPv6 routing header"),
        Next::Fragment => ("ipv6.fraghdr", "IPv6 fragment header"),
        Next::Icmp if facts.quoted => ("icmp", "Internet Control Message Protocol, quoted by the error"),
        Next::Icmp => ("icmp", "Internet Control Message Protocol"),
        Next::IcmpExtension => ("icmp.ext", "ICMP extensions"),
        Next::Icmpv6 if facts.quoted => ("icmpv6", "Internet Control Message Protocol v6, quoted by the error"),
        Next::Icmpv6 => ("icmpv6", "Internet Control Message Protocol v6"),
        Next::Igmp => ("igmp", "Internet Group Management Protocol"),
        Next::Udp if facts.quoted => ("udp", "User Datagram Protocol, quoted by the error"),
        Next::Udp => ("udp", "User Datagram Protocol"),
        Next::Tcp if facts.quoted => ("tcp", "Transmission Control Protocol, quoted by the error"),
        Next::Tcp => ("tcp", "Transmission Control Protocol"),
        Next::Dhcp => ("dhcp", "Dynamic Host Configuration Protocol"),
        Next::Dhcpv6 => ("dhcpv6", "Dynamic Host Configuration Protocol v6"),
        Next::Dns | Next::DnsStream => ("dns", "Domain Name System"),
        Next::Http => ("http", "Hypertext Transfer Protocol"),
        Next::Tls => ("tls", "Transport Layer Security"),
        Next::Quic => ("quic", "QUIC"),
        Next::Stun | Next::Channel => ("stun", "Session Traversal Utilities for NAT"),
        Next::Data(_) => ("data", "Data"),
        Next::Padding => ("padding", "Ethernet padding"),
    }
}

/// The bytes a layer left outside its own length: padding in the frame, a surplus in a datagram.
fn beyond(layer: Next, bytes: Range<usize>, (frame, padded): (&[u8], bool), ahead: &mut Vec<(Next, Range<usize>)>) {
    if bytes.is_empty() {
        return;
    }
    let what = match layer {
        Next::Ethernet | Next::Vlan | Next::Arp | Next::Ipv4 | Next::Ipv6 if padded && bytes.end == frame.len() => {
            Next::Padding
        }
        // RFC 4884 §7: what follows a quotation of a length that is said.
        Next::Icmp | Next::Icmpv6 => Next::IcmpExtension,
        // RFC 7766 §6.2.1.1: several messages may stand in one segment.
        Next::DnsStream if dns::begins_stream_message(&frame[bytes.clone()]) => Next::DnsStream,
        _ => Next::Data("bytes after the end the header gives"),
    };
    ahead.push((what, bytes));
}

fn cut(r: &mut Reader<'_>, layer: Next, title: &str, facts: &Facts) {
    let (here, end) = (r.position(), r.end());
    r.rest(&CUT);
    if facts.unkept > 0 {
        r.because("The capture kept only the beginning of this packet; the rest passed, but is not here.");
        return;
    }
    // RFC 792: an error quotes the IP header and at least 8 bytes more, which is no whole TCP header.
    if facts.quoted && matches!(layer, Next::Tcp | Next::Udp | Next::Icmp | Next::Icmpv6 | Next::Igmp) {
        r.because("An error quotes only the beginning of the packet it is about; here the quotation ends.");
    } else {
        r.problem(here..end, format_args!("the bytes end in the middle of the {title}: {} left here", end - here));
    }
}
