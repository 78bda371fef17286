//! One page over HTTP/1.0, HTTP/1.1, HTTP/2 and HTTP/3: how many connections, how many rounds, how long each resource waits.
//!
//! ```text
//! client ── server        GET /, then whatever it names, then whatever that names
//! ```
mod browser;
mod found;
mod on_wire;
mod page;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::demos::findings::note_end;
use crate::demos::web::{Certified, Hosts, SITE, client, hosts};
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{Lab, LinkOptions, Loss};
use crate::net::Net;
use crate::quantity::Unit;
use crate::recording::{Recording, Time};
use crate::services::http::{self, Client, Handler, Request, ServerOptions, Version};
use crate::services::tls::H3;
use crate::services::{h3, quic};
use browser::{Browser, Quic, Seen, Speaks};
use page::Page;

pub(super) const DEMO: Demo = Demo {
    name: "http-versions",
    title: "One page over each version of HTTP",
    about: "A document names resources, and a resource names another. HTTP/1.0 opens a connection for each, HTTP/1.1 keeps a few and \
            sends one request on each at a time, HTTP/2 sends all at once on one, HTTP/3 the same over QUIC: compare rounds, connections, \
            bytes and time.",
    chapters: &["W3"],
    live: None,
    knobs: &[
        Knob::choice("version", "of HTTP", &["2", "1.1", "1.0", "3"]),
        Knob::quantity(
            "connections",
            "that HTTP/1 may have at once; browsers have 6 to one host",
            Unit::Count,
            [1, 12, 1, 6],
        ),
        Knob::quantity("resources", "beside the document", Unit::Count, [1, 150, 1, 30]),
        Knob::quantity("size", "of each resource", Unit::Bytes, [0, 40_000, 1000, 4000]),
        Knob::quantity("depth", "rounds of names: 1 is all in the document", Unit::Count, [1, 5, 1, 2]),
        Knob::millis("rtt", "time to the server and back", [0, 500, 10, 80]),
        Knob::quantity("rate", "of the link", Unit::BitsPerSecond, [1_000_000, 1_000_000_000, 1_000_000, 20_000_000]),
        Knob::quantity("loss", "packets lost at random", Unit::PartsPerMillion, [0, 100_000, 5000, 0]),
        Knob::millis("think", "the server's, for each request", [0, 1000, 10, 10]),
        Knob::quantity(
            "streams",
            "requests the server takes on a connection of HTTP/2 or HTTP/3 at once",
            Unit::Count,
            [1, 256, 1, 100],
        ),
        Knob::choice(
            "tls",
            "TLS 1.3 under it: browsers speak HTTP/2 over nothing else, and HTTP/3 has it inside",
            &["on", "off"],
        ),
        Knob::switch("warm", "connections are open before the page is asked for"),
    ],
    exports: &[],
    view: "waterfall",
    run,
};

/// An answer may take as long as something of it comes.
const WHOLE: Duration = Duration::from_secs(24 * 3600);

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let loss = u32::try_from(knobs.number("loss")).expect("a share is at most a million ppm");
    let link = LinkOptions::default().delay(knobs.time("rtt") / 2).rate(knobs.number("rate"));
    let link = if loss > 0 { link.loss(Loss::random(loss)) } else { link };
    let three = knobs.choice("version") == "3";
    let tls = three || knobs.choice("tls") == "on";
    let hosts = hosts(&mut lab, link, if tls { 443 } else { 80 });
    let certified = tls.then(|| Certified::new(&hosts.client, setup.seed, &[SITE]).expect("the lab's names are names"));
    let seen = Rc::<RefCell<Seen>>::default();
    let ended = lab.run(async {
        let speaks = match &certified {
            Some(certified) if three => Speaks::Quic(over_quic(&hosts, certified, knobs).await),
            certified => Speaks::Tcp(over_tcp(&hosts, certified.as_ref(), knobs).await),
        };
        let connections = count(knobs, "connections");
        let browser = Browser::new(&hosts.client, speaks, connections, &seen);
        if knobs.is_on("warm") {
            browser.warm(connections).await;
        }
        browser.load().await;
    });
    for fetch in seen.borrow().fetches.iter().filter(|it| it.failure.is_some()).take(10) {
        hosts.client.note(format!("{} failed: {}", fetch.path, fetch.failure.as_deref().unwrap_or("")));
    }
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    let opened = recording.open_with(certified.map(|it| it.secrets()).unwrap_or_default());
    note_end(&mut recording, ended);
    let mut findings = found::found(&recording, &opened, &seen.borrow(), knobs);
    if three && knobs.choice("tls") != "on" {
        findings.note(Time::ZERO, 0, "HTTP/3 has TLS 1.3 inside: it is on".to_owned());
    }
    findings.into(&mut recording);
    recording
}

/// The server over TCP, and a client of it.
async fn over_tcp(hosts: &Hosts, certified: Option<&Certified>, knobs: &Knobs) -> Client {
    let tls = certified.map(|it| it.server.clone());
    let listener = hosts.server.listen(hosts.at).await.expect("a new host has every port free");
    let serving = ServerOptions { tls, streams: streams(knobs), ..ServerOptions::default() };
    let served = http::serve_with(hosts.server.clone(), listener, serving, site(hosts, knobs));
    hosts.server.spawn(async move { drop(served.await) });
    let version = match knobs.choice("version") {
        "1.0" => Version::Http10,
        "1.1" => Version::Http11,
        _ => Version::Http2,
    };
    // The browser says how much silence is too much.
    Client { patience: WHOLE, ..client(version, hosts.at, certified) }
}

/// What answers, whatever it comes over.
fn site(hosts: &Hosts, knobs: &Knobs) -> impl Handler + use<> {
    let (page, think, net) = (page(knobs), knobs.time("think"), hosts.server.clone());
    move |request: Request| {
        let net = net.clone();
        async move {
            net.sleep(think).await;
            page.answer(&request)
        }
    }
}

/// The server over QUIC, and a client of it.
async fn over_quic(hosts: &Hosts, certified: &Certified, knobs: &Knobs) -> Quic {
    let (ground, authority, options) = (&certified.ground, &certified.authority, quic::Options::default());
    let identity = authority.issue(&[SITE]).expect("the lab's names are names");
    let takes = quic::Options { streams: streams(knobs), ..quic::Options::default() };
    let served = quic::Server::open(&hosts.server, ground, hosts.at, (identity, &[H3], true), &takes).await;
    let served = served.expect("a new host has every port free");
    hosts.server.spawn(h3::serve_with(hosts.server.clone(), served, site(hosts, knobs)));
    let any = SocketAddr::from(([0, 0, 0, 0], 0));
    let trusted = [authority.certificate()];
    let client = quic::Client::open(&hosts.client, ground, any, (&trusted, &[H3]), &options).await;
    Quic { client: client.expect("a new host has every port free"), at: hosts.at, host: SITE.to_owned() }
}

fn page(knobs: &Knobs) -> Page {
    Page { resources: count(knobs, "resources"), size: count(knobs, "size"), depth: count(knobs, "depth") }
}

/// Requests that the server takes on a connection at once.
fn streams(knobs: &Knobs) -> u32 {
    u32::try_from(knobs.number("streams")).expect("the knob's limit is small")
}

fn count(knobs: &Knobs, name: &str) -> usize {
    usize::try_from(knobs.number(name)).expect("the knob's limit is small")
}
