//! DHCPv6's conversation with addresses and prefixes, and a message that a relay hands on.
use std::net::Ipv6Addr;

use super::{A6, B6, LINK_A, LINK_B, UDP, datagram, frame6, joined, over6};

const SERVERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 2);
const CLIENT_ID: &[u8] = &[0, 1, 0, 14, 0, 1, 0, 1, 0x2e, 0x10, 0, 0, 2, 0, 0, 0, 0, 1];
const SERVER_ID: &[u8] = &[0, 2, 0, 10, 0, 3, 0, 1, 2, 0, 0, 0, 0, 2];

pub(crate) fn frames() -> Vec<Vec<u8>> {
    let association = [0, 3, 0, 12, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0];
    let wanted = [0, 6, 0, 4, 0, 23, 0, 24];
    let solicit =
        joined(&[&[1, 0xab, 0xcd, 0xef], CLIENT_ID, &association, &wanted, &[0, 8, 0, 2, 0, 0], &[0, 14, 0, 0]]);
    let reply = joined(&[&[7, 0xab, 0xcd, 0xef], CLIENT_ID, SERVER_ID, &given(), &settings()]);
    let relayed = [
        &[12, 0][..],
        &A6.octets(),
        &LINK_A.octets(),
        &[0, 9, 0, u8::try_from(solicit.len()).expect("short")],
        &solicit,
    ];
    let refused = joined(&[&[7, 1, 2, 3], CLIENT_ID, SERVER_ID, &[0, 13, 0, 9, 0, 2], b"nothing"]);
    vec![
        client(&solicit),
        server(&reply),
        server(&refused),
        message([A6, B6], [547, 547], &relayed.concat()),
        client(&joined(&[&[11, 9, 9, 9], CLIENT_ID, &wanted])),
    ]
}

fn message(ends: [Ipv6Addr; 2], [from, to]: [u16; 2], payload: &[u8]) -> Vec<u8> {
    frame6(ends, 64, &[], UDP, &over6(ends, UDP, &datagram(from, to, payload)))
}

fn client(payload: &[u8]) -> Vec<u8> {
    message([LINK_A, SERVERS], [546, 547], payload)
}

fn server(payload: &[u8]) -> Vec<u8> {
    message([LINK_B, LINK_A], [547, 546], payload)
}

fn given() -> Vec<u8> {
    let lifetimes = joined(&[&3600_u32.to_be_bytes(), &7200_u32.to_be_bytes()]);
    let address = joined(&[&[0, 5, 0, 24], &A6.octets(), &lifetimes]);
    let network: Ipv6Addr = "2001:db8:5::".parse().expect("a prefix");
    let prefix = joined(&[&[0, 26, 0, 25], &lifetimes, &[56], &network.octets()]);
    let times = joined(&[&1800_u32.to_be_bytes(), &2880_u32.to_be_bytes()]);
    joined(&[&[0, 3, 0, 40, 0, 0, 0, 7], &times, &address, &[0, 25, 0, 41, 0, 0, 0, 7], &times, &prefix])
}

fn settings() -> Vec<u8> {
    joined(&[
        &[0, 23, 0, 32],
        &A6.octets(),
        &B6.octets(),
        &[0, 24, 0, 13],
        b"\x07example\x03lab\0",
        &[0, 7, 0, 1, 255],
        &[0, 200, 0, 2, 1, 2],
    ])
}
