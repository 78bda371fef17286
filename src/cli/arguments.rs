//! What the command line may say.
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// A networking tutor that lives in a terminal and carries its own internet
#[derive(Debug, Parser)]
#[command(name = "roundtrip", version, max_term_width = 100)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) options: Options,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// What holds for every subcommand.
#[derive(Args, Clone, Debug)]
pub(super) struct Options {
    /// Lessons and quizzes of your own: a folder whose `lessons` and `quizzes` come before those that ship
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) content: Option<PathBuf>,
    /// Where progress is kept, instead of the XDG data folder
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// The colours
    #[arg(long, global = true, value_name = "NAME", value_parser = ["dark", "light", "ansi", "mono"])]
    pub(super) theme: Option<String>,
    /// Where chance comes from: runs, shuffles and draws repeat with the same number
    #[arg(long, global = true, value_name = "N")]
    pub(super) seed: Option<u64>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Walk a lesson, from where you left it
    Learn(Learn),
}

/// `learn`
#[derive(Args, Debug)]
pub(super) struct Learn {
    /// The lesson, by id (w01.why-layers) or by a part of its title; without it, the next one
    pub(super) lesson: Option<String>,
    /// Sequential text instead of the screen: for screen readers and pipes
    #[arg(long)]
    pub(super) plain: bool,
}

impl Arguments {
    /// The process's arguments; prints help or a message and ends the process when they ask for that.
    pub(super) fn read() -> Self {
        Self::parse()
    }
}
