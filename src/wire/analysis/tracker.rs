//! Which connection a segment is of, and its place there: what the segments before it showed, and nothing of what they carried.
use std::net::IpAddr;

use indexmap::IndexMap;

use super::judge::{self, Side};
use super::{Followed, Mark, Scale};
use crate::wire::tcp::Segment;

type End = (IpAddr, u16);

/// A connection without its packets.
#[derive(Clone, Copy, Debug)]
pub(in crate::wire) struct Connection {
    /// Who sent the SYN, or the first packet that was seen.
    pub(in crate::wire) client: End,
    pub(in crate::wire) server: End,
    /// The number before each side's first byte of data: where relative numbers begin.
    bases: [u32; 2],
    /// From the SYN to the ACK that ends the handshake.
    pub(in crate::wire) initial_rtt_ns: Option<u64>,
}

/// Where a segment stands in its connection: with the [`Connection`] and the segment it makes a [`Followed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::wire) struct Place {
    /// Index into the connections.
    pub(in crate::wire) flow: u32,
    pub(in crate::wire) from_server: bool,
    /// How the windows of its side are scaled.
    pub(in crate::wire) scale: Scale,
}

/// The two sides of a connection while it is followed.
struct Tracked {
    flow: u32,
    /// The client's, the server's.
    sides: [Side; 2],
    syn_ns: Option<u64>,
    /// The round trip that Wireshark judges by: it takes a SYN at time 0, as a run's first is, for none that was seen.
    judged_rtt_ns: Option<u64>,
}

/// Follows connections, segment after segment.
#[derive(Default)]
pub(in crate::wire) struct Tracker {
    /// By its two ends, the smaller first: the latest connection between them.
    open: IndexMap<(End, End), Tracked>,
}

impl Tracker {
    /// Takes the next segment, and gives the marks of it. The connections are in the order their first packet was seen; a new one
    /// is added to them.
    pub(in crate::wire) fn take(
        &mut self,
        connections: &mut Vec<Connection>,
        at_ns: u64,
        segment: &Segment,
    ) -> (Place, Vec<Mark>) {
        let ends = (segment.source.min(segment.destination), segment.source.max(segment.destination));
        let tracked = match self.open.entry(ends) {
            indexmap::map::Entry::Occupied(it) => {
                let it = it.into_mut();
                if is_new(it, &connections[it.flow as usize], segment) {
                    *it = begin(connections, segment);
                }
                it
            }
            indexmap::map::Entry::Vacant(it) => it.insert(begin(connections, segment)),
        };
        let connection = &mut connections[tracked.flow as usize];
        let from_server = connection.client != segment.source;
        let [client, server] = &mut tracked.sides;
        let (forward, reverse) = if from_server { (server, client) } else { (client, server) };
        forward.begin(segment, reverse);
        measure(connection, &mut tracked.syn_ns, at_ns, segment);
        if tracked.judged_rtt_ns.is_none() && tracked.syn_ns != Some(0) {
            tracked.judged_rtt_ns = connection.initial_rtt_ns;
        }
        let marks = judge::judge(forward, reverse, segment, at_ns, tracked.judged_rtt_ns);
        let scale = forward.scale;
        connection.bases = tracked.sides.each_ref().map(|side| side.base.unwrap_or_default());
        (Place { flow: tracked.flow, from_server, scale }, marks)
    }
}

fn begin(connections: &mut Vec<Connection>, segment: &Segment) -> Tracked {
    let (mut client, mut server) = (segment.source, segment.destination);
    if segment.flags.syn && segment.flags.ack {
        (client, server) = (server, client);
    }
    let flow = u32::try_from(connections.len()).expect("there are fewer connections than packets");
    connections.push(Connection { client, server, bases: [0; 2], initial_rtt_ns: None });
    Tracked { flow, sides: [Side::default(), Side::default()], syn_ns: None, judged_rtt_ns: None }
}

/// A SYN with another number between the same ends is another connection.
fn is_new(old: &Tracked, connection: &Connection, segment: &Segment) -> bool {
    let base = old.sides[usize::from(connection.client != segment.source)].base;
    segment.flags.syn && !segment.flags.ack && base.is_some_and(|base| base != segment.sequence)
}

/// Notes the time from the SYN to the ACK that ends the handshake.
fn measure(connection: &mut Connection, syn_ns: &mut Option<u64>, at_ns: u64, segment: &Segment) {
    if segment.source != connection.client || segment.flags.rst {
        return;
    }
    if segment.flags.syn {
        *syn_ns = Some(at_ns);
    } else if segment.flags.ack && connection.initial_rtt_ns.is_none() {
        connection.initial_rtt_ns = syn_ns.map(|syn| at_ns.saturating_sub(syn));
    }
}

impl Connection {
    /// A segment of this connection in its numbers.
    pub(in crate::wire) fn followed(&self, place: Place, segment: &Segment, marks: Vec<Mark>) -> Followed {
        let [forward, reverse] = if place.from_server { [self.bases[1], self.bases[0]] } else { self.bases };
        let sequence = segment.sequence.wrapping_sub(forward);
        let acknowledgment = segment.acknowledgment.wrapping_sub(reverse);
        let scale = Some(place.scale).filter(|_| !segment.flags.syn);
        let window = scale.map_or_else(|| segment.window.into(), |scale| scale.bytes(segment.window));
        let marked: String = marks.iter().map(|mark| format!("[{}] ", mark.label())).collect();
        let line = marked + &segment.line(sequence, acknowledgment, window);
        Followed {
            flow: place.flow as usize,
            from_server: place.from_server,
            sequence,
            next: sequence.wrapping_add(segment.space()),
            acknowledgment: segment.flags.ack.then_some(acknowledgment),
            length: segment.length,
            acknowledges: segment.space() == 0 && segment.flags.ack && !segment.flags.rst,
            window,
            scale,
            marks,
            line,
        }
    }
}
