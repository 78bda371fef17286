//! Any bytes as segments into any state, with any calls of the program between them: no panic, no work without end, nothing
//! held beyond the buffers.
use etherparse::{IpNumber, TcpHeader};
use proptest::prelude::*;

use crate::play::Play;
use crate::script;
use crate::segments::{HOST, PEER, ip};

/// Ways into each state; options differ, so that every one of them is met.
const STATES: &[&str] = &[
    "",
    "listen",
    "listen backlog 1\n < S 0 <mss 1000> port 40001\n > S. 0 ack 1 port 40001\n < . 1 ack 1 port 40001",
    "host syn_cookies=always\nlisten\n < S 0 <mss 1000, ts 1 0>\n > S. 0 ack 1",
    "connect\n > S 0",
    "host ecn=active\nconnect\n > SEW 0",
    "connect\n > S 0\n < S 0 <mss 1000, sackok, ws 3, ts 1 0>\n > S. 0 ack 1",
    "listen\n < S 0 <mss 1000, sackok, ws 7, ts 1 0>\n > S. 0 ack 1",
    "open <mss 1000>",
    "open <mss 1000, sackok, ws 7, ts 1 0>",
    "host nagle=on congestion=bbr keepalive=1s/1s/3\nopen rtt 10ms <mss 1000, sackok>",
    "host congestion=reno\nopen win 1000 <mss 100, sackok>\n write 5000\n > . 1:101 ack 1",
    "host receive_buffer=3000\nopen <mss 1000, sackok>\n < . 2001:2100 ack 1\n > . 1 ack 1",
    "open <mss 1000, sackok>\n shutdown\n > F. 1 ack 1",
    "open <mss 1000, sackok>\n shutdown\n > F. 1 ack 1\n < . 1 ack 2",
    "open <mss 1000, ts 1 0>\n close\n > F. 1 ack 1",
    "open <mss 1000>\n close\n > F. 1 ack 1\n < . 1 ack 2",
    "host ack_delay=none\nopen <mss 1000, sackok>\n < F. 1 ack 1\n > . 1 ack 2",
    "host ack_delay=none\nopen <mss 1000>\n shutdown\n > F. 1 ack 1\n < F. 1 ack 1\n > . 2 ack 2",
    "host ack_delay=none\nopen <mss 1000>\n < F. 1 ack 1\n > . 1 ack 2\n close\n > F. 1 ack 2",
    "host ack_delay=none\nopen <mss 1000>\n shutdown\n > F. 1 ack 1\n < F. 1 ack 2\n > . 2 ack 2",
];

/// Something that happens to the host.
#[derive(Clone, Debug)]
enum Op {
    /// A segment with right checksums, near what is expected or anywhere.
    Segment {
        flags: u8,
        seq: u32,
        ack: u32,
        window: u16,
        urgent: u16,
        options: Vec<u8>,
        payload: u16,
        ecn: u8,
        port: u16,
    },
    /// Any bytes as a TCP header and more.
    Tcp(Vec<u8>),
    /// Any bytes as an ICMP message.
    Icmp(Vec<u8>),
    /// Any bytes as a packet.
    Packet(Vec<u8>),
    Wait(u64),
    /// A line of a script that calls the program's socket; it may fail.
    Call(&'static str),
}

/// A distance from what is expected: mostly small, or at an edge.
fn near() -> impl Strategy<Value = u32> {
    prop_oneof![
        4 => Just(0_u32),
        4 => 0_u32..4000,
        2 => (0_u32..4000).prop_map(|it| it.wrapping_neg()),
        1 => 65_000_u32..66_000,
        1 => any::<u32>(),
    ]
}

/// Options that can be read, and bytes that cannot.
fn options() -> impl Strategy<Value = Vec<u8>> {
    let sack = prop::collection::vec(near(), 2..=6).prop_map(|edges| {
        let edges = &edges[..edges.len() / 2 * 2];
        let mut bytes = vec![5, 2 + 4 * edges.len() as u8];
        edges.iter().for_each(|it| bytes.extend(it.to_be_bytes()));
        bytes
    });
    prop_oneof![
        4 => Just(Vec::new()),
        2 => (any::<u32>(), near()).prop_map(|(value, echo)| {
            [&[8, 10][..], &value.to_be_bytes(), &echo.to_be_bytes()].concat()
        }),
        2 => sack,
        1 => (any::<u16>(), any::<u8>()).prop_map(|(mss, shift)| {
            [&[2, 4][..], &mss.to_be_bytes(), &[4, 2, 3, 3, shift]].concat()
        }),
        1 => prop::collection::vec(any::<u8>(), 0..=40),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let flags = prop_oneof![4 => Just(0x10_u8), 2 => Just(0x18), 1 => Just(0x02), 1 => Just(0x11), 2 => any::<u8>()];
    let numbers = (flags, near(), near(), any::<u16>(), any::<u16>());
    let rest = (
        options(),
        prop_oneof![Just(0_u16), 1_u16..1400],
        0_u8..4,
        prop_oneof![9 => Just(40_000_u16), 1 => 40_001_u16..40_040],
    );
    let segment = (numbers, rest).prop_map(|((flags, seq, ack, window, urgent), (options, payload, ecn, port))| {
        Op::Segment { flags, seq, ack, window, urgent, options, payload, ecn, port }
    });
    let calls = [
        "write 1",
        "write 3000",
        "read 1",
        "read 500",
        "read end",
        "shutdown",
        "close",
        "abort",
        "accept",
        "connected",
        "unlisten",
        "listen",
        "connect port 40010",
        "accept port 40001",
    ];
    prop_oneof![
        12 => segment,
        1 => prop::collection::vec(any::<u8>(), 0..100).prop_map(Op::Tcp),
        1 => prop::collection::vec(any::<u8>(), 0..100).prop_map(Op::Icmp),
        1 => prop::collection::vec(any::<u8>(), 0..100).prop_map(Op::Packet),
        3 => prop_oneof![0_u64..300, 300_u64..70_000].prop_map(Op::Wait),
        4 => prop::sample::select(calls.to_vec()).prop_map(Op::Call),
    ]
}

fn packet(play: &mut Play, op: &Op) -> Option<Vec<u8>> {
    Some(match op {
        Op::Segment { flags, seq, ack, window, urgent, options, payload, ecn, port } => {
            let bases = play.bases(*port);
            let mut tcp = TcpHeader::new(*port, bases.port, bases.peer.wrapping_add(1).wrapping_add(*seq), *window);
            tcp.acknowledgment_number = bases.host.wrapping_add(1).wrapping_add(*ack);
            tcp.urgent_pointer = *urgent;
            let bit = |n: u8| flags & (1 << n) != 0;
            (tcp.fin, tcp.syn, tcp.rst, tcp.psh) = (bit(0), bit(1), bit(2), bit(3));
            (tcp.ack, tcp.urg, tcp.ece, tcp.cwr) = (bit(4), bit(5), bit(6), bit(7));
            tcp.set_options_raw(options).expect("40 bytes at most");
            let payload = vec![7; usize::from(*payload)];
            tcp.checksum = tcp.calc_checksum_ipv4_raw(PEER, HOST, &payload).expect("it fits a packet");
            ip(IpNumber::TCP, PEER, HOST, *ecn, &[&tcp.to_bytes()[..], &payload].concat())
        }
        Op::Tcp(bytes) => ip(IpNumber::TCP, PEER, HOST, 0, bytes),
        Op::Icmp(bytes) => ip(IpNumber::ICMP, PEER, HOST, 0, bytes),
        Op::Packet(bytes) => bytes.clone(),
        Op::Wait(_) | Op::Call(_) => return None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]
    #[test]
    fn nothing_that_arrives_in_any_state_breaks_a_host(state in 0..STATES.len(), ops in prop::collection::vec(op(), 1..60)) {
        let mut play = Play::new(&script::read(STATES[state])).expect("the way into the state");
        for op in &ops {
            match op {
                Op::Wait(millis) => play.wait(*millis),
                Op::Call(call) => play.attempt(call),
                _ => {
                    let packet = packet(&mut play, op).expect("it is one");
                    play.hand_in(packet);
                }
            }
            play.assert_bounded();
        }
        // Whatever has happened, it comes to rest: no timer for ever but keepalive's and a window's.
        play.wait(20_000);
        play.assert_bounded();
    }
}

#[test]
fn every_way_into_a_state_holds() {
    for state in STATES {
        if let Err(wrong) = Play::new(&script::read(state)) {
            panic!("{state}\n{wrong}");
        }
    }
}
