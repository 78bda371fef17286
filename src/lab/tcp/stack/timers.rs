//! One ordered set of deadlines for everything that waits: its cost does not depend on how many are idle.
use std::collections::BTreeSet;

use crate::lab::tcp::output::Pair;
use crate::lab::tcp::stack::{Id, ListenerId};
use crate::recording::Time;

/// Who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    Connection(Id),
    /// A half-open connection of a listener.
    Half(ListenerId, Pair),
}

/// The deadlines of a host's TCP, one for each owner at most.
#[derive(Debug, Default)]
pub(super) struct Timers(BTreeSet<(Time, Owner)>);

impl Timers {
    pub(super) fn next(&self) -> Option<Time> {
        self.0.first().map(|(at, _)| *at)
    }

    /// Takes the first one that is due.
    pub(super) fn take_due(&mut self, now: Time) -> Option<Owner> {
        let (at, owner) = *self.0.first()?;
        (at <= now).then(|| {
            self.0.pop_first();
            owner
        })
    }

    /// Moves an owner's deadline; `set` is where it stands, and where it will stand. A deadline that moves away from now,
    /// as a retransmission timer does with each ACK, stays: whoever is woken too early is told to wait again.
    pub(super) fn set(&mut self, owner: Owner, set: &mut Option<Time>, to: Option<Time>) {
        if let (Some(old), Some(new)) = (*set, to)
            && old <= new
        {
            return;
        }
        self.clear(owner, set);
        if let Some(new) = to {
            self.0.insert((new, owner));
            *set = Some(new);
        }
    }

    pub(super) fn clear(&mut self, owner: Owner, set: &mut Option<Time>) {
        if let Some(old) = set.take() {
            self.0.remove(&(old, owner));
        }
    }

    #[cfg(test)]
    pub(super) fn owners(&self) -> impl Iterator<Item = Owner> {
        self.0.iter().map(|(_, owner)| *owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_has_one_deadline_and_a_later_one_waits_for_the_earlier() {
        let (mut timers, mut set, owner) = (Timers::default(), None, Owner::Connection(Id(1)));
        timers.set(owner, &mut set, Some(Time(10)));
        timers.set(owner, &mut set, Some(Time(20)));
        assert_eq!((timers.next(), set), (Some(Time(10)), Some(Time(10))));
        timers.set(owner, &mut set, Some(Time(5)));
        assert_eq!((timers.next(), timers.owners().count()), (Some(Time(5)), 1));
        assert_eq!(timers.take_due(Time(4)), None);
        assert_eq!(timers.take_due(Time(5)), Some(owner));
        assert_eq!(timers.next(), None);
    }
}
