//! A `roundtrip lab up` of the test's own, on ports nobody else uses; ended with the test.
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

/// The process, with where its servers stand, as it said itself.
pub(crate) struct Lab {
    process: Child,
    servers: Vec<(String, SocketAddr)>,
    folder: tempfile::TempDir,
    _out: BufReader<ChildStdout>,
}

impl Lab {
    pub(crate) fn up() -> Self {
        Self::with(&[])
    }

    /// Starts one with these options, and waits until it says that it is up.
    pub(crate) fn with(options: &[&str]) -> Self {
        // A port that was free a moment ago may be taken now: then another.
        for _ in 0..20 {
            let free =
                UdpSocket::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("loopback has ports").port();
            if let Some(lab) = Self::at(free.min(65_000), options) {
                return lab;
            }
        }
        panic!("the lab did not come up on any of 20 ports");
    }

    fn at(port: u16, options: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder of the test's own");
        let mut command = Command::new(env!("CARGO_BIN_EXE_roundtrip"));
        command.args(["lab", "up", "--port", &port.to_string(), "--tls-port", "0", "--https-port", "0"]);
        command.args(["--site-port", "0", "--plain-port", "0", "--ca"]).arg(folder.path().join("ca.pem"));
        command.arg("--key-log").arg(folder.path().join("keys")).args(options);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts");
        let mut out = BufReader::new(process.stdout.take().expect("it is piped"));
        let (mut servers, mut line) = (Vec::new(), String::new());
        while out.read_line(&mut line).is_ok_and(|it| it > 0) {
            let mut words = line.split_whitespace();
            if let (Some(host), Some(Ok(at))) = (words.next(), words.next().map(str::parse)) {
                servers.push((host.to_owned(), at));
            }
            // The last line it prints.
            if line.starts_with("  /echo") {
                return Some(Self { process, servers, folder, _out: out });
            }
            line.clear();
        }
        process.wait().expect("it ended by itself");
        None
    }

    /// Its number, for programs that ask for one.
    pub(crate) fn pid(&self) -> String {
        self.process.id().to_string()
    }

    pub(crate) fn server(&self, name: &str) -> SocketAddr {
        let found = self.servers.iter().find(|(it, _)| it == name);
        found.unwrap_or_else(|| panic!("the lab has no {name}: {:?}", self.servers)).1
    }

    /// A URL of the site.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.server("site").port())
    }

    /// `127.0.0.1:PORT` of the site.
    pub(crate) fn at_site(&self) -> String {
        self.server("site").to_string()
    }

    /// A file beside the authority's certificate, as an argument.
    pub(crate) fn file(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The certificate that clients must trust.
    pub(crate) fn ca(&self) -> String {
        self.file("ca.pem")
    }

    /// The lines of the log of keys so far, in their order.
    pub(crate) fn keys(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("keys")).expect("it is written");
        text.lines().map(str::to_owned).collect()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.process.kill().expect("it runs until now");
        self.process.wait().expect("it is ours");
    }
}

/// What a program printed, and with which code it ended.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Both kinds of output.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.out, self.err)
    }

    /// The JSON object in its output.
    pub(crate) fn json(&self) -> Value {
        let line = self.out.lines().find(|it| it.starts_with('{'));
        let line = line.unwrap_or_else(|| panic!("no object in\n{}", self.all()));
        serde_json::from_str(line).expect("JSON")
    }

    /// What stands behind a word at the beginning of a line.
    pub(crate) fn after(&self, word: &str) -> Option<&str> {
        self.out.lines().chain(self.err.lines()).find_map(|it| it.trim_start().strip_prefix(word)).map(str::trim)
    }
}

/// Runs a program of others with that input; `package` is what brings it.
pub(crate) fn run(program: (&str, &str), arguments: &[&str], input: &str) -> Ran {
    run_in(&[], program, arguments, input)
}

/// The same with these variables.
pub(crate) fn run_in(
    variables: &[(&str, &str)],
    (program, package): (&str, &str),
    arguments: &[&str],
    input: &str,
) -> Ran {
    use std::io::Write as _;
    // No test waits for ever for somebody else's program.
    let mut command = Command::new("timeout");
    command
        .args(["60", program])
        .args(arguments)
        .env_remove("SSLKEYLOGFILE")
        .env("NO_PROXY", "*")
        .envs(variables.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("timeout (coreutils) is needed");
    let mut stdin = child.stdin.take().expect("it is piped");
    // Who has heard enough closes it.
    drop(stdin.write_all(input.as_bytes()));
    drop(stdin);
    let output = child.wait_with_output().expect("it is ours");
    let code = output.status.code();
    assert_ne!(code, Some(127), "{program} is needed (Debian and Ubuntu: sudo apt-get install {package})");
    assert_ne!(code, Some(124), "{program} {arguments:?} did not end");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ran { code, out: text(output.stdout), err: text(output.stderr) }
}
