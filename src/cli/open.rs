//! `open FILE`: a saved run, made again and compared with what it was.
use std::io::{IsTerminal, Read, stdout};
use std::process::ExitCode;

use anyhow::Context;

use super::arguments::{Open, Options};
use super::{run_output, start};
use crate::demos;
use crate::recording::saved;
use crate::tui::action::Place;

/// Opens the run on the screen, or gives it out.
pub(super) fn run(options: &Options, open: &Open) -> anyhow::Result<ExitCode> {
    let name = open.file.display();
    let on_screen = !(open.output.json || open.output.text || open.output.pcap.is_some());
    if on_screen && stdout().is_terminal() {
        return start::tui(options, Some(Place::SavedRun { path: name.to_string() }));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(&open.file).with_context(|| format!("{name} cannot be read"))?;
    file.take(saved::MOST_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("{name} cannot be read"))?;
    let saved = saved::parse(&bytes).with_context(|| name.to_string())?;
    let again = demos::replay(&saved.run).with_context(|| name.to_string())?;
    if let Err(differs) = saved.check(&again) {
        eprintln!("roundtrip: {differs}");
    }
    run_output::give(&again, &open.output)
}
