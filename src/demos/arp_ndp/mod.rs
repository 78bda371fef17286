//! From an IP address to a MAC address, in both families side by side: asked, remembered, forgotten, moved, taken twice.
//!
//! ```text
//! client 10.0.0.1, 2001:db8::1 ── sw ── server 10.0.0.2, 2001:db8::2
//!                                  └─── other: gets the server's addresses, or wants them
//! ```
mod figures;

use std::cell::RefCell;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::rc::Rc;
use std::time::Duration;

use crate::demos::findings::note_end;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{Control, Lab, LabNet, LinkOptions, NodeId};
use crate::recording::{Recording, Time};
use crate::services::both;

pub(super) const DEMO: Demo = Demo {
    name: "arp-ndp",
    title: "ARP and Neighbor Discovery",
    about: "A host pings its neighbour over IPv4 and IPv6: who has this address? Then the caches answer, then the entries \
            grow old. At the end the addresses stay, move to another machine, or are wanted by a second one.",
    chapters: &["W9"],
    live: None,
    knobs: &[
        Knob::millis("rtt", "time to the server and back", [0, 500, 1, 2]),
        Knob::millis("pause", "between the second and the third ping", [0, 600_000, 10_000, 90_000]),
        Knob::choice(
            "change",
            "what happens to the server's addresses at the end",
            &["stays", "moves", "moves-silently", "duplicate"],
        ),
    ],
    exports: &[],
    view: "sequence",
    run,
};

const V4: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));
const V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2));
/// A ping waits that long for its answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// After the third ping: longer than Neighbor Discovery waits for a sign (5 s) and probes (3 s).
const SETTLE: Duration = Duration::from_secs(9);
/// Pings to addresses that have moved, one a second at most, until one is answered.
const TRIES: usize = 120;
/// Detection of a duplicate takes at most 1 s + 3 x 2 s + 2 s over IPv4 (RFC 5227 §1.1), and less over IPv6.
const DETECTION: Duration = Duration::from_secs(10);

/// A ping of the script.
#[derive(Clone, Copy, Debug)]
struct Ping {
    /// `first`, `again`, `later`, or `moved`.
    phase: &'static str,
    to: IpAddr,
    at: Time,
    rtt: Option<Duration>,
}

type Pings = Rc<RefCell<Vec<Ping>>>;

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let client = lab.host("client").at(0, 0).address("10.0.0.1/24").address("2001:db8::1/64").add();
    let sw = lab.switch("sw").at(1, 0).add();
    let server = lab.host("server").at(2, 0).address("10.0.0.2/24").address("2001:db8::2/64").add();
    let other = lab.host("other").at(2, 1).unconfigured().add();
    // A round trip crosses two links twice.
    let cable = || LinkOptions::default().delay(knobs.time("rtt") / 4);
    for node in [client, server, other] {
        lab.link(node, sw, cable());
    }
    let (pings, changed) = (Pings::default(), Rc::<RefCell<Option<Time>>>::default());
    let (net, other_net, control) = (lab.net(client), lab.net(other), lab.control());
    let ended = lab.run(async {
        for phase in ["first", "again"] {
            ping_both(&net, phase, &pings).await;
        }
        net.sleep(knobs.time("pause")).await;
        ping_both(&net, "later", &pings).await;
        net.sleep(SETTLE).await;
        *changed.borrow_mut() = (knobs.choice("change") != "stays").then(|| net.now());
        match knobs.choice("change") {
            "duplicate" => want_the_same(&other_net).await,
            "stays" => {}
            how => {
                move_to(&control, server, other, how == "moves");
                // What is announced is on its way for half of this.
                net.sleep(knobs.time("rtt")).await;
                both(until_answered(&net, V4, &pings), until_answered(&net, V6, &pings)).await;
            }
        }
    });
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    let changed = *changed.borrow();
    figures::found(&recording, &pings.borrow(), changed).into(&mut recording);
    recording
}

async fn ping_both(net: &LabNet, phase: &'static str, pings: &Pings) {
    for to in [V4, V6] {
        ping(net, (phase, to), pings).await;
    }
}

async fn ping(net: &LabNet, (phase, to): (&'static str, IpAddr), pings: &Pings) -> bool {
    let at = net.now();
    let outcome: io::Result<Duration> = net.ping(to, PATIENCE).await;
    if let Err(error) = &outcome
        && phase != "moved"
    {
        net.note(format!("the ping to {to} gave up: {error}"));
    }
    let rtt = outcome.ok();
    pings.borrow_mut().push(Ping { phase, to, at, rtt });
    rtt.is_some()
}

/// Pings once a second until an answer comes.
async fn until_answered(net: &LabNet, to: IpAddr, pings: &Pings) {
    for _ in 0..TRIES {
        let next = net.now() + PATIENCE;
        if ping(net, ("moved", to), pings).await {
            return;
        }
        net.sleep(next.since(net.now())).await;
    }
}

/// The server's addresses are another machine's from now on: a failover.
fn move_to(control: &Control, server: NodeId, other: NodeId, announced: bool) {
    for (address, prefix) in [(V4, 24), (V6, 64)] {
        control.remove_address(server, &address.to_string());
        control.add_address(other, &format!("{address}/{prefix}"));
        if announced {
            control.announce(other, &address.to_string());
        }
    }
}

/// A machine that was given the server's addresses asks whether they are free.
async fn want_the_same(other: &LabNet) {
    other.add_address(V4, 24, true);
    other.add_address(V6, 64, true);
    other.sleep(DETECTION).await;
}
