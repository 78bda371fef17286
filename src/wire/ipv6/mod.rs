//! IPv6: from which host to which; a fixed header, and more headers only where they are needed. RFC 8200.
mod extensions;
mod options;

use std::net::Ipv6Addr;

use super::protocol;
use super::reader::{Reader, Words};
use super::walk::{Facts, Next};
pub(super) use extensions::{read_fragment, read_options, read_routing};

const SOURCE: &str = "RFC 8200 §3";

const VERSION: Words = Words::new(
    "ipv6.version",
    "Version",
    SOURCE,
    "The first four bits of every IP packet say how to read the rest: 6 here, 4 for IPv4.",
);
const TRAFFIC_CLASS: Words = Words::new(
    "ipv6.tclass",
    "Traffic class",
    "RFC 8200 §7",
    "How routers on the way shall treat the packet: the same eight bits as in IPv4.",
);
const CODEPOINT: Words = Words::new(
    "ipv6.tclass.dscp",
    "Codepoint",
    "RFC 2474 §3",
    "Names a class of treatment; 0 is best effort, which is nearly everything on the Internet.",
);
const ECN: Words = Words::new(
    "ipv6.tclass.ecn",
    "Explicit congestion notification",
    "RFC 3168 §5",
    "Lets a router say that its queue grows by marking a packet instead of dropping it.",
);
const FLOW_LABEL: Words = Words::new(
    "ipv6.flow",
    "Flow label",
    "RFC 6437 §2",
    "The same number on all packets of one flow, so that routers with several ways keep a flow on one of them without \
     looking for ports behind extension headers; 0 is no label.",
);
const PAYLOAD_LENGTH: Words = Words::new(
    "ipv6.plen",
    "Payload length",
    SOURCE,
    "What comes after these 40 bytes, extension headers included; the header itself always has the same length.",
);
const NEXT_HEADER: Words = Words::new(
    "ipv6.nxt",
    "Next header",
    SOURCE,
    "What comes directly after this header: TCP, UDP, ICMPv6, or an extension header that names the next one in its turn.",
);
const HOP_LIMIT: Words = Words::new(
    "ipv6.hlim",
    "Hop limit",
    SOURCE,
    "Every router takes one off and drops the packet at 0, so that a routing loop cannot keep packets forever; IPv4 calls \
     it time to live.",
);
const FROM: Words = Words::new(
    "ipv6.src",
    "Source address",
    SOURCE,
    "The interface the packet began at; a host has several addresses and picks one that suits the destination.",
);
const TO: Words = Words::new(
    "ipv6.dst",
    "Destination address",
    SOURCE,
    "The interface at the far end, or a group of them; with a routing header it may be only the next stop.",
);

/// The fixed header. RFC 8200 §3.
const HEADER: usize = 40;

/// Reads the fixed header; what it carries comes next.
pub(super) fn read(r: &mut Reader<'_>, facts: &mut Facts) -> Option<Next> {
    let first = *r.ahead().first()?;
    r.number(&VERSION, 4)?;
    if first >> 4 != 6 {
        r.problem_back(1, format_args!("the type says IPv6, the packet says version {}", first >> 4));
    }
    read_traffic_class(r)?;
    let label = r.number(&FLOW_LABEL, 20)?;
    r.says(format_args!("{label:#07x}"));
    r.means(if label == 0 { "no label" } else { "the same on every packet of this flow" });
    let length = read_length(r, facts)?;
    let next = r.u8(&NEXT_HEADER)?;
    r.means(protocol::name(next));
    let hops = r.u8(&HOP_LIMIT)?;
    if hops == 255 {
        r.means("no router has forwarded it");
    }
    let source = r.ipv6(&FROM)?;
    r.means(kind(source));
    let destination = r.ipv6(&TO)?;
    r.means(kind(destination));
    r.ends_after(HEADER + length);
    (facts.source, facts.destination) = (Some(source.into()), Some(destination.into()));
    facts.hops = Some(hops);
    if !facts.quoted {
        facts.summary = format!("IPv6 {source} > {destination} {}", protocol::name(next));
    }
    Some(protocol::of_ipv6(next))
}

fn read_traffic_class(r: &mut Reader<'_>) -> Option<()> {
    let [a, b] = *r.ahead().first_chunk()?;
    let class = (a & 0x0f) << 4 | b >> 4;
    r.group(&TRAFFIC_CLASS, |r| {
        r.number(&CODEPOINT, 6)?;
        r.means(if class >> 2 == 0 { "best effort" } else { "a class of its own" });
        r.number(&ECN, 2)?;
        r.means(super::ipv4::ECN_MEANINGS[usize::from(class & 3)]);
        Some(())
    })?;
    r.says(format_args!("{class:#04x}"));
    Some(())
}

/// Reads the payload length and gives the length to use.
fn read_length(r: &mut Reader<'_>, facts: &mut Facts) -> Option<usize> {
    let length = usize::from(r.u16(&PAYLOAD_LENGTH)?);
    let there = r.whole().len().saturating_sub(HEADER);
    let on_wire = (r.whole().len() + facts.unkept).saturating_sub(HEADER);
    facts.unkept = (HEADER + length.min(on_wire)).saturating_sub(r.whole().len());
    if length > there {
        facts.incomplete = Some("part of the packet is missing");
        if facts.quoted {
            r.because("The length of the original packet; an error quotes only its beginning.");
        } else if length <= on_wire {
            r.because(format_args!(
                "All of it passed; the capture kept only the first {there} bytes behind the header."
            ));
        } else {
            r.problem_back(2, format_args!("the packet says {length} bytes follow its header; {there} are here"));
        }
    } else {
        r.means(format_args!("{HEADER} of header come before it"));
    }
    Some(length)
}

/// What an address is by its first bits. RFC 4291 §2.4 to §2.7; unique local: RFC 4193 §3.1; documentation: RFC 3849 and
/// RFC 9637.
pub(super) fn kind(address: Ipv6Addr) -> &'static str {
    let segments = address.segments();
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 0] => "no address: the sender has none yet",
        [0, 0, 0, 0, 0, 0, 0, 1] => "this host itself (loopback)",
        [0xff02, 0, 0, 0, 0, 0, 0, 1] => "all nodes on this link",
        [0xff02, 0, 0, 0, 0, 0, 0, 2] => "all routers on this link",
        [0xff02, 0, 0, 0, 0, 0, 0, 0x16] => "all routers that listen to MLDv2, on this link",
        [0xff02, 0, 0, 0, 0, 0, 1, 2] => "all DHCPv6 servers and relays on this link",
        [0xff02, 0, 0, 0, 0, 1, 0xff00..=0xffff, _] => {
            "solicited-node group: whoever has an address that ends like this"
        }
        [0xff00..=0xffff, ..] => "a group of hosts (multicast)",
        [0xfe80..=0xfebf, ..] => "link-local: valid on this link only",
        [0xfc00..=0xfdff, ..] => "unique local: valid inside a site",
        [0x0064, 0xff9b, 0, 0, 0, 0, _, _] => "an IPv4 address behind a NAT64",
        [0, 0, 0, 0, 0, 0xffff, _, _] => "an IPv4 address in IPv6 form",
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => "from the range for documentation",
        [0x2000..=0x3fff, ..] => "global unicast",
        _ => "",
    }
}
