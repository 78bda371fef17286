//! The command line: one file a subcommand. stdout carries the result, stderr the messages.
use std::process::ExitCode;

/// Runs the program with the process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
