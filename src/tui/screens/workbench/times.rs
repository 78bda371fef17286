//! The time column: since when it counts.
use crate::quantity::seconds;
use crate::wire::capture::study::{Studied, Study};

/// What a packet's time counts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Times {
    /// The capture's first packet.
    #[default]
    First,
    /// The packet listed before it.
    Previous,
    /// Midnight, UTC.
    Day,
    /// The first packet of its TCP connection.
    Connection,
}

impl Times {
    /// The one after this; after the last comes the first.
    pub(super) const fn next(self) -> Self {
        match self {
            Self::First => Self::Previous,
            Self::Previous => Self::Day,
            Self::Day => Self::Connection,
            Self::Connection => Self::First,
        }
    }

    /// Over the column.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::First => "Time",
            Self::Previous => "+Time",
            Self::Day => "Time UTC",
            Self::Connection => "TCP time",
        }
    }

    /// In a sentence.
    pub(super) const fn about(self) -> &'static str {
        match self {
            Self::First => "Times count from the capture's first packet.",
            Self::Previous => "Times count from the packet listed before.",
            Self::Day => "Times are those of the day, UTC.",
            Self::Connection => "Times count from the first packet of the TCP connection; other packets have none.",
        }
    }

    /// The time of a packet, with so many digits behind the second; a dash where there is none. `before` is the packet
    /// listed before it.
    pub(super) fn of(self, study: &Study, it: &Studied<'_>, before: Option<u64>, digits: usize) -> String {
        let since = |from: Option<u64>| Some(i128::from(it.held.at_ns?) - i128::from(from?));
        let ns = match self {
            Self::First => it.since_first_ns(),
            Self::Previous => since(before.or(it.held.at_ns)),
            Self::Day => return it.held.at_ns.map_or_else(none, |at| of_day(at, digits)),
            Self::Connection => since(began(study, it)),
        };
        ns.map_or_else(none, |ns| seconds(ns, digits))
    }
}

fn none() -> String {
    "-".to_owned()
}

/// When the packet's TCP connection was first seen.
fn began(study: &Study, it: &Studied<'_>) -> Option<u64> {
    study.began_ns(it.segment()?.flow)
}

/// `18:00:00.123456`.
fn of_day(at_ns: u64, digits: usize) -> String {
    let second = at_ns / 1_000_000_000 % 86_400;
    let (hour, minute) = (second / 3600, second / 60 % 60);
    let second = seconds(i128::from(at_ns % 60_000_000_000), digits);
    format!("{hour:02}:{minute:02}:{second:0>width$}", width = digits + 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_the_day_are_cut_to_their_digits() {
        assert_eq!(of_day(1_795_284_000_123_456_789, 6), "18:00:00.123456");
        assert_eq!(of_day(86_399_999_999_999, 9), "23:59:59.999999999");
    }
}
