//! One connection: its state, what both ends agreed, and the parts that send, receive and wait.
//!
//! ```text
//!  segment ─▶ arrives ─▶ opening │ acks ─▶ Sender (what may leave, what is lost)
//!                                │ text ─▶ Inbox, DelayedAck, Offer
//!  program ─▶ calls ────────────▶ Outbox, Inbox
//!  time ────▶ timers                       all of them end in ─▶ output ─▶ segments with a reason
//! ```
mod acks;
mod arrives;
mod calls;
mod icmp;
mod opening;
mod output;
mod probes;
mod syn_waits;
mod terms;
mod text;
mod time_wait;
mod timers;
mod trace;

use std::io::ErrorKind;
use std::task::Waker;
use std::time::Duration;

pub(crate) use opening::{Half, Opening};
pub(crate) use terms::{Rules, Terms, Timestamps};

use crate::lab::tcp::decision::{Decision, GivesUp};
use crate::lab::tcp::delayed_ack::DelayedAck;
use crate::lab::tcp::inbox::Inbox;
use crate::lab::tcp::outbox::Outbox;
use crate::lab::tcp::output::{Pair, TcpOutput};
use crate::lab::tcp::reason::EndCall;
use crate::lab::tcp::sender::Sender;
use crate::lab::tcp::seq::Seq;
use crate::lab::tcp::state::State;
use crate::lab::tcp::window::{Offer, PeerWindow};
use crate::recording::Time;
use probes::Probes;
use trace::Traced;

/// How long a connection nobody holds waits for the peer's FIN (`tcp_fin_timeout`).
const FIN_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a connection nobody holds repeats what is not acknowledged: Linux's 8 retries of `tcp_orphan_retries`.
const ORPHAN_TIMEOUT: Duration = Duration::from_millis(102_200);

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) pair: Pair,
    state: State,
    rules: Rules,
    terms: Terms,
    opening: Opening,
    /// From the end of the handshake on.
    sender: Option<Sender>,
    outbox: Outbox,
    inbox: Inbox,
    offer: Offer,
    window: PeerWindow,
    acks: DelayedAck,
    timestamps: Timestamps,
    /// RFC 3168 §6.1.3: congestion marks are echoed until the peer says CWR.
    echoes_congestion: bool,
    /// The call that ended this side, once the program has made it.
    ending: Option<EndCall>,
    /// Where the peer's FIN is, once it came; it may be ahead of a gap.
    peer_fin: Option<Seq>,
    /// The end of the last segment that was not full (Minshall's SND.SML).
    small: Option<Seq>,
    /// Nagle has held back what was ready since the last segment of new data.
    held_back: bool,
    /// Bytes of the largest packet the path is known to carry.
    path_mtu: u16,
    /// When ICMP last lowered it below what the first hop carries.
    path_mtu_lowered: Option<Time>,
    probes: Probes,
    /// The end of TIME-WAIT, or of the patience in FIN-WAIT-2.
    lingers_until: Option<Time>,
    /// When the pace lets the next segment leave.
    paced_until: Option<Time>,
    /// When the last ACK left that a stranger could have provoked (RFC 5961 §7).
    last_challenge: Option<Time>,
    last_heard: Time,
    /// No program holds it, nor will one.
    orphan: bool,
    /// Bytes the program has read since the last window was told.
    read_since: u32,
    failure: Option<ErrorKind>,
    /// An error that would explain a timeout (RFC 1122 §4.2.3.9).
    soft_error: Option<ErrorKind>,
    reader: Option<Waker>,
    writer: Option<Waker>,
    traced: Traced,
}

impl Connection {
    pub(crate) const fn state(&self) -> State {
        self.state
    }

    /// Whether nobody needs it any more.
    pub(crate) fn is_over(&self) -> bool {
        self.orphan && self.state == State::Closed
    }

    /// `SND.UNA`.
    pub(crate) fn una(&self) -> Seq {
        self.sender.as_ref().map_or(self.opening.iss, Sender::snd_una)
    }

    /// `SND.NXT`.
    pub(crate) fn nxt(&self) -> Seq {
        self.sender.as_ref().map_or_else(|| self.opening.iss + u32::from(self.opening.tries > 0), Sender::snd_nxt)
    }

    /// Bytes of payload in a full segment.
    fn mss(&self) -> u32 {
        self.terms.mss(self.pair, self.path_mtu)
    }

    /// Whether a FIN is among what was sent.
    fn fin_is_sent(&self) -> bool {
        self.ending.is_some() && self.nxt().after(self.outbox.end())
    }

    fn fin_is_acknowledged(&self) -> bool {
        self.ending.is_some() && self.una().after(self.outbox.end())
    }

    /// The peer's FIN has come in order.
    fn peer_has_ended(&self) -> bool {
        self.peer_fin.is_some_and(|fin| fin.before(self.inbox.next()))
    }

    fn go(&mut self, to: State, out: &mut TcpOutput) {
        out.moved(self.pair, self.state, to);
        self.state = to;
    }

    fn decide(&self, decision: Decision, out: &mut TcpOutput) {
        out.decide(self.pair, decision);
    }

    /// The connection ends here, for this reason; a program that holds it hears `failure`.
    fn give_up(&mut self, why: GivesUp, failure: ErrorKind, out: &mut TcpOutput) {
        self.decide(Decision::GivesUp(why), out);
        self.failure = Some(failure);
        self.end(out);
    }

    /// The connection is over. What has come can still be read.
    fn end(&mut self, out: &mut TcpOutput) {
        if self.state != State::Closed {
            self.go(State::Closed, out);
        }
        self.outbox.clear();
        self.sender = None;
        self.probes.stop();
        self.acks = DelayedAck::new(None, 0, self.inbox.next());
        (self.opening.deadline, self.lingers_until, self.paced_until) = (None, None, None);
        if self.orphan {
            self.inbox.clear();
        }
        self.wake();
    }

    fn wake(&mut self) {
        self.wake_reader();
        self.wake_writer();
    }

    fn wake_reader(&mut self) {
        if let Some(waker) = self.reader.take() {
            waker.wake();
        }
    }

    fn wake_writer(&mut self) {
        if let Some(waker) = self.writer.take() {
            waker.wake();
        }
    }
}
