//! A recording with what the views look up in it, made once when it arrives.
use std::sync::Arc;

use super::sequence::{self, Rows};
use crate::recording::{Recording, Time};

/// A recording, ready to be drawn at any instant.
#[derive(Clone, Debug)]
pub struct Prepared {
    recording: Arc<Recording>,
    order: Vec<usize>,
    outward: Rows,
    inside: Rows,
}

impl Prepared {
    #[must_use]
    pub fn new(recording: Arc<Recording>) -> Self {
        let order = sequence::order(&recording.topology);
        let (outward, inside) = (Rows::new(&recording, false), Rows::new(&recording, true));
        Self { recording, order, outward, inside }
    }

    /// The nodes in the order of their lifelines.
    pub(crate) fn order(&self) -> &[usize] {
        &self.order
    }

    /// The rows of the sequence; `inside` adds what went on inside the nodes.
    pub(crate) const fn rows(&self, inside: bool) -> &Rows {
        if inside { &self.inside } else { &self.outward }
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
