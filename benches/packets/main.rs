//! A capture of a million packets, opened by this program, by tshark and by termshark in one run.
//!
//! `cargo bench --bench packets` builds the program as it ships, makes the file (about 600 MB, under target/), and prints how long
//! each takes and the memory it needs at the most, as the system counts it for the whole process. A missed aim ends it with 1;
//! without tshark it fails and says so.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
mod made;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const PACKETS: usize = 1_000_000;
/// How many times as fast as tshark's one-line list the whole index with its marks is to be.
const TIMES: f64 = 20.0;
/// Memory beside the file, in hundredths of its length.
const HUNDREDTHS: u64 = 10;
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
        Err(_) => made::write(&path, PACKETS).expect("room on the disk"),
    };
    // So that the first does not pay for the disk.
    fs::read(&path).expect("it was written");
    println!("{PACKETS} packets, {length} bytes: {}", path.display());
    let own = env!("CARGO_BIN_EXE_roundtrip");
    let index = (0..ROUNDS).map(|_| took(own, &["packets", "--statistics", "expert"], &path));
    let index = index.min_by_key(|it| it.time).expect("there are rounds");
    let tshark = took("tshark", &["-n", "-r"], &path);
    let times = tshark.time.as_secs_f64() / index.time.as_secs_f64();
    let hundredths = index.memory * 100 / length;
    println!(
        "roundtrip, index with all marks: {:?}, {} MB ({hundredths} % of the file)",
        index.time,
        index.memory >> 20
    );
    println!("tshark -r, a line a packet:      {:?}, {} MB", tshark.time, tshark.memory >> 20);
    println!("{times:.1} times as fast (aim {TIMES})");
    if times < TIMES || hundredths >= HUNDREDTHS { ExitCode::FAILURE } else { ExitCode::SUCCESS }
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
