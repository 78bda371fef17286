//! Who may call what: an identity is the URI of a certificate, and a rule names identities (SPIFFE X509-SVID §2, §5).
use std::collections::BTreeMap;

use hyper::{HeaderMap, StatusCode};
use rustls::pki_types::CertificateDer;

use crate::services::x509::{AltName, Certificate};
use crate::wire::text::visible_start;

/// The field in which a gateway says who called it, as Envoy writes it: `By=...;URI=...`.
pub const FORWARDED: &str = "x-forwarded-client-cert";

/// The rules of a service.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// For each path the identities that may call it.
    pub allowed: BTreeMap<String, Vec<String>>,
    /// Whose word about its callers is believed: the gateway's identity.
    pub gateway: Option<String>,
}

/// Who the owner of these certificates is: the one URI among the names of the first (SPIFFE X509-SVID §2); none is nobody.
#[must_use]
pub fn identity(shown: &[CertificateDer<'_>]) -> Option<String> {
    let own = Certificate::read(shown.first()?).ok()?;
    let mut uris = own.names.into_iter().filter_map(|it| match it {
        AltName::Uri(uri) => Some(uri),
        _ => None,
    });
    // More than one, and it is not said which of them it is.
    uris.next().filter(|_| uris.next().is_none())
}

impl Rules {
    /// Whether that caller may call that path, and what is said about it.
    #[must_use]
    pub fn judge(&self, caller: Option<&str>, path: &str, headers: &HeaderMap) -> (StatusCode, String) {
        let Some(caller) = caller else { return (StatusCode::FORBIDDEN, "no identity in the certificate".to_owned()) };
        let forwarded = self.gateway.as_deref() == Some(caller);
        let who = if forwarded { forwarded_identity(headers) } else { Some(caller.to_owned()) };
        let Some(who) = who else { return (StatusCode::FORBIDDEN, "the gateway does not say for whom".to_owned()) };
        let Some(allowed) = self.allowed.get(path) else { return (StatusCode::NOT_FOUND, "no such path".to_owned()) };
        if allowed.contains(&who) {
            (StatusCode::OK, format!("done for {who}"))
        } else {
            (StatusCode::FORBIDDEN, format!("{who} may not call {path}"))
        }
    }
}

/// The URI in the first element of the field: the first hop's, so a service that believes it needs a gateway that lets no
/// caller write the field.
fn forwarded_identity(headers: &HeaderMap) -> Option<String> {
    let field = headers.get(FORWARDED)?.to_str().ok()?;
    let uri = field.split(',').next()?.split(';').find_map(|it| it.trim().strip_prefix("URI="))?;
    Some(visible_start(uri, 200))
}
