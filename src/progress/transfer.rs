//! Progress as a JSON file: taken to another machine, kept as a copy, read by other programs.
//!
//! `{"format": "roundtrip-progress", "version": 1, "sittings": [..], "answers": [..], "lessons": {..}, "predictions": [..],
//! "votes": [..], "settings": {..}}`; the fields are those of [`crate::practice::Answered`] and of this folder's types,
//! instants in RFC 3339, days as `2026-10-01`. Memories are not in it: they follow from the answers.
//! An import merges: an answer is the same when session, question, seed and instant are; of lessons the furthest step
//! stays, of settings the newer one. Importing twice, or in another order, changes nothing.
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, Result as SqlResult, Row, Transaction};
use serde::{Deserialize, Serialize};

use super::{Position, Prediction, Store, StoreError, Vote, checked, insert, rows, snapshot};
use crate::practice::{Answered, Sitting};

/// What `format` says in our files.
pub(super) const FORMAT: &str = "roundtrip-progress";
/// The version this program writes, and the newest it reads.
pub(super) const VERSION: u64 = 1;
/// No larger file is read: it would hold some hundred thousand answers.
const LARGEST: u64 = 64 << 20;

/// What was new in an imported file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Imported {
    /// Answers that were not there before.
    pub answers: usize,
    /// Answers that were.
    pub known: usize,
}

/// A file that was not imported: nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("the file could not be read: {0}")]
    Unreadable(#[from] std::io::Error),
    #[error("the file is larger than {} MiB: this is no exported progress", LARGEST >> 20)]
    TooLarge,
    #[error("this is no exported progress: {0}; write one with `roundtrip progress --export FILE`")]
    Foreign(String),
    #[error("the file was exported by a newer Roundtrip (version {0}, this one reads {VERSION}): update Roundtrip")]
    Newer(u64),
    /// Every problem, one a line, with its place.
    #[error("nothing was imported:\n{}", .0.join("\n"))]
    Problems(Vec<String>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A whole file.
#[derive(Serialize, Debug)]
pub(super) struct Exported {
    pub(super) format: &'static str,
    pub(super) version: u64,
    pub(super) sittings: Vec<SittingRecord>,
    pub(super) answers: Vec<Of<Answered>>,
    pub(super) lessons: BTreeMap<String, Position>,
    pub(super) predictions: Vec<Of<Prediction>>,
    pub(super) votes: Vec<Of<Vote>>,
    pub(super) settings: BTreeMap<String, Setting>,
}

impl Default for Exported {
    fn default() -> Self {
        Self {
            format: FORMAT,
            version: VERSION,
            sittings: vec![],
            answers: vec![],
            lessons: BTreeMap::new(),
            predictions: vec![],
            votes: vec![],
            settings: BTreeMap::new(),
        }
    }
}

/// Something with the session it was done in.
#[derive(Serialize, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Of<T> {
    pub(super) session: String,
    #[serde(rename = "of")]
    pub(super) it: T,
}

#[derive(Serialize, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct SittingRecord {
    pub(super) id: String,
    pub(super) sitting: Sitting,
    pub(super) ended: Option<Timestamp>,
}

#[derive(Serialize, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Setting {
    pub(super) value: Option<Date>,
    pub(super) at: Timestamp,
}

impl Store {
    /// Everything as JSON, as of one instant; ends with a line break.
    ///
    /// # Errors
    /// One of [`StoreError`].
    pub fn export(&mut self) -> Result<String, StoreError> {
        let exported = self.connection.transaction().and_then(|transaction| {
            let all = gathered(&transaction)?;
            let text = serde_json::to_string_pretty(&all);
            text.map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
        });
        exported.map(|text| text + "\n").map_err(|error| StoreError::of(&self.path, error))
    }

    /// Adds what an exported file has and this store has not; all of it or nothing.
    ///
    /// # Errors
    /// One of [`ImportError`]; the store is as it was then.
    pub fn import(&mut self, from: impl Read) -> Result<Imported, ImportError> {
        let mut bytes = Vec::new();
        from.take(LARGEST + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST {
            return Err(ImportError::TooLarge);
        }
        let exported = checked::read(&bytes)?;
        Ok(self.write(|transaction| merge(transaction, &exported))?)
    }
}

fn gathered(connection: &Connection) -> SqlResult<Exported> {
    let answers = format!("SELECT {} FROM answers ORDER BY at, session, question, seed", rows::ANSWERED);
    let predictions =
        "SELECT lesson, step, guess, measured, at, session FROM predictions ORDER BY at, session, lesson, step";
    let votes = "SELECT question, round, hands, at, session FROM votes ORDER BY at, session, question, round";
    Ok(Exported {
        sittings: snapshot::all(connection, "SELECT id, sitting, ended FROM sittings ORDER BY started, id", sitting)?,
        answers: snapshot::all(connection, &answers, |row| Ok(Of { session: row.get(11)?, it: rows::answered(row)? }))?,
        lessons: snapshot::all(connection, snapshot::POSITIONS, snapshot::position)?,
        predictions: snapshot::all(connection, predictions, |row| {
            Ok(Of { session: row.get(5)?, it: snapshot::prediction(row)? })
        })?,
        votes: snapshot::all(connection, votes, |row| Ok(Of { session: row.get(4)?, it: snapshot::vote(row)? }))?,
        settings: snapshot::all(connection, "SELECT name, value, at FROM settings", setting)?,
        ..Exported::default()
    })
}

fn sitting(row: &Row<'_>) -> SqlResult<SittingRecord> {
    Ok(SittingRecord { id: row.get(0)?, sitting: rows::json(row, 1)?, ended: rows::maybe_parsed(row, 2)? })
}

fn setting(row: &Row<'_>) -> SqlResult<(String, Setting)> {
    Ok((row.get(0)?, Setting { value: rows::maybe_parsed(row, 1)?, at: rows::parsed(row, 2)? }))
}

fn merge(transaction: &Transaction<'_>, from: &Exported) -> SqlResult<Imported> {
    for it in &from.sittings {
        insert::sitting(transaction, &it.id, &it.sitting, it.ended)?;
    }
    let mut imported = Imported::default();
    let mut changed = BTreeSet::new();
    for Of { session, it } in &from.answers {
        if insert::answer(transaction, session, it)? {
            imported.answers += 1;
            changed.insert(it.question.as_str());
        } else {
            imported.known += 1;
        }
    }
    for question in changed {
        insert::memory(transaction, question)?;
    }
    from.lessons.iter().try_for_each(|(lesson, it)| insert::position(transaction, lesson, it))?;
    from.predictions.iter().try_for_each(|of| insert::prediction(transaction, &of.session, &of.it))?;
    from.votes.iter().try_for_each(|of| insert::vote(transaction, &of.session, &of.it))?;
    let value = |it: &Setting| it.value.map(|it| it.to_string());
    from.settings.iter().try_for_each(|(name, it)| insert::setting(transaction, name, value(it), it.at))?;
    Ok(imported)
}
