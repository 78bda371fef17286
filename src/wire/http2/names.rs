//! What HTTP/2's numbers are called. IANA's registries of HTTP/2.

/// RFC 9113 §7.
pub(super) const fn error(code: u32) -> &'static str {
    match code {
        0x0 => "NO_ERROR: nothing is wrong",
        0x1 => "PROTOCOL_ERROR: the peer broke the rules",
        0x2 => "INTERNAL_ERROR: a fault of this end's own",
        0x3 => "FLOW_CONTROL_ERROR: more was sent than the window allowed",
        0x4 => "SETTINGS_TIMEOUT: settings were not acknowledged",
        0x5 => "STREAM_CLOSED: a frame for a stream that is over",
        0x6 => "FRAME_SIZE_ERROR: a frame of a size that cannot be",
        0x7 => "REFUSED_STREAM: nothing was done with it, it can be sent again",
        0x8 => "CANCEL: not wanted any more",
        0x9 => "COMPRESSION_ERROR: the header tables do not agree",
        0xa => "CONNECT_ERROR: the connection asked for by CONNECT broke",
        0xb => "ENHANCE_YOUR_CALM: too much of something",
        0xc => "INADEQUATE_SECURITY: the TLS below is too weak",
        0xd => "HTTP_1_1_REQUIRED: come again with HTTP/1.1",
        _ => "no error that is known",
    }
}

/// A setting: its name, and the fields' name for it.
pub(super) const fn setting(id: u16) -> (&'static str, &'static str) {
    match id {
        1 => ("SETTINGS_HEADER_TABLE_SIZE", "http2.settings.header_table_size"),
        2 => ("SETTINGS_ENABLE_PUSH", "http2.settings.enable_push"),
        3 => ("SETTINGS_MAX_CONCURRENT_STREAMS", "http2.settings.max_concurrent_streams"),
        4 => ("SETTINGS_INITIAL_WINDOW_SIZE", "http2.settings.initial_window_size"),
        5 => ("SETTINGS_MAX_FRAME_SIZE", "http2.settings.max_frame_size"),
        6 => ("SETTINGS_MAX_HEADER_LIST_SIZE", "http2.settings.max_header_list_size"),
        8 => ("SETTINGS_ENABLE_CONNECT_PROTOCOL", "http2.settings.extended_connect"),
        9 => ("SETTINGS_NO_RFC7540_PRIORITIES", "http2.settings.no_rfc7540_priorities"),
        _ => ("a setting that is not known: to be left aside", "http2.settings.unknown"),
    }
}

/// What a setting is for, and where that is written.
pub(super) const fn setting_reason(id: u16) -> (&'static str, &'static str) {
    match id {
        1 => {
            ("RFC 9113 §6.5.2", "How many bytes of headers the other end may make this one remember, between requests.")
        }
        2 => ("RFC 9113 §6.5.2", "0: the server may not send answers nobody asked for. Browsers say 0 today."),
        3 => ("RFC 9113 §6.5.2", "How many requests may be under way at once; the others wait at their sender."),
        4 => ("RFC 9113 §6.5.2", "How many bytes of a stream may come before this end says that it has read some."),
        5 => ("RFC 9113 §6.5.2", "The largest frame it takes: small frames let streams take turns."),
        6 => ("RFC 9113 §6.5.2", "Larger headers it will refuse: advice, so that nobody sends them in vain."),
        8 => ("RFC 8441 §3", "WebSockets can be opened inside this connection, by CONNECT with a protocol."),
        9 => (
            "RFC 9218 §2.1",
            "1: the priorities of RFC 7540 are not looked at; what is urgent is said in header fields.",
        ),
        _ => ("RFC 9113 §6.5.2", "An extension; who does not know it leaves it aside."),
    }
}
