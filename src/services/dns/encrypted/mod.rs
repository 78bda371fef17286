//! DNS between a client and its resolver that nobody on the way reads: over TLS (RFC 7858) and over HTTPS (RFC 8484).
mod base64url;
mod client;
mod https_client;
mod https_server;
pub mod loopback;
mod padding;
#[cfg(test)]
mod tests;
mod tls_server;

pub use client::{Answered, Connection, Ended, Kind, Opened};
pub use https_server::serve_https;
pub use padding::{ANSWER_BLOCK, QUERY_BLOCK, padded_query};
pub use tls_server::serve_tls;

/// The port of DNS over TLS (RFC 7858 §3.1).
pub const TLS_PORT: u16 = 853;
/// The port of DNS over HTTPS: that of any other HTTPS.
pub const HTTPS_PORT: u16 = 443;
/// Where a resolver's HTTPS server takes queries; RFC 8484 §4.1.1 leaves it to a template, and this one is everybody's.
pub const PATH: &str = "/dns-query";

/// RFC 8484 §6.
const MEDIA_TYPE: &str = "application/dns-message";
/// A connection on which nothing is asked for this long is closed (RFC 7858 §3.4).
const IDLE: std::time::Duration = std::time::Duration::from_secs(10);
/// Connections that are served at once; one more is closed.
const CONNECTIONS: usize = 1000;
/// Queries of one connection that are worked on at once; one more waits.
const AT_ONCE: usize = 100;
