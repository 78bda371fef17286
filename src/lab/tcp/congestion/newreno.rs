//! NewReno: one segment more a round trip, half at a loss (RFC 5681, RFC 6582).
use std::time::Duration;

use crate::lab::tcp::congestion::window::Window;
use crate::lab::tcp::congestion::{Acked, Congested, CongestionControl, Signal, Start};
use crate::recording::Time;

/// RFC 5681 with appropriate byte counting (RFC 3465).
#[derive(Debug)]
pub(crate) struct NewReno {
    window: Window,
    /// RFC 3465 §2.1 `bytes_acked`: delivered since the window last grew in congestion avoidance.
    counted: u32,
    decision: Option<String>,
}

impl NewReno {
    pub(crate) fn new(start: &Start) -> Self {
        Self { window: Window::new(start), counted: 0, decision: None }
    }
}

impl CongestionControl for NewReno {
    fn on_ack(&mut self, ack: &Acked<'_>) {
        if !ack.cwnd_limited {
            return;
        }
        let (rest, decision) = self.window.slow_start(ack);
        self.decision = decision.or(self.decision.take());
        if self.window.in_slow_start() {
            return;
        }
        // RFC 3465 §2.1: a segment for every window's worth of delivered data.
        self.counted += rest;
        if self.counted >= self.window.cwnd {
            self.counted -= self.window.cwnd;
            self.window.cwnd = self.window.cwnd.saturating_add(self.window.mss);
        }
    }

    fn on_congestion(&mut self, at: &Congested) {
        // RFC 5681 §3.1, equation 4.
        self.window.lower(self.window.used(at) / 2);
        self.counted = 0;
    }

    fn on_recovered(&mut self, _now: Time) {
        self.window.settle();
    }

    fn on_timeout(&mut self, at: &Congested) {
        if at.signal != Signal::RepeatedTimeout {
            self.window.lower(self.window.used(at) / 2);
        }
        self.window.collapse();
        self.counted = 0;
    }

    fn on_undo(&mut self, _now: Time) {
        self.window.undo();
    }

    fn on_idle(&mut self, _now: Time, idle: Duration, rto: Duration) {
        self.window.restart(idle, rto);
    }

    fn set_mss(&mut self, mss: u32) {
        self.window.mss = mss;
        self.window.cwnd = self.window.cwnd.max(mss);
    }

    fn cwnd(&self) -> u32 {
        self.window.cwnd
    }

    fn ssthresh(&self) -> Option<u32> {
        self.window.ssthresh
    }

    fn take_decision(&mut self) -> Option<String> {
        self.decision.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::tcp::congestion::tests::{MSS, ack, lost, start};

    #[test]
    fn slow_start_doubles_and_congestion_avoidance_adds_a_segment_a_round_trip() {
        let mut reno = NewReno::new(&start());
        (0..10).for_each(|_| reno.on_ack(&ack(MSS)));
        assert_eq!((reno.cwnd(), reno.window.phase()), (20 * MSS, "slow start"));
        reno.on_congestion(&lost(20 * MSS));
        reno.on_recovered(Time(0));
        assert_eq!((reno.cwnd(), reno.window.phase()), (10 * MSS, "congestion avoidance"));
        (0..10).for_each(|_| reno.on_ack(&ack(MSS)));
        assert_eq!(reno.cwnd(), 11 * MSS);
    }

    #[test]
    fn a_stretch_ack_counts_in_full_but_one_segment_after_a_timeout() {
        let mut reno = NewReno::new(&start());
        reno.on_ack(&ack(8 * MSS));
        assert_eq!(reno.cwnd(), 18 * MSS);
        reno.on_timeout(&Congested { signal: Signal::Timeout, ..lost(18 * MSS) });
        assert_eq!((reno.cwnd(), reno.ssthresh()), (MSS, Some(9 * MSS)));
        reno.on_ack(&Acked { after_timeout: true, ..ack(8 * MSS) });
        assert_eq!(reno.cwnd(), 2 * MSS);
        reno.on_timeout(&Congested { signal: Signal::RepeatedTimeout, ..lost(2 * MSS) });
        assert_eq!((reno.cwnd(), reno.ssthresh()), (MSS, Some(9 * MSS)), "it is lowered once");
    }

    #[test]
    fn a_window_that_is_not_used_does_not_grow() {
        let mut reno = NewReno::new(&start());
        reno.on_ack(&Acked { cwnd_limited: false, ..ack(8 * MSS) });
        assert_eq!(reno.cwnd(), 10 * MSS);
    }

    #[test]
    fn an_undone_reduction_leaves_no_trace() {
        let mut reno = NewReno::new(&start());
        reno.on_congestion(&lost(10 * MSS));
        reno.on_recovered(Time(0));
        reno.on_undo(Time(0));
        assert_eq!((reno.cwnd(), reno.ssthresh()), (10 * MSS, None));
    }

    #[test]
    fn a_pause_halves_the_window_for_each_rto_down_to_the_initial_one() {
        let mut reno = NewReno::new(&start());
        (0..70).for_each(|_| reno.on_ack(&ack(MSS)));
        let second = Duration::from_secs(1);
        reno.on_idle(Time(0), second * 3 / 2, second);
        assert_eq!(reno.cwnd(), 40 * MSS);
        reno.on_idle(Time(0), second * 60, second);
        assert_eq!(reno.cwnd(), 10 * MSS);
    }
}
