//! A TCP echo server (RFC 862): what arrives goes back, in order, however it was split.
//!
//! It is short because each line is there for one of the seven behaviours that [`crate::services::grade`] tests.
use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::net::{Listener, Net};
use crate::services::within;

/// How an echo server treats its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EchoOptions {
    /// A client that neither sends nor takes a byte for this long is let go.
    pub idle: Duration,
    /// How much one `recv` asks for.
    pub buffer: usize,
}

impl Default for EchoOptions {
    fn default() -> Self {
        Self { idle: Duration::from_secs(60), buffer: 4096 }
    }
}

/// Serves until the listening socket fails. One client's failure ends that client's connection only.
///
/// # Errors
/// The listening socket's.
pub async fn serve<N: Net>(net: N, listener: N::Listener, options: EchoOptions) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let own = net.clone();
        // A task for each client: an idle one holds up nobody. A reset ends its task, not the server.
        net.spawn(async move { drop(echo(&own, stream, options).await) });
    }
}

/// Echoes one connection to its end: all bytes until the client's FIN, then our FIN.
///
/// # Errors
/// `ConnectionReset` and the like from the socket; `TimedOut` when the client was idle for too long.
pub async fn echo<N: Net>(net: &N, mut stream: N::Stream, options: EchoOptions) -> io::Result<()> {
    let idle = || io::Error::new(io::ErrorKind::TimedOut, "the client was idle for too long");
    let mut buffer = vec![0; options.buffer.max(1)];
    loop {
        // One `recv` may give a part of what one `send` took, or several of them together (RFC 9293 §3.9.1.3).
        let count = within(net, options.idle, stream.read(&mut buffer)).await.ok_or_else(idle)??;
        if count == 0 {
            // The client's FIN: it still reads, and all it sent has been written back by now.
            return stream.shutdown().await;
        }
        let mut rest = &buffer[..count];
        while !rest.is_empty() {
            // A full send buffer takes a part; waiting here is what slows a fast sender down.
            let taken = within(net, options.idle, stream.write(rest)).await.ok_or_else(idle)??;
            if taken == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            rest = &rest[taken..];
        }
    }
}
