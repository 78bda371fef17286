//! Coverage: what the curriculum asks of a chapter and nothing teaches yet.
use std::collections::BTreeSet;

use super::{Checker, Place};
use crate::content::rule::Rule;
use crate::content::{Chapter, ErratumSeverity};

impl Checker<'_> {
    /// Warns of rows and errata that are missing in chapters that have content.
    pub(super) fn coverage(&mut self) {
        let content = self.content;
        let path = content.sources.keys().find(|it| it.ends_with("chapters.toml")).cloned().unwrap_or_default();
        let begun = |it: &&Chapter| !it.lessons.is_empty() || !it.quiz.questions.is_empty();
        let covered: BTreeSet<&str> = content.covers().collect();
        let corrected: BTreeSet<&str> = content.corrects().collect();
        for chapter in content.chapters.iter().filter(begun) {
            let line = self.line_of(&path, &format!("\"{}\"", chapter.id));
            let place = Place { path: &path, line };
            self.missing_rows(chapter, &covered, place);
            self.missing_errata(chapter, &corrected, place);
        }
    }

    fn missing_rows(&mut self, chapter: &Chapter, covered: &BTreeSet<&str>, place: Place<'_>) {
        let curriculum = self.curriculum;
        let all = curriculum.rows_of(&chapter.id).count();
        let missing: Vec<_> = curriculum.rows_of(&chapter.id).filter(|(row, _)| !covered.contains(row)).collect();
        if missing.is_empty() {
            return;
        }
        let list: Vec<String> = missing.iter().map(|(row, topic)| format!("{row} {topic}")).collect();
        let title = format!("{}: {} of {all} rows of the curriculum are not taught", chapter.id, missing.len());
        let help = format!("name them in `covers` where they are taught:\n{}", list.join("\n"));
        self.warn(Rule::RowNotCovered, place, &chapter.id, (title, help));
    }

    fn missing_errata(&mut self, chapter: &Chapter, corrected: &BTreeSet<&str>, place: Place<'_>) {
        let curriculum = self.curriculum;
        let all = curriculum.errata_of(&chapter.id).count();
        let missing: Vec<_> = curriculum.errata_of(&chapter.id).filter(|(id, _)| !corrected.contains(id)).collect();
        if missing.is_empty() {
            return;
        }
        let grave = |severity| if severity == ErratumSeverity::High { " (high)" } else { "" };
        let list = missing.iter().map(|(id, it)| format!("{id}{} {}", grave(it.severity), it.topic));
        let title = format!("{}: {} of {all} errata are not corrected", chapter.id, missing.len());
        let help =
            format!("name them in `corrects` where they are put right:\n{}", list.collect::<Vec<_>>().join("\n"));
        self.warn(Rule::ErratumNotCorrected, place, &chapter.id, (title, help));
    }
}
