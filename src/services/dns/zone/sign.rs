//! A zone signed (RFC 4035 §2): its keys, a proof of what is not there behind each name, and a signature over each set.
use std::collections::BTreeMap;

use hickory_proto::dnssec::rdata::{DNSSECRData, DS, NSEC};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::Zone;
use super::hashed::Hashed;
use crate::services::dns::dnssec::{Denial, Signer};

/// How long a zone's keys may be kept.
const KEY_TTL: u32 = 3600;

/// What signing adds beside the zone's own records.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    signer: Signer,
    signatures: BTreeMap<(Name, RecordType), Record>,
    /// The zone's names by their hashes, where it proves by those.
    pub(super) hashed: Option<Hashed>,
}

impl Zone {
    /// Signs the zone; what was signed before is signed anew.
    pub fn sign(&mut self, signer: Signer) {
        self.unsign();
        let origin = self.origin.clone();
        self.put(&origin, RecordType::DNSKEY, signer.keys.records(KEY_TTL));
        let ttl = self.negative_soa().ttl;
        let hashed = match signer.denial {
            Denial::Nsec => {
                self.chain(ttl);
                None
            }
            Denial::Nsec3 => {
                self.put(&origin, RecordType::NSEC3PARAM, vec![Hashed::parameters(&origin)]);
                Some(Hashed::of(self, ttl, &signer))
            }
        };
        let mut signatures = BTreeMap::new();
        for (name, kind) in self.signed_sets() {
            if let Some(record) = signer.sign(self.records(&name, kind)) {
                signatures.insert((name, kind), record);
            }
        }
        self.signed = Some(Signed { signer, signatures, hashed });
    }

    /// Takes the signatures away, with the keys and proofs: the zone as its file has it.
    pub fn unsign(&mut self) {
        self.signed = None;
        for node in self.nodes.values_mut() {
            node.retain(|kind, _| !matches!(kind, RecordType::DNSKEY | RecordType::NSEC | RecordType::NSEC3PARAM));
        }
        self.nodes.retain(|_, node| !node.is_empty());
    }

    /// Signs a zone that was signed before, after a change.
    pub(super) fn sign_again(&mut self) {
        if let Some(signed) = self.signed.take() {
            self.sign(signed.signer);
        }
    }

    /// Whether the zone is signed.
    #[must_use]
    pub const fn is_signed(&self) -> bool {
        self.signed.is_some()
    }

    /// Says which key the zone below has; none takes that away. A zone that gives no such name away stays as it is.
    pub fn vouch(&mut self, below: &Name, key: Option<DS>) {
        let Some(ttl) = self.records(below, RecordType::NS).first().map(|it| it.ttl) else { return };
        let record = |key| Record::from_rdata(below.clone(), ttl, RData::DNSSEC(DNSSECRData::DS(key)));
        self.set(below, RecordType::DS, key.map(record).into_iter().collect());
    }

    /// Changes records without their signature, as somebody does who has no key.
    pub fn tamper(&mut self, name: &Name, kind: RecordType, records: Vec<Record>) {
        self.put(name, kind, records);
    }

    /// The signature over the records of that name and type.
    pub(in crate::services::dns) fn signature(&self, name: &Name, kind: RecordType) -> Option<&Record> {
        self.signed.as_ref()?.signatures.get(&(name.clone(), kind))
    }

    /// The names where a zone below begins.
    pub fn cuts(&self) -> impl Iterator<Item = Name> {
        self.own_names().into_iter().filter(|(_, is_cut)| *is_cut).map(|(name, _)| name)
    }

    /// The types of the records at a name of the zone.
    pub(in crate::services::dns) fn kinds(&self, name: &Name) -> impl Iterator<Item = RecordType> {
        self.nodes.get(name).into_iter().flat_map(|node| node.keys().copied())
    }

    /// The names the zone is an authority for, and the cuts below it; `true` for a cut. What lies below a cut is not here.
    pub(super) fn own_names(&self) -> Vec<(Name, bool)> {
        let mut names: Vec<(Name, bool)> = Vec::new();
        let mut cut: Option<&Name> = None;
        for (name, node) in &self.nodes {
            if cut.is_some_and(|cut| cut.zone_of(name)) {
                continue;
            }
            let is_cut = name != &self.origin && node.contains_key(&RecordType::NS);
            cut = is_cut.then_some(name);
            names.push((name.clone(), is_cut));
        }
        names
    }

    /// The types at one of these names that a proof lists: at a cut those that are not the zone's below (RFC 4034 §4.1.2).
    pub(super) fn types(&self, name: &Name) -> impl Iterator<Item = RecordType> {
        let glue = |kind: &RecordType| matches!(kind, RecordType::A | RecordType::AAAA) && self.is_cut(name);
        self.kinds(name).filter(move |kind| !glue(kind))
    }

    fn is_cut(&self, name: &Name) -> bool {
        name != &self.origin && !self.records(name, RecordType::NS).is_empty()
    }

    /// RFC 4034 §4: behind each name an NSEC record tells the next one, and the last tells the first.
    fn chain(&mut self, ttl: u32) {
        let names: Vec<Name> = self.own_names().into_iter().map(|(name, _)| name).collect();
        for (at, name) in names.iter().enumerate() {
            let next = names[(at + 1) % names.len()].clone();
            let types: Vec<RecordType> = self.types(name).collect();
            let data = RData::DNSSEC(DNSSECRData::NSEC(NSEC::new_cover_self(next, types)));
            self.put(name, RecordType::NSEC, vec![Record::from_rdata(name.clone(), ttl, data)]);
        }
    }

    /// What is signed: every set but those that belong to a zone below (RFC 4035 §2.2).
    fn signed_sets(&self) -> Vec<(Name, RecordType)> {
        let of_name = |(name, is_cut): (Name, bool)| {
            let own = move |kind: &RecordType| !is_cut || matches!(kind, RecordType::DS | RecordType::NSEC);
            self.kinds(&name).filter(own).map(|kind| (name.clone(), kind)).collect::<Vec<_>>()
        };
        self.own_names().into_iter().flat_map(of_name).collect()
    }
}
