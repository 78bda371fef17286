//! Loss and recovery: one, two or the last segment lost, its repeat lost as well, an ACK lost; with SACK and without.
//!
//! ```text
//! sender ── receiver        so many segments; the link loses the ones you choose
//! ```
mod found;

use std::net::SocketAddr;
use std::time::Duration;

use crate::demos::capture::capture;
use crate::demos::findings::note_end;
use crate::demos::transfer::Transfer;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::tcp::TcpSettings;
use crate::lab::{Lab, LabError, LinkOptions, Loss};
use crate::net::SocketOptions;
use crate::quantity::Unit;
use crate::recording::Recording;
use crate::services::transfer::{self, Log, Pace};

pub(super) const DEMO: Demo = Demo {
    name: "retransmission",
    title: "A segment is lost: who notices, and when",
    about: "The link loses the segments you choose. Duplicate ACKs or SACK find most holes within a round trip; the last segment, \
            or a repeat that is lost too, needs a timer.",
    chapters: &["W2"],
    live: None,
    knobs: &[
        Knob::millis("rtt", "time to the receiver and back", [0, 500, 5, 40]),
        Knob::choice("lose", "what the link loses", &["one", "two", "again", "tail", "ack", "none"]),
        Knob::quantity("at", "which segment with data, counted from 1", Unit::Count, [1, 200, 1, 5]),
        Knob::choice("sack", "selective acknowledgment (RFC 2018)", &["on", "off"]),
        Knob::quantity("size", "bytes to send", Unit::Bytes, [1, 300_000, 1448, 28_960]),
        Knob::quantity("rate", "of the link", Unit::BitsPerSecond, [100_000, 1_000_000_000, 1_000_000, 10_000_000]),
    ],
    exports: &[],
    view: "sequence",
    run,
};

const PORT: u16 = 7400;
/// Nobody waits longer for the transfer.
const PATIENCE: Duration = Duration::from_secs(600);

/// What the link loses.
#[derive(Clone, Debug, Default)]
struct Losses {
    /// Segments with data, by their number among all that the sender sends.
    data: Vec<u32>,
    /// Packets of the receiver, by their number; the SYN-ACK is 1.
    acks: Vec<u32>,
}

struct Played {
    recording: Recording,
    read: Log,
    ended: Result<(), LabError>,
}

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let quiet = Setup { seed: setup.seed, interventions: Vec::new() };
    let clean = Transfer::of(&capture(&play(knobs, &quiet, &Losses::default()).recording, "sender"));
    let losses = chosen(knobs, &quiet, &clean);
    let Played { mut recording, read, ended } = play(knobs, setup, &losses);
    note_end(&mut recording, ended);
    // Windows of a megabyte, never filled here, would crush the scale of the others.
    recording.series.retain(|it| !["receive window", "receive queue"].iter().any(|what| it.name.ends_with(what)));
    let sack = knobs.choice("sack") == "on";
    found::found(&recording, &read, &clean, &losses, sack).into(&mut recording);
    recording
}

/// Which packets that is: the last, and the repeat of a lost one, are known once they were sent.
fn chosen(knobs: &Knobs, quiet: &Setup, clean: &Transfer) -> Losses {
    let last = u32::try_from(clean.sent.len()).unwrap_or(1);
    let at = u32::try_from(knobs.number("at")).expect("the knob's limit is small").min(last.max(1));
    let data = match knobs.choice("lose") {
        "one" => vec![at],
        "two" => vec![at, at + 2],
        "tail" => vec![last],
        "again" => {
            let once = play(knobs, quiet, &Losses { data: vec![at], acks: Vec::new() });
            let sent = Transfer::of(&capture(&once.recording, "sender")).sent;
            let repeat = sent.iter().position(|it| it.again).and_then(|it| u32::try_from(it + 1).ok());
            [at].into_iter().chain(repeat).collect()
        }
        "ack" => return Losses { data: Vec::new(), acks: vec![at + 1] },
        _ => Vec::new(),
    };
    Losses { data, acks: Vec::new() }
}

fn play(knobs: &Knobs, setup: &Setup, losses: &Losses) -> Played {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let tcp = TcpSettings { sack: knobs.choice("sack") == "on", ..TcpSettings::default() };
    let host = |lab: &mut Lab, name: &str, column: u8, address: &str| {
        let host = lab.host(name).at(column, 0).address(address).tcp(tcp);
        host.send_buffer(1_000_000).receive_buffer(1_000_000).trace_tcp(column == 0).add()
    };
    let sender = host(&mut lab, "sender", 0, "10.0.1.1/24");
    let receiver = host(&mut lab, "receiver", 1, "10.0.1.2/24");
    let mut link = LinkOptions::default().delay(knobs.time("rtt") / 2).rate(knobs.number("rate"));
    for k in &losses.data {
        link = link.loss_there(Loss::nth_with_data(*k));
    }
    for k in &losses.acks {
        link = link.loss_back(Loss::nth(*k));
    }
    lab.link(sender, receiver, link);
    lab.introduce_everybody();
    let at = SocketAddr::new(lab.address(receiver), PORT);
    let size = usize::try_from(knobs.number("size")).expect("the knob's limit is small");
    let (sender, receiver) = (lab.net(sender), lab.net(receiver));
    let read = Log::default();
    let ended = lab.run(async {
        let (to, pace) = ((at, SocketOptions::default()), (Pace::default(), PATIENCE));
        if let Err(error) = transfer::download((&sender, &receiver), to, size, pace, &read).await {
            sender.note(format!("the sender gave up: {error}"));
        }
    });
    Played { recording: lab.finish(setup.run_of(&DEMO, knobs)), read, ended }
}
