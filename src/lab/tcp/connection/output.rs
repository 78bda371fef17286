//! Segments leave here: what the sender may send now, ACKs that are owed, SYNs and RSTs; each with its reason.
use crate::lab::tcp::connection::Connection;
use crate::lab::tcp::decision::{Decision, Senses};
use crate::lab::tcp::options::Options;
use crate::lab::tcp::output::{Outgoing, TcpOutput};
use crate::lab::tcp::reason::{Acknowledges, Bytes, Reason, Resets, Waited};
use crate::lab::tcp::segment::{self, Flags, Segment};
use crate::lab::tcp::sender::{Turn, Why};
use crate::lab::tcp::seq::Seq;
use crate::lab::tcp::state::State;
use crate::recording::Time;

/// RFC 3168 §5: what a data segment of a connection with ECN carries in its IP header.
const ECT_0: u8 = 2;

/// A segment of an open connection before it has options, window and ACK.
#[derive(Clone, Copy, Debug)]
struct Draft {
    seq: Seq,
    /// Bytes of payload.
    length: u32,
    flags: Flags,
    /// RFC 3168 §6.1.5: only data that is sent for the first time may be marked.
    ect: bool,
    reason: Reason,
}

impl Connection {
    /// Sends all that may leave now: data, then an ACK that is owed and found nothing to ride on.
    pub(super) fn flush(&mut self, now: Time, out: &mut TcpOutput) {
        // The peer must learn of gaps and duplicates, whose blocks do not fit beside a full segment.
        if self.inbox.owes_duplicate_sack() || self.inbox.has_gaps() {
            self.send_owed_ack(now, out);
        }
        self.paced_until = None;
        if self.sender.is_some() && self.may_send() {
            if self.outbox.end().after(self.nxt()) {
                self.raise_path_mtu(now, out);
            }
            while self.send_one(now, out) {}
            self.tell_decisions(out);
            self.watch_window(now);
        }
        self.send_owed_ack(now, out);
    }

    /// Whether data, a FIN or either again can leave in this state.
    const fn may_send(&self) -> bool {
        use State::{CloseWait, Closing, Established, FinWait1, LastAck};
        matches!(self.state, Established | CloseWait | FinWait1 | Closing | LastAck)
    }

    /// Sends one segment if one may leave.
    fn send_one(&mut self, now: Time, out: &mut TcpOutput) -> bool {
        let ready = self.ready();
        let Some(sender) = &mut self.sender else { return false };
        match sender.next(now, ready) {
            Turn::Again { seq, len, why } => self.send_again(now, (seq, len), why, out),
            Turn::New { len, why } => {
                let held = std::mem::take(&mut self.held_back) && len < self.mss();
                self.send_new(now, len, (why, if held { Waited::Nagle } else { Waited::No }), out);
            }
            Turn::Wait(until) => {
                self.paced_until = Some(until);
                return false;
            }
            Turn::Nothing => return false,
        }
        true
    }

    /// Octets that could leave as new data as far as the peer's window and Nagle are concerned; a FIN is one.
    fn ready(&mut self) -> u32 {
        let (una, nxt, mss) = (self.una(), self.nxt(), self.mss());
        let unsent = self.outbox.end().since(nxt);
        let window = (una + self.window.size()).since(nxt);
        let fin = self.ending.is_some() && !self.fin_is_sent() && window > unsent;
        let usable = unsent.min(window);
        let full = usable - usable % mss;
        if usable == full {
            return if usable == 0 { u32::from(fin) } else { usable };
        }
        // RFC 9293 §3.8.6.2.1: less than a full segment leaves when it is all there is and Nagle agrees, ...
        if usable == unsent {
            if fin || self.nagle_agrees(una) {
                return usable;
            }
            self.held_back = true;
            return full;
        }
        // ... or when it is at least half of the largest window ever offered.
        if full == 0 && usable >= self.window.largest().div_ceil(2) { usable } else { full }
    }

    /// Nagle's algorithm with Minshall's amendment: one small segment may be unacknowledged, no two.
    fn nagle_agrees(&self, una: Seq) -> bool {
        !self.rules.nagle || self.small.is_none_or(|end| end.at_or_before(una))
    }

    /// New data, or the FIN, or both.
    pub(super) fn send_new(&mut self, now: Time, len: u32, (why, waited): (Why, Waited), out: &mut TcpOutput) {
        let (seq, end) = (self.nxt(), self.outbox.end());
        let length = len.min(end.since(seq));
        let last = seq + length == end;
        let room = (self.una() + self.window.size()).after(end);
        let ending = self.ending.filter(|_| last && (room || len > length));
        if length > 0 && length < self.mss() {
            self.small = Some(seq + length);
        }
        let ecn = self.terms.ecn;
        let cwr = self.sender.as_mut().is_some_and(|it| length > 0 && it.take_cwr() && ecn);
        let flags = Flags { psh: last && length > 0, fin: ending.is_some(), cwr, ..Flags::default() };
        let reason = match (self.outbox.written(seq, length), ending) {
            (None, Some(call)) => Reason::Fin(call),
            (written, fin) => Reason::Data { written, why, waited, fin },
        };
        if length > 0 {
            self.acks.on_data_sent(now);
        }
        self.emit(now, Draft { seq, length, flags, ect: length > 0, reason }, out);
        if let Some(sender) = &mut self.sender {
            sender.on_sent(now, seq, length + u32::from(flags.fin));
        }
    }

    /// A range once more.
    fn send_again(&mut self, now: Time, (seq, len): (Seq, u32), why: Why, out: &mut TcpOutput) {
        let end = self.outbox.end();
        let length = len.min(end.since(seq)).min(self.mss());
        let fin = self.fin_is_sent() && seq + length == end && len > length;
        let flags = Flags { psh: length > 0 && seq + length == end, fin, ..Flags::default() };
        let reason = Reason::Retransmits { why, bytes: self.counted(seq, length), fin };
        self.emit(now, Draft { seq, length, flags, ect: false, reason }, out);
        if let Some(sender) = &mut self.sender {
            sender.on_sent(now, seq, length + u32::from(fin));
        }
    }

    /// Bytes of the stream as people count them.
    fn counted(&self, seq: Seq, length: u32) -> Bytes {
        let first = seq - self.opening.iss;
        Bytes { first, last: (first + length).wrapping_sub(1) }
    }

    fn send_owed_ack(&mut self, now: Time, out: &mut TcpOutput) {
        if let Some(why) = self.acks.urgent() {
            self.send_ack(now, why, out);
        }
    }

    /// A segment with nothing in it.
    pub(super) fn send_ack(&mut self, now: Time, why: Acknowledges, out: &mut TcpOutput) {
        self.send_empty(now, self.nxt(), Reason::Ack(why), out);
    }

    /// A segment with nothing in it, with this sequence number.
    pub(super) fn send_empty(&mut self, now: Time, seq: Seq, reason: Reason, out: &mut TcpOutput) {
        self.emit(now, Draft { seq, length: 0, flags: Flags::default(), ect: false, reason }, out);
    }

    fn emit(&mut self, now: Time, draft: Draft, out: &mut TcpOutput) {
        let options = self.options_beside(now, draft.length);
        let window = self.offer.announce(&self.inbox, self.mss());
        let next = self.inbox.next();
        let flags = Flags { ece: self.echoes_congestion, ..draft.flags };
        let (payload, more) = self.outbox.at(draft.seq, draft.length);
        let segment = Segment { seq: draft.seq, ack: Some(next), flags, window, options, payload };
        out.segments.push(Outgoing {
            from: self.pair.local,
            to: self.pair.remote,
            ecn: if draft.ect && self.terms.ecn { ECT_0 } else { 0 },
            dont_fragment: self.rules.settings.path_mtu_discovery,
            bytes: segment::write(self.pair.local, self.pair.remote, &segment, more),
            reason: draft.reason,
        });
        self.acks.sent(next);
        self.note_window(window, out);
    }

    /// Timestamps, and as many SACK blocks as leave the payload its room.
    fn options_beside(&mut self, now: Time, length: u32) -> Options {
        let timestamps = self.terms.timestamps.then(|| (self.timestamps.value(now), self.timestamps.recent()));
        let spare = (self.mss() - length.min(self.mss())).saturating_sub(4) / 8;
        let most = if self.terms.timestamps { 3 } else { 4 };
        let most = if self.terms.sack { most.min(spare as usize) } else { 0 };
        Options { timestamps, sack: self.inbox.blocks(most, self.peer_fin), ..Options::default() }
    }

    fn note_window(&mut self, window: u16, out: &mut TcpOutput) {
        let shut = window == 0;
        if shut && !self.probes.our_window_is_shut {
            self.decide(Decision::WindowZero { unread: self.inbox.unread() }, out);
        }
        self.probes.our_window_is_shut = shut;
        self.read_since = 0;
    }

    /// The first SYN.
    pub(super) fn send_syn(&self, now: Time, reason: Reason, out: &mut TcpOutput) {
        let ecn = self.terms.ecn;
        let flags = Flags { syn: true, ece: ecn, cwr: ecn, ..Flags::default() };
        let options = self.rules.offered(self.pair, self.timestamps.value(now));
        self.emit_syn(&Segment { seq: self.opening.iss, flags, options, ..Segment::default() }, reason, out);
    }

    /// The SYN-ACK of a simultaneous open; a listener sends its own.
    pub(super) fn send_syn_ack(&self, now: Time, reason: Reason, out: &mut TcpOutput) {
        let flags = Flags { syn: true, ece: self.terms.ecn, ..Flags::default() };
        let mut options = self.rules.offered(self.pair, self.timestamps.value(now));
        options.timestamps = options.timestamps.filter(|_| self.terms.timestamps);
        options.timestamps = options.timestamps.map(|(value, _)| (value, self.timestamps.recent()));
        let (seq, ack) = (self.opening.iss, Some(self.inbox.next()));
        self.emit_syn(&Segment { seq, ack, flags, options, ..Segment::default() }, reason, out);
    }

    fn emit_syn(&self, syn: &Segment<'_>, reason: Reason, out: &mut TcpOutput) {
        let (from, to) = (self.pair.local, self.pair.remote);
        let syn = Segment { window: self.rules.syn_window(), ..*syn };
        let bytes = segment::write(from, to, &syn, b"");
        let dont_fragment = self.rules.settings.path_mtu_discovery;
        out.segments.push(Outgoing { from, to, ecn: 0, dont_fragment, bytes, reason });
    }

    /// RFC 9293 §3.5.2: a RST, with an ACK or without.
    pub(super) fn send_reset(&self, now: Time, seq: Seq, ack: Option<Seq>, why: Resets, out: &mut TcpOutput) {
        let (from, to) = (self.pair.local, self.pair.remote);
        let timestamps = self.terms.timestamps.then(|| (self.timestamps.value(now), self.timestamps.recent()));
        let options = Options { timestamps, ..Options::default() };
        let flags = Flags { rst: true, ..Flags::default() };
        let bytes = segment::write(from, to, &Segment { seq, ack, flags, options, ..Segment::default() }, b"");
        out.segments.push(Outgoing { from, to, ecn: 0, dont_fragment: true, bytes, reason: Reason::Reset(why) });
    }

    /// What the sender decided, with what it knew then.
    pub(super) fn tell_decisions(&mut self, out: &mut TcpOutput) {
        let Some(sender) = &mut self.sender else { return };
        let decisions = sender.take_decisions();
        if decisions.is_empty() {
            return;
        }
        let knew = Senses {
            cwnd: sender.cwnd(),
            ssthresh: sender.ssthresh(),
            srtt: sender.rtt().srtt(),
            rto: sender.rtt().rto(),
            pipe: sender.pipe(),
        };
        for what in decisions {
            self.decide(Decision::Sender { what, knew }, out);
        }
    }
}
