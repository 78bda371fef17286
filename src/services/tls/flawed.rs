//! Servers that do wrong on purpose, so that a client's alert can be seen: they sign falsely, seal too much, or know one name only.
use std::sync::{Arc, LazyLock};

use rustls::crypto::cipher::{
    AeadKey, Iv, KeyBlockShape, MessageDecrypter, MessageEncrypter, OutboundChunks, OutboundOpaqueMessage,
    OutboundPlainMessage, Tls12AeadAlgorithm, Tls13AeadAlgorithm, UnsupportedOperationError,
};
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, Signer, SigningKey, SingleCertAndKey};
use rustls::{
    CipherSuiteCommon, ConnectionTrafficSecrets, ContentType, Error, SignatureAlgorithm, SignatureScheme,
    SupportedCipherSuite, Tls12CipherSuite, Tls13CipherSuite,
};

use super::authority::Identity;
use super::error::TlsError;
use super::ground::Ground;
use super::prove::certified;
use super::server::Server;

impl Server {
    /// The same server, whose signatures have their last bit the other way.
    ///
    /// # Errors
    /// When key and certificate do not fit.
    pub fn signing_falsely(mut self, ground: &Ground, identity: Identity) -> Result<Self, TlsError> {
        let CertifiedKey { cert, key, .. } = certified(ground, identity)?;
        let own = CertifiedKey::new(cert, Arc::new(False(key)));
        Arc::make_mut(&mut self.config).cert_resolver = Arc::new(SingleCertAndKey::from(own));
        Ok(self)
    }

    /// The same server, which has nothing to show to clients that ask for another name than this.
    #[must_use]
    pub fn known_as(mut self, name: &str) -> Self {
        let config = Arc::make_mut(&mut self.config);
        let resolver = Arc::clone(&config.cert_resolver);
        config.cert_resolver = Arc::new(Named { name: name.to_owned(), resolver });
        self
    }
}

/// A key that signs falsely.
#[derive(Debug)]
struct False<T>(T);

impl SigningKey for False<Arc<dyn SigningKey>> {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        Some(Box::new(False(self.0.choose_scheme(offered)?)))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }
}

impl Signer for False<Box<dyn Signer>> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let mut signature = self.0.sign(message)?;
        if let Some(last) = signature.last_mut() {
            *last ^= 1;
        }
        Ok(signature)
    }

    fn scheme(&self) -> SignatureScheme {
        self.0.scheme()
    }
}

/// What is shown to those who ask for one name.
#[derive(Debug)]
struct Named {
    name: String,
    resolver: Arc<dyn ResolvesServerCert>,
}

impl ResolvesServerCert for Named {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if hello.server_name() == Some(&self.name) { self.resolver.resolve(hello) } else { None }
    }
}

/// Bytes that no record may hold: 2^14 are allowed, and 1024 more for what TLS 1.2 calls compressed (RFC 8446 §5.1, RFC 5246
/// §6.2.2). The record itself stays below RFC 5246's limit, so that the receiver opens it first.
const OVERFULL: usize = (1 << 14) + 1024 + 1;

/// The same provider, with suites that fill every record of data up to more than is allowed.
pub(super) fn overfilling(provider: &CryptoProvider) -> CryptoProvider {
    // rustls wants suites that live for ever.
    static SUITES: LazyLock<Vec<SupportedCipherSuite>> =
        LazyLock::new(|| ring::default_provider().cipher_suites.into_iter().map(overfilled).collect());
    CryptoProvider { cipher_suites: SUITES.clone(), ..provider.clone() }
}

fn overfilled(suite: SupportedCipherSuite) -> SupportedCipherSuite {
    let common = |it: &CipherSuiteCommon| CipherSuiteCommon { ..*it };
    match suite {
        SupportedCipherSuite::Tls13(it) => SupportedCipherSuite::Tls13(Box::leak(Box::new(Tls13CipherSuite {
            common: common(&it.common),
            hkdf_provider: it.hkdf_provider,
            aead_alg: Box::leak(Box::new(Overfilling(it.aead_alg))),
            quic: None,
        }))),
        SupportedCipherSuite::Tls12(it) => SupportedCipherSuite::Tls12(Box::leak(Box::new(Tls12CipherSuite {
            common: common(&it.common),
            prf_provider: it.prf_provider,
            kx: it.kx,
            sign: it.sign,
            aead_alg: Box::leak(Box::new(Overfilling(it.aead_alg))),
        }))),
    }
}

/// A cipher, or one direction of it, that seals too much.
struct Overfilling<T>(T);

impl MessageEncrypter for Overfilling<Box<dyn MessageEncrypter>> {
    fn encrypt(&mut self, message: OutboundPlainMessage<'_>, number: u64) -> Result<OutboundOpaqueMessage, Error> {
        if message.typ != ContentType::ApplicationData {
            return self.0.encrypt(message, number);
        }
        let mut filled = message.payload.to_vec();
        filled.resize(OVERFULL, 0);
        let payload = OutboundChunks::Single(&filled);
        self.0.encrypt(OutboundPlainMessage { payload, ..message }, number)
    }

    fn encrypted_payload_len(&self, length: usize) -> usize {
        self.0.encrypted_payload_len(length)
    }
}

impl Tls13AeadAlgorithm for Overfilling<&'static dyn Tls13AeadAlgorithm> {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        Box::new(Overfilling(self.0.encrypter(key, iv)))
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        self.0.decrypter(key, iv)
    }

    fn key_len(&self) -> usize {
        self.0.key_len()
    }

    fn extract_keys(&self, key: AeadKey, iv: Iv) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        self.0.extract_keys(key, iv)
    }
}

impl Tls12AeadAlgorithm for Overfilling<&'static dyn Tls12AeadAlgorithm> {
    fn encrypter(&self, key: AeadKey, iv: &[u8], extra: &[u8]) -> Box<dyn MessageEncrypter> {
        Box::new(Overfilling(self.0.encrypter(key, iv, extra)))
    }

    fn decrypter(&self, key: AeadKey, iv: &[u8]) -> Box<dyn MessageDecrypter> {
        self.0.decrypter(key, iv)
    }

    fn key_block_shape(&self) -> KeyBlockShape {
        self.0.key_block_shape()
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: &[u8],
        explicit: &[u8],
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        self.0.extract_keys(key, iv, explicit)
    }
}
