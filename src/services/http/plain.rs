//! The client that people would write: reqwest as it comes, for a live run's own to stand beside.
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

use super::message::BODY_LIMIT;
use crate::services::tls::{H2, HTTP_1_1};
use crate::wire::text::visible_start;

/// A client of reqwest's, without proxies and redirects; on this machine's sockets only.
pub struct Plain(reqwest::Client);

/// What it got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gotten {
    pub status: u16,
    /// `HTTP/2.0`, as reqwest names it.
    pub version: String,
    /// Bytes of the body.
    pub length: usize,
}

impl Plain {
    /// A client in cleartext that keeps so many idle connections to a host.
    ///
    /// # Errors
    /// What reqwest says.
    pub fn new(idle: usize) -> Result<Self, String> {
        Self::trusting(&[], idle, None)
    }

    /// The same over TLS, trusting these authorities; a host's addresses may be known already.
    ///
    /// # Errors
    /// What reqwest says.
    pub fn trusting(
        trusted: &[CertificateDer<'static>],
        idle: usize,
        known: Option<(&str, &[SocketAddr])>,
    ) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        // What cannot be read is not trusted.
        roots.add_parsable_certificates(trusted.iter().cloned());
        let mut tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![H2.to_vec(), HTTP_1_1.to_vec()];
        let builder = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy();
        let builder = builder.redirect(reqwest::redirect::Policy::none());
        let builder = match known {
            Some((host, places)) => builder.resolve_to_addrs(host, places),
            None => builder,
        };
        let built = builder.pool_max_idle_per_host(idle).timeout(Duration::from_secs(30)).build();
        built.map(Self).map_err(|error| error.to_string())
    }

    /// Gets a page; no more of it than our own client takes.
    ///
    /// # Errors
    /// What reqwest says.
    pub async fn get(&self, url: &str) -> Result<Gotten, String> {
        let said = |error: reqwest::Error| visible_start(error.to_string(), 200);
        let mut response = self.0.get(url).send().await.map_err(said)?;
        let (status, version) = (response.status().as_u16(), format!("{:?}", response.version()));
        let mut length = 0;
        while let Some(piece) = response.chunk().await.map_err(said)? {
            length += piece.len();
            if length > BODY_LIMIT {
                return Err(format!("the body is larger than {} MiB", BODY_LIMIT >> 20));
            }
        }
        Ok(Gotten { status, version, length })
    }
}
