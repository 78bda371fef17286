//! The seam for probes: packets with a chosen time to live, and the ICMP message that answers each.
use std::future::Future;
use std::io;
use std::time::Duration;

use crate::lab::LabNet;
pub use crate::lab::{Answer, Probe, ProbeKind, Said};
use crate::net::Net;

/// A network that lets a program ask who stands on a path.
pub trait Probes: Net {
    /// Sends a probe and waits for what comes back about it; `None` when nothing has after `patience`.
    ///
    /// # Errors
    /// `PermissionDenied` or `Unsupported` with a word on what to do, where the system does not let a program ask;
    /// `NetworkUnreachable` without a route; `InvalidInput` for a probe larger than the first link.
    fn probe(&self, probe: Probe, patience: Duration) -> impl Future<Output = io::Result<Option<Answer>>>;
}

impl Probes for LabNet {
    fn probe(&self, probe: Probe, patience: Duration) -> impl Future<Output = io::Result<Option<Answer>>> {
        Self::probe(self, probe, patience)
    }
}
