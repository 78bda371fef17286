//! Lines out, lines in.
use std::io::{self, IsTerminal, Lines, StdinLock, stdin};

use anyhow::Context;

use crate::cli::streams::{print, safe, write};

/// Text is wrapped for a terminal of the usual width; a screen reader does not mind.
const WIDTH: usize = 78;

/// A conversation by lines. What is said is safe to show, wherever its text came from.
pub(super) struct Console {
    lines: Lines<StdinLock<'static>>,
    /// A terminal shows what is typed and its line end; a pipe does not.
    is_typed: bool,
}

impl Console {
    pub(super) fn new() -> Self {
        Self { lines: stdin().lines(), is_typed: stdin().is_terminal() }
    }

    /// Says a text, its paragraphs wrapped.
    pub(super) fn say(&mut self, text: &str) -> anyhow::Result<()> {
        let joined = |paragraph: &str| paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        let wrapped = text.trim().split("\n\n").map(|it| textwrap::fill(&joined(it), WIDTH));
        self.line(&wrapped.collect::<Vec<_>>().join("\n\n"))
    }

    /// Says a line as it is.
    #[expect(clippy::needless_pass_by_ref_mut, reason = "who speaks has the conversation")]
    pub(super) fn line(&mut self, text: &str) -> anyhow::Result<()> {
        print(&(safe(text) + "\n"))
    }

    /// Asks for a line; `None` when there are no more.
    pub(super) fn ask(&mut self, prompt: &str) -> anyhow::Result<Option<String>> {
        write(format!("{prompt}> ").as_bytes())?;
        let line: Option<io::Result<String>> = self.lines.next();
        let line = line.transpose().context("standard input failed")?;
        if line.is_none() || !self.is_typed {
            self.line("")?;
        }
        Ok(line.map(|it| it.trim().to_owned()))
    }
}
