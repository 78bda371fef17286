//! A question to the room: hands counted before and after the room has talked, then the answer.
use ratatui::text::{Line, Span};

use crate::content::{Kind, Predict, Question};
use crate::progress::Round;
use crate::recording::Recording;
use crate::tui::theme::Theme;
use crate::tui::widgets::field::Field;

/// More hands than a lecture hall has.
const MOST_HANDS: u32 = 9999;

/// An option the room may raise hands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) text: String,
    pub(super) correct: bool,
    pub(super) why: String,
}

/// The question, the counts so far, and whether the answer is out.
pub(super) struct Poll {
    /// What the counts are kept under.
    pub(super) id: String,
    pub(super) ask: String,
    pub(super) choices: Vec<Choice>,
    pub(super) explanation: String,
    before: Option<Vec<u32>>,
    after: Option<Vec<u32>>,
    pub(super) typing: Option<Field>,
    pub(super) wrong: Option<String>,
    pub(super) revealed: bool,
}

impl Poll {
    /// A question with one right option; other kinds are not asked by hands.
    pub(super) fn of_question(question: &Question) -> Option<Self> {
        let Kind::Single(options) = &question.kind else { return None };
        let choice =
            |it: &crate::content::Choice| Choice { text: it.text.clone(), correct: it.correct, why: it.why.clone() };
        let mut choices: Vec<Choice> = options.iter().map(choice).collect();
        // The right one is often written first; the alphabet knows nothing of that.
        choices.sort_by(|a, b| a.text.cmp(&b.text));
        Some(Self::new(question.id.clone(), question.prompt.clone(), choices, question.explanation.clone()))
    }

    /// A step's prediction: what people guess, and what the run measured.
    pub(super) fn of_predict(id: String, predict: &Predict, recording: &Recording) -> Option<Self> {
        let measured = recording.measurement(&predict.measure)?;
        let mut values: Vec<(i64, Choice)> = vec![(
            measured.value.value,
            Choice { text: measured.value.to_string(), correct: true, why: format!("measured: {}", measured.how) },
        )];
        let wrong = predict.wrong.iter().filter(|it| it.value.value != measured.value.value);
        values.extend(wrong.map(|it| {
            let choice = Choice { text: it.value.to_string(), correct: false, why: it.why.clone() };
            (it.value.value, choice)
        }));
        values.sort_by_key(|(value, _)| *value);
        let choices = values.into_iter().map(|(_, choice)| choice).collect();
        Some(Self::new(id, predict.ask.clone(), choices, String::new()))
    }

    const fn new(id: String, ask: String, choices: Vec<Choice>, explanation: String) -> Self {
        Self { id, ask, choices, explanation, before: None, after: None, typing: None, wrong: None, revealed: false }
    }

    /// Which count the next hands are.
    pub(super) const fn round(&self) -> Round {
        if self.before.is_none() { Round::Before } else { Round::After }
    }

    /// Takes the typed counts, one an option; gives them when they are that.
    pub(super) fn count(&mut self) -> Option<(Round, Vec<u32>)> {
        let typed = self.typing.as_ref()?.text.clone();
        let numbers: Option<Vec<u32>> =
            typed.split([' ', ',']).filter(|part| !part.is_empty()).map(|part| part.parse().ok()).collect();
        let hands = numbers.filter(|it| it.len() == self.choices.len() && it.iter().all(|hands| *hands <= MOST_HANDS));
        let Some(hands) = hands else {
            self.wrong = Some(format!("Write {} numbers, one for each option, such as 4 11 3.", self.choices.len()));
            return None;
        };
        let round = self.round();
        match round {
            Round::Before => self.before = Some(hands.clone()),
            Round::After => self.after = Some(hands.clone()),
        }
        self.typing = None;
        self.wrong = None;
        Some((round, hands))
    }

    /// The question as the room sees it.
    pub(super) fn lines(&self, width: usize, theme: &Theme) -> Vec<Line<'static>> {
        let mut lines = wrapped(&self.ask, "", width, theme.strong);
        lines.push(Line::default());
        for (index, choice) in self.choices.iter().enumerate() {
            let (sign, style) = match (self.revealed, choice.correct) {
                (true, true) => ("✔", theme.good),
                (true, false) => ("✘", theme.dim),
                (false, _) => (" ", theme.text),
            };
            lines.extend(wrapped(&format!("{sign} {}) {}", index + 1, choice.text), "     ", width, style));
            for (word, counts) in [("before", &self.before), ("after ", &self.after)] {
                lines.extend(counts.as_ref().map(|counts| hands(word, counts, index, width, theme)));
            }
            if self.revealed {
                lines.extend(wrapped(&format!("     {}", choice.why), "     ", width, theme.text));
            }
        }
        if self.revealed && !self.explanation.is_empty() {
            lines.push(Line::default());
            lines.extend(wrapped(&self.explanation, "", width, theme.text));
        }
        lines
    }
}

fn hands(word: &str, counts: &[u32], index: usize, width: usize, theme: &Theme) -> Line<'static> {
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let room = width.saturating_sub(22).min(40);
    let count = counts[index];
    let full = (count as usize * room).div_ceil(most as usize);
    Line::from(vec![
        Span::styled(format!("     {word} "), theme.dim),
        Span::styled("█".repeat(full), if word == "before" { theme.hues[2] } else { theme.hues[4] }),
        Span::styled(format!(" {count}"), theme.strong),
    ])
}

pub(super) fn wrapped(text: &str, hang: &str, width: usize, style: ratatui::style::Style) -> Vec<Line<'static>> {
    let indent: String = text.chars().take_while(|c| *c == ' ').collect();
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let options = textwrap::Options::new(width.max(12)).initial_indent(&indent).subsequent_indent(hang);
    textwrap::wrap(&joined, options).into_iter().map(|line| Line::styled(line.into_owned(), style)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll() -> Poll {
        let choice = |text: &str, correct| Choice { text: text.to_owned(), correct, why: "because".to_owned() };
        Poll::new("q".to_owned(), "Which?".to_owned(), vec![choice("a", true), choice("b", false)], String::new())
    }

    #[test]
    fn hands_are_counted_once_before_and_once_after() {
        let mut poll = poll();
        poll.typing = Some(Field { text: "4 11".to_owned() });
        assert_eq!(poll.count(), Some((Round::Before, vec![4, 11])));
        poll.typing = Some(Field { text: "12,3".to_owned() });
        assert_eq!(poll.count(), Some((Round::After, vec![12, 3])));
    }

    #[test]
    fn counts_that_are_none_are_refused_and_stay_typed() {
        let mut poll = poll();
        for text in ["4", "4 5 6", "four 5", "99999 1"] {
            poll.typing = Some(Field { text: text.to_owned() });
            assert_eq!(poll.count(), None);
            assert!(poll.wrong.is_some() && poll.typing.is_some());
        }
    }
}
