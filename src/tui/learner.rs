//! What the screens know of the learner, and what they ask the store to keep.
use crate::practice::{Answer, Confidence, Grade};

/// Everything the store knows that a screen shows; loaded at the start and after every change.
#[derive(Clone, Debug, Default)]
pub struct Learner {}

/// Something to store. The screen goes on only when it is kept.
#[derive(Clone, Debug)]
pub enum Keep {
    /// The learner stands at this step of a lesson that has `steps`.
    Position { lesson: String, step: usize, steps: usize },
    /// A guess before a run, and what the run measured.
    Prediction { lesson: String, step: usize, guess: String, measured: String },
    /// An answer, before its feedback is shown.
    Answer { question: String, seed: u64, answer: Answer, grade: Grade, confidence: Option<Confidence>, hints: usize },
}

/// What the store says.
#[derive(Clone, Debug)]
pub enum Kept {
    Answer { question: String, seed: u64 },
}
