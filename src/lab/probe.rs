//! Probes: packets sent to learn who stands on the way to an address, and what came back about them.
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use crate::quantity::Quantity;

/// A packet whose fate is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    pub to: IpAddr,
    pub kind: ProbeKind,
    /// Routers it may cross before one of them ends it (IPv4's time to live, IPv6's hop limit).
    pub ttl: u8,
    /// Bytes behind the UDP or ICMP header.
    pub payload: usize,
    /// Routers drop it instead of cutting it to fit.
    pub dont_fragment: bool,
}

/// What kind of packet it is. Errors quote these numbers: that is how an answer is known to be about this probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeKind {
    /// A datagram to a port on which nobody should listen; `from` 0 lets the system choose.
    Udp { from: u16, to: u16 },
    /// An ICMP echo request.
    Echo { id: u16, seq: u16 },
}

/// What came back about a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whose address the answer came from: of a router, usually that of the interface the probe came in by.
    pub from: IpAddr,
    pub said: Said,
    pub rtt: Duration,
    /// The time to live the answer had left, where the system tells.
    pub ttl: Option<u8>,
}

/// What an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// The time to live ran out there (RFC 792, RFC 4443 §3.3).
    TimeExceeded,
    /// It is the host, and it sends the echo.
    EchoReply,
    /// It is the host, and nobody listens at the port.
    PortUnreachable,
    ProtocolUnreachable,
    HostUnreachable,
    NetworkUnreachable,
    /// A filter forbids it (RFC 1812 §5.2.7.1: code 13).
    Prohibited,
    /// The next link takes no more than so many bytes (RFC 1191 §4); 0 where the router does not say.
    TooBig {
        mtu: u16,
    },
}

impl Said {
    /// One stable word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TimeExceeded => "time_exceeded",
            Self::EchoReply => "echo_reply",
            Self::PortUnreachable => "port_unreachable",
            Self::ProtocolUnreachable => "protocol_unreachable",
            Self::HostUnreachable => "host_unreachable",
            Self::NetworkUnreachable => "network_unreachable",
            Self::Prohibited => "prohibited",
            Self::TooBig { .. } => "too_big",
        }
    }

    /// Whether the address that was asked for itself has answered.
    #[must_use]
    pub const fn is_arrival(self) -> bool {
        matches!(self, Self::EchoReply | Self::PortUnreachable | Self::ProtocolUnreachable)
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ProbeKind::Udp { to, .. } => write!(f, "probe({}, UDP port {to}, TTL {})", self.to, self.ttl),
            ProbeKind::Echo { seq, .. } => write!(f, "probe({}, echo {seq}, TTL {})", self.to, self.ttl),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {} after {}", self.said.name(), self.from, Quantity::time(self.rtt))
    }
}
