//! The open file: made, checked, migrated; and everything that is written to it.
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, ErrorCode, OpenFlags, Result as SqlResult, Transaction, TransactionBehavior};

use super::migrate::{Owner, STEPS, migrate, owner};
use super::{Position, Prediction, StoreError, Vote, error, insert};
use crate::practice::{Answered, Memory, Sitting};

/// How long another instance's write is waited for; one takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// A file of so many bytes is checked whole whenever it is opened.
const QUICKLY_CHECKED: i64 = 1 << 20;

/// The learner's progress. Every write is on the disk when its call returns.
#[derive(Debug)]
pub struct Store {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    session: String,
}

impl Store {
    /// Opens the file, making it and its folder where they are missing, and brings an older one up to date.
    ///
    /// # Errors
    /// One of [`StoreError`]; the file is as it was then.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .map_err(|source| StoreError::Folder { folder: folder.to_owned(), source })?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| StoreError::of(path, error))?;
        Self::prepared(connection, path)
    }

    /// A store that is gone with the process: for trying out, and for when the file cannot be used.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn open_in_memory() -> Result<Self, StoreError> {
        let path = Path::new("the store in memory");
        let connection = Connection::open_in_memory().map_err(|error| StoreError::of(path, error))?;
        Self::prepared(connection, path)
    }

    fn prepared(mut connection: Connection, path: &Path) -> Result<Self, StoreError> {
        let failed = |error| StoreError::of(path, error);
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        // In one transaction: another instance may be making the file's tables between two reads.
        let found = connection.transaction().and_then(|it| owner(&it)).map_err(failed)?;
        let known = u32::try_from(STEPS.len()).unwrap_or(u32::MAX);
        match found {
            Owner::Another => return Err(StoreError::Foreign { path: path.to_owned() }),
            Owner::Ours(found) if found > known => {
                return Err(StoreError::Newer { path: path.to_owned(), found, known });
            }
            Owner::Ours(_) | Owner::Nobody => {}
        }
        if connection.is_readonly("main").map_err(failed)? {
            return Err(StoreError::ReadOnly { path: path.to_owned() });
        }
        settings(&connection).map_err(failed)?;
        if found != Owner::Ours(known) {
            migrate(&mut connection, STEPS).map_err(failed)?;
        }
        sound(&connection, path)?;
        let session = random_id(&connection).map_err(failed)?;
        Ok(Self { connection, path: path.to_owned(), session })
    }

    /// Where it is stored.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks at every page of the file and every entry of its indexes; takes seconds for a large one.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] with the first contradiction found.
    pub fn verify(&self) -> Result<(), StoreError> {
        checked(&self.connection, &self.path, "PRAGMA integrity_check(1)")
    }

    /// Adds an answer and gives what is now remembered of its question. Stored when it returns: show feedback after.
    /// The same answer again (same question, seed and instant) changes nothing.
    ///
    /// # Errors
    /// One of [`StoreError`]; the answer is not stored then.
    pub fn answer(&mut self, answered: &Answered) -> Result<Memory, StoreError> {
        let session = self.session.clone();
        self.write(|transaction| {
            insert::answer(transaction, &session, answered)?;
            insert::memory(transaction, &answered.question)
        })
    }

    /// Stores a card's own words, before its model answer is shown. The card's answer takes their place.
    ///
    /// # Errors
    /// One of [`StoreError`].
    pub fn draft(&mut self, question: &str, seed: u64, text: &str, at: Timestamp) -> Result<(), StoreError> {
        let sql = "INSERT INTO drafts (question, seed, text, at) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (question, seed) DO UPDATE SET text = excluded.text, at = excluded.at";
        self.write(|transaction| {
            transaction.execute(sql, (question, seed.cast_signed(), text, at.to_string())).map(drop)
        })
    }

    /// Stores a quiz or drill that begins, and gives its id.
    ///
    /// # Errors
    /// One of [`StoreError`].
    pub fn begin(&mut self, sitting: &Sitting) -> Result<String, StoreError> {
        self.write(|transaction| {
            let id = random_id(transaction)?;
            insert::sitting(transaction, &id, sitting, None)?;
            Ok(id)
        })
    }

    /// Ends a sitting, answered to its end or given up; `left_out` are the items that could not be asked. Ending it
    /// again changes nothing.
    ///
    /// # Errors
    /// One of [`StoreError`].
    pub fn end(&mut self, sitting: &str, left_out: &[u32], at: Timestamp) -> Result<(), StoreError> {
        self.write(|transaction| insert::end(transaction, sitting, left_out, at))
    }

    /// Stores where a lesson stands. The furthest step never goes back, and a lesson that is done stays so.
    ///
    /// # Errors
    /// One of [`StoreError`].
    pub fn stand(&mut self, lesson: &str, position: &Position) -> Result<(), StoreError> {
        self.write(|transaction| insert::position(transaction, lesson, position))
    }

    /// Adds a guess and what the run then measured.
    ///
    /// # Errors
    /// One of [`StoreError`].
    pub fn predicted(&mut self, prediction: &Prediction) -> Result<(), StoreError> {
        let session = self.session.clone();
        self.write(|transaction| insert::prediction(transaction, &session, prediction))
    }

    /// Adds a show of hands.
    ///
    /// # Errors
    /// One of [`StoreError`].
    pub fn voted(&mut self, vote: &Vote) -> Result<(), StoreError> {
        let session = self.session.clone();
        self.write(|transaction| insert::vote(transaction, &session, vote))
    }

    /// Sets or drops the interview's date.
    ///
    /// # Errors
    /// One of [`StoreError`].
    pub fn set_interview(&mut self, date: Option<Date>, at: Timestamp) -> Result<(), StoreError> {
        self.write(|transaction| insert::setting(transaction, "interview", date.map(|it| it.to_string()), at))
    }

    /// One transaction that waits for other writers first, so that what it reads is what it changes.
    pub(super) fn write<T>(&mut self, act: impl FnOnce(&Transaction<'_>) -> SqlResult<T>) -> Result<T, StoreError> {
        let done = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|transaction| {
            let value = act(&transaction)?;
            transaction.commit()?;
            Ok(value)
        });
        done.map_err(|error| StoreError::of(&self.path, error))
    }
}

/// Moves a damaged file and what SQLite keeps beside it out of the way, and gives its new name. Nothing is deleted.
///
/// # Errors
/// When the folder does not allow it.
pub fn set_aside(path: &Path) -> std::io::Result<PathBuf> {
    let aside = error::aside(path);
    std::fs::rename(path, &aside)?;
    for suffix in ["-wal", "-shm"] {
        let beside = |path: &Path| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        if beside(path).exists() {
            std::fs::rename(beside(path), beside(&aside))?;
        }
    }
    Ok(aside)
}

fn settings(connection: &Connection) -> SqlResult<()> {
    // Two first starts at once: the one that comes second finds WAL set, or works without it as well.
    match connection.pragma_update(None, "journal_mode", "WAL") {
        Err(error) if error.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) => return Err(error),
        _ => {}
    }
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;")
}

/// Refuses a file whose pages contradict each other before anything is written to it. Of a large one only what is read
/// at the start is looked at: 19 MB of answers took 160 ms.
fn sound(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let pages = |pragma| connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let size = pages("PRAGMA page_count").and_then(|count| Ok(count * pages("PRAGMA page_size")?));
    if size.map_err(|error| StoreError::of(path, error))? <= QUICKLY_CHECKED {
        return checked(connection, path, "PRAGMA quick_check(1)");
    }
    let read_at_start = ["memories", "lessons", "sittings", "predictions", "votes", "settings"];
    read_at_start.iter().try_for_each(|table| checked(connection, path, &format!("PRAGMA quick_check({table})")))
}

fn checked(connection: &Connection, path: &Path, pragma: &str) -> Result<(), StoreError> {
    let found = connection.query_row(pragma, [], |row| row.get::<_, String>(0));
    match found.map_err(|error| StoreError::of(path, error))?.as_str() {
        "ok" => Ok(()),
        detail => Err(StoreError::damaged(path, detail.lines().next().unwrap_or_default().to_owned())),
    }
}

fn random_id(connection: &Connection) -> SqlResult<String> {
    connection.query_row("SELECT lower(hex(randomblob(8)))", [], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::practice::{Answer, Context, Grade, Verdict};

    fn answered(number: u64) -> Answered {
        let right = "a long line about what was right ".repeat(20);
        Answered {
            question: format!("q{number}"),
            seed: number,
            answer: Answer::Skipped,
            grade: Grade { points_ppm: 0, verdict: Verdict::Wrong, right, remarks: vec![] },
            confidence: None,
            hints: 0,
            at: Timestamp::UNIX_EPOCH,
            day: date(2026, 10, 1),
            context: Context::Drill,
            place: None,
        }
    }

    fn pages(store: &Store, limit: u32) {
        store.connection.pragma_update(None, "max_page_count", limit).expect("a limit");
    }

    #[test]
    fn on_a_full_disk_an_answer_is_refused_whole_and_what_was_there_stays() {
        let home = tempfile::tempdir().expect("a folder");
        let mut store = Store::open(&home.path().join("progress.db")).expect("a store");
        pages(&store, 40);
        let stored = (0..1_000).take_while(|number| store.answer(&answered(*number)).is_ok()).count();
        let error = store.answer(&answered(5_000)).expect_err("full");
        assert!(matches!(error, StoreError::Full { .. }), "{error}");
        assert!((10..1_000).contains(&stored), "{stored}");
        let snapshot = store.snapshot().expect("loaded");
        assert_eq!((snapshot.memories.len(), snapshot.tallies[0].answers as usize), (stored, stored));
        pages(&store, 1_000);
        store.answer(&answered(5_000)).expect("there is room again");
    }

    #[test]
    fn what_may_not_be_written_says_so() {
        let mut store = Store::open_in_memory().expect("a store");
        store.connection.pragma_update(None, "query_only", true).expect("set");
        let error = store.answer(&answered(1)).expect_err("read-only");
        assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
    }

    #[test]
    fn every_commit_reaches_the_disk() {
        let home = tempfile::tempdir().expect("a folder");
        let store = Store::open(&home.path().join("progress.db")).expect("a store");
        let text = |pragma: &str| store.connection.query_row(pragma, [], |row| row.get::<_, String>(0));
        let number = |pragma: &str| store.connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
        assert_eq!(text("PRAGMA journal_mode").as_deref(), Ok("wal"));
        assert_eq!(number("PRAGMA synchronous"), Ok(2), "FULL");
        assert_eq!(number("PRAGMA foreign_keys"), Ok(1));
    }

    #[test]
    fn another_instance_that_does_not_end_is_named() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("progress.db");
        let (mut one, mut other) = (Store::open(&path).expect("a store"), Store::open(&path).expect("a store"));
        other.connection.busy_timeout(Duration::from_millis(1)).expect("set");
        let held = one.connection.transaction_with_behavior(TransactionBehavior::Immediate).expect("a transaction");
        let error = other.answer(&answered(1)).expect_err("busy");
        assert!(matches!(error, StoreError::Busy { .. }), "{error}");
        drop(held);
        other.answer(&answered(1)).expect("free again");
    }
}
