//! The command line: one file a subcommand. stdout carries the result, stderr the messages.
//!
//! Exit codes: 0 done; 1 done, and the answer is no (a check found errors, a graded program failed, a quiz was not
//! passed); 2 the command line cannot be understood; 3 something outside failed (a file, the terminal, the store).
mod arguments;
mod folders;
mod start;

use std::process::ExitCode;

use arguments::{Arguments, Command};

/// Done, and the answer is no.
pub(crate) const NO: u8 = 1;
/// The command line cannot be understood.
pub(crate) const USAGE: u8 = 2;
/// Something outside failed.
pub(crate) const FAILED: u8 = 3;

/// Runs the program with the process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::read();
    match run(arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("roundtrip: {error:#}");
            ExitCode::from(FAILED)
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let options = arguments.options;
    match arguments.command {
        None => start::tui(&options, None),
        Some(Command::Learn(_)) => start::tui(&options, None),
    }
}
