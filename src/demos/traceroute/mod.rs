//! Traceroute: TTL by TTL, who stands on the way; what looks like loss and is none, and what a way back hides.
//!
//! ```text
//! client 10.0.1.2 ── r1 ── r2 ── r3 ── r4 ── server 198.51.100.2
//!
//! ways=two         r2 ─┬─ r3  ─┬─ r4        both at the third hop
//!                      └─ r3b ─┘
//! return=detour    r4 ── back ── r1         what r4 and the server send takes this way
//! ```
mod found;
mod live;
mod rows;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::demos::findings::note_end;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{Balance, IcmpErrors, Lab, LabNet, LinkOptions, Loss, NodeId};
use crate::quantity::Unit;
use crate::recording::Recording;
use crate::services::trace::{Hop, Trace, trace};

pub(super) const DEMO: Demo = Demo {
    name: "traceroute",
    title: "Traceroute, and what it does not show",
    about: "Probes with a growing time to live make each router say who it is. A router that limits its ICMP errors looks lossy and \
            is not; a way back that differs makes a hop look slow; two ways of equal length mix.",
    chapters: &["W9"],
    live: Some(live::LIVE),
    knobs: &[
        Knob::millis("rtt", "time to the server and back", [0, 500, 10, 40]),
        Knob::choice("probe", "what is sent", &["udp", "icmp"]),
        Knob::quantity("probes", "for each time to live", Unit::Count, [1, 20, 1, 3]),
        Knob::millis("pause", "from an answer to the next probe", [0, 2000, 50, 10]),
        Knob::millis("patience", "how long an answer is waited for", [100, 5000, 100, 1000]),
        Knob::quantity("limit", "ICMP errors that r2 sends in a second; 0 is no limit", Unit::Count, [0, 100, 1, 1]),
        Knob::choice("silent", "a router that sends no ICMP errors at all", &["none", "r1", "r2", "r3", "r4"]),
        Knob::quantity("loss", "packets really lost between r3 and r4", Unit::PartsPerMillion, [0, 500_000, 50_000, 0]),
        Knob::choice("return", "the way back from r4 on", &["same", "detour"]),
        Knob::millis("detour", "one way by the detour", [0, 500, 10, 60]),
        Knob::choice("ways", "how many there are from r2 to r4", &["one", "two"]),
        Knob::choice(
            "ports",
            "of the UDP probes: each its own (classic), or all the same (one flow)",
            &["each", "same"],
        ),
    ],
    exports: &[],
    view: "table",
    run,
};

const SERVER: [u8; 4] = [198, 51, 100, 2];
/// The largest time to live: a path of this length is none of this lab's.
const MOST_HOPS: u8 = 12;

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let client = build(&mut lab, knobs);
    let hops = Rc::<RefCell<Vec<Hop>>>::default();
    let plan = Trace { to: SERVER.into(), ..plan(knobs) };
    let ended = lab.run(async {
        if let Err(error) = trace(&client, plan, |hop| hops.borrow_mut().push(hop)).await {
            client.note(format!("the trace gave up: {error}"));
        }
        if hops.borrow().iter().all(|it| it.answers().next().is_none()) {
            client.note("the trace gave up: nobody answered, whatever the TTL");
        }
    });
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found::found(&recording, &hops.borrow()).into(&mut recording);
    recording
}

/// What the knobs ask for, to nowhere yet.
fn plan(knobs: &Knobs) -> Trace {
    Trace {
        to: [0, 0, 0, 0].into(),
        echo: knobs.choice("probe") == "icmp",
        one_flow: knobs.choice("ports") == "same",
        most_hops: MOST_HOPS,
        probes: u16::try_from(knobs.number("probes")).expect("the knob's limit is small"),
        patience: knobs.time("patience"),
        pause: knobs.time("pause"),
    }
}

/// The routers, by the names in the drawing.
struct Routers {
    r1: NodeId,
    r2: NodeId,
    r3: NodeId,
    r4: NodeId,
}

fn build(lab: &mut Lab, knobs: &Knobs) -> LabNet {
    let client = lab.host("client").at(0, 1).address("10.0.1.2/24").gateway("10.0.1.1").add();
    let routers = routers(lab, knobs);
    let server = lab.host("server").at(5, 1).address("198.51.100.2/24").gateway("198.51.100.1").add();
    // The way there crosses five links.
    let link = || LinkOptions::default().delay(knobs.time("rtt") / 10);
    let loss = u32::try_from(knobs.number("loss")).expect("a share is at most a million ppm");
    let lossy = if loss > 0 { link().loss(Loss::random(loss)) } else { link() };
    let Routers { r1, r2, r3, r4 } = routers;
    lab.link(client, r1, link());
    lab.link(r1, r2, link());
    lab.link(r2, r3, link());
    lab.link(r3, r4, lossy.clone());
    lab.link(r4, server, link());
    if knobs.choice("ways") == "two" {
        let r3b = lab.router("r3b").at(3, 2).interface("10.0.26.2/30").interface("10.0.64.1/30");
        let r3b = r3b.route("198.51.100.0/24", "10.0.64.2").route("10.0.0.0/16", "10.0.26.1").add();
        lab.link(r2, r3b, link());
        lab.link(r3b, r4, lossy);
    }
    if knobs.choice("return") == "detour" {
        let back = lab.router("back").at(2, 3).interface("10.0.19.2/30").interface("10.0.49.2/30");
        let back = back.route("10.0.1.0/24", "10.0.19.1").route("198.51.100.0/24", "10.0.49.1").add();
        let half = LinkOptions::default().delay(knobs.time("detour") / 2);
        lab.link(r1, back, half.clone());
        lab.link(back, r4, half);
    }
    // ARP is another demo's.
    lab.introduce_everybody();
    lab.net(client)
}

fn routers(lab: &mut Lab, knobs: &Knobs) -> Routers {
    let (two, detour) = (knobs.choice("ways") == "two", knobs.choice("return") == "detour");
    let r1 =
        lab.router("r1").at(1, 1).interface("10.0.1.1/24").interface("10.0.12.1/30").icmp_errors(errors(knobs, "r1"));
    let r1 = if detour { r1.interface("10.0.19.1/30") } else { r1 };
    let r1 = r1.route("0.0.0.0/0", "10.0.12.2").add();
    let r2 =
        lab.router("r2").at(2, 1).interface("10.0.12.2/30").interface("10.0.23.1/30").icmp_errors(errors(knobs, "r2"));
    let r2 = r2.route("10.0.1.0/24", "10.0.12.1").route("198.51.100.0/24", "10.0.23.2");
    let r2 = if two { r2.interface("10.0.26.1/30").route("198.51.100.0/24", "10.0.26.2") } else { r2 };
    let r2 = r2.balance(Balance::PerFlow).add();
    let r3 =
        lab.router("r3").at(3, 1).interface("10.0.23.2/30").interface("10.0.34.1/30").icmp_errors(errors(knobs, "r3"));
    let r3 = r3.route("198.51.100.0/24", "10.0.34.2").route("10.0.0.0/16", "10.0.23.1").add();
    let r4 = lab
        .router("r4")
        .at(4, 1)
        .interface("10.0.34.2/30")
        .interface("198.51.100.1/24")
        .icmp_errors(errors(knobs, "r4"));
    let r4 = if two { r4.interface("10.0.64.2/30") } else { r4 };
    let r4 = if detour { r4.interface("10.0.49.1/30") } else { r4 };
    let r4 = r4.route("10.0.1.0/24", if detour { "10.0.49.2" } else { "10.0.34.1" }).add();
    Routers { r1, r2, r3, r4 }
}

/// What a router says by ICMP.
fn errors(knobs: &Knobs, name: &str) -> IcmpErrors {
    let limit = u32::try_from(knobs.number("limit")).expect("the knob's limit is small");
    if knobs.choice("silent") == name {
        IcmpErrors::Silent
    } else if name == "r2" && limit > 0 {
        IcmpErrors::Limited { per_second: limit, burst: 1 }
    } else {
        IcmpErrors::All
    }
}

/// A trace of any length ends before this.
const LONGEST: Duration = Duration::from_secs(90);
