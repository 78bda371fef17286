//! Across packets: TCP connections followed through what one place saw, with relative numbers, marks and the bytes carried;
//! questions with their answers, errors with what they are about.
//!
//! The marks are those Wireshark gives (`tcp.analysis.*`), by the same evidence: what passed here, in which order, and when.
//! They are suspicions, as there: a capture cannot see why a host sent something.
mod judge;
mod marks;
mod pairs;
mod stream;

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::link::LinkType;
use super::tcp::Segment;
use super::walk;
use judge::Side;
pub use marks::Mark;
use pairs::Pairs;
pub use stream::{Piece, Stream};

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
}

impl<'a> From<Seen<'a>> for Linked<'a> {
    /// All links of the lab are Ethernet.
    fn from(seen: Seen<'a>) -> Self {
        Self { seen, link: LinkType::Ethernet }
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
    /// In the other direction's numbers; `None` without ACK flag.
    pub acknowledgment: Option<u32>,
    /// Bytes of data.
    pub length: usize,
    /// Whether it neither carries data nor opens or ends anything: it only says what has arrived, or how much may come.
    pub acknowledges: bool,
    /// In bytes, scaled where both SYNs were seen to agree on it.
    pub window: u32,
    pub marks: Vec<Mark>,
    /// The summary in relative numbers, marks in front: `[Retransmission] TCP 49152 > 80 [ACK] Seq=1 ...`.
    pub line: String,
}

/// Follows every connection through the packets, which must be in the order they passed.
#[must_use]
pub fn analyse<'a>(packets: impl IntoIterator<Item = impl Into<Linked<'a>>>) -> Analysis {
    let (mut tracker, mut pairs) = (Tracker::default(), Pairs::default());
    for packet in packets {
        let Linked { seen, link } = packet.into();
        let walked = walk::walk_on(link, seen.frame, false);
        pairs.take(seen, &walked);
        if let Some(segment) = walked.segment {
            tracker.take(seen, &segment);
        }
    }
    Analysis { pairs: pairs.finish(), ..tracker.analysis }
}

type End = (IpAddr, u16);

/// The two sides of a connection while it is followed.
struct Tracked {
    flow: usize,
    /// The client's, the server's.
    sides: [Side; 2],
    syn_ns: Option<u64>,
    /// The round trip that Wireshark judges by: it takes a SYN at time 0, as a run's first is, for none that was seen.
    judged_rtt_ns: Option<u64>,
}

#[derive(Default)]
struct Tracker {
    analysis: Analysis,
    /// By its two ends, the smaller first: the latest connection between them.
    open: BTreeMap<(End, End), Tracked>,
}

impl Tracker {
    fn take(&mut self, seen: Seen<'_>, segment: &Segment) {
        let ends = (segment.source.min(segment.destination), segment.source.max(segment.destination));
        let mut tracked = match self.open.remove(&ends) {
            Some(old) if !is_new(&old, &self.analysis.flows[old.flow], segment) => old,
            _ => self.begin(segment),
        };
        let from_server = usize::from(self.analysis.flows[tracked.flow].client != segment.source);
        let (forward, reverse) = sides(&mut tracked.sides, from_server);
        forward.begin(segment, reverse);
        let flow = &mut self.analysis.flows[tracked.flow];
        measure(flow, &mut tracked.syn_ns, seen.at_ns, segment);
        if tracked.judged_rtt_ns.is_none() && tracked.syn_ns != Some(0) {
            tracked.judged_rtt_ns = flow.initial_rtt_ns;
        }
        let marks = judge::judge(forward, reverse, segment, seen.at_ns, tracked.judged_rtt_ns);
        let followed = follow(tracked.flow, from_server, forward, reverse, segment, marks);
        flow.packets.push(seen.n);
        let data = &seen.frame[segment.data.clone()];
        // The SYN takes the first number; data in it begins after that.
        let offset = followed.sequence.wrapping_add(u32::from(segment.flags.syn)).wrapping_sub(1);
        flow.streams[from_server].insert(offset, data, seen.n);
        self.analysis.segments.insert(seen.n, followed);
        self.open.insert(ends, tracked);
    }

    fn begin(&mut self, segment: &Segment) -> Tracked {
        let (mut client, mut server) = (segment.source, segment.destination);
        if segment.flags.syn && segment.flags.ack {
            (client, server) = (server, client);
        }
        let streams = [Stream::default(), Stream::default()];
        self.analysis.flows.push(Flow { client, server, packets: Vec::new(), streams, initial_rtt_ns: None });
        Tracked {
            flow: self.analysis.flows.len() - 1,
            sides: [Side::default(), Side::default()],
            syn_ns: None,
            judged_rtt_ns: None,
        }
    }
}

/// A SYN with another number between the same ends is another connection.
fn is_new(old: &Tracked, flow: &Flow, segment: &Segment) -> bool {
    let base = old.sides[usize::from(flow.client != segment.source)].base;
    segment.flags.syn && !segment.flags.ack && base.is_some_and(|base| base != segment.sequence)
}

fn sides(sides: &mut [Side; 2], from: usize) -> (&mut Side, &mut Side) {
    let [client, server] = sides;
    if from == 0 { (client, server) } else { (server, client) }
}

/// Notes the time from the SYN to the ACK that ends the handshake.
fn measure(flow: &mut Flow, syn_ns: &mut Option<u64>, at_ns: u64, segment: &Segment) {
    if segment.source != flow.client || segment.flags.rst {
        return;
    }
    if segment.flags.syn {
        *syn_ns = Some(at_ns);
    } else if segment.flags.ack && flow.initial_rtt_ns.is_none() {
        flow.initial_rtt_ns = syn_ns.map(|syn| at_ns.saturating_sub(syn));
    }
}

fn follow(
    flow: usize,
    from_server: usize,
    forward: &Side,
    reverse: &Side,
    segment: &Segment,
    marks: Vec<Mark>,
) -> Followed {
    let sequence = segment.sequence.wrapping_sub(forward.base.unwrap_or_default());
    let acknowledgment = segment.acknowledgment.wrapping_sub(reverse.base.unwrap_or_default());
    let window = u32::from(segment.window) << forward.shift(reverse, segment);
    let marked: String = marks.iter().map(|mark| format!("[{}] ", mark.label())).collect();
    let line = marked + &segment.line(sequence, acknowledgment, window);
    Followed {
        flow,
        from_server: from_server == 1,
        sequence,
        acknowledgment: segment.flags.ack.then_some(acknowledgment),
        length: segment.data.len(),
        acknowledges: segment.space() == 0 && segment.flags.ack && !segment.flags.rst,
        window,
        marks,
        line,
    }
}

#[cfg(test)]
mod tests;
