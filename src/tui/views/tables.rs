//! The tables a run has of its own (hops, routes, parts of a network), above its measurements.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{View, pen};
use crate::recording::{Cell, Recording, Row, Table};
use crate::wire::text::visible;

/// Columns between two columns of a table, and between those of one that has too many.
const GAP: u16 = 2;
const NARROW: u16 = 1;

/// A column of words is not made narrower than this while another can give way.
const WORDS: u16 = 6;

/// Rows that the numbers of two runs have before any table.
const NUMBERS: u16 = 18;

/// Lines a short pane gives to tables before numbers, and those it leaves for the numbers.
const SHORT: u16 = 8;
const LEFT: u16 = 2;

/// Fewer rows than this show nothing of a table.
const LEAST: u16 = 4;

/// Lines that a row takes at the most, where there is room for more than one.
const TALL: u16 = 3;

/// A table in the room it has.
struct Placed<'a> {
    table: &'a Table,
    /// What it is called, in as many lines as that takes.
    label: Vec<String>,
    widths: Widths,
    /// The lines of each row: more than one where words are cut and there is room to have them in full.
    tall: Vec<u16>,
}

/// How wide the columns of a table are.
struct Widths {
    columns: Vec<u16>,
    /// Between two of them.
    gap: u16,
    /// The lines of the heads: two where one would take the room of the cells.
    heads: u16,
}

/// A line of the list of all tables.
#[derive(Clone, Copy)]
enum Line {
    /// A line of what a table is called.
    Label(usize, usize),
    /// A line of the heads of a table.
    Heads(usize, u16),
    /// A line of a row of a table, and the row's number among the rows of all.
    Row(usize, usize, usize, u16),
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

/// The part of an area that is theirs, three fifths at the most (all that `below` leaves where the pane is alone; more where
/// it is short), and what is left for the measurements.
pub(super) fn share(area: Rect, view: &View<'_>, below: u16) -> (Rect, Rect) {
    let most = match view.state.zoomed {
        true => area.height.saturating_sub(below.min(area.height / 2)),
        // Two runs are told apart by their numbers: those come first, until the keys go up to the rows.
        false if view.other.is_some() && view.state.listed.is_none() => area.height.saturating_sub(NUMBERS),
        false => {
            let part = u16::try_from(u32::from(area.height) * 3 / 5).unwrap_or(area.height);
            part.max(SHORT.min(area.height.saturating_sub(below.max(LEFT))))
        }
    };
    let most = if most < LEAST { 0 } else { most.min(area.height) };
    let lines = lines(&placed(Rect { height: most, ..area }, view)).len();
    let height = u16::try_from(lines + usize::from(lines > 0)).unwrap_or(u16::MAX).min(most);
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
        let keys = if view.focused { "↑ and ↓" } else { "tab, then ↑ and ↓," };
        let text = format!("{}: {keys} go through them{zoom}", chosen.unwrap_or_else(|| format!("{all} rows in all")));
        pen::put(buffer, area, (1, area.height - 1), &text, view.theme.dim);
    }
}

/// The row of a click, by its number among the rows of all.
pub(super) fn hit(area: Rect, y: u16, view: &View<'_>) -> Option<usize> {
    let found = visible_lines(area, view, &placed(area, view)).into_iter().find(|(at, _)| *at == y)?;
    if let Line::Row(_, _, number, _) = found.1 { Some(number) } else { None }
}

fn placed<'a>(area: Rect, view: &View<'a>) -> Vec<Placed<'a>> {
    let room = area.width.saturating_sub(2);
    let place = |table: &'a Table| {
        let widths = widths(table, room);
        let label =
            textwrap::wrap(&visible(&table.label), usize::from(room).max(8)).into_iter().map(Into::into).collect();
        let tall = table.rows.iter().map(|row| tall(row, &widths.columns)).collect();
        Placed { table, label, widths, tall }
    };
    let mut placed: Vec<Placed<'a>> = view.run.recording().tables.iter().map(place).collect();
    // Where not all of them fit so, a table alone is gone through in full words; beside its numbers it shows more rows.
    if is_cut(area, &placed) && !view.state.zoomed {
        placed.iter_mut().for_each(|it| it.tall.fill(1));
    }
    placed
}

/// The lines a row takes so that none of its cells is cut, or as many of them as a row may have.
fn tall(row: &Row, widths: &[u16]) -> u16 {
    let lines = row.cells.iter().zip(widths).map(|(cell, width)| folded(&cell.to_string(), *width, TALL).len());
    lines.max().and_then(|it| u16::try_from(it).ok()).unwrap_or(1).max(1)
}

fn lines(placed: &[Placed<'_>]) -> Vec<Line> {
    let (mut lines, mut number) = (Vec::new(), 0);
    for (index, it) in placed.iter().enumerate() {
        lines.extend((0..it.label.len()).map(|line| Line::Label(index, line)));
        lines.extend((0..it.widths.heads).map(|line| Line::Heads(index, line)));
        for (row, tall) in it.tall.iter().enumerate() {
            lines.extend((0..*tall).map(|line| Line::Row(index, row, number, line)));
            number += 1;
        }
        lines.push(Line::Gap);
    }
    // Where they just fit, the line after the last is not missed.
    lines.pop();
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
    let is_chosen = |it: &Line| matches!(it, Line::Row(_, _, number, _) if Some(*number) == view.state.listed);
    let chosen = all.iter().position(is_chosen).unwrap_or(0);
    let mut start = super::first(chosen, room, all.len());
    let table = all.get(chosen).and_then(|it| it.table()).unwrap_or(0);
    let is_head = |it: &&Line| it.table() == Some(table) && !matches!(it, Line::Row(..));
    let mut shown: Vec<Line> = all.iter().filter(is_head).copied().collect();
    let is_below = start > all.iter().position(|it| it.table() == Some(table)).unwrap_or(0);
    match is_below && shown.len() * 2 <= usize::from(room) {
        true => start += shown.len(),
        false => shown.clear(),
    }
    // No row begins in its middle.
    let left = usize::from(room) - shown.len();
    shown.extend(all.iter().skip(start).skip_while(|it| matches!(it, Line::Row(.., 1..))).take(left));
    (0..).zip(shown).collect()
}

fn draw_line(row: Rect, buffer: &mut Buffer, view: &View<'_>, placed: &[Placed<'_>], line: Line) {
    let theme = view.theme;
    match line {
        Line::Gap => {}
        Line::Label(table, line) => drop(pen::put(buffer, row, (1, 0), &placed[table].label[line], theme.strong)),
        Line::Heads(table, line) => draw_heads(row, buffer, view, &placed[table], line),
        Line::Row(table, index, number, line) => {
            let is_chosen = view.state.listed == Some(number);
            draw_cells(row, buffer, view, &placed[table], (index, line, is_chosen));
        }
    }
}

/// One line of the heads; those of one line stand on the last.
fn draw_heads(row: Rect, buffer: &mut Buffer, view: &View<'_>, it: &Placed<'_>, line: u16) {
    let mut x = 1;
    for (number, (column, width)) in it.table.columns.iter().zip(&it.widths.columns).enumerate() {
        let words = folded(&visible(&column.label), *width, it.widths.heads);
        let above = it.widths.heads.saturating_sub(u16::try_from(words.len()).unwrap_or(0));
        if let Some(text) = line.checked_sub(above).and_then(|line| words.get(usize::from(line))) {
            match is_numbers(it.table, number) {
                true => pen::put_right(buffer, row, (x + width, 0), text, view.theme.dim),
                false => drop(pen::put(buffer, row, (x, 0), text, view.theme.dim)),
            }
        }
        x += width + it.widths.gap;
    }
}

/// One line of a row.
fn draw_cells(
    row: Rect,
    buffer: &mut Buffer,
    view: &View<'_>,
    it: &Placed<'_>,
    (index, line, is_chosen): (usize, u16, bool),
) {
    let theme = view.theme;
    let look = |style| if is_chosen { theme.selected } else { style };
    if is_chosen {
        pen::put(buffer, row, (0, 0), &" ".repeat(usize::from(row.width)), theme.selected);
        pen::put(buffer, row, (0, 0), if line == 0 { "▸" } else { " " }, theme.selected);
    }
    let mut x = 1;
    for (number, (cell, width)) in it.table.rows[index].cells.iter().zip(&it.widths.columns).enumerate() {
        let text = folded(&cell.to_string(), *width, it.tall[index]).into_iter().nth(usize::from(line));
        let text = text.unwrap_or_default();
        match cell {
            Cell::Value(_) => pen::put_right(buffer, row, (x + width, 0), &text, look(theme.text)),
            _ => {
                let style = if number == 0 { theme.strong } else { theme.text };
                pen::put(buffer, row, (x, 0), &text, look(style));
            }
        }
        x += width + it.widths.gap;
    }
}

/// All of a row, each cell with its head: what the columns may have cut off.
pub(super) fn words(table: &Table, row: &Row) -> String {
    let told = table.columns.iter().zip(&row.cells).filter(|(_, cell)| !matches!(cell, Cell::Empty));
    told.map(|(column, cell)| format!("{}: {cell}", visible(&column.label))).collect::<Vec<_>>().join(" · ")
}

/// A text over so many lines at the most, the last cut where that is too few.
fn folded(text: &str, width: u16, most: u16) -> Vec<String> {
    let (width, most) = (usize::from(width), usize::from(most.max(1)));
    if pen::columns(text) <= u16::try_from(width).unwrap_or(u16::MAX) || most == 1 {
        return vec![pen::cut(text, width)];
    }
    let words: Vec<_> = textwrap::wrap(text, width.max(1));
    let (whole, rest) = words.split_at(words.len().min(most - 1));
    let mut lines: Vec<String> = whole.iter().map(|it| pen::cut(it, width)).collect();
    if !rest.is_empty() {
        lines.push(pen::cut(&rest.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(" "), width));
    }
    lines
}

/// Whether a column has numbers with units: its head stands at the right then, as they do.
fn is_numbers(table: &Table, number: usize) -> bool {
    let mut cells = table.rows.iter().filter_map(|row| row.cells.get(number)).filter(|it| !matches!(it, Cell::Empty));
    let first = cells.next();
    first.is_some_and(|it| matches!(it, Cell::Value(_))) && cells.all(|it| matches!(it, Cell::Value(_)))
}

/// As wide as the widest cell and the head. Where there is no room for that, heads take two lines, then columns of words give
/// way, down to the words of their heads; where that is little, all stand closer. A number that is cut would be another one.
fn widths(table: &Table, room: u16) -> Widths {
    let texts = |it: usize| table.rows.iter().filter_map(move |row| row.cells.get(it)).map(|it| it.to_string());
    let cells: Vec<Vec<u16>> =
        (0..table.columns.len()).map(|it| texts(it).map(|text| pen::columns(&text)).collect()).collect();
    let with = |head: fn(&str) -> u16| -> Vec<u16> {
        let columns = table.columns.iter().zip(&cells);
        columns.map(|(it, cells)| cells.iter().copied().max().unwrap_or(0).max(head(&it.label)).max(1)).collect()
    };
    let columns = with(pen::columns);
    if total(&columns, GAP) <= room {
        return Widths { columns, gap: GAP, heads: 1 };
    }
    let whole = with(half);
    let narrowed = |gap| (fitted(table, &cells, whole.clone(), (room, gap)), gap);
    let is_little = |columns: &[u16]| columns.iter().zip(&whole).any(|(it, whole)| it < whole && *it <= WORDS);
    let (columns, gap) = Some(narrowed(GAP)).filter(|(it, _)| !is_little(it)).unwrap_or_else(|| narrowed(NARROW));
    let labels = table.columns.iter().zip(&columns);
    let heads = labels.map(|(it, width)| folded(&visible(&it.label), *width, 2).len()).max().unwrap_or(1);
    Widths { columns, gap, heads: u16::try_from(heads).unwrap_or(1) }
}

/// The columns of all, with what is between them.
fn total(columns: &[u16], gap: u16) -> u16 {
    let gaps = gap * u16::try_from(columns.len().saturating_sub(1)).unwrap_or(0);
    columns.iter().copied().fold(gaps, u16::saturating_add)
}

/// Takes columns of words back until all have room.
fn fitted(table: &Table, cells: &[Vec<u16>], mut columns: Vec<u16>, (room, gap): (u16, u16)) -> Vec<u16> {
    let least: Vec<u16> = table.columns.iter().map(|it| longest_word(&it.label).max(WORDS)).collect();
    while total(&columns, gap) > room {
        // How many cells reach the last column of one; what stands first says what a row is about, and counts twice.
        let reach = |it: usize| {
            let reach = cells[it].iter().filter(|cell| **cell >= columns[it]).count();
            if it == 0 { reach * 2 } else { reach }
        };
        // It is missed less the fewer they are, and the more of them is left before it.
        let missed_less = |a: &usize, b: &usize| {
            let (first, second) = (reach(*a) * usize::from(columns[*b]), reach(*b) * usize::from(columns[*a]));
            first.cmp(&second).then(columns[*b].cmp(&columns[*a])).then(b.cmp(a))
        };
        let gives = |it: &usize| !is_numbers(table, *it) && columns[*it] > least[*it];
        let words = (0..columns.len()).filter(gives).min_by(missed_less);
        let widest = || (0..columns.len()).filter(|it| columns[*it] > 1).max_by_key(|it| (columns[*it], *it));
        let Some(gives) = words.or_else(widest) else { break };
        columns[gives] -= 1;
    }
    columns
}

/// The narrowest that has a head on two lines.
fn half(label: &str) -> u16 {
    let longest = longest_word(label);
    let fits = |width: &u16| textwrap::wrap(label, usize::from(*width).max(1)).len() <= 2;
    (longest..=pen::columns(label)).find(fits).unwrap_or(longest)
}

fn longest_word(label: &str) -> u16 {
    label.split_whitespace().map(pen::columns).max().unwrap_or(0)
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
        let widths = |room| (widths(&table, room).columns, widths(&table, room).heads);
        assert_eq!(widths(80), (vec![22, 37], 1));
        assert_eq!(widths(54), (vec![14, 37], 2));
        assert_eq!(folded("until a request may go", 14, 2), ["until a", "request may go"]);
        assert_eq!(folded("until a request may go", 9, 2), ["until a", "request …"]);
        assert_eq!(widths(30), (vec![14, 14], 2));
        assert_eq!(widths(0).0.iter().sum::<u16>(), 2);
    }

    #[test]
    fn many_columns_share_the_room_and_none_is_left_out() {
        for name in ["http-caching", "security-headers", "connection-pool", "traceroute", "cert-chain"] {
            let run = crate::demos::run(name, &[].into(), &crate::demos::Setup::default()).expect("it ships");
            for table in &run.tables {
                let it = widths(table, 78);
                assert!(total(&it.columns, it.gap) <= 78, "{name}: {:?}", it.columns);
                for (number, (column, width)) in table.columns.iter().zip(&it.columns).enumerate() {
                    assert!(*width >= longest_word(&column.label), "{name}: {} in {width}", column.label);
                    let cells = table.rows.iter().filter_map(|row| row.cells.get(number));
                    let widest = cells.map(|it| pen::columns(&it.to_string())).max().unwrap_or(0);
                    let is_cut = *width < widest;
                    assert!(!is_cut || !is_numbers(table, number), "{name}: {} in {width}", column.label);
                    assert!(!is_cut || *width > WORDS, "{name}: a stump of {} in {width}", column.label);
                }
            }
        }
    }

    #[test]
    fn words_that_are_cut_fold_where_there_is_room_and_no_row_begins_in_its_middle() {
        let mut run = fixture::prepared().recording().clone();
        let mut table = Table::new("x", "what was asked", &[("who", "who"), ("why", "the reason")]);
        for number in 0..20 {
            table.row(None, vec![Cell::text(format!("n{number}")), Cell::text("word ".repeat(25) + "last")]);
        }
        run.tables.push(table);
        let run = Prepared::new(std::sync::Arc::new(run));
        let text = |size, state: &State| fixture::drawn_of(&run, Kind::Table, size, state);
        let state = State { listed: Some(9), ..State::default() };
        assert!(!text((60, 20), &state).contains("last\n n"), "{}", text((60, 20), &state));
        let zoomed = text((60, 20), &State { zoomed: true, ..state });
        let (_, below) = zoomed.split_once("the reason").expect("its heads");
        assert!(below.trim_start().starts_with('n'), "the first begins at its beginning: {zoomed}");
        let (_, chosen) = zoomed.split_once("▸n9 ").expect("the chosen one");
        assert_eq!(chosen.lines().nth(2).map(|it| it.trim().ends_with("last")), Some(true), "{zoomed}");
    }

    #[test]
    fn a_short_pane_gives_its_room_to_the_rows_and_says_which_keys_reach_them() {
        let run = crate::demos::run("dns-balance", &[].into(), &crate::demos::Setup::default()).expect("it ships");
        let rows = count(&run);
        let run = Prepared::new(std::sync::Arc::new(run));
        let text = fixture::drawn_of(&run, Kind::Table, (80, 8), &State::default());
        assert!(rows == 4 && text.contains("tokyo") && text.contains("measured: 1 of"), "{text}");
        assert!(!text.contains("rows in all"), "all are on show: {text}");
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
