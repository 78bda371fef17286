//! What was said inside: the protocol that was agreed on reads both directions.
use super::{Dialogue, Opened, http2, websocket};

/// Reads the two directions of a connection; what it finds are units of their own, behind those of the records.
///
/// HTTP/1.1 and DNS need no unit of their own: a record that begins with a message is read as one where it is opened. A protocol
/// whose frames go across records (HTTP/2, WebSocket, HTTP/3's streams) is read here, over [`super::Plain::bytes`] of each side.
pub(super) fn read(dialogue: &Dialogue, opened: &mut Opened) {
    match dialogue.protocol.as_deref() {
        Some(b"h2") => http2::read(dialogue, opened),
        None | Some(b"http/1.1") => websocket::read(dialogue, opened),
        Some(_) => {}
    }
}
