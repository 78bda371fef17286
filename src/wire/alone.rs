//! Content that stands in no frame, read as the protocol it is said to be: what was cut out of a capture, or made up.
use super::grpc;
use super::http3;
use super::qpack::{self, Context};
use super::reader::{Reader, Words};
use super::walk::{self, Next};
use super::websocket;
use super::{Decoded, hpack, http2, tls, x509};

/// What the bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    Dns,
    /// With the lengths TCP needs.
    DnsStream,
    Dhcp,
    Dhcpv6,
    Http,
    /// Records.
    Tls,
    /// Handshake messages of TLS 1.3, without records.
    Handshake,
    Quic,
    Stun,
    Certificate,
    /// A header block of HPACK.
    HeaderBlock,
    /// One direction of HTTP/2.
    Http2,
    /// A field section of QPACK.
    FieldSection,
    /// A stream of QPACK's encoder.
    Encoder,
    /// A stream of HTTP/3.
    Http3,
    /// One direction of a WebSocket.
    WebSocket,
    /// Messages of gRPC in one direction of a call.
    Grpc,
}

/// All of them.
pub const ALL: [Content; 17] = [
    Content::Dns,
    Content::DnsStream,
    Content::Dhcp,
    Content::Dhcpv6,
    Content::Http,
    Content::Tls,
    Content::Handshake,
    Content::Quic,
    Content::Stun,
    Content::Certificate,
    Content::HeaderBlock,
    Content::Http2,
    Content::FieldSection,
    Content::Encoder,
    Content::Http3,
    Content::WebSocket,
    Content::Grpc,
];

/// More parts of a stream than this are not read.
const MOST_PARTS: usize = 1000;

const REST: Words = Words::new("data.data", "Rest", "", "Bytes behind what could be read.");

/// Reads the content; of a stream each part by itself, with its bytes.
#[must_use]
pub fn read(content: Content, bytes: &[u8]) -> Vec<(Vec<u8>, Decoded)> {
    match content {
        Content::Dns => inside(bytes, Next::Dns),
        Content::DnsStream => inside(bytes, Next::DnsStream),
        Content::Dhcp => inside(bytes, Next::Dhcp),
        Content::Dhcpv6 => inside(bytes, Next::Dhcpv6),
        Content::Http => inside(bytes, Next::Http),
        Content::Tls => inside(bytes, Next::Tls),
        Content::Quic => inside(bytes, Next::Quic),
        Content::Stun => inside(bytes, Next::Stun),
        Content::Handshake => {
            by(bytes, |r| drop(tls::messages(r, tls::Messages { is_13: true, ..Default::default() })))
        }
        Content::Certificate => by(bytes, |r| drop(x509::certificate(r))),
        Content::HeaderBlock => by(bytes, |r| drop(hpack::read(r, &mut hpack::Table::default()))),
        Content::FieldSection => {
            let context = Context { table: &qpack::Table::default(), capacity: 4096, packet: 1 };
            by(bytes, |r| drop(qpack::read(r, &context)))
        }
        Content::Encoder => {
            let mut table = qpack::Table::default();
            parts(bytes, |ahead| http3::instruction(ahead, |r| qpack::encoder(r, &mut table, 1)).map(|it| (it.0, it.2)))
        }
        Content::Http3 => parts(bytes, |ahead| {
            let length = http3::frame_length(ahead)?;
            let context = Context { table: &qpack::Table::default(), capacity: 4096, packet: 1 };
            Some((length, http3::frame(&ahead[..length], 0, &context).1))
        }),
        Content::Http2 => http2(bytes),
        Content::Grpc => parts(bytes, |ahead| {
            let length = grpc::length(ahead).ok()??;
            Some((length, grpc::message(&ahead[..length], true).1))
        }),
        Content::WebSocket => {
            let mut reading = websocket::Reading::new(false, false);
            parts(bytes, |ahead| {
                let length = websocket::length(ahead)?;
                Some((length, reading.read(&ahead[..length], 0).decoded))
            })
        }
    }
}

fn inside(bytes: &[u8], first: Next) -> Vec<(Vec<u8>, Decoded)> {
    vec![(bytes.to_vec(), walk::inside(bytes, 0..bytes.len(), first))]
}

fn by(bytes: &[u8], read: impl FnOnce(&mut Reader<'_>)) -> Vec<(Vec<u8>, Decoded)> {
    let mut r = Reader::new(bytes, 0..bytes.len(), true);
    read(&mut r);
    r.rest(&REST);
    let (layer, problems) = r.finish("data", "Content");
    vec![(bytes.to_vec(), Decoded { layers: vec![layer], problems, summary: String::new() })]
}

fn http2(bytes: &[u8]) -> Vec<(Vec<u8>, Decoded)> {
    let mut reading = http2::Reading::allowing(http2::table_allowed_by(bytes));
    let (mut all, mut at) = (Vec::new(), 0);
    while let Some(length) = http2::length(&bytes[at..]).filter(|_| all.len() < MOST_PARTS) {
        let part = &bytes[at..at + length];
        let frame = reading.read(part);
        all.extend(frame.block);
        all.push((part.to_vec(), frame.decoded));
        at += length;
    }
    all
}

/// One part behind another, each as long as it says; ends where one is not whole.
fn parts(bytes: &[u8], mut read: impl FnMut(&[u8]) -> Option<(usize, Decoded)>) -> Vec<(Vec<u8>, Decoded)> {
    let (mut all, mut at) = (Vec::new(), 0);
    while all.len() < MOST_PARTS && at < bytes.len() {
        let Some((length, decoded)) = read(&bytes[at..]).filter(|(length, _)| *length > 0) else { break };
        all.push((bytes[at..at + length].to_vec(), decoded));
        at += length;
    }
    all
}
