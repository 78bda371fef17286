//! A host that is plugged in finds its IPv6 addresses and its router itself, and keeps up when the prefix changes.
//!
//! ```text
//! host ── sw ── r1 2001:db8:a::1 | 2001:db8:ff::1 ── far 2001:db8:ff::2
//! ```
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crate::demos::capture::{Sight, capture, first};
use crate::demos::findings::{Findings, between, note_end};
use crate::demos::frame::Content;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{AdvertiseOptions, Identifier, Lab, LinkOptions};
use crate::recording::{EventKind, Recording, Time};

pub(super) const DEMO: Demo = Demo {
    name: "slaac",
    title: "IPv6 without a server: stateless address autoconfiguration",
    about: "A host makes itself a link-local address, asks whether anybody has it, asks for routers, and makes a global address \
            of the prefix it hears. Then the network may get another prefix.",
    chapters: &["W9"],
    live: None,
    knobs: &[
        Knob::millis("rtt", "time to the far host and back", [0, 500, 1, 4]),
        Knob::choice("identifier", "what the lower half of the addresses is made of", &["mac", "stable"]),
        Knob::choice("then", "what happens after the first ping", &["nothing", "renumbering", "router-leaves"]),
        Knob::choice("neighbour", "whether another host has the address already", &["free", "taken"]),
    ],
    exports: &[],
    view: "sequence",
    run,
};

const FAR: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0xff, 0, 0, 0, 0, 2));
const OLD: &str = "2001:db8:a::/64";
const NEW: &str = "2001:db8:b::/64";
const SECOND: Duration = Duration::from_secs(1);
/// Enough for two detections of duplicates, and a router that waits a little.
const UNTIL_READY: Duration = Duration::from_secs(10);

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let identifier = if knobs.choice("identifier") == "mac" { Identifier::Mac } else { Identifier::Stable };
    let host = lab.host("host").at(0, 0).autoconfigure(identifier).add();
    let sw = lab.switch("sw").at(1, 0).add();
    let router = lab.router("r1").at(2, 0).interface("2001:db8:a::1/64").address("2001:db8:b::1/64");
    let router = router.advertise(OLD, AdvertiseOptions::default()).interface("2001:db8:ff::1/64").add();
    let far = lab.host("far").at(3, 0).address("2001:db8:ff::2/64").gateway("2001:db8:ff::1").add();
    // A round trip crosses three links twice.
    let cable = || LinkOptions::default().delay(knobs.time("rtt") / 6);
    if knobs.choice("neighbour") == "taken" {
        // Somebody was there before, with the address that the host will want.
        let wanted = lab.net(host).will_want().expect("the host makes its address itself");
        let neighbour = lab.host("neighbour").at(0, 1).unconfigured().add();
        lab.net(neighbour).add_address(wanted, 64, false);
        lab.link(neighbour, sw, cable());
    }
    for (a, b) in [(host, sw), (sw, router), (router, far)] {
        lab.link(a, b, cable());
    }
    let (net, control) = (lab.net(host), lab.control());
    let ended = lab.run(async {
        net.sleep(UNTIL_READY).await;
        reach(&net).await;
        let gone = AdvertiseOptions { preferred: Duration::ZERO, ..AdvertiseOptions::default() };
        match knobs.choice("then") {
            "renumbering" => {
                net.note("the network gets another prefix; the old one is not to be used for anything new");
                control.advertise(router, 0, OLD, gone);
                control.advertise(router, 0, NEW, AdvertiseOptions::default());
            }
            "router-leaves" => {
                net.note("the router says that it is a default router no more");
                let leaving = AdvertiseOptions { router_lifetime: Duration::ZERO, ..AdvertiseOptions::default() };
                control.advertise(router, 0, OLD, leaving);
            }
            _ => return,
        }
        net.sleep(UNTIL_READY).await;
        reach(&net).await;
    });
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found(&recording).into(&mut recording);
    recording
}

async fn reach(net: &crate::lab::LabNet) {
    match net.ping(FAR, SECOND).await {
        Ok(_) => net.note("the far host answers"),
        Err(error) => net.note(format!("the far host cannot be reached: {error}")),
    }
}

/// When an address of the host came to a state, counted from 0: the first is link-local.
fn states<'a>(recording: &'a Recording, wanted: &'a str) -> impl Iterator<Item = (Time, &'a str)> {
    let node = recording.node("host");
    recording.events.iter().filter(move |it| Some(it.node) == node).filter_map(move |it| match &it.kind {
        EventKind::State { machine, to, .. } if to == wanted => Some((it.at, machine.strip_prefix("address ")?)),
        _ => None,
    })
}

fn found(recording: &Recording) -> Findings {
    let mut findings = Findings::default();
    let host = capture(recording, "host");
    let probes: Vec<_> =
        host.iter().filter(|it| it.sent && matches!(it.content, Content::Solicitation { probe: true, .. })).collect();
    let asked = first(&host, |it| it.sent && it.content == Content::RouterSolicitation);
    let told = first(&host, |it| !it.sent && it.content == Content::RouterAdvertisement);
    let ping = first(&host, |it| it.sent && it.content == Content::Ping);
    let echo = first(&host, |it| !it.sent && it.content == Content::PingReply);
    findings.mark("link-local-probe", "does anybody have the link-local address?", probes.first().copied());
    findings.mark("router-solicitation", "the host asks for routers", asked);
    findings.mark("router-advertisement", "a router says what the prefix is", told);
    findings.mark("address-probe", "does anybody have the address made of the prefix?", probes.get(1).copied());
    findings.mark("ping", "the first packet with the new address", ping);
    findings.span("2 router", "looking for a router", asked, told);
    findings.span("4 use", "the first echo", ping, echo);
    times(&mut findings, recording, (asked, told));
    findings.time("first_ping", "the far host answers in", between(ping, echo), "the echo request out to the reply in");
    let is_nd = |it: &&Sight<'_>| {
        matches!(
            it.content,
            Content::Solicitation { .. }
                | Content::Advertisement { .. }
                | Content::RouterSolicitation
                | Content::RouterAdvertisement
        )
    };
    findings.count(
        "nd_frames",
        "frames of Neighbor Discovery",
        host.iter().filter(is_nd).count(),
        "in the host's capture",
    );
    findings
}

/// How long each step took.
fn times(findings: &mut Findings, recording: &Recording, (asked, told): (Option<&Sight<'_>>, Option<&Sight<'_>>)) {
    let link_local = states(recording, "PREFERRED").find(|(_, it)| it.starts_with("fe80:"));
    let global: Vec<_> = states(recording, "PREFERRED").filter(|(_, it)| !it.starts_with("fe80:")).collect();
    let taken = states(recording, "DUPLICATE").next();
    let deprecated = states(recording, "DEPRECATED").next();
    let since = |at: Option<(Time, &str)>| at.map(|(at, _)| at - Time::ZERO);
    let tries = states(recording, "TENTATIVE").filter(|(_, it)| it.starts_with("fe80:")).count();
    findings.count("tries", "link-local addresses it asked about", tries, "each with another identifier (RFC 7217 §6)");
    let how =
        "plugged in to the end of duplicate address detection: up to 1 s of waiting, then 1 s (RFC 4862 §5.4.2, §5.1)";
    findings.time("link_local_ready", "the link-local address may be used after", since(link_local), how);
    let how = "the router solicitation out to the advertisement in; a router waits up to 0.5 s (RFC 4861 §10)";
    findings.time("router_heard", "the router answers in", between(asked, told), how);
    let how = "plugged in to the end of the second duplicate address detection";
    findings.time("address_ready", "the global address may be used after", since(global.first().copied()), how);
    findings.count(
        "addresses",
        "global addresses the host made",
        global.len(),
        "one of each prefix that was advertised",
    );
    findings.mark_at("ready", "the global address may be used", global.first().map(|it| it.0), None);
    findings.mark_at("taken", "another has the address: it is not used", taken.map(|it| it.0), None);
    findings.mark_at("deprecated", "the old address: for nothing new", deprecated.map(|it| it.0), None);
    findings.mark_at("renumbered", "the address of the new prefix may be used", global.get(1).map(|it| it.0), None);
    if let Some((at, _)) = link_local {
        findings.span_at("1 link-local", "duplicate address detection".to_owned(), Time::ZERO, at);
    }
    if let (Some(told), Some((at, _))) = (told, global.first()) {
        findings.span_at("3 address", "duplicate address detection".to_owned(), told.at, (*at).max(told.at));
    }
}
