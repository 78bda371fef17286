//! DNSSEC: records signed with a zone's keys, so that who brings an answer need not be trusted (RFC 4033, 4034, 4035).
mod canonical;
mod date;
mod denial;
mod flaw;
mod hashed_denial;
mod keys;
mod of;
mod verify;

use canonical::signed_data;
pub use date::Date;
pub(super) use denial::{Absence, Proofs};
pub use flaw::Flaw;
pub use hashed_denial::MOST_ITERATIONS;
pub use keys::{Key, Keys};
pub(super) use of::{dname, dnskey, ds, nsec, nsec3, rrsig};
pub use verify::{Effort, Good, MOST_CHECKS};
pub(super) use verify::{Vouched, Zone, keys};

use std::rc::Rc;

use hickory_proto::dnssec::Algorithm;
use hickory_proto::dnssec::rdata::{DNSSECRData, RRSIG, SigInput};
use hickory_proto::rr::{RData, Record, SerialNumber};

/// How a zone proves that something is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Denial {
    /// By the names before and after (RFC 4034 §4).
    #[default]
    Nsec,
    /// By their hashes, so that nobody can list the zone (RFC 5155): SHA-1 once, no salt (RFC 9276 §3.1).
    Nsec3,
}

/// What signs a zone: its keys, and how long a signature holds.
#[derive(Clone, Debug)]
pub struct Signer {
    pub keys: Rc<Keys>,
    pub inception: Date,
    pub expiration: Date,
    pub denial: Denial,
}

impl Signer {
    /// The RRSIG record of a set: all records of one name and type; `None` for no records.
    pub(super) fn sign(&self, set: &[Record]) -> Option<Record> {
        let first = set.first()?;
        let key = self.keys.for_type(first.record_type());
        let input = SigInput {
            type_covered: first.record_type(),
            algorithm: Algorithm::ED25519,
            // RFC 4034 §3.1.3: neither the root nor a leftmost `*` counts.
            num_labels: first.name.num_labels(),
            original_ttl: first.ttl,
            sig_expiration: SerialNumber::new(self.expiration.0),
            sig_inception: SerialNumber::new(self.inception.0),
            key_tag: key.tag(),
            signer_name: self.keys.zone().clone(),
        };
        let data = signed_data(&input, &first.name, set)?;
        let signature = RRSIG::from_sig(input, key.sign(&data));
        Some(Record::from_rdata(first.name.clone(), first.ttl, RData::DNSSEC(DNSSECRData::RRSIG(signature))))
    }
}
