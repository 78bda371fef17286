//! Where things are: the XDG folders, on every system.
use std::path::PathBuf;

use anyhow::Context;
use etcetera::BaseStrategy;

use super::arguments::Options;
use crate::progress::Store;

/// The progress file's name.
const FILE: &str = "progress.sqlite3";

/// The progress file: under `--data`, or `$XDG_DATA_HOME/roundtrip` (`~/.local/share/roundtrip`), on macOS too.
pub(super) fn progress_file(options: &Options) -> anyhow::Result<PathBuf> {
    if let Some(folder) = &options.data {
        return Ok(folder.join(FILE));
    }
    let data = etcetera::base_strategy::Xdg::new().ok().map(|xdg| xdg.data_dir());
    // HOME may be set and empty.
    let data = data.filter(|it| it.is_absolute());
    let data =
        data.context("there is no home folder to keep progress in: set HOME, or name a folder with --data DIR")?;
    Ok(data.join("roundtrip").join(FILE))
}

/// The store, or one in memory with the reason why nothing will be kept.
pub(super) fn store(options: &Options) -> (Store, Option<String>) {
    let opened = progress_file(options).and_then(|path| Ok(Store::open(&path)?));
    match opened {
        Ok(store) => (store, None),
        Err(error) => (Store::open_in_memory().expect("SQLite works in memory"), Some(format!("{error:#}"))),
    }
}
