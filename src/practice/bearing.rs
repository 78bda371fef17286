//! How a remark of a grade is to be read: does what it is about hold, and did the learner choose it?
use super::{Answer, Asked, Attempt, Remark};
use crate::content::{Choice, Kind, Question};

/// Whether a remark is about a statement being true or false, and not about what was offered to choose from: `right` says that already.
#[must_use]
pub fn is_verdict(kind: &Kind, remark: &Remark) -> bool {
    matches!(kind, Kind::TrueFalse { .. }) && ["True", "False"].contains(&&*remark.about)
}

/// Whether what a remark is about holds, and what the learner did with it: a wrong option that was left alone is not right.
#[must_use]
pub fn bearing(question: &Question, attempt: &Attempt, answer: &Answer, remark: &Remark) -> (bool, &'static str) {
    let among = |options: &[Choice], chosen: &[usize], left: &'static str| {
        let at = options.iter().position(|option| option.text == remark.about)?;
        let note = match (chosen.contains(&at), options[at].correct) {
            (true, _) => " · your answer",
            (false, true) => left,
            (false, false) => "",
        };
        Some((options[at].correct, note))
    };
    let found = match (attempt.kind(question), answer) {
        (Kind::Single(options), Answer::Choices(chosen)) => among(options, chosen, ""),
        (Kind::Multiple(options), Answer::Choices(chosen)) => among(options, chosen, " · you left it out"),
        (Kind::Single(options) | Kind::Multiple(options), _) => among(options, &[], ""),
        (Kind::TrueFalse { corrections, .. }, Answer::Truth { says: false, correction }) => {
            among(corrections, correction.as_slice(), "").or(Some((true, "")))
        }
        (Kind::TrueFalse { corrections, .. }, _) => among(corrections, &[], "").or(Some((true, ""))),
        // What was skipped is told as it is right.
        (Kind::Order(_) | Kind::Match(_) | Kind::Exercise(_), Answer::Skipped) => Some((true, "")),
        (Kind::Field(_), _) => match &attempt.asked {
            Asked::Field { revealed, .. } if revealed.value == remark.about => Some((true, "")),
            _ => None,
        },
        _ => None,
    };
    found.unwrap_or((remark.right, ""))
}
