//! A frame of any link type: every bit of it is explained, problems lie inside it, and its one line is the same without fields.
#![no_main]
use libfuzzer_sys::fuzz_target;
use roundtrip::explained;
use roundtrip::wire::link::LinkType;
use roundtrip::wire::{decode_on, summary};

fuzz_target!(|data: &[u8]| {
    let Some((number, frame)) = data.split_first_chunk() else { return };
    let link = LinkType::of(u16::from_le_bytes(*number));
    let decoded = decode_on(link, frame);
    if let Err(wrong) = explained(&decoded, frame.len()) {
        panic!("{wrong}: {decoded:#?}");
    }
    if link == LinkType::Ethernet {
        assert_eq!(decoded.summary, summary(frame));
    }
});
