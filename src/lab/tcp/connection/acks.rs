//! The peer acknowledges: what is released, what the sender learns, and how far closing has come (RFC 9293 §3.10.7.4, fifth).
use crate::lab::tcp::connection::Connection;
use crate::lab::tcp::decision::Decision;
use crate::lab::tcp::output::TcpOutput;
use crate::lab::tcp::segment::Segment;
use crate::lab::tcp::sender::Ack;
use crate::lab::tcp::seq::Seq;
use crate::lab::tcp::state::State;
use crate::recording::Time;

impl Connection {
    /// Takes an ACK that is plausible. False when the rest of the segment is not to be looked at.
    pub(super) fn takes_ack(&mut self, now: Time, segment: &Segment<'_>, ack: Seq, out: &mut TcpOutput) -> bool {
        let before = self.window.size();
        let duplicate = self.is_duplicate(segment, ack);
        let una = self.una();
        // RFC 9293 §3.10.7.4: a window counted from an older ACK would reach too far.
        if ack.at_or_after(una) {
            self.window.update(segment.seq, ack, segment.window);
        }
        self.note_peer_window(before, out);
        let Some(sender) = &mut self.sender else { return false };
        // RFC 7323 §4.1: the echo of a segment's timestamp measures its round trip.
        let echo = segment.options.timestamps.filter(|(_, echo)| self.terms.timestamps && *echo != 0);
        let news = Ack {
            now,
            ack,
            sack: if self.terms.sack { segment.options.sack.as_slice() } else { &[] },
            echoed: echo.map(|(_, echo)| self.timestamps.since(now, echo)).filter(|_| ack.after(una)),
            duplicate,
            ece: self.terms.ecn && segment.flags.ece,
        };
        sender.on_ack(&news);
        self.tell_decisions(out);
        if ack.after(una) {
            self.outbox.release(ack.min(self.outbox.end()));
            if self.outbox.has_much_room() {
                self.wake_writer();
            }
        }
        if self.fin_is_acknowledged() {
            self.fin_was_acknowledged(now, out);
        }
        true
    }

    /// RFC 5681 §2: the five conditions of a duplicate ACK.
    fn is_duplicate(&self, segment: &Segment<'_>, ack: Seq) -> bool {
        let outstanding = self.nxt().after(self.una());
        let same_window = self.window.scaled(segment.window) == self.window.size();
        outstanding && segment.length() == 0 && ack == self.una() && same_window
    }

    fn note_peer_window(&self, before: u32, out: &mut TcpOutput) {
        match (before, self.window.size()) {
            (0, window) if window > 0 => self.decide(Decision::PeerWindowOpen { window }, out),
            (1.., 0) => self.decide(Decision::PeerWindowZero, out),
            _ => {}
        }
    }

    fn fin_was_acknowledged(&mut self, now: Time, out: &mut TcpOutput) {
        match self.state {
            State::FinWait1 => {
                self.go(State::FinWait2, out);
                if self.orphan {
                    self.linger(now);
                }
            }
            State::Closing => self.enter_time_wait(now, out),
            State::LastAck => self.end(out),
            _ => {}
        }
    }

    /// Both ends have ended and acknowledged: the numbers rest until old segments are gone (RFC 9293 §3.6.1).
    pub(super) fn enter_time_wait(&mut self, now: Time, out: &mut TcpOutput) {
        self.go(State::TimeWait, out);
        self.outbox.clear();
        self.probes.stop();
        self.linger(now);
    }
}
