//! Predict before run: the guess being typed, and whether it is settled.
use crate::content::Predict;
use crate::practice::guess::{self, Verdict};
use crate::practice::read_number;
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

    pub(super) fn skip(&mut self) {
        self.field.text.clear();
    }

    /// Closes the guess. `Some(Some(..))` is what was said and what was measured, to be kept; `Some(None)` a skipped
    /// one; `None` means it could not be read and stays open.
    pub(super) fn submit(&mut self, recording: Option<&Recording>) -> Option<Option<(Quantity, Quantity)>> {
        let typed = self.field.text.trim();
        if typed.is_empty() {
            self.state = State::Skipped;
            return Some(None);
        }
        match read_number(typed, self.predict.unit) {
            Ok(said) => {
                self.unreadable = None;
                self.state = State::Said(said);
                let measured = recording.and_then(|it| it.measurement(&self.predict.measure));
                Some(measured.map(|it| (said, it.value)))
            }
            Err(unreadable) => {
                self.unreadable = Some(unreadable.0);
                None
            }
        }
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
