//! How many packets the lab moves in a second on one core, recorded and summarised, and what a connection more costs.
//!
//! `cargo bench --bench lab` prints the best run of each case, in this thread's own time on the processor where
//! the system tells it (Linux), so that a busy machine does not matter much. A missed aim ends it with 1.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use roundtrip::lab::tcp::TcpSettings;
use roundtrip::lab::{HostOptions, Lab, LabNet, Limits, LinkOptions, Loss};
use roundtrip::net::Net as _;
use roundtrip::recording::{Recording, Run};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Rounds; in each every case runs once, and the best run of a case counts: what else the machine does then meets all alike.
const ROUNDS: usize = 9;
/// Packets a second on one core.
const AIM: f64 = 300_000.0;
/// How much more a packet may cost among 1000 connections than among 10.
const MOST: f64 = 2.0;

/// A case: its name, what runs, the best time so far, its packets.
struct Case {
    name: &'static str,
    run: fn() -> Recording,
    best: Duration,
    packets: usize,
}

fn main() -> ExitCode {
    let case = |name, run| Case { name, run, best: Duration::MAX, packets: 0 };
    let mut cases = [
        case("one connection, 100 MB, 1 Gbit/s", || bulk(&gigabit(), 100_000_000)),
        case("the same through a switch and a router", || routed(100_000_000)),
        case("the same with 1 % loss, 20 MB", || bulk(&gigabit().loss_there(Loss::random(10_000)), 20_000_000)),
        case("10 connections, 100 000 messages there and back", || talk(10, 10_000)),
        case("1000 connections, 100 000 messages there and back", || talk(1000, 100)),
    ];
    for _ in 0..ROUNDS {
        cases.iter_mut().for_each(Case::measure);
    }
    println!("{:<50} {:>9} {:>9} {:>11} {:>9}", "case", "packets", "seconds", "packets/s", "ns/packet");
    for Case { name, best, packets, .. } in &cases {
        let (seconds, packets) = (best.as_secs_f64(), *packets as f64);
        println!("{name:<50} {packets:>9} {seconds:>9.3} {:>11.0} {:>9.0}", packets / seconds, seconds * 1e9 / packets);
    }
    let [plain, .., few, many] = &cases;
    let (rate, more) = (1.0 / plain.each(), many.each() / few.each());
    let word = |met: bool| if met { "met" } else { "MISSED" };
    println!(
        "\nthe best of {ROUNDS} runs each. One connection: {rate:.0} packets/s, aim {AIM:.0}: {}",
        word(rate >= AIM)
    );
    println!("1000 connections cost {more:.2} times what 10 do a packet, aim {MOST}: {}", word(more <= MOST));
    if rate >= AIM && more <= MOST { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Case {
    /// Runs once.
    fn measure(&mut self) {
        let before = processor_time();
        let started = Instant::now();
        let recording = (self.run)();
        let spent = match (before, processor_time()) {
            (Some(before), Some(after)) => after - before,
            _ => started.elapsed(),
        };
        (self.best, self.packets) = (self.best.min(spent), recording.packets.len());
    }

    /// Seconds a packet.
    fn each(&self) -> f64 {
        self.best.as_secs_f64() / self.packets as f64
    }
}

/// What this thread has used of the processor: the first number of schedstat, nanoseconds.
fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

fn gigabit() -> LinkOptions {
    LinkOptions::default().delay(Duration::from_millis(1)).rate(1_000_000_000)
}

fn options() -> HostOptions {
    HostOptions {
        receive_buffer: 4 << 20,
        send_buffer: 4 << 20,
        tcp: TcpSettings { hystart: true, ..TcpSettings::default() },
        trace_calls: false,
        ..HostOptions::default()
    }
}

fn lab() -> Lab {
    let mut lab = Lab::new(1, &[]);
    lab.limit(Limits { steps: 100_000_000, ..Limits::default() });
    lab
}

/// One connection that only sends.
fn bulk(link: &LinkOptions, bytes: usize) -> Recording {
    let mut lab = lab();
    let client = lab.host("client").address("10.0.0.1/24").options(options()).add();
    let server = lab.host("server").address("10.0.0.2/24").options(options()).add();
    lab.link(client, server, link.clone());
    let (client, server) = (lab.net(client), lab.net(server));
    sent(lab, client, server, SocketAddr::from(([10, 0, 0, 2], 80)), bytes)
}

fn routed(bytes: usize) -> Recording {
    let mut lab = lab();
    let client = lab.host("client").address("10.0.0.1/24").gateway("10.0.0.254").options(options()).add();
    let switch = lab.switch("sw").add();
    let router = lab.router("r").interface("10.0.0.254/24").interface("10.0.1.254/24").add();
    let server = lab.host("server").address("10.0.1.1/24").gateway("10.0.1.254").options(options()).add();
    lab.link(client, switch, LinkOptions::default());
    lab.link(switch, router, LinkOptions::default());
    lab.link(router, server, gigabit());
    let (client, server) = (lab.net(client), lab.net(server));
    sent(lab, client, server, SocketAddr::from(([10, 0, 1, 1], 80)), bytes)
}

fn sent(mut lab: Lab, client: LabNet, server: LabNet, to: SocketAddr, bytes: usize) -> Recording {
    lab.run(async move {
        let listener = server.listen(to).await.expect("a free port");
        client.clone().spawn(async move {
            let mut stream = client.connect(to).await.expect("it listens");
            let chunk = vec![7; 64 * 1024];
            for _ in 0..bytes.div_ceil(chunk.len()) {
                stream.write_all(&chunk).await.expect("it is open");
            }
            stream.shutdown().await.expect("it is open");
        });
        let (mut stream, _) = listener.accept().await.expect("a client");
        let mut buffer = vec![0; 64 * 1024];
        let mut count = 0;
        while let Ok(read @ 1..) = stream.read(&mut buffer).await {
            count += read;
        }
        assert!(count >= bytes, "{count} of {bytes} bytes came");
    })
    .expect("the transfer ends");
    lab.finish(Run::default())
}

/// Connections side by side, each sending a message and waiting for it to come back, so many times.
fn talk(connections: u32, messages: u32) -> Recording {
    let mut lab = lab();
    let small = HostOptions { receive_buffer: 16 << 10, send_buffer: 16 << 10, ..options() };
    let client = lab.host("client").address("10.0.0.1/24").options(small).add();
    let server = lab.host("server").address("10.0.0.2/24").options(small).add();
    lab.link(client, server, gigabit());
    let (client, server) = (lab.net(client), lab.net(server));
    let to = SocketAddr::from(([10, 0, 0, 2], 80));
    lab.run(async move {
        let listener = server.listen(to).await.expect("a free port");
        for _ in 0..connections {
            let net = client.clone();
            client.spawn(async move {
                let mut stream = net.connect(to).await.expect("it listens");
                let mut buffer = [7; 100];
                for _ in 0..messages {
                    stream.write_all(&buffer).await.expect("it is open");
                    stream.read_exact(&mut buffer).await.expect("it echoes");
                }
            });
        }
        for _ in 0..connections {
            let (mut stream, _) = listener.accept().await.expect("a client");
            server.spawn(async move {
                let mut buffer = [0; 100];
                while stream.read_exact(&mut buffer).await.is_ok() {
                    stream.write_all(&buffer).await.expect("it is open");
                }
            });
        }
    })
    .expect("they all connect");
    lab.finish(Run::default())
}
