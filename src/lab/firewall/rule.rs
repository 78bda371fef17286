//! One rule of a packet filter: whom it is about, and what it does.
use std::fmt;

use super::tracking::Flow;
use super::tracking::{ICMP, ICMP6, TCP, UDP};
use crate::lab::route::Network;
use crate::lab::router::interface_name;

/// What is done with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Allow,
    /// Nobody hears of it: the sender waits.
    Drop,
    /// The sender is told: a RST for TCP, else ICMP "administratively prohibited" (RFC 1812 §5.2.7.1: type 3
    /// code 13, RFC 4443 §3.1: type 1 code 1).
    Reject,
}

impl Action {
    /// `allowed`, `dropped`, `rejected`.
    #[must_use]
    pub const fn done(self) -> &'static str {
        match self {
            Self::Allow => "allowed",
            Self::Drop => "dropped",
            Self::Reject => "rejected",
        }
    }
}

/// A rule; what it does not name it does not ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    pub(super) action: Action,
    from: Option<Network>,
    to: Option<Network>,
    protocol: Option<u8>,
    /// First and last port of the destination.
    ports: Option<(u16, u16)>,
    came_in: Option<usize>,
    goes_out: Option<usize>,
}

fn network(text: &str) -> Option<Network> {
    Some(text.parse().unwrap_or_else(|error| panic!("{error}")))
}

impl Rule {
    /// A rule about everything.
    #[must_use]
    pub const fn new(action: Action) -> Self {
        Self { action, from: None, to: None, protocol: None, ports: None, came_in: None, goes_out: None }
    }

    /// About packets from this network: `10.0.1.0/24`.
    ///
    /// # Panics
    /// When the text is no network.
    #[must_use]
    pub fn from(self, text: &str) -> Self {
        Self { from: network(text), ..self }
    }

    /// About packets to this network.
    ///
    /// # Panics
    /// When the text is no network.
    #[must_use]
    pub fn to(self, text: &str) -> Self {
        Self { to: network(text), ..self }
    }

    /// About TCP to this port.
    #[must_use]
    pub const fn tcp(self, port: u16) -> Self {
        Self { protocol: Some(TCP), ports: Some((port, port)), ..self }
    }

    /// About UDP to this port.
    #[must_use]
    pub const fn udp(self, port: u16) -> Self {
        Self { protocol: Some(UDP), ports: Some((port, port)), ..self }
    }

    /// About ICMP, of either family.
    #[must_use]
    pub const fn icmp(self) -> Self {
        Self { protocol: Some(ICMP), ..self }
    }

    /// About what came in at this interface (`eth0` is 0).
    #[must_use]
    pub const fn came_in(self, interface: usize) -> Self {
        Self { came_in: Some(interface), ..self }
    }

    /// About what goes out of this interface.
    #[must_use]
    pub const fn goes_out(self, interface: usize) -> Self {
        Self { goes_out: Some(interface), ..self }
    }

    /// Whether it is about this packet.
    pub(super) fn fits(&self, flow: Flow, (came_in, goes_out): (usize, usize)) -> bool {
        let protocol = if flow.protocol == ICMP6 { ICMP } else { flow.protocol };
        self.from.is_none_or(|it| it.contains(flow.from.ip()))
            && self.to.is_none_or(|it| it.contains(flow.to.ip()))
            && self.protocol.is_none_or(|it| it == protocol)
            && self.ports.is_none_or(|(first, last)| (first..=last).contains(&flow.to.port()))
            && self.came_in.is_none_or(|it| it == came_in)
            && self.goes_out.is_none_or(|it| it == goes_out)
    }
}

/// `allow tcp from 10.0.1.0/24 to 10.0.2.0/24 port 443`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = match self.action {
            Action::Allow => "allow",
            Action::Drop => "drop",
            Action::Reject => "reject",
        };
        f.write_str(action)?;
        if let Some(protocol) = self.protocol {
            write!(f, " {}", super::tracking::name(protocol))?;
        }
        for (word, network) in [("from", self.from), ("to", self.to)] {
            if let Some(network) = network {
                write!(f, " {word} {network}")?;
            }
        }
        match self.ports {
            Some((first, last)) if first == last => write!(f, " port {first}")?,
            Some((first, last)) => write!(f, " ports {first} to {last}")?,
            None => {}
        }
        for (word, interface) in [("in at", self.came_in), ("out of", self.goes_out)] {
            if let Some(interface) = interface {
                write!(f, " {word} {}", interface_name(interface))?;
            }
        }
        Ok(())
    }
}
