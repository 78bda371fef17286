//! A server that shows another certificate to those who speak one protocol, and a client that looks at any (RFC 8737 §3).
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, InconsistentKeys, PeerIncompatible, SignatureScheme,
};

use super::authority::Identity;
use super::client::Client;
use super::error::TlsError;
use super::ground::Ground;
use super::server::Server;
use crate::net::Net;
use crate::services::x509::Certificate;

/// One certificate for a protocol, another for everybody else.
#[derive(Debug)]
struct ByProtocol {
    protocol: Vec<u8>,
    special: Arc<CertifiedKey>,
    usual: Arc<dyn ResolvesServerCert>,
}

impl ResolvesServerCert for ByProtocol {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let asked = hello.alpn().is_some_and(|mut it| it.any(|it| it == self.protocol));
        if asked { Some(Arc::clone(&self.special)) } else { self.usual.resolve(hello) }
    }
}

impl Server {
    /// The same server, which shows this identity to clients that ask for this protocol, and agrees to it.
    ///
    /// # Errors
    /// When key and certificate do not fit.
    pub fn proving(mut self, ground: &Ground, identity: Identity, protocol: &[u8]) -> Result<Self, TlsError> {
        let special = Arc::new(certified(ground, identity)?);
        let config = Arc::make_mut(&mut self.config);
        let usual = Arc::clone(&config.cert_resolver);
        config.cert_resolver = Arc::new(ByProtocol { protocol: protocol.to_vec(), special, usual });
        config.alpn_protocols.insert(0, protocol.to_vec());
        Ok(self)
    }
}

/// Key and certificate, if they fit. The library would look itself, but it reads no certificate with a critical extension that it
/// does not know, and acmeIdentifier is one.
pub(super) fn certified(ground: &Ground, identity: Identity) -> Result<CertifiedKey, TlsError> {
    let key = ground.provider.key_provider.load_private_key(identity.key)?;
    let own = identity.chain.first().ok_or(Error::NoCertificatesPresented)?;
    let own = Certificate::read(own).map_err(|_| Error::from(CertificateError::BadEncoding))?;
    if key.public_key().is_some_and(|it| *it != *own.key.info) {
        return Err(Error::from(InconsistentKeys::KeyMismatch).into());
    }
    Ok(CertifiedKey::new(identity.chain, key))
}

/// What a server of that name shows to a client that asks for a protocol, and the protocol agreed on. Nothing is believed but
/// that it holds the key; TLS 1.3 only.
///
/// # Errors
/// When there is no handshake.
pub async fn shown_by<N: Net>(
    ground: &Ground,
    net: &N,
    stream: N::Stream,
    (name, protocol): (&str, &[u8]),
) -> Result<(Vec<CertificateDer<'static>>, Vec<u8>), TlsError> {
    let mut config = believing(ground)?;
    config.alpn_protocols = vec![protocol.to_vec()];
    let stream = Client::of(ground, config).connect(net, stream, name).await?;
    Ok((stream.shown().to_vec(), stream.protocol().unwrap_or_default().to_vec()))
}

impl Client {
    /// A client that takes any certificate, and holds its owner to its key; TLS 1.3 only.
    ///
    /// # Errors
    /// When rustls has no such version.
    pub fn believing(ground: &Ground) -> Result<Self, TlsError> {
        Ok(Self::of(ground, believing(ground)?))
    }
}

fn believing(ground: &Ground) -> Result<ClientConfig, TlsError> {
    let builder = ClientConfig::builder_with_details(Arc::clone(&ground.provider), Arc::clone(&ground.time));
    let builder = builder.with_protocol_versions(&[&TLS13])?.dangerous();
    let verifier = Arc::new(Anybody(Arc::clone(&ground.provider)));
    let mut config = builder.with_custom_certificate_verifier(verifier).with_no_client_auth();
    if let Some(keys) = &ground.keys {
        config.key_log = Arc::new(keys.clone());
    }
    Ok(config)
}

/// Takes any certificate, and holds its owner to its key.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::ServerDoesNotSupportTls12Or13.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let own = Certificate::read(certificate).map_err(|_| CertificateError::BadEncoding)?;
        let key = SubjectPublicKeyInfoDer::from(own.key.info);
        verify_tls13_signature_with_raw_key(message, &key, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
