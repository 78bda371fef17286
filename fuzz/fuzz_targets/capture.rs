//! A capture in pieces of any size says what it says whole, and no more is held than one block.
#![no_main]
use libfuzzer_sys::fuzz_target;
use roundtrip::wire::capture::Reader;

fuzz_target!(|data: &[u8]| {
    let Some((size, file)) = data.split_first() else { return };
    assert_eq!(told(file, usize::MAX), told(file, usize::from(*size).max(1)));
});

/// All that comes out, and the fault if there is one.
fn told(file: &[u8], size: usize) -> Vec<String> {
    let mut reader = Reader::default();
    let (mut told, mut pieces, mut ended) = (Vec::new(), file.chunks(size), false);
    loop {
        match reader.next_item() {
            Ok(Some(item)) => told.push(format!("{item:?}")),
            Ok(None) if ended => return told,
            Ok(None) => match pieces.next() {
                Some(piece) => reader.push(piece),
                None => {
                    reader.end();
                    ended = true;
                }
            },
            Err(fault) => {
                told.push(fault.to_string());
                return told;
            }
        }
    }
}
