//! How much when: packets and bytes in intervals of equal length, from the capture's first packet on.
use super::Count;
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

    /// The intervals up to the last packet, those without any among them, each `every_ns` long; 0 chooses 1, 2 or 5 times
    /// a power of ten.
    ///
    /// # Errors
    /// When there would be too many.
    pub fn finish(self, every_ns: u64) -> Result<(u64, Vec<Interval>), TooMany> {
        let Some(last) = self.passed.iter().map(|(at, _)| *at).max() else { return Ok((every_ns, Vec::new())) };
        let every_ns = if every_ns == 0 { round(last / CHOSEN + 1) } else { every_ns };
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

/// The next of 1, 2, 5, 10, 20, 50 ... that is no less.
fn round(least: u64) -> u64 {
    let mut power: u64 = 1;
    loop {
        for step in [1, 2, 5] {
            let Some(candidate) = power.checked_mul(step) else { return u64::MAX };
            if candidate >= least {
                return candidate;
            }
        }
        let Some(next) = power.checked_mul(10) else { return u64::MAX };
        power = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_counted_from_the_first_packet_and_empty_ones_are_there() {
        let rate = Rate { passed: vec![(0, 60), (999, 40), (3_000, 100)] };
        let (every, all) = rate.clone().finish(1_000).expect("few");
        let counts: Vec<_> = all.iter().map(|it| (it.from_ns, it.count.packets, it.count.bytes)).collect();
        assert_eq!((every, counts), (1_000, vec![(0, 2, 100), (1_000, 0, 0), (2_000, 0, 0), (3_000, 1, 100)]));
        assert_eq!(rate.finish(0).expect("few").0, 100);
        let long = Rate { passed: vec![(u64::MAX, 60)] };
        assert_eq!(long.clone().finish(1), Err(TooMany));
        let (every, all) = long.finish(0).expect("few");
        assert!(all.len() <= 41 && every >= u64::MAX / 41, "{every}");
    }

    #[test]
    fn a_round_length_is_no_less() {
        let rounds = [(0, 1), (1, 1), (2, 2), (3, 5), (6, 10), (10, 10), (11, 20), (51, 100), (u64::MAX, u64::MAX)];
        for (least, expected) in rounds {
            assert_eq!(round(least), expected);
        }
    }
}
