//! HTTP connections that are closed after each answer, kept, or pooled; and a server that closes one just as it is used again.
//!
//! ```text
//! client ── server        request, answer, silence, request, answer, ...
//! ```
mod found;
mod live;
mod script;

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::demos::findings::note_end;
use crate::demos::web::{Certified, SITE, client, hosts};
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{Lab, LinkOptions};
use crate::net::{Listener, Net};
use crate::quantity::{Quantity, Unit};
use crate::recording::{Recording, Time};
use crate::services::http::{self, Method, Request, Response, ServerOptions, Version};
use script::{Outcome, Script};

pub(super) const DEMO: Demo = Demo {
    name: "keep-alive",
    title: "An HTTP connection, kept or closed",
    about: "The same requests on a connection for each, on one that is kept, and on a pool. A server closes a silent connection after a \
            while: where the client sends just then, the request crosses the FIN and is lost. Live, our client stands beside reqwest.",
    chapters: &["W3"],
    live: Some(live::LIVE),
    knobs: &[
        Knob::choice("mode", "which connection a request goes out on", &["kept", "close", "pool", "race"]),
        Knob::quantity("requests", "in all", Unit::Count, [1, 200, 5, 20]),
        Knob::quantity("at-once", "requests that come together", Unit::Count, [1, 50, 1, 1]),
        Knob::millis("gap", "from the last answer to the next requests; a race has its own", [0, 120_000, 100, 100]),
        Knob::quantity("pool", "connections of the pool", Unit::Count, [1, 50, 1, 6]),
        Knob::choice("method", "GET may be sent again, POST may not (RFC 9110 §9.2.2)", &["GET", "POST"]),
        Knob::choice("retry", "the client sends again what it may", &["on", "off"]),
        Knob::millis(
            "server-idle",
            "the server closes a connection that is silent for this long",
            [100, 120_000, 1000, 60_000],
        ),
        Knob::millis(
            "client-idle",
            "the client closes one that is silent for this long; 0 never",
            [0, 120_000, 1000, 0],
        )
        .zero("never"),
        Knob::millis("rtt", "time to the server and back", [0, 500, 10, 80]),
        Knob::quantity("size", "of an answer", Unit::Bytes, [0, 20_000, 500, 1000]),
        Knob::millis("think", "the server's, for each request", [0, 1000, 5, 5]),
        Knob::choice("tls", "TLS 1.3 under it", &["on", "off"]),
    ],
    exports: &[],
    view: "waterfall",
    run,
};

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let tls = knobs.choice("tls") == "on";
    let link = LinkOptions::default().delay(knobs.time("rtt") / 2);
    let hosts = hosts(&mut lab, link, if tls { 443 } else { 80 });
    let certified = tls.then(|| Certified::new(&hosts.client, setup.seed, &[SITE]).expect("the lab's names are names"));
    let outcome = Rc::<Outcome>::default();
    let ended = lab.run(async {
        let listener = hosts.server.listen(hosts.at).await.expect("a new host has every port free");
        let serving = ServerOptions { tls: certified.as_ref().map(|it| it.server.clone()), ..options(knobs) };
        serve(&hosts.server, listener, serving, knobs, &outcome);
        let client = client(Version::Http11, hosts.at, certified.as_ref());
        script::drive(&hosts.client, &script_of(knobs), client, &outcome).await;
    });
    for trip in outcome.trips.borrow().iter().filter(|it| it.failure.is_some()).take(10) {
        hosts.client.note(format!("request {}: {}", trip.number, trip.failure.as_deref().unwrap_or("")));
    }
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    recording.open_with(certified.map(|it| it.secrets()).unwrap_or_default());
    note_end(&mut recording, ended);
    let mut findings = found::found(&recording, &outcome, knobs);
    if knobs.choice("mode") == "race" {
        let gap = Quantity::time(race(knobs));
        let own = format!("race chooses its own gap, {gap}: server-idle less a little more than half a round trip");
        findings.note(Time::ZERO, 0, no_race(knobs).map_or(own, str::to_owned));
    }
    findings.into(&mut recording);
    recording
}

fn options(knobs: &Knobs) -> ServerOptions {
    ServerOptions {
        idle: knobs.time("server-idle"),
        keep_alive: knobs.choice("mode") != "close",
        ..ServerOptions::default()
    }
}

/// A server that thinks, answers, and counts what it has done.
fn serve<N: Net>(
    net: &N,
    listener: impl Listener<Stream = N::Stream>,
    options: ServerOptions,
    knobs: &Knobs,
    outcome: &Rc<Outcome>,
) {
    let (own, think, outcome) = (net.clone(), knobs.time("think"), Rc::clone(outcome));
    let body = vec![b'.'; count(knobs, "size")];
    let answer = move |_: Request| {
        let (net, body, outcome) = (own.clone(), body.clone(), Rc::clone(&outcome));
        async move {
            outcome.processed.set(outcome.processed.get() + 1);
            net.sleep(think).await;
            Response::ok("text/plain", body)
        }
    };
    let served = http::serve_with(net.clone(), listener, options, answer);
    net.spawn(async move { drop(served.await) });
}

/// Before the server's FIN goes out, and so late that the request arrives after that: half a round trip is between the two.
fn race(knobs: &Knobs) -> Duration {
    let (rtt, most) = (knobs.time("rtt"), Duration::from_millis(1));
    // Without a way there is nothing to cross: the request is there before the server closes.
    let early = if rtt.is_zero() { most } else { most.min(rtt / 4) };
    knobs.time("server-idle").saturating_sub(rtt / 2 + early)
}

/// Why nothing crosses the server's FIN, where the knobs ask for a race and have none.
fn no_race(knobs: &Knobs) -> Option<&'static str> {
    let idle = knobs.time("client-idle");
    Some(match () {
        () if knobs.choice("mode") != "race" => return None,
        () if knobs.time("rtt").is_zero() => {
            "no race: with a round trip of 0 nothing is ever on its way, and a request is there before the server closes"
        }
        () if count(knobs, "requests") <= count(knobs, "at-once") => {
            "no race: all requests come at once, and none finds a connection that was kept"
        }
        () if !idle.is_zero() && idle <= race(knobs) => "no race: the client closes first, which is the cure",
        () => return None,
    })
}

fn script_of(knobs: &Knobs) -> Script {
    let mode = knobs.choice("mode");
    let race = race(knobs);
    Script {
        requests: count(knobs, "requests"),
        at_once: count(knobs, "at-once"),
        gap: if mode == "race" { race } else { knobs.time("gap") },
        connections: if mode == "pool" { count(knobs, "pool") } else { 1 },
        keeps: mode != "close",
        client_idle: Some(knobs.time("client-idle")).filter(|it| !it.is_zero()),
        method: if knobs.choice("method") == "POST" { Method::POST } else { Method::GET },
        retries: knobs.choice("retry") == "on",
    }
}

fn count(knobs: &Knobs, name: &str) -> usize {
    usize::try_from(knobs.number(name)).expect("the knob's limit is small")
}

/// A client without TLS, for loopback.
fn plain(at: SocketAddr) -> http::Client {
    http::Client::new(Version::Http11, at, &at.to_string())
}
