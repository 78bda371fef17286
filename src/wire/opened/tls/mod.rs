//! TLS over TCP: the records of a connection, opened in their order, each direction with its own keys.
mod hello;
mod keys;
mod messages;
mod record;
mod side;

use std::ops::Range;

use super::{Dialogue, Opened, Plain, Secrets, Unit};
use crate::wire::analysis::Flow;
use crate::wire::tls as records;
use hello::Chosen;
use keys::{Keys, Suite};
use messages::Assembler;
use side::Side;

/// More records of a direction than this are not looked at.
const MOST_RECORDS: usize = 100_000;
/// Connections with the same ClientHello (one was replayed) have secrets of the same name: so many are tried.
const MOST_SECRETS: usize = 4;
/// The cipher suites of TLS 1.3: early data is sealed before the server has chosen one.
const SUITES_13: [u16; 3] = [0x1301, 0x1302, 0x1303];

/// What a key is for, in the order a direction uses them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Early,
    Handshake,
    Application,
}

impl Stage {
    const fn words(self) -> &'static str {
        match self {
            Self::Early => "early traffic key",
            Self::Handshake => "handshake traffic key",
            Self::Application => "application traffic key",
        }
    }
}

/// What the hellos settled, and the secrets that belong to it.
struct Settled<'a> {
    random: [u8; 32],
    chosen: Option<Chosen>,
    secrets: &'a Secrets,
    /// The server's port: what is spoken there when no protocol was agreed on.
    port: u16,
}

/// Opens a connection's records; what was said inside comes back. `None` where it is no TLS.
pub(in crate::wire) fn open(flow: &Flow, secrets: &Secrets, opened: &mut Opened) -> Option<Dialogue> {
    let streams = [&flow.streams[0], &flow.streams[1]].map(Plain::of);
    let random =
        clear_messages(&streams[0]).find(|it| it.kind() == Some(1)).and_then(|it| hello::client_random(it.body()))?;
    let hellos: Vec<_> = clear_messages(&streams[1]).filter(|it| it.kind() == Some(2)).collect();
    let hello = hellos.iter().find(|it| hello::chosen(it.body()).is_some());
    let chosen = hello.and_then(|it| hello::chosen(it.body()));
    let settled = Settled { random, chosen, secrets, port: flow.server.1 };
    let protocol = hello.and_then(|it| hello::protocol_of_hello(it.body()));
    let [client, server] = streams;
    // The server's side first: it says which protocol both speak inside.
    let server = Side::new(&settled, true, protocol).walk(&server, opened);
    let client = Side::new(&settled, false, server.protocol.clone()).walk(&client, opened);
    let placed = [client.placed, server.placed];
    Some(Dialogue { protocol: server.protocol, sides: [client.said, server.said], placed })
}

impl Settled<'_> {
    fn is_13(&self) -> bool {
        self.chosen.is_some_and(|it| it.is_13)
    }

    /// The version's name, for titles.
    fn version(&self) -> &'static str {
        match self.chosen {
            Some(Chosen { is_13: false, .. }) => "TLS 1.2",
            _ => "TLS 1.3",
        }
    }

    fn secrets(&self, label: &str) -> impl Iterator<Item = &[u8]> {
        self.secrets.of(&self.random, label).take(MOST_SECRETS)
    }

    /// The keys of a direction in the order of their use, each with the secret it was made of.
    fn keys(&self, from_server: bool) -> Vec<(Stage, Keys, Vec<u8>)> {
        let mut all = Vec::new();
        let mut add = |stage, suite: Option<Suite>, label: &str| {
            let Some(suite) = suite else { return };
            for secret in self.secrets(label).filter(|it| it.len() == suite.hash.length()) {
                all.extend(Keys::of_secret(suite, secret).map(|keys| (stage, keys, secret.to_vec())));
            }
        };
        let suite = self.chosen.and_then(|it| keys::suite(it.suite));
        if !from_server {
            SUITES_13.iter().for_each(|it| add(Stage::Early, keys::suite(*it), "CLIENT_EARLY_TRAFFIC_SECRET"));
        }
        if self.is_13() {
            let side = if from_server { "SERVER" } else { "CLIENT" };
            add(Stage::Handshake, suite, &format!("{side}_HANDSHAKE_TRAFFIC_SECRET"));
            add(Stage::Application, suite, &format!("{side}_TRAFFIC_SECRET_0"));
            return all;
        }
        let (Some(chosen), Some(suite)) = (self.chosen, suite) else { return all };
        for master in self.secrets("CLIENT_RANDOM") {
            let keys = Keys::of_master(suite, master, [&self.random, &chosen.random], from_server);
            all.extend(keys.map(|keys| (Stage::Application, keys, Vec::new())));
        }
        all
    }
}

/// Where the whole records of a direction lie, as far as it is TLS.
fn records(stream: &Plain) -> impl Iterator<Item = Range<usize>> {
    let bytes = stream.bytes();
    let mut at = 0;
    let next = move || {
        let length = records::whole(bytes.get(at..)?)?;
        at += length;
        Some(at - length..at)
    };
    std::iter::from_fn(next).take(MOST_RECORDS)
}

/// The handshake messages before anything is sealed.
fn clear_messages(stream: &Plain) -> impl Iterator<Item = messages::Message> {
    let bytes = stream.bytes();
    let mut assembler = Assembler::default();
    let clear = records(stream).take_while(|it| matches!(bytes[it.start], 20 | 22)).filter(|it| bytes[it.start] == 22);
    clear.flat_map(move |it| assembler.take(&bytes[it.start + 5..it.end], &[]))
}

/// What a record's content is taken apart into.
#[cfg(test)]
pub(super) fn decoded(bytes: &[u8], kind: u8, is_13: bool) -> crate::wire::Decoded {
    let messages = records::Messages { is_13, ..records::Messages::default() };
    let inside = crate::wire::walk::Next::Data("the stream inside");
    record::decode(&record::Plaintext { bytes, content: bytes.len(), kind, messages, inside })
}
