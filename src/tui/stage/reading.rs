//! Reading a packet on the stage: panes, fields, bytes, and what a click points at.
use super::{Focus, Stage};
use crate::tui::action::Action;
use crate::tui::views::packets::{self, TreeRow};
use crate::tui::views::{Kind, Pane, Pointed, Reading};
use crate::wire;

impl Stage {
    /// Whether tab has work to do here before it goes to the pane beside the stage.
    #[must_use]
    pub fn keeps_tab(&self) -> bool {
        let in_packets = self.kind == Kind::Packets && self.state.reading.pane != Pane::Bytes;
        !self.veiled && self.shown.is_some() && (self.focus != Focus::View || in_packets)
    }

    /// Whether the packets are on show.
    #[must_use]
    pub fn shows_packets(&self) -> bool {
        self.kind == Kind::Packets
    }

    /// The keys go elsewhere; when they come back they are at the view's first pane.
    pub fn left(&mut self) {
        self.focus = Focus::View;
        self.typed = None;
        if let Some(before) = self.before.take() {
            self.knobs = before;
        }
        self.state.chart.choosing = None;
        self.state.reading.pane = Pane::List;
    }

    /// Moves inside the panes of the packets view; false when the list has the keys or it is no such key.
    pub(super) fn read(&mut self, action: &Action) -> bool {
        match action {
            Action::NextPane => self.state.reading.pane = self.state.reading.pane.next(true),
            Action::PreviousPane => self.state.reading.pane = self.state.reading.pane.next(false),
            _ if self.state.reading.pane == Pane::List => return false,
            _ => {
                let mut is_step = false;
                self.reading(|reading, rows, length| is_step = reading.step(action, rows, length));
                return is_step;
            }
        }
        self.select_something();
        true
    }

    /// Entering the tree or the bytes with nothing selected selects what a question asks for or the lesson lights, or the
    /// innermost layer.
    fn select_something(&mut self) {
        let mut highlight = self.state.highlight.clone();
        highlight.extend(self.state.hidden.iter().map(|(_, field)| field.clone()));
        self.reading(|reading, rows, _| {
            if reading.pane != Pane::List && reading.row(rows).is_none() {
                let lit = highlight.iter().find_map(|name| rows.iter().position(|row| row.name() == name));
                reading.select(rows, lit.unwrap_or_else(|| Reading::innermost(rows)));
            }
        });
    }

    /// Changes the selection, with the rows of the packet under the cursor and the length of what its bytes pane shows.
    fn reading(&mut self, change: impl FnOnce(&mut Reading, &[TreeRow<'_>], usize)) {
        let Some(run) = &self.shown else { return };
        let Some(packet) = run.recording().packet(self.state.packet) else { return };
        let decoded = wire::decode(&packet.bytes);
        let is_asked = !self.state.hidden.is_empty();
        let marks = if is_asked { &[] } else { run.marks(packet, self.state.capture) };
        let opened = if is_asked { Vec::new() } else { run.opened(packet) };
        let rows = packets::rows(&decoded, marks, &opened);
        let length = packets::length(&rows, self.state.reading.row(&rows), packet.bytes.len());
        change(&mut self.state.reading, &rows, length);
    }

    /// Goes to what a click pointed at.
    pub(super) fn point(&mut self, pointed: Pointed) {
        match pointed {
            Pointed::Time(at) => self.pause_at(at),
            Pointed::Packet(n) => self.go_to_packet(n),
            Pointed::Event(index) => self.go_to_event(index),
            Pointed::Measured(index) => (self.state.measured, self.state.listed) = (index, None),
            Pointed::Listed(number) => self.list(number),
            Pointed::Step(index) => self.go_to_step(index),
            Pointed::Field(index) => {
                self.state.reading.pane = Pane::Tree;
                self.reading(|reading, rows, _| reading.select(rows, index));
            }
            Pointed::Byte(byte) => {
                self.state.reading.pane = Pane::Bytes;
                self.reading(|reading, rows, _| reading.select_byte(rows, byte));
            }
        }
    }
}
