//! A capture being looked at: which packets are listed, which is chosen, what is noted about them.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::counts::Counted;
use super::grow::Catching;
use super::keep::Saving;
use super::ladder::Ladder;
use super::prompt::Prompt;
use super::stream::Stream;
use super::times::Times;
use crate::tui::capture::{Rows, Ticket};
use crate::tui::views::packets::{self, TreeRow};
use crate::tui::views::{Pane, Reading};
use crate::wire::analysis::Mark;
use crate::wire::capture::study::{Studied, Study};

/// What a thread works on.
#[derive(Clone, Debug)]
pub(super) struct Busy {
    pub(super) ticket: Ticket,
    /// For the learner.
    pub(super) what: &'static str,
    /// The filter, where it is one.
    pub(super) filter: Option<String>,
    /// How many packets were looked at, and of how many.
    pub(super) looked: Option<(usize, usize)>,
}

/// What is on show.
pub(super) enum View {
    /// The list and the chosen packet.
    Packets,
    Stream(Box<Stream>),
    Ladder(Ladder),
    Counts(Box<Counted>),
}

impl View {
    /// Their names, in the order of their keys.
    pub(super) const NAMES: [&str; 4] = ["packets", "stream", "sequence", "statistics"];

    /// Its place among them.
    pub(super) const fn index(&self) -> usize {
        match self {
            Self::Packets => 0,
            Self::Stream(_) => 1,
            Self::Ladder(_) => 2,
            Self::Counts(_) => 3,
        }
    }
}

/// The state of the workbench once there is a capture.
pub(super) struct Bench {
    pub(super) study: Arc<Study>,
    /// How many packets it had when one looked last: it grows meanwhile.
    pub(super) count: usize,
    /// Whether more of it comes.
    pub(super) growing: bool,
    /// Whether the newest packet is chosen as they come.
    pub(super) tail: bool,
    /// Whether it ends before its end.
    pub(super) cut: bool,
    pub(super) rows: Rows,
    /// The chosen row of the list.
    pub(super) row: usize,
    pub(super) view: View,
    pub(super) reading: Reading,
    pub(super) zoomed: bool,
    pub(super) times: Times,
    /// The filter that is applied.
    pub(super) filter: String,
    /// The first packet it was not asked of.
    pub(super) unasked: u32,
    /// Asks it of the packets that came since.
    pub(super) catching: Option<Catching>,
    /// The filters that were applied, the oldest first.
    pub(super) history: Vec<String>,
    /// Opens the connections of the packets on show.
    pub(super) opening: Option<Ticket>,
    /// The packets they were opened for last.
    pub(super) opened_for: Vec<u32>,
    pub(super) prompt: Option<Prompt>,
    pub(super) busy: Option<Busy>,
    /// Packets that were marked: they are so until the workbench is left, as pcapng has no place for marks.
    pub(super) marked: BTreeSet<u32>,
    /// Comments that were written; an empty one takes that of the file away.
    pub(super) comments: BTreeMap<u32, String>,
    /// Those of them that are in a file with all packets.
    pub(super) kept: BTreeMap<u32, String>,
    pub(super) saving: Option<Saving>,
    /// The packet one came from by a jump.
    pub(super) came_from: Option<u32>,
    /// The name that is proposed for a copy.
    pub(super) copy: String,
}

impl Bench {
    /// Of a capture of which more comes.
    pub(super) fn new(study: Arc<Study>, copy: String) -> Self {
        let count = study.count();
        Self {
            study,
            count,
            growing: true,
            tail: false,
            cut: false,
            rows: Rows::All(count),
            row: 0,
            view: View::Packets,
            reading: Reading::default(),
            zoomed: false,
            times: Times::default(),
            filter: String::new(),
            unasked: 1,
            catching: None,
            history: Vec::new(),
            opening: None,
            opened_for: Vec::new(),
            prompt: None,
            busy: None,
            marked: BTreeSet::new(),
            comments: BTreeMap::new(),
            kept: BTreeMap::new(),
            saving: None,
            came_from: None,
            copy,
        }
    }

    /// The number of the chosen packet.
    pub(super) fn number(&self) -> Option<u32> {
        self.rows.number(self.row)
    }

    /// The chosen packet, with what was opened of its connection so far.
    pub(super) fn packet(&self) -> Option<Studied<'_>> {
        self.study.packet_at_once(self.number()?)
    }

    /// The comment on a packet: that written here, else the file's.
    pub(super) fn comment<'a>(&'a self, packet: &'a Studied<'_>) -> Option<&'a str> {
        match self.comments.get(&packet.number) {
            Some(text) => Some(text.as_str()).filter(|it| !it.is_empty()),
            None => packet.held.comment.as_deref(),
        }
    }

    /// Looks at the chosen packet with the lines of its tree.
    pub(super) fn with_rows<T>(&self, look: impl FnOnce(&Studied<'_>, &[TreeRow<'_>]) -> T) -> Option<T> {
        let packet = self.packet()?;
        let marks: Vec<Mark> = packet.marks().collect();
        let rows = packets::rows(&packet.decoded, &marks, &packet.units().collect::<Vec<_>>());
        Some(look(&packet, &rows))
    }

    /// Changes what is selected in the chosen packet; the last argument is the length of the bytes on show.
    pub(super) fn read(&mut self, change: impl FnOnce(&mut Reading, &[TreeRow<'_>], usize)) {
        let mut reading = std::mem::take(&mut self.reading);
        self.with_rows(|packet, rows| {
            let length = packets::length(rows, reading.row(rows), packet.held.bytes.len());
            change(&mut reading, rows, length);
        });
        self.reading = reading;
    }

    /// Entering the tree or the bytes with nothing selected selects the innermost layer.
    pub(super) fn select_something(&mut self) {
        self.read(|reading, rows, _| {
            if reading.pane != Pane::List && reading.row(rows).is_none() {
                reading.select(rows, Reading::innermost(rows));
            }
        });
    }

    /// Chooses a packet: the list is about it from now on. One that is not listed is nowhere to go.
    pub(super) fn go_to(&mut self, number: u32) {
        self.row = self.rows.row(number);
    }

    pub(super) fn go_by(&mut self, by: isize) {
        let last = self.rows.len().saturating_sub(1);
        self.row = self.row.saturating_add_signed(by).min(last);
    }

    /// The packet the chosen one has to do with: its answer, its question, what an error is about; and what that is called.
    pub(super) fn pointed(&self) -> Option<(u32, &'static str)> {
        self.packet()?.marks().find_map(|mark| match mark {
            Mark::AnswerIn { packet, .. } => Some((packet, "its answer")),
            Mark::Answers { packet, .. } => Some((packet, "its question")),
            Mark::RepeatedQuery(packet) => Some((packet, "the query before")),
            Mark::ErrorAbout(packet) => Some((packet, "what it is about")),
            Mark::CausedError(packet) => Some((packet, "the error it caused")),
            _ => None,
        })
    }
}
