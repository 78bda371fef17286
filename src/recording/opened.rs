//! What lies in the streams of a run, opened with its secrets where it has some: link by link, as a packet crosses one only.
use std::collections::BTreeMap;

use super::{Packet, Recording};
use crate::wire::analysis::Seen;
use crate::wire::opened::{self, Opened, Unit};

/// What was opened on each link.
#[derive(Clone, Debug, Default)]
pub struct Links(BTreeMap<usize, Opened>);

/// Opens what the run's secrets open, and what needs none: the first packets of QUIC, HTTP/2 in the clear.
#[must_use]
pub fn open(recording: &Recording) -> Links {
    let mut links: BTreeMap<usize, Vec<Seen<'_>>> = BTreeMap::new();
    for it in &recording.packets {
        links.entry(it.link).or_default().push(Seen { n: it.n, at_ns: it.at.0, frame: &it.bytes });
    }
    Links(links.into_iter().map(|(link, seen)| (link, opened::open(seen, &recording.secrets))).collect())
}

impl Links {
    /// What a packet brought to the end: it is shown at the last packet of those it came in.
    pub fn at(&self, packet: &Packet) -> impl Iterator<Item = &Unit> {
        self.0.get(&packet.link).into_iter().flat_map(|it| it.at(packet.n))
    }

    /// The packet's line, if it brought something: `TLS Encrypted Extensions, Certificate, Certificate Verify, Finished`.
    #[must_use]
    pub fn line(&self, packet: &Packet) -> Option<String> {
        self.0.get(&packet.link)?.line(packet.n)
    }
}

impl Recording {
    /// Takes the secrets of its connections: with them the packets' lines say what is inside. Gives what they open.
    pub fn open_with(&mut self, secrets: String) -> Links {
        self.secrets = secrets;
        let links = open(self);
        for packet in &mut self.packets {
            if let Some(line) = links.line(packet) {
                packet.summary = line;
            }
        }
        links
    }
}
