//! Where things are: the XDG folders, on every system.
use std::path::PathBuf;

use anyhow::Context;
use etcetera::base_strategy::{BaseStrategy, Xdg};

use super::arguments::Options;
use crate::progress::Store;

/// The progress file's name.
const FILE: &str = "progress.sqlite3";

/// The progress file: under `--data`, or `$XDG_DATA_HOME/roundtrip` (`~/.local/share/roundtrip`), on macOS too.
pub(super) fn progress_file(options: &Options) -> anyhow::Result<PathBuf> {
    if let Some(folder) = &options.data {
        return Ok(folder.join(FILE));
    }
    let xdg = xdg("XDG_DATA_HOME")
        .context("there is no home folder to keep progress in: set HOME, or name a folder with --data DIR")?;
    Ok(xdg.data_dir().join("roundtrip").join(FILE))
}

/// The certificate of the lab's authority, beside the progress file.
pub(super) fn authority_file(options: &Options) -> anyhow::Result<PathBuf> {
    let progress =
        progress_file(options).context("no place for the authority's certificate: name a file with --ca FILE")?;
    Ok(progress.with_file_name("lab-ca.pem"))
}

/// The folders of the XDG Base Directory Specification; `None` when neither HOME nor the variable for the wanted one names
/// a folder, as the system's own idea of a home may be nobody's.
pub(super) fn xdg(variable: &str) -> Option<Xdg> {
    let is_named = |name: &str| std::env::var_os(name).is_some_and(|folder| PathBuf::from(folder).is_absolute());
    if is_named("HOME") || is_named(variable) { Xdg::new().ok() } else { None }
}

/// The store, or one in memory with the reason why nothing will be kept.
pub(super) fn store(options: &Options) -> (Store, Option<String>) {
    let opened = progress_file(options).and_then(|path| Ok(Store::open(&path)?));
    match opened {
        Ok(store) => (store, None),
        Err(error) => (Store::open_in_memory().expect("SQLite works in memory"), Some(format!("{error:#}"))),
    }
}
