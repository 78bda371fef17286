//! What may leave next: first what is lost, then new data, as far as the window and the pace allow (RFC 6675 §4, `NextSeg`).
use crate::lab::tcp::sender::prr::Told;
use crate::lab::tcp::sender::scoreboard::Segment;
use crate::lab::tcp::sender::{Decision, Phase, Sender, Turn, Why};
use crate::lab::tcp::seq::Seq;
use crate::lab::tcp::settings::LossDetection;
use crate::recording::Time;

impl Sender {
    /// What may leave now. `ready`: octets that could leave as new data if the congestion window allowed (there is data
    /// or a FIN, the peer's window is open, Nagle agrees); 0 when nothing could.
    pub(crate) fn next(&mut self, now: Time, ready: u32) -> Turn {
        self.restart_after_idle(now, ready);
        let turn = self.candidate(ready);
        if turn == Turn::Nothing {
            self.note_limits(ready);
            return turn;
        }
        let held = self.control.pacing_rate().and_then(|_| self.pacer.holds_until(now));
        held.map_or(turn, Turn::Wait)
    }

    fn candidate(&mut self, ready: u32) -> Turn {
        if let Some(probe) = self.probe_turn(ready) {
            return probe;
        }
        let room = self.cwnd().saturating_sub(self.pipe());
        if let Some(due) = self.board.next_due() {
            return self.again(&due, room);
        }
        let len = ready.min(self.options.mss);
        if len > 0 {
            let why = if self.is_disordered() { Why::LimitedTransmit } else { Why::Window };
            return if room >= len { Turn::New { len, why } } else { Turn::Nothing };
        }
        self.rescue(room)
    }

    fn again(&self, segment: &Segment, room: u32) -> Turn {
        // The last one's FIN, if there is one, rides on top of a full segment's octets.
        let most = self.options.mss + u32::from(segment.end() == self.snd_nxt());
        let len = if segment.len <= most { segment.len } else { self.options.mss };
        let why = segment.lost.unwrap_or(Why::Rescue);
        if self.forced || room >= len { Turn::Again { seq: segment.seq, len, why } } else { Turn::Nothing }
    }

    /// RFC 3042: something has left the network, and it is not known yet whether something else was lost.
    fn is_disordered(&self) -> bool {
        self.phase == Phase::Open && self.board.sacked() > 0
    }

    /// RFC 8985 §7.3: new data if there is any, else the last segment once more; the window does not matter.
    fn probe_turn(&mut self, ready: u32) -> Option<Turn> {
        let why = Why::TailProbe { after: self.probe.due? };
        if ready > 0 {
            return Some(Turn::New { len: ready.min(self.options.mss), why });
        }
        // RFC 8985 §7.2: with anything SACKed RACK has its clock; the retransmission timer covers the rest.
        let last = self.board.last().copied().filter(|it| !it.sacked);
        if last.is_none() {
            self.probe.cancel();
        }
        last.map(|it| Turn::Again { seq: it.seq, len: it.len, why })
    }

    /// RFC 6675 §4, rules 3 and 4: with nothing lost and nothing new, what is not SACKed yet.
    fn rescue(&self, room: u32) -> Turn {
        let wanted = self.phase == Phase::FastRecovery && self.options.detection == LossDetection::DuplicateAcks;
        if !wanted || !self.options.sack {
            return Turn::Nothing;
        }
        let below = self.board.next_below_sacked();
        let last = self.board.last().copied().filter(|it| !self.rescued && !it.sacked && !it.again);
        match below.or(last) {
            Some(it) if room >= it.len => Turn::Again { seq: it.seq, len: it.len, why: Why::Rescue },
            _ => Turn::Nothing,
        }
    }

    /// Nothing may leave: is it the window, or is there nothing?
    fn note_limits(&mut self, ready: u32) {
        let waits = ready > 0 || self.board.due() > 0;
        if waits {
            self.limited_until = self.snd_nxt();
        } else if self.cwnd() > self.pipe() {
            let pipe = self.pipe();
            self.board.deliveries().on_app_limited(pipe);
        }
    }

    /// RFC 5681 §4.1: after a pause the path is not what it was.
    fn restart_after_idle(&mut self, now: Time, ready: u32) {
        let (idle, rto) = (now - self.last_sent, self.rtt.rto());
        if !self.options.slow_start_after_idle || ready == 0 || !self.board.is_empty() || idle <= rto {
            return;
        }
        let from = self.cwnd();
        self.control.on_idle(now, idle, rto);
        self.last_sent = now;
        if self.cwnd() != from {
            self.decisions.push(Decision::IdleRestart { idle, from, to: self.cwnd() });
        }
    }

    /// This range has left: new data where it begins at [`Self::snd_nxt`], else again. A FIN counts as an octet. Zero
    /// window probes and keep-alives do not belong here.
    pub(crate) fn on_sent(&mut self, now: Time, seq: Seq, len: u32) {
        let again = seq != self.snd_nxt();
        self.control.on_send(now, self.board.is_empty());
        if again {
            self.note_again(now, seq, len);
        } else {
            self.board.on_sent(now, len);
        }
        if let Some(prr) = &mut self.prr {
            prr.on_sent(len);
        }
        if let Some(rate) = self.control.pacing_rate() {
            self.pacer.on_sent(now, len, rate);
        }
        self.last_sent = now;
        self.start_timers(now, seq, len, again);
    }

    fn note_again(&mut self, now: Time, seq: Seq, len: u32) {
        let rescue = self.board.due() == 0 && self.probe.due.is_none();
        self.rescued |= rescue;
        self.board.on_sent_again(now, seq, len);
        self.retransmissions += 1;
        self.forced = false;
        if let Some(undo) = &mut self.undo {
            undo.on_sent_again(now);
        }
    }

    /// RFC 6298 §5.1; and from the start when the oldest segment leaves again (RFC 6675 §6).
    fn start_timers(&mut self, now: Time, seq: Seq, len: u32, again: bool) {
        if self.rto_at.is_none() || (again && seq == self.snd_una()) {
            self.rto_at = Some(now + self.rtt.rto());
        }
        if self.probe.due.is_some() {
            self.probe.on_sent(seq + len, again);
        } else if !again {
            self.schedule_probe(now);
        }
    }

    /// A recovery that the clock began has had no ACK to open PRR's window with.
    pub(super) fn open_prr(&mut self) {
        let (pipe, mss) = (self.pipe(), self.options.mss);
        if let Some(prr) = self.prr.as_mut().filter(|it| it.cwnd() == 0) {
            prr.on_ack(Told { delivered: 0, pipe, mss, safe: false });
        }
    }
}
