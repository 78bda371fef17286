//! A `roundtrip lab up` of the test's own, on ports nobody else uses; ended with the test.
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

const CA: &str = "ca.pem";

/// The process, with where its servers stand, as it said itself.
pub(crate) struct Lab {
    process: Child,
    servers: Vec<(String, SocketAddr)>,
    /// Where its authority's certificate is, and the key of its root.
    folder: tempfile::TempDir,
}

impl Lab {
    /// Starts one, and waits until it says that it is up.
    pub(crate) fn up() -> Self {
        // A port that was free a moment ago may be taken now: then another.
        for _ in 0..20 {
            let free =
                UdpSocket::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("loopback has ports").port();
            if let Some(lab) = Self::at(free.min(65_000)) {
                return lab;
            }
        }
        panic!("the lab did not come up on any of 20 ports");
    }

    fn at(port: u16) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder of the test's own");
        let mut command = Command::new(env!("CARGO_BIN_EXE_roundtrip"));
        command.args(["lab", "up", "--port", &port.to_string()]).stdout(Stdio::piped()).stderr(Stdio::null());
        command
            .args(["--tls-port", "0", "--https-port", "0", "--site-port", "0", "--plain-port", "0", "--ca"])
            .arg(folder.path().join(CA));
        command.arg("--anchor").arg(folder.path().join("anchor"));
        let mut process = command.spawn().expect("the program starts");
        let mut servers = Vec::new();
        let out = BufReader::new(process.stdout.take().expect("it is piped"));
        for line in out.lines().map_while(Result::ok) {
            let mut words = line.split_whitespace();
            if let (Some(host), Some(Ok(at))) = (words.next(), words.next().map(str::parse)) {
                servers.push((host.to_owned(), at));
                if host == "over-https" {
                    return Some(Self { process, servers, folder });
                }
            }
        }
        process.wait().expect("it ended by itself");
        None
    }

    pub(crate) fn server(&self, host: &str) -> SocketAddr {
        let found = self.servers.iter().find(|(name, _)| name == host);
        found.unwrap_or_else(|| panic!("the lab has no {host}: {:?}", self.servers)).1
    }

    /// The file with the certificate that its clients must trust.
    pub(crate) fn ca(&self) -> String {
        self.folder.path().join(CA).display().to_string()
    }

    /// The file with the key of its root, as BIND's programs read it.
    pub(crate) fn anchor(&self) -> PathBuf {
        self.folder.path().join("anchor")
    }

    pub(crate) fn resolver(&self) -> SocketAddr {
        self.server("resolver")
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.process.kill().expect("it runs until now");
        self.process.wait().expect("it is ours");
    }
}
