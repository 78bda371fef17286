//! A client: a connection that is opened once and asked as often as it lasts, in HTTP/1.0, HTTP/1.1 or HTTP/2.
use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::header::{ACCEPT, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::Tasks;
use super::error::HttpError;
use super::message::{BODY_LIMIT, Request, Response};
use crate::net::{Net, SocketOptions, Stream};
use crate::recording::Time;
use crate::services::pool::Manage;
use crate::services::tls::{self, Agreed, H2, HTTP_1_1, Tls};
use crate::services::{Heard, within};

/// What a client of ours calls itself.
pub(super) const AGENT: &str = concat!("roundtrip/", env!("CARGO_PKG_VERSION"));
/// Fields of a response: more is refused. HTTP/2 counts 32 bytes more for each (RFC 9113 §6.5.2).
const HEAD_LIMIT: u32 = 64 << 10;

/// What is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// A connection for each request (RFC 1945).
    Http10,
    Http11,
    Http2,
}

impl Version {
    /// Its name on a screen: `HTTP/1.1`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
        }
    }

    /// What its client offers by ALPN. HTTP/1.0 is older than that.
    const fn offers(self) -> &'static [&'static [u8]] {
        match self {
            Self::Http10 => &[],
            Self::Http11 => &[HTTP_1_1],
            Self::Http2 => &[H2],
        }
    }
}

/// Whom a client asks, and how.
#[derive(Clone)]
pub struct Client {
    pub version: Version,
    pub at: SocketAddr,
    /// The server's name: what its certificate must prove, and what stands in Host or :authority.
    pub host: String,
    /// None speaks cleartext.
    pub tls: Option<tls::Client>,
    pub socket: SocketOptions,
    /// An answer that takes longer is given up.
    pub patience: Duration,
}

/// How opening went.
#[derive(Clone, Debug)]
pub struct Opened {
    pub began: Time,
    /// TCP is open.
    pub connected: Time,
    /// A request may be sent: after TLS, where there is TLS.
    pub ready: Time,
    /// What TLS agreed on.
    pub agreed: Option<Agreed>,
    /// This end of the connection.
    pub local: Option<SocketAddr>,
}

/// A response, and when it came.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub asked: Time,
    /// Status and fields were there.
    pub head: Time,
    /// The body was whole.
    pub done: Time,
    pub response: Response,
}

/// An open connection.
pub struct Connection<N: Net> {
    net: N,
    sender: Sender,
    client: Client,
    opened: Opened,
    heard: Heard,
}

enum Sender {
    One(http1::SendRequest<Full<Bytes>>),
    Two(http2::SendRequest<Full<Bytes>>),
}

impl Client {
    /// A client in cleartext that waits 30 s for an answer.
    #[must_use]
    pub fn new(version: Version, at: SocketAddr, host: &str) -> Self {
        let (tls, socket) = (None, SocketOptions::default());
        Self { version, at, host: host.to_owned(), tls, socket, patience: Duration::from_secs(30) }
    }

    /// The same over TLS.
    #[must_use]
    pub fn over(mut self, tls: &tls::Client) -> Self {
        self.tls = Some(tls.speaking(self.version.offers()));
        self
    }

    /// Opens a connection: TCP, then TLS where there is TLS. HTTP itself costs no round trip (RFC 9113 §3.4).
    ///
    /// # Errors
    /// When TCP or TLS fails, or the server speaks no HTTP/2 where that was asked for.
    pub async fn open<N: Net>(&self, net: &N) -> Result<Connection<N>, HttpError> {
        let opening = async {
            let (stream, opened) = self.connected(net).await?;
            let Some(tls) = &self.tls else { return self.begin(net, stream, opened).await };
            let (stream, opened) = self.agreed(net, tls, (stream, opened)).await?;
            self.begin(net, stream, opened).await
        };
        within(net, self.patience, opening).await.unwrap_or(Err(HttpError::Time(self.patience)))
    }

    async fn connected<N: Net>(&self, net: &N) -> Result<(N::Stream, Opened), HttpError> {
        let began = net.now();
        let stream = net.connect_with(self.at, self.socket).await?;
        let (connected, local) = (net.now(), stream.local().ok());
        Ok((stream, Opened { began, connected, ready: connected, agreed: None, local }))
    }

    async fn agreed<N: Net>(
        &self,
        net: &N,
        tls: &tls::Client,
        (stream, opened): (N::Stream, Opened),
    ) -> Result<(Tls<N::Stream>, Opened), HttpError> {
        let stream = tls.connect(net, stream, &self.host).await?;
        // RFC 8446 §4.2.10: early data speaks what its session did; the server confirms it later.
        if self.version == Version::Http2 && !stream.is_shaking_hands() && stream.protocol() != Some(H2) {
            return Err(HttpError::Version(self.version.name()));
        }
        let opened = Opened { ready: net.now(), agreed: Some(stream.agreed()), ..opened };
        Ok((stream, opened))
    }

    /// A stream over TLS on which nothing was said yet.
    pub(super) async fn secured<N: Net>(&self, net: &N) -> Result<(Tls<N::Stream>, Opened), HttpError> {
        let tls = self.tls.as_ref().ok_or(HttpError::Version("TLS"))?;
        let connected = self.connected(net).await?;
        self.agreed(net, tls, connected).await
    }

    /// Begins HTTP on a stream that is open, over TLS where the client has some.
    pub(crate) async fn begin<N: Net>(
        &self,
        net: &N,
        stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
        opened: Opened,
    ) -> Result<Connection<N>, HttpError> {
        let stream = TokioIo::new(stream);
        // What goes wrong with a connection reaches the exchange as its error.
        let sender = if self.version == Version::Http2 {
            let mut builder = http2::Builder::new(Tasks::of(net));
            let (sender, connection) = builder.max_header_list_size(HEAD_LIMIT).handshake(stream).await?;
            net.spawn(async move { drop(connection.await) });
            Sender::Two(sender)
        } else {
            let mut builder = http1::Builder::new();
            let (sender, connection) = builder.max_buf_size(HEAD_LIMIT as usize).handshake(stream).await?;
            net.spawn(async move { drop(connection.await) });
            Sender::One(sender)
        };
        Ok(Connection { net: net.clone(), sender, client: self.clone(), opened, heard: Heard::default() })
    }

    /// RFC 9112 §3.2: a path and a Host field; RFC 9113 §8.3.1: the whole target, from which the pseudo-fields are made.
    fn written(&self, request: Request) -> Result<hyper::Request<Full<Bytes>>, HttpError> {
        let Request { method, path, headers, body } = request;
        // The path apart from the host, as it may be `*` (RFC 9110 §7.1).
        let uri = match self.version {
            Version::Http2 => {
                let scheme = if self.tls.is_some() { "https" } else { "http" };
                Uri::builder().scheme(scheme).authority(self.host.as_str()).path_and_query(path).build()?
            }
            Version::Http10 | Version::Http11 => Uri::try_from(path).map_err(hyper::http::Error::from)?,
        };
        let mut written = hyper::Request::builder().method(method).uri(uri).body(Full::new(body))?;
        *written.version_mut() = match self.version {
            Version::Http10 => hyper::Version::HTTP_10,
            Version::Http11 => hyper::Version::HTTP_11,
            Version::Http2 => hyper::Version::HTTP_2,
        };
        let fields = written.headers_mut();
        if self.version != Version::Http2 {
            let host = HeaderValue::from_str(&self.host).map_err(hyper::http::Error::from)?;
            fields.insert(HOST, host);
        }
        for (name, value) in [(USER_AGENT, AGENT), (ACCEPT, "*/*")] {
            fields.insert(name, HeaderValue::from_static(value));
        }
        put(fields, headers);
        Ok(written)
    }
}

/// Adds fields; the first of a name takes the place of what was there.
fn put(fields: &mut HeaderMap, headers: HeaderMap) {
    let mut last: Option<HeaderName> = None;
    for (name, value) in headers {
        match name {
            Some(name) => {
                fields.insert(name.clone(), value);
                last = Some(name);
            }
            None => drop(last.as_ref().map(|it| fields.append(it, value))),
        }
    }
}

/// Connections to one server, for a pool.
impl<N: Net> Manage<N> for Client {
    type Connection = Connection<N>;

    async fn open(&self, net: &N) -> io::Result<Connection<N>> {
        let opened = Self::open(self, net).await;
        opened.map_err(|error| match error {
            HttpError::Connect(error) => error,
            error => io::Error::other(error.to_string()),
        })
    }

    fn is_open(&self, connection: &Connection<N>) -> bool {
        connection.is_open()
    }

    /// OPTIONS of the server as a whole (RFC 9110 §9.3.7) asks for nothing.
    async fn ping(&self, _: &N, connection: &mut Connection<N>) -> bool {
        connection.ask(Request::new(Method::OPTIONS, "*")).await.is_ok()
    }
}

impl<N: Net> Connection<N> {
    /// How opening went.
    #[must_use]
    pub const fn opened(&self) -> &Opened {
        &self.opened
    }

    /// When something of any answer came in: a head, a piece of a body.
    #[must_use]
    pub const fn heard(&self) -> &Heard {
        &self.heard
    }

    /// Whether this end still holds it for open. It cannot see what has not arrived.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match &self.sender {
            Sender::One(sender) => !sender.is_closed(),
            Sender::Two(sender) => !sender.is_closed(),
        }
    }

    /// The same connection for another request at the same time: HTTP/2 only.
    #[must_use]
    pub fn share(&self) -> Option<Self> {
        let Sender::Two(sender) = &self.sender else { return None };
        let sender = Sender::Two(sender.clone());
        let (net, client) = (self.net.clone(), self.client.clone());
        Some(Self { net, sender, client, opened: self.opened.clone(), heard: self.heard.clone() })
    }

    /// Asks, and waits for the whole answer.
    ///
    /// # Errors
    /// When the connection ends before the answer does, the answer is no HTTP or too large, or it does not come in time.
    pub async fn ask(&mut self, request: Request) -> Result<Exchange, HttpError> {
        let (net, patience) = (self.net.clone(), self.client.patience);
        let request = self.client.written(request)?;
        let (asked, begun) = (net.now(), Cell::new(false));
        let exchange = async {
            let response = self.send(request).await?;
            let head = net.now();
            begun.set(true);
            self.heard.at(head);
            let (parts, body) = response.into_parts();
            let body = self.whole(body).await?;
            let response = Response { status: parts.status, headers: parts.headers, body };
            Ok(Exchange { asked, head, done: net.now(), response })
        };
        let late = || if begun.get() { HttpError::Stalled(patience) } else { HttpError::Time(patience) };
        within(&net, patience, exchange).await.unwrap_or_else(|| Err(late()))
    }

    async fn whole(&self, body: Incoming) -> Result<Bytes, HttpError> {
        let body = Limited::new(body, BODY_LIMIT).map_frame(|it| {
            self.heard.at(self.net.now());
            it
        });
        Ok(body.collect().await.map_err(HttpError::of_body)?.to_bytes())
    }

    async fn send(&mut self, request: hyper::Request<Full<Bytes>>) -> Result<hyper::Response<Incoming>, HttpError> {
        Ok(match &mut self.sender {
            Sender::One(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
            Sender::Two(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
        })
    }
}
