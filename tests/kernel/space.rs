//! Network namespaces of the test's own: the test runs itself again inside one.

/// Whether the person who runs the tests has asked to go without a TUN device.
pub(crate) fn left_out() -> bool {
    let without = std::env::var("ROUNDTRIP_WITHOUT").unwrap_or_default();
    without.split([',', ' ']).any(|it| it == "tun")
}

#[cfg(target_os = "linux")]
pub(crate) use linux::*;

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;
    use std::io::{BufRead as _, BufReader};
    use std::os::fd::AsFd as _;
    use std::process::{Child, Command, Stdio};
    use std::sync::RwLock;
    use std::thread;
    use std::time::{Duration, Instant};

    use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

    /// Set in the copy of the test that runs inside a namespace.
    const INSIDE: &str = "ROUNDTRIP_INSIDE_A_NAMESPACE";
    /// The file the copy leaves when the body is done.
    const MARK: &str = "ROUNDTRIP_DONE";

    /// A test that measures speed runs alone; the others may run beside each other.
    static CROWD: RwLock<()> = RwLock::new(());

    /// How a test is run.
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Company {
        Alone,
        Others,
    }

    /// Runs the body in a fresh user and network namespace: the test of that name again, in a process of its own, which is
    /// stopped when it takes longer than `patience`.
    ///
    /// # Panics
    /// When the body does, or when this machine has no namespaces or no TUN.
    pub(crate) fn in_a_namespace(name: &str, company: Company, patience: Duration, body: impl FnOnce()) {
        if super::left_out() {
            return eprintln!("{name}: left out, as ROUNDTRIP_WITHOUT asks");
        }
        if std::env::var_os(INSIDE).is_some() {
            ip("link set lo up");
            body();
            let mark = std::env::var_os(MARK).expect("set with the other");
            return std::fs::write(mark, name).expect("a folder of the test's own can be written");
        }
        let _alone = (company == Company::Alone).then(|| CROWD.write());
        let _among_others = (company == Company::Others).then(|| CROWD.read());
        let how = way_in();
        let myself = std::env::current_exe().expect("a running program has a path");
        let mut copy = Command::new("unshare");
        copy.arg(how).arg(myself).args(["--exact", name, "--nocapture", "--test-threads=1"]).env(INSIDE, "1");
        let folder = tempfile::tempdir().expect("a folder for a mark");
        let mark = folder.path().join("done");
        copy.env(MARK, &mark);
        let copy = copy.stdout(Stdio::null()).stdin(Stdio::null()).spawn().expect("unshare ran a moment ago");
        wait(copy, name, patience);
        // A name that is no test's runs nothing, and nothing succeeds.
        assert!(mark.exists(), "no test is called {name}: nothing was run");
    }

    fn wait(mut copy: Child, name: &str, patience: Duration) {
        let started = Instant::now();
        loop {
            if let Some(status) = copy.try_wait().expect("a child can be waited for") {
                assert!(status.success(), "{name} failed inside its namespace; what it said stands above");
                return;
            }
            if started.elapsed() > patience {
                copy.kill().expect("a child can be killed");
                copy.wait().expect("a child can be waited for");
                panic!("{name} was not done after {patience:?}");
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// The arguments of unshare(1) that work here: a user namespace needs no root, root needs no user namespace.
    fn way_in() -> &'static str {
        let works = |flags: &&str| {
            let mut test = Command::new("unshare");
            test.args([
                flags,
                "sh",
                "-c",
                "test -r /dev/net/tun && ip tuntap add probe mode tun && ip link show probe",
            ]);
            test.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|it| it.success())
        };
        ["-Urn", "-n"].into_iter().find(works).unwrap_or_else(|| {
            panic!(
                "these tests need a TUN device in a network namespace, and this machine gives none.\n\
                 Needed: unshare (util-linux), ip (iproute2), /dev/net/tun (`modprobe tun`; in a container \
                 `--device /dev/net/tun`), and user namespaces (`sysctl kernel.unprivileged_userns_clone=1`) or root.\n\
                 To run the other tests without them: ROUNDTRIP_WITHOUT=tun tests/run"
            )
        })
    }

    /// Runs ip(8) in this thread's namespace.
    pub(crate) fn ip(arguments: &str) {
        let output = Command::new("ip").args(arguments.split(' ')).output().expect("ip ran a moment ago");
        assert!(output.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A second namespace, which lasts as long as this value.
    pub(crate) struct Second {
        keeper: Child,
        door: File,
    }

    impl Second {
        pub(crate) fn new() -> Self {
            let mut keeper = Command::new("unshare");
            keeper.args(["-n", "sh", "-c", "echo ready; read wait"]).stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut keeper = keeper.spawn().expect("unshare ran a moment ago");
            let mut ready = String::new();
            let said = BufReader::new(keeper.stdout.take().expect("piped")).read_line(&mut ready);
            assert!(said.is_ok() && ready == "ready\n", "no second namespace");
            let door = File::open(format!("/proc/{}/ns/net", keeper.id())).expect("the keeper runs");
            Self { keeper, door }
        }

        /// Moves this thread, and what it starts, into the second namespace.
        pub(crate) fn enter(&self) {
            let kind = Some(LinkNameSpaceType::Network);
            move_into_link_name_space(self.door.as_fd(), kind).expect("one may enter a namespace one made");
        }
    }

    impl Drop for Second {
        fn drop(&mut self) {
            // Its standard input ends with this value, and it with that.
            drop(self.keeper.stdin.take());
            let _ = self.keeper.wait();
        }
    }
}
