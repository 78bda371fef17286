//! Pieces that several screens draw with.
pub mod field;
pub mod prose;
