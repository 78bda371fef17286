//! The kernel's ARP and Neighbor Discovery against ours, over a TAP device: who is where, whose address is taken, and who
//! is nearer.
//!
//! ```text
//! the kernel 10.9.0.2, 2001:db8:9::2 ── TAP ── the lab's link or switch ── lab host 10.9.0.1, 2001:db8:9::1
//! ```
use std::net::IpAddr;
use std::thread;
use std::time::{Duration, Instant};

use roundtrip::lab::{Lab, LabNet, LinkOptions, NodeId};
use roundtrip::recording::{EventKind, Recording, Run};

use crate::device::{Plug, pace, tap};
use crate::space::{Company, in_a_namespace, ip};
use crate::tracing::says;

const PATIENCE: Duration = Duration::from_secs(5);

/// The kernel behind a TAP as a node of this lab.
fn kernel(lab: &mut Lab) -> NodeId {
    lab.outside("kernel").ethernet().add()
}

fn cable() -> LinkOptions {
    LinkOptions::default().delay(Duration::from_millis(1))
}

/// Runs a program beside the lab until it is done, and the lab for as long as `after` says.
fn beside<K: Send + 'static>(
    mut lab: Lab,
    door: NodeId,
    kernel_has: &[&str],
    after: Duration,
    program: impl FnOnce() -> K + Send + 'static,
) -> (K, Recording) {
    let plug = Plug { device: tap("lab0", kernel_has), doors: vec![(0, door)] };
    let kernel = thread::spawn(program);
    let mut since = None;
    pace(&mut lab, &[plug], Duration::from_secs(60), || {
        kernel.is_finished() && since.get_or_insert_with(Instant::now).elapsed() > after
    });
    let found = kernel.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    (found, lab.finish(Run::default()))
}

/// How many packets a node sent whose summary has this text.
fn sent(recording: &Recording, from: &str, text: &str) -> usize {
    let node = recording.node(from).expect("a node of that name");
    recording.packets.iter().filter(|it| it.from == node && it.summary.contains(text)).count()
}

/// What a host decided, a line each.
fn decisions(recording: &Recording, name: &str) -> String {
    let node = recording.node(name).expect("a node of that name");
    let own = recording.events.iter().filter(|it| it.node == node);
    let lines = own.filter_map(|it| match &it.kind {
        EventKind::Decision { text } => Some(text.clone()),
        EventKind::State { machine, from, to } => Some(format!("{machine}: {from} to {to}")),
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn each_finds_the_other_over_both_families() {
    let name = "neighbours::each_finds_the_other_over_both_families";
    in_a_namespace(name, Company::Others, Duration::from_secs(60), || {
        let mut lab = Lab::new(3, &[]);
        let host = lab.host("host").address("10.9.0.1/24").address("2001:db8:9::1/64").add();
        let door = kernel(&mut lab);
        lab.link(host, door, cable());
        let net = lab.net(host);
        let asks: LabNet = net.clone();
        // The lab asks first, once the kernel has its addresses: its own solicitation and ARP request are answered.
        net.spawn(async move {
            asks.sleep(Duration::from_millis(500)).await;
            for to in ["2001:db8:9::2", "10.9.0.2"] {
                let to: IpAddr = to.parse().expect("an address");
                let answered = asks.ping(to, PATIENCE).await.is_ok();
                asks.note(format!("{to} answered: {answered}"));
            }
        });
        let has = ["10.9.0.2/24", "2001:db8:9::2/64 nodad"];
        let (heard, recording) = beside(lab, door, &has, Duration::from_millis(200), || {
            thread::sleep(Duration::from_millis(1500));
            // It forgets what the lab's questions told it, and asks itself.
            ip("neigh flush dev lab0");
            let pings = ["ping -6 -n -c 1 -W 5 2001:db8:9::1", "ping -4 -n -c 1 -W 5 10.9.0.1"].map(says);
            (pings, ["ip -6 neigh show dev lab0", "ip -4 neigh show dev lab0"].map(says))
        });
        let (pings, neighbours) = heard;
        assert!(pings.iter().all(|it| it.contains(" 1 received")), "{pings:?}");
        let host = recording.node("host").expect("the host");
        let mac = recording.topology.nodes[host].interfaces[0].mac.clone().expect("a host's interface has one");
        for (text, address) in neighbours.iter().zip(["2001:db8:9::1", "10.9.0.1"]) {
            let line = text.lines().find(|it| it.starts_with(address)).unwrap_or_else(|| panic!("{text}"));
            assert!(line.contains(&mac) && line.contains("REACHABLE"), "{line}");
        }
        let notes = recording
            .events
            .iter()
            .filter(|it| matches!(&it.kind, EventKind::Note { text } if text.ends_with("answered: true")));
        assert_eq!(notes.count(), 2, "{}", decisions(&recording, "host"));
        for who in ["host", "kernel"] {
            assert!(sent(&recording, who, "Who has") + sent(&recording, who, "who has") >= 1, "{who} asks by ARP");
        }
        assert!(decisions(&recording, "host").contains("ND: learned that 2001:db8:9::2 is at"));
    });
}

#[test]
fn neither_uses_an_address_that_the_other_has() {
    let name = "neighbours::neither_uses_an_address_that_the_other_has";
    in_a_namespace(name, Company::Others, Duration::from_secs(60), || {
        let mut lab = Lab::new(3, &[]);
        let host = lab.host("host").address("2001:db8:9::1/64").add();
        let late = lab.host("late").address("2001:db8:9::2/64").address("10.9.0.2/24");
        let late = late.detect_duplicates().add();
        let switch = lab.switch("sw").add();
        let door = kernel(&mut lab);
        lab.link(host, switch, cable());
        lab.link(door, switch, cable());
        // The kernel has 2001:db8:9::2 before the late one is plugged in.
        let has = ["10.9.0.2/24", "2001:db8:9::2/64 nodad"];
        lab.link(late, switch, cable());
        let (addresses, recording) = beside(lab, door, &has, Duration::from_secs(7), || {
            // The kernel asks about this one, and the lab's host has it.
            ip("addr add 2001:db8:9::1/64 dev lab0");
            thread::sleep(Duration::from_secs(3));
            says("ip -6 addr show dev lab0")
        });
        let taken =
            addresses.lines().find(|it| it.contains("2001:db8:9::1/64")).unwrap_or_else(|| panic!("{addresses}"));
        assert!(taken.contains("dadfailed"), "{taken}");
        let late = decisions(&recording, "late");
        assert!(late.contains("2001:db8:9::2 is taken"), "{late}");
        assert!(late.contains("10.9.0.2 is taken"), "{late}");
    });
}

#[test]
fn the_kernel_obeys_our_routers_redirects() {
    let name = "neighbours::the_kernel_obeys_our_routers_redirects";
    in_a_namespace(name, Company::Others, Duration::from_secs(60), || {
        let mut lab = Lab::new(3, &[]);
        let door = kernel(&mut lab);
        let switch = lab.switch("sw").add();
        let r1 = lab.router("r1").interface("10.9.0.1/24").address("2001:db8:9::ffff/64").address("fe80::1/64");
        let r1 = r1.route("10.9.5.0/24", "10.9.0.3").route("2001:db8:9:5::/64", "fe80::3").add();
        let r2 = lab.router("r2").interface("10.9.0.3/24").address("2001:db8:9::fffe/64").address("fe80::3/64");
        let r2 = r2.interface("10.9.5.1/24").address("2001:db8:9:5::1/64").add();
        let host = lab.host("host").address("10.9.5.9/24").gateway("10.9.5.1");
        let host = host.address("2001:db8:9:5::9/64").gateway("2001:db8:9:5::1").add();
        for node in [door, r1, r2] {
            lab.link(node, switch, cable());
        }
        lab.link(r2, host, cable());
        let has = ["10.9.0.2/24", "2001:db8:9::2/64 nodad"];
        let (heard, recording) = beside(lab, door, &has, Duration::from_millis(200), || {
            ip("route add default via 10.9.0.1");
            ip("-6 route add default via fe80::1 dev lab0");
            let pings =
                ["ping -4 -n -c 3 -i 1.2 -W 5 10.9.5.9", "ping -6 -n -c 3 -i 0.3 -W 5 2001:db8:9:5::9"].map(says);
            (pings, ["ip -4 route get 10.9.5.9", "ip -6 route get 2001:db8:9:5::9"].map(says))
        });
        let (pings, routes) = heard;
        assert!(pings.iter().all(|it| it.contains(" 3 received")), "{pings:?}");
        assert!(routes[0].contains("via 10.9.0.3"), "{routes:?}");
        assert!(routes[1].contains("via fe80::3"), "{routes:?}");
        // Over IPv4 Linux obeys the second: at the first it looks for the neighbour (`__ip_do_redirect`).
        assert_eq!(sent(&recording, "r1", "Echo request"), 3, "two over IPv4, one over IPv6");
    });
}
