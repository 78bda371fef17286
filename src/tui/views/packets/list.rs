//! The list of packets: number, time, from, to, what became of it, what it says.
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{Pane, first, look, titled};
use crate::recording::{Packet, Time};
use crate::tui::views::{Detail, Pointed, View, label, pen};
use crate::wire::text::visible;

/// Draws the packets around the one under the cursor.
pub(super) fn draw(area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    let packets = &view.run.recording().packets;
    let chosen = chosen(view);
    let title = match view.capture() {
        Some(capture) => format!("frames in {}'s capture: {} of {}", capture.name, chosen + 1, capture.frames.len()),
        None => format!("packets on every link: {} of {}", view.state.packet, packets.len()),
    };
    let inner = titled(area, buffer, &look(view), &title, view.state.reading.pane == Pane::List);
    let start = first(chosen, inner.height, count(view));
    for (y, index) in (0..inner.height).zip(start..count(view)) {
        if let Some((at, packet)) = listed(view, index) {
            row(inner, buffer, view, (y, index + 1, at), packet);
        }
    }
}

/// The packet a click means.
pub(super) fn hit(area: Rect, at: Position, view: &View<'_>) -> Option<Pointed> {
    let height = area.height.saturating_sub(1);
    let index = first(chosen(view), height, count(view)) + usize::from(at.y.checked_sub(area.y + 1)?);
    listed(view, index).map(|(_, packet)| Pointed::Packet(packet.n))
}

fn count(view: &View<'_>) -> usize {
    view.capture().map_or(view.run.recording().packets.len(), |capture| capture.frames.len())
}

/// The line of the packet under the cursor.
fn chosen(view: &View<'_>) -> usize {
    let n = view.state.packet;
    match view.capture() {
        Some(capture) => capture.frame(n, view.state.cursor),
        None => (n as usize).saturating_sub(1),
    }
}

/// The packet of a line, and when it passed the place whose capture this is.
fn listed<'a>(view: &View<'a>, index: usize) -> Option<(Time, &'a Packet)> {
    let recording = view.run.recording();
    match view.capture() {
        Some(capture) => {
            let (at, n) = *capture.frames.get(index)?;
            Some((at, recording.packet(n)?))
        }
        None => recording.packets.get(index).map(|packet| (packet.at, packet)),
    }
}

fn row(area: Rect, buffer: &mut Buffer, view: &View<'_>, (y, number, at): (u16, usize, Time), packet: &Packet) {
    let theme = view.theme;
    let chosen = packet.n == view.state.packet;
    let past = at <= view.state.cursor || chosen;
    let base = match (chosen, past) {
        (true, _) => theme.selected,
        (false, true) => theme.text,
        (false, false) => theme.dim,
    };
    if chosen {
        pen::put(buffer, area, (0, y), &" ".repeat(usize::from(area.width)), base);
        pen::put(buffer, area, (0, y), "▸", base);
    }
    let hue = if past { label::style(packet, theme) } else { theme.dim };
    let coloured = if chosen { base } else { hue };
    pen::put_right(buffer, area, (6, y), &number.to_string(), base);
    pen::put_right(buffer, area, (16, y), &at.to_string(), base);
    let mut x = 17;
    if area.width >= 60 {
        let ends = pen::cut(&format!("{} → {}", view.node(packet.from), view.node(packet.to)), 24);
        pen::put(buffer, area, (x, y), &ends, base);
        x += ends_width(view);
    }
    let (sign, words) = label::fate(packet);
    if sign != "→" {
        let style = if past { theme.bad } else { theme.dim };
        x = pen::put(buffer, area, (x, y), &format!("{sign} "), if chosen { base } else { style });
    }
    let marks = marks(view, packet);
    if !marks.is_empty() {
        let style = if past { theme.warn } else { theme.dim };
        x = pen::put(buffer, area, (x, y), &marks, if chosen { base } else { style });
    }
    let room = usize::from(area.width.saturating_sub(x));
    x = pen::put(buffer, area, (x, y), &pen::cut(&says(view, packet, (area.width, room)), room), coloured);
    if !words.is_empty() {
        let room = usize::from(area.width.saturating_sub(x + 2));
        x = pen::put(buffer, area, (x + 2, y), &pen::cut(&words, room), if chosen { base } else { theme.warn });
    }
    if let Some(reason) = packet.reason.as_deref().filter(|_| view.state.detail == Detail::Reasons) {
        let room = usize::from(area.width.saturating_sub(x + 2));
        let why = pen::cut(&format!("why: {}", visible(reason)), room);
        pen::put(buffer, area, (x + 2, y), &why, if chosen { base } else { theme.code });
    }
}

/// `[Retransmission] `, as the capture on show has it; nothing while a question asks about a packet.
fn marks(view: &View<'_>, packet: &Packet) -> String {
    if !view.state.hidden.is_empty() {
        return String::new();
    }
    let marks = view.run.marks(packet, view.state.capture).iter().filter(|mark| mark.stands_out());
    marks.map(|mark| format!("[{}] ", mark.label())).collect()
}

/// The column the widest pair of names needs.
fn ends_width(view: &View<'_>) -> u16 {
    let nodes = &view.run.recording().topology.nodes;
    let widest = nodes.iter().map(|node| pen::columns(&node.name)).max().unwrap_or(0);
    (2 * widest + 4).min(25)
}

/// What it is, in a pane of that width with so much room left for it.
fn says(view: &View<'_>, packet: &Packet, (width, room): (u16, usize)) -> String {
    if view.hides(packet).is_some() {
        return format!("{} ?", label::protocol(packet));
    }
    if width < 60 || view.state.detail == Detail::Reasons {
        return label::short(packet);
    }
    let summary = view.run.summary(packet);
    if usize::from(pen::columns(&summary)) > room { label::inner(&summary) } else { summary }
}
