//! Lessons' Markdown to steps, and questions' Markdown to blocks; anything a terminal cannot show is reported.
mod blocks;
mod directive;
mod inline;

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, OffsetIter, Options, Parser, Tag};

use super::parse_lesson::predict;
use super::problems::Problems;
use super::rule::Rule;
use super::source::SourceFile;
use super::{Block, DemoRef, Inline, Predict, Step};

/// Reads events and builds blocks; `problems` has spans relative to `text`.
struct Reader<'t, 'p, 'f> {
    text: &'t str,
    events: Peekable<OffsetIter<'t>>,
    problems: &'p mut Problems<'f>,
    /// Steps with a `predict` block, even one that could not be read.
    asked: BTreeSet<usize>,
}

/// The steps of a lesson's body. `demo` is the front matter's: a step's run takes over its knobs.
pub(super) fn steps(text: &str, demo: Option<&DemoRef>, problems: &mut Problems<'_>) -> Vec<Step> {
    let mut reader = Reader::new(text, problems);
    let mut steps = Vec::new();
    while let Some((event, span)) = reader.events.next() {
        reader.top(event, span, demo, &mut steps);
    }
    if steps.is_empty() {
        let help = "begin each step with a line such as `# The problem`, and its text below";
        reader.problems.error(Rule::Step, 0..text.len().min(1), "the lesson has no steps", help);
    }
    reader.report_empty(&steps);
    steps
}

/// The blocks of a question's prompt, explanation or hint, for the screen.
#[must_use]
pub fn blocks(text: &str) -> Vec<Block> {
    let nowhere = SourceFile::new("", "");
    let mut problems = Problems::new(&nowhere);
    let mut reader = Reader::new(text, &mut problems);
    reader.blocks(0)
}

/// A line of the content without its marks, where a place shows one style only. What is no single paragraph stays as it is.
#[must_use]
pub fn unmarked(text: &str) -> String {
    if !text.contains(['`', '*']) {
        return text.to_owned();
    }
    match blocks(text).as_slice() {
        [Block::Paragraph(inlines)] => plain(inlines),
        _ => text.to_owned(),
    }
}

/// The text of inlines without their style; placeholders as they are written.
#[must_use]
pub fn plain(inlines: &[Inline]) -> String {
    let text = |inline: &Inline| match inline {
        Inline::Text(text) | Inline::Strong(text) | Inline::Emphasis(text) | Inline::Code(text) => text.clone(),
        Inline::Link { text, .. } => text.clone(),
        Inline::Measured(name) => format!("{{m:{name}}}"),
        Inline::Setting(name) => format!("{{k:{name}}}"),
    };
    inlines.iter().map(text).collect()
}

impl<'t, 'p, 'f> Reader<'t, 'p, 'f> {
    fn new(text: &'t str, problems: &'p mut Problems<'f>) -> Self {
        let events = Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter().peekable();
        Self { text, events, problems, asked: BTreeSet::new() }
    }

    /// One top-level element of a lesson.
    fn top(&mut self, event: Event<'t>, span: Range<usize>, demo: Option<&DemoRef>, steps: &mut Vec<Step>) {
        match event {
            Event::Start(Tag::Heading { level: HeadingLevel::H1, .. }) => {
                let title = plain(&self.inlines()).trim().to_owned();
                if title.is_empty() {
                    self.problems.error(Rule::Step, span.clone(), "a step without a title", "write `# Title`");
                }
                steps.push(Step { title, line: self.problems.line(span.start), ..Step::default() });
            }
            Event::Start(Tag::HtmlBlock) => {
                let text = self.html();
                self.comment(&text, &span, demo, steps.last_mut());
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) if &*info == "predict" => {
                let predict = self.predict();
                self.attach(predict, span, steps);
            }
            other => {
                let block = self.block(other, span.clone(), 0);
                self.place(block, span, steps.last_mut());
            }
        }
    }

    fn place(&mut self, block: Option<Block>, span: Range<usize>, step: Option<&mut Step>) {
        match (block, step) {
            (Some(block), Some(step)) => step.blocks.push(block),
            (Some(_), None) => {
                let help = "put a heading such as `# The problem` above it: text outside a step is not shown";
                self.problems.error(Rule::Step, span, "text above the first heading", help);
            }
            (None, _) => {}
        }
    }

    /// The `predict` block that began, and whether there is anything in it to ask.
    fn predict(&mut self) -> Option<Predict> {
        let mut inside: Option<Range<usize>> = None;
        while let Some((Event::Text(_), span)) = self.events.next() {
            inside = Some(inside.map_or_else(|| span.clone(), |before| before.start..span.end));
        }
        let inside = inside.unwrap_or(0..0);
        let text = &self.text[inside.clone()];
        self.problems.within(inside.start, |problems| predict(text, problems))
    }

    fn attach(&mut self, predict: Option<Predict>, span: Range<usize>, steps: &mut [Step]) {
        let number = steps.len();
        let Some(step) = steps.last_mut() else {
            let help = "put a heading such as `# Predict` above it";
            return self.problems.error(Rule::Step, span, "a predict block above the first heading", help);
        };
        if !self.asked.insert(number) {
            let help = "one guess a step: move the second to a step of its own";
            self.problems.error(Rule::Step, span, "two predict blocks in one step", help);
        } else {
            step.predict = predict;
        }
    }

    /// Reports headings with nothing below them.
    fn report_empty(&mut self, steps: &[Step]) {
        let is_empty = |step: &Step| step.blocks.is_empty() && step.show.is_none() && step.run.is_none();
        for (index, step) in steps.iter().enumerate().filter(|(_, step)| is_empty(step)) {
            if !self.asked.contains(&(index + 1)) {
                let help = "write what it has to say, or delete its heading";
                let title = format!("the step \"{}\" is empty", step.title);
                self.problems.error_on_line(Rule::Step, step.line, title, help);
            }
        }
    }
}
