//! Asking: attempts, grading, drills, spaced repetition. Pure: today, the seed and the facts of a run are arguments.
pub mod attempt;
mod bearing;
mod designed;
mod draw;
pub mod drill;
mod exercise;
pub mod grade;
pub mod guess;
mod history;
mod moment;
mod number;
pub mod schedule;
pub mod score;
mod standing;

pub use attempt::{Asked, Attempt, Run, Shown};
pub use bearing::{bearing, is_verdict};
pub use designed::{Blank, Designed, Takes};
pub use draw::fresh_seed;
pub use exercise::{Exercise, Form, Gap, Near as NearValue, Value};
pub use grade::{Unreadable, grade};
pub use history::{Answered, Context, Item, Outcome, Place, Sitting, Wish};
pub use moment::moment;
pub use number::{number_hint, read_number};
pub use schedule::{Memory, interview_day, replay, review};
pub use score::{Calibration, Score, score, share};
pub use standing::{Standing, standings};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::content::Hidden;
use crate::quantity::Quantity;

/// A learner's answer, by the kind of question. Indices are those of the content, not of the shuffled screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Single: one option. Multiple: all ticked.
    Choices(Vec<usize>),
    /// True or false, and the correction chosen for a false one.
    Truth { says: bool, correction: Option<usize> },
    /// Numeric and predict: as typed, `2400 B`.
    Number(String),
    /// Order: content indices in the learner's order. Match: for each left side, the index of the chosen right side.
    Sequence(Vec<usize>),
    /// Short and field: as typed.
    Text(String),
    /// Design: what was typed, by knob. Exercise: what was typed, by field.
    Values(BTreeMap<String, String>),
    /// Card: which points of the rubric the learner found in the own text, and that text.
    Rubric { met: Vec<bool>, text: String },
    /// Gave up.
    Skipped,
}

impl Answer {
    /// What was said, where it is not among what a question offers.
    #[must_use]
    pub fn words(&self) -> Option<&str> {
        match self {
            Self::Number(text) | Self::Text(text) => Some(text),
            Self::Truth { says: true, .. } => Some("true"),
            Self::Truth { says: false, .. } => Some("false"),
            _ => None,
        }
    }
}

/// How sure the learner said to be, before the feedback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    Guess,
    Unsure,
    Sure,
}

/// What an answer is worth and what there is to say about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grade {
    /// 1 000 000 for all right.
    pub points_ppm: i64,
    pub verdict: Verdict,
    /// What was right, in a line, with this attempt's values.
    pub right: String,
    /// About what the learner chose or typed; one line an option, item or near miss.
    pub remarks: Vec<Remark>,
}

impl Grade {
    /// What an answer is told first.
    #[must_use]
    pub const fn word(&self, answer: &Answer) -> &'static str {
        match (answer, self.verdict) {
            (Answer::Skipped, _) => "Skipped.",
            (_, Verdict::Right) => "Right.",
            (_, Verdict::Partly) => "Partly right.",
            (_, Verdict::Wrong) => "Not right.",
        }
    }
}

/// All, some or none of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Right,
    Partly,
    Wrong,
}

/// A sentence about one option.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// The option, item or value it is about.
    pub about: String,
    /// Whether the learner had this one right.
    pub right: bool,
    pub why: String,
}

/// What grading needs to know of a run: the caller runs the demo, practice only compares.
pub trait Runs {
    /// The measurements of a demo with these settings, by name.
    ///
    /// # Errors
    /// A message for a person when there is no such demo or knob.
    fn measure(
        &self,
        demo: &str,
        knobs: &BTreeMap<String, String>,
        seed: u64,
    ) -> Result<BTreeMap<String, Quantity>, String>;

    /// What the hidden field says in the run of that seed.
    ///
    /// # Errors
    /// A message for a person when the run has no such packet or field.
    fn reveal(&self, hidden: &Hidden, seed: u64) -> Result<Revealed, String>;

    /// The exercise of that kind, on the packets that `tap` saw in a run.
    ///
    /// # Errors
    /// A message for a person when there is no such run, node or kind, or when its packets lack what it takes.
    fn exercise(&self, make: &str, tap: &str, run: &Run) -> Result<Exercise, String>;

    /// What a knob takes.
    ///
    /// # Errors
    /// A message for a person when there is no such demo or knob.
    fn knob(&self, demo: &str, knob: &str) -> Result<Takes, String>;

    /// Whether a knob takes this setting.
    ///
    /// # Errors
    /// A message that says what it takes, without a full stop.
    fn accepts(&self, demo: &str, knob: &str, text: &str) -> Result<(), String>;
}

/// A hidden field, uncovered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revealed {
    /// As the decoder writes it.
    pub value: String,
    pub meaning: String,
    pub why: String,
    /// The packet's number in that run.
    pub packet: u32,
    /// Where it follows from, where another packet has it.
    pub clue: Option<Clue>,
}

/// The packet of a run from which a hidden field's value follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clue {
    pub packet: u32,
    /// That packet in a line.
    pub summary: String,
    /// Its field that says it.
    pub label: String,
    /// What that field has, and what is to be added.
    pub says: String,
}

/// A numeric truth of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truth {
    pub value: Quantity,
    pub tolerance_ppm: i64,
}
