//! Loss by time: what left before something that has arrived, and is overdue, is lost (RFC 8985 §6.2).
use std::time::Duration;

use crate::lab::tcp::sender::DUP_THRESH;
use crate::lab::tcp::sender::scoreboard::Delivery;
use crate::lab::tcp::seq::Seq;
use crate::recording::Time;

/// RFC 8985 §6.2, step 4: recoveries that a widened reordering window lasts.
const PERSIST: u32 = 16;
/// Timestamps count milliseconds: an echo is at most this much older than the segment it echoes.
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// What RACK keeps for a connection (RFC 8985 §5.3).
#[derive(Clone, Debug)]
pub(crate) struct Rack {
    /// When the most recently sent segment that arrived had left, and its end: `RACK.xmit_ts`, `RACK.end_seq`.
    newest: Option<(Time, Seq)>,
    /// Its round trip: `RACK.rtt`.
    rtt: Duration,
    /// The highest sequence number that arrived: `RACK.fack`.
    highest: Seq,
    reordering_seen: bool,
    /// `RACK.reo_wnd_mult`, `RACK.reo_wnd_persist`, `RACK.dsack_round`.
    multiplier: u32,
    persist: u32,
    dsack_round: Option<Seq>,
}

/// What the reordering window depends on besides RACK's own state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surroundings {
    pub(crate) min_rtt: Duration,
    pub(crate) srtt: Duration,
    /// SACKed segments.
    pub(crate) sacked: u32,
    pub(crate) recovering: bool,
}

impl Rack {
    pub(crate) const fn new(first: Seq) -> Self {
        Self {
            newest: None,
            rtt: Duration::ZERO,
            highest: first,
            reordering_seen: false,
            multiplier: 1,
            persist: PERSIST,
            dsack_round: None,
        }
    }

    /// Steps 2 and 3: what arrived, and whether it was out of order.
    pub(crate) fn on_delivery(&mut self, now: Time, delivery: &Delivery, echoed: Option<Duration>, min_rtt: Duration) {
        for it in &delivery.arrived {
            let rtt = now - it.sent_at;
            // The ACK may be for the first transmission: then its round trip says nothing of the second.
            let echoes_first = echoed.is_some_and(|age| it.sent_at + age > now + TICK);
            if it.again && (echoes_first || rtt < min_rtt) {
                continue;
            }
            if !it.again {
                self.note_order(it.end);
            }
            self.rtt = rtt;
            if self.newest.is_none_or(|(at, end)| at < it.sent_at || (at == it.sent_at && end.before(it.end))) {
                self.newest = Some((it.sent_at, it.end));
            }
        }
    }

    fn note_order(&mut self, end: Seq) {
        if end.after(self.highest) {
            self.highest = end;
        } else if end.before(self.highest) {
            self.reordering_seen = true;
        }
    }

    /// Step 4: a D-SACK says the window was too small; it grows by a quarter of the shortest RTT, once a round trip.
    pub(crate) fn on_dsack(&mut self, una: Seq, nxt: Seq) {
        if self.dsack_round.is_some_and(|round| una.before(round)) {
            return;
        }
        self.dsack_round = Some(nxt);
        self.multiplier += 1;
        self.persist = PERSIST;
    }

    /// Step 4: a recovery has ended.
    pub(crate) fn on_recovered(&mut self) {
        self.persist = self.persist.saturating_sub(1);
        if self.persist == 0 {
            self.multiplier = 1;
        }
    }

    /// Step 4: how long a segment may be late because the path reorders.
    pub(crate) fn reordering_window(&self, around: Surroundings) -> Duration {
        // DUP_THRESH SACKed segments leave no doubt, unless the path has been seen to reorder.
        if !self.reordering_seen && (around.recovering || around.sacked >= DUP_THRESH) {
            return Duration::ZERO;
        }
        (around.min_rtt * self.multiplier / 4).min(around.srtt)
    }

    /// Step 5, its two thresholds: what left before the first, longer ago than the second, is lost.
    pub(crate) fn judgement(&self, around: Surroundings) -> Option<((Time, Seq), Duration)> {
        self.newest.map(|newest| (newest, self.rtt + self.reordering_window(around)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::tcp::sender::scoreboard::Arrived;

    const MS: u64 = 1_000_000;
    const QUIET: Surroundings = Surroundings {
        min_rtt: Duration::from_millis(40),
        srtt: Duration::from_millis(44),
        sacked: 0,
        recovering: false,
    };

    fn arrival(end: u32, sent_at: u64, again: bool) -> Delivery {
        let arrived = vec![Arrived { end: Seq(end), sent_at: Time(sent_at * MS), again, cumulative: true }];
        Delivery { arrived, ..Delivery::default() }
    }

    #[test]
    fn the_window_is_a_quarter_of_the_shortest_rtt_until_three_segments_are_sacked() {
        let rack = Rack::new(Seq(0));
        assert_eq!(rack.reordering_window(QUIET), Duration::from_millis(10));
        assert_eq!(rack.reordering_window(Surroundings { sacked: 3, ..QUIET }), Duration::ZERO);
        assert_eq!(rack.reordering_window(Surroundings { recovering: true, ..QUIET }), Duration::ZERO);
    }

    #[test]
    fn a_path_that_reorders_keeps_its_window_and_a_dsack_widens_it() {
        let mut rack = Rack::new(Seq(0));
        rack.on_delivery(Time(40 * MS), &arrival(2000, 0, false), None, QUIET.min_rtt);
        rack.on_delivery(Time(41 * MS), &arrival(1000, 0, false), None, QUIET.min_rtt);
        let sure = Surroundings { sacked: 3, ..QUIET };
        assert_eq!(rack.reordering_window(sure), Duration::from_millis(10));
        rack.on_dsack(Seq(2000), Seq(9000));
        rack.on_dsack(Seq(3000), Seq(9500));
        assert_eq!(rack.reordering_window(sure), Duration::from_millis(20), "once a round trip");
        (0..20).for_each(|_| rack.on_dsack(Seq(9500), Seq(9500)));
        assert_eq!(rack.reordering_window(sure), QUIET.srtt, "never longer than SRTT");
        (0..PERSIST).for_each(|_| rack.on_recovered());
        assert_eq!(rack.reordering_window(sure), Duration::from_millis(10));
    }

    #[test]
    fn an_ack_that_may_be_for_the_first_transmission_does_not_count() {
        let mut rack = Rack::new(Seq(0));
        rack.on_delivery(Time(100 * MS), &arrival(1000, 90, true), None, QUIET.min_rtt);
        assert!(rack.judgement(QUIET).is_none(), "10 ms is no round trip of a path of 40 ms");
        rack.on_delivery(Time(100 * MS), &arrival(1000, 50, true), Some(Duration::from_millis(80)), QUIET.min_rtt);
        assert!(rack.judgement(QUIET).is_none(), "the echo is older than the retransmission");
        rack.on_delivery(Time(100 * MS), &arrival(1000, 50, true), Some(Duration::from_millis(50)), QUIET.min_rtt);
        assert_eq!(rack.judgement(QUIET).map(|it| it.0), Some((Time(50 * MS), Seq(1000))));
    }
}
