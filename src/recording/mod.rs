//! What a run left behind: packets, events, phases, samples, numbers, all with the run's own time.
//!
//! A demo returns one, a view draws one, a file keeps one. It knows nothing of any demo and of any screen.
pub mod beside;
pub mod json;
mod kept;
mod live;
pub mod opened;
#[cfg(test)]
mod sample;
pub mod saved;
mod step;
mod table;
pub mod text;
mod time;
pub mod vantage;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::quantity::Quantity;
pub use live::Live;
pub use step::{Fact, Step, Value};
pub use table::{Cell, Column, Row, Table};
pub use time::Time;

/// A whole run. Indices (`node`, `link`) point into its [`Topology`]; packet numbers start at 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    pub run: Run,
    pub topology: Topology,
    /// Every crossing of every link, ordered and numbered by the instant it was handed to the link.
    pub packets: Vec<Packet>,
    /// What happened inside hosts, ordered by start.
    pub events: Vec<Event>,
    /// The rows of a trace, in the order they happened; empty where a run is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// Bars of the timing waterfall, ordered by lane and start.
    pub spans: Vec<Span>,
    /// Curves of the chart.
    pub series: Vec<Series>,
    /// The numbers of this run, in the order they are shown.
    pub measurements: Vec<Measurement>,
    /// Rows that belong together: hops, routes, steps.
    #[serde(default)]
    pub tables: Vec<Table>,
    /// Named instants, ordered by time.
    pub markers: Vec<Marker>,
    /// When the run was over.
    pub end: Time,
    /// What deciphers the TLS of these packets, a line each secret (the SSLKEYLOGFILE format); empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub secrets: String,
}

/// What reproduces a run exactly: saved, shared, attached to a bug report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub demo: String,
    /// Every knob with its value as the command line would take it (`rtt` = `80ms`).
    pub knobs: BTreeMap<String, String>,
    pub seed: u64,
    /// Forks: what was done to which packet.
    #[serde(default)]
    pub interventions: Vec<Intervention>,
    /// Set when real sockets made it: then nothing makes it again.
    #[serde(default)]
    pub live: Option<Live>,
}

/// A change to one packet; all before it is as it was, all after it is the other future.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intervention {
    /// The packet's number in the run without this intervention.
    pub packet: u32,
    pub action: Meddling,
}

/// What was done to the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meddling {
    Drop,
    /// Arrives this much later than it would have.
    Delay(Duration),
    /// Arrives twice.
    Duplicate,
}

/// Who is there, and what connects them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topology {
    pub nodes: Vec<Node>,
    pub links: Vec<Link>,
}

/// A host, switch or router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Unique and short: it labels lifelines and taps (`client`, `r1`).
    pub name: String,
    pub kind: NodeKind,
    pub interfaces: Vec<Interface>,
    /// Where it stands on the topology's grid, column and row from the top left.
    pub place: (u8, u8),
}

/// What a node does with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    Host,
    Switch,
    Router,
}

/// A network interface; a switch's ports have neither address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    pub name: String,
    pub mac: Option<String>,
    pub addresses: Vec<IpAddr>,
}

/// A cable between two interfaces, with the properties the run gave it, as text for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Unique: `client-switch`.
    pub name: String,
    pub ends: [LinkEnd; 2],
    /// `10 ms`, `10 Mbit/s`, `loss 1 %`: what is modelled about it.
    pub properties: Vec<String>,
}

/// One end of a link: a node and the index of its interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkEnd {
    pub node: usize,
    pub interface: usize,
}

/// One frame crossing one link in one direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packet {
    /// 1 for the first of the run.
    pub n: u32,
    pub link: usize,
    /// Node indices.
    pub from: usize,
    pub to: usize,
    /// When the sender handed it to the link: a capture at the sender shows this instant.
    pub at: Time,
    /// When its first bit went out, after any queue. Equal to `at` where nothing waited.
    pub left: Time,
    /// When its last bit was in: a capture at the receiver shows this instant. `None` when it never arrived, or was still
    /// on its way when the run ended.
    pub arrived: Option<Time>,
    pub fate: Fate,
    /// The Ethernet frame, without preamble and FCS.
    #[serde(with = "crate::recording::hex")]
    pub bytes: Vec<u8>,
    /// One line for lists, from [`crate::wire`].
    pub summary: String,
    /// Why the sender sent it, where the sender knows.
    pub reason: Option<String>,
}

/// What became of a packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    Delivered,
    /// The link lost it; the text says by which model (`random loss`, `the 3rd packet`).
    Lost(String),
    /// The queue in front of the link was full.
    QueueFull,
    /// An [`Intervention`] did this.
    Meddled(Meddling),
    /// Nobody sent this one: the link made it of packet `of`, and it arrived as well.
    Copy {
        of: u32,
    },
}

/// Something that happened inside a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub at: Time,
    /// For what takes time (a blocking call): when it was over.
    pub until: Option<Time>,
    pub node: usize,
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum EventKind {
    /// A program called its socket: `recv(fd 4, 1024)` and what came back (`= 512`).
    Call { call: String, result: String },
    /// A state machine moved: `tcp 192.0.2.1:80`, `SYN-SENT`, `ESTABLISHED`.
    State { machine: String, from: String, to: String },
    /// A choice with its reason: `ARP: who has 10.0.0.2? no entry in the table`.
    Decision { text: String },
    /// A program got or finished something worth a word: `message 3 complete`.
    Note { text: String },
}

/// A bar of the waterfall.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Bars of one lane share a row group (`TCP`, `request 3`).
    pub lane: String,
    pub name: String,
    pub from: Time,
    pub to: Time,
    /// The packets that begin and end it, where there are such.
    pub packets: Option<(u32, u32)>,
}

/// A curve: values over time, in integers of the unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    pub name: String,
    pub unit: crate::quantity::Unit,
    pub points: Vec<(Time, i64)>,
}

/// A number of this run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measurement {
    /// Stable, for JSON, lessons and grading: `client_may_send`.
    pub name: String,
    /// What it is, for a person: `the client may send`.
    pub label: String,
    pub value: Quantity,
    /// How it was measured, or the formula it obeys: `the SYN out to the SYN-ACK in (1 RTT when nothing is lost)`.
    pub how: String,
}

/// A named instant, which lessons and keys jump to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// Stable: `syn-ack`.
    pub name: String,
    /// For a person: `the SYN-ACK arrives`.
    pub label: String,
    pub at: Time,
    /// The packet it is about.
    pub packet: Option<u32>,
}

impl Recording {
    /// The measurement of that name.
    #[must_use]
    pub fn measurement(&self, name: &str) -> Option<&Measurement> {
        self.measurements.iter().find(|it| it.name == name)
    }

    /// The marker of that name.
    #[must_use]
    pub fn marker(&self, name: &str) -> Option<&Marker> {
        self.markers.iter().find(|it| it.name == name)
    }

    /// The table of that name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|it| it.name == name)
    }

    /// The packet of that number.
    #[must_use]
    pub fn packet(&self, n: u32) -> Option<&Packet> {
        let index = usize::try_from(n.checked_sub(1)?).ok()?;
        self.packets.get(index)
    }

    /// The name of a node by its index; empty when there is no such node.
    #[must_use]
    pub fn node_name(&self, index: usize) -> &str {
        self.topology.nodes.get(index).map_or("", |it| &it.name)
    }

    /// The name of a link by its index; empty when there is no such link.
    #[must_use]
    pub fn link_name(&self, index: usize) -> &str {
        self.topology.links.get(index).map_or("", |it| &it.name)
    }

    /// The node of that name.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<usize> {
        self.topology.nodes.iter().position(|it| it.name == name)
    }
}

/// Bytes as hexadecimal text in JSON.
pub(crate) mod hex {
    use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&HEXLOWER.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = HEXLOWER_PERMISSIVE.decode(text.as_bytes());
        digits.map_err(|_| D::Error::custom("bytes are pairs of hexadecimal digits"))
    }
}
