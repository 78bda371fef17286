//! A client's requests on new connections, on one kept connection, or on a pool of them: what each way costs.
//!
//! ```text
//! requests ─> client [ pool ] ── server        open loop: they come whether the last one is answered or not
//! ```
mod export;
mod figures;
mod live;
mod script;

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::demos::findings::note_end;
use crate::demos::web::pair;
use crate::demos::workload::{Spread, arrivals_within};
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::tcp::TcpSettings;
use crate::lab::{Dice, Lab, LabError, LinkOptions};
use crate::net::SocketOptions;
use crate::quantity::Unit;
use crate::recording::Recording;
use crate::services::pool::{PoolOptions, Validation};
use crate::services::work::{self, ServerLog, ServerOptions, Work};
use script::{Job, Mode, Outcome, Script};

pub(super) const DEMO: Demo = Demo {
    name: "connection-pool",
    title: "A new connection for each request, or a kept one",
    about: "Requests come in their own time and need a connection: a new one each, one kept for all, or one of a pool. Turn the \
            pool's size down to the knee. TLS would add its own round trips to each new connection; it comes with a later chapter.",
    chapters: &["W2"],
    live: Some(live::LIVE),
    knobs: &[
        Knob::choice("mode", "which connection a request gets", &["pool", "keep-alive", "new"]),
        Knob::choice("arrivals", "at random times, or each when the last is answered", &["open", "one-by-one"]),
        Knob::millis("rtt", "time to the server and back", [0, 500, 5, 20]),
        Knob::millis("service", "the server works on a request, on average", [0, 1000, 5, 30]),
        Knob::choice("times", "how service times are spread", &["exponential", "fixed"]),
        Knob::quantity("rate", "requests that come in a second", Unit::Count, [1, 2000, 10, 100]),
        Knob::quantity("requests", "how many come in all", Unit::Count, [1, 500, 20, 100]),
        Knob::quantity("pool", "connections at the most", Unit::Count, [1, 200, 1, 7]),
        Knob::quantity("min", "connections kept open even when idle", Unit::Count, [0, 200, 1, 0]),
        Knob::quantity("target", "share of the pool that should be busy", Unit::PartsPerMillion, TARGET),
        Knob::millis("idle-timeout", "an idle connection is closed after this; 0 never", [0, 600_000, 100, 0])
            .zero("never"),
        Knob::millis("max-lifetime", "a connection is closed at this age; 0 never", [0, 1_800_000, 100, 0])
            .zero("never"),
        Knob::choice("validation", "before a connection is lent again", &["look", "ping", "none"]),
        Knob::millis("wait", "longest wait for a connection", [1, 60_000, 100, 30_000]),
        Knob::quantity("leak", "every n-th request never gives its connection back", Unit::Count, [0, 500, 1, 0])
            .zero("none"),
        Knob::millis("server-idle", "the server closes a connection idle for this long; 0 never", [0, 600_000, 100, 0])
            .zero("never"),
        Knob::choice("closer", "who closes a connection first", &["client", "server"]),
        Knob::quantity("response", "bytes of an answer", Unit::Bytes, [0, 200_000, 10_000, 500]),
        Knob::choice("idle-restart", "an idle server's window starts small again", &["on", "off"]),
    ],
    exports: export::ALL,
    view: "chart",
    run,
};

/// 10 % to 95 %, by default 75 %.
const TARGET: [i64; 4] = [100_000, 950_000, 50_000, 750_000];
const SERVER: ([u8; 4], u16) = ([10, 0, 0, 2], 80);
/// More packets than about this are not worth keeping: the run sends fewer requests, and says so.
const PACKETS: u64 = 12_000;
/// Validation waits this long for the answer to its question.
const PATIENCE: Duration = Duration::from_secs(5);
/// A connection lent for this long is suspected to be forgotten.
const LEAK_AFTER: Duration = Duration::from_millis(500);

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mode = mode_of(knobs);
    let (mut recording, outcome, ended) = play(mode, knobs, setup);
    // What reuse saves is measured against the other way with the same requests, one after another.
    let other = outcome.one_by_one.then(|| match mode {
        Mode::New => play(Mode::KeepAlive, knobs, setup).1,
        Mode::Pool | Mode::KeepAlive => play(Mode::New, knobs, setup).1,
    });
    note_end(&mut recording, ended);
    figures::found(&recording, &outcome, other.as_deref(), knobs).into(&mut recording);
    recording
}

fn mode_of(knobs: &Knobs) -> Mode {
    match knobs.choice("mode") {
        "pool" => Mode::Pool,
        "keep-alive" => Mode::KeepAlive,
        _ => Mode::New,
    }
}

fn play(mode: Mode, knobs: &Knobs, setup: &Setup) -> (Recording, Rc<Outcome>, Result<(), LabError>) {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let tcp = TcpSettings { slow_start_after_idle: knobs.choice("idle-restart") == "on", ..TcpSettings::default() };
    let link = LinkOptions::default().delay(knobs.time("rtt") / 2);
    let [client, server] = pair(&mut lab, link, |it| it.tcp(tcp));
    let script = script_of(mode, knobs);
    let (jobs, left_out) = jobs(knobs, setup.seed);
    if left_out > 0 {
        client.note(format!("{left_out} requests are left out: this many packets are not worth keeping"));
    }
    let outcome = Outcome::new(mode, script.one_by_one);
    let ended = lab.run(async {
        let log: ServerLog = Rc::default();
        let idle = Some(knobs.time("server-idle")).filter(|it| !it.is_zero());
        let options = ServerOptions { idle, ..ServerOptions::default() };
        let serving = work::serve(server.clone(), SocketAddr::from(SERVER), options, log);
        server.spawn(async move { drop(serving.await) });
        script::drive(&client, &script, jobs, &outcome).await;
    });
    for trip in outcome.trips.borrow().iter().filter(|it| it.failure.is_some()).take(10) {
        client.note(format!("request {} gave up: {}", trip.number, trip.failure.as_deref().unwrap_or("")));
    }
    (lab.finish(setup.run_of(&DEMO, knobs)), outcome, ended)
}

fn script_of(mode: Mode, knobs: &Knobs) -> Script {
    let some = |name: &str| Some(knobs.time(name)).filter(|it| !it.is_zero());
    let count = |name: &str| usize::try_from(knobs.number(name)).expect("the knob's limit is small");
    let pool = PoolOptions {
        max: if mode == Mode::KeepAlive { 1 } else { count("pool") },
        min: count("min"),
        idle_timeout: some("idle-timeout"),
        max_lifetime: some("max-lifetime"),
        validation: match knobs.choice("validation") {
            "look" => Validation::Look,
            "ping" => Validation::Ping,
            _ => Validation::None,
        },
        wait: knobs.time("wait"),
        leak_after: Some(LEAK_AFTER),
    };
    Script {
        mode,
        one_by_one: knobs.choice("arrivals") == "one-by-one",
        to: SocketAddr::from(SERVER),
        socket: SocketOptions::default(),
        patience: PATIENCE,
        pool,
        server_closes: knobs.choice("closer") == "server",
        leak: count("leak"),
    }
}

/// The requests of this run, and how many were left out to keep it small.
fn jobs(knobs: &Knobs, seed: u64) -> (Vec<Job>, u64) {
    let (mut arrivals, mut works) = (Dice::new(seed, "arrivals"), Dice::new(seed, "service"));
    let spread = if knobs.choice("times") == "fixed" { Spread::Fixed } else { Spread::Exponential };
    let between = Duration::from_secs(1) / u32::try_from(knobs.number("rate")).expect("the knob's limit is small");
    let bytes = usize::try_from(knobs.number("response")).expect("the knob's limit is small");
    // A handshake, a request, its answer in segments with ACKs, a close.
    let packets = 10 + 2 * knobs.number("response").div_ceil(1400);
    let count = knobs.number("requests").min(PACKETS / packets).max(1);
    let times = arrivals_within(between * u32::try_from(count).expect("at most 500"), count, &mut arrivals);
    let job = |at| Job { at, work: Work { time: spread.draw(knobs.time("service"), &mut works), bytes } };
    (times.into_iter().map(job).collect(), knobs.number("requests") - count)
}
