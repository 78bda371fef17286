//! A run as JSON: the stable form of `roundtrip demo NAME --json`, described in [`SHAPE`].
use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::SerializeMap as _;

use super::{Cell, EventKind, Fate, Interface, Intervention, Meddling, NodeKind, Recording, Time};

/// What stands in it. The command line's help prints this, and a test holds the JSON to it.
pub const SHAPE: &str = r#"{
  "demo": "tcp-echo", "seed": 1, "knobs": {"rtt": "80ms"},
  "interventions": [{"packet": 2, "action": "drop"}],
  "live": null,
  "end_ns": 160000000,
  "measurements": [{"name": "handshake", "value": 80000000,
    "unit": "ns", "label": "..", "how": ".."}],
  "markers": [{"name": "syn-ack", "at_ns": 80000000, "label": "..",
    "packet": 2}],
  "tables": [{"name": "hops", "label": "..", "rows": [
    {"ttl": 1, "from": "10.0.0.1", "rtt_ns": null, "packet": 7}]}],
  "packets": [{"n": 1, "at_ns": 0, "tap": "client-server",
    "from": "client", "to": "server", "len": 74,
    "summary": "TCP 49152 > 80 [SYN] ..", "reason": null,
    "left_ns": 0, "arrived_ns": 40000000,
    "fate": "delivered", "fate_reason": null}],
  "events": [{"at_ns": 0, "until_ns": null, "node": "client",
    "kind": "call", "call": "connect(..)", "result": ".."}],
  "steps": [{"n": 1, "at_ns": 0, "until_ns": 80000000,
    "node": "client", "depth": 0, "kind": "answer", "title": "..",
    "facts": {"server": "..", "rtt_ns": 80000000}, "why": "..",
    "packets": [1, 2]}],
  "spans": [{"lane": "TCP", "name": "handshake", "from_ns": 0,
    "to_ns": 80000000, "packets": [1, 2]}],
  "series": [{"name": "queue", "unit": "B", "points": [[0, 1500]]}],
  "nodes": [{"name": "client", "kind": "host", "interfaces":
    [{"name": "eth0", "mac": "..", "addresses": [".."]}]}],
  "links": [{"name": "client-server", "ends": ["client", "server"],
    "properties": ["40 ms"]}]
}

Values are integers of their unit: ns, bit/s, B, ppm or count. Times are nanoseconds of the run's own clock.

at_ns: handed to the link; left_ns: its first bit goes out; arrived_ns: its last bit is in, null where that never was.

fate: delivered, lost, queue_full, dropped, delayed, duplicated or copy. An event's kind: call (call, result), state (machine, from, to), decision (text) or note (text). action: drop, duplicate or delay with secs and nanos.

steps: the rows of a trace (a DNS resolution, a path); depth is 0 for the matter itself, more for what it needed on the way. facts: texts, integers of their unit (times end with _ns) and lists of texts; which there are is the demo's.

tables: the demo decides which, and what stands in a row; a cell is an integer of the unit its name ends with (_ns, _bytes) or a count, a text, or null; packet is the number of the packet the row is about, or null.

live: null, or {host, address} of a run on real sockets: host as it was written, null for a server of its own on loopback. Such a run has no packets.

The same demo, knobs, seed and interventions give the same bytes, but for live runs. Fields may be added; these keep name and meaning. Characters that could drive a terminal are written as \u escapes."#;

#[derive(Serialize)]
struct View<'a> {
    demo: &'a str,
    seed: u64,
    knobs: &'a BTreeMap<String, String>,
    interventions: &'a [Intervention],
    live: Option<&'a super::Live>,
    end_ns: Time,
    measurements: Vec<Measurement<'a>>,
    markers: Vec<Marker<'a>>,
    tables: Vec<Table<'a>>,
    packets: Vec<Packet<'a>>,
    events: Vec<Event<'a>>,
    steps: Vec<Step<'a>>,
    spans: Vec<Span<'a>>,
    series: &'a [super::Series],
    nodes: Vec<Node<'a>>,
    links: Vec<Link<'a>>,
}

#[derive(Serialize)]
struct Measurement<'a> {
    name: &'a str,
    value: i64,
    unit: &'static str,
    label: &'a str,
    how: &'a str,
}

#[derive(Serialize)]
struct Marker<'a> {
    name: &'a str,
    at_ns: Time,
    label: &'a str,
    packet: Option<u32>,
}

#[derive(Serialize)]
struct Table<'a> {
    name: &'a str,
    label: &'a str,
    rows: Vec<Row<'a>>,
}

/// A row with the names of its columns.
struct Row<'a>(&'a [super::Column], &'a super::Row);

impl Serialize for Row<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(columns, row) = self;
        let mut map = serializer.serialize_map(Some(columns.len() + 1))?;
        for (column, cell) in columns.iter().zip(&row.cells) {
            match cell {
                Cell::Empty => map.serialize_entry(&column.name, &None::<i64>)?,
                Cell::Text(text) => map.serialize_entry(&column.name, text)?,
                Cell::Value(value) => map.serialize_entry(&column.name, &value.value)?,
            }
        }
        map.serialize_entry("packet", &row.packet)?;
        map.end()
    }
}

#[derive(Serialize)]
struct Packet<'a> {
    n: u32,
    at_ns: Time,
    tap: &'a str,
    from: &'a str,
    to: &'a str,
    len: usize,
    summary: &'a str,
    reason: Option<&'a str>,
    left_ns: Time,
    arrived_ns: Option<Time>,
    fate: &'static str,
    fate_reason: Option<&'a str>,
}

#[derive(Serialize)]
struct Event<'a> {
    at_ns: Time,
    until_ns: Option<Time>,
    node: &'a str,
    #[serde(flatten)]
    kind: &'a EventKind,
}

#[derive(Serialize)]
struct Step<'a> {
    n: usize,
    at_ns: Time,
    until_ns: Time,
    node: &'a str,
    depth: u8,
    kind: &'a str,
    title: &'a str,
    facts: BTreeMap<String, serde_json::Value>,
    why: &'a str,
    packets: &'a [u32],
}

#[derive(Serialize)]
struct Span<'a> {
    lane: &'a str,
    name: &'a str,
    from_ns: Time,
    to_ns: Time,
    packets: Option<(u32, u32)>,
}

#[derive(Serialize)]
struct Node<'a> {
    name: &'a str,
    kind: NodeKind,
    interfaces: &'a [Interface],
}

#[derive(Serialize)]
struct Link<'a> {
    name: &'a str,
    ends: [&'a str; 2],
    properties: &'a [String],
}

/// The run as JSON, indented, with a line end.
#[must_use]
pub fn json(recording: &Recording) -> String {
    pretty(&view(recording)).expect("the keys of all maps are texts")
}

/// Any value as JSON, indented, with a line end, safe for a terminal.
///
/// # Errors
/// When a map of it has keys that are no texts.
pub fn pretty(value: &impl Serialize) -> serde_json::Result<String> {
    Ok(escaped(&serde_json::to_string_pretty(value)?) + "\n")
}

/// JSON that is safe for a terminal. Characters that could drive one stand only inside strings, where JSON takes them as escapes too (RFC 8259 §7).
#[must_use]
pub fn escaped(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && crate::wire::text::is_hidden(c) {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| safe.push_str(&format!("\\u{unit:04x}")));
        } else {
            safe.push(c);
        }
    }
    safe
}

fn view(recording: &Recording) -> View<'_> {
    let run = &recording.run;
    View {
        demo: &run.demo,
        seed: run.seed,
        knobs: &run.knobs,
        interventions: &run.interventions,
        live: run.live.as_ref(),
        end_ns: recording.end,
        measurements: recording.measurements.iter().map(measurement).collect(),
        markers: recording.markers.iter().map(marker).collect(),
        tables: recording.tables.iter().map(table).collect(),
        packets: recording.packets.iter().map(|it| packet(recording, it)).collect(),
        events: recording.events.iter().map(|it| event(recording, it)).collect(),
        steps: recording.steps.iter().enumerate().map(|(index, it)| step(recording, index, it)).collect(),
        spans: recording.spans.iter().map(span).collect(),
        series: &recording.series,
        nodes: recording.topology.nodes.iter().map(node).collect(),
        links: recording.topology.links.iter().map(|it| link(recording, it)).collect(),
    }
}

fn measurement(it: &super::Measurement) -> Measurement<'_> {
    Measurement { name: &it.name, value: it.value.value, unit: it.value.unit.symbol(), label: &it.label, how: &it.how }
}

fn marker(it: &super::Marker) -> Marker<'_> {
    Marker { name: &it.name, at_ns: it.at, label: &it.label, packet: it.packet }
}

fn table(it: &super::Table) -> Table<'_> {
    let rows = it.rows.iter().map(|row| Row(&it.columns, row)).collect();
    Table { name: &it.name, label: &it.label, rows }
}

fn packet<'a>(recording: &'a Recording, it: &'a super::Packet) -> Packet<'a> {
    Packet {
        n: it.n,
        at_ns: it.at,
        tap: recording.link_name(it.link),
        from: recording.node_name(it.from),
        to: recording.node_name(it.to),
        len: it.bytes.len(),
        summary: &it.summary,
        reason: it.reason.as_deref(),
        left_ns: it.left,
        arrived_ns: it.arrived,
        fate: it.fate.name(),
        fate_reason: it.fate.reason(),
    }
}

fn event<'a>(recording: &'a Recording, it: &'a super::Event) -> Event<'a> {
    Event { at_ns: it.at, until_ns: it.until, node: recording.node_name(it.node), kind: &it.kind }
}

fn step<'a>(recording: &'a Recording, index: usize, it: &'a super::Step) -> Step<'a> {
    Step {
        n: index + 1,
        at_ns: it.at,
        until_ns: it.until,
        node: recording.node_name(it.node),
        depth: it.depth,
        kind: &it.kind,
        title: &it.title,
        facts: it.facts.iter().map(|fact| (fact.key(), fact.json())).collect(),
        why: &it.why,
        packets: &it.packets,
    }
}

fn span(it: &super::Span) -> Span<'_> {
    Span { lane: &it.lane, name: &it.name, from_ns: it.from, to_ns: it.to, packets: it.packets }
}

fn node(it: &super::Node) -> Node<'_> {
    Node { name: &it.name, kind: it.kind, interfaces: &it.interfaces }
}

fn link<'a>(recording: &'a Recording, it: &'a super::Link) -> Link<'a> {
    Link { name: &it.name, ends: it.ends.map(|end| recording.node_name(end.node)), properties: &it.properties }
}

impl Fate {
    /// One stable word: `delivered`, `lost`, `queue_full`, `dropped`, `delayed`, `duplicated`, `copy`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Lost(_) => "lost",
            Self::QueueFull => "queue_full",
            Self::Copy { .. } => "copy",
            Self::Meddled(Meddling::Drop) => "dropped",
            Self::Meddled(Meddling::Delay(_)) => "delayed",
            Self::Meddled(Meddling::Duplicate) => "duplicated",
        }
    }

    /// By which model of the link it was lost.
    #[must_use]
    pub const fn reason(&self) -> Option<&str> {
        match self {
            Self::Lost(model) => Some(model.as_str()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::recording::sample::sample;

    use super::*;

    #[test]
    fn the_shape_is_stable() {
        insta::assert_snapshot!(json(&sample()));
    }

    #[test]
    fn its_description_names_every_field() {
        let value: serde_json::Value = serde_json::from_str(&json(&sample())).expect("JSON");
        let mut names = Vec::new();
        keys(&value, &mut names);
        let missing: Vec<_> = names.iter().filter(|it| !SHAPE.contains(&format!("\"{it}\""))).collect();
        assert!(missing.is_empty(), "{missing:?}");
        let shape: serde_json::Value =
            serde_json::from_str(SHAPE.split("\n\n").next().unwrap_or_default()).expect("JSON");
        assert_eq!(shape.as_object().map(|it| it.len()), value.as_object().map(|it| it.len()));
    }

    /// Names of fields; those of knobs and of kinds of events are not fixed.
    fn keys(value: &serde_json::Value, names: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(map) => {
                for (name, inner) in map {
                    names.push(name.clone());
                    if !["knobs", "events", "interventions", "facts"].contains(&name.as_str()) {
                        keys(inner, names);
                    }
                }
            }
            serde_json::Value::Array(all) => all.iter().for_each(|it| keys(it, names)),
            _ => {}
        }
    }

    #[test]
    fn nothing_in_it_drives_a_terminal_and_it_is_still_json() {
        let mut recording = sample();
        recording.measurements[0].label = "\u{1b}[2J\u{9b}31m\u{202e}\u{e0041}\n".into();
        let text = json(&recording);
        assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{e0041}']));
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value["measurements"][0]["label"], recording.measurements[0].label);
    }
}
