//! What the program has written and the peer has not acknowledged, and which call wrote which byte.
use std::collections::VecDeque;

use crate::lab::tcp::reason::{Bytes, Written};
use crate::lab::tcp::seq::Seq;

/// Bytes from `SND.UNA` on.
#[derive(Debug)]
pub(crate) struct Outbox {
    bytes: VecDeque<u8>,
    capacity: usize,
    /// The sequence number of the first byte.
    start: Seq,
    /// First sequence number and the one after the last, of each call that has bytes here.
    calls: VecDeque<(Seq, Seq)>,
}

impl Outbox {
    /// `first`: the sequence number of the first octet of data.
    pub(crate) const fn new(capacity: usize, first: Seq) -> Self {
        // The window is counted in less than 2^31 octets.
        let most = 1 << 30;
        let capacity = if capacity < most { capacity } else { most };
        Self { bytes: VecDeque::new(), capacity, start: first, calls: VecDeque::new() }
    }

    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.bytes.len()).expect("the capacity is less than 2^31")
    }

    pub(crate) fn room(&self) -> usize {
        self.capacity.saturating_sub(self.bytes.len())
    }

    /// Whether it is worth while to wake a program that waits to write: a third is free, as Linux has it.
    pub(crate) fn has_much_room(&self) -> bool {
        self.room() > 0 && self.room() * 2 >= self.bytes.len()
    }

    /// The sequence number after the last byte: a FIN's.
    pub(crate) fn end(&self) -> Seq {
        self.start + self.len()
    }

    /// Takes what there is room for, from one call of the program.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> usize {
        let taken = self.room().min(bytes.len());
        if taken > 0 {
            let from = self.end();
            self.bytes.extend(&bytes[..taken]);
            self.calls.push_back((from, self.end()));
        }
        taken
    }

    /// Drops what is acknowledged.
    pub(crate) fn release(&mut self, ack: Seq) {
        let count = ack.since(self.start).min(self.len());
        self.bytes.drain(..count as usize);
        self.start += count;
        while self.calls.front().is_some_and(|(_, end)| end.at_or_before(self.start)) {
            self.calls.pop_front();
        }
    }

    /// So many bytes from there on, in two pieces where the ring wraps.
    pub(crate) fn at(&self, seq: Seq, length: u32) -> (&[u8], &[u8]) {
        let from = (seq.since(self.start) as usize).min(self.bytes.len());
        let to = (from + length as usize).min(self.bytes.len());
        let (front, back) = self.bytes.as_slices();
        let cut = front.len();
        (&front[from.min(cut)..to.min(cut)], &back[from.saturating_sub(cut)..to.saturating_sub(cut)])
    }

    /// Whose bytes these are.
    pub(crate) fn written(&self, seq: Seq, length: u32) -> Option<Written> {
        let end = seq + length;
        let first = self.calls.partition_point(|(_, last)| last.at_or_before(seq));
        let after = self.calls.partition_point(|(from, _)| from.before(end));
        let (from, to) = *self.calls.get(first).filter(|_| length > 0)?;
        let size = to - from;
        Some(match after - first {
            1 if (from, to) == (seq, end) => Written::Whole { size },
            1 => Written::Part { size, bytes: Bytes { first: seq - from + 1, last: end - from } },
            calls => Written::Several { bytes: length, calls: u32::try_from(calls).unwrap_or(u32::MAX) },
        })
    }

    /// The connection is over: nothing will be sent again.
    pub(crate) fn clear(&mut self) {
        self.start = self.end();
        self.bytes = VecDeque::new();
        self.calls = VecDeque::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_stay_until_they_are_acknowledged() {
        let mut outbox = Outbox::new(10, Seq(u32::MAX - 3));
        assert_eq!(outbox.take(b"abcdefgh"), 8);
        assert_eq!(outbox.take(b"ijkl"), 2);
        outbox.release(Seq(u32::MAX - 3) + 6);
        assert_eq!((outbox.len(), outbox.room()), (4, 6));
        assert_eq!(outbox.take(b"mnopqr"), 6);
        let (front, back) = outbox.at(Seq(2) + 1, 5);
        assert_eq!([front, back].concat(), b"hijmn");
        assert_eq!(outbox.end(), Seq(12));
    }

    #[test]
    fn each_byte_knows_its_call() {
        let mut outbox = Outbox::new(100, Seq(1));
        outbox.take(b"0123456789");
        outbox.take(b"ab");
        outbox.take(b"cd");
        assert_eq!(outbox.written(Seq(1), 10), Some(Written::Whole { size: 10 }));
        let bytes = Bytes { first: 4, last: 10 };
        assert_eq!(outbox.written(Seq(4), 7), Some(Written::Part { size: 10, bytes }));
        assert_eq!(outbox.written(Seq(9), 6), Some(Written::Several { bytes: 6, calls: 3 }));
        assert_eq!(outbox.written(Seq(9), 0), None);
    }
}
