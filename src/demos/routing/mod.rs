//! Routing: the longest prefix decides, a table is changed and the next packet goes another way, flows share two ways.
//!
//! ```text
//!                  ┌─ r2 (fast) ─┐
//! client ── r1 ────┤             ├── r4 ── server 10.2.3.4
//!                  └─ r3 (slow) ─┘    └── other 10.2.9.9
//! ```
mod found;
mod script;

use std::rc::Rc;

use crate::demos::findings::note_end;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{Balance, Lab, LabNet, LinkOptions, NodeId};
use crate::quantity::Unit;
use crate::recording::Recording;
use script::{Script, Seen};

pub(super) const DEMO: Demo = Demo {
    name: "routing",
    title: "Routing: the longest prefix wins",
    about: "Five destinations and one table: see which line each takes. Then a line is added, one is withdrawn, and the same \
            destination goes another way, in a loop, or nowhere.",
    chapters: &["W9"],
    live: None,
    knobs: &[
        Knob::millis("fast", "one way by r2", [1, 500, 5, 5]),
        Knob::millis("slow", "one way by r3", [1, 500, 5, 25]),
        Knob::choice(
            "change",
            "what happens to r1's table in the middle of the run",
            &["add-host-route", "withdraw", "withdraw-all", "loop", "none"],
        ),
        Knob::choice(
            "balance",
            "two routes of one length: the first, by flow, by packet",
            &["first", "per-flow", "per-packet"],
        ),
        Knob::quantity(
            "datagrams",
            "sent in one flow at the end, to see whether they stay in order",
            Unit::Count,
            [2, 200, 10, 20],
        ),
    ],
    exports: &[],
    view: "topology",
    run,
};

/// The nodes a script changes and speaks from.
struct Town {
    client: LabNet,
    server: LabNet,
    r1: NodeId,
    r2: NodeId,
}

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let town = build(&mut lab, knobs);
    let seen = Rc::<Seen>::default();
    let script = Script {
        control: lab.control(),
        change: knobs.choice("change"),
        pause: (knobs.time("fast") + knobs.time("slow")) * 4,
        datagrams: u8::try_from(knobs.number("datagrams")).expect("the knob's limit is small"),
    };
    let ended = lab.run(script.play(&town, &seen));
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found::found(&recording, &seen).into(&mut recording);
    recording
}

fn build(lab: &mut Lab, knobs: &Knobs) -> Town {
    let balance = match knobs.choice("balance") {
        "per-flow" => Balance::PerFlow,
        "per-packet" => Balance::PerPacket,
        _ => Balance::First,
    };
    let shared = balance != Balance::First;
    let client = lab.host("client").at(0, 1).address("10.0.0.2/24").gateway("10.0.0.1").add();
    let r1 = lab.router("r1").at(1, 1).interface("10.0.0.1/24").interface("10.9.12.1/30").interface("10.9.13.1/30");
    // Overlapping on purpose: 0 < 8 < 16 < 24.
    let r1 = r1.route("0.0.0.0/0", "10.9.13.2").route("10.0.0.0/8", "10.9.13.2").route("10.2.0.0/16", "10.9.12.2");
    let r1 = r1.route("10.2.9.0/24", "10.9.13.2");
    let r1 = if shared { r1.route("10.2.0.0/16", "10.9.13.2") } else { r1 };
    let r1 = r1.balance(balance).add();
    let r2 = lab.router("r2").at(2, 0).interface("10.9.12.2/30").interface("10.9.24.1/30");
    let r2 = r2.route("10.0.0.0/24", "10.9.12.1").route("10.2.0.0/16", "10.9.24.2").add();
    let r3 = lab.router("r3").at(2, 2).interface("10.9.13.2/30").interface("10.9.34.1/30");
    let r3 = r3.route("10.0.0.0/24", "10.9.13.1").route("10.2.0.0/16", "10.9.34.2").add();
    let r4 = lab.router("r4").at(3, 1).interface("10.9.24.2/30").interface("10.9.34.2/30");
    let r4 = r4.interface("10.2.3.1/24").interface("10.2.9.1/24");
    let r4 = r4.route("10.0.0.0/24", "10.9.24.1").add();
    let server = lab.host("server").at(4, 0).address("10.2.3.4/24").gateway("10.2.3.1").add();
    let other = lab.host("other").at(4, 2).address("10.2.9.9/24").gateway("10.2.9.1").add();
    let half = |name: &str| LinkOptions::default().delay(knobs.time(name) / 2);
    lab.link(client, r1, LinkOptions::default());
    lab.link(r1, r2, half("fast"));
    lab.link(r1, r3, half("slow"));
    lab.link(r2, r4, half("fast"));
    lab.link(r3, r4, half("slow"));
    lab.link(r4, server, LinkOptions::default());
    lab.link(r4, other, LinkOptions::default());
    lab.introduce_everybody();
    Town { client: lab.net(client), server: lab.net(server), r1, r2 }
}
