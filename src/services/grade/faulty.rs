//! Echo servers with one mistake each, the one people make: the tests of the grader.
use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::net::{Listener, Net};
use crate::services::echo::{EchoOptions, echo};
use crate::services::grade::Behaviour;
use crate::services::within;

/// Serves with the mistake that this behaviour is about.
pub(super) async fn serve<N: Net>(net: N, listener: N::Listener, mistake: Behaviour, options: EchoOptions) {
    let failed = Rc::new(Cell::new(false));
    while let Ok((stream, _)) = listener.accept().await {
        if failed.get() {
            return;
        }
        let own = net.clone();
        match mistake {
            // One client at a time.
            Behaviour::Concurrent => drop(echo(&net, stream, options).await),
            // An error of one client ends the server.
            Behaviour::Reset => {
                let failed = Rc::clone(&failed);
                net.spawn(async move {
                    let end = echo(&own, stream, options).await;
                    failed.set(failed.get() || end.is_err_and(|error| error.kind() != io::ErrorKind::TimedOut));
                });
            }
            Behaviour::PartialReads => net.spawn(async move { drop(short_is_noise::<N>(&own, stream, options).await) }),
            Behaviour::LargeTransfer => net.spawn(async move { drop(sends_once::<N>(&own, stream, options).await) }),
            Behaviour::HalfClose => {
                net.spawn(async move { drop(queue_dies_with_input::<N>(&own, stream, options).await) })
            }
            Behaviour::EndOfFile => net.spawn(async move { drop(never_closes::<N>(&own, stream, options).await) }),
            Behaviour::IdleTimeout => {
                let patient = EchoOptions { idle: Duration::from_secs(3600), ..options };
                net.spawn(async move { drop(echo(&own, stream, patient).await) });
            }
        }
    }
}

async fn next<N: Net>(net: &N, stream: &mut N::Stream, buffer: &mut [u8], idle: Duration) -> io::Result<usize> {
    within(net, idle, stream.read(buffer)).await.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
}

/// Takes a read of less than four bytes for noise.
async fn short_is_noise<N: Net>(net: &N, mut stream: N::Stream, options: EchoOptions) -> io::Result<()> {
    let mut buffer = vec![0; options.buffer];
    loop {
        match next(net, &mut stream, &mut buffer, options.idle).await? {
            0 => return stream.shutdown().await,
            1..4 => {}
            count => stream.write_all(&buffer[..count]).await?,
        }
    }
}

/// Calls a `send` that does not wait, and does not look at how much it took.
async fn sends_once<N: Net>(net: &N, mut stream: N::Stream, options: EchoOptions) -> io::Result<()> {
    let mut buffer = vec![0; options.buffer];
    loop {
        match next(net, &mut stream, &mut buffer, options.idle).await? {
            0 => return stream.shutdown().await,
            count => {
                poll_fn(|context| {
                    drop(Pin::new(&mut stream).poll_write(context, &buffer[..count]));
                    Poll::Ready(())
                })
                .await;
            }
        }
    }
}

/// Gathers input until none came for a moment, and forgets what it has gathered at the client's FIN.
async fn queue_dies_with_input<N: Net>(net: &N, mut stream: N::Stream, options: EchoOptions) -> io::Result<()> {
    let mut queue = Vec::new();
    let mut buffer = vec![0; options.buffer];
    loop {
        let wait = if queue.is_empty() { options.idle } else { Duration::from_millis(30) };
        match next(net, &mut stream, &mut buffer, wait).await {
            Ok(0) => return stream.shutdown().await,
            Ok(count) => queue.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::TimedOut && !queue.is_empty() => {
                stream.write_all(&queue).await?;
                queue.clear();
            }
            Err(error) => return Err(error),
        }
    }
}

/// Goes on calling `recv` after it has returned 0.
async fn never_closes<N: Net>(net: &N, mut stream: N::Stream, options: EchoOptions) -> io::Result<()> {
    let mut buffer = vec![0; options.buffer];
    loop {
        match next(net, &mut stream, &mut buffer, options.idle).await? {
            0 => net.sleep(Duration::from_millis(50)).await,
            count => stream.write_all(&buffer[..count]).await?,
        }
    }
}
