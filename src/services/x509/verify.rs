//! Who signed what: keys against signatures (RFC 5280 §4.1.1.2).
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
    VerificationAlgorithm,
};

use crate::wire::x509::{Certificate, Crl, KeyKind, PublicKey, Request, Signed, Unreadable};

impl PublicKey {
    /// Whether this key made that signature.
    #[must_use]
    pub fn has_signed(&self, it: &Signed) -> bool {
        // RFC 8410 §3; RFC 5758 §3.2; RFC 4055 §5.
        let with: &dyn VerificationAlgorithm = match (self.kind, it.algorithm.as_str()) {
            (KeyKind::Ed25519, "1.3.101.112") => &ED25519,
            (KeyKind::EcdsaP256, "1.2.840.10045.4.3.2") => &ECDSA_P256_SHA256_ASN1,
            (KeyKind::EcdsaP384, "1.2.840.10045.4.3.3") => &ECDSA_P384_SHA384_ASN1,
            (KeyKind::Rsa, "1.2.840.113549.1.1.11") => &RSA_PKCS1_2048_8192_SHA256,
            _ => return false,
        };
        UnparsedPublicKey::new(with, &self.raw).verify(&it.bytes, &it.signature).is_ok()
    }
}

impl Certificate {
    /// Whether the owner of that key signed it.
    #[must_use]
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        key.has_signed(&self.signed)
    }
}

impl Crl {
    /// Whether this authority issued and signed it (RFC 5280 §6.3.3).
    #[must_use]
    pub fn is_of(&self, authority: &Certificate) -> bool {
        self.issuer_der == authority.subject_der && authority.key.has_signed(&self.signed)
    }
}

impl Request {
    /// Reads a request and checks that its maker holds the key in it (RFC 2986 §3).
    ///
    /// # Errors
    /// When the bytes are none, or the signature is not of that key.
    pub fn proven(der: &[u8]) -> Result<Self, Unreadable> {
        let request = Self::read(der)?;
        let holds = request.key.has_signed(&request.signed);
        holds.then_some(request).ok_or(Unreadable("the request is not signed with the key in it"))
    }
}
