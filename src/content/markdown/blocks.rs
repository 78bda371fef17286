//! Blocks: paragraphs, lists, quotes, code, tables. Depth and width are bounded.
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Tag};

use super::Reader;
use crate::content::problems::shown;
use crate::content::rule::Rule;
use crate::content::{Block, Inline};

/// Lists and quotes inside each other.
const DEEPEST: usize = 8;
/// Columns of a table.
const WIDEST: usize = 8;

impl<'t> Reader<'t, '_, '_> {
    /// The blocks up to the end of what encloses them, which is consumed.
    pub(super) fn blocks(&mut self, depth: usize) -> Vec<Block> {
        let mut blocks = Vec::new();
        while let Some((event, span)) = self.events.next() {
            if matches!(event, Event::End(_)) {
                break;
            }
            blocks.extend(self.block(event, span, depth));
        }
        blocks
    }

    /// The block that `event` begins; `None` for what is not shown.
    pub(super) fn block(&mut self, event: Event<'t>, span: Range<usize>, depth: usize) -> Option<Block> {
        match event {
            Event::Start(Tag::Paragraph) => filled(self.inlines()),
            Event::Start(Tag::Heading { .. }) => Some(Block::Heading(self.inlines())),
            Event::Start(Tag::BlockQuote(_) | Tag::List(_)) if depth >= DEEPEST => {
                let help = format!("use at most {DEEPEST} levels of lists and quotes");
                self.problems.error(Rule::Markdown, span, "nested too deep", help);
                self.skip();
                None
            }
            Event::Start(Tag::BlockQuote(_)) => Some(Block::Quote(self.blocks(depth + 1))),
            Event::Start(Tag::List(start)) => Some(Block::List { start, items: self.items(depth + 1) }),
            Event::Start(Tag::CodeBlock(kind)) => Some(self.code(&kind)),
            Event::Start(Tag::Table(_)) => Some(self.table(span)),
            Event::Start(Tag::HtmlBlock) => self.html_block(span),
            Event::Rule => {
                let help = "begin a step with a heading, or leave it out";
                self.problems.error(Rule::Markdown, span, "a line across has no place in a step", help);
                None
            }
            // In a tight list the text stands in the item itself.
            inline => filled(self.inlines_from(inline, span)),
        }
    }

    fn items(&mut self, depth: usize) -> Vec<Vec<Block>> {
        let mut items = Vec::new();
        while let Some((Event::Start(Tag::Item), _)) = self.events.next() {
            items.push(self.blocks(depth));
        }
        items
    }

    fn code(&mut self, kind: &CodeBlockKind<'_>) -> Block {
        let mut text = String::new();
        while let Some((Event::Text(line), _)) = self.events.next() {
            text.push_str(&line);
        }
        let language = match kind {
            CodeBlockKind::Fenced(info) => shown(info),
            CodeBlockKind::Indented => String::new(),
        };
        Block::Code { language, text: shown(text.trim_end_matches('\n')) }
    }

    fn table(&mut self, span: Range<usize>) -> Block {
        let mut rows = Vec::new();
        while let Some((Event::Start(Tag::TableHead | Tag::TableRow), _)) = self.events.next() {
            let mut cells: Vec<Vec<Inline>> = Vec::new();
            while let Some((Event::Start(Tag::TableCell), _)) = self.events.next() {
                cells.push(self.inlines());
            }
            rows.push(cells);
        }
        if rows.first().is_some_and(|head| head.len() > WIDEST) {
            let help = format!("use at most {WIDEST} columns; two to four can be read beside a demo");
            self.problems.error(Rule::Markdown, span, "the table is too wide", help);
            rows.iter_mut().for_each(|row| row.truncate(WIDEST));
        }
        Block::Table(rows)
    }

    /// The text of an HTML block that began.
    pub(super) fn html(&mut self) -> String {
        let mut text = String::new();
        while let Some((Event::Html(line) | Event::Text(line), _)) = self.events.next() {
            text.push_str(&line);
        }
        text
    }

    /// HTML below the top level: a comment says nothing, anything else is shown as it is written.
    fn html_block(&mut self, span: Range<usize>) -> Option<Block> {
        let text = self.html();
        if text.trim_start().starts_with("<!--") {
            return None;
        }
        self.problems.error(Rule::Markdown, span, "HTML cannot be shown in a terminal", HTML_HELP);
        Some(Block::Paragraph(vec![Inline::Text(shown(text.trim()))]))
    }

    /// Passes over everything up to the end of what began.
    pub(super) fn skip(&mut self) {
        let mut open = 1_usize;
        while open > 0 {
            match self.events.next() {
                Some((Event::Start(_), _)) => open += 1,
                Some((Event::End(_), _)) => open -= 1,
                Some(_) => {}
                None => return,
            }
        }
    }
}

fn filled(inlines: Vec<Inline>) -> Option<Block> {
    (!inlines.is_empty()).then_some(Block::Paragraph(inlines))
}

pub(super) const HTML_HELP: &str = "write it in Markdown, or in `backticks` to show it as it is";
