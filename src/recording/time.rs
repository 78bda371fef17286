//! An instant of a run: nanoseconds since it began.
use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::quantity::Quantity;

/// Nanoseconds since the run began. Never a wall clock; 584 years fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub u64);

impl Time {
    pub const ZERO: Self = Self(0);

    /// How long after `earlier` this is; zero when it is not after it.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, rhs: Duration) -> Self {
        let nanos = u64::try_from(rhs.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }
}

impl Sub for Time {
    type Output = Duration;

    fn sub(self, rhs: Self) -> Duration {
        self.since(rhs)
    }
}

/// A day in nanoseconds.
const DAY: u64 = 86_400_000_000_000;

/// From the second day on its days and the rest (`60 d 1.302 s`): what follows in the same second stays apart.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |nanoseconds| Quantity::time(Duration::from_nanos(nanoseconds));
        let (days, rest) = (self.0 / DAY, self.0 % DAY);
        if days < 2 || f.alternate() {
            return time(self.0).fmt(f);
        }
        f.pad(&if rest == 0 { format!("{days} d") } else { format!("{days} d {}", time(rest)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_instant_is_in_days_and_the_rest() {
        let shown = |seconds: u64| Time(seconds * 1_000_000_000 + 42_000_000).to_string();
        assert_eq!([1, 172_799, 172_800, 5_184_001].map(shown), ["1.042 s", "172799 s", "2 d 42 ms", "60 d 1.042 s"]);
        assert_eq!(Time(3 * DAY).to_string(), "3 d");
    }
}
