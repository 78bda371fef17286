//! What was sealed, opened with the connection's secrets: TLS records, and what was said inside them, across packets.
//!
//! ```text
//! packets ─ analysis ─> a connection's two streams ─ tls ─────> units (records) ─ content ─> units (messages inside)
//!         └─ (UDP) ────────────────────────────────── quic ──> units (packets)  ─ content ─┘
//! ```
//! A [`Unit`] has bytes of its own: the plaintext stands in no frame. Nothing here fails: what cannot be opened stays sealed,
//! and the memory it takes has a limit.
mod came;
mod content;
mod http2;
mod plain;
mod quic;
mod schedule;
mod secrets;
mod tls;
mod websocket;

use std::collections::BTreeMap;
use std::slice;

use super::Decoded;
use super::analysis::{self, Flow, Linked, Seen};
pub(super) use plain::{Dialogue, Plain};
pub(super) use quic::open as open_quic;
pub(super) use secrets::Secrets;
pub(super) use tls::open as open_tls;

/// More plaintext than this is not kept: the rest stays sealed.
const MOST_BYTES: usize = 16 << 20;
/// More units than this are not kept: each is taken apart into fields.
const MOST_UNITS: usize = 20_000;

/// Something that was opened or put together: a record, a message that came in several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// For a person: `TLS 1.3 record of the server, opened`.
    pub title: String,
    /// The numbers of the packets its bytes came in, in the order of the bytes, each once.
    pub packets: Vec<u32>,
    /// Whether the server sent it.
    pub from_server: bool,
    /// The plaintext.
    pub bytes: Vec<u8>,
    /// Layers over `bytes`, not over any frame; every bit of them lies in one field.
    pub decoded: Decoded,
}

impl Unit {
    /// The packet it is shown at: the last of those it came in by number, as only then it could be opened.
    #[must_use]
    pub fn shown_at(&self) -> Option<u32> {
        self.packets.iter().max().copied()
    }
}

/// All that could be opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    units: Vec<Unit>,
    /// Indices of the units shown at a packet, in the order they were opened.
    by_packet: BTreeMap<u32, Vec<usize>>,
    /// What a packet says, by protocol, in the order of its bytes.
    said: BTreeMap<u32, Vec<(&'static str, String)>>,
    bytes: usize,
    left_out: usize,
}

impl Opened {
    /// In the order of the packets they are shown at; those of one packet in the order of its bytes.
    #[must_use]
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// The units shown at a packet.
    pub fn at(&self, packet: u32) -> impl Iterator<Item = &Unit> {
        let indices = self.by_packet.get(&packet).map_or(&[][..], Vec::as_slice);
        indices.iter().filter_map(|index| self.units.get(*index))
    }

    /// One line for a list, of a packet that brought something to open: `TLS Server Hello, Encrypted Extensions, Finished`.
    #[must_use]
    pub fn line(&self, packet: u32) -> Option<String> {
        let said = self.said.get(&packet).filter(|_| self.by_packet.contains_key(&packet))?;
        let mut line = String::new();
        let mut before = "";
        for (protocol, what) in said {
            if before == *protocol {
                line.push_str(", ");
            } else {
                line.push_str(if before.is_empty() { "" } else { "; " });
                line.push_str(protocol);
                line.push(' ');
            }
            line.push_str(what);
            before = protocol;
        }
        Some(line).filter(|it| !it.is_empty())
    }

    /// How many units there was no room for.
    #[must_use]
    pub const fn left_out(&self) -> usize {
        self.left_out
    }

    /// Keeps a unit, while there is room.
    pub(super) fn push(&mut self, unit: Unit) {
        self.bytes = self.bytes.saturating_add(unit.bytes.len());
        if self.units.len() >= MOST_UNITS || self.bytes > MOST_BYTES {
            self.left_out += 1;
        } else {
            self.units.push(unit);
        }
    }

    /// Puts the units into the order of the packets they are shown at.
    fn finish(mut self) -> Self {
        self.units.sort_by_key(Unit::shown_at);
        for (index, unit) in self.units.iter().enumerate() {
            if let Some(packet) = unit.shown_at() {
                self.by_packet.entry(packet).or_default().push(index);
            }
        }
        self
    }

    /// Adds to what a packet's line says: the protocol as the line begins with it (`TLS`, `HTTP`), and the rest.
    pub(super) fn say(&mut self, packet: u32, protocol: &'static str, what: impl Into<String>) {
        let said = self.said.entry(packet).or_default();
        if said.len() < 50 {
            said.push((protocol, what.into()));
        }
    }
}

/// Opens what these secrets open (lines of the SSLKEYLOGFILE format). The packets must be in the order they passed one place.
#[must_use]
pub fn open<'a>(packets: impl IntoIterator<Item = impl Into<Linked<'a>>>, secrets: &str) -> Opened {
    let mut opened = Opened::default();
    let secrets = Secrets::read(secrets);
    let packets: Vec<Linked<'a>> = packets.into_iter().map(Into::into).collect();
    // The first packets of QUIC open without any secret; HTTP/2 and WebSocket may be in the clear.
    quic::open(&packets, &secrets, &mut opened);
    let in_the_clear = |it: &Seen<'_>| http2::may_begin(it) || websocket::may_begin(it);
    if !secrets.is_empty() || packets.iter().any(|it| in_the_clear(&it.seen)) {
        flows(&analysis::analyse(packets.iter().copied()).flows, &secrets, &mut opened);
    }
    opened.finish()
}

/// Opens datagrams of QUIC, in the order they passed.
pub(super) fn of_datagrams(packets: &[Linked<'_>], secrets: &Secrets) -> Opened {
    let mut opened = Opened::default();
    quic::open(packets, secrets, &mut opened);
    opened.finish()
}

/// Opens one TCP connection.
pub(super) fn of_flow(flow: &Flow, secrets: &Secrets) -> Opened {
    let mut opened = Opened::default();
    flows(slice::from_ref(flow), secrets, &mut opened);
    opened.finish()
}

/// Whether data of TCP makes its connection one that is read further without any secret: HTTP/2 or WebSocket in the clear.
pub(super) fn is_clear(data: &[u8]) -> bool {
    http2::begins(data) || websocket::begins(data)
}

fn flows(flows: &[Flow], secrets: &Secrets, opened: &mut Opened) {
    let open = |flow| {
        let sealed = tls::open(flow, secrets, opened);
        sealed.or_else(|| http2::cleartext(flow)).or_else(|| websocket::cleartext(flow))
    };
    let dialogues: Vec<Dialogue> = flows.iter().filter_map(open).collect();
    for dialogue in dialogues {
        content::read(&dialogue, opened);
    }
}

#[cfg(test)]
mod tests;
