//! What this system tells of its TCP connections: nothing that a program without foreign calls could ask for.
use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;

use crate::net::TcpInfo;

/// As on Linux, without an answer.
#[derive(Debug)]
pub(crate) struct Kernel;

impl Kernel {
    /// # Errors
    /// `Unsupported`, always.
    pub(crate) fn open() -> Result<Self> {
        Err(Error::new(ErrorKind::Unsupported, "this system does not tell of its connections; Linux does"))
    }

    /// # Errors
    /// `Unsupported`, always.
    pub(crate) fn ask(&mut self, _: SocketAddr, _: SocketAddr) -> Result<TcpInfo> {
        Err(ErrorKind::Unsupported.into())
    }
}
