//! What a signed zone adds to an answer for who asks for it: signatures, and proofs of what is not there (RFC 4035 §3.1).
use hickory_proto::rr::{Name, Record, RecordType};

use super::{Zone, labels};

/// What goes with an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// Beside the records: their signatures.
    pub signatures: Vec<Record>,
    /// In the authority section: why there is not more.
    pub denial: Vec<Record>,
}

impl Zone {
    /// The proof of records that are there; of a wildcard's also that nothing nearer is (RFC 4035 §3.1.3.3).
    #[must_use]
    pub fn proof(&self, name: &Name, kind: RecordType) -> Proof {
        if self.exists(name) {
            return Proof { signatures: self.signature(name, kind).cloned().into_iter().collect(), denial: Vec::new() };
        }
        let (encloser, star) = self.source(name);
        let mut signatures: Vec<Record> = self.signature(&star, kind).cloned().into_iter().collect();
        signatures.iter_mut().for_each(|it| it.name = name.clone());
        let nearer = if self.is_hashed() { next_closer(name, &encloser) } else { name.clone() };
        Proof { signatures, denial: self.spans(&[nearer]) }
    }

    /// The proof that a name, or its records of a type, are not there (RFC 4035 §3.1.3.1, §3.1.3.2, §3.1.3.4; RFC 5155 §7.2).
    #[must_use]
    pub fn denial(&self, name: &Name) -> Vec<Record> {
        if self.exists(name) {
            return self.spans(std::slice::from_ref(name));
        }
        let (encloser, star) = self.source(name);
        if self.is_hashed() {
            let nearer = next_closer(name, &encloser);
            return self.spans(&[encloser, nearer, star]);
        }
        self.spans(&[name.clone(), star])
    }

    fn is_hashed(&self) -> bool {
        self.signed.as_ref().is_some_and(|it| it.hashed.is_some())
    }

    /// The closest name above that exists, and the `*` below it.
    fn source(&self, name: &Name) -> (Name, Name) {
        let mut above = (labels(&self.origin)..labels(name)).rev().map(|labels| name.trim_to(labels));
        let encloser = above.find(|it| self.exists(it)).unwrap_or_else(|| self.origin.clone());
        let star = encloser.prepend_label("*").unwrap_or_else(|_| encloser.clone());
        (encloser, star)
    }

    /// The records at these names, or those in whose span they lie; each once, with its signature.
    fn spans(&self, names: &[Name]) -> Vec<Record> {
        let mut all: Vec<Record> = Vec::new();
        for record in names.iter().flat_map(|name| self.span(name)) {
            if !all.contains(&record) {
                all.push(record);
            }
        }
        all
    }

    fn span(&self, name: &Name) -> Vec<Record> {
        let Some(signed) = &self.signed else { return Vec::new() };
        if let Some(hashed) = &signed.hashed {
            return hashed.at(name).to_vec();
        }
        let has = |(owner, _): &(&Name, &super::Node)| !self.records(owner, RecordType::NSEC).is_empty();
        let Some((owner, _)) = self.nodes.range(..=name.clone()).rev().find(has) else { return Vec::new() };
        let signature = self.signature(owner, RecordType::NSEC).cloned();
        self.records(owner, RecordType::NSEC).iter().cloned().chain(signature).collect()
    }
}

/// RFC 5155 §1.3: one label more than the closest encloser.
fn next_closer(name: &Name, encloser: &Name) -> Name {
    name.trim_to(labels(encloser) + 1)
}
