//! The tables a run has of its own (hops, routes, parts of a network), above its measurements.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{View, pen};
use crate::recording::{Cell, Recording, Row, Table};
use crate::wire::text::visible;

/// Columns between two columns of a table.
const GAP: u16 = 2;

/// A column of words is not made narrower than this while another can give way.
const WORDS: u16 = 6;

/// Rows that the numbers of two runs have before any table.
const NUMBERS: u16 = 18;

/// Fewer rows than this show nothing of a table.
const LEAST: u16 = 4;

/// A table in the room it has.
struct Placed<'a> {
    table: &'a Table,
    /// What it is called, in as many lines as that takes.
    label: Vec<String>,
    widths: Vec<u16>,
    /// The lines of its heads: two where one would take the room of the cells.
    heads: u16,
}

/// A line of the list of all tables.
#[derive(Clone, Copy)]
enum Line {
    /// A line of what a table is called.
    Label(usize, usize),
    /// A line of the heads of a table.
    Heads(usize, u16),
    /// A row of a table, and its number among the rows of all.
    Row(usize, usize, usize),
    Gap,
}

impl Line {
    const fn table(self) -> Option<usize> {
        match self {
            Self::Label(table, _) | Self::Heads(table, _) | Self::Row(table, ..) => Some(table),
            Self::Gap => None,
        }
    }
}

/// The rows of all tables of a run.
pub(crate) fn count(recording: &Recording) -> usize {
    recording.tables.iter().map(|it| it.rows.len()).sum()
}

/// The table and row of a number among the rows of all.
pub(crate) fn listed(recording: &Recording, number: usize) -> Option<(&Table, &Row)> {
    recording.tables.iter().flat_map(|table| table.rows.iter().map(move |row| (table, row))).nth(number)
}

/// The part of an area that is theirs, three fifths at the most (all that `below` leaves where the pane is alone), and what
/// is left for the measurements.
pub(super) fn share(area: Rect, view: &View<'_>, below: u16) -> (Rect, Rect) {
    let most = match view.state.zoomed {
        true => area.height.saturating_sub(below.min(area.height / 2)),
        // Two runs are told apart by their numbers: those come first, until the keys go up to the rows.
        false if view.other.is_some() && view.state.listed.is_none() => area.height.saturating_sub(NUMBERS),
        false => u16::try_from(u32::from(area.height) * 3 / 5).unwrap_or(area.height),
    };
    let most = if most < LEAST { 0 } else { most.min(area.height) };
    let lines = lines(&placed(area, view)).len();
    let height = u16::try_from(lines).unwrap_or(u16::MAX).min(most);
    let rest = Rect { y: area.y + height, height: area.height - height, ..area };
    (Rect { height, ..area }, rest)
}

/// Draws the rows around the chosen one, below their heads; says where there are more.
pub(super) fn draw(area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    let placed = placed(area, view);
    for (y, line) in visible_lines(area, view, &placed) {
        draw_line(Rect { y: area.y + y, height: 1, ..area }, buffer, view, &placed, line);
    }
    if is_cut(area, &placed) && area.height > 0 {
        let all = count(view.run.recording());
        let chosen = view.state.listed.map(|it| format!("row {} of {all}", it + 1));
        let zoom = if view.state.zoomed { "" } else { ", z gives them more room" };
        let text = format!("{}: ↑ and ↓ go through them{zoom}", chosen.unwrap_or_else(|| format!("{all} rows in all")));
        pen::put(buffer, area, (1, area.height - 1), &text, view.theme.dim);
    }
}

/// The row of a click, by its number among the rows of all.
pub(super) fn hit(area: Rect, y: u16, view: &View<'_>) -> Option<usize> {
    let found = visible_lines(area, view, &placed(area, view)).into_iter().find(|(at, _)| *at == y)?;
    if let Line::Row(_, _, number) = found.1 { Some(number) } else { None }
}

fn placed<'a>(area: Rect, view: &View<'a>) -> Vec<Placed<'a>> {
    let place = |table: &'a Table| {
        let room = area.width.saturating_sub(2);
        let (widths, heads) = widths(table, room);
        let label =
            textwrap::wrap(&visible(&table.label), usize::from(room).max(8)).into_iter().map(Into::into).collect();
        Placed { table, label, widths, heads }
    };
    view.run.recording().tables.iter().map(place).collect()
}

fn lines(placed: &[Placed<'_>]) -> Vec<Line> {
    let (mut lines, mut number) = (Vec::new(), 0);
    for (index, it) in placed.iter().enumerate() {
        lines.extend((0..it.label.len()).map(|line| Line::Label(index, line)));
        lines.extend((0..it.heads).map(|line| Line::Heads(index, line)));
        for row in 0..it.table.rows.len() {
            lines.push(Line::Row(index, row, number));
            number += 1;
        }
        lines.push(Line::Gap);
    }
    lines
}

fn is_cut(area: Rect, placed: &[Placed<'_>]) -> bool {
    lines(placed).len() > usize::from(area.height)
}

/// The lines on show with their rows: from the first on, or so that the chosen one stands in the middle; what is above it
/// keeps the label and heads of its table.
fn visible_lines(area: Rect, view: &View<'_>, placed: &[Placed<'_>]) -> Vec<(u16, Line)> {
    let all = lines(placed);
    let room = area.height.saturating_sub(u16::from(is_cut(area, placed)));
    let is_chosen = |it: &Line| matches!(it, Line::Row(_, _, number) if Some(*number) == view.state.listed);
    let chosen = all.iter().position(is_chosen).unwrap_or(0);
    let start = super::first(chosen, room, all.len());
    let mut shown: Vec<Line> = all.iter().copied().skip(start).take(usize::from(room)).collect();
    let table = all.get(chosen).and_then(|it| it.table()).unwrap_or(0);
    let is_head = |it: &&Line| it.table() == Some(table) && !matches!(it, Line::Row(..));
    let heads: Vec<Line> = all.iter().filter(is_head).copied().collect();
    if start > all.iter().position(|it| it.table() == Some(table)).unwrap_or(0) && heads.len() * 2 <= shown.len() {
        shown.splice(..heads.len(), heads);
    }
    (0..).zip(shown).collect()
}

fn draw_line(row: Rect, buffer: &mut Buffer, view: &View<'_>, placed: &[Placed<'_>], line: Line) {
    let theme = view.theme;
    match line {
        Line::Gap => {}
        Line::Label(table, line) => drop(pen::put(buffer, row, (1, 0), &placed[table].label[line], theme.strong)),
        Line::Heads(table, line) => draw_heads(row, buffer, view, &placed[table], line),
        Line::Row(table, index, number) => {
            let is_chosen = view.state.listed == Some(number);
            draw_cells(row, buffer, view, &placed[table], (index, is_chosen));
        }
    }
}

/// One line of the heads; those of one line stand on the last.
fn draw_heads(row: Rect, buffer: &mut Buffer, view: &View<'_>, it: &Placed<'_>, line: u16) {
    let mut x = 1;
    for (number, (column, width)) in it.table.columns.iter().zip(&it.widths).enumerate() {
        let words = head(&column.label, *width, it.heads);
        let above = it.heads.saturating_sub(u16::try_from(words.len()).unwrap_or(0));
        if let Some(text) = line.checked_sub(above).and_then(|line| words.get(usize::from(line))) {
            match is_numbers(it.table, number) {
                true => pen::put_right(buffer, row, (x + width, 0), text, view.theme.dim),
                false => drop(pen::put(buffer, row, (x, 0), text, view.theme.dim)),
            }
        }
        x += width + GAP;
    }
}

fn draw_cells(row: Rect, buffer: &mut Buffer, view: &View<'_>, it: &Placed<'_>, (index, is_chosen): (usize, bool)) {
    let theme = view.theme;
    let look = |style| if is_chosen { theme.selected } else { style };
    if is_chosen {
        pen::put(buffer, row, (0, 0), &" ".repeat(usize::from(row.width)), theme.selected);
        pen::put(buffer, row, (0, 0), "▸", theme.selected);
    }
    let mut x = 1;
    for (number, (cell, width)) in it.table.rows[index].cells.iter().zip(&it.widths).enumerate() {
        let text = pen::cut(&cell.to_string(), usize::from(*width));
        match cell {
            Cell::Value(_) => pen::put_right(buffer, row, (x + width, 0), &text, look(theme.text)),
            _ => {
                let style = if number == 0 { theme.strong } else { theme.text };
                pen::put(buffer, row, (x, 0), &text, look(style));
            }
        }
        x += width + GAP;
    }
}

/// All of a row, each cell with its head: what the columns may have cut off.
pub(super) fn words(table: &Table, row: &Row) -> String {
    let told = table.columns.iter().zip(&row.cells).filter(|(_, cell)| !matches!(cell, Cell::Empty));
    told.map(|(column, cell)| format!("{}: {cell}", visible(&column.label))).collect::<Vec<_>>().join(" · ")
}

/// The lines of a head, the last cut where it does not fit.
fn head(label: &str, width: u16, lines: u16) -> Vec<String> {
    let (label, width) = (visible(label), usize::from(width));
    if lines < 2 {
        return vec![pen::cut(&label, width)];
    }
    let words: Vec<_> = textwrap::wrap(&label, width.max(1));
    match words.as_slice() {
        [first, rest @ ..] if !rest.is_empty() => {
            vec![
                pen::cut(first, width),
                pen::cut(&rest.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(" "), width),
            ]
        }
        _ => vec![pen::cut(&label, width)],
    }
}

/// Whether a column has numbers with units: its head stands at the right then, as they do.
fn is_numbers(table: &Table, number: usize) -> bool {
    let mut cells = table.rows.iter().filter_map(|row| row.cells.get(number)).filter(|it| !matches!(it, Cell::Empty));
    let first = cells.next();
    first.is_some_and(|it| matches!(it, Cell::Value(_))) && cells.all(|it| matches!(it, Cell::Value(_)))
}

/// As wide as the widest cell and the head, with the lines the heads take. Where there is no room for that, heads take two
/// lines, then the widest columns of words give way: a number that is cut would be another number.
fn widths(table: &Table, room: u16) -> (Vec<u16>, u16) {
    let cells = |number: usize| {
        let all = table.rows.iter().filter_map(|row| row.cells.get(number)).map(|it| pen::columns(&it.to_string()));
        all.max().unwrap_or(0)
    };
    let gaps = GAP * u16::try_from(table.columns.len().saturating_sub(1)).unwrap_or(0);
    let all = |widths: &[u16]| widths.iter().copied().fold(gaps, u16::saturating_add);
    let with = |head: fn(&str) -> u16| -> Vec<u16> {
        let columns = table.columns.iter().enumerate();
        columns.map(|(number, it)| cells(number).max(head(&it.label)).max(1)).collect()
    };
    let widths = with(pen::columns);
    if all(&widths) <= room {
        return (widths, 1);
    }
    let mut widths = with(half);
    while all(&widths) > room {
        let gives = |number: &usize| !is_numbers(table, *number) && widths[*number] > WORDS;
        let widest = |numbers: &mut dyn Iterator<Item = usize>| numbers.max_by_key(|it| (widths[*it], *it));
        let words = widest(&mut (0..widths.len()).filter(gives));
        let Some(widest) = words.or_else(|| widest(&mut (0..widths.len()).filter(|it| widths[*it] > 1))) else { break };
        widths[widest] -= 1;
    }
    (widths, 2)
}

/// The narrowest that has a head on two lines.
fn half(label: &str) -> u16 {
    let longest = label.split_whitespace().map(pen::columns).max().unwrap_or(0);
    let fits = |width: &u16| textwrap::wrap(label, usize::from(*width).max(1)).len() <= 2;
    (longest..=pen::columns(label)).find(fits).unwrap_or(longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::Quantity;
    use crate::tui::views::{Kind, Prepared, State, fixture};

    #[test]
    fn heads_take_two_lines_then_words_give_way_and_numbers_never() {
        let mut table = Table::new("x", "x", &[("a", "until a request may go"), ("b", "what it is")]);
        table.row(None, vec![Quantity::count(1000).into(), Cell::text("a long text that does not fit in here")]);
        assert_eq!(widths(&table, 80), (vec![22, 37], 1));
        assert_eq!(widths(&table, 54), (vec![14, 37], 2));
        assert_eq!(head("until a request may go", 14, 2), ["until a", "request may go"]);
        assert_eq!(head("until a request may go", 9, 2), ["until a", "request …"]);
        assert_eq!(widths(&table, 30), (vec![14, 14], 2));
        assert_eq!(widths(&table, 0).0.iter().sum::<u16>(), 2);
    }

    #[test]
    fn the_keys_reach_every_row_and_all_of_its_cells() {
        let mut run = fixture::prepared().recording().clone();
        let mut table = Table::new("x", "what was asked", &[("who", "who"), ("why", "the reason")]);
        for number in 0..40 {
            table.row(
                None,
                vec![Cell::text(format!("n{number}")), Cell::text(format!("{} end{number}", "long ".repeat(30)))],
            );
        }
        run.tables.push(table);
        let run = Prepared::new(std::sync::Arc::new(run));
        for (number, size) in [(0, (60, 16)), (17, (60, 16)), (39, (120, 30)), (39, (60, 16))] {
            let state = State { listed: Some(number), ..State::default() };
            let text = fixture::drawn_of(&run, Kind::Table, size, &state);
            assert!(text.contains(&format!("▸n{number} ")), "{number}: {text}");
            assert!(text.contains(&format!("end{number}")), "{number}: {text}");
            assert!(text.contains("what was asked") && text.contains("the reason"), "the heads stay: {text}");
            assert!(text.contains(&format!("row {} of 40", number + 1)), "{text}");
        }
    }

    #[test]
    fn beside_another_run_the_numbers_come_before_the_tables() {
        let run = crate::demos::run("http-versions", &[].into(), &crate::demos::Setup::default()).expect("it ships");
        let run = Prepared::new(std::sync::Arc::new(run));
        let text = fixture::drawn_beside(&run, &run, Kind::Table, (80, 18), &State::default());
        let rows = text.lines().filter(|line| line.ends_with("same")).count();
        assert!(text.contains("difference") && rows > 6, "{text}");
        let state = State { listed: Some(0), ..State::default() };
        let text = fixture::drawn_beside(&run, &run, Kind::Table, (80, 18), &state);
        assert!(text.contains("row 1 of"), "the keys still reach them: {text}");
    }
}
