//! A recording with what the views look up in it, made once when it arrives.
use std::sync::Arc;

use super::Detail;
use super::machines::Machines;
use super::moments::{self, Moment};
use super::sequence::{self, Rows};
use crate::recording::vantage::{self, Vantage};
use crate::recording::{NodeKind, Recording, Time};
use crate::wire::text::visible;

/// A key walks through the captures: more are of no use.
const MOST_CAPTURES: usize = 16;

/// A recording, ready to be drawn at any instant.
#[derive(Clone, Debug)]
pub struct Prepared {
    recording: Arc<Recording>,
    order: Vec<usize>,
    /// By the detail that is shown.
    rows: [Rows; 3],
    captures: Vec<Capture>,
    moments: Vec<Moment>,
    machines: Machines,
}

/// What one interface of a host saw: the packets' numbers in the order of its capture.
#[derive(Clone, Debug)]
pub(crate) struct Capture {
    pub(crate) name: String,
    pub(crate) frames: Vec<(Time, u32)>,
}

impl Capture {
    /// The frame (from 0) of a packet; of one it did not see, the last frame before it was sent.
    pub(crate) fn frame(&self, n: u32, sent: Time) -> usize {
        let exact = self.frames.iter().position(|(_, it)| *it == n);
        exact.unwrap_or_else(|| self.frames.partition_point(|(at, _)| *at <= sent).saturating_sub(1))
    }
}

fn captures(recording: &Recording) -> Vec<Capture> {
    let is_host = |it: &Vantage| recording.topology.nodes.get(it.node).is_some_and(|it| it.kind == NodeKind::Host);
    let all = vantage::all(recording).into_iter().filter(is_host);
    let capture = |it: Vantage| Capture {
        name: visible(it.name(recording)),
        frames: it.seen(recording).iter().map(|seen| (seen.at, seen.packet.n)).collect(),
    };
    all.take(MOST_CAPTURES).map(capture).collect()
}

impl Prepared {
    #[must_use]
    pub fn new(recording: Arc<Recording>) -> Self {
        let order = sequence::order(&recording.topology);
        let rows = [Detail::Notes, Detail::Calls, Detail::Reasons].map(|detail| Rows::new(&recording, detail));
        let captures = captures(&recording);
        let moments = moments::of(&recording);
        let machines = Machines::of(&recording);
        Self { recording, order, rows, captures, moments, machines }
    }

    /// What hosts decided, and the markers, in order of time.
    pub(crate) fn moments(&self) -> &[Moment] {
        &self.moments
    }

    /// The state machines.
    pub(crate) const fn machines(&self) -> &Machines {
        &self.machines
    }

    /// The captures of the hosts.
    pub(crate) fn captures(&self) -> &[Capture] {
        &self.captures
    }

    /// The nodes in the order of their lifelines.
    pub(crate) fn order(&self) -> &[usize] {
        &self.order
    }

    /// The rows of the sequence in that detail.
    pub(crate) const fn rows(&self, detail: Detail) -> &Rows {
        &self.rows[detail as usize]
    }

    #[must_use]
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// The last packet sent at or before an instant; 0 before the first.
    #[must_use]
    pub fn packet_at(&self, cursor: Time) -> u32 {
        let sent = self.recording.packets.partition_point(|packet| packet.at <= cursor);
        u32::try_from(sent).unwrap_or(u32::MAX)
    }
}
