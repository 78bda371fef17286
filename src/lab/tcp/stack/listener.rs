//! A listener: SYNs it has answered, connections that wait for `accept`, and what it does when either is too many.
//!
//! ```text
//!   SYN ──▶ SYN queue (half-open) ──ACK──▶ accept queue ──accept()──▶ program
//!             full: cookie, or dropped       full: the ACK is dropped, or RST; new SYNs are dropped
//! ```
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::task::Waker;

use crate::lab::tcp::connection::{Half, Opening, Rules, Terms, Timestamps};
use crate::lab::tcp::decision::{Decision, GivesUp};
use crate::lab::tcp::isn::{Use, initial_sequence_number, keyed};
use crate::lab::tcp::options::Options;
use crate::lab::tcp::output::{Pair, TcpOutput};
use crate::lab::tcp::reason::{Acknowledges, Reason, Resets};
use crate::lab::tcp::segment::{Flags, Segment};
use crate::lab::tcp::seq::Seq;
use crate::lab::tcp::settings::SynCookies;
use crate::lab::tcp::stack::{Id, cookies, stray};
use crate::lab::tcp::state::State;
use crate::recording::Time;

/// A listening socket.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) at: SocketAddr,
    pub(super) rules: Rules,
    /// The second argument of `listen(2)`.
    pub(super) backlog: usize,
    /// The SYN queue.
    pub(super) halves: BTreeMap<Pair, Waiting>,
    /// The accept queue.
    pub(super) ready: VecDeque<Id>,
    pub(super) waker: Option<Waker>,
}

/// A half-open connection and its timer.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) half: Half,
    pub(super) set: Option<Time>,
}

/// What a segment for a listener leads to.
#[derive(Debug)]
pub(super) enum Outcome {
    Nothing,
    /// A half-open connection is new, or its timer has moved.
    Waits,
    /// A half-open connection is no more.
    Gone,
    /// The handshake is done: a connection begins, and this segment is its first.
    Opens(Half),
}

impl Listener {
    pub(super) const fn new(at: SocketAddr, rules: Rules, backlog: usize) -> Self {
        Self { at, rules, backlog, halves: BTreeMap::new(), ready: VecDeque::new(), waker: None }
    }

    fn settings(&self) -> &crate::lab::tcp::TcpSettings {
        &self.rules.settings
    }

    /// As Linux: full when there are more than the backlog, so that one more than it says can wait.
    fn accept_queue_is_full(&self) -> bool {
        self.ready.len() > self.backlog
    }

    /// As Linux since 4.3, no more half-open connections than the backlog; nor than the lab's own limit.
    fn syn_queue_is_full(&self) -> bool {
        self.halves.len() >= self.backlog.clamp(1, self.settings().syn_backlog.max(1))
    }

    /// RFC 9293 §3.10.7.2, with the queues around it. `at_least`: an ISN above the numbers of a connection it replaces.
    pub(super) fn segment(
        &mut self,
        now: Time,
        pair: Pair,
        segment: &Segment<'_>,
        at_least: Option<Seq>,
        out: &mut TcpOutput,
    ) -> Outcome {
        if self.halves.contains_key(&pair) {
            return self.for_half(now, pair, segment, out);
        }
        if segment.flags.rst {
            return Outcome::Nothing;
        }
        if let Some(ack) = segment.ack {
            return self.for_cookie(now, pair, segment, ack, out);
        }
        if segment.flags.syn { self.syn(now, pair, segment, at_least, out) } else { Outcome::Nothing }
    }

    fn syn(
        &mut self,
        now: Time,
        pair: Pair,
        segment: &Segment<'_>,
        at_least: Option<Seq>,
        out: &mut TcpOutput,
    ) -> Outcome {
        if self.accept_queue_is_full() {
            out.decide(pair, Decision::SynDropped { backlog: count(self.backlog) });
            return Outcome::Nothing;
        }
        let full = self.syn_queue_is_full();
        let cookie = match self.settings().syn_cookies {
            SynCookies::Never => false,
            SynCookies::WhenFull => full,
            SynCookies::Always => true,
        };
        if full && !cookie {
            out.decide(pair, Decision::SynQueueFull { half_open: count(self.halves.len()) });
            return Outcome::Nothing;
        }
        let mut half = self.half(now, pair, segment);
        if let Some(least) = at_least {
            half.opening.iss = half.opening.iss.max(least);
        }
        if cookie {
            self.send_cookie(now, half, out);
            return Outcome::Nothing;
        }
        out.moved(pair, State::Listen, State::SynReceived);
        half.opening.sent(now);
        self.send_syn_ack(now, &half, Reason::SynAck, out);
        self.halves.insert(pair, Waiting { half, set: None });
        Outcome::Waits
    }

    fn half(&self, now: Time, pair: Pair, segment: &Segment<'_>) -> Half {
        let secret = self.rules.seed;
        let iss = initial_sequence_number(secret, pair, now);
        // RFC 3168 §6.1.1: an ECN-setup SYN has both bits.
        let ecn = segment.flags.ece && segment.flags.cwr;
        let mut timestamps = Timestamps::new(keyed(secret, pair, Use::Timestamp));
        if let Some((value, _)) = segment.options.timestamps {
            timestamps.take(now, value);
        }
        Half {
            pair,
            terms: Terms::settle(&self.rules, pair, &segment.options, ecn),
            opening: Opening::new(iss, now),
            irs: segment.seq,
            window: segment.window,
            timestamps,
            peer_scales: segment.options.window_scale.is_some(),
        }
    }

    fn send_syn_ack(&self, now: Time, half: &Half, reason: Reason, out: &mut TcpOutput) {
        let value = half.timestamps.value(now);
        self.send_answer(half, value, reason, out);
    }

    /// The SYN-ACK offers what the SYN has asked for and this host does.
    fn send_answer(&self, half: &Half, value: u32, reason: Reason, out: &mut TcpOutput) {
        let offered = self.rules.offered(half.pair, value);
        let options = Options {
            window_scale: offered.window_scale.filter(|_| half.peer_scales),
            sack_permitted: half.terms.sack,
            timestamps: half.terms.timestamps.then(|| (value, half.timestamps.recent())),
            ..offered
        };
        let flags = Flags { syn: true, ece: half.terms.ecn, ..Flags::default() };
        let (seq, ack) = (half.opening.iss, Some(half.irs + 1));
        let window = self.rules.syn_window();
        stray::send(half.pair, &Segment { seq, ack, flags, window, options, payload: b"" }, reason, out);
    }

    fn send_cookie(&self, now: Time, mut half: Half, out: &mut TcpOutput) {
        half.opening.iss = cookies::make(self.rules.seed, half.pair, now, half.irs, half.terms.peer_mss);
        let scaling = half.peer_scales && self.settings().window_scaling;
        let value = cookies::hide(half.timestamps.value(now), &half.terms, scaling);
        if !half.terms.timestamps {
            // Nothing would remember that they were agreed.
            half.peer_scales = false;
            (half.terms.sack, half.terms.ecn) = (false, false);
        }
        out.decide(half.pair, Decision::CookieSent { half_open: count(self.halves.len()) });
        self.send_answer(&half, value, Reason::SynCookie, out);
    }

    /// An ACK for a SYN-ACK nobody remembers: a cookie, or nothing of ours (RFC 9293 §3.10.7.2: RST).
    fn for_cookie(&self, now: Time, pair: Pair, segment: &Segment<'_>, ack: Seq, out: &mut TcpOutput) -> Outcome {
        let (irs, iss) = (segment.seq - 1, ack - 1);
        let valid = self.settings().syn_cookies != SynCookies::Never && !segment.flags.syn;
        let mss = if valid { cookies::check(self.rules.seed, pair, now, irs, iss) } else { None };
        let Some(mss) = mss else {
            stray::refuse(pair, segment, Resets::NoConnection, out);
            return Outcome::Nothing;
        };
        if self.accept_queue_is_full() {
            return self.overflow(pair, segment, out);
        }
        let mut half = self.half(now, pair, segment);
        let options = segment.options.timestamps.map(|(_, echo)| cookies::reveal(echo));
        let (shift, sack, ecn) = options.unwrap_or((None, false, false));
        let recalled =
            Options { mss: u16::try_from(mss).ok(), window_scale: shift, sack_permitted: sack, ..segment.options };
        half.terms = Terms::settle(&self.rules, pair, &recalled, ecn);
        half.irs = irs;
        half.opening.iss = iss;
        // When it was sent, and how often, is not known either: only a timestamp, up to 64 ms older than it says, measures the
        // handshake.
        half.opening.tries = 2;
        half.opening.first_sent = cookies::earliest(now);
        out.decide(pair, Decision::CookieAccepted { mss });
        out.moved(pair, State::Listen, State::SynReceived);
        Outcome::Opens(half)
    }

    fn overflow(&self, pair: Pair, segment: &Segment<'_>, out: &mut TcpOutput) -> Outcome {
        if self.settings().abort_on_overflow {
            stray::refuse(pair, segment, Resets::AcceptQueueFull, out);
            return Outcome::Gone;
        }
        out.decide(pair, Decision::AckDropped { backlog: count(self.backlog) });
        Outcome::Nothing
    }

    /// RFC 9293 §3.10.7.4 for SYN-RECEIVED.
    fn for_half(&self, now: Time, pair: Pair, segment: &Segment<'_>, out: &mut TcpOutput) -> Outcome {
        let Some(Waiting { half, .. }) = self.halves.get(&pair) else { return Outcome::Nothing };
        let half = *half;
        let first = half.irs + 1;
        if segment.flags.rst {
            return if segment.seq == first { self.drop_half(pair, None, out) } else { Outcome::Nothing };
        }
        if segment.flags.syn && segment.ack.is_none() && segment.seq == half.irs {
            self.send_syn_ack(now, &half, Reason::SynAckRepeated, out);
            return Outcome::Nothing;
        }
        let edge = first + u32::from(self.rules.syn_window());
        if segment.flags.syn || !segment.seq.is_within(first, edge + 1) {
            acknowledge(&half, now, out);
            return Outcome::Nothing;
        }
        match segment.ack {
            Some(ack) if ack == half.opening.iss + 1 => {}
            Some(_) => {
                stray::refuse(pair, segment, Resets::WrongAck, out);
                return Outcome::Nothing;
            }
            None => return Outcome::Nothing,
        }
        if self.accept_queue_is_full() {
            let outcome = self.overflow(pair, segment, out);
            return if matches!(outcome, Outcome::Gone) { self.drop_half(pair, None, out) } else { outcome };
        }
        Outcome::Opens(half)
    }

    fn drop_half(&self, pair: Pair, why: Option<GivesUp>, out: &mut TcpOutput) -> Outcome {
        if let Some(why) = why {
            out.decide(pair, Decision::GivesUp(why));
        }
        out.moved(pair, State::SynReceived, State::Closed);
        Outcome::Gone
    }

    /// The SYN-ACK was not answered in time (RFC 6298 §5.4 to §5.6).
    pub(super) fn half_timed_out(&mut self, now: Time, pair: Pair, out: &mut TcpOutput) -> Outcome {
        let most = self.settings().synack_retries;
        let Some(Waiting { half, .. }) = self.halves.get_mut(&pair) else { return Outcome::Nothing };
        let tries = half.opening.tries;
        if half.opening.deadline.is_none_or(|at| at > now) {
            return Outcome::Waits;
        }
        let rto = half.opening.back_off();
        if tries > most {
            return self.drop_half(pair, Some(GivesUp::Unanswered { tries }), out);
        }
        half.opening.sent(now);
        let half = *half;
        self.send_syn_ack(now, &half, Reason::SynAckAgain { rto, times: tries, of: most }, out);
        Outcome::Waits
    }
}

/// RFC 9293 §3.10.7.4, first: an unacceptable segment is told what is expected.
fn acknowledge(half: &Half, now: Time, out: &mut TcpOutput) {
    let timestamps = half.terms.timestamps.then(|| (half.timestamps.value(now), half.timestamps.recent()));
    let options = Options { timestamps, ..Options::default() };
    let (seq, ack) = (half.opening.iss + 1, Some(half.irs + 1));
    let reason = Reason::Ack(Acknowledges::OutsideWindow);
    stray::send(half.pair, &Segment { seq, ack, options, ..Segment::default() }, reason, out);
}

fn count(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}
