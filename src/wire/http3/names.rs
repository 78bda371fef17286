//! What HTTP/3's numbers are called. IANA's registries of HTTP/3.

/// A kind of frame: its name, where it is written, and what it is for.
pub(super) const fn frame(code: u64) -> (&'static str, &'static str, &'static str) {
    match code {
        0 => (
            "DATA",
            "RFC 9114 §7.2.1",
            "A piece of a body. Each exchange has a QUIC stream of its own, so a loss holds up one only.",
        ),
        1 => {
            ("HEADERS", "RFC 9114 §7.2.2", "A request's or a response's header fields, in QPACK; trailers come so too.")
        }
        3 => ("CANCEL_PUSH", "RFC 9114 §7.2.3", "A pushed response is not wanted, or will not come."),
        4 => (
            "SETTINGS",
            "RFC 9114 §7.2.4",
            "What this end allows: the first frame of its control stream, sent once and never answered.",
        ),
        5 => ("PUSH_PROMISE", "RFC 9114 §7.2.5", "The server will answer a request nobody made yet."),
        7 => {
            ("GOAWAY", "RFC 9114 §7.2.6", "No new requests, please; those at and above this number were not looked at.")
        }
        0xd => ("MAX_PUSH_ID", "RFC 9114 §7.2.7", "How many responses the server may push; none without it."),
        0xf_0700 => {
            ("PRIORITY_UPDATE", "RFC 9218 §7.2", "The client has changed its mind about how urgent a response is.")
        }
        0xf_0701 => ("PRIORITY_UPDATE of a push", "RFC 9218 §7.2", "The same of a response that is pushed."),
        it if is_reserved(it) => {
            ("reserved", "RFC 9114 §7.2.8", "Means nothing: sent so that nobody comes to refuse what is new.")
        }
        _ => ("UNKNOWN", "RFC 9114 §9", "A type that is not known: to be left aside, so that extensions can be tried."),
    }
}

/// A stream one way: its name, where it is written, and what it is for.
pub(super) const fn stream(code: u64) -> (&'static str, &'static str, &'static str) {
    match code {
        0 => {
            ("control", "RFC 9114 §6.2.1", "One from each end, open as long as the connection: settings, and the end.")
        }
        1 => ("push", "RFC 9114 §6.2.2", "A response nobody asked for."),
        2 => ("QPACK encoder", "RFC 9204 §4.2", "Fills the dynamic table of the other end."),
        3 => ("QPACK decoder", "RFC 9204 §4.2", "Says which entries of the dynamic table have arrived."),
        it if is_reserved(it) => {
            ("reserved", "RFC 9114 §6.2.3", "Means nothing: sent so that nobody comes to refuse what is new.")
        }
        _ => ("unknown", "RFC 9114 §6.2", "A type that is not known: to be left aside."),
    }
}

/// A setting: its name, the field's name, where it is written, and what it is for.
pub(super) const fn setting(id: u64) -> (&'static str, &'static str, &'static str, &'static str) {
    match id {
        1 => (
            "SETTINGS_QPACK_MAX_TABLE_CAPACITY",
            "http3.settings.qpack.max_table_capacity",
            "RFC 9204 §5",
            "How many bytes of headers the other end may make this one remember; 0 if it is not said.",
        ),
        6 => (
            "SETTINGS_MAX_FIELD_SECTION_SIZE",
            "http3.settings.max_field_section_size",
            "RFC 9114 §7.2.4.1",
            "Larger headers it may refuse: advice, so that nobody sends them in vain.",
        ),
        7 => (
            "SETTINGS_QPACK_BLOCKED_STREAMS",
            "http3.settings.qpack.blocked_streams",
            "RFC 9204 §5",
            "How many streams may wait for entries of the table that have not come yet; 0 if it is not said.",
        ),
        8 => (
            "SETTINGS_ENABLE_CONNECT_PROTOCOL",
            "http3.settings.extended_connect",
            "RFC 9220 §3",
            "WebSockets can be opened inside this connection, by CONNECT with a protocol.",
        ),
        0x33 => (
            "SETTINGS_H3_DATAGRAM",
            "http3.settings.h3_datagram",
            "RFC 9297 §2.1.1",
            "1: it takes datagrams that belong to a request, which are never sent again.",
        ),
        it if is_reserved(it) => (
            "reserved",
            "http3.settings.value",
            "RFC 9114 §7.2.4.1",
            "Means nothing: sent so that nobody comes to refuse what is new.",
        ),
        _ => (
            "a setting that is not known: to be left aside",
            "http3.settings.value",
            "RFC 9114 §7.2.4",
            "An extension; who does not know it leaves it aside.",
        ),
    }
}

/// RFC 9114 §7.2.8: 0x1f * N + 0x21.
const fn is_reserved(code: u64) -> bool {
    code >= 0x21 && (code - 0x21).is_multiple_of(0x1f)
}
