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
        for name in chain(it) {
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

/// The protocols of a packet from the outside in, what was opened with it behind; each once.
fn chain(it: &Studied<'_>) -> Vec<&'static str> {
    // What an error quotes was not sent with this packet.
    let error = it.decoded.layers.iter().position(|layer| ["icmp", "icmpv6"].contains(&layer.name));
    let sent = error.map_or(it.decoded.layers.len(), |at| at + 1);
    let opened = it.units.iter().flat_map(|unit| &unit.decoded.layers);
    let mut names: Vec<&'static str> = Vec::new();
    for layer in it.decoded.layers[..sent].iter().chain(opened) {
        // Extension headers are parts of their protocol, and so is what fills up a frame.
        let is_part = layer.name.contains('.') || layer.name == "padding";
        // Bytes of a record that goes over packets are data only until it is whole.
        let is_opened = layer.name == "data" && !it.units.is_empty();
        if !is_part && !is_opened && !names.contains(&layer.name) {
            names.push(layer.name);
        }
    }
    names
}
