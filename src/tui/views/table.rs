//! The measurements of a run: what, how much, and how it was measured; beside another run's with the differences.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{View, compare, pen};
use crate::quantity::Quantity;
use crate::recording::Measurement;

/// The columns of numbers.
const NUMBER: u16 = 12;

/// Draws the table from its top.
pub(crate) fn draw(area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    let theme = view.theme;
    let measurements = &view.run.recording().measurements;
    let numbers = if view.other.is_some() { 3 } else { 1 };
    let widest = measurements.iter().map(|it| pen::columns(&it.label)).max().unwrap_or(0);
    let label = widest.clamp(8, area.width.saturating_sub(numbers * NUMBER + 3).max(8));
    let beside = area.width.saturating_sub(label + 2 + numbers * NUMBER) >= 24;
    let end = |number: u16| label + 2 + (number + 1) * NUMBER;
    let heads: &[&str] = if numbers == 3 { &["this run", "the other", "difference"] } else { &["this run"] };
    let area = draw_names(area, buffer, view);
    pen::put(buffer, area, (1, 0), "measured", theme.dim);
    for (number, head) in (0..).zip(heads) {
        pen::put_right(buffer, area, (end(number), 0), head, theme.dim);
    }
    let mut y = 1;
    for it in measurements {
        pen::put(buffer, area, (1, y), &pen::cut(&it.label, usize::from(label)), theme.text);
        pen::put_right(buffer, area, (end(0), y), &it.value.to_string(), theme.strong);
        if let Some(other) = view.other.and_then(|run| run.recording().measurement(&it.name)) {
            pen::put_right(buffer, area, (end(1), y), &other.value.to_string(), theme.text);
            let (text, changed) = difference(it, other);
            pen::put_right(buffer, area, (end(2), y), &text, if changed { theme.warn } else { theme.dim });
        }
        if beside {
            let x = end(numbers - 1) + 2;
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

/// Which two runs the columns are of; what is left of the area.
fn draw_names(area: Rect, buffer: &mut Buffer, view: &View<'_>) -> Rect {
    let Some(other) = view.other else { return area };
    let (this, that) = compare::names(&view.run.recording().run, &other.recording().run);
    let room = usize::from(area.width.saturating_sub(2));
    pen::put(buffer, area, (1, 0), &pen::cut(&format!("this run  {this}"), room), view.theme.strong);
    pen::put(buffer, area, (1, 1), &pen::cut(&format!("the other {that}"), room), view.theme.text);
    Rect { y: area.y + 3, height: area.height.saturating_sub(3), ..area }
}

/// `+20 ms`, and whether there is a difference.
fn difference(now: &Measurement, before: &Measurement) -> (String, bool) {
    if now.value.unit != before.value.unit {
        return ("other unit".to_owned(), true);
    }
    let change = now.value.value.saturating_sub(before.value.value);
    let sign = if change > 0 { "+" } else { "" };
    match change {
        0 => ("same".to_owned(), false),
        _ => (format!("{sign}{}", Quantity::new(change, now.value.unit)), true),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::demos::{Knobs, Setup};
    use crate::tui::views::{Kind, Prepared, State, fixture};

    #[test]
    fn measurements_stand_beside_those_of_another_run() {
        let other = Knobs::with(fixture::DEMO.knobs, [("rtt", "80ms")]).expect("settings");
        let other = Prepared::new(Arc::new((fixture::DEMO.run)(&other, &Setup::default())));
        let state = State::default();
        insta::assert_snapshot!("table_120x12", fixture::drawn(Kind::Table, (120, 12), &state, Some(&other)));
        insta::assert_snapshot!("table_40x14", fixture::drawn(Kind::Table, (40, 14), &state, None));
    }
}
