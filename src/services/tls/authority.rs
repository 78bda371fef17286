//! A certificate authority of the lab's own (RFC 5280), whom its clients trust and nobody else.
use std::net::IpAddr;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ED25519, SanType, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::error::TlsError;
use super::ground::Ground;

const DAY: Duration = Duration::from_secs(86_400);
/// The authority's own certificate is good for this long.
const AUTHORITY_DAYS: u32 = 3650;
/// A server's certificate is good for this long unless it is said otherwise.
const SERVER_DAYS: u32 = 90;
/// What stands in front of an Ed25519 seed in PKCS #8 (RFC 8410 §7).
const ED25519: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// The authority: signs certificates for names.
pub struct Authority {
    ground: Ground,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// What a server proves itself with: its certificates, its own first, and its key.
#[derive(Debug)]
pub struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl Authority {
    /// A new authority, good from yesterday on.
    ///
    /// # Errors
    /// When the certificate cannot be made.
    pub fn new(ground: &Ground, name: &str) -> Result<Self, TlsError> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        good_for(&mut params, ground.now().saturating_sub(DAY), AUTHORITY_DAYS);
        let issuer = CertifiedIssuer::self_signed(params, key(ground)?)?;
        Ok(Self { ground: ground.clone(), issuer })
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
        let mut params = CertificateParams::default();
        params.subject_alt_names = names.iter().map(|name| alternative(name)).collect::<Result<_, _>>()?;
        if let Some(name) = names.first() {
            params.distinguished_name.push(DnType::CommonName, *name);
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        good_for(&mut params, from, days);
        let key = key(&self.ground)?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Ok(Identity { chain: vec![certificate.der().clone()], key })
    }

    /// The authority's certificate: whoever trusts it trusts what it signs.
    #[must_use]
    pub fn certificate(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// The same as a PEM file.
    #[must_use]
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }
}

fn alternative(name: &str) -> Result<SanType, TlsError> {
    Ok(match name.parse::<IpAddr>() {
        Ok(address) => SanType::IpAddress(address),
        Err(_) => SanType::DnsName(name.trim_end_matches('.').try_into()?),
    })
}

fn good_for(params: &mut CertificateParams, from: Duration, days: u32) {
    params.not_before = date_time_ymd(1970, 1, 1) + from;
    params.not_after = params.not_before + DAY * days;
}

/// A new key. In the lab Ed25519, whose signatures are the same each time (RFC 8032 §5.1.6); elsewhere ECDSA with P-256,
/// which browsers take too.
fn key(ground: &Ground) -> Result<KeyPair, TlsError> {
    let Some(seed) = ground.seeded() else { return Ok(KeyPair::generate()?) };
    let document = PrivatePkcs8KeyDer::from([&ED25519[..], &seed].concat());
    Ok(KeyPair::from_pkcs8_der_and_sign_algo(&document, &PKCS_ED25519)?)
}
