//! The client's end of TLS: it knows whom it trusts.
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::authority::Identity;
use super::error::TlsError;
use super::ground::Ground;
use super::groups::Group;
use super::stream::Tls;
use super::{PATIENCE, Version, shaken};
use crate::net::Net;
use crate::wire::text::visible_start;

/// What a client may be told besides whom it trusts. The default: any version, sessions kept, no early data.
#[derive(Debug, Default)]
pub struct ClientOptions<'a> {
    /// The protocols it speaks (ALPN, RFC 7301), the best first; none is any.
    pub protocols: &'a [&'a [u8]],
    /// This version only.
    pub version: Option<Version>,
    /// The key exchanges it offers, the best first; none is those of its ground. A share is sent of the first.
    pub groups: &'a [Group],
    /// Every connection is a full handshake.
    pub forgets: bool,
    /// What is written first goes out with the hello, where a session allows it (RFC 8446 §2.3): it can be replayed.
    pub early_data: bool,
    /// What it proves itself with, when a server asks.
    pub identity: Option<Identity>,
    /// Lists of revoked certificates. With any, a certificate that no list speaks of is taken as good.
    pub revoked: Vec<CertificateRevocationListDer<'static>>,
}

/// A client. Clones share its sessions.
#[derive(Clone)]
pub struct Client {
    pub(super) config: Arc<ClientConfig>,
    tick: Rc<dyn Fn()>,
    patience: Duration,
}

impl Client {
    /// A client that trusts these authorities and speaks one of these protocols (ALPN, RFC 7301), the best first; none is any.
    ///
    /// # Errors
    /// When a certificate cannot be read.
    pub fn new(ground: &Ground, trusted: &[CertificateDer<'static>], protocols: &[&[u8]]) -> Result<Self, TlsError> {
        Self::with(ground, trusted, ClientOptions { protocols, ..ClientOptions::default() })
    }

    /// A client that trusts these authorities.
    ///
    /// # Errors
    /// When a certificate or a list cannot be read, or the identity's key does not fit.
    pub fn with(
        ground: &Ground,
        trusted: &[CertificateDer<'static>],
        options: ClientOptions<'_>,
    ) -> Result<Self, TlsError> {
        let provider = ground.provider(options.groups);
        let verifier = WebPkiServerVerifier::builder_with_provider(roots(trusted)?, Arc::clone(&provider))
            .with_crls(options.revoked)
            .only_check_end_entity_revocation()
            .allow_unknown_revocation_status()
            .build()
            .map_err(|it| TlsError::Other(visible_start(it.to_string(), 200)))?;
        let builder = ClientConfig::builder_with_details(provider, Arc::clone(&ground.time));
        let builder = builder.with_protocol_versions(Version::offered(options.version))?;
        let builder = builder.with_webpki_verifier(verifier);
        let mut config = match options.identity {
            Some(it) => builder.with_client_auth_cert(it.chain, it.key)?,
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = options.protocols.iter().map(|it| it.to_vec()).collect();
        config.enable_early_data = options.early_data;
        if options.forgets {
            config.resumption = Resumption::disabled();
        }
        if let Some(keys) = &ground.keys {
            config.key_log = Arc::new(keys.clone());
        }
        Ok(Self::of(ground, config))
    }

    /// A client that is configured already.
    pub(super) fn of(ground: &Ground, config: ClientConfig) -> Self {
        Self { config: Arc::new(config), tick: Rc::clone(&ground.tick), patience: PATIENCE }
    }

    /// The same, speaking these protocols.
    #[must_use]
    pub fn speaking(&self, protocols: &[&[u8]]) -> Self {
        let mut config = ClientConfig::clone(&self.config);
        config.alpn_protocols = protocols.iter().map(|it| it.to_vec()).collect();
        Self { config: Arc::new(config), ..self.clone() }
    }

    /// The same, giving a handshake up after so long.
    #[must_use]
    pub fn patient(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Shakes hands on an open connection with a server that must prove to have this name. With early data and a session to
    /// use, it comes back at once: the handshake goes on as what is written and read goes over it.
    ///
    /// # Errors
    /// When the certificate is not good, the other end speaks no TLS, or it takes longer than [`Self::patient`] allows.
    pub async fn connect<N: Net>(&self, net: &N, stream: N::Stream, name: &str) -> Result<Tls<N::Stream>, TlsError> {
        let server = ServerName::try_from(name.trim_end_matches('.').to_owned());
        let server = server.map_err(|_| TlsError::Name(visible_start(name, 80)))?;
        (self.tick)();
        let connector = TlsConnector::from(Arc::clone(&self.config)).early_data(self.config.enable_early_data);
        let stream = shaken(net, self.patience, connector.connect(server, stream)).await?;
        Ok(Tls::client(net, stream, &self.tick))
    }
}

/// Whoever is trusted, as rustls wants it.
pub(super) fn roots(trusted: &[CertificateDer<'static>]) -> Result<Arc<RootCertStore>, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in trusted {
        roots.add(certificate.clone())?;
    }
    Ok(Arc::new(roots))
}

/// Whom this machine trusts: the authorities of its system, or of the file that SSL_CERT_FILE names. What cannot be read of them is
/// left out.
#[must_use]
pub fn trusted_here() -> Vec<CertificateDer<'static>> {
    let readable = |it: &CertificateDer<'static>| RootCertStore::empty().add(it.clone()).is_ok();
    rustls_native_certs::load_native_certs().certs.into_iter().filter(readable).collect()
}
