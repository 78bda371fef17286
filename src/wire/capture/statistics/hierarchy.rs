//! What was spoken: how many packets have which protocol inside which.
use super::Count;
use crate::wire::capture::study::Studied;

/// A protocol inside another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// As a filter names it: `tcp`.
    pub name: &'static str,
    /// Of all packets that have it at this place: their whole length.
    pub count: Count,
    /// What stood in it, in the order it was first seen.
    pub inside: Vec<Self>,
}

/// Collects them.
#[derive(Clone, Debug, Default)]
pub struct Hierarchy {
    found: Vec<Protocol>,
}

impl Hierarchy {
    /// Takes the next packet.
    pub fn take(&mut self, it: &Studied<'_>) {
        let mut places = &mut self.found;
        for name in it.protocols() {
            let at = places.iter().position(|it| it.name == name).unwrap_or_else(|| {
                places.push(Protocol { name, count: Count::default(), inside: Vec::new() });
                places.len() - 1
            });
            let place = &mut places[at];
            place.count.add(it.held.length);
            places = &mut place.inside;
        }
    }

    /// The outermost.
    #[must_use]
    pub fn finish(self) -> Vec<Protocol> {
        self.found
    }
}
