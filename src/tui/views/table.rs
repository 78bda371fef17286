//! The measurements of a run: what, how much, and how it was measured; beside another run's with the differences.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{View, compare, pen};
use crate::quantity::Quantity;
use crate::recording::Measurement;

/// The narrowest column of numbers.
const NUMBER: u16 = 12;

/// Columns between two columns of numbers, at the least.
const GAP: u16 = 2;

/// The numbers of a line, as they are written, and whether the runs differ.
struct Numbers {
    texts: Vec<String>,
    changed: bool,
}

/// Draws the table from its top.
pub(crate) fn draw(area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    let theme = view.theme;
    let measurements = &view.run.recording().measurements;
    let lines: Vec<Numbers> = measurements.iter().map(|it| numbers(it, view)).collect();
    let heads: &[&str] = if view.other.is_some() { &["this run", "the other", "difference"] } else { &["this run"] };
    let widths = widths(&lines, heads.len());
    let all: u16 = widths.iter().sum();
    let widest = measurements.iter().map(|it| pen::columns(&it.label)).max().unwrap_or(0);
    let label = widest.clamp(8, area.width.saturating_sub(all + 3).max(8));
    let beside = area.width.saturating_sub(label + 2 + all) >= 24;
    let end = |number: usize| label + 2 + widths[..=number].iter().sum::<u16>();
    let area = draw_names(area, buffer, view);
    pen::put(buffer, area, (1, 0), "measured", theme.dim);
    for (number, head) in heads.iter().enumerate() {
        pen::put_right(buffer, area, (end(number), 0), head, theme.dim);
    }
    let mut y = 1;
    for (it, line) in measurements.iter().zip(&lines) {
        pen::put(buffer, area, (1, y), &pen::cut(&it.label, usize::from(label)), theme.text);
        let styles = [theme.strong, theme.text, if line.changed { theme.warn } else { theme.dim }];
        for (number, (text, style)) in line.texts.iter().zip(styles).enumerate() {
            pen::put_right(buffer, area, (end(number), y), text, style);
        }
        if beside {
            let x = end(heads.len() - 1) + 2;
            let how = pen::cut(&it.how, usize::from(area.width.saturating_sub(x)));
            pen::put(buffer, area, (x, y), &how, theme.dim);
        } else if !it.how.is_empty() {
            y += 1;
            let how = pen::cut(&it.how, usize::from(area.width.saturating_sub(4)));
            pen::put(buffer, area, (3, y), &how, theme.dim);
        }
        y += 1;
    }
}

/// A measurement of this run, of the other, and the difference, where there is another.
fn numbers(it: &Measurement, view: &View<'_>) -> Numbers {
    let mut texts = vec![it.value.to_string()];
    let Some(other) = view.other.and_then(|run| run.recording().measurement(&it.name)) else {
        return Numbers { texts, changed: false };
    };
    let (text, changed) = difference(it, other);
    texts.extend([other.value.to_string(), text]);
    Numbers { texts, changed }
}

/// How wide each column of numbers is: as its widest number and a gap.
fn widths(lines: &[Numbers], columns: usize) -> Vec<u16> {
    let widest = |number: usize| lines.iter().filter_map(|it| it.texts.get(number)).map(|it| pen::columns(it)).max();
    (0..columns).map(|number| (widest(number).unwrap_or(0) + GAP).max(NUMBER)).collect()
}

/// Which two runs the columns are of; what is left of the area.
fn draw_names(area: Rect, buffer: &mut Buffer, view: &View<'_>) -> Rect {
    let Some(other) = view.other else { return area };
    let (this, that) = compare::names(&view.run.recording().run, &other.recording().run);
    let room = usize::from(area.width.saturating_sub(2));
    pen::put(buffer, area, (1, 0), &pen::cut(&format!("this run  {this}"), room), view.theme.strong);
    pen::put(buffer, area, (1, 1), &pen::cut(&format!("the other {that}"), room), view.theme.text);
    Rect { y: area.y + 3, height: area.height.saturating_sub(3), ..area }
}

/// `+20 ms`, and whether there is a difference. That of two percentages is in percentage points.
fn difference(now: &Measurement, before: &Measurement) -> (String, bool) {
    if now.value.unit != before.value.unit {
        return ("other unit".to_owned(), true);
    }
    let change = now.value.value.saturating_sub(before.value.value);
    let sign = if change > 0 { "+" } else { "" };
    match change {
        0 => ("same".to_owned(), false),
        _ => {
            let size = Quantity::new(change, now.value.unit).to_string();
            (format!("{sign}{}", size.strip_suffix('%').map_or(size.clone(), |points| format!("{points}pp"))), true)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::demos::{Knobs, Setup};
    use crate::quantity::Unit;
    use crate::tui::views::{Kind, Prepared, State, fixture};

    #[test]
    fn columns_of_wide_numbers_do_not_touch_and_percentages_differ_in_points() {
        let measured = |value, unit| {
            let (name, label, how) = ("x".to_owned(), "x".to_owned(), String::new());
            Measurement { name, label, how, value: Quantity::new(value, unit) }
        };
        let (now, before) = (measured(25_000, Unit::PartsPerMillion), measured(20_000, Unit::PartsPerMillion));
        assert_eq!(difference(&now, &before), ("+0.5 pp".to_owned(), true));
        let texts = ["9.076 Mbit/s", "9.093 Mbit/s", "-16.55 kbit/s"].map(str::to_owned).to_vec();
        assert_eq!(widths(&[Numbers { texts, changed: true }], 3), [14, 14, 15]);
    }

    #[test]
    fn measurements_stand_beside_those_of_another_run() {
        let other = Knobs::with(fixture::DEMO.knobs, [("rtt", "80ms")]).expect("settings");
        let other = Prepared::new(Arc::new((fixture::DEMO.run)(&other, &Setup::default())));
        let state = State::default();
        insta::assert_snapshot!("table_120x12", fixture::drawn(Kind::Table, (120, 12), &state, Some(&other)));
        insta::assert_snapshot!("table_40x14", fixture::drawn(Kind::Table, (40, 14), &state, None));
    }
}
