//! Content alone: DNS, certificates, HPACK, QPACK, HTTP/2 and the rest, by the first byte; every bit is explained.
#![no_main]
use libfuzzer_sys::fuzz_target;
use roundtrip::explained;
use roundtrip::wire::alone::{ALL, read};

fuzz_target!(|data: &[u8]| {
    let Some((kind, bytes)) = data.split_first() else { return };
    let content = ALL[usize::from(*kind) % ALL.len()];
    for (part, decoded) in read(content, bytes) {
        if let Err(wrong) = explained(&decoded, part.len()) {
            panic!("{content:?}: {wrong}: {decoded:#?}");
        }
    }
});
