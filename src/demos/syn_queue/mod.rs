//! What waits in front of accept(): the SYN queue, the accept queue, a flood of forged SYNs, and cookies against it.
//!
//! ```text
//! client ───┐
//! attacker ─┼─ r1 ── server       SYNs of the attacker name addresses in 198.51.100.0/24:
//! nobody ───┘                     the answers go to `nobody`
//! ```
mod export;
mod found;
mod programs;

use std::net::{SocketAddr, SocketAddrV4};
use std::rc::Rc;
use std::time::Duration;

use crate::demos::findings::note_end;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::tcp::{SynCookies, TcpSettings};
use crate::lab::{Lab, LabNet, LinkOptions, NodeId};
use crate::net::{Net, SocketOptions};
use crate::quantity::Unit;
use crate::recording::Recording;
use crate::services::both;
use programs::Log;

pub(super) const DEMO: Demo = Demo {
    name: "syn-queue",
    title: "In front of accept(): two queues and a flood",
    about: "Clients come to a listener whose queues are short. Flood it with forged SYNs, or let its program be slow: who gets \
            in, and after how long? SYN cookies answer without remembering.",
    chapters: &["W2"],
    live: None,
    knobs: &[
        Knob::quantity("flood", "forged SYNs each second, for 4 s", Unit::Count, [0, 250, 10, 20]),
        Knob::choice("cookies", "when the server answers with a cookie", &["when-full", "never", "always"]),
        Knob::quantity("places", "half-open connections the server remembers", Unit::Count, [1, 256, 8, 16]),
        Knob::quantity(
            "backlog",
            "connections that may wait for accept(); no more can be half-open",
            Unit::Count,
            [1, 256, 1, 128],
        ),
        Knob::millis("work", "the program's time for each connection", [0, 2000, 50, 0]),
        Knob::choice("overflow", "what a full accept queue does to a client", &["drop", "reset"]),
        Knob::quantity("clients", "how many come", Unit::Count, [1, 20, 1, 6]),
        Knob::millis("every", "from one client to the next", [1, 2000, 50, 500]),
    ],
    exports: export::ALL,
    view: "chart",
    run,
};

const PORT: u16 = 7100;
/// Each of the two links on the way: a round trip takes four times as long.
const LINK: Duration = Duration::from_millis(5);
/// The first client comes when the flood has done its work.
const FIRST_CLIENT: Duration = Duration::from_secs(1);
const FLOOD_LASTS: u64 = 4;

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let [client, attacker, server] = build(&mut lab, knobs);
    lab.introduce_everybody();
    let at = SocketAddr::new(lab.address(server), PORT);
    let [client, attacker, server] = [client, attacker, server].map(|it| lab.net(it));
    let log = Log::default();
    let ended = lab.run(async {
        let backlog = usize::try_from(knobs.number("backlog")).expect("the knob's limit is small");
        let options = SocketOptions { backlog: Some(backlog), ..SocketOptions::default() };
        let listener = server.listen_with(at, options).await.expect("a new host has every port free");
        server.spawn(programs::serve(server.clone(), listener, knobs.time("work"), Rc::clone(&log)));
        both(flood(&attacker, at, knobs.number("flood")), visitors(&client, at, knobs, &log)).await;
    });
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found::found(&recording, &log.borrow()).into(&mut recording);
    recording
}

/// Client, attacker, server.
fn build(lab: &mut Lab, knobs: &Knobs) -> [NodeId; 3] {
    let client = lab.host("client").at(0, 0).address("10.0.1.1/24").gateway("10.0.1.254").add();
    let attacker = lab.host("attacker").at(0, 1).address("10.0.2.1/24").gateway("10.0.2.254").trace_calls(false).add();
    let nobody = lab.host("nobody").at(0, 2).address("10.0.4.1/24").gateway("10.0.4.254").add();
    let queues = TcpSettings {
        syn_backlog: usize::try_from(knobs.number("places")).expect("the knob's limit is small"),
        syn_cookies: match knobs.choice("cookies") {
            "never" => SynCookies::Never,
            "always" => SynCookies::Always,
            _ => SynCookies::WhenFull,
        },
        abort_on_overflow: knobs.choice("overflow") == "reset",
        ..TcpSettings::default()
    };
    let server = lab.host("server").at(2, 1).address("10.0.3.1/24").gateway("10.0.3.254").tcp(queues).add();
    let router = lab.router("r1").at(1, 1);
    let router = ["10.0.1.254/24", "10.0.2.254/24", "10.0.4.254/24", "10.0.3.254/24"]
        .into_iter()
        .fold(router, |it, own| it.interface(own));
    let router = router.route("198.51.100.0/24", "10.0.4.1").add();
    for host in [client, attacker, nobody, server] {
        lab.link(host, router, LinkOptions::default().delay(LINK));
    }
    [client, attacker, server]
}

async fn flood(attacker: &LabNet, at: SocketAddr, rate: u64) {
    let SocketAddr::V4(to) = at else { return };
    for n in 0..rate * FLOOD_LASTS {
        forge(attacker, to, n);
        attacker.sleep(Duration::from_nanos(1_000_000_000 / rate)).await;
    }
}

fn forge(attacker: &LabNet, to: SocketAddrV4, n: u64) {
    let n = u32::try_from(n).expect("a flood of seconds is short");
    attacker.send_raw(programs::forged_syn(n, to), "flood: a SYN from an address that is not its own");
}

/// Clients at their pace, each beside the others; over when the last one has its answer or has given up.
async fn visitors(client: &LabNet, at: SocketAddr, knobs: &Knobs, log: &Log) {
    client.sleep(FIRST_CLIENT).await;
    let count = knobs.number("clients");
    for _ in 0..count {
        let (own, log) = (client.clone(), Rc::clone(log));
        client.spawn(async move {
            if let Some(failed) = programs::visit(&own, at, &log).await {
                own.note(format!("a client gave up: {failed}"));
            }
        });
        client.sleep(knobs.time("every")).await;
    }
    let over = |log: &Log| log.borrow().visits.iter().all(|it| it.answered.is_some() || it.failed.is_some());
    while !over(log) {
        client.sleep(Duration::from_millis(50)).await;
    }
}
