//! `packets FILE`: a capture on the screen; or its packets a line each, as fields or as JSON, written into another file; a
//! connection followed, all of them counted.
//! `explain FILE`: one of them, byte for byte.
pub(super) mod aligned;
mod explain;
mod follow;
pub(super) mod rows;
mod statistics;

use std::collections::BTreeMap;
use std::io::{IsTerminal, stdin, stdout};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::Args;

use super::arguments::Options;
use super::streams::{tell, write};
use super::{FAILED, Misuse, start};
use crate::quantity::{Quantity, Unit, counted};
use crate::recording::json;
use crate::tui::action::Place;
use crate::tui::capture::{Opened, Source, Watch, file};
use crate::tui::files::{self, Refused};
use crate::wire::capture::copy::Copy;
use crate::wire::capture::study::Study;
use aligned::aligned;
pub(super) use explain::{Explain, explain};
use rows::{Asked, Row, SHAPE, SIDES, row, since, values};

/// `packets`
#[derive(Args, Debug)]
pub(super) struct Wish {
    /// A capture, pcap or pcapng, also compressed with gzip; `-` is standard input
    file: PathBuf,
    /// Only packets it holds for, in Wireshark's words: 'tcp.flags.syn == 1 && ip.addr == 10.0.0.5', 'dns'
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    /// Print the values of these fields instead, apart by tabs: ip.src,tcp.port
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    fields: Vec<String>,
    /// What the two ends of a TCP connection said (tcp.stream is its number, from 0), or with tls:N what they said inside TLS
    #[arg(long, value_name = "tcp:N|tls:N", conflicts_with_all = ["filter", "fields", "statistics"])]
    follow: Option<follow::Which>,
    /// Count the packets instead
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with = "fields")]
    statistics: Option<statistics::What>,
    /// With --statistics rate: the length of an interval, 1s or 10ms; without it a round one
    #[arg(long, value_name = "TIME", requires = "statistics")]
    every: Option<String>,
    /// Write the packets into a new capture instead (pcapng): with their times, interfaces, comments and the file's own secrets
    #[arg(long, value_name = "FILE", conflicts_with_all = ["fields", "follow", "statistics", "json"])]
    write: Option<PathBuf>,
    /// Print the list where it would open on the screen
    #[arg(long)]
    plain: bool,
    /// As JSON
    #[arg(long, long_help = format!("As JSON: {SHAPE}\n\nWith --follow: {}\n\nWith --statistics {}", follow::SHAPE, statistics::SHAPE))]
    json: bool,
    /// Open TLS and QUIC with the keys of that file, as SSLKEYLOGFILE has them; those in the capture are used without it
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
}

impl Wish {
    /// Whether the capture is opened on the screen: nothing else was asked for, and there is a screen.
    fn is_for_screen(&self) -> bool {
        let prints = self.json || self.plain || self.follow.is_some() || self.statistics.is_some();
        let is_asked = prints || self.write.is_some() || !self.fields.is_empty();
        let has_keys = if self.file == Path::new(start::STDIN) { start::beside_stdin() } else { stdin().is_terminal() };
        !is_asked && has_keys && stdout().is_terminal()
    }

    /// Opens the workbench; what is no file is said before the terminal is taken.
    fn on_screen(&self, options: &Options) -> anyhow::Result<ExitCode> {
        let name = self.file.display().to_string();
        if self.file != Path::new(start::STDIN) {
            std::fs::File::open(&self.file).with_context(|| format!("{name} cannot be read"))?;
        }
        let (path, keys) = (self.file.clone(), self.keys.clone());
        let source = Source::new(name, move |watch| {
            file::open(&path, keys.as_deref(), watch).map_err(|error| format!("{error:#}"))
        });
        let source = source.filtered(self.filter.clone().unwrap_or_default());
        start::tui(options, Some(Place::Capture(source)))
    }
}

/// Writes packets into a new file, never over another.
fn copy(study: &Study, numbers: impl IntoIterator<Item = u32>, path: &Path) -> anyhow::Result<()> {
    let comments = BTreeMap::new();
    let copy = Copy { study, comments: &comments };
    match files::write_whole(path, false, |put| copy.write(numbers, put)) {
        Ok(count) => tell(&format!("{} in {}", counted(count, "packet"), path.display())),
        Err(Refused::Taken) => {
            return Err(Misuse(format!("--write: {} is there already: name another file", path.display())).into());
        }
        Err(refused) => return Err(anyhow!("{}: {refused}", path.display())),
    }
    Ok(())
}

/// Opens the capture on the screen, or gives out its packets; exit code 3 when it is damaged behind those.
pub(super) fn run(options: &Options, wish: &Wish) -> anyhow::Result<ExitCode> {
    let asked = Asked::read(wish.filter.as_deref(), &wish.fields)?;
    if wish.every.is_some() && wish.statistics != Some(statistics::What::Rate) {
        return Err(Misuse("--every: only --statistics rate has intervals".to_owned()).into());
    }
    let every_ns = wish.every.as_deref().map(every).transpose()?;
    if wish.is_for_screen() {
        return wish.on_screen(options);
    }
    let Opened { study, fault, .. } = opened(&wish.file, wish.keys.as_deref())?;
    if let Some(which) = wish.follow {
        write(follow::told(&study, which, wish.json)?.as_bytes())?;
        return Ok(ended(fault));
    }
    if let Some(what) = wish.statistics {
        write(statistics::told(&study, &asked.filter, (what, every_ns), wish.json)?.as_bytes())?;
        return Ok(ended(fault));
    }
    let chosen = study.packets().filter(|it| asked.filter.holds(&it.seen()));
    if let Some(path) = &wish.write {
        copy(&study, chosen.map(|it| it.number), path)?;
    } else if wish.json {
        let rows: Vec<Row> = chosen.map(|it| row(&it, &asked.columns)).collect();
        write(json::pretty(&rows)?.as_bytes())?;
    } else if asked.columns.is_empty() {
        let rows: Vec<Vec<String>> = chosen.map(|it| row(&it, &[]).cells()).collect();
        write(aligned(&rows, &SIDES).as_bytes())?;
    } else {
        let lines: String = chosen.map(|it| values(&it, &asked.columns)).collect();
        write(lines.as_bytes())?;
    }
    Ok(ended(fault))
}

/// Reads a capture, and tells what else is to be known of it.
pub(super) fn opened(path: &Path, keys: Option<&Path>) -> anyhow::Result<Opened> {
    let opened = file::open(path, keys, &mut Watch { wanted: &|| true, grown: &mut |_| {} })?;
    opened.notes.iter().for_each(|note| tell(&format!("roundtrip: {note}")));
    Ok(opened)
}

/// Says why a capture ended early.
pub(super) fn ended(fault: Option<String>) -> ExitCode {
    let Some(fault) = fault else { return ExitCode::SUCCESS };
    tell(&format!("roundtrip: {fault}"));
    ExitCode::from(FAILED)
}

/// The length of an interval in nanoseconds.
fn every(text: &str) -> Result<NonZeroU64, Misuse> {
    let time = Quantity::parse(text, Unit::Nanoseconds).map_err(|wrong| Misuse(format!("--every: {wrong}")))?;
    let ns = u64::try_from(time.value).ok().and_then(NonZeroU64::new);
    ns.ok_or_else(|| Misuse("--every: an interval is longer than 0".to_owned()))
}
