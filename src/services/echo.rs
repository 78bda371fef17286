//! The echo service (RFC 862) over TCP and UDP, and a client of it. What arrives goes back, however it was split.
//!
//! The TCP server is short: each of its lines is there for one of the seven behaviours that [`crate::services::grade`] tests.
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::net::{Datagrams, Listener, Net};
use crate::services::{both, within};

/// How an echo server treats its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EchoOptions {
    /// A client that neither sends nor takes a byte for this long is let go.
    pub idle: Duration,
    /// How much one `recv` asks for.
    pub buffer: usize,
    /// How long the program works on what a `recv` gave before it sends it back.
    pub work: Duration,
}

impl Default for EchoOptions {
    fn default() -> Self {
        Self { idle: Duration::from_secs(60), buffer: 4096, work: Duration::ZERO }
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
        if options.work > Duration::ZERO {
            net.sleep(options.work).await;
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

/// How a client reads what comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// It does not look before this is over ...
    pub after: Duration,
    /// ... then asks for this many bytes at once ...
    pub piece: usize,
    /// ... and rests after each piece.
    pub pause: Duration,
}

impl Reading {
    /// As fast as it can.
    pub const EAGER: Self = Self { after: Duration::ZERO, piece: 16 << 10, pause: Duration::ZERO };
}

/// Sends every piece with a `send` of its own and reads their echo meanwhile: a client that only reads once it has sent all may
/// wait for a server that waits for it. With `finish` it closes its sending side after the last piece.
/// Gives how many bytes came back.
///
/// # Errors
/// The socket's, and `UnexpectedEof` when the server closes before everything is back.
pub async fn converse<N: Net>(
    net: &N,
    stream: &mut N::Stream,
    pieces: &[&[u8]],
    finish: bool,
    reading: Reading,
) -> io::Result<usize> {
    let expected = pieces.iter().map(|it| it.len()).sum();
    let (mut from, mut to) = tokio::io::split(stream);
    let (sent, read) = both(send(&mut to, pieces, finish), read(net, &mut from, expected, reading)).await;
    sent.and(read)
}

async fn send(to: &mut (impl AsyncWrite + Unpin), pieces: &[&[u8]], finish: bool) -> io::Result<()> {
    for piece in pieces {
        to.write_all(piece).await?;
    }
    if finish { to.shutdown().await } else { Ok(()) }
}

async fn read<N: Net>(
    net: &N,
    from: &mut (impl AsyncRead + Unpin),
    expected: usize,
    reading: Reading,
) -> io::Result<usize> {
    net.sleep(reading.after).await;
    let mut buffer = vec![0; reading.piece.max(1)];
    let mut came = 0;
    while came < expected {
        match from.read(&mut buffer).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => came += count,
        }
        if reading.pause > Duration::ZERO {
            net.sleep(reading.pause).await;
        }
    }
    Ok(came)
}

/// Sends every datagram back to where it came from, until the socket fails.
///
/// # Errors
/// The socket's; an answer that nobody took is the asker's matter.
pub async fn serve_datagrams(socket: impl Datagrams) -> io::Result<()> {
    let mut buffer = vec![0; usize::from(u16::MAX)];
    loop {
        match socket.receive(&mut buffer).await {
            Ok((length, from)) => socket.send_to(&buffer[..length], from).await?,
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Err(error) => return Err(error),
        }
    }
}
