//! A lesson's prediction: what a line says of it, and what the run says to it.
use super::{Unreadable, number_hint, read_number};
use crate::content::{Predict, is_close};
use crate::quantity::{Quantity, Unit};

/// The word that skips a guess.
const SKIP: &str = "skip";

/// What the run says to a guess.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the guess was right; `None` when there was none.
    pub right: Option<bool>,
    /// `You said 80 ms: right.`
    pub said: Option<String>,
    /// What was measured, and what is wrong about a guess that people make.
    pub sentences: Vec<String>,
}

/// What was written as a guess: a number, or `None` for the word that skips it. Nothing written is no guess.
///
/// # Errors
/// [`Unreadable`] with a sentence that says what to write.
pub fn read(line: &str, unit: Unit) -> Result<Option<Quantity>, Unreadable> {
    let line = line.trim();
    if line.is_empty() {
        return Err(Unreadable(format!(
            "Nothing is written yet. It takes {}. The word skip goes on without a guess.",
            number_hint(unit)
        )));
    }
    if line.eq_ignore_ascii_case(SKIP) {
        return Ok(None);
    }
    read_number(line, unit).map(Some)
}

/// Judges a guess by the value that was measured and the way it was.
#[must_use]
pub fn judge(predict: &Predict, guess: Option<Quantity>, measured: Quantity, how: &str) -> Verdict {
    let truth = format!("Measured {measured}: {how}.");
    let Some(guess) = guess else { return Verdict { right: None, said: None, sentences: vec![truth] } };
    if is_close(guess, measured) {
        return Verdict { right: Some(true), said: Some(format!("You said {guess}: right.")), sentences: vec![truth] };
    }
    let known = predict.wrong.iter().find(|wrong| is_close(guess, wrong.value));
    let sentences = [truth].into_iter().chain(known.map(|wrong| wrong.why.clone())).collect();
    Verdict { right: Some(false), said: Some(format!("You said {guess}: not right.")), sentences }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::WrongGuess;

    const fn ms(value: i64) -> Quantity {
        Quantity::new(value * 1_000_000, Unit::Nanoseconds)
    }

    #[test]
    fn a_count_is_right_or_wrong_and_a_time_may_be_close() {
        let count = |value| Quantity::new(value, Unit::Count);
        assert!(is_close(count(63), count(63)));
        assert!(!is_close(count(64), count(63)), "a TTL of 64 is not 63");
        assert!(is_close(ms(100), ms(102)));
        assert!(!is_close(ms(90), ms(102)));
    }

    #[test]
    fn nothing_written_is_no_guess_and_one_word_skips_it() {
        let read = |line| read(line, Unit::Nanoseconds);
        assert_eq!(read(" 80 ms "), Ok(Some(ms(80))));
        assert_eq!((read("skip"), read(" Skip ")), (Ok(None), Ok(None)));
        let said = |line| read(line).expect_err("no guess").0;
        insta::assert_snapshot!(said("  "), @"Nothing is written yet. It takes a time with its unit; 80ms and 0.08 s are both read. The word skip goes on without a guess.");
        insta::assert_snapshot!(said("80"), @"`80` is not a time without its unit: write 80ms or 80s.");
    }

    #[test]
    fn a_guess_is_judged_and_a_known_mistake_explained() {
        let wrong = vec![WrongGuess { value: ms(40), why: "That is one way.".to_owned() }];
        let predict = Predict { ask: "?".into(), unit: Unit::Nanoseconds, measure: "rtt".into(), wrong };
        let judge = |guess| judge(&predict, guess, ms(80), "SYN out to SYN-ACK in");
        assert_eq!(judge(Some(ms(81))).right, Some(true));
        assert_eq!(judge(Some(ms(60))).sentences.len(), 1);
        let known = judge(Some(ms(41)));
        assert_eq!((known.right, known.sentences[1].as_str()), (Some(false), "That is one way."));
        assert_eq!(judge(None).sentences, ["Measured 80 ms: SYN out to SYN-ACK in."]);
    }
}
