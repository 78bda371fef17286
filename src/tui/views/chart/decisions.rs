//! What hosts decided and the run's markers: signs above the time axis, and the words of the one at the cursor.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::GUTTER;
use crate::tui::views::axis::Axis;
use crate::tui::views::moments::{self, Moment, What};
use crate::tui::views::{View, pen, terms};

/// Whether there are any, in this run or in the one beside it: both have the same rows.
pub(super) fn has_any(view: &View<'_>) -> bool {
    [Some(view.run), view.other].into_iter().flatten().any(|run| !run.moments().is_empty())
}

/// Rows of the list in a view of that height.
pub(super) fn rows(view: &View<'_>, height: u16) -> u16 {
    match height {
        _ if !has_any(view) => 0,
        0..=9 => 0,
        10..=16 => 1,
        // Alone, the pane has room for what the words mean.
        17..=25 if view.state.zoomed => 7,
        17..=25 => 2,
        26..=39 => 7,
        _ => 10,
    }
}

/// Which one the cursor stands at.
fn current(view: &View<'_>) -> Option<usize> {
    moments::current(view.run, view.state)
}

/// A sign for each on a row over the axis; where several share a column, the marker or a darker sign.
pub(super) fn draw_signs(area: Rect, buffer: &mut Buffer, view: &View<'_>, axis: &Axis) {
    let all = view.run.moments();
    let from = all.partition_point(|it| it.at < axis.from);
    let to = all.partition_point(|it| it.at <= axis.to);
    let mut before: Option<(u16, Moment)> = None;
    for moment in &all[from..to] {
        let column = axis.column(moment.at);
        let (mut sign, mut shown) = (moment.sign(), *moment);
        if let Some((_, other)) = before.filter(|(it, _)| *it == column) {
            let marked = matches!(other.what, What::Marker(_));
            sign = if marked { other.sign() } else { "▼" };
            shown = if marked { other } else { shown };
        }
        let style = if moment.at <= view.state.cursor { view.theme.accent } else { view.theme.dim };
        pen::put(buffer, area, (GUTTER + column, 0), sign, style);
        before = Some((column, shown));
    }
    if let Some(here) = current(view).map(|it| all[it]).filter(|it| it.at == view.state.cursor)
        && let Some(column) = axis.column_inside(here.at)
    {
        pen::put(buffer, area, (GUTTER + column, 0), here.sign(), view.theme.lit);
    }
}

/// The words of the one at the cursor, or the last before it, and what comes next.
pub(super) fn draw_list(area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    let (all, theme) = (view.run.moments(), view.theme);
    if all.is_empty() {
        return;
    }
    let current = current(view);
    let mut area = area;
    if area.height > 3 {
        let line = "─".repeat(usize::from(area.width));
        pen::put(buffer, area, (0, 0), &line, theme.border);
        let title = format!(" {}: {} of {} ", moments::noun(all), current.map_or(0, |it| it + 1), all.len());
        pen::put(buffer, area, (1, 0), &title, theme.dim);
        area = Rect { y: area.y + 1, height: area.height - 1, ..area };
    }
    let mut y = 0;
    for (index, moment) in all.iter().enumerate().skip(current.unwrap_or(0)) {
        if y >= area.height {
            break;
        }
        let rest = Rect { y: area.y + y, height: area.height - y, ..area };
        let is_current = Some(index) == current;
        y += draw_moment(rest, buffer, view, moment, is_current);
        if is_current && y < area.height {
            let rest = Rect { y: area.y + y, height: area.height - y, ..area };
            y += terms::draw(rest, buffer, view, (GUTTER + 3, &moment.words(view.run).1));
        }
    }
}

/// One of them; the current one over as many lines as it needs. Gives the lines.
fn draw_moment(area: Rect, buffer: &mut Buffer, view: &View<'_>, moment: &Moment, is_current: bool) -> u16 {
    let theme = view.theme;
    let at_cursor = is_current && moment.at == view.state.cursor;
    let base = if is_current { theme.text } else { theme.dim };
    pen::put(buffer, area, (0, 0), if at_cursor { "▸" } else { " " }, theme.accent);
    pen::put_right(buffer, area, (GUTTER, 0), &moment.at.to_string(), if is_current { theme.strong } else { base });
    let x = pen::put(buffer, area, (GUTTER + 1, 0), moment.sign(), if is_current { theme.accent } else { base });
    let (who, text) = moment.words(view.run);
    let words = if who.is_empty() { text } else { format!("{who}: {text}") };
    let room = usize::from(area.width.saturating_sub(x + 2)).max(8);
    if !is_current {
        pen::put(buffer, area, (x + 1, 0), &pen::cut(&words, room), base);
        return 1;
    }
    let lines = textwrap::wrap(&words, room);
    let most = usize::from(area.height);
    for (y, line) in (0..area.height).zip(&lines) {
        let is_cut = usize::from(y) + 1 == most && lines.len() > most;
        let line = if is_cut { pen::cut(&format!("{line} …"), room) } else { line.to_string() };
        pen::put(buffer, area, (x + 1, y), &line, base);
    }
    u16::try_from(lines.len()).unwrap_or(1).max(1)
}
