//! The time axis of the bars: where nothing runs for long, it is folded, so that what runs keeps its length.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::quantity::round;
use crate::recording::{Span, Time};
use crate::tui::views::axis::Axis;
use crate::tui::views::pen;

/// A fold longer than this part of all the time in which something runs is worth its columns.
const WORTH: u64 = 3;

/// Columns between two names on the axis.
const APART: u16 = 1;

/// A stretch of time in which something runs, and the columns it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    axis: Axis,
    /// Its first column.
    x: u16,
}

/// Instants to columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    stretches: Vec<Stretch>,
    pub(super) width: u16,
}

impl Scale {
    /// A scale for these bars; what lies between them is folded where it is long beside them.
    pub(super) fn new<'a>(spans: impl Iterator<Item = &'a Span>, width: u16) -> Self {
        let parts = folded(merged(spans), width);
        let folds = u16::try_from(parts.len().saturating_sub(1)).unwrap_or(u16::MAX);
        let fold = fold_width(folds, width);
        let left = u64::from(width.saturating_sub(folds.saturating_mul(fold)));
        let whole: u64 = parts.iter().map(|(from, to)| to.0 - from.0).sum();
        let (mut stretches, mut before, mut x) = (Vec::new(), 0_u64, 0);
        for (index, (from, to)) in parts.iter().copied().enumerate() {
            let is_last = index + 1 == parts.len();
            before += to.0 - from.0;
            // Of the columns without folds as many as its part of the time, counted from the left: no rest is lost.
            let ends = u128::from(before) * u128::from(left) / u128::from(whole.max(1));
            let ends = if is_last { left } else { u64::try_from(ends).unwrap_or(left) };
            let end = u16::try_from(ends).unwrap_or(width) + fold * u16::try_from(index).unwrap_or(0);
            stretches.push(Stretch { axis: Axis { from, to, width: end.saturating_sub(x).max(1) }, x });
            x = end + fold;
        }
        Self { stretches, width }
    }

    /// The stretch of an instant: the last one that has begun by then.
    fn stretch(&self, at: Time) -> Option<&Stretch> {
        let begun = self.stretches.iter().rfind(|it| it.axis.from <= at);
        begun.or_else(|| self.stretches.first())
    }

    /// The place of an instant in eighths of a column.
    pub(super) fn eighths(&self, at: Time) -> u32 {
        self.stretch(at).map_or(0, |it| {
            let inside = it.axis.place(at, u32::from(it.axis.width.saturating_sub(1)) * 8);
            u32::from(it.x) * 8 + inside
        })
    }

    /// The column of an instant.
    pub(super) fn column(&self, at: Time) -> u16 {
        u16::try_from(self.eighths(at) / 8).unwrap_or(0)
    }

    /// The column of an instant, when it lies on the scale and in no fold.
    pub(super) fn column_inside(&self, at: Time) -> Option<u16> {
        self.stretch(at).filter(|it| (it.axis.from..=it.axis.to).contains(&at)).map(|_| self.column(at))
    }

    /// The columns of the folds.
    pub(super) fn folds(&self) -> impl Iterator<Item = u16> {
        self.stretches.windows(2).map(|it| u16::midpoint(it[0].x + it[0].axis.width, it[1].x.saturating_sub(1)))
    }

    /// How many folds there are, and how much time they leave out.
    pub(super) fn left_out(&self) -> Option<(usize, Time)> {
        let gaps = self.stretches.windows(2).map(|it| it[1].axis.from.0 - it[0].axis.to.0);
        let (count, sum) = gaps.fold((0, 0), |(count, sum), gap| (count + 1, sum + gap));
        (count > 0).then_some((count, Time(sum)))
    }

    /// Draws the names of instants: round ones, or, where it is folded, of the beginnings and how far it goes from there.
    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, x: u16, style: Style) {
        if let [only] = self.stretches.as_slice() {
            return only.axis.draw(area, buffer, (x, 0), style);
        }
        let whole: u64 = self.stretches.iter().map(|it| it.axis.to.0 - it.axis.from.0).sum();
        let step = round(whole / (u64::from(self.width) / 12).max(1));
        let mut free = 0;
        for (index, it) in self.stretches.iter().enumerate() {
            let next = self.stretches.get(index + 1).map_or(self.width, |next| next.x);
            let ticks =
                (0_u64..64).map(|i| i.saturating_mul(step)).take_while(|after| *after <= it.axis.to.0 - it.axis.from.0);
            for after in ticks {
                let column = it.x + it.axis.column(Time(it.axis.from.0 + after));
                let name = match after {
                    0 => format!("╷{}", it.axis.from),
                    _ => format!("╷+{}", Time(after)),
                };
                // A beginning may reach over what follows it; the ticks after it may not.
                let end = if after == 0 { self.width } else { next };
                if column >= free && column + pen::columns(&name) <= end {
                    pen::put(buffer, area, (x + column, 0), &name, style);
                    free = column + pen::columns(&name) + APART;
                }
            }
        }
    }
}

/// The columns of a fold: room for a sign with space beside it, where there are few.
const fn fold_width(folds: u16, width: u16) -> u16 {
    if folds.saturating_mul(3) <= width / 5 { 3 } else { 1 }
}

/// When something runs, in order; what overlaps or touches is one.
fn merged<'a>(spans: impl Iterator<Item = &'a Span>) -> Vec<(Time, Time)> {
    let mut all: Vec<(Time, Time)> = spans.map(|it| (it.from, it.to.max(it.from))).collect();
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

/// The stretches that stay when long gaps are folded: those much longer than what runs, and no more than there is room for.
fn folded(parts: Vec<(Time, Time)>, width: u16) -> Vec<(Time, Time)> {
    let busy: u64 = parts.iter().map(|(from, to)| to.0 - from.0).sum();
    let gap = |it: &[(Time, Time)]| it[1].0.0 - it[0].1.0;
    let mut gaps: Vec<u64> = parts.windows(2).map(gap).filter(|it| *it > busy / WORTH).collect();
    gaps.sort_unstable_by(|a, b| b.cmp(a));
    gaps.truncate(usize::from(width / 3));
    let Some(least) = gaps.last().copied() else { return ends(&parts) };
    // Few short gaps change nothing one could see.
    let (kept, sum) = (gaps.len(), gaps.iter().sum::<u64>());
    let whole = busy + parts.windows(2).map(gap).sum::<u64>();
    if sum < whole / 4 {
        return ends(&parts);
    }
    let (mut stretches, mut folds): (Vec<(Time, Time)>, usize) = (Vec::new(), 0);
    for (from, to) in parts {
        match stretches.last_mut() {
            Some(last) if from.0 - last.1.0 < least || folds == kept => last.1 = last.1.max(to),
            Some(_) => {
                folds += 1;
                stretches.push((from, to));
            }
            None => stretches.push((from, to)),
        }
    }
    stretches
}

/// The whole as one stretch.
fn ends(parts: &[(Time, Time)]) -> Vec<(Time, Time)> {
    let from = parts.first().map_or(Time::ZERO, |it| it.0);
    let to = parts.last().map_or(Time::ZERO, |it| it.1);
    vec![(from, to)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn span(from: u64, to: u64) -> Span {
        let (lane, name) = (String::new(), String::new());
        Span { lane, name, from: Time(from), to: Time(to), packets: None }
    }

    #[test]
    fn a_scale_without_long_gaps_is_the_plain_axis() {
        let spans = [span(0, 100), span(110, 200), span(150, 300)];
        let scale = Scale::new(spans.iter(), 61);
        assert_eq!(scale.left_out(), None);
        let axis = Axis { from: Time(0), to: Time(300), width: 61 };
        for at in [0, 50, 105, 150, 300] {
            assert_eq!(scale.column(Time(at)), axis.column(Time(at)), "{at}");
        }
    }

    #[test]
    fn calls_a_second_apart_keep_their_lengths() {
        let spans = [span(0, 200), span(5_000, 5_200), span(10_000, 10_400)];
        let scale = Scale::new(spans.iter(), 86);
        assert_eq!(scale.left_out(), Some((2, Time(9_600))));
        let length = |it: &Span| scale.eighths(it.to) - scale.eighths(it.from);
        let lengths: Vec<u32> = spans.iter().map(|it| length(it) / 8).collect();
        assert_eq!(lengths, [19, 19, 39], "as long as the time they took");
        assert_eq!(scale.folds().collect::<Vec<_>>(), [21, 44]);
        assert_eq!(scale.column_inside(Time(2_000)), None, "an instant in a fold has no column");
        assert_eq!(scale.column_inside(Time(5_000)), Some(23));
    }

    proptest! {
        #[test]
        fn later_instants_never_stand_before_earlier_ones(
            spans in prop::collection::vec((0_u64..u64::MAX / 2, 0_u64..u64::MAX / 4), 0..40),
            width in 1_u16..300,
            instants in prop::collection::vec(any::<u64>(), 2..20),
        ) {
            let spans: Vec<Span> = spans.into_iter().map(|(from, length)| span(from, from + length)).collect();
            let scale = Scale::new(spans.iter(), width);
            let mut instants = instants;
            instants.sort_unstable();
            let places: Vec<u32> = instants.iter().map(|it| scale.eighths(Time(*it))).collect();
            prop_assert!(places.is_sorted(), "{places:?}");
            prop_assert!(places.iter().all(|it| *it < u32::from(width) * 8 + 8));
        }
    }
}
