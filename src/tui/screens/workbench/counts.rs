//! The packets counted: who spoke with whom, what was spoken, how much when, what stands out; each row is a filter.
use std::sync::Arc;

use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::bench::{Bench, View};
use super::{bindings, propose};
use crate::quantity::{Quantity, Unit, seconds};
use crate::tui::action::{Action, Binding, Effect, Key};
use crate::tui::capture::{Counts, Work};
use crate::tui::theme::Theme;
use crate::tui::views::{self, pen};
use crate::wire::capture::statistics::{Conversation, Count, Interval, Kind, Marked, Protocol};
use crate::wire::text::visible_start;

/// From so many columns on there is room for all that is known of a conversation.
const WIDE: u16 = 100;

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum What {
    #[default]
    Conversations,
    Protocols,
    Rate,
    Marks,
}

impl What {
    const ALL: [Self; 4] = [Self::Conversations, Self::Protocols, Self::Rate, Self::Marks];

    const fn name(self) -> &'static str {
        match self {
            Self::Conversations => "conversations",
            Self::Protocols => "protocols",
            Self::Rate => "over time",
            Self::Marks => "what stands out",
        }
    }

    /// The one so many places on, round and round.
    fn on(self, by: usize) -> Self {
        let at = Self::ALL.iter().position(|it| *it == self).unwrap_or(0);
        Self::ALL[(at + by) % Self::ALL.len()]
    }

    fn next(self) -> Self {
        self.on(1)
    }

    fn before(self) -> Self {
        self.on(Self::ALL.len() - 1)
    }
}

/// Counts on the screen, or on their way there.
#[derive(Clone, Debug, Default)]
pub(super) struct Counted {
    what: What,
    row: usize,
    /// The filter whose packets were counted.
    filter: String,
    tables: Option<[Table; What::ALL.len()]>,
    /// How long an interval is.
    every_ns: u64,
}

/// Rows in columns.
#[derive(Clone, Debug, Default)]
struct Table {
    titles: Vec<&'static str>,
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
struct Row {
    cells: Vec<String>,
    /// How much of the most a row has, in thousandths.
    share: u64,
    filter: String,
}

impl Bench {
    /// Counts the packets that are listed.
    pub(super) fn count(&mut self) -> Vec<Effect> {
        let filter = self.filter.clone();
        let what = if let View::Counts(before) = &self.view { before.what } else { What::default() };
        self.view = View::Counts(Box::new(Counted { filter, what, ..Counted::default() }));
        let (study, rows) = (Arc::clone(&self.study), self.rows.clone());
        self.work("counting", None, Work::Count { study, rows })
    }
}

impl Counted {
    pub(super) fn arrived(&mut self, counts: &Counts) {
        self.every_ns = counts.every_ns;
        let mut protocols = Vec::new();
        let all: u64 = counts.protocols.iter().map(|it| it.count.bytes).sum();
        counts.protocols.iter().for_each(|it| push_protocol(&mut protocols, it, "", (0, all)));
        self.tables = Some([
            conversations(&counts.conversations),
            Table { titles: vec!["Protocol", "Packets", "Bytes"], rows: protocols },
            rate(&counts.intervals, counts.every_ns),
            marks(&counts.marks),
        ]);
    }

    fn table(&self) -> Option<&Table> {
        let at = What::ALL.iter().position(|it| *it == self.what)?;
        self.tables.as_ref()?.get(at)
    }

    pub(super) fn update(&mut self, action: &Action, page: isize) {
        match action {
            Action::NextPane => (self.what, self.row) = (self.what.next(), 0),
            Action::PreviousPane => (self.what, self.row) = (self.what.before(), 0),
            _ => self.row = bindings::moved(self.row, self.table().map_or(0, |it| it.rows.len()), action, page),
        }
    }

    /// The filter that lists what the chosen row counts.
    pub(super) fn filter(&self) -> Option<String> {
        let row = self.table()?.rows.get(self.row)?;
        Some(propose::with(&self.filter, &row.filter)).filter(|_| !row.filter.is_empty())
    }

    pub(super) fn bindings(&self) -> Vec<Binding> {
        let code = Key::code;
        let mut keys = vec![
            Binding::new([code(KeyCode::Tab)], self.what.next().name(), Action::NextPane).first(),
            Binding::quiet([code(KeyCode::BackTab)], self.what.before().name(), Action::PreviousPane),
        ];
        keys.extend(bindings::rows(["next row", "row before"]));
        keys.push(Binding::new([code(KeyCode::Enter)], "list its packets", Action::Open).first());
        keys.extend(bindings::views());
        keys.push(bindings::back("packets"));
        keys
    }

    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, theme: &Theme) {
        let mut x = 1;
        for what in What::ALL {
            let style = if what == self.what { theme.selected } else { theme.dim };
            x = pen::put(buffer, area, (x, 0), what.name(), style) + 2;
        }
        if !self.filter.is_empty() {
            let room = usize::from(area.width.saturating_sub(x + 1));
            let text = pen::cut(&format!("of the packets with {}", visible_start(&self.filter, 400)), room);
            pen::put(buffer, area, (x, 0), &text, theme.accent);
        }
        let Some(table) = self.table() else {
            pen::put(buffer, area, (1, 2), "Counting the packets …", theme.dim);
            return;
        };
        if table.rows.is_empty() {
            pen::put(buffer, area, (1, 2), "There is nothing of the kind among these packets.", theme.dim);
            return;
        }
        let widths = table.widths();
        let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        let titles =
            Row { cells: table.titles.iter().map(|it| (*it).to_owned()).collect(), share: 0, filter: String::new() };
        draw_row(Rect { height: 1.min(below.height), ..below }, buffer, theme, (&titles, &widths, None));
        let inner = Rect { y: below.y + 1, height: below.height.saturating_sub(1), ..below };
        let first = views::first(self.row, inner.height, table.rows.len());
        for (y, (index, row)) in (0..inner.height).zip(table.rows.iter().enumerate().skip(first)) {
            let place = Rect { y: inner.y + y, height: 1, ..inner };
            draw_row(place, buffer, theme, (row, &widths, Some(index == self.row)));
        }
    }
}

impl Table {
    fn widths(&self) -> Vec<u16> {
        let cells =
            |column: usize| self.rows.iter().filter_map(move |row| row.cells.get(column)).map(|it| pen::columns(it));
        let wide = |(column, title): (usize, &&str)| cells(column).max().unwrap_or(0).max(pen::columns(title));
        self.titles.iter().enumerate().map(wide).collect()
    }
}

/// A row; none for `chosen` is that of the titles. Names go left and numbers right; a bar has what is left.
fn draw_row(row: Rect, buffer: &mut Buffer, theme: &Theme, (it, widths, chosen): (&Row, &[u16], Option<bool>)) {
    let is_chosen = chosen == Some(true);
    let style = match chosen {
        Some(true) => theme.selected,
        Some(false) => theme.text,
        None => theme.dim,
    };
    if is_chosen {
        pen::put(buffer, row, (0, 0), &" ".repeat(usize::from(row.width)), style);
        pen::put(buffer, row, (0, 0), "▸", style);
    }
    let mut x = 1;
    // Without room for all, the last of many goes, and the names are cut.
    let columns = if row.width < WIDE { widths.len().min(5) } else { widths.len() };
    let numbers: u16 = widths[..columns].iter().skip(1).map(|width| width + 2).sum();
    for (column, (text, width)) in it.cells.iter().zip(&widths[..columns]).enumerate() {
        let width = if column == 0 { (*width).min(row.width.saturating_sub(numbers + 2)) } else { *width };
        if column == 0 {
            pen::put(buffer, row, (x, 0), &pen::cut(text, usize::from(width)), style);
        } else {
            pen::put_right(buffer, row, (x + width, 0), text, style);
        }
        x += width + 2;
    }
    let room = u64::from(row.width.saturating_sub(x + 1).min(60));
    let bar = usize::try_from((it.share * room * 2).div_ceil(1000)).unwrap_or(0);
    if chosen.is_some() && room >= 5 {
        let text = "━".repeat(bar / 2) + if bar % 2 == 1 { "╸" } else { "" };
        pen::put(buffer, row, (x, 0), &text, if is_chosen { style } else { theme.accent });
    }
}

fn share(count: u64, most: u64) -> u64 {
    (count * 1000).checked_div(most).unwrap_or(0)
}

/// Connections before addresses, those with the most bytes first.
fn conversations(all: &[Conversation]) -> Table {
    let order = [Kind::Tcp, Kind::Udp, Kind::Ipv4, Kind::Ipv6, Kind::Ethernet];
    let bytes = |it: &Conversation| it.sent.iter().map(|it| it.bytes).sum::<u64>();
    let mut sorted: Vec<&Conversation> = all.iter().collect();
    sorted.sort_by_key(|it| (order.iter().position(|kind| *kind == it.kind), std::cmp::Reverse(bytes(it))));
    let most = |kind: Kind| all.iter().filter(|it| it.kind == kind).map(bytes).max().unwrap_or(0);
    let row = |it: &&Conversation| {
        let [a, b] = &it.ends;
        let number = |count: &Count| [count.packets.to_string(), size(count.bytes)];
        let mut cells = vec![format!("{}  {a} ↔ {b}", it.kind.label())];
        cells.extend(it.sent.iter().flat_map(number));
        let lasted = it.passed_ns.map_or_else(|| "-".to_owned(), |(first, last)| seconds(last - first, 3));
        cells.push(format!("{lasted} s"));
        let round_trip = it.initial_rtt_ns.map(|ns| format!("{} s", seconds(ns.into(), 6)));
        cells.push(round_trip.unwrap_or_else(|| "-".to_owned()));
        Row { cells, share: share(bytes(it), most(it.kind)), filter: filter_of(it) }
    };
    let titles = vec!["Conversation", "→ sent", "bytes", "← sent", "bytes", "lasts", "round trip"];
    Table { titles, rows: sorted.iter().map(row).collect() }
}

/// The filter of a conversation, by its ends.
fn filter_of(it: &Conversation) -> String {
    if let Some(stream) = it.stream {
        return format!("tcp.stream == {stream}");
    }
    let [a, b] = &it.ends;
    let both =
        |name: &str, a: &dyn std::fmt::Display, b: &dyn std::fmt::Display| format!("{name} == {a} && {name} == {b}");
    match it.kind {
        Kind::Ethernet => both("eth.addr", a, b),
        Kind::Ipv4 => both("ip.addr", a, b),
        Kind::Ipv6 => both("ipv6.addr", a, b),
        Kind::Tcp | Kind::Udp => {
            let ends = a.parse::<std::net::SocketAddr>().ok().zip(b.parse::<std::net::SocketAddr>().ok());
            let Some((a, b)) = ends else { return String::new() };
            let address = if a.is_ipv4() { "ip.addr" } else { "ipv6.addr" };
            format!("{} && {}", both(address, &a.ip(), &b.ip()), both("udp.port", &a.port(), &b.port()))
        }
    }
}

/// A protocol and those inside it, each indented below the one it stands in.
fn push_protocol(rows: &mut Vec<Row>, it: &Protocol, outside: &str, (depth, all): (usize, u64)) {
    let filter = if outside.is_empty() { it.name.to_owned() } else { format!("{outside} && {}", it.name) };
    let name = format!("{}{}", "  ".repeat(depth), it.name);
    let cells = vec![name, it.count.packets.to_string(), size(it.count.bytes)];
    rows.push(Row { cells, share: share(it.count.bytes, all), filter: filter.clone() });
    it.inside.iter().for_each(|it| push_protocol(rows, it, &filter, (depth + 1, all)));
}

fn rate(all: &[Interval], every_ns: u64) -> Table {
    let most = all.iter().map(|it| it.count.bytes).max().unwrap_or(0);
    let row = |it: &Interval| {
        let (from, to) = (i128::from(it.from_ns), i128::from(it.from_ns) + i128::from(every_ns));
        let digits = if every_ns.is_multiple_of(1_000_000) { 3 } else { 9 };
        let filter = format!("frame.time_relative >= {} && frame.time_relative < {}", seconds(from, 9), seconds(to, 9));
        let cells = vec![format!("{} s", seconds(from, digits)), it.count.packets.to_string(), size(it.count.bytes)];
        Row {
            cells,
            share: share(it.count.bytes, most),
            filter: if it.count.packets == 0 { String::new() } else { filter },
        }
    };
    Table { titles: vec!["From", "Packets", "Bytes"], rows: all.iter().map(row).collect() }
}

/// What stands out, the most frequent first, with the packet where it is seen first.
fn marks(all: &[Marked]) -> Table {
    let most = all.iter().map(|it| it.packets).max().unwrap_or(0);
    let row = |it: &Marked| Row {
        cells: vec![it.mark.name().to_owned(), it.packets.to_string(), it.first.to_string()],
        share: share(it.packets, most),
        filter: it.mark.filter().to_owned(),
    };
    Table { titles: vec!["What", "Packets", "First"], rows: all.iter().map(row).collect() }
}

fn size(bytes: u64) -> String {
    Quantity::new(i64::try_from(bytes).unwrap_or(i64::MAX), Unit::Bytes).to_string()
}
