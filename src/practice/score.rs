//! What a quiz or drill came to, and how well the learner knows what they know.
use super::{Answered, Confidence, Verdict};
use crate::quantity::{Quantity, Unit};

/// The result of a sitting.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Score {
    /// Questions it had.
    pub asked: usize,
    pub right: usize,
    pub partly: usize,
    /// Wrong or given up; questions never reached count in `asked` only.
    pub wrong: usize,
    /// Points of all answers over all questions asked, in ppm.
    pub points_ppm: i64,
    /// Whether that is the share the chapter asks for.
    pub passed: bool,
    /// Indices of the answers that were not all right.
    pub misses: Vec<usize>,
    pub calibration: Calibration,
}

/// For each word a learner can say before the feedback: how often it was said, and how often it was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Calibration {
    pub guess: Said,
    pub unsure: Said,
    pub sure: Said,
}

/// How often something was said, and right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Said {
    pub times: u32,
    pub right: u32,
}

/// The share of all points that `points_ppm` are of so many questions, in ppm; of none it is 0.
#[must_use]
pub fn share(points_ppm: i64, asked: usize) -> i64 {
    i64::try_from(asked).ok().and_then(|asked| points_ppm.checked_div(asked)).unwrap_or(0)
}

/// A share as it is shown: whole tenths of a percent, rounded down, so that what misses a mark is not shown as the mark.
#[must_use]
pub const fn percent(share_ppm: i64) -> Quantity {
    Quantity::new(share_ppm / 1000 * 1000, Unit::PartsPerMillion)
}

/// Scores the answers of a sitting of `asked` questions; what has no answer has no points.
#[must_use]
pub fn score(asked: usize, answers: &[Answered], pass_ppm: i64) -> Score {
    let count = |verdict| answers.iter().filter(|it| it.grade.verdict == verdict).count();
    let points: i64 = answers.iter().map(|it| it.grade.points_ppm).sum();
    let points_ppm = share(points, asked);
    let missed = |(_, it): &(usize, &Answered)| it.grade.verdict != Verdict::Right;
    Score {
        asked,
        right: count(Verdict::Right),
        partly: count(Verdict::Partly),
        wrong: count(Verdict::Wrong),
        points_ppm,
        passed: asked > 0 && points_ppm >= pass_ppm,
        misses: answers.iter().enumerate().filter(missed).map(|(at, _)| at).collect(),
        calibration: Calibration::of(answers.iter().map(|it| (it.confidence, it.grade.verdict, 1))),
    }
}

impl Calibration {
    /// Adds up answers by what was said of them; answers without a word are left out.
    pub fn of(answers: impl IntoIterator<Item = (Option<Confidence>, Verdict, u32)>) -> Self {
        answers.into_iter().fold(Self::default(), |mut sum, (confidence, verdict, times)| {
            let said = match confidence {
                None => return sum,
                Some(Confidence::Guess) => &mut sum.guess,
                Some(Confidence::Unsure) => &mut sum.unsure,
                Some(Confidence::Sure) => &mut sum.sure,
            };
            said.times += times;
            said.right += if verdict == Verdict::Right { times } else { 0 };
            sum
        })
    }
}

impl Said {
    /// The share that was right, in ppm; `None` when it was never said.
    #[must_use]
    pub fn right_ppm(self) -> Option<i64> {
        (i64::from(self.right) * 1_000_000).checked_div(i64::from(self.times))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::civil::date;

    use super::*;
    use crate::practice::{Answer, Context, Grade};

    fn answer(points_ppm: i64, confidence: Option<Confidence>) -> Answered {
        let verdict = match points_ppm {
            1_000_000 => Verdict::Right,
            0 => Verdict::Wrong,
            _ => Verdict::Partly,
        };
        Answered {
            question: "q".to_owned(),
            seed: 0,
            answer: Answer::Skipped,
            grade: Grade { points_ppm, verdict, right: String::new(), remarks: vec![] },
            confidence,
            hints: 0,
            at: Timestamp::UNIX_EPOCH,
            day: date(2026, 1, 1),
            context: Context::Quiz,
            place: None,
        }
    }

    #[test]
    fn points_are_shared_over_all_questions_and_misses_are_named() {
        let answers = [answer(1_000_000, None), answer(500_000, None), answer(0, None)];
        let result = score(4, &answers, 375_000);
        assert_eq!((result.right, result.partly, result.wrong, result.points_ppm), (1, 1, 1, 375_000));
        assert_eq!((result.passed, result.misses), (true, vec![1, 2]));
        assert!(!score(4, &answers, 375_001).passed);
        assert!(!score(0, &[], 0).passed, "nothing asked, nothing passed");
    }

    #[test]
    fn calibration_tells_sure_from_right() {
        let sure = Some(Confidence::Sure);
        let answers = [answer(1_000_000, sure), answer(0, sure), answer(500_000, sure), answer(0, None)];
        let calibration = score(4, &answers, 0).calibration;
        assert_eq!(calibration.sure, Said { times: 3, right: 1 });
        assert_eq!(calibration.sure.right_ppm(), Some(333_333));
        assert_eq!(calibration.guess.right_ppm(), None);
    }
}
