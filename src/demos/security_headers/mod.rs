//! One site, a hostile network and a browser that keeps the rules: what header fields make it do, and what they come too late for.
//!
//! ```text
//! browser ── hotspot ──┬── shop    http://shop.example (a redirect), https://shop.example, pay.shop.example
//!               │      └── other   https://other.example: another site
//!             middle              the hotspot's owner: names lead to it, and it speaks clear text where it can
//! ```
mod browser;
mod cases;
mod export;
mod found;
mod middle;
mod site;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::demos::findings::note_end;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{Lab, Limits, LinkOptions};
use crate::recording::Recording;
use browser::Sent;
use cases::World;

pub(super) const DEMO: Demo = Demo {
    name: "security-headers",
    title: "Header fields that protect: HSTS, CSP and their kin",
    about: "A site answers http:// with a redirect to https://. In a hotspot whose owner answers instead, the first visit has no chance; \
            what Strict-Transport-Security taught the browser before does. Then each of the other fields, without it and with it: the \
            requests are real, the browser's rules are modelled after the published ones.",
    chapters: &["W5"],
    live: None,
    knobs: &[
        Knob::choice("case", "one field, or all of them", &cases::NAMES),
        Knob::choice("first", "where the user is at the first visit", &["at-home", "in-the-hotspot"]),
        Knob::choice(
            "hsts",
            "what the site says, and whether browsers are shipped with its name",
            &["include-subdomains", "host-only", "none", "preloaded"],
        ),
        Knob::millis("max-age", "Strict-Transport-Security's", [0, 10_800_000, 60_000, 3_600_000]),
        Knob::millis("gap", "from the visit at home to the hotspot", [0, 10_800_000, 60_000, 600_000]),
        Knob::choice("user", "at a warning that can be clicked away", &["clicks-it-away", "turns-back"]),
        Knob::choice(
            "referrer",
            "Referrer-Policy of the page with the secret address",
            &[
                "no-referrer",
                "same-origin",
                "strict-origin",
                "strict-origin-when-cross-origin",
                "no-referrer-when-downgrade",
                "unsafe-url",
            ],
        ),
        Knob::millis("rtt", "time to the servers and back", [0, 500, 10, 40]),
    ],
    exports: export::ALL,
    view: "steps",
    run,
};

/// Longer than the longest gap.
const LONGEST: Duration = Duration::from_secs(12_000);

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let host = |lab: &mut Lab, name: &'static str, place: (u8, u8), address: &str| {
        lab.host(name).at(place.0, place.1).address(address).trace_calls(false).add()
    };
    let browser = host(&mut lab, "browser", (0, 0), "10.0.0.1/24");
    let hotspot = lab.switch("hotspot").at(1, 0).add();
    let nodes = [
        browser,
        host(&mut lab, "middle", (1, 1), "10.0.0.66/24"),
        host(&mut lab, "shop", (2, 0), "10.0.0.2/24"),
        host(&mut lab, "other", (2, 1), "10.0.0.3/24"),
    ];
    for node in nodes {
        // The way through the hotspot is short, the way to the servers long.
        let far = node == nodes[2] || node == nodes[3];
        let delay = if far { knobs.time("rtt") / 2 } else { Duration::ZERO };
        lab.link(node, hotspot, LinkOptions::default().delay(delay));
    }
    lab.introduce_everybody();
    lab.limit(Limits { time: LONGEST, ..Limits::default() });
    let nets = nodes.map(|it| lab.net(it));
    let sent = Rc::<RefCell<Vec<Sent>>>::default();
    let world = World::new(nets, setup.seed, Rc::clone(&sent));
    let ended = lab.run(cases::play(&world, knobs));
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    recording.open_with(world.secrets());
    note_end(&mut recording, ended);
    found::found(&recording, &sent.borrow(), &world).into(&mut recording);
    recording
}
