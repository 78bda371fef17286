//! What stands out: how often, and where first. Wireshark calls it expert information.
use std::collections::BTreeMap;

use crate::wire::analysis::Mark;

/// A kind of mark, and the packets that have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marked {
    /// The first that was found.
    pub mark: Mark,
    /// Its packet.
    pub first: u32,
    pub packets: u64,
}

/// Collects them.
#[derive(Clone, Debug, Default)]
pub struct Expert(BTreeMap<&'static str, Marked>);

impl Expert {
    /// Takes a mark of a packet.
    pub fn take(&mut self, packet: u32, mark: Mark) {
        let found = self.0.entry(mark.name()).or_insert(Marked { mark, first: packet, packets: 0 });
        found.packets += 1;
        if packet < found.first {
            (found.first, found.mark) = (packet, mark);
        }
    }

    /// The most frequent first.
    #[must_use]
    pub fn finish(self) -> Vec<Marked> {
        let mut all: Vec<Marked> = self.0.into_values().collect();
        all.sort_by_key(|it| (std::cmp::Reverse(it.packets), it.first));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::analysis::Reset;

    #[test]
    fn marks_of_a_kind_are_counted_together() {
        let mut expert = Expert::default();
        for (packet, mark) in [(9, Mark::DuplicateAck(2)), (7, Mark::Reset(Reset::Aborted)), (8, Mark::DuplicateAck(1))]
        {
            expert.take(packet, mark);
        }
        let found: Vec<_> = expert.finish().iter().map(|it| (it.mark, it.first, it.packets)).collect();
        assert_eq!(found, [(Mark::DuplicateAck(1), 8, 2), (Mark::Reset(Reset::Aborted), 7, 1)]);
    }
}
