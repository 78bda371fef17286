//! What is in flight, segment by segment: SACKed, lost, sent again (RFC 6675 §3, the data structure).
//!
//! ```text
//!   SND.UNA                                       SND.NXT
//!     |  lost  | SACKed | SACKed |  lost, again  | in flight |
//!
//!   pipe = flight - SACKed - lost + sent again
//! ```
//!
//! Counters are kept as things happen, and each segment is marked once for each thing that happens to it, so that an ACK
//! costs what it changes and not what is in flight.
use std::collections::VecDeque;
use std::time::Duration;

use crate::lab::tcp::sender::Why;
use crate::lab::tcp::sender::ranges::{Range, Ranges};
use crate::lab::tcp::sender::rate::{Deliveries, Snapshot};
use crate::lab::tcp::seq::Seq;
use crate::recording::Time;

/// One transmission unit between `SND.UNA` and `SND.NXT`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) seq: Seq,
    pub(crate) len: u32,
    /// When it last left.
    pub(crate) sent_at: Time,
    pub(crate) first_sent_at: Time,
    pub(crate) transmissions: u32,
    pub(crate) sacked: bool,
    /// Why it is taken for lost, if it is; stays until it is acknowledged.
    pub(crate) lost: Option<Why>,
    /// A retransmission is in flight.
    pub(crate) again: bool,
    snapshot: Snapshot,
}

impl Segment {
    pub(crate) fn end(&self) -> Seq {
        self.seq + self.len
    }

    /// Lost and not on its way again.
    fn is_due(&self) -> bool {
        self.lost.is_some() && !self.again && !self.sacked
    }
}

/// A segment the ACK delivered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrived {
    pub(crate) end: Seq,
    pub(crate) sent_at: Time,
    pub(crate) again: bool,
    /// By the cumulative ACK, not by SACK.
    pub(crate) cumulative: bool,
}

/// What an ACK did to the board.
#[derive(Clone, Debug, Default)]
pub(crate) struct Delivery {
    /// Octets the cumulative ACK moved.
    pub(crate) acked: u32,
    /// Octets that arrived for the first time.
    pub(crate) delivered: u32,
    /// Something acknowledged cumulatively had been sent more than once.
    pub(crate) ambiguous: bool,
    /// The segments behind `delivered`.
    pub(crate) arrived: Vec<Arrived>,
    /// Octets reported to have come twice (RFC 2883).
    pub(crate) duplicate: Option<Range>,
}

/// What a round of loss detection found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Octets newly taken for lost.
    pub(crate) lost: u32,
    /// The first of them.
    pub(crate) first: Option<(Seq, Why)>,
    /// A retransmission among them.
    pub(crate) again: Option<Seq>,
    /// How long until the next one is overdue.
    pub(crate) wait: Option<Duration>,
}

/// The segments between `SND.UNA` and `SND.NXT`.
#[derive(Debug)]
pub(crate) struct Scoreboard {
    una: Seq,
    nxt: Seq,
    segments: VecDeque<Segment>,
    ranges: Ranges,
    /// Every transmission in the order of leaving, for RACK; those that no longer count are passed over.
    order: VecDeque<(Time, Seq, Seq)>,
    sacked: u32,
    lost: u32,
    again: u32,
    /// Octets for which [`Segment::is_due`] holds, and where the first of them may be.
    due: u32,
    due_from: Seq,
    /// Below this all is SACKed or marked by [`Self::mark_by_threshold`].
    threshold_marked: Seq,
    /// Without SACK: octets that duplicate ACKs say have left the network.
    presumed: u32,
    deliveries: Deliveries,
}

impl Scoreboard {
    pub(crate) fn new(first: Seq, now: Time) -> Self {
        Self {
            una: first,
            nxt: first,
            segments: VecDeque::new(),
            ranges: Ranges::default(),
            order: VecDeque::new(),
            sacked: 0,
            lost: 0,
            again: 0,
            due: 0,
            due_from: first,
            threshold_marked: first,
            presumed: 0,
            deliveries: Deliveries::new(now),
        }
    }

    pub(crate) const fn una(&self) -> Seq {
        self.una
    }

    pub(crate) const fn nxt(&self) -> Seq {
        self.nxt
    }

    /// RFC 5681 `FlightSize`, octets.
    pub(crate) fn flight(&self) -> u32 {
        self.nxt - self.una
    }

    /// RFC 6675 §4 `SetPipe`, octets: what is SACKed has left the network, what is lost has left it too, and what was
    /// sent again is in it once more.
    pub(crate) fn pipe(&self) -> u32 {
        (self.flight() + self.again).saturating_sub(self.sacked + self.lost + self.presumed)
    }

    /// Octets above `SND.UNA` that have arrived, as far as the ACKs tell.
    pub(crate) fn sacked(&self) -> u32 {
        self.sacked + self.presumed
    }

    /// Octets lost and not sent again yet.
    pub(crate) const fn due(&self) -> u32 {
        self.due
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    pub(crate) fn segments(&self) -> impl DoubleEndedIterator<Item = &Segment> + '_ {
        self.segments.iter()
    }

    /// When each segment that was sent more than once, and has not arrived yet, left last.
    pub(crate) fn repeats_on_their_way(&self) -> impl Iterator<Item = Time> + '_ {
        self.segments.iter().filter(|it| it.transmissions > 1 && !it.sacked).map(|it| it.sent_at)
    }

    pub(crate) fn first(&self) -> Option<&Segment> {
        self.segments.front()
    }

    pub(crate) fn last(&self) -> Option<&Segment> {
        self.segments.back()
    }

    pub(crate) const fn deliveries(&mut self) -> &mut Deliveries {
        &mut self.deliveries
    }

    /// New data leaves.
    pub(crate) fn on_sent(&mut self, now: Time, len: u32) {
        let (seq, idle) = (self.nxt, self.segments.is_empty());
        let snapshot = self.deliveries.on_send(now, idle);
        self.segments.push_back(Segment {
            seq,
            len,
            sent_at: now,
            first_sent_at: now,
            transmissions: 1,
            sacked: false,
            lost: None,
            again: false,
            snapshot,
        });
        self.nxt += len;
        self.note_order(now, seq, self.nxt);
    }

    /// A segment, or the first `len` octets of it, leaves again.
    pub(crate) fn on_sent_again(&mut self, now: Time, seq: Seq, len: u32) {
        let Some(at) = self.find(seq) else { return };
        self.split(at, seq + len);
        let snapshot = self.deliveries.on_send(now, false);
        let segment = &mut self.segments[at];
        if segment.is_due() {
            self.due -= segment.len;
        }
        // What has arrived counts no more, whatever is sent.
        if !segment.again && !segment.sacked {
            segment.again = true;
            self.again += segment.len;
        }
        segment.sent_at = now;
        segment.transmissions += 1;
        segment.snapshot = snapshot;
        let end = segment.end();
        self.note_order(now, seq, end);
    }

    /// Applies an ACK with its SACK blocks.
    pub(crate) fn on_ack(&mut self, now: Time, ack: Seq, blocks: &[Range]) -> Delivery {
        let mut delivery = Delivery { duplicate: duplicate(ack, blocks), ..Delivery::default() };
        self.acknowledge(now, ack, &mut delivery);
        let fresh = blocks.iter().skip(usize::from(delivery.duplicate.is_some()));
        for &(from, to) in fresh {
            // RFC 2018 §5 does not say what to do with nonsense: it is ignored.
            let plausible = from.before(to) && from.at_or_after(self.una) && to.at_or_before(self.nxt);
            if plausible {
                self.sack(now, (from, to), &mut delivery);
            }
        }
        delivery
    }

    fn acknowledge(&mut self, now: Time, ack: Seq, delivery: &mut Delivery) {
        delivery.acked = ack.since(self.una);
        while let Some(first) = self.segments.front().copied() {
            if !first.seq.before(ack) {
                break;
            }
            if first.end().after(ack) {
                self.split(0, ack);
                continue;
            }
            delivery.ambiguous |= first.transmissions > 1;
            self.uncount(&first);
            if !first.sacked {
                self.arrive(now, &first, true, delivery);
            }
            self.segments.pop_front();
        }
        self.una = self.una.max(ack);
        self.due_from = self.due_from.max(self.una);
        self.threshold_marked = self.threshold_marked.max(self.una);
        self.ranges.drop_below(self.una);
        while self.order.front().is_some_and(|(_, _, end)| end.at_or_before(self.una)) {
            self.order.pop_front();
        }
    }

    fn sack(&mut self, now: Time, block: Range, delivery: &mut Delivery) {
        for (from, to) in self.ranges.add(block) {
            let mut at = self.split_at(from);
            self.split_at(to);
            while let Some(segment) = self.segments.get(at).copied().filter(|it| it.seq.before(to)) {
                self.uncount(&segment);
                self.segments[at].sacked = true;
                self.sacked += segment.len;
                self.arrive(now, &segment, false, delivery);
                at += 1;
            }
        }
    }

    fn arrive(&mut self, now: Time, segment: &Segment, cumulative: bool, delivery: &mut Delivery) {
        let (sent_at, end) = (segment.sent_at, segment.end());
        delivery.delivered += segment.len;
        delivery.arrived.push(Arrived { end, sent_at, again: segment.transmissions > 1, cumulative });
        self.deliveries.on_delivered(now, segment.len, sent_at, segment.snapshot);
    }

    /// Takes a segment out of the counters.
    fn uncount(&mut self, segment: &Segment) {
        if segment.sacked {
            self.sacked -= segment.len;
            return;
        }
        if segment.is_due() {
            self.due -= segment.len;
        }
        if segment.lost.is_some() {
            self.lost -= segment.len;
        }
        if segment.again {
            self.again -= segment.len;
        }
    }

    /// Without SACK: one more segment has left the network, as a duplicate ACK says (RFC 5681 §3.2, step 4). Gives the
    /// octets that were not counted yet; what is presumed never covers the segment that is missing.
    pub(crate) fn presume(&mut self, mss: u32) -> u32 {
        let missing = self.first().map_or(0, |it| it.len);
        let more = mss.min(self.flight().saturating_sub(missing + self.presumed));
        self.presumed += more;
        more
    }

    /// Without SACK: one segment of what the ACK covers filled the hole, the rest was presumed to have arrived; gives the
    /// octets that are news.
    pub(crate) fn settle(&mut self, acked: u32, mss: u32) -> u32 {
        let known = self.presumed.min(acked.saturating_sub(mss));
        let missing = self.first().map_or(0, |it| it.len);
        self.presumed = (self.presumed - known).min(self.flight() - missing);
        acked - known
    }

    /// RFC 8985 §6.2, step 5: all that left before the segment that arrived (`newest`: when it left, and its end) by more
    /// than `patience` is lost, retransmissions too.
    pub(crate) fn mark_overdue(&mut self, now: Time, newest: (Time, Seq), patience: Duration) -> Found {
        let mut found = Found::default();
        while let Some(&(sent_at, seq, end)) = self.order.front() {
            let Some(at) = self.live(sent_at, seq) else {
                self.order.pop_front();
                continue;
            };
            let sent_before = sent_at < newest.0 || (sent_at == newest.0 && end.before(newest.1));
            if !sent_before {
                break;
            }
            if sent_at + patience > now {
                found.wait = Some(sent_at + patience - now);
                break;
            }
            self.order.pop_front();
            self.mark(at, Why::Rack { after: now - sent_at }, &mut found);
        }
        found
    }

    /// Where the transmission of that instant is, unless it was followed by another, arrived or is already lost.
    fn live(&self, sent_at: Time, seq: Seq) -> Option<usize> {
        let at = self.find(seq)?;
        let segment = &self.segments[at];
        let counts = segment.seq == seq && segment.sent_at == sent_at && !segment.sacked;
        (counts && (segment.lost.is_none() || segment.again)).then_some(at)
    }

    /// RFC 6675 §4 `IsLost`: three ranges above it are SACKed, or more than two full segments' worth of octets.
    pub(crate) fn mark_by_threshold(&mut self, mss: u32) -> Found {
        let mut found = Found::default();
        let edge = self.threshold(mss);
        let mut at = self.split_at(self.threshold_marked.min(self.nxt));
        while let Some(segment) = self.segments.get(at).filter(|it| edge.is_some_and(|edge| it.seq.before(edge))) {
            if !segment.sacked && segment.lost.is_none() {
                self.mark(at, Why::DupThresh, &mut found);
            }
            at += 1;
        }
        self.threshold_marked = edge.map_or(self.threshold_marked, |edge| edge.max(self.threshold_marked));
        found
    }

    /// The start of the SACKed range below which `IsLost` holds.
    fn threshold(&self, mss: u32) -> Option<Seq> {
        let (mut ranges, mut octets) = (0, 0);
        for (from, to) in self.ranges.iter().rev() {
            ranges += 1;
            octets += to - from;
            if ranges >= 3 || octets > 2 * mss {
                return Some(from);
            }
        }
        None
    }

    /// The first segment is lost: the third duplicate ACK, or a partial ACK (RFC 6582).
    pub(crate) fn mark_first(&mut self, why: Why) -> Found {
        let mut found = Found::default();
        // A peer that has SACKed the very segment it asks for has thrown it away: only a timeout ends that (RFC 2018 §8).
        if self.segments.front().is_some_and(|it| !it.sacked) {
            self.mark(0, why, &mut found);
        }
        found
    }

    /// A timeout: what is not SACKed and left before `since` is lost, and the first segment in any case (RFC 8985 §6.3).
    /// When the first segment is SACKed the receiver has thrown it away again (RFC 2018 §8): no SACK is believed.
    pub(crate) fn mark_on_timeout(&mut self, since: Time, first: Why, others: Why) {
        if self.segments.front().is_some_and(|it| it.sacked) {
            self.forget_sacks();
        }
        self.presumed = 0;
        let mut found = Found::default();
        for at in 0..self.segments.len() {
            let segment = &self.segments[at];
            if !segment.sacked && (at == 0 || segment.sent_at <= since) {
                self.mark(at, if at == 0 { first } else { others }, &mut found);
            }
        }
    }

    /// The path's MTU fell: what is longer than a segment may be is lost.
    pub(crate) fn mark_too_long(&mut self, mss: u32) -> Found {
        let mut found = Found::default();
        for at in 0..self.segments.len() {
            let segment = &self.segments[at];
            // A FIN rides on top of a full segment's octets.
            if !segment.sacked && segment.len > mss + 1 {
                self.mark(at, Why::TooLong, &mut found);
            }
        }
        found
    }

    fn mark(&mut self, at: usize, why: Why, found: &mut Found) {
        let segment = &mut self.segments[at];
        if segment.is_due() {
            segment.lost = Some(why);
            return;
        }
        if segment.again {
            segment.again = false;
            self.again -= segment.len;
            found.again.get_or_insert(segment.seq);
        }
        if segment.lost.replace(why).is_none() {
            self.lost += segment.len;
        }
        self.due += segment.len;
        self.due_from = self.due_from.min(segment.seq);
        found.lost += segment.len;
        found.first.get_or_insert((segment.seq, why));
    }

    /// The alarm was false: what is lost and not sent again is in flight after all.
    pub(crate) fn unmark(&mut self) {
        for segment in &mut self.segments {
            if segment.is_due() {
                segment.lost = None;
                self.lost -= segment.len;
            }
        }
        self.due = 0;
        self.order_anew();
    }

    fn forget_sacks(&mut self) {
        self.ranges.clear();
        self.sacked = 0;
        self.threshold_marked = self.una;
        for segment in &mut self.segments {
            if segment.sacked {
                // Its counters were settled when it was SACKed.
                (segment.sacked, segment.lost, segment.again) = (false, None, false);
            }
        }
        self.order_anew();
    }

    fn order_anew(&mut self) {
        let mut order: Vec<_> = self.segments.iter().map(|it| (it.sent_at, it.seq, it.end())).collect();
        // Stable: what left at one instant stays in the order of sequence.
        order.sort_by_key(|it| it.0);
        self.order = order.into();
    }

    /// RFC 6675 §4 `NextSeg` rule 1: the first that is lost and not sent again.
    pub(crate) fn next_due(&mut self) -> Option<Segment> {
        if self.due == 0 {
            return None;
        }
        let from = self.find(self.due_from).unwrap_or(0);
        let due = self.segments.range(from..).find(|it| it.is_due()).copied()?;
        self.due_from = due.seq;
        Some(due)
    }

    /// RFC 6675 §4 `NextSeg` rule 3: the first not SACKed below the highest SACKed octet that was not sent again.
    pub(crate) fn next_below_sacked(&self) -> Option<Segment> {
        let (_, highest) = self.ranges.iter().next_back()?;
        let mut below = self.segments.iter().take_while(|it| it.seq.before(highest));
        below.find(|it| !it.sacked && !it.again).copied()
    }

    /// The index of the segment that holds `seq`.
    fn find(&self, seq: Seq) -> Option<usize> {
        let at = self.segments.partition_point(|it| it.end().at_or_before(seq));
        (at < self.segments.len()).then_some(at)
    }

    /// Makes `seq` the start of a segment; gives the index of what begins there.
    fn split_at(&mut self, seq: Seq) -> usize {
        let Some(at) = self.find(seq) else { return self.segments.len() };
        if self.segments[at].seq.before(seq) {
            self.split(at, seq);
            return at + 1;
        }
        at
    }

    /// Cuts a segment in two where `seq` lies inside it.
    fn split(&mut self, at: usize, seq: Seq) {
        let whole = self.segments[at];
        if !(whole.seq.before(seq) && seq.before(whole.end())) {
            return;
        }
        let tail = Segment { seq, len: whole.end() - seq, ..whole };
        self.segments[at].len = seq - whole.seq;
        self.segments.insert(at + 1, tail);
        if !tail.sacked {
            let behind = self.order.partition_point(|it| it.0 <= tail.sent_at);
            self.order.insert(behind, (tail.sent_at, tail.seq, tail.end()));
        }
    }

    /// In the order of RFC 8985 §6.2: by time, then by end. Almost always the last.
    fn note_order(&mut self, now: Time, seq: Seq, end: Seq) {
        let mut at = self.order.len();
        while at > 0 && self.order[at - 1].0 == now && self.order[at - 1].2.after(end) {
            at -= 1;
        }
        self.order.insert(at, (now, seq, end));
    }
}

/// RFC 2883 §4: the first block repeats what the ACK covers, or part of the second block.
fn duplicate(ack: Seq, blocks: &[Range]) -> Option<Range> {
    let &first = blocks.first()?;
    let below = first.1.at_or_before(ack);
    let inside = blocks.get(1).is_some_and(|second| first.0.at_or_after(second.0) && first.1.at_or_before(second.1));
    (below || inside).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MSS: u32 = 1000;
    const RTT: Duration = Duration::from_millis(40);

    fn at(ms: u64) -> Time {
        Time(ms * 1_000_000)
    }

    #[test]
    fn a_segment_that_has_arrived_and_leaves_again_is_not_in_flight() {
        let mut board = board(3);
        board.on_ack(at(40), Seq(0), &[range(2, 3)]);
        board.on_sent_again(at(50), Seq(2000), MSS);
        assert_eq!(board.pipe(), 2000);
        board.on_ack(at(90), Seq(3000), &[]);
        assert_eq!((board.pipe(), board.is_empty()), (0, true));
    }

    /// Segments of 1000 octets from 0 on, one leaving each millisecond.
    fn board(segments: u64) -> Scoreboard {
        let mut board = Scoreboard::new(Seq(0), at(0));
        (0..segments).for_each(|n| board.on_sent(at(n), MSS));
        board
    }

    fn range(from: u32, to: u32) -> Range {
        (Seq(from * MSS), Seq(to * MSS))
    }

    fn lost(board: &Scoreboard) -> Vec<u32> {
        board.segments().filter(|it| it.lost.is_some() && !it.sacked).map(|it| it.seq.0 / MSS).collect()
    }

    #[test]
    fn pipe_is_what_is_in_the_network() {
        let mut board = board(10);
        assert_eq!(board.pipe(), 10 * MSS);
        let delivery = board.on_ack(at(50), Seq(2 * MSS), &[range(5, 8)]);
        assert_eq!((delivery.acked, delivery.delivered), (2 * MSS, 5 * MSS));
        assert_eq!(board.pipe(), 5 * MSS, "2, 3, 4, 8 and 9");
        let found = board.mark_by_threshold(MSS);
        assert_eq!((found.lost, lost(&board)), (3 * MSS, vec![2, 3, 4]));
        assert_eq!(board.pipe(), 2 * MSS);
        board.on_sent_again(at(51), Seq(2 * MSS), MSS);
        assert_eq!((board.pipe(), board.due()), (3 * MSS, 2 * MSS));
        assert_eq!(board.next_due().map(|it| it.seq), Some(Seq(3 * MSS)));
        let delivery = board.on_ack(at(91), Seq(3 * MSS), &[range(5, 8)]);
        assert_eq!((delivery.acked, delivery.delivered, delivery.ambiguous), (MSS, MSS, true));
        assert_eq!(board.pipe(), 2 * MSS);
    }

    #[test]
    fn three_ranges_or_more_than_two_segments_above_mean_lost() {
        let mut two = board(10);
        two.on_ack(at(50), Seq(0), &[range(1, 2), range(3, 4)]);
        assert_eq!(two.mark_by_threshold(MSS).lost, 0);
        two.on_ack(at(51), Seq(0), &[range(5, 6)]);
        assert_eq!(two.mark_by_threshold(MSS).lost, MSS);
        assert_eq!(lost(&two), [0], "2 and 4 have fewer than three above them");
        two.on_ack(at(52), Seq(0), &[range(7, 8)]);
        two.mark_by_threshold(MSS);
        assert_eq!(lost(&two), [0, 2]);
    }

    #[test]
    fn what_left_before_an_arrival_and_is_overdue_is_lost_a_retransmission_too() {
        let mut board = board(5);
        board.on_ack(at(43), Seq(0), &[range(3, 4)]);
        let newest = (at(3), Seq(4 * MSS));
        let found = board.mark_overdue(at(43), newest, RTT + Duration::from_millis(2));
        assert_eq!(
            (found.lost, found.wait),
            (2 * MSS, Some(Duration::from_millis(1))),
            "0 and 1; 2 has a millisecond left"
        );
        assert_eq!(board.mark_overdue(at(44), newest, RTT + Duration::from_millis(2)).lost, MSS);
        (0..3).for_each(|n| board.on_sent_again(at(45), Seq(n * MSS), MSS));
        board.on_ack(at(85), Seq(0), &[range(1, 2)]);
        let found = board.mark_overdue(at(86), (at(45), Seq(2 * MSS)), RTT);
        assert_eq!((found.again, found.lost), (Some(Seq(0)), 2 * MSS), "0, which had left again, and 4");
        assert_eq!((lost(&board), board.due()), (vec![0, 2, 4], 2 * MSS));
    }

    #[test]
    fn an_ack_or_a_block_may_end_inside_a_segment() {
        let mut board = board(4);
        let delivery = board.on_ack(at(50), Seq(500), &[(Seq(1500), Seq(2500))]);
        assert_eq!((delivery.acked, delivery.delivered, board.flight()), (500, 1500, 3500));
        assert_eq!(board.pipe(), 2500);
        let lengths: Vec<_> = board.segments().map(|it| (it.seq.0, it.len, it.sacked)).collect();
        assert_eq!(lengths[..3], [(500, 500, false), (1000, 500, false), (1500, 500, true)]);
    }

    #[test]
    fn nonsense_is_ignored_and_a_duplicate_is_told() {
        let mut board = board(4);
        let delivery = board.on_ack(at(50), Seq(MSS), &[range(0, 1), (Seq(9000), Seq(9900)), range(3, 2)]);
        assert_eq!(delivery.delivered, MSS);
        assert_eq!(delivery.duplicate, Some(range(0, 1)));
        assert_eq!(board.on_ack(at(51), Seq(MSS), &[range(2, 3), range(2, 4)]).duplicate, Some(range(2, 3)));
        assert_eq!(board.sacked(), 2 * MSS);
    }

    #[test]
    fn a_timeout_takes_all_for_lost_and_a_receiver_that_forgets_is_not_believed() {
        let why = Why::AfterTimeout;
        let mut honest = board(6);
        honest.on_ack(at(50), Seq(0), &[range(3, 4)]);
        honest.mark_on_timeout(at(300), why, why);
        assert_eq!((lost(&honest), honest.pipe()), (vec![0, 1, 2, 4, 5], 0));
        let mut recent = board(6);
        recent.mark_on_timeout(at(2), why, why);
        assert_eq!(lost(&recent), [0, 1, 2], "what left later may still arrive");
        let mut reneging = board(6);
        reneging.on_ack(at(50), Seq(0), &[range(1, 3)]);
        reneging.on_ack(at(51), Seq(MSS), &[]);
        reneging.mark_on_timeout(at(300), why, why);
        assert_eq!((lost(&reneging), reneging.pipe()), (vec![1, 2, 3, 4, 5], 0));
    }

    #[test]
    fn without_sack_each_duplicate_ack_takes_a_segment_out_of_the_pipe() {
        let mut board = board(10);
        let counted: u32 = (0..12).map(|_| board.presume(MSS)).sum();
        assert_eq!(counted, 9 * MSS, "never the one that is missing");
        assert_eq!(board.pipe(), MSS);
        let delivery = board.on_ack(at(90), Seq(4 * MSS), &[]);
        assert_eq!(board.settle(delivery.acked, MSS), MSS, "three of the four were known");
        assert_eq!(board.pipe(), MSS);
    }
}
