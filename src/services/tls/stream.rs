//! A stream under TLS: again a stream of the seam, so that whatever runs on one runs on it.
use std::cell::OnceCell;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use rustls::pki_types::CertificateDer;
use rustls::{CommonState, HandshakeKind};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::{client, server};

use super::early::Early;
use crate::net::{Net, Stream, TcpInfo};
use crate::recording::Time;
use crate::services::ahead::Ahead;
use crate::wire::text::visible_start;

/// A TCP connection with TLS on it. Shut it down to close it in order (close_notify, then FIN).
pub struct Tls<S> {
    end: End<S>,
    tick: Rc<dyn Fn()>,
    clock: Rc<dyn Fn() -> Time>,
    told: Rc<Told>,
}

/// Who drives the handshake.
pub(super) enum End<S> {
    Client(Box<client::TlsStream<S>>),
    Server(Box<server::TlsStream<Ahead<S>>>),
    Early(Box<Early<Ahead<S>>>),
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
    /// Whether the server took what the client sent before the handshake was over (RFC 8446 §4.2.10).
    pub early: bool,
    /// Whether the client's first key share was of no use: HelloRetryRequest (RFC 8446 §4.1.4).
    pub retried: bool,
}

/// What becomes of a handshake, also once its stream is in other hands.
#[derive(Debug, Default)]
pub struct Told {
    over: OnceCell<Over>,
}

/// A handshake that is over.
#[derive(Clone, Debug)]
pub struct Over {
    /// When this end had the other's Finished.
    pub at: Time,
    pub agreed: Agreed,
    /// The certificates that the other end showed, its own first.
    pub shown: Vec<CertificateDer<'static>>,
}

impl Told {
    /// What it came to; `None` while it goes on.
    #[must_use]
    pub fn over(&self) -> Option<&Over> {
        self.over.get()
    }
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
    pub(super) fn client(net: &impl Net, stream: client::TlsStream<S>, tick: &Rc<dyn Fn()>) -> Self {
        Self::new(net, End::Client(Box::new(stream)), tick)
    }

    pub(super) fn new(net: &impl Net, end: End<S>, tick: &Rc<dyn Fn()>) -> Self {
        let net = net.clone();
        let clock = Rc::new(move || net.now());
        let stream = Self { end, tick: Rc::clone(tick), clock, told: Rc::default() };
        stream.tell();
        stream
    }

    /// Writes down what the handshake came to, as soon as it is over.
    fn tell(&self) {
        if self.told.over.get().is_none() && !self.is_shaking_hands() {
            let over = Over { at: (self.clock)(), agreed: self.agreed(), shown: self.shown().to_vec() };
            // Nobody else sets it.
            let _ = self.told.over.set(over);
        }
    }

    /// What becomes of the handshake, to be looked at once this stream is in other hands.
    #[must_use]
    pub fn told(&self) -> Rc<Told> {
        Rc::clone(&self.told)
    }

    fn parts(&self) -> (&S, &CommonState) {
        match &self.end {
            End::Client(it) => (it.get_ref().0, it.get_ref().1),
            End::Server(it) => (it.get_ref().0.get_ref(), it.get_ref().1),
            End::Early(it) => (it.get_ref().0.get_ref(), it.get_ref().1),
        }
    }

    /// What the handshake agreed on.
    #[must_use]
    pub fn agreed(&self) -> Agreed {
        let (_, connection) = self.parts();
        let kind = connection.handshake_kind();
        let suite = connection.negotiated_cipher_suite().map(|it| registered(it.suite()));
        Agreed {
            version: connection.protocol_version().map_or_else(String::new, version),
            suite: suite.unwrap_or_default(),
            group: connection.negotiated_key_exchange_group().map_or_else(String::new, |it| format!("{:?}", it.name())),
            protocol: self.protocol().map_or_else(String::new, |it| visible_start(it, 40)),
            resumed: kind == Some(HandshakeKind::Resumed),
            early: self.took_early_data(),
            retried: kind == Some(HandshakeKind::FullWithHelloRetryRequest),
        }
    }

    /// The protocol on top that both chose (ALPN).
    #[must_use]
    pub fn protocol(&self) -> Option<&[u8]> {
        self.parts().1.alpn_protocol()
    }

    /// The certificates that the other end showed, its own first; empty where it showed none, as on a resumed connection of
    /// a client.
    #[must_use]
    pub fn shown(&self) -> &[CertificateDer<'static>] {
        self.parts().1.peer_certificates().unwrap_or_default()
    }

    /// Whether the server took what the client sent before the handshake was over (RFC 8446 §4.2.10).
    #[must_use]
    pub fn took_early_data(&self) -> bool {
        match &self.end {
            End::Client(it) => it.get_ref().1.is_early_data_accepted(),
            End::Server(_) => false,
            End::Early(it) => it.is_taken(),
        }
    }

    /// Whether the handshake still goes on, as it does where early data is sent or answered.
    #[must_use]
    pub fn is_shaking_hands(&self) -> bool {
        self.parts().1.is_handshaking()
    }
}

/// Does the same at whichever end it is.
macro_rules! at_end {
    ($own:ident, $end:ident => $does:expr) => {{
        ($own.tick)();
        let done = match &mut $own.end {
            End::Client(it) => {
                let $end = Pin::new(it.as_mut());
                $does
            }
            End::Server(it) => {
                let $end = Pin::new(it.as_mut());
                $does
            }
            End::Early(it) => {
                let $end = Pin::new(it.as_mut());
                $does
            }
        };
        $own.tell();
        done
    }};
}

impl<S: Stream> AsyncRead for Tls<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        at_end!(self, end => end.poll_read(cx, buffer))
    }
}

impl<S: Stream> AsyncWrite for Tls<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        at_end!(self, end => end.poll_write(cx, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        at_end!(self, end => end.poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        at_end!(self, end => end.poll_shutdown(cx))
    }
}

impl<S: Stream> Stream for Tls<S> {
    fn local(&self) -> io::Result<SocketAddr> {
        self.parts().0.local()
    }

    fn peer(&self) -> io::Result<SocketAddr> {
        self.parts().0.peer()
    }

    fn info(&self) -> io::Result<TcpInfo> {
        self.parts().0.info()
    }

    fn abort(self) {
        match self.end {
            End::Client(it) => it.into_inner().0.abort(),
            End::Server(it) => it.into_inner().0.into_inner().abort(),
            End::Early(it) => it.into_inner().into_inner().abort(),
        }
    }
}
