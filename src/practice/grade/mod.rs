//! What an answer is worth, and what there is to say about it. One file a kind of answer; all of them pure.
mod card;
mod choices;
mod design;
mod exercise;
mod number;
mod order;
mod pairs;
mod statement;
mod text;

use super::{Answer, Asked, Attempt, Grade, Remark, Runs, Verdict};
use crate::content::{Kind, Question};

/// All points of a question.
pub const FULL: i64 = 1_000_000;

/// An answer that cannot be read as one. It is not wrong: the learner writes it again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

/// Grades `answer` to `question` as `attempt` asked it. Giving up is wrong, and is told what was right. Chosen settings are
/// judged by a run, which takes its time; other answers need none.
///
/// # Errors
/// [`Unreadable`] with a sentence that says what to write or do; nothing is to be stored then.
pub fn grade(question: &Question, attempt: &Attempt, answer: &Answer, runs: &dyn Runs) -> Result<Grade, Unreadable> {
    let given = (!matches!(answer, Answer::Skipped)).then_some(answer);
    let shown = attempt.options();
    let graded = match (attempt.kind(question), &attempt.asked) {
        (Kind::Single(options), _) => choices::single(options, shown, given),
        (Kind::Multiple(options), _) => choices::multiple(options, shown, given),
        (Kind::TrueFalse { truth, why, corrections }, _) => {
            statement::grade(&statement::Statement { truth: *truth, why, corrections, shown }, given)
        }
        (Kind::Numeric { .. } | Kind::Predict { .. }, Asked::Number { truth, near, .. }) => {
            number::grade(*truth, near, given)
        }
        (Kind::Order(items), _) => order::grade(items, given),
        (Kind::Match(pairs), _) => pairs::grade(pairs, given),
        (Kind::Short { accept, near }, _) => text::short(accept, near, given),
        (Kind::Field(hidden), Asked::Field { revealed, .. }) => text::field(revealed, &hidden.near, given),
        (Kind::Design(design), Asked::Design(asked)) => design::grade(design, asked, given, runs),
        (Kind::Exercise(_), Asked::Fill(gaps)) => exercise::fill(gaps, given),
        (Kind::Card { rubric, model }, _) => card::grade(rubric, model, given),
        _ => Err(Unreadable("This attempt belongs to another question.".to_owned())),
    }?;
    Ok(if given.is_some() { graded } else { Grade { points_ppm: 0, verdict: Verdict::Wrong, ..graded } })
}

impl Grade {
    /// The verdict follows from the points.
    fn new(points_ppm: i64, right: String, remarks: Vec<Remark>) -> Self {
        let points_ppm = points_ppm.clamp(0, FULL);
        let verdict = match points_ppm {
            FULL => Verdict::Right,
            0 => Verdict::Wrong,
            _ => Verdict::Partly,
        };
        Self { points_ppm, verdict, right, remarks }
    }
}

impl Remark {
    fn new(about: impl Into<String>, right: bool, why: impl Into<String>) -> Self {
        Self { about: about.into(), right, why: why.into() }
    }
}

/// `part` of `whole` points, rounded down; nothing of nothing is all.
fn share(part: usize, whole: usize) -> i64 {
    let points = (part as i128 * i128::from(FULL)).checked_div(whole as i128);
    points.and_then(|it| i64::try_from(it).ok()).unwrap_or(FULL)
}

fn misfit(wanted: &str) -> Unreadable {
    Unreadable(format!("This question is answered with {wanted}."))
}

#[cfg(test)]
mod tests;
