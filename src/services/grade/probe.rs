//! A test client's moves, each bounded in time and bytes, with what happened in words.
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::net::Net;
use crate::services::within;

/// What a test needs to know: where the server is, and how long it may take.
pub(super) struct Probe<'a, N> {
    pub(super) net: &'a N,
    server: SocketAddr,
    /// The silence after which the server has agreed to close.
    pub(super) idle: Duration,
}

/// How reading from the server ended.
#[derive(Debug)]
pub(super) enum End {
    /// As many bytes came as were asked for.
    Enough,
    /// The server's FIN.
    Closed,
    /// An error, such as a reset.
    Broken(io::Error),
    /// Nothing came for that long.
    Silent(Duration),
}

/// The bytes that came and how that ended.
pub(super) struct Reply {
    pub(super) bytes: Vec<u8>,
    pub(super) end: End,
}

impl<'a, N: Net> Probe<'a, N> {
    pub(super) const fn new(net: &'a N, server: SocketAddr, idle: Duration) -> Self {
        Self { net, server, idle }
    }

    /// How long an answer may take: well below the idle time, so that one is not taken for the other.
    pub(super) fn patience(&self) -> Duration {
        (self.idle / 2).min(Duration::from_secs(2))
    }

    /// How long one whole test may take; servers that answer at once need a tenth of it.
    pub(super) fn limit(&self) -> Duration {
        self.idle * 4 + Duration::from_secs(20)
    }

    /// Whether anybody accepts connections.
    pub(super) async fn knock(&self) -> io::Result<()> {
        self.connect().await.map(drop)
    }

    pub(super) async fn connect(&self) -> io::Result<N::Stream> {
        let late = || io::Error::new(io::ErrorKind::TimedOut, "no answer to the SYN");
        within(self.net, Duration::from_secs(5), self.net.connect(self.server)).await.unwrap_or_else(|| Err(late()))
    }

    /// Writes all of `bytes`; fails when the server takes nothing for as long as an answer may take.
    pub(super) async fn send(&self, stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let late = || io::Error::new(io::ErrorKind::TimedOut, "the server stopped reading");
            let taken = within(self.net, self.patience(), stream.write(rest)).await.ok_or_else(late)??;
            rest = &rest[taken.min(rest.len())..];
        }
        Ok(())
    }

    /// Closes the sending side: a FIN.
    pub(super) async fn finish(&self, stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        let late = || io::Error::new(io::ErrorKind::TimedOut, "the FIN was not sent");
        within(self.net, self.patience(), stream.shutdown()).await.unwrap_or_else(|| Err(late()))
    }

    /// Reads until `most` bytes are there, the server closes, or nothing comes for `patience`.
    pub(super) async fn read(&self, stream: &mut (impl AsyncRead + Unpin), most: usize, patience: Duration) -> Reply {
        let mut bytes = Vec::new();
        let mut buffer = vec![0; 16 << 10];
        while bytes.len() < most {
            let room = buffer.len().min(most - bytes.len());
            match within(self.net, patience, stream.read(&mut buffer[..room])).await {
                None => return Reply { bytes, end: End::Silent(patience) },
                Some(Err(error)) => return Reply { bytes, end: End::Broken(error) },
                Some(Ok(0)) => return Reply { bytes, end: End::Closed },
                Some(Ok(count)) => bytes.extend_from_slice(&buffer[..count]),
            }
        }
        Reply { bytes, end: End::Enough }
    }

    /// Sends `bytes` and waits for as many: the ordinary exchange. `Err` says what came instead.
    pub(super) async fn exchange(&self, stream: &mut N::Stream, bytes: &[u8]) -> Result<(), String> {
        if let Err(error) = self.send(stream, bytes).await {
            return Err(format!("sending failed: {error}"));
        }
        self.read(stream, bytes.len(), self.patience()).await.must_be(bytes)
    }
}

impl Reply {
    /// Whether exactly these bytes came; else what came, in words.
    pub(super) fn must_be(&self, expected: &[u8]) -> Result<(), String> {
        if self.bytes == expected { Ok(()) } else { Err(self.compared_with(expected)) }
    }

    /// What came, measured by what should have come.
    pub(super) fn compared_with(&self, expected: &[u8]) -> String {
        let (came, wanted) = (self.bytes.len(), expected.len());
        let same = self.bytes.iter().zip(expected).take_while(|(a, b)| a == b).count();
        let bytes = match (same == came.min(wanted), came.cmp(&wanted)) {
            _ if came == 0 => format!("none of {wanted} bytes"),
            (true, std::cmp::Ordering::Equal) => format!("all {wanted} bytes"),
            (true, std::cmp::Ordering::Less) => format!("the first {came} of {wanted} bytes"),
            (true, std::cmp::Ordering::Greater) => format!("all {wanted} bytes and at least {} more", came - wanted),
            (false, _) => format!("{came} of {wanted} bytes, other than sent from byte {} on", same + 1),
        };
        format!("{bytes}, then {}", self.end)
    }
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Enough => f.write_str("the test stopped reading"),
            Self::Closed => f.write_str("the server closed the connection (FIN)"),
            Self::Broken(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                f.write_str("the server reset the connection (RST)")
            }
            Self::Broken(error) => write!(f, "an error: {error}"),
            Self::Silent(patience) => write!(f, "nothing for {}", crate::quantity::Quantity::time(*patience)),
        }
    }
}
