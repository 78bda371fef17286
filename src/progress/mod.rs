//! What the learner has done, in SQLite. It saves and loads; it decides nothing.
//!
//! Answers are only ever added, each in a transaction of its own that is on the disk when the call returns. What is
//! remembered of a question is computed from all its answers ([`crate::practice::replay`]) in that same transaction, so
//! two instances at once, or an import from another machine, end in the same memories in whatever order they came.
//! The tables are described in `schema.sql`.
mod checked;
mod error;
mod insert;
mod migrate;
mod record;
mod rows;
mod snapshot;
mod store;
mod transfer;

pub use error::StoreError;
pub use record::{OpenSitting, Position, Prediction, QuizResult, Round, Tally, Vote};
pub use snapshot::Snapshot;
pub use store::{Store, set_aside};
pub use transfer::{ImportError, Imported};
