//! The server's end of TLS: it proves who it is, and may ask its clients the same.
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, ServerSessionMemoryCache, StoresServerSessions, WebPkiClientVerifier};
use tokio_rustls::TlsAcceptor;

use super::authority::Identity;
use super::client::roots;
use super::early::Early;
use super::error::TlsError;
use super::flawed;
use super::ground::Ground;
use super::groups::Group;
use super::hello;
use super::stream::{End, Tls};
use super::{PATIENCE, Version};
use crate::net::{Net, Stream};
use crate::services::ahead::Ahead;
use crate::services::parting::Partings;
use crate::services::within;
use crate::wire::text::visible_start;

/// Sessions a store keeps, as rustls' own does.
const SESSIONS: usize = 256;
/// A store that has not heard yet that a session was used.
#[derive(Debug)]
struct Lagging(Arc<ServerSessionMemoryCache>);

impl StoresServerSessions for Lagging {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        self.0.put(key, value)
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.0.get(key)
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.0.get(key)
    }

    fn can_cache(&self) -> bool {
        self.0.can_cache()
    }
}

/// Whether clients have to prove who they are.
#[derive(Clone, Debug, Default)]
pub enum Clients {
    /// Nobody is asked.
    #[default]
    Anybody,
    /// They are asked; who has no certificate is let in too.
    Asked(Trusted),
    /// Who has no good certificate is refused.
    Proven(Trusted),
}

/// Who may vouch for clients.
#[derive(Clone, Debug, Default)]
pub struct Trusted {
    pub authorities: Vec<CertificateDer<'static>>,
    /// Lists of revoked certificates. With any, a certificate that no list speaks of is taken as good.
    pub revoked: Vec<CertificateRevocationListDer<'static>>,
}

/// What a server may be told besides who it is. The default: any version, sessions kept, no early data, nobody is asked.
#[derive(Debug, Default)]
pub struct ServerOptions<'a> {
    /// The protocols it speaks (ALPN, RFC 7301), the best first; none is any.
    pub protocols: &'a [&'a [u8]],
    /// This version only.
    pub version: Option<Version>,
    /// The key exchanges it takes, the best first; none is those of its ground.
    pub groups: &'a [Group],
    /// Every connection is a full handshake.
    pub forgets: bool,
    /// A session stays in the store when it was used, as in a store that several servers share and that lags behind: then
    /// early data can be replayed (RFC 8446 §8).
    pub keeps_used: bool,
    /// Bytes of early data it takes on a resumed connection (RFC 8446 §4.2.10); 0 is none. It then answers before the
    /// client's Finished is there.
    pub early_data: u32,
    /// The most bytes of a record (RFC 8449 says so to a peer; this only cuts what is sent); a whole record is 16 KiB.
    pub record: Option<usize>,
    /// Every record of data holds more than is allowed, so that a client's alert can be seen.
    pub overfills: bool,
    pub clients: Clients,
}

/// A server. Clones share its sessions.
#[derive(Clone)]
pub struct Server {
    pub(super) config: Arc<ServerConfig>,
    tick: Rc<dyn Fn()>,
    partings: Partings,
    patience: Duration,
}

impl Server {
    /// A server that proves itself with this identity and speaks one of these protocols (ALPN), the best first; none is any.
    ///
    /// # Errors
    /// When key and certificate do not fit.
    pub fn new(ground: &Ground, identity: Identity, protocols: &[&[u8]]) -> Result<Self, TlsError> {
        Self::with(ground, identity, ServerOptions { protocols, ..ServerOptions::default() })
    }

    /// A server that proves itself with this identity.
    ///
    /// # Errors
    /// When key and certificate do not fit, or an authority or a list cannot be read.
    pub fn with(ground: &Ground, identity: Identity, options: ServerOptions<'_>) -> Result<Self, TlsError> {
        let provider = ground.provider(options.groups);
        let provider = if options.overfills { Arc::new(flawed::overfilling(&provider)) } else { provider };
        let verifier = match options.clients {
            Clients::Anybody => WebPkiClientVerifier::no_client_auth(),
            Clients::Asked(who) => verifier(ground, who, false)?,
            Clients::Proven(who) => verifier(ground, who, true)?,
        };
        let builder = ServerConfig::builder_with_details(provider, Arc::clone(&ground.time));
        let builder = builder.with_protocol_versions(Version::offered(options.version))?;
        let mut config = builder.with_client_cert_verifier(verifier).with_single_cert(identity.chain, identity.key)?;
        config.alpn_protocols = options.protocols.iter().map(|it| it.to_vec()).collect();
        config.max_early_data_size = options.early_data;
        // Otherwise the answer to early data waits for the client's Finished, and nothing is won.
        config.send_half_rtt_data = options.early_data > 0;
        config.max_fragment_size = options.record;
        if options.keeps_used {
            config.session_storage = Arc::new(Lagging(ServerSessionMemoryCache::new(SESSIONS)));
        }
        if let Some(keys) = ground.server_keys() {
            config.key_log = Arc::new(keys.clone());
        }
        let (tick, partings) = (Rc::clone(&ground.tick), Partings::default());
        let server = Self { config: Arc::new(config), tick, partings, patience: PATIENCE };
        Ok(if options.forgets { server.without_tickets() } else { server })
    }

    /// The same without session tickets: every connection is a full handshake.
    #[must_use]
    pub fn without_tickets(mut self) -> Self {
        let config = Arc::make_mut(&mut self.config);
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        self
    }

    /// The same, giving a handshake up after so long.
    #[must_use]
    pub fn patient(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Shakes hands on a connection that came. Where early data comes and is taken, it is there to be read before the
    /// handshake is over.
    ///
    /// # Errors
    /// When the other end speaks no TLS, breaks off, is not who it has to be, or it takes longer than [`Self::patient`] allows.
    pub async fn accept<N: Net>(&self, net: &N, stream: N::Stream) -> Result<Tls<N::Stream>, TlsError> {
        (self.tick)();
        match within(net, self.patience, self.shake(stream)).await.ok_or(TlsError::Time(self.patience))? {
            Ok(end) => Ok(Tls::new(net, end, &self.tick)),
            Err((error, stream)) => {
                self.partings.close(net, stream);
                Err(error)
            }
        }
    }

    /// Where there is no handshake the stream comes back, with the alert on its way.
    async fn shake<S: Stream>(&self, stream: S) -> Result<End<S>, (TlsError, Ahead<S>)> {
        let stream = hello::look(stream).await?;
        let config = Arc::clone(&self.config);
        let failed = |(error, stream): (io::Error, _)| (TlsError::from(error), stream);
        if config.max_early_data_size > 0 {
            return Early::accept(config, stream).await.map(|it| End::Early(Box::new(it))).map_err(failed);
        }
        let shaking = TlsAcceptor::from(config).accept(stream).into_fallible();
        shaking.await.map(|it| End::Server(Box::new(it))).map_err(failed)
    }
}

fn verifier(ground: &Ground, who: Trusted, proven: bool) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let provider = Arc::clone(&ground.provider);
    let builder = WebPkiClientVerifier::builder_with_provider(roots(&who.authorities)?, provider);
    let builder = builder.with_crls(who.revoked).only_check_end_entity_revocation().allow_unknown_revocation_status();
    let builder = if proven { builder } else { builder.allow_unauthenticated() };
    builder.build().map_err(|it| TlsError::Other(visible_start(it.to_string(), 200)))
}
