//! `demo NAME`: one demo, its knobs as flags; on the screen, as text, as JSON, as a capture.
use std::collections::BTreeMap;
use std::io::{IsTerminal, stderr, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use signal_hook::consts::SIGINT;

use super::arguments::{Options, Output};
use super::streams::tell;
use super::{FAILED, Misuse, run_output, start};
use crate::content::DemoRef;
use crate::demos::live::{self, Progress, Stop, Target};
use crate::demos::{self, Demo, Knob, KnobKind, Knobs, Setup};
use crate::quantity::{Quantity, Unit};
use crate::recording::{Intervention, Meddling, Recording};
use crate::tui::action::Place;

/// A demo as it was asked for.
pub(super) struct Wish {
    demo: &'static Demo,
    settings: BTreeMap<String, String>,
    interventions: Vec<Intervention>,
    /// Whom it shall speak to on real sockets, when it shall.
    live: Option<Target>,
    /// Whose certificates it shall trust there, beside those this machine trusts.
    ca: Option<PathBuf>,
    output: Output,
}

/// What `demo --help` says of the flags that stand after a name.
const EVERY_DEMO: &str = "\
After NAME, the demo's knobs (`roundtrip demo NAME --help`), and for every demo:
  --text                 The run as text on standard output
  --json                 The run as JSON on standard output
  --pcap FILE            What one interface saw, as Wireshark opens it
  --export [WHAT]        A text for another program
  --compare [FILE]       The run's rows beside those of a saved run, what differs named
  --fork WHAT:PACKET     Change one packet's fate: drop:12, duplicate:12, delay:12:50ms
  --live [HOST[:PORT]]   On this machine's sockets, where the demo has a live side
  --ca FILE              Whom to trust there beside this machine's authorities (PEM)";

/// `demo`, with a subcommand for every demo and a flag for every knob.
pub(super) fn command() -> Command {
    let demos = demos::all().iter().map(|demo| {
        let knobs = demo.knobs.iter().map(flag);
        let command = Command::new(demo.name).args(knobs).arg(fork()).arg(live_flag(demo)).arg(ca_flag(demo));
        let command = Output::augment_args(command);
        command.about(demo.title).long_about(format!("{}: {}", demo.title, demo.about))
    });
    Command::new("demo")
        .about("Run a demo: on the screen, or as text, JSON or a capture")
        .subcommand_value_name("NAME")
        .subcommand_help_heading("Demos")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .after_help(EVERY_DEMO)
        .subcommands(demos)
}

fn flag(knob: &Knob) -> Arg {
    let value = match knob.kind {
        KnobKind::Quantity { unit, .. } => unit.value_name(),
        KnobKind::Choice(_) => "WORD",
        KnobKind::Switch => "ON",
        KnobKind::Text { .. } => "TEXT",
    };
    let help = format!("{} [{}; {} unless told]", knob.about, knob.range(), knob.shown(&knob.default()));
    let owned = *knob;
    let parse = move |text: &str| owned.parse(text).map(|value| value.as_text());
    let arg =
        Arg::new(knob.name).long(knob.name).value_name(value).help(help).help_heading("Knobs").value_parser(parse);
    // A switch may stand alone.
    match knob.kind {
        KnobKind::Switch => arg.num_args(0..=1).default_missing_value("on"),
        // `-5ms` is a bad value, not another flag.
        KnobKind::Quantity { .. } => arg.allow_hyphen_values(true),
        _ => arg,
    }
}

fn fork() -> Arg {
    Arg::new("fork")
        .long("fork")
        .value_name("WHAT:PACKET")
        .action(ArgAction::Append)
        .value_parser(intervention)
        .help_heading("Output")
        .help("Change one packet's fate: drop:12, duplicate:12, delay:12:50ms")
}

/// `--live`; where the demo has no live side, the message says which have.
fn live_flag(demo: &Demo) -> Arg {
    let whom = demo.live.as_ref().map(live::Live::whom).unwrap_or_default();
    let help = "Run on this machine's sockets: with a server of its own on loopback, or with whom you name";
    Arg::new("live")
        .long("live")
        .value_name("HOST[:PORT]")
        .num_args(0..=1)
        .default_missing_value("")
        .value_parser(|text: &str| text.parse::<Target>().map_err(|error| error.to_string()))
        .conflicts_with("fork")
        .hide(demo.live.is_none())
        .help_heading("Output")
        .help(format!("{help}: {whom}"))
}

/// `--ca`, for the demos whose live side asks a host for its certificate.
fn ca_flag(demo: &Demo) -> Arg {
    Arg::new("ca")
        .long("ca")
        .value_name("FILE")
        .value_parser(clap::value_parser!(PathBuf))
        .requires("live")
        .hide(!demo.live.as_ref().is_some_and(|it| it.trusts))
        .help_heading("Output")
        .help("Trust these authorities too (PEM), such as that of `roundtrip lab up`, for --live HOST")
}

/// The authorities of a file.
fn authorities(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let all = read.with_context(|| format!("--ca: {} cannot be read as PEM", file.display()))?;
    anyhow::ensure!(!all.is_empty(), "--ca: {} holds no certificate", file.display());
    Ok(all)
}

/// A hint for who names a knob the demo has not.
pub(super) fn knob_names(demo: &Demo) -> String {
    let names: Vec<String> = demo.knobs.iter().map(|knob| format!("--{}", knob.name)).collect();
    format!("the knobs of {} are {}", demo.name, names.join(", "))
}

/// Reads `drop:12`, `duplicate:12`, `delay:12:50ms`.
fn intervention(text: &str) -> Result<Intervention, String> {
    let wrong = || format!("`{text}` is none of drop:12, duplicate:12, delay:12:50ms");
    let mut parts = text.splitn(3, ':');
    let (what, packet, amount) = (parts.next(), parts.next(), parts.next());
    let packet: u32 = packet.and_then(|it| it.parse().ok()).ok_or_else(wrong)?;
    if packet == 0 {
        return Err("packets are numbered from 1, as --text lists them: there is no packet 0".to_owned());
    }
    let action = match (what, amount) {
        (Some("drop"), None) => Meddling::Drop,
        (Some("duplicate"), None) => Meddling::Duplicate,
        (Some("delay"), Some(amount)) => {
            let amount = Quantity::parse(amount, Unit::Nanoseconds).map_err(|error| error.to_string())?;
            Meddling::Delay(amount.as_duration().ok_or_else(wrong)?)
        }
        _ => return Err(wrong()),
    };
    Ok(Intervention { packet, action })
}

impl Wish {
    /// What the matches of `demo` say.
    pub(super) fn read(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let missing = || clap::Error::raw(ErrorKind::MissingSubcommand, "name a demo; `roundtrip demos` lists them\n");
        let (name, matches) = matches.subcommand().ok_or_else(missing)?;
        let demo = demos::find(name).ok_or_else(missing)?;
        let given = |knob: &&Knob| matches.value_source(knob.name).is_some();
        let setting = |knob: &Knob| Some((knob.name.to_owned(), matches.get_one::<String>(knob.name)?.clone()));
        Ok(Self {
            demo,
            settings: demo.knobs.iter().filter(given).filter_map(setting).collect(),
            interventions: matches.get_many("fork").into_iter().flatten().copied().collect(),
            live: matches.get_one("live").cloned(),
            ca: matches.get_one("ca").cloned(),
            output: Output::from_arg_matches(matches)?,
        })
    }

    /// Runs it, or opens the screen when nothing else is asked and there is one.
    pub(super) fn run(self, options: &Options) -> anyhow::Result<ExitCode> {
        let seed = options.seed.unwrap_or(start::SEED);
        let on_screen = !self.output.is_asked();
        if let Some(target) = self.target()? {
            return self.run_live(&target, on_screen && stdout().is_terminal(), (options, seed));
        }
        if on_screen && self.interventions.is_empty() && stdout().is_terminal() {
            let demo = DemoRef { name: self.demo.name.to_owned(), knobs: self.settings };
            return start::tui(options, Some(Place::Demo { demo, seed }));
        }
        let setup = Setup { seed, interventions: self.interventions };
        let run = demos::run(self.demo.name, &self.settings, &setup)?;
        forked(&run)?;
        run_output::give(&run, &self.output)
    }

    /// Whom it shall speak to live, when it shall, and whom it trusts there.
    fn target(&self) -> anyhow::Result<Option<Target>> {
        let (Some(target), Some(file)) = (self.live.clone(), &self.ca) else { return Ok(self.live.clone()) };
        if !self.demo.live.as_ref().is_some_and(|it| it.trusts) {
            return Err(Misuse(format!("--ca: {} live asks nobody for a certificate", self.demo.name)).into());
        }
        if target.host().is_none() {
            let text = "--ca: name the host whose certificate it is for: --live HOST";
            return Err(Misuse(text.to_owned()).into());
        }
        Ok(Some(target.trusting(authorities(file)?)))
    }

    /// Runs it on this machine's sockets. What went wrong on the network is said, and is exit code 3; what was seen is shown.
    fn run_live(self, target: &Target, on_screen: bool, (options, seed): (&Options, u64)) -> anyhow::Result<ExitCode> {
        live::allow(self.demo, self.settings.keys().map(String::as_str)).map_err(|error| Misuse(error.to_string()))?;
        if self.output.pcap.is_some() {
            let text = "--pcap: a live run has no packets: capturing them needs root; watch them with `tcpdump`";
            return Err(Misuse(text.to_owned()).into());
        }
        if on_screen {
            let demo = DemoRef { name: self.demo.name.to_owned(), knobs: self.settings };
            return start::tui(options, Some(Place::Live { demo, seed, target: target.clone() }));
        }
        let settings = self.settings.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        let knobs = Knobs::with(self.demo.knobs, settings)?;
        let request = live::Request { knobs, target: target.clone(), seed };
        let (mut shown, stop) = (0, Stop::default());
        end_at_ctrl_c(&stop).context("Ctrl-C cannot be listened for")?;
        let ran = live::run(self.demo, &request, &stop, &mut |progress| show(progress, &mut shown))?;
        let given = run_output::give(&ran.recording, &self.output)?;
        let Some(trouble) = ran.trouble else { return Ok(given) };
        tell(&format!("roundtrip: {trouble}"));
        Ok(ExitCode::from(FAILED))
    }
}

/// The first Ctrl-C ends the run, and what it saw by then is given out; a second one ends the program as ever.
fn end_at_ctrl_c(stop: &Stop) -> std::io::Result<()> {
    let flag = stop.flag();
    signal_hook::flag::register_conditional_default(SIGINT, Arc::clone(&flag))?;
    signal_hook::flag::register(SIGINT, flag)?;
    Ok(())
}

/// Shows how far a live run is, twice a second, where a person looks on.
fn show(progress: &Progress, shown: &mut u128) {
    let due = progress.elapsed.as_millis() / 500;
    if due > *shown && stderr().is_terminal() {
        *shown = due;
        let Progress { elapsed, calls, doing } = progress;
        tell(&format!("{:5.1} s, {calls} calls, now {doing}; Ctrl-C ends it", elapsed.as_secs_f32()));
    }
}

/// A fork of a packet that never was changes nothing, and must not be shown as if it did.
fn forked(run: &Recording) -> Result<(), Misuse> {
    let most = u32::try_from(run.packets.len()).unwrap_or(u32::MAX);
    match run.run.interventions.iter().find(|it| it.packet > most) {
        None => Ok(()),
        Some(it) => Err(Misuse(format!("--fork: there is no packet {}; this run has 1 to {most}", it.packet))),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_fork_is_read_or_refused_with_what_to_write() {
        let delay = Intervention { packet: 12, action: Meddling::Delay(Duration::from_millis(50)) };
        assert_eq!(intervention("delay:12:50ms"), Ok(delay));
        assert_eq!(intervention("drop:3"), Ok(Intervention { packet: 3, action: Meddling::Drop }));
        for text in ["drop", "drop:0", "delay:3", "drop:3:4", "lose:3", "delay:3:4"] {
            assert!(intervention(text).is_err(), "{text}");
        }
        let said = intervention("drop:0").expect_err("no packet");
        assert_eq!(said, "packets are numbered from 1, as --text lists them: there is no packet 0");
    }

    #[test]
    fn the_command_line_is_well_formed() {
        super::super::arguments::command().debug_assert();
    }
}
