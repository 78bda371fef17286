//! What a program can ask about its connection, in the words of Linux's `TCP_INFO` (tcp(7)).
use std::time::Duration;

use crate::lab::tcp::State;

/// A connection at one instant. `None` where the system does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpInfo {
    pub state: State,
    /// Smoothed round-trip time and its variation (RFC 6298 §2); `None` before the first sample.
    pub srtt: Option<Duration>,
    pub rttvar: Option<Duration>,
    pub rto: Duration,
    /// Bytes of payload in a full segment.
    pub mss: u32,
    /// Congestion window, bytes.
    pub cwnd: u32,
    /// Slow start threshold, bytes; `None` until a loss has set it.
    pub ssthresh: Option<u32>,
    /// Bytes the sender believes to be in the network (RFC 6675 `pipe`).
    pub pipe: u32,
    /// Bytes sent that are not acknowledged yet, whatever became of them.
    pub in_flight: Option<u32>,
    /// The window the peer offers, bytes, scaled.
    pub peer_window: Option<u32>,
    /// The window offered to the peer, bytes, scaled.
    pub window: Option<u32>,
    /// Bytes the program has written that are not acknowledged yet (`SIOCOUTQ`).
    pub send_queue: Option<u32>,
    /// Bytes the program has not read yet (`SIOCINQ`).
    pub receive_queue: Option<u32>,
    /// Segments sent again so far.
    pub retransmissions: u32,
}
