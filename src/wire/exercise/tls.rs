//! How many bytes of a capture are TLS: its records, put together from the segments that carried them.
use std::ops::Range;

use super::capture::Capture;
use super::chance::Chance;
use super::{Exercise, Form, Gap, Lacks};
use crate::wire::analysis::Flow;

/// The header of a record (RFC 8446 §5.1).
const HEADER: usize = 5;

/// How many bytes of TLS the first connection with TLS carried.
pub(super) fn make(capture: &Capture<'_>, _: &mut Chance) -> Result<Exercise, Lacks> {
    let is_tls = |flow: &&Flow| flow.streams.iter().any(|it| records(&it.bytes()).next().is_some());
    let lacking = || Lacks::of("no TLS whose first bytes are in it");
    let flow = capture.analysis.flows.iter().find(is_tls).ok_or_else(lacking)?;
    let [client, server] = [0, 1].map(|side| {
        let stream = flow.streams[side].bytes();
        let all: Vec<Range<usize>> = records(&stream).collect();
        (all.len(), all.iter().map(ExactSizeIterator::len).sum::<usize>())
    });
    let (count, bytes) = (client.0 + server.0, client.1 + server.1);
    let segments = capture.segments(flow);
    let data: usize = segments.iter().map(|it| it.followed.length).sum();
    let frames: usize = flow.packets.iter().map(|n| capture.length(*n)).sum();
    let why = format!(
        "{} records of the client have {} bytes, {} of the server {}, each with its header of {HEADER} bytes.",
        client.0, client.1, server.0, server.1
    );
    let gap = Gap::new("TLS", "bytes, digits only", bytes, why)
        .near(bytes - HEADER * count, "Those are the contents alone: the 5 bytes of each record's header are TLS, too.")
        .near(client.1, "That is what the client sent; the server's records belong to it.")
        .near(server.1, "That is what the server sent; the client's records belong to it.")
        .near(data, "That is all data of all segments: what was sent twice counts once, and a record that is not whole does not.")
        .near(frames, "Those are whole frames: the headers of Ethernet, IP and TCP are not TLS.");
    let packet = segments.iter().find(|it| it.followed.length > 0).map_or(1, |it| it.n);
    let explanation = format!(
        "{count} records, {bytes} bytes: {} from the client, {} from the server. They lie in the stream, not in the segments: a \
         record may go over several, and what was sent twice is in the stream once. \"Follow stream\" counts them for you; the \
         filter is `tls.record`.",
        client.1, server.1
    );
    Ok(Exercise { prompt: String::new(), form: Form::Fill(vec![gap]), explanation, packet })
}

/// The whole records a stream begins with, one after another.
fn records(stream: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let [20..=23, 3, 0..=4, high, low] = *stream.get(at..)?.first_chunk::<HEADER>()? else { return None };
        let end = at + HEADER + usize::from(u16::from_be_bytes([high, low]));
        (end <= stream.len()).then(|| std::mem::replace(&mut at, end)..end)
    })
}
