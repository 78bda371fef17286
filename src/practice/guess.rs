//! A lesson's prediction: what the run says to a guess.
use crate::content::{Predict, is_close};
use crate::quantity::Quantity;

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

/// Judges a guess by the value that was measured and the way it was.
#[must_use]
pub fn judge(predict: &Predict, guess: Option<Quantity>, measured: Quantity, how: &str) -> Verdict {
    let truth = format!("Measured: {measured} ({how}).");
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
    use crate::quantity::Unit;

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
    fn a_guess_is_judged_and_a_known_mistake_explained() {
        let wrong = vec![WrongGuess { value: ms(40), why: "That is one way.".to_owned() }];
        let predict = Predict { ask: "?".into(), unit: Unit::Nanoseconds, measure: "rtt".into(), wrong };
        let judge = |guess| judge(&predict, guess, ms(80), "SYN out to SYN-ACK in");
        assert_eq!(judge(Some(ms(81))).right, Some(true));
        assert_eq!(judge(Some(ms(60))).sentences.len(), 1);
        let known = judge(Some(ms(41)));
        assert_eq!((known.right, known.sentences[1].as_str()), (Some(false), "That is one way."));
        assert_eq!(judge(None).sentences, ["Measured: 80 ms (SYN out to SYN-ACK in)."]);
    }
}
