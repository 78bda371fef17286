//! A run given out: JSON, text, a capture.
use std::io::{Write, stdout};
use std::process::ExitCode;

use anyhow::{Context, bail};

use super::arguments::Output;
use crate::recording::json::json;
use crate::recording::text::text;
use crate::recording::{Recording, vantage};

/// Writes what was asked for; text when nothing was.
pub(super) fn give(recording: &Recording, output: &Output) -> anyhow::Result<ExitCode> {
    if let Some(path) = &output.pcap {
        let tap = match &output.tap {
            Some(name) => vantage::find(recording, name),
            None => vantage::all(recording).first().copied(),
        };
        let Some(tap) = tap else {
            let names: Vec<String> = vantage::all(recording).iter().map(|it| it.name(recording)).collect();
            bail!("there is no interface of that name; this run has {}", names.join(", "));
        };
        std::fs::write(path, tap.pcapng(recording)).with_context(|| format!("{} cannot be written", path.display()))?;
        eprintln!("{} holds what {} saw", path.display(), tap.name(recording));
    }
    if output.json {
        print(&json(recording))?;
    } else if output.text || output.pcap.is_none() {
        print(&text(recording))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints a result; a reader that has seen enough (`| head`) is no failure.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    let written =
        out.write_all(text.as_bytes()).and_then(|()| if text.ends_with('\n') { Ok(()) } else { out.write_all(b"\n") });
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error).context("standard output failed"),
        _ => Ok(()),
    }
}
