//! The two ends of QUIC: a client that knows whom it trusts, a server that proves who it is.
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{
    ClientConfig, Connecting, Connection, Endpoint, MtuDiscoveryConfig, ServerConfig, TransportConfig, VarInt,
};
use quinn::{Incoming, ZeroRttAccepted};
use rustls::pki_types::CertificateDer;

use super::chance::{Calendar, Ids, endpoint, token_key};
use super::error::QuicError;
use super::qlog::Qlog;
use super::runtime::Seam;
use super::socket::Socket;
use crate::net::{Clock, Net};
use crate::services::tls::{Clients, Ground, Identity, TlsError};
use crate::wire::text::visible_start;

/// Connections that may wait for `accept`.
const WAITING: usize = 256;

/// What may be chosen about an end.
#[derive(Clone, Debug)]
pub struct Options {
    /// Looks for larger packets than 1200 bytes with probes (RFC 8899). Off, so that a capture shows only what was asked for.
    pub mtu_discovery: bool,
    /// Bytes of a UDP payload that the path is known to carry; at least 1200 (RFC 9000 §14).
    pub mtu: u16,
    /// A connection in which nothing comes for so long is over (RFC 9000 §10.1).
    pub idle: Duration,
    /// Streams both ways that the other end may have open at once on a connection (RFC 9000 §4.6).
    pub streams: u32,
    /// Where its log goes.
    pub qlog: Option<Qlog>,
    /// Who the clients of a server have to be.
    pub clients: Clients,
}

impl Default for Options {
    fn default() -> Self {
        let (idle, clients) = (Duration::from_secs(30), Clients::Anybody);
        Self { mtu_discovery: false, mtu: 1200, idle, streams: 100, qlog: None, clients }
    }
}

impl Options {
    fn transport(&self, clock: &Clock) -> Arc<TransportConfig> {
        let mut transport = TransportConfig::default();
        let idle = u32::try_from(self.idle.as_millis()).unwrap_or(u32::MAX);
        transport.max_idle_timeout(Some(VarInt::from_u32(idle).into())).initial_mtu(self.mtu.max(1200));
        transport.max_concurrent_bidi_streams(VarInt::from_u32(self.streams));
        transport.mtu_discovery_config(self.mtu_discovery.then(MtuDiscoveryConfig::default));
        transport.qlog_stream(self.qlog.as_ref().and_then(|it| it.stream(clock)));
        Arc::new(transport)
    }
}

/// A client: one socket, any number of connections. Clones share its socket, its tickets and its tokens.
#[derive(Clone)]
pub struct Client {
    endpoint: Endpoint,
    config: ClientConfig,
    tick: Rc<dyn Fn()>,
}

/// A connection that may carry requests before its handshake is over.
pub enum Opening {
    /// A ticket allows early data: it goes out with the first packet. Whether the server took it is known later.
    Early(Connection, ZeroRttAccepted),
    /// No ticket: the handshake comes first.
    Full(Connecting),
}

impl Client {
    /// A client that trusts these authorities and speaks one of these protocols (ALPN). Its socket is at `at`; port 0 chooses one.
    ///
    /// # Errors
    /// When a certificate cannot be read, or the address cannot be had.
    pub async fn open<N: Net>(
        net: &N,
        ground: &Ground,
        at: SocketAddr,
        (trusted, protocols): (&[CertificateDer<'static>], &[&[u8]]),
        options: &Options,
    ) -> Result<Self, QuicError> {
        let tls = QuicClientConfig::try_from(ground.quic_client(trusted, protocols)?).map_err(suite)?;
        let mut config = ClientConfig::new(Arc::new(tls));
        config.transport_config(options.transport(&net.clock()));
        if let Some(ids) = Ids::of(ground) {
            config.initial_dst_cid_provider(Arc::new(move || ids.draw()));
        }
        let endpoint = open(net, ground, at, None).await?;
        Ok(Self { endpoint, config, tick: Rc::clone(&ground.tick) })
    }

    /// The same client on another socket, with its tickets and tokens.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub async fn beside<N: Net>(&self, net: &N, ground: &Ground, at: SocketAddr) -> Result<Self, QuicError> {
        Ok(Self { endpoint: open(net, ground, at, None).await?, ..self.clone() })
    }

    /// Shakes hands with a server that must prove to have this name.
    ///
    /// # Errors
    /// When the certificate is not good, or no answer comes until the idle time is over.
    pub async fn connect(&self, server: SocketAddr, name: &str) -> Result<Connection, QuicError> {
        Ok(self.begin(server, name)?.await?)
    }

    /// The same; where an earlier connection's ticket allows it, requests may be sent at once. They can be replayed by whoever
    /// copies the packets (RFC 9001 §9.2): only what is safe to do twice belongs there.
    ///
    /// # Errors
    /// When no connection can be begun.
    pub fn connect_early(&self, server: SocketAddr, name: &str) -> Result<Opening, QuicError> {
        let early = self.begin(server, name)?.into_0rtt();
        Ok(early.map_or_else(Opening::Full, |(connection, accepted)| Opening::Early(connection, accepted)))
    }

    fn begin(&self, server: SocketAddr, name: &str) -> Result<Connecting, QuicError> {
        (self.tick)();
        Ok(self.endpoint.connect_with(self.config.clone(), server, name.trim_end_matches('.'))?)
    }

    /// Goes on with all connections from another socket (RFC 9000 §9: a migration of the client).
    ///
    /// # Errors
    /// When the address cannot be had.
    pub async fn rebind<N: Net>(&self, net: &N, at: SocketAddr) -> io::Result<()> {
        self.endpoint.rebind_abstract(Socket::open(net, at).await?)
    }

    /// Where its socket is.
    ///
    /// # Errors
    /// When the socket is closed.
    pub fn local(&self) -> io::Result<SocketAddr> {
        self.endpoint.local_addr()
    }

    /// Waits until every connection is closed and the other ends were told.
    pub async fn closed(&self) {
        self.endpoint.wait_idle().await;
    }
}

/// A server.
#[derive(Clone)]
pub struct Server {
    endpoint: Endpoint,
    tick: Rc<dyn Fn()>,
}

impl Server {
    /// Listens at an address, proves itself with this identity and speaks one of these protocols (ALPN); `early` lets clients
    /// that come again send early data. Port 0 chooses one.
    ///
    /// # Errors
    /// When key and certificate do not fit, or the address cannot be had.
    pub async fn open<N: Net>(
        net: &N,
        ground: &Ground,
        at: SocketAddr,
        (identity, protocols, early): (Identity, &[&[u8]], bool),
        options: &Options,
    ) -> Result<Self, QuicError> {
        let tls =
            QuicServerConfig::try_from(ground.quic_server(identity, protocols, early, options.clients.clone())?)
                .map_err(suite)?;
        let tls = Arc::new(tls);
        let mut config = match token_key(ground) {
            Some(key) => ServerConfig::new(tls, key),
            None => ServerConfig::with_crypto(tls),
        };
        config.transport_config(options.transport(&net.clock())).max_incoming(WAITING);
        config.time_source(Arc::new(Calendar(Arc::clone(&ground.time))));
        let endpoint = open(net, ground, at, Some(config)).await?;
        Ok(Self { endpoint, tick: Rc::clone(&ground.tick) })
    }

    /// Waits for the next client; nothing when the socket is closed.
    pub async fn accept(&self) -> Option<Incoming> {
        let incoming = self.endpoint.accept().await;
        (self.tick)();
        incoming
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the socket is closed.
    pub fn local(&self) -> io::Result<SocketAddr> {
        self.endpoint.local_addr()
    }

    /// Closes every connection and takes no new one.
    pub fn close(&self) {
        self.endpoint.close(VarInt::from_u32(0), b"");
    }
}

async fn open<N: Net>(
    net: &N,
    ground: &Ground,
    at: SocketAddr,
    server: Option<ServerConfig>,
) -> Result<Endpoint, QuicError> {
    let socket = Socket::open(net, at).await?;
    let runtime = Seam::new(net, &ground.tick);
    Ok(Endpoint::new_with_abstract_socket(endpoint(ground), server, socket, runtime)?)
}

/// QUIC's first packets are always under AES-128-GCM (RFC 9001 §5).
fn suite(error: impl std::fmt::Display) -> TlsError {
    TlsError::Other(visible_start(error.to_string(), 200))
}
