//! A key that waits for its certificate: the request for it (PKCS #10, RFC 2986), and what an authority gave back.
use rcgen::{CertificateParams, DistinguishedName, KeyPair};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::identity::Identity;
use crate::services::tls::{Ground, TlsError};

/// A key and its request.
pub struct Pending {
    key: KeyPair,
    request: Vec<u8>,
}

impl Pending {
    /// A new key, and a request for these names.
    ///
    /// # Errors
    /// When a name is none.
    pub fn new(ground: &Ground, names: &[&str]) -> Result<Self, TlsError> {
        let key = super::key(ground)?;
        let names: Vec<String> = names.iter().map(|it| (*it).to_owned()).collect();
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = DistinguishedName::new();
        let request = params.serialize_request(&key)?.der().to_vec();
        Ok(Self { key, request })
    }

    /// The request, as DER.
    #[must_use]
    pub fn request(&self) -> &[u8] {
        &self.request
    }

    /// The identity, with the chain that came as PEM.
    ///
    /// # Errors
    /// When there is no certificate in it.
    pub fn certified(&self, pem: &[u8]) -> Result<Identity, TlsError> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .map_err(|it| TlsError::Other(crate::wire::text::visible_start(it.to_string(), 200)))?;
        let mut chain = chain.into_iter();
        let own = chain.next().ok_or_else(|| TlsError::Other("there is no certificate in the answer".to_owned()))?;
        Ok(Identity::new(own, chain.collect(), &self.key))
    }
}
