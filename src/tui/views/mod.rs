//! Views of a recording: pure drawing, and nothing of any demo.
//!
//! Each view is a file or folder of one shape: `draw(area, buffer, view)`. What it looks at is a [`View`].
mod axis;
mod braille;
pub(super) mod chart;
mod compare;
#[cfg(test)]
pub(super) mod fixture;
pub(super) mod label;
pub(super) mod machines;
pub(super) mod moments;
pub(super) mod packets;
pub(super) mod pen;
mod prepared;
mod quiet;
pub(super) mod sequence;
pub(super) mod states;
pub(crate) mod steps;
pub(super) mod table;
pub(super) mod tables;
mod terms;
pub(super) mod topology;
mod waterfall;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::theme::Theme;
use crate::content::Term;
use crate::recording::{Packet, Recording, Time};
pub use packets::{Pane, Reading};
pub(crate) use prepared::Capture;
pub use prepared::Prepared;

/// Which view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    Sequence,
    Packets,
    Waterfall,
    Topology,
    Chart,
    Table,
    States,
    Steps,
}

impl Kind {
    /// In the order of their keys, 1 to 8.
    pub const ALL: [Self; 8] = [
        Self::Sequence,
        Self::Packets,
        Self::Waterfall,
        Self::Topology,
        Self::Chart,
        Self::Table,
        Self::States,
        Self::Steps,
    ];

    /// As lessons and demos name it, and the tabs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sequence => "sequence",
            Self::Packets => "packets",
            Self::Waterfall => "waterfall",
            Self::Topology => "topology",
            Self::Chart => "chart",
            Self::Table => "table",
            Self::States => "states",
            Self::Steps => "steps",
        }
    }

    /// The view of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether the view is of few demos only: then it has a tab and a key where there is something in it.
    #[must_use]
    pub const fn is_rare(self) -> bool {
        matches!(self, Self::Steps)
    }

    /// Whether the recording has anything this view could show.
    #[must_use]
    pub fn has_content(self, recording: &Recording) -> bool {
        match self {
            Self::Sequence => !recording.packets.is_empty() || !recording.events.is_empty(),
            Self::Packets => !recording.packets.is_empty(),
            Self::Waterfall => !recording.spans.is_empty(),
            Self::Topology => !recording.topology.nodes.is_empty(),
            Self::Chart => !recording.series.is_empty(),
            Self::Table => !recording.measurements.is_empty(),
            Self::Steps => !recording.steps.is_empty(),
            Self::States => recording.events.iter().any(|it| machines::is_shown(&it.kind)),
        }
    }
}

/// How much is told beside the packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// What programs say of their work.
    Notes,
    /// Their socket calls as well, and the states of the nodes' machines.
    #[default]
    Calls,
    /// Everything: decisions of the nodes, and below each packet why it was sent.
    Reasons,
}

impl Detail {
    /// The one after this; after the last comes the first.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Notes => Self::Calls,
            Self::Calls => Self::Reasons,
            Self::Reasons => Self::Notes,
        }
    }
}

/// Where the learner stands in a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub cursor: Time,
    /// The packet under the cursor; 0 for none.
    pub packet: u32,
    /// The event under the cursor, when it is one and no packet.
    pub event: Option<usize>,
    /// The row of the sequence the arrow keys went to; several rows may share an instant.
    pub row: Option<usize>,
    /// Wireshark field names a lesson lights.
    pub highlight: Vec<String>,
    pub detail: Detail,
    /// Packets with a field that is a question: its value and bytes are covered.
    pub hidden: Vec<(u32, String)>,
    pub reading: Reading,
    /// Whose capture the list shows, by its place among the run's; none for every crossing of every link.
    pub capture: Option<usize>,
    /// One pane has the whole view.
    pub zoomed: bool,
    /// The decision or marker the keys went to; several may share an instant.
    pub moment: Option<usize>,
    pub chart: chart::Chart,
    /// The measurement chosen in the table.
    pub measured: usize,
    /// The row of the run's own tables that is chosen instead, by its number among the rows of all.
    pub listed: Option<usize>,
    /// Which machines the states view shows, of those that belong together.
    pub group: usize,
}

/// What a click points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pointed {
    Time(Time),
    Packet(u32),
    Event(usize),
    /// A line of the table.
    Measured(usize),
    /// A row of the run's own tables.
    Listed(usize),
    /// A step of a trace.
    Step(usize),
    /// A line of the packet's tree.
    Field(usize),
    Byte(usize),
}

/// What a view draws from.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub run: &'a Prepared,
    /// The run to compare with.
    pub other: Option<&'a Prepared>,
    pub state: &'a State,
    pub theme: &'a Theme,
    /// Whether it has the keys.
    pub focused: bool,
    /// What words mean.
    pub glossary: &'a [Term],
}

impl<'a> View<'a> {
    /// The rows of the sequence as they are shown now.
    pub(crate) const fn rows(&self) -> &'a sequence::Rows {
        self.run.rows(self.state.detail)
    }

    /// The capture the list shows, when it is one host's.
    pub(crate) fn capture(&self) -> Option<&'a Capture> {
        self.state.capture.and_then(|it| self.run.captures().get(it))
    }

    /// The name of a node.
    pub(crate) fn node(&self, index: usize) -> &'a str {
        self.run.recording().topology.nodes.get(index).map_or("?", |node| node.name.as_str())
    }

    /// The field of this packet that is covered: of the packet asked about, and of the same frame on other links.
    pub(crate) fn hides(&self, packet: &Packet) -> Option<&'a str> {
        // Behind the Ethernet and IPv4 headers, which a router rewrites.
        let payload = |packet: &'a Packet| packet.bytes.get(34..).unwrap_or(&packet.bytes);
        let same = |n: u32| {
            self.run
                .recording()
                .packet(n)
                .is_some_and(|it| payload(it) == packet.bytes.get(34..).unwrap_or(&packet.bytes))
        };
        let found = self.state.hidden.iter().find(|(n, _)| *n == packet.n || same(*n));
        found.map(|(_, field)| field.as_str())
    }
}

/// What a click into the view means.
#[must_use]
pub fn hit(kind: Kind, area: Rect, at: Position, view: &View<'_>) -> Option<Pointed> {
    match kind {
        Kind::Sequence => sequence::hit(above_note(area, view), at, view),
        Kind::Packets => packets::hit(area, at, view),
        Kind::Chart => chart::hit(area, at, view),
        Kind::Table => table::hit(area, at, view),
        Kind::Steps if view.other.is_none() => steps::hit(area, at, view),
        _ => None,
    }
}

/// Draws the view of that kind.
pub fn draw(kind: Kind, area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    match view.other {
        Some(other) if kind == Kind::Steps && steps::both(view.run, other) => {
            steps::beside::draw(area, buffer, view, other)
        }
        Some(other) if kind != Kind::Table => compare::draw(kind, area, buffer, view, other),
        _ => draw_one(kind, area, buffer, view),
    }
}

fn draw_one(kind: Kind, area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    if area.width < 8 || area.height < 2 {
        return;
    }
    if !kind.has_content(view.run.recording()) {
        return draw_nothing(kind, area, buffer, view);
    }
    match kind {
        Kind::Sequence => {
            draw_note(area, buffer, view);
            sequence::draw(above_note(area, view), buffer, view);
        }
        Kind::Packets => packets::draw(area, buffer, view),
        Kind::Table => table::draw(area, buffer, view),
        Kind::Waterfall => waterfall::draw(area, buffer, view),
        Kind::Topology => topology::draw(area, buffer, view),
        Kind::Chart => chart::draw(area, buffer, view),
        Kind::States => states::draw(area, buffer, view),
        Kind::Steps => steps::draw(area, buffer, view),
    }
}

/// What is left of the area above the note that a live run has no arrows.
fn above_note(area: Rect, view: &View<'_>) -> Rect {
    let note = if area.height < 10 { 0 } else { u16::try_from(note(area, view).len()).unwrap_or(0) };
    Rect { height: area.height.saturating_sub(note), ..area }
}

/// Why a live run has no arrows, in as many rows as it takes.
fn note(area: Rect, view: &View<'_>) -> Vec<String> {
    let Some(live) = &view.run.recording().run.live else { return Vec::new() };
    let width = usize::from(area.width.saturating_sub(2)).max(8);
    textwrap::wrap(&live.no_packets(), width).into_iter().map(Into::into).collect()
}

/// Says on the last rows why there are no arrows.
fn draw_note(area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    let top = above_note(area, view).bottom();
    for (y, line) in (top..area.bottom()).zip(note(area, view)) {
        pen::put(buffer, area, (1, y - area.y), &line, view.theme.dim);
    }
}

/// Why the view is empty, and what to do.
fn draw_nothing(kind: Kind, area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    let text = match &view.run.recording().run.live {
        Some(live) if kind == Kind::Packets => live.no_packets(),
        Some(_) if kind == Kind::Chart => {
            "This run has no curves: the system told nothing of its connections (TCP_INFO).".to_owned()
        }
        _ => format!("This run has nothing for the {} view.", kind.name()),
    };
    let width = usize::from(area.width.saturating_sub(2)).max(8);
    for (y, line) in (0..area.height).zip(textwrap::wrap(&text, width)) {
        pen::put(buffer, area, (1, y), &line, view.theme.dim);
    }
}

/// The first of `count` rows on show, so that the chosen one stands in the middle where it can.
pub(in crate::tui) const fn first(chosen: usize, height: u16, count: usize) -> usize {
    let height = height as usize;
    let middle = chosen.saturating_sub(height / 2);
    let last = count.saturating_sub(height);
    if middle < last { middle } else { last }
}
