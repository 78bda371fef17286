//! The examples of the encoding's specification, and any bytes at all.
use proptest::prelude::*;

use super::*;
use crate::wire::Field;
use crate::wire::tests::explained;

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("short").to_be_bytes();
    [&[0][..], &length, message].concat()
}

/// Names and values of the innermost fields, behind the five bytes in front.
fn told(message: &[u8]) -> Vec<String> {
    fn leaves(field: &Field, told: &mut Vec<String>) {
        if field.parts.is_empty() {
            told.push(format!("{} {}", field.name.trim_start_matches("protobuf.field."), field.value));
        }
        field.parts.iter().for_each(|it| leaves(it, told));
    }
    let bytes = framed(message);
    let (_, decoded) = super::message(&bytes, true);
    assert_eq!(explained(&decoded, bytes.len()), Ok(()));
    assert_eq!(decoded.problems, []);
    let mut told = Vec::new();
    decoded.layers[1].fields.iter().for_each(|it| leaves(it, &mut told));
    told
}

#[test]
fn the_examples_of_the_specification_are_read() {
    // protobuf.dev/programming-guides/encoding: Test1 with a = 150, Test2 with b = "testing", Test3 with c = Test1.
    assert_eq!(told(b"\x08\x96\x01"), ["number 1", "wiretype 0", "value.varint 150"]);
    assert_eq!(told(b"\x12\x07testing"), ["number 2", "wiretype 2", "value.length 7", "value testing"]);
    let inside = ["number 3", "wiretype 2", "value.length 3", "number 1", "wiretype 0", "value.varint 150"];
    assert_eq!(told(b"\x1a\x03\x08\x96\x01"), inside);
}

#[test]
fn long_numbers_of_fields_and_fixed_values_are_read() {
    let told = told(b"\x82\x01\x01\x61\x3d\0\0\x80\x3f");
    let expected = ["number 16", "wiretype 2", "number.more 01", "value.length 1", "value a", "number 7", "wiretype 5"];
    assert_eq!(told[..7], expected);
    assert_eq!(told[7], format!("value.fixed {}", 1_f32.to_bits()));
}

#[test]
fn what_is_no_message_is_bytes() {
    for (bytes, protobuf) in [(&b"\x07"[..], true), (b"\x08", true), (b"\x00\x01", true), (b"{\"a\":1}", false)] {
        let bytes = framed(bytes);
        let (said, decoded) = message(&bytes, protobuf);
        assert_eq!(decoded.layers.len(), 1, "{said}");
        assert_eq!(decoded.layers[0].fields.last().map(|it| it.name), Some("grpc.message_data"));
        assert_eq!(explained(&decoded, bytes.len()), Ok(()));
    }
}

#[test]
fn a_length_is_waited_for_and_one_too_long_given_up() {
    assert_eq!(length(b"\0\0\0\0"), Ok(None));
    assert_eq!(length(b"\0\0\0\0\x02a"), Ok(None));
    assert_eq!(length(b"\0\0\0\0\x02abc"), Ok(Some(7)));
    assert_eq!(length(b"\0\xff\xff\xff\xff"), Err(()));
}

#[test]
fn codes_have_names() {
    assert_eq!(status(b"5").map(|it| it.0), Some("NOT_FOUND"));
    assert_eq!(status(b"17"), None);
    assert_eq!(status(b"x"), None);
}

proptest! {
    #[test]
    fn any_bytes_are_explained(bytes: Vec<u8>, protobuf: bool) {
        let bytes = framed(&bytes);
        prop_assert_eq!(explained(&message(&bytes, protobuf).1, bytes.len()), Ok(()));
    }
}
