//! A client's connection to its resolver that nobody reads along: opened once, asked many times.
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hickory_proto::op::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::https_client::Https;
use super::padding::padded_query;
use crate::net::{Net, Stream};
use crate::recording::Time;
use crate::services::dns::exchange::fitting;
use crate::services::dns::serve::{receive, send};
use crate::services::tls::{Agreed, Client, Tls, TlsError};
use crate::services::within;

/// An answer that takes longer is not waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// So many messages that answer another question, and the connection is given up.
const STRANGERS: usize = 16;

/// What carries the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// DNS over TLS.
    Tls,
    /// DNS over HTTPS, each query a GET.
    HttpsGet,
    /// DNS over HTTPS, each query a POST.
    HttpsPost,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    #[error("no connection: {0}")]
    Connect(io::Error),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("no answer within {} s", PATIENCE.as_secs())]
    Time,
    #[error("the server closed the connection without an answer")]
    Closed,
    #[error("the server answered {0} (HTTP status)")]
    Status(u16),
    #[error("the connection broke: {0}")]
    Broken(String),
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof { Self::Closed } else { Self::Broken(error.to_string()) }
    }
}

impl From<hyper::Error> for Ended {
    fn from(error: hyper::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

/// How opening went.
#[derive(Clone, Debug)]
pub struct Opened {
    pub began: Time,
    /// TCP is open.
    pub connected: Time,
    /// TLS is open: the client may ask.
    pub secured: Time,
    pub agreed: Agreed,
    /// This end of the connection.
    pub local: Option<SocketAddr>,
}

/// An open connection.
pub struct Connection<N: Net> {
    net: N,
    channel: Channel<N::Stream>,
}

enum Channel<S: Stream> {
    Tls(Box<Tls<S>>),
    Https(Https),
}

/// An answer and the lengths of the two messages.
#[derive(Clone, Debug)]
pub struct Answered {
    pub message: Message,
    pub sent: usize,
    pub received: usize,
}

impl<N: Net> Connection<N> {
    /// Connects to a resolver that must prove to have this name.
    ///
    /// # Errors
    /// When TCP or TLS fails.
    pub async fn open(
        net: &N,
        (kind, tls): (Kind, &Client),
        (server, name): (SocketAddr, &str),
    ) -> Result<(Self, Opened), Ended> {
        let began = net.now();
        let stream = net.connect(server).await.map_err(Ended::Connect)?;
        let (connected, local) = (net.now(), stream.local().ok());
        let stream = tls.connect(net, stream, name).await?;
        let opened = Opened { began, connected, secured: net.now(), agreed: stream.agreed(), local };
        let channel = match kind {
            Kind::Tls => Channel::Tls(Box::new(stream)),
            Kind::HttpsGet | Kind::HttpsPost => {
                Channel::Https(Https::begin(net, stream, name, kind == Kind::HttpsPost).await?)
            }
        };
        Ok((Self { net: net.clone(), channel }, opened))
    }

    /// Asks, with padding, and waits for the answer.
    ///
    /// # Errors
    /// When there is none within 10 s, or the connection ends.
    pub async fn ask(&mut self, mut query: Message) -> Result<Answered, Ended> {
        if matches!(self.channel, Channel::Https(_)) {
            // RFC 8484 §4.1: with the same id each time the same question is the same request, and can be cached.
            query.metadata.id = 0;
        }
        let bytes = padded_query(query.clone()).ok_or_else(|| Ended::Broken("no message to send".to_owned()))?;
        let sent = bytes.len();
        let exchange = async {
            match &mut self.channel {
                Channel::Tls(stream) => over_tls(stream, &query, &bytes).await,
                Channel::Https(https) => {
                    let reply = https.exchange(bytes).await?;
                    let message = fitting(&reply, &query).map_err(Ended::Broken)?;
                    Ok(Answered { message, sent, received: reply.len() })
                }
            }
        };
        within(&self.net, PATIENCE, exchange).await.unwrap_or(Err(Ended::Time))
    }

    /// Closes the connection in order, and waits until the server has too: who leaves while something comes sends a RST.
    pub async fn close(self) {
        if let Channel::Tls(mut stream) = self.channel {
            let closing = async {
                stream.shutdown().await?;
                stream.read(&mut [0; 1]).await
            };
            drop(within(&self.net, PATIENCE, closing).await);
        }
    }
}

/// RFC 7858 §3.3: as over TCP, a length and the message; answers may come in another order.
async fn over_tls(stream: &mut Tls<impl Stream>, query: &Message, bytes: &[u8]) -> Result<Answered, Ended> {
    send(stream, bytes).await?;
    stream.flush().await?;
    for _ in 0..STRANGERS {
        let reply = receive(stream).await?.ok_or(Ended::Closed)?;
        if let Ok(message) = fitting(&reply, query) {
            return Ok(Answered { message, sent: bytes.len(), received: reply.len() });
        }
    }
    Err(Ended::Broken(format!("{STRANGERS} messages that answer another question")))
}
