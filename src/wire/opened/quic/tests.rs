//! The published packets of QUIC, a connection made here with every frame there is, and damage to both.
use etherparse::PacketBuilder;
use proptest::prelude::*;

use super::*;
use crate::wire::opened::Unit;
use crate::wire::quic::protection::{Protection, Suite};
use crate::wire::quic::samples::{CLIENT_INITIAL, DESTINATION, RETRY, SERVER_INITIAL, bytes};
use crate::wire::{decode, summary, tests::explained};

fn datagram(from_server: bool, payload: &[u8]) -> Vec<u8> {
    let step = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
    let (a, b) = ([10, 0, 0, 1], [10, 0, 0, 2]);
    let mut frame = Vec::new();
    let step = if from_server { step.ipv4(b, a, 64).udp(443, 40000) } else { step.ipv4(a, b, 64).udp(40000, 443) };
    step.write(&mut frame, payload).expect("a Vec takes all");
    frame
}

fn opened(frames: &[Vec<u8>], secrets: &str) -> Opened {
    let seen = (1..).zip(frames).map(|(n, frame)| Seen { n, at_ns: 0, frame });
    crate::wire::opened::open(seen, secrets)
}

fn titles(opened: &Opened) -> Vec<&str> {
    opened.units().iter().map(|it| it.title.as_str()).collect()
}

#[track_caller]
fn assert_sound(units: &[Unit]) {
    for unit in units {
        assert_eq!(unit.decoded.problems, [], "{}", unit.title);
        explained(&unit.decoded, unit.bytes.len()).expect("every byte is explained");
    }
}

/// RFC 9001 §A.2, §A.3.
#[test]
fn the_hellos_of_the_rfc_are_read_without_any_secret() {
    let frames = [datagram(false, &bytes(CLIENT_INITIAL)), datagram(true, &bytes(SERVER_INITIAL))];
    let opened = opened(&frames, "");
    let expected = [
        "QUIC Initial packet 2 of the client, opened",
        "TLS Client Hello (example.com) of the client, out of CRYPTO frames",
        "QUIC Initial packet 1 of the server, opened",
        "TLS Server Hello of the server, out of CRYPTO frames",
    ];
    assert_eq!(titles(&opened), expected);
    assert_eq!(opened.line(1).as_deref(), Some("QUIC Initial 2 [CRYPTO, PADDING]; TLS Client Hello (example.com)"));
    assert_eq!(opened.line(2).as_deref(), Some("QUIC Initial 1 [ACK, CRYPTO]; TLS Server Hello"));
    assert_sound(opened.units());
    let hello = &opened.units()[1].decoded;
    let said = |name: &str| hello.field(name).map(|it| it.value.as_str());
    assert_eq!(said("tls.quic.parameter.initial_source_connection_id"), Some("83 94 c8 f0 3e 51 57 08"));
    assert_eq!(said("tls.quic.parameter.max_idle_timeout"), Some("30000"));
}

#[test]
fn what_is_in_the_clear_of_a_datagram_is_named() {
    let client = datagram(false, &bytes(CLIENT_INITIAL));
    let coalesced = [bytes(SERVER_INITIAL), [&[0x40][..], &[7; 30]].concat()].concat();
    let coalesced = datagram(true, &coalesced);
    let retry = datagram(true, &bytes(RETRY));
    let negotiation = datagram(true, b"\x80\0\0\0\0\x01a\x01b\0\0\0\x01\x6b\x33\x43\xcf");
    for (frame, line) in [
        (&client, "QUIC Initial"),
        (&coalesced, "QUIC Initial, 1-RTT"),
        (&retry, "QUIC Retry"),
        (&negotiation, "QUIC Version Negotiation"),
    ] {
        let decoded = decode(frame);
        assert_eq!((decoded.summary.as_str(), &decoded.problems), (line, &Vec::new()));
        assert_eq!(summary(frame), line);
        for end in 0..=frame.len() {
            explained(&decode(&frame[..end]), end).expect("every byte is explained");
        }
    }
    let said = |frame: &[u8], name: &str| decode(frame).field(name).map(|it| (it.value.clone(), it.meaning.clone()));
    assert_eq!(said(&client, "quic.dcid").map(|it| it.0).as_deref(), Some("83 94 c8 f0 3e 51 57 08"));
    assert_eq!(said(&retry, "quic.retry_token").map(|it| it.0).as_deref(), Some("74 6f 6b 65 6e"));
    assert_eq!(said(&negotiation, "quic.supported_version").map(|it| it.1).as_deref(), Some("QUIC version 1"));
}

/// A frame of every kind. RFC 9000 §19, RFC 9221 §4.
fn every_frame() -> Vec<u8> {
    let parts: [&[u8]; 25] = [
        b"\0\0\0",
        b"\x01",
        b"\x02\x14\x05\x01\x02\x03\x04",
        b"\x03\x0a\x05\0\x02\x01\x02\x03",
        b"\x04\x04\x40\x21\x05",
        b"\x05\x04\x07",
        b"\x06\0\x01\x05",
        b"\x07\x02ab",
        b"\x0a\x04\x05hello",
        b"\x0f\x04\x05\x03abc",
        b"\x10\x44\0",
        b"\x11\x04\x44\0",
        b"\x12\x05",
        b"\x13\x06",
        b"\x14\x05",
        b"\x15\x04\x05",
        b"\x16\x05",
        b"\x18\x01\0\x04abcd0123456789abcdef",
        b"\x19\x01",
        b"\x1a01234567",
        b"\x1b01234567",
        b"\x1c\x41\x28\0\x03bye",
        b"\x1d\x41\x00\0",
        b"\x1e",
        b"\x31\x03dgm",
    ];
    [&parts.concat(), &b"\x30rest"[..]].concat()
}

/// A connection behind the published hellos: keys that were made up, a key update, every frame.
fn connection() -> (Vec<Vec<u8>>, String) {
    let random = "ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c";
    let secret = [5; 48];
    let keys = Protection::new(Suite::Aes256, &secret);
    let own = bytes("f067a5502a4262b5");
    let header = |first: u8, number: u8| [&[first], &own[..], &[number]].concat();
    let frames = every_frame();
    let updated = keys.updated();
    let mut second = b"\x0f\x04\x08\x03xyz".to_vec();
    second.extend([0; 4]);
    let packets = [
        keys.seal(&header(0x40, 0), 0, &frames),
        updated.seal(&header(0x44, 1), 1, &second),
        // One that was late, sealed with the keys before.
        keys.seal(&header(0x40, 2), 2, b"\x01\0\0\0"),
    ];
    let mut all = vec![datagram(false, &bytes(CLIENT_INITIAL)), datagram(true, &bytes(SERVER_INITIAL))];
    all.extend(packets.iter().map(|it| datagram(false, it)));
    let secret = data_encoding::HEXLOWER.encode(&secret);
    (all, format!("CLIENT_TRAFFIC_SECRET_0 {random} {secret}\n"))
}

#[test]
fn every_frame_is_read_and_the_stream_put_together_over_a_key_update() {
    let (frames, secrets) = connection();
    let opened = opened(&frames, &secrets);
    assert_sound(opened.units());
    insta::assert_snapshot!((1..=5).filter_map(|n| opened.line(n)).collect::<Vec<_>>().join("\n"));
    let is_stream = |it: &&Unit| it.title == "QUIC stream 4 of the client, put together";
    let stream = opened.units().iter().find(is_stream).expect("a stream");
    assert_eq!((stream.bytes.as_slice(), &stream.packets), (&b"helloabcxyz"[..], &vec![3, 4]));
}

#[test]
fn packets_before_their_keys_are_opened_when_the_keys_have_come() {
    let (mut frames, secrets) = connection();
    frames.swap(0, 2);
    let opened = opened(&frames, &secrets);
    assert!(titles(&opened).contains(&"QUIC 1-RTT packet 0 of the client, opened"), "{:?}", titles(&opened));
    assert!(titles(&opened).contains(&"QUIC Initial packet 1 of the server, opened"), "{:?}", titles(&opened));
}

#[test]
fn after_a_retry_the_initial_keys_come_from_its_connection_id() {
    let [client, _] = Protection::initial(&bytes("f067a5502a4262b5"));
    let header = bytes("c00000000108f067a5502a4262b50005746f6b656e401500");
    let again = client.seal(&header, 0, b"\x01\0\0\0");
    let frames = [bytes(CLIENT_INITIAL), bytes(RETRY), again];
    let frames: Vec<_> = [false, true, false].into_iter().zip(&frames).map(|(it, bytes)| datagram(it, bytes)).collect();
    let opened = opened(&frames, "");
    assert_eq!(opened.line(3).as_deref(), Some("QUIC Initial 0 [PING, PADDING]"));
    assert_sound(opened.units());
    assert_eq!(bytes(DESTINATION).len(), 8);
}

#[test]
fn another_connection_between_the_same_two_ends_is_another() {
    let [client, _] = Protection::initial(b"another!");
    let header = [&b"\xc0\0\0\0\x01\x08another!\0\0\x40\x15\0"[..]].concat();
    let again = client.seal(&header, 0, b"\x01\0\0\0");
    let (mut frames, secrets) = connection();
    frames.insert(2, datagram(false, &again));
    let opened = opened(&frames, &secrets);
    assert_eq!(opened.line(3).as_deref(), Some("QUIC Initial 0 [PING, PADDING]"));
    assert!(titles(&opened).contains(&"QUIC 1-RTT packet 1 of the client, opened"), "{:?}", titles(&opened));
}

/// A run's QUIC and HTTP/3, made by quinn and h3, as the client saw it.
#[test]
fn what_quinn_and_h3_send_is_opened_to_the_last_byte() {
    let settings = [("http".to_owned(), "3".to_owned())].into();
    let setup = crate::demos::Setup { seed: 1, ..Default::default() };
    let run = crate::demos::run("handshake-timing", &settings, &setup).expect("a value of the knob");
    let seen = crate::recording::vantage::find(&run, "client").expect("a client").seen(&run);
    let packets = seen.iter().map(|it| Seen { n: it.packet.n, at_ns: it.at.0, frame: &it.packet.bytes });
    let opened = crate::wire::opened::open(packets, &run.secrets);
    assert_sound(opened.units());
    let of_quic = |line: &String| line.contains("QUIC") || line.contains("HTTP3");
    let lines: Vec<String> = seen.iter().filter_map(|it| opened.line(it.packet.n)).filter(of_quic).collect();
    let datagrams = seen.iter().filter(|it| summary(&it.packet.bytes).starts_with("QUIC")).count();
    assert_eq!(lines.len(), datagrams, "every datagram is opened");
    insta::assert_snapshot!(lines.join("\n"));
}

proptest! {
    #[test]
    fn any_damage_leaves_what_is_opened_explained(
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let (mut frames, secrets) = connection();
        for (frame, at, byte) in damage {
            let frame = frame.index(frames.len());
            let at = at.index(frames[frame].len());
            frames[frame][at] = byte;
        }
        if let Some(cut) = cut {
            let length = cut.index(frames[2].len());
            frames[2].truncate(length);
        }
        for unit in opened(&frames, &secrets).units() {
            explained(&unit.decoded, unit.bytes.len()).map_err(TestCaseError::fail)?;
        }
        for frame in &frames {
            explained(&decode(frame), frame.len()).map_err(TestCaseError::fail)?;
        }
    }

    #[test]
    fn any_bytes_of_frames_are_explained(
        start in 0..200_usize,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        mut more in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let frames = every_frame();
        let mut bytes = frames[start.min(frames.len())..].to_vec();
        for (at, byte) in damage {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        bytes.append(&mut more);
        let packet = [&[0x40, 0], &bytes[..], &[0; 16]].concat();
        let (decoded, _) = quic::opened(&packet, 0, 0);
        explained(&decoded, packet.len()).map_err(TestCaseError::fail)?;
        prop_assert!(decoded.problems.iter().all(|it| it.bytes.end <= packet.len()));
    }
}
