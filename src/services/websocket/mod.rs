//! WebSocket (RFC 6455) on the seam: a connection that HTTP/1.1 opens, then messages both ways in frames.
//!
//! ```text
//! client ── GET, Upgrade: websocket, Sec-WebSocket-Key ──> server      connect(stream, ..), accept(stream, ..)
//!        <── 101, Sec-WebSocket-Accept ──                              hyper on both sides
//!        <══ frames: text, binary, ping, pong, close ══>               Socket: ours, as the masks come from the run's seed
//! ```
mod client;
mod error;
mod masks;
mod received;
mod server;
mod socket;
#[cfg(test)]
mod tests;

pub use client::{Opening, connect};
pub use error::{Closed, WebSocketError};
pub use masks::Masks;
pub use server::{Wire, accept, serve_echo};
pub use socket::{Message, Options, Socket};

/// RFC 6455 §4.2.2: the server's proof that it read the key and speaks WebSocket.
fn accepted(key: &str) -> String {
    let text = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
    data_encoding::BASE64.encode(digest.as_ref())
}
