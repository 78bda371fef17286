//! Curves over time: a plot for each unit, each curve with a sign and a colour of its own, and its value at the cursor.
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};

use super::axis::{Axis, round};
use super::braille::Dots;
use super::{View, pen};
use crate::quantity::{Quantity, Unit};
use crate::recording::{Series, Time};
use crate::wire::text::visible;

/// Columns of the values at the left.
const GUTTER: u16 = 10;
const SIGNS: [&str; 6] = ["●", "▲", "■", "◆", "○", "△"];

/// Draws a plot for each unit, one above the other.
pub(crate) fn draw(area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    let series = &view.run.recording().series;
    let mut units: Vec<Unit> = Vec::new();
    for unit in series.iter().map(|it| it.unit) {
        if !units.contains(&unit) {
            units.push(unit);
        }
    }
    let parts = Layout::vertical(units.iter().map(|_| Constraint::Fill(1))).split(area);
    for (unit, part) in units.into_iter().zip(parts.iter()) {
        let curves: Vec<(usize, &Series)> = series.iter().enumerate().filter(|(_, it)| it.unit == unit).collect();
        // Beside another run both have the same axes, so that curves can be compared by eye.
        let others = view.other.iter().flat_map(|run| &run.recording().series).filter(|it| it.unit == unit);
        let all: Vec<&Series> = curves.iter().map(|(_, it)| *it).chain(others).collect();
        Plot::new(*part, curves.len(), &all, unit).draw(buffer, view, &curves);
    }
}

/// One plot: where it stands and how values become rows.
struct Plot {
    area: Rect,
    inner: Rect,
    axis: Axis,
    unit: Unit,
    low: i64,
    /// The value between two lines of the grid, and how many there are.
    step: i64,
    steps: i64,
}

impl Plot {
    fn new(area: Rect, legend: usize, all: &[&Series], unit: Unit) -> Self {
        let legend = u16::try_from(legend).unwrap_or(1).min(area.height / 3);
        let inner = Rect {
            x: area.x + GUTTER,
            y: area.y + legend,
            width: area.width.saturating_sub(GUTTER + 1),
            height: area.height.saturating_sub(legend + 1),
        };
        let points = || all.iter().flat_map(|series| &series.points);
        let axis = Axis {
            from: points().map(|it| it.0).min().unwrap_or(Time::ZERO),
            to: points().map(|it| it.0).max().unwrap_or(Time::ZERO),
            width: inner.width,
        };
        let (low, high) =
            (points().map(|it| it.1).min().unwrap_or(0).min(0), points().map(|it| it.1).max().unwrap_or(0));
        let lines = u64::from((inner.height / 4).clamp(1, 8));
        let step = i64::try_from(round(high.abs_diff(low).div_ceil(lines).max(1))).unwrap_or(i64::MAX);
        let low = low.div_euclid(step).saturating_mul(step);
        let steps = i64::try_from(high.abs_diff(low).div_ceil(step.unsigned_abs())).unwrap_or(1).max(1);
        Self { area, inner, axis, unit, low, step, steps }
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

    fn draw(&self, buffer: &mut Buffer, view: &View<'_>, curves: &[(usize, &Series)]) {
        if self.inner.height < 2 || self.inner.width < 8 {
            return;
        }
        self.draw_legend(buffer, view, curves);
        self.draw_grid(buffer, view);
        let bottom = self.inner.bottom() - self.area.y;
        self.axis.draw(self.area, buffer, (GUTTER, bottom), view.theme.dim);
        for (index, series) in curves {
            self.draw_curve(buffer, view, *index, series);
        }
    }

    fn draw_legend(&self, buffer: &mut Buffer, view: &View<'_>, curves: &[(usize, &Series)]) {
        for (y, (index, series)) in (0..self.inner.y - self.area.y).zip(curves) {
            let hue = view.theme.hues[(index + 2) % 6];
            let x = pen::put(buffer, self.area, (1, y), SIGNS[index % 6], hue);
            let now = series.points.partition_point(|it| it.0 <= view.state.cursor).checked_sub(1);
            let value = now.map(|it| Quantity::new(series.points[it].1, series.unit).to_string());
            let value = value.unwrap_or_else(|| "-".to_owned());
            let room = usize::from(self.area.width.saturating_sub(x + 4 + pen::columns(&value)));
            let x = pen::put(buffer, self.area, (x + 1, y), &pen::cut(&visible(&series.name), room), hue);
            pen::put(buffer, self.area, (x + 2, y), &value, view.theme.strong);
        }
    }

    fn draw_grid(&self, buffer: &mut Buffer, view: &View<'_>) {
        for step in 0..=self.steps {
            let value = self.low.saturating_add(step.saturating_mul(self.step));
            let y = self.inner.y - self.area.y + self.row(value);
            let name = Quantity::new(value, self.unit).to_string();
            pen::put_right(buffer, self.area, (GUTTER - 1, y), &name, view.theme.dim);
            let line = "·".repeat(usize::from(self.inner.width));
            pen::put(buffer, self.area, (GUTTER, y), &line, view.theme.border);
        }
        if let Some(column) = self.axis.column_inside(view.state.cursor) {
            for y in 0..self.inner.height {
                pen::put(buffer, self.inner, (column, y), "┊", view.theme.accent);
            }
        }
    }

    fn draw_curve(&self, buffer: &mut Buffer, view: &View<'_>, index: usize, series: &Series) {
        let hue = view.theme.hues[(index + 2) % 6];
        let mut dots = Dots::new(self.inner.width, self.inner.height);
        let (right, top) = (dots.width() - 1, dots.height() - 1);
        let place = |(at, value): &(Time, i64)| (self.axis.place(*at, right), top - self.place(*value, top));
        for pair in series.points.windows(2) {
            dots.line(place(&pair[0]), place(&pair[1]));
        }
        dots.draw(self.inner, buffer, hue);
        let mut free = 0;
        for (at, value) in &series.points {
            let column = self.axis.column(*at);
            if column >= free {
                pen::put(buffer, self.inner, (column, self.row(*value)), SIGNS[index % 6], hue);
                free = column + 3;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::tui::views::{Kind, State, fixture};

    #[test]
    fn curves_have_signs_and_axes_have_units() {
        let state = State { cursor: Time::ZERO + Duration::from_millis(100), ..State::default() };
        for (width, height) in [(40, 14), (74, 26), (120, 36)] {
            let name = format!("chart_{width}x{height}");
            insta::assert_snapshot!(name, fixture::drawn(Kind::Chart, (width, height), &state, None));
        }
    }

    #[test]
    fn a_curve_of_one_point_or_of_extremes_is_drawn() {
        let series = |points: &[(u64, i64)]| Series {
            name: "x".into(),
            unit: Unit::Count,
            points: points.iter().map(|(at, value)| (Time(*at), *value)).collect(),
        };
        for points in [&[(5, 5)][..], &[(0, i64::MIN), (u64::MAX, i64::MAX)], &[(0, -3), (9, -1)], &[(0, 0), (1, 0)]] {
            let series = series(points);
            let plot = Plot::new(Rect::new(0, 0, 60, 20), 1, &[&series], Unit::Count);
            assert!(plot.row(points[0].1) < plot.inner.height, "{points:?}");
            assert!(plot.steps <= 64, "{points:?}");
        }
    }
}
