//! `open FILE`: a saved run, made again and compared with what it was; a live run as it was.
use std::io::{IsTerminal, stdout};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

use super::arguments::{Open, Options};
use super::streams::tell;
use super::{NO, run_output, start};
use crate::demos;
use crate::recording::Recording;
use crate::recording::saved::{self, Opened};
use crate::tui::action::Place;
use crate::tui::files;

/// Opens the run on the screen, or gives it out; exit code 1 when it is not the run that was saved.
pub(super) fn run(options: &Options, open: &Open) -> anyhow::Result<ExitCode> {
    let name = open.file.display();
    let opened = read(&open.file).with_context(|| name.to_string())?;
    let on_screen = !open.output.is_asked();
    if on_screen && stdout().is_terminal() {
        return start::tui(options, Some(Place::SavedRun { path: name.to_string() }));
    }
    let saved = match opened {
        Opened::Saved(saved) => saved,
        Opened::Live(recording) => return run_output::give(&recording, &open.output),
    };
    let again = demos::replay(&saved.run).with_context(|| name.to_string())?;
    let given = run_output::give(&again, &open.output)?;
    let Err(differs) = saved.check(&again) else { return Ok(given) };
    tell(&format!("roundtrip: {name}: {differs}"));
    Ok(ExitCode::from(NO))
}

/// The run of a file, whole: made again, or live as it was.
pub(super) fn whole(file: &Path) -> anyhow::Result<Recording> {
    let name = file.display().to_string();
    match read(file).with_context(|| name.clone())? {
        Opened::Saved(saved) => demos::replay(&saved.run).context(name),
        Opened::Live(recording) => Ok(*recording),
    }
}

fn read(file: &Path) -> anyhow::Result<Opened> {
    let bytes = files::read(file, saved::MOST_BYTES).context("this file cannot be read")?;
    Ok(saved::open(&bytes)?)
}
