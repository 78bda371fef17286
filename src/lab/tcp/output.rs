//! What TCP does when it is given a segment, the time or a program's call: segments, decisions, and curves on request.
use std::net::SocketAddr;

use crate::lab::tcp::decision::Decision;
use crate::lab::tcp::reason::Reason;
use crate::lab::tcp::state::State;

/// The two ends of a connection, this host's first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pair {
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
}

impl Pair {
    /// Bytes of the IP header and a TCP header without options.
    pub(crate) const fn headers(self) -> u16 {
        if self.remote.is_ipv6() { 60 } else { 40 }
    }
}

/// A segment on its way to IP: TCP header, checksum and payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outgoing {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    /// The two ECN bits of the IP header (RFC 3168 §5): 0 Not-ECT, 2 ECT(0).
    pub(crate) ecn: u8,
    pub(crate) dont_fragment: bool,
    pub(crate) bytes: Vec<u8>,
    pub(crate) reason: Reason,
}

/// Something worth recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TcpEvent {
    /// A connection went from one state to another.
    Moved { pair: Pair, from: State, to: State },
    /// A listener went from one state to another.
    Listener { at: SocketAddr, from: State, to: State },
    /// A connection decided something.
    Decided { pair: Pair, decision: Decision },
}

/// What is drawn as a curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Measure {
    /// Bytes.
    CongestionWindow,
    /// Bytes.
    SlowStartThreshold,
    /// Nanoseconds.
    SmoothedRtt,
    /// Nanoseconds.
    RetransmissionTimeout,
    /// Bytes believed to be in the network (RFC 6675 `pipe`).
    InFlight,
    /// Bytes written and not acknowledged.
    SendQueue,
    /// Bytes received and not read.
    ReceiveQueue,
    /// Bytes of window offered to the peer.
    ReceiveWindow,
}

/// A point of a curve, emitted when the value is another than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) pair: Pair,
    pub(crate) measure: Measure,
    pub(crate) value: u64,
}

/// Everything one call brought about, in order.
#[derive(Debug, Default)]
pub(crate) struct TcpOutput {
    pub(crate) segments: Vec<Outgoing>,
    pub(crate) events: Vec<TcpEvent>,
    /// Only where the stack is asked to trace.
    pub(crate) samples: Vec<Sample>,
    /// The peer acknowledged something new: what is sent to it arrives.
    pub(crate) progress: Option<Pair>,
}

impl TcpOutput {
    pub(crate) fn decide(&mut self, pair: Pair, decision: Decision) {
        self.events.push(TcpEvent::Decided { pair, decision });
    }

    pub(crate) fn moved(&mut self, pair: Pair, from: State, to: State) {
        self.events.push(TcpEvent::Moved { pair, from, to });
    }
}
