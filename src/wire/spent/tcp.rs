//! TCP's streams: in the clear, or sealed in records whose content stands byte for byte behind their headers.
use std::collections::BTreeMap;

use super::{Packet, Use, Uses, content};
use crate::wire::analysis::{self, Flow, Seen};
use crate::wire::opened::{Opened, Plain, Secrets, open_tls};

/// Tells what the segments of all connections carry.
pub(super) fn look(packets: &[Seen<'_>], secrets: &Secrets, all: &mut BTreeMap<u32, Packet>) {
    let analysis = analysis::analyse(packets.iter().copied());
    for (n, it) in &analysis.segments {
        let Some(packet) = all.get_mut(n) else { continue };
        // What no stream below takes out of it again was carried before.
        packet.spent.shift(Use::Payload, Use::Again, it.length);
        packet.acknowledges = it.acknowledges;
    }
    for flow in &analysis.flows {
        for (stream, uses) in flow.streams.iter().zip(uses(flow, secrets)) {
            for piece in stream.pieces() {
                let Some(packet) = all.get_mut(&piece.n) else { continue };
                for (range, what) in uses.within(piece.offsets.start as usize..piece.offsets.end as usize) {
                    packet.spent.shift(Use::Again, what, range.len());
                }
            }
        }
    }
}

/// What the bytes of both directions are for.
fn uses(flow: &Flow, secrets: &Secrets) -> [Uses; 2] {
    let Some(dialogue) = open_tls(flow, secrets, &mut Opened::default()) else {
        let sides = flow.streams.each_ref().map(Plain::of);
        return content::uses(sides.each_ref().map(Plain::bytes), None);
    };
    let inside = content::uses(dialogue.sides.each_ref().map(Plain::bytes), dialogue.protocol.as_deref());
    let mut outside = [Uses::default(), Uses::default()];
    for (side, uses) in outside.iter_mut().enumerate() {
        for (from, said) in &dialogue.placed[side] {
            uses.to(*from, Use::Security);
            for (range, what) in inside[side].within(said.clone()) {
                uses.to(from + range.end - said.start, what);
            }
        }
        uses.to(usize::MAX, Use::Security);
    }
    outside
}
