//! One name, three regions behind it: DNS chooses who gets whom, until one of them dies.
mod found;
mod regions;
mod rows;
mod script;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::demos::findings::note_end;
use crate::demos::{Demo, Knob, Knobs, Setup, internet};
use crate::lab::{Lab, Limits};
use crate::recording::{Recording, Time};
use crate::services::dns::RecordType;
use crate::services::dns::balance::Method;
use script::Seen;

pub(super) const DEMO: Demo = Demo {
    name: "dns-balance",
    title: "DNS as a load balancer",
    about: "Servers in three regions behind one name: round robin, weights, a spare, health checks, the client's place. Half \
            way the one in Europe dies: who still goes to the dead address, and for how long?",
    chapters: &["W9"],
    live: None,
    knobs: &[
        Knob::choice(
            "method",
            "how the name's servers choose what to answer",
            &["round-robin", "weighted", "spare", "health", "geo"],
        ),
        Knob::choice(
            "resolver",
            "whom clients ask: one in their own region, or one public resolver in America",
            &["own", "public"],
        ),
        Knob::switch("ecs", "resolvers tell name servers the first 24 bits of a client's address (RFC 7871)"),
        Knob::choice("scope", "an answer by place is for as many bits of the address", &["20", "24"]),
        Knob::choice(
            "order",
            "a resolver begins an answer with any of its addresses, or always with the same",
            &["turned", "fixed"],
        ),
        Knob::millis("ttl", "how long an answer may be kept", [1000, 300_000, 5000, 60_000]),
        Knob::millis("every", "each client asks and connects so often", [1000, 60_000, 1000, 10_000]),
        Knob::millis("check", "the health of each server is checked so often", [1000, 60_000, 1000, 10_000]),
        Knob::switch("retry", "a client that cannot connect waits 2 s, then tries the answer's next address"),
    ],
    exports: &[],
    view: "table",
    run,
};

/// When what happens, and what clients do.
#[derive(Clone, Copy, Debug)]
struct Script {
    dies: Duration,
    end: Duration,
    every: Duration,
    check: Duration,
    retry: bool,
}

impl Script {
    /// Nobody asks more often than 40 times a run, and nothing is checked more often than 60 times.
    fn of(knobs: &Knobs) -> Self {
        let ttl = knobs.time("ttl");
        let (dies, end) = (ttl * 7 / 2, ttl * 6);
        let every = knobs.time("every").max(end / 40);
        let check = knobs.time("check").max(end / 60);
        Self { dies, end, every, check, retry: knobs.is_on("retry") }
    }
}

/// One try of a client.
#[derive(Clone, Copy, Debug)]
struct Tried {
    at: Time,
    /// When it had an answer, or none, of its resolver.
    answered: Time,
    until: Time,
    /// Whose client, by its place in [`internet::HOMES`].
    crowd: usize,
    /// The server it tried first, by its place; `None` when it got no address.
    backend: Option<usize>,
    connected: bool,
}

impl Tried {
    /// How long the connection took.
    fn connecting(&self) -> Duration {
        self.until - self.answered
    }
}

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let script = Script::of(knobs);
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    lab.limit(Limits { time: script.end * 2 + Duration::from_secs(600), ..Limits::default() });
    let world = internet::build(&mut lab, knobs.choice("resolver") == "public", |region, link| {
        if region == regions::DIES { link.cut(script.dies, script.end * 10) } else { link }
    });
    lab.introduce_everybody();
    let seen = Rc::<RefCell<Seen>>::default();
    let ended = lab.run(script::play(&world, (knobs, setup.seed), script, &seen));
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found::found(&recording, &seen.borrow(), script).into(&mut recording);
    recording
}

/// The method of the knobs.
fn method(knobs: &Knobs) -> Method {
    let bits = knobs.choice("scope").parse().expect("the knob's words are numbers");
    match knobs.choice("method") {
        "weighted" => Method::Weighted,
        "spare" => Method::Spare,
        "health" => Method::Healthy,
        "geo" => Method::Near(regions::map().at_least(bits)),
        _ => Method::RoundRobin,
    }
}

/// What is asked for.
const ADDRESSES: RecordType = RecordType::A;
