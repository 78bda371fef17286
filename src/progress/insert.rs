//! Rows written, each inside the transaction of its caller; what is there already is kept or merged, never doubled.
use jiff::Timestamp;
use rusqlite::{Result as SqlResult, Transaction, params};

use super::{Position, Prediction, Vote, rows};
use crate::practice::{Answered, Memory, Outcome, Sitting, replay};

/// Adds it unless it is there; the first end of two stays.
pub(super) fn sitting(
    transaction: &Transaction<'_>,
    id: &str,
    sitting: &Sitting,
    ended: Option<Timestamp>,
) -> SqlResult<()> {
    let sql = "INSERT INTO sittings (id, sitting, started, ended) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (id) DO UPDATE SET
          ended = iif(ended IS NULL OR excluded.ended < ended, excluded.ended, ended)";
    let (started, ended) = (rows::instant(sitting.started), ended.map(rows::instant));
    transaction.execute(sql, params![id, rows::to_json(sitting)?, started, ended]).map(drop)
}

pub(super) fn end(transaction: &Transaction<'_>, sitting: &str, left_out: &[u32], at: Timestamp) -> SqlResult<()> {
    let sql = "UPDATE sittings SET ended = ?2, sitting = json_set(sitting, '$.left_out', json(?3))
        WHERE id = ?1 AND ended IS NULL";
    transaction.execute(sql, params![sitting, rows::instant(at), rows::to_json(&left_out)?]).map(drop)
}

/// Adds it unless it is there; says whether it was added.
pub(super) fn answer(transaction: &Transaction<'_>, session: &str, it: &Answered) -> SqlResult<bool> {
    transaction
        .execute("DELETE FROM drafts WHERE question = ?1 AND seed = ?2", params![it.question, it.seed.cast_signed()])?;
    let sql = "INSERT INTO answers (session, question, seed, answer, grade, confidence, hints, at, day, context, sitting, item)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
        ON CONFLICT (session, question, seed, at) DO NOTHING";
    let values = params![
        session,
        it.question,
        it.seed.cast_signed(),
        rows::to_json(&it.answer)?,
        rows::to_json(&it.grade)?,
        it.confidence.as_ref().map(rows::to_word).transpose()?,
        it.hints,
        rows::instant(it.at),
        it.day.to_string(),
        rows::to_word(&it.context)?,
        it.place.as_ref().map(|place| &place.sitting),
        it.place.as_ref().map(|place| place.item),
    ];
    transaction.prepare(sql)?.execute(values).map(|added| added == 1)
}

/// Computes a question's memory from its answers and stores it.
pub(super) fn memory(transaction: &Transaction<'_>, question: &str) -> SqlResult<Memory> {
    let sql = format!("SELECT {} FROM answers WHERE question = ?1 ORDER BY at, session, seed", rows::OUTCOME);
    let mut statement = transaction.prepare(&sql)?;
    let outcomes: SqlResult<Vec<Outcome>> = statement.query_map([question], rows::outcome)?.collect();
    let memory = replay(&outcomes?).ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    let values = params![
        question,
        memory.stability,
        memory.difficulty,
        memory.last.to_string(),
        memory.natural_due.to_string(),
        memory.reps,
        memory.lapses,
        rows::to_word(&memory.verdict)?,
        memory.overconfident,
    ];
    let sql = format!("INSERT OR REPLACE INTO memories ({}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", rows::MEMORY);
    transaction.prepare(&sql)?.execute(values)?;
    Ok(memory)
}

pub(super) fn position(transaction: &Transaction<'_>, lesson: &str, it: &Position) -> SqlResult<()> {
    let sql = "INSERT INTO lessons (lesson, step, furthest, done, at) VALUES (?1, ?2, max(?2, ?3), ?4, ?5)
        ON CONFLICT (lesson) DO UPDATE SET
          step = iif(excluded.at >= at, excluded.step, step),
          furthest = max(furthest, excluded.furthest),
          done = iif(done IS NULL OR excluded.done < done, excluded.done, done),
          at = max(at, excluded.at)";
    let done = it.done.map(rows::instant);
    transaction.execute(sql, params![lesson, it.step, it.furthest, done, rows::instant(it.at)]).map(drop)
}

pub(super) fn prediction(transaction: &Transaction<'_>, session: &str, it: &Prediction) -> SqlResult<()> {
    let sql = "INSERT INTO predictions (session, lesson, step, guess, measured, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT DO NOTHING";
    let (guess, measured) = (rows::to_json(&it.guess)?, rows::to_json(&it.measured)?);
    transaction.execute(sql, params![session, it.lesson, it.step, guess, measured, rows::instant(it.at)]).map(drop)
}

pub(super) fn vote(transaction: &Transaction<'_>, session: &str, it: &Vote) -> SqlResult<()> {
    let sql = "INSERT INTO votes (session, question, round, hands, at) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT DO NOTHING";
    let (round, hands) = (rows::to_word(&it.round)?, rows::to_json(&it.hands)?);
    transaction.execute(sql, params![session, it.question, round, hands, rows::instant(it.at)]).map(drop)
}

/// The newer of two settings stays.
pub(super) fn setting(
    transaction: &Transaction<'_>,
    name: &str,
    value: Option<String>,
    at: Timestamp,
) -> SqlResult<()> {
    let sql = "INSERT INTO settings (name, value, at) VALUES (?1, ?2, ?3)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value, at = excluded.at WHERE excluded.at >= at";
    transaction.execute(sql, params![name, value, rows::instant(at)]).map(drop)
}
