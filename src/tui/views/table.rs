//! The tables of a run and its measurements: what, how much, and how it was measured; beside another run's with the differences.
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect};

use super::{Pointed, Prepared, View, compare, first, pen, tables};
use crate::quantity::Quantity;
use crate::recording::Measurement;
use crate::wire::text::visible;

/// The narrowest column of numbers.
const NUMBER: u16 = 12;

/// Rows for how the chosen number was measured, with the line above.
const HOW: u16 = 4;

/// Rows for all cells of the chosen row of a table, at the most.
const MOST: u16 = 9;

/// In the place of a number that a run has not.
const NONE: &str = "–";

/// Columns between two columns of numbers, at the least.
const GAP: u16 = 2;

/// The numbers of a line, as they are written, and whether the runs differ.
struct Numbers {
    texts: Vec<String>,
    changed: bool,
}

/// A number that this run has, the other, or both.
#[derive(Clone, Copy)]
struct Line<'a> {
    this: Option<&'a Measurement>,
    other: Option<&'a Measurement>,
}

impl<'a> Line<'a> {
    /// What it is called, and how it was measured.
    fn told(self) -> &'a Measurement {
        self.this.or(self.other).expect("one of the runs has it")
    }
}

/// The numbers of this run in their order; what only the other has stands behind what it has there before it.
fn lines<'a>(run: &'a Prepared, other: Option<&'a Prepared>) -> Vec<Line<'a>> {
    let (own, theirs) = (run.recording(), other.map(Prepared::recording));
    let with = |it: &'a Measurement| Line { this: Some(it), other: theirs.and_then(|run| run.measurement(&it.name)) };
    let mut all: Vec<Line<'a>> = own.measurements.iter().map(with).collect();
    let mut place = 0;
    for it in theirs.iter().flat_map(|run| &run.measurements) {
        let known = all.iter().position(|line| line.told().name == it.name);
        place = known.unwrap_or(place.min(all.len()));
        if known.is_none() {
            all.insert(place, Line { this: None, other: Some(it) });
        }
        place += 1;
    }
    all
}

/// How many numbers there are to go through.
pub(crate) fn count(run: &Prepared, other: Option<&Prepared>) -> usize {
    lines(run, other).len()
}

/// Columns of a table, from left to right.
struct Columns {
    /// Where the label ends.
    label: u16,
    /// Where each number ends.
    ends: Vec<u16>,
}

/// Where the parts stand.
struct Areas {
    names: Rect,
    heads: Rect,
    rows: Rect,
    /// How the chosen number was measured, in full.
    how: Rect,
}

/// Draws the numbers around the chosen one, and how that one was measured.
pub(crate) fn draw(area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    let theme = view.theme;
    let lines = lines(view.run, view.other);
    let (above, area) = tables::share(area, view, row_rows(area.width, view));
    tables::draw(above, buffer, view);
    let areas = areas(area, view);
    draw_names(areas.names, buffer, view);
    let written: Vec<Numbers> = lines.iter().map(|it| numbers(*it, view.other.is_some())).collect();
    let heads: &[&str] = if view.other.is_some() { &["this run", "the other", "difference"] } else { &["this run"] };
    let columns = columns(area.width, view, &widths(&written, heads.len()));
    let chosen = chosen(view);
    let title = format!("measured: {} of {}", chosen + 1, lines.len());
    pen::put(buffer, areas.heads, (1, 0), &pen::cut(&title, usize::from(columns.label)), theme.dim);
    for (end, head) in columns.ends.iter().zip(heads) {
        pen::put_right(buffer, areas.heads, (*end, 0), head, theme.dim);
    }
    let start = first(chosen, areas.rows.height, lines.len());
    for (y, index) in (0..areas.rows.height).zip(start..lines.len()) {
        let row = Rect { y: areas.rows.y + y, height: 1, ..areas.rows };
        draw_row(
            row,
            buffer,
            view,
            &columns,
            (lines[index].told(), &written[index], index == chosen && view.state.listed.is_none()),
        );
    }
    if let Some((title, words)) = told(view) {
        draw_how(areas.how, buffer, view, (&title, &words));
    }
}

/// The number a click means.
pub(crate) fn hit(area: Rect, at: Position, view: &View<'_>) -> Option<Pointed> {
    let (above, area) = tables::share(area, view, row_rows(area.width, view));
    if above.contains(at) {
        return tables::hit(above, at.y - above.y, view).map(Pointed::Listed);
    }
    let rows = areas(area, view).rows;
    let count = count(view.run, view.other);
    let index = first(chosen(view), rows.height, count) + usize::from(at.y.checked_sub(rows.y)?);
    (rows.contains(at) && index < count).then_some(Pointed::Measured(index))
}

fn chosen(view: &View<'_>) -> usize {
    view.state.measured.min(count(view.run, view.other).saturating_sub(1))
}

fn areas(area: Rect, view: &View<'_>) -> Areas {
    let how = match row_rows(area.width, view) {
        0 if area.height >= 8 => HOW,
        rows => rows.min(area.height),
    };
    // Where a row is told in what the tables leave, there may be no room for any number.
    let has_numbers = area.height >= how + 2;
    let names = if view.other.is_some() && has_numbers { 3 } else { 0 };
    let heads = u16::from(has_numbers);
    let rows = [Constraint::Length(names), Constraint::Length(heads), Constraint::Min(0), Constraint::Length(how)];
    let [names, heads, rows, how] = Layout::vertical(rows).areas(area);
    Areas { names, heads, rows, how }
}

/// What is said of what is chosen: all cells of a row of the tables, or how a number was measured.
fn told(view: &View<'_>) -> Option<(String, String)> {
    let recording = view.run.recording();
    if let Some((number, (table, row))) = view.state.listed.and_then(|it| Some((it, tables::listed(recording, it)?))) {
        let title = format!("row {} of {}: {}", number + 1, tables::count(recording), visible(&table.label));
        return Some((title, tables::words(table, row)));
    }
    let line = lines(view.run, view.other).get(chosen(view)).map(|it| it.told());
    line.map(|it| (it.label.clone(), it.how.clone()))
}

/// The rows all cells of the chosen row take; none while a number is chosen.
fn row_rows(width: u16, view: &View<'_>) -> u16 {
    if view.state.listed.is_none() {
        return 0;
    }
    let width = usize::from(width.saturating_sub(2)).max(8);
    let lines = told(view).map_or(0, |(_, words)| textwrap::wrap(&words, width).len());
    u16::try_from(lines + 1).unwrap_or(u16::MAX).min(MOST)
}

fn columns(width: u16, view: &View<'_>, numbers: &[u16]) -> Columns {
    let lines = lines(view.run, view.other);
    let labels = lines.iter().map(|it| pen::columns(&it.told().label));
    let all: u16 = numbers.iter().sum();
    let label = labels.max().unwrap_or(0).clamp(8, width.saturating_sub(all + 3).max(8));
    let ends = (0..numbers.len()).map(|number| label + 2 + numbers[..=number].iter().sum::<u16>());
    Columns { label, ends: ends.collect() }
}

fn draw_row(
    row: Rect,
    buffer: &mut Buffer,
    view: &View<'_>,
    columns: &Columns,
    (it, line, is_chosen): (&Measurement, &Numbers, bool),
) {
    let theme = view.theme;
    let look = |style| if is_chosen { theme.selected } else { style };
    if is_chosen {
        pen::put(buffer, row, (0, 0), &" ".repeat(usize::from(row.width)), theme.selected);
        pen::put(buffer, row, (0, 0), "▸", theme.selected);
    }
    pen::put(buffer, row, (1, 0), &pen::cut(&it.label, usize::from(columns.label)), look(theme.text));
    let styles = [theme.strong, theme.text, if line.changed { theme.warn } else { theme.dim }];
    for ((text, style), end) in line.texts.iter().zip(styles).zip(&columns.ends) {
        pen::put_right(buffer, row, (*end, 0), text, look(style));
    }
    let x = columns.ends.last().map_or(0, |end| end + 2);
    let room = row.width.saturating_sub(x);
    // Where it would be a stump, it stands only below.
    if room >= 40 {
        pen::put(buffer, row, (x, 0), &pen::cut(&it.how, usize::from(room)), look(theme.dim));
    }
}

/// How a number was measured, or a row of a table in full, over the lines it takes.
fn draw_how(area: Rect, buffer: &mut Buffer, view: &View<'_>, (title, words): (&str, &str)) {
    if area.height == 0 {
        return;
    }
    let width = usize::from(area.width.saturating_sub(2)).max(8);
    pen::put(buffer, area, (0, 0), &"─".repeat(usize::from(area.width)), view.theme.border);
    pen::put(buffer, area, (1, 0), &pen::cut(&format!(" {title} "), width), view.theme.dim);
    for (y, line) in (1..area.height).zip(textwrap::wrap(words, width)) {
        pen::put(buffer, area, (1, y), &line, view.theme.text);
    }
}

/// A measurement of this run, of the other, and the difference, where there is another.
fn numbers(it: Line<'_>, beside: bool) -> Numbers {
    let written = |it: Option<&Measurement>| it.map_or_else(|| NONE.to_owned(), |it| it.value.to_string());
    let mut texts = vec![written(it.this)];
    if !beside {
        return Numbers { texts, changed: false };
    }
    texts.push(written(it.other));
    let (text, changed) = match (it.this, it.other) {
        (Some(this), Some(other)) => difference(this, other),
        (Some(_), None) => ("only this".to_owned(), true),
        _ => ("only the other".to_owned(), true),
    };
    texts.push(text);
    Numbers { texts, changed }
}

/// How wide each column of numbers is: as its widest number and a gap.
fn widths(lines: &[Numbers], columns: usize) -> Vec<u16> {
    let widest = |number: usize| lines.iter().filter_map(|it| it.texts.get(number)).map(|it| pen::columns(it)).max();
    (0..columns).map(|number| (widest(number).unwrap_or(0) + GAP).max(NUMBER)).collect()
}

/// Which two runs the columns are of.
fn draw_names(area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    let Some(other) = view.other else { return };
    let (this, that) = compare::names(&view.run.recording().run, &other.recording().run);
    let room = usize::from(area.width.saturating_sub(2));
    pen::put(buffer, area, (1, 0), &pen::cut(&format!("this run  {this}"), room), view.theme.strong);
    pen::put(buffer, area, (1, 1), &pen::cut(&format!("the other {that}"), room), view.theme.text);
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
    fn how_the_chosen_number_was_measured_stands_below_in_full() {
        let state = State { measured: 3, ..State::default() };
        let text = fixture::drawn(Kind::Table, (40, 8), &state, None);
        assert!(text.contains("measured: 4 of 4") && text.contains("lost / sent"), "{text}");
        assert!(!text.contains("SYN-ACK in"), "only of the chosen one: {text}");
    }

    #[test]
    fn what_only_one_of_two_runs_has_has_a_row_too() {
        let run = |settings: &[(&str, &str)]| {
            let settings = settings.iter().map(|(name, it)| ((*name).to_owned(), (*it).to_owned())).collect();
            let run = crate::demos::run("handshake-timing", &settings, &Setup::default());
            Prepared::new(Arc::new(run.expect("it ships")))
        };
        let (quic, tcp) = (run(&[("http", "3")]), run(&[]));
        let text = fixture::drawn_beside(&quic, &tcp, Kind::Table, (100, 40), &State::default());
        let row = |label: &str| {
            let line = text.lines().find(|it| it.contains(label)).unwrap_or_else(|| panic!("{label}: {text}"));
            line.split(label).nth(1).expect("numbers").split_whitespace().collect::<Vec<_>>().join(" ")
        };
        assert!(row("TLS took").starts_with("– 80 ms only the other"), "{text}");
        assert!(row("QUIC took").starts_with("80 ms – only this"), "{text}");
        let place = |label: &str| text.find(label).expect("it is there");
        assert!(place("DNS took") < place("TCP took") && place("TLS took") < place("first byte took"), "{text}");
        let of = |run: &Prepared| run.recording().measurements.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
        let all: std::collections::BTreeSet<_> = of(&quic).into_iter().chain(of(&tcp)).collect();
        assert_eq!((count(&quic, Some(&tcp)), count(&quic, None)), (all.len(), of(&quic).len()));
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
