//! One call of the program: `Home::new().tutor(&["quiz", "W1", "--plain"]).stdin("1\n").run().code(0).says("Right.")`.
use std::ffi::{OsStr, OsString};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

/// Nothing here takes this long; a loaded machine may.
const PATIENCE: Duration = Duration::from_secs(180);

/// A home folder of a test's own. It is gone with the test.
pub(crate) struct Home {
    folder: TempDir,
}

/// A call being put together.
pub(crate) struct Tutor {
    command: Command,
    stdin: Vec<u8>,
}

/// What a call came to.
pub(crate) struct Ended {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
    code: Option<i32>,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file below it, making its folders.
    #[track_caller]
    pub(crate) fn file(&self, path: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folders");
        std::fs::write(&path, bytes).expect("a file");
        path
    }

    /// Where progress is kept when nothing else is said.
    pub(crate) fn progress_file(&self) -> PathBuf {
        self.path().join(".local/share/roundtrip/progress.sqlite3")
    }

    /// The program with these arguments, this home, and nothing else of the tester's environment.
    pub(crate) fn tutor(&self, arguments: &[&str]) -> Tutor {
        let mut command = Command::new(env!("CARGO_BIN_EXE_roundtrip"));
        command.env_clear().env("HOME", self.path()).current_dir(self.path()).args(arguments);
        Tutor { command, stdin: Vec::new() }
    }

    /// The same with so many kilobytes of memory and no more.
    pub(crate) fn tutor_within(&self, kilobytes: u32, arguments: &[&str]) -> Tutor {
        let limit = format!("ulimit -v {kilobytes} && exec \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command.env_clear().env("HOME", self.path()).current_dir(self.path());
        command.args(["-c", &limit, env!("CARGO_BIN_EXE_roundtrip")]).args(arguments);
        Tutor { command, stdin: Vec::new() }
    }

    /// Calls the program without input.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.tutor(arguments).run()
    }
}

impl Tutor {
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub(crate) fn args(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// What it reads; then its input is at an end.
    pub(crate) fn stdin(mut self, text: impl Into<String>) -> Self {
        self.stdin = text.into().into_bytes();
        self
    }

    pub(crate) fn stdin_bytes(mut self, bytes: &[u8]) -> Self {
        self.stdin = bytes.to_vec();
        self
    }

    /// Calls the program. Whatever it says, nothing of it may drive a terminal.
    #[track_caller]
    pub(crate) fn run(self) -> Ended {
        let ended = self.run_for_bytes();
        for (name, text) in [("stdout", ended.stdout()), ("stderr", ended.stderr.clone())] {
            let control = text.chars().find(|c| c.is_control() && *c != '\n');
            assert!(control.is_none(), "{name} has {control:?}:\n{text}");
        }
        ended
    }

    /// As [`Tutor::run`], for output that is no text for people.
    #[track_caller]
    pub(crate) fn run_for_bytes(mut self) -> Ended {
        let pipes = self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = pipes.spawn().expect("the program starts");
        let Output { status, stdout, stderr } = outcome(child, self.stdin);
        Ended { stdout, stderr: String::from_utf8(stderr).expect("messages are UTF-8"), code: status.code() }
    }

    /// Calls the program, and presses Ctrl-C when `ready` returns; what that returns is kept until the end.
    #[track_caller]
    pub(crate) fn run_and_interrupt<T>(mut self, ready: impl FnOnce() -> T) -> Ended {
        let pipes = self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = pipes.spawn().expect("the program starts");
        let kept = ready();
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill is there").success());
        let Output { status, stdout, stderr } = outcome(child, self.stdin);
        drop(kept);
        Ended { stdout, stderr: String::from_utf8(stderr).expect("messages are UTF-8"), code: status.code() }
    }

    /// Reads one line of standard output and closes it, as `| head -1` does.
    #[track_caller]
    pub(crate) fn run_for_a_line(mut self) -> Ended {
        use std::io::{BufRead, BufReader};
        let pipes = self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn().expect("the program starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::with_capacity(1, stdout).read_line(&mut line).expect("UTF-8");
        let Output { status, stderr, .. } = outcome(child, self.stdin);
        let stderr = String::from_utf8(stderr).expect("messages are UTF-8");
        Ended { stdout: line.into_bytes(), stderr, code: status.code() }
    }
}

/// Feeds the program and waits for its end.
#[track_caller]
fn outcome(mut child: Child, input: Vec<u8>) -> Output {
    let mut stdin = child.stdin.take().expect("piped");
    let pid = child.id().to_string();
    thread::spawn(move || match stdin.write_all(&input) {
        // A program may end before it has read everything.
        Err(error) => assert_eq!(error.kind(), ErrorKind::BrokenPipe, "{error}"),
        Ok(()) => drop(stdin),
    });
    let (sender, ended) = mpsc::channel();
    thread::spawn(move || drop(sender.send(child.wait_with_output())));
    match ended.recv_timeout(PATIENCE) {
        Ok(output) => output.expect("its output"),
        Err(_) => {
            drop(Command::new("kill").arg(pid).status());
            panic!("the program does not end");
        }
    }
}

impl Ended {
    /// Standard output as text.
    #[track_caller]
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8(self.stdout.clone()).expect("UTF-8")
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout()))
    }

    #[track_caller]
    pub(crate) fn code(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "stderr: {}\nstdout: {}", self.stderr, String::from_utf8_lossy(&self.stdout));
        self
    }

    /// Standard output holds the text.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Self {
        assert!(self.stdout().contains(text), "`{text}` is not in\n{}\nstderr: {}", self.stdout(), self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn says_not(&self, text: &str) -> &Self {
        assert!(!self.stdout().contains(text), "`{text}` is in\n{}", self.stdout());
        self
    }

    /// A message holds the text.
    #[track_caller]
    pub(crate) fn warns(&self, text: &str) -> &Self {
        assert!(self.stderr.contains(text), "`{text}` is not in\n{}", self.stderr);
        self
    }

    /// No result: the message is all there is.
    #[track_caller]
    pub(crate) fn no_result(&self) -> &Self {
        assert_eq!(self.stdout(), "");
        self
    }

    /// No message: the result is all there is.
    #[track_caller]
    pub(crate) fn no_message(&self) -> &Self {
        assert_eq!(self.stderr, "");
        self
    }
}

/// The arguments of a line.
pub(crate) fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// What stands in a folder or file name may be anything the system takes.
pub(crate) fn os(text: &str) -> OsString {
    OsString::from(text)
}
