//! gRPC as a real client and server spoke it, in the captures of Wireshark: the same calls, messages, fields and values.
use roundtrip::wire::analysis::{Linked, Seen};
use roundtrip::wire::opened;
use roundtrip::wire::{Decoded, Field};

use super::super::pdml::{self, Dissected};
use super::file::{self, Packet};
use super::{explained, folders};

/// A capture, the port its HTTP/2 is at, which nothing in it says to tshark, and how many values tshark reads of it at the least.
const CALLS: &[(&str, u16, usize)] = &[
    ("grpc_person_search_protobuf_with_image.pcapng.gz", 50051, 30),
    ("grpc_person_search_json_with_image.pcapng.gz", 50052, 9),
    // Behind its packet 139 tshark 4.0 sees no HTTP/2; we read two messages more, to the answer's end.
    ("grpc_stream_reassembly_sample.pcapng.gz", 50051, 27),
];
/// The one that tshark does not read to its end.
const CUT: &str = "grpc_stream_reassembly_sample.pcapng.gz";

/// Compared in their order.
const COMPARED: &[&str] = &[
    "grpc.frame_type",
    "grpc.compressed_flag",
    "grpc.message_length",
    "protobuf.field.number",
    "protobuf.field.wiretype",
    "protobuf.field.value.length",
];

#[test]
fn tshark_reads_the_same_calls_of_grpc() {
    let [_, wireshark] = folders();
    let mut agreed = 0;
    for (name, port, least) in CALLS {
        let (packets, _) = file::read(&wireshark.join(name));
        let ours = ours(&packets);
        let theirs = pdml::dissect_as(&file::pcapng(&packets), &format!("tcp.port=={port},http2"));
        let theirs: Vec<_> = theirs.iter().flat_map(theirs_of).collect();
        assert!(!ours.is_empty(), "{name} has no call");
        for (place, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            assert_eq!(ours, theirs, "{name}, value {place}");
        }
        assert!(theirs.len() >= *least, "{name}: tshark reads only {} values", theirs.len());
        assert!(ours.len() == theirs.len() || *name == CUT && ours.len() > theirs.len(), "{name}: {}", ours.len());
        agreed += theirs.len();
    }
    println!("{agreed} values of gRPC and protobuf agree, none differs");
    assert!(agreed > 65, "only {agreed}");
}

/// Names and values as we read them, packet by packet; every byte of a message is in one field.
fn ours(packets: &[Packet]) -> Vec<(String, String)> {
    let linked = (1..).zip(packets).map(|(n, it)| Linked {
        seen: Seen { n, at_ns: it.at_ns, frame: &it.bytes },
        link: it.link,
        length: it.length as usize,
    });
    let opened = opened::open(linked, "");
    let mut told = Vec::new();
    for n in (1..).take(packets.len()) {
        for unit in opened.at(n).filter(|it| it.decoded.layer("grpc").is_some()) {
            assert_eq!(explained::explained(&unit.decoded, unit.bytes.len()), Ok(()), "{}", unit.title);
            tell(&unit.decoded, &mut told);
        }
    }
    told
}

/// Without its .proto file tshark does not look into a value.
fn tell(decoded: &Decoded, told: &mut Vec<(String, String)>) {
    let mut say = |field: &Field| {
        if COMPARED.contains(&field.name) {
            told.push((field.name.to_owned(), field.value.clone()));
        }
    };
    for field in decoded.layers.iter().flat_map(|it| &it.fields) {
        say(field);
        field.parts.iter().for_each(&mut say);
    }
}

fn theirs_of(packet: &Dissected) -> Vec<(String, String)> {
    let named = packet.fields.iter().filter(|it| COMPARED.contains(&it.name.as_str()));
    named.map(|it| (it.name.clone(), it.show.clone())).collect()
}
