//! What the bytes of a program's stream are for, by the protocol it speaks: HTTP/1.1, WebSocket, HTTP/2, HTTP/3.
use super::{Use, Uses};
use crate::wire::http1::{self, Message, Upgraded};
use crate::wire::http2;
use crate::wire::quic::varint;
use crate::wire::websocket::Header;

/// Both directions of a TCP connection, or of what TLS carried there.
pub(super) fn uses([client, server]: [&[u8]; 2], protocol: Option<&[u8]>) -> [Uses; 2] {
    if protocol == Some(b"h2") || client.starts_with(http2::PREFACE) {
        return [client, server].map(http2);
    }
    let exchanges = http1::exchanges(client, server);
    let mut uses = [&exchanges.requests, &exchanges.responses].map(|it| http1(it));
    if let Some(Upgraded { from, .. }) = exchanges.upgraded.filter(|it| it.protocol == "websocket") {
        for ((uses, bytes), from) in uses.iter_mut().zip([client, server]).zip(from) {
            websocket(uses, bytes, from);
        }
    }
    uses
}

fn http1(messages: &[Message]) -> Uses {
    let mut uses = Uses::default();
    for it in messages {
        uses.to(it.head.end, Use::Fields);
        for part in &it.content {
            uses.to(part.start, Use::Framing);
            uses.to(part.end, Use::Payload);
        }
        uses.to(it.body.end, Use::Framing);
    }
    uses
}

/// RFC 6455 §5: what a control frame carries is for the connection.
fn websocket(uses: &mut Uses, bytes: &[u8], mut at: usize) {
    while let Some(head) = bytes.get(at..).and_then(Header::read) {
        let payload = usize::try_from(head.payload).unwrap_or(usize::MAX);
        let end = at.saturating_add(head.length).saturating_add(payload).min(bytes.len());
        uses.to(at + head.length, Use::Framing);
        uses.to(end, if head.is_control() { Use::Framing } else { Use::Payload });
        at = end;
    }
}

/// RFC 9113 §4.1: nine bytes of header, then what the kind says.
fn http2(bytes: &[u8]) -> Uses {
    let (mut uses, mut at) = (Uses::default(), 0);
    while let Some(length) = http2::length(&bytes[at..]) {
        let kind = if bytes[at..].starts_with(http2::PREFACE) { None } else { bytes.get(at + 3) };
        let inside = match kind {
            Some(0) => Use::Payload,
            // HEADERS, PUSH_PROMISE, CONTINUATION.
            Some(1 | 5 | 9) => Use::Fields,
            _ => Use::Framing,
        };
        uses.to((at + 9).min(at + length), Use::Framing);
        uses.to(at + length, inside);
        at += length;
    }
    uses
}

/// A stream of HTTP/3 by its number. RFC 9114 §6, §7.1.
pub(super) fn http3(id: u64, bytes: &[u8]) -> Uses {
    let (mut uses, mut at) = (Uses::default(), 0);
    if id & 2 != 0 {
        // RFC 9204 §4.2: instructions to the table are header fields that go ahead.
        let what = if varint(bytes).is_some_and(|it| it.0 == 2) { Use::Fields } else { Use::Framing };
        uses.to(varint(bytes).map_or(0, |it| it.1), Use::Framing);
        uses.to(bytes.len(), what);
        return uses;
    }
    while let Some((kind, length, from)) = frame(&bytes[at..]) {
        let end = at.saturating_add(from).saturating_add(length).min(bytes.len());
        uses.to(at + from, Use::Framing);
        uses.to(
            end,
            match kind {
                0 => Use::Payload,
                1 | 5 => Use::Fields,
                _ => Use::Framing,
            },
        );
        at = end;
    }
    uses
}

/// A frame's type, the length of its content, and where that begins.
fn frame(bytes: &[u8]) -> Option<(u64, usize, usize)> {
    let (kind, after) = varint(bytes)?;
    let (length, more) = varint(&bytes[after..])?;
    Some((kind, usize::try_from(length).unwrap_or(usize::MAX), after + more))
}
