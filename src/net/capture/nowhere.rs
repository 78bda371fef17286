//! Captures on systems whose links are not read.
use std::convert::Infallible;
use std::io;

use super::reading;
use super::{Counts, Packet, Refused, Wish};
use crate::wire::link::LinkType;

/// There is none.
pub(super) struct Source(Infallible);

impl Source {
    pub(super) fn open(_wish: &Wish) -> Result<Self, Refused> {
        let text = "captures are made on Linux and macOS; elsewhere, capture with tcpdump and open its file";
        Err(io::Error::new(io::ErrorKind::Unsupported, text).into())
    }
}

impl reading::Source for Source {
    fn link(&self) -> LinkType {
        match self.0 {}
    }

    fn next(&mut self, _wait: bool) -> io::Result<Option<Packet>> {
        match self.0 {}
    }

    fn counts(&self) -> Option<Counts> {
        match self.0 {}
    }
}
