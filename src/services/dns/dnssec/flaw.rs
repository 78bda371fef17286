//! What does not fit in a chain of trust, in words that name it, and as an extended error (RFC 8914).
use hickory_proto::rr::{Name, RecordType};

use super::Date;

/// Why a record is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    #[error("{name} {kind} has no signature, and {zone} is signed")]
    NoSignature { zone: Name, name: Name, kind: RecordType },
    #[error("the signature over {name} {kind} ended at {until}: {zone} was not signed again in time")]
    Expired { zone: Name, name: Name, kind: RecordType, until: Date },
    #[error("the signature over {name} {kind} begins at {from}, and that is to come")]
    NotYet { name: Name, kind: RecordType, from: Date },
    #[error("{name} {kind} is signed with key {tag}, and {zone} has no such key")]
    NoKey { zone: Name, name: Name, kind: RecordType, tag: u16 },
    #[error("{name} {kind} is signed by {signer}, and only {zone} may sign it")]
    Signer { zone: Name, name: Name, kind: RecordType, signer: Name },
    #[error("the signature over {name} {kind} is for a name of {labels} labels, which this is not")]
    Labels { name: Name, kind: RecordType, labels: u8 },
    #[error("{name} {kind} is not what key {tag} of {zone} signed: it was changed, or signed with another key")]
    Changed { zone: Name, name: Name, kind: RecordType, tag: u16 },
    #[error("{name} {kind} is signed with algorithm {algorithm}, which this resolver does not know")]
    Algorithm { name: Name, kind: RecordType, algorithm: u8 },
    #[error("the DS record of {zone} is about key {}, and the zone has {}", list(.wanted), list(.found))]
    OtherKeys { zone: Name, wanted: Vec<u16>, found: Vec<u16> },
    #[error("{zone} has no DNSKEY record, and the zone above says that it is signed with key {}", list(.wanted))]
    NoKeys { zone: Name, wanted: Vec<u16> },
    #[error("nothing signed by {zone} proves that {name} has no {kind} record")]
    NotProved { zone: Name, name: Name, kind: RecordType },
    #[error("nothing signed by {zone} proves that there is no {name}")]
    NameNotProved { zone: Name, name: Name },
    #[error("a wildcard of {zone} made {name} {kind}, and nothing proves that the name itself is not there")]
    Wildcard { zone: Name, name: Name, kind: RecordType },
    #[error("{zone} hashes its names {iterations} times more, and over {most} is not followed (RFC 9276 §3.2)")]
    Iterations { zone: Name, iterations: u16, most: u16 },
    #[error("more than {most} signatures had to be tried: somebody wants this resolver to compute (CVE-2023-50387)")]
    TooMany { most: usize },
    #[error("{zone} sends more than {most} records that prove an absence, and three are enough")]
    ManyProofs { zone: Name, most: usize },
}

fn list(tags: &[u16]) -> String {
    let tags: Vec<String> = tags.iter().take(8).map(ToString::to_string).collect();
    if tags.is_empty() { "none".to_owned() } else { tags.join(" and ") }
}

impl Flaw {
    /// The code of the extended error (RFC 8914 §4; 27 is from RFC 9276 §3.2).
    #[must_use]
    pub const fn code(&self) -> u16 {
        match self {
            Self::Algorithm { .. } => 1,
            Self::Expired { .. } => 7,
            Self::NotYet { .. } => 8,
            Self::NoKey { .. } | Self::OtherKeys { .. } | Self::NoKeys { .. } => 9,
            Self::NoSignature { .. } => 10,
            Self::NotProved { .. } | Self::NameNotProved { .. } | Self::Wildcard { .. } => 12,
            Self::Iterations { .. } => 27,
            Self::Signer { .. }
            | Self::Labels { .. }
            | Self::Changed { .. }
            | Self::TooMany { .. }
            | Self::ManyProofs { .. } => 6,
        }
    }

    /// How much it says where several signatures fail, each in its own way.
    pub(super) const fn weight(&self) -> u8 {
        match self {
            Self::TooMany { .. } => 6,
            Self::Changed { .. } => 5,
            Self::Expired { .. } | Self::NotYet { .. } => 4,
            Self::Labels { .. } => 3,
            Self::NoKey { .. } => 2,
            Self::Signer { .. } => 1,
            _ => 0,
        }
    }
}
