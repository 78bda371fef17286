//! Exercises on packets, made of what one place of a run saw; or of a capture of the learner's own.
use std::collections::BTreeMap;

use crate::content::{Choice, Hidden, OrderItem};
use crate::practice::{Exercise, Form, Gap, NearValue, Revealed, Run, Runs, Takes, Value};
use crate::quantity::Quantity;
use crate::recording::vantage::{self, Seen};
use crate::recording::{NodeKind, Recording};
use crate::wire::analysis;
use crate::wire::exercise::{self as made, Capture, make};

/// The packets of a file in the place of a run's: exercises are asked of them, and nothing else is.
pub struct OfFile<'a>(pub Capture<'a>);

impl Runs for OfFile<'_> {
    fn measure(&self, _: &str, _: &BTreeMap<String, String>, _: u64) -> Result<BTreeMap<String, Quantity>, String> {
        Err(NO_RUN.to_owned())
    }

    fn reveal(&self, _: &Hidden, _: u64) -> Result<Revealed, String> {
        Err(NO_RUN.to_owned())
    }

    fn exercise(&self, make: &str, _: &str, run: &Run) -> Result<Exercise, String> {
        of_capture(make, &self.0, run.seed).map(|it| Exercise { packet: None, ..it })
    }

    fn knob(&self, _: &str, _: &str) -> Result<Takes, String> {
        Err(NO_RUN.to_owned())
    }

    fn accepts(&self, _: &str, _: &str, _: &str) -> Result<(), String> {
        Err(NO_RUN.to_owned())
    }
}

const NO_RUN: &str = "a capture is no run: it has no knobs to turn";

/// The exercise of that kind on what a node saw: a router has one capture of all its links.
///
/// # Errors
/// A message for a person when there is no such node or kind, or when the packets lack what it takes.
pub(super) fn of_run(kind: &str, tap: &str, run: &Run, recording: &Recording) -> Result<Exercise, String> {
    let seen = seen(recording, tap).ok_or_else(|| format!("the run of {} has no node `{tap}`", run.demo))?;
    let capture = Capture::new(seen.iter().map(|it| analysis::Seen { n: 0, at_ns: it.at.0, frame: &it.packet.bytes }));
    let mut exercise = of_capture(kind, &capture, run.seed)?;
    let place = exercise.packet.and_then(|n| seen.get(usize::try_from(n).ok()?.checked_sub(1)?));
    exercise.packet = place.map(|it| it.packet.n);
    Ok(exercise)
}

/// The exercise of that kind on a capture.
///
/// # Errors
/// As [`of_run`].
fn of_capture(kind: &str, capture: &Capture<'_>, seed: u64) -> Result<Exercise, String> {
    let made = make(kind, capture, seed).map_err(|lacks| lacks.to_string())?;
    let form = match made.form {
        made::Form::Fill(gaps) => Form::Fill(gaps.into_iter().map(gap).collect()),
        made::Form::Choose(options) => Form::Choose(options.into_iter().map(choice).collect()),
        made::Form::Order(items) => {
            Form::Order(items.into_iter().map(|it| OrderItem { text: it.text, why: it.why }).collect())
        }
    };
    Ok(Exercise { prompt: made.prompt, form, explanation: made.explanation, packet: Some(made.packet) })
}

/// What a node saw, by time.
fn seen<'a>(recording: &'a Recording, tap: &str) -> Option<Vec<Seen<'a>>> {
    let node = recording.node(tap)?;
    let is_router = recording.topology.nodes.get(node).is_some_and(|it| it.kind == NodeKind::Router);
    let places = vantage::all(recording).into_iter().filter(|it| it.node == node);
    let mut seen: Vec<Seen<'_>> =
        places.take(if is_router { usize::MAX } else { 1 }).flat_map(|it| it.seen(recording)).collect();
    seen.sort_by_key(|it| (it.at, it.packet.n));
    Some(seen)
}

fn choice(it: made::Choice) -> Choice {
    Choice { text: it.text, correct: it.correct, why: it.why }
}

fn gap(it: made::Gap) -> Gap {
    let near = |it: made::Near| NearValue { value: value(it.value), why: it.why };
    Gap {
        label: it.label,
        takes: it.takes.to_owned(),
        right: value(it.right),
        why: it.why,
        near: it.near.into_iter().map(near).collect(),
    }
}

fn value(it: made::Value) -> Value {
    match it {
        made::Value::Number(number) => Value::Number(number),
        made::Value::Time(ns) => Value::Time(ns),
        made::Value::Text(text) => Value::Text(text),
    }
}
