//! What the secrets of a capture open: connection by connection, when one of its packets is looked at.
use std::collections::BTreeMap;
use std::sync::Arc;

use super::index::{Group, Index};
use crate::wire::opened::{Opened, Secrets};

/// Units are kept up to so many in all; then they are opened anew.
const MOST_UNITS: usize = 60_000;

/// Whose units they are: a connection of TCP, or all of QUIC, whose connections change their addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Whose {
    Flow(u32),
    Quic,
}

/// What was opened so far.
#[derive(Default)]
pub(super) struct Sealed {
    /// Read when they are needed first.
    secrets: Option<Arc<Secrets>>,
    opened: BTreeMap<Whose, Arc<Opened>>,
    units: usize,
}

impl Sealed {
    pub(super) fn secrets(&mut self, index: &Index) -> Arc<Secrets> {
        let read = || Arc::new(Secrets::read(&format!("{}{}", index.key_log, index.keys)));
        if !index.is_whole {
            // More may come.
            return read();
        }
        Arc::clone(self.secrets.get_or_insert_with(read))
    }

    /// Whose units a packet may have, if any.
    pub(super) fn whose(&mut self, index: &Index, group: Group) -> Option<Whose> {
        match group {
            // As long as more comes, what is opened would not be whole.
            _ if !index.is_whole => None,
            Group::Flow(place) => {
                let opens = index.clear.contains(&place.flow) || !self.secrets(index).is_empty();
                opens.then_some(Whose::Flow(place.flow))
            }
            Group::Quic => Some(Whose::Quic),
            Group::Neither => None,
        }
    }

    pub(super) fn get(&self, whose: Whose) -> Option<Arc<Opened>> {
        self.opened.get(&whose).cloned()
    }

    pub(super) fn keep(&mut self, whose: Whose, opened: Opened) -> Arc<Opened> {
        if self.units > MOST_UNITS {
            self.opened.clear();
            self.units = 0;
        }
        self.units += opened.units().len();
        let opened = Arc::new(opened);
        self.opened.insert(whose, Arc::clone(&opened));
        opened
    }
}
