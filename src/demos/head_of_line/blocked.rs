//! Which resources had bytes that were there and could not be read, as bytes before them were missing: counted from the packets.
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use crate::demos::capture::Sight;
use crate::demos::quic_and_tcp::Got;
use crate::recording::Time;
use crate::recording::opened::Links;
use crate::wire::Field;

/// What one has in order of its bytes, and what came too early for it: `[from, to)`.
#[derive(Debug, Default)]
struct Order {
    next: u64,
    early: Vec<(u64, u64)>,
}

impl Order {
    /// Takes bytes that came; whether there is a gap before them.
    fn take(&mut self, from: u64, to: u64) -> bool {
        let gap = from > self.next && to > from;
        self.early.push((from, to));
        self.early.sort_unstable();
        for (from, to) in &self.early {
            if *from <= self.next {
                self.next = self.next.max(*to);
            }
        }
        self.early.retain(|(_, to)| *to > self.next);
        gap
    }
}

/// HTTP/3: the streams of which bytes came behind a gap in the same stream.
pub(super) fn quic(sights: &[Sight<'_>], links: &Links, begun: Time) -> usize {
    let (mut streams, mut blocked) = (BTreeMap::<u64, Order>::new(), BTreeSet::new());
    for sight in sights.iter().filter(|it| !it.sent) {
        for unit in links.at(sight.packet).filter(|it| it.from_server) {
            let fields = unit.decoded.layers.iter().flat_map(|it| &it.fields);
            for (id, from, to) in fields.filter(|it| it.name == "quic.frame").filter_map(carried) {
                let gap = streams.entry(id).or_default().take(from, to);
                // RFC 9000 §2.1: the streams of requests; the others are HTTP's own.
                if gap && sight.at >= begun && id.is_multiple_of(4) {
                    blocked.insert(id);
                }
            }
        }
    }
    blocked.len()
}

/// What a STREAM frame carries: its stream, and where it belongs there.
fn carried(frame: &Field) -> Option<(u64, u64, u64)> {
    let number = |name: &str| frame.named(name).and_then(|it| it.value.parse::<u64>().ok());
    let length = frame.named("quic.stream_data")?.bytes().len() as u64;
    let from = number("quic.stream.offset").unwrap_or(0);
    Some((number("quic.stream.stream_id")?, from, from + length))
}

/// Segments that came behind a gap in their connection's bytes: when, for which end of the client, and the packet's number.
fn behind_gaps(sights: &[Sight<'_>], begun: Time) -> Vec<(Time, SocketAddr, u32)> {
    let (mut firsts, mut orders) = (BTreeMap::new(), BTreeMap::<SocketAddr, Order>::new());
    let mut behind = Vec::new();
    for sight in sights.iter().filter(|it| !it.sent) {
        let Some(segment) = sight.tcp() else { continue };
        if segment.syn {
            firsts.insert(segment.to, segment.seq);
        }
        let Some(isn) = firsts.get(&segment.to).filter(|_| !segment.payload.is_empty()) else { continue };
        let from = u64::from(segment.offset(*isn));
        let to = from + segment.payload.len() as u64;
        if orders.entry(segment.to).or_default().take(from, to) && sight.at >= begun {
            behind.push((sight.at, segment.to, sight.packet.n));
        }
    }
    behind
}

/// HTTP/2: the streams with frames of which bytes came behind a gap in the connection's bytes.
pub(super) fn http2(sights: &[Sight<'_>], links: &Links, begun: Time) -> usize {
    let behind: BTreeSet<u32> = behind_gaps(sights, begun).into_iter().map(|(.., n)| n).collect();
    let mut blocked = BTreeSet::new();
    for sight in sights.iter().filter(|it| !it.sent) {
        let units = links.at(sight.packet).filter(|it| it.from_server);
        for unit in units.filter(|it| it.packets.iter().any(|it| behind.contains(it))) {
            for layer in &unit.decoded.layers {
                streams(&layer.fields, &mut blocked);
            }
        }
    }
    blocked.len()
}

/// The streams of requests that frames belong to.
fn streams(fields: &[Field], into: &mut BTreeSet<u64>) {
    for field in fields {
        if field.name == "http2.streamid" {
            into.extend(field.value.parse::<u64>().ok().filter(|it| *it > 0));
        }
        streams(&field.parts, into);
    }
}

/// HTTP/1.1: the answers under way when bytes came behind a gap on their connection, and those that stand in line behind them
/// there. `lanes` are the client's ends, to which resources were dealt out in turn.
pub(super) fn http1(sights: &[Sight<'_>], begun: Time, (lanes, got): (&[SocketAddr], &[Got])) -> usize {
    let behind = behind_gaps(sights, begun);
    let lane = |number: usize| lanes.get((number - 1) % lanes.len().max(1));
    let is_blocked =
        |it: &Got| behind.iter().any(|(at, to, _)| lane(it.number) == Some(to) && it.asked <= *at && *at <= it.done);
    let blocked: Vec<&Got> = got.iter().filter(|it| is_blocked(it)).collect();
    let waits =
        |it: &&Got| blocked.iter().any(|other| lane(other.number) == lane(it.number) && other.number <= it.number);
    got.iter().filter(waits).count()
}

#[cfg(test)]
mod tests {
    use super::Order;

    #[test]
    fn only_what_comes_behind_a_gap_waits_for_it() {
        let mut order = Order::default();
        let came = [(0, 10), (20, 30), (30, 40), (10, 20), (40, 50), (0, 10)];
        assert_eq!(came.map(|(from, to)| order.take(from, to)), [false, true, true, false, false, false]);
        assert_eq!((order.next, order.early.len()), (50, 0));
    }
}
