//! Why there is no TLS, in words for a person.
use std::io;
use std::time::Duration;

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible};

use crate::quantity::Quantity;
use crate::wire::text::visible_start;

/// What a certificate or a peer says is shown up to this length.
const LONGEST: usize = 200;

/// Why a handshake failed, or a certificate could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("the certificate is not good: {0}")]
    Certificate(String),
    #[error("the other end sends something else than TLS: is it the right port?")]
    NotTls,
    #[error("the other end broke off with an alert: {0}")]
    Alert(String),
    #[error("the other end closed the connection in the middle of the TLS handshake")]
    Closed,
    #[error("no TLS handshake within {}", Quantity::time(*.0))]
    Time(Duration),
    #[error("the two ends have nothing in common: {0}")]
    NothingCommon(String),
    #[error("`{0}` is no name of a server")]
    Name(String),
    #[error("TLS: {0}")]
    Other(String),
    #[error(transparent)]
    Socket(io::Error),
}

impl From<io::Error> for TlsError {
    fn from(error: io::Error) -> Self {
        if let Some(inner) = error.get_ref().and_then(|it| it.downcast_ref::<Error>()) {
            return Self::from(inner.clone());
        }
        if error.kind() == io::ErrorKind::UnexpectedEof { Self::Closed } else { Self::Socket(error) }
    }
}

impl From<Error> for TlsError {
    fn from(error: Error) -> Self {
        let said = |text: String| visible_start(text, LONGEST);
        match error {
            Error::InvalidCertificate(why) => Self::Certificate(said(words(why))),
            Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion) => {
                Self::NotTls
            }
            Error::InvalidMessage(why) => Self::Other(said(format!("what came cannot be read: {}", spaced(&why)))),
            Error::PeerMisbehaved(why) => {
                Self::Other(said(format!("the other end breaks the rules: {}", spaced(&why))))
            }
            Error::AlertReceived(alert) => Self::Alert(said(alert_name(alert))),
            Error::PeerIncompatible(why) => Self::NothingCommon(said(missing(&why))),
            Error::NoApplicationProtocol => Self::NothingCommon("no protocol that both speak (ALPN)".to_owned()),
            other => Self::Other(said(other.to_string())),
        }
    }
}

impl TlsError {
    /// What TLS has to say in an error of something that ran on it: hyper's, say, whose cause is a broken stream's.
    #[must_use]
    pub fn within(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            if let Some(found) = inner.and_then(|it| it.downcast_ref::<Error>()) {
                return Some(Self::from(found.clone()));
            }
            next = error.source();
        }
        None
    }
}

impl From<rcgen::Error> for TlsError {
    fn from(error: rcgen::Error) -> Self {
        Self::Other(visible_start(error.to_string(), LONGEST))
    }
}

impl From<TlsError> for io::Error {
    fn from(error: TlsError) -> Self {
        match error {
            TlsError::Socket(error) => error,
            TlsError::Time(_) => Self::new(io::ErrorKind::TimedOut, error.to_string()),
            other => Self::other(other.to_string()),
        }
    }
}

/// RFC 5280 §6, RFC 9525 §6: what a client finds wrong.
fn words(error: CertificateError) -> String {
    match error {
        CertificateError::NotValidForNameContext { expected, presented } => {
            // rustls names them `DnsName("www.example")`.
            let bare = |it: &String| it.split('"').nth(1).unwrap_or(it).to_owned();
            let presented: Vec<String> = presented.iter().map(bare).collect();
            format!("it is for {}, and {} was asked", presented.join(", "), expected.to_str())
        }
        CertificateError::NotValidForName => "it is for another name".to_owned(),
        CertificateError::UnknownIssuer => "its signer is nobody this client trusts".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "it is not valid yet".to_owned(),
        CertificateError::BadSignature => "a signature of its issuer or its owner does not fit".to_owned(),
        CertificateError::Revoked => "its issuer has revoked it".to_owned(),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it is for another purpose (extended key usage)".to_owned()
        }
        other => other.to_string(),
    }
}

/// What one end does not have that the other wants.
fn missing(why: &PeerIncompatible) -> String {
    let words = match why {
        PeerIncompatible::Tls12NotOffered
        | PeerIncompatible::Tls12NotOfferedOrEnabled
        | PeerIncompatible::SupportedVersionsExtensionRequired
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
        | PeerIncompatible::ServerDoesNotSupportTls12Or13 => "no version of TLS that both speak",
        PeerIncompatible::Tls13RequiredForQuic => "QUIC needs TLS 1.3",
        PeerIncompatible::NoCipherSuitesInCommon => "no cipher suite that both have",
        PeerIncompatible::NoKxGroupsInCommon => "no group for the key exchange that both have",
        PeerIncompatible::NoSignatureSchemesInCommon
        | PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon => "no signature algorithm that both have",
        other => return spaced(other),
    };
    words.to_owned()
}

/// A name of the library in words: `SelectedUnofferedCipherSuite` is `selected unoffered cipher suite`.
fn spaced(name: &impl std::fmt::Debug) -> String {
    let (name, mut words) = (format!("{name:?}"), String::new());
    let mut small = false;
    for letter in name.chars().take_while(|it| it.is_ascii_alphanumeric()) {
        if letter.is_ascii_uppercase() && small {
            words.push(' ');
        }
        small = !letter.is_ascii_uppercase();
        words.push(letter.to_ascii_lowercase());
    }
    words
}

/// An alert as RFC 8446 §6 writes it: `certificate_expired`.
fn alert_name(alert: AlertDescription) -> String {
    if alert == AlertDescription::UnknownPSKIdentity {
        return "unknown_psk_identity".to_owned();
    }
    let mut name = String::new();
    let mut small = false;
    for letter in format!("{alert:?}").chars() {
        if letter.is_ascii_uppercase() && small {
            name.push('_');
        }
        small = letter.is_ascii_lowercase();
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_in_words() {
        let says = |error: Error| TlsError::from(error).to_string();
        for why in [PeerIncompatible::Tls12NotOfferedOrEnabled, PeerIncompatible::SupportedVersionsExtensionRequired] {
            assert_eq!(says(why.into()), "the two ends have nothing in common: no version of TLS that both speak");
        }
        let suite = rustls::PeerMisbehaved::SelectedUnofferedCipherSuite;
        assert_eq!(says(suite.into()), "TLS: the other end breaks the rules: selected unoffered cipher suite");
        let format = PeerIncompatible::NoEcPointFormatsInCommon;
        assert!(says(format.into()).ends_with("no ec point formats in common"));
        assert_eq!(says(InvalidMessage::InvalidContentType.into()), TlsError::NotTls.to_string());
    }

    #[test]
    fn alerts_are_named_as_the_rfc_names_them() {
        let names = [
            (AlertDescription::UnknownCA, "unknown_ca"),
            (AlertDescription::CertificateRequired, "certificate_required"),
            (AlertDescription::NoApplicationProtocol, "no_application_protocol"),
            (AlertDescription::UnknownPSKIdentity, "unknown_psk_identity"),
        ];
        for (alert, name) in names {
            assert_eq!(alert_name(alert), name);
        }
    }
}
