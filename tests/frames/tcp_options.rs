//! Options of TCP that no demo sends: signatures, Fast Open, user timeout, Multipath TCP of both versions, experiments.
use super::{A, A6, B, TCP, frame4};

const SYN: u8 = 0x02;
const SYN_ACK: u8 = 0x12;
const ACK: u8 = 0x10;
const RST: u8 = 0x14;

pub(crate) fn frames() -> Vec<Vec<u8>> {
    let other = A6.octets();
    let all: Vec<(u8, Vec<&[u8]>)> = vec![
        (ACK, vec![&[19, 18], &[0xd5; 16]]),
        (ACK, vec![&[29, 16, 61, 84], &[0xa0; 12]]),
        (ACK, vec![&[29, 4, 7, 7]]),
        (SYN, vec![&[34, 2]]),
        (SYN_ACK, vec![&[34, 10], b"acookie!"]),
        (SYN, vec![&[34, 10], b"acookie!"]),
        (ACK, vec![&[28, 4, 0x80, 5]]),
        (ACK, vec![&[28, 4, 0x02, 0x58]]),
        (ACK, vec![&[172, 11, 0, 0, 1, 0, 0, 5, 0, 0, 1]]),
        (ACK, vec![&[174, 8, 0, 1, 0, 0, 0, 9]]),
        (SYN_ACK, vec![&[172, 2]]),
        (SYN, vec![&[254, 12, 0xf9, 0x89], b"acookie!"]),
        (SYN, vec![&[254, 6, 0xe2, 0xd4, 0xc3, 0xd9]]),
        (ACK, vec![&[253, 7, 0xac, 0xc0, 0, 0, 7]]),
        // MP_CAPABLE: of version 1 in SYN, SYN, ACK, ACK and with data; of version 0.
        (SYN, vec![&[30, 4, 0x01, 0x81]]),
        (SYN_ACK, vec![&[30, 12, 0x01, 0x01], &[0x5a; 8]]),
        (ACK, vec![&[30, 20, 0x01, 0x21], &[0x11; 8], &[0x5a; 8]]),
        (ACK, vec![&[30, 22, 0x01, 0x01], &[0x11; 8], &[0x5a; 8], &[0, 0]]),
        (ACK, vec![&[30, 24, 0x01, 0x81], &[0x11; 8], &[0x5a; 8], &[0, 0, 0x12, 0x34]]),
        (SYN, vec![&[30, 12, 0x00, 0x81], &[0x11; 8]]),
        // MP_JOIN
        (SYN, vec![&[30, 12, 0x11, 2, 0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4]]),
        (SYN_ACK, vec![&[30, 16, 0x10, 3], &[0x77; 8], &[5, 6, 7, 8]]),
        (ACK, vec![&[30, 24, 0x10, 0], &[0x88; 20]]),
        // DSS: an acknowledgment, a mapping, both in 8 bytes with the stream's end.
        (ACK, vec![&[30, 8, 0x20, 0x01, 0, 0, 0x10, 0]]),
        (ACK, vec![&[30, 14, 0x20, 0x04, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0]]),
        (ACK, vec![&[30, 26, 0x20, 0x1f], &[0x31; 8], &[0x32; 8], &[0, 0, 0, 1, 0, 1]]),
        // ADD_ADDR of both versions, with and without a port; sent back.
        (ACK, vec![&[30, 16, 0x30, 2, 192, 0, 2, 1], &[0x99; 8]]),
        (ACK, vec![&[30, 10, 0x31, 2, 192, 0, 2, 1, 0x1f, 0x90]]),
        (ACK, vec![&[30, 8, 0x34, 2, 192, 0, 2, 1]]),
        (ACK, vec![&[30, 30, 0x30, 4], &other, &[0x1f, 0x90], &[0x99; 8]]),
        (ACK, vec![&[30, 6, 0x40, 2, 3, 4]]),
        (ACK, vec![&[30, 3, 0x51]]),
        (ACK, vec![&[30, 4, 0x50, 2]]),
        (RST, vec![&[30, 12, 0x60, 0], &[0x41; 8]]),
        (ACK, vec![&[30, 12, 0x70, 0], &[0x5a; 8]]),
        (RST, vec![&[30, 4, 0x81, 6]]),
        (ACK, vec![&[30, 3, 0xf0]]),
    ];
    let numbered = (40000..).zip(all);
    numbered.map(|(port, (flags, options))| frame4(A, B, TCP, &segment(port, flags, &options.concat()))).collect()
}

/// A segment of a connection of its own, without its checksum.
fn segment(port: u16, flags: u8, options: &[u8]) -> Vec<u8> {
    let mut options = options.to_vec();
    options.resize(options.len().next_multiple_of(4), 1);
    let words = u8::try_from(5 + options.len() / 4).expect("a header has 60 bytes at the most");
    let mut bytes = port.to_be_bytes().to_vec();
    bytes.extend([0x23, 0x28, 0, 0, 0x1b, 0x58, 0, 0, 0x03, 0x84, words << 4, flags, 0x01, 0xf6, 0, 0, 0, 0]);
    if flags & 0x10 == 0 {
        bytes[8..12].fill(0);
    }
    bytes.extend(options);
    bytes
}
