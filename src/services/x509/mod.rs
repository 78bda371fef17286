//! Whether to believe a certificate (RFC 5280 §6): signatures, the path to a trust anchor, each check.
//!
//! ```text
//! wire::x509: DER ── Certificate ──┐
//!             DER ── Crl ──────────┼── judge (path): one Check for each thing that must hold ── Judged
//! trust anchors, name, time ───────┘
//! ```
mod path;
#[cfg(test)]
mod tests;
mod verify;

pub use path::{Asked, Check, Checked, Judged, judge};

pub use crate::wire::x509::{AltName, Certificate, Crl, KeyKind, PublicKey, Purpose, Request, Unreadable, date};
