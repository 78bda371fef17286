//! How an answer is written on one line, and what such a line says.
use std::collections::BTreeMap;

use crate::content::{Kind, Question};
use crate::demos::quoted::bare;
use crate::practice::{Answer, Asked, Attempt, Blank, Truth};
use crate::quantity::{Quantity, Unit};

/// What to write for each kind of question.
pub(super) fn how(question: &Question, attempt: &Attempt) -> String {
    match attempt.kind(question) {
        Kind::Order(_) => format!("the numbers in the right order, such as {}", example(attempt.options().len())),
        Kind::Match(_) => {
            format!("for a, b, ... the number of each right side, such as {}", example(attempt.lefts().len()))
        }
        _ => in_a_word(question, attempt).to_owned(),
    }
}

/// Numbers in some order: for 5 it is 2 3 4 5 1.
fn example(count: usize) -> String {
    (2..=count).chain([1]).map(|it| it.to_string()).collect::<Vec<_>>().join(" ")
}

fn in_a_word(question: &Question, attempt: &Attempt) -> &'static str {
    match attempt.kind(question) {
        Kind::Single(_) => "a number",
        Kind::Multiple(_) => "numbers, such as 1 3",
        Kind::TrueFalse { .. } => "t or 1 for true, f or 2 for false",
        Kind::Numeric { .. } | Kind::Predict { .. } => match attempt.asked {
            Asked::Number { truth: Truth { value: Quantity { unit: Unit::Count, .. }, .. }, .. } => "a whole number",
            Asked::Number { truth: Truth { value: Quantity { unit: Unit::PartsPerMillion, .. }, .. }, .. } => {
                "a percentage"
            }
            _ => "a number with its unit",
        },
        Kind::Design(_) | Kind::Exercise(_) => match attempt.blanks().as_slice() {
            [_] => "a value for a",
            _ => "a value for each of a, b, ..., with commas between",
        },
        Kind::Order(_) | Kind::Match(_) | Kind::Short { .. } | Kind::Field(_) => "your answer",
        Kind::Card { .. } => "your own words, on one line",
    }
}

/// Row numbers as people type them, each within `most`.
pub(super) fn numbers(line: &str, most: usize) -> Option<Vec<usize>> {
    let parts = line.split([' ', ',']).filter(|part| !part.is_empty());
    parts.map(|part| part.parse::<usize>().ok()?.checked_sub(1).filter(|index| *index < most)).collect()
}

/// The answer a line says; else what to write.
pub(super) fn read(question: &Question, attempt: &Attempt, line: &str) -> Result<Answer, String> {
    let rows = |text: &str| chosen(attempt, text);
    match &attempt.asked {
        Asked::Options(_) if matches!(attempt.kind(question), Kind::Order(_)) => Ok(Answer::Sequence(rows(line)?)),
        Asked::Options(_) => Ok(Answer::Choices(rows(line)?)),
        Asked::Match { .. } => Ok(Answer::Sequence(rows(line)?)),
        Asked::Statement { .. } => match line.to_lowercase().as_str() {
            "t" | "true" | "1" => Ok(Answer::Truth { says: true, correction: None }),
            "f" | "false" | "2" => Ok(Answer::Truth { says: false, correction: None }),
            _ => Err("Write t (or 1) for true, f (or 2) for false.".to_owned()),
        },
        Asked::Number { .. } => Ok(Answer::Number(line.to_owned())),
        Asked::Design(_) | Asked::Fill(_) => values(&attempt.blanks(), line).map(Answer::Values),
        Asked::Field { .. } | Asked::Text => Ok(Answer::Text(line.to_owned())),
    }
}

/// What the row numbers of a line choose, by their places in the question.
pub(super) fn chosen(attempt: &Attempt, line: &str) -> Result<Vec<usize>, String> {
    let options = attempt.options();
    let rows = numbers(line, options.len()).ok_or_else(|| format!("Write numbers from 1 to {}.", options.len()))?;
    Ok(rows.into_iter().map(|row| options[row].index).collect())
}

/// The values of a line, in the order of the blanks.
fn values(blanks: &[Blank], line: &str) -> Result<BTreeMap<String, String>, String> {
    let wanted = blanks.len();
    let parts = parts(line, wanted);
    if parts.len() != wanted {
        let names: Vec<&str> = blanks.iter().map(|it| it.knob.as_str()).collect();
        let (names, count) = (names.join(", "), parts.len());
        return Err(format!(
            "Write {wanted} values with commas between, for {names}; these are {count}. Where a value has a comma, write \
             it in quotes: 'a, b'."
        ));
    }
    Ok(blanks.iter().map(|it| it.knob.clone()).zip(parts.into_iter().map(str::to_owned)).collect())
}

/// A single value is the whole line, as a value may have commas; several stand between commas, or between semicolons.
/// One in quotes is one whatever it has.
fn parts(line: &str, wanted: usize) -> Vec<&str> {
    let between = if line.contains(';') { ';' } else { ',' };
    if wanted == 1 {
        return vec![bare(line)];
    }
    let mut is_open = false;
    let is_end = |it: char| {
        is_open ^= it == '\'';
        it == between && !is_open
    };
    line.split(is_end).map(bare).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rows_of_the_screen_and_nothing_else() {
        assert_eq!(numbers("1 3", 3), Some(vec![0, 2]));
        assert_eq!(numbers("2,1", 3), Some(vec![1, 0]));
        assert_eq!(numbers("", 3), Some(vec![]));
        for line in ["0", "4", "-1", "one", "1;2", "99999999999999999999"] {
            assert_eq!(numbers(line, 3), None, "{line}");
        }
    }

    #[test]
    fn an_example_has_as_many_numbers_as_are_wanted() {
        assert_eq!([example(5), example(2), example(1)], ["2 3 4 5 1", "2 1", "1"]);
    }

    #[test]
    fn a_value_may_have_commas() {
        assert_eq!(parts(" private, max-age=60 ", 1), ["private, max-age=60"]);
        assert_eq!(parts("'private, max-age=60'", 1), ["private, max-age=60"]);
        assert_eq!(parts("47, 'private, max-age=60', on", 3), ["47", "private, max-age=60", "on"]);
        assert_eq!(parts("47, two-thirds", 2), ["47", "two-thirds"]);
        assert_eq!(parts("private, max-age=60; strong; on", 3), ["private, max-age=60", "strong", "on"]);
        assert_eq!(parts("private, max-age=60, strong, on", 3).len(), 4, "told how to write it");
    }
}
