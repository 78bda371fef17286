//! Certificate authorities of the lab's own (RFC 5280), whom its clients trust and nobody else.
mod faults;
mod identity;
mod leaf;
mod pending;

use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType, IsCa, KeyIdMethod,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256,
    PublicKeyData, RevocationReason, RevokedCertParams, SerialNumber, SignatureAlgorithm, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivatePkcs8KeyDer};

pub use faults::{Fault, Faulty};
pub use identity::{Identity, pem};
pub use leaf::Leaf;
pub use pending::Pending;

use super::error::TlsError;
use super::ground::Ground;
use crate::services::x509::{Certificate, KeyKind, PublicKey};

const DAY: Duration = Duration::from_secs(86_400);
/// The authority's own certificate is good for this long.
const AUTHORITY_DAYS: u32 = 3650;
/// A server's certificate is good for this long unless it is said otherwise.
const SERVER_DAYS: u32 = 90;
/// A list of revoked certificates is good for this long.
const CRL_DAYS: u32 = 7;
/// The reason of most revocations (RFC 5280 §5.3.1).
const KEY_COMPROMISE: u64 = 1;
/// What stands in front of an Ed25519 seed in PKCS #8 (RFC 8410 §7).
const ED25519: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// The authority: signs certificates for names.
pub struct Authority {
    ground: Ground,
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// What a server sends beside its own certificate: this authority's and those above it, without the trusted one.
    above: Vec<CertificateDer<'static>>,
}

impl Authority {
    /// A new authority that signs certificates of servers and clients, good from yesterday on.
    ///
    /// # Errors
    /// When the certificate cannot be made.
    pub fn new(ground: &Ground, name: &str) -> Result<Self, TlsError> {
        Self::over(ground, name, 0)
    }

    /// A new authority with so many authorities below it, one under the other.
    ///
    /// # Errors
    /// When the certificate cannot be made.
    pub fn over(ground: &Ground, name: &str, below: u8) -> Result<Self, TlsError> {
        let issuer = CertifiedIssuer::self_signed(authority(ground, name, below), key(ground)?)?;
        Ok(Self { ground: ground.clone(), issuer, above: Vec::new() })
    }

    /// An authority below this one (an intermediate): whoever trusts this one trusts it, if it is sent along.
    ///
    /// # Errors
    /// When the certificate cannot be made.
    pub fn intermediate(&self, name: &str, below: u8) -> Result<Self, TlsError> {
        let mut params = authority(&self.ground, name, below);
        params.use_authority_key_identifier_extension = true;
        let issuer = CertifiedIssuer::signed_by(params, key(&self.ground)?, &self.issuer)?;
        let above = std::iter::once(issuer.der().clone()).chain(self.above.iter().cloned()).collect();
        Ok(Self { ground: self.ground.clone(), issuer, above })
    }

    /// A certificate for these names and addresses, the first of which is its subject; good from yesterday on.
    ///
    /// # Errors
    /// When a name is none.
    pub fn issue(&self, names: &[&str]) -> Result<Identity, TlsError> {
        self.issue_for(names, self.ground.now().saturating_sub(DAY), SERVER_DAYS)
    }

    /// A certificate that is good from an instant (since 1970) on for so many days.
    ///
    /// # Errors
    /// When a name is none.
    pub fn issue_for(&self, names: &[&str], from: Duration, days: u32) -> Result<Identity, TlsError> {
        self.sign(&Leaf::server(names)?.from(from).days(days))
    }

    /// The certificate that is asked for, with a new key.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn sign(&self, leaf: &Leaf) -> Result<Identity, TlsError> {
        let key = key(&self.ground)?;
        let certificate = leaf.params(self.ground.now()).signed_by(&key, &self.issuer)?;
        Ok(Identity::new(certificate.der().clone(), self.above.clone(), &key))
    }

    /// The certificate that is asked for, of a key that somebody else has: its chain, its own certificate first.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn certify(&self, leaf: &Leaf, key: &PublicKey) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let certificate = leaf.params(self.ground.now()).signed_by(&Foreign(key), &self.issuer)?;
        Ok(std::iter::once(certificate.der().clone()).chain(self.above.iter().cloned()).collect())
    }

    /// The list of these revoked certificates, by serial number (RFC 5280 §5): all since a day, their keys lost. Good for a week.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn revocations(&self, serials: &[Vec<u8>]) -> Result<CertificateRevocationListDer<'static>, TlsError> {
        let since = self.ground.now().saturating_sub(DAY);
        self.revoked(serials.iter().map(|it| (it.as_slice(), since, KEY_COMPROMISE)))
    }

    /// The same of certificates with the instant (since 1970) and the reason (RFC 5280 §5.3.1) of each; no known one is none.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn revoked<'a>(
        &self,
        each: impl Iterator<Item = (&'a [u8], Duration, u64)>,
    ) -> Result<CertificateRevocationListDer<'static>, TlsError> {
        let began = date_time_ymd(1970, 1, 1);
        let now = began + self.ground.now();
        let revoked = |(serial, since, reason): (&[u8], Duration, u64)| RevokedCertParams {
            serial_number: SerialNumber::from_slice(serial),
            revocation_time: began + since,
            reason_code: reason_of(reason),
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: now,
            next_update: now + DAY * CRL_DAYS,
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: each.map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(list.signed_by(&self.issuer)?.der().clone())
    }

    /// The authority's certificate: whoever trusts it trusts what it signs.
    #[must_use]
    pub fn certificate(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// The same, read.
    #[must_use]
    pub fn read(&self) -> Certificate {
        Certificate::read(self.issuer.der()).expect("it was just made")
    }

    /// The same as a PEM file.
    #[must_use]
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }
}

/// RFC 5280 §5.3.1: a reason as it stands in a list; 0 (unspecified) is better left out, 7 is none, 8 is for changes of lists.
const fn reason_of(code: u64) -> Option<RevocationReason> {
    Some(match code {
        KEY_COMPROMISE => RevocationReason::KeyCompromise,
        2 => RevocationReason::CaCompromise,
        3 => RevocationReason::AffiliationChanged,
        4 => RevocationReason::Superseded,
        5 => RevocationReason::CessationOfOperation,
        6 => RevocationReason::CertificateHold,
        9 => RevocationReason::PrivilegeWithdrawn,
        10 => RevocationReason::AaCompromise,
        _ => return None,
    })
}

/// What an authority's certificate says.
fn authority(ground: &Ground, name: &str, below: u8) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(below));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let from = ground.now().saturating_sub(DAY);
    leaf::good_for(&mut params, from, from + DAY * AUTHORITY_DAYS);
    params
}

/// A new key. In the lab Ed25519, whose signatures are the same each time (RFC 8032 §5.1.6); elsewhere ECDSA with P-256,
/// which browsers take too.
fn key(ground: &Ground) -> Result<KeyPair, TlsError> {
    let Some(seed) = ground.seeded() else { return Ok(KeyPair::generate()?) };
    let document = PrivatePkcs8KeyDer::from([&ED25519[..], &seed].concat());
    Ok(KeyPair::from_pkcs8_der_and_sign_algo(&document, &PKCS_ED25519)?)
}

/// A public key whose private half is elsewhere.
struct Foreign<'a>(&'a PublicKey);

impl PublicKeyData for Foreign<'_> {
    fn der_bytes(&self) -> &[u8] {
        &self.0.raw
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self.0.kind {
            KeyKind::Ed25519 => &PKCS_ED25519,
            KeyKind::EcdsaP256 => &PKCS_ECDSA_P256_SHA256,
            KeyKind::EcdsaP384 => &PKCS_ECDSA_P384_SHA384,
            KeyKind::Rsa => &PKCS_RSA_SHA256,
        }
    }
}
