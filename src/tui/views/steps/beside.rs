//! Two traces beside each other, row by row as the rows are the same thing in both; below, in what the chosen ones differ.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::quantity::Quantity;
use crate::recording::beside::{Pair, What, lined_up};
use crate::recording::{Recording, Step};
use crate::tui::views::{Prepared, State, View, compare, first, pen};
use crate::wire::text::visible;

/// Columns of the role.
const ROLE: u16 = 18;
/// Columns of a length of time.
const TOOK: u16 = 10;
/// Rows above the pairs: which two runs, and what the columns are.
const ABOVE: u16 = 3;

/// Where the columns of both runs begin.
struct Columns {
    this: u16,
    other: u16,
    /// How wide each is.
    width: u16,
}

/// Draws the pairs above, the chosen one's differences below.
pub(crate) fn draw(area: Rect, buffer: &mut Buffer, view: &View<'_>, other: &Prepared) {
    let (run, that) = (view.run.recording(), other.recording());
    let pairs = lined_up(run, that);
    let here = current(&pairs, run, view.state);
    draw_heads(area, buffer, view, that);
    let most = (area.height / 2).saturating_sub(ABOVE).max(1);
    let rows = u16::try_from(pairs.len()).unwrap_or(u16::MAX).min(most);
    let start = first(here, rows, pairs.len());
    for (y, (index, pair)) in (ABOVE..ABOVE + rows).zip(pairs.iter().enumerate().skip(start)) {
        let row = Rect { y: area.y + y, height: 1, ..area }.intersection(area);
        draw_pair(row, buffer, view, (run, that), (pair, index == here));
    }
    let top = (ABOVE + rows).min(area.height);
    let below = Rect { y: area.y + top, height: area.height - top, ..area };
    if let Some(pair) = pairs.get(here) {
        draw_chosen(below, buffer, view, (run, that), pair);
    }
}

/// The pair the keys went to, else the one of the row under the cursor.
pub(crate) fn current(pairs: &[Pair], run: &Recording, state: &State) -> usize {
    let at_cursor = || {
        let step = super::current(&run.steps, state.cursor);
        pairs.iter().position(|it| it.this == Some(step)).unwrap_or(0)
    };
    state.row.unwrap_or_else(at_cursor).min(pairs.len().saturating_sub(1))
}

fn columns(width: u16) -> Columns {
    let rest = width.saturating_sub(ROLE + 2);
    let each = rest / 2;
    Columns { this: ROLE + 2, other: ROLE + 2 + each, width: each.saturating_sub(1) }
}

fn draw_heads(area: Rect, buffer: &mut Buffer, view: &View<'_>, that: &Recording) {
    let theme = view.theme;
    let (this, other) = compare::names(&view.run.recording().run, &that.run);
    let room = usize::from(area.width.saturating_sub(2));
    pen::put(buffer, area, (1, 0), &pen::cut(&format!("this run   {this}"), room), theme.strong);
    pen::put(buffer, area, (1, 1), &pen::cut(&format!("the other  {other}"), room), theme.text);
    let at = columns(area.width);
    pen::put(buffer, area, (1, 2), "row", theme.dim);
    pen::put(buffer, area, (at.this, 2), &pen::cut("this run", usize::from(at.width)), theme.dim);
    pen::put(buffer, area, (at.other, 2), &pen::cut("the other", usize::from(at.width)), theme.dim);
}

fn draw_pair(
    row: Rect,
    buffer: &mut Buffer,
    view: &View<'_>,
    (run, that): (&Recording, &Recording),
    (pair, here): (&Pair, bool),
) {
    let theme = view.theme;
    let differs = pair.differences.iter().any(|it| it.what != What::Time);
    let style = match (here, differs) {
        (true, _) => theme.strong,
        (false, true) => theme.text,
        (false, false) => theme.dim,
    };
    pen::put(buffer, row, (0, 0), if here { "▸" } else { " " }, theme.accent);
    pen::put(buffer, row, (1, 0), &pen::cut(&pair.role.to_string(), usize::from(ROLE)), style);
    let at = columns(row.width);
    for (x, step) in [
        (at.this, pair.this.and_then(|it| run.steps.get(it))),
        (at.other, pair.other.and_then(|it| that.steps.get(it))),
    ] {
        let cell = Rect { x: row.x + x, width: at.width, ..row }.intersection(row);
        match step {
            Some(step) => draw_cell(cell, buffer, step, (style, theme.dim)),
            None => drop(pen::put(buffer, cell, (0, 0), "-", theme.warn)),
        }
    }
}

/// How long it took, and who said it.
fn draw_cell(
    cell: Rect,
    buffer: &mut Buffer,
    step: &Step,
    (style, dim): (ratatui::style::Style, ratatui::style::Style),
) {
    pen::put_right(buffer, cell, (TOOK - 1, 0), &took(step), dim);
    let server = step.fact("server");
    let who = if server.is_empty() { &step.title } else { &server };
    let room = usize::from(cell.width.saturating_sub(TOOK));
    pen::put(buffer, cell, (TOOK, 0), &pen::cut(&visible(who), room), style);
}

fn took(step: &Step) -> String {
    Quantity::time(step.until.since(step.at)).to_string()
}

/// The chosen pair: both rows in full, then each difference.
fn draw_chosen(area: Rect, buffer: &mut Buffer, view: &View<'_>, (run, that): (&Recording, &Recording), pair: &Pair) {
    let (theme, width) = (view.theme, usize::from(area.width.saturating_sub(2)).max(8));
    let line = "─".repeat(usize::from(area.width));
    pen::put(buffer, area, (0, 0), &line, theme.border);
    pen::put(buffer, area, (1, 0), &pen::cut(&format!(" {} ", pair.role), width), theme.dim);
    let mut y = 1;
    let mut put = |text: &str, style, indent: &str| {
        for line in textwrap::wrap(text, textwrap::Options::new(width).subsequent_indent(indent)) {
            if y < area.height {
                pen::put(buffer, area, (1, y), &line, style);
            }
            y += 1;
        }
    };
    let told = |whose: &str, step: Option<&Step>| match step {
        Some(step) => format!("{whose}  {}, {}", visible(&step.title), took(step)),
        None => format!("{whose}  has no such row"),
    };
    put(&told("this run ", pair.this.and_then(|it| run.steps.get(it))), theme.text, "           ");
    put(&told("the other", pair.other.and_then(|it| that.steps.get(it))), theme.text, "           ");
    if pair.differences.is_empty() {
        put("the same in both", theme.dim, "");
    }
    for it in &pair.differences {
        put(&visible(it.line()), if it.what == What::Time { theme.dim } else { theme.warn }, "    ");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::demos::{Setup, run};
    use crate::recording::Live;
    use crate::tui::views::{Kind, Prepared, State, fixture};

    fn trace(name: &str, root: &str) -> crate::recording::Recording {
        let settings = [("name", name), ("root", root)].map(|(name, text)| (name.to_owned(), text.to_owned()));
        run("dns-trace", &settings.into(), &Setup::default()).expect("a demo that ships")
    }

    #[test]
    fn two_traces_stand_beside_each_other_row_by_row() {
        let mut live = trace("static.shop.example", "35ms");
        live.run.live = Some(Live { host: Some("root".to_owned()), address: ([198, 41, 0, 4], 53).into() });
        let this = Prepared::new(Arc::new(live));
        let other = Prepared::new(Arc::new(trace("www.shop.example", "20ms")));
        for (width, height) in [(74, 18), (118, 30)] {
            let state = State { row: Some(2), ..State::default() };
            let text = fixture::drawn_beside(&this, &other, Kind::Steps, (width, height), &state);
            insta::assert_snapshot!(format!("steps_beside_{width}x{height}"), text);
        }
        for (width, height) in [(8, 2), (20, 5), (30, 3), (200, 60)] {
            let state = State { row: Some(99), ..State::default() };
            fixture::drawn_beside(&this, &other, Kind::Steps, (width, height), &state);
        }
    }
}
