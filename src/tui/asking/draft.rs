//! An answer in the making: what is chosen, typed or moved so far.
use std::collections::{BTreeMap, BTreeSet};

use crate::content::{Kind, Question};
use crate::practice::{Answer, Attempt};
use crate::tui::action::Action;
use crate::tui::widgets::field::Field;

/// What the learner has done so far, by the kind of question. Rows are those of the screen.
#[derive(Clone, Debug)]
pub enum Draft {
    /// Options: the row under the cursor, and those ticked where several may be.
    Choose { row: usize, ticked: BTreeSet<usize>, several: bool },
    /// A statement: true, false, and the correction's row. Corrections are offered once it is said to be false for good: only
    /// a false statement has any.
    Judge { says: Option<bool>, row: Option<usize>, is_said: bool },
    /// Items in the learner's order (rows of the attempt), one of them held perhaps.
    Arrange { row: usize, order: Vec<usize>, held: bool },
    /// For each left side, the right side's row chosen for it.
    Pair { row: usize, chosen: Vec<Option<usize>> },
    /// A number, a word, the value of a field.
    Write(Field),
    /// Values to choose, a line each.
    Fill { row: usize, fields: Vec<Field> },
    /// A card: the learner's own text, then the rubric's points found in it.
    Explain { text: Field, met: Option<Vec<bool>>, row: usize },
}

impl Draft {
    /// Nothing done yet.
    #[must_use]
    pub fn new(question: &Question, attempt: &Attempt) -> Self {
        match attempt.kind(question) {
            Kind::Single(_) => Self::Choose { row: 0, ticked: BTreeSet::new(), several: false },
            Kind::Multiple(_) => Self::Choose { row: 0, ticked: BTreeSet::new(), several: true },
            Kind::TrueFalse { .. } => Self::Judge { says: None, row: None, is_said: false },
            Kind::Order(_) => Self::Arrange { row: 0, order: (0..attempt.options().len()).collect(), held: false },
            Kind::Match(_) => Self::Pair { row: 0, chosen: vec![None; attempt.lefts().len()] },
            Kind::Numeric { .. } | Kind::Predict { .. } | Kind::Short { .. } | Kind::Field(_) => {
                Self::Write(Field::default())
            }
            Kind::Design(_) | Kind::Exercise(_) => {
                Self::Fill { row: 0, fields: vec![Field::default(); attempt.blanks().len()] }
            }
            Kind::Card { .. } => Self::Explain { text: Field::default(), met: None, row: 0 },
        }
    }

    /// Whether keys without a binding are text now.
    #[must_use]
    pub const fn is_typing(&self) -> bool {
        matches!(self, Self::Write(_) | Self::Fill { .. } | Self::Explain { met: None, .. })
    }

    /// Takes a key's action; `rows` is how many options, items or points there are.
    pub fn update(&mut self, action: &Action, attempt: &Attempt) {
        let rows = attempt.options().len();
        match self {
            Self::Choose { row, ticked, several } => choose(row, ticked, *several, action, rows),
            Self::Judge { says, is_said: false, .. } => match action {
                Action::Choose(0) | Action::Up => *says = Some(true),
                Action::Choose(1) | Action::Down => *says = Some(false),
                _ => {}
            },
            Self::Judge { row, .. } => match action {
                Action::Choose(option) => *row = Some((*option).min(rows.saturating_sub(1))),
                // The first arrow comes from above the list.
                Action::Down if row.is_none() => *row = Some(0),
                other => *row = row.map(|row| moved(row, other, rows)),
            },
            Self::Arrange { row, order, held } => arrange(row, order, held, action),
            Self::Pair { row, chosen } => pair(row, chosen, action, rows),
            Self::Write(field) => write(field, action),
            Self::Fill { row, fields } => {
                *row = moved(*row, action, fields.len());
                if let Some(field) = fields.get_mut(*row) {
                    write(field, action);
                }
            }
            Self::Explain { text, met: None, .. } => write(text, action),
            Self::Explain { met: Some(met), row, .. } => match action {
                Action::Toggle | Action::Choose(_) => {
                    if let Action::Choose(at) = action {
                        *row = (*at).min(met.len().saturating_sub(1));
                    }
                    if let Some(point) = met.get_mut(*row) {
                        *point = !*point;
                    }
                }
                other => *row = moved(*row, other, met.len()),
            },
        }
    }

    /// The answer of who goes on without one: what was said for good stands.
    #[must_use]
    pub const fn skipped(&self) -> Answer {
        match self {
            Self::Judge { says: Some(says), is_said: true, .. } => Answer::Truth { says: *says, correction: None },
            _ => Answer::Skipped,
        }
    }

    /// The answer as it stands; `None` while something is missing.
    #[must_use]
    pub fn answer(&self, attempt: &Attempt) -> Option<Answer> {
        let index = |row: &usize| attempt.options().get(*row).map(|shown| shown.index);
        match self {
            Self::Choose { row, several: false, .. } => Some(Answer::Choices(vec![index(row)?])),
            Self::Choose { ticked, .. } => {
                let all: Vec<usize> = ticked.iter().filter_map(index).collect();
                (!all.is_empty()).then_some(Answer::Choices(all))
            }
            Self::Judge { says, row, .. } => {
                let says = (*says)?;
                let correction = row.as_ref().and_then(index).filter(|_| !says);
                let is_whole = says || correction.is_some() || attempt.options().is_empty();
                is_whole.then_some(Answer::Truth { says, correction })
            }
            Self::Arrange { order, .. } => Some(Answer::Sequence(order.iter().filter_map(index).collect())),
            Self::Pair { chosen, .. } => {
                let all: Option<Vec<usize>> = chosen.iter().map(|row| index(&(*row)?)).collect();
                Some(Answer::Sequence(all?))
            }
            Self::Write(field) => {
                let text = field.text.trim().to_owned();
                let is_number = attempt.number_hint().is_some();
                (!text.is_empty()).then_some(if is_number { Answer::Number(text) } else { Answer::Text(text) })
            }
            Self::Fill { fields, .. } => {
                let typed = fields.iter().map(|field| field.text.trim().to_owned());
                let knobs = attempt.blanks().into_iter().map(|it| it.knob);
                let all: BTreeMap<String, String> = knobs.zip(typed).collect();
                Some(Answer::Values(all))
            }
            Self::Explain { text, met, .. } => {
                Some(Answer::Rubric { met: met.clone()?, text: text.text.trim().to_owned() })
            }
        }
    }
}

/// The row an arrow leads to.
fn moved(row: usize, action: &Action, rows: usize) -> usize {
    match action {
        Action::Down | Action::Scroll { down: true, .. } => (row + 1).min(rows.saturating_sub(1)),
        Action::Up | Action::Scroll { down: false, .. } => row.saturating_sub(1),
        _ => row,
    }
}

fn choose(row: &mut usize, ticked: &mut BTreeSet<usize>, several: bool, action: &Action, rows: usize) {
    *row = match action {
        Action::Choose(at) => (*at).min(rows.saturating_sub(1)),
        other => moved(*row, other, rows),
    };
    let ticks = matches!(action, Action::Toggle | Action::Choose(_));
    if several && ticks && !ticked.remove(row) {
        ticked.insert(*row);
    }
}

fn arrange(row: &mut usize, order: &mut [usize], held: &mut bool, action: &Action) {
    match action {
        Action::Toggle => *held = !*held,
        Action::Choose(at) => *row = (*at).min(order.len().saturating_sub(1)),
        other => {
            let to = moved(*row, other, order.len());
            if *held {
                order.swap(*row, to);
            }
            *row = to;
        }
    }
}

fn pair(row: &mut usize, chosen: &mut [Option<usize>], action: &Action, rights: usize) {
    let lefts = chosen.len();
    let Some(here) = chosen.get_mut(*row) else { return };
    match action {
        Action::Choose(right) if *right < rights => {
            *here = Some(*right);
            *row = (*row + 1).min(lefts - 1);
        }
        Action::Right => *here = Some(here.map_or(0, |it| (it + 1) % rights.max(1))),
        Action::Left => *here = Some(here.map_or(rights.saturating_sub(1), |it| (it + rights - 1) % rights.max(1))),
        other => *row = moved(*row, other, lefts),
    }
}

fn write(field: &mut Field, action: &Action) {
    match action {
        Action::Type(key) => field.key(*key),
        Action::Paste(text) => field.paste(text),
        _ => {}
    }
}
