//! The TLS handshake, message by message and opened: versions, resumption, early data and its replay, and each way to fail.
//!
//! ```text
//! client ── server                the client knows the server's address
//! client ── box ── server         where somebody stands in between: the client's connection ends at the box, which hands on
//! ```
mod edits;
mod export;
mod faults;
mod found;
mod machine;
mod programs;
mod script;
#[cfg(test)]
mod tests;
mod why;

use crate::demos::findings::note_end;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{Lab, LabNet, LinkOptions};
use crate::recording::{Recording, Time};
use crate::services::tls::Ground;
use faults::Fault;
use machine::Meddling;

pub(super) const DEMO: Demo = Demo {
    name: "tls-handshake",
    title: "The TLS handshake, opened",
    about: "Every record of a TLS connection, opened with its own secrets: each message, each field, each certificate to the last \
            byte. Resume it, send data before the server has answered, let an attacker send that again, or break it and see \
            which alert goes out.",
    chapters: &["W5"],
    live: None,
    knobs: &[
        Knob::choice("version", "the version of TLS", &["1.3", "1.2"]),
        Knob::choice("mode", "which handshake; 1.2 has no early data and no hello-retry", MODES),
        Knob::choice("guard", "what the server does about early data that may be a replay", GUARDS),
        Knob::choice("fault", "what is wrong; the handshake is then a full one", faults::NAMES),
        Knob::millis("rtt", "time to the server and back", [0, 500, 10, 80]),
    ],
    exports: export::ALL,
    view: "sequence",
    run,
};

const MODES: &[&str] = &["full", "resumed", "early-data", "replay", "hello-retry", "client-certificate"];
/// RFC 8446 §8, RFC 8470 §5: nothing, tickets that work once, the answer 425 before the handshake is over, no early data at all.
const GUARDS: &[&str] = &["none", "single-use", "too-early", "refuse"];
/// The server's name.
const NAME: &str = "bank.example";
/// HTTPS.
const PORT: u16 = 443;

/// What the knobs come to.
#[derive(Clone, Copy, Debug)]
struct Case {
    is_13: bool,
    mode: &'static str,
    guard: &'static str,
    fault: &'static str,
}

impl Case {
    fn of(knobs: &Knobs) -> Self {
        let is_13 = knobs.choice("version") == "1.3";
        let fault = Fault::named(knobs.choice("fault")).filter(|it| it.asks(is_13).is_some());
        let fault = fault.map_or("none", |it| it.name);
        let mode = match knobs.choice("mode") {
            _ if fault == "no-client-certificate" => "client-certificate",
            _ if fault != "none" => "full",
            "early-data" | "replay" if !is_13 => "resumed",
            "hello-retry" if !is_13 => "full",
            mode => mode,
        };
        Self { is_13, mode, guard: knobs.choice("guard"), fault }
    }

    /// What is wrong with the handshake.
    fn fault(&self) -> Option<&'static Fault> {
        Fault::named(self.fault)
    }

    /// What the knobs ask for that this run cannot have, and what it has instead.
    fn instead(&self, knobs: &Knobs) -> Option<String> {
        let (asked, fault) = (knobs.choice("mode"), knobs.choice("fault"));
        if fault != self.fault {
            return Some(format!("TLS 1.2 has no key share in its hellos: nothing is wrong here, not {fault}"));
        }
        if asked == self.mode || asked == "full" {
            return None;
        }
        Some(match (self.fault, self.is_13, self.mode) {
            ("no-client-certificate", ..) => format!("the fault needs a client's certificate: not {asked}"),
            ("none", false, "resumed") => format!("TLS 1.2 has no early data: resumed instead of {asked}"),
            ("none", false, _) => format!("TLS 1.2 has no hello-retry: full instead of {asked}"),
            _ => format!("with a fault the handshake is a full one: not {asked}"),
        })
    }

    /// Whether a first connection gives the session that the second resumes.
    fn resumes(&self) -> bool {
        matches!(self.mode, "resumed") || self.is_early()
    }

    fn is_early(&self) -> bool {
        matches!(self.mode, "early-data" | "replay")
    }

    /// Whether somebody stands in between.
    fn has_box(&self) -> bool {
        self.mode == "replay" || self.meddling() != Meddling::Nothing
    }

    /// What somebody in between changes.
    fn meddling(&self) -> Meddling {
        match self.fault() {
            // The order: in 1.3 the Finished before it is sealed as data, too (RFC 8446 §5.2).
            Some(it) if it.name == "bad-record" => Meddling::Bit(if self.is_13 { 2 } else { 1 }),
            Some(Fault { edit: Some(edit), .. }) => Meddling::Hello(*edit),
            _ => Meddling::Nothing,
        }
    }
}

/// The hosts.
struct World {
    client: LabNet,
    server: LabNet,
    between: Option<LabNet>,
}

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let case = Case::of(knobs);
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let world = build(&mut lab, knobs, case);
    lab.introduce_everybody();
    let ground = Ground::lab(&world.client, setup.seed);
    let seen = programs::Log::default();
    let ended = lab.run(async {
        if let Err(error) = script::script(&world, &ground, case, &seen).await {
            world.client.note(format!("the client gave up: {error}"));
        }
    });
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    recording.open_with(ground.keys().map(|keys| keys.text()).unwrap_or_default());
    let mut findings = found::found(&recording, &seen.borrow(), case);
    if let Some(instead) = case.instead(knobs) {
        findings.note(Time::ZERO, 0, instead);
    }
    if let Some(fault) = case.fault() {
        findings.note(Time::ZERO, 0, fault.wrong.to_owned());
    }
    findings.into(&mut recording);
    recording
}

fn build(lab: &mut Lab, knobs: &Knobs, case: Case) -> World {
    let client = lab.host("client").at(0, 0).address("10.0.1.1/24").add();
    let delay = knobs.time("rtt") / 2;
    if !case.has_box() {
        let server = lab.host("server").at(1, 0).address("10.0.1.2/24").add();
        lab.link(client, server, LinkOptions::default().delay(delay));
        return World { client: lab.net(client), server: lab.net(server), between: None };
    }
    let between = lab.host("box").at(1, 0).address("10.0.1.9/24").add();
    let server = lab.host("server").at(2, 0).address("10.0.1.2/24").add();
    let switch = lab.switch("sw").at(1, 1).add();
    // The box is half way: the client's round trip to the server through it is the knob's.
    for host in [client, between, server] {
        lab.link(host, switch, LinkOptions::default().delay(delay / 4));
    }
    World { client: lab.net(client), server: lab.net(server), between: Some(lab.net(between)) }
}
