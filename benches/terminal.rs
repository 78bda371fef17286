//! The real binary in a real pseudo-terminal: first paint, memory, and what it does while nobody does anything.
//!
//! `cargo bench --bench terminal`, with `-- --peer presenterm` to start that on a small deck in turn with ours, in the same
//! run on the same machine. The terminal answers what a program asks it at the start, as a real one does.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Starts of each program.
const STARTS: usize = 40;
/// Longer than this nothing here takes.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long it is watched doing nothing.
const IDLE: Duration = Duration::from_secs(5);

const DECK: &str = "---\ntitle: A deck\nauthor: nobody\n---\n\nFirst\n===\n\n* one\n* two\n\n<!-- end_slide -->\n\nSecond\n===\n\nText.\n";

fn main() {
    let home = tempfile::tempdir().expect("a folder");
    let peer = std::env::args().skip_while(|it| it != "--peer").nth(1);
    first_paint(home.path(), peer.as_deref());
    memory_and_idling(home.path());
}

/// Starts ours and the peer in turn.
fn first_paint(home: &Path, peer: Option<&str>) {
    let deck = home.join("deck.md");
    std::fs::write(&deck, DECK).expect("a deck");
    let (mut ours, mut full, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let mut tutor = Running::start(home, roundtrip(&[]));
        ours.push(tutor.until(|screen| !screen.trim().is_empty()));
        full.push(tutor.until(|screen| screen.contains("Layers are questions")));
        tutor.end();
        if let Some(peer) = peer {
            let mut command = CommandBuilder::new(peer);
            command.arg(&deck);
            let mut peer = Running::start(home, command);
            theirs.push(peer.until(|screen| !screen.trim().is_empty()));
            peer.end();
        }
    }
    println!("from the start of the process, {STARTS} times      p50       p90");
    let ours = told("roundtrip: first painted cell", ours);
    told("roundtrip: home with the course", full);
    if peer.is_some() {
        let theirs = told("peer: first painted cell", theirs);
        println!("ratio of the medians: {:.2}", ours.as_secs_f64() / theirs.as_secs_f64());
    }
}

fn told(what: &str, mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    println!("{what:<42} {:>9.2?} {:>9.2?}", at(50), at(90));
    at(50)
}

/// Memory after a lesson with a demo; ticks of processor time and bytes written while idle.
fn memory_and_idling(home: &Path) {
    let mut tutor = Running::start(home, roundtrip(&[]));
    tutor.until(|screen| screen.contains("Layers are questions"));
    tutor.idle("home");
    tutor.keys("\r").until(|screen| screen.contains("step 1 of"));
    for step in 2..=8 {
        tutor.keys("n").until(|screen| screen.contains(&format!("step {step} of")));
        if step == 4 {
            tutor.keys("4\r").until(|screen| screen.contains("Measured"));
        }
    }
    tutor.idle("a lesson");
    println!(
        "resident after a lesson with its demo: {} kB, at most {} kB",
        tutor.status("VmRSS:"),
        tutor.status("VmHWM:")
    );
    tutor.end();
}

fn roundtrip(arguments: &[&str]) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_roundtrip"));
    command.args(arguments);
    command
}

/// A program in a terminal of 120 by 40.
struct Running {
    begun: Instant,
    _master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    output: Receiver<(Instant, Vec<u8>)>,
    screen: vt100::Parser,
    /// How much it wrote.
    written: usize,
}

impl Running {
    fn start(home: &Path, mut command: CommandBuilder) -> Self {
        let size = PtySize { rows: 40, cols: 120, pixel_width: 1200, pixel_height: 800 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        command.env("HOME", home);
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        command.cwd(home);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let writer = pair.master.take_writer().expect("a writer");
        let (sender, output) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 1 << 16];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send((Instant::now(), buffer[..count].to_vec())).is_err() {
                    return;
                }
            }
        });
        let begun = Instant::now();
        let child = pair.slave.spawn_command(command).expect("the program starts");
        let screen = vt100::Parser::new(nonzero(40), nonzero(120), 0);
        Self { begun, _master: pair.master, writer, child, output, screen, written: 0 }
    }

    fn keys(&mut self, keys: &str) -> &mut Self {
        self.writer.write_all(keys.as_bytes()).and_then(|()| self.writer.flush()).expect("it reads keys");
        self
    }

    /// Waits until the screen is so; gives the time since the start when those bytes arrived.
    fn until(&mut self, is_so: impl Fn(&str) -> bool) -> Duration {
        let mut at = Instant::now();
        while !is_so(&self.screen.screen().contents()) {
            let Ok((arrived, bytes)) = self.output.recv_timeout(PATIENCE) else {
                panic!("it did not come; the screen is\n{}", self.screen.screen().contents());
            };
            at = arrived;
            self.take(&bytes);
        }
        at - self.begun
    }

    fn take(&mut self, bytes: &[u8]) {
        self.written += bytes.len();
        self.screen.process(bytes);
        // What a terminal says when it is asked: what it is, where its cursor is, its colours, its window.
        for (asked, answer) in [
            ("\x1b[c", "\x1b[?62;22c"),
            ("\x1b[0c", "\x1b[?62;22c"),
            ("\x1b[6n", "\x1b[1;1R"),
            ("\x1b[14t", "\x1b[4;800;1200t"),
            ("\x1b]10;?", "\x1b]10;rgb:ffff/ffff/ffff\x1b\\"),
            ("\x1b]11;?", "\x1b]11;rgb:0000/0000/0000\x1b\\"),
        ] {
            if bytes.windows(asked.len()).any(|it| it == asked.as_bytes()) {
                self.keys(answer);
            }
        }
    }

    /// Says what it did in some seconds without input.
    fn idle(&mut self, place: &str) {
        while let Ok((_, bytes)) = self.output.recv_timeout(Duration::from_millis(300)) {
            self.take(&bytes);
        }
        let (before, ticks) = (self.written, self.ticks());
        let end = Instant::now() + IDLE;
        while let Ok((_, bytes)) = self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
            self.take(&bytes);
        }
        let (bytes, ticks) = (self.written - before, self.ticks() - ticks);
        println!("idle on {place} for {IDLE:?}: {ticks} ticks of processor time, {bytes} bytes written");
    }

    /// User and system time, in clock ticks: fields 14 and 15 of proc_pid_stat(5).
    fn ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).expect("this benchmark needs /proc");
        let after_name = stat.rsplit_once(')').expect("the name is in parentheses").1;
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        fields[11..13].iter().map(|field| field.parse::<u64>().expect("a number")).sum()
    }

    /// A line of proc_pid_status(5), in kB.
    fn status(&self, name: &str) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("this benchmark needs /proc");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("every process has it");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    fn pid(&self) -> u32 {
        self.child.process_id().expect("it runs")
    }

    fn end(mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn nonzero(cells: u16) -> NonZeroU16 {
    NonZeroU16::new(cells).expect("a terminal has cells")
}
