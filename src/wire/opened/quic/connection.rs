//! One QUIC connection: its keys as they come, its packets opened, its handshake and streams put together.
use std::collections::BTreeMap;

use super::http3;
use super::streams::{self, packets};
use crate::wire::analysis::Stream;
use crate::wire::opened::{Opened, Secrets, Unit};
use crate::wire::quic::protection::{self, Protection, Suite};
use crate::wire::quic::{self, Carried, Header, Kind};
use crate::wire::reader::Reader;
use crate::wire::{Decoded, tls};

/// A handshake is a few kilobytes; more of it than this is not put together.
const MOST_CRYPTO: u64 = 1 << 17;
/// More streams of one direction than this are not put together.
const MOST_STREAMS: usize = 5000;
/// More bytes of streams of one connection than this are not put together.
const MOST_STREAM_BYTES: usize = 16 << 20;

/// A connection as it is followed.
pub(super) struct Connection {
    /// The ID the client made up for the server.
    original: Vec<u8>,
    /// The client's and the server's.
    sides: [Side; 2],
    /// The client's random, by which the key log knows the connection.
    random: Option<Vec<u8>>,
    /// What they agreed to speak (ALPN).
    protocol: Option<String>,
    stream_bytes: usize,
}

/// What one end sends.
struct Side {
    initial: Protection,
    early: Option<Protection>,
    handshake: Option<Protection>,
    application: Option<Generations>,
    /// The highest packet number of each space: Initial, Handshake, and data (RFC 9000 §12.3).
    largest: [Option<u64>; 3],
    /// The handshake, a stream each space.
    crypto: [Crypto; 3],
    streams: BTreeMap<u64, Stream>,
}

/// What CRYPTO frames of one space brought.
#[derive(Default)]
struct Crypto {
    stream: Stream,
    /// How far its messages were read, and up to where there is no gap.
    read: u32,
    reached: u32,
}

impl Crypto {
    /// The next message that is whole, header included (RFC 8446 §4), and the packets it came in.
    fn next(&mut self) -> Option<(Vec<u8>, Vec<u32>)> {
        self.reached = self.stream.reach(self.reached);
        let head = self.stream.bytes_of(self.read..self.reached.min(self.read + 4));
        let length = 4 + u32::from_be_bytes([0, *head.get(1)?, *head.get(2)?, *head.get(3)?]);
        let range = self.read..self.read.checked_add(length).filter(|end| *end <= self.reached)?;
        self.read = range.end;
        let packets = packets(&self.stream, &(range.start as usize..range.end as usize));
        Some((self.stream.bytes_of(range), packets))
    }
}

/// Keys that are replaced by their successors. RFC 9001 §6.
struct Generations {
    current: Protection,
    previous: Option<Protection>,
    phase: bool,
}

impl Connection {
    /// A connection whose client made up this ID for the server.
    pub(super) fn new(destination: &[u8]) -> Self {
        let sides = Protection::initial(destination).map(Side::new);
        Self { original: destination.to_vec(), sides, random: None, protocol: None, stream_bytes: 0 }
    }

    pub(super) fn original(&self) -> &[u8] {
        &self.original
    }

    /// Opens a packet and takes in what it carries; the connection IDs its sender hands out. `None`: it stays sealed.
    pub(super) fn packet(
        &mut self,
        (n, from_server): (u32, bool),
        (packet, header): (&[u8], &Header),
        secrets: &Secrets,
        opened: &mut Opened,
    ) -> Option<Vec<Vec<u8>>> {
        let side = usize::from(from_server);
        let plain = self.unseal(side, packet, header, secrets)?;
        let space = space(header.kind);
        let largest = &mut self.sides[side].largest[space];
        *largest = Some(largest.unwrap_or(0).max(plain.number));
        let (decoded, frames) = quic::opened(&plain.bytes, plain.number, header.destination.len());
        let who = who(from_server);
        let title = format!("QUIC {} packet {} of the {who}, opened", header.kind.name(), plain.number);
        opened.say(n, "QUIC", decoded.summary.trim_start_matches("QUIC "));
        let mut issued = Vec::new();
        for carried in frames.carried {
            match carried {
                Carried::Crypto { offset, bytes } => {
                    self.crypto(side, space, offset, &plain.bytes[bytes], n);
                }
                Carried::Stream { id, offset, bytes } => self.stream(side, id, offset, &plain.bytes[bytes], n),
                Carried::ConnectionId(bytes) => issued.push(plain.bytes[bytes].to_vec()),
            }
        }
        opened.push(Unit { title, packets: vec![n], from_server, bytes: plain.bytes, decoded });
        self.handshake(side, space, opened);
        Some(issued)
    }

    /// Reads what the streams carried, when all packets are in.
    pub(super) fn finish(&self, opened: &mut Opened) {
        let [client, server] = &self.sides;
        let streams = [&client.streams, &server.streams];
        match self.protocol.as_deref() {
            Some("h3") => http3::read(streams, opened),
            _ => streams::read(streams, opened),
        }
    }

    fn unseal(&mut self, side: usize, packet: &[u8], header: &Header, secrets: &Secrets) -> Option<protection::Opened> {
        let largest = self.sides[side].largest[space(header.kind)];
        let open = |protection: &Protection| open(protection, packet, header, largest);
        if header.kind == Kind::Initial {
            let opened = open(&self.sides[side].initial);
            // RFC 9001 §5.2: after a Retry the keys come from the ID the server gave in it.
            return opened.or_else(|| if side == 0 { self.retried(packet, header) } else { None });
        }
        let label = match (header.kind, side) {
            (Kind::ZeroRtt, 0) => "CLIENT_EARLY_TRAFFIC_SECRET",
            (Kind::Handshake, 0) => "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            (Kind::Handshake, _) => "SERVER_HANDSHAKE_TRAFFIC_SECRET",
            (Kind::OneRtt, 0) => "CLIENT_TRAFFIC_SECRET_0",
            (Kind::OneRtt, _) => "SERVER_TRAFFIC_SECRET_0",
            _ => return None,
        };
        let secrets: Vec<&[u8]> = secrets.of(self.random.as_deref()?, label).collect();
        let side = &mut self.sides[side];
        let kept = match header.kind {
            Kind::ZeroRtt => &mut side.early,
            Kind::Handshake => &mut side.handshake,
            _ => return side.application(packet, header, &secrets, largest),
        };
        if let Some(protection) = kept {
            return open(protection);
        }
        let (protection, opened) = first(&secrets, open)?;
        *kept = Some(protection);
        Some(opened)
    }

    fn retried(&mut self, packet: &[u8], header: &Header) -> Option<protection::Opened> {
        let [client, server] = Protection::initial(&packet[header.destination.clone()]);
        let opened = open(&client, packet, header, None)?;
        self.sides[0].initial = client;
        self.sides[1].initial = server;
        Some(opened)
    }

    fn crypto(&mut self, side: usize, space: usize, offset: u64, bytes: &[u8], n: u32) {
        if let Some(offset) = u32::try_from(offset).ok().filter(|it| u64::from(*it) < MOST_CRYPTO) {
            self.sides[side].crypto[space].stream.insert(offset, bytes, n);
        }
    }

    fn stream(&mut self, side: usize, id: u64, offset: u64, bytes: &[u8], n: u32) {
        let Ok(offset) = u32::try_from(offset) else { return };
        let streams = &mut self.sides[side].streams;
        self.stream_bytes = self.stream_bytes.saturating_add(bytes.len());
        if self.stream_bytes <= MOST_STREAM_BYTES && (streams.len() < MOST_STREAMS || streams.contains_key(&id)) {
            streams.entry(id).or_default().insert(offset, bytes, n);
        }
    }

    /// Makes units of the handshake's messages that are whole by now.
    fn handshake(&mut self, side: usize, space: usize, opened: &mut Opened) {
        while let Some((message, packets)) = self.sides[side].crypto[space].next() {
            if message[0] == 1 && side == 0 {
                self.random = message.get(6..38).map(<[u8]>::to_vec);
            }
            let (decoded, name) = read_message(&message);
            if let Some(last) = packets.iter().max() {
                opened.say(*last, "TLS", &name);
            }
            // The client offers protocols, the server's EncryptedExtensions names the one.
            if let Some(field) = decoded.field("tls.handshake.extensions_alpn_str") {
                self.protocol = Some(field.value.clone());
            }
            let title = format!("TLS {name} of the {}, out of CRYPTO frames", who(side == 1));
            opened.push(Unit { title, packets, from_server: side == 1, bytes: message, decoded });
        }
    }
}

impl Side {
    fn new(initial: Protection) -> Self {
        Self {
            initial,
            early: None,
            handshake: None,
            application: None,
            largest: [None; 3],
            crypto: Default::default(),
            streams: BTreeMap::new(),
        }
    }

    /// A packet of 1-RTT: by the keys of now, by their successors, or by those before.
    fn application(
        &mut self,
        packet: &[u8],
        header: &Header,
        secrets: &[&[u8]],
        largest: Option<u64>,
    ) -> Option<protection::Opened> {
        let Some(keys) = &mut self.application else {
            let (current, opened) = first(secrets, |protection| open(protection, packet, header, largest))?;
            self.application = Some(Generations { current, previous: None, phase: opened.bytes[0] & 4 != 0 });
            return Some(opened);
        };
        let mut bytes = packet.to_vec();
        let length = keys.current.unmask(&mut bytes, header.number_at)?;
        let unseal = |keys: &Protection| keys.unseal(bytes.clone(), header.number_at, length, largest);
        if (bytes[0] & 4 != 0) == keys.phase {
            return unseal(&keys.current);
        }
        let next = keys.current.updated();
        if let Some(opened) = unseal(&next) {
            keys.previous = Some(std::mem::replace(&mut keys.current, next));
            keys.phase = !keys.phase;
            return Some(opened);
        }
        keys.previous.as_ref().and_then(unseal)
    }
}

/// The keys that open a packet: the key log names no suite, and may have several secrets of one label.
fn first<T>(secrets: &[&[u8]], open: impl Fn(&Protection) -> Option<T>) -> Option<(Protection, T)> {
    let suites = |secret: &&[u8]| Suite::of_secret(secret.len());
    let all = secrets.iter().flat_map(|secret| suites(secret).iter().map(move |suite| Protection::new(*suite, secret)));
    all.map(|protection| (open(&protection), protection)).find_map(|(opened, protection)| Some((protection, opened?)))
}

fn open(protection: &Protection, packet: &[u8], header: &Header, largest: Option<u64>) -> Option<protection::Opened> {
    let mut bytes = packet.to_vec();
    let length = protection.unmask(&mut bytes, header.number_at)?;
    protection.unseal(bytes, header.number_at, length, largest)
}

const fn space(kind: Kind) -> usize {
    match kind {
        Kind::Initial => 0,
        Kind::Handshake => 1,
        _ => 2,
    }
}

const fn who(server: bool) -> &'static str {
    if server { "server" } else { "client" }
}

fn read_message(message: &[u8]) -> (Decoded, String) {
    let mut r = Reader::new(message, 0..message.len(), true);
    let name = tls::messages(&mut r, tls::Messages { is_13: true, ..tls::Messages::default() });
    let (layer, problems) = r.finish("tls", "Transport Layer Security, handshake");
    (Decoded { layers: vec![layer], problems, summary: format!("TLS {name}") }, name)
}
