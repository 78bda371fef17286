//! HTTP/3 (RFC 9114) on QUIC, in the lab and on real sockets: a client with requests on parallel streams, a small server.
mod client;
mod error;
mod server;
#[cfg(test)]
mod tests;

pub use client::{Connection, Fetched};
pub use error::H3Error;
pub use server::{serve, serve_each, serve_with};

/// More than this of a body is an error, not memory.
const BODY_LIMIT: usize = 16 << 20;
/// Bytes of a head, as RFC 9114 §4.2.2 counts them.
const MOST_HEAD: u64 = 64 << 10;
