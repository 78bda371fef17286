//! Counts over a capture: who spoke with whom, what was spoken, how much when, what stands out. Each takes packets one after another.
mod conversations;
mod expert;
mod hierarchy;
mod rate;

pub use conversations::{Conversation, Conversations, Kind};
pub use expert::{Expert, Marked};
pub use hierarchy::{Hierarchy, Protocol};
pub use rate::{Interval, Rate, TooMany};

/// Packets and their bytes on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub packets: u64,
    pub bytes: u64,
}

impl Count {
    fn add(&mut self, length: u32) {
        self.packets += 1;
        self.bytes += u64::from(length);
    }
}
