//! What many connections cost a server: threads that wait in the lab; memory and descriptors on this very machine, live.
//!
//! ```text
//! client: many connections ── server: a thread for each request, for each connection, or one for all
//! ```
mod live;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::demos::capture::capture;
use crate::demos::findings::{Findings, note_end};
use crate::demos::states::{peak, staircase, stays, steps};
use crate::demos::web::pair;
use crate::demos::workload::{quantile, sorted};
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{Lab, LinkOptions};
use crate::net::{Net, SocketOptions};
use crate::quantity::{Quantity, Unit};
use crate::recording::{Recording, Time};
use crate::services::Crowd;
use crate::services::models::{self, Model, ModelLog, ServerModel};
use crate::services::work::{Connection, Work};

pub(super) const DEMO: Demo = Demo {
    name: "connection-cost",
    title: "Connections, requests and threads",
    about: "Many connections ask one server at the same time. With a thread for each request the one too many waits; with a thread \
            for each connection idle clients hold threads; an event loop needs one, until something blocks it. Live, it measures \
            what connections and threads cost on this machine.",
    chapters: &["W2"],
    live: Some(live::LIVE),
    knobs: &[
        Knob::choice("model", "what a thread belongs to", &["request", "connection", "event-loop"]),
        Knob::quantity("connections", "that the clients open", Unit::Count, [1, 400, 1, 9]),
        Knob::quantity("threads", "of the server at the most", Unit::Count, [1, 400, 1, 8]),
        Knob::quantity("requests", "on each connection, one after another", Unit::Count, [1, 10, 1, 1]),
        Knob::millis("think", "a client is silent between two requests, and before it closes", [0, 10_000, 100, 0]),
        Knob::quantity(
            "compute",
            "a request needs a core for this long",
            Unit::Nanoseconds,
            [0, 100_000_000, 1_000_000, 1_000_000],
        ),
        Knob::millis("wait", "and then waits, for a database say", [0, 5000, 10, 99]),
        Knob::quantity("cores", "of the server", Unit::Count, [1, 64, 1, 4]),
        Knob::switch("blocking", "the event loop's program waits without going back to the loop"),
        Knob::quantity(
            "max-connections",
            "the server accepts at once; more wait in the kernel",
            Unit::Count,
            [1, 10_000, 10, 8192],
        ),
        Knob::quantity("accept-count", "that the kernel lets wait for accept()", Unit::Count, [1, 4096, 10, 100]),
        Knob::millis("rtt", "time to the server and back", [0, 500, 5, 10]),
    ],
    exports: &[],
    view: "chart",
    run,
};

const SERVER: ([u8; 4], u16) = ([10, 0, 0, 2], 80);
/// From one client's connect to the next one's, so that it is clear who comes last.
const APART: Duration = Duration::from_micros(100);

/// One request as its client saw it.
#[derive(Clone, Copy, Debug)]
struct Trip {
    connection: u32,
    /// When the client wanted it: before the connection for the first.
    from: Time,
    until: Option<Time>,
}

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let [client, server] = pair(&mut lab, LinkOptions::default().delay(knobs.time("rtt") / 2), |it| it);
    let (log, trips) = (Rc::<ModelLog>::default(), Rc::<RefCell<Vec<Trip>>>::default());
    let ended = lab.run(async {
        let backlog = Some(count(knobs, "accept-count"));
        let options = SocketOptions { backlog, ..SocketOptions::default() };
        let at = SocketAddr::from(SERVER);
        let listener = server.listen_with(at, options).await.expect("a new host has every port free");
        let serving = models::serve(server.clone(), listener, model(knobs), Rc::clone(&log));
        server.spawn(async move { drop(serving.await) });
        clients(&client, at, knobs, &trips).await;
    });
    let lost = trips.borrow().iter().filter(|it| it.until.is_none()).count();
    if lost > 0 {
        client.note(format!("{lost} requests were never answered: their clients gave up"));
    }
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found(&recording, &log, &trips.borrow()).into(&mut recording);
    recording
}

fn count(knobs: &Knobs, name: &str) -> usize {
    usize::try_from(knobs.number(name)).expect("the knob's limit is small")
}

fn model(knobs: &Knobs) -> ServerModel {
    ServerModel {
        model: match knobs.choice("model") {
            "request" => Model::Request,
            "connection" => Model::Connection,
            _ => Model::EventLoop,
        },
        threads: count(knobs, "threads"),
        connections: count(knobs, "max-connections"),
        cores: count(knobs, "cores"),
        compute: knobs.time("compute"),
        wait: knobs.time("wait"),
        blocks: knobs.is_on("blocking"),
    }
}

/// Every client: connects, asks as often as it shall, and closes.
async fn clients<N: Net>(net: &N, to: SocketAddr, knobs: &Knobs, trips: &Rc<RefCell<Vec<Trip>>>) {
    let (requests, think, crowd) = (knobs.number("requests"), knobs.time("think"), Crowd::default());
    for connection in 1..=u32::try_from(knobs.number("connections")).expect("the knob's limit is small") {
        let (own, trips, member) = (net.clone(), Rc::clone(trips), crowd.join());
        net.spawn(async move {
            converse(&own, to, connection, (requests, think), &trips).await;
            drop(member);
        });
        net.sleep(APART).await;
    }
    crowd.gone().await;
}

async fn converse<N: Net>(
    net: &N,
    to: SocketAddr,
    connection: u32,
    (requests, think): (u64, Duration),
    trips: &RefCell<Vec<Trip>>,
) {
    let mut open = None;
    for number in 0..requests {
        let place = trips.borrow().len();
        trips.borrow_mut().push(Trip { connection, from: net.now(), until: None });
        if number == 0 {
            open = Connection::open(net, to, SocketOptions::default()).await.ok();
        }
        let Some(stream) = &mut open else { return };
        if stream.ask(connection, Work { time: Duration::ZERO, bytes: 0 }, false).await.is_err() {
            return;
        }
        trips.borrow_mut()[place].until = Some(net.now());
        net.sleep(think).await;
    }
}

fn found(recording: &Recording, log: &ModelLog, trips: &[Trip]) -> Findings {
    let mut findings = Findings::default();
    let took = sorted(trips.iter().filter_map(|it| Some(it.until? - it.from)));
    findings.count("requests", "requests", trips.len(), "that clients wanted to make");
    findings.count("answered", "of them answered", took.len(), "with the whole answer");
    let how = "from the client's wish to its answer; the first of a connection has the handshake in it";
    findings.time("latency_p50", "half of them take at most", quantile(&took, 500_000), how);
    findings.time("latency_p99", "99 of 100 take at most", quantile(&took, 990_000), how);
    findings.time("latency_longest", "the longest takes", took.last().copied(), how);
    let last = trips.iter().filter_map(|it| it.until).max();
    findings.time(
        "over",
        "all are answered after",
        last.map(|at| at - Time::ZERO),
        "from the start of the run to the last answer",
    );
    findings.mark_at("last-answer", "the last answer is here", last, None);
    threads(&mut findings, recording, log);
    let (server, all) = (recording.node("server"), stays(recording));
    let open = steps(&all, recording.end, |it| Some(it.node) == server && it.state == "ESTABLISHED");
    let how = "in state ESTABLISHED at the server: as many descriptors";
    findings.count("connections_max", "connections at once, at most", peak(&open), how);
    findings.curve("connections", Unit::Count, open);
    findings.count(
        "packets",
        "frames in the client's capture",
        capture(recording, "client").len(),
        "sent and received",
    );
    for trip in trips.iter().take(60) {
        if let Some(until) = trip.until {
            findings.span_at(&format!("connection {:>3}", trip.connection), "request".to_owned(), trip.from, until);
        }
    }
    findings
}

fn threads(findings: &mut Findings, recording: &Recording, log: &ModelLog) {
    let stays = log.stays.borrow();
    let level = |from: fn(&models::Stay) -> Time, until: fn(&models::Stay) -> Option<Time>| {
        let mut changes: BTreeMap<Time, i64> = BTreeMap::new();
        for stay in stays.iter().filter(|it| until(it) != Some(from(it))) {
            *changes.entry(from(stay)).or_default() += 1;
            if let Some(at) = until(stay) {
                *changes.entry(at).or_default() -= 1;
            }
        }
        staircase(&changes, recording.end)
    };
    let busy = level(|it| it.from, |it| it.until);
    let queue = level(|it| it.wanted, |it| Some(it.from));
    let how = "threads are modelled: taken when one is needed, given back when the model says so";
    findings.count("threads_max", "threads taken at once, at most", peak(&busy), how);
    let waited: Vec<_> = stays.iter().filter(|it| it.from > it.wanted).collect();
    findings.count(
        "waited",
        "times nobody was free",
        waited.len(),
        "requests (or connections, where a thread belongs to one) that had to wait for a thread",
    );
    findings.time(
        "longest_wait",
        "the longest wait for a thread",
        waited.iter().map(|it| it.from - it.wanted).max(),
        "from when it was needed to when it was there",
    );
    findings.mark_at("waits", "the first has to wait for a thread", waited.iter().map(|it| it.wanted).min(), None);
    let held: Duration = stays.iter().map(|it| it.until.unwrap_or(recording.end) - it.from).sum();
    findings.time("threads_held", "threads were taken for, in all", Some(held), "added up over all stays");
    let micros = |it: Duration| usize::try_from(it.as_micros()).unwrap_or(usize::MAX);
    let share = Quantity::share(micros(*log.worked.borrow()), micros(held));
    findings.measure("work_per_thread_time", "requests under way in that time", Some(share), "computing and waiting of all requests / time of taken threads; more than 100 % means that a thread serves several at once, less that threads sit with silent clients");
    findings.curve("threads taken", Unit::Count, busy);
    findings.curve("waiting for a thread", Unit::Count, queue);
}
