//! A segment arrives at a connection: is it acceptable, is it an attack, and who takes it (RFC 9293 §3.10.7.4).
use std::io::ErrorKind;
use std::time::Duration;

use crate::lab::tcp::connection::Connection;
use crate::lab::tcp::decision::GivesUp;
use crate::lab::tcp::output::TcpOutput;
use crate::lab::tcp::reason::{Acknowledges, Reason, Resets};
use crate::lab::tcp::segment::Segment;
use crate::lab::tcp::seq::Seq;
use crate::lab::tcp::state::State;
use crate::recording::Time;

/// How often a stranger can make a connection answer (RFC 5961 §7; Linux: `tcp_invalid_ratelimit`).
const CHALLENGE_INTERVAL: Duration = Duration::from_millis(500);

impl Connection {
    /// A segment of the peer, or of somebody who claims to be it. `marked`: IP says that it met congestion.
    pub(crate) fn segment(&mut self, now: Time, segment: &Segment<'_>, marked: bool, out: &mut TcpOutput) {
        match self.state {
            State::Closed | State::Listen => return,
            State::SynSent => return self.in_syn_sent(now, segment, out),
            _ => {}
        }
        if !self.is_acceptable(now, segment, out) || !self.is_no_attack(now, segment, out) {
            return;
        }
        self.last_heard = now;
        self.probes.heard();
        self.note_timestamp(now, segment);
        if self.state == State::TimeWait {
            return self.in_time_wait(now, segment, out);
        }
        let Some(ack) = segment.ack else { return };
        if self.state == State::SynReceived {
            if ack != self.opening.iss + 1 {
                // RFC 9293 §3.10.7.4: it acknowledges something else than our SYN.
                return self.send_reset(now, ack, None, Resets::WrongAck, out);
            }
            self.window.update(segment.seq, ack, segment.window);
            self.establish(now, segment, out);
        }
        if self.takes_ack(now, segment, ack, out) && self.state != State::Closed {
            self.note_marks(segment, marked);
            self.takes_text(now, segment, out);
            self.flush(now, out);
        }
    }

    /// RFC 9293 §3.10.7.4, first: the sequence number, after PAWS (RFC 7323 §5.3).
    fn is_acceptable(&mut self, now: Time, segment: &Segment<'_>, out: &mut TcpOutput) -> bool {
        let rst = segment.flags.rst;
        match segment.options.timestamps {
            Some((value, _)) if self.terms.timestamps && !rst && self.timestamps.is_old(now, value) => {
                self.answer_stranger(now, segment, Acknowledges::OldTimestamp, out);
                return false;
            }
            // RFC 7323 §3.2: once agreed, every segment but a RST has them.
            None if self.terms.timestamps && !rst => return false,
            _ => {}
        }
        if self.is_in_window(segment) {
            return true;
        }
        if rst {
            return false;
        }
        self.inbox.note_old(segment.seq, segment.end());
        if self.state == State::SynReceived && segment.flags.syn {
            self.send_syn_ack(now, Reason::SynAckRepeated, out);
            return false;
        }
        let why = self.why_outside(segment);
        self.answer_stranger(now, segment, why, out);
        if self.state == State::TimeWait && segment.flags.fin {
            self.linger(now);
        }
        false
    }

    /// As Linux, a little wider than the four cases of the RFC: what ends at `RCV.NXT` brings nothing but its ACK, and what
    /// begins at the window's edge brings an ACK even when the window is zero.
    fn is_in_window(&self, segment: &Segment<'_>) -> bool {
        let next = self.inbox.next();
        segment.end().at_or_after(next) && segment.seq.at_or_before(self.offer.edge().max(next))
    }

    fn why_outside(&self, segment: &Segment<'_>) -> Acknowledges {
        let next = self.inbox.next();
        let probes = segment.length() == 0 && segment.seq + 1 == next;
        if segment.flags.syn {
            return why_syn(segment);
        }
        if segment.flags.fin && self.peer_has_ended() {
            Acknowledges::FinAgain
        } else if probes && self.offer.left(next) == 0 {
            Acknowledges::WindowProbe
        } else if probes {
            Acknowledges::KeepAliveProbe
        } else if segment.end().before(next) && segment.length() > 0 {
            Acknowledges::AlreadyHere
        } else {
            Acknowledges::OutsideWindow
        }
    }

    /// An ACK that anybody can provoke: two ends that disagree must not answer each other for ever (RFC 5961 §7).
    fn answer_stranger(&mut self, now: Time, segment: &Segment<'_>, why: Acknowledges, out: &mut TcpOutput) {
        let brings_data = segment.length() > 0 && !segment.flags.syn;
        let soon = self.last_challenge.is_some_and(|at| now - at < CHALLENGE_INTERVAL);
        if brings_data || !soon {
            if !brings_data {
                self.last_challenge = Some(now);
            }
            self.send_ack(now, why, out);
        }
    }

    /// RFC 9293 §3.10.7.4, second to fifth, with RFC 5961: RST, SYN and what the ACK says.
    fn is_no_attack(&mut self, now: Time, segment: &Segment<'_>, out: &mut TcpOutput) -> bool {
        if segment.flags.rst {
            // RFC 5961 §3.2: only a RST exactly at RCV.NXT is believed.
            if segment.seq == self.inbox.next() {
                self.reset_by_peer(out);
            } else {
                self.answer_stranger(now, segment, Acknowledges::ChallengeReset, out);
            }
            return false;
        }
        if segment.flags.syn && !self.completes_crossed_syns(segment) {
            // RFC 5961 §4.2: a SYN on a synchronised connection is never obeyed.
            self.answer_stranger(now, segment, why_syn(segment), out);
            return false;
        }
        // RFC 5961 §5.2: SND.UNA - MAX.SND.WND <= SEG.ACK <= SND.NXT.
        let (una, nxt) = (self.una(), self.nxt());
        let plausible = |ack: Seq| ack.at_or_before(nxt) && ack.at_or_after(una - self.window.largest());
        if self.state != State::SynReceived && segment.ack.is_some_and(|ack| !plausible(ack)) {
            self.answer_stranger(now, segment, Acknowledges::ChallengeAck, out);
            return false;
        }
        true
    }

    /// RFC 9293 §3.5, figure 7: after a simultaneous open both ends' SYN-ACKs repeat the SYN, and acknowledge the other's.
    fn completes_crossed_syns(&self, segment: &Segment<'_>) -> bool {
        let ours = segment.ack == Some(self.opening.iss + 1);
        self.state == State::SynReceived && ours && segment.seq + 1 == self.inbox.next()
    }

    fn reset_by_peer(&mut self, out: &mut TcpOutput) {
        match self.state {
            // RFC 9293 §3.10.7.4: nothing is lost any more. In TIME-WAIT, Linux believes a RST too (against RFC 1337 §3).
            State::TimeWait => self.end(out),
            State::SynReceived => self.give_up(GivesUp::Refused, ErrorKind::ConnectionRefused, out),
            _ => self.give_up(GivesUp::Reset, ErrorKind::ConnectionReset, out),
        }
    }

    fn note_timestamp(&mut self, now: Time, segment: &Segment<'_>) {
        if let Some((value, _)) = segment.options.timestamps.filter(|_| self.terms.timestamps) {
            self.timestamps.update(now, value, segment.seq, self.acks.told());
        }
    }

    /// RFC 9293 §3.10.7.4: in TIME-WAIT only the peer's FIN can come again; the wait begins anew.
    fn in_time_wait(&mut self, now: Time, segment: &Segment<'_>, out: &mut TcpOutput) {
        if segment.length() > 0 {
            if segment.flags.fin {
                self.linger(now);
            }
            self.send_ack(now, Acknowledges::FinAgain, out);
        }
    }

    /// RFC 3168 §6.1.3: a mark is echoed in every ACK until the sender says that it has slowed down.
    fn note_marks(&mut self, segment: &Segment<'_>, marked: bool) {
        if !self.terms.ecn {
            return;
        }
        if segment.flags.cwr {
            self.echoes_congestion = false;
        }
        if marked {
            if !self.echoes_congestion {
                self.acks.at_once(Acknowledges::CongestionMark);
            }
            self.echoes_congestion = true;
        }
    }
}

/// A SYN on a synchronised connection: our last ACK of the handshake was lost, or an old one or a stranger's came.
const fn why_syn(segment: &Segment<'_>) -> Acknowledges {
    if segment.ack.is_some() { Acknowledges::SynAckAgain } else { Acknowledges::ChallengeSyn }
}
