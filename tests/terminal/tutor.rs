//! The real binary in a real pseudo-terminal: types, waits, looks.
use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Nothing here takes seconds; a loaded machine may.
const PATIENCE: Duration = Duration::from_secs(40);

/// What a drawing ends with: the end of a synchronized update (the terminal's mode 2026).
const DRAWN: &[u8] = b"\x1b[?2026l";
const DRAWING: &[u8] = b"\x1b[?2026h";

/// A running tutor and what its terminal shows.
pub(crate) struct Tutor {
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    /// Everything it wrote, escape sequences and all.
    pub(crate) raw: Vec<u8>,
    /// So much of it is on the screen: never a part of a drawing, as a test that acts on half of one acts too early.
    shown: usize,
}

impl Tutor {
    /// Starts the tutor with a home of its own.
    #[track_caller]
    pub(crate) fn start(home: &Path, arguments: &[&str]) -> Self {
        Self::sized(home, arguments, 30, 110)
    }

    #[track_caller]
    pub(crate) fn sized(home: &Path, arguments: &[&str], rows: u16, columns: u16) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_roundtrip"));
        command.args(arguments);
        Self::spawn(home, command, rows, columns)
    }

    /// Starts any program.
    #[track_caller]
    pub(crate) fn spawn(home: &Path, mut command: CommandBuilder, rows: u16, columns: u16) -> Self {
        let pair = native_pty_system().openpty(size(rows, columns)).expect("a pseudo-terminal");
        command.env("HOME", home);
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        for name in ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "NO_COLOR"] {
            command.env_remove(name);
        }
        command.cwd(home);
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let (sender, output) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let writer = pair.master.take_writer().expect("a writer");
        let screen = vt100::Parser::new(nonzero(rows), nonzero(columns), 0);
        Self { master: pair.master, writer, child, output, screen, raw: Vec::new(), shown: 0 }
    }

    /// Waits until the screen holds the text.
    #[track_caller]
    pub(crate) fn until(&mut self, text: &str) -> &mut Self {
        self.wait(text, true)
    }

    /// Waits until the screen does not hold the text.
    #[track_caller]
    pub(crate) fn gone(&mut self, text: &str) -> &mut Self {
        self.wait(text, false)
    }

    #[track_caller]
    fn wait(&mut self, text: &str, wanted: bool) -> &mut Self {
        let end = now() + PATIENCE;
        while self.text().contains(text) != wanted {
            let left = end.saturating_duration_since(now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Timeout) => {
                    panic!("waited for `{text}` ({wanted}); the screen is\n{}", self.text())
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("the program ended before `{text}` ({wanted}); it left\n{}", self.text())
                }
            }
        }
        self
    }

    /// Waits until it has come to rest, then watches it for a while: nothing may be written without a cause.
    #[track_caller]
    pub(crate) fn rests(&mut self) -> &mut Self {
        let end = now() + PATIENCE;
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_secs(1)) {
            assert!(now() < end, "it never comes to rest; the screen is\n{}", self.text());
            self.take(&bytes);
        }
        if let Ok(bytes) = self.output.recv_timeout(Duration::from_secs(1)) {
            panic!("written while nobody did anything: {:?}", String::from_utf8_lossy(&bytes));
        }
        self
    }

    /// Types keys as a terminal sends them.
    #[track_caller]
    pub(crate) fn keys(&mut self, keys: &str) -> &mut Self {
        self.writer.write_all(keys.as_bytes()).and_then(|()| self.writer.flush()).expect("the program reads keys");
        self
    }

    /// Types keys and waits until what stands between header and footer is another.
    #[track_caller]
    pub(crate) fn press(&mut self, keys: &str) -> &mut Self {
        let body = |text: String| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
        let before = body(self.text());
        self.keys(keys);
        let end = now() + PATIENCE;
        while body(self.text()) == before {
            match self.output.recv_timeout(end.saturating_duration_since(now())) {
                Ok(bytes) => self.take(&bytes),
                Err(_) => panic!("nothing came of {keys:?}; the screen is\n{}", self.text()),
            }
        }
        // A drawing may arrive in pieces.
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(150)) {
            self.take(&bytes);
        }
        self
    }

    #[track_caller]
    pub(crate) fn resize(&mut self, rows: u16, columns: u16) -> &mut Self {
        self.master.resize(size(rows, columns)).expect("a new size");
        self.screen.screen_mut().set_size(nonzero(rows), nonzero(columns));
        self
    }

    /// Sends a signal by its name.
    #[track_caller]
    pub(crate) fn signal(&mut self, name: &str) -> &mut Self {
        let pid = self.child.process_id().expect("a running program").to_string();
        let sent = std::process::Command::new("kill").args(["-s", name, &pid]).status().expect("kill");
        assert!(sent.success());
        self
    }

    /// Waits for the end, takes everything it still said, and gives the exit code.
    #[track_caller]
    pub(crate) fn ended(&mut self) -> u32 {
        let end = now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().expect("a child").exit_code(),
                Err(RecvTimeoutError::Timeout) => panic!("the program did not end; the screen is\n{}", self.text()),
            }
        }
    }

    /// Ends the program without asking it.
    pub(crate) fn kill(mut self) {
        self.signal("KILL");
        self.ended();
    }

    #[must_use]
    pub(crate) fn text(&self) -> String {
        self.screen.screen().contents()
    }

    /// The terminal is as it was: the first screen, a cursor, no mouse reports, no bracketed paste.
    #[track_caller]
    pub(crate) fn left_the_terminal_as_it_was(&self) {
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen(), "still on the other screen");
        assert!(!screen.hide_cursor(), "no cursor");
        assert!(!screen.bracketed_paste(), "pastes are still bracketed");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "the mouse still reports");
    }

    fn take(&mut self, bytes: &[u8]) {
        self.raw.extend(bytes);
        let waiting = &self.raw[self.shown..];
        let last = |wanted: &[u8]| waiting.windows(wanted.len()).rposition(|it| it == wanted);
        // A drawing that has begun and not ended waits, and so does the start of a mark that says which it is.
        let whole = match (last(DRAWING), last(DRAWN)) {
            (Some(begun), ended) if ended.is_none_or(|ended| ended < begun) => begun,
            _ => waiting.len() - cut_mark(waiting),
        };
        self.screen.process(&waiting[..whole]);
        self.shown += whole;
    }
}

impl Drop for Tutor {
    fn drop(&mut self) {
        drop(self.child.kill());
    }
}

#[expect(clippy::disallowed_methods, reason = "a test that waits for ever helps nobody")]
fn now() -> Instant {
    Instant::now()
}

/// How many bytes at the end may be the start of a drawing's mark.
fn cut_mark(bytes: &[u8]) -> usize {
    (1..DRAWING.len()).rev().find(|length| bytes.ends_with(&DRAWING[..*length])).unwrap_or(0)
}

const fn size(rows: u16, cols: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

fn nonzero(size: u16) -> std::num::NonZero<u16> {
    std::num::NonZero::new(size).expect("a terminal has rows and columns")
}
