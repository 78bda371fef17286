//! DNS between a client and its resolver that nobody on the way reads: over TLS (RFC 7858) and over HTTPS (RFC 8484).
use std::io;
use std::net::SocketAddr;

use crate::net::{Listener, Net};
use crate::services::Crowd;

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
/// Where a resolver's HTTPS server takes queries; RFC 8484 §3, §4.1 leave it to a URI template, and this one is everybody's.
pub const PATH: &str = "/dns-query";

/// RFC 8484 §6.
const MEDIA_TYPE: &str = "application/dns-message";
/// A message has at most so many bytes: its length is 16 bits wherever it is told (RFC 1035 §4.2.2).
const MOST_BYTES: usize = u16::MAX as usize;
/// A connection on which nothing is asked for this long is closed (RFC 7858 §3.4).
const IDLE: std::time::Duration = std::time::Duration::from_secs(10);
/// Connections that are served at once; one more is closed.
const CONNECTIONS: usize = 1000;
/// Queries of one connection that are worked on at once; one more waits.
const AT_ONCE: usize = 100;

/// Listens at an address and serves every connection that comes, beside the caller. Gives where it listens.
async fn serve_at<N: Net, F: Future<Output = ()> + 'static>(
    net: &N,
    at: SocketAddr,
    serve: impl Fn(N::Stream, SocketAddr) -> F + 'static,
) -> io::Result<SocketAddr> {
    let listener = net.listen(at).await?;
    let at = listener.local()?;
    let own = net.clone();
    net.spawn(async move {
        let crowd = Crowd::default();
        while let Ok((stream, from)) = listener.accept().await {
            if crowd.size() >= CONNECTIONS {
                continue;
            }
            let (served, member) = (serve(stream, from), crowd.join());
            own.spawn(async move {
                served.await;
                drop(member);
            });
        }
    });
    Ok(at)
}
