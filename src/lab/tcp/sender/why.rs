//! Why a segment leaves and what the sender decided: kept as values, worded only when somebody reads them.
use std::fmt;
use std::time::Duration;

use crate::quantity::Quantity;

/// Why a segment leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The windows have room.
    Window,
    /// RFC 3042: a duplicate ACK or SACK said that a segment has left the network.
    LimitedTransmit,
    /// RFC 8985 §6.2: a segment sent later arrived, and this one was on its way for so long.
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
    /// RFC 8985 §7: the end of the flight was silent for so long.
    TailProbe { after: Duration },
    /// RFC 6675 §4, NextSeg rules 3 and 4: nothing else to send, so the ACKs are kept coming.
    Rescue,
    /// RFC 1191: a router said it was too long.
    TooLong,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Window => f.write_str("the windows have room"),
            Self::LimitedTransmit => f.write_str("an ACK says that a segment has left the network: one more may enter"),
            Self::Rack { after } => {
                let after = Quantity::time(*after);
                write!(f, "not acknowledged {after} after it left, though a later one was: taken as lost (RACK)")
            }
            Self::DupThresh => f.write_str("the receiver holds three segments after it (SACK): taken as lost"),
            Self::DuplicateAcks => f.write_str("the third duplicate ACK: taken as lost"),
            Self::PartialAck => f.write_str("the ACK fills one hole and shows the next: taken as lost"),
            Self::Timeout { after } => {
                write!(f, "no ACK within the retransmission timeout of {}", Quantity::time(*after))
            }
            Self::AfterTimeout => f.write_str("after a timeout all that was in flight is taken for lost"),
            Self::TailProbe { after } => {
                write!(
                    f,
                    "no ACK for {}: a probe (TLP), so that the receiver tells what is missing",
                    Quantity::time(*after)
                )
            }
            Self::Rescue => f.write_str("nothing else to send: once more, so that the ACKs keep coming"),
            Self::TooLong => f.write_str("a router said it was too long: again, shorter"),
        }
    }
}

/// What the sender decided. Windows are in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Fast recovery begins with the lost byte, until the last one sent so far is acknowledged. Bytes count from 1, as a
    /// segment's reason does.
    FastRecovery { lost: u32, why: Why, until: u32, cwnd: u32, ssthresh: Option<u32> },
    /// It is over, or the recovery from a timeout.
    Recovered { cwnd: u32 },
    /// A retransmission was lost as well.
    RetransmissionLost { byte: u32 },
    /// A tail loss probe filled a hole: one reduction, as for any loss.
    ProbeRepaired { cwnd: u32, ssthresh: Option<u32> },
    /// The retransmission timer expired; this is the n-th time in a row.
    Timeout { after: Duration, times: u32, next: Duration, cwnd: u32, ssthresh: Option<u32> },
    /// The timeout or the recovery was for nothing: what was thought lost had arrived.
    Undone { what: &'static str, cwnd: u32 },
    /// The network marked a segment (ECN): the window shrinks as for a loss.
    EcnEcho { cwnd: u32, ssthresh: Option<u32> },
    /// Idle for longer than an RTO: the window starts again.
    IdleRestart { idle: Duration, from: u32, to: u32 },
    /// The congestion control's own words.
    Control(String),
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FastRecovery { lost, why, until, cwnd, ssthresh } => {
                let windows = windows(*cwnd, *ssthresh);
                write!(f, "fast recovery until byte {until} is acknowledged: byte {lost}: {why}; {windows}")
            }
            Self::Recovered { cwnd } => write!(f, "recovered: cwnd {cwnd} B"),
            Self::RetransmissionLost { byte } => write!(f, "the retransmission of byte {byte} was lost as well"),
            Self::ProbeRepaired { cwnd, ssthresh } => {
                write!(f, "the tail loss probe repaired a loss: {}", windows(*cwnd, *ssthresh))
            }
            Self::Timeout { after, times, next, cwnd, ssthresh } => {
                let (after, next) = (Quantity::time(*after), Quantity::time(*next));
                let again = if *times > 1 { format!(", {times} times in a row") } else { String::new() };
                write!(
                    f,
                    "retransmission timeout after {after}{again}; the next after {next}; {}",
                    windows(*cwnd, *ssthresh)
                )
            }
            Self::Undone { what, cwnd } => {
                write!(f, "nothing was lost ({what}): the reduction is undone, cwnd {cwnd} B")
            }
            Self::EcnEcho { cwnd, ssthresh } => {
                write!(f, "the receiver echoes a congestion mark (ECN): {}", windows(*cwnd, *ssthresh))
            }
            Self::IdleRestart { idle, from, to } => {
                write!(f, "idle for {}: the window is lowered, cwnd {from} -> {to} B", Quantity::time(*idle))
            }
            Self::Control(text) => f.write_str(text),
        }
    }
}

fn windows(cwnd: u32, ssthresh: Option<u32>) -> String {
    ssthresh.map_or_else(|| format!("cwnd {cwnd} B"), |ssthresh| format!("ssthresh {ssthresh} B, cwnd {cwnd} B"))
}
