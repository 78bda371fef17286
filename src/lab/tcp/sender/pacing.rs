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
    let nanos = u128::from(bytes) * 8_000_000_000 / u128::from(bits.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_leave_a_transmission_time_apart_and_idleness_saves_nothing_up() {
        let mut pacer = Pacer::default();
        assert_eq!(pacer.holds_until(Time(0)), None);
        pacer.on_sent(Time(0), 1250, 10_000_000);
        assert_eq!(pacer.holds_until(Time(0)), Some(Time(1_000_000)));
        assert_eq!(pacer.holds_until(Time(1_000_000)), None);
        pacer.on_sent(Time(9_000_000), 1250, 10_000_000);
        assert_eq!(pacer.holds_until(Time(9_000_000)), Some(Time(10_000_000)));
        assert_eq!(time_for(u32::MAX, 1), Duration::from_nanos(u64::MAX), "no overflow");
    }
}
