//! The sender's brain: what is in flight, what is lost, what may leave next and why. No segment is built here.
mod pacing;
mod prr;
mod rate;
mod rtt;
mod scoreboard;
mod why;

use std::time::Duration;

pub(crate) use rate::RateSample;
pub(crate) use rtt::Rtt;
pub(crate) use scoreboard::Scoreboard;
pub(crate) use why::{Decision, Why};

use crate::lab::tcp::congestion::CongestionControl;
use crate::lab::tcp::seq::Seq;
use crate::lab::tcp::settings::Congestion;
use crate::recording::Time;

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
    pub(crate) detection: Detection,
    pub(crate) min_rto: Duration,
    pub(crate) slow_start_after_idle: bool,
    pub(crate) seed: u64,
}

/// How a loss is recognised where there is SACK.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Detection {
    /// RFC 8985: by time, with a tail loss probe; what current systems do.
    #[default]
    Rack,
    /// RFC 6675: three segments above it were SACKed.
    DupThresh,
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

/// The sender of one connection, from the end of the handshake on. The order of calls:
///
/// ```text
/// segment in:   on_ack, then `send`
/// deadline due: on_deadline, then `send`
/// send:         while next(now, ready) is Again or New { build it; on_sent }
/// ```
#[derive(Debug)]
pub(crate) struct Sender {
    board: Scoreboard,
    rtt: Rtt,
    control: Box<dyn CongestionControl>,
}

impl Sender {
    /// `first`: the sequence number of the first octet of data. `handshake`: how long the SYN took to be answered, where
    /// it was sent once (Karn).
    pub(crate) fn new(_options: SenderOptions, _first: Seq, _now: Time, _handshake: Option<Duration>) -> Self {
        todo!()
    }

    /// An acceptable ACK came in (also one that moves nothing).
    pub(crate) fn on_ack(&mut self, _ack: &Ack<'_>) -> Progress {
        todo!()
    }

    /// When [`Self::on_deadline`] wants to be called: retransmission timeout, tail loss probe or reordering window.
    pub(crate) fn deadline(&self) -> Option<Time> {
        todo!()
    }

    /// The deadline has passed; harmless when it has not.
    pub(crate) fn on_deadline(&mut self, _now: Time) {
        todo!()
    }

    /// What may leave now. `ready`: octets that could leave as new data if the congestion window allowed (there is data
    /// or a FIN, the peer's window is open, Nagle agrees); 0 when nothing could.
    pub(crate) fn next(&mut self, _now: Time, _ready: u32) -> Turn {
        todo!()
    }

    /// This range has left: new data where it begins at [`Self::snd_nxt`], else again. A FIN counts as an octet. Zero
    /// window probes and keep-alives do not belong here.
    pub(crate) fn on_sent(&mut self, _now: Time, _seq: Seq, _len: u32) {
        todo!()
    }

    /// The path carries smaller segments than thought (RFC 1191): what is in flight and too long is lost.
    pub(crate) fn on_smaller_mss(&mut self, _now: Time, _mss: u32) {
        todo!()
    }

    /// Whether the next segment of new data has to say CWR (RFC 3168 §6.1.2); asking takes the answer.
    pub(crate) fn take_cwr(&mut self) -> bool {
        todo!()
    }

    /// What was decided since the last call, oldest first.
    pub(crate) fn take_decisions(&mut self) -> Vec<Decision> {
        todo!()
    }

    /// `SND.UNA` and `SND.NXT`.
    pub(crate) fn snd_una(&self) -> Seq {
        todo!()
    }

    pub(crate) fn snd_nxt(&self) -> Seq {
        todo!()
    }

    pub(crate) fn rtt(&self) -> &Rtt {
        &self.rtt
    }

    /// Back-offs of the retransmission timer in a row.
    pub(crate) fn timeouts(&self) -> u32 {
        todo!()
    }

    /// Since when the oldest octet has waited for its ACK: what the user timeout counts from.
    pub(crate) fn waiting_since(&self) -> Option<Time> {
        todo!()
    }

    /// Bytes; PRR's while it governs.
    pub(crate) fn cwnd(&self) -> u32 {
        todo!()
    }

    pub(crate) fn ssthresh(&self) -> Option<u32> {
        self.control.ssthresh()
    }

    /// RFC 6675 `pipe`, bytes.
    pub(crate) fn pipe(&self) -> u32 {
        todo!()
    }

    /// Segments sent again so far.
    pub(crate) fn retransmissions(&self) -> u32 {
        todo!()
    }

    /// `slow start`, `congestion avoidance`, `fast recovery`, `RTO recovery`, or a state of BBR.
    pub(crate) fn phase(&self) -> &'static str {
        todo!()
    }

    /// bit/s.
    pub(crate) fn pacing_rate(&self) -> Option<u64> {
        self.control.pacing_rate()
    }
}
