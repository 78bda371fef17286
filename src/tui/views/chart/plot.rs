//! A panel of the chart: the grid of one unit's values, its curves, and where they stand at the cursor.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::GUTTER;
use super::curve::{columns, value_at};
use super::legend::Curve;
use crate::quantity::{Quantity, Unit, round};
use crate::recording::{Series, Time};
use crate::tui::views::axis::Axis;
use crate::tui::views::braille::Dots;
use crate::tui::views::{View, pen};

/// Cells between two letters of one curve.
const STRIDE: usize = 22;

/// Which dots of a line are drawn, so that lines differ without colour: whole, dashed, dotted, long dashes.
const PATTERNS: [&[bool]; 4] =
    [&[true], &[true, true, false, false], &[true, false, false], &[true, true, true, true, true, true, false, false]];

/// One panel: where it stands and how values become rows.
pub(super) struct Plot {
    /// Where the curves are.
    pub(super) inner: Rect,
    axis: Axis,
    unit: Unit,
    low: i64,
    /// The value between two lines of the grid, and how many there are.
    step: i64,
    steps: i64,
}

impl Plot {
    /// A panel whose scale has room for all these curves.
    pub(super) fn new(area: Rect, axis: Axis, all: &[&Series], unit: Unit) -> Self {
        let inner = Rect { x: area.x + GUTTER, width: area.width.saturating_sub(GUTTER + 1), ..area };
        let values = || all.iter().flat_map(|series| &series.points).map(|it| it.1);
        let (low, high) = (values().min().unwrap_or(0).min(0), values().max().unwrap_or(0));
        let lines = u64::from((inner.height / 2).clamp(1, 6));
        let step = i64::try_from(round(high.abs_diff(low).div_ceil(lines).max(1))).unwrap_or(i64::MAX);
        let low = low.div_euclid(step).saturating_mul(step);
        let steps = i64::try_from(high.abs_diff(low).div_ceil(step.unsigned_abs())).unwrap_or(1).max(1);
        Self { inner, axis, unit, low, step, steps }
    }

    /// A value in `parts` of the height, from below.
    fn place(&self, value: i64, parts: u32) -> u32 {
        let whole = u128::from(self.step.unsigned_abs()) * u128::from(self.steps.unsigned_abs());
        let part = u128::from(value.max(self.low).abs_diff(self.low));
        u32::try_from(part * u128::from(parts) / whole.max(1)).unwrap_or(parts).min(parts)
    }

    /// The row of a value, from the top.
    fn row(&self, value: i64) -> u16 {
        // As the line of dots goes, four to a row.
        let top = u32::from(self.inner.height) * 4 - 1;
        u16::try_from((top - self.place(value, top)) / 4).unwrap_or(0)
    }

    pub(super) fn draw(&self, buffer: &mut Buffer, view: &View<'_>, curves: &[Curve<'_>]) {
        if self.inner.height < 2 || self.inner.width < 8 {
            return;
        }
        self.draw_grid(buffer, view);
        let mut lettered = vec![false; usize::from(self.inner.width) * usize::from(self.inner.height)];
        // The first-named last, so that it is the one seen where curves coincide.
        for curve in curves.iter().rev() {
            self.draw_curve(buffer, view, curve);
        }
        for curve in curves {
            self.draw_letters(buffer, view, curve, (curves.len(), &mut lettered));
        }
        self.draw_cursor(buffer, view, curves);
    }

    /// The value of the top line of the grid.
    pub(super) fn highest(&self) -> i64 {
        self.low.saturating_add(self.steps.saturating_mul(self.step))
    }

    fn draw_grid(&self, buffer: &mut Buffer, view: &View<'_>) {
        let gutter = Rect { x: self.inner.x - GUTTER, width: GUTTER, ..self.inner };
        let highest = self.highest();
        for step in 0..=self.steps {
            let value = self.low.saturating_add(step.saturating_mul(self.step));
            let name = Quantity::new(value, self.unit).tick(highest);
            pen::put_right(buffer, gutter, (GUTTER - 1, self.row(value)), &name, view.theme.dim);
            let line = "·".repeat(usize::from(self.inner.width));
            pen::put(buffer, self.inner, (0, self.row(value)), &line, view.theme.border);
        }
    }

    fn draw_curve(&self, buffer: &mut Buffer, view: &View<'_>, curve: &Curve<'_>) {
        let mut dots = Dots::new(self.inner.width, self.inner.height);
        let top = dots.height() - 1;
        let pattern = PATTERNS[curve.nth % PATTERNS.len()];
        let mut before = None;
        for (x, column) in (0..).zip(columns(points(curve), &self.axis, dots.width())) {
            let Some(column) = column else { continue };
            // A step from the value before is a line upright.
            let low = before.map_or(column.low, |it: i64| it.min(column.low));
            let high = before.map_or(column.high, |it: i64| it.max(column.high));
            let (from, to) = (top - self.place(high, top), top - self.place(low, top));
            for y in from..=to {
                if pattern[(x as usize + y as usize) % pattern.len()] {
                    dots.dot(x, y);
                }
            }
            before = Some(column.last);
        }
        dots.draw(self.inner, buffer, curve.hue(view.theme));
    }

    /// The curve's letter along its line, shifted against those of the others.
    fn draw_letters(
        &self,
        buffer: &mut Buffer,
        view: &View<'_>,
        curve: &Curve<'_>,
        (count, lettered): (usize, &mut Vec<bool>),
    ) {
        let style = curve.hue(view.theme).add_modifier(Modifier::BOLD);
        let columns = columns(points(curve), &self.axis, u32::from(self.inner.width));
        let shift = 3 + curve.nth * STRIDE / count.max(1);
        for (x, column) in columns.iter().enumerate().skip(shift).step_by(STRIDE) {
            let Some(column) = column else { continue };
            let y = self.row(column.last);
            let cell = usize::from(y) * usize::from(self.inner.width) + x;
            if lettered.get(cell) == Some(&false) {
                lettered[cell] = true;
                let x = u16::try_from(x).unwrap_or(u16::MAX);
                pen::put(buffer, self.inner, (x, y), &curve.letter(), style);
            }
        }
    }

    /// A line at the cursor behind the curves, and on it the letter of each at its value.
    fn draw_cursor(&self, buffer: &mut Buffer, view: &View<'_>, curves: &[Curve<'_>]) {
        let Some(column) = self.axis.column_inside(view.state.cursor) else { return };
        for y in 0..self.inner.height {
            let at = (self.inner.x + column, self.inner.y + y);
            if buffer.cell(at).is_some_and(|cell| [" ", "·"].contains(&cell.symbol())) {
                pen::put(buffer, self.inner, (column, y), "┊", view.theme.accent);
            }
        }
        for curve in curves.iter().rev() {
            if let Some(value) = value_at(points(curve), view.state.cursor) {
                pen::put(buffer, self.inner, (column, self.row(value)), &curve.letter(), view.theme.selected);
            }
        }
    }
}

/// The points this run has of a curve.
fn points<'a>(curve: &Curve<'a>) -> &'a [(Time, i64)] {
    curve.series.map_or(&[], |it| &it.points)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_of_one_point_or_of_extremes_is_drawn() {
        let series = |points: &[(u64, i64)]| Series {
            name: "x".into(),
            unit: Unit::Count,
            points: points.iter().map(|(at, value)| (Time(*at), *value)).collect(),
        };
        for points in [&[(5, 5)][..], &[(0, i64::MIN), (u64::MAX, i64::MAX)], &[(0, -3), (9, -1)], &[(0, 0), (1, 0)]] {
            let series = series(points);
            let axis = Axis { from: Time::ZERO, to: Time(u64::MAX), width: 49 };
            let plot = Plot::new(Rect::new(0, 0, 60, 20), axis, &[&series], Unit::Count);
            assert!(plot.row(points[0].1) < plot.inner.height, "{points:?}");
            assert!(plot.steps <= 64, "{points:?}");
        }
    }
}
