//! A certificate (RFC 5280 §4.1) as a value: what those need who must decide whether to believe it.
use super::alternative::AltName;
use super::der::{self, Items};
use super::public_key::{KeyKind, PublicKey};
use super::signed::{Extension, Signed, extensions};
use super::time::seconds;
use super::{Unreadable, name, oid};

/// What a key may be used for (RFC 5280 §4.2.1.12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    ServerAuth,
    ClientAuth,
    /// Another, by its identifier.
    Other(String),
}

/// A certificate. Times are in seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The whole of it.
    pub der: Vec<u8>,
    pub signed: Signed,
    pub serial: Vec<u8>,
    /// Names in DER, which is what is compared (RFC 5280 §7.1).
    pub issuer_der: Vec<u8>,
    pub subject_der: Vec<u8>,
    /// `CN=lab root`
    pub issuer: String,
    pub subject: String,
    /// The subject's common name, where it has one: apart, as the text of another attribute may look like one.
    pub common_name: Option<String>,
    pub not_before: i64,
    pub not_after: i64,
    pub key: PublicKey,
    pub names: Vec<AltName>,
    /// Whether it may sign others, and how many authorities may stand between it and a leaf; `None` without basicConstraints.
    pub authority: Option<(bool, Option<u64>)>,
    /// Whether its key may sign certificates; `None` without keyUsage.
    pub may_sign: Option<bool>,
    /// What the key is for; `None` where nothing is said.
    pub purposes: Option<Vec<Purpose>>,
    /// Where the list of revoked certificates is (RFC 5280 §4.2.1.13).
    pub crl_at: Vec<String>,
    /// RFC 8737 §3: what a validation by TLS-ALPN reads.
    pub acme_identifier: Option<Vec<u8>>,
    /// Critical extensions that are not read here, by name: who does not know one must not believe the certificate (RFC 5280 §4.2).
    pub unknown: Vec<String>,
    /// Whether it limits the names below it (RFC 5280 §4.2.1.10); which ones is not read.
    pub limits_names: bool,
    /// RFC 5280 §4.2.1.1, RFC 5280 §4.2.1.2
    pub authority_key: Option<Vec<u8>>,
    pub subject_key: Option<Vec<u8>>,
}

impl Certificate {
    /// Reads a certificate.
    ///
    /// # Errors
    /// When the bytes are none, or its key is of a kind that nobody here knows.
    pub fn read(der: &[u8]) -> Result<Self, Unreadable> {
        read(der).ok_or(Unreadable("this is no X.509 certificate, or one with a key of another kind"))
    }

    /// Whether issuer and subject have the same name.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.issuer_der == self.subject_der
    }

    /// Whether that certificate's subject is this one's issuer, by name.
    #[must_use]
    pub fn is_below(&self, other: &Self) -> bool {
        self.issuer_der == other.subject_der
    }

    /// `Ed25519`
    #[must_use]
    pub fn algorithm(&self) -> &str {
        self.signed.algorithm_name()
    }

    /// `ECDSA P-256`
    #[must_use]
    pub const fn key_kind(&self) -> KeyKind {
        self.key.kind
    }

    /// How many bytes its signature has.
    #[must_use]
    pub const fn signature_bytes(&self) -> usize {
        self.signed.signature.len()
    }
}

fn read(der: &[u8]) -> Option<Certificate> {
    let signed = Signed::read(der)?;
    let mut fields = Items(&signed.bytes).sequence()?;
    fields.optional(der::context(0));
    let serial = fields.expect(der::INTEGER)?.value.to_vec();
    fields.expect(der::SEQUENCE)?;
    let issuer = fields.expect(der::SEQUENCE)?.whole.to_vec();
    let mut validity = fields.sequence()?;
    let mut time = || validity.item().and_then(|it| seconds(it.tag, it.value));
    let (not_before, not_after) = (time()?, time()?);
    let subject = fields.expect(der::SEQUENCE)?.whole.to_vec();
    let key = PublicKey::read(fields.expect(der::SEQUENCE)?.whole)?;
    let added = fields.find(|it| it.tag == der::context(3)).map(|it| it.value.to_vec());
    let mut certificate = Certificate {
        der: der.to_vec(),
        signed,
        serial,
        issuer: name::of(&issuer)?,
        subject: name::of(&subject)?,
        common_name: name::common(&subject),
        issuer_der: issuer,
        subject_der: subject,
        not_before,
        not_after,
        key,
        names: Vec::new(),
        authority: None,
        may_sign: None,
        purposes: None,
        crl_at: Vec::new(),
        acme_identifier: None,
        unknown: Vec::new(),
        limits_names: false,
        authority_key: None,
        subject_key: None,
    };
    if let Some(all) = added {
        extensions(&all)?.iter().try_for_each(|it| certificate.extend(it))?;
    }
    Some(certificate)
}

impl Certificate {
    /// RFC 5280 §4.2.1: what an extension says; those nobody asks for are passed over.
    fn extend(&mut self, it: &Extension<'_>) -> Option<()> {
        let value = it.value;
        match oid::name(it.id) {
            "subjectAltName" => self.names = AltName::all(value)?,
            "basicConstraints" => {
                let mut fields = Items(value).sequence()?;
                let is_authority = fields.optional(der::BOOLEAN).is_some_and(|it| it.value != [0]);
                let below = match fields.optional(der::INTEGER) {
                    Some(it) => Some(whole_number(it.value)?),
                    None => None,
                };
                self.authority = Some((is_authority, below));
            }
            "keyUsage" => {
                // RFC 5280 §4.2.1.3: keyCertSign is bit 5, counted from the most significant.
                let bits = Items(value).expect(der::BIT_STRING)?.value;
                self.may_sign = Some(bits.get(1).is_some_and(|it| it & 0x04 != 0));
            }
            "extKeyUsage" => self.purposes = Some(Items(value).sequence()?.map(|it| Purpose::of(it.value)).collect()),
            "cRLDistributionPoints" => self.crl_at = crl_points(value)?,
            "authorityKeyIdentifier" => {
                let mut fields = Items(value).sequence()?;
                self.authority_key = fields.optional(der::implicit(0)).map(|it| it.value.to_vec());
            }
            "subjectKeyIdentifier" => self.subject_key = Some(Items(value).expect(der::OCTET_STRING)?.value.to_vec()),
            "acmeIdentifier" if it.critical => {
                self.acme_identifier = Some(Items(value).expect(der::OCTET_STRING)?.value.to_vec());
            }
            "nameConstraints" => self.limits_names = true,
            _ if it.critical => self.unknown.push(oid::said(it.id)),
            _ => {}
        }
        Some(())
    }
}

/// An INTEGER of 0 or more (X.690 §8.3); `None` of others. One that is larger than any number here is the largest.
fn whole_number(value: &[u8]) -> Option<u64> {
    value.first().filter(|it| **it < 0x80)?;
    Some(value.iter().fold(0_u64, |sum, byte| match sum.checked_mul(256) {
        Some(sum) => sum + u64::from(*byte),
        None => u64::MAX,
    }))
}

/// The addresses in `CRLDistributionPoints`.
fn crl_points(value: &[u8]) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for point in Items(value).sequence()? {
        let Some(named) = Items(point.value).optional(der::context(0)) else { continue };
        let Some(full) = Items(named.value).optional(der::context(0)) else { continue };
        found.extend(Items(full.value).filter_map(AltName::of).map(|it| it.to_string()));
    }
    Some(found)
}

impl Purpose {
    fn of(id: &[u8]) -> Self {
        match oid::name(id) {
            "serverAuth" => Self::ServerAuth,
            "clientAuth" => Self::ClientAuth,
            _ => Self::Other(oid::shown(id)),
        }
    }
}

impl std::fmt::Display for Purpose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::ServerAuth => "serverAuth",
            Self::ClientAuth => "clientAuth",
            Self::Other(id) => id,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::whole_number;

    #[test]
    fn a_number_is_read_whole_and_none_is_negative() {
        for (bytes, number) in [
            (&[0][..], Some(0)),
            (&[1, 0], Some(256)),
            (&[0, 0xff], Some(255)),
            (&[0x7f; 9], Some(u64::MAX)),
            (&[0xff], None),
            (&[], None),
        ] {
            assert_eq!(whole_number(bytes), number, "{bytes:?}");
        }
    }
}
