//! Predict before run: the guess being typed, and whether it is settled.
use crate::content::Predict;
use crate::practice::guess::{self, Verdict};
use crate::quantity::Quantity;
use crate::recording::Recording;
use crate::tui::widgets::field::Field;

/// A question a step asks before it shows its run.
pub(super) struct Guess {
    pub(super) predict: Predict,
    pub(super) field: Field,
    state: State,
    /// Why what was typed is no guess.
    pub(super) unreadable: Option<String>,
}

enum State {
    Open,
    Skipped,
    Said(Quantity),
}

impl Guess {
    pub(super) fn new(predict: Predict) -> Self {
        Self { predict, field: Field::default(), state: State::Open, unreadable: None }
    }

    pub(super) const fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// Closes the guess without one.
    pub(super) fn skip(&mut self) {
        self.field.text.clear();
        self.state = State::Skipped;
    }

    /// Reads what was typed and closes the guess; what could not be read says so and it stays open.
    pub(super) fn submit(&mut self) {
        match guess::read(&self.field.text, self.predict.unit) {
            Ok(None) => self.skip(),
            Ok(Some(said)) => self.state = State::Said(said),
            Err(unreadable) => self.unreadable = Some(unreadable.0),
        }
    }

    /// What was said and what was measured, to be kept.
    pub(super) fn settled(&self, recording: Option<&Recording>) -> Option<(Quantity, Quantity)> {
        let State::Said(said) = &self.state else { return None };
        Some((*said, recording?.measurement(&self.predict.measure)?.value))
    }

    /// What the run says to the guess.
    pub(super) fn verdict(&self, recording: Option<&Recording>) -> Option<Verdict> {
        let measured = recording?.measurement(&self.predict.measure)?;
        let said = match &self.state {
            State::Open => return None,
            State::Skipped => None,
            State::Said(said) => Some(*said),
        };
        Some(guess::judge(&self.predict, said, measured.value, &measured.how))
    }
}
