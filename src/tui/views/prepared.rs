//! A recording with what the views look up in it, made once when it arrives.
use std::sync::Arc;

use crate::recording::{Recording, Time};

/// A recording, ready to be drawn at any instant.
#[derive(Clone, Debug)]
pub struct Prepared {
    recording: Arc<Recording>,
}

impl Prepared {
    #[must_use]
    pub const fn new(recording: Arc<Recording>) -> Self {
        Self { recording }
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
