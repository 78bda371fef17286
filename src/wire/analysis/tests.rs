//! A connection with everything that can happen to it, told in marks.
use etherparse::{PacketBuilder, TcpOptionElement};

use super::*;
use crate::wire::{decode_kept, decode_on};

const CLIENT: (u8, u16) = (1, 49152);
const SERVER: (u8, u16) = (2, 80);

/// A capture in the making.
#[derive(Default)]
struct Capture(Vec<(u64, Vec<u8>)>);

impl Capture {
    /// `(milliseconds, from server, flags, sequence, acknowledgment, window, data)`.
    fn add(&mut self, ms: u64, from_server: bool, flags: &str, numbers: (u32, u32, u16), data: &[u8]) {
        let (from, to) = if from_server { (SERVER, CLIENT) } else { (CLIENT, SERVER) };
        let mac = |last| [2, 0, 0, 0, 0, last];
        let (sequence, acknowledgment, window) = numbers;
        let mut tcp = PacketBuilder::ethernet2(mac(from.0), mac(to.0))
            .ipv4([10, 0, 0, from.0], [10, 0, 0, to.0], 64)
            .tcp(from.1, to.1, sequence, window);
        for flag in flags.chars() {
            tcp = match flag {
                'S' => tcp.syn(),
                'A' => tcp.ack(acknowledgment),
                'F' => tcp.fin(),
                'R' => tcp.rst(),
                'W' => tcp.options(&[TcpOptionElement::WindowScale(7)]).expect("room for it"),
                other => panic!("no flag {other}"),
            };
        }
        let mut frame = Vec::new();
        tcp.write(&mut frame, data).expect("a Vec takes all");
        self.0.push((ms * 1_000_000, frame));
    }

    fn handshake() -> Self {
        let mut capture = Self::default();
        capture.add(0, false, "S", (u32::MAX, 0, 1000), b"");
        capture.add(40, true, "SA", (5000, 0, 1000), b"");
        capture.add(40, false, "A", (0, 5001, 1000), b"");
        capture
    }

    fn analyse(&self) -> Analysis {
        analyse((1..).zip(&self.0).map(|(n, (at_ns, frame))| Seen { n, at_ns: *at_ns, frame }))
    }

    fn marks(&self) -> Vec<(u32, Vec<Mark>)> {
        let analysis = self.analyse();
        analysis.segments.into_iter().filter(|(_, it)| !it.marks.is_empty()).map(|(n, it)| (n, it.marks)).collect()
    }
}

#[test]
fn a_scale_is_used_as_far_as_the_syns_that_were_captured_say_it() {
    use Scale::{By, Unknown, Unused};
    let cases = [
        (Some("SW"), Some("SAW"), [By(7), By(7)]),
        (Some("SW"), Some("SA"), [Unused, Unused]),
        (Some("S"), Some("SAW"), [Unused, Unused]),
        (Some("S"), Some("SA"), [Unused, Unused]),
        // RFC 7323 §2.2: the option comes in a SYN, ACK only where the SYN had it.
        (None, Some("SAW"), [Unknown, By(7)]),
        (None, Some("SA"), [Unused, Unused]),
        (Some("SW"), None, [By(7), Unknown]),
        (Some("S"), None, [Unused, Unused]),
        (None, None, [Unknown, Unknown]),
    ];
    for (syn, answer, expected) in cases {
        let mut capture = Capture::default();
        syn.into_iter().for_each(|flags| capture.add(0, false, flags, (7, 0, 1000), b""));
        answer.into_iter().for_each(|flags| capture.add(40, true, flags, (5000, 8, 1000), b""));
        capture.add(40, false, "A", (8, 5001, 1000), b"");
        capture.add(80, true, "A", (5001, 8, 1000), b"");
        let analysis = capture.analyse();
        let of_syns = analysis.segments.values().take(capture.0.len() - 2);
        assert!(of_syns.into_iter().all(|it| (it.window, it.scale) == (1000, None)), "{syn:?} {answer:?}");
        let rest: Vec<_> = analysis.segments.values().skip(capture.0.len() - 2).collect();
        assert_eq!([rest[0].scale, rest[1].scale], expected.map(Some), "{syn:?} {answer:?}");
        let bytes = |scale: Scale| if scale == By(7) { 128_000 } else { 1000 };
        assert_eq!([rest[0].window, rest[1].window], expected.map(bytes), "{syn:?} {answer:?}");
    }
    assert_eq!(By(7).said(502).as_deref(), Some("502 x 128 = 64256 B: the factor stood in this side's SYN"));
    assert!(Unknown.said(502).is_some_and(|it| it.contains("not in the capture")));
    assert_eq!([Unused.said(502), By(7).said(0), Unknown.said(0)], [None, None, None]);
}

#[test]
fn what_a_snap_length_cut_off_has_passed() {
    let mut capture = Capture::handshake();
    capture.add(41, false, "A", (0, 5001, 1000), &[b'a'; 500]);
    capture.add(42, false, "A", (500, 5001, 1000), &[b'b'; 500]);
    capture.add(82, true, "A", (5001, 1000, 1000), b"");
    let kept = (1..).zip(&capture.0).map(|(n, (at_ns, frame))| Linked {
        seen: Seen { n, at_ns: *at_ns, frame: &frame[..frame.len().min(64)] },
        link: LinkType::Ethernet,
        length: frame.len(),
    });
    let analysis = analyse(kept);
    let lines: Vec<_> = [4, 5, 6].iter().map(|n| analysis.segments[n].line.as_str()).collect();
    let expected = [
        "TCP 49152 > 80 [ACK] Seq=1 Ack=1 Win=1000 Len=500",
        "[Window full] TCP 49152 > 80 [ACK] Seq=501 Ack=1 Win=1000 Len=500",
        "TCP 80 > 49152 [ACK] Seq=1 Ack=1001 Win=1000 Len=0",
    ];
    assert_eq!(lines, expected);
    assert_eq!(analysis.segments[&5].next, 1001);
    let passed = analysis.flows[0].streams[0].passed();
    let places: Vec<_> = passed.iter().map(|it| (it.offsets.clone(), it.bytes.len())).collect();
    assert_eq!(places, [(0..10, 10), (10..500, 0), (500..510, 10), (510..1000, 0)]);
    // Without its length on the wire the frame is damaged, and with it is not.
    let frame = &capture.0[3].1;
    assert_ne!(decode_on(LinkType::Ethernet, &frame[..64]).problems, []);
    assert_eq!(decode_kept(LinkType::Ethernet, &frame[..64], frame.len()).problems, []);
    assert_eq!(decode_kept(LinkType::Ethernet, &frame[..50], frame.len()).problems, []);
    // A packet that claims more than passed is damaged all the same.
    assert_ne!(decode_kept(LinkType::Ethernet, &frame[..64], 80).problems, []);
}

#[test]
fn numbers_are_relative_across_the_wrap_and_the_stream_comes_together() {
    let mut capture = Capture::handshake();
    capture.add(41, false, "A", (0, 5001, 1000), b"GET ");
    capture.add(42, false, "A", (4, 5001, 1000), b"/");
    capture.add(82, true, "A", (5001, 5, 1000), b"200");
    capture.add(83, false, "FA", (5, 5004, 1000), b"");
    let analysis = capture.analyse();
    let lines: Vec<_> = analysis.segments.values().map(|it| it.line.as_str()).collect();
    insta::assert_snapshot!(lines.join("\n"));
    let flow = &analysis.flows[0];
    assert_eq!((analysis.flows.len(), flow.client.1, flow.initial_rtt_ns), (1, 49152, Some(40_000_000)));
    assert_eq!(flow.streams[0].bytes(), b"GET /");
    assert_eq!(flow.streams[1].bytes(), b"200");
    assert_eq!(flow.streams[0].packet_of(4), Some(5));
}

#[test]
fn a_loss_its_duplicate_acks_and_the_fast_retransmission_are_marked() {
    let mut capture = Capture::handshake();
    capture.add(41, false, "A", (10, 5001, 1000), b"bbbbbbbbbb");
    for ms in [81, 82, 83] {
        capture.add(ms, true, "A", (5001, 0, 1000), b"");
    }
    capture.add(84, false, "A", (0, 5001, 1000), b"aaaaaaaaaa");
    // The first of them already repeats what the SYN-ACK acknowledged.
    assert_eq!(
        capture.marks(),
        [
            (4, vec![Mark::PreviousLost]),
            (5, vec![Mark::DuplicateAck(1)]),
            (6, vec![Mark::DuplicateAck(2)]),
            (7, vec![Mark::DuplicateAck(3)]),
            (8, vec![Mark::Retransmission, Mark::FastRetransmission]),
        ]
    );
}

#[test]
fn a_timeout_a_late_packet_and_a_needless_repetition_differ() {
    let mut capture = Capture::handshake();
    capture.add(41, false, "A", (0, 5001, 1000), b"aaaa");
    capture.add(42, false, "A", (8, 5001, 1000), b"cccc");
    capture.add(43, false, "A", (4, 5001, 1000), b"bbbb");
    capture.add(300, false, "A", (8, 5001, 1000), b"cccc");
    capture.add(340, true, "A", (5001, 12, 1000), b"");
    capture.add(700, false, "A", (8, 5001, 1000), b"cccc");
    assert_eq!(
        capture.marks(),
        [
            (5, vec![Mark::PreviousLost]),
            (6, vec![Mark::OutOfOrder]),
            (7, vec![Mark::Retransmission]),
            (9, vec![Mark::Retransmission, Mark::SpuriousRetransmission]),
        ]
    );
}

/// tshark 4.0 says so of the same two captures: a late packet is out of order within 3 ms, or within a measured round trip.
#[test]
fn a_round_trip_that_began_at_time_0_does_not_widen_what_is_out_of_order() {
    for (start, mark) in [(0, Mark::Retransmission), (1, Mark::OutOfOrder)] {
        let mut capture = Capture::default();
        capture.add(start, false, "S", (u32::MAX, 0, 1000), b"");
        capture.add(start + 40, true, "SA", (5000, 0, 1000), b"");
        capture.add(start + 40, false, "A", (0, 5001, 1000), b"");
        capture.add(start + 41, false, "A", (4, 5001, 1000), b"bbbb");
        capture.add(start + 46, false, "A", (0, 5001, 1000), b"aaaa");
        assert_eq!(capture.marks(), [(4, vec![Mark::PreviousLost]), (5, vec![mark])]);
        assert_eq!(capture.analyse().flows[0].initial_rtt_ns, Some(40_000_000));
    }
}

#[test]
fn a_slow_reader_closes_the_window_is_probed_and_opens_it() {
    let mut capture = Capture::handshake();
    capture.add(41, false, "A", (0, 5001, 1000), b"aaaa");
    capture.add(81, true, "A", (5001, 4, 0), b"");
    capture.add(300, false, "A", (4, 5001, 1000), b"b");
    capture.add(340, true, "A", (5001, 4, 0), b"");
    capture.add(500, true, "A", (5001, 4, 1000), b"");
    capture.add(600, true, "RA", (5001, 4, 0), b"");
    assert_eq!(
        capture.marks(),
        [
            (5, vec![Mark::ZeroWindow]),
            (6, vec![Mark::ZeroWindowProbe]),
            (7, vec![Mark::ZeroWindow, Mark::ZeroWindowProbeAck]),
            (8, vec![Mark::WindowUpdate]),
            (9, vec![Mark::Reset(Reset::Aborted)]),
        ]
    );
}

#[test]
fn a_reset_says_what_likely_caused_it() {
    type Step = (bool, &'static str, (u32, u32, u16), &'static [u8]);
    let opened: [Step; 3] =
        [(false, "S", (7, 0, 1000), b""), (true, "SA", (5000, 8, 1000), b""), (false, "A", (8, 5001, 1000), b"")];
    let after = |steps: &[Step]| opened.iter().chain(steps).copied().collect::<Vec<_>>();
    let cases = [
        (vec![opened[0], (true, "RA", (0, 8, 0), b"")], Reset::Refused),
        (vec![(false, "A", (8, 5001, 1000), b"hello"), (true, "R", (5001, 0, 0), b"")], Reset::Unknown),
        (after(&[(true, "RA", (5001, 8, 0), b"")]), Reset::Aborted),
        (after(&[(false, "FA", (8, 5001, 1000), b""), (true, "RA", (5001, 9, 0), b"")]), Reset::InsteadOfClose),
        (
            after(&[
                (true, "FA", (5001, 8, 1000), b""),
                (false, "A", (8, 5002, 1000), b"late"),
                (true, "R", (5002, 0, 0), b""),
            ]),
            Reset::AfterClose,
        ),
    ];
    for (steps, expected) in cases {
        let mut capture = Capture::default();
        for (at, (from_server, flags, numbers, data)) in (0..).zip(&steps) {
            capture.add(at * 10, *from_server, flags, *numbers, data);
        }
        let last = u32::try_from(steps.len()).expect("a few");
        assert_eq!(capture.analyse().segments[&last].marks.first(), Some(&Mark::Reset(expected)), "{steps:?}");
    }
}

#[test]
fn the_same_ports_again_are_another_connection() {
    let mut capture = Capture::handshake();
    capture.add(50, false, "R", (0, 0, 0), b"");
    capture.add(100, false, "S", (77, 0, 1000), b"");
    let analysis = capture.analyse();
    assert_eq!(analysis.flows.len(), 2);
    assert_eq!(analysis.segments[&5].sequence, 0);
}

#[test]
fn two_owners_of_one_address_stand_out() {
    let arp = |last: u8, operation: u8| {
        let mut frame = vec![0xff; 6];
        frame.extend([2, 0, 0, 0, 0, last, 8, 6, 0, 1, 8, 0, 6, 4, 0, operation, 2, 0, 0, 0, 0, last, 10, 0, 0, 1]);
        frame.extend([0, 0, 0, 0, 0, 0, 10, 0, 0, 1]);
        (0, frame)
    };
    let analysis = Capture(vec![arp(1, 1), arp(1, 2), arp(2, 2), arp(2, 1)]).analyse();
    assert_eq!(analysis.into_marks().into_iter().collect::<Vec<_>>(), [(3, vec![Mark::DuplicateAddress])]);
}

proptest::proptest! {
    #[test]
    fn any_frames_can_be_analysed(frames: Vec<Vec<u8>>, numbers: Vec<(bool, u32, u32, u16, u8)>) {
        let mut capture = Capture::handshake();
        for (from_server, sequence, acknowledgment, window, length) in numbers {
            capture.add(50, from_server, "A", (sequence, acknowledgment, window), &vec![0; usize::from(length)]);
        }
        capture.0.extend(frames.into_iter().map(|frame| (0, frame)));
        let analysis = capture.analyse();
        proptest::prop_assert!(analysis.segments.len() <= capture.0.len());
    }
}
