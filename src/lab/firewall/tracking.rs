//! Flows a packet filter has let through: what answers them passes as well, until they were silent for too long.
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use crate::lab::ip::Packet;
use crate::recording::Time;

/// Protocol numbers (IANA).
pub(super) const ICMP: u8 = 1;
pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;
pub(super) const ICMP6: u8 = 58;

/// Flows the memory has room for; the one that was silent longest gives way.
const ROOM: usize = 4096;

/// Who speaks to whom. An echo's identifier stands for both ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Flow {
    pub(super) protocol: u8,
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    error: bool,
}

/// What is known of a flow.
#[derive(Clone, Copy, Debug)]
struct Known {
    last: Time,
    answered: bool,
}

/// The flows, by the direction they began in.
#[derive(Debug, Default)]
pub(super) struct Tracking(BTreeMap<Flow, Known>);

pub(super) const fn name(protocol: u8) -> &'static str {
    match protocol {
        TCP => "tcp",
        UDP => "udp",
        _ => "icmp",
    }
}

impl Flow {
    /// The flow of a packet; `None` for a later fragment or another protocol.
    pub(super) fn of(packet: &Packet<'_>) -> Option<Self> {
        let word = |at: usize| Some(u16::from_be_bytes([*packet.payload.get(at)?, *packet.payload.get(at + 1)?]));
        let protocol = packet.protocol.0;
        if packet.is_later_fragment {
            return None;
        }
        let kind = packet.payload.first().copied();
        let (ports, error) = match (protocol, kind) {
            (TCP | UDP, _) => ((word(0)?, word(2)?), false),
            (ICMP, Some(0 | 8)) | (ICMP6, Some(128 | 129)) => ((word(4)?, word(4)?), false),
            (ICMP | ICMP6, Some(_)) => ((0, 0), true),
            _ => return None,
        };
        let (from, to) = (SocketAddr::new(packet.from, ports.0), SocketAddr::new(packet.to, ports.1));
        Some(Self { protocol, from, to, error })
    }

    /// Whether it is an ICMP error, which belongs to another flow.
    pub(super) const fn is_error(self) -> bool {
        self.error
    }

    const fn back(self) -> Self {
        Self { from: self.to, to: self.from, ..self }
    }

    /// The silence it outlives (RFC 5382 REQ-5, RFC 4787 REQ-5, RFC 5508 REQ-2: what they ask of a NAT).
    const fn patience(self) -> Duration {
        match self.protocol {
            TCP => Duration::from_secs(7440),
            UDP => Duration::from_secs(120),
            _ => Duration::from_secs(60),
        }
    }
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.protocol {
            TCP | UDP => write!(f, "{} {} to {}", name(self.protocol), self.from, self.to),
            _ => write!(f, "icmp {} to {}", self.from.ip(), self.to.ip()),
        }
    }
}

impl Tracking {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Remembers a flow that was let through; false when it was known.
    pub(super) fn enter(&mut self, now: Time, flow: Flow) -> bool {
        if self.0.len() >= ROOM
            && let Some(oldest) = self.0.iter().min_by_key(|(_, known)| known.last).map(|(flow, _)| *flow)
        {
            self.0.remove(&oldest);
        }
        !flow.error && self.0.insert(flow, Known { last: now, answered: false }).is_none()
    }

    /// Whether a flow is known, either way. An error about it is no sign of life.
    pub(super) fn knows(&self, flow: Flow) -> bool {
        self.0.contains_key(&flow) || self.0.contains_key(&flow.back())
    }

    /// A packet of a known flow, either way; whether it is the first answer.
    pub(super) fn touch(&mut self, now: Time, flow: Flow) -> Option<bool> {
        if let Some(known) = self.0.get_mut(&flow) {
            known.last = now;
            return Some(false);
        }
        let known = self.0.get_mut(&flow.back())?;
        known.last = now;
        Some(!std::mem::replace(&mut known.answered, true))
    }

    pub(super) fn expire(&mut self, now: Time) {
        self.0.retain(|flow, known| known.last + flow.patience() > now);
    }
}
