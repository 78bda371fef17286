//! A connection with everything that can happen to it, told in marks.
use etherparse::PacketBuilder;

use super::*;

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
            (9, vec![Mark::Reset]),
        ]
    );
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
