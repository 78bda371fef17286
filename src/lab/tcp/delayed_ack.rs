//! When to acknowledge: at once, with data, or when the delayed-ACK timer says so (RFC 9293 §3.8.6.3), as Linux decides it.
//!
//! Linux acknowledges the first segments of a connection one by one (`TCP_MAX_QUICKACKS`), so that the sender's window
//! grows quickly, until the program answers what it reads: from then on the connection is interactive, and an ACK waits for
//! data to ride on. A delayed ACK that found nothing to ride on ends the interactive mode until the program answers again.
use std::time::Duration;

use crate::lab::tcp::reason::Acknowledges;
use crate::lab::tcp::seq::Seq;
use crate::recording::Time;

/// Before a segment has come, one is taken to be as large as RFC 9293 §3.7.1 has it without the MSS option.
const SMALLEST_FULL: u32 = 536;

/// What is owed to the peer.
#[derive(Debug)]
pub(crate) struct DelayedAck {
    delay: Option<Duration>,
    most_quick: u32,
    quick: u32,
    interactive: bool,
    /// The largest payload seen: a full segment.
    full: u32,
    last_data: Option<Time>,
    /// Small segments with PSH since the last ACK.
    pushed: u32,
    /// `RCV.NXT` of the last ACK sent.
    told: Seq,
    due: Option<Time>,
    at_once: Option<Acknowledges>,
}

impl DelayedAck {
    /// `first`: the number after the peer's SYN.
    pub(crate) const fn new(delay: Option<Duration>, most_quick: u32, first: Seq) -> Self {
        Self {
            delay,
            most_quick,
            quick: 0,
            interactive: false,
            full: SMALLEST_FULL,
            last_data: None,
            pushed: 0,
            told: first,
            due: None,
            at_once: None,
        }
    }

    /// A segment of so many bytes brought something in order. `window`: what the peer may still send.
    pub(crate) fn on_data(&mut self, now: Time, payload: u32, pushed: bool, rto: Duration, window: u32) {
        self.full = self.full.max(payload);
        if payload < self.full && pushed {
            self.pushed += 1;
        }
        // As Linux: at the first data and after a pause longer than an RTO, when the sender starts slowly.
        if self.last_data.is_none_or(|at| now - at > rto) {
            let several = match window / (2 * self.full) {
                0 => 2,
                more => more,
            };
            self.quick = self.quick.max(several.min(self.most_quick));
        }
        self.last_data = Some(now);
    }

    /// Data was received in order up to `next`: when is it acknowledged?
    pub(crate) fn decide(&mut self, now: Time, next: Seq, gaps: bool) {
        let bytes = next - self.told;
        let Some(delay) = self.delay else { return self.at_once(Acknowledges::Undelayed { bytes }) };
        if bytes > self.full {
            // RFC 9293 §3.8.6.3, SHLD-19: at least every second full segment.
            self.at_once(Acknowledges::SecondSegment { bytes });
        } else if self.quick > 0 && !self.interactive {
            self.at_once(Acknowledges::Quick { bytes, left: self.quick - 1 });
        } else if gaps {
            // RFC 5681 §4.2: at once while a gap is open, or was closed in part.
            self.at_once(Acknowledges::FillsGap { bytes });
        } else {
            self.owe(now, delay);
        }
    }

    /// An ACK has to go, in this time at the latest.
    fn owe(&mut self, now: Time, delay: Duration) {
        self.due = self.due.or(Some(now + delay));
    }

    /// A FIN came while this side is open: Linux lets its ACK wait for what the program does next.
    pub(crate) fn on_fin(&mut self, now: Time) {
        self.interactive = true;
        match self.delay {
            Some(delay) => self.owe(now, delay),
            None => self.at_once(Acknowledges::Fin { bytes: 0 }),
        }
    }

    /// An ACK has to go now. What was said first stands.
    pub(crate) fn at_once(&mut self, why: Acknowledges) {
        self.at_once = self.at_once.or(Some(why));
    }

    /// Why an ACK has to go now, if it has to.
    pub(crate) const fn urgent(&self) -> Option<Acknowledges> {
        self.at_once
    }

    /// The program has read; whether that is the time to acknowledge (Linux: `tcp_cleanup_rbuf`).
    pub(crate) fn on_read(&self, next: Seq, unread: u32) -> Option<Acknowledges> {
        let bytes = next - self.told;
        let small = self.pushed > 1 || (self.pushed > 0 && !self.interactive);
        let now = self.due.is_some() && (bytes > self.full || (small && unread == 0));
        now.then_some(Acknowledges::Read { bytes })
    }

    pub(crate) const fn deadline(&self) -> Option<Time> {
        self.due
    }

    /// The timer ran out: nothing came to ride on.
    pub(crate) fn on_deadline(&mut self, next: Seq, fin: bool) -> Acknowledges {
        self.interactive = false;
        let fin = fin && self.told.before(next);
        let bytes = (next - self.told) - u32::from(fin);
        Acknowledges::Delayed { bytes, fin, delay: self.delay.unwrap_or_default() }
    }

    /// Data leaves: a program that answers soon is talking.
    pub(crate) fn on_data_sent(&mut self, now: Time) {
        let delay = self.delay.unwrap_or_default();
        if self.last_data.is_some_and(|at| now - at < delay) {
            self.interactive = true;
        }
    }

    /// A segment left that acknowledges up to `next`.
    pub(crate) fn sent(&mut self, next: Seq) {
        if self.due.is_some() || self.at_once.is_some() {
            self.quick = self.quick.saturating_sub(1);
        }
        (self.told, self.due, self.at_once, self.pushed) = (next, None, None, 0);
    }

    /// `RCV.NXT` of the last ACK sent.
    pub(crate) const fn told(&self) -> Seq {
        self.told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAY: Duration = Duration::from_millis(40);
    const RTO: Duration = Duration::from_millis(200);

    fn at(millis: u64) -> Time {
        Time(millis * 1_000_000)
    }

    fn receive(acks: &mut DelayedAck, now: Time, payload: u32, next: u32) {
        acks.on_data(now, payload, true, RTO, 65_535);
        acks.decide(now, Seq(next), false);
    }

    #[test]
    fn the_first_segments_are_acknowledged_at_once_until_the_program_answers() {
        let mut acks = DelayedAck::new(Some(DELAY), 16, Seq(0));
        receive(&mut acks, at(0), 100, 100);
        assert_eq!(acks.urgent(), Some(Acknowledges::Quick { bytes: 100, left: 15 }));
        acks.sent(Seq(100));
        acks.on_data_sent(at(1));
        receive(&mut acks, at(10), 100, 200);
        assert_eq!((acks.urgent(), acks.deadline()), (None, Some(at(50))));
        assert_eq!(acks.on_deadline(Seq(200), false), Acknowledges::Delayed { bytes: 100, fin: false, delay: DELAY });
        acks.sent(Seq(200));
        receive(&mut acks, at(60), 100, 300);
        assert_eq!(acks.urgent(), Some(Acknowledges::Quick { bytes: 100, left: 13 }));
    }

    #[test]
    fn every_second_full_segment_is_acknowledged_at_once() {
        let mut acks = DelayedAck::new(Some(DELAY), 0, Seq(0));
        receive(&mut acks, at(0), 1000, 1000);
        assert_eq!((acks.urgent(), acks.deadline()), (None, Some(at(40))));
        receive(&mut acks, at(1), 1000, 2000);
        assert_eq!(acks.urgent(), Some(Acknowledges::SecondSegment { bytes: 2000 }));
    }

    #[test]
    fn a_program_that_reads_all_and_is_silent_acknowledges() {
        let mut acks = DelayedAck::new(Some(DELAY), 0, Seq(0));
        receive(&mut acks, at(0), 100, 100);
        assert_eq!(acks.on_read(Seq(100), 1), None);
        assert_eq!(acks.on_read(Seq(100), 0), Some(Acknowledges::Read { bytes: 100 }));
        acks.sent(Seq(100));
        acks.on_data_sent(at(1));
        receive(&mut acks, at(2), 100, 200);
        assert_eq!(acks.on_read(Seq(200), 0), None);
    }

    #[test]
    fn a_host_that_does_not_delay_acknowledges_each() {
        let mut acks = DelayedAck::new(None, 16, Seq(0));
        receive(&mut acks, at(0), 100, 100);
        assert_eq!(acks.urgent(), Some(Acknowledges::Undelayed { bytes: 100 }));
    }
}
