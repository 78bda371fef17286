//! TLS 1.3 (RFC 8446) by rustls on the seam's streams: clients, servers, a certificate authority of the lab's own.
//!
//! [`Ground`] is what TLS stands on: where its chance comes from, what time it is, who keeps the keys. In the lab both chance
//! and time are the run's own, so that the same seed gives the same bytes; on real sockets they are the system's.
//!
//! ```text
//! Ground ── Authority ── Identity ──> Server ──┐
//!        └── (the authority's certificate) ──> Client ──> Tls<S>, a net::Stream over a net::Stream
//! ```
mod authority;
mod chance;
mod ends;
mod error;
mod ground;
mod keys;
mod stream;
#[cfg(test)]
mod tests;

pub use authority::{Authority, Identity};
pub use ends::{Client, PATIENCE, Server};
pub use error::TlsError;
pub use ground::Ground;
pub(crate) use ground::LAB_BEGINS;
pub use keys::Keys;
pub use stream::{Agreed, Tls};

/// HTTP/2 in a list of protocols (RFC 9113 §3.1).
pub const H2: &[u8] = b"h2";
/// HTTP/1.1 in a list of protocols (RFC 7301 §6).
pub const HTTP_1_1: &[u8] = b"http/1.1";
/// DNS over TLS in a list of protocols (IANA's ALPN registry, for RFC 7858).
pub const DOT: &[u8] = b"dot";
