//! Frames of every kind, and any bytes.
use proptest::prelude::*;

use super::*;
use crate::wire::qpack::Table;
use crate::wire::tests::explained;

const FRAMES: &[(&[u8], &str)] = &[
    (b"\0\x05hello", "DATA[4], 5 bytes"),
    // RFC 9204 §B.1.
    (b"\x01\x0f\0\0\x51\x0b/index.html", "HEADERS[4]"),
    (b"\x01\x04\0\0\xd1\xc1", "HEADERS[4]: GET /"),
    (b"\x03\x01\x02", "CANCEL_PUSH[4]"),
    (b"\x04\x08\x01\x40\xdc\x07\x10\x33\x01\x21\x05", ""),
    (b"\x05\x05\x02\0\0\xd1\xc1", "PUSH_PROMISE[4]: GET /"),
    (b"\x07\x01\x08", "GOAWAY[4]"),
    (b"\x0d\x01\x08", "MAX_PUSH_ID[4]"),
    (b"\x80\x0f\x07\0\x04\x04u=1", "PRIORITY_UPDATE[4]"),
    (b"\x21\x02ab", "reserved[4]"),
    (b"\x3f\0", "UNKNOWN[4]"),
];

fn read(bytes: &[u8]) -> (String, Decoded) {
    let table = Table::default();
    frame(bytes, 4, &Context { table: &table, capacity: 220, packet: 1 })
}

#[test]
fn every_kind_of_frame_is_read() {
    for (bytes, line) in FRAMES {
        let (said, decoded) = read(bytes);
        explained(&decoded, bytes.len()).expect("every byte is explained");
        if !line.is_empty() {
            assert_eq!((said.as_str(), &decoded.problems), (*line, &Vec::new()));
            assert_eq!(frame_length(bytes), Some(bytes.len()));
        }
    }
}

#[test]
fn the_tables_capacity_is_found_in_the_settings() {
    let settings = b"\x04\x09\x07\x10\x01\x40\xdc\x33\x01\x21\x05";
    assert_eq!(table_capacity(settings), 220);
    let (said, decoded) = read(settings);
    assert_eq!((said.as_str(), decoded.problems.len()), ("SETTINGS[4]", 0));
    let field = decoded.field("http3.settings.qpack.max_table_capacity").expect("it is there");
    assert_eq!(field.value, "220");
    assert_eq!(table_capacity(b"\x04\0"), 0);
    assert_eq!(table_capacity(b"\0\x02\x01\x05"), 0);
}

#[test]
fn a_stream_one_way_says_what_it_is_for() {
    for (bytes, name, length) in
        [(&b"\0\x04"[..], "control stream", 1), (b"\x01\x05", "push stream", 2), (b"\x02?", "QPACK encoder stream", 1)]
    {
        assert_eq!(stream_type(bytes).map(|it| it.1), Some(length));
        let (said, decoded) = beginning(&bytes[..length]);
        assert_eq!(said, name);
        explained(&decoded, length).expect("every byte is explained");
    }
    assert_eq!(stream_type(b"\x01"), None);
}

proptest! {
    #[test]
    fn any_bytes_are_explained(
        which in 0..FRAMES.len(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..5),
        more in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut bytes = FRAMES[which].0.to_vec();
        bytes.extend(more);
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let (_, decoded) = read(&bytes);
        explained(&decoded, bytes.len()).map_err(TestCaseError::fail)?;
        table_capacity(&bytes);
        if let Some((_, length)) = stream_type(&bytes) {
            let (_, decoded) = beginning(&bytes[..length]);
            explained(&decoded, length).map_err(TestCaseError::fail)?;
        }
    }
}
