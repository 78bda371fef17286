//! What holds for every frame: nothing panics, and every bit is explained once.
use etherparse::{PacketBuilder, TcpOptionElement};
use proptest::prelude::*;

use super::*;

/// Every bit of the frame lies in exactly one innermost field, inside its layer, and parts lie inside their field.
fn every_byte_explained(frame: &[u8]) -> Result<(), String> {
    explained(&decode(frame), frame.len())
}

/// The same of anything that was read, so many bytes long.
pub(super) fn explained(decoded: &Decoded, length: usize) -> Result<(), String> {
    let mut seen = vec![0_u8; length * 8];
    for layer in &decoded.layers {
        for field in &layer.fields {
            inside(field, &(layer.bytes.start * 8..layer.bytes.end * 8))?;
            leaves(field, &mut seen);
        }
    }
    let wrong = seen.iter().position(|count| *count != 1);
    wrong.map_or(Ok(()), |bit| Err(format!("bit {bit} (byte {}) lies in {} fields: {decoded:#?}", bit / 8, seen[bit])))
}

fn inside(field: &Field, outer: &Range<usize>) -> Result<(), String> {
    if field.bits.start < outer.start || field.bits.end > outer.end || field.bits.is_empty() {
        return Err(format!("{} at {:?} lies outside {outer:?}", field.name, field.bits));
    }
    field.parts.iter().try_for_each(|part| inside(part, &field.bits))
}

fn leaves(field: &Field, seen: &mut [u8]) {
    if field.parts.is_empty() {
        seen[field.bits.clone()].iter_mut().for_each(|count| *count = count.saturating_add(1));
    }
    field.parts.iter().for_each(|part| leaves(part, seen));
}

fn ethernet() -> etherparse::PacketBuilderStep<etherparse::Ethernet2Header> {
    PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
}

fn tcp(payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    let options = [
        TcpOptionElement::MaximumSegmentSize(1460),
        TcpOptionElement::SelectiveAcknowledgementPermitted,
        TcpOptionElement::Timestamp(7, 0),
        TcpOptionElement::Noop,
        TcpOptionElement::WindowScale(7),
    ];
    ethernet()
        .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
        .tcp(49152, 80, 1000, 64240)
        .syn()
        .options(&options)
        .expect("they fit")
        .write(&mut frame, payload)
        .expect("a Vec takes all");
    frame
}

fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    ethernet()
        .ipv4([10, 0, 0, 1], [10, 0, 0, 53], 64)
        .udp(40000, port)
        .write(&mut frame, payload)
        .expect("a Vec takes all");
    frame
}

fn echo(payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    let icmp = ethernet().ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).icmpv4_echo_request(1, 1);
    icmp.write(&mut frame, payload).expect("a Vec takes all");
    frame
}

fn arp(operation: u8) -> Vec<u8> {
    let mut frame = vec![0xff; 6];
    frame.extend([2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, operation, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1]);
    frame.extend([0, 0, 0, 0, 0, 0, 10, 0, 0, 2]);
    frame.resize(60, 0);
    frame
}

/// Time exceeded, quoting the beginning of `about`'s packet.
fn error(about: &[u8], quoted: usize) -> Vec<u8> {
    let kind = etherparse::Icmpv4Type::TimeExceeded(etherparse::icmpv4::TimeExceededCode::TtlExceededInTransit);
    let mut frame = Vec::new();
    let icmp = ethernet().ipv4([10, 0, 0, 9], [10, 0, 0, 1], 64).icmpv4(kind);
    icmp.write(&mut frame, &about[14..(14 + quoted).min(about.len())]).expect("a Vec takes all");
    frame
}

/// A message of ICMPv6 to a solicited-node group.
fn internet6(kind: etherparse::Icmpv6Type, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    let ends = [
        [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
        [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 2],
    ];
    let step = ethernet().ipv6(ends[0], ends[1], 255).icmpv6(kind);
    step.write(&mut frame, payload).expect("a Vec takes all");
    frame
}

const QUERY: &[u8] =
    b"\x12\x34\x01\x00\0\x01\0\0\0\0\0\x01\x03www\x07example\x03lab\0\0\x01\0\x01\0\0\x29\x04\xd0\0\0\x80\0\0\0";
const ANSWER: &[u8] = b"\x12\x34\x85\x80\0\x01\0\x02\0\x01\0\0\x03www\x07example\x03lab\0\0\x01\0\x01\
    \xc0\x0c\0\x05\0\x01\0\0\x01\x2c\0\x06\x03web\xc0\x10\xc0\x2d\0\x01\0\x01\0\0\0\x3c\0\x04\x0a\0\0\x50\
    \xc0\x10\0\x06\0\x01\0\0\0\x3c\0\x20\x02ns\xc0\x10\x04root\xc0\x10\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04\0\0\0\x05";
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: www.example.lab\r\nX-Any: 1\r\n\r\n";

/// A hello of TLS, its record around it.
fn hello(client: bool) -> Vec<u8> {
    let extension = |kind: u8, data: &[u8]| [&[0, kind, 0, u8::try_from(data.len()).expect("short")], data].concat();
    let share = [&[0, 29, 0, 32][..], &[7; 32]].concat();
    let (versions, share): (&[u8], _) = match client {
        true => (b"\x04\x03\x04\x0a\x0a", [&[0, 36], &share[..]].concat()),
        false => (b"\x03\x04", share),
    };
    let mut extensions = [extension(43, versions), extension(51, &share)].concat();
    let mut body = [&[3, 3][..], &[9; 32], &[1, 0x55]].concat();
    if client {
        extensions.extend(extension(0, b"\0\x0e\0\0\x0bwww.example"));
        extensions.extend(extension(16, b"\0\x03\x02h2"));
        extensions.extend(extension(99, b""));
        body.extend([0, 4, 0x13, 1, 0x13, 2, 1, 0]);
    } else {
        body.extend([0x13, 1, 0]);
    }
    body.extend([0, u8::try_from(extensions.len()).expect("short")]);
    body.extend(extensions);
    let length = u8::try_from(body.len()).expect("short");
    let kind = if client { 1 } else { 2 };
    [&[22, 3, 1, 0, length + 4, kind, 0, 0, length][..], &body].concat()
}

fn samples() -> Vec<Vec<u8>> {
    let mut tagged = tcp(REQUEST);
    tagged.splice(12..12, [0x81, 0, 0x20, 5]);
    let framed = [&(u16::try_from(QUERY.len()).expect("short")).to_be_bytes(), QUERY].concat();
    let stream = {
        let mut frame = Vec::new();
        let step = ethernet().ipv4([10, 0, 0, 1], [10, 0, 0, 53], 64).tcp(40000, 53, 1, 1000).ack(1);
        step.write(&mut frame, &framed).expect("a Vec takes all");
        frame
    };
    let solicitation = etherparse::Icmpv6Type::NeighborSolicitation;
    let ping = internet6(etherparse::Icmpv6Type::EchoRequest(etherparse::IcmpEchoHeader { id: 1, seq: 1 }), b"abcd");
    let too_big = etherparse::Icmpv6Type::PacketTooBig { mtu: 1280 };
    vec![
        arp(1),
        arp(2),
        echo(b"abcdefgh"),
        error(&tcp(b""), 28),
        error(&udp(33434, b"probe"), 548),
        udp(7, b"hello"),
        udp(53, QUERY),
        udp(53, ANSWER),
        stream,
        tcp(b""),
        tcp(REQUEST),
        tcp(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
        tcp(b"\x1b[2J"),
        tagged,
        internet6(solicitation, b"\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x02\x01\x01\x02\0\0\0\0\x01"),
        internet6(too_big, &ping[14..]),
        tcp(&hello(true)),
        tcp(&[&hello(false)[..], b"\x14\x03\x03\0\x01\x01", b"\x17\x03\x03\0\x05abcde"].concat()),
        tcp(b"\x17\x03\x03\x01\0abcde"),
        tcp(b"\x15\x03\x03\0\x02\x02\x30\x16\x03\x03\0\x06\xff12345\x17\x03"),
    ]
}

#[test]
fn undamaged_frames_have_no_problems_and_say_what_they_are() {
    let mut lines = Vec::new();
    for frame in samples() {
        let decoded = decode(&frame);
        assert_eq!(decoded.problems, [], "{}", decoded.summary);
        assert_eq!(decoded.summary, summary(&frame));
        let layers: Vec<_> = decoded.layers.iter().map(|layer| layer.name).collect();
        lines.push(format!("{:28} {}", layers.join(" "), decoded.summary));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn every_byte_of_every_sample_and_of_all_its_beginnings_is_explained_once() {
    for frame in samples() {
        for end in 0..=frame.len() {
            every_byte_explained(&frame[..end]).expect("explained");
        }
    }
}

#[test]
fn every_field_says_what_why_and_where() {
    fn check(field: &Field) {
        assert!(!field.label.is_empty() && field.why.ends_with(['.', ';']), "{field:?}");
        let own = ["data.data", "eth.trailer", "_ws.malformed"].contains(&field.name);
        let public = ["RFC ", "IEEE ", "draft-ietf-"].iter().any(|it| field.source.starts_with(it));
        assert!(own || public, "{field:?}");
        field.parts.iter().for_each(check);
    }
    for frame in samples() {
        decode(&frame).layers.iter().flat_map(|layer| &layer.fields).for_each(check);
    }
}

#[test]
fn a_frame_cut_anywhere_inside_a_header_names_the_problem() {
    let frame = tcp(b"");
    for end in 0..frame.len() {
        assert!(!decode(&frame[..end]).problems.is_empty(), "cut after {end} bytes");
    }
}

#[test]
fn the_bit_under_a_cursor_finds_its_field() {
    let decoded = decode(&tcp(b""));
    let name = |bit| decoded.at(bit).map(|(layer, field)| (layer.name, field.name));
    assert_eq!(name(14 * 8), Some(("ip", "ip.version")));
    assert_eq!(name(14 * 8 + 4), Some(("ip", "ip.hdr_len")));
    assert_eq!(name(47 * 8 + 6), Some(("tcp", "tcp.flags.syn")));
    assert_eq!(name(10_000), None);
    assert_eq!(decoded.field("tcp.options.mss_val").map(|field| field.value.as_str()), Some("1460"));
}

#[test]
fn what_is_in_the_clear_of_tls_is_named() {
    let frame = tcp(&hello(true));
    let decoded = decode(&frame);
    let said = |name: &str| decoded.field(name).map(|it| (it.value.clone(), it.meaning.clone()));
    assert_eq!(said("tls.handshake.extensions_server_name").map(|it| it.0).as_deref(), Some("www.example"));
    assert_eq!(said("tls.handshake.ciphersuite").map(|it| it.1).as_deref(), Some("TLS_AES_128_GCM_SHA256"));
    assert_eq!(said("tls.handshake.extensions_key_share_group").map(|it| it.1).as_deref(), Some("x25519"));
    // The lengths of the session's id, of the suites, of the extensions.
    for length in [43, 45, 53] {
        let mut damaged = frame.clone();
        damaged[frame.len() - hello(true).len() + length] ^= 0x80;
        let problem = "a length in the Client Hello does not fit the message";
        assert!(decode(&damaged).problems.iter().any(|it| it.text == problem), "{:?}", decode(&damaged).problems);
    }
}

proptest! {
    #[test]
    fn any_bytes_of_tls_are_explained(
        client: bool,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let mut payload = hello(client);
        for (at, byte) in damage {
            let at = at.index(payload.len());
            payload[at] = byte;
        }
        let frame = tcp(&payload);
        every_byte_explained(&frame).map_err(TestCaseError::fail)?;
        prop_assert_eq!(decode(&frame).summary, summary(&frame));
    }

    #[test]
    fn any_bytes_are_explained(frame in proptest::collection::vec(any::<u8>(), 0..200)) {
        every_byte_explained(&frame).map_err(TestCaseError::fail)?;
        prop_assert_eq!(decode(&frame).summary, summary(&frame));
    }

    #[test]
    fn damaged_frames_are_explained(
        sample in 0..20_usize,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in proptest::option::of(any::<prop::sample::Index>()),
        more in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut frame = samples().swap_remove(sample);
        for (at, byte) in damage {
            let at = at.index(frame.len());
            frame[at] = byte;
        }
        if let Some(cut) = cut {
            frame.truncate(cut.index(frame.len()));
        }
        frame.extend(more);
        every_byte_explained(&frame).map_err(TestCaseError::fail)?;
        let decoded = decode(&frame);
        prop_assert!(decoded.problems.iter().all(|it| it.bytes.end <= frame.len() && it.bytes.start <= it.bytes.end));
        prop_assert!(!decoded.summary.chars().any(char::is_control));
    }

    #[test]
    fn one_flipped_bit_of_an_ip_packet_is_noticed(sample in 2..13_usize, bit in any::<prop::sample::Index>()) {
        let mut frame = samples().swap_remove(sample);
        let bit = bit.index((frame.len() - 14) * 8) + 14 * 8;
        frame[bit / 8] ^= 0x80 >> (bit % 8);
        prop_assert!(!decode(&frame).problems.is_empty(), "{:?}", decode(&frame));
    }
}
