//! A capture on the packet workbench, which follows the newest packet until it is stopped.
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;

use super::looked::Looked;
use super::{MOMENT, dropped};
use crate::cli::arguments::Options;
use crate::cli::start;
use crate::net::capture::{self, Capture, Told};
use crate::tui::action::Place;
use crate::tui::capture::{Opened, Source, Watch, file};
use crate::wire::capture::Interface;

/// What a reading of the capture needs beside the capture itself.
struct Kept {
    interface: Interface,
    /// The file that is written, if any.
    path: Option<PathBuf>,
    /// A key log, which is read when the capture is over: it has grown by then.
    keys: Option<PathBuf>,
}

/// Opens the workbench; the capture goes on already.
pub(super) fn open(options: &Options, wish: &super::Wish, (of, capture): (capture::Wish, Capture)) -> Result<ExitCode> {
    let interface = Interface { name: of.interface.clone(), link: capture.link() };
    let kept = Kept { interface, path: wish.write.clone(), keys: wish.keys.clone() };
    let begun = Mutex::new(Some(capture));
    let source = Source::new(of.interface.clone(), move |watch| {
        let first = begun.lock().unwrap_or_else(PoisonError::into_inner).take();
        let capture = first.map_or_else(|| Capture::begin(&of), Ok).map_err(|refused| refused.to_string())?;
        read(&capture, &kept, watch).map_err(|error| format!("{error:#}"))
    });
    let source = source.filtered(wish.filter.clone().unwrap_or_default()).followed();
    start::tui(options, Some(Place::Capture(source)))
}

/// Takes packets until the capture ends or nobody wants more of it.
fn read(capture: &Capture, kept: &Kept, watch: &mut Watch<'_>) -> Result<Opened> {
    let mut looked = Looked::begin(&kept.interface, kept.path.as_deref())?;
    let study = looked.study();
    // Nothing has passed yet, and that is on the screen.
    (watch.grown)(&study);
    let (counts, error) = loop {
        if !(watch.wanted)() {
            capture.stop();
        }
        match capture.next(MOMENT) {
            Told::Packets(batch) => {
                looked.take(&batch)?;
                (watch.grown)(&study);
            }
            Told::Quiet => {}
            Told::Ended(counts, error) => break (counts, error),
        }
    };
    let mut notes = vec![format!("the capture is over{}", dropped(counts))];
    let keys = kept.keys.as_deref().map_or(Ok(String::new()), file::key_log).unwrap_or_else(|error| {
        notes.push(format!("{error:#}"));
        String::new()
    });
    let study: Arc<_> = looked.end(counts, &keys)?;
    Ok(Opened { study, fault: error.map(|it| format!("the capture ended: {it}")), notes })
}
