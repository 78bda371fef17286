//! Rows of the curriculum and its errata: what `covers` and `corrects` may name, and what coverage is counted against.
use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// `assets/curriculum.toml`, as it is part of the program.
static EMBEDDED: LazyLock<Curriculum> = LazyLock::new(|| {
    toml::from_str(include_str!("../../assets/curriculum.toml")).expect("a test of this file reads it")
});

/// Everything the course is to teach and to put right.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Curriculum {
    /// Topic by row: `W1-05`.
    pub rows: BTreeMap<String, String>,
    /// By id: `E073`.
    pub errata: BTreeMap<String, Erratum>,
}

/// Something widely believed that a chapter must put right.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Erratum {
    /// `W1`.
    pub chapter: String,
    pub severity: ErratumSeverity,
    /// What it is about, in a few words.
    pub topic: String,
}

/// How much harm repeating it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErratumSeverity {
    /// Fails an interview question or ships a bug.
    High,
    Medium,
    Low,
}

impl Curriculum {
    /// The curriculum of this program.
    #[must_use]
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// Rows of a chapter with their topics, in order.
    pub fn rows_of<'a>(&'a self, chapter: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let belongs = move |row: &str| row.split_once('-').is_some_and(|(prefix, _)| prefix == chapter);
        self.rows.iter().filter(move |(row, _)| belongs(row)).map(|(row, topic)| (row.as_str(), topic.as_str()))
    }

    /// Errata of a chapter, in order.
    pub fn errata_of<'a>(&'a self, chapter: &'a str) -> impl Iterator<Item = (&'a str, &'a Erratum)> {
        let errata = self.errata.iter().filter(move |(_, erratum)| erratum.chapter == chapter);
        errata.map(|(id, erratum)| (id.as_str(), erratum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_curriculum_has_every_row_and_erratum() {
        let all = Curriculum::embedded();
        assert_eq!((all.rows.len(), all.errata.len()), (487, 232));
        assert_eq!((all.rows_of("W1").count(), all.errata_of("W1").count()), (28, 14));
        assert_eq!(all.rows_of("W1").next().map(|(row, _)| row), Some("W1-01"));
    }
}
