//! A live run in a file: whole, as nothing makes it again.
//!
//! ```json
//! {"format": 2, "roundtrip": "0.1.0", "recording": {"run": {...}, "events": [...], ...}}
//! ```
//!
//! Who reads it gets a recording that every view can draw: places exist, times are in order, text drives no terminal.
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Event, Recording, Span, Step, Time};
use crate::wire::text::visible;

/// The format of these files; that of runs that can be made again is 1.
pub(super) const FORMAT: u64 = 2;

/// Longer ago than any live run lasts.
const LONGEST: Time = Time(86_400_000_000_000);

/// Larger numbers are no measurement.
const LARGEST: u64 = 1_000_000_000_000_000;

/// More rows than a live run has.
const MOST_STEPS: usize = 2000;

/// More nodes than a live run has.
const MOST_NODES: usize = 64;

#[derive(Serialize)]
struct File<'a> {
    format: u64,
    roundtrip: &'static str,
    recording: &'a Recording,
}

/// The file of a live run.
pub(super) fn save(recording: &Recording) -> String {
    let file = File { format: FORMAT, roundtrip: env!("CARGO_PKG_VERSION"), recording };
    super::json::pretty(&file).expect("the keys of all maps are texts")
}

/// Reads a file that [`save`] made; the message says what is wrong with another.
pub(super) fn parse(bytes: &[u8]) -> Result<Recording, String> {
    let mut file: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let mut recording = file.get_mut("recording").map(Value::take).ok_or("it holds no recording")?;
    make_visible(&mut recording);
    let recording = Recording::deserialize(recording).map_err(|error| error.to_string())?;
    sound(&recording).then_some(recording).ok_or_else(|| "its parts do not fit each other".to_owned())
}

fn make_visible(value: &mut Value) {
    match value {
        Value::String(text) => *text = visible(&text),
        Value::Array(all) => all.iter_mut().for_each(make_visible),
        Value::Object(map) => map.values_mut().for_each(make_visible),
        _ => {}
    }
}

/// Whether it is what a live run leaves.
fn sound(it: &Recording) -> bool {
    let nodes = it.topology.nodes.len();
    let exists = |end: &super::LinkEnd| {
        it.topology.nodes.get(end.node).is_some_and(|node| end.interface < node.interfaces.len())
    };
    let event = |event: &Event| event.node < nodes && event.at <= it.end && event.until.is_none_or(|to| to >= event.at);
    let step = |step: &Step| step.node < nodes && step.at <= step.until && step.until <= it.end;
    let span = |span: &Span| span.from <= span.to && span.to <= it.end && span.packets.is_none();
    let small = |value: i64| value.unsigned_abs() <= LARGEST;
    it.run.live.is_some()
        && it.run.interventions.is_empty()
        && it.packets.is_empty()
        && (1..=MOST_NODES).contains(&nodes)
        && (Time(1)..=LONGEST).contains(&it.end)
        && it.topology.links.iter().flat_map(|link| &link.ends).all(exists)
        && it.events.iter().all(event)
        && it.events.is_sorted_by_key(|it| it.at)
        && it.steps.iter().all(step)
        && it.steps.len() <= MOST_STEPS
        && it.spans.iter().all(span)
        && it.markers.iter().all(|marker| marker.at <= it.end && marker.packet.is_none())
        && it.markers.is_sorted_by_key(|it| it.at)
        && it.series.iter().all(|series| {
            series.points.is_sorted_by_key(|(at, _)| *at)
                && series.points.iter().all(|(at, value)| *at <= it.end && small(*value))
        })
        && it.tables.iter().all(|table| {
            let whole = |row: &super::Row| row.cells.len() == table.columns.len() && row.packet.is_none();
            table.rows.iter().all(whole)
        })
        && it.measurements.iter().all(|measurement| small(measurement.value.value))
}
