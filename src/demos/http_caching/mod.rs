//! HTTP caching: two users' private caches, a shared one behind them, an origin; every rule of RFC 9111 as requests that show it.
//!
//! ```text
//! client (ann's cache, ben's cache) ── sw ── origin
//!                                      └──── cache (shared)
//! ```
mod cases;
mod export;
mod found;
mod openapi;
mod origin;
mod play;

use std::rc::Rc;
use std::time::Duration;

use crate::demos::findings::note_end;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{Lab, LinkOptions};
use crate::quantity::Unit;
use crate::recording::Recording;
use play::{Places, Told};

pub(super) const DEMO: Demo = Demo {
    name: "http-caching",
    title: "What a cache may keep, serve and must ask",
    about: "A browser's cache and a shared one stand before an origin, both by RFC 9111. Some 25 cases show each rule with its section: what \
            was served from where, what the origin saw, what was stale. Or set the headers yourself.",
    chapters: &["W3"],
    live: None,
    knobs: &[
        Knob::choice("cases", "all of them, or one with the settings below", &["all", "one"]),
        Knob::choice(
            "cache-control",
            "what the origin says",
            &[
                "max-age=60",
                "no-cache",
                "no-store",
                "private, max-age=60",
                "s-maxage=300, max-age=10",
                "max-age=60, must-revalidate",
                "max-age=10, stale-while-revalidate=120",
                "max-age=10, stale-if-error=600",
                "public, max-age=60",
                "none",
            ],
        ),
        Knob::choice("etag", "what it recognises a version by", &["strong", "weak", "none"]),
        Knob::choice("vary", "what it answers differently to", &["nothing", "accept-language", "*"]),
        Knob::switch("authorization", "the client's requests carry a token"),
        Knob::millis("jump", "time between two requests", [0, 3_600_000, 10_000, 20_000]),
        Knob::quantity(
            "changes",
            "a new version at the origin before so many of the requests",
            Unit::Count,
            [0, 5, 1, 1],
        ),
        Knob::quantity("writers", "who read, and then all write", Unit::Count, [0, 5, 1, 2]),
        Knob::choice("if-match", "they write only over what they have read (RFC 9110 §13.1.1)", &["on", "off"]),
        Knob::millis("rtt", "between the caches and the origin", [0, 500, 10, 80]),
    ],
    exports: export::ALL,
    view: "steps",
    run,
};

/// From the client to the shared cache and back.
const NEAR: Duration = Duration::from_millis(10);

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let client = lab.host("client").at(0, 0).address("10.0.0.1/24").trace_calls(false).add();
    let sw = lab.switch("sw").at(1, 0).add();
    let cache = lab.host("cache").at(1, 1).address("10.0.0.2/24").trace_calls(false).add();
    let origin = lab.host("origin").at(2, 0).address("10.0.0.3/24").trace_calls(false).add();
    lab.link(client, sw, LinkOptions::default().delay(NEAR / 2));
    lab.link(cache, sw, LinkOptions::default());
    lab.link(sw, origin, LinkOptions::default().delay(knobs.time("rtt") / 2));
    lab.introduce_everybody();
    let places = Places { client: lab.net(client), cache: lab.net(cache), origin: lab.net(origin) };
    let cases = cases::chosen(knobs);
    let told = Rc::<Told>::default();
    let ended = lab.run(play::play(&places, &cases, &told));
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found::found(&recording, &cases, &told).into(&mut recording);
    recording
}
