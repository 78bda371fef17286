//! Why a value of a sample is another with tshark: mostly another reading of the same bytes, and what is known there and not here.

/// A field's name, what the packet's place or the difference must contain, and the reason.
type Reason = (&'static str, &'static str, &'static str);

const REASONS: &[Reason] = &[
    (
        "eth.padding",
        "",
        "tshark takes bytes that are not zero for a trailer; IEEE 802.3 §3.2.8 does not say what padding is",
    ),
    ("eth.trailer", "", "of a trailer that no CRC ends tshark takes four bytes for the check sequence all the same"),
    ("eth.dst", "DTP.pcap", "Cisco's ISL in front of the frame, by its address: known there, not here"),
    ("eth.src", "DTP.pcap", "Cisco's ISL in front of the frame, by its address: known there, not here"),
    ("eth.len", "DTP.pcap", "Cisco's ISL in front of the frame, by its address: known there, not here"),
    ("sll.etype", "babel.pcap", "on an interface of GRE the field is sll.gretype there"),
    ("x509af.parameters_element", "", "a NULL: tshark shows it only where it does not know the algorithm"),
    ("tls.change_cipher_spec", "", "one that is sealed, in a handshake repeated: tshark takes its first byte alone"),
    (
        "tls.handshake.type",
        "tls-fragmented-handshakes",
        "a message cut across records: put together there, its parts shown here",
    ),
    (
        "tls.handshake.length",
        "tls-fragmented-handshakes",
        "a message cut across records: put together there, its parts shown here",
    ),
    ("tls", "http2-data-reassembly.pcap, packet 38", "sent again: tshark reads a stream's bytes once"),
    ("dhcp.option.vendor_class_id", "\\x00", "text with a NUL at its end: tshark stops there"),
    ("quic", "many_interfaces", "Google's QUIC of 2015 at port 443: we go by the port and the first bit"),
    ("igmp", "another message", "another protocol in IGMP, by its type (PIM version 1, DVMRP): known there, not here"),
];

/// Bytes that we show whole, under a name tshark has for what it does not know itself.
pub(crate) const NOT_APART: &[&str] = &[
    "tcp.options.unknown.payload",
    "tcp.options.experimental.data",
    "icmpv6.data",
    "igmp.data",
    "tls.handshake.extension.data",
];

/// Why this field differs there; none when nobody knows.
pub(crate) fn of(name: &str, place: &str, text: &str) -> Option<&'static str> {
    let holds = |(field, needle, _): &&Reason| *field == name && (place.contains(needle) || text.contains(needle));
    REASONS.iter().find(holds).map(|(_, _, reason)| *reason)
}
