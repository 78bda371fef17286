//! The published examples of HPACK, and any bytes. RFC 7541 §C.
use data_encoding::HEXLOWER;
use proptest::prelude::*;

use super::*;
use crate::wire::Decoded;
use crate::wire::tests::explained;

/// A block in hexadecimal, its fields, and the entries and the size of the dynamic table behind it.
type Example = (&'static str, &'static [&'static str], usize, u64);

/// RFC 7541 §C.2.
const C2: &[Example] = &[
    ("400a637573746f6d2d6b65790d637573746f6d2d686561646572", &["custom-key: custom-header"], 1, 55),
    ("040c2f73616d706c652f70617468", &[":path: /sample/path"], 0, 0),
    ("100870617373776f726406736563726574", &["password: secret"], 0, 0),
    ("82", &[":method: GET"], 0, 0),
];
/// RFC 7541 §C.3.
const C3: &[Example] = &[
    (
        "828684410f7777772e6578616d706c652e636f6d",
        &[":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
        1,
        57,
    ),
    (
        "828684be58086e6f2d6361636865",
        &[":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache"],
        2,
        110,
    ),
    (
        "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
        &[
            ":method: GET",
            ":scheme: https",
            ":path: /index.html",
            ":authority: www.example.com",
            "custom-key: custom-value",
        ],
        3,
        164,
    ),
];
/// RFC 7541 §C.4.
const C4: &[Example] = &[
    (
        "828684418cf1e3c2e5f23a6ba0ab90f4ff",
        &[":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
        1,
        57,
    ),
    (
        "828684be5886a8eb10649cbf",
        &[":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache"],
        2,
        110,
    ),
    (
        "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
        &[
            ":method: GET",
            ":scheme: https",
            ":path: /index.html",
            ":authority: www.example.com",
            "custom-key: custom-value",
        ],
        3,
        164,
    ),
];
/// RFC 7541 §C.5.
const C5: &[Example] = &[
    (
        "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e17687474\
     70733a2f2f7777772e6578616d706c652e636f6d",
        &[
            ":status: 302",
            "cache-control: private",
            "date: Mon, 21 Oct 2013 20:13:21 GMT",
            "location: https://www.example.com",
        ],
        4,
        222,
    ),
    (
        "4803333037c1c0bf",
        &[
            ":status: 307",
            "cache-control: private",
            "date: Mon, 21 Oct 2013 20:13:21 GMT",
            "location: https://www.example.com",
        ],
        4,
        222,
    ),
    (
        "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a\
     4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31",
        &[
            ":status: 200",
            "cache-control: private",
            "date: Mon, 21 Oct 2013 20:13:22 GMT",
            "location: https://www.example.com",
            "content-encoding: gzip",
            "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
        ],
        3,
        215,
    ),
];
/// RFC 7541 §C.6.
const C6: &[Example] = &[
    (
        "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae\
     82ae43d3",
        &[
            ":status: 302",
            "cache-control: private",
            "date: Mon, 21 Oct 2013 20:13:21 GMT",
            "location: https://www.example.com",
        ],
        4,
        222,
    ),
    (
        "4883640effc1c0bf",
        &[
            ":status: 307",
            "cache-control: private",
            "date: Mon, 21 Oct 2013 20:13:21 GMT",
            "location: https://www.example.com",
        ],
        4,
        222,
    ),
    (
        "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960\
     d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
        &[
            ":status: 200",
            "cache-control: private",
            "date: Mon, 21 Oct 2013 20:13:22 GMT",
            "location: https://www.example.com",
            "content-encoding: gzip",
            "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
        ],
        3,
        215,
    ),
];

fn bytes(digits: &str) -> Vec<u8> {
    HEXLOWER.decode(digits.as_bytes()).expect("hexadecimal digits")
}

fn block(bytes: &[u8], table: &mut Table) -> (Vec<Line>, bool) {
    read(&mut Reader::new(bytes, 0..bytes.len(), false), table)
}

/// Reads a block with fields; what was said of it, and whether all of it was read.
fn taken_apart(block: &[u8], table: &mut Table) -> (Decoded, bool) {
    let mut r = Reader::new(block, 0..block.len(), true);
    let (_, whole) = read(&mut r, table);
    let (layer, problems) = r.finish("http2", "");
    (Decoded { layers: vec![layer], problems, summary: String::new() }, whole)
}

#[track_caller]
fn assert_read(examples: &[Example], table: &mut Table) {
    for (digits, fields, entries, size) in examples {
        let coded = bytes(digits);
        let mut other = table.clone();
        let (decoded, whole) = taken_apart(&coded, &mut other);
        assert!(whole && decoded.problems.is_empty(), "{digits}: {:?}", decoded.problems);
        explained(&decoded, coded.len()).expect("every byte is explained");
        let said: Vec<_> = decoded.layers[0].fields.iter().map(|it| it.value.as_str()).collect();
        assert_eq!(said, *fields);
        let (lines, whole) = block(&coded, table);
        let shown: Vec<_> = lines.iter().map(|it| shown(&it.entry)).collect();
        assert_eq!((shown.iter().map(String::as_str).collect::<Vec<_>>(), whole), (fields.to_vec(), true));
        assert_eq!(lines.iter().map(|it| it.wire).sum::<usize>(), coded.len());
        assert_eq!((table.entries().len(), table.size()), (*entries, *size), "{digits}");
    }
}

#[test]
fn each_representation_of_the_rfc_is_read() {
    for example in C2 {
        assert_read(&[*example], &mut Table::default());
    }
}

#[test]
fn the_requests_of_the_rfc_are_read_with_and_without_huffman() {
    assert_read(C3, &mut Table::default());
    assert_read(C4, &mut Table::default());
}

/// RFC 7541 §C.5: the table has 256 bytes here, so old entries go.
#[test]
fn the_responses_of_the_rfc_are_read_and_evict_what_is_old() {
    for examples in [C5, C6] {
        let mut table = Table::default();
        table.resize(256);
        assert_read(examples, &mut table);
    }
}

#[test]
fn a_change_of_the_tables_size_forgets_entries() {
    let mut table = Table::default();
    assert_read(&C3[..1], &mut table);
    let (lines, whole) = block(&[0x20, 0x82], &mut table);
    assert_eq!((lines.len(), whole, table.entries().len(), table.capacity()), (1, true, 0, 0));
    // An entry larger than the table empties it, and is no error (RFC 7541 §4.4).
    assert!(block(&[0x40, 1, b'a', 1, b'b'], &mut table).1);
    assert_eq!(table.size(), 0);
    table.resize(u64::MAX);
    assert_eq!(table.capacity(), table::MOST_CAPACITY);
}

#[test]
fn an_index_of_nothing_ends_the_reading() {
    for wrong in [&[0x80][..], &[0xbe], &[0x7f, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 0]] {
        let (decoded, whole) = taken_apart(wrong, &mut Table::default());
        assert!(!whole && !decoded.problems.is_empty());
        explained(&decoded, wrong.len()).expect("every byte is explained");
    }
}

#[test]
fn fields_that_name_one_entry_share_its_bytes() {
    let mut table = Table::allowing(1 << 20);
    table.resize(1 << 20);
    table.add(Entry { name: b"a".as_slice().into(), value: vec![b'x'; 1 << 19].into() });
    // By the index, and by the name alone.
    let (lines, whole) = block(&[&[0xbe; 500][..], &[0x0f, 47, 1, b'y']].concat(), &mut table);
    assert!(whole && lines.len() == 501);
    let kept = table.get(62).expect("it is there");
    assert!(lines[..500].iter().all(|it| std::sync::Arc::ptr_eq(&it.entry.value, &kept.value)));
    assert!(std::sync::Arc::ptr_eq(&lines[500].entry.name, &kept.name));
}

#[test]
fn behind_the_limit_a_block_is_no_fault_but_said_to_be_left_out() {
    for (fields, problems) in [(MOST_LINES, 0), (MOST_LINES + 1, 1)] {
        let (decoded, whole) = taken_apart(&vec![0x82; fields], &mut Table::default());
        assert_eq!((decoded.problems.len(), whole), (problems, problems == 0));
        explained(&decoded, fields).expect("every byte is explained");
        let last = decoded.layers[0].fields.last().expect("fields");
        assert_eq!(last.label, if problems == 0 { "Header field" } else { "Fields behind the limit" });
    }
}

proptest! {
    #[test]
    fn any_block_is_explained(
        example in 0..6_usize,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..5),
        more in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut table = Table::default();
        let all: Vec<_> = C3.iter().chain(C6).collect();
        let mut coded = bytes(all[example].0);
        coded.extend(more);
        for (at, byte) in damage {
            let at = at.index(coded.len());
            coded[at] = byte;
        }
        let (decoded, _) = taken_apart(&coded, &mut table);
        explained(&decoded, coded.len()).map_err(TestCaseError::fail)?;
        prop_assert!(table.size() <= table.capacity());
        prop_assert!(decoded.problems.iter().all(|it| it.bytes.end <= coded.len()));
    }
}
