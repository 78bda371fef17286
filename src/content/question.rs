//! A question of a quiz or drill, in each of its kinds.
use std::collections::BTreeMap;

use super::{DemoRef, Design, Exercise, Show};
use crate::quantity::{Quantity, Unit};

/// Something to answer. The id carries its history: an edit of the text keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// `w01.handshake.refused-or-silent`.
    pub id: String,
    pub prompt: String,
    pub kind: Kind,
    /// Shown after every answer.
    pub explanation: String,
    /// Where it is written.
    pub source: String,
    /// 1 (first contact) to 5 (an expert pauses).
    pub difficulty: u8,
    pub covers: Vec<String>,
    pub corrects: Vec<String>,
    pub tags: Vec<String>,
    /// Up to three, each giving away more.
    pub hints: Vec<String>,
    /// The id of an equivalent question, for a second vote.
    pub twin: Option<String>,
    /// Questions of one group are easily taken for each other and reviewed interleaved.
    pub confusable: Option<String>,
    /// What "show me" opens.
    pub demo: Option<DemoRef>,
    /// The view and the instant at which it stands then.
    pub show: Option<Show>,
    /// File and line, for messages.
    pub path: String,
    pub line: usize,
}

/// How it is answered and what is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One option is right.
    Single(Vec<Choice>),
    /// Every right option and no other.
    Multiple(Vec<Choice>),
    /// A statement; when it is false, the learner says which correction holds.
    TrueFalse {
        truth: bool,
        /// Why a true statement is true, or what tempts people to believe a false one.
        why: String,
        /// For a false statement: the corrections to choose from; one is right.
        corrections: Vec<Choice>,
    },
    /// A number; parameters are drawn for each attempt.
    Numeric {
        /// Values to draw from, by the name the prompt and the formula use.
        parameters: BTreeMap<String, Vec<Quantity>>,
        /// Over the parameters in seconds, bytes, bytes per second, fractions, counts.
        formula: String,
        unit: Unit,
        /// How far off is still right, in ppm of the answer.
        tolerance_ppm: i64,
        near_misses: Vec<NearMiss>,
    },
    /// Put into this order.
    Order(Vec<OrderItem>),
    /// Find each left side's right side.
    Match(Vec<Pair>),
    /// A word or two.
    Short { accept: Vec<String>, near: Vec<NearText> },
    /// A field hidden in a real packet of a run.
    Field(Hidden),
    /// What a run with fresh knobs and seed measures.
    Predict {
        demo: String,
        /// Whether the run's packets are on the screen while it is asked (read the capture), or only after (predict).
        shown: bool,
        /// Settings to draw from, by knob.
        knobs: BTreeMap<String, Vec<String>>,
        measure: String,
        unit: Unit,
        tolerance_ppm: i64,
        /// Over the knobs and over other measurements of the same run, by name.
        near_misses: Vec<NearMiss>,
    },
    /// Values to choose, judged by a run with them.
    Design(Design),
    /// Made fresh from the packets of a run.
    Exercise(Exercise),
    /// An open question, graded by the learner against a rubric.
    Card { rubric: Vec<String>, model: String },
}

/// An option, with why it is right or why it tempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub text: String,
    pub correct: bool,
    pub why: String,
}

/// A wrong number people arrive at, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMiss {
    pub formula: String,
    pub why: String,
}

/// A wrong word people say, and what it is instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearText {
    pub text: String,
    pub why: String,
}

/// An item of an order, with why it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderItem {
    pub text: String,
    pub why: String,
}

/// A left side and its right side, with why they belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    pub left: String,
    pub right: String,
    pub why: String,
}

/// Which field of which packet is hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    pub demo: DemoRef,
    /// The packet of this marker ...
    pub marker: String,
    /// ... and Wireshark's name of the field.
    pub field: String,
    /// The answer is graded as the decoder writes the value; these are wrong ones worth a word.
    pub near: Vec<NearText>,
}
