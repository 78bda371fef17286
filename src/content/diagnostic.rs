//! A problem in a content file: where it is, what it is, and what to do about it.
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde::Serialize;

use super::rule::Rule;
use super::source::{SourceFile, visible};

/// Lines of a snippet; a longer span shows its first ones.
const SNIPPET_LINES: usize = 6;
/// Bytes of a snippet; above it only the place is printed.
const SNIPPET_BYTES: usize = 4000;

/// How bad it is: an error leaves something out or teaches something wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Error,
    Warning,
}

/// A problem with its place. `check --json` prints these as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    pub severity: Severity,
    pub rule: Rule,
    pub path: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// Bytes of the file.
    pub span: Range<usize>,
    /// What is wrong.
    pub title: String,
    /// A word at the place itself; may be empty.
    pub label: String,
    /// What to do.
    pub help: String,
    #[serde(skip)]
    excerpt: Excerpt,
}

/// The lines the span lies in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Excerpt {
    text: String,
    /// Bytes of `text`.
    span: Range<usize>,
}

impl Diagnostic {
    /// A problem at a span of a file.
    #[must_use]
    pub fn new(severity: Severity, rule: Rule, file: &SourceFile, span: Range<usize>) -> Self {
        let span = file.clamp(span);
        Self {
            severity,
            rule,
            path: file.path.clone(),
            line: file.line(span.start),
            column: file.column(span.start),
            excerpt: Excerpt::of(file, &span),
            span,
            title: String::new(),
            label: String::new(),
            help: String::new(),
        }
    }

    /// A problem with a whole file, which may not even be readable.
    #[must_use]
    pub fn of_file(severity: Severity, rule: Rule, path: &str) -> Self {
        Self::new(severity, rule, &SourceFile::new(path, ""), 0..0)
    }

    /// Says what is wrong and what to do.
    #[must_use]
    pub fn says(mut self, title: impl AsRef<str>, help: impl AsRef<str>) -> Self {
        self.title = clean(title.as_ref());
        self.help = clean(help.as_ref());
        self
    }

    /// A word at the place itself.
    #[must_use]
    pub fn label(mut self, label: impl AsRef<str>) -> Self {
        self.label = clean(label.as_ref());
        self
    }

    /// Whether something was left out because of it.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// `path:line:col`, the lines and what to do, as a compiler would print it; styled for a terminal or plain.
    #[must_use]
    pub fn render(&self, styled: bool) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let path = clean(&self.path);
        let group = level.primary_title(&self.title).id(self.rule.name());
        let group = if self.excerpt.text.is_empty() {
            group.element(Origin::path(path).line(self.line).char_column(self.column))
        } else {
            let here = AnnotationKind::Primary.span(self.excerpt.span.clone()).label(&self.label);
            group.element(Snippet::source(&self.excerpt.text).path(path).line_start(self.line).annotation(here))
        };
        let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[self.with_help(group)])
    }

    fn with_help<'a>(&'a self, group: Group<'a>) -> Group<'a> {
        if self.help.is_empty() { group } else { group.element(Level::HELP.message(&self.help)) }
    }
}

impl Excerpt {
    fn of(file: &SourceFile, span: &Range<usize>) -> Self {
        let first = file.line(span.start);
        let last = file.line(span.end.max(span.start + 1) - 1).min(first + SNIPPET_LINES - 1);
        let (start, end) = (file.line_span(first).start, file.line_span(last).end);
        if end - start > SNIPPET_BYTES {
            return Self::default();
        }
        let text = file.text[start..end].to_owned();
        let inside = |at: usize| at.clamp(start, end) - start;
        Self { span: inside(span.start)..inside(span.end), text }
    }
}

/// Control characters made visible; the lines of a help text stay.
fn clean(text: &str) -> String {
    text.chars().map(visible).collect()
}

/// What a list of problems comes to: `2 errors, 1 warning`.
#[must_use]
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|it| it.is_error()).count();
    let warnings = diagnostics.len() - errors;
    let counted = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    format!("{}, {}", counted(errors, "error"), counted(warnings, "warning"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Diagnostic {
        let file = SourceFile::new("quizzes/a.toml", "one\ndifficulty = 9\nthree");
        let says = ("difficulty 9 is not on the scale", "write 1 (first contact) to 5 (an expert pauses)");
        Diagnostic::new(Severity::Error, Rule::Difficulty, &file, 17..18).says(says.0, says.1).label("not 1 to 5")
    }

    #[test]
    fn shows_place_line_and_what_to_do() {
        insta::assert_snapshot!(sample().render(false), @r"
        error[difficulty]: difficulty 9 is not on the scale
         --> quizzes/a.toml:2:14
          |
        2 | difficulty = 9
          |              ^ not 1 to 5
          |
          = help: write 1 (first contact) to 5 (an expert pauses)
        ");
    }

    #[test]
    fn a_file_that_could_not_be_read_has_a_place_too() {
        let problem = Diagnostic::of_file(Severity::Error, Rule::File, "lessons/\u{1b}[2J.md")
            .says("not UTF-8", "save it as UTF-8");
        insta::assert_snapshot!(problem.render(false), @r"
        error[file]: not UTF-8
        --> lessons/␛[2J.md:1:1
         = help: save it as UTF-8
        ");
    }

    #[test]
    fn json_has_place_and_rule() {
        insta::assert_snapshot!(serde_json::to_string(&sample()).expect("JSON"), @r#"{"severity":"error","rule":"difficulty","path":"quizzes/a.toml","line":2,"column":14,"span":{"start":17,"end":18},"title":"difficulty 9 is not on the scale","label":"not 1 to 5","help":"write 1 (first contact) to 5 (an expert pauses)"}"#);
    }

    #[test]
    fn a_line_of_a_mebibyte_is_not_printed() {
        let file = SourceFile::new("a.toml", "x".repeat(1 << 20));
        let problem = Diagnostic::new(Severity::Error, Rule::Syntax, &file, 500_000..500_001).says("bad", "mend");
        insta::assert_snapshot!(problem.render(false), @r"
        error[syntax]: bad
        --> a.toml:1:500001
         = help: mend
        ");
    }

    #[test]
    fn counts_in_words() {
        assert_eq!(summary(&[sample()]), "1 error, 0 warnings");
    }
}
