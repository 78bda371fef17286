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
mod marking;
#[cfg(test)]
mod tests;

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

    /// As Linux, a segment has arrived when a block covers all of it: a receiver that names single octets cannot make the
    /// board, and what is sent again, fall to pieces.
    fn sack(&mut self, now: Time, block: Range, delivery: &mut Delivery) {
        let Some(whole) = self.whole_segments(block) else { return };
        for (from, to) in self.ranges.add(whole) {
            let mut at = self.begins_from(from);
            while let Some(segment) = self.segments.get(at).copied().filter(|it| it.seq.before(to)) {
                self.uncount(&segment);
                self.segments[at].sacked = true;
                self.sacked += segment.len;
                self.arrive(now, &segment, false, delivery);
                at += 1;
            }
        }
    }

    /// The part of a block that covers whole segments.
    fn whole_segments(&self, (from, to): Range) -> Option<Range> {
        let first = self.segments.get(self.begins_from(from))?.seq;
        let behind = self.segments.partition_point(|it| it.end().at_or_before(to));
        let last = self.segments.get(behind.checked_sub(1)?)?.end();
        first.before(last).then_some((first, last))
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

    /// The index of the first segment that begins at `seq` or behind it.
    fn begins_from(&self, seq: Seq) -> usize {
        self.segments.partition_point(|it| it.seq.before(seq))
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
