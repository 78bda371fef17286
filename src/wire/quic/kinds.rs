//! The kinds of QUIC frames: what each is for, and the numbers in it. RFC 9000 §19.
use super::header::varint;
use crate::wire::reader::Words;

/// How a frame is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Padding,
    /// Nothing but variable-length integers.
    Numbers,
    Ack,
    Crypto,
    Token,
    Stream,
    ConnectionId,
    Path,
    Close,
    Datagram,
}

pub(super) struct Kind {
    /// The first and the last of its types.
    types: [u64; 2],
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    /// Of the frame as a whole.
    pub(super) words: Words,
    /// Of the numbers in it, in order.
    pub(super) fields: &'static [Words],
}

/// The kind of frame that begins with these bytes, and its type.
pub(super) fn of(bytes: &[u8]) -> Option<(u64, &'static Kind)> {
    let (code, _) = varint(bytes)?;
    Some((code, ALL.iter().find(|kind| (kind.types[0]..=kind.types[1]).contains(&code))?))
}

const fn kind(
    types: [u64; 2],
    shape: Shape,
    name: &'static str,
    source: &'static str,
    why: &'static str,
    fields: &'static [Words],
) -> Kind {
    Kind { types, name, shape, words: Words::new("quic.frame", name, source, why), fields }
}

static ALL: &[Kind] = &[
    kind(
        [0, 0],
        Shape::Padding,
        "PADDING",
        "RFC 9000 §19.1",
        "Makes the packet longer: first datagrams have at least 1200 bytes, so that a forged address cannot make a small question a large answer.",
        &[],
    ),
    kind(
        [1, 1],
        Shape::Numbers,
        "PING",
        "RFC 9000 §19.2",
        "Asks only to be acknowledged: shows that the other end is there, and keeps boxes on the way awake.",
        &[],
    ),
    kind(
        [2, 3],
        Shape::Ack,
        "ACK",
        "RFC 9000 §19.3",
        "Says which packet numbers arrived, in ranges; unlike in TCP it can never be taken back.",
        &[
            Words::new(
                "quic.ack.largest_acknowledged",
                "Largest acknowledged",
                "RFC 9000 §19.3",
                "The highest packet number that arrived.",
            ),
            Words::new(
                "quic.ack.ack_delay",
                "ACK delay",
                "RFC 9000 §19.3",
                "How long the receiver waited before it answered: taken out of the round trip that the sender measures.",
            ),
            Words::new(
                "quic.ack.ack_range_count",
                "ACK range count",
                "RFC 9000 §19.3",
                "How many pairs of gap and range follow.",
            ),
            Words::new(
                "quic.ack.first_ack_range",
                "First ACK range",
                "RFC 9000 §19.3",
                "How many packets below the largest arrived without a gap.",
            ),
            Words::new(
                "quic.ack.gap",
                "Gap",
                "RFC 9000 §19.3.1",
                "How many are missing below the range before, less one.",
            ),
            Words::new(
                "quic.ack.ack_range",
                "ACK range",
                "RFC 9000 §19.3.1",
                "How many arrived below that gap, less one.",
            ),
            Words::new(
                "quic.ack.ect0_count",
                "ECT(0) count",
                "RFC 9000 §19.3.2",
                "Packets that came marked as able to be told of congestion; what is missing here was washed off on the way.",
            ),
            Words::new(
                "quic.ack.ect1_count",
                "ECT(1) count",
                "RFC 9000 §19.3.2",
                "The same with the other mark, which L4S uses.",
            ),
            Words::new(
                "quic.ack.ecn_ce_count",
                "ECN-CE count",
                "RFC 9000 §19.3.2",
                "Packets that a router marked in place of dropping them: the sender slows down.",
            ),
        ],
    ),
    kind(
        [4, 4],
        Shape::Numbers,
        "RESET_STREAM",
        "RFC 9000 §19.4",
        "The sender gives this stream up: nothing of it is sent again. Others are not touched.",
        &[
            Words::new("quic.rsts.stream_id", "Stream ID", "RFC 9000 §19.4", "Which stream it gives up."),
            Words::new("quic.rsts.application_error_code", "Application error code", "RFC 9000 §19.4", "Why."),
            Words::new(
                "quic.rsts.final_size",
                "Final size",
                "RFC 9000 §19.4",
                "How many bytes were sent in all: both ends' flow control must agree.",
            ),
        ],
    ),
    kind(
        [5, 5],
        Shape::Numbers,
        "STOP_SENDING",
        "RFC 9000 §19.5",
        "The receiver wants no more of this stream: the sender answers with RESET_STREAM.",
        &[
            Words::new("quic.ss.stream_id", "Stream ID", "RFC 9000 §19.5", "Which stream is not wanted."),
            Words::new("quic.ss.application_error_code", "Application error code", "RFC 9000 §19.5", "Why."),
        ],
    ),
    kind(
        [6, 6],
        Shape::Crypto,
        "CRYPTO",
        "RFC 9000 §19.6",
        "Carries the TLS handshake, in a stream of its own for each kind of keys.",
        &[
            Words::new(
                "quic.crypto.offset",
                "Offset",
                "RFC 9000 §19.6",
                "Where these bytes lie in the handshake: it is put together as a stream is.",
            ),
            Words::new("quic.crypto.length", "Length", "RFC 9000 §19.6", "In bytes."),
        ],
    ),
    kind(
        [7, 7],
        Shape::Token,
        "NEW_TOKEN",
        "RFC 9000 §19.7",
        "For the client's next connection: its address is then believed at once.",
        &[Words::new("quic.nt.length", "Token length", "RFC 9000 §19.7", "In bytes.")],
    ),
    kind(
        [8, 15],
        Shape::Stream,
        "STREAM",
        "RFC 9000 §19.8",
        "Data of one stream. The low bits of the type say whether offset and length are there, and whether the stream ends.",
        &[
            Words::new(
                "quic.stream.stream_id",
                "Stream ID",
                "RFC 9000 §19.8",
                "Its low bits say who opened it and whether it goes both ways (RFC 9000 §2.1).",
            ),
            Words::new(
                "quic.stream.offset",
                "Offset",
                "RFC 9000 §19.8",
                "Where these bytes lie in the stream: each stream is put in order by itself.",
            ),
            Words::new(
                "quic.stream.length",
                "Length",
                "RFC 9000 §19.8",
                "In bytes; without it the frame reaches to the end of the packet.",
            ),
        ],
    ),
    kind(
        [0x10, 0x10],
        Shape::Numbers,
        "MAX_DATA",
        "RFC 9000 §19.9",
        "Lets the peer send more: flow control over all streams together.",
        &[Words::new(
            "quic.md.maximum_data",
            "Maximum data",
            "RFC 9000 §19.9",
            "In bytes from the start of the connection.",
        )],
    ),
    kind(
        [0x11, 0x11],
        Shape::Numbers,
        "MAX_STREAM_DATA",
        "RFC 9000 §19.10",
        "Lets the peer send more in one stream.",
        &[
            Words::new("quic.msd.stream_id", "Stream ID", "RFC 9000 §19.10", "Which stream may go on."),
            Words::new(
                "quic.msd.maximum_stream_data",
                "Maximum stream data",
                "RFC 9000 §19.10",
                "In bytes from the start of the stream.",
            ),
        ],
    ),
    kind(
        [0x12, 0x13],
        Shape::Numbers,
        "MAX_STREAMS",
        "RFC 9000 §19.11",
        "Lets the peer open more streams: type 0x12 those both ways, 0x13 those one way.",
        &[Words::new(
            "quic.ms.max_streams",
            "Maximum streams",
            "RFC 9000 §19.11",
            "Counted from the start of the connection, those that are closed included.",
        )],
    ),
    kind(
        [0x14, 0x14],
        Shape::Numbers,
        "DATA_BLOCKED",
        "RFC 9000 §19.12",
        "There is more to send, and flow control of the connection forbids it.",
        &[Words::new("quic.sb.stream_data_limit", "Maximum data", "RFC 9000 §19.12", "The limit that was reached.")],
    ),
    kind(
        [0x15, 0x15],
        Shape::Numbers,
        "STREAM_DATA_BLOCKED",
        "RFC 9000 §19.13",
        "There is more to send in this stream, and its flow control forbids it.",
        &[
            Words::new("quic.sdb.stream_id", "Stream ID", "RFC 9000 §19.13", "Which stream waits."),
            Words::new(
                "quic.sb.stream_data_limit",
                "Maximum stream data",
                "RFC 9000 §19.13",
                "The limit that was reached.",
            ),
        ],
    ),
    kind(
        [0x16, 0x17],
        Shape::Numbers,
        "STREAMS_BLOCKED",
        "RFC 9000 §19.14",
        "Another stream is wanted and the limit forbids it: type 0x16 both ways, 0x17 one way.",
        &[Words::new("quic.sib.stream_limit", "Maximum streams", "RFC 9000 §19.14", "The limit that was reached.")],
    ),
    kind(
        [0x18, 0x18],
        Shape::ConnectionId,
        "NEW_CONNECTION_ID",
        "RFC 9000 §19.15",
        "Gives the peer another name for this connection, to be used on another path.",
        &[
            Words::new("quic.nci.sequence", "Sequence number", "RFC 9000 §19.15", "By which the ID is retired later."),
            Words::new(
                "quic.nci.retire_prior_to",
                "Retire prior to",
                "RFC 9000 §19.15",
                "IDs with lower numbers are to be used no more.",
            ),
            Words::new("quic.nci.connection_id.length", "Length", "RFC 9000 §19.15", "In bytes, 1 to 20."),
        ],
    ),
    kind(
        [0x19, 0x19],
        Shape::Numbers,
        "RETIRE_CONNECTION_ID",
        "RFC 9000 §19.16",
        "This end will not use that connection ID again, and asks for another.",
        &[Words::new("quic.rci.sequence", "Sequence number", "RFC 9000 §19.16", "Which one, by its number.")],
    ),
    kind(
        [0x1a, 0x1a],
        Shape::Path,
        "PATH_CHALLENGE",
        "RFC 9000 §19.17",
        "Tries whether a path works, before much is sent along it.",
        &[],
    ),
    kind(
        [0x1b, 0x1b],
        Shape::Path,
        "PATH_RESPONSE",
        "RFC 9000 §19.18",
        "Answers a challenge, along the path it came by.",
        &[],
    ),
    kind(
        [0x1c, 0x1d],
        Shape::Close,
        "CONNECTION_CLOSE",
        "RFC 9000 §19.19",
        "Ends the connection at once, all streams with it: type 0x1c by QUIC, 0x1d by the program.",
        &[
            Words::new("quic.cc.error_code", "Error code", "RFC 9000 §19.19", "Why it ends."),
            Words::new("quic.cc.frame_type", "Frame type", "RFC 9000 §19.19", "Where the fault was seen."),
            Words::new("quic.cc.reason_phrase.length", "Reason phrase length", "RFC 9000 §19.19", "In bytes."),
        ],
    ),
    kind(
        [0x1e, 0x1e],
        Shape::Numbers,
        "HANDSHAKE_DONE",
        "RFC 9000 §19.20",
        "The server has the client's Finished: handshake keys can be thrown away.",
        &[],
    ),
    kind(
        [0x30, 0x31],
        Shape::Datagram,
        "DATAGRAM",
        "RFC 9221 §4",
        "Data without a stream: sealed and acknowledged, and never sent again.",
        &[Words::new(
            "quic.dg.length",
            "Length",
            "RFC 9221 §4",
            "In bytes; without it the frame reaches to the end of the packet.",
        )],
    ),
];
