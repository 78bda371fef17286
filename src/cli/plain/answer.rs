//! How an answer is written on one line, and what such a line says.
use std::collections::BTreeMap;

use crate::content::{Kind, Question};
use crate::practice::{Answer, Asked, Attempt, Designed, Truth};
use crate::quantity::{Quantity, Unit};

/// What to write for each kind of question.
pub(super) const fn how(question: &Question, attempt: &Attempt) -> &'static str {
    match question.kind {
        Kind::Single(_) => "a number",
        Kind::Multiple(_) => "numbers, such as 1 3",
        Kind::TrueFalse { .. } => "t for true, f for false",
        Kind::Order(_) => "the numbers in the right order",
        Kind::Match(_) => "for a, b, ... the number of each right side",
        Kind::Numeric { .. } | Kind::Predict { .. } => match attempt.asked {
            Asked::Number { truth: Truth { value: Quantity { unit: Unit::Count, .. }, .. }, .. } => "a whole number",
            Asked::Number { truth: Truth { value: Quantity { unit: Unit::PartsPerMillion, .. }, .. }, .. } => {
                "a percentage"
            }
            _ => "a number with its unit",
        },
        Kind::Design(_) => match &attempt.asked {
            Asked::Design(asked) if asked.blanks.len() == 1 => "a value for a",
            _ => "a value for each of a, b, ..., with commas between",
        },
        Kind::Short { .. } | Kind::Field(_) => "your answer",
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
        Asked::Options(_) if matches!(question.kind, Kind::Order(_)) => Ok(Answer::Sequence(rows(line)?)),
        Asked::Options(_) => Ok(Answer::Choices(rows(line)?)),
        Asked::Match { .. } => Ok(Answer::Sequence(rows(line)?)),
        Asked::Statement { .. } => match line.to_lowercase().as_str() {
            "t" | "true" => Ok(Answer::Truth { says: true, correction: None }),
            "f" | "false" => Ok(Answer::Truth { says: false, correction: None }),
            _ => Err("Write t for true or f for false.".to_owned()),
        },
        Asked::Number { .. } => Ok(Answer::Number(line.to_owned())),
        Asked::Design(asked) => values(asked, line).map(Answer::Values),
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
fn values(asked: &Designed, line: &str) -> Result<BTreeMap<String, String>, String> {
    let parts: Vec<&str> = line.split(',').map(str::trim).collect();
    let wanted = asked.blanks.len();
    if parts.len() != wanted {
        let names: Vec<&str> = asked.blanks.iter().map(|it| it.knob.as_str()).collect();
        let names = names.join(", ");
        return Err(match wanted {
            1 => format!("Write one value, for {names}; these are {}.", parts.len()),
            _ => format!("Write {wanted} values with commas between, for {names}; these are {}.", parts.len()),
        });
    }
    Ok(asked.blanks.iter().map(|it| it.knob.clone()).zip(parts.into_iter().map(str::to_owned)).collect())
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
}
