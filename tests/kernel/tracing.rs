//! Linux's own traceroute, tracepath and ping, and our trace over Linux's sockets, through routers of the lab.
//!
//! ```text
//! the kernel 10.9.0.2 ── TUN ── r1 10.9.0.1 ── r2 10.9.1.2 ── MTU 1400 ── r3 10.9.2.2 ── lab host 10.9.3.9
//!  2001:db8:9::2              :9::1         :9:1::2                       :9:2::2          2001:db8:9:3::9
//! ```
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use roundtrip::lab::{Lab, LinkOptions};
use roundtrip::net::host::HostNet;
use roundtrip::services::trace::{Hop, Trace, trace};

use crate::device::{Plug, pace, tun};
use crate::space::{Company, in_a_namespace, ip};

/// Three routers, and the kernel in front of them; runs until the kernel's program has ended.
fn behind_three_routers<K: Send + 'static>(program: impl FnOnce() -> K + Send + 'static) -> K {
    let mut lab = Lab::new(3, &[]);
    let door = lab.outside("kernel").address("10.9.0.2/24").gateway("10.9.0.1");
    let door = door.address("2001:db8:9::2/64").gateway("2001:db8:9::1").add();
    let r1 = lab.router("r1").at(1, 0).interface("10.9.0.1/24").address("2001:db8:9::1/64").interface("10.9.1.1/24");
    let r1 = r1.address("2001:db8:9:1::1/64").route("::/0", "2001:db8:9:1::2");
    let r1 = r1.route("0.0.0.0/0", "10.9.1.2").add();
    let r2 = lab.router("r2").at(2, 0).interface("10.9.1.2/24").address("2001:db8:9:1::2/64").interface("10.9.2.1/24");
    let r2 = r2.address("2001:db8:9:2::1/64").route("2001:db8:9::/64", "2001:db8:9:1::1");
    let r2 = r2.route("2001:db8:9:3::/64", "2001:db8:9:2::2");
    let r2 = r2.route("10.9.0.0/24", "10.9.1.1").route("10.9.3.0/24", "10.9.2.2").add();
    let r3 = lab.router("r3").at(3, 0).interface("10.9.2.2/24").address("2001:db8:9:2::2/64").interface("10.9.3.1/24");
    let r3 = r3.address("2001:db8:9:3::1/64").route("::/0", "2001:db8:9:2::1");
    let r3 = r3.route("0.0.0.0/0", "10.9.2.1").add();
    let host = lab.host("host").at(4, 0).address("10.9.3.9/24").gateway("10.9.3.1");
    let host = host.address("2001:db8:9:3::9/64").gateway("2001:db8:9:3::1").add();
    let link = || LinkOptions::default().delay(Duration::from_millis(2));
    lab.link(door, r1, link());
    lab.link(r1, r2, link());
    lab.link(r2, r3, link().mtu(1400));
    lab.link(r3, host, link());
    lab.introduce_everybody();
    let device = tun("lab0", &["10.9.0.2/24".to_owned(), "2001:db8:9::2/64".to_owned()]);
    ip("route add 10.9.0.0/16 dev lab0");
    ip("route add 2001:db8:9::/48 dev lab0");
    let plug = Plug { device, doors: [0, 1, 2, 3].map(|third| (third, door)).to_vec() };
    let kernel = thread::spawn(program);
    let mut since = None;
    pace(&mut lab, &[plug], Duration::from_secs(60), || {
        kernel.is_finished() && since.get_or_insert_with(Instant::now).elapsed() > Duration::from_millis(50)
    });
    kernel.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// What a program of this machine prints.
pub(crate) fn says(command: &str) -> String {
    let mut words = command.split(' ');
    let mut program = Command::new(words.next().expect("a program"));
    let output = program.args(words).stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{command}: {error}: tests/run installs it"));
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The addresses in a text, in order, each once.
fn addresses(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        if word.parse::<std::net::IpAddr>().is_ok() && !found.iter().any(|it| it == word) {
            found.push(word.to_owned());
        }
    }
    found
}

const PATH: [&str; 4] = ["10.9.0.1", "10.9.1.2", "10.9.2.2", "10.9.3.9"];
const PATH_V6: [&str; 4] = ["2001:db8:9::1", "2001:db8:9:1::2", "2001:db8:9:2::2", "2001:db8:9:3::9"];

#[test]
fn our_trace_over_the_kernels_sockets_finds_every_router() {
    let name = "tracing::our_trace_over_the_kernels_sockets_finds_every_router";
    in_a_namespace(name, Company::Others, Duration::from_secs(60), || {
        let hops = behind_three_routers(|| {
            let plan = Trace {
                to: [10, 9, 3, 9].into(),
                echo: false,
                one_flow: false,
                most_hops: 8,
                probes: 2,
                patience: Duration::from_secs(5),
                pause: Duration::ZERO,
            };
            let mut hops: Vec<Hop> = Vec::new();
            let all = &mut hops;
            let walked = HostNet::run(|net| async move { trace(&net, plan, |hop| all.push(hop)).await });
            walked.expect("an event queue").expect("UDP probes need no root");
            hops
        });
        let seen: Vec<String> = hops.iter().flat_map(|it| it.answers().map(|it| it.from.to_string()).take(1)).collect();
        assert_eq!(seen, PATH);
        assert_eq!(hops.last().and_then(|it| it.answers().next()).map(|it| it.said.name()), Some("port_unreachable"));
    });
}

#[test]
fn traceroute_by_udp_and_by_icmp_finds_every_router() {
    let name = "tracing::traceroute_by_udp_and_by_icmp_finds_every_router";
    in_a_namespace(name, Company::Others, Duration::from_secs(60), || {
        let printed =
            behind_three_routers(|| ["traceroute -n -q 1 10.9.3.9", "traceroute -I -n -q 1 10.9.3.9"].map(says));
        for text in printed {
            // The first line names the destination.
            let (_, hops) = text.split_once('\n').unwrap_or_else(|| panic!("{text}"));
            assert_eq!(addresses(hops), PATH, "{text}");
        }
    });
}

#[test]
fn tracepath_finds_the_path_mtu_and_ping_its_answer() {
    let name = "tracing::tracepath_finds_the_path_mtu_and_ping_its_answer";
    in_a_namespace(name, Company::Others, Duration::from_secs(60), || {
        let [path, small, large, whole] = behind_three_routers(|| {
            [
                "tracepath -n 10.9.3.9",
                "ping -n -c 1 -W 5 10.9.3.9",
                "ping -n -c 1 -W 5 -M do -s 1472 10.9.3.9",
                "ping -n -c 1 -W 5 -M dont -s 1472 10.9.3.9",
            ]
            .map(says)
        });
        assert!(path.contains("pmtu 1400"), "{path}");
        assert!(small.contains(" 1 received"), "{small}");
        assert!(large.contains("1400") && large.contains(" 0 received"), "DF and too large: {large}");
        assert!(whole.contains(" 1 received"), "cut by r2 and put together by the host: {whole}");
    });
}

#[test]
fn over_ipv6_traceroute_finds_every_router_and_ping_the_host() {
    let name = "tracing::over_ipv6_traceroute_finds_every_router_and_ping_the_host";
    in_a_namespace(name, Company::Others, Duration::from_secs(60), || {
        let [udp, icmp, ping] = behind_three_routers(|| {
            [
                "traceroute -6 -n -q 1 2001:db8:9:3::9",
                "traceroute -6 -I -n -q 1 2001:db8:9:3::9",
                "ping -6 -n -c 1 -W 5 2001:db8:9:3::9",
            ]
            .map(says)
        });
        for text in [udp, icmp] {
            let (_, hops) = text.split_once('\n').unwrap_or_else(|| panic!("{text}"));
            assert_eq!(addresses(hops), PATH_V6, "{text}");
        }
        assert!(ping.contains(" 1 received"), "{ping}");
    });
}

#[test]
fn over_ipv6_the_path_mtu_is_found_and_a_large_ping_is_cut_by_both_ends() {
    let name = "tracing::over_ipv6_the_path_mtu_is_found_and_a_large_ping_is_cut_by_both_ends";
    in_a_namespace(name, Company::Others, Duration::from_secs(60), || {
        let [path, large, whole, v4] = behind_three_routers(|| {
            [
                "tracepath -6 -n 2001:db8:9:3::9",
                "ping -6 -n -c 1 -W 5 -M do -s 1452 2001:db8:9:3::9",
                "ping -6 -n -c 2 -W 5 -s 3000 2001:db8:9:3::9",
                "ping -4 -n -c 2 -W 5 -s 3000 10.9.3.9",
            ]
            .map(says)
        });
        assert!(path.contains("pmtu 1400"), "{path}");
        // tracepath has told the kernel: the ping is refused at once.
        assert!(large.contains("1400") && large.contains(" 0 received"), "too large: {large}");
        // The host does not know the path until its first answer is lost.
        assert!(whole.contains("icmp_seq=2"), "cut by the kernel for 1400, and by the host: {whole}");
        assert!(v4.contains(" 2 received"), "cut by the kernel for 1500, again by r2, and by the host: {v4}");
    });
}
