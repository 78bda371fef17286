//! One conversation through a NAT: how far it has come, and how long its silence is borne.
use std::time::Duration;

use super::flags;
use super::options::NatOptions;
use super::rewrite::{Flow, TCP, UDP};
use crate::recording::Time;

/// One conversation through a mapping.
#[derive(Clone, Copy, Debug)]
pub(super) struct Session {
    pub(super) last: Time,
    pub(super) tcp: Tracked,
}

/// How far a TCP connection has come, as seen from between its ends.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tracked {
    /// The SYN-ACK came in and something went out behind it.
    answered: bool,
    established: bool,
    /// FINs that went out and came in.
    fins: [bool; 2],
    reset: bool,
}

impl Session {
    pub(super) fn new(last: Time) -> Self {
        Self { last, tcp: Tracked::default() }
    }

    /// After how much silence it is forgotten.
    pub(super) const fn limit(&self, protocol: u8, options: &NatOptions) -> Duration {
        match protocol {
            TCP if self.tcp.is_steady() => options.tcp_established,
            TCP => options.tcp_transitory,
            UDP => options.udp,
            _ => options.icmp,
        }
    }
}

impl Tracked {
    /// Looks at a packet that goes out (direction 0) or comes in (1).
    pub(super) fn see(&mut self, packet: &[u8], flow: Flow, direction: usize) {
        if flow.protocol != TCP {
            return;
        }
        let flags = flags::of(packet, flow);
        if flags::is_syn(packet, flow) {
            // A new connection on the same ports.
            *self = Self::default();
        }
        self.established |= self.answered && direction == 0;
        self.answered |= direction == 1 && flags & flags::SYN != 0;
        self.fins[direction] |= flags & flags::FIN != 0;
        self.reset |= flags & flags::RST != 0;
    }

    const fn is_steady(self) -> bool {
        self.established && !self.reset && !(self.fins[0] && self.fins[1])
    }
}
