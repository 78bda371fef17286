//! What we teach: chapters, lessons, quizzes, the glossary, as checked values.
//!
//! `raw` mirrors the files (serde, strict); these types are what the program uses; one conversion lies between, and it
//! reports every problem with its place. Nothing here knows that a learner exists.
mod check;
mod curriculum;
pub mod design;
mod diagnostic;
mod exercise;
mod files;
pub mod formula;
mod glossary;
mod index;
pub mod layout;
mod lesson;
mod load;
mod markdown;
mod parse_design;
mod parse_kind;
mod parse_lesson;
mod parse_number;
mod parse_question;
mod parse_show;
mod problems;
mod question;
mod raw;
mod rule;
mod source;
mod tables;
mod units;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use check::{Known, PacketFields, RunFacts, check};
pub use curriculum::{Curriculum, Erratum, ErratumSeverity};
pub use design::{Bound, Criterion, Design, Tempting, ToChoose};
pub use diagnostic::{Diagnostic, Severity, summary};
pub use exercise::Exercise;
pub use glossary::{Found, Glossary};
pub use index::Index;
pub use lesson::{Block, DemoRef, Inline, Lesson, Predict, Show, Step, WrongGuess, is_close};
pub use load::{Source, load, load_texts};
pub use markdown::{blocks, plain, unmarked};
pub use question::{Choice, Hidden, Kind, NearMiss, NearText, OrderItem, Pair, Question};
pub use rule::Rule;
pub use source::{SourceFile, is_unseen, visible};

use serde::{Deserialize, Serialize};

/// The whole course.
#[derive(Clone, Debug, Default)]
pub struct Content {
    /// All chapters of the curriculum in their order; those without lessons say so.
    pub chapters: Vec<Chapter>,
    pub glossary: Vec<Term>,
    /// The files it was read from, by the path shown in messages.
    pub sources: BTreeMap<String, Arc<SourceFile>>,
    /// Makes [`Content::question`] quick; leave it at its default.
    pub index: Index,
}

/// A week of the roadmap.
#[derive(Clone, Debug, Default)]
pub struct Chapter {
    /// `W1`.
    pub id: String,
    pub title: String,
    /// What a learner can do after it, one line each.
    pub goals: Vec<String>,
    pub lessons: Vec<Lesson>,
    /// Asked at its end.
    pub quiz: Quiz,
}

/// A chapter's questions: the quiz draws from those that are no cards, drills from all.
#[derive(Clone, Debug, Default)]
pub struct Quiz {
    /// The share of points that passes, in ppm.
    pub pass_ppm: i64,
    /// How many questions one sitting asks.
    pub length: usize,
    pub questions: Vec<Question>,
}

/// A word of the glossary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    pub term: String,
    /// Other spellings and abbreviations.
    #[serde(default)]
    pub also: Vec<String>,
    pub meaning: String,
    /// `RFC 9293 §3.3.1`.
    #[serde(default)]
    pub source: String,
    /// Lessons that teach it, by id.
    #[serde(default)]
    pub lessons: Vec<String>,
}

impl Content {
    /// The lesson of that id, with its chapter.
    #[must_use]
    pub fn lesson(&self, id: &str) -> Option<(&Chapter, &Lesson)> {
        let lessons = self.chapters.iter().flat_map(|chapter| chapter.lessons.iter().map(move |it| (chapter, it)));
        lessons.into_iter().find(|(_, lesson)| lesson.id == id)
    }

    /// The chapter of that id, in any case.
    #[must_use]
    pub fn chapter(&self, id: &str) -> Option<&Chapter> {
        self.chapters.iter().find(|chapter| chapter.id.eq_ignore_ascii_case(id))
    }

    /// Every question of every chapter.
    pub fn questions(&self) -> impl Iterator<Item = &Question> {
        self.chapters.iter().flat_map(|chapter| &chapter.quiz.questions)
    }

    /// The question of that id.
    #[must_use]
    pub fn question(&self, id: &str) -> Option<&Question> {
        self.index.question(&self.chapters, id)
    }

    /// The lesson that teaches what a question asks: of those with most rows of the curriculum in common the first, its own
    /// chapter's before others.
    #[must_use]
    pub fn teaching(&self, question: &Question) -> Option<&Lesson> {
        let own = |it: &Chapter| it.quiz.questions.iter().any(|it| it.id == question.id);
        let (of_own, others): (Vec<_>, Vec<_>) = self.chapters.iter().partition(|it| own(it));
        let lessons = of_own.into_iter().chain(others).flat_map(|it| &it.lessons);
        let common = |it: &Lesson| it.covers.iter().filter(|row| question.covers.contains(row)).count();
        // Of several that are greatest `max_by_key` takes the last.
        let rated = lessons.map(|it| (common(it), it)).filter(|(count, _)| *count > 0).collect::<Vec<_>>();
        rated.into_iter().rev().max_by_key(|(count, _)| *count).map(|(_, lesson)| lesson)
    }

    /// Rows of the curriculum that a lesson or question covers; one may come several times.
    pub fn covers(&self) -> impl Iterator<Item = &str> {
        let lessons = self.chapters.iter().flat_map(|chapter| &chapter.lessons).flat_map(|it| &it.covers);
        lessons.chain(self.questions().flat_map(|it| &it.covers)).map(String::as_str)
    }

    /// Errata that a lesson or question corrects; one may come several times.
    pub fn corrects(&self) -> impl Iterator<Item = &str> {
        let lessons = self.chapters.iter().flat_map(|chapter| &chapter.lessons).flat_map(|it| &it.corrects);
        lessons.chain(self.questions().flat_map(|it| &it.corrects)).map(String::as_str)
    }
}
