//! What was asked and answered, as it is remembered.
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Answer, Confidence, Grade, Verdict};

/// One answer, with everything needed to show and to judge it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answered {
    /// The question's id.
    pub question: String,
    /// The attempt's seed: with it the attempt can be made again.
    pub seed: u64,
    pub answer: Answer,
    pub grade: Grade,
    /// `None` when the learner was not asked or did not say.
    pub confidence: Option<Confidence>,
    /// How many hints were open.
    pub hints: u8,
    pub at: Timestamp,
    /// The learner's date then: reviews count in days.
    pub day: Date,
    pub context: Context,
    /// The place in a quiz or drill this answers.
    pub place: Option<Place>,
}

/// Where a question was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Context {
    Quiz,
    Drill,
    Lesson,
}

/// Which item of which sitting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The sitting's id.
    pub sitting: String,
    /// From 0.
    pub item: u32,
}

/// A quiz or drill from its first question to its result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sitting {
    pub context: Context,
    /// The chapter of a quiz.
    pub chapter: Option<String>,
    pub items: Vec<Item>,
    pub started: Timestamp,
}

/// A question to be asked, with the seed of its attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    pub question: String,
    pub seed: u64,
}

/// What of an answer counts for when the question returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub verdict: Verdict,
    pub confidence: Option<Confidence>,
    pub hints: u8,
    pub day: Date,
}

impl Answered {
    /// What of it counts for the schedule.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        Outcome { verdict: self.grade.verdict, confidence: self.confidence, hints: self.hints, day: self.day }
    }
}

impl Sitting {
    /// The first item that none of `answers` answers; `None` when all are answered.
    #[must_use]
    pub fn next(&self, answers: &[Answered]) -> Option<usize> {
        let answered =
            |item: usize| answers.iter().any(|it| it.place.as_ref().is_some_and(|it| it.item as usize == item));
        (0..self.items.len()).find(|item| !answered(*item))
    }
}
