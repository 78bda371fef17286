//! ACME (RFC 8555): an authority that gives certificates to whoever proves to hold a name, and the client that asks it.
//!
//! ```text
//! client ── order ──> authority ── challenge: a file, a record, a certificate ──> the name's own servers
//!        <── certificate ──
//!
//! order           pending ──(all authorisations valid)──> ready ──(request)──> processing ──> valid
//! authorisation   pending ──(a challenge holds)──> valid;   ──(it does not)──> invalid, and so is the order
//! ```
mod caa;
mod client;
mod jws;
pub mod loopback;
mod problem;
mod renewal;
mod server;
#[cfg(test)]
mod tests;
mod validate;

pub use client::{AcmeClient, AcmeError, Prover, Told};
pub use jws::{AccountKey, Jwk, base64, hashed};
pub use problem::Problem;
pub use renewal::{Rule, certificate_id, suggested_window};
pub use server::{Acme, AcmeOptions};
pub use validate::ACME_TLS;

/// How somebody proves to hold a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChallengeKind {
    /// A file on the name's web server, port 80 (RFC 8555 §8.3).
    Http,
    /// A TXT record below the name (RFC 8555 §8.4).
    Dns,
    /// A certificate on the name's port 443 (RFC 8737).
    TlsAlpn,
}

impl ChallengeKind {
    pub const ALL: [Self; 3] = [Self::Http, Self::Dns, Self::TlsAlpn];

    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http-01",
            Self::Dns => "dns-01",
            Self::TlsAlpn => "tls-alpn-01",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// Where a client finds everything else (RFC 8555 §7.1.1).
pub const DIRECTORY: &str = "/directory";
