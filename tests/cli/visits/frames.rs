//! Frames of HTTP/2 as no server should send them (RFC 9113 §4.1, §6).
use super::server::{Secured, pause, say, say_nothing};

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const ENHANCE_YOUR_CALM: [u8; 4] = [0, 0, 0, 0xb];
const INTERNAL_ERROR: [u8; 4] = [0, 0, 0, 2];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a frame is small").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Settings without any.
fn settings() -> Vec<u8> {
    frame(SETTINGS, 0, 0, &[])
}

/// The connection is over before it began.
pub(crate) fn goes_away(stream: &mut Secured) {
    let payload = [&[0, 0, 0, 0][..], &ENHANCE_YOUR_CALM].concat();
    say(stream, &[settings(), frame(GOAWAY, 0, 0, &payload)].concat());
    say_nothing(stream);
}

/// Resets the request's stream over and over, once the request is there.
pub(crate) fn resets(stream: &mut Secured) {
    say(stream, &settings());
    let mut first = [0; 4096];
    drop(std::io::Read::read(stream, &mut first));
    pause(200);
    let flood = frame(RST_STREAM, 0, 1, &INTERNAL_ERROR).repeat(100_000);
    say(stream, &flood);
    say_nothing(stream);
}

/// Asks whether the client is there, without end.
pub(crate) fn pings(stream: &mut Secured) {
    say(stream, &settings());
    let flood = frame(PING, 0, 0, &[7; 8]).repeat(500);
    while say(stream, &flood) {}
}

/// Settings without end.
pub(crate) fn settles(stream: &mut Secured) {
    let flood = settings().repeat(500);
    while say(stream, &flood) {}
}

/// A head of a megabyte, in pieces; the length of a field is said once, and its bytes come and come.
pub(crate) fn goes_on(stream: &mut Secured) {
    say(stream, &settings());
    let mut first = [0; 4096];
    drop(std::io::Read::read(stream, &mut first));
    pause(200);
    // RFC 7541 §6.1, §6.2.2: :status 200, then literals without indexing, each a name of one byte and a value of 100.
    let field = [&[0, 1, b'x', 100][..], &[b'y'; 100]].concat();
    say(stream, &frame(HEADERS, 0, 1, &[0x88]));
    for _ in 0..100 {
        if !say(stream, &frame(CONTINUATION, 0, 1, &field.repeat(100))) {
            return;
        }
    }
    say_nothing(stream);
}
