//! Two services and the timeouts between them: who waits for whom, how long, and what is done for nobody.
//!
//! ```text
//! client ── sw ── a ── sw ── b        client asks a, a asks b; the path to b loses packets, b is slow, silent or gone
//! ```
mod call;
mod figures;

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::demos::chosen::Chosen;
use crate::demos::findings::note_end;
use crate::demos::workload::{Spread, arrivals_within};
use crate::demos::{Demo, Export, Knob, Knobs, Setup};
use crate::lab::tcp::TcpSettings;
use crate::lab::{Dice, Lab, LabNet, Limits, LinkOptions, Loss};
use crate::net::{KeepAlive, SocketOptions};
use crate::quantity::Unit;
use crate::recording::Recording;
use crate::services::work::{self, ServerLog, ServerOptions, Work};
use call::{Job, Limits as CallLimits, Log, Script};

pub(super) const DEMO: Demo = Demo {
    name: "timeouts",
    title: "Timeouts between services",
    about: "A client asks A, and A asks B. Packets get lost, B is slow, drops SYNs or vanishes. Choose timeouts that notice a dead B \
            soon and do not take a live one for dead; see what B works on after A has given up.",
    chapters: &["W2"],
    live: None,
    knobs: &[
        Knob::choice("fault", "what becomes of B, half way through the run", &["none", "slow", "vanish", "drop-syn"]),
        Knob::millis("rtt", "from A to B and back", [0, 500, 5, 10]),
        Knob::quantity("loss", "packets lost between A and B", Unit::PartsPerMillion, [0, 100_000, 5000, 10_000]),
        Knob::millis("service", "B works on a request, on average", [0, 1000, 5, 20]),
        Knob::quantity(
            "tail",
            "share of requests that take B longer",
            Unit::PartsPerMillion,
            [0, 200_000, 5000, 10_000],
        ),
        Knob::millis("tail-time", "how long those take", [0, 5000, 50, 400]),
        Knob::quantity("rate", "requests in a second", Unit::Count, [1, 200, 10, 20]),
        Knob::quantity("requests", "how many in all", Unit::Count, [1, 700, 50, 60]),
        Knob::choice("connections", "A's connections to B", &["new", "kept"]),
        Knob::millis("connect-timeout", "A waits for a connection; 0 as long as TCP tries", [0, 130_000, 100, 1000])
            .zero("none"),
        Knob::quantity(
            "syn-retries",
            "tcp_syn_retries; up to four more come first, 1 s apart",
            Unit::Count,
            [0, 6, 1, 6],
        ),
        Knob::millis("request-timeout", "A waits for an answer; 0 for ever", [0, 60_000, 100, 500]).zero("none"),
        Knob::millis("client-timeout", "the client waits for A; 0 for ever", [0, 120_000, 500, 5000]).zero("none"),
        Knob::millis("user-timeout", "TCP_USER_TIMEOUT of A's sockets; 0 is the system's", [0, 900_000, 1000, 0])
            .zero("system's"),
        Knob::switch("keepalive", "SO_KEEPALIVE on A's sockets"),
        Knob::millis("idle", "TCP_KEEPIDLE: silence before the first probe", [1000, 7_200_000, 1000, 5000]),
        Knob::millis("interval", "TCP_KEEPINTVL: from one probe to the next", [1000, 75_000, 1000, 1000]),
        Knob::quantity("probes", "TCP_KEEPCNT: unanswered probes until it is over", Unit::Count, [1, 9, 1, 4]),
        Knob::choice("gone", "B's work when A has given up", &["goes-on", "ends"]),
    ],
    exports: EXPORTS,
    view: "waterfall",
    run,
};

const EXPORTS: &[Export] = &[
    Export {
        name: "sysctl",
        about: "sysctl.conf for this machine's keepalive and SYNs",
        extension: "conf",
        write: |k, _| chosen(k).sysctl(),
    },
    Export {
        name: "sockets",
        about: "the timeouts on one socket, in C, Python and Go",
        extension: "txt",
        write: |k, _| chosen(k).sockets(),
    },
    Export {
        name: "nginx",
        about: "a location of nginx as the proxy A",
        extension: "conf",
        write: |k, _| chosen(k).nginx(),
    },
    Export {
        name: "envoy",
        about: "a cluster and a route of Envoy as the proxy A",
        extension: "yaml",
        write: |k, _| chosen(k).envoy(),
    },
];

const A: ([u8; 4], u16) = ([10, 0, 0, 2], 7100);
const B: ([u8; 4], u16) = ([10, 0, 0, 3], 80);
/// From the client to A and back.
const NEAR: Duration = Duration::from_millis(2);
/// A slow B takes this many times as long.
const SLOWER: u32 = 20;
/// Nobody waits longer, even without any timeout.
const PATIENCE: Duration = Duration::from_secs(9000);
/// Longer than any run.
const EVER: Duration = Duration::from_secs(1_000_000);

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let half = Duration::from_secs(1) * number(knobs, "requests") / number(knobs, "rate") / 2;
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    lab.limit(Limits { time: PATIENCE, ..Limits::default() });
    let [client, a, b] = build(&mut lab, knobs, half);
    let log = Rc::<Log>::default();
    let served = ServerLog::default();
    let script = Script {
        a: SocketAddr::from(A),
        b: SocketAddr::from(B),
        keeps: knobs.choice("connections") == "kept",
        limits: CallLimits {
            connect: limit(knobs, "connect-timeout"),
            request: limit(knobs, "request-timeout"),
            client: limit(knobs, "client-timeout"),
        },
        socket: SocketOptions {
            keepalive: keepalive(knobs),
            user_timeout: limit(knobs, "user-timeout"),
            ..SocketOptions::default()
        },
    };
    let jobs = jobs(knobs, setup.seed, half);
    let ended = lab.run(async {
        let options = ServerOptions { works_on: knobs.choice("gone") == "goes-on", ..ServerOptions::default() };
        let serving = work::serve(b.clone(), script.b, options, Rc::clone(&served));
        b.spawn(async move { drop(serving.await) });
        call::relay(&a, &script, &jobs, &log).await;
        if let Err(error) = call::ask_all(&client, &script, &jobs, &log).await {
            client.note(format!("the client gave up A: {error}"));
        }
    });
    let failed = log
        .calls
        .borrow()
        .iter()
        .filter_map(|it| Some((it.number, it.failure.clone()?.why)))
        .take(10)
        .collect::<Vec<_>>();
    for (number, failure) in failed {
        a.note(format!("A gave up request {number}: {failure}"));
    }
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    let fault = match knobs.choice("fault") {
        "vanish" | "drop-syn" => Some(half),
        _ => None,
    };
    figures::found(&recording, &log, &served.borrow(), fault, knobs).into(&mut recording);
    recording
}

fn build(lab: &mut Lab, knobs: &Knobs, half: Duration) -> [LabNet; 3] {
    let tcp = TcpSettings { syn_retries: number(knobs, "syn-retries"), ..TcpSettings::default() };
    let client = lab.host("client").at(0, 0).address("10.0.0.1/24").trace_calls(false).add();
    let sw = lab.switch("sw").at(1, 0).add();
    let a = lab.host("a").at(1, 1).address("10.0.0.2/24").tcp(tcp).trace_calls(false).add();
    let b = lab.host("b").at(2, 0).address("10.0.0.3/24").trace_calls(false).add();
    lab.link(client, sw, LinkOptions::default().delay(NEAR / 2));
    lab.link(a, sw, LinkOptions::default());
    let loss = u32::try_from(knobs.number("loss")).expect("a share is at most a million ppm");
    let mut path = LinkOptions::default().delay(knobs.time("rtt") / 2);
    if loss > 0 {
        path = path.loss(Loss::random(loss));
    }
    path = match knobs.choice("fault") {
        "vanish" => path.cut(half, EVER),
        "drop-syn" => path.loss_there(Loss::syn_from(half)),
        _ => path,
    };
    lab.link(sw, b, path);
    lab.introduce_everybody();
    [client, a, b].map(|it| lab.net(it))
}

/// The requests: most take a time around the mean, a share takes longer, and a slow B takes longer for all from half way on.
fn jobs(knobs: &Knobs, seed: u64, half: Duration) -> Vec<Job> {
    let mut dice = ["arrivals", "service", "tail"].map(|name| Dice::new(seed, name));
    let count = knobs.number("requests");
    let tail = u32::try_from(knobs.number("tail")).expect("a share is at most a million ppm");
    let [arrivals, works, tails] = &mut dice;
    let times = arrivals_within(half * 2, count, arrivals);
    let job = |at: Duration| {
        let usual = Spread::Exponential.draw(knobs.time("service"), works);
        let time = if tails.chance(tail) { knobs.time("tail-time") } else { usual };
        let slow = knobs.choice("fault") == "slow" && at >= half;
        Job { at, work: Work { time: if slow { time * SLOWER } else { time }, bytes: 200 } }
    };
    times.into_iter().map(job).collect()
}

fn number(knobs: &Knobs, name: &str) -> u32 {
    u32::try_from(knobs.number(name)).expect("the knob's limit is small")
}

/// A time knob of which 0 means none.
fn limit(knobs: &Knobs, name: &str) -> Option<Duration> {
    Some(knobs.time(name)).filter(|it| !it.is_zero())
}

fn keepalive(knobs: &Knobs) -> Option<KeepAlive> {
    let all = KeepAlive { idle: knobs.time("idle"), interval: knobs.time("interval"), probes: number(knobs, "probes") };
    knobs.is_on("keepalive").then_some(all)
}

fn chosen(knobs: &Knobs) -> Chosen {
    Chosen {
        connect: limit(knobs, "connect-timeout"),
        request: limit(knobs, "request-timeout"),
        user_timeout: limit(knobs, "user-timeout"),
        keepalive: keepalive(knobs),
        syn_retries: Some(number(knobs, "syn-retries")),
    }
}
