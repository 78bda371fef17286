//! What the command line may say.
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;
use jiff::civil::Date;

use super::{capture, config, demo, demos, grade, lessons, packets, progress, subnet};
use crate::near::near;
use crate::practice::interview_day;
use crate::recording::{beside, json};
use crate::tui::course;
use crate::tui::theme::Theme;

/// A networking tutor that lives in a terminal and carries its own internet
///
/// Without a command it opens the tutor, where you left it.
#[derive(Debug, Parser)]
#[command(name = "roundtrip", max_term_width = 100, disable_help_flag = true, disable_version_flag = true)]
#[command(after_help = EXIT_CODES, after_long_help = format!("{FILES}\n\n{EXIT_CODES}"), version)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) options: Options,
    /// Print the version
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = EVERYWHERE)]
    version: Option<bool>,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// The heading of the flags that every subcommand has; they stand last.
const EVERYWHERE: &str = "Everywhere";

/// The heading of the flags that say how a run is given out.
const OUTPUT: &str = "Output";

const COMPARE: &str = "\
Line up this run's rows with those of a saved run, by what they are, and name what differs; without a file, a live run with \
the lab's. With --json";

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  done, and the answer is no: a check found errors, a graded program failed,
     a quiz was not passed, a saved run does not repeat
  2  the command line cannot be understood
  3  something outside failed: a file, the terminal, the network, the store";

const FILES: &str = "\
Files:
  $XDG_CONFIG_HOME/roundtrip/config.toml, else ~/.config/roundtrip/config.toml
      Settings; each may be left out, and flags come over them:
          theme = \"dark\"         # or light, ansi, mono, or a theme file of yours
          content = \"~/course\"   # as --content
          data = \"~/progress\"    # as --data; a path begins at the file's folder or with ~/
  $XDG_DATA_HOME/roundtrip/progress.sqlite3, else ~/.local/share/roundtrip/progress.sqlite3
      What you have done; `roundtrip progress --export FILE` writes it as JSON";

/// What holds for every subcommand.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Options {
    /// Lessons and quizzes of your own: its `lessons/` and `quizzes/` come over those that ship
    #[arg(long, global = true, value_name = "DIR", help_heading = EVERYWHERE)]
    pub(super) content: Option<PathBuf>,
    /// Where progress is kept, instead of the XDG data folder
    #[arg(long, global = true, value_name = "DIR", help_heading = EVERYWHERE)]
    pub(super) data: Option<PathBuf>,
    /// The colours: dark, light, ansi, mono, or a theme file of yours
    #[arg(long, global = true, value_name = "NAME|FILE", help_heading = EVERYWHERE, value_parser = theme)]
    pub(super) theme: Option<Theme>,
    /// Where chance comes from: the same number gives the same runs, shuffles and draws
    #[arg(long, global = true, value_name = "N", help_heading = EVERYWHERE)]
    #[arg(value_parser = seed, allow_negative_numbers = true)]
    pub(super) seed: Option<u64>,
    /// Print help; --help says more than -h
    #[arg(short, long, global = true, action = ArgAction::Help, help_heading = EVERYWHERE)]
    help: Option<bool>,
    /// What is wrong with the configuration file.
    #[arg(skip)]
    pub(super) trouble: Option<String>,
}

/// `--seed`
fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("write a whole number from 0 to {}", u64::MAX))
}

/// `--theme`: a theme that ships, or a file.
fn theme(text: &str) -> Result<Theme, String> {
    config::theme(text, Path::new(text))
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
    /// Solve exercises made fresh from the packets of a run
    Exercises(Exercises),
    /// Show a lesson to a room, step by step
    Present {
        /// The lesson, by id or by a part of its title
        lesson: String,
    },
    /// List the demos and their knobs
    Demos {
        /// The list as JSON
        #[arg(long, long_help = demos::SHAPE)]
        json: bool,
    },
    /// Calculate a network: mask, range, hosts, parts, the bits drawn
    Subnet(subnet::Wish),
    /// List the packets of a capture, filtered in Wireshark's words
    Packets(packets::Wish),
    /// Capture packets as they pass an interface of this machine
    Capture(capture::Wish),
    /// Explain a packet of a capture, byte for byte
    Explain(packets::Explain),
    /// Open a saved run
    Open(Open),
    /// Test a program of yours against what it should do
    Grade {
        #[command(subcommand)]
        exercise: Exercise,
    },
    /// The lab's services on loopback, for other programs to ask; Lab 1A on a capture
    Lab {
        #[command(subcommand)]
        what: LabCommand,
    },
    /// Check lessons and quizzes: those that ship, or a folder's
    Check {
        /// The folder that holds `lessons/` and `quizzes/`
        dir: Option<PathBuf>,
        /// Problems as JSON: [{severity, rule, path, line, column, span, title, label, help}]
        #[arg(long)]
        json: bool,
    },
    /// Show what you have done, or carry it elsewhere
    Progress(Progress),
    /// Print a completion script for a shell
    Completions {
        /// The shell that reads it
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
    /// List chapters and lessons with their ids, and which are done
    #[arg(long, conflicts_with_all = ["lesson", "plain"])]
    pub(super) list: bool,
    /// The list as JSON
    #[arg(long, requires = "list", long_help = lessons::SHAPE)]
    pub(super) json: bool,
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

/// `exercises`
#[derive(Args, Clone, Debug)]
pub(super) struct Exercises {
    /// How many
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    pub(super) count: Option<usize>,
    /// Sequential text, numbered choices
    #[arg(long)]
    pub(super) plain: bool,
}

impl From<Exercises> for Drill {
    /// A drill of nothing else.
    fn from(Exercises { count, plain }: Exercises) -> Self {
        let tags = vec![course::EXERCISES.to_owned()];
        Self { tags, chapter: Vec::new(), count, minutes: None, until: None, plain }
    }
}

/// `drill`
#[derive(Args, Clone, Debug)]
pub(super) struct Drill {
    /// Only questions with one of these tags, or of these chapters: tcp,addresses
    #[arg(long, value_delimiter = ',', value_name = "TAG")]
    pub(super) tags: Vec<String>,
    /// Only questions of these chapters: W3
    #[arg(long, value_delimiter = ',', value_name = "ID", conflicts_with = "tags")]
    pub(super) chapter: Vec<String>,
    /// How many questions
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    pub(super) count: Option<usize>,
    /// Stop after so many minutes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=600), allow_negative_numbers = true)]
    pub(super) minutes: Option<u32>,
    /// The day of your interview, 2027-01-15: everything comes back once more before it. Kept until you set another
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub(super) until: Option<Date>,
    /// Sequential text, numbered choices; without another flag it goes on with the drill you left
    #[arg(long)]
    pub(super) plain: bool,
}

impl Drill {
    /// A chapter is wished for as a tag is.
    pub(super) fn with_chapters_as_tags(mut self) -> Self {
        self.tags.append(&mut self.chapter);
        self
    }
}

/// More questions than anybody answers in a sitting.
const MOST_QUESTIONS: usize = 1000;

fn count(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=MOST_QUESTIONS).contains(number));
    number.ok_or_else(|| format!("write a number from 1 to {MOST_QUESTIONS}"))
}

fn date(text: &str) -> Result<Date, String> {
    interview_day(text, jiff::Zoned::now().date()).map_err(|unreadable| unreadable.0)
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
    #[arg(long, conflicts_with = "text", help_heading = OUTPUT)]
    #[arg(long_help = format!("The run as JSON on standard output:\n\n{}", json::SHAPE))]
    pub(super) json: bool,
    /// The run as text on standard output; also without a flag where there is no terminal
    #[arg(long, help_heading = OUTPUT)]
    pub(super) text: bool,
    /// Write what one interface saw, as Wireshark opens it; `-` is standard output
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    pub(super) pcap: Option<PathBuf>,
    /// The interface whose packets --pcap writes; without it the first host's
    #[arg(long, value_name = "NAME", requires = "pcap", help_heading = OUTPUT)]
    pub(super) tap: Option<String>,
    /// Line up this run's rows with those of a saved run, by what they are, and name what differs; without a file, a live
    /// run with the lab's
    #[arg(long, value_name = "FILE", num_args = 0..=1, conflicts_with_all = ["pcap", "export"], help_heading = OUTPUT)]
    #[arg(long_help = format!("{COMPARE}:\n\n{}", beside::write::SHAPE))]
    pub(super) compare: Option<Option<PathBuf>>,
    /// Write a text for another program: a table, a recipe, a configuration; without a name, list what this run gives
    #[arg(long, value_name = "WHAT", num_args = 0..=1, conflicts_with_all = ["json", "text", "pcap"], help_heading = OUTPUT)]
    pub(super) export: Option<Option<String>>,
}

impl Output {
    /// Whether the run shall be given out and not shown on the screen.
    pub(super) const fn is_asked(&self) -> bool {
        self.json || self.text || self.pcap.is_some() || self.export.is_some() || self.compare.is_some()
    }
}

/// `lab`
#[derive(Debug, Subcommand)]
pub(super) enum LabCommand {
    /// Serve the lab's DNS and its web site until Ctrl-C: for dig, curl, openssl, a browser, of this machine only
    Up(Up),
    /// Lab 1A on a capture of your own: eight questions, answered from its packets
    #[command(name = "1a", alias = "1A")]
    Reading(OfCapture),
}

/// `lab 1a`
#[derive(Args, Debug)]
pub(super) struct OfCapture {
    /// A capture, pcap or pcapng, also compressed with gzip
    pub(super) file: PathBuf,
    /// Tell the answers instead of asking
    #[arg(long)]
    pub(super) answers: bool,
}

/// `lab up`
#[derive(Args, Debug)]
pub(super) struct Up {
    /// The port of every server; on systems with one loopback address, of the resolver, and the others have those after it
    #[arg(long, default_value_t = 5300, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..=65_500))]
    pub(super) port: u16,
    /// The resolver's port for DNS over TLS; 0 takes a free one
    #[arg(long, default_value_t = 8853, value_name = "PORT")]
    pub(super) tls_port: u16,
    /// The resolver's port for DNS over HTTPS; 0 takes a free one
    #[arg(long, default_value_t = 8443, value_name = "PORT")]
    pub(super) https_port: u16,
    /// The web site's port for HTTPS, and of UDP for HTTP/3; 0 takes a free one
    #[arg(long, default_value_t = 9443, value_name = "PORT")]
    pub(super) site_port: u16,
    /// The web site's port for plain HTTP, which sends everybody to HTTPS; 0 takes a free one
    #[arg(long, default_value_t = 9080, value_name = "PORT")]
    pub(super) plain_port: u16,
    /// Whether the web site's clients are asked for a certificate, or have to show one; one is written beside the authority's
    #[arg(long, value_enum, value_name = "WHICH")]
    pub(super) client_auth: Option<ClientAuth>,
    /// Also give certificates by ACME (RFC 8555) at this port, for names of .example, .test and .localhost; 0 takes a free one
    #[arg(long, value_name = "PORT")]
    pub(super) acme_port: Option<u16>,
    /// The port of this machine at which proofs by HTTP (http-01) are looked for
    #[arg(long, default_value_t = 5002, value_name = "PORT", requires = "acme_port")]
    pub(super) acme_http_port: u16,
    /// The port of this machine at which proofs by TLS (tls-alpn-01) are looked for
    #[arg(long, default_value_t = 5001, value_name = "PORT", requires = "acme_port")]
    pub(super) acme_tls_port: u16,
    /// A zone file in which proofs by DNS (dns-01) are looked for, read at each query: `_acme-challenge.NAME. TXT "PROOF"`
    #[arg(long, value_name = "FILE", requires = "acme_port")]
    pub(super) acme_records: Option<PathBuf>,
    /// Where the authority's certificate is written, which clients must trust; it is a new one each time
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
    /// Add the keys of all TLS and QUIC connections to that file, as SSLKEYLOGFILE has them: for Wireshark
    #[arg(long, value_name = "FILE")]
    pub(super) key_log: Option<PathBuf>,
    /// Write the key of the lab's root there, as BIND's trust-anchors: for delv -a FILE
    #[arg(long, value_name = "FILE")]
    pub(super) anchor: Option<PathBuf>,
}

/// What is asked of the web site's clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum ClientAuth {
    /// Who has a certificate shows it
    Ask,
    /// Who has none is refused
    Demand,
}

/// `grade`
#[derive(Debug, Subcommand)]
pub(super) enum Exercise {
    /// Test an echo server on this machine for the seven behaviours of Lab 1B
    #[command(after_help = grade::behaviours())]
    TcpEcho {
        /// The port it listens on, on 127.0.0.1
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
        port: u16,
        /// After how many seconds of silence it should close a connection
        #[arg(long, default_value_t = 5, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=60))]
        idle: u64,
        /// The outcome as JSON: [{behaviour, passed, sent, received, expected, why, look_for}]
        #[arg(long)]
        json: bool,
    },
}

/// `progress`
#[derive(Args, Debug)]
#[group(multiple = false)]
pub(super) struct Progress {
    /// The summary as JSON
    #[arg(long, long_help = progress::SHAPE)]
    pub(super) json: bool,
    /// Write everything to a file; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(super) export: Option<PathBuf>,
    /// Add what an exported file holds; what is known already stays once. `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(super) import: Option<PathBuf>,
    /// Move a damaged progress file out of the way, so that a new one can begin; nothing is deleted
    #[arg(long)]
    pub(super) set_aside: bool,
}

/// What was asked, with the options that hold for all of it.
pub(super) struct Asked {
    pub(super) options: Options,
    pub(super) wish: Wish,
}

/// One of the subcommands, or none.
pub(super) enum Wish {
    Home,
    Command(Command),
    Demo(demo::Wish),
}

/// The whole command line, the demos and their knobs in it.
pub(super) fn command() -> clap::Command {
    let command = Arguments::command();
    let beside = command.find_subcommand("demos").map_or(0, clap::Command::get_display_order);
    command.subcommand(demo::command().display_order(beside))
}

/// The process's arguments; or, after help or a message, the exit code to end with.
pub(super) fn read() -> Result<Asked, ExitCode> {
    let asked = command().try_get_matches().map_err(advised).and_then(|matches| match matches.subcommand() {
        Some(("demo", demo)) => {
            let options = Options::from_arg_matches(demo.subcommand().map_or(demo, |(_, matches)| matches))?;
            Ok(Asked { options, wish: Wish::Demo(demo::Wish::read(demo)?) })
        }
        _ => {
            let Arguments { options, command, .. } = Arguments::from_arg_matches(&matches)?;
            Ok(Asked { options, wish: command.map_or(Wish::Home, Wish::Command) })
        }
    });
    asked.map_err(|error: clap::Error| {
        // A reader that is gone has seen enough of the help.
        drop(error.print());
        ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(super::MISUSED))
    })
}

/// A demo that is not there: the message names those like it, or where to find them.
fn advised_of_name(mut error: clap::Error, name: &str) -> clap::Error {
    let is_demo = std::env::args_os().any(|word| word == "demo");
    if is_demo && error.get(ContextKind::SuggestedSubcommand).is_none() {
        let near = near(name, crate::demos::all().iter().map(|demo| demo.name));
        let advice = match near.as_slice() {
            [] => "`roundtrip demos` lists the demos".to_owned(),
            near => format!("demos like it: {}; `roundtrip demos` lists all", near.join(", ")),
        };
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![advice.into()]));
    }
    error
}

/// A flag that no demo's knob is like: the message names the knobs there are.
fn advised(mut error: clap::Error) -> clap::Error {
    if let (ErrorKind::InvalidSubcommand, Some(ContextValue::String(name))) =
        (error.kind(), error.get(ContextKind::InvalidSubcommand).cloned())
    {
        return advised_of_name(error, &name);
    }
    if error.kind() != ErrorKind::UnknownArgument || error.get(ContextKind::SuggestedArg).is_some() {
        return error;
    }
    let words: Vec<String> = std::env::args_os().map(|it| it.to_string_lossy().into_owned()).collect();
    let after_demo = words.iter().skip_while(|word| *word != "demo").skip(1);
    if let Some(knobs) = after_demo.filter_map(|word| crate::demos::find(word)).map(demo::knob_names).next() {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![knobs.into()]));
    }
    error
}
