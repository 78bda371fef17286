//! DHCP's conversation, and a message with every option that is taken apart.
use std::net::Ipv4Addr;

use super::{A, B, UDP, datagram, frame4, joined};

const BROADCAST: Ipv4Addr = Ipv4Addr::BROADCAST;
const NOBODY: Ipv4Addr = Ipv4Addr::UNSPECIFIED;
const SERVER: [u8; 6] = [54, 4, 10, 0, 0, 2];

pub(crate) fn frames() -> Vec<Vec<u8>> {
    let from_client = |options: &[&[u8]]| message(1, NOBODY, BROADCAST, [NOBODY, NOBODY, NOBODY], options);
    let from_server = |options: &[&[u8]]| message(2, B, BROADCAST, [NOBODY, A, NOBODY], options);
    let id: &[u8] = &[61, 7, 1, 2, 0, 0, 0, 0, 1];
    vec![
        from_client(&[&[53, 1, 1], id, &[55, 5, 1, 3, 6, 15, 121], &[12, 6], b"client", &[57, 2, 5, 0xdc]]),
        from_server(&[&[53, 1, 2], &SERVER, &[51, 4, 0, 0, 0x0e, 0x10], &[1, 4, 255, 255, 255, 0]]),
        from_client(&[&[53, 1, 3], id, &SERVER, &[50, 4, 10, 0, 0, 1]]),
        from_server(&[&[53, 1, 5], &SERVER, &[51, 4, 0, 0, 0x0e, 0x10], &every_option()]),
        from_server(&[&[53, 1, 6], &SERVER, &[56, 14], b"not this subne"]),
        message(1, A, B, [A, NOBODY, NOBODY], &[&[53, 1, 7], &SERVER]),
        message(1, A, B, [A, NOBODY, NOBODY], &[&[53, 1, 8], &[80, 0], &[0, 0]]),
        relayed(),
        overflowing(),
    ]
}

/// `addresses`: the client's, the offered one, the relay's.
fn message(
    operation: u8,
    from: Ipv4Addr,
    to: Ipv4Addr,
    [client, your, relay]: [Ipv4Addr; 3],
    options: &[&[u8]],
) -> Vec<u8> {
    let payload = payload(operation, [client, your, relay], &[0; 192], options);
    let (from_port, to_port) = if operation == 1 { (68, 67) } else { (67, 68) };
    frame4(from, to, UDP, &datagram(from_port, to_port, &payload))
}

fn payload(operation: u8, addresses: [Ipv4Addr; 3], names: &[u8], options: &[&[u8]]) -> Vec<u8> {
    let [client, your, relay] = addresses.map(|it| it.octets());
    let start = [operation, 1, 6, 0, 0x39, 0x03, 0xf3, 0x26, 0, 3, 0x80, 0];
    let hardware = [2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let fixed = joined(&[&start, &client, &your, &[0; 4], &relay, &hardware, names, &[99, 130, 83, 99]]);
    let mut whole = joined(&[&fixed, &options.concat(), &[255]]);
    whole.resize(whole.len().max(300), 0);
    whole
}

fn every_option() -> Vec<u8> {
    joined(&[
        &[1, 4, 255, 255, 255, 0],
        &[3, 4, 10, 0, 0, 254],
        &[6, 8, 10, 0, 0, 53, 10, 0, 0, 54],
        &[15, 11],
        b"example.lab",
        &[23, 1, 64],
        &[26, 2, 5, 0xdc],
        &[28, 4, 10, 0, 0, 255],
        &[42, 4, 10, 0, 0, 123],
        &[44, 4, 10, 0, 0, 7],
        &[46, 1, 8],
        &[58, 4, 0, 0, 7, 8],
        &[59, 4, 0, 0, 0x0c, 0x4e],
        &[60, 8],
        b"MSFT 5.0",
        &[66, 4],
        b"boot",
        &[67, 5],
        b"a.img",
        &[108, 4, 0, 0, 7, 8],
        &[114, 19],
        b"https://portal.lab/",
        &[116, 1, 1],
        &[119, 13],
        b"\x07example\x03lab\0",
        &[121, 13, 24, 192, 0, 2, 10, 0, 0, 9, 0, 10, 0, 0, 254],
        &[200, 3, 1, 2, 3],
        &[81, 11, 5, 0, 0],
        b"\x06client\0",
    ])
}

fn relayed() -> Vec<u8> {
    let relay = Ipv4Addr::new(10, 0, 0, 254);
    let options: &[&[u8]] = &[&[53, 1, 1], &[82, 14, 1, 6, 0, 4, 0, 1, 0, 2, 2, 4], b"abcd"];
    let payload = payload(1, [NOBODY, NOBODY, relay], &[0; 192], options);
    frame4(relay, B, UDP, &datagram(67, 67, &payload))
}

/// Options in the fields for the server's name and the boot file.
fn overflowing() -> Vec<u8> {
    let mut names = vec![0; 192];
    names[..9].copy_from_slice(&[12, 6, b'c', b'l', b'i', b'e', b'n', b't', 255]);
    names[64..71].copy_from_slice(&[3, 4, 10, 0, 0, 254, 255]);
    let payload = payload(2, [NOBODY, A, NOBODY], &names, &[&[53, 1, 5], &SERVER, &[52, 1, 3]]);
    frame4(B, BROADCAST, UDP, &datagram(67, 68, &payload))
}
