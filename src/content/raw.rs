//! The content files as they are written: serde types that mirror the TOML, strict about keys, lenient about absence.
//!
//! Everything is optional here, so that one pass can name all that is missing. `toml::Spanned` keeps the place; it does not
//! work in tagged enums or flattened structs, hence one optional table for each kind of question.
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use toml::Spanned;

/// A text with its place in the file.
pub(super) type Text = Option<Spanned<String>>;
/// A list of texts with their places.
pub(super) type Texts = Vec<Spanned<String>>;
/// Settings by knob.
pub(super) type Settings = BTreeMap<Spanned<String>, Spanned<Scalar>>;

/// `lessons/chapters.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawChapter {
    pub(super) id: Text,
    pub(super) title: Text,
    pub(super) folder: Text,
    #[serde(default)]
    pub(super) goals: Texts,
}

/// A `[[term]]` of `lessons/glossary.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTerm {
    pub(super) term: Text,
    #[serde(default)]
    pub(super) also: Texts,
    pub(super) meaning: Text,
    pub(super) source: Text,
    #[serde(default)]
    pub(super) lessons: Texts,
}

/// The keys of a quiz file above its first question.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawQuizHead {
    pub(super) chapter: Text,
    pub(super) pass: Text,
    pub(super) length: Option<Spanned<i64>>,
}

/// What stands between the `+++` lines of a lesson.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLesson {
    pub(super) id: Text,
    pub(super) title: Text,
    pub(super) minutes: Option<Spanned<i64>>,
    #[serde(default)]
    pub(super) covers: Texts,
    #[serde(default)]
    pub(super) corrects: Texts,
    pub(super) demo: Option<RawDemo>,
}

/// `{ name = "tcp-vs-udp", knobs = { rtt = "80ms" } }`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDemo {
    pub(super) name: Spanned<String>,
    #[serde(default)]
    pub(super) knobs: Settings,
}

/// The inside of a `predict` block.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPredict {
    pub(super) ask: Text,
    pub(super) unit: Text,
    pub(super) measure: Text,
    #[serde(default)]
    pub(super) wrong: Vec<Spanned<RawWrong>>,
}

/// A wrong guess of a `predict` block.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWrong {
    pub(super) value: Option<Spanned<Scalar>>,
    pub(super) why: Text,
}

/// A `[[question]]`: the common keys and exactly one table of a kind.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawQuestion {
    pub(super) id: Text,
    #[serde(default)]
    pub(super) covers: Texts,
    #[serde(default)]
    pub(super) corrects: Texts,
    #[serde(default)]
    pub(super) tags: Texts,
    pub(super) difficulty: Option<Spanned<i64>>,
    pub(super) source: Text,
    pub(super) prompt: Text,
    pub(super) explanation: Text,
    #[serde(default)]
    pub(super) hints: Texts,
    pub(super) twin: Text,
    pub(super) confusable: Text,
    pub(super) demo: Option<RawDemo>,
    pub(super) show: Text,
    pub(super) single: Option<Spanned<RawOptions>>,
    pub(super) multiple: Option<Spanned<RawOptions>>,
    pub(super) true_false: Option<Spanned<RawTrueFalse>>,
    pub(super) numeric: Option<Spanned<RawNumeric>>,
    pub(super) order: Option<Spanned<RawOrder>>,
    #[serde(rename = "match")]
    pub(super) pairs: Option<Spanned<RawMatch>>,
    pub(super) short: Option<Spanned<RawShort>>,
    pub(super) field: Option<Spanned<RawField>>,
    pub(super) predict: Option<Spanned<RawRun>>,
    pub(super) design: Option<Spanned<RawDesign>>,
    pub(super) exercise: Option<Spanned<RawExercise>>,
    pub(super) card: Option<Spanned<RawCard>>,
}

/// The tables of a question that say its kind; exactly one should be there.
#[derive(Debug)]
pub(super) struct RawKinds {
    pub(super) single: Option<Spanned<RawOptions>>,
    pub(super) multiple: Option<Spanned<RawOptions>>,
    pub(super) true_false: Option<Spanned<RawTrueFalse>>,
    pub(super) numeric: Option<Spanned<RawNumeric>>,
    pub(super) order: Option<Spanned<RawOrder>>,
    pub(super) pairs: Option<Spanned<RawMatch>>,
    pub(super) short: Option<Spanned<RawShort>>,
    pub(super) field: Option<Spanned<RawField>>,
    pub(super) predict: Option<Spanned<RawRun>>,
    pub(super) design: Option<Spanned<RawDesign>>,
    pub(super) exercise: Option<Spanned<RawExercise>>,
    pub(super) card: Option<Spanned<RawCard>>,
}

/// The options of a single or multiple choice.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOptions {
    #[serde(default)]
    pub(super) options: Vec<Spanned<RawOption>>,
}

/// One option.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOption {
    pub(super) text: Text,
    #[serde(default)]
    pub(super) correct: bool,
    pub(super) why: Text,
}

/// A statement and, when it is false, its corrections.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTrueFalse {
    pub(super) truth: Option<Spanned<bool>>,
    pub(super) why: Text,
    #[serde(default)]
    pub(super) corrections: Vec<Spanned<RawOption>>,
}

/// A number with drawn parameters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNumeric {
    #[serde(default)]
    pub(super) parameters: BTreeMap<Spanned<String>, Spanned<Vec<Spanned<Scalar>>>>,
    pub(super) answer: Text,
    pub(super) unit: Text,
    pub(super) tolerance: Text,
    #[serde(default)]
    pub(super) near_misses: Vec<Spanned<RawMiss>>,
}

/// A wrong formula.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMiss {
    pub(super) answer: Text,
    pub(super) why: Text,
}

/// Items in the right order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOrder {
    #[serde(default)]
    pub(super) items: Vec<Spanned<RawNear>>,
}

/// Pairs that belong together.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMatch {
    #[serde(default)]
    pub(super) pairs: Vec<Spanned<RawPair>>,
}

/// One pair.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPair {
    pub(super) left: Text,
    pub(super) right: Text,
    pub(super) why: Text,
}

/// Accepted words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawShort {
    #[serde(default)]
    pub(super) accept: Texts,
    #[serde(default)]
    pub(super) near: Vec<Spanned<RawNear>>,
}

/// A text with a word about it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNear {
    pub(super) text: Text,
    pub(super) why: Text,
}

/// A hidden field.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawField {
    pub(super) demo: Option<RawDemo>,
    pub(super) marker: Text,
    pub(super) field: Text,
    #[serde(default)]
    pub(super) near: Vec<Spanned<RawNear>>,
}

/// A run with drawn knobs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRun {
    pub(super) demo: Text,
    #[serde(default)]
    pub(super) shown: bool,
    #[serde(default)]
    pub(super) knobs: BTreeMap<Spanned<String>, Spanned<Vec<Spanned<Scalar>>>>,
    pub(super) measure: Text,
    pub(super) unit: Text,
    pub(super) tolerance: Text,
    #[serde(default)]
    pub(super) near_misses: Vec<Spanned<RawMiss>>,
}

/// An exercise on the packets of a run with drawn knobs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawExercise {
    pub(super) make: Text,
    pub(super) demo: Text,
    pub(super) tap: Text,
    #[serde(default)]
    pub(super) shown: bool,
    #[serde(default)]
    pub(super) knobs: BTreeMap<Spanned<String>, Spanned<Vec<Spanned<Scalar>>>>,
}

/// Values to choose.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDesign {
    pub(super) demo: Text,
    #[serde(default)]
    pub(super) knobs: BTreeMap<Spanned<String>, Spanned<Vec<Spanned<Scalar>>>>,
    #[serde(default)]
    pub(super) parameters: BTreeMap<Spanned<String>, Spanned<Vec<Spanned<Scalar>>>>,
    pub(super) before: Option<Settings>,
    #[serde(default)]
    pub(super) choose: Vec<Spanned<RawChoose>>,
    #[serde(default)]
    pub(super) criteria: Vec<Spanned<RawCriterion>>,
    #[serde(default)]
    pub(super) tempting: Vec<Spanned<RawTempting>>,
}

/// A knob the learner sets.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawChoose {
    pub(super) knob: Text,
    pub(super) says: Text,
    pub(super) answer: Option<Spanned<Scalar>>,
}

/// What the run must measure.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCriterion {
    pub(super) says: Text,
    pub(super) measure: Text,
    pub(super) most: Option<Spanned<Scalar>>,
    pub(super) least: Option<Spanned<Scalar>>,
    pub(super) why: Text,
}

/// A wrong choice.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTempting {
    #[serde(default)]
    pub(super) values: Settings,
    pub(super) why: Text,
}

/// An open question.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCard {
    #[serde(default)]
    pub(super) rubric: Texts,
    pub(super) model: Text,
}

/// A setting or value as its text: `"80ms"`, `3`, `true` (a switch that is on).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scalar(pub(super) String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl Visitor<'_> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value such as \"80ms\", 3 or true")
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar(text.to_owned()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar(number.to_string()))
    }

    fn visit_bool<E>(self, on: bool) -> Result<Scalar, E> {
        Ok(Scalar(if on { "on" } else { "off" }.to_owned()))
    }
}
