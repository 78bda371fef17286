//! IPv6 with every extension header, what it carries, and ICMPv6's errors about it.
use std::net::Ipv6Addr;

use super::{A, A6, B, B6, ICMPV6, TCP, UDP, datagram, frame4, frame6, joined, over6, packet4, packet6, segment};

const HERE: [Ipv6Addr; 2] = [A6, B6];
const BACK: [Ipv6Addr; 2] = [B6, A6];

pub(crate) fn frames() -> Vec<Vec<u8>> {
    [transport(), extended(), fragments(), tunnels(), errors()].concat()
}

fn udp(payload: &[u8]) -> Vec<u8> {
    over6(HERE, UDP, &datagram(40000, 7000, payload))
}

fn transport() -> Vec<Vec<u8>> {
    let echo = |kind: u8, ends| over6(ends, ICMPV6, &joined(&[&[kind, 0, 0, 0, 0, 7, 0, 1], b"abcdefgh"]));
    vec![
        frame6(HERE, 64, &[], TCP, &over6(HERE, TCP, &segment(40000, 9000, 100, b"hello"))),
        frame6(HERE, 64, &[], UDP, &udp(b"hello")),
        frame6(HERE, 64, &[], ICMPV6, &echo(128, HERE)),
        frame6(BACK, 63, &[], ICMPV6, &echo(129, BACK)),
        frame6(HERE, 64, &[], 59, &[]),
        frame6(HERE, 64, &[], 253, b"an experiment of sixteen bytes"),
    ]
}

fn extended() -> Vec<Vec<u8>> {
    let alert: &[u8] = &[0, 0, 5, 2, 0, 0, 1, 0];
    let several: &[u8] = &[0, 1, 0x1e, 3, b'a', b'b', b'c', 0x04, 1, 4, 0, 1, 2, 0, 0, 0];
    let mobile = joined(&[&[0, 2, 1, 2, 0, 0, 0xc9, 16], &B6.octets()]);
    let via: Ipv6Addr = "2001:db8::99".parse().expect("an address");
    // Two segments of which one is left: the packet is on its way to `via`, and from there to B.
    let segments = joined(&[&[0, 4, 4, 1, 1, 0, 0, 9], &B6.octets(), &via.octets()]);
    let visited = joined(&[&[0, 2, 2, 0, 0, 0, 0, 0], &B6.octets()]);
    let message = udp(b"behind other headers");
    vec![
        frame6(HERE, 64, &[(0, alert)], UDP, &message),
        frame6(HERE, 64, &[(60, several)], UDP, &message),
        frame6(HERE, 64, &[(0, alert), (60, several), (43, &visited)], UDP, &message),
        frame6([A6, via], 64, &[(43, &segments)], UDP, &message),
        frame6(HERE, 64, &[(60, &mobile)], 59, &[]),
        frame6(HERE, 64, &[(44, &[0, 0, 0, 0, 0, 0, 0, 1])], UDP, &message),
    ]
}

fn fragments() -> Vec<Vec<u8>> {
    let message = udp(&[0x5a; 120]);
    let (first, last) = message.split_at(64);
    vec![
        frame6(HERE, 64, &[(44, &[0, 0, 0, 1, 0, 0, 0, 42])], UDP, first),
        frame6(HERE, 64, &[(44, &[0, 0, 0, 64, 0, 0, 0, 42])], UDP, last),
    ]
}

fn tunnels() -> Vec<Vec<u8>> {
    let inner6 = packet6(HERE, 64, &[], UDP, &udp(b"IPv6 inside IPv4"));
    let inner4 = packet4(A, B, 64, UDP, &datagram(40000, 7000, b"IPv4 inside IPv6"));
    vec![frame4(A, B, 41, &inner6), frame6(HERE, 64, &[], 4, &inner4)]
}

fn errors() -> Vec<Vec<u8>> {
    let probe = packet6(HERE, 1, &[], UDP, &udp(b"a probe"));
    let ping = packet6(HERE, 1, &[], ICMPV6, &over6(HERE, ICMPV6, &[128, 0, 0, 0, 0, 7, 0, 2, 1, 2, 3, 4]));
    let stream = packet6(HERE, 64, &[], TCP, &over6(HERE, TCP, &segment(40000, 9000, 100, &[0x5a; 200])));
    let long = packet6(HERE, 64, &[], UDP, &udp(&[0x5a; 200]));
    let error = |kind: u8, code: u8, word: u32, about: &[u8]| {
        let message = joined(&[&[kind, code, 0, 0], &word.to_be_bytes(), about]);
        frame6(BACK, 64, &[], ICMPV6, &over6(BACK, ICMPV6, &message))
    };
    let mut all: Vec<_> = (0..=6).map(|code| error(1, code, 0, &probe)).collect();
    all.extend([
        error(2, 0, 1280, &stream),
        error(3, 0, 0, &probe),
        error(3, 0, 0, &ping),
        error(3, 1, 0, &long[..120]),
        error(4, 0, 6, &probe),
        error(4, 1, 6, &probe),
        error(4, 2, 42, &probe),
    ]);
    all
}
