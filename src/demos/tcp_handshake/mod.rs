//! The TCP handshake: what each end knows when, who may send when, and what one lost segment or a closed door changes.
//!
//! ```text
//! client ── server        SYN, SYN-ACK, ACK; then one line each way
//! ```
mod found;
mod live;
mod programs;

use std::net::SocketAddr;
use std::rc::Rc;

use crate::demos::findings::note_end;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::tcp::TcpSettings;
use crate::lab::{Lab, LabNet, LinkOptions, Loss, NodeId};
use crate::net::Net;
use crate::recording::Recording;
use programs::{First, Log};

pub(super) const DEMO: Demo = Demo {
    name: "tcp-handshake",
    title: "The TCP handshake",
    about: "Three segments before the first byte: the states of both ends, their sequence numbers and options, and when each \
            side may send. Lose one of the three, or knock at a closed or a filtered port.",
    chapters: &["W2"],
    live: Some(live::LIVE),
    knobs: &[
        Knob::millis("rtt", "time to the server and back", [0, 2000, 10, 80]),
        Knob::choice(
            "lost",
            "the segment of the handshake whose first copy is lost",
            &["none", "syn", "syn-ack", "ack"],
        ),
        Knob::choice("port", "what is behind the server's port", &["open", "closed", "filtered"]),
        Knob::choice("first", "who has the first word", &["client", "server"]),
        Knob::choice("timestamps", "whether the client offers them", ON_OFF),
        Knob::choice("sack", "whether the client offers selective ACKs", ON_OFF),
        Knob::choice("scaling", "whether the client offers window scaling", ON_OFF),
    ],
    exports: &[],
    view: "sequence",
    run,
};

const ON_OFF: &[&str] = &["on", "off"];
/// Nobody's in Wireshark, which would read another protocol into the bytes.
const PORT: u16 = 7100;
/// Linux lets a receive buffer grow up to this (`tcp_rmem`), so its SYNs offer a scale of 7.
const BUFFER: usize = 6_291_456;

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let (client, server) = build(&mut lab, knobs);
    // The handshake does not begin with ARP.
    lab.introduce_everybody();
    let at = SocketAddr::new(lab.address(server), PORT);
    let first = first(knobs);
    let listens = knobs.choice("port") != "closed";
    let (client, server, log) = (lab.net(client), lab.net(server), Log::default());
    let ended = lab.run(async {
        if listens {
            serve(&server, at, first, &log).await;
        }
        programs::client(&client, at, first, &log).await;
        if let Some(words) = log.borrow().gave_up() {
            client.note(format!("the client gave up: {words}"));
        }
    });
    let moments = log.take();
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found::found(&recording, &moments).into(&mut recording);
    recording
}

/// Who begins to speak.
fn first(knobs: &Knobs) -> First {
    if knobs.choice("first") == "server" { First::Server } else { First::Client }
}

/// Waits for the client beside it; a server that nobody reaches waits for ever, and ends with the run.
async fn serve(net: &LabNet, at: SocketAddr, first: First, log: &Log) {
    let listener = net.listen(at).await.expect("a new host has every port free");
    let (own, log) = (net.clone(), Rc::clone(log));
    net.spawn(async move {
        if let Err(error) = programs::server(&own, &listener, first, &log).await {
            own.note(format!("the server gave up: {error}"));
        }
    });
}

fn build(lab: &mut Lab, knobs: &Knobs) -> (NodeId, NodeId) {
    let on = |name: &str| knobs.choice(name) == "on";
    let offers = TcpSettings {
        timestamps: on("timestamps"),
        sack: on("sack"),
        window_scaling: on("scaling"),
        ..TcpSettings::default()
    };
    let client = lab.host("client").at(0, 0).address("10.0.1.1/24").tcp(offers).receive_buffer(BUFFER).add();
    let server = lab.host("server").at(1, 0).address("10.0.1.2/24").receive_buffer(BUFFER).add();
    lab.link(client, server, cable(knobs));
    (client, server)
}

fn cable(knobs: &Knobs) -> LinkOptions {
    let cable = LinkOptions::default().delay(knobs.time("rtt") / 2);
    let cable = if knobs.choice("port") == "filtered" { cable.loss_there(Loss::to_port(PORT)) } else { cable };
    match knobs.choice("lost") {
        "syn" => cable.loss_there(Loss::nth(1)),
        "syn-ack" => cable.loss_back(Loss::nth(1)),
        // The client's first packet is its SYN, its second the ACK of the SYN-ACK.
        "ack" => cable.loss_there(Loss::nth(2)),
        _ => cable,
    }
}
