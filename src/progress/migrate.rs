//! From any older schema to the present one, in one transaction. `user_version` counts the steps taken.
use rusqlite::{Connection, Result, Transaction, TransactionBehavior};

/// In their order; a step that was ever released is never changed.
pub(super) const STEPS: &[&str] = &[include_str!("migrations/0001_learner.sql")];

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
