//! A capture of a million packets, opened by this program, by tshark and by termshark in one run.
//!
//! `cargo bench --bench packets` builds the program as it ships, makes the file (about 800 MB, under target/), and prints how long
//! each takes, from its start to its first packets and to its end, and the memory it needs at the most, as the system counts it for
//! the whole process. A missed aim ends it with 1; without tshark and termshark it fails and says so.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
mod made;
#[path = "../shared/running.rs"]
#[allow(dead_code, reason = "each benchmark uses its part")]
mod running;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use portable_pty::CommandBuilder;
use running::Running;

const PACKETS: usize = 1_000_000;
/// How many times as fast as tshark's one-line list the whole index with its marks is to be.
const TIMES: f64 = 20.0;
/// Memory beside the file, in hundredths of its length.
const HUNDREDTHS: u64 = 10;
/// The first packets are to be on the screen within.
const FIRST: Duration = Duration::from_millis(300);
/// A frame of a screen that has 60 in a second.
const FRAME: Duration = Duration::from_micros(16_667);
/// The best of so many runs counts.
const ROUNDS: usize = 3;

/// What a program took.
#[derive(Clone, Copy)]
struct Took {
    time: Duration,
    /// The most memory it held, in bytes.
    memory: u64,
}

fn main() -> ExitCode {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("million.pcap");
    let length = match fs::metadata(&path) {
        Ok(it) => it.len(),
        Err(_) => {
            // A run that was stopped leaves no shorter file behind.
            let begun = path.with_extension("begun");
            let length = made::write(&begun, PACKETS).expect("room on the disk");
            fs::rename(&begun, &path).expect("the same folder");
            length
        }
    };
    // So that the first does not pay for the disk.
    fs::read(&path).expect("it was written");
    println!("{PACKETS} packets, {length} bytes: {}", path.display());
    let aims = [index(&path, length), screen(&path, length)];
    if aims == [true; 2] { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The whole index with its marks, beside tshark's list; whether the aims are met.
fn index(path: &Path, length: u64) -> bool {
    let own = env!("CARGO_BIN_EXE_roundtrip");
    let index = (0..ROUNDS).map(|_| took(own, &["packets", "--statistics", "expert"], path));
    let index = index.min_by_key(|it| it.time).expect("there are rounds");
    let tshark = took("tshark", &["-n", "-r"], path);
    let times = tshark.time.as_secs_f64() / index.time.as_secs_f64();
    let hundredths = index.memory * 100 / length;
    println!(
        "roundtrip, index with all marks: {:?}, {} MB ({hundredths} % of the file)",
        index.time,
        index.memory >> 20
    );
    println!("tshark -r, a line a packet:      {:?}, {} MB", tshark.time, tshark.memory >> 20);
    println!("{times:.1} times as fast (aim {TIMES})");
    times >= TIMES && hundredths < HUNDREDTHS
}

/// The workbench beside termshark: the first packets, then places all over the file; whether the aims are met.
fn screen(path: &Path, length: u64) -> bool {
    let home = tempfile::tempdir().expect("a folder");
    let mut own = started(home.path(), env!("CARGO_BIN_EXE_roundtrip"), &["packets"], path);
    let first = own.until(lists_packets);
    let whole = own.until(|screen| screen.contains(&format!("· {PACKETS} packets")) && !screen.contains("reading on"));
    println!("roundtrip, first packets on the screen: {first:.0?} (aim {FIRST:?}); all of them: {whole:.0?}");
    let mut slowest = Duration::ZERO;
    for share in [99, 3, 51, 20, 87, 34, 68, 100] {
        let number = PACKETS * share / 100;
        own.keys("#").until(|screen| screen.contains("packet number"));
        own.keys(&number.to_string()).until(|screen| screen.contains(&format!("packet number ▸ {number}")));
        slowest = slowest.max(own.keys("\r").until(|screen| screen.contains(&format!("packet {number} ·"))));
    }
    for keys in ["\x1b[5~", "\x1b[6~", "\x1b[H", "\x1b[6~", "\x1b[F", "\x1b[A"] {
        let before = own.text();
        slowest = slowest.max(own.keys(keys).until(|screen| screen != before));
    }
    let hundredths = own.status("VmHWM:") * 1024 * 100 / length;
    println!(
        "roundtrip, the slowest of 14 jumps and pages: {slowest:.1?} (aim {FRAME:.1?}); memory {hundredths} % of the file"
    );
    own.end();
    let mut peer = started(home.path(), "termshark", &["-r"], path);
    let theirs = peer.until(lists_packets);
    println!(
        "termshark, first packets on the screen: {theirs:.0?}, {:.1} times as long",
        theirs.as_secs_f64() / first.as_secs_f64()
    );
    peer.end();
    first < FIRST && slowest < FRAME && hundredths < HUNDREDTHS
}

fn started(home: &Path, program: &str, arguments: &[&str], file: &Path) -> Running {
    let mut command = CommandBuilder::new(program);
    command.args(arguments);
    command.arg(file);
    Running::start(home, command)
}

/// Whether rows of packets are there: each has its protocol in a column.
fn lists_packets(screen: &str) -> bool {
    let rows = screen.lines().filter(|line| line.contains(" DNS ") || line.contains(" TCP "));
    rows.count() > 3
}

/// Runs a program over the file, its output thrown away.
fn took(program: &str, arguments: &[&str], file: &Path) -> Took {
    let began = Instant::now();
    let mut child = Command::new(program);
    child.args(arguments).arg(file).stdout(Stdio::null());
    let mut child = child
        .spawn()
        .unwrap_or_else(|error| panic!("{program} is needed (Debian and Ubuntu: apt-get install {program}): {error}"));
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut memory = 0;
    // The system keeps the highest mark until the process ends: what is missed are the last milliseconds.
    while child.try_wait().expect("it is a child").is_none() {
        memory = high_water(&status).unwrap_or(memory);
        sleep(Duration::from_millis(2));
    }
    Took { time: began.elapsed(), memory }
}

/// The most memory a process held so far, in bytes.
fn high_water(status: &Path) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|it| it.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}
