//! Neighbor discovery with all its options, and group membership of both versions of IP.
use std::net::{Ipv4Addr, Ipv6Addr};

use super::{A, A6, B6, Headers, ICMPV6, IGMP, LINK_A, LINK_B, UDP, datagram, frame4, frame6, joined, over6, packet6};

const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);
const ALL_MLDV2: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x16);
const SOLICITED: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00, 2);
const NOBODY: Ipv6Addr = Ipv6Addr::UNSPECIFIED;
/// Hop-by-hop options with a router alert for MLD.
const ALERT: Headers<'static> = &[(0, &[0, 0, 5, 2, 0, 0, 1, 0])];

pub(crate) fn frames() -> Vec<Vec<u8>> {
    [addresses(), routers(), listeners6(), listeners4()].concat()
}

fn message(ends: [Ipv6Addr; 2], parts: &[&[u8]]) -> Vec<u8> {
    frame6(ends, 255, &[], ICMPV6, &over6(ends, ICMPV6, &joined(parts)))
}

const MAC_A: &[u8] = &[2, 0, 0, 0, 0, 1];

fn addresses() -> Vec<Vec<u8>> {
    let target = B6.octets();
    let ask: &[u8] = &[135, 0, 0, 0, 0, 0, 0, 0];
    let tell = |flags: u8| [136, 0, 0, 0, flags, 0, 0, 0];
    vec![
        message([A6, SOLICITED], &[ask, &target, &[1, 1], MAC_A]),
        message([NOBODY, SOLICITED], &[ask, &target, &[14, 1, 1, 2, 3, 4, 5, 6]]),
        message([B6, A6], &[&tell(0x60), &target, &[2, 1, 2, 0, 0, 0, 0, 2]]),
        message([B6, ALL_NODES], &[&tell(0xa0), &target, &[2, 1, 2, 0, 0, 0, 0, 2]]),
        message([B6, A6], &[&tell(0x40), &target]),
    ]
}

fn routers() -> Vec<Vec<u8>> {
    let prefix = joined(&[
        &[3, 4, 64, 0xc0],
        &86400_u32.to_be_bytes(),
        &14400_u32.to_be_bytes(),
        &[0; 4],
        &"2001:db8::".parse::<Ipv6Addr>().expect("a prefix").octets(),
    ]);
    let servers = joined(&[&[25, 5, 0, 0], &1800_u32.to_be_bytes(), &A6.octets(), &B6.octets()]);
    let search = joined(&[&[31, 3, 0, 0], &1800_u32.to_be_bytes(), b"\x07example\x03lab\0\0\0\0"]);
    let route = joined(&[&[24, 2, 48, 0x08], &1800_u32.to_be_bytes(), &[0x20, 1, 0xd, 0xb8, 0, 9, 0, 0]]);
    let nat64 = joined(&[&[38, 2], &(600_u16 / 8 * 8).to_be_bytes(), &[0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0]]);
    let mtu = [5, 1, 0, 0, 0, 0, 5, 0xdc];
    let start: &[u8] = &[134, 0, 0, 0, 64, 0x08, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 3, 0xe8];
    let every = [start, &[1, 1], MAC_A, &prefix, &mtu, &servers, &search, &route, &nat64];
    let forwarded = packet6([A6, B6], 64, &[], UDP, &over6([A6, B6], UDP, &datagram(40000, 7000, b"fits")));
    let header = joined(&[&[4, u8::try_from(forwarded.len().div_ceil(8) + 1).expect("short")], &[0; 6], &forwarded]);
    let redirect = [137, 0, 0, 0, 0, 0, 0, 0];
    let target = LINK_B.octets();
    let mut padded = header.clone();
    padded.resize(header.len().next_multiple_of(8), 0);
    vec![
        message([LINK_B, ALL_ROUTERS], &[&[133, 0, 0, 0, 0, 0, 0, 0], &[1, 1, 2, 0, 0, 0, 0, 2]]),
        message([NOBODY, ALL_ROUTERS], &[&[133, 0, 0, 0, 0, 0, 0, 0]]),
        message([LINK_A, ALL_NODES], &every),
        message([LINK_A, ALL_NODES], &[&[134, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]),
        message([LINK_A, A6], &[&redirect, &target, &B6.octets(), &[2, 1, 2, 0, 0, 0, 0, 2], &padded]),
    ]
}

fn listeners6() -> Vec<Vec<u8>> {
    let membership = |ends, parts: &[&[u8]]| frame6(ends, 1, ALERT, ICMPV6, &over6(ends, ICMPV6, &joined(parts)));
    let group = SOLICITED.octets();
    let record = |kind: u8, sources: &[Ipv6Addr]| {
        let sources: Vec<u8> = sources.iter().flat_map(Ipv6Addr::octets).collect();
        joined(&[&[kind, 0, 0, u8::try_from(sources.len() / 16).expect("few")], &group, &sources])
    };
    vec![
        membership([LINK_A, ALL_NODES], &[&[130, 0, 0, 0, 0x27, 0x10, 0, 0], &NOBODY.octets()]),
        membership([LINK_A, ALL_NODES], &[&[130, 0, 0, 0, 0x27, 0x10, 0, 0], &NOBODY.octets(), &[2, 125, 0, 0]]),
        membership([LINK_A, SOLICITED], &[&[130, 0, 0, 0, 0x27, 0x10, 0, 0], &group, &[0x0a, 125, 0, 1], &A6.octets()]),
        membership([LINK_B, SOLICITED], &[&[131, 0, 0, 0, 0, 0, 0, 0], &group]),
        membership([LINK_B, ALL_ROUTERS], &[&[132, 0, 0, 0, 0, 0, 0, 0], &group]),
        membership([LINK_B, ALL_MLDV2], &[&[143, 0, 0, 0, 0, 0, 0, 2], &record(4, &[]), &record(1, &[A6, B6])]),
    ]
}

fn listeners4() -> Vec<Vec<u8>> {
    let all = Ipv4Addr::new(224, 0, 0, 1);
    let group = Ipv4Addr::new(239, 1, 2, 3);
    let named = |kind: u8| joined(&[&[kind, 100, 0, 0], &group.octets()]);
    let record = joined(&[&[4, 0, 0, 1], &group.octets(), &A.octets()]);
    vec![
        frame4(A, all, IGMP, &[0x11, 100, 0, 0, 0, 0, 0, 0]),
        frame4(A, all, IGMP, &joined(&[&[0x11, 100, 0, 0, 0, 0, 0, 0, 2, 125, 0, 1], &A.octets()])),
        frame4(A, group, IGMP, &named(0x12)),
        frame4(A, group, IGMP, &named(0x16)),
        frame4(A, group, IGMP, &named(0x17)),
        frame4(A, Ipv4Addr::new(224, 0, 0, 22), IGMP, &joined(&[&[0x22, 0, 0, 0, 0, 0, 0, 1], &record])),
    ]
}
