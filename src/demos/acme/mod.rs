//! A web server that gets its certificates by itself, for a year: what the authority looks at, when renewal comes, what goes wrong.
//!
//! ```text
//! visitor ── sw ── web      the server, and the client of the authority
//!            ├──── ca       ACME over HTTPS; it looks at web and at dns
//!            └──── dns      the zone shop.example
//! ```
mod export;
mod found;
mod prover;
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
use crate::services::acme::{ChallengeKind, Rule};
use crate::services::tls::Ground;
use script::Seen;

pub(super) const DEMO: Demo = Demo {
    name: "acme",
    title: "Certificates that renew themselves",
    about: "A web server orders its certificate from an ACME authority, proves that it holds the name, and renews it for a simulated \
            year. Choose lifetime, rule and proof; take the authority away, break a DNS record, set the clock wrong, limit the orders.",
    chapters: &["W5"],
    live: None,
    knobs: &[
        Knob::choice(
            "challenge",
            "how the server proves that it holds the name",
            &["http-01", "dns-01", "tls-alpn-01"],
        ),
        Knob::quantity("lifetime", "days a certificate is good", Unit::Count, [6, 200, 1, 90]),
        Knob::choice("renew", "when it is renewed", &["two-thirds", "30-days", "ari"]),
        Knob::quantity("days", "of the simulation", Unit::Count, [1, 365, 5, 365]),
        Knob::quantity(
            "outage",
            "days that the authority is away, from when the first renewal is due",
            Unit::Count,
            [0, 60, 1, 0],
        )
        .zero("none"),
        Knob::choice(
            "broken",
            "what is wrong in DNS after the first certificate",
            &["none", "missing", "wrong", "caa", "caa-account"],
        ),
        Knob::quantity("repaired", "days after the first renewal was due", Unit::Count, [0, 90, 1, 0]).zero("never"),
        Knob::quantity("skew", "days that the server's clock is late", Unit::Count, [0, 60, 1, 0]).zero("none"),
        Knob::quantity("limit", "certificates for the same names in a week", Unit::Count, [0, 50, 1, 5]).zero("none"),
        Knob::millis("rtt", "time from any host to any other and back", [0, 500, 5, 40]),
    ],
    exports: export::ALL,
    view: "steps",
    run,
};

const DAY: Duration = Duration::from_secs(86_400);

/// Everybody, in the order of the drawing.
struct Nets {
    visitor: LabNet,
    web: LabNet,
    ca: LabNet,
    dns: LabNet,
}

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    lab.limit(Limits { time: DAY * 500, ..Limits::default() });
    let nets = build(&mut lab, knobs);
    let ground = Ground::lab(&nets.web, setup.seed);
    let seen = Rc::<RefCell<Seen>>::default();
    let stage = script::Stage::new(nets, ground.clone(), knobs, setup.seed, Rc::clone(&seen));
    let ended = lab.run(stage.play());
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found::states(&mut recording, &seen.borrow());
    found::found(&recording, &seen.borrow(), knobs).into(&mut recording);
    recording.open_with(ground.keys().map(|keys| keys.text()).unwrap_or_default());
    recording
}

fn build(lab: &mut Lab, knobs: &Knobs) -> Nets {
    let mut host = |name: &str, place: (u8, u8), address: &str| {
        lab.host(name).at(place.0, place.1).address(address).trace_calls(false).trace_tcp(false).add()
    };
    let visitor = host("visitor", (0, 0), "10.0.0.1/24");
    let web = host("web", (2, 0), "10.0.0.2/24");
    let ca = host("ca", (2, 1), "10.0.0.3/24");
    let dns = host("dns", (2, 2), "10.0.0.4/24");
    let sw = lab.switch("sw").at(1, 0).add();
    let link = LinkOptions::default().delay(knobs.time("rtt") / 4);
    for host in [visitor, web, dns] {
        lab.link(host, sw, link.clone());
    }
    let outage = days(knobs, "outage");
    // A little before it is due, so that the first attempt falls into it.
    let from = script::first_due(knobs).saturating_sub(DAY / 24);
    lab.link(ca, sw, if outage.is_zero() { link } else { link.cut(from, outage) });
    lab.introduce_everybody();
    Nets { visitor: lab.net(visitor), web: lab.net(web), ca: lab.net(ca), dns: lab.net(dns) }
}

/// A knob in days.
fn days(knobs: &Knobs, name: &str) -> Duration {
    DAY * u32::try_from(knobs.number(name)).expect("the knob's limit is small")
}

fn rule(knobs: &Knobs) -> Rule {
    match knobs.choice("renew") {
        "30-days" => Rule::ThirtyDays,
        "ari" => Rule::Asked,
        _ => Rule::TwoThirds,
    }
}

fn challenge(knobs: &Knobs) -> ChallengeKind {
    ChallengeKind::named(knobs.choice("challenge")).expect("the knob has the names of the challenges")
}
