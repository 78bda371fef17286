//! A time axis: instants to columns, and ticks at round numbers.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::pen;
use crate::quantity::{Quantity, Unit, round};
use crate::recording::Time;

/// Columns a tick's label may take with the space beside it.
const LABEL: u64 = 12;

/// A day in nanoseconds.
const DAY: u64 = 86_400_000_000_000;

/// A stretch of time over so many columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Axis {
    pub(crate) from: Time,
    pub(crate) to: Time,
    pub(crate) width: u16,
}

impl Axis {
    /// The place of an instant in `steps` parts of the axis; instants outside stand at its ends.
    pub(crate) fn place(&self, at: Time, steps: u32) -> u32 {
        let whole = u128::from(self.to.0.saturating_sub(self.from.0)).max(1);
        let part = u128::from(at.0.clamp(self.from.0, self.to.0.max(self.from.0)) - self.from.0);
        u32::try_from(part * u128::from(steps) / whole).unwrap_or(steps)
    }

    /// The instant at which one of so many parts begins.
    pub(crate) fn at(&self, part: u32, parts: u32) -> Time {
        let whole = u128::from(self.to.0.saturating_sub(self.from.0));
        let into = whole * u128::from(part) / u128::from(parts.max(1));
        Time(self.from.0.saturating_add(u64::try_from(into).unwrap_or(u64::MAX)))
    }

    /// The column of an instant.
    pub(crate) fn column(&self, at: Time) -> u16 {
        u16::try_from(self.place(at, u32::from(self.width.saturating_sub(1)))).unwrap_or(0)
    }

    /// The column of an instant, when it lies on the axis.
    pub(crate) fn column_inside(&self, at: Time) -> Option<u16> {
        (self.from..=self.to).contains(&at).then(|| self.column(at))
    }

    /// Round instants, as many as have room for their names.
    pub(crate) fn ticks(&self) -> Vec<Time> {
        let whole = self.to.0.saturating_sub(self.from.0);
        let step = round_time(whole / (u64::from(self.width) / LABEL).max(1));
        let first = self.from.0.div_ceil(step) * step;
        (0..).map(|i| Time(first + i * step)).take_while(|it| *it <= self.to).take(64).collect()
    }

    /// Draws the ticks with their names on one row.
    pub(crate) fn draw(&self, area: Rect, buffer: &mut Buffer, (x, y): (u16, u16), style: Style) {
        let (mut free, ticks) = (0, self.ticks());
        let nanoseconds = |it: &Time| i64::try_from(it.0).unwrap_or(i64::MAX);
        let last = ticks.last().map_or(0, nanoseconds);
        let in_days = ticks.iter().all(|it| it.0 % DAY == 0);
        for tick in ticks {
            let column = self.column(tick);
            let time = Quantity::new(nanoseconds(&tick), Unit::Nanoseconds);
            let name = format!("╷{}", if in_days { time.beside(last) } else { time.tick(last) });
            if column >= free && column + pen::columns(&name) <= self.width {
                pen::put(buffer, area, (x + column, y), &name, style);
                free = column + pen::columns(&name) + 1;
            }
        }
    }
}

/// As `round`, and whole days where it would be longer than one.
fn round_time(wanted: u64) -> u64 {
    let step = round(wanted);
    if step > DAY { round(wanted.div_ceil(DAY)).saturating_mul(DAY) } else { step }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let axis = Axis { from: Time(3_000_000), to: Time(95_000_000), width: 60 };
        let ticks: Vec<u64> = axis.ticks().iter().map(|it| it.0 / 1_000_000).collect();
        assert_eq!(ticks, [20, 40, 60, 80]);
        assert_eq!((axis.column(axis.from), axis.column(axis.to)), (0, 59));
        assert_eq!(axis.column_inside(Time(1)), None);
    }

    #[test]
    fn a_year_has_ticks_at_whole_days() {
        let area = Rect::new(0, 0, 60, 1);
        let mut buffer = Buffer::empty(area);
        Axis { from: Time(0), to: Time(365 * DAY), width: 60 }.draw(area, &mut buffer, (0, 0), Style::default());
        let text: String = buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect();
        assert_eq!(text.split_whitespace().collect::<Vec<_>>(), ["╷0", "d", "╷100", "d", "╷200", "d", "╷300", "d"]);
    }

    #[test]
    fn an_instant_is_an_axis_too() {
        let axis = Axis { from: Time(7), to: Time(7), width: 10 };
        assert_eq!(axis.column(Time(7)), 0);
        assert_eq!(axis.ticks(), [Time(7)]);
    }
}
