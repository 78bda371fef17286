//! Ids: their form, that no two things share one, and what refers to them.
use std::collections::BTreeMap;

use super::{Checker, Place, suggest};
use crate::content::rule::Rule;

impl Checker<'_> {
    pub(super) fn ids(&mut self) {
        let content = self.content;
        let mut seen: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
        for chapter in &content.chapters {
            let lessons = chapter.lessons.iter().map(|it| (it.id.as_str(), it.path.as_str(), 1));
            let questions = chapter.quiz.questions.iter().map(|it| (it.id.as_str(), it.path.as_str(), it.line));
            for (id, path, line) in lessons.chain(questions) {
                let place = Place { path, line };
                self.form(id, &chapter.id, place);
                if let Some((other, line)) = seen.get(id) {
                    let title = format!("the id `{id}` is taken by {other}:{line}");
                    let help = "give this one another: progress is kept by id".to_owned();
                    self.error(Rule::DuplicateId, place, id, (title, help));
                } else {
                    seen.insert(id, (path, line));
                }
            }
        }
        self.twins();
    }

    fn form(&mut self, id: &str, chapter: &str, place: Place<'_>) {
        let prefix = prefix(chapter);
        let words = id.strip_prefix(&prefix).unwrap_or_default();
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let sound =
            !words.is_empty() && id.len() <= 80 && words.split('.').all(|it| !it.is_empty() && it.chars().all(letters));
        if !sound {
            let help = format!("write `{prefix}` and words of a-z, 0-9 and -, joined by dots: `{prefix}layers.order`");
            self.error(Rule::Id, place, id, (format!("`{id}` is no id of chapter {chapter}"), help));
        }
    }

    fn twins(&mut self) {
        let content = self.content;
        let ids: BTreeMap<&str, ()> = content.questions().map(|it| (it.id.as_str(), ())).collect();
        let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
        for group in content.questions().filter_map(|it| it.confusable.as_deref()) {
            *groups.entry(group).or_default() += 1;
        }
        for question in content.questions() {
            let place = Place { path: &question.path, line: question.line };
            if let Some(twin) = question.twin.as_deref().filter(|twin| *twin == question.id || !ids.contains_key(twin))
            {
                let near = ids.keys().copied().filter(|it| it.split('.').nth(1) == twin.split('.').nth(1));
                let help = suggest::instead(twin, near);
                self.error(Rule::Twin, place, twin, (format!("there is no other question `{twin}`"), help));
            }
            if let Some(group) = question.confusable.as_deref().filter(|group| groups.get(group) == Some(&1)) {
                let title = format!("no other question is in the group `{group}`");
                let help = format!(
                    "name the group of the questions it is taken for, or delete it. {}",
                    suggest::instead(group, groups.keys().copied().filter(|it| *it != group))
                );
                self.error(Rule::Twin, place, group, (title, help));
            }
        }
    }
}

/// `w01.` for `W1`.
fn prefix(chapter: &str) -> String {
    let number: u32 = chapter.trim_start_matches(['W', 'w']).parse().unwrap_or_default();
    format!("w{number:02}.")
}
