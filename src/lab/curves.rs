//! The curves of a run: what the hosts' TCP says about its windows, times and queues, by connection.
use std::collections::BTreeMap;

use crate::lab::tcp::output::{Measure, Pair, Sample};
use crate::quantity::Unit;
use crate::recording::{Series, Time};

/// Points of all curves, in order of time.
#[derive(Debug, Default)]
pub(crate) struct Curves {
    /// Connections of each node, numbered in the order they were first heard of.
    connections: BTreeMap<(usize, Pair), usize>,
    /// How many each node has.
    counts: BTreeMap<usize, usize>,
    points: BTreeMap<(usize, usize, Measure), Vec<(Time, i64)>>,
    /// How many there are of something at a node.
    levels: BTreeMap<(usize, &'static str), Vec<(Time, i64)>>,
}

/// What a curve is called and what it counts.
const fn name(measure: Measure) -> (&'static str, Unit) {
    match measure {
        Measure::CongestionWindow => ("cwnd", Unit::Bytes),
        Measure::SlowStartThreshold => ("ssthresh", Unit::Bytes),
        Measure::SmoothedRtt => ("srtt", Unit::Nanoseconds),
        Measure::RetransmissionTimeout => ("rto", Unit::Nanoseconds),
        Measure::InFlight => ("in flight", Unit::Bytes),
        Measure::SendQueue => ("send queue", Unit::Bytes),
        Measure::ReceiveQueue => ("receive queue", Unit::Bytes),
        Measure::ReceiveWindow => ("receive window", Unit::Bytes),
    }
}

impl Curves {
    /// Notes a point; of several at one instant the last counts.
    pub(crate) fn add(&mut self, node: usize, sample: Sample, now: Time) {
        let index = *self.connections.entry((node, sample.pair)).or_insert_with(|| {
            let count = self.counts.entry(node).or_default();
            *count += 1;
            *count - 1
        });
        let points = self.points.entry((node, index, sample.measure)).or_default();
        let value = i64::try_from(sample.value).unwrap_or(i64::MAX);
        match points.last_mut() {
            Some((at, last)) if *at == now => *last = value,
            _ => points.push((now, value)),
        }
    }

    /// Notes how many there are of something at a node, as a step.
    pub(crate) fn level(&mut self, node: usize, (what, count): (&'static str, usize), now: Time) {
        let points = self.levels.entry((node, what)).or_insert_with(|| vec![(Time::ZERO, 0)]);
        let before = points.last().map_or(0, |(_, value)| *value);
        points.push((now, before));
        points.push((now, i64::try_from(count).unwrap_or(i64::MAX)));
    }

    /// The curves, named `client cwnd`, and `client/2 cwnd` for the host's second connection.
    pub(crate) fn finish(self, end: Time, node_name: impl Fn(usize) -> String) -> Vec<Series> {
        let series = |((node, index, measure), points): ((usize, usize, Measure), Vec<_>)| {
            let (what, unit) = name(measure);
            let whose = if index == 0 { String::new() } else { format!("/{}", index + 1) };
            Series { name: format!("{}{whose} {what}", node_name(node)), unit, points }
        };
        let level = |((node, what), mut points): ((usize, &str), Vec<(Time, i64)>)| {
            let last = points.last().map_or(0, |(_, value)| *value);
            points.push((end, last));
            points.dedup();
            Series { name: format!("{} {what}", node_name(node)), unit: Unit::Count, points }
        };
        self.points.into_iter().map(series).chain(self.levels.into_iter().map(level)).collect()
    }
}
