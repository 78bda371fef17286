//! Whether signed records prove that something is not there: by the names around it (RFC 4035 §5.4).
use hickory_proto::dnssec::rdata::NSEC;
use hickory_proto::rr::{Name, Record, RecordType, RecordTypeSet};

use super::hashed_denial::Hashes;
use super::{Flaw, nsec};

/// What the proofs of an answer come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::services::dns) enum Absence {
    Proved,
    /// It lies in a span in which there may be unsigned zones (RFC 5155 §6, opt-out).
    OptOut,
}

/// Proofs that were verified, all of one zone.
#[derive(Debug)]
pub(in crate::services::dns) struct Proofs<'a> {
    zone: &'a Name,
    spans: Vec<Span<'a>>,
    hashes: Hashes<'a>,
}

/// An NSEC record: from its owner's name to the next.
#[derive(Clone, Copy, Debug)]
struct Span<'a> {
    owner: &'a Name,
    data: &'a NSEC,
}

impl Span<'_> {
    /// Whether the name lies between: not at either end, not in a zone below the owner, which others tell about, and not below
    /// an alias for all that is below it (DNAME; RFC 6840 §4.1).
    fn covers(&self, name: &Name) -> bool {
        let next = self.data.next_domain_name();
        let last = next <= self.owner;
        let between = self.owner < name && (last || name < next);
        between && !(self.data.is_ancestor_delegation() && self.owner.zone_of(name))
    }
}

/// Whether a proof with these types, which stands at the name itself, shows that it has no records of this type.
pub(super) fn lacks(types: &RecordTypeSet, name: &Name, kind: RecordType) -> bool {
    // RFC 5155 §8.9, RFC 6840 §4.1: what stands above a cut tells of DS only, and what stands below it does not.
    let side = if kind == RecordType::DS { name.is_root() || !types.contains(RecordType::SOA) } else { !is_cut(types) };
    // RFC 6840 §4.3: an alias would be the answer.
    side && !types.contains(kind) && !types.contains(RecordType::CNAME)
}

/// Whether these types are those of a name where a zone below begins, as the zone above sees it (RFC 6840 §4.4).
pub(super) fn is_cut(types: &RecordTypeSet) -> bool {
    types.contains(RecordType::NS) && !types.contains(RecordType::SOA)
}

impl<'a> Proofs<'a> {
    /// The proofs among these records, whose signatures hold.
    ///
    /// # Errors
    /// When names are hashed more often than is followed.
    pub(in crate::services::dns) fn of(zone: &'a Name, records: &'a [Record]) -> Result<Self, Flaw> {
        let span = |it: &'a Record| nsec(it).map(|data| Span { owner: &it.name, data });
        let spans = records.iter().filter(|it| zone.zone_of(&it.name)).filter_map(span).collect();
        Ok(Self { zone, spans, hashes: Hashes::of(zone, records)? })
    }

    /// That the name has no records of this type.
    pub(in crate::services::dns) fn no_data(&self, name: &Name, kind: RecordType) -> Result<Absence, Flaw> {
        if self.has_no(name, kind) || self.is_above_names(name) || self.star_has_no(name, kind) {
            return Ok(Absence::Proved);
        }
        let flaw = Flaw::NotProved { zone: self.zone.clone(), name: name.clone(), kind };
        self.hashes.no_data(name, kind).ok_or(flaw)
    }

    /// That there is no such name, and no `*` for it.
    pub(in crate::services::dns) fn no_name(&self, name: &Name) -> Result<Absence, Flaw> {
        let star = self.encloser(name).and_then(|it| it.prepend_label("*").ok());
        if star.is_some_and(|star| self.is_covered(&star)) {
            return Ok(Absence::Proved);
        }
        let flaw = Flaw::NameNotProved { zone: self.zone.clone(), name: name.clone() };
        self.hashes.no_name(name).ok_or(flaw)
    }

    /// That nothing nearer to the name is there than the `*` below `encloser` (RFC 4035 §5.3.4, RFC 5155 §8.8).
    pub(in crate::services::dns) fn nothing_nearer(
        &self,
        name: &Name,
        encloser: &Name,
        kind: RecordType,
    ) -> Result<Absence, Flaw> {
        let nearer = self.encloser(name).is_some_and(|it| it == *encloser);
        if nearer {
            return Ok(Absence::Proved);
        }
        let flaw = Flaw::Wildcard { zone: self.zone.clone(), name: name.clone(), kind };
        self.hashes.nothing_nearer(name, encloser).ok_or(flaw)
    }

    /// Whether a zone begins at the name.
    pub(in crate::services::dns) fn is_cut(&self, name: &Name) -> bool {
        self.spans.iter().any(|it| it.owner == name && is_cut(it.data.type_set())) || self.hashes.is_cut(name)
    }

    fn has_no(&self, name: &Name, kind: RecordType) -> bool {
        self.spans.iter().any(|it| it.owner == name && lacks(it.data.type_set(), name, kind))
    }

    /// Only names below it: the next name of a span over it is one of them.
    fn is_above_names(&self, name: &Name) -> bool {
        self.spans.iter().any(|it| it.covers(name) && name.zone_of(it.data.next_domain_name()))
    }

    fn star_has_no(&self, name: &Name, kind: RecordType) -> bool {
        let star = self.encloser(name).and_then(|it| it.prepend_label("*").ok());
        star.is_some_and(|star| self.has_no(&star, kind))
    }

    fn is_covered(&self, name: &Name) -> bool {
        self.spans.iter().any(|it| it.covers(name) && !name.zone_of(it.data.next_domain_name()))
    }

    /// The closest name above that exists, as the span over a name shows: the longest end it has in common with one of its own.
    fn encloser(&self, name: &Name) -> Option<Name> {
        let over = self.spans.iter().find(|it| it.covers(name) && !name.zone_of(it.data.next_domain_name()))?;
        let labels = (0..name.iter().count()).rev();
        let mut above = labels.map(|labels| name.trim_to(labels));
        above.find(|it| it.zone_of(over.owner) || it.zone_of(over.data.next_domain_name()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use hickory_proto::dnssec::Nsec3HashAlgorithm::SHA1;
    use hickory_proto::dnssec::rdata::{DNSSECRData, NSEC3};
    use hickory_proto::rr::RData;

    use super::*;
    use crate::services::dns::name;
    use RecordType::{A, DNAME, DS, MX, NS, SOA};

    fn own(text: &str) -> Name {
        name(text).expect("a name")
    }

    /// One NSEC record of example.com., from a name to the next.
    fn nsec(from: &str, next: &str, types: &[RecordType]) -> Record {
        let data = NSEC::new(own(next), types.iter().copied());
        Record::from_rdata(own(from), 60, RData::DNSSEC(DNSSECRData::NSEC(data)))
    }

    /// The NSEC3 record at a name, over everything else.
    fn nsec3(at: &str, types: &[RecordType]) -> Record {
        let hash = SHA1.hash(&[], &own(at), 0).expect("it encodes").as_ref().to_vec();
        let owner = own("example.com").prepend_label(data_encoding::BASE32_DNSSEC.encode(&hash)).expect("a name");
        let types: BTreeSet<RecordType> = types.iter().copied().collect();
        Record::from_rdata(
            owner,
            60,
            RData::DNSSEC(DNSSECRData::NSEC3(NSEC3::new(SHA1, false, 0, vec![], hash, types))),
        )
    }

    #[test]
    fn below_a_dname_nothing_is_proved_and_beside_it_everything() {
        // RFC 6672 §5.3.4.1, §5.3.4.2.
        let zone = own("example.com");
        let records = [
            nsec("example.com", "bar.example.com", &[NS, SOA]),
            nsec("bar.example.com", "dub.example.com", &[A, DNAME]),
        ];
        let proofs = Proofs::of(&zone, &records).expect("few");
        proofs.no_name(&own("foo.bar.example.com")).expect_err("it leads elsewhere");
        assert_eq!(proofs.no_name(&own("cee.example.com")), Ok(Absence::Proved));
        // The name itself is no alias.
        assert_eq!(proofs.no_data(&own("bar.example.com"), MX), Ok(Absence::Proved));
        let hashed = [nsec3("bar.example.com", &[A, DNAME])];
        let proofs = Proofs::of(&zone, &hashed).expect("few");
        proofs.no_name(&own("foo.bar.example.com")).expect_err("it leads elsewhere");
        assert_eq!(proofs.no_data(&own("bar.example.com"), MX), Ok(Absence::Proved));
    }

    #[test]
    fn each_side_of_a_cut_tells_of_its_own_records() {
        let zone = own("example.com");
        for (types, no_ds, no_mx, cut) in [
            (&[NS][..], true, false, true),
            (&[NS, SOA], false, true, false),
            (&[A], true, true, false),
            (&[NS, DS], false, false, true),
        ] {
            for record in [nsec("sub.example.com", "zzz.example.com", types), nsec3("sub.example.com", types)] {
                let records = [record];
                let (proofs, sub) = (Proofs::of(&zone, &records).expect("few"), own("sub.example.com"));
                let got = (proofs.no_data(&sub, DS).is_ok(), proofs.no_data(&sub, MX).is_ok(), proofs.is_cut(&sub));
                assert_eq!(got, (no_ds, no_mx, cut), "{types:?}");
            }
        }
    }
}
