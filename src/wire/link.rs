//! What a frame of a capture begins with: kinds of links by their number, and the headers that stand in for Ethernet's.
//! draft-ietf-opsawg-pcaplinktype; tcpdump.org/linktypes.html.
use std::borrow::Cow;

use super::ethernet;
use super::reader::{Reader, Words};
use super::walk::{Facts, Next};

/// The kind of link a packet was captured on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkType {
    #[default]
    Ethernet,
    /// An IP packet of either version, and nothing before it.
    Raw,
    Ipv4,
    Ipv6,
    /// Linux, capturing on any interface.
    Cooked,
    /// The same since libpcap 1.10, with the interface.
    Cooked2,
    /// Loopback of BSD and macOS: a family in the byte order of the machine.
    Null,
    /// Loopback of OpenBSD: a family in network byte order.
    Loop,
    /// Another, which is not read here.
    Other(u16),
}

impl LinkType {
    /// The kind that has this number in a capture.
    #[must_use]
    pub const fn of(number: u16) -> Self {
        match number {
            0 => Self::Null,
            1 => Self::Ethernet,
            // 12 and 14 are what BSDs call it, and what some programs write into files.
            12 | 14 | 101 => Self::Raw,
            108 => Self::Loop,
            113 => Self::Cooked,
            228 => Self::Ipv4,
            229 => Self::Ipv6,
            276 => Self::Cooked2,
            number => Self::Other(number),
        }
    }

    /// The number that stands in a capture.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Null => 0,
            Self::Ethernet => 1,
            Self::Raw => 101,
            Self::Loop => 108,
            Self::Cooked => 113,
            Self::Ipv4 => 228,
            Self::Ipv6 => 229,
            Self::Cooked2 => 276,
            Self::Other(number) => number,
        }
    }

    /// Whether frames of this kind are taken apart.
    #[must_use]
    pub const fn is_read(self) -> bool {
        !matches!(self, Self::Other(_))
    }

    /// For a person: `Linux cooked capture v2`.
    #[must_use]
    pub fn name(self) -> Cow<'static, str> {
        let number = match self {
            Self::Ethernet => return "Ethernet".into(),
            Self::Raw => return "raw IP".into(),
            Self::Ipv4 => return "raw IPv4".into(),
            Self::Ipv6 => return "raw IPv6".into(),
            Self::Cooked => return "Linux cooked capture".into(),
            Self::Cooked2 => return "Linux cooked capture v2".into(),
            Self::Null => return "BSD loopback".into(),
            Self::Loop => return "OpenBSD loopback".into(),
            Self::Other(number) => number,
        };
        let known = OTHERS.iter().find(|(known, _)| *known == number);
        known.map_or_else(|| format!("link type {number}").into(), |(_, name)| (*name).into())
    }
}

/// Kinds that are met in captures and not read. Names of the registry of link types.
const OTHERS: [(u16, &str); 22] = [
    (6, "Token Ring"),
    (9, "PPP"),
    (50, "PPP in HDLC-like framing"),
    (51, "PPPoE session packets"),
    (104, "Cisco HDLC"),
    (105, "802.11 wireless LAN"),
    (107, "Frame Relay"),
    (119, "802.11 with Prism header"),
    (127, "802.11 with radiotap header"),
    (163, "802.11 with AVS header"),
    (187, "Bluetooth HCI"),
    (189, "USB of Linux"),
    (192, "Per-Packet Information"),
    (195, "802.15.4"),
    (201, "Bluetooth HCI with direction"),
    (220, "USB of Linux, mapped"),
    (227, "CAN of Linux"),
    (239, "Linux netfilter log"),
    (249, "USBPcap"),
    (251, "Bluetooth Low Energy"),
    (252, "Wireshark upper PDU"),
    (253, "Linux netlink"),
];

const COOKED: &str = "LINKTYPE_LINUX_SLL";
const COOKED2: &str = "LINKTYPE_LINUX_SLL2";

const PACKET_TYPE: Words = Words::new(
    "sll.pkttype",
    "Packet type",
    COOKED,
    "Whether the packet was sent by this machine, or why it was received: the link header that would tell is not kept.",
);
const HARDWARE: Words = Words::new(
    "sll.hatype",
    "Hardware type",
    COOKED,
    "The kind of the interface, by Linux's number (ARPHRD_): a capture on `any` has packets of several kinds.",
);
const ADDRESS_LENGTH: Words = Words::new(
    "sll.halen",
    "Address length",
    COOKED,
    "How many of the 8 bytes for the sender's link address are one; 0 where the link has none.",
);
const ADDRESS: Words = Words::new(
    "sll.src.eth",
    "Sender's link address",
    COOKED,
    "The station on the link the packet came from; the one it went to is not kept.",
);
const OTHER_ADDRESS: Words =
    Words::new("sll.src.other", "Sender's link address", COOKED, "An address of a link that is not Ethernet's kind.");
const UNUSED: Words =
    Words::new("sll.unused", "Unused", COOKED, "The header has the same length whatever the address's is.");
const PROTOCOL: Words = Words::new(
    "sll.etype",
    "Protocol",
    COOKED,
    "What the packet is, by the numbers of EtherType, so that what follows is read as behind Ethernet.",
);
const RESERVED: Words = Words::new("sll.reserved", "Reserved", COOKED2, "Kept zero, so that what follows is aligned.");
const INTERFACE: Words = Words::new(
    "sll.ifindex",
    "Interface",
    COOKED2,
    "The index the machine gave the interface (`ip link` shows it): what version 1 of this header could not say.",
);
const FAMILY: Words = Words::new(
    "null.family",
    "Address family",
    "LINKTYPE_NULL",
    "A loopback interface has no link header; the system writes its own number for IPv4 or IPv6, in its own byte order.",
);

/// Who reads a frame's first bytes.
pub(super) fn first(link: LinkType, frame: &[u8]) -> Next {
    match (link, frame.first().map(|byte| byte >> 4)) {
        (LinkType::Ethernet, _) => Next::Ethernet,
        (LinkType::Ipv4, _) | (LinkType::Raw, Some(4)) => Next::Ipv4,
        (LinkType::Ipv6, _) | (LinkType::Raw, Some(6)) => Next::Ipv6,
        (LinkType::Raw, _) => Next::Data("a packet that is neither IPv4 nor IPv6"),
        (LinkType::Cooked, _) => Next::Cooked,
        (LinkType::Cooked2, _) => Next::Cooked2,
        (LinkType::Null | LinkType::Loop, _) => Next::Loopback,
        (LinkType::Other(_), _) => Next::Data("a frame of a kind of link that is not taken apart here"),
    }
}

/// Reads the header of a Linux cooked capture.
pub(super) fn read_cooked(r: &mut Reader<'_>, facts: &mut Facts) -> Option<Next> {
    let kind = r.u16(&PACKET_TYPE)?;
    r.means(packet_type(kind));
    let hardware = read_hardware(r)?;
    let length = r.u16(&ADDRESS_LENGTH)?;
    read_address(r, usize::from(length))?;
    read_protocol(r, kind, hardware, facts)
}

/// Reads the header of its second version.
pub(super) fn read_cooked2(r: &mut Reader<'_>, facts: &mut Facts) -> Option<Next> {
    // The protocol stands first, and says what comes last.
    let ahead = r.ahead();
    let (hardware, kind) = (u16::from_be_bytes(*ahead.get(8..)?.first_chunk()?), u16::from(*ahead.get(10)?));
    let next = read_protocol(r, kind, hardware, facts)?;
    r.raw(&RESERVED, 2)?;
    r.u32(&INTERFACE)?;
    read_hardware(r)?;
    r.u8(&PACKET_TYPE)?;
    r.means(packet_type(kind));
    let length = r.u8(&ADDRESS_LENGTH)?;
    read_address(r, usize::from(length))?;
    Some(next)
}

fn read_hardware(r: &mut Reader<'_>) -> Option<u16> {
    let hardware = r.u16(&HARDWARE)?;
    r.means(match hardware {
        1 => "Ethernet",
        512 => "PPP",
        768 => "IP in IP",
        772 => "loopback",
        778 => "GRE",
        801..=803 => "802.11 wireless LAN",
        824 => "netlink",
        0xfffe => "none: a tunnel, such as WireGuard's",
        _ => "another kind",
    });
    Some(hardware)
}

fn read_address(r: &mut Reader<'_>, length: usize) -> Option<()> {
    match length {
        0 => {}
        6 => {
            ethernet::address(r, &ADDRESS)?;
        }
        // Longer ones are cut to the 8 bytes there are.
        _ => {
            r.raw(&OTHER_ADDRESS, length.min(8))?;
        }
    }
    r.raw(&UNUSED, 8 - length.min(8)).map(|_| ())
}

fn read_protocol(r: &mut Reader<'_>, kind: u16, hardware: u16, facts: &mut Facts) -> Option<Next> {
    let value = r.hex16(&PROTOCOL)?;
    facts.summary = format!("Linux cooked, {}", packet_type(kind));
    // Netlink has no EtherTypes: its number is of a family of messages.
    let (name, next) = match (hardware, value) {
        (824, _) => ("netlink's family", Next::Data("a message of netlink, which is not taken apart here")),
        (_, 1) => ("802.3 without LLC", Next::Data("an 802.3 frame without LLC, which is not taken apart here")),
        (_, 4) => ("802.2 LLC", Next::Data("an 802.2 LLC frame, which is not taken apart here")),
        _ => ethernet::carries(value),
    };
    r.means(name);
    facts.summary.push_str(&format!(", type {value:#06x} ({name})"));
    Some(next)
}

/// LINKTYPE_LINUX_SLL, packet type.
const fn packet_type(kind: u16) -> &'static str {
    match kind {
        0 => "sent to this machine",
        1 => "broadcast by another",
        2 => "multicast by another",
        3 => "between others",
        4 => "sent by this machine",
        _ => "not a known kind",
    }
}

/// Reads the family before a packet of a loopback interface.
pub(super) fn read_loopback(r: &mut Reader<'_>, facts: &mut Facts) -> Option<Next> {
    let bytes: [u8; 4] = *r.ahead().first_chunk()?;
    let (big, little) = (u32::from_be_bytes(bytes), u32::from_le_bytes(bytes));
    r.u32(&FAMILY)?;
    // Families are small numbers: in the wrong order they are not.
    let (family, order) =
        if big <= 0xffff { (big, "most significant byte first") } else { (little, "least significant byte first") };
    r.says(family);
    let (name, next) = match family {
        2 => ("IPv4", Next::Ipv4),
        // NetBSD, OpenBSD and BSD/OS have 24, FreeBSD 28, macOS 30, Linux 10.
        10 | 24 | 28 | 30 => ("IPv6", Next::Ipv6),
        _ => ("not one of ours", Next::Data("a family that is not taken apart here")),
    };
    r.means(format_args!("{name}, written {order}"));
    facts.summary = format!("Loopback, family {family} ({name})");
    Some(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::decode_on;
    use crate::wire::tests::explained;

    /// An ICMP echo request in IPv4.
    fn packet() -> Vec<u8> {
        let builder = etherparse::PacketBuilder::ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64).icmpv4_echo_request(7, 1);
        let mut bytes = Vec::new();
        builder.write(&mut bytes, b"abcd").expect("a Vec takes all");
        bytes
    }

    fn with(header: &[u8]) -> Vec<u8> {
        [header, &packet()].concat()
    }

    const SLL: &[u8] = &[0, 4, 3, 4, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0];
    const SLL2: &[u8] = &[8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0];

    #[test]
    fn every_kind_gives_the_packet_behind_its_header() {
        let kinds: [(LinkType, &[u8], &[&str]); 10] = [
            (LinkType::Raw, &[], &[]),
            (LinkType::Ipv4, &[], &[]),
            (LinkType::Cooked, SLL, &["sll"]),
            (LinkType::Cooked2, SLL2, &["sll"]),
            (LinkType::Null, &[2, 0, 0, 0], &["null"]),
            (LinkType::Null, &[0, 0, 0, 2], &["null"]),
            (LinkType::Loop, &[0, 0, 0, 2], &["null"]),
            (LinkType::Cooked, &[SLL[..14].to_vec(), vec![0x81, 0, 0, 42, 8, 0]].concat(), &["sll", "vlan"]),
            (LinkType::Cooked2, &[&[0x81, 0], &SLL2[2..], &[0, 42, 8, 0]].concat(), &["sll", "vlan"]),
            (LinkType::Ethernet, &[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0], &["eth"]),
        ];
        for (link, header, before) in kinds {
            let frame = with(header);
            let decoded = decode_on(link, &frame);
            let names: Vec<&str> = decoded.layers.iter().map(|it| it.name).collect();
            assert_eq!(names, [before, &["ip", "icmp", "data"]].concat(), "{link:?}");
            assert_eq!(decoded.problems, [], "{link:?}");
            assert_eq!(decoded.field("icmp.ident").map(|it| it.value.as_str()), Some("7"), "{link:?}");
            assert_eq!(explained(&decoded, frame.len()), Ok(()), "{link:?}");
        }
    }

    #[test]
    fn families_of_all_systems_are_ipv6() {
        for family in [10, 24, 28, 30] {
            let frame = [&[family, 0, 0, 0][..], &[0x60; 40]].concat();
            assert!(decode_on(LinkType::Null, &frame).layer("ipv6").is_some(), "{family}");
        }
    }

    #[test]
    fn what_is_not_read_is_said_by_name() {
        assert_eq!(LinkType::of(127).name(), "802.11 with radiotap header");
        assert_eq!(LinkType::of(999).name(), "link type 999");
        let decoded = decode_on(LinkType::of(127), b"abc");
        assert_eq!(decoded.layers.iter().map(|it| it.name).collect::<Vec<_>>(), ["data"]);
        assert!(!LinkType::of(127).is_read() && LinkType::of(276).is_read());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_of_any_link_are_read(number in 0_u16..300, bytes: Vec<u8>) {
            let decoded = decode_on(LinkType::of(number), &bytes);
            proptest::prop_assert_eq!(explained(&decoded, bytes.len()), Ok(()));
        }
    }
}
