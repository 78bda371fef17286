//! What a capture says of the parts of a visit: tshark opens it with the server's keys.
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::path::SERVER;

/// A part of a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Dns,
    Tcp,
    /// From the `ClientHello` to the server's Finished.
    Tls,
    /// From the open connection to the server's Finished: how curl counts it, with the time in which it makes its hello.
    AfterTcp,
    Quic,
    Wait,
    Body,
}

/// A packet at the near end.
#[derive(Debug)]
struct Packet {
    at: Duration,
    /// From the server.
    came: bool,
    protocols: String,
    /// The number of its TCP connection.
    stream: Option<usize>,
    syn: bool,
    /// Types of TLS's handshake messages in it: 1 is `ClientHello`, 20 is Finished (RFC 8446 §4).
    handshake: Vec<u8>,
    /// Types of TLS's records in it, as they are inside: 23 is a program's data (RFC 8446 §5.1).
    records: Vec<u8>,
    /// Numbers of QUIC's streams in it.
    streams: Vec<u64>,
}

/// The packets, in order.
pub(super) struct Capture(Vec<Packet>);

const FIELDS: [&str; 8] = [
    "frame.time_epoch",
    "ip.src",
    "frame.protocols",
    "tcp.stream",
    "tcp.flags.syn",
    "tls.handshake.type",
    "tls.record.content_type",
    "quic.stream.stream_id",
];

impl Capture {
    pub(super) fn read(folder: &Path) -> Self {
        let mut tshark = Command::new("tshark");
        tshark.arg("-r").arg(folder.join("capture.pcapng"));
        tshark.arg("-o").arg(format!("tls.keylog_file:{}", folder.join("keys").display()));
        tshark.args(["-o", "http.desegment_body:FALSE", "-T", "fields", "-E", "separator=|", "-E", "aggregator=,"]);
        for field in FIELDS {
            tshark.args(["-e", field]);
        }
        let output = tshark.output().expect("tests/run installs tshark");
        let text = String::from_utf8_lossy(&output.stdout);
        let packets: Vec<Packet> = text.lines().filter_map(packet).collect();
        assert!(!packets.is_empty(), "tshark reads nothing: {}", String::from_utf8_lossy(&output.stderr));
        Self(packets)
    }

    /// From one packet to another.
    fn between(&self, what: Part, from: Option<&Packet>, to: Option<&Packet>) -> Duration {
        match (from, to) {
            (Some(from), Some(to)) => {
                to.at.checked_sub(from.at).unwrap_or_else(|| panic!("{what:?} ends before it begins: {from:?}, {to:?}"))
            }
            ends => panic!("the capture has no {what:?}: {ends:?} of {:#?}", self.0),
        }
    }

    /// The lookup between two packets.
    fn lookup(&self, part: Part, from: usize, before: usize) -> Duration {
        let dns = || self.0[from..before].iter().filter(|it| it.carries("dns"));
        self.between(part, dns().find(|it| !it.came), dns().rfind(|it| it.came))
    }

    /// The number of the last TCP connection.
    pub(super) fn last(&self) -> usize {
        self.0.iter().filter_map(|it| it.stream).max().expect("a connection")
    }

    /// How long a part took on the TCP connection of that number.
    pub(super) fn over_tcp(&self, part: Part, stream: usize) -> Duration {
        let own = |it: &&Packet| it.stream == Some(stream);
        let all = || self.0.iter().filter(own);
        let syn = all().find(|it| it.syn && !it.came);
        let open = all().find(|it| it.syn && it.came);
        let finished = all().find(|it| it.came && it.handshake.contains(&20));
        let http = |came: bool| all().filter(move |it| it.came == came && it.carries("http"));
        let begins = |stream: usize| self.0.iter().position(|it| it.stream == Some(stream)).expect("a SYN");
        match part {
            Part::Dns => self.lookup(part, stream.checked_sub(1).map_or(0, begins), begins(stream)),
            Part::Tcp => self.between(part, syn, open),
            Part::Tls => self.between(part, all().find(|it| !it.came && it.handshake.contains(&1)), finished),
            Part::AfterTcp => self.between(part, open, finished),
            Part::Wait => self.between(part, http(false).next(), http(true).next()),
            Part::Body => self.between(part, http(true).next(), all().rfind(|it| it.came && it.records.contains(&23))),
            Part::Quic => unreachable!("that is no part over TCP"),
        }
    }

    /// How long a part took on the QUIC connection.
    pub(super) fn over_quic(&self, part: Part) -> Duration {
        let all = || self.0.iter().filter(|it| it.carries("quic"));
        let first = self.0.iter().position(|it| it.carries("quic")).expect("an Initial");
        let finished = all().find(|it| it.came && it.handshake.contains(&20));
        // The first request's stream (RFC 9000 §2.1).
        let stream = |came: bool| all().filter(move |it| it.came == came && it.streams.contains(&0));
        match part {
            Part::Dns => self.lookup(part, 0, first),
            Part::Quic => self.between(part, self.0.get(first), finished),
            Part::Wait => self.between(part, stream(false).next(), stream(true).next()),
            Part::Body => self.between(part, stream(true).next(), stream(true).next_back()),
            Part::Tcp | Part::Tls | Part::AfterTcp => unreachable!("that is no part over QUIC"),
        }
    }
}

impl Packet {
    /// Whether something of that protocol is in it: for HTTP, of its body too.
    fn carries(&self, protocol: &str) -> bool {
        self.protocols.split(':').any(|it| it == protocol)
    }
}

/// A line of tshark's.
fn packet(line: &str) -> Option<Packet> {
    let cells: Vec<&str> = line.split('|').collect();
    let [at, from, protocols, stream, syn, handshake, records, streams] = cells.as_slice() else { return None };
    let (seconds, rest) = at.split_once('.')?;
    let nanos: u32 = format!("{rest:0<9}").get(..9)?.parse().ok()?;
    let from: std::net::Ipv4Addr = from.parse().ok()?;
    Some(Packet {
        at: Duration::new(seconds.parse().ok()?, nanos),
        came: from.octets() == SERVER,
        protocols: (*protocols).to_owned(),
        stream: stream.parse().ok(),
        syn: matches!(*syn, "1" | "True"),
        handshake: numbers(handshake),
        records: numbers(records),
        streams: numbers(streams),
    })
}

fn numbers<T: std::str::FromStr>(cell: &str) -> Vec<T> {
    cell.split(',').filter_map(|it| it.parse().ok()).collect()
}
