//! Anycast: one address at two places. Routing decides who answers; a place goes away, routing moves, and what was open breaks.
//!
//! ```text
//! west 10.1.0.2 ── r1 ──────── core ──────── r2 ── east 10.2.0.2
//!                  │                          │
//!              A 192.0.2.1                B 192.0.2.1
//! ```
mod found;
mod script;

use std::rc::Rc;
use std::time::Duration;

use crate::demos::findings::note_end;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{Control, Lab, LabNet, LinkOptions, NodeId};
use crate::recording::Recording;
use script::{Script, Seen};

pub(super) const DEMO: Demo = Demo {
    name: "anycast",
    title: "Anycast: one address, two places",
    about: "Two servers in two places have the same address, and routing decides whom a client reaches. A place goes away: datagrams \
            find the other once routing has moved, and an open TCP connection ends with a RST.",
    chapters: &["W9"],
    live: None,
    knobs: &[
        Knob::millis("near", "a client to its own place and back", [1, 200, 5, 10]),
        Knob::millis("far", "between the two sides and back", [0, 500, 10, 80]),
        Knob::choice("event", "what happens to place A at 2 s", &["fails", "drained", "none"]),
        Knob::millis(
            "convergence",
            "until routers send to the other place (modelled: BGP is not run here)",
            [0, 60_000, 500, 3000],
        ),
        Knob::choice(
            "policy",
            "whom r1 prefers: the nearest, or the far one that its provider pays it for",
            &["nearest", "far"],
        ),
        Knob::switch("returns", "place A is announced again 4 s after routing has moved"),
        Knob::millis("interval", "from one question to the next", [50, 2000, 50, 200]),
    ],
    exports: &[],
    view: "topology",
    run,
};

/// The network both places announce.
const SHARED: &str = "192.0.2.0/24";

/// The world and its hands.
struct World {
    west: LabNet,
    east: LabNet,
    places: [LabNet; 2],
    control: Control,
    r1: NodeId,
    core: NodeId,
    a: NodeId,
}

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let world = build(&mut lab, knobs);
    let seen = Rc::<Seen>::default();
    let script = Script {
        event: knobs.choice("event"),
        convergence: knobs.time("convergence"),
        returns: knobs.is_on("returns"),
        near: knobs.choice("policy") == "nearest",
        interval: knobs.time("interval"),
        round_trip: knobs.time("near") + knobs.time("far"),
    };
    let ended = lab.run(script.play(&world, &seen));
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found::found(&recording, &seen).into(&mut recording);
    recording
}

fn build(lab: &mut Lab, knobs: &Knobs) -> World {
    let host = |lab: &mut Lab, name: &str, place: (u8, u8), address: &str, gateway: &str| {
        lab.host(name).at(place.0, place.1).address(address).gateway(gateway).add()
    };
    let west = host(lab, "west", (0, 0), "10.1.0.2/24", "10.1.0.1");
    let a = host(lab, "A", (1, 1), "192.0.2.1/24", "192.0.2.254");
    let r1 = lab.router("r1").at(1, 0).interface("10.1.0.1/24").interface("192.0.2.254/24").interface("10.9.1.2/30");
    let r1 = r1.route("0.0.0.0/0", "10.9.1.1").add();
    let core = lab.router("core").at(2, 0).interface("10.9.1.1/30").interface("10.9.2.1/30");
    let core = core.route("10.1.0.0/24", "10.9.1.2").route("10.2.0.0/24", "10.9.2.2");
    let core = core.route(SHARED, "10.9.2.2").add();
    let r2 = lab.router("r2").at(3, 0).interface("10.2.0.1/24").interface("192.0.2.254/24").interface("10.9.2.2/30");
    let r2 = r2.route("0.0.0.0/0", "10.9.2.1").add();
    let b = host(lab, "B", (3, 1), "192.0.2.1/24", "192.0.2.254");
    let east = host(lab, "east", (4, 0), "10.2.0.2/24", "10.2.0.1");
    let near = LinkOptions::default().delay(knobs.time("near") / 4);
    let far = LinkOptions::default().delay(knobs.time("far") / 4);
    lab.link(west, r1, near.clone());
    lab.link(r1, a, near.clone());
    lab.link(r1, core, far.clone());
    lab.link(east, r2, near.clone());
    lab.link(r2, b, near);
    lab.link(core, r2, far);
    lab.introduce_everybody();
    let control = lab.control();
    if knobs.choice("policy") == "far" {
        // To r1's policy the way through the core is worth more than the place beside it.
        control.withdraw_route(r1, SHARED);
    }
    let (nets, places) = ((lab.net(west), lab.net(east)), [lab.net(a), lab.net(b)]);
    World { west: nets.0, east: nets.1, places, control, r1, core, a }
}

/// How long a run asks its questions.
const LENGTH: Duration = Duration::from_secs(6);
