//! Whether signed records prove that something is not there: by the names around it (RFC 4035 §5.4).
use hickory_proto::dnssec::rdata::NSEC;
use hickory_proto::rr::{Name, Record, RecordType};

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
    /// Whether the name lies between: not at either end, and not in a zone below the owner, which others tell about (RFC 6840 §4.1).
    fn covers(&self, name: &Name) -> bool {
        let next = self.data.next_domain_name();
        let last = next <= self.owner;
        let between = self.owner < name && (last || name < next);
        between && !(self.data.is_ancestor_delegation() && self.owner.zone_of(name))
    }

    fn lacks(&self, kind: RecordType) -> bool {
        !self.data.type_set().contains(kind) && !self.data.type_set().contains(RecordType::CNAME)
    }
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

    /// Whether a zone begins at the name: it has NS records (RFC 6840 §4.4).
    pub(in crate::services::dns) fn is_cut(&self, name: &Name) -> bool {
        let own = self.spans.iter().any(|it| it.owner == name && it.data.type_set().contains(RecordType::NS));
        own || self.hashes.is_cut(name)
    }

    fn has_no(&self, name: &Name, kind: RecordType) -> bool {
        self.spans.iter().filter(|it| it.owner == name).any(|it| {
            // RFC 6840 §4.1: what stands above a cut tells of DS only, and what stands below it does not.
            let side = if kind == RecordType::DS {
                name.is_root() || !it.data.type_set().contains(RecordType::SOA)
            } else {
                !it.data.is_ancestor_delegation()
            };
            side && it.lacks(kind)
        })
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
