//! Lines out, lines in.
use std::io::{self, BufRead, IsTerminal, Read, StdinLock, stdin};

use anyhow::Context;

use crate::cli::streams::{print, safe, write};
use crate::content;
use crate::content::layout::{self, Row};

/// Text is wrapped for a terminal of the usual width; a screen reader does not mind.
const WIDTH: usize = 78;

/// More bytes than any answer has; a longer line is not kept in memory.
const LONGEST: u64 = 64 * 1024;

/// Lines in a row that are no answer before nobody is taken to be there: a pipe may write for ever.
const MOST_REFUSED: u32 = 6;

/// Counts the lines that were no answer to one question.
#[derive(Default)]
pub(super) struct Patience(u32);

impl Patience {
    /// Counts a line that was no answer; says whether it was the last that is taken.
    pub(super) const fn is_over(&mut self) -> bool {
        self.0 += 1;
        self.0 >= MOST_REFUSED
    }
}

/// A conversation by lines. What is said is safe to show, wherever its text came from.
pub(super) struct Console {
    input: StdinLock<'static>,
    /// A terminal shows what is typed and its line end; a pipe does not.
    is_typed: bool,
}

impl Console {
    pub(super) fn new() -> Self {
        Self { input: stdin().lock(), is_typed: stdin().is_terminal() }
    }

    /// Says a text, its paragraphs wrapped.
    pub(super) fn say(&mut self, text: &str) -> anyhow::Result<()> {
        let joined = |paragraph: &str| paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        let wrapped = text.trim().split("\n\n").map(|it| textwrap::fill(&joined(it), WIDTH));
        self.line(&wrapped.collect::<Vec<_>>().join("\n\n"))
    }

    /// Says a text of the content: its markup is read and not shown.
    pub(super) fn prose(&mut self, text: &str) -> anyhow::Result<()> {
        let rows = layout::rows(&content::blocks(text), WIDTH, &layout::NoRun);
        self.line(&rows.iter().map(Row::text).collect::<Vec<_>>().join("\n"))
    }

    /// Says a line as it is, however long: a command in it is to be pasted whole.
    #[expect(clippy::needless_pass_by_ref_mut, reason = "who speaks has the conversation")]
    pub(super) fn line(&mut self, text: &str) -> anyhow::Result<()> {
        print(&(safe(text) + "\n"))
    }

    /// Asks for a line; `None` when there are no more.
    pub(super) fn ask(&mut self, prompt: &str) -> anyhow::Result<Option<String>> {
        loop {
            write(format!("{prompt}> ").as_bytes())?;
            let line = next_line(&mut self.input).context("standard input failed")?;
            if matches!(line, Line::End) || !self.is_typed {
                self.line("")?;
            }
            match line {
                Line::End => return Ok(None),
                Line::Text(text) => return Ok(Some(text.trim().to_owned())),
                Line::TooLong => {
                    self.say(&format!("This line is longer than {} KiB: write a shorter one.", LONGEST / 1024))?
                }
            }
        }
    }
}

/// What was read.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    Text(String),
    /// It was read to its end and thrown away.
    TooLong,
    End,
}

fn next_line(input: &mut impl BufRead) -> io::Result<Line> {
    let mut bytes = Vec::new();
    if input.by_ref().take(LONGEST + 1).read_until(b'\n', &mut bytes)? == 0 {
        return Ok(Line::End);
    }
    if bytes.len() as u64 <= LONGEST || bytes.ends_with(b"\n") {
        return Ok(Line::Text(String::from_utf8_lossy(&bytes).into_owned()));
    }
    while !bytes.ends_with(b"\n") {
        bytes.clear();
        if input.by_ref().take(LONGEST).read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
    }
    Ok(Line::TooLong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_end_is_not_kept() {
        let long = "x".repeat(usize::try_from(LONGEST).expect("small") * 5 + 3);
        let mut input = io::Cursor::new(format!("one\n{long}\ntwo\n\n{long}"));
        let mut next = || next_line(&mut input).expect("memory does not fail");
        assert_eq!(next(), Line::Text("one\n".to_owned()));
        assert_eq!(next(), Line::TooLong);
        assert_eq!(next(), Line::Text("two\n".to_owned()));
        assert_eq!(next(), Line::Text("\n".to_owned()));
        assert_eq!(next(), Line::TooLong);
        assert_eq!(next(), Line::End);
        assert_eq!(next_line(&mut &b"\xff\n"[..]).expect("read"), Line::Text("\u{fffd}\n".to_owned()));
    }
}
