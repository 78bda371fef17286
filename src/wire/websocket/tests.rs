//! Frames of RFC 6455's own examples, damaged ones, and any bytes at all.
use super::*;

fn read(from_server: bool, bytes: &[u8]) -> Frame {
    assert_eq!(length(bytes), Some(bytes.len()), "a whole frame");
    let frame = Reading::new(from_server, false).read(bytes, 0);
    is_explained(&frame.decoded, bytes);
    frame
}

fn is_explained(decoded: &Decoded, bytes: &[u8]) {
    for bit in 0..bytes.len() * 8 {
        assert!(decoded.at(bit).is_some_and(|(_, field)| field.bits.contains(&bit)), "bit {bit} of {bytes:x?}");
    }
}

fn problems(from_server: bool, bytes: &[u8]) -> Vec<String> {
    read(from_server, bytes).decoded.problems.into_iter().map(|it| it.text).collect()
}

#[test]
fn the_examples_of_rfc_6455_say_hello() {
    // RFC 6455 §5.7.
    let plain = read(true, b"\x81\x05Hello");
    assert_eq!((plain.said.as_str(), plain.decoded.problems.len()), ("Text [FIN], 5 bytes", 0));
    assert_eq!(plain.decoded.field("websocket.payload.text").map(|it| it.meaning.as_str()), Some("5 bytes, Hello"));
    let masked = read(false, b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    assert_eq!((masked.said.as_str(), masked.decoded.problems.len()), ("Text [FIN] [MASKED], 5 bytes", 0));
    let field = masked.decoded.field("websocket.masked_payload").expect("a payload");
    assert_eq!(field.meaning, "5 bytes, unmasked: Hello");
    assert_eq!(masked.decoded.field("websocket.masking_key").map(|it| it.value.as_str()), Some("37 fa 21 3d"));
    let mut reading = Reading::new(true, false);
    assert!(reading.read(b"\x01\x03Hel", 7).message.is_none());
    assert!(reading.read(b"\x89\x00", 12).message.is_none(), "a ping may stand between");
    let message = reading.read(b"\x80\x02lo", 14).message.expect("whole");
    assert_eq!((message.bytes.as_slice(), message.frames, message.from), (&b"Hello"[..], 2, 7));
    assert_eq!(message.decoded.problems, []);
}

#[test]
fn long_payloads_have_their_length_in_two_or_eight_bytes() {
    for (size, header) in [(125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
        let mut bytes = vec![0x82];
        match header {
            2 => bytes.push(125),
            4 => bytes.extend([&[126], &u16::try_from(size).expect("it fits").to_be_bytes()[..]].concat()),
            _ => bytes.extend([&[127], &(size as u64).to_be_bytes()[..]].concat()),
        }
        assert_eq!(bytes.len(), header);
        bytes.resize(header + size, b'x');
        assert_eq!(read(true, &bytes).decoded.problems, [], "{size}");
    }
    assert_eq!(length(b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff0000"), None, "no memory holds that");
}

#[test]
fn what_rfc_6455_forbids_is_told_at_its_bytes() {
    for (from_server, bytes, word) in [
        (true, &b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"[..], "a server must not mask"),
        (false, b"\x81\x05Hello", "a client must mask"),
        (true, b"\xc1\x05Hello", "a reserved bit"),
        (true, b"\x83\x00", "opcode 0x3"),
        (true, b"\x09\x00", "must not be cut"),
        (true, b"\x81\x7e\x00\x05Hello", "in as few bytes"),
        (true, b"\x80\x02lo", "none was begun"),
        (true, b"\x88\x01x", "a code of 2 bytes"),
        (true, b"\x88\x02\x03\xed", "code 1005"),
        (true, b"\x88\x03\x03\xe8\xff", "UTF-8"),
        (true, b"\x81\x02\xc3\x28", "UTF-8"),
    ] {
        let said = problems(from_server, bytes);
        assert!(said.iter().any(|it| it.contains(word)), "{word}: {said:?}");
    }
    assert_eq!(problems(true, b"\x88\x05\x03\xe8bye"), [""; 0]);
    let long = [&b"\x89\x7e\x00\x7e"[..], &[0; 126]].concat();
    assert!(problems(true, &long).iter().any(|it| it.contains("125 bytes")));
}

#[test]
fn a_compressed_message_is_not_taken_for_text() {
    let mut reading = Reading::new(true, true);
    // RFC 7692 §7.2.3.1: "Hello", compressed.
    let frame = reading.read(b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00", 0);
    assert_eq!((frame.said.as_str(), frame.decoded.problems.len()), ("Text [FIN] [COMPRESSED], 7 bytes", 0));
    assert!(reading.read(b"\xa1\x00", 0).decoded.problems.len() == 1, "RSV2 has no meaning");
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_explained(bytes: Vec<u8>, from_server: bool, deflate: bool) {
        let mut reading = Reading::new(from_server, deflate);
        let mut at = 0;
        while let Some(length) = length(&bytes[at..]) {
            let frame = reading.read(&bytes[at..at + length], at);
            is_explained(&frame.decoded, &bytes[at..at + length]);
            at += length;
        }
        is_explained(&reading.read(&bytes[at..], at).decoded, &bytes[at..]);
    }
}
