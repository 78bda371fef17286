//! A TCP connection as a sequence: its two ends, and each segment an arrow between them.
use std::net::{IpAddr, SocketAddr};

use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::bench::{Bench, View};
use super::bindings;
use crate::quantity::seconds;
use crate::tui::action::{Action, Binding, Effect, Key};
use crate::tui::theme::Theme;
use crate::tui::views::{self, pen};
use crate::wire::analysis::Mark;
use crate::wire::capture::study::{Studied, Study};
use crate::wire::text::visible_start;

/// Columns before the client's line: number and time.
const BEFORE: u16 = 21;

/// Which connection, and the chosen one of its packets.
#[derive(Clone, Debug)]
pub(super) struct Ladder {
    flow: usize,
    packets: Vec<u32>,
    row: usize,
}

impl Bench {
    /// Draws the chosen packet's connection as a sequence.
    pub(super) fn open_ladder(&mut self) -> Vec<Effect> {
        let here = self.packet().and_then(|it| it.segment().map(|segment| (it.number, segment.flow)));
        let Some((number, flow)) = here else {
            return vec![Effect::Say(
                "Choose a packet of a TCP connection: only these are drawn; f lists other conversations.".to_owned(),
            )];
        };
        let packets = self.study.packets_of(flow);
        let row = packets.partition_point(|it| *it < number).min(packets.len().saturating_sub(1));
        self.view = View::Ladder(Ladder { flow, packets, row });
        Vec::new()
    }
}

impl Ladder {
    pub(super) fn update(&mut self, action: &Action, page: isize) {
        self.row = bindings::moved(self.row, self.packets.len(), action, page);
    }

    /// Takes the packets that came since.
    pub(super) fn look_again(&mut self, study: &Study) {
        self.packets = study.packets_of(self.flow);
    }

    /// The packets on show where there is room for so many.
    pub(super) fn shown(&self, height: u16) -> Vec<u32> {
        let first = views::first(self.row, height, self.packets.len());
        self.packets.iter().skip(first).take(usize::from(height)).copied().collect()
    }

    /// The chosen packet.
    pub(super) fn packet(&self) -> Option<u32> {
        self.packets.get(self.row).copied()
    }

    pub(super) fn bindings() -> Vec<Binding> {
        let mut keys = bindings::rows(["next segment", "segment before"]);
        keys.push(Binding::new([Key::code(KeyCode::Enter)], "its packet", Action::Open).first());
        keys.extend(bindings::views());
        keys.push(bindings::back("packets"));
        keys
    }

    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, theme: &Theme, bench: &Bench) {
        let Some((client, server)) = bench.study.ends_of(self.flow) else { return };
        draw_ends(Rect { height: 1, ..area }, buffer, theme, (self.flow, [client, server]));
        let inner = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        let began = bench.study.began_ns(self.flow);
        let first = views::first(self.row, inner.height, self.packets.len());
        for (y, (index, number)) in (0..inner.height).zip(self.packets.iter().enumerate().skip(first)) {
            let Some(packet) = bench.study.packet_at_once(*number) else { continue };
            let row = Rect { y: inner.y + y, height: 1, ..inner };
            draw_row(row, buffer, theme, (&packet, began, index == self.row));
        }
    }
}

/// Where the two lines stand.
const fn lines(area: Rect) -> (u16, u16) {
    (BEFORE, area.width.saturating_sub(2))
}

fn draw_ends(area: Rect, buffer: &mut Buffer, theme: &Theme, (number, ends): (usize, [(IpAddr, u16); 2])) {
    let (left, right) = lines(area);
    let [client, server] = ends.map(|(ip, port)| SocketAddr::new(ip, port).to_string());
    pen::put(buffer, area, (1, 0), &format!("tcp.stream {number}"), theme.dim);
    let middle = left + right.saturating_sub(left) / 2;
    let room = usize::from(middle.saturating_sub(left));
    pen::put(buffer, area, (left, 0), &pen::cut(&format!("client {client}"), room), theme.hues[2]);
    let server = pen::cut(&format!("server {server}"), room);
    pen::put_right(buffer, area, (right + 1, 0), &server, theme.hues[4]);
}

fn draw_row(row: Rect, buffer: &mut Buffer, theme: &Theme, (it, began, chosen): (&Studied<'_>, Option<u64>, bool)) {
    let Some(segment) = it.segment() else { return };
    let look = |style| if chosen { theme.selected } else { style };
    if chosen {
        pen::put(buffer, row, (0, 0), &" ".repeat(usize::from(row.width)), theme.selected);
        pen::put(buffer, row, (0, 0), "▸", theme.selected);
    }
    pen::put_right(buffer, row, (7, 0), &it.number.to_string(), look(theme.dim));
    let since = it.held.at_ns.zip(began).map(|(at, began)| i128::from(at) - i128::from(began));
    let time = since.map_or_else(|| "-".to_owned(), |ns| seconds(ns, 6));
    pen::put_right(buffer, row, (BEFORE - 2, 0), &time, look(theme.text));
    let (left, right) = lines(row);
    let hue = look(theme.hues[if segment.from_server { 4 } else { 2 }]);
    let wide = right.saturating_sub(left + 1);
    pen::put(buffer, row, (left, 0), "│", look(theme.dim));
    pen::put(buffer, row, (right, 0), "│", look(theme.dim));
    pen::put(buffer, row, (left + 1, 0), &"─".repeat(usize::from(wide)), hue);
    let (x, head) = if segment.from_server { (left + 1, "◀") } else { (right.saturating_sub(1), "▶") };
    pen::put(buffer, row, (x, 0), head, hue);
    let marks: String = it.marks().filter(|it| it.stands_out()).map(|it| format!("[{}] ", it.label())).collect();
    let said = said(it, &segment.marks);
    let room = usize::from(wide.saturating_sub(6));
    let marks = pen::cut(&marks, room);
    let said = pen::cut(&said, room.saturating_sub(usize::from(pen::columns(&marks))));
    // In the middle, so that both ends of the arrow are seen.
    let text = pen::columns(&marks) + pen::columns(&said);
    let x = left + 2 + wide.saturating_sub(text + 4) / 2;
    let x = pen::put(buffer, row, (x, 0), " ", hue);
    let x = pen::put(buffer, row, (x, 0), &marks, look(theme.warn));
    let x = pen::put(buffer, row, (x, 0), &said, look(theme.text));
    pen::put(buffer, row, (x, 0), " ", hue);
}

/// `[SYN] Seq=0 ...`, without the ports, which stand at the ends; of a message its line, and where its segment stands.
fn said(it: &Studied<'_>, marks: &[Mark]) -> String {
    let line = it.line();
    let mut text = line.as_str();
    for mark in marks {
        text = text.strip_prefix(format!("[{}] ", mark.label()).as_str()).unwrap_or(text);
    }
    let ports = text.strip_prefix("TCP ").and_then(|it| it.find('[').map(|at| &it[at..]));
    if let Some(rest) = ports {
        return visible_start(rest, 300);
    }
    let place = it.segment().map(|it| format!("  Seq={} Len={}", it.sequence, it.length)).unwrap_or_default();
    visible_start(text, 300) + &place
}
