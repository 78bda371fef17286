//! Loss of 1 %: what our TCP reaches against what the Linux kernel reaches, over the same links with the same losses.
//!
//! ```text
//! kernel A ── TUN ── door a1 ── link a1-b1 ── door b1 ── TUN ── kernel B      paced at real time
//!                    host a1 ── link a1-b1 ── host b1                         in virtual time, the same seed
//! ```
//! Several flows go at once, each on a link of its own, so that chance in where the losses fall averages out. The dice of a
//! link depend on its name and the seed: the n-th packet of a direction is lost for the kernel and for us. The second run's
//! links are longer by as much as the pacing of the first was late on average.
use std::cell::Cell;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use etherparse::{SlicedPacket, TransportSlice};
use roundtrip::lab::tcp::{Congestion, TcpSettings};
use roundtrip::lab::{HostOptions, Lab, LinkOptions, Loss, NodeId};
use roundtrip::recording::{Recording, Run};
use rustix::net::sockopt;

use crate::device::{Lateness, Plug, pace, tun};
use crate::programs::{accept, lab_receive, lab_send, listen, receive, send};
use crate::space::{Company, Second, in_a_namespace};

/// Flows of each algorithm.
const FLOWS: u8 = 6;
/// Bytes of a flow: about 30 losses.
const TOTAL: usize = 4_000_000;
const SEED: u64 = 11;
const ALGORITHMS: [(&str, Congestion); 3] =
    [("cubic", Congestion::Cubic), ("reno", Congestion::NewReno), ("bbr", Congestion::Bbr)];

/// How long a bit takes one way.
const DELAY: Duration = Duration::from_millis(20);

/// 10 Mbit/s, 64 KiB in front of them, 1 % loss each way.
fn path(delay: Duration) -> LinkOptions {
    LinkOptions::default().delay(delay).rate(10_000_000).queue(64 * 1024).loss(Loss::random(10_000))
}

/// The algorithm of the flow between `10.9.N.1` and `10.9.N.2`.
fn algorithm(flow: u8) -> (&'static str, Congestion) {
    ALGORITHMS[usize::from((flow - 1) / FLOWS)]
}

fn flows() -> impl Iterator<Item = u8> + Clone {
    1..=FLOWS * u8::try_from(ALGORITHMS.len()).expect("three")
}

#[test]
fn at_one_percent_loss_ours_is_within_15_percent_of_the_kernels() {
    let name = "ratio::at_one_percent_loss_ours_is_within_15_percent_of_the_kernels";
    in_a_namespace(name, Company::Alone, Duration::from_secs(90), || {
        let (theirs, lateness) = kernel_to_kernel();
        // What the machine was late, coming and going, the kernels have had as a longer path.
        let ours = lab_to_lab(DELAY + 2 * lateness.mean());
        let mut table = format!("the clock ran {:?} late on average, {:?} at worst\n", lateness.mean(), lateness.worst);
        let mut ratios = Vec::new();
        for (name, congestion) in ALGORITHMS {
            let reached = |all: &[(u8, Duration)]| {
                let own = all.iter().filter(|(flow, _)| algorithm(*flow).1 == congestion).map(|(_, time)| *time);
                f64::from(FLOWS) * TOTAL as f64 * 8.0 / own.sum::<Duration>().as_secs_f64() / 1e6
            };
            let (theirs, ours) = (reached(&theirs), reached(&ours));
            let ratio = ours / theirs;
            writeln!(table, "{name}: kernel {theirs:.2} Mbit/s, lab {ours:.2} Mbit/s, ratio {ratio:.3}").expect("text");
            ratios.push(ratio);
        }
        eprint!("{table}");
        assert!(ratios.iter().all(|it| (0.85..=1.15).contains(it)), "\n{table}");
    });
}

/// Flows from one kernel to the other through the lab; how long each took.
fn kernel_to_kernel() -> (Vec<(u8, Duration)>, Lateness) {
    crate::programs::prepare();
    let mut lab = Lab::new(SEED, &[]);
    let ends: Vec<_> = flows().map(|flow| doors(&mut lab, flow)).collect();
    lab.introduce_everybody();
    let addresses = |last: u8| flows().map(|flow| format!("10.9.{flow}.{last}/24")).collect::<Vec<_>>();
    let second = Second::new();
    let (ready, there) = mpsc::channel();
    // The second kernel's listeners and its device are made by a thread that has gone there.
    let far = thread::spawn(move || {
        second.enter();
        let device = tun("lab1", &addresses(2));
        let readers = flows().map(|flow| {
            let listener = listen(&format!("10.9.{flow}.2:80"));
            thread::spawn(move || receive(&accept(&listener)).expect("to the FIN"))
        });
        let readers: Vec<_> = readers.collect();
        ready.send(device).expect("somebody waits");
        readers.into_iter().map(|it| it.join().expect("it reads to the end")).collect::<Vec<_>>()
    });
    let far_tun = there.recv().expect("the device is made");
    let near_tun = tun("lab0", &flows().map(|flow| format!("10.9.{flow}.1/24")).collect::<Vec<_>>());
    let doors = |side: usize| flows().zip(&ends).map(|(flow, ends)| (flow, ends[side])).collect();
    let plugs = [Plug { device: near_tun, doors: doors(0) }, Plug { device: far_tun, doors: doors(1) }];
    let near: Vec<_> = flows().map(|flow| thread::spawn(move || sender(flow))).collect();
    let mut since = None;
    let lateness = pace(&mut lab, &plugs, Duration::from_secs(60), || {
        let over = far.is_finished() && near.iter().all(thread::JoinHandle::is_finished);
        over && since.get_or_insert_with(Instant::now).elapsed() > Duration::from_millis(50)
    });
    assert_eq!(far.join().expect("every flow arrives"), vec![TOTAL; ends.len()]);
    near.into_iter().for_each(|it| it.join().expect("it sends all"));
    (times(&lab.finish(Run::default())), lateness)
}

/// One kernel socket that sends a flow.
fn sender(flow: u8) {
    let to = SocketAddr::from(([10, 9, flow, 2], 80));
    let stream = crate::programs::connect(to).expect("the second kernel listens");
    sockopt::set_tcp_congestion(&stream, algorithm(flow).0)
        .expect("the kernel has cubic, reno and bbr (modprobe tcp_bbr)");
    send(&stream, TOTAL).expect("the second kernel reads");
}

fn doors(lab: &mut Lab, flow: u8) -> [NodeId; 2] {
    let near = lab.outside(&format!("a{flow}")).at(0, flow).address(&format!("10.9.{flow}.1/24")).add();
    let far = lab.outside(&format!("b{flow}")).at(1, flow).address(&format!("10.9.{flow}.2/24")).add();
    lab.link(near, far, path(DELAY));
    [near, far]
}

/// The same flows between lab hosts, on links of the same names.
fn lab_to_lab(delay: Duration) -> Vec<(u8, Duration)> {
    let mut lab = Lab::new(SEED, &[]);
    let left = Rc::new(Cell::new(flows().count()));
    for flow in flows() {
        let tcp = TcpSettings { congestion: algorithm(flow).1, ..TcpSettings::default() };
        let options = HostOptions { receive_buffer: 4 << 20, send_buffer: 4 << 20, tcp, ..HostOptions::default() };
        let mut host = |side: &str, column: u8| {
            let address = format!("10.9.{flow}.{}/24", column + 1);
            let host = lab.host(&format!("{side}{flow}")).at(column, flow).address(&address).options(options);
            host.trace_calls(false).add()
        };
        let (near, far) = (host("a", 0), host("b", 1));
        lab.link(near, far, path(delay));
        let (near, far) = (lab.net(near), lab.net(far));
        let to = SocketAddr::from(([10, 9, flow, 2], 80));
        let (reader, left) = (far.clone(), Rc::clone(&left));
        far.spawn(async move {
            let listener = reader.open_listener(to, Default::default()).expect("a free port");
            let (mut stream, _) = listener.accept().await.expect("a listener lasts");
            assert_eq!(lab_receive(&mut stream).await.expect("to the FIN"), TOTAL);
            left.set(left.get() - 1);
        });
        let writer = near.clone();
        near.spawn(async move {
            let mut stream = writer.connect(to).await.expect("the other host listens");
            lab_send(&mut stream, TOTAL).await.expect("the other host reads");
        });
    }
    lab.introduce_everybody();
    let limit = roundtrip::recording::Time::ZERO + Duration::from_secs(120);
    while left.get() > 0 {
        let next = lab.next_at().expect("something is always going to happen while a flow is not over");
        assert!(next < limit, "{} flows are not over after two minutes of the lab's time", left.get());
        lab.advance(next).expect("bounded work at an instant");
    }
    times(&lab.finish(Run::default()))
}

/// How long each flow took, from its SYN to the arrival of its last byte.
fn times(recording: &Recording) -> Vec<(u8, Duration)> {
    let time = |flow: u8| {
        let from = recording.node(&format!("a{flow}")).expect("one side");
        let sent = || recording.packets.iter().filter(|it| it.from == from);
        let syn = sent().find(|it| tcp(&it.bytes, |syn, _| syn)).expect("it connected").at;
        let data = sent().filter(|it| tcp(&it.bytes, |_, payload| payload > 0));
        data.filter_map(|it| it.arrived).max().expect("data arrived").since(syn)
    };
    flows().map(|flow| (flow, time(flow))).collect()
}

fn tcp(frame: &[u8], is: impl Fn(bool, usize) -> bool) -> bool {
    let transport = SlicedPacket::from_ethernet(frame).ok().and_then(|it| it.transport);
    matches!(transport, Some(TransportSlice::Tcp(tcp)) if is(tcp.syn(), tcp.payload().len()))
}
