//! What the secrets of a capture open: connection by connection, when one of its packets is looked at.
use std::collections::BTreeMap;
use std::sync::Arc;

use super::index::{Group, Index};
use crate::wire::opened::{Opened, Secrets};

/// Units are kept up to so many in all; then those that were not asked for longest are opened anew.
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
    /// Each with when it was asked for last.
    opened: BTreeMap<Whose, (u64, Arc<Opened>)>,
    units: usize,
    asked: u64,
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

    pub(super) fn get(&mut self, whose: Whose) -> Option<Arc<Opened>> {
        self.asked += 1;
        let (asked, opened) = self.opened.get_mut(&whose)?;
        *asked = self.asked;
        Some(Arc::clone(opened))
    }

    /// Half of the connections go: those that were not asked for longest.
    fn drop_half(&mut self) {
        let mut asked: Vec<u64> = self.opened.values().map(|(asked, _)| *asked).collect();
        let middle = asked.len() / 2;
        let Some((_, last, _)) = asked.get_mut(..).filter(|it| !it.is_empty()).map(|it| it.select_nth_unstable(middle))
        else {
            return;
        };
        self.opened.retain(|_, (asked, _)| *asked > *last);
        self.units = self.opened.values().map(|(_, it)| it.units().len()).sum();
    }

    pub(super) fn keep(&mut self, whose: Whose, opened: Opened) -> Arc<Opened> {
        if self.units > MOST_UNITS {
            self.drop_half();
        }
        self.asked += 1;
        self.units += opened.units().len();
        let opened = Arc::new(opened);
        if let Some((_, before)) = self.opened.insert(whose, (self.asked, Arc::clone(&opened))) {
            // Two threads opened it at once.
            self.units -= before.units().len();
        }
        opened
    }
}
