//! A run given out: JSON, text, a capture, a text for another program.
use std::io::{IsTerminal, stdout};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

use super::arguments::Output;
use super::streams::{print, tell, write};
use super::{Misuse, open};
use crate::demos::{self, Knobs, Setup, export};
use crate::recording::json::json;
use crate::recording::text::text_with;
use crate::recording::vantage::{self, Vantage};
use crate::recording::{Recording, beside};

/// Writes what was asked for; text when nothing was.
pub(super) fn give(recording: &Recording, output: &Output) -> anyhow::Result<ExitCode> {
    if let Some(file) = &output.compare {
        return compared(recording, file.as_deref(), output.json);
    }
    if let Some(path) = &output.pcap {
        if let Some(live) = &recording.run.live {
            return Err(Misuse(format!("--pcap: {}", live.no_packets())).into());
        }
        let wants_more = output.json || output.text;
        capture(recording, place(recording, output.tap.as_deref())?, path, wants_more)?;
    }
    if let Some(what) = &output.export {
        print(&exported(recording, what.as_deref())?)?;
    } else if output.json {
        print(&json(recording))?;
    } else if output.text || output.pcap.is_none() {
        print(&text_with(recording, &|knob, value| setting(recording, knob, value)))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The rows of the run beside those of another, with the differences named.
fn compared(this: &Recording, file: Option<&Path>, as_json: bool) -> anyhow::Result<ExitCode> {
    let other = match file {
        Some(path) => open::whole(path)?,
        None if this.run.live.is_some() => in_the_lab(this)?,
        None => {
            let text =
                "--compare: name the saved run to compare with; only a live run is compared with the lab's without one";
            return Err(Misuse(text.to_owned()).into());
        }
    };
    if this.steps.is_empty() || other.steps.is_empty() {
        let text = "--compare lines up the rows of traces, and one of these runs has none; dns-trace has";
        return Err(Misuse(text.to_owned()).into());
    }
    print(&if as_json { beside::write::json(this, &other) } else { beside::write::text(this, &other) })?;
    Ok(ExitCode::SUCCESS)
}

/// The lab's run that stands beside a live one.
fn in_the_lab(live: &Recording) -> anyhow::Result<Recording> {
    let demo = demos::find(&live.run.demo).with_context(|| format!("there is no demo {}", live.run.demo))?;
    let knobs = demos::live::beside(demo, &Knobs::defaults(demo.knobs), &live.run);
    Ok((demo.run)(&knobs, &Setup { seed: live.run.seed, interventions: Vec::new() }))
}

/// A knob's setting, with the word its 0 stands for: `0ns (never)`.
fn setting(recording: &Recording, knob: &str, value: &str) -> String {
    let demo = demos::find(&recording.run.demo);
    let knob = demo.and_then(|demo| demo.knobs.iter().find(|it| it.name == knob));
    match knob.and_then(|knob| Some((knob.zero?, knob.parse(value).ok()?, knob))) {
        Some((word, read, knob)) if knob.shown(&read) == word => format!("{value} ({word})"),
        _ => value.to_owned(),
    }
}

/// The text of that name, or the list of names.
fn exported(recording: &Recording, what: Option<&str>) -> Result<String, Misuse> {
    if let Some(what) = what {
        return export::write(what, recording).map_err(|error| Misuse(format!("--export: {error}")));
    }
    let lines = export::of(recording).into_iter().map(|it| format!("{:<14} {}", it.name, it.about));
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

fn place(recording: &Recording, tap: Option<&str>) -> Result<Vantage, Misuse> {
    let all = vantage::all(recording);
    let found = match tap {
        Some(name) => vantage::find(recording, name),
        None => all.first().copied(),
    };
    found.ok_or_else(|| {
        let names: Vec<String> = all.iter().map(|it| it.name(recording)).collect();
        Misuse(format!("--tap: there is no interface {}; this run has {}", tap.unwrap_or_default(), names.join(", ")))
    })
}

fn capture(recording: &Recording, place: Vantage, path: &Path, wants_more: bool) -> anyhow::Result<()> {
    let bytes = place.pcapng(recording);
    if path != Path::new("-") {
        std::fs::write(path, bytes).with_context(|| format!("{} cannot be written", path.display()))?;
        tell(&format!("{} holds what {} saw", path.display(), place.name(recording)));
        return Ok(());
    }
    if wants_more {
        return Err(Misuse("--pcap - and --json or --text both want standard output: name a file".to_owned()).into());
    }
    if stdout().is_terminal() {
        return Err(Misuse("--pcap - writes bytes, and standard output is a terminal: name a file".to_owned()).into());
    }
    write(&bytes)
}
