//! The names of the curves: a letter, a stroke and a colour each, with the value at the cursor; and the list to choose by.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::curve::value_at;
use crate::quantity::Quantity;
use crate::recording::Series;
use crate::tui::theme::Theme;
use crate::tui::views::{View, first, pen};
use crate::wire::text::visible;

/// Columns a value takes, so that names stand still while values change.
const VALUE: usize = 10;

/// A curve on show.
#[derive(Clone, Copy)]
pub(super) struct Curve<'a> {
    /// Its place among all of the run.
    pub(super) index: usize,
    /// Its place among those of its panel.
    pub(super) nth: usize,
    pub(super) series: &'a Series,
}

impl Curve<'_> {
    pub(super) fn letter(&self) -> String {
        letter(self.index).to_string()
    }

    pub(super) fn hue(&self, theme: &Theme) -> Style {
        hue(self.index, theme)
    }

    /// How its line goes in the legend; [`super::plot`] draws dots to the same pattern.
    const fn stroke(&self) -> &'static str {
        ["───", "╌╌╌", "┈┈┈", "─ ─"][self.nth % 4]
    }
}

/// A to Z, then a to z, then again.
fn letter(index: usize) -> char {
    ('A'..='Z').chain('a'..='z').nth(index % 52).unwrap_or('A')
}

fn hue(index: usize, theme: &Theme) -> Style {
    theme.hues[(index + 2) % 6]
}

/// `A ── client cwnd  43440 B`, as wide as it is for any value.
fn entry(view: &View<'_>, curve: &Curve<'_>, largest: i64) -> [String; 3] {
    let value = value_at(&curve.series.points, view.state.cursor);
    let value = value.map_or_else(|| "-".to_owned(), |it| Quantity::new(it, curve.series.unit).beside(largest));
    let name = pen::cut(&visible(&curve.series.name), 28);
    [format!("{} {}", curve.letter(), curve.stroke()), name, format!("{value:<VALUE$}")]
}

/// Those of a panel, all in the unit of its largest value.
fn entries(view: &View<'_>, curves: &[Curve<'_>]) -> Vec<[String; 3]> {
    let largest = curves.iter().flat_map(|it| &it.series.points).map(|it| it.1).max().unwrap_or(0);
    curves.iter().map(|it| entry(view, it, largest)).collect()
}

fn width(entry: &[String; 3]) -> u16 {
    entry.iter().map(|part| pen::columns(part) + 1).sum()
}

/// Where each entry begins in so many columns: a column of equal entries after another, row by row.
fn places(entries: &[[String; 3]], room: u16) -> (Vec<(u16, u16)>, u16) {
    let widest = entries.iter().map(width).max().unwrap_or(1).max(1) + 1;
    let across = (room / widest).max(1);
    let place = |nth: usize| {
        let nth = u16::try_from(nth).unwrap_or(u16::MAX);
        (nth % across * widest, nth / across)
    };
    let rows = u16::try_from(entries.len()).unwrap_or(u16::MAX).div_ceil(across);
    ((0..entries.len()).map(place).collect(), rows)
}

/// Rows the legend of these curves needs.
pub(super) fn rows(view: &View<'_>, curves: &[Curve<'_>], room: u16) -> u16 {
    let entries = entries(view, curves);
    places(&entries, room.saturating_sub(1)).1
}

/// Draws it; what does not fit is counted, with the `absent` curves that have no panel.
pub(super) fn draw(area: Rect, buffer: &mut Buffer, view: &View<'_>, curves: &[Curve<'_>], absent: usize) {
    let entries = entries(view, curves);
    let (places, _) = places(&entries, area.width.saturating_sub(1));
    for ((curve, [sign, name, value]), (x, y)) in curves.iter().zip(&entries).zip(&places) {
        let hue = curve.hue(view.theme);
        let room = usize::from(area.width.saturating_sub(x + 1));
        let end = pen::put(buffer, area, (x + 1, *y), &pen::cut(sign, room), hue);
        let end = pen::put(buffer, area, (end + 1, *y), name, view.theme.dim);
        pen::put(buffer, area, (end + 1, *y), value.trim_end(), view.theme.strong);
    }
    let missing = places.iter().filter(|(_, y)| *y >= area.height).count() + absent;
    if missing > 0 && area.height > 0 {
        let text = format!(" +{missing} curves ");
        pen::put_right(buffer, area, (area.width, area.height - 1), &text, view.theme.warn);
    }
}

/// All curves of the run, a line each, to be shown or not.
pub(super) fn draw_list(area: Rect, buffer: &mut Buffer, view: &View<'_>, chosen: usize) {
    let (theme, series) = (view.theme, &view.run.recording().series);
    pen::put(buffer, area, (0, 0), &"─".repeat(usize::from(area.width)), theme.focus);
    pen::put(buffer, area, (1, 0), " curves ", theme.strong);
    let inner = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let start = first(chosen, inner.height, series.len());
    for (y, (index, it)) in (0..inner.height).zip(series.iter().enumerate().skip(start)) {
        let shown = !view.state.chart.hidden.contains(&it.name);
        let base = if index == chosen { theme.selected } else { theme.text };
        pen::put(buffer, inner, (0, y), &" ".repeat(usize::from(inner.width)), base);
        pen::put(buffer, inner, (0, y), if index == chosen { "▸" } else { " " }, base);
        let mark = if shown { "[x]" } else { "[ ]" };
        let hue = if index == chosen { base } else { hue(index, theme) };
        let x = pen::put(buffer, inner, (2, y), &format!("{mark} {}", letter(index)), hue);
        let x = pen::put(buffer, inner, (x + 1, y), &pen::cut(&visible(&it.name), 40), base);
        let value = value_at(&it.points, view.state.cursor).map(|value| Quantity::new(value, it.unit).to_string());
        pen::put(buffer, inner, (x + 2, y), &value.unwrap_or_else(|| "-".to_owned()), base);
    }
}
