//! A sample's packets, read by our reader, and a capture written with all of them.
use std::io::Read as _;
use std::path::Path;

use roundtrip::wire::capture::{Item, Reader};
use roundtrip::wire::link::LinkType;

/// A packet and where it is from.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    /// The sample's name and the packet's number in it.
    pub(crate) place: String,
    pub(crate) link: LinkType,
    pub(crate) at_ns: u64,
    /// On the wire.
    pub(crate) length: u32,
    pub(crate) bytes: Vec<u8>,
}

/// The packets of a capture, with gzip or without, up to its end or to what is wrong with it, and the keys it brings.
pub(crate) fn read(file: &Path) -> (Vec<Packet>, String) {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let mut bytes = std::fs::read(file).expect("a sample can be read");
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::new();
        flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut plain).expect("a sample is whole");
        bytes = plain;
    }
    let mut reader = Reader::default();
    reader.push(&bytes);
    reader.end();
    let (mut links, mut packets, mut keys) = (Vec::new(), Vec::new(), String::new());
    while let Ok(Some(item)) = reader.next_item() {
        match item {
            Item::Interface(it) => links.push(it.link),
            Item::KeyLog(lines) => keys.push_str(&lines),
            Item::Packet(it) => packets.push(Packet {
                place: format!("{name}, packet {}", packets.len() + 1),
                link: links[it.interface],
                at_ns: it.at_ns.unwrap_or(0),
                length: it.length,
                bytes: it.bytes.to_vec(),
            }),
            _ => {}
        }
    }
    (packets, keys)
}

/// All of them in one capture, as pcapng: a place of capture for each kind of link.
pub(crate) fn pcapng(packets: &[Packet]) -> Vec<u8> {
    let mut links: Vec<LinkType> = packets.iter().map(|it| it.link).collect();
    links.sort();
    links.dedup();
    let mut file = Vec::new();
    block(&mut file, 0x0a0d_0d0a, &[&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat());
    for link in &links {
        // Times in nanoseconds: option 9 with 9 in it.
        let options = [9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0];
        block(&mut file, 1, &[&number(*link).to_le_bytes()[..], &[0; 2], &[0; 4], &options].concat());
    }
    for packet in packets {
        let interface = links.iter().position(|it| *it == packet.link).expect("it was just listed");
        let (high, low) = (packet.at_ns >> 32, packet.at_ns & 0xffff_ffff);
        let numbers = [interface as u64, high, low, packet.bytes.len() as u64, packet.length.into()];
        let head = numbers.map(|it| u32::try_from(it).expect("it is one").to_le_bytes()).concat();
        let mut body = [&head[..], &packet.bytes].concat();
        body.resize(body.len().next_multiple_of(4), 0);
        block(&mut file, 6, &body);
    }
    file
}

fn block(file: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let length = u32::try_from(body.len() + 12).expect("short").to_le_bytes();
    file.extend([&kind.to_le_bytes(), &length, body, &length].concat());
}

/// As captures have it.
fn number(link: LinkType) -> u16 {
    match link {
        LinkType::Null => 0,
        LinkType::Ethernet => 1,
        LinkType::Raw => 101,
        LinkType::Loop => 108,
        LinkType::Cooked => 113,
        LinkType::Ipv4 => 228,
        LinkType::Ipv6 => 229,
        LinkType::Cooked2 => 276,
        LinkType::Other(number) => number,
    }
}
