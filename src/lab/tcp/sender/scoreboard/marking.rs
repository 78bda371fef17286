//! What is taken for lost, and why: by time, by what arrived above it, by the timer, by its length; and the way back.
use std::time::Duration;

use super::{Found, Scoreboard};
use crate::lab::tcp::sender::{DUP_THRESH, Why};
use crate::lab::tcp::seq::Seq;
use crate::recording::Time;

impl Scoreboard {
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
        let mut at = self.begins_from(self.threshold_marked);
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
            if ranges >= DUP_THRESH || octets > (DUP_THRESH - 1) * mss {
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
            // The last one's FIN, if there is one, rides on top of a full segment's octets.
            let most = mss + u32::from(at + 1 == self.segments.len());
            if !segment.sacked && segment.len > most {
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
}
