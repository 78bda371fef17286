//! Flow control: a receiver that reads late or slowly, the window it offers, and what that does to the sender.
//!
//! ```text
//! sender ── receiver        the sender writes all it has; the receiver's program reads at its own pace
//! ```
mod found;
mod live;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::demos::findings::note_end;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::tcp::TcpSettings;
use crate::lab::{Lab, LinkOptions};
use crate::net::{Net, SocketOptions};
use crate::quantity::Unit;
use crate::recording::Recording;
use crate::services::transfer::{self, Log, Pace};

pub(super) const DEMO: Demo = Demo {
    name: "flow-control",
    title: "Flow control: a window for the receiver's sake",
    about: "A receiver that reads late, or slowly. Its buffer fills, its window shuts, the sender probes. And with a program that \
            keeps up: never more than one window in a round trip.",
    chapters: &["W2"],
    live: Some(live::LIVE),
    knobs: &[
        Knob::millis("rtt", "time to the receiver and back", [0, 500, 10, 40]),
        Knob::quantity("rate", "of the link", Unit::BitsPerSecond, [100_000, 1_000_000_000, 5_000_000, 50_000_000]),
        Knob::quantity("buffer", "the receiver's socket holds", Unit::Bytes, [2000, 4_000_000, 14_480, 65_160]),
        Knob::choice("scaling", "window scaling (RFC 7323)", &["on", "off"]),
        Knob::quantity("size", "bytes to send", Unit::Bytes, [1000, 4_000_000, 100_000, 1_000_000]),
        Knob::quantity("after", "bytes read before the pause", Unit::Bytes, [0, 4_000_000, 50_000, 400_000]),
        Knob::millis("pause", "the receiver's program does something else", [0, 5000, 100, 1000]),
        Knob::quantity(
            "pace",
            "it reads at; 0 is as fast as it comes",
            Unit::BitsPerSecond,
            [0, 1_000_000_000, 1_000_000, 0],
        )
        .zero("as it comes"),
    ],
    exports: &[],
    view: "chart",
    run,
};

const PORT: u16 = 7200;
/// Nobody waits longer for the transfer.
const PATIENCE: Duration = Duration::from_secs(1800);

/// What the two programs do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) size: usize,
    pub(super) pace: Pace,
    /// Of the receiver.
    pub(super) buffer: usize,
}

impl Plan {
    pub(super) fn of(knobs: &Knobs) -> Self {
        let number = |name| usize::try_from(knobs.number(name)).expect("the knob's limit is small");
        let pause = (knobs.time("pause") > Duration::ZERO).then(|| (number("after"), knobs.time("pause")));
        let rate = Some(knobs.number("pace")).filter(|it| *it > 0);
        // A slow program takes a little at a time, not a lot now and then.
        let piece = rate.map(|_| 4096);
        Self { size: number("size"), pace: Pace { rate, piece, pause }, buffer: number("buffer") }
    }
}

/// Both programs, on any two hosts of one world; `read` hears what the receiver's program has read.
///
/// # Errors
/// The first socket's that failed; `TimedOut` when it takes too long.
pub(super) async fn play<N: Net>(sender: &N, receiver: &N, at: SocketAddr, plan: &Plan, read: &Log) -> io::Result<()> {
    let options = SocketOptions { receive_buffer: Some(plan.buffer), ..SocketOptions::default() };
    let (hosts, patience) = ((sender, receiver), (plan.pace, PATIENCE));
    transfer::download(hosts, (at, options), plan.size, patience, read).await
}

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let plan = Plan::of(knobs);
    let tcp = TcpSettings { window_scaling: knobs.choice("scaling") == "on", ..TcpSettings::default() };
    let sender = lab.host("sender").at(0, 0).address("10.0.1.1/24").tcp(tcp).send_buffer(8_000_000).add();
    let receiver = lab.host("receiver").at(1, 0).address("10.0.1.2/24").tcp(tcp).receive_buffer(plan.buffer).add();
    lab.link(sender, receiver, LinkOptions::default().delay(knobs.time("rtt") / 2).rate(knobs.number("rate")));
    lab.introduce_everybody();
    let at = SocketAddr::new(lab.address(receiver), PORT);
    let (sender, receiver) = (lab.net(sender), lab.net(receiver));
    let read = Log::default();
    let ended = lab.run(async {
        if let Err(error) = play(&sender, &receiver, at, &plan, &read).await {
            sender.note(format!("the sender gave up: {error}"));
        }
    });
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found::found(&recording, knobs, &read).into(&mut recording);
    recording
}
