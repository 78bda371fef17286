//! The kinds of HTTP/2 frames: what each is for, and which flags it has. RFC 9113 §6.
use crate::wire::reader::Words;

pub(super) const END_STREAM: u8 = 0x1;
pub(super) const ACK: u8 = 0x1;
pub(super) const END_HEADERS: u8 = 0x4;
pub(super) const PADDED: u8 = 0x8;
pub(super) const PRIORITY: u8 = 0x20;

/// A kind of frame.
pub(super) struct Kind {
    pub(super) code: u8,
    pub(super) name: &'static str,
    pub(super) source: &'static str,
    pub(super) why: &'static str,
    /// The bits of the flags that mean something here.
    flags: &'static [(u8, Words)],
}

impl Kind {
    /// The flag of a bit, if it has one.
    pub(super) fn flag(&self, bit: u8) -> Option<&'static Words> {
        self.flags.iter().find(|it| it.0 == bit).map(|it| &it.1)
    }
}

/// The kind of a type; one that says so where none is known (RFC 9113 §5.5).
pub(super) fn of(code: u8) -> &'static Kind {
    ALL.iter().find(|it| it.code == code).unwrap_or(&UNKNOWN)
}

static UNKNOWN: Kind = Kind {
    code: 0xff,
    name: "UNKNOWN",
    source: "RFC 9113 §5.5",
    why: "A type that is not known: to be left aside, so that extensions can be tried.",
    flags: &[],
};

const STREAM_ENDS: (u8, Words) = (
    END_STREAM,
    Words::new(
        "http2.flags.end_stream",
        "END_STREAM",
        "RFC 9113 §5.1",
        "The sender says no more in this stream: the request, or the response, is whole.",
    ),
);
const HEADERS_END: (u8, Words) = (
    END_HEADERS,
    Words::new(
        "http2.flags.eh",
        "END_HEADERS",
        "RFC 9113 §6.2",
        "The header block is whole; if not set, CONTINUATION frames follow and nothing between.",
    ),
);
const HAS_PADDING: (u8, Words) =
    (PADDED, Words::new("http2.flags.padded", "PADDED", "RFC 9113 §6.1", "Padding follows, to hide the true length."));
const HAS_PRIORITY: (u8, Words) = (
    PRIORITY,
    Words::new(
        "http2.flags.priority",
        "PRIORITY",
        "RFC 9113 §6.2",
        "Five bytes of priority follow, which nobody uses now.",
    ),
);
const fn acknowledges(name: &'static str, source: &'static str) -> (u8, Words) {
    (ACK, Words::new(name, "ACK", source, "Set in the answer, so that an answer is not answered again."))
}

static ALL: &[Kind] = &[
    Kind {
        code: 0,
        name: "DATA",
        source: "RFC 9113 §6.1",
        why: "A piece of a body. Streams take turns by frame, so that a large answer does not hold up a small one.",
        flags: &[STREAM_ENDS, HAS_PADDING],
    },
    Kind {
        code: 1,
        name: "HEADERS",
        source: "RFC 9113 §6.2",
        why: "Opens a stream with a request, or answers in it; trailers after a body come so too.",
        flags: &[STREAM_ENDS, HEADERS_END, HAS_PADDING, HAS_PRIORITY],
    },
    Kind {
        code: 2,
        name: "PRIORITY",
        source: "RFC 9113 §6.3",
        why: "Deprecated: trees of priorities were hard to build and little used. RFC 9218 replaces them.",
        flags: &[],
    },
    Kind {
        code: 3,
        name: "RST_STREAM",
        source: "RFC 9113 §6.4",
        why: "Ends one stream at once, and leaves the connection and all others as they are: HTTP/1.1 has to close.",
        flags: &[],
    },
    Kind {
        code: 4,
        name: "SETTINGS",
        source: "RFC 9113 §6.5",
        why: "What this end allows the other: sent first of all, and acknowledged, so that both know from when on it holds.",
        flags: &[acknowledges("http2.flags.ack.settings", "RFC 9113 §6.5")],
    },
    Kind {
        code: 5,
        name: "PUSH_PROMISE",
        source: "RFC 9113 §6.6",
        why: "The server will answer a request nobody made yet. Browsers gave it up: 103 Early Hints does better.",
        flags: &[HEADERS_END, HAS_PADDING],
    },
    Kind {
        code: 6,
        name: "PING",
        source: "RFC 9113 §6.7",
        why: "Measures the round trip, and shows that the other end is there.",
        flags: &[acknowledges("http2.flags.ack.ping", "RFC 9113 §6.7")],
    },
    Kind {
        code: 7,
        name: "GOAWAY",
        source: "RFC 9113 §6.8",
        why: "No new streams, please: it says up to which one work was done, so the rest can safely go elsewhere.",
        flags: &[],
    },
    Kind {
        code: 8,
        name: "WINDOW_UPDATE",
        source: "RFC 9113 §6.9",
        why: "The receiver has read so much and can take it again: flow control of one stream, or in stream 0 of all together.",
        flags: &[],
    },
    Kind {
        code: 9,
        name: "CONTINUATION",
        source: "RFC 9113 §6.10",
        why: "The rest of a header block too long for one frame. Endless ones have been an attack (CVE-2024-27316).",
        flags: &[HEADERS_END],
    },
    Kind {
        code: 0xa,
        name: "ALTSVC",
        source: "RFC 7838 §4",
        why: "The same origin can be had elsewhere too: at another port, by HTTP/3.",
        flags: &[],
    },
    Kind {
        code: 0xc,
        name: "ORIGIN",
        source: "RFC 8336 §2",
        why: "The origins this connection may be used for, so that a client opens fewer.",
        flags: &[],
    },
    Kind {
        code: 0x10,
        name: "PRIORITY_UPDATE",
        source: "RFC 9218 §7.1",
        why: "The client has changed its mind about how urgent a response is.",
        flags: &[],
    },
];
