//! Inlines: text, emphasis, code, links, and the placeholders `{m:name}` and `{k:name}`.
use std::ops::Range;

use pulldown_cmark::{Event, Tag, TagEnd};

use super::Reader;
use crate::content::Inline;
use crate::content::problems::shown;
use crate::content::rule::Rule;
use crate::content::source::is_unseen;

/// Collects inlines; text of one style is put together before placeholders are looked for.
#[derive(Default)]
struct Line {
    inlines: Vec<Inline>,
    strong: usize,
    emphasis: usize,
    link: Option<(String, String)>,
    pending: String,
    from: usize,
}

impl<'t> Reader<'t, '_, '_> {
    /// The inlines up to the end of what encloses them, which is consumed.
    pub(super) fn inlines(&mut self) -> Vec<Inline> {
        let mut line = Line::default();
        let mut open = 0_usize;
        while let Some((event, span)) = self.events.next() {
            match &event {
                Event::Start(_) => open += 1,
                Event::End(_) if open == 0 => break,
                Event::End(_) => open -= 1,
                _ => {}
            }
            self.inline(event, span, &mut line);
        }
        self.finish(line)
    }

    /// The inlines from `event` on, up to the next block or the end of what encloses them, which is left.
    pub(super) fn inlines_from(&mut self, event: Event<'t>, span: Range<usize>) -> Vec<Inline> {
        let mut line = Line::default();
        let mut open = usize::from(matches!(event, Event::Start(_)));
        self.inline(event, span, &mut line);
        while let Some((next, _)) = self.events.peek() {
            match next {
                Event::End(_) if open == 0 => break,
                Event::End(_) => open -= 1,
                Event::Start(tag) if is_inline(tag) => open += 1,
                Event::Start(_) | Event::Rule => break,
                _ => {}
            }
            let Some((event, span)) = self.events.next() else { break };
            self.inline(event, span, &mut line);
        }
        self.finish(line)
    }

    fn inline(&mut self, event: Event<'t>, span: Range<usize>, line: &mut Line) {
        match event {
            Event::Text(text) => self.push(line, &text, &span),
            Event::InlineHtml(html) if html.starts_with("<!--") => {}
            Event::InlineHtml(text) | Event::Html(text) => self.push(line, &text, &span),
            Event::SoftBreak => self.push(line, " ", &span),
            Event::HardBreak => self.push(line, "\n", &span),
            Event::Code(code) if line.link.is_some() => self.push(line, &code, &span),
            Event::Code(code) => {
                self.flush(line);
                line.inlines.push(Inline::Code(self.seen(&code.replace('\n', " "), &span)));
            }
            Event::Start(tag) => self.open(&tag, span, line),
            Event::End(tag) => self.close(tag, line),
            _ => {}
        }
    }

    fn open(&mut self, tag: &Tag<'_>, span: Range<usize>, line: &mut Line) {
        self.flush(line);
        match tag {
            Tag::Strong => line.strong += 1,
            Tag::Emphasis => line.emphasis += 1,
            Tag::Link { dest_url, .. } => line.link = Some((self.seen(dest_url, &span), String::new())),
            Tag::Image { .. } => {
                let help = "draw it as text in a fenced block, or let a demo show it";
                self.problems.error(Rule::Markdown, span, "a terminal shows no images", help);
            }
            _ => {}
        }
    }

    fn close(&mut self, tag: TagEnd, line: &mut Line) {
        self.flush(line);
        match tag {
            TagEnd::Strong => line.strong = line.strong.saturating_sub(1),
            TagEnd::Emphasis => line.emphasis = line.emphasis.saturating_sub(1),
            TagEnd::Link => {
                line.inlines.extend(line.link.take().map(|(target, text)| Inline::Link { text, target }));
            }
            _ => {}
        }
    }

    fn push(&mut self, line: &mut Line, text: &str, span: &Range<usize>) {
        let text = self.seen(text, span);
        match &mut line.link {
            Some((_, words)) => words.push_str(&text),
            None => {
                if line.pending.is_empty() {
                    line.from = span.start;
                }
                line.pending.push_str(&text);
            }
        }
    }

    /// A text whose control characters (written as `&#27;`) are reported and made visible.
    fn seen(&mut self, text: &str, span: &Range<usize>) -> String {
        if let Some(unseen) = text.chars().find(|c| is_unseen(*c)) {
            self.problems.control(unseen, span.clone());
        }
        shown(text)
    }

    fn finish(&mut self, mut line: Line) -> Vec<Inline> {
        self.flush(&mut line);
        line.inlines
    }

    /// The text put together so far, cut at its placeholders.
    fn flush(&mut self, line: &mut Line) {
        let text = std::mem::take(&mut line.pending);
        let mut rest = text.as_str();
        while let Some(at) = rest.find("{m:").into_iter().chain(rest.find("{k:")).min() {
            let from = line.from + (text.len() - rest.len()) + at;
            line.text(&rest[..at]);
            let (inline, length) = placeholder(&rest[at..]);
            if inline.is_none() {
                let help = "write {m:measurement} or {k:knob}; in `backticks` it is shown as it is";
                self.problems.error(Rule::Placeholder, from..from + length, "a placeholder that is none", help);
            }
            match inline {
                Some(inline) => line.inlines.push(inline),
                None => line.text(&rest[at..at + length]),
            }
            rest = &rest[at + length..];
        }
        line.text(rest);
    }
}

impl Line {
    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let text = text.to_owned();
        self.inlines.push(match (self.strong > 0, self.emphasis > 0) {
            (true, _) => Inline::Strong(text),
            (false, true) => Inline::Emphasis(text),
            (false, false) => Inline::Text(text),
        });
    }
}

/// The placeholder at the start of `text` with its length, or how much of it to pass over.
fn placeholder(text: &str) -> (Option<Inline>, usize) {
    let name = &text[3..];
    let length = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').unwrap_or(name.len());
    let closed = length > 0 && name[length..].starts_with('}');
    if !closed {
        return (None, 3);
    }
    let word = name[..length].to_owned();
    let inline = if text.starts_with("{m:") { Inline::Measured(word) } else { Inline::Setting(word) };
    (Some(inline), 3 + length + 1)
}

const fn is_inline(tag: &Tag<'_>) -> bool {
    matches!(tag, Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. } | Tag::Image { .. })
}
