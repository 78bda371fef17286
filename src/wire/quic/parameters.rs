//! QUIC's transport parameters: what each end lets the other do, sent inside the TLS hellos. RFC 9000 §18.
use crate::wire::reader::{Reader, Words};

const SOURCE: &str = "RFC 9000 §18.2";
const PARAMETER: Words = Words::new(
    "tls.quic.parameter",
    "Transport parameter",
    "RFC 9000 §18",
    "A limit or a fact about the end that sends it. Proven by the TLS handshake, so nobody on the way can change it.",
);
const TYPE: Words = Words::new(
    "tls.quic.parameter.type",
    "Parameter type",
    "RFC 9000 §18",
    "Which one; those not known are left aside.",
);
const LENGTH: Words = Words::new("tls.quic.parameter.length", "Parameter length", "RFC 9000 §18", "In bytes.");
const VALUE: Words = Words::new("tls.quic.parameter.value", "Value", "RFC 9000 §18", "What this parameter says.");
const DESTINATION: Words = Words::new(
    "tls.quic.parameter.original_destination_connection_id",
    "Original destination connection ID",
    SOURCE,
    "The first ID the client made up: said back under the handshake's proof, so that nobody changed it on the way.",
);
const SOURCE_ID: Words = Words::new(
    "tls.quic.parameter.initial_source_connection_id",
    "Initial source connection ID",
    SOURCE,
    "The ID in the header of its first packet, said again where nobody can change it.",
);
const RETRY_ID: Words = Words::new(
    "tls.quic.parameter.retry_source_connection_id",
    "Retry source connection ID",
    SOURCE,
    "The ID in the Retry packet: shows that the Retry was this server's.",
);
const RESET_TOKEN: Words = Words::new(
    "tls.quic.parameter.stateless_reset_token",
    "Stateless reset token",
    "RFC 9000 §10.3",
    "A server that lost its memory ends the connection by sending this: only the two ends know it.",
);
const PREFERRED: Words = Words::new(
    "tls.quic.parameter.preferred_address",
    "Preferred address",
    "RFC 9000 §9.6",
    "Where the server would rather be spoken to after the handshake: an address of each family, an ID and a reset token.",
);

/// A parameter that is one number: its type, name, reason, and what it counts.
type Number = (u64, Words, &'static str);

const NUMBERS: &[Number] = &[
    (
        1,
        Words::new(
            "tls.quic.parameter.max_idle_timeout",
            "Maximum idle timeout",
            SOURCE,
            "After so long without a packet this end forgets the connection; the smaller of the two holds.",
        ),
        "ms",
    ),
    (
        3,
        Words::new(
            "tls.quic.parameter.max_udp_payload_size",
            "Maximum UDP payload size",
            SOURCE,
            "Larger datagrams this end will not take, whatever the path could carry.",
        ),
        "bytes",
    ),
    (
        4,
        Words::new(
            "tls.quic.parameter.initial_max_data",
            "Initial maximum data",
            SOURCE,
            "How much the other end may send in all streams together, until MAX_DATA allows more.",
        ),
        "bytes",
    ),
    (
        5,
        Words::new(
            "tls.quic.parameter.initial_max_stream_data_bidi_local",
            "Initial maximum stream data, both ways, own",
            SOURCE,
            "How much may come in a stream both ways that this end opens.",
        ),
        "bytes",
    ),
    (
        6,
        Words::new(
            "tls.quic.parameter.initial_max_stream_data_bidi_remote",
            "Initial maximum stream data, both ways, the other's",
            SOURCE,
            "How much may come in a stream both ways that the other end opens.",
        ),
        "bytes",
    ),
    (
        7,
        Words::new(
            "tls.quic.parameter.initial_max_stream_data_uni",
            "Initial maximum stream data, one way",
            SOURCE,
            "How much may come in a stream one way.",
        ),
        "bytes",
    ),
    (
        8,
        Words::new(
            "tls.quic.parameter.initial_max_streams_bidi",
            "Initial maximum streams, both ways",
            SOURCE,
            "How many streams both ways the other end may open: with HTTP/3, how many requests.",
        ),
        "streams",
    ),
    (
        9,
        Words::new(
            "tls.quic.parameter.initial_max_streams_uni",
            "Initial maximum streams, one way",
            SOURCE,
            "How many streams one way the other end may open: HTTP/3 needs three.",
        ),
        "streams",
    ),
    (
        10,
        Words::new(
            "tls.quic.parameter.ack_delay_exponent",
            "ACK delay exponent",
            SOURCE,
            "The unit of the delays in this end's ACK frames, as a power of two in microseconds; 3 if it is not said.",
        ),
        "",
    ),
    (
        11,
        Words::new(
            "tls.quic.parameter.max_ack_delay",
            "Maximum ACK delay",
            SOURCE,
            "So long at most this end holds an acknowledgment back: the other waits that much longer before it sends again.",
        ),
        "ms",
    ),
    (
        14,
        Words::new(
            "tls.quic.parameter.active_connection_id_limit",
            "Active connection ID limit",
            SOURCE,
            "How many names for this connection it is ready to keep: one for each path, and some to change.",
        ),
        "connection IDs",
    ),
    (
        0x20,
        Words::new(
            "tls.quic.parameter.max_datagram_frame_size",
            "Maximum DATAGRAM frame size",
            "RFC 9221 §3",
            "It takes DATAGRAM frames up to this size; 0 would be none.",
        ),
        "bytes",
    ),
    (
        0xff04_de1b,
        Words::new(
            "tls.quic.parameter.min_ack_delay",
            "Minimum ACK delay",
            "draft-ietf-quic-ack-frequency",
            "An extension that is not yet an RFC: by how little this end can be asked to delay its acknowledgments.",
        ),
        "us",
    ),
];

/// Reads the content of the extension quic_transport_parameters. RFC 9001 §8.2.
pub(in crate::wire) fn read(r: &mut Reader<'_>) -> Option<()> {
    while r.left() > 0 {
        let said = r.group(&PARAMETER, parameter)?;
        r.says(said);
    }
    Some(())
}

fn parameter(r: &mut Reader<'_>) -> Option<String> {
    let kind = r.varint(&TYPE)?;
    let name = name(kind);
    r.means(name);
    let length = usize::try_from(r.varint(&LENGTH)?).ok()?;
    r.within(length, &VALUE, |r| value(r, kind, name, length))?
}

fn value(r: &mut Reader<'_>, kind: u64, name: &str, length: usize) -> Option<String> {
    if let Some((_, words, unit)) = NUMBERS.iter().find(|it| it.0 == kind) {
        let value = r.varint(words)?;
        r.means(unit);
        return Some(format!("{name}: {value} {unit}").trim_end().to_owned());
    }
    if kind == 13 {
        r.group(&PREFERRED, preferred)?;
        return Some(name.to_owned());
    }
    let words = match kind {
        0 => &DESTINATION,
        2 => &RESET_TOKEN,
        15 => &SOURCE_ID,
        16 => &RETRY_ID,
        _ => &VALUE,
    };
    r.raw(words, length)?;
    Some(name.to_owned())
}

/// RFC 9000 §18.2, the figure "Preferred Address Format".
fn preferred(r: &mut Reader<'_>) -> Option<()> {
    const fn part(name: &'static str, label: &'static str, why: &'static str) -> Words {
        Words::new(name, label, SOURCE, why)
    }
    const IPV4: Words = part("tls.quic.parameter.preferred_address.ipv4address", "IPv4 address", "All zeros for none.");
    const IPV4_PORT: Words =
        part("tls.quic.parameter.preferred_address.ipv4port", "IPv4 port", "Of the address before.");
    const IPV6: Words = part("tls.quic.parameter.preferred_address.ipv6address", "IPv6 address", "All zeros for none.");
    const IPV6_PORT: Words =
        part("tls.quic.parameter.preferred_address.ipv6port", "IPv6 port", "Of the address before.");
    const ID_LENGTH: Words =
        part("tls.quic.parameter.preferred_address.connectionid.length", "Connection ID length", "In bytes.");
    const ID: Words = part(
        "tls.quic.parameter.preferred_address.connectionid",
        "Connection ID",
        "The name of this connection at the other address.",
    );
    r.ipv4(&IPV4)?;
    r.u16(&IPV4_PORT)?;
    r.ipv6(&IPV6)?;
    r.u16(&IPV6_PORT)?;
    let length = usize::from(r.u8(&ID_LENGTH)?);
    r.raw(&ID, length)?;
    r.raw(&RESET_TOKEN, 16).map(drop)
}

const fn name(kind: u64) -> &'static str {
    match kind {
        0 => "original_destination_connection_id",
        1 => "max_idle_timeout",
        2 => "stateless_reset_token",
        3 => "max_udp_payload_size",
        4 => "initial_max_data",
        5 => "initial_max_stream_data_bidi_local",
        6 => "initial_max_stream_data_bidi_remote",
        7 => "initial_max_stream_data_uni",
        8 => "initial_max_streams_bidi",
        9 => "initial_max_streams_uni",
        10 => "ack_delay_exponent",
        11 => "max_ack_delay",
        12 => "disable_active_migration: no new client addresses",
        13 => "preferred_address",
        14 => "active_connection_id_limit",
        15 => "initial_source_connection_id",
        16 => "retry_source_connection_id",
        // RFC 9368 §3.
        17 => "version_information",
        0x20 => "max_datagram_frame_size",
        // RFC 9287 §3.
        0x2ab2 => "grease_quic_bit: the fixed bit may be 0",
        0xff04_de1b => "min_ack_delay",
        // RFC 9000 §18.1.
        it if it % 31 == 27 => "reserved: means nothing, so that nobody breaks on new ones",
        _ => "another parameter",
    }
}
