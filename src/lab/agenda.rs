//! What is going to happen, in order: the lab's only source of time.
use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};
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

/// Something that will happen whatever comes before.
#[derive(Debug)]
struct Fixed(Slot, Happening);

impl PartialEq for Fixed {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Fixed {}

impl PartialOrd for Fixed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The heap's top is the greatest: the earliest.
impl Ord for Fixed {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.cmp(&self.0)
    }
}

/// Everything that is going to happen, ordered. Most of it are arrivals, which are never taken off again: a heap is
/// cheaper for them than the map the others need.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    fixed: BinaryHeap<Fixed>,
    movable: BTreeMap<Slot, Happening>,
    next: u64,
}

impl Agenda {
    /// Adds what may be taken off again.
    pub(crate) fn add(&mut self, at: Time, happening: Happening) -> Slot {
        let slot = self.slot(at);
        self.movable.insert(slot, happening);
        slot
    }

    /// Adds what nothing will take off.
    pub(crate) fn fix(&mut self, at: Time, happening: Happening) {
        let slot = self.slot(at);
        self.fixed.push(Fixed(slot, happening));
    }

    const fn slot(&mut self, at: Time) -> Slot {
        let slot = (at, self.next);
        self.next += 1;
        slot
    }

    /// Takes an entry off; one that has happened already is no error.
    pub(crate) fn cancel(&mut self, slot: Slot) {
        self.movable.remove(&slot);
    }

    /// Replaces the waker of a sleeper that moved to another task.
    pub(crate) fn rewake(&mut self, slot: Slot, waker: &Waker) {
        if let Some(Happening::Wake(old)) = self.movable.get_mut(&slot) {
            old.clone_from(waker);
        }
    }

    pub(crate) fn is_pending(&self, slot: Slot) -> bool {
        self.movable.contains_key(&slot)
    }

    fn tops(&self) -> [Option<Slot>; 2] {
        [self.fixed.peek().map(|it| it.0), self.movable.first_key_value().map(|(slot, _)| *slot)]
    }

    /// When the next thing happens.
    pub(crate) fn next_at(&self) -> Option<Time> {
        self.tops().into_iter().flatten().min().map(|(at, _)| at)
    }

    pub(crate) fn pop(&mut self) -> Option<(Time, Happening)> {
        let [fixed, movable] = self.tops();
        if fixed.is_some_and(|fixed| movable.is_none_or(|movable| fixed < movable)) {
            self.fixed.pop().map(|Fixed((at, _), happening)| (at, happening))
        } else {
            self.movable.pop_first().map(|((at, _), happening)| (at, happening))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_move_and_what_may_not_happen_in_one_order() {
        let mut agenda = Agenda::default();
        let timer = |node| Happening::Timer { node };
        agenda.fix(Time(5), timer(1));
        let gone = agenda.add(Time(5), timer(2));
        agenda.fix(Time(5), timer(3));
        agenda.add(Time(4), timer(4));
        agenda.cancel(gone);
        assert_eq!(agenda.next_at(), Some(Time(4)));
        let order: Vec<_> = std::iter::from_fn(|| agenda.pop()).collect();
        let nodes = order.iter().map(|it| if let Happening::Timer { node } = it.1 { node } else { 0 });
        assert_eq!(nodes.collect::<Vec<_>>(), [4, 1, 3]);
    }
}
