//! Ethernet: who on this link is meant, who sent it, and what is inside. IEEE 802.3 clause 3; VLAN tags of IEEE 802.1Q.
use super::reader::{Reader, Words};
use super::text::mac;
use super::walk::{Facts, Next};

const DESTINATION: Words = Words::new(
    "eth.dst",
    "Destination MAC address",
    "IEEE 802.3 §3.2.4",
    "It comes first so that a switch or a card can begin to decide about the frame before the rest has arrived; it names \
     the next stop on this link, not the far end.",
);
const SOURCE: Words = Words::new(
    "eth.src",
    "Source MAC address",
    "IEEE 802.3 §3.2.5",
    "Switches learn from it behind which port this station is; the station answers go to.",
);
const TYPE: Words = Words::new(
    "eth.type",
    "EtherType",
    "IEEE 802.3 §3.2.6",
    "It tells the receiver which protocol the payload is for; without it IP and ARP could not share a wire.",
);
const LENGTH: Words = Words::new(
    "eth.len",
    "Length",
    "IEEE 802.3 §3.2.6",
    "Values up to 1500 are a length, values from 1536 a type: so both kinds of frame live on one wire.",
);
const TAGGED_LENGTH: Words = Words::new("vlan.len", "Length", LENGTH.source, LENGTH.why);
const PRIORITY: Words = Words::new(
    "vlan.priority",
    "Priority",
    "IEEE 802.1Q §9.6",
    "Eight classes of traffic, so that a switch can let voice pass a backup.",
);
const DROP_ELIGIBLE: Words = Words::new(
    "vlan.dei",
    "Drop eligible",
    "IEEE 802.1Q §9.6",
    "Set on frames that may be dropped first when a switch is congested.",
);
const VLAN: Words = Words::new(
    "vlan.id",
    "VLAN",
    "IEEE 802.1Q §9.6",
    "Says to which of up to 4094 separate networks on the same cables the frame belongs.",
);
const TAG_TYPE: Words = Words::new(
    "vlan.etype",
    "EtherType",
    "IEEE 802.1Q §9.4",
    "The type the frame had before the tag was put in front.",
);
const PADDING: Words = Words::new(
    "eth.padding",
    "Padding",
    "IEEE 802.3 §3.2.8",
    "A frame has at least 60 bytes without its check sequence, so that a collision is noticed while it is still being \
     sent; short packets are filled up, and the length of the packet inside says where it ends.",
);
const TRAILER: Words = Words::new(
    "eth.trailer",
    "Trailer",
    "",
    "Bytes after the packet that are no padding: the frame was long enough without them.",
);

const CHECK: Words = Words::new(
    "eth.fcs",
    "Frame check sequence",
    "IEEE 802.3 §3.2.9",
    "A CRC over the whole frame, so that what the wire damaged is dropped. Most cards check it and keep it to themselves; here \
     it was captured.",
);

/// The shortest Ethernet frame, without its 4-byte check sequence. IEEE 802.3 §4.2.3.3: minFrameSize is 64.
const SHORTEST: usize = 60;

/// Reads the header; what it carries comes next.
pub(super) fn read(r: &mut Reader<'_>, facts: &mut Facts) -> Option<Next> {
    let destination = address(r, &DESTINATION)?;
    let source = address(r, &SOURCE)?;
    facts.summary = format!("Ethernet {source} > {destination}");
    ether_type(r, [&TYPE, &LENGTH], facts)
}

/// Reads a VLAN tag.
pub(super) fn read_tag(r: &mut Reader<'_>, facts: &mut Facts) -> Option<Next> {
    r.number(&PRIORITY, 3)?;
    r.flag(&DROP_ELIGIBLE)?;
    r.number(&VLAN, 12)?;
    ether_type(r, [&TAG_TYPE, &TAGGED_LENGTH], facts)
}

/// Reads what follows the packet in the frame.
pub(super) fn read_padding(r: &mut Reader<'_>) -> Option<Next> {
    let padding = SHORTEST.saturating_sub(r.position()).min(r.left());
    if padding > 0 {
        r.raw(&PADDING, padding)?;
        r.means(format_args!("{padding} bytes, to reach the shortest frame"));
    }
    let surplus = r.left().saturating_sub(4);
    if r.keeps() && is_checked(r) {
        if surplus > 0 {
            r.raw(&TRAILER, surplus)?;
        }
        r.hex32(&CHECK)?;
        r.means("correct");
    }
    r.rest(&TRAILER);
    None
}

/// Whether the last four bytes are the CRC of all before them, the least significant first: no chance makes them so.
fn is_checked(r: &Reader<'_>) -> bool {
    let check = r.ahead().last_chunk().map(|it| u32::from_le_bytes(*it));
    check.is_some_and(|check| check == crc32fast::hash(r.before_last(4)))
}

fn ether_type(r: &mut Reader<'_>, [words, of_length]: [&Words; 2], facts: &mut Facts) -> Option<Next> {
    let value = u16::from_be_bytes(*r.ahead().first_chunk()?);
    if value < 1536 {
        return length(r, (of_length, usize::from(value)), facts);
    }
    r.hex16(words)?;
    let (name, next) = carries(value);
    r.means(name);
    facts.summary.push_str(&format!(" type {value:#06x} ({name})"));
    Some(next)
}

/// The protocol an EtherType means, and who reads it.
pub(super) const fn carries(value: u16) -> (&'static str, Next) {
    match value {
        0x0800 => ("IPv4", Next::Ipv4),
        0x0806 => ("ARP", Next::Arp),
        0x8100 => ("VLAN tag", Next::Vlan),
        0x86dd => ("IPv6", Next::Ipv6),
        0x88cc => ("LLDP", Next::Data("LLDP, which is not taken apart here")),
        _ => ("not one of ours", Next::Data("a protocol that is not taken apart here")),
    }
}

// IEEE 802.3 §3.2.6: 1500 and below is the number of bytes that follow; between 1501 and 1535 it is undefined.
fn length(r: &mut Reader<'_>, (words, length): (&Words, usize), facts: &mut Facts) -> Option<Next> {
    r.u16(words)?;
    facts.summary.push_str(&format!(" length {length}"));
    if length > 1500 {
        r.problem_back(2, format_args!("{length} is neither a length (up to 1500) nor a type (from 1536)"));
    } else if length > r.left() {
        r.problem_back(2, format_args!("the frame says {length} bytes follow; there are {}", r.left()));
    } else {
        r.means(format_args!("{length} bytes follow, in an 802.2 LLC frame"));
        r.ends_after(r.whole().len() - r.left() + length);
    }
    Some(Next::Data("an 802.2 LLC frame, which is not taken apart here"))
}

/// Reads a MAC address and says whom it means.
pub(super) fn address(r: &mut Reader<'_>, words: &Words) -> Option<String> {
    let octets: [u8; 6] = r.raw(words, 6)?.try_into().ok()?;
    let text = mac(octets);
    r.says(&text);
    // IEEE 802.3 §3.2.3: the first bit sent says group, the second locally administered.
    r.means(match octets {
        [255, 255, 255, 255, 255, 255] => "broadcast: everyone on this link",
        [0, 0, 0, 0, 0, 0] => "nobody: not known yet",
        [first, ..] if first & 1 == 1 => "multicast: a group of stations",
        [first, ..] if first & 2 == 2 => "one station, address given by its administrator",
        _ => "one station, address given by its maker",
    });
    Some(text)
}
