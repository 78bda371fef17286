//! Why a segment leaves and what the sender decided: kept as values, worded only when somebody reads them.
use std::fmt;
use std::time::Duration;

use crate::lab::tcp::seq::Seq;

/// Why a segment leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The windows have room.
    Window,
    /// RFC 3042: a duplicate ACK said that a segment has left the network.
    LimitedTransmit,
    /// RFC 8985 §6.2: a segment sent later arrived, `after` which this one is overdue.
    Rack { after: Duration },
    /// RFC 6675 §4: three segments above it were SACKed.
    DupThresh,
    /// RFC 5681 §3.2: the third duplicate ACK.
    DuplicateAcks,
    /// RFC 6582 §3.2: the ACK stopped short of what was in flight when the loss was seen.
    PartialAck,
    /// The retransmission timer expired after this time.
    Timeout { after: Duration },
    /// After a timeout all that was in flight is taken for lost.
    AfterTimeout,
    /// RFC 8985 §7: the tail of the flight was silent for two round trips.
    TailProbe { after: Duration },
    /// RFC 6675 §4, NextSeg rules 3 and 4: nothing else to send, so the ACK clock is kept running.
    Rescue,
    /// RFC 1191: a router said it was too long.
    TooLong,
}

/// What the sender decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Fast recovery begins, until `recover` is acknowledged.
    FastRecovery { lost: Seq, why: Why, recover: Seq, cwnd: u32, ssthresh: u32 },
    /// It is over.
    Recovered { cwnd: u32 },
    /// A retransmission was lost as well.
    RetransmissionLost { seq: Seq },
    /// The retransmission timer expired; this is the n-th time in a row.
    Timeout { after: Duration, times: u32, next: Duration, cwnd: u32, ssthresh: u32 },
    /// The timeout or the recovery was for nothing: what was thought lost had arrived.
    Undone { what: &'static str, cwnd: u32 },
    /// The network marked a segment (ECN): the window shrinks as for a loss.
    EcnEcho { cwnd: u32, ssthresh: u32 },
    /// Idle for longer than an RTO: the window starts again.
    IdleRestart { idle: Duration, from: u32, to: u32 },
    /// The congestion control's own words.
    Control(String),
}

impl fmt::Display for Why {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}
