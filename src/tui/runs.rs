//! What questions need to know of runs, from the demos.
use std::collections::{BTreeMap, BTreeSet};

use super::clue::clue;
use super::exercises;
use crate::content::{self, DemoRef, Hidden, Known, PacketFields, RunFacts};
use crate::demos::{self, Demo, Knob, KnobKind, Knobs, Setup};
use crate::practice::{Exercise, Revealed, Run, Runs, Takes};
use crate::quantity::{Quantity, Unit};
use crate::recording::{Recording, opened};
use crate::tui::views::Kind;
use crate::wire::{self, Decoded, Field};

/// Runs the demos of this program.
pub struct DemoRuns;

impl DemoRuns {
    fn run(demo: &DemoRef, seed: u64) -> Result<Recording, String> {
        let setup = Setup { seed, interventions: Vec::new() };
        demos::run(&demo.name, &demo.knobs, &setup).map_err(|error| error.to_string())
    }
}

impl Runs for DemoRuns {
    fn measure(
        &self,
        demo: &str,
        knobs: &BTreeMap<String, String>,
        seed: u64,
    ) -> Result<BTreeMap<String, Quantity>, String> {
        let recording = Self::run(&DemoRef { name: demo.to_owned(), knobs: knobs.clone() }, seed)?;
        Ok(recording.measurements.into_iter().map(|it| (it.name, it.value)).collect())
    }

    fn reveal(&self, hidden: &Hidden, seed: u64) -> Result<Revealed, String> {
        let recording = Self::run(&hidden.demo, seed)?;
        let marker = recording.marker(&hidden.marker);
        let packet = marker.and_then(|it| it.packet).and_then(|n| recording.packet(n));
        let packet = packet.ok_or_else(|| format!("the run has no packet at `{}`", hidden.marker))?;
        let decoded = wire::decode(&packet.bytes);
        let fields = decoded.layers.iter().flat_map(|layer| &layer.fields);
        let field = fields.into_iter().find_map(|field| named(field, &hidden.field));
        let field = field.ok_or_else(|| format!("packet {} has no field `{}`", packet.n, hidden.field))?;
        Ok(Revealed {
            value: field.value.clone(),
            meaning: field.meaning.clone(),
            why: field.why.clone(),
            packet: packet.n,
            clue: clue(&recording, packet, field),
        })
    }

    fn exercise(&self, make: &str, tap: &str, run: &Run) -> Result<Exercise, String> {
        let recording = Self::run(&DemoRef { name: run.demo.clone(), knobs: run.knobs.clone() }, run.seed)?;
        exercises::of_run(make, tap, run, &recording)
    }

    fn knob(&self, demo: &str, knob: &str) -> Result<Takes, String> {
        let knob = knob_of(demo, knob).ok_or_else(|| format!("`{demo}` has no knob `{knob}`"))?;
        Ok(Takes { unit: unit_of(knob), range: knob.range() })
    }

    fn accepts(&self, demo: &str, knob: &str, text: &str) -> Result<(), String> {
        Known::knob(self, demo, knob, text)
    }
}

/// The check asks the demos of this program.
impl Known for DemoRuns {
    fn demos(&self) -> Vec<String> {
        demos::all().iter().map(|demo| demo.name.to_owned()).collect()
    }

    fn views(&self) -> Vec<String> {
        Kind::ALL.iter().map(|view| view.name().to_owned()).collect()
    }

    fn knobs(&self, demo: &str) -> Vec<String> {
        let knobs = demos::find(demo).map_or(&[][..], |demo| demo.knobs);
        knobs.iter().map(|knob| knob.name.to_owned()).collect()
    }

    fn knob(&self, demo: &str, knob: &str, value: &str) -> Result<(), String> {
        let demo = demos::find(demo).ok_or("no such demo")?;
        Knobs::with(demo.knobs, [(knob, value)]).map(drop).map_err(|error| error.to_string())
    }

    fn unit(&self, demo: &str, knob: &str) -> Option<Unit> {
        knob_of(demo, knob).and_then(unit_of)
    }

    fn settings(&self, demo: &DemoRef) -> BTreeMap<String, String> {
        let knobs = demos::find(&demo.name).map_or(&[][..], |demo| demo.knobs);
        let settings = demo.knobs.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        Knobs::with(knobs, settings).map_or_else(|_| demo.knobs.clone(), |it| it.as_text())
    }

    fn exercise(
        &self,
        exercise: &content::Exercise,
        settings: &BTreeMap<String, String>,
        seed: u64,
    ) -> Result<(), String> {
        let run = Run { demo: exercise.demo.clone(), knobs: settings.clone(), seed };
        Runs::exercise(self, &exercise.make, &exercise.tap, &run).map(drop)
    }

    fn run(&self, demo: &DemoRef, seed: u64, fields: bool) -> RunFacts {
        Self::run(demo, seed).map(|recording| facts(&recording, fields)).unwrap_or_default()
    }
}

fn knob_of(demo: &str, knob: &str) -> Option<&'static Knob> {
    demos::find(demo).and_then(|demo: &'static Demo| demo.knobs.iter().find(|it| it.name == knob))
}

const fn unit_of(knob: &Knob) -> Option<Unit> {
    match knob.kind {
        KnobKind::Quantity { unit, .. } => Some(unit),
        KnobKind::Choice(_) | KnobKind::Switch | KnobKind::Text { .. } => None,
    }
}

/// What a run offers; its packets are opened only where their fields are wanted.
fn facts(run: &Recording, fields: bool) -> RunFacts {
    let measurements = run.measurements.iter().map(|it| (it.name.clone(), it.value)).collect();
    let opened = if fields { opened::open(run) } else { opened::Links::default() };
    let fields_of = |n: u32| {
        let packet = run.packet(n)?;
        if !fields {
            return Some(PacketFields::default());
        }
        let of =
            |decoded: &Decoded| decoded.layers.iter().flat_map(|layer| names(&layer.fields)).collect::<BTreeSet<_>>();
        let opened = opened.at(packet).flat_map(|unit| of(&unit.decoded)).collect();
        Some(PacketFields { clear: of(&wire::decode(&packet.bytes)), opened })
    };
    let markers = run.markers.iter().map(|it| (it.name.clone(), it.packet.and_then(fields_of))).collect();
    RunFacts { measurements, markers }
}

fn names(fields: &[Field]) -> BTreeSet<String> {
    let parts = fields.iter().flat_map(|field| names(&field.parts));
    fields.iter().map(|field| field.name.to_owned()).chain(parts).collect()
}

fn named<'a>(field: &'a Field, name: &str) -> Option<&'a Field> {
    if field.name == name { Some(field) } else { field.parts.iter().find_map(|part| named(part, name)) }
}
