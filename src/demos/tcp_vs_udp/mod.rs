//! TCP and UDP side by side: the same messages on two equal links, and what a loss does to each.
//!
//! ```text
//! tcp-client ── tcp-server
//! udp-client ── udp-server
//! ```
mod delays;

use std::net::SocketAddr;
use std::time::Duration;

use crate::demos::capture::capture;
use crate::demos::findings::note_end;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::tcp::{LossDetection, TcpSettings};
use crate::lab::{Lab, LabError, LabNet, LinkOptions, Loss};
use crate::net::Net;
use crate::quantity::Unit;
use crate::recording::Recording;
use crate::services::messages::{self, Log, Messages};
use crate::services::{both, within};
use delays::Logs;

pub(super) const DEMO: Demo = Demo {
    name: "tcp-vs-udp",
    title: "TCP and UDP, message by message",
    about: "The same messages over TCP and over UDP, on equal links. Lose one: over UDP it is missing, over TCP it comes late \
            and holds back all behind it.",
    chapters: &["W1"],
    live: None,
    knobs: &[
        Knob::millis("rtt", "time to the server and back", [0, 1000, 10, 40]),
        Knob::quantity("rate", "of each link", Unit::BitsPerSecond, [100_000, 1_000_000_000, 1_000_000, 10_000_000]),
        Knob::quantity("loss", "packets lost at random", Unit::PartsPerMillion, [0, 300_000, 10_000, 0]),
        Knob::quantity("drop", "the message whose first copy is lost; 0 is none", Unit::Count, [0, 100, 1, 3])
            .zero("none"),
        Knob::quantity("messages", "how many are sent", Unit::Count, [1, 100, 5, 10]),
        Knob::quantity("size", "of each message", Unit::Bytes, [16, 1400, 100, 200]),
        Knob::millis("interval", "from one message to the next", [1, 1000, 5, 10]),
    ],
    exports: &[],
    view: "sequence",
    run,
};

/// Nobody's in Wireshark, which at 7000 reads another protocol into the bytes.
const PORT: u16 = 7100;
/// The rule of RFC 5681, which chapter 1 tells; Linux's own goes by time and has its place in chapter 2.
const BY_DUPLICATE_ACKS: TcpSettings =
    TcpSettings { loss_detection: LossDetection::DuplicateAcks, ..TcpSettings::LINUX };
/// Nobody waits longer for the end of the TCP connection.
const PATIENCE: Duration = Duration::from_secs(600);

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let messages = Messages {
        count: u32::try_from(knobs.number("messages")).expect("the knob's limit is small"),
        size: usize::try_from(knobs.number("size")).expect("the knob's limit is small"),
        interval: knobs.time("interval"),
    };
    let drop = u32::try_from(knobs.number("drop")).expect("the knob's limit is small");
    // Which packet carries the message over TCP is known once it was sent: up to there, a run without the loss is the same.
    let carrier = (drop > 0).then(|| {
        let (plain, _, _) = play(knobs, setup, messages, Losses { tcp: None, udp: None });
        delays::carrier(&capture(&plain, "tcp-client"), drop, messages.size)
    });
    let losses = Losses { tcp: carrier.flatten(), udp: (drop > 0).then_some(drop) };
    let (mut recording, logs, ended) = play(knobs, setup, messages, losses);
    note_end(&mut recording, ended);
    delays::found(&recording, &logs, messages).into(&mut recording);
    recording
}

/// Which packet with data is lost on each link, counted from 1.
#[derive(Clone, Copy)]
struct Losses {
    tcp: Option<u32>,
    udp: Option<u32>,
}

fn play(knobs: &Knobs, setup: &Setup, messages: Messages, losses: Losses) -> (Recording, Logs, Result<(), LabError>) {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let tcp = pair(&mut lab, "tcp", 0, knobs, losses.tcp);
    let udp = pair(&mut lab, "udp", 1, knobs, losses.udp);
    // What TCP and UDP differ in does not begin with ARP.
    lab.introduce_everybody();
    let logs = Logs::default();
    let ended = lab.run(async {
        both(over_tcp(&tcp, messages, &logs), over_udp(&udp, messages, &logs)).await;
    });
    (lab.finish(setup.run_of(&DEMO, knobs)), logs, ended)
}

struct Pair {
    client: LabNet,
    server: LabNet,
    at: SocketAddr,
}

fn pair(lab: &mut Lab, name: &str, row: u8, knobs: &Knobs, lost: Option<u32>) -> Pair {
    let net = row + 1;
    let client = lab.host(&format!("{name}-client")).at(0, row).address(&format!("10.0.{net}.1/24"));
    let client = client.tcp(BY_DUPLICATE_ACKS).add();
    let server = lab.host(&format!("{name}-server")).at(1, row).address(&format!("10.0.{net}.2/24"));
    let server = server.tcp(BY_DUPLICATE_ACKS).add();
    let mut link = LinkOptions::default().delay(knobs.time("rtt") / 2).rate(knobs.number("rate"));
    let loss = u32::try_from(knobs.number("loss")).expect("a share is at most a million ppm");
    if loss > 0 {
        link = link.loss(Loss::random(loss));
    }
    if let Some(k) = lost {
        link = link.loss_there(Loss::nth_with_data(k));
    }
    lab.link(client, server, link);
    Pair { at: SocketAddr::new(lab.address(server), PORT), client: lab.net(client), server: lab.net(server) }
}

async fn over_tcp(pair: &Pair, messages: Messages, logs: &Logs) {
    let Pair { client, server, at } = pair;
    let listener = server.listen(*at).await.expect("a new host has every port free");
    let sending = async {
        let mut stream = client.connect(*at).await?;
        messages::send_stream(client, &mut stream, messages, &logs.tcp_sent).await
    };
    let receiving = async {
        let (mut stream, _) = listener.accept().await?;
        messages::receive_stream(server, &mut stream, messages, &logs.tcp_arrived).await
    };
    match within(client, PATIENCE, both(sending, receiving)).await {
        Some((Ok(()), Ok(()))) => {}
        Some((Err(error), _) | (_, Err(error))) => client.note(format!("TCP gave up: {error}")),
        None => client.note(format!("TCP had not delivered everything after {} s", PATIENCE.as_secs())),
    }
}

async fn over_udp(pair: &Pair, messages: Messages, logs: &Logs) {
    let Pair { client, server, at } = pair;
    let inbox = server.bind(*at).await.expect("a new host has every port free");
    let (net, arrived): (LabNet, Log) = (server.clone(), logs.udp_arrived.clone());
    server.spawn(async move { drop(messages::receive_datagrams(&net, &inbox, messages.size, &arrived).await) });
    let from = client.bind(SocketAddr::from(([0, 0, 0, 0], 0))).await.expect("a new host has every port free");
    if let Err(error) = messages::send_datagrams(client, &from, *at, messages, &logs.udp_sent).await {
        client.note(format!("UDP gave up: {error}"));
    }
}
