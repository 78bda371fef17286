//! The command line: one file a subcommand. stdout carries the result, stderr the messages.
//!
//! Exit codes: 0 done; 1 done, and the answer is no (a check found errors, a graded program failed, a quiz was not
//! passed); 2 the command line cannot be understood; 3 something outside failed (a file, the terminal, the store).
mod arguments;
mod check;
mod demo;
mod demos;
mod folders;
mod grade;
mod open;
mod plain;
mod progress;
mod run_output;
mod start;

use std::process::ExitCode;

use arguments::{Arguments, Asked, Command, Drill, Exercise, Learn, Options, Quiz};

use crate::tui::action::{DrillWish, Place};

/// Done, and the answer is no.
const NO: u8 = 1;
/// Something outside failed.
const FAILED: u8 = 3;

/// Runs the program with the process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    let done = match arguments::read() {
        Asked::Demo(options, wish) => wish.run(&options),
        Asked::Static(Arguments { options, command }) => match command {
            None => start::tui(&options, None),
            Some(command) => run(&options, command),
        },
    };
    done.unwrap_or_else(|error| {
        eprintln!("roundtrip: {error:#}");
        ExitCode::from(FAILED)
    })
}

fn run(options: &Options, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Learn(learn) if learn.plain => plain::learn(options, &learn),
        Command::Learn(Learn { lesson, .. }) => start::tui(options, Some(Place::Learn { lesson })),
        Command::Quiz(quiz) if quiz.plain => plain::quiz(options, &quiz),
        Command::Quiz(Quiz { chapter, .. }) => start::tui(options, Some(Place::Quiz { chapter })),
        Command::Drill(drill) if drill.plain => plain::drill(options, &drill),
        Command::Drill(Drill { tags, count, minutes, until, .. }) => {
            start::tui(options, Some(Place::Drill(DrillWish { tags, count, minutes, until })))
        }
        Command::Present { lesson } => start::tui(options, Some(Place::Present { lesson })),
        Command::Demos { json } => demos::run(json),
        Command::Open(open) => open::run(options, &open),
        Command::Grade { exercise: Exercise::TcpEcho { port, idle, json } } => grade::tcp_echo(port, idle, json),
        Command::Check { dir, json } => check::run(options, dir.as_deref(), json),
        Command::Progress(progress) => progress::run(options, &progress),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut arguments::command(), "roundtrip", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
        Command::Man => {
            clap_mangen::Man::new(arguments::command()).render(&mut std::io::stdout())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
