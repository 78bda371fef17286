//! What has come and the program has not read, with the gaps in it: reassembly, and the blocks SACK tells of them.
//!
//! ```text
//!   read ─┐        ┌─ RCV.NXT
//!         │ unread │   gap   │ arrived │  gap  │ arrived │
//!         └────────┴─────────┴─────────┴───────┴─────────┘  one ring, filled in place
//! ```
use std::collections::VecDeque;

use crate::lab::tcp::options::Blocks;
use crate::lab::tcp::seq::Seq;

/// Ranges beyond gaps that are kept apart; a sender that needs more is answered as if they were lost.
const MOST_RANGES: usize = 4096;
/// Ranges whose order of arrival is remembered: as many as an option can tell.
const RECENT: usize = 4;

/// What became of an arriving payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Took {
    /// In order: so many bytes can be read now, and whether they closed a gap.
    InOrder { bytes: u32, filled: bool },
    /// Beyond a gap of so many bytes.
    OutOfOrder { missing: u32 },
    /// All of it was here.
    Duplicate,
    /// Too many gaps.
    NoRoom,
}

/// The receiving side of a stream.
#[derive(Debug)]
pub(crate) struct Inbox {
    ring: VecDeque<u8>,
    capacity: usize,
    /// In-order bytes the program has not read.
    unread: u32,
    /// `RCV.NXT`.
    next: Seq,
    /// Ranges that arrived beyond gaps: ascending, apart from each other.
    beyond: Vec<(Seq, Seq)>,
    /// The start of ranges, the one that grew last first (RFC 2018 §4).
    recent: Vec<Seq>,
    /// What came twice, to be told once (RFC 2883 §4).
    twice: Option<(Seq, Seq)>,
}

impl Inbox {
    /// `first`: the sequence number of the first octet of data.
    pub(crate) const fn new(capacity: usize, first: Seq) -> Self {
        // RFC 7323 §2.3: no window is larger than 2^30.
        let most = 1 << 30;
        let capacity = if capacity < most { capacity } else { most };
        Self {
            ring: VecDeque::new(),
            capacity,
            unread: 0,
            next: first,
            beyond: Vec::new(),
            recent: Vec::new(),
            twice: None,
        }
    }

    /// `RCV.NXT`.
    pub(crate) const fn next(&self) -> Seq {
        self.next
    }

    pub(crate) const fn unread(&self) -> u32 {
        self.unread
    }

    pub(crate) fn capacity(&self) -> u32 {
        u32::try_from(self.capacity).expect("at most 2^30")
    }

    /// Bytes from `RCV.NXT` on that would still fit.
    pub(crate) fn room(&self) -> u32 {
        self.capacity().saturating_sub(self.unread)
    }

    pub(crate) const fn has_gaps(&self) -> bool {
        !self.beyond.is_empty()
    }

    /// The FIN has come in order: it takes one number.
    pub(crate) fn pass_fin(&mut self) {
        self.next += 1;
    }

    /// Takes a payload that the caller has cut to the window.
    pub(crate) fn take(&mut self, seq: Seq, bytes: &[u8]) -> Took {
        let length = u32::try_from(bytes.len()).expect("an IPv4 packet has at most 65535 bytes");
        let end = seq + length;
        self.note_twice(seq, end);
        if end.at_or_before(self.next) {
            return Took::Duplicate;
        }
        let from = seq.max(self.next);
        if from.after(self.next) && self.beyond.len() >= MOST_RANGES && !self.touches(from, end) {
            return Took::NoRoom;
        }
        self.store(from, &bytes[(from - seq) as usize..]);
        if from.after(self.next) {
            let new = self.join(from, end);
            return if new { Took::OutOfOrder { missing: from - self.next } } else { Took::Duplicate };
        }
        let before = self.next;
        self.advance(end);
        Took::InOrder { bytes: self.next - before, filled: self.next.after(end) || self.has_gaps() }
    }

    fn store(&mut self, from: Seq, bytes: &[u8]) {
        let at = (self.unread + (from - self.next)) as usize;
        let end = at + bytes.len();
        if at == self.ring.len() {
            self.ring.extend(bytes);
            return;
        }
        if self.ring.len() < end {
            self.ring.resize(end, 0);
        }
        let (front, back) = self.ring.as_mut_slices();
        let cut = front.len();
        let first = bytes.len().min(cut.saturating_sub(at));
        front[at.min(cut)..at.min(cut) + first].copy_from_slice(&bytes[..first]);
        let at = (at + first).saturating_sub(cut);
        let rest = &bytes[first..];
        back[at..at + rest.len()].copy_from_slice(rest);
    }

    /// In-order bytes came up to `end`, and with them what had waited behind.
    fn advance(&mut self, end: Seq) {
        let before = self.next;
        self.next = end;
        let reached = self.beyond.partition_point(|(from, _)| from.at_or_before(self.next));
        for (from, to) in self.beyond.drain(..reached) {
            self.next = self.next.max(to);
            self.recent.retain(|it| *it != from);
        }
        // A range that was reached may reach no further: they were apart.
        self.unread += self.next - before;
    }

    fn touches(&self, from: Seq, end: Seq) -> bool {
        self.beyond.iter().any(|(first, last)| from.at_or_before(*last) && first.at_or_before(end))
    }

    /// Adds a range beyond a gap; false when all of it was there.
    fn join(&mut self, from: Seq, end: Seq) -> bool {
        let low = self.beyond.partition_point(|(_, last)| last.before(from));
        let high = self.beyond.partition_point(|(first, _)| first.at_or_before(end));
        let old = &self.beyond[low..high];
        let first = old.first().map_or(from, |it| it.0.min(from));
        let last = old.last().map_or(end, |it| it.1.max(end));
        let new = !matches!(old, [only] if *only == (first, last));
        let gone: Vec<Seq> = old.iter().map(|it| it.0).collect();
        self.beyond.splice(low..high, [(first, last)]);
        self.recent.retain(|it| !gone.contains(it));
        self.recent.insert(0, first);
        self.recent.truncate(RECENT);
        new
    }

    fn note_twice(&mut self, seq: Seq, end: Seq) {
        if seq.before(self.next) {
            self.twice = Some((seq, end.min(self.next)));
        } else if let Some((first, last)) =
            self.beyond.iter().find(|(first, last)| seq.before(*last) && first.before(end))
        {
            self.twice = Some((seq.max(*first), end.min(*last)));
        }
    }

    /// An old segment came outside the window: told as having come twice.
    pub(crate) fn note_old(&mut self, seq: Seq, end: Seq) {
        if seq.before(end) && seq.before(self.next) {
            self.twice = Some((seq, end.min(self.next)));
        }
    }

    /// Whether something came twice that was not told yet.
    pub(crate) const fn owes_duplicate_sack(&self) -> bool {
        self.twice.is_some()
    }

    /// The blocks for the next ACK: what came twice, then what grew last (RFC 2883 §4, RFC 2018 §4). A FIN at the end of a
    /// range has arrived with it.
    pub(crate) fn blocks(&mut self, most: usize, fin: Option<Seq>) -> Blocks {
        let mut blocks = Blocks::default();
        if most == 0 {
            return blocks;
        }
        if let Some(twice) = self.twice.take() {
            blocks.push(twice);
        }
        for start in &self.recent {
            if let Ok(found) = self.beyond.binary_search_by(|(first, _)| order(*first, *start)) {
                let (first, last) = self.beyond[found];
                blocks.push((first, if fin == Some(last) { last + 1 } else { last }));
            }
        }
        blocks.truncate(most);
        blocks
    }

    /// Gives the program what came in order.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> usize {
        let count = buffer.len().min(self.unread as usize);
        let (front, back) = self.ring.as_slices();
        let first = count.min(front.len());
        buffer[..first].copy_from_slice(&front[..first]);
        buffer[first..count].copy_from_slice(&back[..count - first]);
        self.ring.drain(..count);
        self.unread -= u32::try_from(count).expect("at most what is unread");
        count
    }

    /// Nobody will read: the memory is given back.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.capacity, self.next);
    }
}

fn order(a: Seq, b: Seq) -> std::cmp::Ordering {
    if a == b {
        std::cmp::Ordering::Equal
    } else if a.before(b) {
        std::cmp::Ordering::Less
    } else {
        std::cmp::Ordering::Greater
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Seq = Seq(u32::MAX - 9);

    fn at(offset: u32) -> Seq {
        FIRST + offset
    }

    fn ranges(inbox: &mut Inbox, most: usize) -> Vec<(u32, u32)> {
        inbox.blocks(most, None).as_slice().iter().map(|(a, b)| (*a - FIRST, *b - FIRST)).collect()
    }

    #[test]
    fn gaps_are_filled_in_any_order_across_the_wrap() {
        let text = b"abcdefghijklmnopqrstuvwxyz";
        let mut inbox = Inbox::new(100, FIRST);
        assert_eq!(inbox.take(at(20), &text[20..26]), Took::OutOfOrder { missing: 20 });
        assert_eq!(inbox.take(at(5), &text[5..8]), Took::OutOfOrder { missing: 5 });
        assert_eq!(inbox.take(at(0), &text[0..5]), Took::InOrder { bytes: 8, filled: true });
        let mut buffer = [0; 6];
        assert_eq!(inbox.read(&mut buffer), 6);
        assert_eq!(&buffer, b"abcdef");
        assert_eq!(inbox.take(at(6), &text[6..21]), Took::InOrder { bytes: 18, filled: true });
        let mut rest = [0; 40];
        let count = inbox.read(&mut rest);
        assert_eq!(&rest[..count], &text[6..]);
        assert_eq!((inbox.next(), inbox.unread()), (at(26), 0));
        assert!(!inbox.has_gaps());
    }

    #[test]
    fn blocks_come_with_the_latest_first() {
        let mut inbox = Inbox::new(100, FIRST);
        for offset in [10, 30, 50, 70, 90] {
            inbox.take(at(offset), b"12345");
        }
        assert_eq!(ranges(&mut inbox, 4), [(90, 95), (70, 75), (50, 55), (30, 35)]);
        inbox.take(at(35), b"12345");
        assert_eq!(ranges(&mut inbox, 3), [(30, 40), (90, 95), (70, 75)]);
        inbox.take(at(40), &[0; 10]);
        assert_eq!(ranges(&mut inbox, 4), [(30, 55), (90, 95), (70, 75)]);
    }

    #[test]
    fn what_comes_twice_is_told_once_and_first() {
        let mut inbox = Inbox::new(100, FIRST);
        inbox.take(at(0), b"12345");
        inbox.take(at(10), b"12345");
        assert_eq!(inbox.take(at(0), b"12345"), Took::Duplicate);
        assert_eq!(ranges(&mut inbox, 3), [(0, 5), (10, 15)]);
        assert_eq!(inbox.take(at(11), b"234"), Took::Duplicate);
        assert_eq!(ranges(&mut inbox, 3), [(11, 14), (10, 15)]);
        assert_eq!(ranges(&mut inbox, 3), [(10, 15)]);
    }

    #[test]
    fn ranges_are_bounded() {
        let mut inbox = Inbox::new(100_000, FIRST);
        for n in 0..10_000 {
            inbox.take(at(3 + 3 * n), b"x");
        }
        assert_eq!(inbox.beyond.len(), MOST_RANGES);
        assert_eq!(inbox.take(at(29_000), b"x"), Took::NoRoom);
    }

    #[test]
    fn any_order_of_any_pieces_gives_the_stream() {
        let pieces = proptest::collection::vec((0_u32..200, 1_u32..40), 1..60);
        proptest::proptest!(|(pieces in pieces)| {
            let text: Vec<u8> = (0..=239).collect();
            let mut inbox = Inbox::new(240, FIRST);
            let mut read = Vec::new();
            for (from, length) in pieces.into_iter().chain((0..24).map(|n| (n * 10, 10))) {
                let before = inbox.next();
                let piece = &text[from as usize..(from + length) as usize];
                if let Took::InOrder { bytes, .. } = inbox.take(at(from), piece) {
                    assert_eq!(inbox.next() - before, bytes);
                }
                let mut buffer = [0; 7];
                let count = inbox.read(&mut buffer);
                read.extend_from_slice(&buffer[..count]);
            }
            let mut buffer = [0; 240];
            let count = inbox.read(&mut buffer);
            read.extend_from_slice(&buffer[..count]);
            assert_eq!(read, text);
        });
    }
}
