//! The two ends of TLS: a client that knows whom it trusts, a server that proves who it is.
use std::future::Future;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::NoServerSessionStorage;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::authority::Identity;
use super::error::TlsError;
use super::ground::Ground;
use super::stream::Tls;
use crate::net::{Net, Stream};
use crate::services::within;

/// A handshake that takes longer is given up.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A client. Clones share its sessions.
#[derive(Clone)]
pub struct Client {
    config: Arc<ClientConfig>,
    tick: Rc<dyn Fn()>,
}

/// A server. Clones share its sessions.
#[derive(Clone)]
pub struct Server {
    config: Arc<ServerConfig>,
    tick: Rc<dyn Fn()>,
}

impl Client {
    /// A client that trusts these authorities and speaks one of these protocols (ALPN, RFC 7301), the best first; none is any.
    ///
    /// # Errors
    /// When a certificate cannot be read.
    pub fn new(ground: &Ground, trusted: &[CertificateDer<'static>], protocols: &[&[u8]]) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        for certificate in trusted {
            roots.add(certificate.clone())?;
        }
        let builder = ClientConfig::builder_with_details(Arc::clone(&ground.provider), Arc::clone(&ground.time));
        let builder = builder.with_safe_default_protocol_versions()?;
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|it| it.to_vec()).collect();
        if let Some(keys) = &ground.keys {
            config.key_log = Arc::new(keys.clone());
        }
        Ok(Self { config: Arc::new(config), tick: Rc::clone(&ground.tick) })
    }

    /// The same, speaking these protocols.
    #[must_use]
    pub fn speaking(&self, protocols: &[&[u8]]) -> Self {
        let mut config = ClientConfig::clone(&self.config);
        config.alpn_protocols = protocols.iter().map(|it| it.to_vec()).collect();
        Self { config: Arc::new(config), tick: Rc::clone(&self.tick) }
    }

    /// Shakes hands on an open connection with a server that must prove to have this name.
    ///
    /// # Errors
    /// When the certificate is not good, the other end speaks no TLS, or [`PATIENCE`] is over.
    pub async fn connect<N: Net>(&self, net: &N, stream: N::Stream, name: &str) -> Result<Tls<N::Stream>, TlsError> {
        let server = ServerName::try_from(name.trim_end_matches('.').to_owned());
        let server = server.map_err(|_| TlsError::Name(crate::wire::text::visible_start(name, 80)))?;
        (self.tick)();
        let shaking = TlsConnector::from(Arc::clone(&self.config)).connect(server, stream);
        shaken(net, shaking, &self.tick).await
    }
}

impl Server {
    /// A server that proves itself with this identity and speaks one of these protocols (ALPN), the best first; none is any.
    ///
    /// # Errors
    /// When key and certificate do not fit.
    pub fn new(ground: &Ground, identity: Identity, protocols: &[&[u8]]) -> Result<Self, TlsError> {
        let builder = ServerConfig::builder_with_details(Arc::clone(&ground.provider), Arc::clone(&ground.time));
        let builder = builder.with_safe_default_protocol_versions()?.with_no_client_auth();
        let mut config = builder.with_single_cert(identity.chain, identity.key)?;
        config.alpn_protocols = protocols.iter().map(|it| it.to_vec()).collect();
        Ok(Self { config: Arc::new(config), tick: Rc::clone(&ground.tick) })
    }

    /// The same without session tickets: every connection is a full handshake.
    #[must_use]
    pub fn without_tickets(mut self) -> Self {
        let config = Arc::make_mut(&mut self.config);
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        self
    }

    /// Shakes hands on a connection that came.
    ///
    /// # Errors
    /// When the other end speaks no TLS, breaks off, or [`PATIENCE`] is over.
    pub async fn accept<N: Net>(&self, net: &N, stream: N::Stream) -> Result<Tls<N::Stream>, TlsError> {
        (self.tick)();
        let shaking = TlsAcceptor::from(Arc::clone(&self.config)).accept(stream);
        shaken(net, shaking, &self.tick).await
    }
}

/// What a handshake comes to within [`PATIENCE`].
async fn shaken<N: Net, T: Into<tokio_rustls::TlsStream<N::Stream>>>(
    net: &N,
    shaking: impl Future<Output = io::Result<T>>,
    tick: &Rc<dyn Fn()>,
) -> Result<Tls<N::Stream>, TlsError>
where
    N::Stream: Stream,
{
    let stream = within(net, PATIENCE, shaking).await.ok_or(TlsError::Time)??;
    Ok(Tls::new(stream.into(), Rc::clone(tick)))
}
