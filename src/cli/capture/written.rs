//! Where captured packets are written: a new file, or standard output.
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::cli::{Misuse, streams};
use crate::net::capture::{Counts, LONGEST, Packet};
use crate::wire::capture::growing::Growing;
use crate::wire::capture::{self, Interface};

/// Standard output.
pub(super) const STDOUT: &str = "-";

/// A capture file that grows; each batch is in it when its packets were taken.
pub(super) struct Written {
    growing: Growing,
    /// Of standard output there is none.
    file: Option<(File, PathBuf)>,
    piece: Vec<u8>,
}

/// Refuses a name that is taken, before anything else is done.
pub(super) fn is_free(path: Option<&Path>) -> Result<(), Misuse> {
    match path.filter(|it| *it != Path::new(STDOUT) && it.symlink_metadata().is_ok()) {
        Some(path) => Err(taken(path)),
        None => Ok(()),
    }
}

fn taken(path: &Path) -> Misuse {
    Misuse(format!("--write: {} is there already: name another file", path.display()))
}

impl Written {
    /// A new file of that name, or standard output.
    pub(super) fn new(path: &Path, interface: &Interface) -> anyhow::Result<Self> {
        if path == Path::new(STDOUT) {
            return Self::begin(None, interface);
        }
        match OpenOptions::new().write(true).create_new(true).open(path) {
            Ok(file) => Self::begin(Some((file, path.to_owned())), interface),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(taken(path).into()),
            Err(error) => Err(error).with_context(|| format!("{}: it cannot be written", path.display())),
        }
    }

    /// A file that is there for this capture only.
    pub(super) fn temporary(interface: &Interface) -> anyhow::Result<(Self, File)> {
        let file = tempfile::tempfile().context("no temporary file can be made (TMPDIR)")?;
        let again = file.try_clone().context("a temporary file cannot be opened twice")?;
        Ok((Self::begin(Some((file, PathBuf::from("the temporary file"))), interface)?, again))
    }

    fn begin(file: Option<(File, PathBuf)>, interface: &Interface) -> anyhow::Result<Self> {
        let mut piece = Vec::new();
        let growing = Growing::begin(&mut piece, interface, LONGEST);
        Ok(Self { growing, file, piece })
    }

    /// Takes a packet, which is in the file after [`Self::flush`].
    pub(super) fn take(&mut self, packet: &Packet) {
        let Packet { at_ns, direction, length, bytes } = packet;
        let (at_ns, direction, length) = (Some(*at_ns), *direction, *length);
        let packet = capture::Packet { interface: 0, at_ns, direction, length, bytes, offset: 0, comment: None };
        self.growing.take(&mut self.piece, &packet);
    }

    /// What was taken and not written.
    pub(super) fn piece(&self) -> &[u8] {
        &self.piece
    }

    /// Writes what was taken.
    pub(super) fn flush(&mut self) -> anyhow::Result<()> {
        match &mut self.file {
            Some((file, path)) => {
                file.write_all(&self.piece).with_context(|| format!("{}: it cannot be written", path.display()))?;
            }
            None => streams::write(&self.piece)?,
        }
        self.piece.clear();
        Ok(())
    }

    /// Ends the file, and gives its name.
    pub(super) fn end(self, counts: Option<Counts>) -> anyhow::Result<String> {
        let Self { growing, file, mut piece } = self;
        if let Some(Counts { received, dropped }) = counts {
            growing.end(&mut piece, received, dropped);
        }
        match file {
            Some((mut file, path)) => {
                file.write_all(&piece).with_context(|| format!("{}: it cannot be written", path.display()))?;
                Ok(path.display().to_string())
            }
            None => streams::write(&piece).map(|()| "standard output".to_owned()),
        }
    }
}
