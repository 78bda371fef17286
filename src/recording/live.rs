//! What a run on real sockets says of itself: it cannot be made again, and it has no packets.
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// That a run was made on this machine's sockets, and with whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Live {
    /// The host as the user wrote it; `None` for a server of the run's own on loopback.
    pub host: Option<String>,
    /// What the client spoke to.
    pub address: SocketAddr,
}

impl Live {
    /// Whom it spoke to, in a few words.
    #[must_use]
    pub fn peer(&self) -> String {
        match &self.host {
            None => format!("a server of its own on loopback, port {}", self.address.port()),
            Some(host) => format!("{host} ({})", self.address),
        }
    }

    /// What would show its packets, to who may capture: `tcpdump -i lo port 40001`.
    #[must_use]
    pub fn capture(&self) -> String {
        let (ip, port) = (self.address.ip(), self.address.port());
        let own = if cfg!(target_os = "linux") { "lo" } else { "lo0" };
        if ip.is_loopback() {
            format!("tcpdump -i {own} port {port}")
        } else {
            format!("tcpdump host {ip} and port {port}")
        }
    }

    /// Why a view of packets is empty, and what to do.
    #[must_use]
    pub fn no_packets(&self) -> String {
        format!("A live run has no packets: capturing them needs root. Watch them with `{}`.", self.capture())
    }
}
