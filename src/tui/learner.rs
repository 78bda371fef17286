//! What the screens ask the store to keep, and what it answers. The store adds the instant and the day.
use jiff::civil::Date;

use crate::practice::{Answer, Confidence, Context, Grade, Item, Place, Sitting, Wish};
use crate::progress::Round;
use crate::quantity::Quantity;

/// What the screens know of the learner: everything the store knew when it last changed.
pub use crate::progress::Snapshot as Learner;

/// Something to store. A screen that shows feedback goes on only when it is kept.
#[derive(Clone, Debug)]
pub enum Keep {
    /// The learner stands at this step of a lesson, or has left its last one.
    Position { lesson: String, step: usize, done: bool },
    /// A guess before a run, and what the run measured.
    Prediction { lesson: String, step: usize, guess: Quantity, measured: Quantity },
    /// An answer, before its feedback is shown.
    Answer(Given),
    /// A card's own words, before its model answer is shown; answered by [`Kept::Draft`].
    Draft { question: String, seed: u64, text: String },
    /// A quiz or drill begins; answered by [`Kept::Begun`].
    Begin { context: Context, chapter: Option<String>, items: Vec<Item>, wish: Wish },
    /// It ended, answered or given up; these items could not be asked.
    End { sitting: String, left_out: Vec<u32> },
    /// A show of hands, one number an option in the question's order.
    Vote { question: String, round: Round, hands: Vec<u32> },
    /// The day it must all be known by.
    Interview(Option<Date>),
}

/// An answer with all that is kept of it but the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    pub question: String,
    /// The attempt's seed.
    pub seed: u64,
    pub answer: Answer,
    pub grade: Grade,
    pub confidence: Option<Confidence>,
    pub hints: u8,
    pub context: Context,
    pub place: Option<Place>,
}

/// What the store says.
#[derive(Clone, Debug)]
pub enum Kept {
    Answer {
        question: String,
        seed: u64,
    },
    Draft {
        question: String,
        seed: u64,
    },
    Begun {
        id: String,
        sitting: Sitting,
    },
    /// Something else is kept; nobody waits for it.
    Noted,
    /// It could not be kept; the message says what to do.
    NotKept {
        message: String,
    },
}
