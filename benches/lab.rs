//! How many packets the lab moves in a second on one core, recorded and summarised, and what a connection more costs.
//!
//! `cargo bench --bench lab` prints the best of five runs of each case, in this process's own time on the processor where
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

/// Runs of each case; the best counts.
const RUNS: usize = 5;
/// Packets a second on one core.
const AIM: f64 = 300_000.0;

fn main() -> ExitCode {
    println!("{:<44} {:>9} {:>9} {:>11} {:>9}", "case, best of 5", "packets", "seconds", "packets/s", "ns/packet");
    let plain = measure("one connection, 100 MB, 1 Gbit/s", || bulk(&gigabit(), 100_000_000));
    measure("the same through a switch and a router", || routed(100_000_000));
    measure("the same with 1 % loss, 20 MB", || bulk(&gigabit().loss_there(Loss::random(10_000)), 20_000_000));
    let few = measure("10 connections, 100 000 messages there and back", || talk(10, 10_000));
    let many = measure("1000 connections, 100 000 messages there and back", || talk(1000, 100));
    let word = |met: bool| if met { "met" } else { "MISSED" };
    let rate = 1e9 / plain;
    println!("\nbulk: {rate:.0} packets/s, aim {AIM:.0}: {}", word(rate >= AIM));
    println!("1000 connections cost {:.2} times what 10 do a packet, aim 2: {}", many / few, word(many / few <= 2.0));
    if rate >= AIM && many / few <= 2.0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints a case; gives nanoseconds a packet.
fn measure(name: &str, run: impl Fn() -> Recording) -> f64 {
    let mut best = (f64::INFINITY, 0);
    for _ in 0..RUNS {
        let before = processor_time();
        let started = Instant::now();
        let recording = run();
        let spent = match (before, processor_time()) {
            (Some(before), Some(after)) => after - before,
            _ => started.elapsed(),
        };
        if spent.as_secs_f64() < best.0 {
            best = (spent.as_secs_f64(), recording.packets.len());
        }
    }
    let (seconds, packets) = best;
    let each = seconds * 1e9 / packets as f64;
    println!("{name:<44} {packets:>9} {seconds:>9.3} {:>11.0} {each:>9.0}", packets as f64 / seconds);
    each
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
