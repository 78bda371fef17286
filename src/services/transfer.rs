//! A download without a protocol: one side writes so many bytes and closes, the other reads them at its own pace.
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::net::{Listener, Net, SocketOptions};
use crate::recording::Time;
use crate::services::{both, within};

/// Bytes one read asks for where nothing else is said.
const PIECE: usize = 16_384;

/// How the reading program treats its socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// Bits per second it reads on average; `None` reads whatever is there.
    pub rate: Option<u64>,
    /// Bytes one read asks for.
    pub piece: Option<usize>,
    /// After so many bytes it does not look at its socket for that long, once.
    pub pause: Option<(usize, Duration)>,
}

/// Bytes a program had, in all, and when; shared, so that it outlives a program that never ends.
pub type Log = Rc<RefCell<Vec<(Time, usize)>>>;

/// Writes `size` bytes and closes this side, then waits for the other side's end.
///
/// # Errors
/// The socket's.
pub async fn send<N: Net>(stream: &mut N::Stream, size: usize) -> io::Result<()> {
    // In one piece: where a write ends, a segment may end.
    let letters = b"abcdefghijklmnopqrstuvwxyz".repeat(size.div_ceil(26));
    stream.write_all(&letters[..size]).await?;
    stream.shutdown().await?;
    while stream.read(&mut [0; 64]).await? > 0 {}
    Ok(())
}

/// Reads to the end of the stream and closes; each read is noted with what had come in all.
///
/// # Errors
/// The socket's.
pub async fn receive<N: Net>(net: &N, mut stream: N::Stream, mut pace: Pace, log: &Log) -> io::Result<usize> {
    let mut buffer = vec![0; pace.piece.unwrap_or(PIECE).max(1)];
    let mut total = 0;
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            stream.shutdown().await?;
            return Ok(total);
        }
        total += count;
        log.borrow_mut().push((net.now(), total));
        let work = pace.work(count);
        if work > Duration::ZERO {
            net.sleep(work).await;
        }
        if let Some((_, long)) = pace.pause.take_if(|(after, _)| total >= *after) {
            net.sleep(long).await;
        }
    }
}

/// Opens a connection from `sender` to a listener of `receiver` and sends `size` bytes through it; `read` hears what the
/// receiver's program has read.
///
/// # Errors
/// The first socket's that failed; `TimedOut` when not all was read within `patience`.
pub async fn download<N: Net>(
    (sender, receiver): (&N, &N),
    (at, options): (SocketAddr, SocketOptions),
    size: usize,
    (pace, patience): (Pace, Duration),
    read: &Log,
) -> io::Result<()> {
    let listener = receiver.listen_with(at, options).await?;
    let to = listener.local()?;
    let sending = async {
        let mut stream = sender.connect(to).await?;
        send::<N>(&mut stream, size).await
    };
    let receiving = async {
        let (stream, _) = listener.accept().await?;
        receive(receiver, stream, pace, read).await
    };
    let late = || io::Error::new(io::ErrorKind::TimedOut, format!("not all was read after {} s", patience.as_secs()));
    let (sent, received) = within(sender, patience, both(sending, receiving)).await.ok_or_else(late)?;
    sent.and(received.map(drop))
}

impl Pace {
    /// How long the program is busy with so many bytes.
    fn work(&self, bytes: usize) -> Duration {
        let Some(rate) = self.rate.filter(|it| *it > 0) else { return Duration::ZERO };
        let nanos = bytes as u128 * 8 * 1_000_000_000 / u128::from(rate);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}
