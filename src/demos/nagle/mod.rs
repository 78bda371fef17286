//! Nagle's algorithm against delayed ACKs: a request in two small writes, and who waits for whom.
//!
//! ```text
//! client ── server        write(head) write(body) read(answer), several times
//! ```
mod found;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::demos::findings::note_end;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::tcp::TcpSettings;
use crate::lab::{Lab, LabNet, LinkOptions};
use crate::net::Net;
use crate::quantity::Unit;
use crate::recording::Recording;
use crate::services::exchange::{self, Exchange, Log};
use crate::services::within;

pub(super) const DEMO: Demo = Demo {
    name: "nagle",
    title: "Nagle's algorithm against delayed ACKs",
    about: "A client writes a request in two pieces and reads the answer. Nagle holds the second piece for an ACK, the server \
            holds the ACK for an answer: both wait until a timer has mercy.",
    chapters: &["W2"],
    live: None,
    knobs: &[
        Knob::millis("rtt", "time to the server and back", [0, 500, 5, 20]),
        Knob::choice("nagle", "small writes wait for an ACK; off is TCP_NODELAY", &["on", "off"]),
        Knob::millis("ack-delay", "an ACK waits for data to ride on; 0 sends it at once", [0, 500, 10, 40])
            .zero("at once"),
        Knob::choice("writes", "of a request: head and body apart, or together", &["two", "one"]),
        Knob::quantity("body", "bytes of the second piece", Unit::Bytes, [1, 10_000, 100, 200]),
        Knob::quantity("requests", "one after the other", Unit::Count, [1, 50, 1, 6]),
    ],
    exports: &[],
    view: "sequence",
    run,
};

/// Nobody's in Wireshark.
const PORT: u16 = 7300;
const HEAD: usize = 100;
const ANSWER: usize = 100;
/// Nobody waits longer for the last answer.
const PATIENCE: Duration = Duration::from_secs(600);

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let nagle = knobs.choice("nagle") == "on";
    let ack_delay = Some(knobs.time("ack-delay")).filter(|it| *it > Duration::ZERO);
    let tcp = TcpSettings { nagle, ack_delay, ..TcpSettings::default() };
    let client = lab.host("client").at(0, 0).address("10.0.1.1/24").tcp(tcp).add();
    let server = lab.host("server").at(1, 0).address("10.0.1.2/24").tcp(tcp).add();
    lab.link(client, server, LinkOptions::default().delay(knobs.time("rtt") / 2));
    lab.introduce_everybody();
    let plan = Exchange {
        requests: u32::try_from(knobs.number("requests")).expect("the knob's limit is small"),
        head: HEAD,
        body: usize::try_from(knobs.number("body")).expect("the knob's limit is small"),
        together: knobs.choice("writes") == "one",
        answer: ANSWER,
    };
    let at = SocketAddr::new(lab.address(server), PORT);
    let (client, server) = (lab.net(client), lab.net(server));
    let log = Log::default();
    let ended = lab.run(async {
        if let Err(error) = play(&client, &server, at, plan, &log).await {
            client.note(format!("the client gave up: {error}"));
        }
    });
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found::found(&recording, plan, &log.borrow()).into(&mut recording);
    recording
}

async fn play(client: &LabNet, server: &LabNet, at: SocketAddr, plan: Exchange, log: &Log) -> io::Result<()> {
    let listener = server.listen(at).await?;
    server.spawn(async move {
        if let Ok((mut stream, _)) = listener.accept().await {
            drop(exchange::answer::<LabNet>(&mut stream, plan).await);
        }
    });
    let asking = async {
        let mut stream = client.connect(at).await?;
        exchange::ask(client, &mut stream, plan, log).await
    };
    let given_up = || io::Error::new(io::ErrorKind::TimedOut, format!("no answer in {} s", PATIENCE.as_secs()));
    within(client, PATIENCE, asking).await.ok_or_else(given_up)?
}
