//! What happens when no ACK comes: the retransmission timeout (RFC 6298) and the tail loss probe (RFC 8985 §7).
use std::time::Duration;

use crate::lab::tcp::congestion::{Congested, Signal};
use crate::lab::tcp::sender::ranges::Range;
use crate::lab::tcp::sender::undo::Undo;
use crate::lab::tcp::sender::{Decision, Phase, Sender, Why};
use crate::lab::tcp::seq::Seq;
use crate::lab::tcp::settings::LossDetection;
use crate::recording::Time;

/// RFC 8985 §7.2 `TLP.max_ack_delay`: a lone segment's ACK may be delayed for so long. Linux takes its smallest RTO.
const MAX_ACK_DELAY: Duration = Duration::from_millis(200);
/// What Linux adds where more than one segment is in flight: two ticks of a 1000 Hz clock.
const TWO_TICKS: Duration = Duration::from_millis(2);

/// The tail loss probe: when it is due, or what was sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Probe {
    /// `PTO`: at this instant, and how long after it was set.
    pub(super) at: Option<(Time, Duration)>,
    /// The timer expired, the segment has not left yet.
    pub(super) due: Option<Duration>,
    /// `TLP.end_seq`, `TLP.is_retrans`: it left and is not answered.
    sent: Option<(Seq, bool)>,
}

impl Probe {
    pub(super) fn cancel(&mut self) {
        (self.at, self.due) = (None, None);
    }

    /// A recovery begins: it lowers the window for whatever the probe may have repaired.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    pub(super) fn on_sent(&mut self, end: Seq, again: bool) {
        *self = Self { at: None, due: None, sent: Some((end, again)) };
    }

    /// Whether the D-SACK is about the probe: it and what it repeated arrived.
    pub(super) fn is_reported(&self, duplicate: Option<Range>) -> bool {
        self.sent.is_some_and(|(end, _)| duplicate.is_some_and(|(_, to)| to == end))
    }

    /// RFC 8985 §7.4.2; true when the probe repaired a loss. A duplicate ACK without SACK tells a peer that speaks no
    /// D-SACK from one that missed something: both copies arrived.
    pub(super) fn on_ack(&mut self, ack: Seq, duplicate: Option<Range>, is_pure_duplicate: bool) -> bool {
        let Some((end, again)) = self.sent else { return false };
        if ack.before(end) {
            return false;
        }
        let reported = self.is_reported(duplicate);
        if !again || reported || ack.after(end) || is_pure_duplicate {
            self.sent = None;
        }
        again && !reported && ack.after(end)
    }
}

impl Sender {
    /// When [`Self::on_deadline`] wants to be called: retransmission timeout, tail loss probe or reordering window.
    pub(crate) fn deadline(&self) -> Option<Time> {
        [self.rto_at, self.reorder_at, self.probe.at.map(|it| it.0)].into_iter().flatten().min()
    }

    /// The deadline has passed; harmless when it has not.
    pub(crate) fn on_deadline(&mut self, now: Time) {
        let due = |at: Option<Time>| at.is_some_and(|at| at <= now);
        if due(self.reorder_at) {
            self.reorder_at = None;
            let found = self.detect_overdue(now);
            self.note_found(found);
            self.open_prr();
        } else if due(self.probe.at.map(|it| it.0)) {
            self.probe.due = self.probe.at.take().map(|it| it.1);
            // RFC 8985 §7.3: the retransmission timer starts again with the probe.
            self.rto_at = Some(now + self.rtt.rto());
        } else if due(self.rto_at) {
            self.time_out(now);
        }
        self.announce();
    }

    /// RFC 6298 §5.4 to §5.6.
    fn time_out(&mut self, now: Time) {
        let after = self.rtt.rto();
        if self.board.is_empty() {
            self.rto_at = None;
            return;
        }
        let fresh = self.is_fresh_timeout();
        let signal = if fresh { Signal::Timeout } else { Signal::RepeatedTimeout };
        let congested = Congested { flight: self.board.flight(), pipe: self.pipe(), signal };
        self.control.on_timeout(&congested);
        // RFC 3168 §6.1.2: after a timeout, too.
        self.cwr = true;
        self.rtt.back_off();
        self.timeouts += 1;
        self.board.mark_on_timeout(self.lost_since(now), Why::Timeout { after }, Why::AfterTimeout);
        self.phase = Phase::RtoRecovery;
        self.recover = self.snd_nxt();
        self.prr = None;
        self.forced = true;
        self.duplicates = 0;
        self.reorder_at = None;
        self.probe.forget();
        if fresh {
            self.undo = Some(Undo::new(self.snd_una(), self.recover).after(self.board.repeats_on_their_way()));
        }
        let next = self.rtt.rto();
        self.rto_at = Some(now + next);
        let (cwnd, ssthresh) = (self.cwnd(), self.ssthresh());
        self.decisions.push(Decision::Timeout { after, times: self.timeouts, next, cwnd, ssthresh });
    }

    /// RFC 5681 §3.1: ssthresh is not lowered again for data the timer has sent again before, nor (as Linux) for a
    /// timeout within a fast recovery, which has lowered it.
    fn is_fresh_timeout(&self) -> bool {
        match self.phase {
            Phase::Open | Phase::Reducing => true,
            Phase::FastRecovery => false,
            Phase::RtoRecovery => self.timeouts == 0,
        }
    }

    /// RFC 8985 §6.3: what has left only just now may still arrive.
    fn lost_since(&self, now: Time) -> Time {
        let patience = match self.options.detection {
            LossDetection::Rack if self.options.sack => self.patience(),
            _ => Duration::ZERO,
        };
        Time(now.0.saturating_sub(u64::try_from(patience.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// RFC 8985 §7.2: new data left, or the left edge moved.
    pub(super) fn schedule_probe(&mut self, now: Time) {
        let rack = self.options.sack && self.options.detection == LossDetection::Rack;
        let quiet = self.phase == Phase::Open && self.board.sacked() == 0 && !self.board.is_empty();
        if !rack || !quiet || self.probe.sent.is_some() {
            self.probe.at = None;
            return;
        }
        let slack = if self.board.segments().nth(1).is_none() { MAX_ACK_DELAY } else { TWO_TICKS };
        let timeout = self.rtt.srtt().map_or(Duration::from_secs(1), |srtt| 2 * srtt + slack);
        let at = (now + timeout).min(self.rto_at.unwrap_or(Time(u64::MAX)));
        self.probe.at = Some((at, at - now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duplicate_ack_without_sack_says_that_the_probe_was_not_needed() {
        let sent = || {
            let mut probe = Probe::default();
            probe.on_sent(Seq(2000), true);
            probe
        };
        let mut repaired = sent();
        assert!(repaired.on_ack(Seq(3000), None, false), "nothing else explains the ACK");
        let mut needless = sent();
        assert!(!needless.on_ack(Seq(2000), None, true));
        assert!(!needless.on_ack(Seq(3000), None, false), "its episode is over");
        let mut reported = sent();
        assert!(!reported.on_ack(Seq(2000), Some((Seq(1000), Seq(2000))), false));
        assert!(!reported.on_ack(Seq(3000), None, false));
    }
}
