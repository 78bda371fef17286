//! A zone's names by their hashes (RFC 5155 §7.1): absence is proved without telling which names there are.
use std::collections::{BTreeMap, BTreeSet};

use data_encoding::BASE32_DNSSEC;
use hickory_proto::dnssec::Nsec3HashAlgorithm::SHA1;
use hickory_proto::dnssec::rdata::{DNSSECRData, NSEC3, NSEC3PARAM};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::{Zone, labels};
use crate::services::dns::dnssec::Signer;

/// A hash of a name.
type Hash = Vec<u8>;

/// NSEC3 records with their signatures, by the hash that is their owner's first label.
#[derive(Clone, Debug)]
pub(super) struct Hashed(BTreeMap<Hash, Vec<Record>>);

impl Hashed {
    /// The record that tells other servers of the zone how names are hashed (RFC 5155 §4).
    pub(super) fn parameters(origin: &Name) -> Record {
        let data = NSEC3PARAM::new(SHA1, false, 0, Vec::new());
        Record::from_rdata(origin.clone(), 0, RData::DNSSEC(DNSSECRData::NSEC3PARAM(data)))
    }

    /// The records of a zone. Names with only names below them have one too (RFC 5155 §7.1).
    pub(super) fn of(zone: &Zone, ttl: u32, signer: &Signer) -> Self {
        let mut types: BTreeMap<Hash, BTreeSet<RecordType>> = BTreeMap::new();
        for (name, is_cut) in zone.own_names() {
            let mut own: BTreeSet<RecordType> = zone.types(&name).collect();
            // RFC 5155 §7.1: an unsigned cut has nothing here that is signed.
            if !is_cut || own.contains(&RecordType::DS) {
                own.insert(RecordType::RRSIG);
            }
            types.entry(hash(&name)).or_default().extend(own);
            for above in labels(&zone.origin) + 1..labels(&name) {
                types.entry(hash(&name.trim_to(above))).or_default();
            }
        }
        let hashes: Vec<Hash> = types.keys().cloned().collect();
        let record = |(at, (own, types)): (usize, (Hash, BTreeSet<RecordType>))| {
            let next = hashes[(at + 1) % hashes.len()].clone();
            let data = NSEC3::new(SHA1, false, 0, Vec::new(), next, types);
            let owner = zone.origin.prepend_label(BASE32_DNSSEC.encode(&own)).unwrap_or_else(|_| zone.origin.clone());
            let record = Record::from_rdata(owner, ttl, RData::DNSSEC(DNSSECRData::NSEC3(data)));
            let signature = signer.sign(std::slice::from_ref(&record));
            (own, [Some(record), signature].into_iter().flatten().collect())
        };
        Self(types.into_iter().enumerate().map(record).collect())
    }

    /// The record at the name's hash, or the one whose span the hash lies in.
    pub(super) fn at(&self, name: &Name) -> &[Record] {
        let hash = hash(name);
        let before = self.0.range(..=hash).next_back().or_else(|| self.0.last_key_value());
        before.map_or(&[], |(_, records)| records)
    }
}

fn hash(name: &Name) -> Hash {
    SHA1.hash(&[], name, 0).map(|digest| digest.as_ref().to_vec()).unwrap_or_default()
}
