//! Lab 2B, the congestion window: a download through a bottleneck with a queue, alone or with a second one that joins later.
//!
//! ```text
//! sender  ──┐
//! sender2 ──┴ r ══ receiver        the link of r is the bottleneck; what waits, waits in front of it
//! ```
mod decisions;
mod found;
mod recipe;

use std::net::SocketAddr;
use std::time::Duration;

use crate::demos::findings::note_end;
use crate::demos::{Demo, Export, Knob, Knobs, Setup};
use crate::lab::tcp::{Congestion, Ecn, TcpSettings};
use crate::lab::{CoDel, Lab, LabNet, LinkOptions, Loss, NodeId};
use crate::net::SocketOptions;
use crate::quantity::Unit;
use crate::recording::Recording;
use crate::services::both;
use crate::services::transfer::{self, Log, Pace};

pub(super) const DEMO: Demo = Demo {
    name: "congestion-window",
    title: "Lab 2B: the congestion window",
    about: "A download through a bottleneck: window, bytes in flight, queue, round-trip time and delivery rate on one time line, with \
            the sender's decisions. Change the algorithm, the queue, the loss; let a second flow join. To see what one lost packet \
            does and nothing else, set drop, and bdp-queue to 400 %, so that the queue drops none.",
    chapters: &["W2"],
    live: None,
    knobs: &[
        Knob::choice("algorithm", "how the senders find their rate", &["cubic", "newreno", "bbr"])
            // Linux' and most textbooks' name for it.
            .alias("reno", "newreno"),
        Knob::choice("hystart", "HyStart++ (RFC 9406) ends slow start by the round-trip time", &["off", "on"]),
        Knob::quantity("iw", "segments in the first flight", Unit::Count, [1, 40, 1, 10]),
        Knob::quantity(
            "rate",
            "of the bottleneck",
            Unit::BitsPerSecond,
            [500_000, 1_000_000_000, 1_000_000, 10_000_000],
        ),
        Knob::millis("rtt", "time to the receiver and back, without any queue", [1, 500, 10, 40]),
        Knob::quantity("queue", "bytes that may wait; 0 takes bdp-queue", Unit::Bytes, [0, 4_000_000, 16_384, 0])
            .zero("by bdp-queue"),
        Knob::quantity(
            "bdp-queue",
            "the queue as a share of rate x rtt",
            Unit::PartsPerMillion,
            [50_000, 10_000_000, 500_000, 1_000_000],
        ),
        Knob::choice("aqm", "how the queue is managed", &["drop-tail", "codel"]),
        Knob::choice("ecn", "both hosts speak ECN, and CoDel marks", &["off", "on"]),
        Knob::quantity(
            "loss",
            "packets lost at random behind the queue",
            Unit::PartsPerMillion,
            [0, 100_000, 1_000, 0],
        ),
        Knob::quantity(
            "drop",
            "the segment of the first flow that is lost; 0 is none; alone with bdp-queue 400%",
            Unit::Count,
            [0, 5_000, 50, 0],
        )
        .zero("none"),
        Knob::quantity("size", "bytes of each download", Unit::Bytes, [1_000, 3_000_000, 500_000, 2_000_000]),
        Knob::millis("join", "a second download begins then; 0 is none", [0, 10_000, 500, 0]).zero("none"),
    ],
    exports: &[Export {
        name: "tc",
        about: "the same bottleneck with tc(8) on a Linux router, and ss(8) to watch it",
        extension: "sh",
        write: recipe::write,
    }],
    view: "chart",
    run,
};

const PORT: u16 = 7500;
/// Nobody waits longer for a download.
const PATIENCE: Duration = Duration::from_secs(900);
/// Both sockets hold more than any window here, so that the receiver sets no limit.
const BUFFER: usize = 16_000_000;
/// The largest frame on the links: less queue than that would pass nothing.
const FRAME: usize = 1514;

/// A sender and what its receiver's program has read.
struct Flow {
    host: NodeId,
    name: &'static str,
    read: Log,
}

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let (flows, receiver) = build(&mut lab, knobs);
    lab.introduce_everybody();
    let at = SocketAddr::new(lab.address(receiver), PORT);
    let size = usize::try_from(knobs.number("size")).expect("the knob's limit is small");
    let receiver = lab.net(receiver);
    let nets: Vec<LabNet> = flows.iter().map(|it| lab.net(it.host)).collect();
    let ended = lab.run(async {
        let first = attempt(&nets[0], &receiver, at, size, &flows[0].read);
        let second = async {
            if let (Some(net), Some(flow)) = (nets.get(1), flows.get(1)) {
                net.sleep(knobs.time("join")).await;
                attempt(net, &receiver, SocketAddr::new(at.ip(), PORT + 1), size, &flow.read).await;
            }
        };
        both(first, second).await;
    });
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found::found(&mut recording, knobs, &flows);
    recording
}

fn build(lab: &mut Lab, knobs: &Knobs) -> (Vec<Flow>, NodeId) {
    let settings = settings(knobs);
    let host = |lab: &mut Lab, name: &str, place: (u8, u8), net: u8| {
        let host = lab.host(name).at(place.0, place.1).address(&format!("10.0.{net}.1/24"));
        let host = host.gateway(&format!("10.0.{net}.254")).tcp(settings).send_buffer(BUFFER).receive_buffer(BUFFER);
        // Thousands of calls would hide the decisions.
        host.trace_calls(false).trace_tcp(net != 2).add()
    };
    let two = knobs.time("join") > Duration::ZERO;
    let mut flows = vec![("sender", host(lab, "sender", (0, 0), 1))];
    if two {
        flows.push(("sender2", host(lab, "sender2", (0, 1), 3)));
    }
    let receiver = host(lab, "receiver", (2, 0), 2);
    let mut r = lab.router("r").at(1, 0).interface("10.0.2.254/24").interface("10.0.1.254/24");
    if two {
        r = r.interface("10.0.3.254/24");
    }
    let r = r.add();
    lab.link(r, receiver, bottleneck(knobs));
    for (_, sender) in &flows {
        let access = LinkOptions::default().rate(knobs.number("rate").saturating_mul(10));
        lab.link(*sender, r, access);
    }
    let flow = |(name, host)| Flow { host, name, read: Log::default() };
    (flows.into_iter().map(flow).collect(), receiver)
}

fn settings(knobs: &Knobs) -> TcpSettings {
    TcpSettings {
        congestion: match knobs.choice("algorithm") {
            "newreno" => Congestion::NewReno,
            "bbr" => Congestion::Bbr,
            _ => Congestion::Cubic,
        },
        hystart: knobs.choice("hystart") == "on",
        initial_window: u32::try_from(knobs.number("iw")).expect("the knob's limit is small"),
        ecn: if knobs.choice("ecn") == "on" { Ecn::Active } else { Ecn::Off },
        ..TcpSettings::default()
    }
}

fn bottleneck(knobs: &Knobs) -> LinkOptions {
    let mut link = LinkOptions::default().delay(knobs.time("rtt") / 2).rate(knobs.number("rate"));
    link = link.queue(queue_bytes(knobs)).record_queue();
    if knobs.choice("aqm") == "codel" {
        link = link.codel(CoDel { ecn: knobs.choice("ecn") == "on", ..CoDel::default() });
    }
    let loss = u32::try_from(knobs.number("loss")).expect("a share is at most a million ppm");
    if loss > 0 {
        link = link.loss_there(Loss::random(loss));
    }
    let drop = u32::try_from(knobs.number("drop")).expect("the knob's limit is small");
    if drop > 0 {
        link = link.loss_there(Loss::nth_with_data(drop));
    }
    link
}

/// How many bytes may wait in front of the bottleneck.
fn queue_bytes(knobs: &Knobs) -> usize {
    let bytes = match knobs.number("queue") {
        0 => {
            let bdp = u128::from(knobs.number("rate")) * knobs.time("rtt").as_nanos() / 8_000_000_000;
            bdp * u128::from(knobs.number("bdp-queue")) / 1_000_000
        }
        bytes => u128::from(bytes),
    };
    usize::try_from(bytes).unwrap_or(usize::MAX).max(FRAME)
}

async fn attempt(sender: &LabNet, receiver: &LabNet, at: SocketAddr, size: usize, read: &Log) {
    let (to, pace) = ((at, SocketOptions::default()), (Pace::default(), PATIENCE));
    if let Err(error) = transfer::download((sender, receiver), to, size, pace, read).await {
        sender.note(format!("the sender gave up: {error}"));
    }
}
