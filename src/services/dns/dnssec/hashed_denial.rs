//! Whether signed records prove that something is not there: by the hashes around it (RFC 5155 §8).
use data_encoding::BASE32_DNSSEC;
use hickory_proto::dnssec::Nsec3HashAlgorithm::SHA1;
use hickory_proto::dnssec::rdata::NSEC3;
use hickory_proto::rr::{Name, Record, RecordType};

use super::denial::{Absence, is_cut, lacks};
use super::{Flaw, nsec3};

/// Names hashed more often than this are not followed (RFC 9276 §3.2); zones should not hash again at all (§3.1).
pub const MOST_ITERATIONS: u16 = 50;
/// More records of one answer are not looked at: three are needed.
const MOST_RECORDS: usize = 8;
/// A longer salt is not followed.
const LONGEST_SALT: usize = 64;

/// NSEC3 records of one answer, which hash in the same way.
#[derive(Debug)]
pub(super) struct Hashes<'a> {
    zone: &'a Name,
    /// The owner's hash as base 32, and the data.
    all: Vec<(String, &'a NSEC3)>,
}

impl<'a> Hashes<'a> {
    pub(super) fn of(zone: &'a Name, records: &'a [Record]) -> Result<Self, Flaw> {
        let mut all: Vec<(String, &NSEC3)> = Vec::new();
        for record in records.iter().filter(|it| it.name.base_name() == *zone) {
            let (Some(data), Some(label)) = (nsec3(record), record.name.iter().next()) else { continue };
            if data.iterations() > MOST_ITERATIONS {
                let (zone, iterations) = (zone.clone(), data.iterations());
                return Err(Flaw::Iterations { zone, iterations, most: MOST_ITERATIONS });
            }
            let same = |(_, it): &(String, &NSEC3)| it.iterations() == data.iterations() && it.salt() == data.salt();
            if all.len() < MOST_RECORDS && all.iter().all(same) && data.salt().len() <= LONGEST_SALT {
                all.push((String::from_utf8_lossy(label).to_ascii_lowercase(), data));
            }
        }
        Ok(Self { zone, all })
    }

    /// RFC 5155 §8.5, §8.6, §8.7.
    pub(super) fn no_data(&self, name: &Name, kind: RecordType) -> Option<Absence> {
        if let Some(data) = self.at(name) {
            return lacks(data.type_set(), name, kind).then_some(Absence::Proved);
        }
        let (encloser, over) = self.encloser(name)?;
        if kind == RecordType::DS && over.opt_out() {
            return Some(Absence::OptOut);
        }
        let star = encloser.prepend_label("*").ok()?;
        // RFC 5155 §9.2: in a span with unsigned zones nothing is certain.
        let absence = if over.opt_out() { Absence::OptOut } else { Absence::Proved };
        lacks(self.at(&star)?.type_set(), &star, kind).then_some(absence)
    }

    /// RFC 5155 §8.4.
    pub(super) fn no_name(&self, name: &Name) -> Option<Absence> {
        let (encloser, over) = self.encloser(name)?;
        self.over(&encloser.prepend_label("*").ok()?)?;
        Some(if over.opt_out() { Absence::OptOut } else { Absence::Proved })
    }

    /// RFC 5155 §8.8.
    pub(super) fn nothing_nearer(&self, name: &Name, encloser: &Name) -> Option<Absence> {
        let over = self.over(&name.trim_to(encloser.iter().count() + 1))?;
        Some(if over.opt_out() { Absence::OptOut } else { Absence::Proved })
    }

    pub(super) fn is_cut(&self, name: &Name) -> bool {
        self.at(name).is_some_and(|it| is_cut(it.type_set()))
    }

    /// RFC 5155 §8.3: the closest name above that exists, and the record over the name one label longer.
    fn encloser(&self, name: &Name) -> Option<(Name, &NSEC3)> {
        let least = self.zone.iter().count();
        for labels in (least..name.iter().count()).rev() {
            let above = name.trim_to(labels);
            let Some(data) = self.at(&above) else { continue };
            if data.is_ancestor_delegation() {
                return None;
            }
            return Some((above, self.over(&name.trim_to(labels + 1))?));
        }
        None
    }

    /// The record at the name's hash.
    fn at(&self, name: &Name) -> Option<&NSEC3> {
        let hash = self.hash(name)?;
        self.all.iter().find(|(owner, _)| *owner == hash).map(|(_, data)| *data)
    }

    /// The record in whose span the name's hash lies.
    fn over(&self, name: &Name) -> Option<&NSEC3> {
        let hash = self.hash(name)?;
        let covers = |(owner, data): &&(String, &NSEC3)| {
            let next = BASE32_DNSSEC.encode(data.next_hashed_owner_name());
            let last = next <= *owner;
            *owner < hash && (last || hash < next) || (last && hash < next)
        };
        self.all.iter().find(covers).map(|(_, data)| *data)
    }

    fn hash(&self, name: &Name) -> Option<String> {
        let (_, first) = self.all.first()?;
        Some(BASE32_DNSSEC.encode(SHA1.hash(first.salt(), name, first.iterations()).ok()?.as_ref()))
    }
}
