//! The list of packets: number, time, from, to, what became of it, what it says.
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{Pane, first, titled};
use crate::recording::Packet;
use crate::tui::views::{Pointed, View, label, pen};
use crate::wire::text::visible;

/// Draws the packets around the one under the cursor.
pub(super) fn draw(area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    let packets = &view.run.recording().packets;
    let title = format!("packets {} of {}", view.state.packet, packets.len());
    let inner = titled(area, buffer, view, &title, view.state.reading.pane == Pane::List);
    let start = start(inner, view);
    for (y, packet) in (0..inner.height).zip(packets.iter().skip(start)) {
        row(inner, buffer, view, y, packet);
    }
}

/// The packet a click means.
pub(super) fn hit(area: Rect, at: Position, view: &View<'_>) -> Option<Pointed> {
    let inner = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let index = start(inner, view) + usize::from(at.y.checked_sub(inner.y)?);
    view.run.recording().packets.get(index).map(|packet| Pointed::Packet(packet.n))
}

fn start(inner: Rect, view: &View<'_>) -> usize {
    let chosen = (view.state.packet as usize).saturating_sub(1);
    first(chosen, inner.height, view.run.recording().packets.len())
}

fn row(area: Rect, buffer: &mut Buffer, view: &View<'_>, y: u16, packet: &Packet) {
    let theme = view.theme;
    let chosen = packet.n == view.state.packet;
    let past = packet.at <= view.state.cursor;
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
    pen::put_right(buffer, area, (6, y), &packet.n.to_string(), base);
    pen::put_right(buffer, area, (16, y), &packet.at.to_string(), base);
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
    let room = usize::from(area.width.saturating_sub(x));
    x = pen::put(buffer, area, (x, y), &pen::cut(&says(view, packet, area.width), room), coloured);
    if !words.is_empty() {
        let room = usize::from(area.width.saturating_sub(x + 2));
        x = pen::put(buffer, area, (x + 2, y), &pen::cut(&words, room), if chosen { base } else { theme.warn });
    }
    if let Some(reason) = packet.reason.as_deref().filter(|_| view.state.reasons) {
        let room = usize::from(area.width.saturating_sub(x + 2));
        let why = pen::cut(&format!("why: {}", visible(reason)), room);
        pen::put(buffer, area, (x + 2, y), &why, if chosen { base } else { theme.code });
    }
}

/// The column the widest pair of names needs.
fn ends_width(view: &View<'_>) -> u16 {
    let nodes = &view.run.recording().topology.nodes;
    let widest = nodes.iter().map(|node| pen::columns(&node.name)).max().unwrap_or(0);
    (2 * widest + 4).min(25)
}

fn says(view: &View<'_>, packet: &Packet, width: u16) -> String {
    if view.hides(packet).is_some() {
        return format!("{} ?", label::protocol(packet));
    }
    if width < 60 || view.state.reasons { label::short(packet) } else { visible(&packet.summary) }
}
