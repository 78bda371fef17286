//! When the next segment may leave, given a rate.
use std::time::Duration;

use crate::recording::Time;

/// Spaces segments out so that they leave at a rate, not in bursts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pacer {
    /// The earliest instant for the next segment.
    next: Time,
}

impl Pacer {
    /// When the next segment may leave; `None`: now.
    pub(crate) fn holds_until(&self, now: Time) -> Option<Time> {
        (self.next > now).then_some(self.next)
    }

    /// `bytes` leave now at a rate of `bits` per second.
    pub(crate) fn on_sent(&mut self, now: Time, bytes: u32, bits: u64) {
        self.next = self.next.max(now) + time_for(bytes, bits);
    }
}

/// How long so many bytes take.
fn time_for(bytes: u32, bits: u64) -> Duration {
    Duration::from_nanos(u64::from(bytes) * 8 * 1_000_000_000 / bits.max(1))
}
