//! What the screens know of the learner, and what they ask the store to keep.
use crate::practice::{Answer, Confidence, Grade};

/// Everything the store knows that a screen shows; loaded at the start and after every change.
#[derive(Clone, Debug, Default)]
pub struct Learner {}

impl Learner {
    /// What the learner guessed at this step in an earlier sitting.
    #[must_use]
    pub fn guess(&self, _lesson: &str, _step: usize) -> Option<String> {
        None
    }
}

/// Something to store. The screen goes on only when it is kept.
#[derive(Clone, Debug)]
pub enum Keep {
    /// The learner stands at this step of a lesson that has `steps`.
    Position { lesson: String, step: usize, steps: usize },
    /// The learner went through the whole lesson.
    Done { lesson: String },
    /// A guess before a run, and what the run measured.
    Prediction { lesson: String, step: usize, guess: String, measured: String },
    /// An answer, before its feedback is shown.
    Answer(Answered),
}

/// An answer with all that is kept of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    pub question: String,
    /// The attempt's seed.
    pub seed: u64,
    pub answer: Answer,
    pub grade: Grade,
    pub confidence: Option<Confidence>,
    pub hints: usize,
}

/// What the store says.
#[derive(Clone, Debug)]
pub enum Kept {
    Answer { question: String, seed: u64 },
}
