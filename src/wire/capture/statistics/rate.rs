//! How much when: packets and bytes in intervals of equal length, from the capture's first packet on.
use std::num::NonZeroU64;

use super::Count;
use crate::quantity::round;
use crate::wire::capture::study::Studied;

/// More intervals than this are not counted.
const MOST: usize = 100_000;
/// So many at the most are made when nobody says how long they are.
const CHOSEN: u64 = 40;

/// What passed from one moment up to, not including, another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Nanoseconds after the capture's first packet.
    pub from_ns: u64,
    pub count: Count,
}

/// The intervals are too short for this capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("that makes more than {MOST} intervals of this capture: take longer ones, or fewer packets with --filter")]
pub struct TooMany;

/// Collects packets with their times; those without one, or before the first packet's, are in no interval.
#[derive(Clone, Debug, Default)]
pub struct Rate {
    passed: Vec<(u64, u32)>,
}

impl Rate {
    /// Takes the next packet.
    pub fn take(&mut self, it: &Studied<'_>) {
        if let Some(at_ns) = it.since_first_ns().and_then(|ns| u64::try_from(ns).ok()) {
            self.passed.push((at_ns, it.held.length));
        }
    }

    /// The intervals up to the last packet, those without any among them, each `every_ns` long; without
    /// a length 1, 2 or 5 times a power of ten.
    ///
    /// # Errors
    /// When there would be too many.
    pub fn finish(self, every_ns: Option<NonZeroU64>) -> Result<(u64, Vec<Interval>), TooMany> {
        let last = self.passed.iter().map(|(at, _)| *at).max();
        let every_ns = every_ns.map_or_else(|| round(last.unwrap_or(0) / CHOSEN + 1), NonZeroU64::get);
        let Some(last) = last else { return Ok((every_ns, Vec::new())) };
        let many = usize::try_from(last / every_ns).ok().filter(|many| *many < MOST).ok_or(TooMany)?;
        let empty = (0..=many as u64).map(|n| Interval { from_ns: n * every_ns, count: Count::default() });
        let mut all: Vec<Interval> = empty.collect();
        for (at_ns, length) in self.passed {
            let at = usize::try_from(at_ns / every_ns).unwrap_or(many);
            all[at].count.add(length);
        }
        Ok((every_ns, all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_counted_from_the_first_packet_and_empty_ones_are_there() {
        let rate = Rate { passed: vec![(0, 60), (999, 40), (3_000, 100)] };
        let (every, all) = rate.clone().finish(NonZeroU64::new(1_000)).expect("few");
        let counts: Vec<_> = all.iter().map(|it| (it.from_ns, it.count.packets, it.count.bytes)).collect();
        assert_eq!((every, counts), (1_000, vec![(0, 2, 100), (1_000, 0, 0), (2_000, 0, 0), (3_000, 1, 100)]));
        assert_eq!(rate.finish(None).expect("few").0, 100);
        let long = Rate { passed: vec![(u64::MAX, 60)] };
        assert_eq!(long.clone().finish(NonZeroU64::new(1)), Err(TooMany));
        let (every, all) = long.finish(None).expect("few");
        assert!(all.len() <= 41 && every >= u64::MAX / 41, "{every}");
    }
}
