//! Every name a filter can say: the fields the decoder has (`fields.txt`, held to the sources by a test), protocols, and what is
//! computed across packets.
use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::computed::{COMPUTED, Computed};

/// What can be asked of a field's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Number,
    /// One that may be negative.
    Signed,
    /// 1 or 0.
    Flag,
    Text,
    Bytes,
    /// A hardware address.
    Mac,
    Ipv4,
    Ipv6,
    /// A time, to the nanosecond.
    Seconds,
    /// Only whether it is there.
    Label,
    /// Whether it is there, and its header's bytes.
    Protocol,
}

/// A name a filter can say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) from: Source,
}

/// Where the values come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    Field,
    /// One name for several fields.
    Fields(&'static [&'static str]),
    /// The name or the value of header fields, whose whole lines these fields have: in a packet there may only be an index.
    Header {
        of: &'static str,
        value: bool,
    },
    Layer,
    Frame,
    Computed(Computed),
}

/// The layers there are.
const PROTOCOLS: &[&str] = &[
    "arp",
    "data",
    "dhcp",
    "dhcpv6",
    "dns",
    "eth",
    "grpc",
    "http",
    "http2",
    "http3",
    "icmp",
    "icmp.ext",
    "icmpv6",
    "igmp",
    "ip",
    "ipv6",
    "ipv6.dstopts",
    "ipv6.fraghdr",
    "ipv6.hopopts",
    "ipv6.routing",
    "null",
    "protobuf",
    "quic",
    "sll",
    "stun",
    "tcp",
    "tls",
    "udp",
    "vlan",
    "websocket",
];

/// One name for the two ends.
const EITHER: &[(&str, Kind, &[&str])] = &[
    ("eth.addr", Kind::Mac, &["eth.dst", "eth.src"]),
    ("ip.addr", Kind::Ipv4, &["ip.src", "ip.dst"]),
    ("ipv6.addr", Kind::Ipv6, &["ipv6.src", "ipv6.dst"]),
    ("tcp.port", Kind::Number, &["tcp.srcport", "tcp.dstport"]),
    ("udp.port", Kind::Number, &["udp.srcport", "udp.dstport"]),
];

/// What compressed headers say.
const HEADERS: &[(&str, &str, bool)] = &[
    ("http2.header.name", "http2.header", false),
    ("http2.header.value", "http2.header", true),
    ("http3.header.name", "http3.header", false),
    ("http3.header.value", "http3.header", true),
];

static TABLE: LazyLock<BTreeMap<&'static str, Known>> = LazyLock::new(|| {
    let fields = include_str!("fields.txt").lines().filter_map(|line| {
        let (name, kind) = line.split_once(' ')?;
        Some(Known { name, kind: kind_of(kind)?, from: Source::Field })
    });
    let protocols = PROTOCOLS.iter().map(|name| Known { name, kind: Kind::Protocol, from: Source::Layer });
    let either = EITHER.iter().map(|(name, kind, of)| Known { name, kind: *kind, from: Source::Fields(of) });
    let computed = COMPUTED.iter().map(|(name, kind, what)| Known { name, kind: *kind, from: Source::Computed(*what) });
    let headers = HEADERS.iter().map(|(name, of, value)| Known {
        name,
        kind: Kind::Text,
        from: Source::Header { of, value: *value },
    });
    let frame = [Known { name: "frame", kind: Kind::Protocol, from: Source::Frame }];
    fields.chain(protocols).chain(either).chain(computed).chain(headers).chain(frame).map(|it| (it.name, it)).collect()
});

fn kind_of(word: &str) -> Option<Kind> {
    Some(match word {
        "number" => Kind::Number,
        "flag" => Kind::Flag,
        "text" => Kind::Text,
        "bytes" => Kind::Bytes,
        "mac" => Kind::Mac,
        "ipv4" => Kind::Ipv4,
        "ipv6" => Kind::Ipv6,
        "label" => Kind::Label,
        _ => return None,
    })
}

/// What has this name.
pub(super) fn known(name: &str) -> Option<Known> {
    TABLE.get(name).copied()
}

/// All names in order, each with what can be asked of it.
pub fn names() -> impl Iterator<Item = (&'static str, Kind)> {
    TABLE.values().map(|it| (it.name, it.kind))
}

impl Kind {
    /// For a person, with an example: what stands on the other side of `==`.
    pub(super) const fn wanted(self) -> &'static str {
        match self {
            Self::Number => "a number (80, 0x50)",
            Self::Signed => "a number (80, -1)",
            Self::Flag => "1, 0, true or false",
            Self::Text => "a text in double quotes (\"www.shop.example\")",
            Self::Bytes | Self::Protocol => "bytes (47:45:54) or a text in double quotes (\"GET\")",
            Self::Mac => "a hardware address (02:00:5e:10:00:01)",
            Self::Ipv4 => "an IPv4 address (10.0.0.5), which may have a prefix (10.0.0.0/24)",
            Self::Ipv6 => "an IPv6 address (2001:db8::5), which may have a prefix (2001:db8::/32)",
            Self::Seconds => "a time in seconds (0.25)",
            Self::Label => "nothing: it has no value",
        }
    }

    /// Whether values of both can be compared.
    pub(super) const fn is_like(self, other: Self) -> bool {
        self.class() == other.class()
    }

    const fn class(self) -> u8 {
        match self {
            Self::Number | Self::Signed | Self::Flag => 0,
            Self::Text | Self::Bytes | Self::Mac | Self::Protocol => 1,
            Self::Ipv4 => 2,
            Self::Ipv6 => 3,
            Self::Seconds => 4,
            Self::Label => 5,
        }
    }
}
