//! Captured packets that are looked at: all of them in a file, and what they say together.
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};

use super::written::Written;
use crate::net::capture::{Counts, Packet};
use crate::tui::capture::file::OnDisk;
use crate::wire::capture::indexer::Indexer;
use crate::wire::capture::study::Study;
use crate::wire::capture::{Interface, Reader};

/// A capture that is looked at while it goes on.
pub(super) struct Looked {
    file: Written,
    reader: Reader,
    indexer: Indexer,
}

impl Looked {
    /// Begins one: its packets lie in a new file of that name, else in a temporary one.
    pub(super) fn begin(interface: &Interface, path: Option<&Path>) -> Result<Self> {
        let (file, again) = match path {
            None => Written::temporary(interface)?,
            Some(path) => {
                let file = Written::new(path, interface)?;
                (file, File::open(path).with_context(|| format!("{} cannot be read", path.display()))?)
            }
        };
        Ok(Self { file, reader: Reader::default(), indexer: Indexer::new(OnDisk(again)) })
    }

    /// What is known so far; it grows.
    pub(super) fn study(&self) -> Arc<Study> {
        self.indexer.study()
    }

    /// Takes packets, and gives the number of the first.
    pub(super) fn take(&mut self, batch: &[Packet]) -> Result<u32> {
        let first = self.indexer.study().count() + 1;
        batch.iter().for_each(|packet| self.file.take(packet));
        self.reader.push(self.file.piece());
        self.file.flush()?;
        self.indexer.take(&mut self.reader).context("what was captured")?;
        Ok(u32::try_from(first).unwrap_or(u32::MAX))
    }

    /// Ends it with the lines of a key log: now connections can be opened.
    pub(super) fn end(self, counts: Option<Counts>, keys: &str) -> Result<Arc<Study>> {
        self.file.end(counts)?;
        Ok(self.indexer.finish(keys))
    }
}
