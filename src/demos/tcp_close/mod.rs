//! The end of a connection, seven ways: who says FIN, who pays with TIME-WAIT, and what is left of a socket nobody closes.
//!
//! ```text
//! client ── server        one request, one answer, and then the end
//! ```
mod found;
mod programs;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::demos::findings::note_end;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{Lab, LabNet, Limits, LinkOptions};
use crate::net::Net;
use crate::quantity::Unit;
use crate::recording::Recording;
use crate::services::within;
use programs::{Log, Plan, Way};

pub(super) const DEMO: Demo = Demo {
    name: "tcp-close",
    title: "The end of a TCP connection",
    about: "FIN each way, half-close, RST, both at once, and a socket that is never closed: the states of both ends until the \
            last one is over, and who is left with TIME-WAIT.",
    chapters: &["W2"],
    live: None,
    knobs: &[
        Knob::choice("way", "how the connection ends", Way::WORDS),
        Knob::millis("rtt", "time to the server and back", [1, 1000, 10, 40]),
        Knob::quantity("connections", "one after the other", Unit::Count, [1, 100, 1, 1]),
    ],
    exports: &[],
    view: "sequence",
    run,
};

const PORT: u16 = 7100;
/// From one connection to the next.
const PACE: Duration = Duration::from_millis(500);
/// Nobody waits longer for one connection.
const PATIENCE: Duration = Duration::from_secs(150);
/// A run is over when the last state is: longer than TIME-WAIT (60 s) and than Linux's FIN-WAIT-2 without a program (60 s).
const STATES: Duration = Duration::from_secs(61);
/// A forgetful server is restarted this long after its last client has gone.
const RESTART: Duration = Duration::from_secs(90);

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    lab.limit(Limits { grace: STATES, ..Limits::default() });
    let client = lab.host("client").at(0, 0).address("10.0.1.1/24").add();
    let server = lab.host("server").at(1, 0).address("10.0.1.2/24").add();
    let plan = Plan { way: Way::of(knobs.choice("way")), one_way: knobs.time("rtt") / 2 };
    lab.link(client, server, LinkOptions::default().delay(plan.one_way));
    // The end of a connection does not begin with ARP.
    lab.introduce_everybody();
    let at = SocketAddr::new(lab.address(server), PORT);
    let (client, server, log) = (lab.net(client), lab.net(server), Log::default());
    let kept = Rc::new(RefCell::new(Vec::new()));
    let ended = lab.run(async {
        let listener = server.listen(at).await.expect("a new host has every port free");
        server.spawn(programs::serve(server.clone(), listener, plan, Rc::clone(&log), Rc::clone(&kept)));
        for number in 0..knobs.number("connections") {
            if number > 0 {
                client.sleep(PACE).await;
            }
            connect(&client, at, plan, &log).await;
        }
        if plan.way == Way::Forgotten {
            restart(&server, &kept).await;
        }
    });
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found::found(&recording, &log.borrow(), plan.way).into(&mut recording);
    recording
}

async fn connect(client: &LabNet, at: SocketAddr, plan: Plan, log: &Log) {
    let failed = match within(client, PATIENCE, programs::client(client, at, plan, log)).await {
        Some(Ok(())) => return,
        Some(Err(error)) => error.to_string(),
        None => format!("nothing has come for {} s", PATIENCE.as_secs()),
    };
    client.note(format!("the client gave up: {failed}"));
    log.borrow_mut().client_errors.push(failed);
}

/// What an operator does about sockets in CLOSE-WAIT: ends the process, and its kernel closes them all.
async fn restart<S>(server: &LabNet, kept: &RefCell<Vec<S>>) {
    server.sleep(RESTART).await;
    server.note(format!("the server's program is restarted: {} forgotten sockets are closed", kept.borrow().len()));
    kept.borrow_mut().clear();
}
