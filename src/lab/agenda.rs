//! What is going to happen, in order: the lab's only source of time.
use std::collections::BTreeMap;
use std::task::Waker;

use crate::recording::Time;

/// Something that happens at an instant.
#[derive(Debug)]
pub(crate) enum Happening {
    /// The last bit of this packet is in at its receiver.
    Arrival { packet: u32 },
    /// A link with a managed queue is free to send from that end.
    Free { link: usize, end: usize },
    /// A node asked to be looked at.
    Timer { node: usize },
    /// A program's sleep is over.
    Wake(Waker),
}

/// A place on the agenda: the instant, then the order of entry, so that ties are settled the same way every run.
pub(crate) type Slot = (Time, u64);

/// Everything that is going to happen, ordered.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    entries: BTreeMap<Slot, Happening>,
    next: u64,
}

impl Agenda {
    pub(crate) fn add(&mut self, at: Time, happening: Happening) -> Slot {
        let slot = (at, self.next);
        self.next += 1;
        self.entries.insert(slot, happening);
        slot
    }

    /// Takes an entry off; one that has happened already is no error.
    pub(crate) fn cancel(&mut self, slot: Slot) {
        self.entries.remove(&slot);
    }

    /// Replaces the waker of a sleeper that moved to another task.
    pub(crate) fn rewake(&mut self, slot: Slot, waker: &Waker) {
        if let Some(Happening::Wake(old)) = self.entries.get_mut(&slot) {
            old.clone_from(waker);
        }
    }

    pub(crate) fn is_pending(&self, slot: Slot) -> bool {
        self.entries.contains_key(&slot)
    }

    /// When the next thing happens.
    pub(crate) fn next_at(&self) -> Option<Time> {
        self.entries.first_key_value().map(|((at, _), _)| *at)
    }

    pub(crate) fn pop(&mut self) -> Option<(Time, Happening)> {
        self.entries.pop_first().map(|((at, _), happening)| (at, happening))
    }
}
