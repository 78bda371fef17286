//! A program that captures, run beside a test: ours, or dumpcap.
use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};

/// It captures by now.
pub(crate) struct Running {
    child: Child,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
}

/// What it came to.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Our program, with nothing of the tester's settings.
pub(crate) fn ours(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_roundtrip"));
    command.env("HOME", "/nonexistent").env_remove("XDG_CONFIG_HOME").arg("capture").args(arguments);
    command
}

/// dumpcap, which comes with tshark and captures for it.
pub(crate) fn dumpcap(interface: &str, file: &str) -> Running {
    let mut command = Command::new("dumpcap");
    // As many bytes as it takes for packets to wait, and no promiscuous mode.
    command.args(["-q", "-p", "-B", "64", "-i", interface, "-w", file]);
    Running::begin(command, "File: ")
}

impl Running {
    /// Starts it, and waits until it says that it captures.
    pub(crate) fn begin(mut command: Command, ready: &str) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| {
            panic!(
                "{command:?} cannot be run: {error}; dumpcap comes with tshark (Debian and Ubuntu: wireshark-common)"
            )
        });
        let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
        let mut said = String::new();
        while !said.contains(ready) {
            let length = stderr.read_line(&mut said).expect("text");
            assert!(length > 0, "{command:?} ended before it captured:\n{said}");
        }
        let stdout = child.stdout.take().expect("piped");
        Self { child, stdout: read(stdout, String::new()), stderr: read(stderr, said) }
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(status.expect("kill is there").success());
    }

    /// Waits until it ends by itself.
    pub(crate) fn ended(mut self) -> Ended {
        let code = self.child.wait().expect("a child can be waited for").code();
        let [stdout, stderr] = [self.stdout, self.stderr].map(|it| it.join().expect("it read to the end"));
        Ended { code, stdout, stderr }
    }

    /// Presses Ctrl-C.
    pub(crate) fn interrupted(self) -> Ended {
        self.signal("-INT");
        self.ended()
    }
}

fn read(mut from: impl Read + Send + 'static, mut text: String) -> JoinHandle<String> {
    thread::spawn(move || {
        from.read_to_string(&mut text).expect("text");
        text
    })
}
