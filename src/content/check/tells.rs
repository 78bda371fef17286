//! Tells: what gives an answer away to somebody who knows nothing of the subject, such as its length.
//!
//! One question is judged by itself only where its right text is far longer than every wrong one. Shares are judged over a
//! chapter, because among four options the right one is the longest in every fourth question by chance.
use super::{Checker, Place};
use crate::content::rule::Rule;
use crate::content::{Chapter, Choice, Kind, Question};

/// How many tenths of the longest wrong text the right one may have.
const TENTHS: usize = 14;
/// Characters that decide nothing: a right text this little longer than the others is no tell.
const SLACK: usize = 10;
/// Questions of a form from which on a chapter's share of them is judged.
const LEAST: usize = 6;
/// The share of true statements, in per cent.
const TRUTHS: (usize, usize) = (35, 65);

/// A form of question with texts to choose from.
struct Form {
    /// For messages: "single questions".
    name: &'static str,
    /// For messages: "option".
    text: &'static str,
    /// The share, in per cent, in which the longest (or the shortest) text may be right.
    most: usize,
    choices: fn(&Kind) -> Option<&[Choice]>,
}

/// By chance it is 25 % among four options, 33 % among three corrections, 60 % where three of five options are right.
const FORMS: [Form; 3] = [
    Form {
        name: "single questions",
        text: "option",
        most: 40,
        choices: |kind| match kind {
            Kind::Single(options) => Some(options),
            _ => None,
        },
    },
    Form {
        name: "multiple questions",
        text: "option",
        most: 75,
        choices: |kind| match kind {
            Kind::Multiple(options) => Some(options),
            _ => None,
        },
    },
    Form {
        name: "false statements",
        text: "correction",
        most: 50,
        choices: |kind| match kind {
            Kind::TrueFalse { truth: false, corrections, .. } => Some(corrections),
            _ => None,
        },
    },
];

/// An end of the range of lengths at which the right text should not lie too often.
struct End {
    word: &'static str,
    help: &'static str,
    is: fn(&Lengths<'_>) -> bool,
}

const ENDS: &[End] = &[
    End {
        word: "longest",
        help: "shorten what is right to its claim, or sharpen what is wrong without padding it",
        is: |lengths| lengths.right.1 > lengths.wrong.1,
    },
    End {
        word: "shortest",
        help: "shorten what is wrong, or let what is right say a little more",
        is: |lengths| lengths.right.0 < lengths.wrong.0,
    },
];

impl Checker<'_> {
    pub(super) fn tells(&mut self) {
        let content = self.content;
        for chapter in &content.chapters {
            for form in &FORMS {
                self.lengths(chapter, form);
            }
            self.truths(chapter);
        }
    }

    fn lengths(&mut self, chapter: &Chapter, form: &Form) {
        let questions = &chapter.quiz.questions;
        let asked = questions.iter().filter_map(|it| Some((it, lengths((form.choices)(&it.kind)?)?)));
        let asked: Vec<(&Question, Lengths<'_>)> = asked.collect();
        for (question, lengths) in asked.iter().filter(|(_, it)| it.far_longer()) {
            self.far_longer(question, lengths, form);
        }
        for end in ENDS {
            let told = asked.iter().filter(|(_, it)| (end.is)(it)).map(|(question, _)| *question);
            self.too_often(end, &told.collect::<Vec<_>>(), asked.len(), chapter, form);
        }
    }

    fn far_longer(&mut self, question: &Question, lengths: &Lengths<'_>, form: &Form) {
        let Lengths { longest, right, wrong, .. } = lengths;
        let title = format!(
            "the right {} stands out: {} characters, the longest wrong one has {}",
            form.text, right.1, wrong.1
        );
        let help = format!(
            "shorten it to what it claims, {} characters at most: its `why` and the explanation carry the detail. Do not pad \
             the others",
            (wrong.1 * TENTHS / 10).max(wrong.1 + SLACK)
        );
        self.error(Rule::LengthTells, place(question), longest, (title, help));
    }

    fn too_often(&mut self, end: &End, told: &[&Question], of: usize, chapter: &Chapter, form: &Form) {
        let most = of * form.most / 100;
        let [first, ..] = told else { return };
        if of < LEAST || told.len() <= most {
            return;
        }
        let (count, id, Form { name, text, .. }) = (told.len(), &chapter.id, form);
        let word = end.word;
        let title = format!("{id}: the {word} {text} is right in {count} of {of} {name}, instead of {most} at most");
        let help = format!("in some of these {} (in {} % it may be so):\n{}", end.help, form.most, list(told));
        self.error(Rule::LengthTells, place(first), &first.id, (title, help));
    }

    fn truths(&mut self, chapter: &Chapter) {
        let statements = |wanted: bool| {
            let is = move |it: &&Question| matches!(it.kind, Kind::TrueFalse { truth, .. } if truth == wanted);
            chapter.quiz.questions.iter().filter(is).collect::<Vec<_>>()
        };
        let (right, wrong) = (statements(true), statements(false));
        let of = right.len() + wrong.len();
        let (least, most) = ((of * TRUTHS.0).div_ceil(100), of * TRUTHS.1 / 100);
        if of < LEAST || (least..=most).contains(&right.len()) {
            return;
        }
        let (too_many, word) = if right.len() > most { (&right, "true") } else { (&wrong, "false") };
        let Some(first) = too_many.first() else { return };
        let (count, id) = (right.len(), &chapter.id);
        let wanted = if least == most { least.to_string() } else { format!("{least} to {most}") };
        let title = format!("{id}: {count} of {of} true/false statements are true, instead of {wanted}");
        let help = format!(
            "turn some of these round, or whoever says \"{word}\" each time is mostly right; a true statement that most \
             believe false is the best kind:\n{}",
            list(too_many)
        );
        self.error(Rule::TruthBalance, place(first), &first.id, (title, help));
    }
}

/// The shortest and the longest of the right and of the wrong texts, in characters.
struct Lengths<'q> {
    /// The longest right text.
    longest: &'q str,
    right: (usize, usize),
    wrong: (usize, usize),
}

impl Lengths<'_> {
    fn far_longer(&self) -> bool {
        self.right.1 > self.wrong.1 + SLACK && self.right.1 * 10 > self.wrong.1 * TENTHS
    }
}

/// `None` where nothing is to be chosen.
fn lengths(choices: &[Choice]) -> Option<Lengths<'_>> {
    let bounds = |correct: bool| {
        let lengths = || choices.iter().filter(|it| it.correct == correct).map(|it| seen(&it.text));
        Some((lengths().min()?, lengths().max()?))
    };
    let longest = choices.iter().filter(|it| it.correct).max_by_key(|it| seen(&it.text))?;
    Some(Lengths { longest: &longest.text, right: bounds(true)?, wrong: bounds(false)? })
}

/// Characters a reader sees: the marks of code and emphasis are not among them.
fn seen(text: &str) -> usize {
    text.chars().filter(|it| !matches!(it, '`' | '*')).count()
}

fn place(question: &Question) -> Place<'_> {
    Place { path: &question.path, line: question.line }
}

/// Where each stands, one a line.
fn list(questions: &[&Question]) -> String {
    let lines = questions.iter().map(|it| format!("{}:{} {}", it.path, it.line, it.id));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices(right: &[usize], wrong: &[usize]) -> Vec<Choice> {
        let choice = |correct| move |length: &usize| Choice { text: "x".repeat(*length), correct, why: String::new() };
        right.iter().map(choice(true)).chain(wrong.iter().map(choice(false))).collect()
    }

    #[test]
    fn a_right_text_as_long_as_a_wrong_one_is_neither_longest_nor_shortest() {
        let among = |right: &[usize], wrong: &[usize]| {
            let choices = choices(right, wrong);
            let lengths = lengths(&choices).expect("both kinds");
            let [longest, shortest] = ENDS else { panic!("two ends") };
            ((longest.is)(&lengths), (shortest.is)(&lengths))
        };
        assert_eq!(among(&[20], &[20, 10, 15]), (false, false));
        assert_eq!(among(&[21], &[20, 10, 15]), (true, false));
        assert_eq!(among(&[9], &[20, 10, 15]), (false, true));
        assert_eq!(among(&[10, 15], &[20, 10]), (false, false));
        assert_eq!(among(&[9, 21], &[20, 10]), (true, true), "of several right ones each end counts");
    }

    #[test]
    fn few_characters_are_no_tell_whatever_their_ratio() {
        let far = |right, wrong| lengths(&choices(&[right], &[wrong, 1])).is_some_and(|it| it.far_longer());
        assert!(!far(13, 3) && far(14, 3));
        assert!(!far(70, 50) && far(71, 50));
    }

    #[test]
    fn marks_that_are_not_seen_do_not_count() {
        assert_eq!(seen("the *first* `recv()`"), 16);
    }

    #[test]
    fn nothing_is_judged_without_both_kinds() {
        assert!(lengths(&choices(&[3], &[])).is_none() && lengths(&choices(&[], &[3])).is_none());
    }
}
