//! What other programs say of the same fault: a test asks OpenSSL and curl themselves; the browsers' names are from their sources.
use crate::services::tls::Fault;

/// Whose words they are, for a person.
pub(super) const SOURCE: &str = "openssl verify codes (openssl-verification-options(1)), curl's error (libcurl-errors(3)) with OpenSSL; Chrome's \
                                 net_error_list.h; Firefox's SEC, SSL and MOZILLA_PKIX error codes";

/// What a fault is called by each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// `openssl s_client`'s verify return code and its words.
    pub(super) openssl: &'static str,
    /// What curl prints after its number.
    pub(super) curl: &'static str,
    pub(super) chrome: &'static str,
    pub(super) firefox: &'static str,
}

/// The words of a fault; none where the programs have nothing to say.
pub(super) const fn of(fault: Fault) -> Option<Said> {
    Some(match fault {
        Fault::None | Fault::Superfluous => return None,
        Fault::Expired => Said {
            openssl: "10 (certificate has expired)",
            curl: "SSL certificate problem: certificate has expired",
            chrome: "NET::ERR_CERT_DATE_INVALID",
            firefox: "SEC_ERROR_EXPIRED_CERTIFICATE",
        },
        Fault::NotYetValid => Said {
            openssl: "9 (certificate is not yet valid)",
            curl: "SSL certificate problem: certificate is not yet valid",
            chrome: "NET::ERR_CERT_DATE_INVALID",
            firefox: "MOZILLA_PKIX_ERROR_NOT_YET_VALID_CERTIFICATE",
        },
        Fault::WrongName => Said {
            openssl: "62 (hostname mismatch)",
            curl: "SSL: no alternative certificate subject name matches target host name",
            chrome: "NET::ERR_CERT_COMMON_NAME_INVALID",
            firefox: "SSL_ERROR_BAD_CERT_DOMAIN",
        },
        Fault::UnknownAuthority => Said {
            openssl: "20 (unable to get local issuer certificate)",
            curl: "SSL certificate problem: unable to get local issuer certificate",
            chrome: "NET::ERR_CERT_AUTHORITY_INVALID",
            firefox: "SEC_ERROR_UNKNOWN_ISSUER",
        },
        Fault::SelfSigned => Said {
            openssl: "18 (self-signed certificate)",
            curl: "SSL certificate problem: self-signed certificate",
            chrome: "NET::ERR_CERT_AUTHORITY_INVALID",
            firefox: "MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT",
        },
        Fault::MissingIntermediate => Said {
            openssl: "20 (unable to get local issuer certificate), then 21 (unable to verify the first certificate)",
            curl: "SSL certificate problem: unable to get local issuer certificate",
            chrome: "nothing where it can fetch or has seen the intermediate, else NET::ERR_CERT_AUTHORITY_INVALID",
            firefox: "nothing where it has the intermediate already, else SEC_ERROR_UNKNOWN_ISSUER",
        },
        Fault::Revoked => Said {
            openssl: "23 (certificate revoked), with -crl_check and the list",
            curl: "SSL certificate problem: certificate revoked, with --crlfile",
            chrome: "NET::ERR_CERT_REVOKED, where its CRLSet names the certificate",
            firefox: "SEC_ERROR_REVOKED_CERTIFICATE, where CRLite or OCSP says so",
        },
        Fault::WrongPurpose => Said {
            openssl: "26 (unsuitable certificate purpose)",
            curl: "SSL certificate problem: unsuitable certificate purpose",
            chrome: "NET::ERR_CERT_INVALID",
            firefox: "SEC_ERROR_INADEQUATE_CERT_TYPE",
        },
    })
}

/// What one does about it, in the words of whoever runs the server.
pub(super) const fn remedy(fault: Fault) -> &'static str {
    match fault {
        Fault::None => "Nothing to do: renew it in time.",
        Fault::Superfluous => {
            "Nothing is wrong; a client that does not have the root gains nothing by it, and everybody pays the bytes: leave it out."
        }
        Fault::Expired => {
            "Renew, install, and reload the server: many outages had a renewed file on the disk and the old one in memory. \
                           Watch the date from outside."
        }
        Fault::NotYetValid => {
            "Set the clocks (NTP). Authorities date certificates back by an hour or so for this reason."
        }
        Fault::WrongName => "Ask for a certificate with every name in subjectAltName; a common name is not looked at.",
        Fault::UnknownAuthority => {
            "Give clients the root of a private authority, or take a certificate of one they have."
        }
        Fault::SelfSigned => {
            "Take a certificate of an authority the clients have; do not teach clients to skip the check."
        }
        Fault::MissingIntermediate => {
            "Configure the full chain (fullchain.pem): own certificate first, then each issuer, without the root. Browsers \
                                       may hide the fault; curl and services do not."
        }
        Fault::Revoked => {
            "Replace key and certificate: it was revoked for a reason. A client without the list sees nothing."
        }
        Fault::WrongPurpose => {
            "Ask for serverAuth. Public authorities no longer issue certificates with clientAuth: clients take theirs from a \
                                private one."
        }
    }
}
