//! Everything the screens need, loaded at the start in one go.
use std::collections::BTreeMap;

use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, Result as SqlResult, Row};

use super::{OpenSitting, Position, Prediction, QuizResult, Round, Store, StoreError, Tally, Vote, rows};
use crate::practice::{Answered, Memory, Sitting};

/// The learner's progress as plain data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// By question.
    pub memories: BTreeMap<String, Memory>,
    /// By lesson.
    pub lessons: BTreeMap<String, Position>,
    /// Quizzes and drills to go on with, the newest first.
    pub open: Vec<OpenSitting>,
    /// Quizzes that have ended, the oldest first.
    pub quizzes: Vec<QuizResult>,
    /// Answers by day, verdict and confidence, the oldest day first.
    pub tallies: Vec<Tally>,
    /// The last guess of each step that has one, by lesson and step.
    pub predictions: BTreeMap<(String, u32), Prediction>,
    /// Shows of hands, the oldest first.
    pub votes: Vec<Vote>,
    pub interview: Option<Date>,
    /// A card's own words whose points are not marked yet, by question and seed.
    pub drafts: BTreeMap<(String, u64), String>,
}

impl Snapshot {
    /// How many answers there are.
    #[must_use]
    pub fn answers(&self) -> u64 {
        self.tallies.iter().map(|tally| u64::from(tally.answers)).sum()
    }
}

impl Store {
    /// Loads everything, as of one instant.
    ///
    /// # Errors
    /// One of [`StoreError`].
    pub fn snapshot(&mut self) -> Result<Snapshot, StoreError> {
        let loaded = self.connection.transaction().and_then(|transaction| load(&transaction));
        loaded.map_err(|error| StoreError::of(&self.path, error))
    }

    /// The answers of a sitting, by item: the first stored of each.
    ///
    /// # Errors
    /// One of [`StoreError`].
    pub fn answers_of(&self, sitting: &str) -> Result<Vec<Answered>, StoreError> {
        answers_of(&self.connection, sitting).map_err(|error| StoreError::of(&self.path, error))
    }
}

fn load(connection: &Connection) -> SqlResult<Snapshot> {
    Ok(Snapshot {
        memories: all(connection, &format!("SELECT {} FROM memories", rows::MEMORY), rows::memory)?,
        lessons: all(connection, POSITIONS, position)?,
        open: open(connection)?,
        quizzes: all(connection, QUIZZES, quiz)?,
        tallies: all(connection, TALLIES, tally)?,
        predictions: all(connection, PREDICTIONS, |row| prediction(row).map(|it| ((it.lesson.clone(), it.step), it)))?,
        votes: all(connection, "SELECT question, round, hands, at FROM votes ORDER BY at, id", vote)?,
        interview: interview(connection)?,
        drafts: all(connection, "SELECT question, seed, text FROM drafts", draft)?,
    })
}

pub(super) fn all<T, C: FromIterator<T>>(
    connection: &Connection,
    sql: &str,
    read: fn(&Row<'_>) -> SqlResult<T>,
) -> SqlResult<C> {
    connection.prepare(sql)?.query_map([], read)?.collect()
}

pub(super) const POSITIONS: &str = "SELECT lesson, step, furthest, done, at FROM lessons";

pub(super) fn position(row: &Row<'_>) -> SqlResult<(String, Position)> {
    let position = Position {
        step: row.get(1)?,
        furthest: row.get(2)?,
        done: rows::maybe_parsed(row, 3)?,
        at: rows::parsed(row, 4)?,
    };
    Ok((row.get(0)?, position))
}

fn open(connection: &Connection) -> SqlResult<Vec<OpenSitting>> {
    let sql = "SELECT id, sitting FROM sittings WHERE ended IS NULL ORDER BY started DESC, id";
    let sittings: Vec<(String, Sitting)> = all(connection, sql, |row| Ok((row.get(0)?, rows::json(row, 1)?)))?;
    let with_answers = sittings.into_iter().map(|(id, sitting)| {
        let answers = answers_of(connection, &id)?;
        Ok(OpenSitting { id, sitting, answers })
    });
    with_answers.collect()
}

/// Two instances may have answered one item: the first stored counts.
fn answers_of(connection: &Connection, sitting: &str) -> SqlResult<Vec<Answered>> {
    let sql = format!(
        "SELECT {} FROM answers WHERE id IN (SELECT min(id) FROM answers WHERE sitting = ?1 GROUP BY item) ORDER BY item",
        rows::ANSWERED
    );
    connection.prepare(&sql)?.query_map([sitting], rows::answered)?.collect()
}

fn draft(row: &Row<'_>) -> SqlResult<((String, u64), String)> {
    Ok(((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()), row.get(2)?))
}

const QUIZZES: &str = "
    SELECT id, sitting ->> 'chapter', started, ended, json_array_length(sitting, '$.items') - coalesce(json_array_length(sitting, '$.left_out'), 0),
      (SELECT coalesce(sum(points), 0) FROM answers
        WHERE answers.id IN (SELECT min(id) FROM answers WHERE sitting = sittings.id GROUP BY item))
    FROM sittings WHERE ended IS NOT NULL AND context = 'quiz' ORDER BY started, id";

fn quiz(row: &Row<'_>) -> SqlResult<QuizResult> {
    Ok(QuizResult {
        id: row.get(0)?,
        chapter: row.get::<_, Option<String>>(1)?.unwrap_or_default(),
        started: rows::parsed(row, 2)?,
        ended: rows::parsed(row, 3)?,
        asked: row.get(4)?,
        points_ppm: row.get(5)?,
    })
}

const TALLIES: &str = "SELECT day, verdict, confidence, count(*) FROM answers GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";

fn tally(row: &Row<'_>) -> SqlResult<Tally> {
    Ok(Tally {
        day: rows::parsed(row, 0)?,
        verdict: rows::word(row, 1)?,
        confidence: rows::maybe_word(row, 2)?,
        answers: row.get(3)?,
    })
}

/// Later ones take the place of earlier ones.
const PREDICTIONS: &str = "SELECT lesson, step, guess, measured, at FROM predictions ORDER BY at, id";

pub(super) fn prediction(row: &Row<'_>) -> SqlResult<Prediction> {
    Ok(Prediction {
        lesson: row.get(0)?,
        step: row.get(1)?,
        guess: rows::json(row, 2)?,
        measured: rows::json(row, 3)?,
        at: rows::parsed(row, 4)?,
    })
}

pub(super) fn vote(row: &Row<'_>) -> SqlResult<Vote> {
    let round: Round = rows::word(row, 1)?;
    Ok(Vote { question: row.get(0)?, round, hands: rows::json(row, 2)?, at: rows::parsed(row, 3)? })
}

fn interview(connection: &Connection) -> SqlResult<Option<Date>> {
    let sql = "SELECT value FROM settings WHERE name = 'interview'";
    let found = connection.query_row(sql, [], |row| rows::maybe_parsed(row, 0)).optional()?;
    Ok(found.flatten())
}
