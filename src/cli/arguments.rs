//! What the command line may say.
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;
use jiff::civil::Date;

use super::demo;

/// A networking tutor that lives in a terminal and carries its own internet
///
/// Without a command it opens the tutor, where you left it.
#[derive(Debug, Parser)]
#[command(name = "roundtrip", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) options: Options,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 done, and the answer is no (a check found errors, a graded program failed, a quiz was not
passed); 2 the command line cannot be understood; 3 something outside failed (a file, the terminal, the store).";

/// What holds for every subcommand.
#[derive(Args, Clone, Debug)]
pub(super) struct Options {
    /// Lessons and quizzes of your own: its `lessons/` and `quizzes/` come over those that ship
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) content: Option<PathBuf>,
    /// Where progress is kept, instead of the XDG data folder
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// The colours
    #[arg(long, global = true, value_name = "NAME", value_parser = crate::tui::theme::NAMES)]
    pub(super) theme: Option<String>,
    /// Where chance comes from: the same number gives the same runs, shuffles and draws
    #[arg(long, global = true, value_name = "N")]
    pub(super) seed: Option<u64>,
}

/// `demo` is made at run time, from the demos and their knobs: see [`demo::command`].
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Walk a lesson, from where you left it
    Learn(Learn),
    /// Take a chapter's quiz, or go on with the one you left
    Quiz(Quiz),
    /// Practise: what is due, mixed with something new
    Drill(Drill),
    /// Show a lesson to a room, step by step
    Present {
        /// The lesson, by id or by a part of its title
        lesson: String,
    },
    /// List the demos and their knobs
    Demos {
        /// As JSON: [{name, title, chapters, live, knobs: [{name, kind, unit, default, min, max}]}]
        #[arg(long)]
        json: bool,
    },
    /// Open a saved run
    Open(Open),
    /// Test a program of yours against what it should do
    Grade {
        #[command(subcommand)]
        exercise: Exercise,
    },
    /// Check lessons and quizzes: those that ship, or a folder's
    Check {
        /// The folder that holds `lessons/` and `quizzes/`
        dir: Option<PathBuf>,
        /// Problems as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what you have done, or carry it elsewhere
    Progress(Progress),
    /// Print a completion script for a shell
    Completions {
        /// bash, elvish, fish, powershell or zsh
        shell: Shell,
    },
    /// Print the manual page
    Man,
}

/// `learn`
#[derive(Args, Debug)]
pub(super) struct Learn {
    /// The lesson, by id or by a part of its title; without it, the one to go on with
    pub(super) lesson: Option<String>,
    /// Sequential text instead of the screen: for screen readers and pipes
    #[arg(long)]
    pub(super) plain: bool,
}

/// `quiz`
#[derive(Args, Debug)]
pub(super) struct Quiz {
    /// The chapter: W1
    pub(super) chapter: String,
    /// Sequential text, numbered choices
    #[arg(long)]
    pub(super) plain: bool,
}

/// `drill`
#[derive(Args, Debug)]
pub(super) struct Drill {
    /// Only questions with one of these tags: tcp,addresses
    #[arg(long, value_delimiter = ',', value_name = "TAG")]
    pub(super) tags: Vec<String>,
    /// How many questions
    #[arg(long, value_name = "N")]
    pub(super) count: Option<usize>,
    /// Stop after so many minutes
    #[arg(long, value_name = "N")]
    pub(super) minutes: Option<u32>,
    /// The day of your interview, 2027-01-15: everything comes back once more before it. Kept until you set another
    #[arg(long, value_name = "DATE")]
    pub(super) until: Option<Date>,
    /// Sequential text, numbered choices
    #[arg(long)]
    pub(super) plain: bool,
}

/// `open`
#[derive(Args, Debug)]
pub(super) struct Open {
    /// The file the tutor saved
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) output: Output,
}

/// How a run is given out.
#[derive(Args, Clone, Debug)]
pub(super) struct Output {
    /// The run as JSON on standard output
    #[arg(long, conflicts_with = "text")]
    pub(super) json: bool,
    /// The run as text on standard output
    #[arg(long)]
    pub(super) text: bool,
    /// Write what one interface saw, as Wireshark opens it
    #[arg(long, value_name = "FILE")]
    pub(super) pcap: Option<PathBuf>,
    /// The interface whose packets --pcap writes; without it the first host's
    #[arg(long, value_name = "NAME", requires = "pcap")]
    pub(super) tap: Option<String>,
}

/// `grade`
#[derive(Debug, Subcommand)]
pub(super) enum Exercise {
    /// Test an echo server on this machine for the seven behaviours of Lab 1B
    TcpEcho {
        /// The port it listens on, on 127.0.0.1
        #[arg(long)]
        port: u16,
        /// After how many seconds of silence it should close a connection
        #[arg(long, default_value_t = 5, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=60))]
        idle: u64,
        /// The outcome as JSON
        #[arg(long)]
        json: bool,
    },
}

/// `progress`
#[derive(Args, Debug)]
#[group(multiple = false)]
pub(super) struct Progress {
    /// The summary as JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Write everything to a file; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(super) export: Option<PathBuf>,
    /// Add what an exported file holds; what is known already stays once
    #[arg(long, value_name = "FILE")]
    pub(super) import: Option<PathBuf>,
}

/// What was asked.
pub(super) enum Asked {
    Static(Arguments),
    Demo(Options, demo::Wish),
}

/// The whole command line, the demos and their knobs in it.
pub(super) fn command() -> clap::Command {
    Arguments::command().subcommand(demo::command())
}

/// The process's arguments; prints help or a message and ends the process where they ask for that.
pub(super) fn read() -> Asked {
    let matches = command().get_matches();
    let read = match matches.subcommand() {
        Some(("demo", demo)) => {
            let options = Options::from_arg_matches(demo.subcommand().map_or(demo, |(_, matches)| matches));
            options.and_then(|options| Ok(Asked::Demo(options, demo::Wish::read(demo)?)))
        }
        _ => Arguments::from_arg_matches(&matches).map(Asked::Static),
    };
    read.unwrap_or_else(|error| error.format(&mut command()).exit())
}
