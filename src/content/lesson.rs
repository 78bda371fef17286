//! A lesson: steps of text, each with what the demo beside it shows.
use std::collections::BTreeMap;

use crate::quantity::{Quantity, Unit};

/// One sitting of reading, predicting and running.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Lesson {
    /// `w01.layers`: stable; progress and links hold on to it.
    pub id: String,
    pub title: String,
    pub minutes: u32,
    /// Rows of the curriculum it teaches: `W1-05`.
    pub covers: Vec<String>,
    /// Errata it corrects: `E073`.
    pub corrects: Vec<String>,
    /// The demo beside it, unless a step names another.
    pub demo: Option<DemoRef>,
    pub steps: Vec<Step>,
    /// The file it came from, for messages.
    pub path: String,
}

impl Lesson {
    /// The run beside a step: the last one named up to there.
    #[must_use]
    pub fn run_at(&self, step: usize) -> Option<DemoRef> {
        let named = self.steps.iter().take(step + 1).rev().find_map(|step| step.run.clone());
        named.or_else(|| self.demo.clone())
    }

    /// The run beside it when it opens: its own, or the first that a step names.
    #[must_use]
    pub fn first_run(&self) -> Option<DemoRef> {
        self.demo.clone().or_else(|| self.steps.iter().find_map(|step| step.run.clone()))
    }
}

/// A demo with the knobs a lesson or question sets.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DemoRef {
    pub name: String,
    /// As the command line takes them: `rtt` = `80ms`.
    pub knobs: BTreeMap<String, String>,
}

/// One screenful: a heading and what stands under it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Step {
    pub title: String,
    pub blocks: Vec<Block>,
    /// Asked before the demo runs.
    pub predict: Option<Predict>,
    /// The run this step needs, where it differs from the step before.
    pub run: Option<DemoRef>,
    /// Where the demo beside it stands.
    pub show: Option<Show>,
    /// The line of the heading, from 1.
    pub line: usize,
}

/// Which view, at which instant, with what lit.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Show {
    /// `sequence`, `packets`, `waterfall`, `topology`, `chart`, `table`, `states`, `steps`; empty for the demo's own.
    pub view: String,
    /// The name of a marker of the run.
    pub marker: Option<String>,
    /// Wireshark field names to light: `tcp.seq_raw`.
    pub highlight: Vec<String>,
}

/// A guess asked for before the run that settles it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Predict {
    pub ask: String,
    pub unit: Unit,
    /// The measurement that is the answer.
    pub measure: String,
    /// Guesses people make, each with what is wrong about it.
    pub wrong: Vec<WrongGuess>,
}

/// A guess people make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongGuess {
    pub value: Quantity,
    pub why: String,
}

/// How far from the measured value a guess may be and still be right.
const CLOSE_PPM: i128 = 50_000;

/// Whether a guess is right. Things are counted exactly; sizes and times need not be guessed to the last digit.
#[must_use]
pub fn is_close(said: Quantity, truth: Quantity) -> bool {
    if truth.unit == Unit::Count {
        return said == truth;
    }
    let off = (i128::from(said.value) - i128::from(truth.value)).abs() * 1_000_000;
    said.unit == truth.unit && off <= i128::from(truth.value.abs()) * CLOSE_PPM
}

/// A block of text, free of Markdown's syntax and of any width.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    Heading(Vec<Inline>),
    Paragraph(Vec<Inline>),
    /// Items of a list; numbered from `start` when there is one.
    List {
        start: Option<u64>,
        items: Vec<Vec<Self>>,
    },
    Quote(Vec<Self>),
    /// Preformatted lines, with the language after the fence.
    Code {
        language: String,
        text: String,
    },
    /// The first row is the head.
    Table(Vec<Vec<Vec<Inline>>>),
}

/// A run of text of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inline {
    Text(String),
    Strong(String),
    Emphasis(String),
    Code(String),
    /// `[text](w01.layers)`, `[text](term:MTU)`, `[text](https://…)`.
    Link {
        text: String,
        target: String,
    },
    /// `{m:name}`: a measurement of the run beside the text.
    Measured(String),
    /// `{k:name}`: a knob's setting of the run beside the text.
    Setting(String),
}
