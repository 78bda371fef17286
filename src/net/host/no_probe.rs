//! Probes on a system whose sockets do not say which router sent an error: none without root.
use std::io::{self, Error, ErrorKind};
use std::time::Duration;

use super::HostNet;
use crate::net::{Answer, Probe, Probes};

impl Probes for HostNet {
    async fn probe(&self, _: Probe, _: Duration) -> io::Result<Option<Answer>> {
        let text = "this system does not tell a program which router sent an ICMP error; Linux does, and the lab: run it there";
        Err(Error::new(ErrorKind::Unsupported, text))
    }
}
