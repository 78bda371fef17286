//! Connections as their hosts' state machines walked: how long each stayed where, and how many were there at once.
use std::collections::BTreeMap;

use crate::recording::{EventKind, Recording, Time};

/// One stay of a connection in a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stay<'a> {
    pub(super) node: usize,
    /// The connection, as the host names it.
    pub(super) machine: &'a str,
    /// As RFC 9293 writes it.
    pub(super) state: &'a str,
    pub(super) from: Time,
    /// `None` when it was still there at the end of the run.
    pub(super) to: Option<Time>,
}

/// Every stay of every connection in a state other than CLOSED, in the order they began.
pub(super) fn stays(recording: &Recording) -> Vec<Stay<'_>> {
    let mut stays: Vec<Stay<'_>> = Vec::new();
    let mut open: BTreeMap<(usize, &str), usize> = BTreeMap::new();
    for event in &recording.events {
        let EventKind::State { machine, to, .. } = &event.kind else { continue };
        let key = (event.node, machine.as_str());
        if let Some(index) = open.remove(&key) {
            stays[index].to = Some(event.at);
        }
        if to != "CLOSED" {
            open.insert(key, stays.len());
            stays.push(Stay { node: event.node, machine, state: to, from: event.at, to: None });
        }
    }
    stays
}

/// How many stays that a condition holds for there were at each instant at which that changed: drawn as steps.
pub(super) fn steps<'a>(stays: &[Stay<'a>], end: Time, counted: impl Fn(&Stay<'a>) -> bool) -> Vec<(Time, i64)> {
    let mut changes: BTreeMap<Time, i64> = BTreeMap::new();
    for stay in stays.iter().filter(|it| counted(it)) {
        *changes.entry(stay.from).or_default() += 1;
        if let Some(to) = stay.to {
            *changes.entry(to).or_default() -= 1;
        }
    }
    staircase(&changes, end)
}

/// A curve of the sum of all changes so far: level, then up or down at once.
pub(super) fn staircase(changes: &BTreeMap<Time, i64>, end: Time) -> Vec<(Time, i64)> {
    let (mut points, mut level) = (vec![(Time::ZERO, 0)], 0);
    for (at, change) in changes.iter().filter(|(_, change)| **change != 0) {
        points.push((*at, level));
        level += change;
        points.push((*at, level));
    }
    points.push((end, level));
    points.dedup();
    points
}

/// The highest point of a curve.
pub(super) fn peak(points: &[(Time, i64)]) -> usize {
    let highest = points.iter().map(|(_, value)| *value).max().unwrap_or(0);
    usize::try_from(highest).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stay(state: &'static str, from: u64, to: Option<u64>) -> Stay<'static> {
        Stay { node: 0, machine: "tcp", state, from: Time(from), to: to.map(Time) }
    }

    #[test]
    fn a_staircase_counts_what_is_there_at_once() {
        let stays = [stay("TIME-WAIT", 5, Some(9)), stay("TIME-WAIT", 7, None), stay("CLOSE-WAIT", 6, None)];
        let points = steps(&stays, Time(10), |it| it.state == "TIME-WAIT");
        let expected = [(0, 0), (5, 0), (5, 1), (7, 1), (7, 2), (9, 2), (9, 1), (10, 1)];
        assert_eq!(points, expected.map(|(at, value)| (Time(at), value)));
        assert_eq!(peak(&points), 2);
        assert_eq!(peak(&steps(&stays, Time(10), |it| it.state == "LISTEN")), 0);
    }

    #[test]
    fn what_leaves_as_another_comes_is_no_change() {
        let stays = [stay("TIME-WAIT", 1, Some(4)), stay("TIME-WAIT", 4, Some(6))];
        let points = steps(&stays, Time(6), |_| true);
        assert_eq!(points, [(0, 0), (1, 0), (1, 1), (6, 1), (6, 0)].map(|(at, value)| (Time(at), value)));
    }
}
