//! The names of the curves: a letter, a stroke and a colour each, with the value at the cursor; and the list to choose by.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::curve::value_at;
use super::{Panel, names};
use crate::quantity::Quantity;
use crate::recording::Series;
use crate::tui::theme::Theme;
use crate::tui::views::{View, first, pen};
use crate::wire::text::visible;

/// Columns a value takes, so that names stand still while values change.
const VALUE: usize = 10;

/// The longest name of a curve that is shown in full.
const NAME: usize = 28;

/// A curve on show.
#[derive(Clone, Copy)]
pub(super) struct Curve<'a> {
    /// Its place among all of the run, and of the run beside it.
    pub(super) index: usize,
    /// Its place among those of its panel.
    pub(super) nth: usize,
    /// None where only the run beside this one has it: its place is kept, so that both sides look alike.
    pub(super) series: Option<&'a Series>,
    pub(super) name: &'a str,
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

/// `A ── client cwnd  43440 B`, as wide as it is for any value; the name gives way where that is wider than `room`.
fn entry(view: &View<'_>, curve: &Curve<'_>, (largest, room): (i64, u16)) -> [String; 3] {
    let value = curve.series.and_then(|it| Some((value_at(&it.points, view.state.cursor)?, it.unit)));
    let value = value.map_or_else(|| "-".to_owned(), |(value, unit)| Quantity::new(value, unit).beside(largest));
    let (sign, value) = (format!("{} {}", curve.letter(), curve.stroke()), format!("{value:<VALUE$}"));
    let beside = pen::columns(&sign) + pen::columns(&value) + 4;
    let name = pen::cut(&visible(curve.name), NAME.min(usize::from(room.saturating_sub(beside))));
    [sign, name, value]
}

/// Those of a panel, all in the unit of its largest value.
fn entries(view: &View<'_>, panel: &Panel<'_>, room: u16) -> Vec<[String; 3]> {
    let largest = panel.scaled.iter().flat_map(|it| &it.points).map(|it| it.1).max().unwrap_or(0);
    panel.curves.iter().map(|it| entry(view, it, (largest, room))).collect()
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
pub(super) fn rows(view: &View<'_>, panel: &Panel<'_>, room: u16) -> u16 {
    let entries = entries(view, panel, room);
    places(&entries, room.saturating_sub(1)).1
}

/// Draws it; what does not fit is counted, with the `absent` curves that have no panel. At the end of its last row stands
/// the count or else the `note`; what has no room beside that is left out whole, so that no number loses its unit.
pub(super) fn draw(area: Rect, buffer: &mut Buffer, view: &View<'_>, panel: &Panel<'_>, (absent, note): (usize, &str)) {
    let entries = entries(view, panel, area.width);
    let (places, _) = places(&entries, area.width.saturating_sub(1));
    let below = places.iter().filter(|(_, y)| *y >= area.height).count() + absent;
    let count = |missing: usize| format!(" +{missing} curves ");
    let reserved = if below > 0 { pen::columns(&count(below)) } else { pen::columns(note) };
    let mut missing = below;
    for ((curve, entry), (x, y)) in panel.curves.iter().zip(&entries).zip(&places) {
        let [sign, name, value] = entry;
        let value = value.trim_end();
        let width = pen::columns(sign) + pen::columns(name) + pen::columns(value) + 2;
        let room = if *y + 1 == area.height { area.width.saturating_sub(reserved) } else { area.width };
        if curve.series.is_none() || *y >= area.height {
            continue;
        }
        let spare = usize::from(pen::columns(name).saturating_sub((x + 1 + width).saturating_sub(room)));
        if spare == 0 {
            missing += 1;
            continue;
        }
        let end = pen::put(buffer, area, (x + 1, *y), sign, curve.hue(view.theme));
        let end = pen::put(buffer, area, (end + 1, *y), &pen::cut(name, spare), view.theme.dim);
        pen::put(buffer, area, (end + 1, *y), value, view.theme.strong);
    }
    let (text, style) = if missing > 0 { (count(missing), view.theme.warn) } else { (note.to_owned(), view.theme.dim) };
    pen::put_right(buffer, area, (area.width, area.height.saturating_sub(1)), &text, style);
}

/// All curves of the run and of the one beside it, a line each, to be shown or not.
pub(super) fn draw_list(area: Rect, buffer: &mut Buffer, view: &View<'_>, chosen: usize) {
    let (theme, names) = (view.theme, names(view.run, view.other));
    pen::put(buffer, area, (0, 0), &"─".repeat(usize::from(area.width)), theme.focus);
    pen::put(buffer, area, (1, 0), " curves ", theme.strong);
    let inner = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let start = first(chosen, inner.height, names.len());
    for (y, (index, name)) in (0..inner.height).zip(names.iter().enumerate().skip(start)) {
        let shown = !view.state.chart.hidden.contains(*name);
        let base = if index == chosen { theme.selected } else { theme.text };
        pen::put(buffer, inner, (0, y), &" ".repeat(usize::from(inner.width)), base);
        pen::put(buffer, inner, (0, y), if index == chosen { "▸" } else { " " }, base);
        let mark = if shown { "[x]" } else { "[ ]" };
        let hue = if index == chosen { base } else { hue(index, theme) };
        let x = pen::put(buffer, inner, (2, y), &format!("{mark} {}", letter(index)), hue);
        let x = pen::put(buffer, inner, (x + 1, y), &pen::cut(&visible(name), 40), base);
        let series = view.run.recording().series.iter().find(|it| it.name == *name);
        let value =
            series.and_then(|it| Some(Quantity::new(value_at(&it.points, view.state.cursor)?, it.unit).to_string()));
        pen::put(buffer, inner, (x + 2, y), &value.unwrap_or_else(|| "-".to_owned()), base);
    }
}
