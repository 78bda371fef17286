//! What the streams of a QUIC connection carried, each put together.
use std::collections::BTreeMap;
use std::ops::Range;

use crate::wire::analysis::Stream;
use crate::wire::opened::came::Came;
use crate::wire::opened::{Opened, Unit};
use crate::wire::reader::Reader;
use crate::wire::{Decoded, data};

/// The streams of one direction, by their ID.
pub(super) type Streams = BTreeMap<u64, Stream>;

/// Reads what both ends wrote: the client first.
pub(super) fn read(sides: [&Streams; 2], opened: &mut Opened) {
    for (from_server, streams) in [false, true].into_iter().zip(sides) {
        for (id, stream) in streams {
            plain(*id, stream, from_server, opened);
        }
    }
}

/// A stream of a protocol that is not read here.
fn plain(id: u64, stream: &Stream, from_server: bool, opened: &mut Opened) {
    let bytes = stream.bytes();
    if bytes.is_empty() {
        return;
    }
    let who = if from_server { "server" } else { "client" };
    let mut r = Reader::new(&bytes, 0..bytes.len(), true);
    data::read(&mut r, "a stream");
    let (layer, problems) = r.finish("data", format!("Stream {id}, data"));
    let decoded = Decoded { layers: vec![layer], problems, summary: format!("QUIC stream {id}") };
    let title = format!("QUIC stream {id} of the {who}, put together");
    opened.push(Unit { title, packets: packets(stream, &(0..bytes.len())), from_server, bytes, decoded });
}

/// The packets that brought these bytes of a stream, each once.
pub(super) fn packets(stream: &Stream, range: &Range<usize>) -> Vec<u32> {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let pieces = stream.pieces_of(offset(range.start)..offset(range.end));
    pieces.map(|piece| piece.n).collect::<Came>().into_list()
}
