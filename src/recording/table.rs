//! Tables of a run: the hops of a trace, the lines of a routing table, the parts of a network. Rows of named cells.
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::quantity::Quantity;

/// Rows that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Stable, for JSON and lessons: `hops`.
    pub name: String,
    /// What it lists, for a person.
    pub label: String,
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
}

/// What stands in one column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Stable, the key in JSON: `rtt_ns`.
    pub name: String,
    /// For a person: `round trip`.
    pub label: String,
}

/// One line; as many cells as the table has columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    pub cells: Vec<Cell>,
    /// The packet it is about.
    pub packet: Option<u32>,
}

/// What stands in one place of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    Empty,
    Text(String),
    Value(Quantity),
}

impl Table {
    /// A table without rows; columns are names with labels.
    #[must_use]
    pub fn new(name: &str, label: &str, columns: &[(&str, &str)]) -> Self {
        let column = |(name, label): &(&str, &str)| Column { name: (*name).to_owned(), label: (*label).to_owned() };
        let columns = columns.iter().map(column).collect();
        Self { name: name.to_owned(), label: label.to_owned(), columns, rows: Vec::new() }
    }

    /// Adds a line.
    ///
    /// # Panics
    /// When it has not as many cells as there are columns: a mistake in a demo, which its tests run into.
    pub fn row(&mut self, packet: Option<u32>, cells: Vec<Cell>) {
        assert_eq!(cells.len(), self.columns.len(), "a row of {} has a cell for each column", self.name);
        self.rows.push(Row { cells, packet });
    }
}

impl Cell {
    /// Text, in whatever shows itself as text.
    #[must_use]
    pub fn text(text: impl fmt::Display) -> Self {
        Self::Text(text.to_string())
    }

    /// A value, where there is one.
    #[must_use]
    pub fn maybe(value: Option<Quantity>) -> Self {
        value.map_or(Self::Empty, Self::Value)
    }
}

impl From<Quantity> for Cell {
    fn from(value: Quantity) -> Self {
        Self::Value(value)
    }
}

/// As a person reads it; what is not there is `-`.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.pad("-"),
            Self::Text(text) => f.pad(text),
            Self::Value(value) => f.pad(&value.to_string()),
        }
    }
}
