//! What a resolver says about how far an answer can be trusted (RFC 4033 §5), and what it checked to say so.
use std::net::SocketAddr;

use hickory_proto::dnssec::rdata::DS;
use hickory_proto::rr::{Name, Record, RecordType};

use crate::recording::Time;
use crate::services::dns::dnssec::{Date, Flaw, Good, dname, rrsig};

/// Where trust begins, and what day it is.
#[derive(Clone, Debug)]
pub struct Trust {
    /// What is known of the root's key before anything is asked.
    pub anchors: Vec<DS>,
    /// The date when the network's clock stood at 0.
    pub began: Date,
}

/// How far an answer can be trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Every signature from the trust anchor down to the records holds.
    Secure,
    /// It is proved that somewhere on the way down nobody signs.
    Insecure,
    /// There is no trust anchor to begin with.
    Indeterminate,
    /// There should be signatures that hold, and there are none.
    Bogus,
    /// Nobody has looked.
    #[default]
    Unchecked,
}

impl Status {
    /// One stable word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Secure => "secure",
            Self::Insecure => "insecure",
            Self::Indeterminate => "indeterminate",
            Self::Bogus => "bogus",
            Self::Unchecked => "unchecked",
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.word())
    }
}

/// What an answer comes with, for who checks it again; and what our own check came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    pub status: Status,
    /// The signatures of the answer's records, and the DNAME records that made its aliases.
    pub signatures: Vec<Record>,
    /// What proves that there is not more, with its signatures.
    pub denial: Vec<Record>,
}

/// Records of a proof that are kept, of each kind: longer chains of aliases with their signatures are not followed.
const MOST_KEPT: usize = 64;
/// Signatures over the SOA record of a negative answer that are kept.
const MOST_OF_SOA: usize = 4;

fn is_of_soa(record: &Record) -> bool {
    rrsig(record).is_some_and(|it| it.input().type_covered == RecordType::SOA)
}

impl Proof {
    /// What an answer brought; nobody has looked at it.
    pub(super) fn of(evidence: &Evidence) -> Self {
        let is_proof = |it: &&Record| {
            let covered = rrsig(it).map(|it| it.input().type_covered);
            let kind = covered.unwrap_or_else(|| it.record_type());
            let soa = covered == Some(RecordType::SOA);
            soa || matches!(kind, RecordType::NSEC | RecordType::NSEC3)
        };
        let with_answer = |it: &&Record| rrsig(it).is_some() || dname(it).is_some();
        let signatures = evidence.answers.iter().filter(with_answer).take(MOST_KEPT).cloned().collect();
        let denial = evidence.authorities.iter().filter(is_proof).take(MOST_KEPT).cloned().collect();
        Self { status: Status::Unchecked, signatures, denial }
    }

    /// Of what proves that there is not more only what was checked stays; with it the SOA's signatures, which the client checks.
    pub(super) fn only(&mut self, checked: &[Record]) {
        let of_soa: Vec<Record> = self.denial.iter().filter(|it| is_of_soa(it)).take(MOST_OF_SOA).cloned().collect();
        self.denial = of_soa.into_iter().chain(checked.iter().cloned()).collect();
    }

    /// Two parts of one answer: it can be trusted as far as the worse of them.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.status = self.status.max(other.status);
        self.signatures.extend(other.signatures);
        self.denial.extend(other.denial);
        self.signatures.truncate(MOST_KEPT);
        self.denial.truncate(MOST_KEPT);
        self
    }

    /// The part of it that is about the records of one name; with it the DNAME records above that name.
    pub(super) fn about(&self, name: &Name) -> Self {
        let is_dname = |it: &Record| {
            dname(it).is_some() || rrsig(it).is_some_and(|it| it.input().type_covered == RecordType::DNAME)
        };
        let about = |it: &&Record| it.name == *name || it.name.zone_of(name) && is_dname(it);
        let signatures = self.signatures.iter().filter(about).cloned().collect();
        Self { status: self.status, signatures, denial: self.denial.clone() }
    }

    /// The same with TTLs of so many seconds at most.
    pub(super) fn aged(mut self, left: u32) -> Self {
        for record in self.signatures.iter_mut().chain(&mut self.denial) {
            record.ttl = record.ttl.min(left);
        }
        self
    }
}

/// The sections of an answer that signatures stand in.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    pub(super) answers: Vec<Record>,
    pub(super) authorities: Vec<Record>,
}

/// What is checked of a chain of trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// A zone's keys, against the trust anchor or the DS record.
    Keys,
    /// A DS record, against the signature of the zone above.
    Delegation,
    /// Records of an answer, against the zone's keys.
    Records,
    /// The proof that a name or its records are not there.
    Denial,
}

/// One check, and what it came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub status: Status,
    pub link: Link,
    /// The zone whose keys or signatures are looked at.
    pub zone: Name,
    /// What was checked: `www.shop.example. A`.
    pub what: String,
    /// The signature that holds.
    pub good: Option<Good>,
    /// What does not fit, in words.
    pub flaw: Option<String>,
    /// The code of the extended error for it (RFC 8914).
    pub code: Option<u16>,
    /// The exchange that brought what was checked: with whom, from when until when.
    pub source: Option<(SocketAddr, Time, Time)>,
}

impl Check {
    /// The check in one line.
    #[must_use]
    pub fn says(&self) -> String {
        let what = &self.what;
        match (self.status, self.link, &self.good, &self.flaw) {
            (_, _, _, Some(flaw)) => format!("{}: {flaw}", self.status),
            (Status::Secure, Link::Keys, Some(good), _) if self.zone.is_root() => {
                format!("secure: key {} of the root is the trust anchor, and signs the root's keys", good.tag)
            }
            (Status::Secure, Link::Keys, Some(good), _) => {
                format!("secure: key {} of {} fits the DS record, and signs the zone's keys", good.tag, self.zone)
            }
            (Status::Secure, _, Some(good), _) => {
                format!("secure: {what} is signed with key {} of {}", good.tag, zone_name(&good.signer))
            }
            (Status::Insecure, Link::Delegation, ..) => {
                format!("insecure: {} proves that {what} has no DS record", zone_name(&self.zone))
            }
            (Status::Indeterminate, ..) => "indeterminate: there is no trust anchor".to_owned(),
            _ => format!("{}: {what}", self.status),
        }
    }

    /// Why it is so, and what follows.
    #[must_use]
    pub fn why(&self) -> String {
        let zone = zone_name(&self.zone);
        match (self.status, self.link) {
            (Status::Bogus, _) => {
                "From the trust anchor down each key and signature must fit, and here one link does not: the answer may \
                 be forged, or the zone's owner made a mistake. There is no telling which, so it is not used: the client gets \
                 SERVFAIL (RFC 4035 §5.5), with the reason as an extended error (RFC 8914)."
                    .to_owned()
            }
            (Status::Secure, Link::Keys) if self.zone.is_root() => {
                "Where trust begins: the resolver was given the hash of this key, and \
                 nobody on the way could change that. All keys of the root are signed with it (RFC 4035 §5)."
                    .to_owned()
            }
            (Status::Secure, Link::Keys) => format!(
                "The zone above publishes a hash of one key of {zone} and signs the hash. That key signs all keys of the zone, \
                 and those sign its records (RFC 4035 §5.2)."
            ),
            (Status::Secure, Link::Delegation) => format!(
                "The DS record is about the zone below, and belongs to {zone}, which signs it: so trust goes down one level \
                 (RFC 4034 §5)."
            ),
            (Status::Secure, Link::Records) => format!(
                "Only who has the private key of {zone} could make the signature, whoever brought the records (RFC 4035 §5.3)."
            ),
            (Status::Secure, Link::Denial) => {
                "The names of a zone stand in an order, and each tells the next one, signed: between \
                 the two there is nothing (RFC 4034 §4; by hashes RFC 5155)."
                    .to_owned()
            }
            (Status::Insecure, Link::Delegation) => {
                "It is proved that the zone above knows no key of the zone below. So nobody signs \
                 there, and that there are no signatures is no mistake (RFC 4035 §4.3)."
                    .to_owned()
            }
            (Status::Insecure, _) => format!(
                "{zone} is not signed, and a zone above has proved that it need not be. The answer is used as any was before \
                 DNSSEC: without proof."
            ),
            (Status::Indeterminate | Status::Unchecked, _) => {
                "Without a trust anchor nothing can be checked (RFC 4033 §5).".to_owned()
            }
        }
    }
}

/// A chain that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Bogus {
    /// What does not fit.
    pub what: String,
    /// The code of the extended error (RFC 8914).
    pub code: u16,
}

impl From<&Flaw> for Bogus {
    fn from(flaw: &Flaw) -> Self {
        Self { what: flaw.to_string(), code: flaw.code() }
    }
}

/// A zone's name in a sentence.
fn zone_name(zone: &Name) -> String {
    if zone.is_root() { "the root".to_owned() } else { zone.to_string() }
}
