//! The list of packets: number, time, ends, protocol, length, what it says; only the rows on show are taken apart.
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::bench::Bench;
use crate::tui::theme::Theme;
use crate::tui::views::packets::{Look, titled};
use crate::tui::views::{self, Pane, Pointed, pen};
use crate::wire::analysis::Mark;
use crate::wire::capture::ends;
use crate::wire::capture::study::Studied;
use crate::wire::text::{visible, visible_start};

/// From so many columns on there is room for nanoseconds, lengths and whole addresses.
const WIDE: u16 = 100;

/// Bytes of an info that could be on any screen.
const MOST_INFO: usize = 2000;

/// A row's texts.
struct Cells {
    row: usize,
    number: u32,
    time: String,
    source: String,
    destination: String,
    protocol: String,
    length: String,
    marks: Vec<Mark>,
    info: String,
    /// Whether bytes of it are damaged.
    damaged: bool,
    comment: Option<String>,
}

/// How wide the columns are; one that is not shown has no width.
struct Columns {
    number: u16,
    time: u16,
    source: u16,
    destination: u16,
    protocol: u16,
    length: u16,
}

/// Draws the rows around the chosen one.
pub(super) fn draw(area: Rect, buffer: &mut Buffer, bench: &Bench, look: &Look<'_>) {
    if area.height == 0 {
        return;
    }
    let height = area.height.saturating_sub(1);
    let cells = cells(bench, height, area.width);
    let columns = columns(&cells, bench, area.width);
    let inner = titled(area, buffer, look, "", bench.reading.pane == Pane::List);
    draw_titles(area, buffer, bench, look, &columns);
    for (y, it) in (0..inner.height).zip(&cells) {
        draw_row(Rect { y: inner.y + y, height: 1, ..inner }, buffer, bench, (look.theme, &columns, it));
    }
}

/// The packet a click means.
pub(super) fn hit(area: Rect, at: Position, bench: &Bench) -> Option<Pointed> {
    let height = area.height.saturating_sub(1);
    let row = views::first(bench.row, height, bench.rows.len()) + usize::from(at.y.checked_sub(area.y + 1)?);
    bench.rows.number(row).map(Pointed::Packet)
}

fn cells(bench: &Bench, height: u16, width: u16) -> Vec<Cells> {
    let first = views::first(bench.row, height, bench.rows.len());
    let at = |row: usize| bench.rows.number(row).and_then(|number| bench.study.packet_at_once(number));
    let mut before = first.checked_sub(1).and_then(|row| bench.study.held(bench.rows.number(row)?)?.at_ns);
    let mut all = Vec::new();
    for row in first..first + usize::from(height) {
        let Some(packet) = at(row) else { break };
        let digits = if width < WIDE { 6 } else { 9 };
        let time = bench.times.of(&bench.study, &packet, before, digits);
        before = packet.held.at_ns;
        all.push(read(bench, &packet, row, time));
    }
    all
}

fn read(bench: &Bench, it: &Studied<'_>, row: usize, time: String) -> Cells {
    let [source, destination] = ends(&it.decoded).map(|it| visible_start(it, 60));
    let protocol = it.protocol();
    let said = it.line();
    // The marks have a colour of their own.
    let mut info = said.as_str();
    for mark in it.segment().map_or(&[][..], |it| &it.marks) {
        let label = format!("[{}] ", mark.label());
        info = info.strip_prefix(label.as_str()).unwrap_or(info);
    }
    // The column beside it says the protocol.
    info = info.strip_prefix(protocol.as_str()).and_then(|it| it.strip_prefix(' ')).unwrap_or(info);
    Cells {
        row,
        number: it.number,
        time,
        source,
        destination,
        info: visible_start(info, MOST_INFO),
        protocol,
        length: it.held.length.to_string(),
        marks: it.marks().filter(|it| it.stands_out()).collect(),
        damaged: !it.decoded.problems.is_empty(),
        comment: bench.comment(it).map(|it| visible_start(it, MOST_INFO)),
    }
}

fn columns(cells: &[Cells], bench: &Bench, width: u16) -> Columns {
    let widest = |text: fn(&Cells) -> &str| cells.iter().map(|it| pen::columns(text(it))).max().unwrap_or(0);
    let is_wide = width >= WIDE;
    // Two IPv6 addresses would leave no room for what the packet says.
    let ends = if is_wide { width / 6 } else { width / 5 };
    let digits = u16::try_from(bench.count.to_string().len()).unwrap_or(u16::MAX);
    Columns {
        number: digits.max(3),
        time: widest(|it| &it.time).max(pen::columns(bench.times.title())),
        source: widest(|it| &it.source).clamp(6, ends.max(15)),
        destination: widest(|it| &it.destination).clamp(6, ends.max(15)),
        protocol: widest(|it| &it.protocol).clamp(5, 10),
        length: if is_wide { widest(|it| &it.length).max(6) } else { 0 },
    }
}

impl Columns {
    /// Where each begins: number, time, source, destination, protocol, length, info. Before them stand two signs.
    const fn starts(&self) -> [u16; 7] {
        let number = 2;
        let time = number + self.number + 2;
        let source = time + self.time + 2;
        let destination = source + self.source + 1;
        let protocol = destination + self.destination + 1;
        let length = protocol + self.protocol + 1;
        let info = length + if self.length == 0 { 0 } else { self.length + 2 };
        [number, time, source, destination, protocol, length, info]
    }
}

/// The names of the columns, on the line over the rows.
fn draw_titles(area: Rect, buffer: &mut Buffer, bench: &Bench, look: &Look<'_>, columns: &Columns) {
    let focused = bench.reading.pane == Pane::List;
    let style = if focused { look.theme.strong } else { look.theme.dim };
    let [number, time, source, destination, protocol, length, info] = columns.starts();
    let right = |start: u16, width: u16, text: &str| start + width.saturating_sub(pen::columns(text));
    let title = bench.times.title();
    let mut titles = vec![
        (right(number, columns.number, "No."), "No."),
        (right(time, columns.time, title), title),
        (source, "Source"),
        (destination, if columns.destination < 11 { "Dest." } else { "Destination" }),
        (protocol, if columns.protocol < 8 { "Proto" } else { "Protocol" }),
        (info, "Info"),
    ];
    if columns.length > 0 {
        titles.push((right(length, columns.length, "Length"), "Length"));
    }
    if focused {
        pen::put(buffer, area, (0, 0), "▸", look.theme.strong);
    }
    for (x, text) in titles {
        pen::put(buffer, area, (x, 0), text, style);
    }
}

fn draw_row(row: Rect, buffer: &mut Buffer, bench: &Bench, (theme, columns, it): (&Theme, &Columns, &Cells)) {
    let chosen = it.row == bench.row;
    let look = |style: Style| if chosen { theme.selected } else { style };
    if chosen {
        pen::put(buffer, row, (0, 0), &" ".repeat(usize::from(row.width)), theme.selected);
        pen::put(buffer, row, (0, 0), "▸", theme.selected);
    }
    if bench.marked.contains(&it.number) {
        pen::put(buffer, row, (1, 0), "◆", if chosen { theme.selected } else { theme.lit });
    } else if it.comment.is_some() {
        pen::put(buffer, row, (1, 0), "✎", look(theme.accent));
    }
    let [number, time, source, destination, protocol, length, info] = columns.starts();
    let hue = theme.layer(&it.protocol.to_lowercase());
    pen::put_right(buffer, row, (number + columns.number, 0), &it.number.to_string(), look(theme.dim));
    pen::put_right(buffer, row, (time + columns.time, 0), &it.time, look(theme.text));
    let mut cell = |x: u16, width: u16, text: &str, style| {
        pen::put(buffer, row, (x, 0), &pen::cut(text, usize::from(width)), look(style));
    };
    cell(source, columns.source, &it.source, theme.text);
    cell(destination, columns.destination, &it.destination, theme.text);
    cell(protocol, columns.protocol, &it.protocol, hue);
    if columns.length > 0 {
        pen::put_right(buffer, row, (length + columns.length, 0), &it.length, look(theme.dim));
    }
    let mut x = info;
    let mut put = |text: &str, style| {
        let room = usize::from(row.width.saturating_sub(x));
        x = pen::put(buffer, row, (x, 0), &pen::cut(text, room), look(style));
    };
    if it.damaged {
        put("! ", theme.bad);
    }
    for mark in &it.marks {
        put(&format!("[{}] ", mark.label()), if matches!(mark, Mark::Reset(_)) { theme.bad } else { theme.warn });
    }
    put(&it.info, if it.protocol == "TCP" { theme.text } else { hue });
    if let Some(comment) = &it.comment {
        put(&format!("  ✎ {}", visible(comment)), theme.accent);
    }
}
