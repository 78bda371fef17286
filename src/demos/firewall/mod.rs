//! A firewall between three subnets: what each attempt looks like to who makes it, and what a subnet alone does not stop.
//!
//! ```text
//! client 203.0.113.9 ── fw ─┬─ web 10.0.1.10
//!                           └─ db  10.0.2.10
//! ```
mod found;

use std::cell::RefCell;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use crate::demos::findings::note_end;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{Action, Firewall, Lab, LabNet, LinkOptions, Rule};
use crate::net::Net as _;
use crate::recording::{Recording, Time};
use crate::services::within;

pub(super) const DEMO: Demo = Demo {
    name: "firewall",
    title: "Allow, drop, reject: as the client sees it",
    about: "Seven attempts through a router between subnets. Without rules every subnet reaches every other; with rules, a drop is a long \
            silence, a reject an answer at once, and a stateless filter forgets what it let out.",
    chapters: &["W9"],
    live: None,
    knobs: &[
        Knob::millis("rtt", "between any two hosts and back", [0, 500, 10, 20]),
        Knob::choice("rules", "the firewall's rules: those of the drawing, or none", &["tiers", "none"]),
        Knob::choice("otherwise", "what becomes of what no rule is about", &["drop", "reject", "allow"]),
        Knob::switch("stateless", "answers need rules of their own"),
        Knob::millis("patience", "how long an attempt is waited for", [100, 60_000, 1000, 5000]),
    ],
    exports: &[],
    view: "table",
    run,
};

/// One attempt, and what its program heard.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    /// For measurements: `web_443`.
    name: &'static str,
    from: &'static str,
    to: &'static str,
    /// 0 is a ping.
    port: u16,
    at: Time,
    took: Duration,
    outcome: Result<(), ErrorKind>,
}

/// Everybody who asks or is asked.
struct Nets {
    client: LabNet,
    web: LabNet,
    db: LabNet,
}

const WEB: [u8; 4] = [10, 0, 1, 10];
const DB: [u8; 4] = [10, 0, 2, 10];
const CLIENT: [u8; 4] = [203, 0, 113, 9];

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let nets = build(&mut lab, knobs);
    let attempts = RefCell::new(Vec::new());
    let ended = lab.run(play(&nets, knobs.time("patience"), &attempts));
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found::found(&recording, &attempts.borrow()).into(&mut recording);
    recording
}

fn build(lab: &mut Lab, knobs: &Knobs) -> Nets {
    let client = lab.host("client").at(0, 1).address("203.0.113.9/24").gateway("203.0.113.1").add();
    let fw = lab.router("fw").at(1, 1).interface("203.0.113.1/24").interface("10.0.1.1/24").interface("10.0.2.1/24");
    let fw = fw.firewall(firewall(knobs)).add();
    let web = lab.host("web").at(2, 0).address("10.0.1.10/24").gateway("10.0.1.1").add();
    let db = lab.host("db").at(2, 2).address("10.0.2.10/24").gateway("10.0.2.1").add();
    // A round trip crosses two links twice.
    for host in [client, web, db] {
        lab.link(host, fw, LinkOptions::default().delay(knobs.time("rtt") / 4));
    }
    lab.introduce_everybody();
    Nets { client: lab.net(client), web: lab.net(web), db: lab.net(db) }
}

fn firewall(knobs: &Knobs) -> Firewall {
    let otherwise = match knobs.choice("otherwise") {
        "reject" => Action::Reject,
        "allow" => Action::Allow,
        _ => Action::Drop,
    };
    let stateful = !knobs.is_on("stateless");
    if knobs.choice("rules") == "none" {
        return Firewall { rules: Vec::new(), otherwise: Action::Allow, stateful };
    }
    let allow = Rule::new(Action::Allow);
    let rules =
        vec![allow.to("10.0.1.10/32").tcp(443), allow.from("10.0.1.0/24").to("10.0.2.10/32").tcp(5432), allow.icmp()];
    Firewall { rules, otherwise, stateful }
}

async fn play(nets: &Nets, patience: Duration, attempts: &RefCell<Vec<Attempt>>) {
    let Nets { client, web, db } = nets;
    for (net, ports) in [(web, [443, 22]), (db, [5432, 22]), (client, [443, 22])] {
        for port in ports {
            listen(net, port).await;
        }
    }
    let plan = [
        ("client_web_443", client, "client", WEB, "web", 443),
        ("client_web_22", client, "client", WEB, "web", 22),
        ("client_db_5432", client, "client", DB, "db", 5432),
        ("client_web_ping", client, "client", WEB, "web", 0),
        ("web_db_5432", web, "web", DB, "db", 5432),
        ("web_db_22", web, "web", DB, "db", 22),
        ("db_client_443", db, "db", CLIENT, "client", 443),
    ];
    for (name, net, from, address, to, port) in plan {
        let at = net.now();
        let outcome = attempt(net, (address, port).into(), patience).await;
        let took = net.now() - at;
        attempts.borrow_mut().push(Attempt { name, from, to, port, at, took, outcome });
        net.sleep(Duration::from_millis(50)).await;
    }
    if attempts.borrow().iter().all(|it| it.outcome.is_err()) {
        client.note("no attempt got through: everybody gave up");
    }
}

async fn attempt(net: &LabNet, to: SocketAddr, patience: Duration) -> Result<(), ErrorKind> {
    if to.port() == 0 {
        return net.ping(to.ip(), patience).await.map(drop).map_err(|it| it.kind());
    }
    let connected = within(net, patience, net.connect(to)).await;
    connected.map_or(Err(ErrorKind::TimedOut), |it| it.map(drop).map_err(|it| it.kind()))
}

/// A service that closes whoever comes.
async fn listen(net: &LabNet, port: u16) {
    let listener = net.listen(([0, 0, 0, 0], port).into()).await.expect("a new host has every port free");
    net.spawn(async move { while listener.accept().await.is_ok() {} });
}
