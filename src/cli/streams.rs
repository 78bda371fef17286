//! stdout for results, stderr for messages; neither carries a character that drives the terminal.
use std::io::{ErrorKind, Write, stderr, stdout};

use anyhow::{Context, anyhow};

use crate::wire::text::visible;

/// The reader of standard output has seen enough (`| head`): the program ends, and says nothing of it.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads standard output any more")]
pub(super) struct NoReader;

/// Prints a result that is safe to show, with a line end behind it.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    write(text.as_bytes())?;
    if text.ends_with('\n') { Ok(()) } else { write(b"\n") }
}

/// Writes bytes as they are: a capture, a prompt.
pub(super) fn write(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(anyhow!(NoReader)),
        written => written.context("standard output failed"),
    }
}

/// Tells the person something, beside the result. Who closed stderr does not want to know.
pub(super) fn tell(message: &str) {
    drop(writeln!(stderr(), "{}", safe(message)));
}

/// Lines of text with everything in them that is not plain print shown as an escape.
pub(super) fn safe(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_and_what_drives_a_terminal_is_shown() {
        assert_eq!(safe("one\n\ttwo \x1b[2J\n\u{202e}"), "one\n\\ttwo \\x1b[2J\n\\u{202e}");
    }
}
