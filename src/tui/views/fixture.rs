//! Recordings made by hand, for the tests of views and stage.
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use etherparse::PacketBuilder;

use super::{Kind, Prepared, State, View};
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::quantity::{Quantity, Unit};
use crate::recording::{
    Event, EventKind, Fate, Interface, Link, LinkEnd, Marker, Measurement, Meddling, Node, NodeKind, Packet, Recording,
    Run, Series, Span, Time, Topology,
};
use crate::tui::theme::Theme;
use crate::wire;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const CLIENT: usize = 0;
const SWITCH: usize = 1;
const SERVER: usize = 2;

/// A demo with two knobs, run by [`run`].
pub(crate) static DEMO: Demo = Demo {
    name: "request",
    title: "A request and its answer",
    about: "A client asks a server over a switch; one answer is lost.",
    chapters: &["W1"],
    live: None,
    knobs: &[Knob::millis("rtt", "the round-trip time", [2, 500, 10, 40]), Knob::switch("quiet", "no second request")],
    exports: &[],
    view: "sequence",
    run,
};

/// A packet that says nothing.
pub(crate) fn packet() -> Packet {
    Packet {
        n: 1,
        link: 0,
        from: CLIENT,
        to: SWITCH,
        at: Time::ZERO,
        left: Time::ZERO,
        arrived: None,
        fate: Fate::Delivered,
        bytes: Vec::new(),
        summary: String::new(),
        reason: None,
    }
}

/// A recording being written.
struct Tape {
    recording: Recording,
    setup: Setup,
}

impl Tape {
    /// A frame over one link; its number.
    fn hop(&mut self, (from, to): (usize, usize), (at, takes): (u64, u64), bytes: &[u8], reason: &str) -> u32 {
        let n = u32::try_from(self.recording.packets.len() + 1).expect("few");
        let meddled = self.setup.interventions.iter().find(|it| it.packet == n).map(|it| it.action);
        let (fate, extra) = match meddled {
            Some(Meddling::Delay(by)) => (Fate::Meddled(Meddling::Delay(by)), by),
            Some(other) => (Fate::Meddled(other), Duration::ZERO),
            None => (Fate::Delivered, Duration::ZERO),
        };
        let at = Time(at * 1000);
        let dropped = matches!(fate, Fate::Meddled(Meddling::Drop));
        self.recording.packets.push(Packet {
            n,
            link: from.max(to) - 1,
            from,
            to,
            at,
            left: at,
            arrived: (!dropped).then(|| at + Duration::from_micros(takes) + extra),
            fate,
            bytes: bytes.to_vec(),
            summary: wire::summary(bytes),
            reason: (!reason.is_empty()).then(|| reason.to_owned()),
        });
        n
    }

    /// A frame from client to server or back, through the switch.
    fn send(&mut self, right: bool, at: u64, takes: u64, frame: &[u8], reason: &str) -> u32 {
        let path = if right { [CLIENT, SWITCH, SERVER] } else { [SERVER, SWITCH, CLIENT] };
        let first = self.hop((path[0], path[1]), (at, 10), frame, reason);
        if let Some(arrived) = self.recording.packet(first).and_then(|it| it.arrived) {
            self.hop((path[1], path[2]), (arrived.0 / 1000, takes - 10), frame, "");
        }
        first
    }

    fn lose(&mut self, model: &str) {
        let last = self.recording.packets.last_mut().expect("a packet was sent");
        last.arrived = None;
        last.fate = Fate::Lost(model.to_owned());
    }

    fn event(&mut self, node: usize, at: u64, until: Option<u64>, kind: EventKind) {
        let until = until.map(|it| Time(it * 1000));
        self.recording.events.push(Event { at: Time(at * 1000), until, node, kind });
    }

    fn mark(&mut self, name: &str, label: &str, at: u64, packet: u32) {
        let (name, label) = (name.to_owned(), label.to_owned());
        self.recording.markers.push(Marker { name, label, at: Time(at * 1000), packet: Some(packet) });
    }
}

/// A TCP segment in a frame, to the right (client to server) or back.
fn tcp(right: bool, flags: &str, data: &[u8]) -> Vec<u8> {
    let (client, server) = ([10, 0, 1, 10], [10, 0, 1, 20]);
    let (from, to) = if right { (client, server) } else { (server, client) };
    let (a, b) = ([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
    let (source, destination) = if right { (a, b) } else { (b, a) };
    let (from_port, to_port) = if right { (49152, 80) } else { (80, 49152) };
    let mut step =
        PacketBuilder::ethernet2(source, destination).ipv4(from, to, 64).tcp(from_port, to_port, 1000, 64240);
    for flag in flags.split(' ') {
        step = match flag {
            "SYN" => step.syn(),
            "ACK" => step.ack(2000),
            "FIN" => step.fin(),
            "PSH" => step.psh(),
            other => panic!("{other}"),
        };
    }
    let mut bytes = Vec::new();
    step.write(&mut bytes, data).expect("a Vec takes all");
    bytes
}

/// The run: a handshake, a request whose answer is lost once, and the answer.
fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let rtt = u64::try_from(knobs.time("rtt").as_micros()).expect("short");
    let half = rtt / 2;
    let mut tape = Tape { recording: empty(knobs, setup), setup: setup.clone() };
    let call = |call: &str, result: &str| EventKind::Call { call: call.to_owned(), result: result.to_owned() };
    tape.event(CLIENT, 0, Some(rtt), call("connect(10.0.1.20:80)", "= ok"));
    let syn = tape.send(true, 0, half, &tcp(true, "SYN", &[]), "the program called connect");
    let state = |from: &str, to: &str| EventKind::State { machine: "tcp".into(), from: from.into(), to: to.into() };
    tape.event(SERVER, half, None, state("LISTEN", "SYN-RECEIVED"));
    let syn_ack = tape.send(false, half, half, &tcp(false, "SYN ACK", &[]), "a SYN came for a listening port");
    tape.send(true, rtt, half, &tcp(true, "ACK", &[]), "");
    let request =
        tape.send(true, rtt + 100, half, &tcp(true, "PSH ACK", b"GET / HTTP/1.1\r\nHost: server.lab\r\n\r\n"), "");
    tape.event(CLIENT, rtt + 100, Some(3 * rtt + 200_000), call("recv(fd 3, 4096)", "= 59"));
    tape.event(SERVER, rtt + half + 100, None, EventKind::Note { text: "request read".into() });
    let answer = tcp(false, "PSH ACK", b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhello from the server");
    tape.hop((SERVER, SWITCH), (rtt + half + 200, 10), &answer, "");
    tape.lose("the 2nd packet");
    let lost = u32::try_from(tape.recording.packets.len()).expect("few");
    let again = tape.send(false, 2 * rtt + half + 200_000, half, &answer, "no ACK within the timeout of 200 ms");
    tape.mark("syn", "the SYN leaves", 0, syn);
    tape.mark("syn-ack", "the SYN-ACK arrives", rtt, syn_ack);
    tape.mark("request", "the request leaves", rtt + 100, request);
    tape.mark("lost", "the answer is lost", rtt + half + 200, lost);
    tape.mark("answer", "the answer arrives", 3 * rtt + 200_000, again);
    measured(&mut tape.recording, rtt);
    tape.recording
}

fn measured(recording: &mut Recording, rtt: u64) {
    let millis = |micros: u64| Quantity::time(Duration::from_micros(micros));
    let time = |micros: u64| Time(micros * 1000);
    let measure = |name: &str, label: &str, value, how: &str| Measurement {
        name: name.into(),
        label: label.into(),
        value,
        how: how.into(),
    };
    recording.measurements = vec![
        measure(
            "connect",
            "the handshake took",
            millis(rtt),
            "the SYN out to the SYN-ACK in (1 RTT when nothing is lost)",
        ),
        measure("answer", "the answer was there", millis(3 * rtt + 200_000), "connect called to recv returned"),
        measure("packets", "packets sent", Quantity::count(recording.packets.len()), "counted on every link"),
        measure("lost", "share that was lost", Quantity::share(1, recording.packets.len()), "lost / sent"),
    ];
    let span = |lane: &str, name: &str, from, to, packets| Span {
        lane: lane.into(),
        name: name.into(),
        from: time(from),
        to: time(to),
        packets,
    };
    recording.spans = vec![
        span("client", "connect", 0, rtt, Some((1, 4))),
        span("client", "wait for the answer", rtt + 100, 3 * rtt + 200_000, Some((7, 11))),
        span("server", "work", rtt + rtt / 2 + 100, rtt + rtt / 2 + 200, None),
        span("server", "retransmission timer", rtt + rtt / 2 + 200, 2 * rtt + rtt / 2 + 200_000, Some((9, 10))),
    ];
    let points = |step: u64| {
        (0..40).map(|i: u64| (time(i * rtt / 8), i64::try_from(i * i % step * 100_000).expect("small"))).collect()
    };
    recording.series = vec![
        Series { name: "delay of each message".into(), unit: Unit::Nanoseconds, points: points(97) },
        Series { name: "delay over UDP".into(), unit: Unit::Nanoseconds, points: points(41) },
    ];
    recording.end = time(3 * rtt + 210_000);
}

fn empty(knobs: &Knobs, setup: &Setup) -> Recording {
    let address = |last: u8| vec![IpAddr::V4(Ipv4Addr::new(10, 0, 1, last))];
    let port = |name: &str, addresses: Vec<IpAddr>| Interface { name: name.into(), mac: None, addresses };
    let node = |name: &str, kind, interfaces, column| Node { name: name.into(), kind, interfaces, place: (column, 0) };
    let link = |name: &str, ends: [(usize, usize); 2], delay: &str| Link {
        name: name.into(),
        ends: ends.map(|(node, interface)| LinkEnd { node, interface }),
        properties: vec![delay.into(), "100 Mbit/s".into()],
    };
    Recording {
        run: Run {
            demo: DEMO.name.into(),
            knobs: knobs.as_text(),
            seed: setup.seed,
            interventions: setup.interventions.clone(),
            live: None,
        },
        topology: Topology {
            nodes: vec![
                node("client", NodeKind::Host, vec![port("eth0", address(10))], 0),
                node("sw", NodeKind::Switch, vec![port("p0", vec![]), port("p1", vec![])], 1),
                node("server", NodeKind::Host, vec![port("eth0", address(20))], 2),
            ],
            links: vec![link("client-sw", [(0, 0), (1, 0)], "10 µs"), link("sw-server", [(1, 1), (2, 0)], "20 ms")],
        },
        packets: Vec::new(),
        events: Vec::new(),
        steps: Vec::new(),
        spans: Vec::new(),
        series: Vec::new(),
        measurements: Vec::new(),
        tables: Vec::new(),
        markers: Vec::new(),
        end: Time::ZERO,
        secrets: String::new(),
    }
}

/// The run with the default knobs.
pub(crate) fn prepared() -> Prepared {
    Prepared::new(Arc::new(run(&Knobs::defaults(DEMO.knobs), &Setup::default())))
}

/// A view at an instant, as text.
pub(crate) fn drawn(kind: Kind, (width, height): (u16, u16), state: &State, other: Option<&Prepared>) -> String {
    text(&painted(kind, (width, height), state, other, "dark"))
}

/// A view at an instant, as cells.
pub(crate) fn painted(kind: Kind, size: (u16, u16), state: &State, other: Option<&Prepared>, theme: &str) -> Buffer {
    let run = prepared();
    let theme = Theme::named(theme).expect("it ships");
    let area = Rect::new(0, 0, size.0, size.1);
    let mut buffer = Buffer::empty(area);
    super::draw(
        kind,
        area,
        &mut buffer,
        &View { run: &run, other, state, theme: &theme, focused: true, glossary: &[] },
    );
    buffer
}

/// The symbols of a buffer, a line a row.
pub(crate) fn text(buffer: &Buffer) -> String {
    let row = |y: u16| {
        let cells = (0..buffer.area.width).map(|x| buffer[(x, y)].symbol());
        cells.collect::<String>().trim_end().to_owned()
    };
    (0..buffer.area.height).map(row).collect::<Vec<_>>().join("\n")
}

/// A sender's curves over ten seconds: a window that grows and is halved, what it thinks of it, and its decisions.
pub(crate) fn congestion(points: u64) -> Prepared {
    let mut recording = run(&Knobs::defaults(DEMO.knobs), &Setup::default());
    let at = |i: u64| Time(i * 10_000_000_000 / points);
    let value = |i: u64, of: fn(i64, i64) -> i64| {
        // A saw of five teeth; `round` counts them, `part` is how far into one it is, in thousandths.
        let (round, part) = (i * 5 / points, i * 5 % points * 1000 / points);
        of(i64::try_from(round).expect("few"), i64::try_from(part).expect("below 1000"))
    };
    let curve = |name: &str, unit, of: fn(i64, i64) -> i64| Series {
        name: name.into(),
        unit,
        points: (0..points).map(|i| (at(i), value(i, of))).collect(),
    };
    let steps = (0..5).map(|round| (at(round * points / 5), 43_440 - i64::try_from(round).expect("few") * 1_448));
    recording.series = vec![
        curve("client cwnd", Unit::Bytes, |_, part| 43_440 + 43 * part),
        Series { name: "client ssthresh".into(), unit: Unit::Bytes, points: steps.collect() },
        curve("client in flight", Unit::Bytes, |round, part| 40_000 + 40 * part - round * 1_448),
        curve("r1 queue to server", Unit::Bytes, |_, part| (part - 300).max(0) * 60),
        curve("client RTT", Unit::Nanoseconds, |_, part| 40_000_000 + (part - 300).max(0) * 50_000),
        curve("client RTO", Unit::Nanoseconds, |_, part| 240_000_000 + (part - 300).max(0) * 60_000),
        curve("goodput", Unit::BitsPerSecond, |round, part| if part < 80 && round > 0 { 7_200_000 } else { 9_600_000 }),
    ];
    let decided = (1..5).map(|round| Event {
        at: at(round * points / 5),
        until: None,
        node: CLIENT,
        kind: EventKind::Decision {
            text: format!("three duplicate ACKs: fast recovery until byte {} (cwnd 43440 B, ssthresh 43440 B, srtt 72 ms, rto 260 ms, pipe 80000 B)", round * 410_000),
        },
    });
    recording.events.extend(decided);
    recording.events.sort_by_key(|it| it.at);
    recording.end = Time(10_000_000_000);
    Prepared::new(Arc::new(recording))
}

/// A view of a run made before, as text.
pub(crate) fn drawn_of(run: &Prepared, kind: Kind, size: (u16, u16), state: &State) -> String {
    drawn_with(run, None, kind, size, state)
}

/// A view of two runs.
pub(crate) fn drawn_beside(run: &Prepared, other: &Prepared, kind: Kind, size: (u16, u16), state: &State) -> String {
    drawn_with(run, Some(other), kind, size, state)
}

fn drawn_with(run: &Prepared, other: Option<&Prepared>, kind: Kind, size: (u16, u16), state: &State) -> String {
    let theme = Theme::named("dark").expect("it ships");
    let area = Rect::new(0, 0, size.0, size.1);
    let mut buffer = Buffer::empty(area);
    super::draw(kind, area, &mut buffer, &View { run, other, state, theme: &theme, focused: true, glossary: &[] });
    text(&buffer)
}

/// A connection that is opened and closed, with the states of both its ends.
pub(crate) fn connection() -> Prepared {
    let mut recording = run(&Knobs::defaults(DEMO.knobs), &Setup::default());
    let (client, server) = ("10.0.1.10:49152", "10.0.1.20:80");
    let state = |millis: u64, node, machine: String, from: &str, to: &str| Event {
        at: Time(millis * 1_000_000),
        until: None,
        node,
        kind: EventKind::State { machine, from: from.into(), to: to.into() },
    };
    let at_client = |millis, from, to| state(millis, CLIENT, format!("tcp {client} to {server}"), from, to);
    let at_server = |millis, from, to| state(millis, SERVER, format!("tcp {server} to {client}"), from, to);
    recording.events = vec![
        state(0, SERVER, format!("tcp {server}"), "CLOSED", "LISTEN"),
        at_client(0, "CLOSED", "SYN-SENT"),
        at_server(20, "LISTEN", "SYN-RECEIVED"),
        at_client(40, "SYN-SENT", "ESTABLISHED"),
        at_server(60, "SYN-RECEIVED", "ESTABLISHED"),
        at_client(80, "ESTABLISHED", "FIN-WAIT-1"),
        at_server(100, "ESTABLISHED", "CLOSE-WAIT"),
        at_server(130, "CLOSE-WAIT", "LAST-ACK"),
        at_client(150, "FIN-WAIT-1", "FIN-WAIT-2"),
        at_client(150, "FIN-WAIT-2", "TIME-WAIT"),
        at_server(170, "LAST-ACK", "CLOSED"),
    ];
    Prepared::new(Arc::new(recording))
}

/// A long transfer: so many packets from end to end, most of them data, one in a hundred lost.
pub(crate) fn long(packets: u32) -> Prepared {
    let mut recording = run(&Knobs::defaults(DEMO.knobs), &Setup::default());
    let data = tcp(true, "PSH ACK", &[b'x'; 1000]);
    let ack = tcp(false, "ACK", &[]);
    let segment = |n: u32| {
        let at = Time(u64::from(n) * 400_000);
        let (from, to, bytes) = if n.is_multiple_of(3) { (SWITCH, CLIENT, &ack) } else { (CLIENT, SWITCH, &data) };
        let lost = n % 100 == 7;
        Packet {
            n,
            from,
            to,
            at,
            left: at,
            arrived: (!lost).then(|| at + Duration::from_millis(20)),
            fate: if lost { Fate::Lost("random loss".into()) } else { Fate::Delivered },
            bytes: bytes.clone(),
            summary: wire::summary(bytes),
            reason: Some("the windows have room".into()),
            ..packet()
        }
    };
    recording.packets = (1..=packets).map(segment).collect();
    recording.series = congestion(u64::from(packets)).recording().series.clone();
    recording.end = Time(u64::from(packets) * 400_000 + 20_000_000);
    Prepared::new(Arc::new(recording))
}
