//! When a certificate is renewed: by a rule of the client's own, or when the authority says (ARI, RFC 9773).
use super::jws::base64;
use crate::services::x509::Certificate;

const DAY: i64 = 86_400;

/// A client's rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// 30 days before its end.
    ThirtyDays,
    /// When two thirds of its time are over.
    TwoThirds,
    /// When the authority's window begins (RFC 9773 §4.2); two thirds where it says nothing.
    Asked,
}

impl Rule {
    /// The instant (seconds since 1970) from which on this certificate is to be renewed, as far as the client itself knows.
    #[must_use]
    pub const fn due(self, certificate: &Certificate) -> i64 {
        let life = certificate.not_after - certificate.not_before;
        match self {
            Self::ThirtyDays => certificate.not_after - 30 * DAY,
            Self::TwoThirds | Self::Asked => certificate.not_before + life * 2 / 3,
        }
    }
}

/// What the authority suggests (RFC 9773 §4.2 has the form; where it lies is this authority's choice): after two thirds of the
/// lifetime, for a fiftieth of it.
#[must_use]
pub const fn suggested_window(certificate: &Certificate) -> (i64, i64) {
    let life = certificate.not_after - certificate.not_before;
    let start = certificate.not_before + life * 2 / 3;
    (start, start + life / 50)
}

/// How a certificate is named to the authority (RFC 9773 §4.1): key identifier of its issuer, and serial number.
#[must_use]
pub fn certificate_id(certificate: &Certificate) -> Option<String> {
    let authority = certificate.authority_key.as_ref()?;
    Some(format!("{}.{}", base64(authority), base64(&certificate.serial)))
}
