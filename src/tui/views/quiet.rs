//! The stretches of a run in which nothing happens: no packet is on its way, no bar runs, nobody does anything.
use std::collections::BTreeSet;

use crate::recording::{Recording, Time};

/// The quiet stretches that are long beside what happens. A run without bars has none: there it may be the wait that counts.
pub(super) fn stretches(recording: &Recording, idle: &BTreeSet<usize>) -> Vec<(Time, Time)> {
    if recording.spans.is_empty() {
        return Vec::new();
    }
    let busy = busy(recording, idle);
    let happens: u64 = busy.iter().map(|(from, to)| to.0 - from.0).sum();
    let long = (happens / 4).max(recording.end.0 / 40).max(1);
    let starts = busy.iter().map(|it| it.0).chain([recording.end]);
    let ends = [Time::ZERO].into_iter().chain(busy.iter().map(|it| it.1));
    ends.zip(starts).filter(|(from, to)| to.0.saturating_sub(from.0) > long).collect()
}

/// When something happens, in order and without overlaps.
fn busy(recording: &Recording, idle: &BTreeSet<usize>) -> Vec<(Time, Time)> {
    let packets = recording.packets.iter().map(|it| (it.at, it.arrived.unwrap_or(it.left)));
    let events = recording.events.iter().enumerate().filter(|(index, _)| !idle.contains(index));
    let moments = events.flat_map(|(_, it)| [Some(it.at), it.until]).flatten();
    let moments = moments.chain(recording.markers.iter().map(|it| it.at)).map(|at| (at, at));
    let spans = recording.spans.iter().map(|it| (it.from, it.to));
    let mut all: Vec<(Time, Time)> =
        packets.chain(moments).chain(spans).map(|(from, to)| (from, to.max(from))).collect();
    all.sort_unstable();
    let mut merged: Vec<(Time, Time)> = Vec::new();
    for (from, to) in all {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::demos::{self, Setup};

    fn quiet(demo: &str) -> (Vec<(Time, Time)>, Recording) {
        let run = demos::run(demo, &[].into(), &Setup::default()).expect("it ships");
        (stretches(&run, &BTreeSet::new()), run)
    }

    #[test]
    fn between_calls_a_second_apart_it_is_quiet_and_nothing_begins() {
        let (quiet, run) = quiet("mtls");
        assert!(quiet.len() >= 3, "{quiet:?}");
        for (from, to) in &quiet {
            assert!(to.since(*from) > Duration::from_millis(100), "{from} to {to}");
            let begins = |at: Time| *from < at && at < *to;
            assert!(!run.packets.iter().any(|it| begins(it.at)) && !run.spans.iter().any(|it| begins(it.from)));
        }
    }

    #[test]
    fn a_wait_for_a_timer_is_no_quiet_stretch() {
        assert_eq!(quiet("retransmission").0, [], "what is lost is waited for");
    }
}
