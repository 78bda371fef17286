//! The only conversions between rows and the types of practice.
use std::error::Error;
use std::str::FromStr;

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Result, Row, ToSql};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::practice::{Answered, Memory, Outcome, Place};

/// The columns [`answered`] reads, in its order.
pub(super) const ANSWERED: &str =
    "question, seed, answer, grade, confidence, hints, at, day, context, sitting, item, session";

pub(super) fn answered(row: &Row<'_>) -> Result<Answered> {
    let place = row.get::<_, Option<String>>(9)?.zip(row.get::<_, Option<u32>>(10)?);
    Ok(Answered {
        question: row.get(0)?,
        seed: row.get::<_, i64>(1)?.cast_unsigned(),
        answer: json(row, 2)?,
        grade: json(row, 3)?,
        confidence: maybe_word(row, 4)?,
        hints: row.get(5)?,
        at: parsed(row, 6)?,
        day: parsed(row, 7)?,
        context: word(row, 8)?,
        place: place.map(|(sitting, item)| Place { sitting, item }),
    })
}

/// The columns [`outcome`] reads, in its order.
pub(super) const OUTCOME: &str = "verdict, confidence, hints, day";

pub(super) fn outcome(row: &Row<'_>) -> Result<Outcome> {
    Ok(Outcome { verdict: word(row, 0)?, confidence: maybe_word(row, 1)?, hints: row.get(2)?, day: parsed(row, 3)? })
}

/// The columns [`memory`] reads, in its order.
pub(super) const MEMORY: &str =
    "question, stability, difficulty, last, natural_due, reps, lapses, verdict, overconfident";

pub(super) fn memory(row: &Row<'_>) -> Result<(String, Memory)> {
    let memory = Memory {
        stability: row.get(1)?,
        difficulty: row.get(2)?,
        last: parsed(row, 3)?,
        natural_due: parsed(row, 4)?,
        reps: row.get(5)?,
        lapses: row.get(6)?,
        verdict: word(row, 7)?,
        overconfident: row.get(8)?,
    };
    Ok((row.get(0)?, memory))
}

/// An instant with all its digits, so that texts sort as instants do.
pub(super) fn instant(at: Timestamp) -> String {
    format!("{at:.9}")
}

/// A value as JSON text.
pub(super) fn to_json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// A unit variant as its word: `partly`.
pub(super) fn to_word<T: Serialize>(value: &T) -> Result<impl ToSql + use<T>> {
    to_json(value).map(|quoted| quoted.trim_matches('"').to_owned())
}

pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| unreadable(column, error))
}

pub(super) fn word<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T> {
    of_word(row.get(column)?, column)
}

pub(super) fn maybe_word<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<Option<T>> {
    row.get::<_, Option<String>>(column)?.map(|text| of_word(text, column)).transpose()
}

fn of_word<T: DeserializeOwned>(text: String, column: usize) -> Result<T> {
    serde_json::from_value(serde_json::Value::String(text)).map_err(|error| unreadable(column, error))
}

/// A date or an instant from its text.
pub(super) fn parsed<T>(row: &Row<'_>, column: usize) -> Result<T>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    let text: String = row.get(column)?;
    text.parse().map_err(|error| unreadable(column, error))
}

pub(super) fn maybe_parsed<T>(row: &Row<'_>, column: usize) -> Result<Option<T>>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    let text: Option<String> = row.get(column)?;
    text.map(|text| text.parse().map_err(|error| unreadable(column, error))).transpose()
}

fn unreadable(column: usize, error: impl Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}
