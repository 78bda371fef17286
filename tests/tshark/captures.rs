//! Captures of every kind: what editcap writes is read alike, and behind every kind of link tshark sees what we see.
use std::process::Command;

use roundtrip::wire::capture::{Item, Reader};
use roundtrip::wire::decode_on;
use roundtrip::wire::link::LinkType;

use super::crafted::{A, A6, B, B6, ICMPV6, UDP, datagram, over6, packet4, packet6};
use super::{Capture, Tally, compare_field, frames, pdml};

/// A packet that was read: when, on which link, its bytes.
type Read = (Option<u64>, LinkType, Vec<u8>);

/// What a file holds; a fault is the last line.
fn read(file: &[u8]) -> Result<Vec<Read>, String> {
    let mut reader = Reader::default();
    reader.push(file);
    reader.end();
    let (mut links, mut packets) = (Vec::new(), Vec::new());
    while let Some(item) = reader.next_item().map_err(|fault| fault.to_string())? {
        match item {
            Item::Interface(it) => links.push(it.link),
            Item::Packet(it) => packets.push((it.at_ns, links[it.interface], it.bytes.to_vec())),
            _ => {}
        }
    }
    Ok(packets)
}

/// The same file as editcap writes it.
pub(super) fn converted(file: &[u8], format: &str, more: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [from, to] = ["from", "to"].map(|name| folder.path().join(name));
    std::fs::write(&from, file).expect("room on the disk");
    let output = Command::new("editcap").args(more).args(["-F", format]).args([&from, &to]).output();
    let output = output.expect("editcap comes with tshark (Debian and Ubuntu: sudo apt-get install wireshark-common)");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read(to).expect("it was written")
}

#[test]
fn what_editcap_writes_is_read_alike() {
    let timed = (0..).map(|n| n * 1_000_001_234).zip(frames::kinds().into_iter().flat_map(|(_, frames)| frames));
    let capture = Capture { name: "kinds".into(), packets: timed.collect() };
    let file = capture.pcapng();
    let expected = |unit: u64| -> Vec<Read> {
        let rounded = |at: u64| Some(at / unit * unit);
        capture.packets.iter().map(|(at, bytes)| (rounded(*at), LinkType::Ethernet, bytes.clone())).collect()
    };
    for (format, unit) in [("pcapng", 1), ("nsecpcap", 1), ("pcap", 1000)] {
        assert_eq!(read(&converted(&file, format, &[])), Ok(expected(unit)), "{format}");
    }
    let modified = read(&converted(&file, "modpcap", &[])).expect_err("its records are longer");
    assert!(modified.contains("Kuznetzov"), "{modified}");
    let snoop = read(&converted(&file, "snoop", &[])).expect_err("another format");
    assert!(snoop.contains("snoop"), "{snoop}");
    let short = read(&converted(&file, "pcap", &["-s", "40"])).expect("packets cut short are no damage");
    assert!(short.iter().zip(&capture.packets).all(|((_, _, ours), (_, all))| *ours == all[..all.len().min(40)]));
}

const SLL: &[u8] = &[0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0];
const SLL2: &[u8] = &[0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0];
/// Of a link whose addresses are short.
const SLL_SHORT: &[u8] = &[0, 0, 3, 8, 0, 5, 10, 0, 0, 1, 9, 0, 0, 0];

/// The headers of a link before a packet of IPv4 and of IPv6.
type Headers = [Vec<u8>; 2];

fn links() -> Vec<(u16, Headers)> {
    let typed = |before: &[u8], after: &[u8]| [[8, 0], [0x86, 0xdd]].map(|it| [before, &it, after].concat());
    let family = |number: u8| [number, 0, 0, 0].to_vec();
    let network = |number: u8| [0, 0, 0, number].to_vec();
    vec![
        (101, [vec![], vec![]]),
        (228, [vec![], vec![]]),
        (229, [vec![], vec![]]),
        (113, typed(SLL, &[])),
        (113, typed(SLL_SHORT, &[])),
        (113, typed(&[SLL, &[0x81, 0, 0x60, 0x2a]].concat(), &[])),
        (276, typed(&[], SLL2)),
        (0, [family(2), family(30)]),
        (0, [network(2), network(28)]),
        (108, [network(2), network(24)]),
    ]
}

/// A pcap file of that link type.
fn pcap(link: u16, packets: &[Vec<u8>]) -> Vec<u8> {
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0];
    file.extend(u32::from(link).to_le_bytes());
    for packet in packets {
        let length = u32::try_from(packet.len()).expect("short").to_le_bytes();
        file.extend([[1, 0, 0, 0], [0; 4], length, length].concat());
        file.extend(packet);
    }
    file
}

#[test]
fn tshark_reads_the_same_behind_every_kind_of_link() {
    let ends = [A6, B6];
    let of4 = [packet4(A, B, 64, UDP, &datagram(40000, 9, b"ab"))];
    let echo = over6(ends, ICMPV6, b"\x80\0\0\0\0\x07\0\x01abcd");
    let of6 = [packet6(ends, 64, &[], ICMPV6, &echo)];
    let known = pdml::known_fields();
    let mut tally = Tally::default();
    for (number, [before4, before6]) in links() {
        let four = of4.iter().filter(|_| number != 229).map(|it| [&before4[..], it].concat());
        let six = of6.iter().filter(|_| number != 228).map(|it| [&before6[..], it].concat());
        let packets: Vec<Vec<u8>> = four.chain(six).collect();
        let file = pcap(number, &packets);
        let ours = read(&file).expect("a whole file");
        assert_eq!(ours.iter().map(|it| &it.2).collect::<Vec<_>>(), packets.iter().collect::<Vec<_>>());
        for ((_, link, bytes), theirs) in ours.iter().zip(pdml::dissect(&file)) {
            let decoded = decode_on(*link, bytes);
            let place = format!("{}: {}", link.name(), decoded.summary);
            assert_eq!(decoded.problems, [], "{place}");
            // What port 9 carries has a name of its own there.
            for layer in decoded.layers.iter().filter(|it| it.name != "data") {
                assert!(
                    theirs.protocols.iter().any(|it| it == layer.name),
                    "{place}: {} {:?}",
                    layer.name,
                    theirs.protocols
                );
                layer
                    .fields
                    .iter()
                    .for_each(|field| compare_field((&place, bytes), field, &theirs, &known, &mut tally));
            }
        }
    }
    tally.assert_none_differ();
    for name in [
        "sll.pkttype",
        "sll.hatype",
        "sll.src.eth",
        "sll.src.other",
        "sll.etype",
        "sll.ifindex",
        "null.family",
        "vlan.id",
    ] {
        assert!(tally.agreed.contains_key(name), "{name} was never compared: {:?}", tally.agreed);
    }
}
