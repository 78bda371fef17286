//! A connection made by hand with a frame of every kind, and damage to it.
use proptest::prelude::*;

use super::*;
use crate::wire::tests::explained;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn every_frame() -> Vec<Vec<u8>> {
    // RFC 7541 §C.4.1, §C.4.2.
    let first = b"\x82\x86\x84\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff";
    let second = b"\x82\x86\x84\xbe\x58\x86\xa8\xeb\x10\x64\x9c\xbf";
    vec![
        PREFACE.to_vec(),
        frame(4, 0, 0, b"\0\x01\0\0\x10\0\0\x03\0\0\0\x64\0\x09\0\0\0\x01\x0a\x0a\0\0\0\0"),
        frame(4, 1, 0, b""),
        frame(8, 0, 0, b"\0\x0f\0\x01"),
        frame(1, 5, 1, first),
        frame(1, 1, 3, &second[..4]),
        frame(9, 4, 3, &second[4..]),
        frame(1, 0x2c, 5, &[b"\x02\x80\0\0\x03\x0f", &first[..3], b"\0\0"].concat()),
        frame(0, 9, 5, b"\x01hello\0"),
        frame(0, 1, 7, b"\xff\xfe"),
        frame(2, 0, 7, b"\0\0\0\x05\x10"),
        frame(3, 0, 7, b"\0\0\0\x08"),
        frame(5, 4, 1, b"\0\0\0\x02\x82\x84"),
        frame(6, 0, 0, b"12345678"),
        frame(6, 1, 0, b"12345678"),
        frame(7, 0, 0, b"\0\0\0\x05\0\0\0\x0bcalm"),
        frame(0xa, 0, 0, b"\0\x0ehttps://a.testh3=\":443\""),
        frame(0xc, 0, 0, b"\0\x0ehttps://b.test"),
        frame(0x10, 0, 0, b"\0\0\0\x01u=0, i"),
        frame(0x77, 0xff, 1, b"grease"),
    ]
}

#[test]
fn every_kind_of_frame_is_read() {
    let mut reading = Reading::default();
    let mut said = Vec::new();
    let stream = every_frame().concat();
    let mut at = 0;
    while let Some(length) = length(&stream[at..]) {
        let bytes = &stream[at..at + length];
        let frame = reading.read(bytes);
        at += length;
        assert_eq!(frame.decoded.problems, [], "{}", frame.said);
        explained(&frame.decoded, bytes.len()).expect("every byte is explained");
        said.push(frame.said);
        if let Some((bytes, decoded)) = frame.block {
            explained(&decoded, bytes.len()).expect("every byte is explained");
            said.push(decoded.summary);
        }
    }
    assert_eq!(at, stream.len());
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_frame_of_a_length_that_cannot_be_is_a_problem() {
    for wrong in [frame(8, 0, 0, b"\0\0\0"), frame(6, 0, 0, b"123456789"), frame(0, 8, 1, b"\x09abc")] {
        let read = Reading::default().read(&wrong);
        assert!(!read.decoded.problems.is_empty(), "{}", read.said);
        explained(&read.decoded, wrong.len()).expect("every byte is explained");
    }
}

#[test]
fn a_header_block_that_is_broken_off_is_a_problem_and_is_not_read() {
    let (begun, whole) = (frame(1, 1, 3, b"\x82\x86"), frame(1, 5, 5, b"\x84"));
    let (other, more) = (frame(9, 4, 5, b"\x84"), frame(9, 4, 3, b"\x84"));
    let data = frame(0, 0, 3, b"hello");
    // What comes after which, the problem that is told of the last, and the blocks that are read.
    for (frames, problem, blocks) in [
        (&[&begun, &more][..], "", 1),
        (&[&begun, &whole], "a CONTINUATION of stream 3 must come here", 1),
        (&[&begun, &other], "a CONTINUATION of stream 3 must come here", 0),
        (&[&begun, &data], "a CONTINUATION of stream 3 must come here", 0),
        (&[&begun, &whole, &more], "a CONTINUATION, and no header block goes on", 1),
        (&[&more], "a CONTINUATION, and no header block goes on", 0),
    ] {
        let mut reading = Reading::default();
        let read: Vec<Frame> = frames.iter().map(|it| reading.read(it)).collect();
        let told = &read.last().expect("frames").decoded.problems;
        assert!(told.len() == usize::from(!problem.is_empty()), "{told:?}");
        assert!(told.iter().all(|it| it.text.starts_with(problem)), "{told:?}");
        assert_eq!(read.iter().filter(|it| it.lines.is_some()).count(), blocks, "{problem}");
    }
}

#[test]
fn a_header_block_longer_than_is_put_together_is_a_problem_and_is_not_read() {
    let mut reading = Reading::default();
    let part = vec![0x82; MOST_BLOCK / 2 + 1];
    assert_eq!(reading.read(&frame(1, 1, 3, &part)).decoded.problems, []);
    let last = reading.read(&frame(9, 4, 3, &part));
    assert!(last.decoded.problems.len() == 1 && last.lines.is_none());
    assert!(reading.read(&frame(1, 5, 5, b"\x82")).decoded.problems.is_empty());
}

#[test]
fn a_table_grows_no_further_than_the_other_ends_settings_let_it() {
    let settings = [PREFACE, &frame(4, 0, 0, b"\0\x04\0\0\xff\xff\0\x01\0\0\x20\0")].concat();
    assert_eq!((table_allowed_by(b""), table_allowed_by(&settings)), (4096, 8192));
    // RFC 7541 §C.1.2: 8192 is 31 and 8161.
    let update = frame(1, 5, 1, b"\x3f\xe1\x3f\x82");
    assert_eq!(Reading::allowing(8192).read(&update).decoded.problems, []);
    let problems = Reading::default().read(&update).decoded.problems;
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].text, "the reader's settings allow a table of 4096 bytes at the most");
}

proptest! {
    #[test]
    fn any_frame_is_explained(
        which in 0..20_usize,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in proptest::option::of(any::<prop::sample::Index>()),
        more in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut bytes = every_frame().swap_remove(which);
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        bytes.extend(more);
        let mut reading = Reading::default();
        for _ in 0..2 {
            let frame = reading.read(&bytes);
            explained(&frame.decoded, bytes.len()).map_err(TestCaseError::fail)?;
            if let Some((bytes, decoded)) = frame.block {
                explained(&decoded, bytes.len()).map_err(TestCaseError::fail)?;
            }
            prop_assert!(!frame.said.chars().any(char::is_control));
        }
    }
}
