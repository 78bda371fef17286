//! What is remembered beside the answers, as plain data.
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::practice::{Answered, Confidence, Sitting, Verdict, share};
use crate::quantity::Quantity;

/// Where a lesson stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// The step on the screen, from 0.
    pub step: u32,
    /// The last step ever reached.
    pub furthest: u32,
    /// When its last step was first left.
    pub done: Option<Timestamp>,
    pub at: Timestamp,
}

/// A guess before a run, and what the run then measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prediction {
    pub lesson: String,
    pub step: u32,
    pub guess: Quantity,
    pub measured: Quantity,
    pub at: Timestamp,
}

/// A show of hands in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vote {
    pub question: String,
    pub round: Round,
    /// How many hands for each option, in the question's order.
    pub hands: Vec<u32>,
    pub at: Timestamp,
}

/// Before the room has talked about it, or after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Round {
    Before,
    After,
}

/// A quiz or drill that has not ended, with what is answered of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSitting {
    pub id: String,
    pub sitting: Sitting,
    /// One an item at most, the first that was stored.
    pub answers: Vec<Answered>,
}

/// A quiz that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuizResult {
    /// The sitting's id.
    pub id: String,
    pub chapter: String,
    pub started: Timestamp,
    pub ended: Timestamp,
    /// Questions it had, but for those that could not be asked; those not answered have no points.
    pub asked: u32,
    /// Of `asked` times 1 000 000.
    pub points_ppm: i64,
}

impl QuizResult {
    /// The share of the points, in ppm.
    #[must_use]
    pub fn share_ppm(&self) -> i64 {
        share(self.points_ppm, self.asked as usize)
    }
}

/// How many answers of a day came out so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    pub day: Date,
    pub verdict: Verdict,
    pub confidence: Option<Confidence>,
    pub answers: u32,
}
