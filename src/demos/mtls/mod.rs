//! A service that knows its callers by their certificates: who gets in, who is told what, and how an authority is replaced.
//!
//! ```text
//! caller ── sw ── service            /charge is for spiffe://lab/payments only
//!           └──── gateway            where it is used: it proves itself, and says for whom it asks
//! ```
mod cast;
mod export;
mod found;
mod script;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::demos::findings::note_end;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{Lab, LabNet, Limits, LinkOptions};
use crate::quantity::Unit;
use crate::recording::Recording;
use crate::services::tls::{Ground, Version};
use cast::Caller;
use script::Seen;

pub(super) const DEMO: Demo = Demo {
    name: "mtls",
    title: "Mutual TLS between services",
    about: "A caller and a service prove to each other who they are, and only payments may call /charge. Let the caller come without a \
            certificate or with a bad one; put a gateway between; replace the authority while calls go on, with an overlap or at once.",
    chapters: &["W5"],
    live: None,
    knobs: &[
        Knob::choice(
            "caller",
            "what the caller shows",
            &["payments", "none", "wrong-ca", "expired", "wrong-eku", "wrong-san"],
        ),
        Knob::choice("tls", "the version of TLS", &["1.3", "1.2"]),
        Knob::choice(
            "gateway",
            "none; one that replaces what callers say of themselves; one that appends to it",
            GATEWAYS,
        ),
        Knob::switch("forged", "the caller writes the gateway's field itself, and says it is payments"),
        Knob::choice("rotation", "the authority is replaced during the calls", &["none", "overlap", "at-once"]),
        Knob::quantity("calls", "one a second, each on a connection of its own", Unit::Count, [1, 40, 1, 4]),
        Knob::millis("rtt", "time to the service and back", [0, 500, 5, 40]),
    ],
    exports: export::ALL,
    view: "steps",
    run,
};

const GATEWAYS: &[&str] = &["none", "replaces", "appends"];

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    lab.limit(Limits { time: Duration::from_secs(1000), ..Limits::default() });
    let nets = build(&mut lab, knobs.time("rtt"));
    let ground = Ground::lab(&nets[0], setup.seed);
    let seen = Rc::<RefCell<Seen>>::default();
    let cast = cast::Cast::new(&ground, caller(knobs)).expect("its names are names");
    let stage = script::Stage { nets, ground: ground.clone(), cast, knobs: knobs.clone(), seen: Rc::clone(&seen) };
    let ended = lab.run(stage.play());
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found::found(&recording, &seen.borrow(), knobs).into(&mut recording);
    recording.open_with(ground.keys().map(|keys| keys.text()).unwrap_or_default());
    recording
}

/// The caller, the gateway, the service.
fn build(lab: &mut Lab, rtt: Duration) -> [LabNet; 3] {
    let caller = lab.host("caller").at(0, 0).address("10.0.0.1/24").trace_calls(false).add();
    let sw = lab.switch("sw").at(1, 0).add();
    let gateway = lab.host("gateway").at(1, 1).address("10.0.0.2/24").trace_calls(false).add();
    let service = lab.host("service").at(2, 0).address("10.0.0.3/24").trace_calls(false).add();
    lab.link(caller, sw, LinkOptions::default().delay(rtt / 2));
    lab.link(gateway, sw, LinkOptions::default());
    lab.link(sw, service, LinkOptions::default());
    lab.introduce_everybody();
    [caller, gateway, service].map(|it| lab.net(it))
}

fn version(knobs: &Knobs) -> Version {
    if knobs.choice("tls") == "1.2" { Version::Tls12 } else { Version::Tls13 }
}

fn caller(knobs: &Knobs) -> Caller {
    match knobs.choice("caller") {
        "none" => Caller::Absent,
        "wrong-ca" => Caller::WrongAuthority,
        "expired" => Caller::Expired,
        "wrong-eku" => Caller::WrongPurpose,
        "wrong-san" => Caller::WrongName,
        _ => Caller::Payments,
    }
}
