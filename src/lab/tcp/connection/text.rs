//! The peer's data and its FIN: into the inbox, and what is owed for them (RFC 9293 §3.10.7.4, seventh and eighth).
use std::io::ErrorKind;

use crate::lab::tcp::connection::Connection;
use crate::lab::tcp::decision::{Decision, GivesUp};
use crate::lab::tcp::inbox::Took;
use crate::lab::tcp::output::TcpOutput;
use crate::lab::tcp::reason::{Acknowledges, Resets};
use crate::lab::tcp::segment::Segment;
use crate::lab::tcp::seq::Seq;
use crate::lab::tcp::state::State;
use crate::recording::Time;

impl Connection {
    /// Takes what an acceptable segment carries.
    pub(super) fn takes_text(&mut self, now: Time, segment: &Segment<'_>, out: &mut TcpOutput) {
        if segment.flags.syn {
            return self.acks.at_once(Acknowledges::SynAckAgain);
        }
        if self.peer_has_ended() {
            // RFC 9293 §3.10.7.4: after the FIN there is nothing; what comes again is acknowledged again.
            if segment.length() > 0 {
                self.acks.at_once(Acknowledges::FinAgain);
            }
            return;
        }
        if !segment.payload.is_empty() {
            if self.refuses_data(now, segment, out) {
                return;
            }
            self.take_payload(now, segment, out);
        }
        let fin = segment.end() - 1;
        // A FIN before what has come already is a lie, and the first one stands.
        if segment.flags.fin && self.peer_fin.is_none() && fin.at_or_after(self.inbox.next()) {
            self.peer_fin = Some(fin);
        }
        self.take_fin(now, out);
        if segment.flags.fin && !self.peer_has_ended() {
            // RFC 5681 §4.2: a FIN out of order shows a gap as data does.
            let (next, told) = (self.inbox.next(), self.acks.told());
            self.acks.at_once(Acknowledges::Gap { bytes: next - told, missing: segment.seq.since(next) });
        }
    }

    /// RFC 2525 §2.17: data for a program that is gone is answered with a RST, or its sender would wait for ever.
    fn refuses_data(&mut self, now: Time, segment: &Segment<'_>, out: &mut TcpOutput) -> bool {
        // A FIN alone on what has come before brings nothing to refuse.
        let length = u32::try_from(segment.payload.len()).expect("a segment fits an IP packet");
        let new = (segment.seq + length).after(self.inbox.next());
        if !self.orphan || !new {
            return false;
        }
        self.send_reset(now, segment.ack.unwrap_or(self.nxt()), None, Resets::DataAfterClose, out);
        self.give_up(GivesUp::Orphaned, ErrorKind::BrokenPipe, out);
        true
    }

    fn take_payload(&mut self, now: Time, segment: &Segment<'_>, out: &mut TcpOutput) {
        let (seq, payload) = self.cut(segment);
        if payload.is_empty() {
            return self.acks.at_once(Acknowledges::NoRoom);
        }
        let length = u32::try_from(payload.len()).expect("an IPv4 packet has at most 65535 bytes");
        let before = self.inbox.next();
        match self.inbox.take(seq, payload) {
            Took::InOrder { bytes, filled } => {
                let rto = self.sender.as_ref().map_or(self.opening.rto, |it| it.rtt().rto());
                let left = self.offer.left(before);
                self.acks.on_data(now, length, segment.flags.psh, rto, left);
                if filled {
                    self.acks.at_once(Acknowledges::FillsGap { bytes });
                } else {
                    self.acks.decide(now, self.inbox.next(), self.inbox.has_gaps());
                }
                self.wake_reader();
            }
            Took::OutOfOrder { missing } => {
                let bytes = before - self.acks.told();
                self.acks.at_once(Acknowledges::Gap { bytes, missing });
            }
            Took::Duplicate => self.acks.at_once(Acknowledges::AlreadyHere),
            Took::NoRoom => {
                self.acks.at_once(Acknowledges::NoRoom);
                self.decide(Decision::OutOfOrderDropped { bytes: length }, out);
            }
        }
    }

    /// The part of a payload that lies before the window's edge and before the peer's FIN.
    fn cut<'a>(&self, segment: &Segment<'a>) -> (Seq, &'a [u8]) {
        let edge = self.offer.edge();
        let edge = self.peer_fin.map_or(edge, |fin| fin.min(edge));
        let room = edge.since(segment.seq) as usize;
        (segment.seq, &segment.payload[..segment.payload.len().min(room)])
    }

    /// RFC 9293 §3.10.7.4, eighth: the FIN, once all before it is there.
    fn take_fin(&mut self, now: Time, out: &mut TcpOutput) {
        if self.peer_fin != Some(self.inbox.next()) {
            return;
        }
        let bytes = self.inbox.next() - self.acks.told();
        self.inbox.pass_fin();
        self.wake_reader();
        match self.state {
            State::Established => {
                self.go(State::CloseWait, out);
                return self.acks.on_fin(now);
            }
            State::FinWait1 => self.go(State::Closing, out),
            State::FinWait2 => self.enter_time_wait(now, out),
            _ => {}
        }
        self.acks.at_once(Acknowledges::Fin { bytes });
    }
}
