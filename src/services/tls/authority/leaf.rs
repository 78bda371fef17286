//! A certificate that is asked of an authority: for whom, from when to when, for what.
use std::net::IpAddr;
use std::time::Duration;

use rcgen::{
    CertificateParams, CrlDistributionPoint, CustomExtension, DnType, ExtendedKeyUsagePurpose, KeyUsagePurpose,
    SanType, SerialNumber, date_time_ymd,
};

use super::{DAY, SERVER_DAYS};
use crate::services::tls::TlsError;

/// What a certificate shall say. Good from yesterday on for 90 days, unless it is said otherwise.
#[derive(Clone, Debug)]
pub struct Leaf {
    names: Vec<SanType>,
    subject: Option<String>,
    purposes: Vec<ExtendedKeyUsagePurpose>,
    from: Option<Duration>,
    good: Duration,
    crl: Option<String>,
    serial: Option<u64>,
    extensions: Vec<CustomExtension>,
}

impl Leaf {
    /// For a server with these names, addresses and URIs; the first is its subject as well.
    ///
    /// # Errors
    /// When one of them is none.
    pub fn server(names: &[&str]) -> Result<Self, TlsError> {
        Self::of(names, vec![ExtendedKeyUsagePurpose::ServerAuth])
    }

    /// For a client that is known by these names or URIs: a SPIFFE ID is a URI (SPIFFE X509-SVID §2).
    ///
    /// # Errors
    /// When one of them is none.
    pub fn client(names: &[&str]) -> Result<Self, TlsError> {
        Self::of(names, vec![ExtendedKeyUsagePurpose::ClientAuth])
    }

    fn of(names: &[&str], purposes: Vec<ExtendedKeyUsagePurpose>) -> Result<Self, TlsError> {
        let subject = names.first().map(|it| (*it).to_owned());
        let names = names.iter().map(|name| alternative(name)).collect::<Result<_, _>>()?;
        let good = DAY * SERVER_DAYS;
        Ok(Self { names, subject, purposes, from: None, good, crl: None, serial: None, extensions: Vec::new() })
    }

    /// For a client too: who calls others as well as being called.
    #[must_use]
    pub fn and_client(mut self) -> Self {
        self.purposes.push(ExtendedKeyUsagePurpose::ClientAuth);
        self
    }

    /// With this common name, whatever the names are; the field takes 64 characters (RFC 5280 §A.1, ub-common-name).
    #[must_use]
    pub fn subject(mut self, name: &str) -> Self {
        self.subject = Some(name.chars().take(64).collect());
        self
    }

    /// Good from this instant (since 1970) on.
    #[must_use]
    pub const fn from(mut self, from: Duration) -> Self {
        self.from = Some(from);
        self
    }

    /// Good for so many days.
    #[must_use]
    pub const fn days(self, days: u32) -> Self {
        self.good_for(Duration::from_secs(86_400 * days as u64))
    }

    /// Good for so long.
    #[must_use]
    pub const fn good_for(mut self, good: Duration) -> Self {
        self.good = good;
        self
    }

    /// Says where the list of revoked certificates is.
    #[must_use]
    pub fn crl_at(mut self, url: &str) -> Self {
        self.crl = Some(url.to_owned());
        self
    }

    /// With this serial number; else it comes from the key.
    #[must_use]
    pub const fn serial(mut self, serial: u64) -> Self {
        self.serial = Some(serial);
        self
    }

    /// The certificate of a validation by TLS-ALPN: the digest of the key authorisation (RFC 8737 §3).
    #[must_use]
    pub fn acme_identifier(mut self, digest: &[u8; 32]) -> Self {
        self.extensions.push(CustomExtension::new_acme_identifier(digest));
        self
    }

    pub(super) fn params(&self, now: Duration) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.subject_alt_names.clone_from(&self.names);
        if let Some(subject) = &self.subject {
            params.distinguished_name.push(DnType::CommonName, subject.as_str());
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages.clone_from(&self.purposes);
        params.use_authority_key_identifier_extension = true;
        params.crl_distribution_points =
            self.crl.iter().map(|it| CrlDistributionPoint { uris: vec![it.clone()] }).collect();
        params.custom_extensions.clone_from(&self.extensions);
        params.serial_number = self.serial.map(SerialNumber::from);
        let from = self.from.unwrap_or_else(|| now.saturating_sub(DAY));
        good_for(&mut params, from, from + self.good);
        params
    }
}

fn alternative(name: &str) -> Result<SanType, TlsError> {
    if name.contains("://") {
        return Ok(SanType::URI(name.try_into()?));
    }
    Ok(match name.parse::<IpAddr>() {
        Ok(address) => SanType::IpAddress(address),
        Err(_) => SanType::DnsName(name.trim_end_matches('.').try_into()?),
    })
}

/// Instants since 1970.
pub(super) fn good_for(params: &mut CertificateParams, from: Duration, until: Duration) {
    params.not_before = date_time_ymd(1970, 1, 1) + from;
    params.not_after = date_time_ymd(1970, 1, 1) + until;
}
