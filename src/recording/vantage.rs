//! What one place saw of a run: the capture a `tcpdump` on one interface would have made.
//!
//! A packet that crosses two links is in the run twice; in one file Wireshark would take the second for a retransmission.
//! So a capture is of one interface: sent packets at the instant they were handed to the link, whatever became of them,
//! received ones at the instant they were in; what never arrived is not there.
use super::{Fate, Packet, Recording, Time};
use crate::wire::pcapng::{self, Captured, Direction};
use crate::wire::text::visible;

/// One interface of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Vantage {
    /// Index into the topology's nodes.
    pub node: usize,
    /// Index into the node's interfaces.
    pub interface: usize,
}

/// A packet as it passed a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen<'a> {
    pub at: Time,
    pub direction: Direction,
    pub packet: &'a Packet,
}

/// Every interface that has a link, in the order of nodes and interfaces.
#[must_use]
pub fn all(recording: &Recording) -> Vec<Vantage> {
    let ends = recording.topology.links.iter().flat_map(|link| link.ends);
    let mut all: Vec<_> = ends.map(|end| Vantage { node: end.node, interface: end.interface }).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The place of that [`Vantage::name`]; a node's name alone means its first interface with a link.
#[must_use]
pub fn find(recording: &Recording, name: &str) -> Option<Vantage> {
    let all = all(recording);
    let exact = all.iter().find(|it| it.name(recording) == name);
    exact.or_else(|| all.iter().find(|it| recording.node_name(it.node) == name)).copied()
}

impl Vantage {
    /// `client` for a node with one interface, `r1-eth1` for one of several.
    #[must_use]
    pub fn name(self, recording: &Recording) -> String {
        let Some(node) = recording.topology.nodes.get(self.node) else { return String::new() };
        match node.interfaces.get(self.interface) {
            Some(interface) if node.interfaces.len() > 1 => format!("{}-{}", node.name, interface.name),
            _ => node.name.clone(),
        }
    }

    /// What passed here, by time; at one instant by number: an answer has a higher number than what it answers, also
    /// where both cross here at the same instant.
    #[must_use]
    pub fn seen(self, recording: &Recording) -> Vec<Seen<'_>> {
        let mut seen = Vec::new();
        for packet in &recording.packets {
            let Some(link) = recording.topology.links.get(packet.link) else { continue };
            if !link.ends.iter().any(|end| (end.node, end.interface) == (self.node, self.interface)) {
                continue;
            }
            let copy = matches!(packet.fate, Fate::Copy { .. });
            if packet.from == self.node && !copy {
                seen.push(Seen { at: packet.at, direction: Direction::Out, packet });
            } else if let (Some(at), true) = (packet.arrived, packet.to == self.node) {
                seen.push(Seen { at, direction: Direction::In, packet });
            }
        }
        seen.sort_by_key(|it| (it.at, it.packet.n));
        seen
    }

    /// The capture as a file for Wireshark; each packet's comment says its number in the run and why it was sent. It
    /// holds the secrets of its TLS connections.
    #[must_use]
    pub fn pcapng(self, recording: &Recording) -> Vec<u8> {
        let interface = pcapng::Interface { name: self.name(recording) };
        let seen = self.seen(recording);
        let comments: Vec<_> = seen.iter().map(|it| comment(it)).collect();
        let packets = seen.iter().zip(&comments).map(|(it, comment)| Captured {
            interface: 0,
            at_ns: it.at.0,
            direction: it.direction,
            bytes: &it.packet.bytes,
            comment: Some(comment),
        });
        pcapng::write_with_secrets(&[interface], &recording.secrets, packets)
    }
}

fn comment(seen: &Seen<'_>) -> String {
    let reason = seen.packet.reason.as_ref().map_or(String::new(), |reason| format!(": {}", visible(reason)));
    format!("packet {} of the run{reason}", seen.packet.n)
}

#[cfg(test)]
mod tests {
    use crate::recording::sample::sample;

    use super::*;

    #[test]
    fn a_sender_sees_a_lost_packet_and_the_receiver_does_not() {
        let recording = sample();
        let numbers = |name| {
            let place = find(&recording, name).expect("a place");
            place.seen(&recording).iter().map(|it| (it.packet.n, it.at.0)).collect::<Vec<_>>()
        };
        assert_eq!(numbers("client"), [(1, 0), (2, 80_000_000), (3, 80_000_000)]);
        assert_eq!(numbers("server"), [(1, 40_000_000), (2, 40_000_000)]);
        assert_eq!(find(&recording, "nobody"), None);
    }
}
