//! What the learner has done, in SQLite. It saves and loads; it decides nothing.
