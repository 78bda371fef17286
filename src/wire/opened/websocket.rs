//! WebSocket in what two ends said: a unit for each frame behind the handshake, and for each message that came in several.
use super::{Dialogue, Opened, Plain, Unit};
use crate::wire::analysis::{Flow, Seen};
use crate::wire::http1;
use crate::wire::websocket::{self, Reading};

/// More frames of one direction than this are not taken apart.
const MOST_FRAMES: usize = 20_000;
/// What a server says that goes on in another protocol. RFC 9110 §15.2.2.
const SWITCHING: &[u8] = b"HTTP/1.1 101";
/// The longest headers of Ethernet, IP and TCP, as they are in practice.
const HEADERS: usize = 150;

/// Whether a packet may end HTTP in the clear: a quick look.
pub(super) fn may_begin(seen: &Seen<'_>) -> bool {
    let start = &seen.frame[..seen.frame.len().min(HEADERS + SWITCHING.len())];
    start.windows(SWITCHING.len()).any(|it| it == SWITCHING)
}

/// Whether data of a server begins with the end of HTTP.
pub(super) fn begins(data: &[u8]) -> bool {
    data.starts_with(SWITCHING)
}

/// What two ends said in a connection in the clear that goes on as WebSocket.
pub(super) fn cleartext(flow: &Flow) -> Option<Dialogue> {
    let sides = flow.streams.each_ref().map(Plain::of);
    let dialogue = Dialogue { sides, ..Dialogue::default() };
    opening(&dialogue).is_some().then_some(dialogue)
}

/// Where the frames of both directions begin, and whether messages may be compressed.
fn opening(dialogue: &Dialogue) -> Option<([usize; 2], bool)> {
    let [client, server] = &dialogue.sides;
    let upgraded = http1::exchanges(client.bytes(), server.bytes()).upgraded?;
    let deflate = upgraded.extensions.to_ascii_lowercase().contains("permessage-deflate");
    (upgraded.protocol == "websocket").then_some((upgraded.from, deflate))
}

/// Reads both directions, where HTTP opened a WebSocket.
pub(super) fn read(dialogue: &Dialogue, opened: &mut Opened) {
    let Some((from, deflate)) = opening(dialogue) else { return };
    for ((from_server, plain), mut at) in [false, true].into_iter().zip(&dialogue.sides).zip(from) {
        let who = if from_server { "server" } else { "client" };
        let mut reading = Reading::new(from_server, deflate);
        for _ in 0..MOST_FRAMES {
            let Some(length) = websocket::length(&plain.bytes()[at..]) else { break };
            let range = at..at + length;
            let bytes = plain.bytes()[range.clone()].to_vec();
            let frame = reading.read(&bytes, at);
            at = range.end;
            let packets = plain.packets(&range);
            if let Some(last) = packets.iter().max() {
                opened.say(*last, "WebSocket", &frame.said);
            }
            let title = format!("WebSocket {} of the {who}", frame.said);
            opened.push(Unit { title, packets, from_server, bytes, decoded: frame.decoded });
            if let Some(it) = frame.message {
                let packets = plain.packets(&(it.from..range.end));
                let title = format!("{} of the {who}, put together from {} frames", it.decoded.summary, it.frames);
                opened.push(Unit { title, packets, from_server, bytes: it.bytes, decoded: it.decoded });
            }
        }
    }
}
