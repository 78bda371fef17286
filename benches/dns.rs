//! A cold trace from the root over real loopback sockets: `roundtrip demo dns-trace --live` against `dig +trace`, in turn, on
//! the same servers, each of which waits before it answers as if it were far away.
//!
//! `cargo bench --bench dns` runs itself again in a network and mount namespace of its own, for dig wants port 53 and asks this
//! host's resolver for the addresses of the servers it is referred to. Needed: unshare(1), ip(8), dig(1).
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
use std::process::{Command, ExitCode};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use roundtrip::net::Net as _;
use roundtrip::net::host::HostNet;
use roundtrip::services::dns::dnssec::Date;
use roundtrip::services::dns::loopback;
use roundtrip::services::dns::signing::Signing;

/// Set in the copy that runs inside the namespace.
const INSIDE: &str = "ROUNDTRIP_INSIDE_A_NAMESPACE";
/// Traces by each program, in turn.
const RUNS: usize = 21;
/// How long each server waits before it answers.
const DELAYS: [u64; 3] = [5, 20, 50];
/// What is looked up: three zones down, all with glue, so that neither program needs more than the other.
const NAME: &str = "www.shop.example";
/// What it must come to.
const ADDRESS: &str = "203.0.113.80";
/// The exit code where it ran and was slower than dig.
const MISSED: u8 = 4;
/// The first server of the lab's root.
const ROOT: &str = "127.53.0.1";

fn main() -> ExitCode {
    if std::env::var_os(INSIDE).is_some() {
        return inside();
    }
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("resolv.conf"), "nameserver 127.0.0.1\n").expect("written");
    let script = "ip link set lo up && mount --bind resolv.conf /etc/resolv.conf && exec \"$0\"";
    let myself = std::env::current_exe().expect("a running program has a path");
    let mut copy = Command::new("unshare");
    copy.args(["--map-root-user", "--net", "--mount", "sh", "-c", script]).arg(myself);
    match copy.current_dir(folder.path()).env(INSIDE, "1").status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(status) if status.code() == Some(i32::from(MISSED)) => ExitCode::from(MISSED),
        _ => {
            eprintln!("this needs namespaces (unshare of util-linux), ip of iproute2, and dig");
            ExitCode::FAILURE
        }
    }
}

fn inside() -> ExitCode {
    println!("{RUNS} traces of {NAME} by each, in turn; whole processes, from start to end");
    println!("{:>6} {:>12} {:>12} {:>12} {:>12} {:>7}", "delay", "ours p50", "ours p90", "dig p50", "dig p90", "ratio");
    let mut worst: f64 = 0.0;
    for (number, delay) in (0..).zip(DELAYS) {
        // All stand at port 53: those of one delay end before those of the next begin.
        worst = worst.max(compared(number, Duration::from_millis(delay)));
    }
    let met = worst <= 1.0;
    println!("\nno slower than dig, so a ratio of 1 at most: {}", if met { "met" } else { "MISSED" });
    if met { ExitCode::SUCCESS } else { ExitCode::from(MISSED) }
}

/// Both programs in turn on servers with that delay; the ratio of the medians.
fn compared(number: u64, delay: Duration) -> f64 {
    let (up, is_up) = mpsc::channel();
    let (end, ended) = mpsc::channel::<()>();
    let serving = thread::spawn(move || serve(number, delay, &up, &ended));
    is_up.recv().expect("the servers stand");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    // Once before it counts: programs in the page cache, and what dig asks of this host's resolver in that one's.
    for counts in std::iter::once(false).chain(std::iter::repeat_n(true, RUNS)) {
        let (our, their) = (our_trace(), dig());
        if counts {
            ours.push(our);
            theirs.push(their);
        }
    }
    end.send(()).expect("they serve until now");
    serving.join().expect("they end");
    let (ours, theirs) = (percentiles(ours), percentiles(theirs));
    let ratio = ours[0].as_secs_f64() / theirs[0].as_secs_f64();
    let millis = |it: Duration| format!("{:.1} ms", it.as_secs_f64() * 1e3);
    let [a, b, c, d] = [ours[0], ours[1], theirs[0], theirs[1]].map(millis);
    println!("{:>6} {a:>12} {b:>12} {c:>12} {d:>12} {ratio:>7.2}", format!("{} ms", delay.as_millis()));
    ratio
}

/// The lab's servers at port 53, until the channel says so.
fn serve(seed: u64, delay: Duration, up: &mpsc::Sender<()>, ended: &mpsc::Receiver<()>) {
    let served = HostNet::run(async |net| {
        let signing = Signing::new(seed, Date::LAB);
        let started = loopback::start_late(&net, 53, seed, (&signing, delay)).await;
        started.expect("nobody else is in this namespace");
        up.send(()).expect("it is waited for");
        while ended.try_recv().is_err() {
            net.sleep(Duration::from_millis(20)).await;
        }
    });
    served.expect("an event queue");
}

/// The time of a whole process; what it prints must have the address.
fn timed(mut command: Command) -> Duration {
    let began = Instant::now();
    let output = command.output().expect("it starts");
    let took = began.elapsed();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains(ADDRESS), "{command:?}:\n{text}{}", String::from_utf8_lossy(&output.stderr));
    took
}

fn our_trace() -> Duration {
    let mut command = Command::new(env!("CARGO_BIN_EXE_roundtrip"));
    command.args(["demo", "dns-trace", "--name", NAME, "--live", ROOT, "--json"]);
    timed(command)
}

fn dig() -> Duration {
    let mut command = Command::new("dig");
    command.args(["+trace", "+nodnssec", "+nocookie", NAME, "A", &format!("@{ROOT}")]);
    timed(command)
}

/// The median, and what nine of ten do not exceed.
fn percentiles(mut times: Vec<Duration>) -> [Duration; 2] {
    times.sort_unstable();
    [50, 90].map(|share| times[(times.len() - 1) * share / 100])
}
