//! Properties of TCP in the lab over seeds: whatever the link does and however the programs behave, a stream arrives whole, time
//! goes forward, the run ends, and the same seed gives the same recording.
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use etherparse::{SlicedPacket, TcpOptionElement, TransportSlice};
use proptest::prelude::*;
use roundtrip::lab::tcp::{Congestion, Ecn, TcpSettings};
use roundtrip::lab::{HostOptions, Lab, LabNet, LabStream, Limits, LinkOptions, Loss};
use roundtrip::recording::{Recording, Run, Time};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf};

/// Long enough for the worst link: ten doublings of a timeout, many times.
const LIMIT: Duration = Duration::from_secs(40_000);

/// A thing a program does.
#[derive(Clone, Debug)]
enum Step {
    Write(usize),
    Pause(u64),
}

/// A program: it writes in steps, then closes its half; it reads in pieces with pauses.
#[derive(Clone, Debug)]
struct Program {
    steps: Vec<Step>,
    piece: usize,
    pause: u64,
    /// Pauses before its first read.
    sleeps: u64,
}

impl Program {
    fn total(&self) -> usize {
        self.steps.iter().map(|it| if let Step::Write(bytes) = it { *bytes } else { 0 }).sum()
    }
}

fn program() -> impl Strategy<Value = Program> {
    let write = prop_oneof![1_usize..50, 50_usize..3000, 3000_usize..40_000];
    let step = prop_oneof![4 => write.prop_map(Step::Write), 1 => (0_u64..2000).prop_map(Step::Pause)];
    let pauses = prop_oneof![3 => Just(0_u64), 1 => 1_u64..60];
    let sleeps = prop_oneof![4 => Just(0_u64), 1 => 0_u64..10_000];
    (prop::collection::vec(step, 0..8), 1000_usize..9000, pauses, sleeps)
        .prop_map(|(steps, piece, pause, sleeps)| Program { steps, piece, pause, sleeps })
}

fn link() -> impl Strategy<Value = LinkOptions> {
    let often = |most: u32| prop_oneof![2 => Just(0_u32), 1 => 0..most];
    let time = (0_u64..80_000, prop_oneof![Just(0_u64), 0_u64..20_000]);
    let room = (prop_oneof![Just(0_u64), 200_000_u64..100_000_000], prop::option::of(4_000_usize..200_000));
    let trouble = (often(100_000), often(80_000), 2_u32..6, often(100_000), often(100_000), 0_u64..40_000);
    (time, room, trouble, prop_oneof![3 => Just(1500_u16), 1 => 576_u16..1500]).prop_map(
        |((delay, jitter), (rate, queue), (loss, burst, length, duplicate, reorder, by), mtu)| {
            let us = Duration::from_micros;
            let mut link = LinkOptions::default().delay(us(delay)).jitter(us(jitter)).rate(rate).mtu(mtu);
            link = link.duplicate(duplicate).reorder(reorder, us(by)).loss(Loss::random(loss));
            if burst > 0 {
                link = link.loss(Loss::burst(burst, length));
            }
            if let Some(bytes) = queue { link.queue(bytes) } else { link }
        },
    )
}

fn host() -> impl Strategy<Value = HostOptions> {
    let congestion = prop_oneof![Just(Congestion::Cubic), Just(Congestion::NewReno), Just(Congestion::Bbr)];
    let switches = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let ecn = prop_oneof![Just(Ecn::Off), Just(Ecn::Passive), Just(Ecn::Active)];
    let delay = prop_oneof![Just(None), (1_u64..200).prop_map(|it| Some(Duration::from_millis(it)))];
    let buffers = (1_500_usize..300_000, 1_500_usize..300_000);
    (congestion, switches, ecn, delay, buffers, 1_u32..20).prop_map(
        |(congestion, (nagle, scaling, timestamps, sack, idle, hystart), ecn, ack_delay, buffers, initial_window)| {
            let tcp = TcpSettings {
                congestion,
                nagle,
                hystart,
                window_scaling: scaling,
                timestamps,
                sack,
                slow_start_after_idle: idle,
                ecn,
                ack_delay,
                initial_window,
                // Nobody gives up: what is lost is sent again until it arrives.
                syn_retries: 12,
                synack_retries: 12,
                user_timeout: LIMIT,
                ..TcpSettings::default()
            };
            let (receive_buffer, send_buffer) = buffers;
            HostOptions { receive_buffer, send_buffer, tcp, trace_calls: false, ..HostOptions::default() }
        },
    )
}

/// The bytes of a stream from one place on.
fn content(place: usize, count: usize) -> Vec<u8> {
    (place..place + count).map(|it| ((it as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect()
}

/// Time as a program sees it.
struct Watch(Time);

impl Watch {
    fn look(&mut self, net: &LabNet) {
        let now = net.now();
        assert!(now >= self.0, "time went back from {} to {now}", self.0);
        self.0 = now;
    }
}

/// Writes and reads as the program says; gives the number of bytes read, and the stream: what a program has closed, a
/// host may give up after a while (Linux's tcp_orphan_retries), and a burst of losses is long enough for that at times.
async fn perform(net: LabNet, stream: LabStream, program: Program) -> (usize, ReadHalf<LabStream>) {
    let (mut reading, mut writing) = tokio::io::split(stream);
    let (writer, steps) = (net.clone(), program.steps.clone());
    net.spawn(async move {
        let (mut watch, mut place) = (Watch(writer.now()), 0);
        for step in steps {
            match step {
                Step::Write(bytes) => {
                    writing.write_all(&content(place, bytes)).await.expect("nobody resets");
                    place += bytes;
                }
                Step::Pause(millis) => writer.sleep(Duration::from_millis(millis)).await,
            }
            watch.look(&writer);
        }
        writing.shutdown().await.expect("connected");
    });
    net.sleep(Duration::from_millis(program.sleeps)).await;
    let (mut watch, mut place, mut buffer) = (Watch(net.now()), 0, vec![0; program.piece]);
    loop {
        let bytes = reading.read(&mut buffer).await.expect("nobody resets");
        watch.look(&net);
        if bytes == 0 {
            return (place, reading);
        }
        assert!(buffer[..bytes] == content(place, bytes), "the bytes after {place} are others than were sent");
        place += bytes;
        net.sleep(Duration::from_millis(program.pause)).await;
    }
}

#[derive(Clone, Debug)]
struct Case {
    seed: u64,
    link: LinkOptions,
    hosts: [HostOptions; 2],
    programs: [Program; 2],
}

fn case() -> impl Strategy<Value = Case> {
    (any::<u64>(), link(), [host(), host()], [program(), program()]).prop_map(|(seed, link, hosts, programs)| Case {
        seed,
        link,
        hosts,
        programs,
    })
}

/// Runs the case until nothing will ever happen again.
fn run(case: &Case) -> Recording {
    let mut lab = Lab::new(case.seed, &[]);
    lab.limit(Limits { steps: 3_000_000, ..Limits::default() });
    let client = lab.host("client").address("10.0.0.1/24").options(case.hosts[0]).add();
    let server = lab.host("server").at(1, 0).address("10.0.0.2/24").options(case.hosts[1]).add();
    lab.link(client, server, case.link.clone());
    lab.introduce_everybody();
    let to = std::net::SocketAddr::new(lab.address(server), 80);
    let done: Rc<RefCell<Vec<(usize, usize)>>> = Rc::default();
    let open: Rc<RefCell<Vec<ReadHalf<LabStream>>>> = Rc::default();
    let (net, own, log, kept) = (lab.net(server), case.programs[1].clone(), Rc::clone(&done), Rc::clone(&open));
    lab.net(server).spawn(async move {
        let listener = net.open_listener(to, Default::default()).expect("a free port");
        let (stream, _) = listener.accept().await.expect("a listener lasts");
        let (read, stream) = perform(net, stream, own).await;
        log.borrow_mut().push((1, read));
        kept.borrow_mut().push(stream);
    });
    let (net, own, log, kept) = (lab.net(client), case.programs[0].clone(), Rc::clone(&done), Rc::clone(&open));
    lab.net(client).spawn(async move {
        let stream = net.connect(to).await.expect("the server listens");
        let (read, stream) = perform(net, stream, own).await;
        log.borrow_mut().push((0, read));
        kept.borrow_mut().push(stream);
    });
    while let Some(next) = lab.next_at() {
        assert!(next.since(Time::ZERO) < LIMIT, "not at rest after {LIMIT:?}; done: {:?}", done.borrow());
        lab.advance(next).expect("bounded work at an instant");
    }
    let mut read = done.borrow().clone();
    read.sort_unstable();
    let totals = [case.programs[1].total(), case.programs[0].total()];
    assert_eq!(read, [(0, totals[0]), (1, totals[1])], "nothing will happen any more");
    lab.finish(Run::default())
}

/// A segment on the wire.
struct Segment {
    from: usize,
    at: Time,
    arrived: Option<Time>,
    seq: u32,
    ack: u32,
    length: u32,
    syn: bool,
    fin: bool,
    sack: Vec<(u32, u32)>,
}

fn segments(recording: &Recording) -> Vec<Segment> {
    let read = |it: &roundtrip::recording::Packet| {
        let sliced = SlicedPacket::from_ethernet(&it.bytes).ok()?;
        let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { return None };
        let blocks = tcp.options_iterator().filter_map(|option| match option {
            Ok(TcpOptionElement::SelectiveAcknowledgement(first, rest)) => {
                Some(std::iter::once(first).chain(rest.into_iter().flatten()).collect::<Vec<_>>())
            }
            _ => None,
        });
        Some(Segment {
            from: it.from,
            at: it.at,
            arrived: it.arrived,
            seq: tcp.sequence_number(),
            ack: tcp.acknowledgment_number(),
            length: u32::try_from(tcp.payload().len()).ok()?,
            syn: tcp.syn(),
            fin: tcp.fin(),
            sack: blocks.flatten().collect(),
        })
    };
    recording.packets.iter().filter_map(read).collect()
}

/// Ranges of one stream, counted from its first byte.
#[derive(Default)]
struct Ranges(std::collections::BTreeSet<u32>);

impl Ranges {
    fn add(&mut self, from: u32, to: u32) {
        self.0.extend(from..to);
    }

    fn has_all(&self, from: u32, to: u32) -> bool {
        (from..to).all(|it| self.0.contains(&it))
    }
}

/// The receiver reports only what it holds, and the sender sends nothing again that was reported to it.
fn check_sack(recording: &Recording) {
    let all = segments(recording);
    for sender in [0, 1] {
        let Some(first) = all.iter().find(|it| it.from == sender && it.syn).map(|it| it.seq.wrapping_add(1)) else {
            continue;
        };
        let place = |seq: u32| seq.wrapping_sub(first);
        // Every instant at which one of the two learns something or speaks.
        let mut story: Vec<(Time, u8, &Segment)> = Vec::new();
        for segment in &all {
            if segment.from == sender {
                story.push((segment.at, 2, segment));
                story.extend(segment.arrived.map(|at| (at, 0, segment)));
            } else {
                story.push((segment.at, 3, segment));
                story.extend(segment.arrived.map(|at| (at, 1, segment)));
            }
        }
        story.sort_by_key(|(at, kind, _)| (*at, *kind));
        let (mut held, mut told, mut sent_to, mut acknowledged) = (Ranges::default(), Ranges::default(), 0, 0);
        let mut news: Vec<(Time, u32, u32)> = Vec::new();
        for (at, kind, it) in story {
            let (from, to) = (place(it.seq), place(it.seq).wrapping_add(it.length));
            match kind {
                // A FIN takes a number, and a block may end behind it.
                0 => held.add(from, to + u32::from(it.fin)),
                1 => {
                    let blocks = it.sack.iter().map(|(a, b)| (place(*a), place(*b)));
                    news.extend(blocks.filter(|(a, b)| a < b && *b <= sent_to).map(|(a, b)| (at, a, b)));
                    let ack = place(it.ack);
                    if ack <= sent_to + 1 && ack > acknowledged {
                        acknowledged = ack;
                    }
                }
                2 if it.length > 0 && it.length < 100_000 => {
                    // Of several reports at one instant the first may have made the sender speak, before it read the others.
                    news.retain(|(since, a, b)| {
                        let is_known = *since < at;
                        if is_known {
                            told.add(*a, *b);
                        }
                        !is_known
                    });
                    let again = from < sent_to;
                    let useless = again && told.has_all(from, to.min(sent_to)) && from >= acknowledged;
                    assert!(!useless, "{from}..{to} went again at {at}, and had been reported as received");
                    sent_to = sent_to.max(to);
                }
                3 => {
                    for (a, b) in it.sack.iter().map(|(a, b)| (place(*a), place(*b))) {
                        assert!(held.has_all(a, b), "{a}..{b} was reported at {at} and not received");
                    }
                }
                _ => {}
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, max_shrink_iters: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_stream_arrives_whole_whatever_the_link_and_the_programs_do(case in case()) {
        let recording = run(&case);
        prop_assert!(recording.packets.is_sorted_by_key(|it| it.at), "packets in the order of time");
        prop_assert!(recording.packets.iter().all(|it| it.at <= it.left && it.arrived.is_none_or(|at| at >= it.left)));
        prop_assert!(recording.events.is_sorted_by_key(|it| it.at), "events in the order of time");
        check_sack(&recording);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 50, ..ProptestConfig::default() })]

    #[test]
    fn the_same_seed_gives_the_same_recording(case in case()) {
        prop_assert!(run(&case) == run(&case));
    }
}
