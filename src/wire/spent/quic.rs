//! QUIC's packets, by their frames; what streams carry, by HTTP/3.
use std::collections::BTreeMap;

use super::{Packet, Use, content};
use crate::wire::Field;
use crate::wire::analysis::{Seen, Stream};
use crate::wire::link::LinkType;
use crate::wire::opened::{Opened, Secrets, Unit, open_quic};
use crate::wire::walk::{self, Ends};

/// The seal of a packet.
const TAG: &str = "quic.tag";

/// A stream's connection by its two ends, whether the server wrote it, and its number.
type Key = (Ends, bool, u64);

/// Tells what the datagrams of all connections carry.
pub(super) fn look(packets: &[Seen<'_>], secrets: &Secrets, all: &mut BTreeMap<u32, Packet>) {
    let mut opened = Opened::default();
    open_quic(packets, secrets, &mut opened);
    let frames: BTreeMap<u32, &[u8]> = packets.iter().map(|it| (it.n, it.frame)).collect();
    let mut streams: BTreeMap<Key, Stream> = BTreeMap::new();
    let mut first = BTreeMap::new();
    for unit in opened.units().iter().filter(|it| it.decoded.layers.first().is_some_and(|it| it.name == "quic")) {
        let [n] = unit.packets[..] else { continue };
        let (Some(packet), Some((ends, datagram))) =
            (all.get_mut(&n), frames.get(&n).and_then(|it| walk::datagram(LinkType::Ethernet, it)))
        else {
            continue;
        };
        // What is not opened is sealed.
        if first.insert(n, ()).is_none() {
            packet.spent.shift(Use::Payload, Use::Security, datagram.len());
            packet.acknowledges = true;
        }
        packet.spent.shift(Use::Security, Use::Transport, unit.bytes.len());
        let ends = [ends[0].min(ends[1]), ends[0].max(ends[1])];
        let fields = || unit.decoded.layers.iter().flat_map(|it| &it.fields);
        for seal in fields().filter(|it| it.name == TAG) {
            packet.spent.shift(Use::Transport, Use::Security, seal.bytes().len());
        }
        for field in fields().filter(|it| it.name == "quic.frame") {
            frame(packet, field);
            if let Some((id, offset, bytes)) = carried(unit, field) {
                packet.spent.shift(Use::Transport, Use::Again, bytes.len());
                streams.entry((ends, unit.from_server, id)).or_default().insert(offset, bytes, n);
            }
        }
    }
    for ((_, _, id), stream) in &streams {
        let uses = content::http3(*id, &stream.bytes());
        for piece in stream.pieces() {
            let Some(packet) = all.get_mut(&piece.n) else { continue };
            for (range, what) in uses.within(piece.offsets.start as usize..piece.offsets.end as usize) {
                packet.spent.shift(Use::Again, what, range.len());
            }
        }
    }
}

fn frame(packet: &mut Packet, field: &Field) {
    let bytes = field.bytes().len();
    match field.label.as_str() {
        "ACK" => packet.ack_frames += bytes,
        "PADDING" => {}
        _ => packet.acknowledges = false,
    }
    if let Some(crypto) = field.named("quic.crypto.crypto_data") {
        packet.spent.shift(Use::Transport, Use::Security, crypto.bytes().len());
    }
}

/// What a STREAM frame carries: its stream, where it belongs there, the bytes.
fn carried<'a>(unit: &'a Unit, frame: &Field) -> Option<(u64, u32, &'a [u8])> {
    let number = |name: &str| frame.named(name).and_then(|it| it.value.parse::<u64>().ok());
    let bytes = unit.bytes.get(frame.named("quic.stream_data")?.bytes())?;
    let offset = u32::try_from(number("quic.stream.offset").unwrap_or(0)).ok()?;
    Some((number("quic.stream.stream_id")?, offset, bytes))
}
