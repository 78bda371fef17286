//! What is always true of WebSocket's fields. RFC 6455 §5.2.
use crate::wire::reader::Words;

const FRAME: &str = "RFC 6455 §5.2";

pub(super) const FIN: Words =
    Words::new("websocket.fin", "Fin", FRAME, "Whether this is the last frame of its message; most have one only.");
pub(super) const RESERVED: Words = Words::new(
    "websocket.rsv",
    "Reserved",
    FRAME,
    "For extensions both ends agreed on as they opened; else 0, and whoever gets another value ends the connection.",
);
pub(super) const OPCODE: Words = Words::new("websocket.opcode", "Opcode", FRAME, "What kind of frame this is.");
pub(super) const MASK: Words = Words::new(
    "websocket.mask",
    "Mask",
    "RFC 6455 §5.1",
    "A client masks all it sends, a server nothing: bytes that a page chose must not look like HTTP to a proxy.",
);
pub(super) const LENGTH: Words = Words::new(
    "websocket.payload_length",
    "Payload length",
    FRAME,
    "In 7 bits as far as 125; 126 and 127 say that it follows in 2 or 8 bytes, so short messages stay short.",
);
pub(super) const EXTENDED_16: Words = Words::new(
    "websocket.payload_length_ext_16",
    "Extended payload length (16 bits)",
    FRAME,
    "For payloads of 126 to 65535 bytes.",
);
pub(super) const EXTENDED_64: Words = Words::new(
    "websocket.payload_length_ext_64",
    "Extended payload length (64 bits)",
    FRAME,
    "For payloads of 65536 bytes and more.",
);
pub(super) const KEY: Words = Words::new(
    "websocket.masking_key",
    "Masking key",
    "RFC 6455 §5.3",
    "New and unforeseeable in each frame, and sent along: it hides nothing, it only takes the choice of the bytes from the page.",
);
pub(super) const BODY: Words = Words::new(
    "websocket.masked_payload",
    "Masked payload",
    "RFC 6455 §5.3",
    "Each byte is combined (exclusive or) with one of the key's four, in turn; the same again undoes it.",
);
pub(super) const BODY_CLEAR: Words =
    Words::new("websocket.payload", "Payload", "RFC 6455 §5.6", "What one program says to the other.");
pub(super) const TEXT_CLEAR: Words =
    Words::new("websocket.payload.text", "Text", "RFC 6455 §5.6", "Text in UTF-8, as JavaScript gets it as a string.");
pub(super) const PING_DATA: Words =
    Words::new("websocket.payload.ping", "Ping", "RFC 6455 §5.5.2", "Any bytes; the pong has the same.");
pub(super) const PONG_DATA: Words =
    Words::new("websocket.payload.pong", "Pong", "RFC 6455 §5.5.3", "The bytes of the ping it answers.");
pub(super) const CODE: Words =
    Words::new("websocket.payload.close.status_code", "Status code", "RFC 6455 §7.4", "Why the connection is closed.");
pub(super) const REASON: Words = Words::new(
    "websocket.payload.close.reason",
    "Reason",
    "RFC 6455 §7.1.6",
    "For people who look for the fault; no program acts on it.",
);
pub(super) const REST: Words = Words::new(
    "websocket.payload.unknown",
    "Bytes that fit nothing",
    FRAME,
    "The frame ends in the middle of something.",
);
