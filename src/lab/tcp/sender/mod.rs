//! The sender's brain: what is in flight, what is lost, what may leave next and why. No segment is built here.
mod acks;
mod pacing;
mod prr;
mod rack;
mod ranges;
mod rate;
mod rtt;
mod scoreboard;
#[cfg(test)]
mod tests;
mod timers;
mod turn;
mod undo;
mod why;

use std::time::Duration;

pub(crate) use rate::RateSample;
pub(crate) use rtt::{INITIAL_RTO, MAX_RTO, Rtt};
pub(crate) use scoreboard::Scoreboard;
pub(crate) use why::{Decision, Why};

use crate::lab::tcp::congestion::{self, CongestionControl, Start};
use crate::lab::tcp::sender::pacing::Pacer;
use crate::lab::tcp::sender::prr::Prr;
use crate::lab::tcp::sender::rack::Rack;
use crate::lab::tcp::sender::timers::Probe;
use crate::lab::tcp::sender::undo::Undo;
use crate::lab::tcp::seq::Seq;
use crate::lab::tcp::settings::{Congestion, LossDetection};
use crate::recording::Time;

/// So many duplicate ACKs, or SACKed segments or ranges above it, mean that a segment is lost (RFC 5681 §3.2, RFC 6675 §2,
/// RFC 8985 §6.2).
const DUP_THRESH: u32 = 3;

/// What a sender is started with, once the handshake has settled it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SenderOptions {
    pub(crate) congestion: Congestion,
    pub(crate) hystart: bool,
    /// Segments.
    pub(crate) initial_window: u32,
    /// Bytes of payload in a full segment, options already subtracted.
    pub(crate) mss: u32,
    /// Both ends sent SACK-permitted.
    pub(crate) sack: bool,
    pub(crate) detection: LossDetection,
    pub(crate) min_rto: Duration,
    pub(crate) slow_start_after_idle: bool,
    pub(crate) seed: u64,
}

/// An acceptable ACK, as it came in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ack<'a> {
    pub(crate) now: Time,
    pub(crate) ack: Seq,
    /// SACK blocks in the order of the option; a D-SACK may come first (RFC 2883).
    pub(crate) sack: &'a [(Seq, Seq)],
    /// now - TSecr, where timestamps are on and the ACK moves the left edge (RFC 7323 §4.1).
    pub(crate) echoed: Option<Duration>,
    /// A duplicate ACK by the five conditions of RFC 5681 §2.
    pub(crate) duplicate: bool,
    /// ECN-Echo is set (RFC 3168 §6.1.2).
    pub(crate) ece: bool,
}

/// What an ACK moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Octets of sequence space acknowledged cumulatively.
    pub(crate) acked: u32,
    /// Octets that arrived for the first time, by ACK or SACK.
    pub(crate) delivered: u32,
}

/// What may leave now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// This range once more.
    Again { seq: Seq, len: u32, why: Why },
    /// A segment of new data of this length at most (never more than `ready` or the MSS).
    New { len: u32, why: Why },
    /// Something could leave, but the pace holds it until then.
    Wait(Time),
    /// Nothing.
    Nothing,
}

/// What the sender is doing about losses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing.
    Open,
    /// The network said ECN: the window shrinks over a round trip, nothing is sent again.
    Reducing,
    /// RFC 6675 §5, RFC 6582 §3.2.
    FastRecovery,
    /// RFC 6298 §5.4: all is lost, slow start.
    RtoRecovery,
}

/// The sender of one connection, from the end of the handshake on. The order of calls:
///
/// ```text
/// segment in:   on_ack, then `send`
/// deadline due: on_deadline, then `send`
/// send:         while next(now, ready) is Again or New { build it; on_sent }
/// ```
#[derive(Debug)]
pub(crate) struct Sender {
    options: SenderOptions,
    /// The number of the first byte.
    first: Seq,
    board: Scoreboard,
    rtt: Rtt,
    rack: Rack,
    control: Box<dyn CongestionControl>,
    pacer: Pacer,
    phase: Phase,
    /// `RecoveryPoint` (RFC 6675): the phase lasts until this is acknowledged.
    recover: Seq,
    prr: Option<Prr>,
    undo: Option<Undo>,
    /// The next retransmission may leave whatever the window says: the first of an episode.
    forced: bool,
    /// RFC 6675 §4, `NextSeg` rule 4: once in a recovery.
    rescued: bool,
    /// Without SACK: duplicate ACKs in a row.
    duplicates: u32,
    /// Data before this was sent while the window kept more back.
    limited_until: Seq,
    last_sent: Time,
    rto_at: Option<Time>,
    reorder_at: Option<Time>,
    probe: Probe,
    timeouts: u32,
    retransmissions: u32,
    cwr: bool,
    /// What began and is not announced yet: a fast recovery, a reduction for ECN.
    begun: Option<(Seq, Why)>,
    echoed: bool,
    decisions: Vec<Decision>,
}

impl Sender {
    /// `first`: the sequence number of the first octet of data. `handshake`: how long the SYN took to be answered, where
    /// that can be told.
    pub(crate) fn new(options: SenderOptions, first: Seq, now: Time, handshake: Option<Duration>) -> Self {
        let start = Start {
            mss: options.mss,
            initial_window: options.mss * options.initial_window,
            hystart: options.hystart,
            seed: options.seed,
            now,
            rtt: handshake,
        };
        Self {
            options,
            first,
            board: Scoreboard::new(first, now),
            rtt: Rtt::after_handshake(options.min_rto, now, handshake),
            rack: Rack::new(first),
            control: congestion::start(options.congestion, start),
            pacer: Pacer::default(),
            phase: Phase::Open,
            recover: first,
            prr: None,
            undo: None,
            forced: false,
            rescued: false,
            duplicates: 0,
            limited_until: first,
            last_sent: now,
            rto_at: None,
            reorder_at: None,
            probe: Probe::default(),
            timeouts: 0,
            retransmissions: 0,
            cwr: false,
            begun: None,
            echoed: false,
            decisions: Vec::new(),
        }
    }

    /// The path carries smaller segments than thought (RFC 1191): what is in flight and too long is lost. That is no sign
    /// of congestion.
    pub(crate) fn on_smaller_mss(&mut self, now: Time, mss: u32) {
        self.options.mss = mss;
        self.control.set_mss(mss);
        if self.board.mark_too_long(mss).lost > 0 {
            self.forced = true;
            self.rto_at = Some(now + self.rtt.rto());
        }
    }

    /// The path may carry larger segments again.
    pub(crate) fn on_larger_mss(&mut self, mss: u32) {
        self.options.mss = mss;
        self.control.set_mss(mss);
    }

    /// How often the timer has run out since anything was acknowledged.
    pub(crate) const fn timeouts_in_a_row(&self) -> u32 {
        self.timeouts
    }

    /// Whether the next segment of new data has to say CWR (RFC 3168 §6.1.2); asking takes the answer.
    pub(crate) fn take_cwr(&mut self) -> bool {
        std::mem::take(&mut self.cwr)
    }

    /// What was decided since the last call, oldest first.
    pub(crate) fn take_decisions(&mut self) -> Vec<Decision> {
        std::mem::take(&mut self.decisions)
    }

    /// `SND.UNA`.
    pub(crate) const fn snd_una(&self) -> Seq {
        self.board.una()
    }

    /// `SND.NXT`.
    pub(crate) const fn snd_nxt(&self) -> Seq {
        self.board.nxt()
    }

    pub(crate) const fn rtt(&self) -> &Rtt {
        &self.rtt
    }

    #[cfg(test)]
    pub(crate) const fn board(&self) -> &Scoreboard {
        &self.board
    }

    /// Since when the oldest octet has waited for its ACK: what the user timeout counts from.
    pub(crate) fn waiting_since(&self) -> Option<Time> {
        self.board.first().map(|it| it.first_sent_at)
    }

    /// Bytes; PRR's while it governs.
    pub(crate) fn cwnd(&self) -> u32 {
        self.prr.as_ref().map_or_else(|| self.control.cwnd(), Prr::cwnd)
    }

    /// Slow start threshold, bytes.
    pub(crate) fn ssthresh(&self) -> Option<u32> {
        self.control.ssthresh()
    }

    /// RFC 6675 `pipe`, bytes.
    pub(crate) fn pipe(&self) -> u32 {
        self.board.pipe()
    }

    /// Segments sent again so far.
    pub(crate) const fn retransmissions(&self) -> u32 {
        self.retransmissions
    }
}
