//! What a demo found in its run: numbers, markers, bars and curves, gathered while the packets are read.
use std::time::Duration;

use crate::demos::capture::Sight;
use crate::lab::{CHANCE, LabError, is_by_chance};
use crate::quantity::{Quantity, Unit};
use crate::recording::{Event, EventKind, Fate, Marker, Measurement, Recording, Series, Span, Step, Table, Time};

/// Findings, to be put into the recording once it is no longer being read.
#[derive(Debug, Default)]
pub(super) struct Findings {
    measurements: Vec<Measurement>,
    markers: Vec<Marker>,
    spans: Vec<Span>,
    series: Vec<Series>,
    steps: Vec<Step>,
    notes: Vec<Event>,
    tables: Vec<Table>,
}

impl Findings {
    /// A number, if the run had it. `how` says how it was measured and the formula it obeys.
    pub(super) fn measure(&mut self, name: &str, label: &str, value: Option<Quantity>, how: impl Into<String>) {
        let measurement =
            |value| Measurement { name: name.to_owned(), label: label.to_owned(), value, how: how.into() };
        self.measurements.extend(value.map(measurement));
    }

    /// What is measured inside has labels that begin with this.
    pub(super) fn labelled(&mut self, prefix: &str, measure: impl FnOnce(&mut Self)) {
        let before = self.measurements.len();
        measure(self);
        self.measurements[before..].iter_mut().for_each(|it| it.label.insert_str(0, prefix));
    }

    /// A length of time.
    pub(super) fn time(&mut self, name: &str, label: &str, value: Option<Duration>, how: impl Into<String>) {
        self.measure(name, label, value.map(Quantity::time), how);
    }

    /// A number of things.
    pub(super) fn count(&mut self, name: &str, label: &str, value: usize, how: impl Into<String>) {
        self.measure(name, label, Some(Quantity::count(value)), how);
    }

    /// A number of bytes.
    pub(super) fn bytes(&mut self, name: &str, label: &str, value: usize, how: impl Into<String>) {
        self.measure(name, label, Some(Quantity::bytes(value)), how);
    }

    /// A marker at a packet, if there was such a packet.
    pub(super) fn mark(&mut self, name: &str, label: &str, sight: Option<&Sight<'_>>) {
        if let Some(sight) = sight {
            self.mark_at(name, label, Some(sight.at), Some(sight.packet.n));
        }
    }

    /// A marker at an instant, if it came.
    pub(super) fn mark_at(&mut self, name: &str, label: &str, at: Option<Time>, packet: Option<u32>) {
        let marker = |at| Marker { name: name.to_owned(), label: label.to_owned(), at, packet };
        self.markers.extend(at.map(marker));
    }

    /// A bar between two packets, if both were there.
    pub(super) fn span(&mut self, lane: &str, name: &str, from: Option<&Sight<'_>>, to: Option<&Sight<'_>>) {
        if let (Some(from), Some(to)) = (from, to) {
            let packets = Some((from.packet.n, to.packet.n));
            self.spans.push(Span { lane: lane.to_owned(), name: name.to_owned(), from: from.at, to: to.at, packets });
        }
    }

    /// A bar between two instants.
    pub(super) fn span_at(&mut self, lane: &str, name: String, from: Time, to: Time) {
        self.spans.push(Span { lane: lane.to_owned(), name, from, to, packets: None });
    }

    /// A bar between two instants, with the packets that begin and end it, where there are such.
    pub(super) fn span_of(&mut self, lane: &str, name: String, (from, to): (Time, Time), packets: Option<(u32, u32)>) {
        self.spans.push(Span { lane: lane.to_owned(), name, from, to, packets });
    }

    /// The rows of a trace.
    pub(super) fn steps(&mut self, steps: Vec<Step>) {
        self.steps.extend(steps);
    }

    /// A curve.
    pub(super) fn curve(&mut self, name: &str, unit: Unit, points: Vec<(Time, i64)>) {
        self.series.push(Series { name: name.to_owned(), unit, points });
    }

    /// Rows that belong together.
    pub(super) fn table(&mut self, table: Table) {
        self.tables.push(table);
    }

    /// A word about what a node's program got or finished.
    pub(super) fn note(&mut self, at: Time, node: usize, text: String) {
        self.notes.push(Event { at, until: None, node, kind: EventKind::Note { text } });
    }

    /// Puts everything into the recording, each in its order.
    pub(super) fn into(mut self, recording: &mut Recording) {
        self.markers.sort_by_key(|it| it.at);
        self.spans.sort_by(|a, b| (&a.lane, a.from).cmp(&(&b.lane, b.from)));
        // First: whoever chose a chance wants to know what came of it, most of all when it was nothing.
        recording.measurements.extend(lost(recording));
        recording.measurements.extend(self.measurements);
        recording.markers.extend(self.markers);
        recording.steps.extend(self.steps);
        recording.spans.extend(self.spans);
        recording.series.extend(self.series);
        recording.tables.extend(self.tables);
        recording.events.extend(self.notes);
        recording.events.sort_by_key(|it| it.at);
    }
}

/// The name of the number of packets that were lost by chance; every run has it in which they can be.
pub const PACKETS_LOST: &str = "packets_lost";

/// How many packets the links took that lose by chance, where there are such links.
fn lost(recording: &Recording) -> Option<Measurement> {
    let links = &recording.topology.links;
    let is_lossy =
        |link: usize| links.get(link).is_some_and(|it| it.properties.iter().any(|it| it.starts_with(CHANCE)));
    if recording.measurement(PACKETS_LOST).is_some() || !(0..links.len()).any(is_lossy) {
        return None;
    }
    let crossed = || recording.packets.iter().filter(|it| is_lossy(it.link));
    let lost = crossed().filter(|it| matches!(&it.fate, Fate::Lost(model) if is_by_chance(model))).count();
    let how = format!(
        "of {} that were sent over links that lose by chance: each packet for itself, so that another seed loses others, or none",
        crossed().count()
    );
    let (name, label) = (PACKETS_LOST.to_owned(), "packets lost by chance".to_owned());
    Some(Measurement { name, label, value: Quantity::count(lost), how })
}

/// From one packet to another, if both were there.
pub(super) fn between(from: Option<&Sight<'_>>, to: Option<&Sight<'_>>) -> Option<Duration> {
    Some(to?.at - from?.at)
}

/// Says in the recording why a run ended before its script did.
pub(super) fn note_end(recording: &mut Recording, ended: Result<(), LabError>) {
    if let Err(error) = ended {
        let text = format!("the run ended before the script did: {error}");
        let kind = EventKind::Note { text };
        recording.events.push(Event { at: recording.end, until: None, node: 0, kind });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demos::{self, Setup};

    #[test]
    fn what_chance_took_is_counted_and_nothing_is_a_number_too() {
        let lossy = demos::all().iter().filter(|demo| demo.knobs.iter().any(|it| it.name == "loss"));
        let mut counts = Vec::new();
        for demo in lossy {
            for (seed, loss) in [(1, "1%"), (2, "10%")] {
                let settings = [("loss".to_owned(), loss.to_owned())].into();
                let run = demos::run(demo.name, &settings, &Setup { seed, ..Setup::default() }).expect("it runs");
                let lost = run.measurement(PACKETS_LOST).unwrap_or_else(|| panic!("{} loses by chance", demo.name));
                let seen = run.packets.iter().filter(|it| matches!(&it.fate, Fate::Lost(why) if why == "random loss"));
                assert_eq!(usize::try_from(lost.value.value), Ok(seen.count()), "{}", demo.name);
                counts.push(lost.value.value);
            }
            let settings = [("loss".to_owned(), "0%".to_owned())].into();
            let run = demos::run(demo.name, &settings, &Setup::default()).expect("it runs");
            assert_eq!(run.measurement(PACKETS_LOST), None, "{}", demo.name);
        }
        assert!(counts.contains(&0) && counts.iter().any(|it| *it > 9), "{counts:?}");
    }
}
