//! What somebody proves to be with: certificates, and the key of the first.
use data_encoding::BASE64;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::leaf::Leaf;
use crate::services::tls::{Ground, TlsError};
use crate::services::x509::Certificate;

/// What a server or client proves itself with: its certificates, its own first, and its key.
#[derive(Debug)]
pub struct Identity {
    pub(in crate::services::tls) chain: Vec<CertificateDer<'static>>,
    pub(in crate::services::tls) key: PrivateKeyDer<'static>,
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Self { chain: self.chain.clone(), key: self.key.clone_key() }
    }
}

impl Identity {
    pub(super) fn new(own: CertificateDer<'static>, above: Vec<CertificateDer<'static>>, key: &KeyPair) -> Self {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Self { chain: std::iter::once(own).chain(above).collect(), key }
    }

    /// A certificate that is signed with its own key: nobody vouches for it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn self_signed(ground: &Ground, leaf: &Leaf) -> Result<Self, TlsError> {
        let key = super::key(ground)?;
        let params: CertificateParams = leaf.params(ground.now());
        let certificate = params.self_signed(&key)?;
        Ok(Self::new(certificate.der().clone(), Vec::new(), &key))
    }

    /// The same key with another chain, its own certificate first: what an authority gave for it.
    #[must_use]
    pub fn with_chain(mut self, chain: Vec<CertificateDer<'static>>) -> Self {
        self.chain = chain;
        self
    }

    /// The same without the authorities' certificates: a chain that misses what is between.
    #[must_use]
    pub fn alone(mut self) -> Self {
        self.chain.truncate(1);
        self
    }

    /// The same with one certificate more at the end.
    #[must_use]
    pub fn with(mut self, certificate: CertificateDer<'static>) -> Self {
        self.chain.push(certificate);
        self
    }

    /// Its certificates, its own first.
    #[must_use]
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// The same, read.
    ///
    /// # Panics
    /// Never: they were made here.
    #[must_use]
    pub fn read(&self) -> Vec<Certificate> {
        self.chain.iter().map(|it| Certificate::read(it).expect("a certificate made here")).collect()
    }

    /// Its certificates as a PEM file (RFC 7468).
    #[must_use]
    pub fn pem(&self) -> String {
        self.chain.iter().map(|it| pem("CERTIFICATE", it)).collect()
    }

    /// Its key as a PEM file (RFC 7468 §10).
    #[must_use]
    pub fn key_pem(&self) -> String {
        pem("PRIVATE KEY", self.key.secret_der())
    }
}

/// RFC 7468 §2: base 64 in lines of 64 characters between two labels.
#[must_use]
pub fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let lines =
        text.as_bytes().chunks(64).map(|it| String::from_utf8_lossy(it).into_owned() + "\n").collect::<String>();
    format!("-----BEGIN {label}-----\n{lines}-----END {label}-----\n")
}
