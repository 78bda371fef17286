//! A real binary in a real pseudo-terminal, with the clock beside it.
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Longer than this nothing here takes.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long it is watched doing nothing.
const IDLE: Duration = Duration::from_secs(5);

/// A program in a terminal of 120 by 40.
pub(crate) struct Running {
    /// When it was started, or the last keys were sent.
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
    pub(crate) fn start(home: &Path, mut command: CommandBuilder) -> Self {
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

    pub(crate) fn keys(&mut self, keys: &str) -> &mut Self {
        self.begun = Instant::now();
        self.send(keys);
        self
    }

    fn send(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).and_then(|()| self.writer.flush()).expect("it reads keys");
    }

    /// Waits until the screen is so; gives the time since the start or the last keys when those bytes arrived.
    pub(crate) fn until(&mut self, is_so: impl Fn(&str) -> bool) -> Duration {
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

    /// What the screen shows.
    pub(crate) fn text(&self) -> String {
        self.screen.screen().contents()
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
                self.send(answer);
            }
        }
    }

    /// Says what it did in some seconds without input.
    pub(crate) fn idle(&mut self, place: &str) {
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
    pub(crate) fn status(&self, name: &str) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("this benchmark needs /proc");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("every process has it");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    fn pid(&self) -> u32 {
        self.child.process_id().expect("it runs")
    }

    pub(crate) fn end(mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn nonzero(cells: u16) -> NonZeroU16 {
    NonZeroU16::new(cells).expect("a terminal has cells")
}
