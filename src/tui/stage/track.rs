//! The line of the scrubber: instants to columns and back; a stretch in which nothing happens is folded, so that the rest has room.
use crate::recording::Time;

/// Columns of a fold: it is drawn otherwise, and the cursor is seen to pass it.
const FOLD: u64 = 3;

/// Folds take this part of the line at the most.
const MOST: u64 = 3;

/// Parts of a column in which places are counted, so that no rest is lost.
const FINE: u64 = 1000;

/// A stretch of the run, and where it lies on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    from: Time,
    to: Time,
    /// In parts of a column.
    begins: u64,
    ends: u64,
    is_fold: bool,
}

/// The line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Track {
    parts: Vec<Part>,
    width: u16,
}

impl Track {
    /// The line of a run of that length, in so many columns.
    pub(super) fn new(end: Time, quiet: &[(Time, Time)], width: u16) -> Self {
        let columns = u64::from(width.saturating_sub(1)).max(1);
        let inside = quiet.iter().map(|(from, to)| (*from, (*to).min(end))).filter(|(from, to)| from < to);
        let mut folds: Vec<(Time, Time)> = inside.collect();
        // The longest, as many as there is room for, and only those that would take more columns than their fold.
        folds.sort_by_key(|(from, to)| std::cmp::Reverse(to.0 - from.0));
        folds.truncate(usize::try_from(columns / (FOLD * MOST)).unwrap_or(0));
        while let Some((from, to)) = folds.last()
            && (to.0 - from.0) / FOLD <= Self::rest(end, &folds) / Self::left(columns, &folds)
        {
            folds.pop();
        }
        folds.sort_unstable();
        let (rest, left) = (Self::rest(end, &folds), Self::left(columns, &folds) * FINE);
        let (mut parts, mut at, mut begins) = (Vec::new(), Time::ZERO, 0);
        let mut plain = 0_u64;
        for (from, to) in folds.iter().copied().chain([(end, end)]) {
            plain += from.0.saturating_sub(at.0);
            let before = u64::try_from(parts.len() / 2).unwrap_or(0) * FOLD * FINE;
            let share = u128::from(plain) * u128::from(left) / u128::from(rest.max(1));
            let ends = before + u64::try_from(share).unwrap_or(left);
            parts.push(Part { from: at, to: from, begins, ends, is_fold: false });
            begins = ends + FOLD * FINE;
            parts.push(Part { from, to, begins: ends, ends: begins, is_fold: true });
            at = to;
        }
        // The end of the run is no fold.
        parts.pop();
        Self { parts, width }
    }

    /// The time that is not folded.
    fn rest(end: Time, folds: &[(Time, Time)]) -> u64 {
        end.0 - folds.iter().map(|(from, to)| to.0 - from.0).sum::<u64>()
    }

    /// The columns that are no fold.
    fn left(columns: u64, folds: &[(Time, Time)]) -> u64 {
        columns.saturating_sub(u64::try_from(folds.len()).unwrap_or(0) * FOLD).max(1)
    }

    /// The column of an instant.
    pub(super) fn column(&self, at: Time) -> u16 {
        let Some(part) = self.parts.iter().find(|it| at <= it.to).or(self.parts.last()) else { return 0 };
        let (inside, whole) = (at.min(part.to).0.saturating_sub(part.from.0), part.to.0 - part.from.0);
        let share = u128::from(inside) * u128::from(part.ends - part.begins);
        let place = share.checked_div(u128::from(whole)).unwrap_or(0);
        let column = (part.begins + u64::try_from(place).unwrap_or(0)) / FINE;
        u16::try_from(column).unwrap_or(0).min(self.width.saturating_sub(1))
    }

    /// The instant a column stands for.
    pub(super) fn instant(&self, column: u16) -> Time {
        let place = u64::from(column) * FINE;
        let Some(part) = self.parts.iter().find(|it| place <= it.ends).or(self.parts.last()) else { return Time::ZERO };
        let (inside, whole) = (place.min(part.ends).saturating_sub(part.begins), part.ends - part.begins);
        let share = u128::from(inside) * u128::from(part.to.0 - part.from.0);
        let after = share.checked_div(u128::from(whole)).unwrap_or(0);
        Time(part.from.0 + u64::try_from(after).unwrap_or(0))
    }

    /// Whether a column lies in a fold.
    pub(super) fn is_fold(&self, column: u16) -> bool {
        let place = u64::from(column) * FINE;
        self.parts.iter().any(|it| it.is_fold && it.begins < place && place < it.ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Time {
        Time(seconds * 1_000_000_000)
    }

    #[test]
    fn a_quiet_stretch_takes_a_few_columns_and_what_happens_the_rest() {
        let track = Track::new(s(603), &[(s(1), s(601))], 78);
        assert_eq!([s(0), s(1), s(601), s(603)].map(|at| track.column(at)), [0, 24, 27, 77]);
        assert!(track.is_fold(25) && track.is_fold(26) && !track.is_fold(24) && !track.is_fold(28));
        assert_eq!(Track::new(s(60), &[], 61).column(s(30)), 30);
    }

    #[test]
    fn a_column_leads_to_an_instant_that_stands_there() {
        let quiet = [(s(2), s(4)), (s(5), s(300)), (s(310), s(600))];
        for (end, quiet) in [(s(603), &quiet[..]), (s(603), &[]), (s(5), &quiet[..1]), (Time::ZERO, &[])] {
            for width in [1, 2, 20, 78, 118] {
                let track = Track::new(end, quiet, width);
                assert_eq!((track.column(Time::ZERO), track.column(end)), (0, if end.0 == 0 { 0 } else { width - 1 }));
                let columns: Vec<u16> = (0..=300).map(|it| track.column(Time(end.0 / 300 * it))).collect();
                assert!(columns.is_sorted(), "{columns:?}");
                for column in (0..width).filter(|_| end.0 > 0) {
                    assert!(track.column(track.instant(column)).abs_diff(column) <= 1, "{width}: {column}");
                }
            }
        }
    }

    #[test]
    fn a_stretch_that_is_short_on_the_line_stays_as_it_is() {
        let track = Track::new(s(100), &[(s(50), s(52))], 101);
        assert_eq!(track, Track::new(s(100), &[], 101));
    }
}
