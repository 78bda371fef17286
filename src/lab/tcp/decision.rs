//! What a connection decides that is more than the sending of a segment. Cheap to carry; text when somebody asks.
use std::fmt;
use std::time::Duration;

use crate::lab::tcp::sender;
use crate::lab::tcp::stack::IcmpError;
use crate::quantity::Quantity;

/// What a sender knows at the instant it decides; bytes and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Senses {
    pub(crate) cwnd: u32,
    pub(crate) ssthresh: Option<u32>,
    pub(crate) srtt: Option<Duration>,
    pub(crate) rto: Duration,
    pub(crate) pipe: u32,
}

/// Why a connection is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GivesUp {
    /// So many SYNs, or SYN-ACKs, were sent and none was answered.
    Unanswered {
        tries: u32,
    },
    /// Sent bytes stayed unacknowledged for this long (RFC 5482).
    UserTimeout(Duration),
    KeepAlive {
        probes: u32,
    },
    Refused,
    Reset,
    /// An ICMP message, or ARP's silence, said so.
    Unreachable,
    /// Data came for a program that is gone (RFC 2525 §2.17).
    Orphaned,
    /// Nobody holds it, and the peer's FIN did not come for this long (`tcp_fin_timeout`).
    FinWait2(Duration),
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The sender decided, knowing this.
    Sender {
        what: sender::Decision,
        knew: Senses,
    },
    /// The peer offers no window; or offers one again.
    PeerWindowZero,
    PeerWindowOpen {
        window: u32,
    },
    /// Our window is shut: the program does not read.
    WindowZero {
        unread: u32,
    },
    SynDropped {
        backlog: u32,
    },
    SynQueueFull {
        half_open: u32,
    },
    AckDropped {
        backlog: u32,
    },
    CookieSent {
        half_open: u32,
    },
    CookieAccepted {
        mss: u32,
    },
    PathMtu {
        mss: u32,
        before: u32,
    },
    /// RFC 1191 §6.3.
    PathMtuExpired {
        mss: u32,
        before: u32,
        after: Duration,
    },
    BlackHole {
        times: u32,
    },
    TimeWaitReused,
    /// RFC 9293 §3.9.2.2: noted, not obeyed.
    SoftError(IcmpError),
    OutOfOrderDropped {
        bytes: u32,
    },
    /// The program has ended its side, and the FIN is not on its way yet; the state says so all the same.
    FinQueued {
        behind: u32,
    },
    BadChecksum,
    GivesUp(GivesUp),
}

impl fmt::Display for Senses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cwnd {} B", self.cwnd)?;
        if let Some(ssthresh) = self.ssthresh {
            write!(f, ", ssthresh {ssthresh} B")?;
        }
        if let Some(srtt) = self.srtt {
            write!(f, ", srtt {}", Quantity::time(srtt))?;
        }
        write!(f, ", rto {}, pipe {} B", Quantity::time(self.rto), self.pipe)
    }
}

impl fmt::Display for GivesUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Unanswered { tries } => write!(f, "{tries} tries, no answer"),
            Self::UserTimeout(after) => write!(f, "nothing was acknowledged for {}", Quantity::time(after)),
            Self::KeepAlive { probes } => write!(f, "{probes} keepalive probes were not answered"),
            Self::Refused => f.write_str("the peer refused it with a RST"),
            Self::Reset => f.write_str("the peer reset it"),
            Self::Unreachable => f.write_str("the peer cannot be reached"),
            Self::Orphaned => f.write_str("data came, and the program has closed"),
            Self::FinWait2(after) => {
                write!(f, "no program holds it and no FIN came in {}", Quantity::time(after))
            }
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Sender { ref what, knew } => write!(f, "{what} ({knew})"),
            Self::PeerWindowZero => f.write_str("the peer's window is zero: sending stops"),
            Self::PeerWindowOpen { window } => write!(f, "the peer's window is open again: {window} B"),
            Self::WindowZero { unread } => write!(f, "the receive window is zero: {unread} B wait for the program"),
            Self::SynDropped { backlog } => write!(f, "the accept queue is full (backlog {backlog}): SYN dropped"),
            Self::SynQueueFull { half_open } => {
                write!(f, "the SYN queue is full ({half_open} half-open): SYN dropped")
            }
            Self::AckDropped { backlog } => {
                write!(f, "the accept queue is full (backlog {backlog}): the handshake's last ACK dropped")
            }
            Self::CookieSent { half_open } => write!(f, "SYN cookie sent ({half_open} half-open)"),
            Self::CookieAccepted { mss } => write!(f, "the ACK carries a valid SYN cookie: MSS {mss}"),
            Self::PathMtu { mss, before } => {
                write!(f, "the path carries less: segments of {mss} B payload instead of {before}")
            }
            Self::PathMtuExpired { mss, before, after } => {
                let after = Quantity::time(after);
                write!(
                    f,
                    "the path may carry more again after {after}: segments of {mss} B payload instead of {before}"
                )
            }
            Self::BlackHole { times } => {
                write!(f, "{times} timeouts in a row: the path may swallow large packets, so smaller ones are tried")
            }
            Self::TimeWaitReused => f.write_str("a new connection takes over the port from TIME-WAIT"),
            Self::SoftError(error) => write!(f, "{error}: noted, an established connection goes on"),
            Self::OutOfOrderDropped { bytes } => {
                write!(f, "too many gaps in what came: {bytes} B dropped, they will come again")
            }
            Self::FinQueued { behind } => {
                write!(f, "the FIN is queued behind {behind} B that are not sent yet")
            }
            Self::BadChecksum => f.write_str("the TCP checksum is wrong: dropped"),
            Self::GivesUp(why) => write!(f, "the connection is given up: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_says_what_it_knew() {
        let now = Senses {
            cwnd: 1448,
            ssthresh: Some(7240),
            srtt: Some(Duration::from_millis(40)),
            rto: Duration::from_millis(400),
            pipe: 0,
        };
        assert_eq!(now.to_string(), "cwnd 1448 B, ssthresh 7240 B, srtt 40 ms, rto 400 ms, pipe 0 B");
        let quiet = Senses { ssthresh: None, srtt: None, ..now };
        assert_eq!(quiet.to_string(), "cwnd 1448 B, rto 400 ms, pipe 0 B");
    }
}
