//! gRPC: messages with a length in front in the bodies of HTTP/2, a status in the trailers. grpc/doc/PROTOCOL-HTTP2.md.
mod protobuf;
mod status;

use super::Decoded;
use super::hpack::Line;
use super::reader::{Reader, Words};
pub(super) use status::{of as status, said as status_said};

const SOURCE: &str = "gRPC over HTTP2, Length-Prefixed-Message";
const TYPE: Words = Words::new(
    "grpc.frame_type",
    "Frame type",
    "gRPC-Web protocol, HTTP wire protocols",
    "0 is a message. gRPC-Web, for browsers that cannot read trailers, sets the bit on a frame that holds those instead.",
);
const COMPRESSED: Words = Words::new(
    "grpc.compressed_flag",
    "Compressed",
    SOURCE,
    "Whether this message is compressed, as the header field grpc-encoding says: each message by itself may be.",
);
const LENGTH: Words = Words::new(
    "grpc.message_length",
    "Message length",
    SOURCE,
    "A stream is one long body, and DATA frames cut it anywhere: only this says where a message ends.",
);
const DATA: Words = Words::new(
    "grpc.message_data",
    "Message",
    SOURCE,
    "Bytes that the two programs agreed on: another format than protobuf, compressed, or none that reads whole.",
);

/// The flags and the length in front of a message.
const HEAD: usize = 5;
/// A longer message is not put together.
const MOST_MESSAGE: usize = 4 << 20;

/// Whether the header fields say that messages follow, and whether those are protobuf's.
pub(super) fn begins(lines: &[Line]) -> Option<bool> {
    let value = lines.iter().find(|it| *it.entry.name == *b"content-type").map(|it| &it.entry.value[..])?;
    let rest = value.strip_prefix(b"application/grpc")?;
    // What follows `application/grpc` without a `+` is protobuf by custom; `+json` and others say themselves.
    Some(rest.is_empty() || rest.starts_with(b"+proto") || rest.starts_with(b";"))
}

/// The length of the message that begins here, when all of it is here; an error when it will never be put together.
pub(super) fn length(bytes: &[u8]) -> Result<Option<usize>, ()> {
    let Some([_, size @ ..]) = bytes.first_chunk::<HEAD>() else { return Ok(None) };
    let length = HEAD.saturating_add(usize::try_from(u32::from_be_bytes(*size)).unwrap_or(usize::MAX));
    match length {
        _ if length > MOST_MESSAGE => Err(()),
        _ => Ok((length <= bytes.len()).then_some(length)),
    }
}

/// Reads a whole message with what stands in front of it; says what it is.
pub(super) fn message(bytes: &[u8], is_protobuf: bool) -> (String, Decoded) {
    let mut r = Reader::new(bytes, 0..bytes.len().min(HEAD), true);
    let web = r.number(&TYPE, 1).unwrap_or_default() == 1;
    r.means(if web { "trailers" } else { "a message" });
    let flags = r.number(&COMPRESSED, 7).unwrap_or_default();
    r.means(match flags {
        0 => "not compressed",
        1 => "compressed",
        _ => "not a known flag",
    });
    r.u32(&LENGTH);
    r.means("bytes");
    let (mut layer, mut problems) = r.finish("grpc", "gRPC message");
    let said = format!("gRPC message, {} bytes", bytes.len().saturating_sub(HEAD));
    let mut layers = Vec::new();
    if bytes.len() > HEAD {
        let mut r = Reader::new(bytes, HEAD..bytes.len(), true);
        if is_protobuf && flags == 0 && !web && protobuf::is_message(&bytes[HEAD..]) {
            protobuf::read(&mut r);
            let (inner, wrong) = r.finish("protobuf", "Protocol Buffers");
            layers.push(inner);
            problems.extend(wrong);
        } else {
            r.rest(&DATA);
            // The message is part of the layer that frames it.
            let (inner, wrong) = r.finish("grpc", "gRPC message");
            layer.bytes.end = inner.bytes.end;
            layer.fields.extend(inner.fields);
            problems.extend(wrong);
        }
    }
    layers.insert(0, layer);
    (said.clone(), Decoded { layers, problems, summary: said })
}

#[cfg(test)]
mod tests;
