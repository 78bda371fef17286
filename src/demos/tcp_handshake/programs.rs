//! The two programs of a handshake run, on any network: each notes when its calls came back.
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use crate::net::{Listener, Net, Stream, TcpInfo};
use crate::recording::Time;

/// Who has the first word once the connection is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum First {
    /// As in HTTP or TLS: the client asks.
    Client,
    /// As in SSH, SMTP or MySQL: the server greets.
    Server,
}

/// What each side says.
pub(crate) const CLIENT_SAYS: &[u8] = b"Is anybody there?\n";
pub(crate) const SERVER_SAYS: &[u8] = b"Yes. What shall it be?\n";

/// The longest line either side takes.
const LINE: usize = 1024;

/// When each call came back, by the clock of the program that made it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moments {
    /// The client called connect().
    pub(crate) called: Option<Time>,
    /// connect() returned: the client may send.
    pub(crate) connected: Option<Time>,
    /// connect() failed, with these words.
    pub(crate) failed: Option<(Time, String)>,
    /// accept() returned.
    pub(crate) accepted: Option<Time>,
    /// The server's program has the client's first bytes.
    pub(crate) server_has: Option<Time>,
    /// The client's program has the server's first bytes.
    pub(crate) client_has: Option<Time>,
    /// What the client's system knew when connect() returned, where it says.
    pub(crate) info: Option<TcpInfo>,
    /// The conversation broke off, with these words.
    pub(crate) broken: Option<String>,
    /// What kind of error ended it, in either case.
    pub(crate) kind: Option<io::ErrorKind>,
}

impl Moments {
    /// Why the client did not get what it came for, in its system's words.
    pub(crate) fn gave_up(&self) -> Option<&str> {
        let refused = self.failed.as_ref().map(|(_, words)| words.as_str());
        refused.or(self.broken.as_deref())
    }
}

/// The moments of a run, shared by its two programs.
pub(crate) type Log = Rc<RefCell<Moments>>;

/// Connects, talks, and closes. What fails is in the log.
pub(crate) async fn client<N: Net>(net: &N, at: SocketAddr, first: First, log: &Log) {
    log.borrow_mut().called = Some(net.now());
    let stream = match net.connect(at).await {
        Ok(stream) => stream,
        Err(error) => {
            log.borrow_mut().kind = Some(error.kind());
            log.borrow_mut().failed = Some((net.now(), error.to_string()));
            return;
        }
    };
    {
        let mut log = log.borrow_mut();
        log.connected = Some(net.now());
        log.info = stream.info().ok();
    }
    if let Err(error) = talk(net, stream, first, log).await {
        log.borrow_mut().kind = Some(error.kind());
        log.borrow_mut().broken = Some(error.to_string());
    }
}

async fn talk<N: Net>(net: &N, mut stream: N::Stream, first: First, log: &Log) -> io::Result<()> {
    if first == First::Client {
        stream.write_all(CLIENT_SAYS).await?;
    }
    read_line(&mut stream, || log.borrow_mut().client_has = Some(net.now())).await?;
    if first == First::Server {
        stream.write_all(CLIENT_SAYS).await?;
    }
    stream.shutdown().await?;
    // The server closes when it has read everything; only then is the conversation over.
    while stream.read(&mut [0; LINE]).await? > 0 {}
    Ok(())
}

/// Serves one client: reads its line, says its own, closes when the client has.
///
/// # Errors
/// Whatever the listener or the stream reports.
pub(crate) async fn server<N: Net>(net: &N, listener: &N::Listener, first: First, log: &Log) -> io::Result<()> {
    let (mut stream, _) = listener.accept().await?;
    log.borrow_mut().accepted = Some(net.now());
    if first == First::Server {
        stream.write_all(SERVER_SAYS).await?;
    }
    read_line(&mut stream, || log.borrow_mut().server_has = Some(net.now())).await?;
    if first == First::Client {
        stream.write_all(SERVER_SAYS).await?;
    }
    while stream.read(&mut [0; LINE]).await? > 0 {}
    Ok(())
}

/// Reads up to the end of a line; `begun` is called when its first bytes are there.
async fn read_line(stream: &mut (impl AsyncRead + Unpin), begun: impl FnOnce()) -> io::Result<()> {
    let (mut line, mut begun) = ([0; LINE], Some(begun));
    let mut length = 0;
    while !line[..length].ends_with(b"\n") {
        let got = stream.read(&mut line[length..]).await?;
        if got == 0 {
            let text =
                if length == LINE { "the line is longer than 1024 bytes" } else { "closed before the end of a line" };
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
        }
        length += got;
        if let Some(begun) = begun.take() {
            begun();
        }
    }
    Ok(())
}
