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
            // It is written into the run once somebody was spoken to.
            Some(host) if self.address.ip().is_unspecified() => host.clone(),
            Some(host) => format!("{host} ({})", self.address),
        }
    }

    /// What it spoke to: the address and port; only the name, while nobody was spoken to.
    #[must_use]
    pub fn at(&self) -> String {
        let name = self.host.as_ref().filter(|_| self.address.ip().is_unspecified());
        name.cloned().unwrap_or_else(|| self.address.to_string())
    }

    /// What would show the packets of such a run, to who may capture: `tcpdump host 192.0.2.1 and port 443`. On loopback each run
    /// has another port.
    #[must_use]
    pub fn capture(&self) -> String {
        let (ip, port) = (self.address.ip(), self.address.port());
        let own = if cfg!(target_os = "linux") { "lo" } else { "lo0" };
        if self.host.is_none() {
            format!("tcpdump -i {own}")
        } else if ip.is_loopback() {
            format!("tcpdump -i {own} port {port}")
        } else if ip.is_unspecified() {
            format!("tcpdump port {port}")
        } else {
            format!("tcpdump host {ip} and port {port}")
        }
    }

    /// Why a view of packets is empty, and what to do.
    #[must_use]
    pub fn no_packets(&self) -> String {
        let when = if self.host.is_none() { "those of the next run, which has another port," } else { "them" };
        format!("A live run has no packets: capturing them needs root. Watch {when} with `{}`.", self.capture())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(host: Option<&str>, address: &str) -> Live {
        Live { host: host.map(str::to_owned), address: address.parse().expect("an address with its port") }
    }

    #[test]
    fn who_was_never_reached_has_a_name_and_no_address() {
        assert_eq!(with(Some("example.org"), "0.0.0.0:443").peer(), "example.org");
        assert_eq!(with(Some("example.org"), "0.0.0.0:443").at(), "example.org");
        assert_eq!(with(Some("example.org"), "192.0.2.1:443").at(), "192.0.2.1:443");
        assert_eq!(with(Some("example.org"), "192.0.2.1:443").peer(), "example.org (192.0.2.1:443)");
    }

    #[test]
    fn no_port_is_named_that_is_over() {
        let own = with(None, "127.0.0.1:40001").no_packets();
        assert!(own.contains("the next run") && !own.contains("40001"), "{own}");
        assert!(with(Some("h"), "192.0.2.1:443").no_packets().contains("tcpdump host 192.0.2.1 and port 443"));
        assert!(!with(Some("h"), "0.0.0.0:443").no_packets().contains("0.0.0.0"));
    }
}
