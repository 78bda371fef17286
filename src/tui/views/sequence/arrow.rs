//! The strokes of the sequence: arrows between lifelines, words beside them.
use std::ops::Range;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::lifelines::{GUTTER, Lifelines};
use crate::recording::{EventKind, Fate, Packet, Time};
use crate::tui::views::{Prepared, View, label, pen};

/// The columns of a packet's words below which only their first is said.
const ENOUGH: usize = 12;

/// The columns of an arrow that stay free of such words.
const STROKES: usize = 4;

/// One row of the diagram.
pub(super) struct Canvas<'a, 'b> {
    pub(super) area: Rect,
    pub(super) buffer: &'a mut Buffer,
    pub(super) view: &'a View<'b>,
    pub(super) lifelines: &'a Lifelines,
}

/// From where to where a stroke goes, both ends on a lifeline.
#[derive(Clone, Copy)]
struct Path {
    from: u16,
    to: u16,
}

impl Path {
    const fn length(self) -> u16 {
        self.from.abs_diff(self.to)
    }

    /// The column so many steps from the sender.
    const fn at(self, step: u16) -> u16 {
        if self.to >= self.from { self.from + step } else { self.from - step }
    }

    const fn head(self) -> &'static str {
        if self.to >= self.from { "▶" } else { "◀" }
    }
}

impl<'b> Canvas<'_, 'b> {
    /// A whole arrow, or one that ends where the packet was lost.
    pub(super) fn crossing(&mut self, n: u32) {
        let Some((packet, path)) = self.packet(n) else { return };
        let style = self.style(packet);
        if packet.arrived.is_none() {
            return self.lost(packet, path);
        }
        let name = self.name(packet, path.length().saturating_sub(4));
        self.stroke(path, 1..path.length().saturating_sub(1), "─", style);
        self.sign(path.at(path.length().saturating_sub(1)), path.head(), style);
        let words = self.middle(path, 1..path.length().saturating_sub(1), &name, style);
        self.flight(packet, path, &words);
        self.mark(packet, path);
    }

    /// The first half of an arrow.
    pub(super) fn leaves(&mut self, n: u32) {
        let Some((packet, path)) = self.packet(n) else { return };
        let style = self.style(packet);
        let half = path.length() * 2 / 3;
        self.stroke(path, 1..half.saturating_sub(2), "─", style);
        self.stroke(path, half.saturating_sub(2)..half, "╌", style);
        let name = self.name(packet, half.saturating_sub(3));
        let words = self.middle(path, 0..half, &name, style);
        self.flight(packet, path, &words);
        self.mark(packet, path);
    }

    /// The second half.
    pub(super) fn arrives(&mut self, n: u32) {
        let Some((packet, path)) = self.packet(n) else { return };
        let past = packet.arrived.is_some_and(|it| it <= self.view.state.cursor);
        let style = if past { label::style(packet, self.view.theme) } else { self.view.theme.dim };
        let (half, end) = (path.length() / 2, path.length().saturating_sub(1));
        self.stroke(path, half..half + 2, "╌", style);
        self.stroke(path, half + 2..end, "─", style);
        self.sign(path.at(end), path.head(), style);
        self.middle(path, half..path.length(), &packet.n.to_string(), style);
    }

    fn lost(&mut self, packet: &Packet, path: Path) {
        let theme = self.view.theme;
        let style = self.style(packet);
        let (sign, words) = label::fate(packet);
        let end = path.length() * 3 / 5;
        self.stroke(path, 1..end, "─", style);
        let bad = if packet.at <= self.view.state.cursor { theme.bad } else { theme.dim };
        self.sign(path.at(end), if sign == "╳" { "╳" } else { "╌" }, bad);
        let name = self.name(packet, end.saturating_sub(3));
        let named = self.middle(path, 0..end, &name, style);
        self.beside(path, end, &words, bad);
        self.flight(packet, path, &named);
    }

    /// Words beyond the end of a broken arrow.
    fn beside(&mut self, path: Path, end: u16, words: &str, style: Style) {
        if path.to >= path.from {
            let x = path.at(end) + 2;
            let room = usize::from(self.area.width.saturating_sub(x));
            pen::put(self.buffer, self.area, (x, 0), &pen::cut(words, room), style);
        } else {
            let x = path.at(end).saturating_sub(1);
            let words = pen::cut(words, usize::from(x.saturating_sub(GUTTER)));
            pen::put_right(self.buffer, self.area, (x, 0), &words, style);
        }
    }

    /// What a node did, in words beside its lifeline.
    pub(super) fn event(&mut self, index: usize, at: Time, words: &str) {
        let Some(event) = self.view.run.recording().events.get(index) else { return };
        let Some(x) = self.lifelines.columns.get(event.node).copied() else { return };
        let theme = self.view.theme;
        let style = match &event.kind {
            _ if at > self.view.state.cursor => theme.dim,
            EventKind::Call { .. } => theme.code,
            EventKind::State { .. } => theme.accent,
            EventKind::Decision { .. } => theme.dim,
            EventKind::Note { .. } => theme.text,
        };
        let right = self.area.width.saturating_sub(x + 2);
        let left = x.saturating_sub(GUTTER + 1);
        let width = pen::columns(words);
        if right >= width || right >= left {
            pen::put(self.buffer, self.area, (x, 0), "├", style);
            pen::put(self.buffer, self.area, (x + 2, 0), &pen::cut(words, usize::from(right)), style);
        } else {
            pen::put(self.buffer, self.area, (x, 0), "┤", style);
            pen::put_right(
                self.buffer,
                self.area,
                (x.saturating_sub(1), 0),
                &pen::cut(words, usize::from(left)),
                style,
            );
        }
    }

    pub(super) fn silence(&mut self, length: Duration) {
        let words = format!("· · {} · ·", Time::ZERO + length);
        let x = GUTTER + (self.area.width.saturating_sub(GUTTER + pen::columns(&words))) / 2;
        pen::put(self.buffer, self.area, (x.saturating_sub(1), 0), &format!(" {words} "), self.view.theme.dim);
    }

    fn packet(&self, n: u32) -> Option<(&'b Packet, Path)> {
        let run: &'b Prepared = self.view.run;
        let packet = run.recording().packet(n)?;
        let column = |node: usize| self.lifelines.columns.get(node).copied();
        Some((packet, Path { from: column(packet.from)?, to: column(packet.to)? }))
    }

    fn style(&self, packet: &Packet) -> Style {
        let theme = self.view.theme;
        if packet.at > self.view.state.cursor { theme.dim } else { label::style(packet, theme) }
    }

    /// The number and what it is, in the room there is.
    fn name(&self, packet: &Packet, room: u16) -> String {
        let what = if self.view.hides(packet).is_some() {
            format!("{} ?", label::protocol(packet))
        } else {
            label::short(packet)
        };
        let first = what.split(' ').next().unwrap_or_default();
        let number = packet.n.to_string();
        let left = usize::from(room.saturating_sub(pen::columns(&number) + 1));
        // What is long is cut where enough of it stays to be told from others, and of the arrow to be seen.
        let is_long = usize::from(pen::columns(&what)) > left && left >= ENOUGH + STROKES;
        let most = if is_long { pen::cut(&what, left - STROKES) } else { what.clone() };
        let names = [format!("{number} {most}"), format!("{number} {first}"), number];
        let fits = |name: &String| pen::columns(name) <= room;
        names.into_iter().find(fits).unwrap_or_default()
    }

    fn stroke(&mut self, path: Path, steps: Range<u16>, sign: &str, style: Style) {
        for step in steps {
            self.sign(path.at(step), sign, style);
        }
    }

    fn sign(&mut self, x: u16, sign: &str, style: Style) {
        pen::put(self.buffer, self.area, (x, 0), sign, style);
    }

    /// Words in the middle of a stretch of the arrow; gives the columns they take with the space on both sides.
    fn middle(&mut self, path: Path, steps: Range<u16>, words: &str, style: Style) -> Range<u16> {
        let width = pen::columns(words) + 2;
        if words.is_empty() || width > steps.end.saturating_sub(steps.start) {
            return 0..0;
        }
        let margin = (steps.end - steps.start - width).div_ceil(2);
        let ends = [path.at(steps.start + margin), path.at(steps.start + margin + width - 1)];
        let x = ends[0].min(ends[1]);
        pen::put(self.buffer, self.area, (x, 0), &format!(" {words} "), style);
        x..x + width
    }

    /// Where the packet is at the cursor, when it is on its way; beside the words, never on them.
    fn flight(&mut self, packet: &Packet, path: Path, words: &Range<u16>) {
        if let Some(ppm) = label::progress(packet, self.view.state.cursor) {
            let step = u32::from(path.length().saturating_sub(2)) * ppm / 1_000_000 + 1;
            let x = path.at(u16::try_from(step).unwrap_or(1));
            let x = match words.contains(&x) {
                true if x - words.start < words.end - x => words.start,
                true => words.end - 1,
                false => x,
            };
            self.sign(x, "●", self.view.theme.lit);
        }
    }

    /// A sign where someone meddled with it.
    fn mark(&mut self, packet: &Packet, path: Path) {
        if let Fate::Meddled(_) | Fate::Copy { .. } = packet.fate {
            let (_, words) = label::fate(packet);
            self.beside(path, path.length(), &words, self.view.theme.warn);
        }
    }
}
