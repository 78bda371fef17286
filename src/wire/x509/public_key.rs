//! Public keys as values (RFC 5280 §4.1.2.7).
use super::der::{self, Items};
use super::oid;

/// A kind of key, by what one calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyKind {
    /// RFC 8410
    Ed25519,
    /// RFC 5480, on the curve P-256
    EcdsaP256,
    /// RFC 5480, on the curve P-384
    EcdsaP384,
    /// RFC 3279 §2.3.1
    Rsa,
}

/// A subject's public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    pub kind: KeyKind,
    /// The key itself: a point, or an RSA modulus with its exponent.
    pub raw: Vec<u8>,
    /// The whole SubjectPublicKeyInfo.
    pub info: Vec<u8>,
}

impl KeyKind {
    /// As it is called: `ECDSA P-256`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "Ed25519",
            Self::EcdsaP256 => "ECDSA P-256",
            Self::EcdsaP384 => "ECDSA P-384",
            Self::Rsa => "RSA",
        }
    }

    /// RFC 8410 §3, RFC 5480 §2.1.1, RFC 3279 §2.3.1: the algorithm's identifier and its parameters.
    fn of(algorithm: &str, curve: Option<&str>) -> Option<Self> {
        match (algorithm, curve) {
            ("Ed25519", None) => Some(Self::Ed25519),
            ("ecPublicKey", Some("secp256r1 (P-256)")) => Some(Self::EcdsaP256),
            ("ecPublicKey", Some("secp384r1 (P-384)")) => Some(Self::EcdsaP384),
            ("rsaEncryption", _) => Some(Self::Rsa),
            _ => None,
        }
    }
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo.
    pub(super) fn read(info: &[u8]) -> Option<Self> {
        let mut fields = Items(info).sequence()?;
        let mut algorithm = fields.sequence()?;
        let id = algorithm.expect(der::OID)?.value;
        let curve = algorithm.optional(der::OID).map(|it| oid::name(it.value));
        let (unused, raw) = fields.expect(der::BIT_STRING)?.value.split_first()?;
        let kind = KeyKind::of(oid::name(id), curve)?;
        (*unused == 0).then(|| Self { kind, raw: raw.to_vec(), info: info.to_vec() })
    }

    /// Modulus and exponent of an RSA key (RFC 8017 §A.1.1), without zeros before them.
    #[must_use]
    pub fn rsa(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let mut numbers = Items(&self.raw).sequence().filter(|_| self.kind == KeyKind::Rsa)?;
        let mut next = || {
            let value = numbers.expect(der::INTEGER)?.value;
            Some(value.strip_prefix(&[0]).unwrap_or(value).to_vec())
        };
        Some((next()?, next()?))
    }
}
