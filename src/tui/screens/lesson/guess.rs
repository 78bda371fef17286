//! Predict before run: a guess, and what the run says to it.
use crate::content::Predict;
use crate::quantity::{Quantity, Unit};
use crate::recording::Recording;
use crate::tui::widgets::field::Field;

/// How far from the measured value a guess may be and still be right.
const CLOSE_PPM: i128 = 50_000;

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
        match self.read(typed) {
            Ok(said) => {
                self.unreadable = None;
                self.state = State::Said(said);
                let measured = recording.and_then(|it| it.measurement(&self.predict.measure));
                Some(measured.map(|it| (said, it.value)))
            }
            Err(message) => {
                self.unreadable = Some(message);
                None
            }
        }
    }

    /// The unit a bare number is read in.
    pub(super) const fn unit(&self) -> &'static str {
        match self.predict.unit {
            Unit::Nanoseconds => "ms",
            Unit::BitsPerSecond => "Mbit/s",
            Unit::Bytes => "B",
            Unit::PartsPerMillion => "%",
            Unit::Count => "",
        }
    }

    /// A bare number is in [`Guess::unit`]; any unit of its kind may be written.
    fn read(&self, typed: &str) -> Result<Quantity, String> {
        let unit = self.predict.unit;
        let with_unit = format!("{typed}{}", self.unit());
        let read = Quantity::parse(typed, unit).or_else(|error| Quantity::parse(&with_unit, unit).map_err(|_| error));
        read.map_err(|error| error.to_string())
    }

    /// What the run says to the guess, in a few sentences.
    pub(super) fn verdict(&self, recording: Option<&Recording>) -> Option<Vec<Said>> {
        let measured = recording?.measurement(&self.predict.measure)?;
        let truth = format!("Measured: {} ({}).", measured.value, measured.how);
        let said = match &self.state {
            State::Open => return None,
            State::Skipped => return Some(vec![Said::Plain(truth)]),
            State::Said(said) => *said,
        };
        if is_close(said, measured.value) {
            return Some(vec![Said::Right(format!("You said {said}: right.")), Said::Plain(truth)]);
        }
        let mut all = vec![Said::Wrong(format!("You said {said}.")), Said::Plain(truth)];
        let known = self.predict.wrong.iter().find(|wrong| is_close(said, wrong.value));
        all.extend(known.map(|wrong| Said::Plain(wrong.why.clone())));
        Some(all)
    }
}

/// A sentence of the verdict.
pub(super) enum Said {
    Right(String),
    Wrong(String),
    Plain(String),
}

/// Things are counted exactly; sizes and times need not be guessed to the last digit.
fn is_close(said: Quantity, truth: Quantity) -> bool {
    if truth.unit == Unit::Count {
        return said == truth;
    }
    let off = (i128::from(said.value) - i128::from(truth.value)).abs() * 1_000_000;
    said.unit == truth.unit && off <= i128::from(truth.value.abs()) * CLOSE_PPM
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_right_or_wrong_and_a_time_may_be_close() {
        let count = |value| Quantity::new(value, Unit::Count);
        assert!(is_close(count(63), count(63)));
        assert!(!is_close(count(64), count(63)), "a TTL of 64 is not 63");
        let ms = |value: i64| Quantity::new(value * 1_000_000, Unit::Nanoseconds);
        assert!(is_close(ms(100), ms(102)));
        assert!(!is_close(ms(90), ms(102)));
    }
}
