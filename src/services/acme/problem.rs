//! Error documents (RFC 8555 §6.7, RFC 9457).
use std::time::Duration;

use serde_json::{Value, json};

/// What went wrong, by the names of RFC 8555 §6.7.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub status: u16,
    /// `badNonce`
    pub kind: &'static str,
    pub detail: String,
    /// Not before this is over.
    pub retry: Option<Duration>,
}

impl Problem {
    pub(super) fn new(status: u16, kind: &'static str, detail: impl Into<String>) -> Self {
        Self { status, kind, detail: detail.into(), retry: None }
    }

    pub(super) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(400, "malformed", detail)
    }

    pub(super) fn bad_key() -> Self {
        Self::new(400, "badPublicKey", "account keys are RSA, EC P-256 or Ed25519")
    }

    pub(super) fn bad_algorithm() -> Self {
        Self::new(400, "badSignatureAlgorithm", "requests are signed with ES256, EdDSA or RS256")
    }

    pub(super) fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(403, "unauthorized", detail)
    }

    pub(super) fn missing() -> Self {
        Self::new(404, "malformed", "there is no such thing here")
    }

    /// As it goes over the wire.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut value = json!({
            "type": format!("urn:ietf:params:acme:error:{}", self.kind),
            "detail": self.detail,
            "status": self.status,
        });
        if self.kind == "badSignatureAlgorithm" {
            // RFC 8555 §6.2
            value["algorithms"] = json!(["ES256", "EdDSA", "RS256"]);
        }
        value
    }
}
