//! A small run for tests: three packets over one link, the last of them lost.
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use etherparse::PacketBuilder;

use super::*;

/// The run.
pub(crate) fn sample() -> Recording {
    let ms = |ms: u64| Time(ms * 1_000_000);
    let lost = Fate::Lost("random loss".into());
    let packets = vec![
        packet(1, [0, 1], (ms(0), Some(ms(40))), Fate::Delivered, syn()),
        packet(2, [1, 0], (ms(40), Some(ms(80))), Fate::Delivered, answer(true)),
        packet(3, [0, 1], (ms(80), None), lost, answer(false)),
    ];
    let marker = Marker { name: "syn-ack".into(), label: "the SYN-ACK arrives".into(), at: ms(80), packet: Some(2) };
    let measurement = Measurement {
        name: "handshake".into(),
        label: "the client may send".into(),
        value: Quantity::time(Duration::from_millis(80)),
        how: "the SYN out to the SYN-ACK in (1 RTT when nothing is lost)".into(),
    };
    let span = Span { lane: "TCP".into(), name: "handshake".into(), from: ms(0), to: ms(80), packets: Some((1, 2)) };
    let step = Step {
        at: ms(0),
        until: ms(80),
        node: 0,
        depth: 0,
        kind: "answer".into(),
        title: "the server answers".into(),
        facts: vec![
            Fact::text("server", "server"),
            Fact::quantity("rtt", Quantity::time(Duration::from_millis(80))),
            Fact::list("refused", vec!["a record of another zone".into()]),
        ],
        why: "It is there.".into(),
        packets: vec![1, 2],
    };
    let unit = crate::quantity::Unit::Bytes;
    Recording {
        run: Run {
            demo: "sample".into(),
            knobs: BTreeMap::from([("rtt".into(), "80ms".into())]),
            seed: 1,
            interventions: Vec::new(),
            live: None,
        },
        topology: topology(),
        packets,
        events: events(),
        steps: vec![step],
        spans: vec![span],
        series: vec![Series { name: "in flight".into(), unit, points: vec![(ms(0), 0), (ms(80), 1460)] }],
        measurements: vec![measurement],
        tables: vec![table()],
        markers: vec![marker],
        end: ms(160),
        secrets: String::new(),
    }
}

fn table() -> Table {
    let columns = [("ttl", "TTL"), ("from", "who answered"), ("rtt_ns", "round trip")];
    let mut table = Table::new("hops", "Hops", &columns);
    let rtt = Quantity::time(Duration::from_millis(80));
    table.row(Some(2), vec![Quantity::count(1).into(), Cell::text("10.0.0.2"), rtt.into()]);
    table.row(None, vec![Quantity::count(2).into(), Cell::Empty, Cell::maybe(None)]);
    table
}

fn topology() -> Topology {
    let node = |name: &str, last: u8, column| Node {
        name: name.into(),
        kind: NodeKind::Host,
        interfaces: vec![Interface {
            name: "eth0".into(),
            mac: Some(format!("02:00:00:00:00:{last:02x}")),
            addresses: vec![IpAddr::V4(Ipv4Addr::new(10, 0, 0, last))],
        }],
        place: (column, 0),
    };
    let ends = [LinkEnd { node: 0, interface: 0 }, LinkEnd { node: 1, interface: 0 }];
    let link = Link { name: "client-server".into(), ends, properties: vec!["40 ms".into()] };
    Topology { nodes: vec![node("client", 1, 0), node("server", 2, 1)], links: vec![link] }
}

fn events() -> Vec<Event> {
    let call = EventKind::Call { call: "connect(10.0.0.2:80)".into(), result: "= 0".into() };
    let state =
        EventKind::State { machine: "tcp 10.0.0.1:49152".into(), from: "SYN-SENT".into(), to: "ESTABLISHED".into() };
    vec![
        Event { at: Time(0), until: Some(Time(80_000_000)), node: 0, kind: call },
        Event { at: Time(80_000_000), until: None, node: 0, kind: state },
    ]
}

fn packet(n: u32, [from, to]: [usize; 2], (at, arrived): (Time, Option<Time>), fate: Fate, bytes: Vec<u8>) -> Packet {
    let summary = crate::wire::summary(&bytes);
    let reason = (n == 1).then(|| "the program called connect".to_owned());
    Packet { n, link: 0, from, to, at, left: at, arrived, fate, bytes, summary, reason }
}

fn syn() -> Vec<u8> {
    let tcp = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
        .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
        .tcp(49152, 80, 1000, 64240)
        .syn();
    let mut frame = Vec::new();
    tcp.write(&mut frame, &[]).expect("a Vec takes all");
    frame
}

fn answer(from_server: bool) -> Vec<u8> {
    let (mac, ip) = (|last| [2, 0, 0, 0, 0, last], |last| [10, 0, 0, last]);
    let (from, to) = if from_server { (2, 1) } else { (1, 2) };
    let (ports, numbers) = if from_server { ((80, 49152), (5000, 1001)) } else { ((49152, 80), (1001, 5001)) };
    let tcp = PacketBuilder::ethernet2(mac(from), mac(to))
        .ipv4(ip(from), ip(to), 64)
        .tcp(ports.0, ports.1, numbers.0, 64240)
        .ack(numbers.1);
    let mut frame = Vec::new();
    let done = if from_server { tcp.syn().write(&mut frame, &[]) } else { tcp.write(&mut frame, b"GET /") };
    done.expect("a Vec takes all");
    frame
}
