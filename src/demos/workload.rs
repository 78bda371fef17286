//! Requests drawn from a seed: when they come and how long each takes; and quantiles of what was measured of them.
use std::time::Duration;

use crate::lab::Dice;

/// How times are spread around their mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spread {
    /// Many short, few long: as calls that do not know of each other come, and as many services take.
    Exponential,
    /// Every one the same.
    Fixed,
}

impl Spread {
    /// A time of that mean.
    pub(super) fn draw(self, mean: Duration, dice: &mut Dice) -> Duration {
        match self {
            Self::Exponential => exponential(mean, dice),
            Self::Fixed => mean,
        }
    }
}

/// An exponentially distributed time, by comparisons only: the same on every machine, whatever its logarithm does.
///
/// J. von Neumann, Various techniques used in connection with random digits (1951): the length of the first descending run of
/// even draws is odd with just the right probability.
fn exponential(mean: Duration, dice: &mut Dice) -> Duration {
    let mut whole = 0_u128;
    loop {
        let first = dice.bits() >> 32;
        let (mut last, mut length) = (first, 1);
        loop {
            let next = dice.bits() >> 32;
            if next > last {
                break;
            }
            (last, length) = (next, length + 1);
        }
        if length % 2 == 1 {
            let nanos = (mean.as_nanos() * (whole + u128::from(first))) >> 32;
            return Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        }
        whole += 1 << 32;
    }
}

/// When `count` requests that know nothing of each other come within a span of time, in order: a Poisson process of which it is
/// known that this many came, so that the rate of a short run is the one that was set.
pub(super) fn arrivals_within(span: Duration, count: u64, dice: &mut Dice) -> Vec<Duration> {
    let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
    sorted((0..count).map(|_| Duration::from_nanos(dice.below(nanos))))
}

/// The smallest of the sorted values that is not below the share `ppm` of all of them: 990 000 is the 99th percentile.
pub(super) fn quantile<T: Copy>(sorted: &[T], ppm: u64) -> Option<T> {
    let rank = (sorted.len() as u64 * ppm).div_ceil(1_000_000).max(1);
    sorted.get(usize::try_from(rank).ok()? - 1).copied()
}

/// Their mean; nothing of nothing.
pub(super) fn mean(times: &[Duration]) -> Option<Duration> {
    let count = u32::try_from(times.len()).ok().filter(|it| *it > 0)?;
    Some(times.iter().sum::<Duration>() / count)
}

/// The times in order, the shortest first.
pub(super) fn sorted(times: impl IntoIterator<Item = Duration>) -> Vec<Duration> {
    let mut times: Vec<_> = times.into_iter().collect();
    times.sort_unstable();
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_times_have_their_mean_and_their_tail() {
        let mut dice = Dice::new(3, "exponential");
        let times = sorted((0..40_000).map(|_| exponential(Duration::from_millis(100), &mut dice)));
        let about = |got: Option<Duration>, wanted: u128| {
            let got = got.expect("there are times").as_millis();
            assert!((wanted * 97 / 100..=wanted * 103 / 100).contains(&got), "{got} is not about {wanted} ms");
        };
        about(mean(&times), 100);
        // The median of an exponential is ln 2 of its mean, the 99th percentile ln 100.
        about(quantile(&times, 500_000), 69);
        about(quantile(&times, 990_000), 460);
    }

    #[test]
    fn a_quantile_is_one_of_the_values() {
        assert_eq!(quantile(&[1, 2, 3, 4], 500_000), Some(2));
        assert_eq!(quantile(&[1, 2, 3, 4], 990_000), Some(4));
        assert_eq!(quantile(&[1, 2, 3, 4], 0), Some(1));
        assert_eq!(quantile::<u8>(&[], 500_000), None);
    }
}
