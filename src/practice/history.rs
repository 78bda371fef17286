//! What was asked and answered, as it is remembered.
use std::time::Duration;

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
    /// What a drill was asked to be about.
    #[serde(default, skip_serializing_if = "Wish::is_open")]
    pub wish: Wish,
    /// Items that could not be asked (their question is gone): they count nowhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<u32>,
}

/// What a drill shall be about; what is left open is for the planner to choose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wish {
    /// Any of these.
    pub tags: Vec<String>,
    pub count: Option<usize>,
    pub minutes: Option<u32>,
}

/// A gap between two answers longer than this was a break: a drill's minutes do not run in it.
const BREAK: Duration = Duration::from_secs(300);

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

impl Wish {
    /// Whether nothing is wished for.
    #[must_use]
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }
}

impl Sitting {
    /// One that begins.
    #[must_use]
    pub fn new(context: Context, chapter: Option<String>, items: Vec<Item>, started: Timestamp) -> Self {
        Self { context, chapter, items, started, wish: Wish::default(), left_out: Vec::new() }
    }

    /// How long the learner has been at it, breaks left out.
    #[must_use]
    pub fn spent(&self, answers: &[Answered]) -> Duration {
        let mut instants: Vec<Timestamp> = answers.iter().map(|it| it.at).chain([self.started]).collect();
        instants.sort_unstable();
        let gaps = instants.windows(2).map(|pair| pair[1].duration_since(pair[0]).unsigned_abs());
        gaps.map(|gap| gap.min(BREAK)).sum()
    }

    /// The first item that none of `answers` answers; `None` when all are answered.
    #[must_use]
    pub fn next(&self, answers: &[Answered]) -> Option<usize> {
        let answered =
            |item: usize| answers.iter().any(|it| it.place.as_ref().is_some_and(|it| it.item as usize == item));
        (0..self.items.len()).find(|item| !answered(*item))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::practice::Grade;

    #[test]
    fn a_break_is_no_time_spent() {
        let at = |second: i64| Timestamp::from_second(second).expect("in range");
        let answered = |second| Answered {
            question: "q".to_owned(),
            seed: 0,
            answer: Answer::Skipped,
            grade: Grade { points_ppm: 0, verdict: Verdict::Wrong, right: String::new(), remarks: vec![] },
            confidence: None,
            hints: 0,
            at: at(second),
            day: date(2026, 1, 1),
            context: Context::Drill,
            place: None,
        };
        let sitting = Sitting::new(Context::Drill, None, vec![], at(1000));
        assert_eq!(sitting.spent(&[]), Duration::ZERO);
        let answers = [answered(1060), answered(1100), answered(90_000)];
        assert_eq!(sitting.spent(&answers), Duration::from_secs(60 + 40) + BREAK);
    }
}
