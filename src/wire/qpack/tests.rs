//! The published examples of QPACK, in their order. RFC 9204 §B.
use proptest::prelude::*;

use super::*;
use crate::wire::Decoded;
use crate::wire::reader::Reader;
use crate::wire::tests::explained;

/// The capacity of the example's table.
const CAPACITY: u64 = 220;

fn bytes(digits: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(digits.as_bytes()).expect("hexadecimal digits")
}

fn read_all(coded: &[u8], mut read_one: impl FnMut(&mut Reader<'_>) -> Option<String>) -> (Decoded, Vec<String>) {
    const REST: Words = Words::new("http3.rest", "Rest", "RFC 9204 §4", "Not read.");
    let mut r = Reader::new(coded, 0..coded.len(), true);
    let mut said = Vec::new();
    while r.left() > 0 {
        let Some(one) = read_one(&mut r) else { break };
        said.push(one);
    }
    r.rest(&REST);
    let (layer, problems) = r.finish("http3", "");
    (Decoded { layers: vec![layer], problems, summary: String::new() }, said)
}

fn insert(table: &mut Table, digits: &str) -> Vec<String> {
    let coded = bytes(digits);
    let (decoded, said) = read_all(&coded, |r| encoder(r, table, 1));
    explained(&decoded, coded.len()).expect("every byte is explained");
    said
}

fn section(table: &Table, coded: &[u8]) -> (Decoded, Option<Vec<String>>) {
    let mut r = Reader::new(coded, 0..coded.len(), true);
    let (lines, whole) = read(&mut r, &Context { table, capacity: CAPACITY, packet: 9 });
    let (layer, problems) = r.finish("http3", "");
    let lines = lines.iter().map(|it| shown(&it.entry)).collect();
    (Decoded { layers: vec![layer], problems, summary: String::new() }, whole.then_some(lines))
}

#[track_caller]
fn assert_section(table: &Table, digits: &str, fields: &[&str]) {
    let coded = bytes(digits);
    let (decoded, lines) = section(table, &coded);
    assert_eq!(lines.expect("all of it can be read"), fields);
    explained(&decoded, coded.len()).expect("every byte is explained");
}

#[test]
fn the_examples_of_the_rfc_are_read() {
    let mut table = Table::default();
    // §B.1
    assert_section(&table, "0000510b2f696e6465782e68746d6c", &[":path: /index.html"]);
    // §B.2
    let said = insert(&mut table, "3fbd01c00f7777772e6578616d706c652e636f6dc10c2f73616d706c652f70617468");
    assert_eq!(said, ["table capacity 220", "insert :authority: www.example.com", "insert :path: /sample/path"]);
    assert_eq!(table.state(), "2 entries, 106 of 220 bytes");
    assert_section(&table, "03811011", &[":authority: www.example.com", ":path: /sample/path"]);
    // §B.3
    let said = insert(&mut table, "4a637573746f6d2d6b65790c637573746f6d2d76616c7565");
    assert_eq!(said, ["insert custom-key: custom-value"]);
    assert_eq!(table.state(), "3 entries, 160 of 220 bytes");
    // §B.4
    assert_eq!(insert(&mut table, "02"), ["insert :authority: www.example.com"]);
    assert_eq!(table.state(), "4 entries, 217 of 220 bytes");
    let fields = [":authority: www.example.com", ":path: /", "custom-key: custom-value"];
    assert_section(&table, "050080c181", &fields);
    // §B.5
    assert_eq!(insert(&mut table, "810d637573746f6d2d76616c756532"), ["insert custom-key: custom-value2"]);
    assert_eq!(table.state(), "4 entries, 215 of 220 bytes");
}

#[test]
fn the_decoders_words_of_the_rfc_are_read() {
    let coded = bytes("840148");
    let (decoded, said) = read_all(&coded, decoder);
    assert_eq!(said, ["headers of stream 4 read", "1 entries arrived", "stream 8 given up"]);
    explained(&decoded, coded.len()).expect("every byte is explained");
}

#[test]
fn a_section_that_names_what_never_came_is_a_problem() {
    let table = Table::default();
    for digits in ["0381", "038110", "0000ff80", "000080", "ff00", "00ff"] {
        let coded = bytes(digits);
        let (decoded, lines) = section(&table, &coded);
        assert!(digits == "0381" || (lines.is_none() && !decoded.problems.is_empty()), "{digits}");
        explained(&decoded, coded.len()).expect("every byte is explained");
    }
}

#[test]
fn behind_the_limit_a_section_is_no_fault_but_said_to_be_left_out() {
    for (fields, problems) in [(1000, 0), (1001, 1)] {
        let coded = [&[0, 0][..], &vec![0xd1; fields]].concat();
        let (decoded, lines) = section(&Table::default(), &coded);
        assert_eq!((decoded.problems.len(), lines.is_some()), (problems, problems == 0));
        explained(&decoded, coded.len()).expect("every byte is explained");
        let last = decoded.layers[0].fields.last().expect("fields");
        assert_eq!(last.label, if problems == 0 { "Header field" } else { "Fields behind the limit" });
    }
}

#[test]
fn fields_that_name_one_entry_share_its_bytes() {
    let mut table = Table::default();
    table.resize(1 << 20);
    table.insert(Entry { name: b"a".as_slice().into(), value: vec![b'x'; 1 << 19].into() }, 1).expect("room");
    // The required insert count is 1, the base too; 0x80 names the newest entry.
    let coded = [&[2, 0][..], &[0x80; 500]].concat();
    let mut r = Reader::new(&coded, 0..coded.len(), true);
    let (lines, whole) = read(&mut r, &Context { table: &table, capacity: 1 << 20, packet: 9 });
    assert!(whole && lines.len() == 500);
    let kept = table.get(0).expect("it is there");
    assert!(lines.iter().all(|it| std::sync::Arc::ptr_eq(&it.entry.value, &kept.value)));
}

proptest! {
    #[test]
    fn any_bytes_are_explained(mut coded in proptest::collection::vec(any::<u8>(), 0..60), first in 0..4_u8) {
        let mut table = Table::default();
        insert(&mut table, "3fbd01c00f7777772e6578616d706c652e636f6d");
        let (decoded, _) = section(&table, &coded);
        explained(&decoded, coded.len()).map_err(TestCaseError::fail)?;
        let (decoded, _) = read_all(&coded, |r| encoder(r, &mut table, 2));
        explained(&decoded, coded.len()).map_err(TestCaseError::fail)?;
        let (decoded, _) = read_all(&coded, decoder);
        explained(&decoded, coded.len()).map_err(TestCaseError::fail)?;
        if let [required, ..] = coded.as_mut_slice() {
            *required = first;
            let (decoded, _) = section(&table, &coded);
            explained(&decoded, coded.len()).map_err(TestCaseError::fail)?;
        }
    }
}
