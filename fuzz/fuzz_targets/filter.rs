//! A filter's text: a mistake lies inside it and can be pointed at; what is understood answers for a packet and a name in it.
#![no_main]
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use roundtrip::wire::filter::{Column, Filter, Packet};
use roundtrip::wire::{Decoded, decode};

fuzz_target!(|text: &str| {
    match Filter::parse(text) {
        Ok(filter) => {
            let (frame, decoded) = sample();
            let _ = filter.holds(&packet(frame, decoded));
        }
        Err(mistake) => {
            assert!(mistake.bytes.start <= mistake.bytes.end && mistake.bytes.end <= text.len(), "{mistake:?}");
            let _ = mistake.marked(text);
        }
    }
    if let Ok(column) = Column::named(text) {
        let (frame, decoded) = sample();
        let _ = column.texts(&packet(frame, decoded));
    }
});

/// A DNS question in UDP.
fn sample() -> &'static (Vec<u8>, Decoded) {
    static SAMPLE: OnceLock<(Vec<u8>, Decoded)> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let builder = etherparse::PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
        let mut frame = Vec::new();
        let question = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03lab\0\0\x01\0\x01";
        let built = builder.ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).udp(40000, 53).write(&mut frame, question);
        built.expect("a Vec takes all");
        let decoded = decode(&frame);
        (frame, decoded)
    })
}

fn packet<'a>(frame: &'a [u8], decoded: &'a Decoded) -> Packet<'a> {
    Packet {
        number: 1,
        at_ns: Some(1),
        first_ns: Some(0),
        before_ns: None,
        length: 70,
        frame,
        interface: "eth0",
        comment: None,
        decoded,
        opened: None,
        followed: None,
        pairs: &[],
    }
}
