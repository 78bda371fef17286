//! IP protocol numbers: what a packet carries, and who reads it next.
use super::walk::Next;

/// The name of a protocol number. IANA Assigned Internet Protocol Numbers.
pub(super) const fn name(protocol: u8) -> &'static str {
    match protocol {
        0 => "hop-by-hop options",
        1 => "ICMP",
        2 => "IGMP",
        4 => "IPv4 inside",
        6 => "TCP",
        17 => "UDP",
        41 => "IPv6 inside",
        43 => "routing header",
        44 => "fragment header",
        47 => "GRE",
        50 => "ESP",
        51 => "authentication header",
        58 => "ICMPv6",
        59 => "nothing follows",
        60 => "destination options",
        89 => "OSPF",
        132 => "SCTP",
        253 | 254 => "for experiments",
        _ => "another protocol",
    }
}

/// Who reads the payload of an IPv4 packet.
pub(super) const fn of_ipv4(protocol: u8) -> Next {
    match protocol {
        1 => Next::Icmp,
        2 => Next::Igmp,
        _ => of_either(protocol),
    }
}

/// Who reads what comes after an IPv6 header. RFC 8200 §4: extension headers are chained by the same numbers.
pub(super) const fn of_ipv6(protocol: u8) -> Next {
    match protocol {
        0 => Next::HopByHop,
        43 => Next::Routing,
        44 => Next::Fragment,
        58 => Next::Icmpv6,
        59 => Next::Data("bytes after a header that says nothing follows"),
        60 => Next::DestinationOptions,
        _ => of_either(protocol),
    }
}

const fn of_either(protocol: u8) -> Next {
    match protocol {
        4 => Next::Ipv4,
        6 => Next::Tcp,
        17 => Next::Udp,
        41 => Next::Ipv6,
        _ => Next::Data("a protocol that is not taken apart here"),
    }
}
