//! Collects the problems of one file while it is converted, and the small conversions that can fail.
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, ValueDeserializer};

use super::diagnostic::{Diagnostic, Severity};
use super::raw::{Text, Texts};
use super::rule::Rule;
use super::source::{SourceFile, is_unseen, visible};

/// Problems kept of one file; beyond it they are only counted.
const MOST: usize = 100;

/// The problems of one file. Spans given to it are relative to `base`.
pub(super) struct Problems<'a> {
    file: &'a SourceFile,
    base: usize,
    found: Vec<Diagnostic>,
    dropped: usize,
}

impl<'a> Problems<'a> {
    pub(super) const fn new(file: &'a SourceFile) -> Self {
        Self { file, base: 0, found: Vec::new(), dropped: 0 }
    }

    /// Runs `work` with spans relative to `base` within what they are relative to now.
    pub(super) fn within<T>(&mut self, base: usize, work: impl FnOnce(&mut Self) -> T) -> T {
        self.base += base;
        let result = work(self);
        self.base -= base;
        result
    }

    /// The line of an offset, from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.file.line(self.base + offset)
    }

    pub(super) fn path(&self) -> String {
        self.file.path.clone()
    }

    pub(super) fn error(&mut self, rule: Rule, span: Range<usize>, title: impl AsRef<str>, help: impl AsRef<str>) {
        let problem = self.placed(rule, span).says(title, help);
        self.push(problem);
    }

    /// An error at a whole line of the file.
    pub(super) fn error_on_line(&mut self, rule: Rule, line: usize, title: impl AsRef<str>, help: impl AsRef<str>) {
        let span = self.file.line_span(line);
        self.push(Diagnostic::new(Severity::Error, rule, self.file, span).says(title, help));
    }

    fn push(&mut self, problem: Diagnostic) {
        if self.found.len() < MOST { self.found.push(problem) } else { self.dropped += 1 }
    }

    fn placed(&self, rule: Rule, span: Range<usize>) -> Diagnostic {
        Diagnostic::new(Severity::Error, rule, self.file, self.base + span.start..self.base + span.end)
    }

    /// All problems, in the order of the file.
    pub(super) fn into_found(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|it| it.span.start);
        if self.dropped > 0 {
            let more = format!("{} more problems in this file", self.dropped);
            let last = Diagnostic::of_file(Severity::Error, Rule::File, &self.file.path);
            self.found.push(last.says(more, "mend those above first"));
        }
        self.found
    }

    /// A TOML document; `None` after reporting what is not TOML, one problem a line.
    pub(super) fn toml<'t>(&mut self, text: &'t str) -> Option<Spanned<DeTable<'t>>> {
        let (table, errors) = DeTable::parse_recoverable(text);
        if errors.is_empty() {
            return Some(table);
        }
        let mut lines = Vec::new();
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            let line = self.line(span.start);
            if !lines.contains(&line) && lines.len() < MOST {
                lines.push(line);
                let problem = self.placed(Rule::Syntax, span).says("this is not TOML", SYNTAX_HELP);
                self.push(problem.label(error.message()));
            }
        }
        None
    }

    /// A typed value of a table; `None` after reporting the key or type that does not fit.
    pub(super) fn typed<'t, T: Deserialize<'t>>(&mut self, table: Spanned<DeTable<'t>>) -> Option<T> {
        let whole = table.span();
        let value = Spanned::new(whole.clone(), toml::de::DeValue::Table(table.into_inner()));
        match T::deserialize(ValueDeserializer::from(value)) {
            Ok(value) => Some(value),
            Err(error) => {
                let span = error.span().unwrap_or(whole);
                self.error(Rule::Structure, span, in_words(error.message()), STRUCTURE_HELP);
                None
            }
        }
    }

    /// A TOML document of one type.
    pub(super) fn document<'t, T: Deserialize<'t>>(&mut self, text: &'t str) -> Option<T> {
        let table = self.toml(text)?;
        self.typed(table)
    }

    /// A text without surrounding white space, its control characters (written as escapes) reported and made visible.
    pub(super) fn text(&mut self, raw: &Spanned<String>) -> String {
        let text = raw.get_ref().trim();
        if let Some(unseen) = text.chars().find(|c| is_unseen(*c)) {
            self.control(unseen, raw.span());
        }
        shown(text)
    }

    /// Reports a control character.
    pub(super) fn control(&mut self, unseen: char, span: Range<usize>) {
        let title = format!("control character U+{:04X}", u32::from(unseen));
        self.error(Rule::ControlCharacter, span, title, CONTROL_HELP);
    }

    /// A text that must be there and not be empty; `whole` is the place to name when it is missing.
    pub(super) fn required(&mut self, raw: Text, what: &str, whole: &Range<usize>) -> String {
        self.needed(Rule::Missing, raw, what, whole)
    }

    /// A reason, which everything a learner can choose must have.
    pub(super) fn why(&mut self, raw: Text, whole: &Range<usize>) -> String {
        self.needed(Rule::MissingWhy, raw, "why", whole)
    }

    fn needed(&mut self, rule: Rule, raw: Text, what: &str, whole: &Range<usize>) -> String {
        let Some(raw) = raw else {
            self.error(rule, whole.clone(), format!("`{what}` is missing"), help_for(what));
            return String::new();
        };
        let text = self.text(&raw);
        if text.is_empty() {
            self.error(rule, raw.span(), format!("`{what}` is empty"), help_for(what));
        }
        text
    }

    /// A text that may be missing.
    pub(super) fn optional(&mut self, raw: Text) -> Option<String> {
        raw.map(|raw| self.text(&raw)).filter(|text| !text.is_empty())
    }

    /// Texts of a list; empty ones are reported.
    pub(super) fn texts(&mut self, raw: Texts, what: &str) -> Vec<String> {
        raw.into_iter().map(|it| self.required(Some(it), what, &(0..0))).filter(|it| !it.is_empty()).collect()
    }
}

/// A text for the screen: control characters visible, a tab as spaces.
pub(super) fn shown(text: &str) -> String {
    if text.bytes().all(|byte| byte == b'\n' || (0x20..0x7f).contains(&byte)) {
        return text.to_owned();
    }
    text.replace('\t', "    ").chars().map(visible).collect()
}

/// What serde says, in the words of an author.
fn in_words(message: &str) -> String {
    let words = [
        ("unknown field", "unknown key"),
        ("invalid type: ", "wrong type: "),
        ("expected a sequence", "expected a list in [brackets]"),
        ("expected i64", "expected a whole number"),
        ("expected a map", "expected a table in {braces}"),
        ("expected struct Spanned", "expected a value"),
        ("string \"", "the text \""),
    ];
    words.iter().fold(message.to_owned(), |message, (theirs, ours)| message.replace(theirs, ours))
}

/// What to write, by key.
fn help_for(what: &str) -> String {
    let advice = match what {
        "id" => "give it a lasting name, such as id = \"w01.layers.order\"",
        "title" => "add title = \"...\": what the list of lessons shows",
        "why" => "add why = \"...\": what makes it right, or what tempts people to believe it",
        "prompt" => "add prompt = \"...\": the question itself",
        "explanation" => "add explanation = \"...\": what to take away, shown after every answer",
        "source" => "add source = \"...\": where it is written, such as \"RFC 9293 §3.5\"",
        "measure" => "add measure = \"...\": the measurement of the run that is the answer",
        "ask" => "add ask = \"...\": what the learner should guess",
        "unit" => "add unit = \"ms\", \"s\", \"us\", \"bytes\", \"%\", \"count\" or \"bit/s\"",
        "chapter" => "add chapter = \"W1\" above the first question",
        "meaning" => "add meaning = \"...\": one or two sentences",
        _ => return format!("add {what} = \"...\""),
    };
    advice.to_owned()
}

const SYNTAX_HELP: &str =
    "mend this line; a quote or bracket left open earlier is the usual cause. What could not be read is left out";
const STRUCTURE_HELP: &str = "correct the key or its value; what it belongs to is left out until then";
const CONTROL_HELP: &str = "delete it, or describe it in words: it could drive the reader's terminal";
