//! What NewReno and CUBIC have in common: the window, slow start, and what undoes a mistake (RFC 5681, RFC 3465).
use std::time::Duration;

use crate::lab::tcp::congestion::hystart::{HyStart, Verdict};
use crate::lab::tcp::congestion::{Acked, Congested, Start};

/// The window of a control that is driven by losses. Bytes.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    pub(crate) mss: u32,
    pub(crate) cwnd: u32,
    pub(crate) ssthresh: Option<u32>,
    initial: u32,
    /// cwnd and ssthresh before they were last lowered.
    before: Option<(u32, Option<u32>)>,
    hystart: Option<HyStart>,
}

impl Window {
    pub(crate) fn new(start: &Start) -> Self {
        Self {
            mss: start.mss,
            cwnd: start.initial_window,
            ssthresh: None,
            initial: start.initial_window,
            before: None,
            hystart: start.hystart.then(HyStart::default),
        }
    }

    /// RFC 5681 §3.1: below ssthresh; at it, either may be used.
    pub(crate) fn in_slow_start(&self) -> bool {
        self.ssthresh.is_none_or(|threshold| self.cwnd < threshold)
    }

    #[cfg(test)]
    pub(crate) fn phase(&self) -> &'static str {
        let css = self.hystart.as_ref().is_some_and(HyStart::is_conservative);
        match (self.in_slow_start(), css && self.ssthresh.is_none()) {
            (true, true) => "conservative slow start",
            (true, false) => "slow start",
            (false, _) => "congestion avoidance",
        }
    }

    /// Grows by what was delivered, up to ssthresh. Gives the bytes left over for congestion avoidance, and what HyStart++
    /// decided.
    pub(crate) fn slow_start(&mut self, ack: &Acked<'_>) -> (u32, Option<String>) {
        if !self.in_slow_start() {
            return (ack.delivered, None);
        }
        let (growth, decision) = self.growth(ack);
        let room = self.ssthresh.map_or(u32::MAX, |threshold| threshold - self.cwnd);
        self.cwnd = self.cwnd.saturating_add(growth.min(room));
        (growth.saturating_sub(room), decision)
    }

    /// RFC 3465 §2.2 with no limit L, as Linux: an ACK for ten segments counts ten. After a timeout L is one segment
    /// (§2.3): there an ACK may cover much that had arrived long before.
    fn growth(&mut self, ack: &Acked<'_>) -> (u32, Option<String>) {
        if ack.after_timeout {
            return (ack.delivered.min(self.mss), None);
        }
        // RFC 9406 §4.3: for the first slow start only, where nothing is known of the path.
        let Some(hystart) = self.hystart.as_mut().filter(|_| self.ssthresh.is_none()) else {
            return (ack.delivered, None);
        };
        match hystart.on_ack(ack, self.mss) {
            Verdict::Grow(bytes) => (bytes, None),
            Verdict::Changed(bytes, text) => (bytes, Some(text)),
            Verdict::Leave(text) => {
                self.ssthresh = Some(self.cwnd);
                (0, Some(text))
            }
        }
    }

    /// What was in the network when the loss happened. RFC 5681 §3.1 takes `FlightSize`, which limited transmit has
    /// raised above cwnd by segments that are not to be counted (RFC 3042 §2).
    pub(crate) fn used(&self, at: &Congested) -> u32 {
        at.flight.min(self.cwnd)
    }

    /// A congestion signal. RFC 5681 §3.1, equation 4: never below two segments.
    pub(crate) fn lower(&mut self, ssthresh: u32) {
        self.before = Some((self.cwnd, self.ssthresh));
        self.ssthresh = Some(ssthresh.max(2 * self.mss));
    }

    /// RFC 6937 §3: the recovery ends at ssthresh.
    pub(crate) fn settle(&mut self) {
        self.cwnd = self.ssthresh.unwrap_or(self.cwnd);
    }

    /// RFC 5681 §3.1: the loss window is one segment.
    pub(crate) fn collapse(&mut self) {
        self.cwnd = self.mss;
    }

    /// RFC 4015 in spirit, as Linux: back to what it was.
    pub(crate) fn undo(&mut self) {
        if let Some((cwnd, ssthresh)) = self.before.take() {
            self.cwnd = self.cwnd.max(cwnd);
            self.ssthresh = ssthresh;
        }
    }

    /// Half of the window for each RTO of idleness, never below the initial window: RFC 2861 §3.1, which Linux still
    /// follows. After a long pause it is RFC 5681 §4.1's restart window.
    pub(crate) fn restart(&mut self, idle: Duration, rto: Duration) {
        let floor = self.initial.min(self.cwnd);
        let remembered = self.cwnd / 4 * 3;
        self.ssthresh = self.ssthresh.map(|threshold| threshold.max(remembered));
        let mut rest = idle;
        while rest > rto && self.cwnd > floor {
            self.cwnd /= 2;
            rest -= rto;
        }
        self.cwnd = self.cwnd.max(floor);
    }
}
