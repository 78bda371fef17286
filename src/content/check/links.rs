//! Links: to a lesson, a term of the glossary, or an https address.
use std::collections::BTreeSet;

use super::{Checker, Place, suggest};
use crate::content::rule::Rule;
use crate::content::{Block, Inline};

impl Checker<'_> {
    /// Reports links of a text that lead nowhere.
    pub(super) fn links(&mut self, blocks: &[Block], place: Place<'_>) {
        let mut inlines = Vec::new();
        walk(blocks, &mut inlines);
        for inline in inlines {
            if let Inline::Link { target, .. } = inline {
                self.link(target, place);
            }
        }
    }

    fn link(&mut self, target: &str, place: Place<'_>) {
        let content = self.content;
        if let Some(term) = target.strip_prefix("term:") {
            // CommonMark writes a space in a target as %20.
            let term = term.replace("%20", " ");
            if content.term(&term).is_none() {
                let terms = content.glossary.iter().map(|it| it.term.as_str());
                let help = format!("add it to lessons/glossary.toml; {}", suggest::instead(&term, terms));
                self.error(Rule::Link, place, target, (format!("the glossary has no term `{term}`"), help));
            }
        } else if target.starts_with("https://") {
            if target.len() == "https://".len() || target.contains(char::is_whitespace) {
                let help = "write the whole address".to_owned();
                self.error(Rule::Link, place, target, (format!("`{target}` is no address"), help));
            }
        } else if content.lesson(target).is_none() {
            let lessons = content.chapters.iter().flat_map(|it| &it.lessons).map(|it| it.id.as_str());
            let help =
                format!("link to a lesson's id, term:WORD or https://...; {}", suggest::instead(target, lessons));
            self.error(Rule::Link, place, target, (format!("`{target}` leads nowhere"), help));
        }
    }

    /// Terms that share a name, and lessons they name that do not exist.
    pub(super) fn glossary(&mut self) {
        let content = self.content;
        let path = content.sources.keys().find(|it| it.ends_with("glossary.toml")).cloned().unwrap_or_default();
        let mut names: BTreeSet<String> = BTreeSet::new();
        for term in &content.glossary {
            let line = self.line_of(&path, &format!("\"{}\"", term.term));
            let place = Place { path: &path, line };
            for name in std::iter::once(&term.term).chain(&term.also) {
                if !names.insert(name.to_lowercase()) {
                    let help = "one entry a word: put them together, or delete the second".to_owned();
                    self.error(
                        Rule::DuplicateId,
                        place,
                        name,
                        (format!("`{name}` stands twice in the glossary"), help),
                    );
                }
            }
            if term.source.is_empty() {
                let help = "add source = \"...\": where the word is defined".to_owned();
                self.error(Rule::Missing, place, &term.term, (format!("`{}` has no source", term.term), help));
            }
            for lesson in term.lessons.iter().filter(|id| content.lesson(id).is_none()) {
                let lessons = content.chapters.iter().flat_map(|it| &it.lessons).map(|it| it.id.as_str());
                let help = suggest::instead(lesson, lessons);
                self.error(Rule::Link, place, lesson, (format!("there is no lesson `{lesson}`"), help));
            }
        }
    }

    /// The first line of a file with this text; 1 when there is none.
    pub(super) fn line_of(&self, path: &str, needle: &str) -> usize {
        let file = self.content.sources.get(path);
        file.and_then(|file| Some(file.line(file.text.find(needle)?))).unwrap_or(1)
    }
}

/// All inlines of blocks, whatever they stand in.
pub(super) fn walk<'b>(blocks: &'b [Block], out: &mut Vec<&'b Inline>) {
    for block in blocks {
        match block {
            Block::Heading(inlines) | Block::Paragraph(inlines) => out.extend(inlines),
            Block::List { items, .. } => items.iter().for_each(|item| walk(item, out)),
            Block::Quote(blocks) => walk(blocks, out),
            Block::Code { .. } => {}
            Block::Table(rows) => out.extend(rows.iter().flatten().flatten()),
        }
    }
}
