//! The seven tests: one function a behaviour, each with a connection of its own.
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use crate::net::{Net, Stream};
use crate::quantity::Quantity;
use crate::services::grade::Behaviour;
use crate::services::grade::probe::{End, Probe, Reply};
use crate::services::{both, within};

/// What a test did and what came back, in words.
pub(super) struct Seen {
    pub(super) sent: String,
    pub(super) received: String,
}

/// `Ok` for a pass, `Err` for a failure; both with what was seen.
type Verdict = Result<Seen, Seen>;

/// How much more than expected is read, to tell a server that says too much.
const SPARE: usize = 1024;
/// The large transfer takes this much at least, and more where larger buffers take more before they are full ...
const LARGE: usize = 1_000_000;
/// ... up to this: Linux lets each side's buffers grow to 4 MB for sending and 6 MB for receiving.
const LARGEST: usize = 24_000_000;
/// A prime.
const PERIOD: usize = 65_521;
const LINE: &[u8] = b"the quick brown fox jumps over the lazy dog\n";

pub(super) async fn check<N: Net>(behaviour: Behaviour, probe: &Probe<'_, N>) -> Verdict {
    match behaviour {
        Behaviour::PartialReads => partial_reads(probe).await,
        Behaviour::LargeTransfer => large_transfer(probe).await,
        Behaviour::HalfClose => half_close(probe).await,
        Behaviour::EndOfFile => end_of_file(probe).await,
        Behaviour::Reset => reset(probe).await,
        Behaviour::Concurrent => concurrent(probe).await,
        Behaviour::IdleTimeout => idle_timeout(probe).await,
    }
}

/// Runs a test to its end, or gives it up: a server that sends one byte every second is silent at no single step.
async fn verdict<N: Net>(
    probe: &Probe<'_, N>,
    sent: impl Into<String>,
    run: impl Future<Output = Result<String, String>>,
) -> Verdict {
    let (sent, limit) = (sent.into(), probe.limit());
    let slow = || Err(format!("too little: the test was not over after {}", Quantity::time(limit)));
    match within(probe.net, limit, run).await.unwrap_or_else(slow) {
        Ok(received) => Ok(Seen { sent, received }),
        Err(received) => Err(Seen { sent, received }),
    }
}

fn no_connection(error: io::Error) -> String {
    format!("no connection: {error}")
}

/// Bytes that differ from place to place, zeros and newlines among them, so that a lost or doubled piece shows. They repeat after
/// a prime number of bytes, which no buffer is a multiple of.
fn pattern(length: usize) -> Vec<u8> {
    let mut bytes = period().repeat(length / PERIOD + 1);
    bytes.truncate(length);
    bytes
}

fn period() -> Vec<u8> {
    (0..PERIOD).map(|i| u8::try_from((i * 31 + i / 251) % 256).expect("below 256")).collect()
}

async fn partial_reads<N: Net>(probe: &Probe<'_, N>) -> Verdict {
    let whole = pattern(300);
    let sizes = [1, 1, 2, 3, 40, 1, 252];
    let sent = format!("{} bytes in {} pieces, from 1 to 252 bytes, with pauses between", whole.len(), sizes.len());
    let run = async {
        let mut stream = probe.connect().await.map_err(no_connection)?;
        let mut rest = whole.as_slice();
        for size in sizes {
            let (piece, after) = rest.split_at(size.min(rest.len()));
            if let Err(error) = probe.send(&mut stream, piece).await {
                let came = probe.read(&mut stream, whole.len(), probe.patience()).await.compared_with(&whole);
                return Err(format!("{came}; sending failed: {error}"));
            }
            probe.net.sleep(Duration::from_millis(20)).await;
            rest = after;
        }
        let reply = probe.read(&mut stream, whole.len(), probe.patience()).await;
        reply.must_be(&whole).map(|()| "all of them".to_owned())
    };
    verdict(probe, sent, run).await
}

async fn large_transfer<N: Net>(probe: &Probe<'_, N>) -> Verdict {
    let run = async {
        let stream = probe.connect().await.map_err(no_connection)?;
        let (mut from, mut to) = tokio::io::split(stream);
        let filled = fill(probe, &mut to).await.map_err(|error| format!("sending failed: {error}"))?;
        let length = filled.max(LARGE);
        let whole = pattern(length);
        let sending = probe.send(&mut to, &whole[filled..]);
        let (sending, reply) = both(sending, slowly(probe, &mut from, length)).await;
        reply.must_be(&whole)?;
        sending.map_err(|error| format!("sending failed: {error}"))?;
        Ok(format!("all {length} bytes, in order"))
    };
    verdict(probe, "1 MB or more, until every buffer on the way was full; only then read, slowly", run).await
}

/// Sends without reading until the server takes no more: its send buffer, our receive buffer and those between are full
/// by then. Gives how much that was. Soon over, or a server that waits to send would take us for idle.
async fn fill<N: Net>(probe: &Probe<'_, N>, to: &mut (impl AsyncWrite + Unpin)) -> io::Result<usize> {
    let bytes = period();
    let (start, mut taken) = (probe.net.now(), 0);
    while taken < LARGEST && probe.net.now() - start < probe.patience() / 2 {
        match within(probe.net, probe.patience() / 8, to.write(&bytes[taken % PERIOD..])).await {
            None => break,
            Some(count) => taken += count?,
        }
    }
    Ok(taken)
}

/// Reads in pieces, with pauses.
async fn slowly<N: Net>(probe: &Probe<'_, N>, from: &mut (impl AsyncRead + Unpin), length: usize) -> Reply {
    let mut whole = Reply { bytes: Vec::new(), end: End::Enough };
    while whole.bytes.len() < length && matches!(whole.end, End::Enough) {
        let size = (length - whole.bytes.len()).min(32 << 10);
        let piece = probe.read(from, size, probe.patience()).await;
        whole.bytes.extend(piece.bytes);
        whole.end = piece.end;
        probe.net.sleep(Duration::from_millis(1)).await;
    }
    whole
}

async fn half_close<N: Net>(probe: &Probe<'_, N>) -> Verdict {
    let whole = pattern(2000);
    let run = async {
        let mut stream = probe.connect().await.map_err(no_connection)?;
        probe.send(&mut stream, &whole).await.map_err(|error| format!("sending failed: {error}"))?;
        probe.finish(&mut stream).await.map_err(|error| format!("the FIN failed: {error}"))?;
        let reply = probe.read(&mut stream, whole.len() + SPARE, probe.patience()).await;
        reply.must_be(&whole)?;
        // Whether the server closes at all is the next behaviour; here it must only not break off.
        match reply.end {
            End::Broken(_) => Err(reply.compared_with(&whole)),
            _ => Ok(reply.compared_with(&whole)),
        }
    };
    verdict(probe, format!("{} bytes and a FIN right behind them", whole.len()), run).await
}

async fn end_of_file<N: Net>(probe: &Probe<'_, N>) -> Verdict {
    let run = async {
        let mut stream = probe.connect().await.map_err(no_connection)?;
        // Twice, so that a server which closes after each answer does not pass.
        probe.exchange(&mut stream, LINE).await?;
        probe.exchange(&mut stream, LINE).await.map_err(|what| format!("for a second line: {what}"))?;
        probe.finish(&mut stream).await.map_err(|error| format!("the FIN failed: {error}"))?;
        let from = probe.net.now();
        let reply = probe.read(&mut stream, SPARE, probe.patience()).await;
        match reply.end {
            End::Closed if reply.bytes.is_empty() => {
                Ok(format!("the server's FIN after {}", Quantity::time(probe.net.now() - from)))
            }
            end if reply.bytes.is_empty() => Err(format!("both lines; after the FIN, {end}")),
            end => Err(format!("{} bytes too many after the FIN, then {end}", reply.bytes.len())),
        }
    };
    verdict(probe, "a line, another one after its echo, then a FIN", run).await
}

async fn reset<N: Net>(probe: &Probe<'_, N>) -> Verdict {
    let run = async {
        // With the server in recv, with input it has not read, and with output the client will not take.
        for length in [0, LINE.len(), 64 << 10] {
            let mut stream = probe.connect().await.map_err(no_connection)?;
            // A server that stopped reading here is not what this test is about.
            drop(probe.send(&mut stream, &pattern(length)).await);
            if length > LINE.len() {
                probe.net.sleep(Duration::from_millis(50)).await;
            }
            stream.abort();
            probe.net.sleep(Duration::from_millis(50)).await;
        }
        let after = |what: String| format!("for a client after them: {what}");
        let mut stream = probe.connect().await.map_err(no_connection).map_err(after)?;
        probe.exchange(&mut stream, LINE).await.map_err(after)?;
        Ok("the echo of a client after them".to_owned())
    };
    verdict(probe, "three connections, each ended by a RST; then a client with a line", run).await
}

async fn concurrent<N: Net>(probe: &Probe<'_, N>) -> Verdict {
    let run = async {
        let mut idle = probe.connect().await.map_err(no_connection)?;
        let mut busy = probe.connect().await.map_err(no_connection)?;
        let second = |what: String| format!("for the second client: {what}");
        probe.exchange(&mut busy, LINE).await.map_err(second)?;
        // The first one was not sent away to make room.
        probe.exchange(&mut idle, LINE).await.map_err(|what| format!("for the first client, afterwards: {what}"))?;
        Ok("the echo of both".to_owned())
    };
    verdict(probe, "one client that says nothing, then a second one with a line; then the first speaks", run).await
}

async fn idle_timeout<N: Net>(probe: &Probe<'_, N>) -> Verdict {
    let pause = probe.idle.mul_f64(0.6);
    let early = probe.idle.mul_f64(0.75);
    let late = probe.idle + (probe.idle / 2).max(Duration::from_secs(1));
    let run = async {
        let mut stream = probe.connect().await.map_err(no_connection)?;
        probe.exchange(&mut stream, LINE).await?;
        probe.net.sleep(pause).await;
        // Speaking again starts the time anew: a limit on the age of a connection is another thing.
        let spoke = |what: String| format!("after a silence of {} only: {what}", Quantity::time(pause));
        probe.exchange(&mut stream, LINE).await.map_err(spoke)?;
        let from = probe.net.now();
        let reply = probe.read(&mut stream, SPARE, late).await;
        let silence = probe.net.now() - from;
        let after = Quantity::time(silence);
        match reply.end {
            _ if !reply.bytes.is_empty() => Err(format!("{} bytes nobody sent", reply.bytes.len())),
            End::Silent(_) => Err(format!("nothing: still open after {after} of silence")),
            end if silence < early => Err(format!("too early: after {after} of silence {end}")),
            end => Ok(format!("after {after} of silence {end}")),
        }
    };
    let agreed = Quantity::time(probe.idle);
    let pause = Quantity::time(pause);
    verdict(probe, format!("a line, another one {pause} later, then nothing; agreed are {agreed} of silence"), run)
        .await
}
