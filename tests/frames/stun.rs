//! STUN and TURN: the samples of RFC 5769, and messages with every other attribute.
use super::{A, A6, B, B6, TCP, UDP, datagram, frame4, frame6, joined, over6, segment};

/// RFC 5769 §2.1
const REQUEST: &str = "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff\
    80290008932ff9b151263b36000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249\
    c1b571a280280004e57a3bcf";
/// RFC 5769 §2.2
const RESPONSE: &str = "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643\
    000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96";
/// RFC 5769 §2.3
const RESPONSE_IPV6: &str = "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a1470113a9fa\
    a5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c";
/// RFC 5769 §2.4
const LONG_TERM: &str = "000100602112a44278ad3433c6ad72c029da412e00060012e3839ee38388e383aae38383e382afe382b900000015001c\
    662f2f3439396b39353464364f4c33346f4c394653547679363473410014000b6578616d706c652e6f72670000080014\
    f67024656dd64a3e02b8e0712e85c9a28ca89666";

const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];

pub(crate) fn frames() -> Vec<Vec<u8>> {
    let mut all: Vec<_> = [REQUEST, RESPONSE, RESPONSE_IPV6, LONG_TERM].map(|it| over_udp(&sample(it))).into();
    all.extend(refusals().iter().chain(&relaying()).map(|it| over_udp(it)));
    let request = sample(REQUEST);
    all.push(frame6([A6, B6], 64, &[], UDP, &over6([A6, B6], UDP, &datagram(40000, 3478, &request))));
    all.push(frame4(A, B, TCP, &segment(40000, 3478, 1, &request)));
    // A channel's data: 5 bytes, and over UDP no padding.
    all.push(over_udp(b"\x40\x01\0\x05hello"));
    all
}

fn over_udp(message: &[u8]) -> Vec<u8> {
    frame4(A, B, UDP, &datagram(40000, 3478, message))
}

fn sample(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
    (0..hex.len()).step_by(2).map(digit).collect()
}

fn message(kind: u16, attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (number, value) in attributes {
        let length = u16::try_from(value.len()).expect("short");
        body.extend(joined(&[&number.to_be_bytes(), &length.to_be_bytes(), value]));
        body.resize(body.len().next_multiple_of(4), 0);
    }
    let length = u16::try_from(body.len()).expect("short");
    joined(&[&kind.to_be_bytes(), &length.to_be_bytes(), &COOKIE, b"transaction!", &body])
}

fn refusals() -> Vec<Vec<u8>> {
    let algorithms = [0, 2, 0, 0, 0, 1, 0, 0];
    vec![
        message(
            0x0113,
            &[
                (0x0009, b"\0\0\x04\x01Unauthorized"),
                (0x0014, b"lab.example"),
                (0x0015, b"obMatJos2"),
                (0x8002, &algorithms),
            ],
        ),
        message(0x0111, &[(0x0009, b"\0\0\x04\x14Unknown Attribute"), (0x000a, &[0x7f, 0xff, 0x00, 0x33])]),
        message(0x0111, &[(0x0009, b"\0\0\x03\0Try Alternate"), (0x8023, &[0, 1, 0x0d, 0x96, 10, 0, 0, 9])]),
    ]
}

fn relaying() -> Vec<Vec<u8>> {
    // 10.0.0.2:9000, each XORed with the cookie.
    let peer = [0, 1, 0x02, 0x3a, 0x2b, 0x12, 0xa4, 0x40];
    vec![
        message(
            0x0003,
            &[
                (0x0019, &[17, 0, 0, 0]),
                (0x000d, &600_u32.to_be_bytes()),
                (0x0018, &[0x80]),
                (0x001a, &[]),
                (0x0017, &[2, 0, 0, 0]),
                (0x001d, &[0, 2, 0, 0]),
                (0x001e, &[0x5a; 32]),
            ],
        ),
        message(0x0103, &[(0x0016, &peer), (0x0020, &peer), (0x000d, &600_u32.to_be_bytes()), (0x0022, b"reserved")]),
        message(0x0009, &[(0x000c, &[0x40, 0x01, 0, 0]), (0x0012, &peer), (0x001c, &[0xa5; 32])]),
        message(0x0016, &[(0x0012, &peer), (0x0013, b"hello")]),
        message(0x0001, &[(0x0025, &[]), (0x802a, &[7; 8]), (0x0024, &[0x6e, 0, 1, 0xff])]),
        message(0x0101, &[(0x0001, &[0, 1, 0x9c, 0x40, 203, 0, 113, 5]), (0x7fff, b"unknown")]),
    ]
}
