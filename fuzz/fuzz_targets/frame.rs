//! A frame of any link type: every bit of it is explained, problems lie inside it, and its one line is the same without fields;
//! also where more of it passed than is here.
#![no_main]
use libfuzzer_sys::fuzz_target;
use roundtrip::explained;
use roundtrip::wire::link::LinkType;
use roundtrip::wire::{decode_kept, decode_on, summary};

fuzz_target!(|data: &[u8]| {
    let Some((number, frame)) = data.split_first_chunk() else { return };
    let link = LinkType::of(u16::from_le_bytes(*number));
    let decoded = decode_on(link, frame);
    if let Err(wrong) = explained(&decoded, frame.len()) {
        panic!("{wrong}: {decoded:#?}");
    }
    // As if a capture had cut it short.
    let kept = decode_kept(link, frame, frame.len().saturating_add(usize::from(u16::from_le_bytes(*number))));
    assert_eq!(explained(&kept, frame.len()), Ok(()));
    if link == LinkType::Ethernet {
        assert_eq!(decoded.summary, summary(frame));
    }
});
