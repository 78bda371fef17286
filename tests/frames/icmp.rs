//! ICMP's messages of every type in use, with the packets they quote and what may follow those.
use std::net::Ipv4Addr;

use super::{A, B, ICMP, TCP, UDP, checksum, datagram, frame4, joined, packet4, segment};

pub(crate) fn frames() -> Vec<Vec<u8>> {
    [errors(), questions(), extended()].concat()
}

fn message(start: [u8; 2], word: [u8; 4], rest: &[u8]) -> Vec<u8> {
    frame4(B, A, ICMP, &joined(&[&start, &[0, 0], &word, rest]))
}

fn probe() -> Vec<u8> {
    packet4(A, B, 1, UDP, &datagram(40000, 33434, b"a probe"))
}

fn errors() -> Vec<Vec<u8>> {
    let probe = probe();
    let ping = packet4(A, B, 1, ICMP, &[8, 0, 0, 0, 0, 7, 0, 1, 1, 2, 3, 4]);
    let stream = packet4(A, B, 64, TCP, &segment(40000, 9000, 100, &[0x5a; 100]));
    let mut all: Vec<_> = (0..=15).map(|code| message([3, code], [0; 4], &probe)).collect();
    all.extend([
        message([3, 4], [0, 0, 5, 0x78], &stream[..28]),
        message([3, 3], [0; 4], &stream),
        message([5, 0], [10, 0, 0, 254], &probe),
        message([5, 1], [10, 0, 0, 254], &probe[..28]),
        message([11, 0], [0; 4], &ping),
        message([11, 1], [0; 4], &probe),
        message([12, 0], [9, 0, 0, 0], &probe),
        message([12, 1], [0; 4], &probe),
        message([4, 0], [0; 4], &probe),
    ]);
    all
}

fn questions() -> Vec<Vec<u8>> {
    let noon = 43_200_123_u32.to_be_bytes();
    vec![
        message([8, 0], [0, 7, 0, 1], b"abcdefgh"),
        message([0, 0], [0, 7, 0, 1], b"abcdefgh"),
        message([13, 0], [0, 7, 0, 2], &joined(&[&noon, &[0; 8]])),
        message([14, 0], [0, 7, 0, 2], &joined(&[&noon, &noon, &noon])),
        message([17, 0], [0, 7, 0, 3], &[0; 4]),
        message([18, 0], [0, 7, 0, 3], &[255, 255, 255, 0]),
        message([9, 0], [1, 2, 7, 8], &joined(&[&Ipv4Addr::new(10, 0, 0, 254).octets(), &[0, 0, 0, 9]])),
        message([10, 0], [0; 4], &[]),
    ]
}

/// RFC 4884: the quotation filled up to 128 bytes, a label of MPLS behind it.
fn extended() -> Vec<Vec<u8>> {
    let mut quoted = packet4(A, B, 1, UDP, &datagram(40000, 33434, &[0x5a; 200]));
    quoted.truncate(128);
    let mut extension = vec![0x20, 0, 0, 0, 0, 8, 1, 1, 0x01, 0x86, 0xa1, 1];
    let sum = checksum(&[&extension]);
    extension[2..4].copy_from_slice(&sum);
    vec![message([11, 0], [0, 32, 0, 0], &joined(&[&quoted, &extension]))]
}
