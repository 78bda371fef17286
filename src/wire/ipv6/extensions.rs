//! IPv6 extension headers: each names the next, so a packet carries only what it needs. RFC 8200 §4.
use std::net::Ipv6Addr;

use super::{options, protocol};
use crate::wire::reader::{Reader, Words};
use crate::wire::walk::{Facts, Next};

const ROUTING: &str = "RFC 8200 §4.4";
const FRAGMENT: &str = "RFC 8200 §4.5";
const NEXT_WHY: &str = "What comes after this header: another extension header, or what the packet carries.";
const LENGTH_WHY: &str = "In 8 bytes, the first 8 not counted, so that a header nobody here knows can be stepped over.";

/// The names of the fields each kind of header begins with.
struct Head {
    next: Words,
    length: Words,
}

const HOP_BY_HOP: Head = Head {
    next: Words::new("ipv6.hopopts.nxt", "Next header", "RFC 8200 §4.3", NEXT_WHY),
    length: Words::new("ipv6.hopopts.len", "Header length", "RFC 8200 §4.3", LENGTH_WHY),
};
const DESTINATION: Head = Head {
    next: Words::new("ipv6.dstopts.nxt", "Next header", "RFC 8200 §4.6", NEXT_WHY),
    length: Words::new("ipv6.dstopts.len", "Header length", "RFC 8200 §4.6", LENGTH_WHY),
};
const ROUTE: Head = Head {
    next: Words::new("ipv6.routing.nxt", "Next header", ROUTING, NEXT_WHY),
    length: Words::new("ipv6.routing.len", "Header length", ROUTING, LENGTH_WHY),
};
const ROUTING_TYPE: Words = Words::new(
    "ipv6.routing.type",
    "Routing type",
    ROUTING,
    "Which kind of route it is; a node that does not know it ignores the header once no segments are left.",
);
const SEGMENTS_LEFT: Words = Words::new(
    "ipv6.routing.segleft",
    "Segments left",
    ROUTING,
    "How many of the listed nodes are still to be visited; each writes the next one's address into the IPv6 header.",
);
const ROUTING_RESERVED: Words = Words::new("ipv6.routing.src.reserved", "Reserved", "RFC 2460 §4.4", "Kept zero.");
const ROUTING_ADDRESS: Words = Words::new(
    "ipv6.routing.src.addr",
    "Address",
    "RFC 2460 §4.4",
    "A node to visit; RFC 5095 forbids type 0, because packets could be sent in circles with it.",
);
const LAST_ENTRY: Words = Words::new(
    "ipv6.routing.srh.last_entry",
    "Last entry",
    "RFC 8754 §2",
    "The index of the last segment of the list, so that its length is known apart from what follows it.",
);
const SEGMENT_FLAGS: Words =
    Words::new("ipv6.routing.srh.flags", "Flags", "RFC 8754 §2", "None is in use by the base document.");
const TAG: Words = Words::new("ipv6.routing.srh.tag", "Tag", "RFC 8754 §2", "Marks packets of one class or group.");
const SEGMENT: Words = Words::new(
    "ipv6.routing.srh.addr",
    "Segment",
    "RFC 8754 §2",
    "A node or an action to visit, the last one first: segments left is the index of the current one.",
);
const HOME_RESERVED: Words = Words::new("ipv6.routing.mipv6.reserved", "Reserved", "RFC 6275 §6.4.1", "Kept zero.");
const HOME_ADDRESS: Words = Words::new(
    "ipv6.routing.mipv6.home_address",
    "Home address",
    "RFC 6275 §6.4.1",
    "The address a mobile host is known by, while it is reached at the one in the IPv6 header.",
);
const ROUTING_DATA: Words = Words::new(
    "ipv6.routing.unknown_data",
    "Data of the route",
    ROUTING,
    "Its form depends on the routing type, which this program does not take apart.",
);
const FRAGMENT_NEXT: Words = Words::new("ipv6.fraghdr.nxt", "Next header", FRAGMENT, NEXT_WHY);
const FRAGMENT_RESERVED: Words =
    Words::new("ipv6.fraghdr.reserved_octet", "Reserved", FRAGMENT, "Kept zero: this header always has 8 bytes.");
const OFFSET: Words = Words::new(
    "ipv6.fraghdr.offset",
    "Fragment offset",
    FRAGMENT,
    "Where in the original packet's fragmentable part these bytes belong, counted in 8 bytes.",
);
const RESERVED_BITS: Words = Words::new("ipv6.fraghdr.reserved_bits", "Reserved", FRAGMENT, "Kept zero.");
const MORE: Words = Words::new(
    "ipv6.fraghdr.more",
    "More fragments",
    FRAGMENT,
    "Set on every fragment but the last, so that the receiver knows when it has all.",
);
const IDENTIFICATION: Words = Words::new(
    "ipv6.fraghdr.ident",
    "Identification",
    FRAGMENT,
    "The same on all fragments of one packet. Only the sender fragments in IPv6, so packets that are whole need no number.",
);

/// Reads a header of options: for every router on the way (`at_each_hop`), or for the destination.
pub(in crate::wire) fn read_options(r: &mut Reader<'_>, at_each_hop: bool) -> Option<Next> {
    let head = if at_each_hop { &HOP_BY_HOP } else { &DESTINATION };
    let (next, inner) = read_head(r, head)?;
    r.within(inner, &options::LEFT_OVER, options::read)?;
    Some(protocol::of_ipv6(next))
}

/// Reads a routing header.
pub(in crate::wire) fn read_routing(r: &mut Reader<'_>, facts: &mut Facts) -> Option<Next> {
    let (next, inner) = read_head(r, &ROUTE)?;
    let last = r.within(inner, &ROUTING_DATA, read_route)??;
    // RFC 8200 §8.1: the pseudo header has the final destination.
    if let Some(last) = last {
        facts.destination = Some(last.into());
    }
    Some(protocol::of_ipv6(next))
}

/// Reads a fragment header.
pub(in crate::wire) fn read_fragment(r: &mut Reader<'_>, facts: &mut Facts) -> Option<Next> {
    let next = r.u8(&FRAGMENT_NEXT)?;
    r.means(protocol::name(next));
    r.u8(&FRAGMENT_RESERVED)?;
    let offset = r.number(&OFFSET, 13)?;
    r.means(format_args!("byte {} of the original packet's fragmentable part", offset * 8));
    r.number(&RESERVED_BITS, 2)?;
    let more = r.flag(&MORE)?;
    let identification = r.u32(&IDENTIFICATION)?;
    r.says(format_args!("{identification:#010x}"));
    if (offset, more) == (0, false) {
        // RFC 8200 §4.5: such a fragment is handled as a whole packet (RFC 6946: an atomic fragment).
        return Some(protocol::of_ipv6(next));
    }
    facts.incomplete = Some("this is a fragment");
    if !facts.quoted {
        facts.summary.push_str(&format!(" (fragment, byte {} on)", offset * 8));
    }
    // Headers of what the packet carries stand in its first fragment.
    Some(if offset > 0 { Next::Data("a fragment's payload") } else { protocol::of_ipv6(next) })
}

/// Reads the first two bytes; the next header, and how many bytes of this one are left.
fn read_head(r: &mut Reader<'_>, head: &Head) -> Option<(u8, usize)> {
    let next = r.u8(&head.next)?;
    r.means(protocol::name(next));
    let length = (usize::from(r.u8(&head.length)?) + 1) * 8;
    r.means(format_args!("{length} bytes"));
    let left = r.left();
    if length - 2 > left {
        r.problem_back(1, format_args!("the header says it has {length} bytes; {} are here", left + 2));
        return None;
    }
    Some((next, length - 2))
}

/// Reads what the routing type says; the final destination, where segments are left.
fn read_route(r: &mut Reader<'_>) -> Option<Option<Ipv6Addr>> {
    let kind = r.u8(&ROUTING_TYPE)?;
    r.means(match kind {
        0 => "source route (forbidden by RFC 5095)",
        2 => "home address of a mobile host",
        3 => "RPL source route",
        4 => "segment routing",
        _ => "unknown",
    });
    let left = r.u8(&SEGMENTS_LEFT)?;
    r.means(if left == 0 { "this is the final destination" } else { "" });
    let addresses = match kind {
        0 => {
            r.raw(&ROUTING_RESERVED, 4)?;
            read_addresses(r, &ROUTING_ADDRESS, usize::MAX)?
        }
        2 => {
            r.raw(&HOME_RESERVED, 4)?;
            read_addresses(r, &HOME_ADDRESS, 1)?
        }
        4 => {
            let last = r.u8(&LAST_ENTRY)?;
            let flags = r.u8(&SEGMENT_FLAGS)?;
            r.says(format_args!("{flags:#04x}"));
            r.raw(&TAG, 2)?;
            let mut segments = read_addresses(r, &SEGMENT, usize::from(last) + 1)?;
            segments.reverse();
            segments
        }
        _ => Vec::new(),
    };
    Some(addresses.last().copied().filter(|_| left > 0))
}

fn read_addresses(r: &mut Reader<'_>, words: &Words, most: usize) -> Option<Vec<Ipv6Addr>> {
    let count = (r.left() / 16).min(most);
    (0..count).map(|_| r.ipv6(words)).collect()
}
