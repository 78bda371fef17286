//! Names of WebSocket's opcodes and close codes. RFC 6455 §11.7, §11.8.

/// Goes on with a message.
pub const CONTINUATION: u8 = 0;
/// Begins a message of text.
pub const TEXT: u8 = 1;
/// Begins a message of bytes.
pub const BINARY: u8 = 2;
/// The sender says no more.
pub const CLOSE: u8 = 8;
/// Asks for a pong.
pub const PING: u8 = 9;
/// Answers a ping.
pub const PONG: u8 = 10;

/// The name, as Wireshark has it where it has one.
#[must_use]
pub const fn opcode(opcode: u8) -> &'static str {
    match opcode {
        CONTINUATION => "Continuation",
        TEXT => "Text",
        BINARY => "Binary",
        CLOSE => "Connection Close",
        PING => "Ping",
        PONG => "Pong",
        _ => "Unknown",
    }
}

/// Whether nobody may send it yet.
#[must_use]
pub const fn is_reserved(opcode: u8) -> bool {
    matches!(opcode, 3..=7 | 11..)
}

/// Why such frames exist.
#[must_use]
pub const fn opcode_reason(opcode: u8) -> &'static str {
    match opcode {
        CONTINUATION => {
            "Goes on with a message, so that a sender need not know its length when it begins (RFC 6455 §5.4)."
        }
        TEXT => "Begins a message of text in UTF-8 (RFC 6455 §5.6).",
        BINARY => "Begins a message of bytes whose meaning the two programs know (RFC 6455 §5.6).",
        CLOSE => "The sender says no more; the other end answers with the same and TCP is closed (RFC 6455 §5.5.1).",
        PING => {
            "Asks for a pong: shows that the other end is there, and keeps boxes on the way awake (RFC 6455 §5.5.2)."
        }
        PONG => "Answers a ping with its bytes, or is sent by itself as a sign of life (RFC 6455 §5.5.3).",
        _ => "Reserved for frames still to be defined (RFC 6455 §5.2).",
    }
}

/// What a close code says.
#[must_use]
pub const fn close(code: u16) -> &'static str {
    match code {
        1000 => "normal closure: all is done",
        1001 => "going away: a server shuts down, or a page was left",
        1002 => "protocol error",
        1003 => "unsupported data: a kind of message that is not taken",
        1005 => "no code was there: never sent",
        1006 => "the connection broke: never sent",
        1007 => "invalid payload: text that is not UTF-8, say",
        1008 => "policy violation",
        1009 => "message too big",
        1010 => "the server did not agree to an extension the client needs",
        1011 => "internal error of the server",
        1012 => "the server restarts",
        1013 => "try again later",
        1014 => "bad gateway",
        1015 => "TLS failed: never sent",
        3000..=3999 => "a code registered by a library or framework",
        4000..=4999 => "a code of these two programs",
        _ => "not assigned",
    }
}

/// Whether a close frame may have this code: RFC 6455 §7.4, and 1012 to 1014 as IANA's registry of close codes has them.
#[must_use]
pub const fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}
