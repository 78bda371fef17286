//! The command line: one file a subcommand. stdout carries the result, stderr the messages.
//!
//! Exit codes: 0 done; 1 done, and the answer is no (a check found errors, a graded program failed, a quiz was not
//! passed, a saved run does not repeat); 2 the command line cannot be understood; 3 something outside failed (a file,
//! the terminal, the network, the store).
mod arguments;
mod capture;
mod check;
mod config;
mod demo;
mod demos;
mod folders;
mod grade;
mod lab;
mod lessons;
mod man;
mod open;
mod packets;
mod plain;
mod progress;
mod run_output;
mod start;
mod streams;
mod subnet;

use std::process::ExitCode;

use arguments::{Asked, Command, Drill, Exercise, LabCommand, Learn, Options, Quiz, Wish};
use streams::{NoReader, tell, write};

use crate::tui::action::{DrillWish, Place};

/// Done, and the answer is no.
const NO: u8 = 1;
/// The command line cannot be understood.
const MISUSED: u8 = 2;
/// Something outside failed.
const FAILED: u8 = 3;

/// An argument that names nothing there is; the message says what there is.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Misuse(String);

/// Runs the program with the process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    let asked = match arguments::read() {
        Ok(asked) => asked,
        Err(code) => return code,
    };
    run(asked).unwrap_or_else(|error| {
        if error.is::<NoReader>() {
            return ExitCode::SUCCESS;
        }
        tell(&format!("roundtrip: {error:#}"));
        ExitCode::from(if error.is::<Misuse>() { MISUSED } else { FAILED })
    })
}

fn run(Asked { options, wish }: Asked) -> anyhow::Result<ExitCode> {
    let options = config::under(options);
    if let Some(trouble) = &options.trouble {
        tell(&format!("roundtrip: {trouble}"));
    }
    match wish {
        Wish::Home => start::tui(&options, None),
        Wish::Demo(wish) => wish.run(&options),
        Wish::Command(command) => run_command(&options, command),
    }
}

fn run_command(options: &Options, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Lab { what: LabCommand::Up(up) } => lab::up(options, &up),
        Command::Lab { what: LabCommand::Reading(asked) } => plain::lab_1a(options, &asked),
        Command::Exercises(wish) => run_command(options, Command::Drill(wish.into())),
        Command::Learn(learn) if learn.list => lessons::list(options, learn.json),
        Command::Learn(learn) if learn.plain => plain::learn(options, &learn),
        Command::Learn(Learn { lesson, .. }) => start::tui(options, Some(Place::Learn { lesson })),
        Command::Quiz(quiz) if quiz.plain => plain::quiz(options, &quiz),
        Command::Quiz(Quiz { chapter, .. }) => start::tui(options, Some(Place::Quiz { chapter })),
        Command::Drill(drill) if drill.plain => plain::drill(options, &drill.with_chapters_as_tags()),
        Command::Drill(drill) => {
            let Drill { tags, count, minutes, until, .. } = drill.with_chapters_as_tags();
            let wish = crate::practice::Wish { tags, count, minutes };
            start::tui(options, Some(Place::Drill(DrillWish { wish, until })))
        }
        Command::Present { lesson } => start::tui(options, Some(Place::Present { lesson })),
        Command::Demos { json } => demos::run(json),
        Command::Subnet(wish) => subnet::run(&wish),
        Command::Packets(wish) => packets::run(options, &wish),
        Command::Capture(wish) => capture::run(options, &wish),
        Command::Explain(wish) => packets::explain(&wish),
        Command::Open(open) => open::run(options, &open),
        Command::Grade { exercise: Exercise::TcpEcho { port, idle, json } } => grade::tcp_echo(port, idle, json),
        Command::Check { dir, json } => check::run(options, dir.as_deref(), json),
        Command::Progress(progress) => progress::run(options, &progress),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut arguments::command(), "roundtrip", &mut script);
            write(&script).map(|()| ExitCode::SUCCESS)
        }
        Command::Man => write(&man::page()?).map(|()| ExitCode::SUCCESS),
    }
}
