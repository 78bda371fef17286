//! Frames made by etherparse and by hand: one of every kind, and connections in which everything goes wrong.
use etherparse::icmpv4::{DestUnreachableHeader, TimeExceededCode};
use etherparse::{Icmpv4Type, Ipv4Header, Ipv4Options, PacketBuilder, PacketBuilderStep, TcpOptionElement};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Capture;

const A: [u8; 4] = [10, 0, 0, 1];
const B: [u8; 4] = [10, 0, 0, 2];

fn ip(from: [u8; 4], to: [u8; 4]) -> PacketBuilderStep<etherparse::IpHeaders> {
    PacketBuilder::ethernet2([2, 0, 0, 0, 0, from[3]], [2, 0, 0, 0, 0, to[3]]).ipv4(from, to, 64)
}

fn written(write: impl FnOnce(&mut Vec<u8>) -> Result<(), etherparse::err::packet::BuildWriteError>) -> Vec<u8> {
    let mut frame = Vec::new();
    write(&mut frame).expect("a Vec takes all");
    frame
}

fn udp(from: u16, to: u16, payload: &[u8]) -> Vec<u8> {
    written(|frame| ip(A, B).udp(from, to).write(frame, payload))
}

fn tcp(to: u16, sequence: u32, payload: &[u8]) -> Vec<u8> {
    written(|frame| ip(A, B).tcp(40000, to, sequence, 502).ack(7000).psh().write(frame, payload))
}

/// One frame each with an IP header, TCP, UDP and ICMP.
pub(crate) fn one_of_each() -> [Vec<u8>; 4] {
    let icmp = written(|frame| ip(A, B).icmpv4_echo_request(7, 1).write(frame, b"abcdefgh"));
    [udp(1, 2, b"plain"), tcp(9, 1, b"plain"), udp(3, 4, b"plain"), icmp]
}

/// Frames of each kind of thing, by name.
pub(crate) fn kinds() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    vec![("link", link()), ("ip", internet()), ("icmp", icmp()), ("tcp", segments()), ("dns", dns()), ("http", http())]
}

fn arp(operation: u8, [sender, target]: [[u8; 4]; 2], broadcast: bool) -> Vec<u8> {
    let mac = |ip: [u8; 4]| [2, 0, 0, 0, 0, ip[3]];
    let mut frame = if broadcast { vec![0xff; 6] } else { mac(target).to_vec() };
    frame.extend(mac(sender));
    frame.extend([8, 6, 0, 1, 8, 0, 6, 4, 0, operation]);
    frame.extend(mac(sender));
    frame.extend(sender);
    frame.extend(if broadcast { [0; 6] } else { mac(target) });
    frame.extend(target);
    frame.resize(60, 0);
    frame
}

fn link() -> Vec<Vec<u8>> {
    let mut tagged = udp(5000, 7, b"in a VLAN, long enough that no padding is needed");
    tagged.splice(12..12, [0x81, 0x00, 0x60, 0x2a]);
    let mut short = udp(5000, 7, b"x");
    short.resize(60, 0);
    vec![arp(1, [A, B], true), arp(2, [B, A], false), arp(1, [A, A], true), arp(1, [[0; 4], B], true), tagged, short]
}

fn internet() -> Vec<Vec<u8>> {
    let with = |change: fn(&mut Ipv4Header), options: &[u8], protocol: u8, payload: &[u8]| {
        let mut header = Ipv4Header::new(8, 64, protocol.into(), A, B).expect("a short payload");
        header.options = Ipv4Options::try_from(options).expect("whole words");
        change(&mut header);
        header.set_payload_len(payload.len()).expect("it fits");
        header.header_checksum = header.calc_header_checksum();
        let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0];
        header.write(&mut frame).expect("a Vec takes all");
        frame.extend(payload);
        frame
    };
    let long = [0x5a; 64];
    let datagram = &udp(5000, 7, &long)[34..];
    vec![
        with(|_| (), &[148, 4, 0, 0], 253, &long),
        with(|_| (), &[1, 7, 7, 4, 10, 0, 0, 9], 253, &long),
        with(|it| it.identification = 0x1234, &[], 253, &long),
        with(|it| (it.more_fragments, it.dont_fragment) = (true, false), &[], 17, &datagram[..64]),
        with(
            |it| (it.fragment_offset, it.dont_fragment) = (8.try_into().expect("small"), false),
            &[],
            17,
            &datagram[64..],
        ),
        with(|it| it.dscp = 46.try_into().expect("small"), &[], 253, &long),
        with(|it| it.ecn = 3.try_into().expect("small"), &[], 253, &long),
    ]
}

fn icmp() -> Vec<Vec<u8>> {
    let about = udp(33434, 33435, b"a probe of sixty bytes, to be quoted in an error about it...");
    let quote =
        |kind: Icmpv4Type, bytes: usize| written(|frame| ip(B, A).icmpv4(kind).write(frame, &about[14..14 + bytes]));
    let unreachable = |header| Icmpv4Type::DestinationUnreachable(header);
    let expired = Icmpv4Type::TimeExceeded(TimeExceededCode::TtlExceededInTransit);
    let too_big = DestUnreachableHeader::FragmentationNeeded { next_hop_mtu: 1400 };
    vec![
        written(|frame| ip(A, B).icmpv4_echo_request(7, 1).write(frame, b"abcdefgh01234567")),
        written(|frame| ip(B, A).icmpv4_echo_reply(7, 1).write(frame, b"abcdefgh01234567")),
        quote(unreachable(DestUnreachableHeader::Port), 28),
        quote(unreachable(too_big), about.len() - 14),
        quote(expired, about.len() - 14),
    ]
}

fn segments() -> Vec<Vec<u8>> {
    use TcpOptionElement::{
        MaximumSegmentSize, Noop, SelectiveAcknowledgement, SelectiveAcknowledgementPermitted, Timestamp, WindowScale,
    };
    let syn = [MaximumSegmentSize(1460), SelectiveAcknowledgementPermitted, Timestamp(100, 0), Noop, WindowScale(7)];
    let answer = [MaximumSegmentSize(1400), Noop, WindowScale(2), Noop, Noop, SelectiveAcknowledgementPermitted];
    let blocks = [Noop, Noop, SelectiveAcknowledgement((7100, 7200), [Some((7300, 7400)), None, None])];
    let clock = [Noop, Noop, Timestamp(200, 150)];
    let from_a = |sequence| ip(A, B).tcp(40000, 9000, sequence, 502);
    let from_b = |sequence| ip(B, A).tcp(9000, 40000, sequence, 500);
    vec![
        written(|frame| from_a(6999).syn().options(&syn).expect("they fit").write(frame, &[])),
        written(|frame| from_b(899).syn().ack(7000).options(&answer).expect("they fit").write(frame, &[])),
        written(|frame| from_a(7000).ack(900).options(&clock).expect("they fit").write(frame, &[])),
        written(|frame| from_a(7000).ack(900).psh().write(frame, b"some bytes")),
        written(|frame| from_b(900).ack(7010).options(&blocks).expect("they fit").write(frame, &[])),
        written(|frame| from_a(7010).ack(900).urg(3).write(frame, b"urgent")),
        written(|frame| from_b(900).ack(7016).ece().cwr().write(frame, &[])),
        written(|frame| from_a(7016).ack(900).fin().write(frame, &[])),
        written(|frame| from_b(900).rst().ack(7017).write(frame, &[])),
    ]
}

/// A message: header, question for `name` (in wire form) and what follows.
fn message(flags: u16, counts: [u16; 4], rest: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x12, 0x34];
    bytes.extend(flags.to_be_bytes());
    counts.iter().for_each(|count| bytes.extend(count.to_be_bytes()));
    bytes.extend(b"\x03www\x07example\x03lab\0\0\x01\0\x01");
    bytes.extend(rest);
    bytes
}

/// A record about the question's name.
fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).expect("short");
    [b"\xc0\x0c".as_slice(), &kind.to_be_bytes(), b"\0\x01\0\0\x0e\x10", &length.to_be_bytes(), data].concat()
}

fn dns() -> Vec<Vec<u8>> {
    let edns = b"\0\0\x29\x04\xd0\0\0\x80\0\0\x0c\0\x0a\0\x08abcdefgh";
    let soa = b"\x02ns\xc0\x10\x04root\xc0\x10\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04\0\0\0\x05";
    let records = [
        record(1, &[10, 0, 0, 80]),
        record(28, &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
        record(5, b"\x03web\xc0\x10"),
        record(2, b"\x02ns\xc0\x10"),
        record(12, b"\x04host\xc0\x10"),
        record(15, b"\0\x0a\x04mail\xc0\x10"),
        record(16, b"\x05hello\x05world"),
        record(6, soa),
        record(999, b"unknown"),
    ];
    let answer = message(0x8580, [1, 9, 0, 0], &records.concat());
    let stream = |bytes: &[u8]| [&u16::try_from(bytes.len()).expect("short").to_be_bytes(), bytes].concat();
    vec![
        udp(40000, 53, &message(0x0100, [1, 0, 0, 1], edns)),
        udp(53, 40000, &answer),
        udp(53, 40000, &message(0x8183, [1, 0, 0, 0], &[])),
        tcp(53, 1, &stream(&message(0x0100, [1, 0, 0, 0], &[]))),
    ]
}

fn http() -> Vec<Vec<u8>> {
    let request =
        b"GET /a?b=c HTTP/1.1\r\nHost: www.example.lab\r\nUser-Agent: roundtrip\r\nAccept: */*\r\nX-Own: 1\r\n\r\n";
    let answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nServer: lab\r\n\r\nhello";
    let from_server = |payload: &[u8]| written(|frame| ip(B, A).tcp(80, 40000, 500, 502).ack(1).write(frame, payload));
    vec![
        tcp(80, 1, request),
        from_server(answer),
        tcp(80, 1000, b"POST /b HTTP/1.1\r\nHost: b\r\nContent-Length: 2\r\n\r\nok"),
    ]
}

/// One side of a connection in trouble.
#[derive(Clone, Copy)]
struct Side {
    ip: [u8; 4],
    port: u16,
    /// The next number it would send.
    next: u32,
    /// What it has acknowledged.
    acknowledged: u32,
    window: u16,
}

/// Connections whose packets are lost, repeated, late, refused and probed for at random, all in one capture.
pub(crate) fn troubled_connections(count: u16) -> Capture {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut packets = Vec::new();
    let mut now = 0;
    for connection in 0..count {
        let sides = [(A, 20000 + connection), (B, 80)].map(|(ip, port)| Side {
            ip,
            port,
            next: random.random(),
            acknowledged: 0,
            window: random.random_range(500..2000),
        });
        trouble(&mut random, sides, &mut now, &mut packets);
        now += 1_000_000_000;
    }
    Capture { name: "troubled connections".into(), packets }
}

fn trouble(random: &mut ChaCha8Rng, mut sides: [Side; 2], now: &mut u64, packets: &mut Vec<(u64, Vec<u8>)>) {
    let scales: [Option<u8>; 2] = std::array::from_fn(|_| random.random_bool(0.7).then_some(random.random_range(0..8)));
    let rtt = random.random_range(1_000_000..60_000_000);
    let mut send = |now: u64, from: Side, to: Side, flags: &str, sequence: u32, data: &[u8], scale: Option<u8>| {
        let mut step = ip(from.ip, to.ip).tcp(from.port, to.port, sequence, from.window);
        for flag in flags.chars() {
            step = match flag {
                'S' => step.syn(),
                'F' => step.fin(),
                'R' => step.rst(),
                _ => step.ack(from.acknowledged),
            };
        }
        let options: Vec<_> = scale.map(TcpOptionElement::WindowScale).into_iter().collect();
        let step = step.options(&options).expect("they fit");
        packets.push((now, written(|frame| step.write(frame, data))));
    };
    for (me, flags) in [(0, "S"), (1, "SA"), (0, "A")] {
        let other = 1 - me;
        sides[me].acknowledged = sides[other].next;
        send(*now, sides[me], sides[other], flags, sides[me].next, &[], scales[me].filter(|_| flags != "A"));
        sides[me].next = sides[me].next.wrapping_add(u32::from(flags != "A"));
        *now += rtt / 2;
    }
    for _ in 0..random.random_range(5..40) {
        *now += [100_000, 1_000_000, 5_000_000, 25_000_000, 300_000_000][random.random_range(0..5)];
        let me = random.random_range(0..2);
        let (other, next) = (1 - me, sides[me].next);
        let length = [1, 2, 10, 100, 536][random.random_range(0..5)];
        let data = vec![b'x'; length];
        let back = random.random_range(1..600);
        let (flags, sequence, data): (_, _, &[u8]) = match random.random_range(0..14) {
            0..=3 => ("A", next, &data),
            4 => ("A", next.wrapping_add(random.random_range(1..600)), &data),
            5 => ("A", next.wrapping_sub(back), &data),
            6 => ("A", sides[other].acknowledged, &data),
            7 => ("A", next.wrapping_sub(1), &data[..length.min(1)]),
            8 => ("FA", next, &[]),
            9 if random.random_bool(0.1) => ("RA", next, &[]),
            _ => ("A", next, &[]),
        };
        match random.random_range(0..6) {
            0 => sides[me].acknowledged = sides[other].next,
            1 if random.random_bool(0.3) => sides[me].window = [0, 400, 1500][random.random_range(0..3)],
            _ => {}
        }
        send(*now, sides[me], sides[other], flags, sequence, data, None);
        let end = sequence.wrapping_add(u32::try_from(data.len()).expect("short") + u32::from(flags == "FA"));
        let probe = data.len() == 1 && sides[other].window == 0;
        if end.wrapping_sub(next).cast_signed() > 0 && !probe {
            sides[me].next = end;
        }
    }
}
