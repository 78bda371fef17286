//! One direction of a connection, record after record: what is in the clear is read, what is sealed is opened.
use std::collections::VecDeque;
use std::ops::Range;

use super::keys::{self, Keys};
use super::messages::{Assembler, Message};
use super::record::{self, Plaintext};
use super::{Opened, Plain, Settled, Stage, Unit, hello, records};
use crate::wire::tls::{self, Messages};
use crate::wire::walk::{self, Next};
use crate::wire::{dns, http};

/// Bytes of a seal: of every suite that is opened here (RFC 5116 §5, RFC 8439 §2.8).
const SEAL: usize = 16;

/// A direction while it is walked through.
pub(super) struct Side<'a> {
    settled: &'a Settled<'a>,
    from_server: bool,
    /// Keys not used up, the one in use first, with the secret each was made of.
    keys: VecDeque<(Stage, Keys, Vec<u8>)>,
    /// TLS 1.2: all behind the change cipher spec is sealed.
    changed: bool,
    messages: Assembler,
    pub(super) protocol: Option<Vec<u8>>,
    pub(super) said: Plain,
    /// Where that stood, sealed: from which byte of TCP's stream, which bytes of it.
    pub(super) placed: Vec<(usize, Range<usize>)>,
    /// Where the record begins that is read.
    at: usize,
}

impl<'a> Side<'a> {
    pub(super) fn new(settled: &'a Settled<'a>, from_server: bool, protocol: Option<Vec<u8>>) -> Self {
        let keys = settled.keys(from_server).into();
        let (messages, said, placed) = (Assembler::default(), Plain::default(), Vec::new());
        Self { settled, from_server, keys, changed: false, messages, protocol, said, placed, at: 0 }
    }

    /// Reads all records; their units and lines go to `opened`.
    pub(super) fn walk(mut self, stream: &Plain, opened: &mut Opened) -> Self {
        let mut begins: Vec<usize> = Vec::new();
        for range in records(stream) {
            begins.push(range.start);
            // Whether the packet that ends with it shows this record by itself: it is all in one, behind whole records.
            let packet = stream.piece(range.start);
            let in_frame = packet.end >= range.end && begins.binary_search(&packet.start).is_ok();
            let packets = stream.packets(&range);
            self.at = range.start;
            self.record(&stream.bytes()[range], &packets, in_frame, opened);
        }
        self
    }

    fn record(&mut self, record: &[u8], packets: &[u32], in_frame: bool, opened: &mut Opened) {
        let Some(shown) = packets.iter().max().copied() else { return };
        match record[0] {
            20 if self.settled.chosen.is_none_or(|it| it.is_13) => {}
            20 => {
                self.changed = true;
                opened.say(shown, "TLS", tls::content_name(20));
            }
            23 => self.sealed(record, packets, opened),
            _ if self.changed => self.sealed(record, packets, opened),
            _ => self.clear(record, packets, in_frame, opened),
        }
    }

    /// A record that nothing seals: the frame explains it, unless it came in several.
    fn clear(&mut self, record: &[u8], packets: &[u32], in_frame: bool, opened: &mut Opened) {
        let title = format!("TLS record of the {}, put together", self.name());
        let decoded = walk::inside(record, 0..record.len(), Next::Tls);
        self.tell(packets, &decoded.summary, opened);
        if !in_frame {
            self.push(title, packets, record.to_vec(), decoded, opened);
        }
        if record[0] == 22 {
            self.take(&record[5..], packets, opened);
        }
    }

    fn sealed(&mut self, record: &[u8], packets: &[u32], opened: &mut Opened) {
        let version = self.settled.version();
        let Some((stage, bytes)) = self.open(record) else {
            if !self.keys.is_empty() {
                let title = format!("{version} record of the {}, which does not open", self.name());
                let decoded = record::sealed(record);
                self.tell(packets, &decoded.summary, opened);
                self.push(title, packets, record.to_vec(), decoded, opened);
            }
            return;
        };
        let is_13 = version == "TLS 1.3";
        let inner = if is_13 { record::inner(&bytes) } else { Some((bytes.len(), record[0])) };
        // RFC 8446 §5.4: a record of zeros only has no type.
        let (content, kind) = inner.unwrap_or((bytes.len(), 0));
        let plain = &bytes[..content];
        let continued = if kind == 22 { self.messages.continued(plain) } else { 0 };
        let messages = Messages { is_13, continued, ..Messages::default() };
        let inside = self.inside(plain);
        let decoded = record::decode(&Plaintext { bytes: &bytes, content, kind, messages, inside });
        let key = if is_13 { stage.words() } else { "write key" };
        let title = format!("{version} record of the {}, opened with its {key}", self.name());
        self.tell(packets, &decoded.summary, opened);
        self.push(title, packets, bytes.clone(), decoded, opened);
        match kind {
            22 => self.take(plain, packets, opened),
            23 => {
                // Header and nonce (TLS 1.2) before it, the seal of 16 bytes behind.
                let before = record.len().saturating_sub(bytes.len() + SEAL);
                let said = self.said.bytes().len();
                self.placed.push((self.at + before, said..said + plain.len()));
                self.said.push(plain, packets);
            }
            _ => {}
        }
    }

    /// The first of the keys that fits; those before it are used up.
    fn open(&mut self, record: &[u8]) -> Option<(Stage, Vec<u8>)> {
        for index in 0..self.keys.len() {
            if let Some(bytes) = self.keys[index].1.open(record) {
                self.keys.drain(..index);
                return Some((self.keys[0].0, bytes));
            }
        }
        if let Some((_, keys, _)) = self.keys.front_mut() {
            keys.skip();
        }
        None
    }

    /// Takes a record's handshake messages: some change what comes after, some came in several records.
    fn take(&mut self, content: &[u8], packets: &[u32], opened: &mut Opened) {
        for message in self.messages.take(content, packets) {
            match message.kind() {
                Some(8) => self.protocol = hello::protocol(message.body()).or(self.protocol.take()),
                Some(24) => self.update(),
                _ => {}
            }
            if message.records > 1 {
                self.joined(&message, opened);
            }
        }
    }

    fn joined(&self, message: &Message, opened: &mut Opened) {
        let bytes = &message.bytes;
        let messages = Messages { is_13: self.settled.is_13(), ..Messages::default() };
        let decoded = record::decode(&Plaintext {
            bytes,
            content: bytes.len(),
            kind: 22,
            messages,
            inside: Next::Data("a message"),
        });
        let title = format!("handshake message of the {}, put together from {} records", self.name(), message.records);
        self.tell(&message.packets, &decoded.summary, opened);
        self.push(title, &message.packets, bytes.clone(), decoded, opened);
    }

    /// RFC 8446 §4.6.3: what follows a KeyUpdate is sealed with the next key.
    fn update(&mut self) {
        let suite = self.settled.chosen.and_then(|it| keys::suite(it.suite));
        if let (Some(suite), Some((Stage::Application, keys, secret))) = (suite, self.keys.front_mut())
            && let Some(next) = keys::updated(suite, secret)
            && let Some(made) = Keys::of_secret(suite, &next)
        {
            (*keys, *secret) = (made, next);
        }
    }

    /// Who reads application data that begins so.
    fn inside(&self, content: &[u8]) -> Next {
        match self.protocol.as_deref() {
            Some(b"h2") => Next::Data("HTTP/2"),
            Some(b"dot") if dns::begins_stream_message(content) => Next::DnsStream,
            None if self.settled.port == 853 && dns::begins_stream_message(content) => Next::DnsStream,
            _ if http::begins(content) => Next::Http,
            _ => Next::Data("the stream inside"),
        }
    }

    const fn name(&self) -> &'static str {
        if self.from_server { "server" } else { "client" }
    }

    /// Adds a summary, `TLS Finished`, to the line of the packet it is shown at.
    fn tell(&self, packets: &[u32], summary: &str, opened: &mut Opened) {
        let Some(shown) = packets.iter().max() else { return };
        let (protocol, what) = summary.split_once(' ').unwrap_or(("TLS", summary));
        let known = ["TLS", "HTTP", "DNS"].into_iter().find(|it| *it == protocol);
        opened.say(*shown, known.unwrap_or("TLS"), if known.is_some() { what } else { summary });
    }

    fn push(&self, title: String, packets: &[u32], bytes: Vec<u8>, decoded: crate::wire::Decoded, opened: &mut Opened) {
        opened.push(Unit { title, packets: packets.to_vec(), from_server: self.from_server, bytes, decoded });
    }
}
