//! A NAT at work: one address for two hosts, its table, who gets in, when it forgets; and the same behind a second NAT.
//!
//! ```text
//! a 192.168.1.10 ─┐                                                        ┌─ peer 198.51.100.2
//!                 lan ── home 192.168.1.1 | 203.0.113.5 ── isp 203.0.113.1 ┤
//! b 192.168.1.11 ─┘                                                        └─ other 192.0.2.9
//!
//! cgnat           ... home 192.168.1.1 | 100.64.0.2 ── cgn 100.64.0.1 | 203.0.113.5 ── isp ...
//! ```
mod found;
mod script;

use std::time::Duration;

use crate::demos::findings::note_end;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{Dependence, Lab, LabNet, LinkOptions, NatOptions, RouterBuilder};
use crate::quantity::Unit;
use crate::recording::{EventKind, Recording};
use script::{Script, Seen};

pub(super) const DEMO: Demo = Demo {
    name: "nat",
    title: "NAT: a table between inside and outside",
    about: "Two hosts share one address. Watch the table fill, ports collide, strangers be turned away or let in, a mapping be \
            forgotten in silence, and what a second NAT at the provider changes.",
    chapters: &["W9"],
    live: None,
    knobs: &[
        Knob::millis("rtt", "time from a to peer and back", [0, 500, 10, 40]),
        Knob::choice(
            "kind",
            "whom mappings and filters look at: RFC 3489's words, here for pairs of RFC 4787's",
            &["port-restricted", "full-cone", "restricted", "symmetric"],
        ),
        Knob::millis(
            "timeout",
            "a UDP mapping that is silent for this long is forgotten",
            [1000, 600_000, 10_000, 30_000],
        ),
        Knob::millis("silence", "nobody says anything for this long", [0, 900_000, 10_000, 60_000]),
        Knob::choice(
            "ports",
            "the port outside: the one inside where it is free, or the next",
            &["kept", "sequential"],
        ),
        Knob::quantity("port-range", "ports the address outside has", Unit::Count, [4, 60_000, 1000, 60_000]),
        Knob::quantity("flows", "sockets that a opens at the end, each for one datagram", Unit::Count, [0, 100, 4, 0]),
        Knob::switch(
            "hairpinning",
            "inside hosts reach each other by their addresses outside, where the filter of `kind` lets them in",
        ),
        Knob::switch("forward", "home forwards its UDP port 8000 to b for good"),
        Knob::switch("cgnat", "the provider has a NAT of its own (RFC 6598's 100.64.0.0/10 between the two)"),
        Knob::quantity(
            "share",
            "ports the provider's NAT gives a customer; 0 is no limit",
            Unit::Count,
            [0, 1000, 4, 0],
        ),
    ],
    exports: &[],
    view: "sequence",
    run,
};

/// Where the two NATs' world begins: what the ISP routes.
const PUBLIC: &str = "203.0.113.5/24";

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let nets = build(&mut lab, knobs);
    let seen = Seen::default();
    let script = Script {
        pause: knobs.time("rtt") * 2 + Duration::from_millis(100),
        silence: knobs.time("silence"),
        flows: u16::try_from(knobs.number("flows")).expect("the knob's limit is small"),
    };
    let ended = lab.run(script.play(&nets, &seen));
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found::found(&recording, &seen).into(&mut recording);
    // Each stands beside the lifelines as a note now, and need not be read twice.
    recording.events.retain(|it| !matches!(&it.kind, EventKind::Decision { text } if text.starts_with("NAT: ")));
    recording
}

/// The hosts of the run.
struct Nets {
    a: LabNet,
    b: LabNet,
    peer: LabNet,
    other: LabNet,
}

fn build(lab: &mut Lab, knobs: &Knobs) -> Nets {
    let host = |lab: &mut Lab, name: &str, place: (u8, u8), address: &str, gateway: &str| {
        lab.host(name).at(place.0, place.1).address(address).gateway(gateway).trace_calls(false).add()
    };
    let a = host(lab, "a", (0, 0), "192.168.1.10/24", "192.168.1.1");
    let b = host(lab, "b", (0, 1), "192.168.1.11/24", "192.168.1.1");
    let lan = lab.switch("lan").at(1, 0).add();
    let two = knobs.is_on("cgnat");
    let outside = if two { ("100.64.0.2/24", "100.64.0.1") } else { (PUBLIC, "203.0.113.1") };
    let home = lab.router("home").at(2, 0).interface("192.168.1.1/24").interface(outside.0);
    let home = forwarding(home.route("0.0.0.0/0", outside.1).nat(1, options(knobs)), knobs).add();
    let cgn = two.then(|| {
        let cgn = lab.router("cgn").at(3, 0).interface("100.64.0.1/24").interface(PUBLIC);
        cgn.route("0.0.0.0/0", "203.0.113.1").nat(1, provider(knobs)).add()
    });
    let isp = lab.router("isp").at(4, 0).interface("203.0.113.1/24").interface("198.51.100.1/24");
    let isp = isp.interface("192.0.2.1/24").add();
    let peer = host(lab, "peer", (5, 0), "198.51.100.2/24", "198.51.100.1");
    let other = host(lab, "other", (5, 1), "192.0.2.9/24", "192.0.2.1");
    // Of the way to peer and back, the ISP's far side is half; the LAN costs nothing.
    let (near, far) = (LinkOptions::default(), LinkOptions::default().delay(knobs.time("rtt") / 4));
    for host in [a, b] {
        lab.link(host, lan, near.clone());
    }
    lab.link(lan, home, near);
    match cgn {
        None => lab.link(home, isp, far.clone()),
        Some(cgn) => {
            let half = LinkOptions::default().delay(knobs.time("rtt") / 8);
            lab.link(home, cgn, half.clone());
            lab.link(cgn, isp, half);
        }
    }
    lab.link(isp, peer, far.clone());
    lab.link(isp, other, far);
    // ARP is another demo's.
    lab.introduce_everybody();
    Nets { a: lab.net(a), b: lab.net(b), peer: lab.net(peer), other: lab.net(other) }
}

fn forwarding<'a>(home: RouterBuilder<'a>, knobs: &Knobs) -> RouterBuilder<'a> {
    let to = format!("192.168.1.11:{}", script::FORWARDED);
    if knobs.is_on("forward") { home.forward_udp(script::FORWARDED, &to) } else { home }
}

/// The NAT at home.
fn options(knobs: &Knobs) -> NatOptions {
    use Dependence::{Address, AddressAndPort, Independent};
    let (mapping, filtering) = match knobs.choice("kind") {
        "full-cone" => (Independent, Independent),
        "restricted" => (Independent, Address),
        "symmetric" => (AddressAndPort, AddressAndPort),
        _ => (Independent, AddressAndPort),
    };
    // From 4096 up: the ports of the script are among them as long as there are enough.
    let last = 4095 + u16::try_from(knobs.number("port-range")).expect("the knob's limit fits");
    NatOptions {
        udp: knobs.time("timeout"),
        mapping,
        filtering,
        hairpinning: knobs.is_on("hairpinning"),
        keep_port: knobs.choice("ports") == "kept",
        ports: (4096, last),
        record_table: true,
        ..NatOptions::default()
    }
}

/// The NAT of the provider: independent mappings (RFC 6888 REQ-1), filters by address and port.
fn provider(knobs: &Knobs) -> NatOptions {
    let share = u16::try_from(knobs.number("share")).expect("the knob's limit fits");
    NatOptions {
        mapping: Dependence::Independent,
        filtering: Dependence::AddressAndPort,
        per_host: (share > 0).then_some(share),
        ..options(knobs)
    }
}
