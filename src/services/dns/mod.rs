//! DNS (RFC 1034, 1035): zones, an authoritative server, an iterative resolver and a stub, on the seam. Messages by hickory.
pub mod balance;
pub mod dnssec;
pub mod encrypted;
mod exchange;
pub mod given;
pub mod known;
pub mod loopback;
pub mod resolver;
mod responder;
pub mod roots;
mod serve;
pub mod signing;
mod stub;
pub mod subnet;
#[cfg(test)]
mod tests;
pub mod world;
pub mod zone;

use hickory_proto::rr::Name;
pub use hickory_proto::rr::{Record, RecordType};

pub use responder::{Asker, Authority};
pub use serve::{Answers, serve};
pub use stub::{DnsError, ask, extended_error, query, resolve};
pub use subnet::Subnet;
pub use zone::{Zone, ZoneError};

/// The port of DNS, over UDP and TCP.
pub const PORT: u16 = 53;

/// What carries a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    #[default]
    Udp,
    Tcp,
}

impl std::fmt::Display for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
        })
    }
}

/// A text that is no domain name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no domain name: labels of 1 to 63 letters, digits and hyphens, with dots between them, 253 in all")]
pub struct NotAName(pub String);

/// Reads a domain name; it is absolute with a dot at its end or without.
///
/// # Errors
/// When the text is none.
pub fn name(text: &str) -> Result<Name, NotAName> {
    let wrong = || NotAName(crate::wire::text::visible_start(text, 80));
    let mut name = Name::from_utf8(text.trim()).map_err(|_| wrong())?;
    if text.trim().is_empty() {
        return Err(wrong());
    }
    name.set_fqdn(true);
    Ok(name)
}
