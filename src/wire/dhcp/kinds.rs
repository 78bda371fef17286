//! DHCP's options by code: what each is called, how it is read, why it is there. IANA BOOTP Vendor Extensions and DHCP Options.

/// How an option's data is read.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    Message,
    Addresses,
    Seconds,
    Number,
    Text,
    /// Codes of other options.
    List,
    Identifier,
    Routes,
    /// Names in DNS's form.
    Names,
    Relay,
    FullName,
    Nothing,
    Bytes,
}

/// An option.
pub(super) struct Kind {
    code: u8,
    pub(super) shape: Shape,
    /// Wireshark's name for its value.
    pub(super) field: &'static str,
    pub(super) label: &'static str,
    /// Of a number.
    pub(super) unit: &'static str,
    pub(super) source: &'static str,
    pub(super) why: &'static str,
}

const fn kind(
    code: u8,
    shape: Shape,
    field: &'static str,
    label: &'static str,
    source: &'static str,
    why: &'static str,
) -> Kind {
    Kind { code, shape, field, label, unit: "", source, why }
}

const fn counted(unit: &'static str, kind: Kind) -> Kind {
    Kind { unit, ..kind }
}

const KINDS: &[Kind] = &[
    kind(
        1,
        Shape::Addresses,
        "dhcp.option.subnet_mask",
        "Subnet mask",
        "RFC 2132 §3.3",
        "Which addresses are on the client's own link; all others are reached by a router.",
    ),
    kind(
        3,
        Shape::Addresses,
        "dhcp.option.router",
        "Router",
        "RFC 2132 §3.5",
        "The default gateway; the first is tried first.",
    ),
    kind(
        6,
        Shape::Addresses,
        "dhcp.option.domain_name_server",
        "DNS server",
        "RFC 2132 §3.8",
        "The resolver to ask for names.",
    ),
    kind(
        12,
        Shape::Text,
        "dhcp.option.hostname",
        "Host name",
        "RFC 2132 §3.14",
        "The client's own name; many servers enter it into DNS.",
    ),
    kind(
        15,
        Shape::Text,
        "dhcp.option.domain_name",
        "Domain name",
        "RFC 2132 §3.17",
        "What is put behind a short name when it is looked up.",
    ),
    counted(
        "hops",
        kind(
            23,
            Shape::Number,
            "dhcp.option.default_ip_ttl",
            "Default TTL",
            "RFC 2132 §4.5",
            "The TTL the client shall put into its packets.",
        ),
    ),
    counted(
        "bytes",
        kind(
            26,
            Shape::Number,
            "dhcp.option.interface_mtu",
            "Interface MTU",
            "RFC 2132 §5.1",
            "The largest packet to send on this link.",
        ),
    ),
    kind(
        28,
        Shape::Addresses,
        "dhcp.option.broadcast_address",
        "Broadcast address",
        "RFC 2132 §5.3",
        "The address that means everyone on this subnet.",
    ),
    kind(
        42,
        Shape::Addresses,
        "dhcp.option.ntp_server",
        "Time server",
        "RFC 2132 §8.3",
        "Whom to ask for the time (NTP).",
    ),
    kind(
        43,
        Shape::Bytes,
        "dhcp.option.vendor.value",
        "Vendor specific information",
        "RFC 2132 §8.4",
        "What only clients and servers of one maker understand.",
    ),
    kind(
        44,
        Shape::Addresses,
        "dhcp.option.netbios_over_tcpip_name_server",
        "NetBIOS name server",
        "RFC 2132 §8.5",
        "Whom old Windows machines ask for names.",
    ),
    kind(
        46,
        Shape::Number,
        "dhcp.option.netbios_over_tcpip_node_type",
        "NetBIOS node type",
        "RFC 2132 §8.7",
        "Whether such names are looked up by broadcast or by asking a server.",
    ),
    kind(
        50,
        Shape::Addresses,
        "dhcp.option.requested_ip_address",
        "Requested address",
        "RFC 2132 §9.1",
        "The address the client would like: the one it was offered, or had before.",
    ),
    kind(
        51,
        Shape::Seconds,
        "dhcp.option.ip_address_lease_time",
        "Lease time",
        "RFC 2132 §9.2",
        "How long the address is the client's; then the server may give it to another.",
    ),
    kind(
        52,
        Shape::Number,
        "dhcp.option.option_overload",
        "Overload",
        "RFC 2132 §9.3",
        "The fields for file (1), server name (2) or both (3) hold options too.",
    ),
    kind(
        53,
        Shape::Message,
        "dhcp.option.dhcp",
        "Message type",
        "RFC 2132 §9.6",
        "Which step of the conversation this is; without it the message is BOOTP.",
    ),
    kind(
        54,
        Shape::Addresses,
        "dhcp.option.dhcp_server_id",
        "Server identifier",
        "RFC 2132 §9.7",
        "Which of several servers is meant: a request names the one whose offer is taken, and the others hear it.",
    ),
    kind(
        55,
        Shape::List,
        "dhcp.option.request_list_item",
        "Parameter request list",
        "RFC 2132 §9.8",
        "What the client would like to be told; the server sends what it has.",
    ),
    kind(
        56,
        Shape::Text,
        "dhcp.option.message",
        "Message",
        "RFC 2132 §9.9",
        "Why the server refused, or the client declined.",
    ),
    counted(
        "bytes",
        kind(
            57,
            Shape::Number,
            "dhcp.option.dhcp_max_message_size",
            "Maximum message size",
            "RFC 2132 §9.10",
            "The largest answer the client takes.",
        ),
    ),
    kind(
        58,
        Shape::Seconds,
        "dhcp.option.renewal_time_value",
        "Renewal time (T1)",
        "RFC 2132 §9.11",
        "When the client asks its server to prolong the lease: half of it, unless said otherwise.",
    ),
    kind(
        59,
        Shape::Seconds,
        "dhcp.option.rebinding_time_value",
        "Rebinding time (T2)",
        "RFC 2132 §9.12",
        "When the client asks any server, because its own did not answer: 7/8 of the lease, unless said otherwise.",
    ),
    kind(
        60,
        Shape::Text,
        "dhcp.option.vendor_class_id",
        "Vendor class",
        "RFC 2132 §9.13",
        "Which software the client is, so that a server can answer accordingly.",
    ),
    kind(
        61,
        Shape::Identifier,
        "dhcp.client_id",
        "Client identifier",
        "RFC 2132 §9.14",
        "By it the server knows the client again, also when its network card was changed.",
    ),
    kind(
        66,
        Shape::Text,
        "dhcp.option.tftp_server_name",
        "Boot server name",
        "RFC 2132 §9.4",
        "From where to load a system when booting from the network.",
    ),
    kind(
        67,
        Shape::Text,
        "dhcp.option.bootfile_name",
        "Boot file name",
        "RFC 2132 §9.5",
        "What to load when booting from the network.",
    ),
    kind(
        80,
        Shape::Nothing,
        "dhcp.option.rapid_commit",
        "Rapid commit",
        "RFC 4039 §4",
        "The client is content with two messages in place of four: where there is one server only.",
    ),
    kind(
        81,
        Shape::FullName,
        "dhcp.fqdn.name",
        "Client's full name",
        "RFC 4702 §2",
        "The name, and who of the two enters it into DNS.",
    ),
    kind(
        82,
        Shape::Relay,
        "dhcp.option.agent_information_option.value",
        "Relay agent information",
        "RFC 3046 §2.0",
        "Where the client hangs, as the relay sees it: the server gives addresses by it, and clients cannot forge it.",
    ),
    kind(
        108,
        Shape::Seconds,
        "dhcp.option.ipv6_only_preferred",
        "IPv6-only preferred",
        "RFC 8925 §3.1",
        "The client can do without IPv4 where the network has a NAT64; the server grants it for that long.",
    ),
    kind(
        114,
        Shape::Text,
        "dhcp.option.captive_portal",
        "Captive portal",
        "RFC 8910 §2.1",
        "Where to learn what must be done before the network lets packets through.",
    ),
    kind(
        116,
        Shape::Number,
        "dhcp.option.dhcp_auto_configuration",
        "Auto-configuration",
        "RFC 2563 §2",
        "Whether the client may take a link-local address when it gets no other.",
    ),
    kind(
        119,
        Shape::Names,
        "dhcp.option.dhcp_dns_domain_search_list_fqdn",
        "Search list",
        "RFC 3397 §2",
        "Domains to be tried behind a short name, one after another.",
    ),
    kind(
        121,
        Shape::Routes,
        "dhcp.option.classless_static_route",
        "Classless routes",
        "RFC 3442",
        "Routes besides the default one; a client that reads them ignores the router option.",
    ),
];

static UNKNOWN: Kind = kind(
    0,
    Shape::Bytes,
    "dhcp.option.value",
    "Another option",
    "RFC 2132 §2",
    "An option this program has no words for; receivers step over it by its length.",
);

/// The option of a code.
pub(super) fn of(code: u8) -> &'static Kind {
    KINDS.iter().find(|kind| kind.code == code).unwrap_or(&UNKNOWN)
}

/// RFC 2132 §9.6; 10 to 13: RFC 4388 §6.1, 9: RFC 3203 §4.
pub(super) const fn message(kind: u8) -> &'static str {
    match kind {
        1 => "Discover",
        2 => "Offer",
        3 => "Request",
        4 => "Decline",
        5 => "ACK",
        6 => "NAK",
        7 => "Release",
        8 => "Inform",
        9 => "Force renew",
        10 => "Lease query",
        11 => "Lease unassigned",
        12 => "Lease unknown",
        13 => "Lease active",
        _ => "Unknown message",
    }
}

/// IANA DHCP Relay Agent Sub-Option Codes.
pub(super) const fn suboption(code: u8) -> &'static str {
    match code {
        1 => "Circuit",
        2 => "Remote end",
        5 => "Link selection",
        6 => "Subscriber",
        11 => "Server identifier override",
        12 => "Relay agent",
        _ => "Another suboption",
    }
}
