//! A stream under TLS: again a stream of the seam, so that whatever runs on one runs on it.
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsStream;

use crate::net::{Stream, TcpInfo};
use crate::wire::text::visible_start;

/// A TCP connection with TLS on it. Shut it down to close it in order (close_notify, then FIN).
pub struct Tls<S> {
    stream: TlsStream<S>,
    tick: Rc<dyn Fn()>,
}

/// What the handshake agreed on, by the names of the registries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreed {
    /// `TLS 1.3`
    pub version: String,
    /// `TLS_AES_256_GCM_SHA384`
    pub suite: String,
    /// `X25519`
    pub group: String,
    /// The protocol on top (ALPN): `h2`; empty when none was agreed on.
    pub protocol: String,
    /// Whether an earlier connection's secret was used (RFC 8446 §2.2).
    pub resumed: bool,
}

/// A cipher suite by its name in IANA's register (RFC 8446 §B.4): the library puts the version into those of TLS 1.3.
fn registered(suite: rustls::CipherSuite) -> String {
    let name = format!("{suite:?}");
    name.strip_prefix("TLS13_").map_or_else(|| name.clone(), |it| format!("TLS_{it}"))
}

fn version(it: rustls::ProtocolVersion) -> String {
    match it {
        rustls::ProtocolVersion::TLSv1_3 => "TLS 1.3".to_owned(),
        rustls::ProtocolVersion::TLSv1_2 => "TLS 1.2".to_owned(),
        other => format!("{other:?}"),
    }
}

impl<S> Tls<S> {
    pub(super) fn new(stream: TlsStream<S>, tick: Rc<dyn Fn()>) -> Self {
        Self { stream, tick }
    }

    /// What the handshake agreed on.
    #[must_use]
    pub fn agreed(&self) -> Agreed {
        let (_, connection) = self.stream.get_ref();
        let suite = connection.negotiated_cipher_suite().map(|it| registered(it.suite()));
        Agreed {
            version: connection.protocol_version().map_or_else(String::new, version),
            suite: suite.unwrap_or_default(),
            group: connection.negotiated_key_exchange_group().map_or_else(String::new, |it| format!("{:?}", it.name())),
            protocol: self.protocol().map_or_else(String::new, |it| visible_start(it, 40)),
            resumed: connection.handshake_kind() == Some(rustls::HandshakeKind::Resumed),
        }
    }

    /// The protocol on top that both chose (ALPN).
    #[must_use]
    pub fn protocol(&self) -> Option<&[u8]> {
        self.stream.get_ref().1.alpn_protocol()
    }
}

impl<S: Stream> AsyncRead for Tls<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        (self.tick)();
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: Stream> AsyncWrite for Tls<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        (self.tick)();
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        (self.tick)();
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        (self.tick)();
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: Stream> Stream for Tls<S> {
    fn local(&self) -> io::Result<SocketAddr> {
        self.stream.get_ref().0.local()
    }

    fn peer(&self) -> io::Result<SocketAddr> {
        self.stream.get_ref().0.peer()
    }

    fn info(&self) -> io::Result<TcpInfo> {
        self.stream.get_ref().0.info()
    }

    fn abort(self) {
        match self.stream {
            TlsStream::Client(it) => it.into_inner().0.abort(),
            TlsStream::Server(it) => it.into_inner().0.abort(),
        }
    }
}
