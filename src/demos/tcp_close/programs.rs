//! The two programs of a closing run: who closes when, and how.
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use crate::net::{Listener, Net, Stream};

/// Which way a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    ClientFirst,
    ServerFirst,
    /// The client says that it has sent everything, and reads on.
    HalfClose,
    BothAtOnce,
    /// The client closes while an answer waits in its socket.
    UnreadData,
    /// The client throws the connection away (`SO_LINGER` 0).
    LingerZero,
    /// The server's program reads the end and never closes its socket.
    Forgotten,
}

impl Way {
    /// The words of the knob, in this order.
    pub(super) const WORDS: &'static [&'static str] =
        &["client-first", "server-first", "half-close", "both-at-once", "unread-data", "linger-zero", "forgotten"];

    pub(super) fn of(word: &str) -> Self {
        match word {
            "server-first" => Self::ServerFirst,
            "half-close" => Self::HalfClose,
            "both-at-once" => Self::BothAtOnce,
            "unread-data" => Self::UnreadData,
            "linger-zero" => Self::LingerZero,
            "forgotten" => Self::Forgotten,
            _ => Self::ClientFirst,
        }
    }
}

const REQUEST: &[u8] = b"Send me the list.\n";
/// The answer; after a half-close it comes in pieces.
const PIECE: usize = 250;
const PIECES: usize = 4;
pub(super) const ANSWER: usize = PIECE * PIECES;
/// From one piece of a long answer to the next.
const PAUSE: Duration = Duration::from_millis(20);

/// What both programs know of each other's plan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) way: Way,
    /// Time to the other end: two that close together take it into account.
    pub(super) one_way: Duration,
}

/// What the programs saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Bytes of the answer that reached the client's program.
    pub(super) read: usize,
    /// What the server's calls failed with, one for each connection that was torn down.
    pub(super) server_errors: Vec<String>,
    pub(super) client_errors: Vec<String>,
}

pub(super) type Log = Rc<RefCell<Seen>>;

/// One connection of the client, from its request to its close.
///
/// # Errors
/// As connect, read and write report.
pub(super) async fn client<N: Net>(net: &N, at: SocketAddr, plan: Plan, log: &Log) -> io::Result<()> {
    let mut stream = net.connect(at).await?;
    stream.write_all(REQUEST).await?;
    let count = |bytes: usize| log.borrow_mut().read += bytes;
    match plan.way {
        Way::ClientFirst | Way::Forgotten | Way::BothAtOnce => count(read_up_to(&mut stream, ANSWER).await?),
        Way::ServerFirst => count(read_up_to(&mut stream, usize::MAX).await?),
        Way::HalfClose => {
            stream.shutdown().await?;
            count(read_up_to(&mut stream, usize::MAX).await?);
        }
        // Long enough for the whole answer to wait in the socket.
        Way::UnreadData => net.sleep(plan.one_way * 4 + PAUSE).await,
        Way::LingerZero => {
            count(read_up_to(&mut stream, ANSWER).await?);
            stream.abort();
        }
    }
    Ok(())
}

/// Serves every connection beside the others. What a forgetful program keeps is in `kept`.
pub(super) async fn serve<N: Net>(
    net: N,
    listener: N::Listener,
    plan: Plan,
    log: Log,
    kept: Rc<RefCell<Vec<N::Stream>>>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let (own, log, kept) = (net.clone(), Rc::clone(&log), Rc::clone(&kept));
        net.spawn(async move {
            match answer(&own, stream, plan).await {
                Ok(Some(stream)) => kept.borrow_mut().push(stream),
                Ok(None) => {}
                Err(error) => log.borrow_mut().server_errors.push(error.to_string()),
            }
        });
    }
}

/// Answers one request; a stream that comes back was not closed.
async fn answer<N: Net>(net: &N, mut stream: N::Stream, plan: Plan) -> io::Result<Option<N::Stream>> {
    let wanted = if plan.way == Way::HalfClose { usize::MAX } else { REQUEST.len() };
    read_up_to(&mut stream, wanted).await?;
    if plan.way == Way::HalfClose {
        // Bytes go on in one direction after the FIN of the other.
        for _ in 0..PIECES {
            stream.write_all(&[b'.'; PIECE]).await?;
            net.sleep(PAUSE).await;
        }
    } else {
        stream.write_all(&[b'.'; ANSWER]).await?;
    }
    match plan.way {
        Way::ServerFirst | Way::HalfClose => {}
        // The client closes when the answer is there: half a round trip from now.
        Way::BothAtOnce => net.sleep(plan.one_way).await,
        Way::ClientFirst | Way::UnreadData | Way::LingerZero => {
            read_up_to(&mut stream, usize::MAX).await?;
        }
        Way::Forgotten => {
            read_up_to(&mut stream, usize::MAX).await?;
            return Ok(Some(stream));
        }
    }
    Ok(None)
}

/// Reads until so many bytes or the end of the stream have come; how many there were.
async fn read_up_to(stream: &mut (impl AsyncRead + Unpin), most: usize) -> io::Result<usize> {
    let (mut buffer, mut sum) = ([0; 4096], 0);
    while sum < most {
        let got = stream.read(&mut buffer).await?;
        if got == 0 {
            break;
        }
        sum += got;
    }
    Ok(sum)
}
