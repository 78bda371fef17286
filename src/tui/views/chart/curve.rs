//! A curve in columns of dots: what its points do in each, however many they are.
use crate::recording::Time;
use crate::tui::views::axis::Axis;

/// What a curve does in one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) low: i64,
    pub(super) high: i64,
    /// The value it leaves the column with.
    pub(super) last: i64,
}

/// The columns of a curve whose value holds until its next point; none before its first. Points are in order of time.
pub(super) fn columns(points: &[(Time, i64)], axis: &Axis, count: u32) -> Vec<Option<Column>> {
    let mut from = points.partition_point(|(at, _)| *at < axis.from);
    let mut held = from.checked_sub(1).map(|before| points[before].1);
    let column = |x: u32| {
        let rest = &points[from..];
        // The last column has the axis's last instant as well.
        let to = if x + 1 == count {
            rest.partition_point(|(at, _)| *at <= axis.to)
        } else {
            let edge = axis.at(x + 1, count);
            rest.partition_point(|(at, _)| *at < edge)
        };
        from += to;
        let values = || held.into_iter().chain(rest[..to].iter().map(|(_, value)| *value));
        let column = Column { low: values().min()?, high: values().max()?, last: values().last()? };
        held = Some(column.last);
        Some(column)
    };
    (0..count).map(column).collect()
}

/// The value at an instant: that of the last point by then.
pub(super) fn value_at(points: &[(Time, i64)], at: Time) -> Option<i64> {
    points.partition_point(|it| it.0 <= at).checked_sub(1).map(|before| points[before].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_holds_until_the_next_and_a_peak_between_two_columns_is_not_lost() {
        let axis = Axis { from: Time(0), to: Time(100), width: 5 };
        let points = [(Time(20), 3), (Time(45), 90), (Time(46), 5), (Time(100), 7)];
        let seen: Vec<_> = columns(&points, &axis, 10).into_iter().map(|it| it.map(|it| (it.low, it.high))).collect();
        let held = |value| Some((value, value));
        let expected = [None, None, held(3), held(3), Some((3, 90)), held(5), held(5), held(5), held(5), Some((5, 7))];
        assert_eq!(seen, expected);
        assert_eq!(value_at(&points, Time(45)), Some(90));
        assert_eq!(value_at(&points, Time(19)), None);
    }

    #[test]
    fn a_part_of_the_run_begins_with_what_was_held_before_it() {
        let axis = Axis { from: Time(50), to: Time(60), width: 2 };
        let seen = columns(&[(Time(0), 4), (Time(99), 9)], &axis, 4);
        assert_eq!(seen, vec![Some(Column { low: 4, high: 4, last: 4 }); 4]);
    }
}
