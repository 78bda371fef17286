//! A whole capture with its keys: streams are put together, TLS and QUIC opened, HTTP/2, HTTP/3 and WebSocket read in them; all of
//! it is explained, of every packet and of everything that was opened with it.
#![no_main]
use libfuzzer_sys::fuzz_target;
use roundtrip::explained;
use roundtrip::wire::analysis::{Linked, Seen};
use roundtrip::wire::capture::{Item, Reader};
use roundtrip::wire::link::LinkType;
use roundtrip::wire::{analysis, decode_on, opened};

fuzz_target!(|data: &[u8]| {
    let mut reader = Reader::default();
    reader.push(data);
    reader.end();
    let (mut links, mut packets, mut keys) = (Vec::new(), Vec::new(), String::new());
    while let Ok(Some(item)) = reader.next_item() {
        match item {
            Item::Interface(it) => links.push(it.link),
            Item::KeyLog(lines) => keys.push_str(&lines),
            Item::Packet(it) => {
                let link = links.get(it.interface).copied().unwrap_or(LinkType::Ethernet);
                packets.push((it.at_ns.unwrap_or(0), link, it.bytes.to_vec()));
            }
            _ => {}
        }
    }
    let linked = (1..)
        .zip(&packets)
        .map(|(n, (at_ns, link, frame))| Linked { seen: Seen { n, at_ns: *at_ns, frame }, link: *link });
    let linked: Vec<Linked<'_>> = linked.collect();
    let analysis = analysis::analyse(linked.iter().copied());
    for flow in &analysis.flows {
        assert!(flow.packets.iter().all(|it| analysis.segments.contains_key(it)));
    }
    let opened = opened::open(linked, &keys);
    for (n, (_, link, frame)) in (1..).zip(&packets) {
        let decoded = decode_on(*link, frame);
        assert_eq!(explained(&decoded, frame.len()), Ok(()));
        for unit in opened.at(n) {
            assert_eq!(explained(&unit.decoded, unit.bytes.len()), Ok(()), "{}", unit.title);
        }
    }
});
