//! Whole transfers in the lab have the shape a textbook draws: no dead stall, a full link, a queue that BBR leaves alone.
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use etherparse::{SlicedPacket, TcpOptionElement, TransportSlice};
use roundtrip::lab::tcp::TcpSettings;
use roundtrip::lab::{HostOptions, Lab, Limits, LinkOptions, Loss};
use roundtrip::net::{Congestion, Net as _};
use roundtrip::recording::{EventKind, Fate, Intervention, Meddling, Packet, Recording, Run, Time};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const MB: usize = 1_000_000;
/// 1448 of a frame's 1514 bytes are the program's.
const CEILING: f64 = 10e6 * 1448.0 / 1514.0;
const BASE_RTT: Duration = Duration::from_millis(40);
const QUEUE: usize = 64 * 1024;

/// What is sent over what.
#[derive(Clone, Debug)]
struct Case {
    tcp: TcpSettings,
    bytes: usize,
    link: LinkOptions,
    seed: u64,
    interventions: Vec<Intervention>,
}

/// What came of it.
struct Outcome {
    recording: Recording,
    /// When the server had read how many bytes.
    read: Vec<(Time, usize)>,
}

/// 10 Mbit/s, 40 ms, 64 KiB drop-tail.
fn case(congestion: Congestion, bytes: usize) -> Case {
    let link = LinkOptions::default().delay(BASE_RTT / 2).rate(10_000_000).queue(QUEUE).record_queue();
    let tcp = TcpSettings { congestion, ..TcpSettings::default() };
    Case { tcp, bytes, link, seed: 1, interventions: Vec::new() }
}

fn transfer(case: &Case) -> Outcome {
    let mut lab = Lab::new(case.seed, &case.interventions);
    lab.limit(Limits { steps: 50_000_000, ..Limits::default() });
    let options = HostOptions {
        receive_buffer: 2 << 20,
        send_buffer: 2 << 20,
        tcp: case.tcp,
        trace_calls: false,
        ..HostOptions::default()
    };
    let client = lab.host("client").address("10.0.0.1/24").options(options).add();
    let server = lab.host("server").at(1, 0).address("10.0.0.2/24").options(options).add();
    lab.link(client, server, case.link.clone());
    let (client, server) = (lab.net(client), lab.net(server));
    let to = SocketAddr::from(([10, 0, 0, 2], 80));
    let read = Rc::new(RefCell::new(Vec::new()));
    let (noted, bytes) = (Rc::clone(&read), case.bytes);
    lab.run(async move {
        let listener = server.listen(to).await.expect("a free port");
        client.clone().spawn(async move {
            let mut stream = client.connect(to).await.expect("it listens");
            stream.write_all(&vec![7; bytes]).await.expect("it is open");
            stream.shutdown().await.expect("it is open");
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await.expect("the server closes");
        });
        let (mut stream, _) = listener.accept().await.expect("a client");
        let mut buffer = vec![0; 64 * 1024];
        let mut total = 0;
        noted.borrow_mut().push((server.now(), 0));
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            assert!(buffer[..count].iter().all(|it| *it == 7));
            total += count;
            noted.borrow_mut().push((server.now(), total));
        }
        assert_eq!(total, bytes);
    })
    .expect("the transfer ends");
    let recording = lab.finish(Run::default());
    let read = read.borrow().clone();
    Outcome { recording, read }
}

impl Outcome {
    /// The longest time in which the program got nothing.
    fn longest_stall(&self) -> Duration {
        self.read.windows(2).map(|pair| pair[1].0 - pair[0].0).max().unwrap_or_default()
    }

    /// bit/s for the program, from `since` to the end.
    fn goodput(&self, since: Duration) -> f64 {
        let from = self.read.iter().find(|it| it.0 >= Time::ZERO + since).expect("it lasts that long");
        let to = self.read.last().expect("bytes came");
        (to.1 - from.1) as f64 * 8.0 / (to.0 - from.0).as_secs_f64()
    }

    fn decisions(&self) -> impl Iterator<Item = (Time, &str)> {
        self.recording.events.iter().filter_map(|it| match &it.kind {
            EventKind::Decision { text } => Some((it.at, text.as_str())),
            _ => None,
        })
    }

    fn timeouts(&self) -> usize {
        self.decisions().filter(|it| it.1.contains("retransmission timeout after")).count()
    }

    fn story(&self) -> String {
        self.decisions().map(|(at, text)| format!("{at}: {text}\n")).take(60).collect()
    }

    /// The largest value of the bottleneck's queue after `since`.
    fn longest_queue(&self, since: Duration) -> i64 {
        let curve =
            self.recording.series.iter().find(|it| it.name == "client queue to server").expect("it is recorded");
        let late = curve.points.iter().filter(|it| it.0 >= Time::ZERO + since);
        late.map(|it| it.1).max().unwrap_or(0)
    }

    /// The client's data segments.
    fn data(&self) -> impl Iterator<Item = (&Packet, Segment)> {
        let sent = self.recording.packets.iter().filter(|it| it.from == 0 && !matches!(it.fate, Fate::Copy { .. }));
        let base = self.base();
        sent.filter_map(move |it| segment(it, base).map(|segment| (it, segment))).filter(|it| it.1.from != it.1.to)
    }

    /// The sequence number of the client's SYN, its first segment.
    fn base(&self) -> u32 {
        let mut tcp = self.recording.packets.iter().filter(|it| it.from == 0).filter_map(|it| segment(it, 0));
        tcp.next().expect("it sent a SYN").from
    }

    /// The client's data segments that it had sent before.
    fn repeated(&self) -> Vec<&Packet> {
        let mut top = None;
        let mut found = Vec::new();
        for (packet, segment) in self.data() {
            if top.is_some_and(|top| segment.from < top) {
                found.push(packet);
            }
            top = top.max(Some(segment.to));
        }
        found
    }
}

/// What a segment says of the client's bytes, counted from its SYN.
#[derive(Clone, Debug)]
struct Segment {
    from: u32,
    to: u32,
    sack: Vec<(u32, u32)>,
}

/// Reads a TCP segment; `base` is the sequence number of the client's SYN.
fn segment(packet: &Packet, base: u32) -> Option<Segment> {
    let sliced = SlicedPacket::from_ethernet(&packet.bytes).ok()?;
    let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { return None };
    let length = u32::try_from(tcp.payload().len()).expect("a packet is small");
    let mut sack = Vec::new();
    for option in tcp.options_iterator() {
        if let Ok(TcpOptionElement::SelectiveAcknowledgement(first, others)) = option {
            sack.push(first);
            sack.extend(others.iter().flatten());
        }
    }
    let from = tcp.sequence_number().wrapping_sub(base);
    let sack = sack.into_iter().map(|(from, to)| (from.wrapping_sub(base), to.wrapping_sub(base))).collect();
    Some(Segment { from, to: from.wrapping_add(length), sack })
}

#[test]
fn two_megabytes_never_stand_still() {
    for congestion in [Congestion::NewReno, Congestion::Cubic, Congestion::Bbr] {
        let outcome = transfer(&case(congestion, 2 * MB));
        let stall = outcome.longest_stall();
        assert!(stall < 4 * BASE_RTT, "{congestion:?}: {stall:?}\n{}", outcome.story());
        assert_eq!(outcome.timeouts(), 0, "{congestion:?}\n{}", outcome.story());
        let goodput = outcome.goodput(Duration::ZERO);
        assert!(goodput > 0.85 * CEILING, "{congestion:?}: {goodput:.0} bit/s\n{}", outcome.story());
    }
}

#[test]
fn twenty_megabytes_fill_the_link_once_slow_start_is_over() {
    for congestion in [Congestion::NewReno, Congestion::Cubic] {
        let outcome = transfer(&case(congestion, 20 * MB));
        let share = outcome.goodput(Duration::from_secs(3)) / CEILING;
        assert!(share >= 0.95, "{congestion:?}: {share:.3} of the ceiling\n{}", outcome.story());
        assert!(outcome.longest_stall() < 4 * BASE_RTT, "{congestion:?}: {:?}", outcome.longest_stall());
        assert_eq!(outcome.timeouts(), 0, "{congestion:?}\n{}", outcome.story());
    }
}

#[test]
fn bbr_fills_the_link_and_leaves_the_queue_below_half() {
    let outcome = transfer(&case(Congestion::Bbr, 20 * MB));
    let longest = outcome.longest_queue(Duration::from_secs(3));
    assert!(longest < i64::try_from(QUEUE / 2).expect("small"), "{longest} bytes\n{}", outcome.story());
    let share = outcome.goodput(Duration::from_secs(3)) / CEILING;
    assert!(share >= 0.95, "{share:.3} of the ceiling\n{}", outcome.story());
}

#[test]
fn a_lost_retransmission_costs_no_timeout() {
    let plain = Case { link: case(Congestion::Cubic, MB).link.queue(4 * MB), ..case(Congestion::Cubic, MB) };
    let whole = transfer(&plain);
    let hundredth = whole.data().nth(100).expect("there are 690").0.n;
    let lose = |packets: &[u32]| {
        let drop = |&packet: &u32| Intervention { packet, action: Meddling::Drop };
        transfer(&Case { interventions: packets.iter().map(drop).collect(), ..plain.clone() })
    };
    let once = lose(&[hundredth]);
    assert_eq!(once.repeated().len(), 1, "{}", once.story());
    let again = once.repeated()[0].n;
    let twice = lose(&[hundredth, again]);
    assert_eq!(twice.repeated().len(), 2, "{}", twice.story());
    assert_eq!(twice.timeouts(), 0, "{}", twice.story());
    assert!(twice.story().contains("was lost as well"), "{}", twice.story());
}

#[test]
fn nothing_the_receiver_has_reported_is_sent_again() {
    for seed in 0..12 {
        let congestion =
            [Congestion::NewReno, Congestion::Cubic, Congestion::Bbr][usize::try_from(seed % 3).expect("< 3")];
        let plain = case(congestion, MB);
        let bad =
            plain.link.clone().loss(Loss::random(20_000)).reorder(20_000, Duration::from_millis(4)).duplicate(10_000);
        let outcome = transfer(&Case { link: bad, seed, ..plain });
        let mut known = BTreeSet::new();
        assert!(!outcome.repeated().is_empty(), "seed {seed}: with 2 % loss something is sent again");
        let mut acks =
            outcome.recording.packets.iter().filter(|it| it.from == 1 && it.arrived.is_some()).collect::<Vec<_>>();
        acks.sort_by_key(|it| it.arrived);
        let mut acks = acks.into_iter().peekable();
        let mut time = Time::ZERO;
        for (packet, segment) in outcome.data() {
            assert!(packet.at >= time, "time goes back");
            time = packet.at;
            while let Some(ack) = acks.next_if(|it| it.arrived < Some(packet.at)) {
                known.extend(self::segment(ack, outcome.base()).into_iter().flat_map(|it| it.sack));
            }
            let reported = known.iter().find(|(from, to)| *from <= segment.from && segment.to <= *to);
            assert!(
                reported.is_none(),
                "seed {seed}: packet {} at {}: {segment:?} is in {reported:?}",
                packet.n,
                packet.at
            );
        }
        assert!(!known.is_empty(), "seed {seed}: the receiver reported something");
    }
}
