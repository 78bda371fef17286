//! A zone: the records one server is the authority for, and what it says about a name (RFC 1034 §4.3.2).
mod entry;
mod hashed;
mod proof;
mod read;
mod sign;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use hickory_proto::rr::{Name, RData, Record, RecordType};

pub use proof::Proof;
pub use read::ZoneError;
use sign::Signed;

/// The records of one name, by type.
type Node = BTreeMap<RecordType, Vec<Record>>;

/// A zone as its file gives it. Names compare without case.
#[derive(Clone, Debug)]
pub struct Zone {
    origin: Name,
    soa: Record,
    /// In canonical order (RFC 4034 §6.1): what is below a name follows it.
    nodes: BTreeMap<Name, Node>,
    signed: Option<Signed>,
}

/// What a zone says about a name and type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<'z> {
    /// The records, their owner as asked; `wildcard` when a `*` gave them (RFC 4592).
    Records { records: Vec<Record>, wildcard: bool },
    /// The name is an alias; the question goes on with the target (RFC 1034 §3.6.2).
    Alias { record: Box<Record>, target: Name },
    /// The name lies below a zone cut: the servers of the zone below know more.
    Referral { cut: &'z Name, servers: &'z [Record] },
    /// The name exists, without records of this type (RFC 2308 §2.2).
    NoData,
    /// There is no such name (RFC 2308 §2.1).
    NoName,
}

impl Zone {
    /// Reads a zone file; `file` names it in messages. Relative names end with `origin` until a `$ORIGIN`.
    ///
    /// # Errors
    /// When an entry is no record, or the records make no zone; with the line.
    pub fn read(file: &str, text: &str, origin: &Name) -> Result<Self, ZoneError> {
        read::read(file, text, origin)
    }

    /// The zone's own name.
    #[must_use]
    pub const fn origin(&self) -> &Name {
        &self.origin
    }

    /// The SOA record as it stands with a negative answer: its TTL is the lesser of its own and MINIMUM (RFC 2308 §3).
    #[must_use]
    pub fn negative_soa(&self) -> Record {
        let mut soa = self.soa.clone();
        if let RData::SOA(data) = &soa.data {
            soa.ttl = soa.ttl.min(data.minimum);
        }
        soa
    }

    /// The records of a name and type, cuts and wildcards left aside: for glue and additional records.
    #[must_use]
    pub fn records(&self, name: &Name, kind: RecordType) -> &[Record] {
        self.nodes.get(name).and_then(|node| node.get(&kind)).map_or(&[], Vec::as_slice)
    }

    /// Every record, in canonical order of names.
    pub fn all(&self) -> impl Iterator<Item = &Record> {
        self.nodes.values().flat_map(BTreeMap::values).flatten()
    }

    /// Puts these records in place of those of that name and type; none takes them away. A signed zone is signed anew.
    pub fn set(&mut self, name: &Name, kind: RecordType, records: Vec<Record>) {
        self.put(name, kind, records);
        self.sign_again();
    }

    fn put(&mut self, name: &Name, kind: RecordType, records: Vec<Record>) {
        let node = self.nodes.entry(name.clone()).or_default();
        if records.is_empty() {
            node.remove(&kind);
        } else {
            node.insert(kind, records);
        }
        self.nodes.retain(|_, node| !node.is_empty());
    }

    /// What the zone says about a name at or below its own.
    #[must_use]
    pub fn look(&self, name: &Name, kind: RecordType) -> Found<'_> {
        let mut encloser = self.origin.clone();
        for here in labels(&self.origin) + 1..=labels(name) {
            let step = name.trim_to(here);
            if let Some(cut) = self.cut(&step, name, kind) {
                return cut;
            }
            if !self.exists(&step) {
                return self.wildcard(&encloser, name, kind);
            }
            encloser = step;
        }
        self.exact(name, kind)
    }

    /// The referral, where `step` is a zone cut on the way to `name`.
    fn cut(&self, step: &Name, name: &Name, kind: RecordType) -> Option<Found<'_>> {
        let (cut, node) = self.nodes.get_key_value(step)?;
        let servers = node.get(&RecordType::NS)?;
        // RFC 4035 §3.1.4.1: the DS record belongs to the side above the cut.
        let above = kind == RecordType::DS && step == name;
        (!above).then_some(Found::Referral { cut, servers })
    }

    /// Whether the name has records, or names below it have (an empty non-terminal: RFC 4592 §2.2.2).
    fn exists(&self, name: &Name) -> bool {
        self.nodes.range(name.clone()..).next().is_some_and(|(next, _)| name.zone_of(next))
    }

    fn exact(&self, name: &Name, kind: RecordType) -> Found<'_> {
        let Some(node) = self.nodes.get(name) else { return Found::NoData };
        Self::of(node, name, kind, false)
    }

    /// RFC 4592 §3.3: the `*` below the closest name that exists answers for what does not.
    fn wildcard(&self, encloser: &Name, name: &Name, kind: RecordType) -> Found<'_> {
        let star = encloser.prepend_label("*").ok().and_then(|star| self.nodes.get(&star));
        star.map_or(Found::NoName, |node| Self::of(node, name, kind, true))
    }

    fn of(node: &Node, name: &Name, kind: RecordType, wildcard: bool) -> Found<'static> {
        let owned = |record: &Record| {
            let mut record = record.clone();
            record.name = name.clone();
            record
        };
        if let Some(records) = node.get(&kind) {
            return Found::Records { records: records.iter().map(owned).collect(), wildcard };
        }
        match node.get(&RecordType::CNAME).and_then(|set| set.first()) {
            Some(record) => match &record.data {
                RData::CNAME(target) => Found::Alias { target: target.0.clone(), record: Box::new(owned(record)) },
                _ => Found::NoData,
            },
            None => Found::NoData,
        }
    }
}

/// The labels of a name, the root's left out and a `*` counted.
fn labels(name: &Name) -> usize {
    name.iter().count()
}
