//! IPv4: from which host to which, through however many routers. RFC 791.
use etherparse::checksum::Sum16BitWords;

use super::reader::{Reader, Words};
use super::walk::{Facts, Next};
use super::{checksum, protocol};

const SOURCE: &str = "RFC 791 §3.1";

const VERSION: Words = Words::new(
    "ip.version",
    "Version",
    SOURCE,
    "The first four bits of every IP packet say how to read the rest: 4 here, 6 for IPv6.",
);
const HEADER_LENGTH: Words = Words::new(
    "ip.hdr_len",
    "Header length",
    SOURCE,
    "Options make the header longer, so it says in 4-byte words where it ends and the payload begins.",
);
const SERVICES: Words = Words::new(
    "ip.dsfield",
    "Differentiated services field",
    "RFC 2474 §3",
    "How routers on the way shall treat the packet; it was called type of service before.",
);
const CODEPOINT: Words = Words::new(
    "ip.dsfield.dscp",
    "Codepoint",
    "RFC 2474 §3",
    "Names a class of treatment; 0 is best effort, which is nearly everything on the Internet.",
);
const ECN: Words = Words::new(
    "ip.dsfield.ecn",
    "Explicit congestion notification",
    "RFC 3168 §5",
    "Lets a router say that its queue grows by marking a packet instead of dropping it.",
);
const TOTAL_LENGTH: Words = Words::new(
    "ip.len",
    "Total length",
    SOURCE,
    "Header and payload together; needed because Ethernet pads short frames and the receiver must know what is packet.",
);
const IDENTIFICATION: Words = Words::new(
    "ip.id",
    "Identification",
    "RFC 6864 §4",
    "Fragments of one packet carry the same number so that the receiver can put them together; in a packet that must not \
     be fragmented it means nothing.",
);
const FLAGS: Words =
    Words::new("ip.flags", "Flags", SOURCE, "Whether the packet may be, or has been, cut into fragments.");
const RESERVED: Words = Words::new("ip.flags.rb", "Reserved", SOURCE, "Kept zero: nobody has given it a meaning.");
const DONT_FRAGMENT: Words = Words::new(
    "ip.flags.df",
    "Don't fragment",
    SOURCE,
    "A router whose next link is too small must drop the packet and say so by ICMP, from which the sender learns the path MTU.",
);
const MORE_FRAGMENTS: Words = Words::new(
    "ip.flags.mf",
    "More fragments",
    SOURCE,
    "Set on every fragment but the last, so that the receiver knows when it has all.",
);
const OFFSET: Words = Words::new(
    "ip.frag_offset",
    "Fragment offset",
    SOURCE,
    "Where in the original packet this fragment's payload belongs, counted in 8 bytes; 0 for a whole packet.",
);
const TTL: Words = Words::new(
    "ip.ttl",
    "Time to live",
    SOURCE,
    "Every router takes one off and drops the packet at 0, so that a routing loop cannot keep packets forever; traceroute \
     uses just that.",
);
const PROTOCOL: Words = Words::new(
    "ip.proto",
    "Protocol",
    SOURCE,
    "Whom the payload is for: the receiver's IP hands it to TCP, UDP, ICMP, ...",
);
const CHECKSUM: Words = Words::new(
    "ip.checksum",
    "Header checksum",
    SOURCE,
    "Covers the header only, so that a damaged address misleads nobody; every router computes it anew because it changes the TTL.",
);
const FROM: Words = Words::new(
    "ip.src",
    "Source address",
    SOURCE,
    "The host the packet began at; it stays the same from router to router, unlike the MAC addresses outside.",
);
const TO: Words = Words::new(
    "ip.dst",
    "Destination address",
    SOURCE,
    "The host at the far end; each router looks up its next hop by this. 255.255.255.255 is everybody on this link, and no router passes it on (RFC 919 §7).",
);
const OPTIONS: Words = Words::new(
    "ip.options",
    "Options",
    SOURCE,
    "Rare today: many routers drop packets with options, because they leave the fast path.",
);
const OPTION: Words = Words::new("ip.opt", "Option", SOURCE, "Tells routers on the way to do or note something.");
const OPTION_TYPE: Words = Words::new(
    "ip.opt.type",
    "Type",
    SOURCE,
    "Its first bit says whether the option is copied into every fragment, the rest which option it is.",
);
const OPTION_LENGTH: Words = Words::new(
    "ip.opt.len",
    "Length",
    SOURCE,
    "The whole option with type and length, so that unknown ones can be stepped over.",
);
const OPTION_DATA: Words = Words::new("ip.opt.data", "Option data", SOURCE, "What the option carries.");
const OPTION_PADDING: Words = Words::new(
    "ip.opt.padding",
    "Padding",
    SOURCE,
    "Fills the header up to a multiple of 4 bytes, its unit of length.",
);

/// RFC 3168 §5.
pub(super) const ECN_MEANINGS: [&str; 4] =
    ["sender does not use it", "ECT(1): may be marked", "ECT(0): may be marked", "CE: met congestion"];

/// Reads the header; what it carries comes next.
pub(super) fn read(r: &mut Reader<'_>, facts: &mut Facts) -> Option<Next> {
    let first = *r.ahead().first()?;
    let header = usize::from(first & 0x0f) * 4;
    read_lengths(r, first, header)?;
    let total = read_total(r, header, facts)?;
    let fragment = read_fragment(r)?;
    let protocol = read_route(r, header, facts)?;
    if header > 20 {
        let options = (header - 20).min(r.left());
        r.group(&OPTIONS, |r| r.within(options, &OPTION_PADDING, read_options));
    }
    if header > r.whole().len() {
        return None;
    }
    r.ends_after(total);
    Some(payload(protocol, fragment, facts))
}

fn read_lengths(r: &mut Reader<'_>, first: u8, header: usize) -> Option<()> {
    r.number(&VERSION, 4)?;
    if first >> 4 != 4 {
        r.problem_back(1, format_args!("the type says IPv4, the packet says version {}", first >> 4));
    }
    r.number(&HEADER_LENGTH, 4)?;
    r.says(header);
    r.means(format_args!("{} words of 4 bytes = {header} bytes", first & 0x0f));
    if header < 20 {
        r.problem_back(1, format_args!("a header of {header} bytes cannot be: the fixed part has 20"));
    }
    Some(())
}

/// Reads the services field and the total length, and gives the length to use.
fn read_total(r: &mut Reader<'_>, header: usize, facts: &mut Facts) -> Option<usize> {
    let field = *r.ahead().first()?;
    r.group(&SERVICES, |r| {
        r.number(&CODEPOINT, 6)?;
        r.means(if field >> 2 == 0 { "best effort" } else { "a class of its own" });
        r.number(&ECN, 2)?;
        r.means(ECN_MEANINGS[usize::from(field & 3)]);
        Some(())
    });
    r.says(format_args!("{field:#04x}"));
    let total = usize::from(r.u16(&TOTAL_LENGTH)?);
    let there = r.whole().len();
    if total < header.max(20) {
        r.problem_back(2, format_args!("a total length of {total} bytes is shorter than the header"));
        facts.incomplete = Some("the length in the IP header is wrong");
        return Some(there);
    }
    r.means(format_args!("{header} of header, {} of payload", total - header.max(20)));
    let on_wire = there + facts.unkept;
    facts.unkept = total.min(on_wire).saturating_sub(there);
    if total > there {
        facts.incomplete = Some("part of the packet is missing");
        if facts.quoted {
            r.because("The length of the original packet; an error quotes only its beginning.");
        } else if total <= on_wire {
            r.because(format_args!("All of it passed; the capture kept only the first {there} bytes of the packet."));
        } else {
            r.problem_back(2, format_args!("the packet says it has {total} bytes; {there} are here"));
        }
    }
    Some(total)
}

/// Where the payload lies in the original packet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fragment {
    None,
    First,
    Later,
}

fn read_fragment(r: &mut Reader<'_>) -> Option<Fragment> {
    r.hex16(&IDENTIFICATION)?;
    let word = u16::from_be_bytes(*r.ahead().first_chunk()?);
    r.group(&FLAGS, |r| {
        r.flag(&RESERVED)?;
        r.flag(&DONT_FRAGMENT)?;
        r.flag(&MORE_FRAGMENTS)
    });
    r.says(format_args!("{:#04x}", word >> 13));
    let more = word & 0x2000 != 0;
    r.means(match word >> 13 {
        0 => "may be fragmented",
        1 => "a fragment, more follow",
        2 => "must not be fragmented",
        _ => "a combination that should not be",
    });
    r.number(&OFFSET, 13)?;
    let offset = u32::from(word & 0x1fff) * 8;
    r.means(if offset == 0 { String::new() } else { format!("byte {offset} of the original packet's payload") });
    Some(match (offset, more) {
        (0, false) => Fragment::None,
        (0, true) => Fragment::First,
        _ => Fragment::Later,
    })
}

fn read_route(r: &mut Reader<'_>, header: usize, facts: &mut Facts) -> Option<u8> {
    r.u8(&TTL)?;
    let protocol = r.u8(&PROTOCOL)?;
    r.means(protocol::name(protocol));
    let verdict = match r.whole().get(..header.max(20)) {
        Some(covered) => Ok(checksum::judge(Sum16BitWords::new(), covered, 10)),
        None => Err("part of the header is missing"),
    };
    checksum::read(r, &CHECKSUM, verdict)?;
    let source = r.ipv4(&FROM)?;
    let destination = r.ipv4(&TO)?;
    r.means(match destination {
        it if it.is_broadcast() => "everyone on this link",
        it if it.is_multicast() => "a group of hosts",
        _ => "",
    });
    (facts.source, facts.destination) = (Some(source.into()), Some(destination.into()));
    if !facts.quoted {
        facts.summary = format!("IPv4 {source} > {destination} {}", protocol::name(protocol));
    }
    Some(protocol)
}

fn payload(protocol: u8, fragment: Fragment, facts: &mut Facts) -> Next {
    if fragment != Fragment::None {
        facts.incomplete = Some("this is a fragment");
    }
    if fragment == Fragment::Later {
        if !facts.quoted {
            facts.summary.push_str(" (fragment)");
        }
        return Next::Data("a fragment's payload");
    }
    protocol::of_ipv4(protocol)
}

fn read_options(r: &mut Reader<'_>) {
    while let Some(kind) = r.ahead().first().copied() {
        if kind == 0 {
            return;
        }
        let length = r.ahead().get(1).copied().map_or(1, usize::from);
        let length = if kind == 1 { 1 } else { length };
        if length < 1 + usize::from(kind != 1) || length > r.left() {
            let here = r.position();
            r.problem(
                here..here + r.left(),
                format_args!("option {kind} says it has {length} bytes; {} are left", r.left()),
            );
            return;
        }
        r.group(&OPTION, |r| read_option(r, kind, length));
        r.labelled(option_name(kind));
    }
}

fn read_option(r: &mut Reader<'_>, kind: u8, length: usize) -> Option<()> {
    r.u8(&OPTION_TYPE)?;
    r.means(option_name(kind));
    if length > 1 {
        r.u8(&OPTION_LENGTH)?;
    }
    if length > 2 {
        r.raw(&OPTION_DATA, length - 2)?;
    }
    Some(())
}

/// RFC 791 §3.1; Router Alert: RFC 2113 §2.1.
const fn option_name(kind: u8) -> &'static str {
    match kind {
        1 => "No operation",
        7 => "Record route",
        68 => "Internet timestamp",
        131 => "Loose source route",
        137 => "Strict source route",
        148 => "Router alert",
        _ => "Unknown option",
    }
}
