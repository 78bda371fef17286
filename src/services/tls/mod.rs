//! TLS 1.3 (RFC 8446) and 1.2 (RFC 5246) by rustls on the seam's streams: clients, servers, a certificate authority of the lab's own.
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
mod client;
mod cost;
mod early;
mod error;
mod flawed;
mod ground;
mod groups;
mod hello;
mod keys;
mod prove;
mod quic;
mod server;
mod stream;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::io;
use std::time::Duration;

use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};

use crate::net::Net;
use crate::services::within;
pub use authority::{Authority, Fault, Faulty, Identity, Leaf, Pending, pem};
pub use client::{Client, ClientOptions, trusted_here};
pub use cost::{BATCHES, Cost, costs};
pub use error::TlsError;
pub use ground::Ground;
pub(crate) use ground::LAB_BEGINS;
pub use groups::Group;
pub use keys::Keys;
pub use prove::shown_by;
pub use server::{Clients, Server, ServerOptions, Trusted};
pub use stream::{Agreed, Over, Tls, Told};

/// HTTP/3 in a list of protocols (RFC 9114 §3.1).
pub const H3: &[u8] = b"h3";
/// HTTP/2 in a list of protocols (RFC 9113 §3.1).
pub const H2: &[u8] = b"h2";
/// HTTP/1.1 in a list of protocols (RFC 7301 §6).
pub const HTTP_1_1: &[u8] = b"http/1.1";
/// DNS over TLS in a list of protocols (IANA's ALPN registry, for RFC 7858).
pub const DOT: &[u8] = b"dot";

/// A handshake that takes longer is given up, where an end is not told otherwise.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A version of TLS that is still in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

impl Version {
    /// What an end speaks that is told one version, or none.
    fn offered(only: Option<Self>) -> &'static [&'static SupportedProtocolVersion] {
        static BOTH: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
        match only {
            None => &BOTH,
            Some(Self::Tls13) => &BOTH[..1],
            Some(Self::Tls12) => &BOTH[1..],
        }
    }
}

/// What a handshake comes to, or that it took too long.
async fn shaken<N: Net, T>(
    net: &N,
    patience: Duration,
    shaking: impl Future<Output = io::Result<T>>,
) -> Result<T, TlsError> {
    Ok(within(net, patience, shaking).await.ok_or(TlsError::Time(patience))??)
}
