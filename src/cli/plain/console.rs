//! Lines out, lines in.
use std::io::{self, Lines, StdinLock, Write, stdin, stdout};

use anyhow::Context;

/// Text is wrapped for a terminal of the usual width; a screen reader does not mind.
const WIDTH: usize = 78;

/// A conversation by lines.
pub(super) struct Console {
    lines: Lines<StdinLock<'static>>,
}

impl Console {
    pub(super) fn new() -> Self {
        Self { lines: stdin().lines() }
    }

    /// Says a paragraph.
    pub(super) fn say(&mut self, text: &str) -> anyhow::Result<()> {
        let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.line(&textwrap::fill(&joined, WIDTH))
    }

    /// Says a line as it is.
    pub(super) fn line(&mut self, text: &str) -> anyhow::Result<()> {
        writeln!(stdout(), "{text}").context("standard output failed")
    }

    /// Asks for a line; `None` when there are no more.
    pub(super) fn ask(&mut self, prompt: &str) -> anyhow::Result<Option<String>> {
        let mut out = stdout();
        write!(out, "{prompt}> ").and_then(|()| out.flush()).context("standard output failed")?;
        let line: Option<io::Result<String>> = self.lines.next();
        let line = line.transpose().context("standard input failed")?;
        if line.is_none() {
            self.line("")?;
        }
        Ok(line.map(|it| it.trim().to_owned()))
    }
}
