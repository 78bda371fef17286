//! QUIC (RFC 9000) by quinn on the seam's datagrams: clients and servers, in the lab and on real sockets.
//!
//! In the lab the run's seed decides every connection ID, key and packet, and the lab's clock runs every timer: the same seed
//! gives the same bytes, and the library adds no time of its own.
mod chance;
mod ends;
mod error;
mod qlog;
mod runtime;
mod socket;
#[cfg(test)]
mod tests;

pub use ends::{Client, Opening, Options, Server};
pub use error::QuicError;
pub use qlog::Qlog;
pub use quinn::Connection;
