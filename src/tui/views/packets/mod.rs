//! The packets: a list, and of the one under the cursor its layers and fields, its bytes, and the field explained.
//!
//! Selecting a field lights its bytes; selecting a byte lights its field.
mod bytes;
mod explain;
mod list;
mod reading;
mod tree;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect};

use super::{Pointed, View, first, pen};
use crate::tui::theme::Theme;
use crate::wire;
use crate::wire::analysis::Scale;
use crate::wire::opened::Unit;
use reading::buffer;
pub use reading::{Pane, Reading};
pub(crate) use reading::{TreeRow, tree as rows};

/// Bytes on a line of the bytes pane.
pub(crate) const PER_LINE: u16 = 8;

/// Columns in which fields can be read with their meanings, and in which an explanation can.
const TREE: u16 = 60;
const EXPLAIN: u16 = 26;

/// Below so many rows a question about a field leaves the bytes out: its neighbours are what the answer follows from.
const ASKED: u16 = 18;

/// Where the panes stand; each has its title on its first row. Without room a pane is empty.
pub(crate) struct Panes {
    pub(crate) list: Rect,
    tree: Rect,
    bytes: Rect,
    explain: Rect,
}

/// How the panes look, whosever packets they show.
#[derive(Clone, Copy)]
pub(crate) struct Look<'a> {
    pub(crate) theme: &'a Theme,
    /// Whether one of the panes has the keys.
    pub(crate) focused: bool,
    pub(crate) reading: &'a Reading,
    /// Names of fields that are lit.
    pub(crate) highlight: &'a [String],
}

/// A packet as the panes show it, of a run or of a capture.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'a> {
    pub(crate) number: u32,
    pub(crate) frame: &'a [u8],
    /// How its segment's window is scaled.
    pub(crate) scale: Option<Scale>,
    /// Whose secrets opened what was sealed.
    pub(crate) opened_with: &'static str,
}

/// The packet under the cursor, read.
pub(crate) struct Read<'a> {
    look: Look<'a>,
    packet: Shown<'a>,
    rows: &'a [TreeRow<'a>],
    /// The selected row, if this packet has it.
    row: Option<usize>,
    /// Bits that are covered: a question asks for them.
    covered: Option<std::ops::Range<usize>>,
    /// The rows about the bytes on show.
    buffer: std::ops::Range<usize>,
}

impl<'a> Read<'a> {
    /// The packet with what is selected in it, and the bits that are covered.
    pub(crate) fn new(
        look: Look<'a>,
        packet: Shown<'a>,
        rows: &'a [TreeRow<'a>],
        covered: Option<std::ops::Range<usize>>,
    ) -> Self {
        let mut read = Self { look, packet, rows, row: look.reading.row(rows), covered, buffer: 0..0 };
        read.buffer = buffer(rows, read.focus().unwrap_or(0));
        read
    }

    /// The row in the middle of interest: the selected one, else what the lesson lights and names first, else the one asked
    /// for.
    fn focus(&self) -> Option<usize> {
        let named = |name: &String| self.rows.iter().position(|row| row.name() == name);
        let lit = || self.look.highlight.iter().find_map(named);
        let asked = || self.rows.iter().position(|row| self.is_covered(row));
        self.row.or_else(lit).or_else(asked)
    }

    /// Whether a row would give a covered field away.
    fn is_covered(&self, row: &TreeRow<'_>) -> bool {
        let overlaps = |covered: &std::ops::Range<usize>| {
            let bits = row.bits();
            bits.start < covered.end && covered.start < bits.end
        };
        !matches!(row, TreeRow::Layer(_) | TreeRow::Mark(..)) && self.covered.as_ref().is_some_and(overlaps)
    }

    /// The bytes on show: the frame's, or those of what was opened.
    fn bytes(&self) -> &[u8] {
        self.unit().map_or(self.packet.frame, |unit| &unit.bytes)
    }

    /// What was opened, if its bytes are on show.
    fn unit(&self) -> Option<&Unit> {
        match self.rows.get(self.buffer.start) {
            Some(TreeRow::Unit(unit)) => Some(unit),
            _ => None,
        }
    }

    /// The rows about the bytes on show.
    fn shown(&self) -> &[TreeRow<'_>] {
        &self.rows[self.buffer.clone()]
    }

    fn is_byte_covered(&self, byte: usize) -> bool {
        self.covered.as_ref().is_some_and(|it| byte >= it.start / 8 && byte < it.end.div_ceil(8))
    }
}

/// The length of the bytes that a row is about; of the frame where none is selected.
pub(crate) fn length(rows: &[TreeRow<'_>], row: Option<usize>, frame: usize) -> usize {
    match row.and_then(|row| rows.get(buffer(rows, row).start)) {
        Some(TreeRow::Unit(unit)) => unit.bytes.len(),
        _ => frame,
    }
}

/// Draws the panes.
pub(crate) fn draw(area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    let panes = panes(area, plan(view));
    list::draw(panes.list, buffer, view);
    with_packet(view, |read| draw_packet(&panes, buffer, read));
}

/// Draws the panes about the one packet.
pub(crate) fn draw_packet(panes: &Panes, buffer: &mut Buffer, read: &Read<'_>) {
    tree::draw(panes.tree, buffer, read);
    bytes::draw(panes.bytes, buffer, read);
    explain::draw(panes.explain, buffer, read);
}

/// What a click means.
pub(crate) fn hit(area: Rect, at: Position, view: &View<'_>) -> Option<Pointed> {
    let panes = panes(area, plan(view));
    if panes.list.contains(at) {
        return list::hit(panes.list, at, view);
    }
    let mut found = None;
    with_packet(view, |read| found = hit_packet(&panes, at, read));
    found
}

/// What a click into the panes about the one packet means.
pub(crate) fn hit_packet(panes: &Panes, at: Position, read: &Read<'_>) -> Option<Pointed> {
    if panes.tree.contains(at) {
        tree::hit(panes.tree, at, read)
    } else if panes.bytes.contains(at) {
        bytes::hit(panes.bytes, at, read)
    } else {
        None
    }
}

fn look<'a>(view: &View<'a>) -> Look<'a> {
    let state = view.state;
    Look { theme: view.theme, focused: view.focused, reading: &state.reading, highlight: &state.highlight }
}

fn plan(view: &View<'_>) -> Plan {
    Plan {
        count: view.run.recording().packets.len(),
        pane: view.state.reading.pane,
        zoomed: view.state.zoomed,
        asked: !view.state.hidden.is_empty(),
    }
}

fn with_packet(view: &View<'_>, mut then: impl FnMut(&Read<'_>)) {
    let Some(packet) = view.run.recording().packet(view.state.packet) else { return };
    let decoded = wire::decode(&packet.bytes);
    let is_asked = !view.state.hidden.is_empty();
    let marks = if is_asked { &[] } else { view.run.marks(packet, view.state.capture) };
    // What is inside tells more than the frame a question is about.
    let opened = if is_asked { Vec::new() } else { view.run.opened(packet) };
    let rows = rows(&decoded, marks, &opened);
    let covered = view.hides(packet).and_then(|field| decoded.field(field)).map(|field| field.bits.clone());
    let shown = Shown {
        number: packet.n,
        frame: &packet.bytes,
        scale: view.run.scale(packet),
        opened_with: "which this run kept",
    };
    then(&Read::new(look(view), shown, &rows, covered));
}

/// What the panes are for.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// How many packets the list has.
    pub(crate) count: usize,
    /// The pane that has the keys.
    pub(crate) pane: Pane,
    /// Whether it has all the room.
    pub(crate) zoomed: bool,
    /// Whether a question asks for a field.
    pub(crate) asked: bool,
}

/// Where the panes stand in an area.
pub(crate) fn panes(area: Rect, plan: Plan) -> Panes {
    let none = Rect { height: 0, ..area };
    let mut panes = Panes { list: none, tree: none, bytes: none, explain: none };
    let bytes = PER_LINE * 4 + 8;
    if plan.zoomed {
        match plan.pane {
            Pane::List => panes.list = area,
            Pane::Tree => panes.tree = area,
            Pane::Bytes => panes.bytes = area,
        }
        return panes;
    }
    let count = u16::try_from(plan.count).unwrap_or(u16::MAX).saturating_add(1);
    if plan.asked && area.height < ASKED && plan.pane != Pane::Bytes {
        // Whatever else has no room, the field that is asked for has.
        let list = match area.height {
            0..5 => 0,
            5..8 => 2,
            _ => 3,
        };
        let [list, tree] = Layout::vertical([Constraint::Length(list), Constraint::Min(0)]).areas(area);
        return Panes { list, tree, ..panes };
    }
    let list = (area.height / 3).clamp(4, 16).min(count.max(4));
    // Titles without rows say nothing: a low area is all list, unless another pane has the keys.
    let is_low = area.height < list + 3;
    if is_low && plan.pane == Pane::List {
        panes.list = area;
        return panes;
    }
    let list = if is_low { area.height / 2 } else { list };
    let [list, lower] = Layout::vertical([Constraint::Length(list), Constraint::Min(0)]).areas(area);
    panes.list = list;
    if area.width >= 140 {
        let columns = [Constraint::Fill(1), Constraint::Length(bytes), Constraint::Fill(1)];
        [panes.tree, panes.bytes, panes.explain] = Layout::horizontal(columns).spacing(1).areas(lower);
        return panes;
    }
    if area.width >= bytes + TREE {
        let explain = if lower.height < 8 { 0 } else { (area.height / 4).clamp(4, 7) };
        let [middle, explain] = Layout::vertical([Constraint::Min(0), Constraint::Length(explain)]).areas(lower);
        panes.explain = explain;
        let columns = [Constraint::Fill(1), Constraint::Length(bytes)];
        [panes.tree, panes.bytes] = Layout::horizontal(columns).spacing(1).areas(middle);
        return panes;
    }
    let share = if lower.height < 6 { Constraint::Length(0) } else { Constraint::Fill(1) };
    let [middle, below] = Layout::vertical([Constraint::Fill(1), share]).areas(lower);
    if area.width >= bytes + EXPLAIN && lower.height >= 6 {
        panes.tree = middle;
        let columns = [Constraint::Length(bytes), Constraint::Fill(1)];
        [panes.bytes, panes.explain] = Layout::horizontal(columns).spacing(1).areas(below);
    } else if plan.pane == Pane::Bytes {
        [panes.bytes, panes.explain] = [middle, below];
    } else {
        [panes.tree, panes.explain] = [middle, below];
    }
    panes
}

/// A pane's title on a line of its own; what is left is for its rows.
pub(crate) fn titled(area: Rect, buffer: &mut Buffer, look: &Look<'_>, title: &str, focused: bool) -> Rect {
    if area.height == 0 {
        return area;
    }
    let style = if focused && look.focused { look.theme.focus } else { look.theme.border };
    pen::put(buffer, area, (0, 0), &"─".repeat(usize::from(area.width)), style);
    let sign = if focused { "▸ " } else { "" };
    let title = pen::cut(&format!(" {sign}{title} "), usize::from(area.width.saturating_sub(2)));
    pen::put(buffer, area, (1, 0), &title, if focused { look.theme.strong } else { look.theme.dim });
    Rect { y: area.y + 1, height: area.height - 1, ..area }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::views::{Kind, State, fixture};

    fn state(packet: u32, field: &str, pane: Pane) -> State {
        let run = fixture::prepared();
        let cursor = run.recording().packet(packet).expect("it exists").at;
        let reading = Reading { pane, selected: Some((field.to_owned(), 0)), byte: None };
        State { cursor, packet, reading, ..State::default() }
    }

    #[test]
    fn a_selected_field_lights_its_bytes_and_is_explained() {
        let state = state(7, "ip.ttl", Pane::Tree);
        for (width, height) in [(40, 14), (74, 26), (120, 36), (196, 50)] {
            let name = format!("packets_{width}x{height}");
            insta::assert_snapshot!(name, fixture::drawn(Kind::Packets, (width, height), &state, None));
        }
    }

    #[test]
    fn a_selected_byte_selects_its_innermost_field() {
        let run = fixture::prepared();
        let decoded = wire::decode(&run.recording().packet(1).expect("it exists").bytes);
        let rows = rows(&decoded, &[], &[]);
        let mut reading = Reading { pane: Pane::Bytes, ..Reading::default() };
        reading.select_byte(&rows, 22);
        assert_eq!(reading.selected, Some(("ip.ttl".to_owned(), 0)));
        reading.move_byte(&rows, 1, 54);
        assert_eq!(reading.selected, Some(("ip.proto".to_owned(), 0)));
        reading.move_byte(&rows, 1000, 54);
        assert_eq!(reading.byte, Some(23), "there is no such byte");
    }

    #[test]
    fn a_hidden_field_gives_nothing_away() {
        let mut state = state(3, "tcp.flags", Pane::Tree);
        let open = fixture::drawn(Kind::Packets, (120, 50), &state, None);
        assert!(open.contains("SYN, ACK") && open.contains("1  (set)"), "{open}");
        state.hidden = vec![(4, "tcp.flags".to_owned())];
        let covered = fixture::drawn(Kind::Packets, (120, 50), &state, None);
        let of_packet = covered.lines().filter(|line| line.contains("server → sw") || line.contains("sw → client"));
        assert!(of_packet.take(2).all(|line| line.contains("TCP ?")), "{covered}");
        insta::assert_snapshot!("packets_hidden", covered);
    }

    #[test]
    fn what_a_lesson_lights_has_a_sign_and_a_colour() {
        let state = State { highlight: vec!["tcp.dstport".to_owned()], ..state(1, "nothing", Pane::List) };
        let buffer = fixture::painted(Kind::Packets, (120, 36), &state, None, "light");
        let text = fixture::text(&buffer);
        assert!(text.contains("◆  Destination port:"), "{text}");
        insta::assert_snapshot!("packets_light_styles", format!("{buffer:?}"));
    }
}
