//! What certificates, lists and requests are alike in: bytes, an algorithm and a signature over them; extensions. RFC 5280 §4.1.1.
use super::der::{self, Items};
use super::oid;

/// Bytes that somebody signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// What the signature is over: a SEQUENCE, whole.
    pub bytes: Vec<u8>,
    /// The algorithm's identifier: `1.3.101.112`.
    pub algorithm: String,
    pub signature: Vec<u8>,
}

impl Signed {
    /// RFC 5280 §4.1: what is signed, the algorithm, the signature, and nothing behind them.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let mut outer = Items(der);
        let mut parts = outer.sequence().filter(|_| outer.0.is_empty())?;
        let bytes = parts.expect(der::SEQUENCE)?.whole.to_vec();
        let algorithm = oid::dotted(parts.sequence()?.expect(der::OID)?.value)?;
        let signature = parts.expect(der::BIT_STRING)?.value.strip_prefix(&[0])?.to_vec();
        Some(Self { bytes, algorithm, signature })
    }

    /// The algorithm by its name (RFC 8410 §3, RFC 5758 §3.2, RFC 4055 §5); its identifier where it is another.
    pub(super) fn algorithm_name(&self) -> &str {
        match self.algorithm.as_str() {
            "1.3.101.112" => "Ed25519",
            "1.2.840.10045.4.3.2" => "ECDSA with SHA-256",
            "1.2.840.10045.4.3.3" => "ECDSA with SHA-384",
            "1.2.840.113549.1.1.11" => "RSA PKCS #1 with SHA-256",
            other => other,
        }
    }
}

/// An extension: its identifier, whether it is critical, its value (RFC 5280 §4.2).
pub(super) struct Extension<'a> {
    pub(super) id: &'a [u8],
    pub(super) critical: bool,
    pub(super) value: &'a [u8],
}

/// The extensions of `Extensions ::= SEQUENCE`.
pub(super) fn extensions(whole: &[u8]) -> Option<Vec<Extension<'_>>> {
    let mut found = Vec::new();
    for it in Items(whole).sequence()? {
        let mut fields = Items(it.value);
        let id = fields.expect(der::OID)?.value;
        let critical = fields.optional(der::BOOLEAN).is_some_and(|it| it.value != [0]);
        found.push(Extension { id, critical, value: fields.expect(der::OCTET_STRING)?.value });
    }
    Some(found)
}
