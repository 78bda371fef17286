//! DNS: records of every type in use, EDNS with its options, updates and notices, messages over TCP.
use super::{A, A6, B, B6, TCP, UDP, datagram, frame4, frame6, joined, over6, segment};

pub(crate) fn frames() -> Vec<Vec<u8>> {
    [records(), edns(), operations(), streams()].concat()
}

/// The question is for `example.lab`, which so stands at byte 12; `lab` at 20.
const NAME: &[u8] = b"\x07example\x03lab\0";

fn message(flags: u16, kind: u16, counts: [u16; 4], rest: &[u8]) -> Vec<u8> {
    let counts: Vec<u8> = counts.iter().flat_map(|count| count.to_be_bytes()).collect();
    joined(&[&[0xab, 0xcd], &flags.to_be_bytes(), &counts, NAME, &kind.to_be_bytes(), &[0, 1], rest])
}

fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).expect("short").to_be_bytes();
    joined(&[b"\xc0\x0c", &kind.to_be_bytes(), b"\0\x01\0\0\x0e\x10", &length, data])
}

fn opt(high_code: u8, flags: u16, options: &[&[u8]]) -> Vec<u8> {
    let data = options.concat();
    let length = u16::try_from(data.len()).expect("short").to_be_bytes();
    joined(&[&[0, 0, 41, 0x04, 0xd0, high_code, 0], &flags.to_be_bytes(), &length, &data])
}

fn query(message: &[u8]) -> Vec<u8> {
    frame4(A, B, UDP, &datagram(40000, 53, message))
}

fn answer(message: &[u8]) -> Vec<u8> {
    frame4(B, A, UDP, &datagram(53, 40000, message))
}

/// An answer with one record.
fn one(kind: u16, data: &[u8]) -> Vec<u8> {
    answer(&message(0x8180, kind, [1, 1, 0, 0], &record(kind, data)))
}

fn records() -> Vec<Vec<u8>> {
    let times = [0x6a, 0x00, 0, 0, 0x69, 0xf0, 0, 0];
    let signature = joined(&[&[0, 1, 13, 2, 0, 0, 0x0e, 0x10], &times, &[0x30, 0x39], NAME, &[0x5a; 64]]);
    let hashed = joined(&[&[1, 1, 0, 10, 4], b"salt", &[20], &[0x42; 20], &[0, 6, 0x40, 0, 0, 0, 0, 2]]);
    let next = joined(&[b"\x01a", NAME, &[0, 7, 0x62, 1, 0, 8, 0, 3, 0x80], &[1, 1, 0x40]]);
    let service = joined(&[
        &[0, 1, 0],
        &[0, 0, 0, 4, 0, 1, 0, 3],
        b"\0\x01\0\x06\x02h2\x02h3",
        &[0, 3, 0, 2, 0x20, 0xfb],
        &[0, 4, 0, 8, 10, 0, 0, 1, 10, 0, 0, 2],
        &[0, 6, 0, 16],
        &A6.octets(),
        &[0, 99, 0, 3, 1, 2, 3],
    ]);
    vec![
        one(5, b"\x03web\xc0\x0c"),
        one(39, b"\x05other\x03lab\0"),
        one(33, b"\0\x0a\0\x05\x13\xc4\x03sip\x07example\x03lab\0"),
        one(35, b"\0\x64\0\x0a\x01S\x07SIP+D2U\0\x04_sip\x04_udp\x07example\x03lab\0"),
        one(13, b"\x07RFC8482\0"),
        one(257, b"\0\x05issueca.example"),
        one(257, b"\x80\x05iodefmailto:a@b.lab"),
        one(52, &joined(&[&[3, 1, 1], &[0x77; 32]])),
        one(44, &joined(&[&[4, 2], &[0x33; 32]])),
        one(43, &joined(&[&[0x30, 0x39, 13, 2], &[0x11; 32]])),
        one(48, &joined(&[&[1, 1, 3, 13], &[0x22; 64]])),
        one(48, &joined(&[&[1, 0, 3, 8, 3, 1, 0, 1], &[0x22; 64]])),
        one(46, &signature),
        one(47, &next),
        one(50, &hashed),
        one(51, b"\x01\0\0\x0a\x04salt"),
        one(65, &service),
        one(64, b"\0\0\x03svc\x07example\x03lab\0"),
        one(16, b"\x0bv=spf1 -all\0\x03end"),
        one(999, b"unknown"),
        // A referral with glue, an answer that nothing is there, one that the name is not, one that did not fit.
        answer(&message(
            0x8000,
            1,
            [1, 0, 1, 1],
            &joined(&[
                b"\xc0\x14\0\x02\0\x01\0\x01\x51\x80\0\x05\x02ns\xc0\x14",
                b"\x02ns\xc0\x14\0\x01\0\x01\0\x01\x51\x80\0\x04\x0a\0\0\x35",
            ]),
        )),
        answer(&message(0x8403, 1, [1, 0, 1, 0], &record(6, &joined(&[b"\x02ns\xc0\x0c\x04root\xc0\x0c", &[0; 20]])))),
        answer(&message(0x8380, 16, [1, 0, 0, 0], &[])),
        query(&message(0x0110, 255, [1, 0, 0, 0], &[])),
        query(&message(0x0130, 252, [1, 0, 0, 0], &[])),
    ]
}

fn edns() -> Vec<Vec<u8>> {
    let asked: &[&[u8]] = &[
        &[0, 8, 0, 7, 0, 1, 24, 0, 192, 0, 2],
        b"\0\x0a\0\x08abcdefgh",
        &[0, 12, 0, 5, 0, 0, 0, 0, 0],
        &[0, 3, 0, 0],
        &[0, 11, 0, 0],
        &[0, 5, 0, 2, 8, 13],
    ];
    let told: &[&[u8]] = &[
        &[0, 8, 0, 11, 0, 2, 56, 48, 0x20, 1, 0xd, 0xb8, 0, 0, 1],
        b"\0\x0a\0\x10abcdefgh01234567",
        b"\0\x03\0\x03ns1",
        &[0, 11, 0, 2, 0, 200],
        b"\0\x0f\0\x09\0\x06expired",
    ];
    vec![
        query(&message(0x0120, 1, [1, 0, 0, 1], &opt(0, 0x8000, asked))),
        answer(&message(0x8182, 1, [1, 0, 0, 1], &opt(0, 0x8000, told))),
        answer(&message(0x8100, 1, [1, 0, 0, 1], &opt(1, 0, &[]))),
    ]
}

/// RFC 2136 and RFC 1996.
fn operations() -> Vec<Vec<u8>> {
    let gone = b"\xc0\x0c\0\xff\0\xfe\0\0\0\0\0\0";
    let added = record(1, &[10, 0, 0, 7]);
    let serial = record(6, &joined(&[b"\x02ns\xc0\x0c\x04root\xc0\x0c", &[0; 20]]));
    vec![
        query(&message(0x2800, 6, [1, 1, 1, 0], &joined(&[gone, &added]))),
        answer(&message(0xa805, 6, [1, 0, 0, 0], &[])),
        query(&message(0x2400, 6, [1, 1, 0, 0], &serial)),
        answer(&message(0xa400, 6, [1, 0, 0, 0], &[])),
    ]
}

fn streams() -> Vec<Vec<u8>> {
    let framed = |bytes: &[u8]| joined(&[&u16::try_from(bytes.len()).expect("short").to_be_bytes(), bytes]);
    let question = message(0x0100, 1, [1, 0, 0, 0], &[]);
    let two = joined(&[&framed(&question), &framed(&message(0x0100, 28, [1, 0, 0, 0], &[]))]);
    let long = framed(&message(0x8180, 16, [1, 2, 0, 0], &record(16, &[0x20; 33]).repeat(2)));
    let over_6 = over6([A6, B6], UDP, &datagram(40000, 53, &question));
    vec![
        frame4(A, B, TCP, &segment(40000, 53, 1, &two)),
        frame4(B, A, TCP, &segment(53, 40000, 1, &long[..60])),
        frame4(B, A, TCP, &segment(53, 40000, 61, &long[60..])),
        frame6([A6, B6], 64, &[], UDP, &over_6),
    ]
}
