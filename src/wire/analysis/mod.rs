//! Across packets: TCP connections followed through what one place saw, with relative numbers, marks and the bytes carried;
//! questions with their answers, errors with what they are about.
//!
//! The marks are those Wireshark gives (`tcp.analysis.*`), by the same evidence: what passed here, in which order, and when.
//! They are suspicions, as there: a capture cannot see why a host sent something.
mod judge;
mod marks;
mod pairs;
mod reset;
mod scale;
mod stream;
mod tracker;

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::link::LinkType;
use super::tcp::Segment;
use super::walk;
pub use marks::Mark;
pub(in crate::wire) use pairs::Pairs;
pub use reset::Reset;
pub use scale::Scale;
pub use stream::{Piece, Stream};
pub(in crate::wire) use tracker::{Connection, Place, Tracker};

/// A packet as one place saw it.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The packet's number: the marks' key.
    pub n: u32,
    pub at_ns: u64,
    pub frame: &'a [u8],
}

/// A packet as one place saw it, with the kind of its link.
#[derive(Clone, Copy, Debug)]
pub struct Linked<'a> {
    pub seen: Seen<'a>,
    pub link: LinkType,
    /// How many bytes it had on the wire: more than the frame, where the capture kept only its beginning.
    pub length: usize,
}

impl<'a> From<Seen<'a>> for Linked<'a> {
    /// All links of the lab are Ethernet, and its frames whole.
    fn from(seen: Seen<'a>) -> Self {
        Self { seen, link: LinkType::Ethernet, length: seen.frame.len() }
    }
}

/// What the packets say together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Analysis {
    /// In the order their first packet was seen.
    pub flows: Vec<Flow>,
    /// The TCP segments by packet number; other packets are not here.
    pub segments: BTreeMap<u32, Followed>,
    /// What packets have to do with each other besides connections, by packet number.
    pub pairs: BTreeMap<u32, Vec<Mark>>,
}

impl Analysis {
    /// All marks by packet number; packets without any are not here.
    #[must_use]
    pub fn into_marks(self) -> BTreeMap<u32, Vec<Mark>> {
        let mut all = self.pairs;
        for (n, it) in self.segments.into_iter().filter(|(_, it)| !it.marks.is_empty()) {
            all.entry(n).or_default().splice(0..0, it.marks);
        }
        all
    }
}

/// A TCP connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Who sent the SYN, or the first packet that was seen.
    pub client: (IpAddr, u16),
    pub server: (IpAddr, u16),
    /// Its packets' numbers, in order.
    pub packets: Vec<u32>,
    /// What the client sent, and what the server sent.
    pub streams: [Stream; 2],
    /// From the SYN to the ACK that ends the handshake.
    pub initial_rtt_ns: Option<u64>,
}

/// A segment with its place in its connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// Index into [`Analysis::flows`].
    pub flow: usize,
    /// Whether the server sent it: the index into [`Flow::streams`].
    pub from_server: bool,
    /// Counted from 0 at the SYN, so that the first byte of data is 1; also where the SYN was not seen.
    pub sequence: u32,
    /// The number behind its last: where what follows it begins.
    pub next: u32,
    /// In the other direction's numbers; `None` without ACK flag.
    pub acknowledgment: Option<u32>,
    /// Bytes of data on the wire, of which a capture may have kept fewer.
    pub length: usize,
    /// Whether it neither carries data nor opens or ends anything: it only says what has arrived, or how much may come.
    pub acknowledges: bool,
    /// In bytes, scaled where the side's SYN was seen to say by how much; else as it stands in the header.
    pub window: u32,
    /// How its side's windows are scaled; none in a SYN, whose window never is.
    pub scale: Option<Scale>,
    pub marks: Vec<Mark>,
    /// The summary in relative numbers, marks in front: `[Retransmission] TCP 49152 > 80 [ACK] Seq=1 ...`.
    pub line: String,
}

impl Flow {
    /// A connection none of whose packets was taken yet.
    pub(in crate::wire) fn of(it: &Connection) -> Self {
        let Connection { client, server, initial_rtt_ns, .. } = *it;
        Self { client, server, packets: Vec::new(), streams: [Stream::default(), Stream::default()], initial_rtt_ns }
    }

    /// Takes the next of its packets, with the segment's place in it.
    pub(in crate::wire) fn take(&mut self, seen: Seen<'_>, segment: &Segment, followed: &Followed) {
        self.packets.push(seen.n);
        // The SYN takes the first number; data in it begins after that.
        let offset = followed.sequence.wrapping_add(u32::from(segment.flags.syn)).wrapping_sub(1);
        let data = &seen.frame[segment.data.clone()];
        let stream = &mut self.streams[usize::from(followed.from_server)];
        stream.insert(offset, data, seen.n);
        stream.passed_unkept(offset, (data.len(), segment.length), seen.n);
    }
}

/// Follows every connection through the packets, which must be in the order they passed.
#[must_use]
pub fn analyse<'a>(packets: impl IntoIterator<Item = impl Into<Linked<'a>>>) -> Analysis {
    let (mut tracker, mut pairs) = (Tracker::default(), Pairs::default());
    let (mut analysis, mut connections) = (Analysis::default(), Vec::new());
    for packet in packets {
        let Linked { seen, link, length } = packet.into();
        let skimmed = walk::skim(link, seen.frame, length);
        pairs.take(seen, &skimmed);
        if let Some(segment) = skimmed.segment {
            let (place, marks) = tracker.take(&mut connections, seen.at_ns, &segment);
            let connection = &connections[place.flow as usize];
            let followed = connection.followed(place, &segment, marks);
            if analysis.flows.len() <= followed.flow {
                analysis.flows.push(Flow::of(connection));
            }
            analysis.flows[followed.flow].take(seen, &segment, &followed);
            analysis.segments.insert(seen.n, followed);
        }
    }
    for (flow, connection) in analysis.flows.iter_mut().zip(&connections) {
        flow.initial_rtt_ns = connection.initial_rtt_ns;
    }
    for (n, mark) in pairs.finish() {
        analysis.pairs.entry(n).or_default().push(mark);
    }
    analysis
}

#[cfg(test)]
mod tests;
