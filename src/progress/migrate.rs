//! From any older schema to the present one, in one transaction. `user_version` counts the steps taken.
use rusqlite::{Connection, Result, Transaction, TransactionBehavior};

/// In their order; a step that was ever released is never changed.
pub(super) const STEPS: &[&str] =
    &[include_str!("migrations/0001_learner.sql"), include_str!("migrations/0002_drafts.sql")];

/// `Rndt` in ASCII: tells our file from other databases (SQLite's `application_id`).
pub(super) const APPLICATION: i32 = 0x526e_6474;

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// A file without tables.
    Nobody,
    /// Ours, with as many steps taken.
    Ours(u32),
    Another,
}

pub(super) fn owner(connection: &Connection) -> Result<Owner> {
    let number = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, i32>(0));
    let application = number("PRAGMA application_id")?;
    if application == APPLICATION {
        return Ok(u32::try_from(number("PRAGMA user_version")?).map_or(Owner::Another, Owner::Ours));
    }
    let tables: u32 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(if application == 0 && tables == 0 { Owner::Nobody } else { Owner::Another })
}

/// Takes the steps that are missing; another instance that does the same is waited for.
pub(super) fn migrate(connection: &mut Connection, steps: &[&str]) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let taken = match owner(&transaction)? {
        Owner::Ours(taken) => taken as usize,
        Owner::Nobody | Owner::Another => 0,
    };
    for step in steps.iter().skip(taken) {
        transaction.execute_batch(step)?;
    }
    mark(&transaction, steps.len().max(taken))?;
    transaction.commit()
}

fn mark(transaction: &Transaction<'_>, taken: usize) -> Result<()> {
    transaction.execute_batch(&format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {taken};"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the file is made of: comments and blanks aside.
    fn shape(connection: &Connection) -> Vec<String> {
        let sql = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name";
        let mut statement = connection.prepare(sql).expect("a statement");
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).expect("rows");
        rows.map(|row| row.expect("text").split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    fn memory() -> Connection {
        Connection::open_in_memory().expect("memory")
    }

    #[test]
    fn from_every_older_version_the_migrations_lead_to_the_schema_on_its_page() {
        let written = memory();
        written.execute_batch(include_str!("schema.sql")).expect("the page is SQL");
        for taken in 0..=STEPS.len() {
            let mut connection = memory();
            migrate(&mut connection, &STEPS[..taken]).expect("an older file");
            migrate(&mut connection, STEPS).expect("the present one");
            assert_eq!(shape(&connection), shape(&written), "from version {taken}");
            let present = u32::try_from(STEPS.len()).expect("few");
            assert_eq!(owner(&connection), Ok(Owner::Ours(present)));
        }
    }

    #[test]
    fn a_migration_keeps_the_rows_and_happens_once() {
        let steps = ["CREATE TABLE a (x INTEGER) STRICT;", "ALTER TABLE a ADD COLUMN y TEXT;"];
        let mut connection = memory();
        migrate(&mut connection, &steps[..1]).expect("the first step");
        connection.execute("INSERT INTO a VALUES (7)", []).expect("a row");
        for _ in 0..2 {
            migrate(&mut connection, &steps).expect("the second step");
            let row = connection.query_row("SELECT x, y FROM a", [], |row| Ok((row.get(0)?, row.get(1)?)));
            assert_eq!(row, Ok((7, None::<String>)));
            assert_eq!(owner(&connection), Ok(Owner::Ours(2)));
        }
    }

    #[test]
    fn a_step_that_fails_leaves_the_file_as_it_was() {
        let steps = ["CREATE TABLE a (x INTEGER) STRICT;", "CREATE TABLE b (x INTEGER); CREATE TABLE a (y INTEGER);"];
        let mut connection = memory();
        migrate(&mut connection, &steps[..1]).expect("the first step");
        let before = shape(&connection);
        migrate(&mut connection, &steps).expect_err("a is there already");
        assert_eq!((shape(&connection), owner(&connection)), (before, Ok(Owner::Ours(1))));
    }
}
