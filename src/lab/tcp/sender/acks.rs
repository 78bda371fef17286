//! An ACK comes in: what arrived, what is lost, whether a recovery begins or ends, and what window follows.
use std::time::Duration;

use crate::lab::tcp::congestion::{Acked, Congested, Signal};
use crate::lab::tcp::sender::prr::{Prr, Told};
use crate::lab::tcp::sender::rack::Surroundings;
use crate::lab::tcp::sender::scoreboard::{Delivery, Found};
use crate::lab::tcp::sender::undo::Undo;
use crate::lab::tcp::sender::{Ack, DUP_THRESH, Decision, Phase, Progress, Sender, Why};
use crate::lab::tcp::seq::Seq;
use crate::lab::tcp::settings::LossDetection;
use crate::recording::Time;

/// The sender just before an ACK.
struct Before {
    pipe: u32,
    limited: bool,
}

impl Sender {
    /// An acceptable ACK came in (also one that moves nothing).
    pub(crate) fn on_ack(&mut self, ack: &Ack<'_>) -> Progress {
        let before = Before { pipe: self.pipe(), limited: self.is_limited() };
        let blocks = if self.options.sack { ack.sack } else { &[] };
        let mut delivery = self.board.on_ack(ack.now, ack.ack, blocks);
        self.sample(ack, &delivery);
        if delivery.acked > 0 {
            self.timeouts = 0;
        }
        self.count_duplicates(ack, &mut delivery);
        self.look_for_mistakes(ack, &delivery);
        let of_probe = self.probe.is_reported(delivery.duplicate);
        self.on_probe_answered(ack, &delivery);
        self.leave_recovery(ack.now);
        let found = self.detect(ack, &delivery, of_probe);
        self.note_found(found);
        self.on_ecn_echo(ack);
        self.move_window(ack.now, &before, &delivery, found);
        self.announce();
        self.set_timers(ack.now, delivery.acked > 0);
        Progress { acked: delivery.acked, delivered: delivery.delivered }
    }

    /// RFC 9438 §5.8, RFC 7661: a window that was not used says nothing of the path. It was used when it kept data back
    /// as this data was sent; in slow start half of it is enough, for it is to be doubled.
    fn is_limited(&self) -> bool {
        let slow_start = self.ssthresh().is_none_or(|threshold| self.cwnd() < threshold);
        self.snd_una().before(self.limited_until) || (slow_start && self.cwnd() < 2 * self.pipe())
    }

    /// RFC 6298 §3 (Karn): what was sent once gives a sample; of the rest, only timestamps tell (RFC 7323 §4).
    fn sample(&mut self, ack: &Ack<'_>, delivery: &Delivery) {
        let once = |cumulative| {
            delivery
                .arrived
                .iter()
                .find(move |it| it.cumulative == cumulative && !it.again)
                .map(|it| ack.now - it.sent_at)
        };
        let timed = if delivery.ambiguous { None } else { once(true) };
        let echoed = ack.echoed.filter(|_| delivery.acked > 0);
        if let Some(rtt) = timed.or_else(|| once(false)).or(echoed) {
            self.rtt.sample(ack.now, rtt);
        }
    }

    /// Without SACK a duplicate ACK stands for a segment that has arrived, which one is not known. With SACK it is an ACK
    /// that says what has arrived anew (RFC 6675 §2).
    fn count_duplicates(&mut self, ack: &Ack<'_>, delivery: &mut Delivery) {
        if self.options.sack {
            let duplicate = delivery.acked == 0 && delivery.delivered > 0;
            self.duplicates = if delivery.acked > 0 { 0 } else { self.duplicates + u32::from(duplicate) };
            return;
        }
        if delivery.acked > 0 {
            self.duplicates = 0;
            delivery.delivered = self.board.settle(delivery.acked, self.options.mss);
        } else if ack.duplicate {
            self.duplicates += 1;
            delivery.delivered += self.board.presume(self.options.mss);
        }
    }

    /// What is lost, as far as this ACK tells.
    fn detect(&mut self, ack: &Ack<'_>, delivery: &Delivery, of_probe: bool) -> Found {
        if !self.options.sack {
            return self.detect_by_duplicates(delivery);
        }
        if self.options.detection == LossDetection::DuplicateAcks {
            return self.detect_by_threshold();
        }
        // A probe that was not needed says nothing of reordering: Linux leaves its D-SACK out, too.
        if delivery.duplicate.is_some() && !of_probe {
            self.rack.on_dsack(self.snd_una(), self.snd_nxt());
        }
        let min_rtt = self.rtt.min().unwrap_or_default();
        self.rack.on_delivery(ack.now, delivery, ack.echoed, min_rtt);
        self.detect_overdue(ack.now)
    }

    /// RFC 6675 §5: three duplicate ACKs begin the recovery, however small the segments behind the hole are (step 1); so
    /// does the board's own count (step 2).
    fn detect_by_threshold(&mut self) -> Found {
        let found = self.board.mark_by_threshold(self.options.mss);
        if found.first.is_none() && !self.is_recovering() && self.duplicates == DUP_THRESH {
            return self.board.mark_first(Why::DuplicateAcks);
        }
        found
    }

    /// RFC 8985 §6.2, step 5. Also when the reordering window of a segment is over.
    pub(super) fn detect_overdue(&mut self, now: Time) -> Found {
        let Some((newest, patience)) = self.rack.judgement(self.surroundings()) else { return Found::default() };
        let found = self.board.mark_overdue(now, newest, patience);
        self.reorder_at = found.wait.map(|wait| now + wait);
        found
    }

    pub(super) fn surroundings(&self) -> Surroundings {
        Surroundings {
            min_rtt: self.rtt.min().unwrap_or_default(),
            srtt: self.rtt.srtt().unwrap_or_default(),
            sacked: self.board.sacked().div_ceil(self.options.mss),
            recovering: self.is_recovering(),
        }
    }

    fn is_recovering(&self) -> bool {
        matches!(self.phase, Phase::FastRecovery | Phase::RtoRecovery)
    }

    fn detect_by_duplicates(&mut self, delivery: &Delivery) -> Found {
        // RFC 6582 §3.2, step 3: a partial ACK shows the next hole.
        if self.phase == Phase::FastRecovery && delivery.acked > 0 {
            return self.board.mark_first(Why::PartialAck);
        }
        // RFC 6582 §3.2, step 2: not again for what the last episode covered.
        let fresh = self.snd_una().after(self.recover) || self.undo.is_none();
        if !self.is_recovering() && self.duplicates == DUP_THRESH && fresh {
            return self.board.mark_first(Why::DuplicateAcks);
        }
        Found::default()
    }

    /// Losses were found, by an ACK or by the clock: fast recovery, unless a recovery is on.
    pub(super) fn note_found(&mut self, found: Found) {
        if let Some(seq) = found.again {
            self.decisions.push(Decision::RetransmissionLost { byte: self.byte(seq) });
        }
        let Some((lost, why)) = found.first else { return };
        if !self.is_recovering() {
            self.begin_recovery(lost, why);
        }
    }

    fn begin_recovery(&mut self, lost: Seq, why: Why) {
        // RFC 3168 §6.1.2: one reduction a window of data, whether for a mark or for a loss.
        if self.phase == Phase::Open {
            self.reduce(Signal::Loss);
        }
        self.phase = Phase::FastRecovery;
        self.recover = self.snd_nxt();
        (self.forced, self.rescued) = (true, false);
        self.probe.forget();
        self.undo = Some(Undo::new(self.snd_una(), self.recover).after(self.board.repeats_on_their_way()));
        self.begun = Some((lost, why));
    }

    /// Which byte of the stream has this number, from 1.
    fn byte(&self, seq: Seq) -> u32 {
        (seq - self.first) + 1
    }

    /// What began, once its window is known, and what the control says to it.
    pub(super) fn announce(&mut self) {
        let (cwnd, ssthresh) = (self.cwnd(), self.ssthresh());
        if let Some((lost, why)) = self.begun.take() {
            let (lost, until) = (self.byte(lost), self.recover - self.first);
            self.decisions.push(Decision::FastRecovery { lost, why, until, cwnd, ssthresh });
        }
        if std::mem::take(&mut self.echoed) {
            self.decisions.push(Decision::EcnEcho { cwnd, ssthresh });
        }
        if let Some(text) = self.control.take_decision() {
            self.decisions.push(Decision::Control(text));
        }
    }

    /// The control lowers ssthresh; PRR brings the window there.
    ///
    /// RFC 3168 §6.1.2: whatever lowered the window, the receiver hears of it, or its echo would lower it again.
    fn reduce(&mut self, signal: Signal) {
        self.cwr = true;
        let flight = self.board.flight();
        let cwnd = self.control.cwnd();
        self.control.on_congestion(&Congested { flight, pipe: self.pipe(), signal });
        if !self.control.governs_recovery() {
            let ssthresh = self.control.ssthresh().unwrap_or(cwnd);
            self.prr = Some(Prr::new(ssthresh, flight));
        }
    }

    fn leave_recovery(&mut self, now: Time) {
        if self.phase == Phase::Open || self.snd_una().before(self.recover) {
            return;
        }
        if self.phase != Phase::RtoRecovery {
            self.control.on_recovered(now);
        }
        let was = std::mem::replace(&mut self.phase, Phase::Open);
        self.prr = None;
        if was != Phase::Reducing {
            self.rack.on_recovered();
            self.decisions.push(Decision::Recovered { cwnd: self.cwnd() });
        }
    }

    fn look_for_mistakes(&mut self, ack: &Ack<'_>, delivery: &Delivery) {
        let moved = delivery.acked > 0 && self.is_recovering();
        let Some(undo) = &mut self.undo else { return };
        let what = match delivery.duplicate {
            _ if moved && undo.is_denied_by_echo(ack.now, ack.echoed) => "the echoed timestamp is older",
            Some(range) if undo.is_denied_by_duplicates(range) => "all of it was reported as duplicate",
            _ => return,
        };
        self.undo = None;
        self.control.on_undo(ack.now);
        self.board.unmark();
        self.phase = Phase::Open;
        self.prr = None;
        self.decisions.push(Decision::Undone { what, cwnd: self.cwnd() });
    }

    /// RFC 3168 §6.1.2.
    fn on_ecn_echo(&mut self, ack: &Ack<'_>) {
        if !ack.ece || self.phase != Phase::Open || self.board.is_empty() {
            return;
        }
        self.reduce(Signal::Ecn);
        // A mark stands, whatever is found out about an older loss.
        self.undo = None;
        self.phase = Phase::Reducing;
        self.recover = self.snd_nxt();
        self.echoed = true;
    }

    /// RFC 8985 §7.4.2: the probe's ACK. Where the probe was data sent again and nothing reports it as a duplicate, it
    /// repaired a loss: a congestion signal.
    fn on_probe_answered(&mut self, ack: &Ack<'_>, delivery: &Delivery) {
        let is_pure_duplicate = ack.duplicate && ack.sack.is_empty();
        let repaired = self.probe.on_ack(ack.ack, delivery.duplicate, is_pure_duplicate);
        if repaired && self.phase == Phase::Open {
            self.reduce(Signal::Loss);
            self.undo = None;
            self.control.on_recovered(ack.now);
            self.prr = None;
            let (cwnd, ssthresh) = (self.cwnd(), self.ssthresh());
            self.decisions.push(Decision::ProbeRepaired { cwnd, ssthresh });
        }
    }

    fn move_window(&mut self, now: Time, before: &Before, delivery: &Delivery, found: Found) {
        let rate = self.board.deliveries().take_sample(self.rtt.min());
        let (pipe, mss) = (self.pipe(), self.options.mss);
        if let Some(prr) = &mut self.prr {
            if delivery.delivered > 0 || prr.cwnd() == 0 {
                let safe = delivery.acked > 0 && found.lost == 0;
                prr.on_ack(Told { delivered: delivery.delivered, pipe, mss, safe });
            }
            return;
        }
        // RFC 5681 §3.2, step 1: the window does not change for duplicate ACKs, whatever they report.
        if delivery.acked == 0 && !self.control.governs_recovery() {
            return;
        }
        let latest = delivery.arrived.iter().filter(|it| !it.again).map(|it| it.sent_at).max();
        self.control.on_ack(&Acked {
            now,
            delivered: delivery.delivered,
            lost: found.lost,
            prior_pipe: before.pipe,
            pipe,
            rtt: latest.map(|at| now - at),
            srtt: self.rtt.srtt(),
            cwnd_limited: before.limited,
            recovering: self.phase != Phase::Open,
            after_timeout: self.phase == Phase::RtoRecovery,
            round: self.snd_una(),
            sent: self.board.nxt(),
            rate: rate.as_ref(),
        });
    }

    /// RFC 6298 §5.2 and §5.3.
    fn set_timers(&mut self, now: Time, moved: bool) {
        if self.board.is_empty() {
            (self.rto_at, self.reorder_at) = (None, None);
            self.probe.cancel();
        } else if moved {
            self.rto_at = Some(now + self.rtt.rto());
            self.schedule_probe(now);
        } else if self.board.sacked() > 0 {
            // RFC 8985 §7.2: a probe is for a tail of which nothing is known.
            self.probe.cancel();
        }
    }

    /// How long RACK waits for a segment.
    pub(super) fn patience(&self) -> Duration {
        self.rack.judgement(self.surroundings()).map_or(Duration::ZERO, |(_, patience)| patience)
    }
}
