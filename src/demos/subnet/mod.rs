//! Subnets: what a prefix says of an address, and a host that decides by it: on my own network, or by the gateway?
//!
//! ```text
//! h 172.16.10.20 ─┐
//! those in the network ─ lan ── r1 172.16.10.1 ── those outside it
//! ```
mod found;
pub mod plan;

use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::demos::findings::note_end;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{Lab, LabNet, LinkOptions};
use crate::quantity::Unit;
use crate::recording::{Recording, Time};
use plan::Subnet;

pub(super) const DEMO: Demo = Demo {
    name: "subnet",
    title: "Subnets: local, or by the gateway",
    about: "A network drawn in bits, and a host that asks itself for each destination: do we share the prefix? If so it looks for the \
            MAC address on its own wire, else it takes the gateway. With a wrong mask it looks in vain.",
    chapters: &["W9"],
    live: None,
    knobs: &[
        Knob::quantity("prefix", "length of the network's prefix", Unit::Count, [8, 29, 1, 24]),
        Knob::quantity(
            "host-prefix",
            "length that h is configured with; 0 is the network's",
            Unit::Count,
            [0, 30, 1, 0],
        ),
        Knob::millis("rtt", "between two hosts of one network and back", [0, 100, 1, 2]),
    ],
    exports: &[],
    view: "table",
    run,
};

const HOST: Ipv4Addr = Ipv4Addr::new(172, 16, 10, 20);
const GATEWAY: Ipv4Addr = Ipv4Addr::new(172, 16, 10, 17);
/// Whom h speaks to: each shares fewer bits with it than the one before.
const OTHERS: [(&str, Ipv4Addr); 5] = [
    ("n1", Ipv4Addr::new(172, 16, 10, 22)),
    ("n2", Ipv4Addr::new(172, 16, 10, 77)),
    ("n3", Ipv4Addr::new(172, 16, 12, 9)),
    ("n4", Ipv4Addr::new(172, 20, 0, 5)),
    ("n5", Ipv4Addr::new(198, 51, 100, 9)),
];
/// Longer than ARP's three requests.
const PATIENCE: Duration = Duration::from_secs(5);

/// One ping of h.
#[derive(Clone, Copy, Debug)]
struct Trip {
    name: &'static str,
    to: Ipv4Addr,
    at: Time,
    answered: Option<Duration>,
}

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let length = |name: &str| u8::try_from(knobs.number(name)).expect("the knob's limit is small");
    let network = Subnet::new(HOST.into(), length("prefix"));
    let own = if length("host-prefix") == 0 { network } else { Subnet::new(HOST.into(), length("host-prefix")) };
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let net = build(&mut lab, knobs, network, own);
    let trips = RefCell::new(Vec::new());
    let ended = lab.run(async {
        for (name, to) in OTHERS {
            let at = net.now();
            let answered = net.ping(to, PATIENCE).await.ok();
            trips.borrow_mut().push(Trip { name, to, at, answered });
            net.sleep(Duration::from_millis(10)).await;
        }
        if trips.borrow().iter().all(|it| it.answered.is_none()) {
            net.note("nobody answered: h gave up");
        }
    });
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found::found(&recording, &trips.borrow(), (network, own)).into(&mut recording);
    recording
}

/// Who is in the network stands on its wire, who is not stands behind the router.
fn build(lab: &mut Lab, knobs: &Knobs, network: Subnet, own: Subnet) -> LabNet {
    let link = || LinkOptions::default().delay(knobs.time("rtt") / 4);
    let gateway = GATEWAY.to_string();
    let h = lab.host("h").at(0, 0).address(&format!("{HOST}/{}", own.length())).gateway(&gateway).add();
    let lan = lab.switch("lan").at(1, 0).add();
    let outside = OTHERS.iter().filter(|(_, to)| !network.contains((*to).into()));
    // Each of them has a small network of its own: its neighbour in the last bit is the router.
    let beside = |to: Ipv4Addr| Ipv4Addr::from_bits(to.to_bits() ^ 1 ^ 2);
    let r1 = lab.router("r1").at(2, 0).interface(&format!("{GATEWAY}/{}", network.length()));
    let r1 = outside.fold(r1, |r1, (_, to)| r1.interface(&format!("{}/29", beside(*to)))).add();
    lab.link(h, lan, link());
    lab.link(lan, r1, link());
    for (row, (name, to)) in (0_u8..).zip(OTHERS) {
        let is_near = network.contains(to.into());
        let (place, gateway) = if is_near { ((1, row + 1), GATEWAY) } else { ((3, row), beside(to)) };
        let length = if is_near { network.length() } else { 29 };
        let host = lab.host(name).at(place.0, place.1).address(&format!("{to}/{length}")).gateway(&gateway.to_string());
        let host = host.add();
        lab.link(host, if is_near { lan } else { r1 }, link());
    }
    lab.net(h)
}
