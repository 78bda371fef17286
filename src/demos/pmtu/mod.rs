//! A path that carries less than its ends think, a router that does not say so, and five ways out.
//!
//! ```text
//! client 10.0.1.2 ── r1 ══ tunnel: MTU 1400 ══ r2 ── server 198.51.100.2
//! ```
mod found;

use std::cell::Cell;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::demos::findings::note_end;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::tcp::TcpSettings;
use crate::lab::{Answer, IcmpErrors, Lab, LabNet, LinkOptions, Probe, ProbeKind};
use crate::net::Net;
use crate::quantity::Unit;
use crate::recording::{Recording, Time};
use crate::services::within;

pub(super) const DEMO: Demo = Demo {
    name: "pmtu",
    title: "A path MTU black hole, and its cures",
    about: "The handshake works, ping works, a short answer works; a long one never comes. A tunnel carries less than both ends \
            think, and the ICMP message that says so is filtered. Five cures, each with its price.",
    chapters: &["W9"],
    live: None,
    knobs: &[
        Knob::millis("rtt", "time to the server and back", [0, 500, 10, 40]),
        Knob::quantity("tunnel", "the largest packet the tunnel carries", Unit::Bytes, [576, 1500, 20, 1400]),
        Knob::choice(
            "cure",
            "what is done about it",
            &["none", "icmp", "clamping", "probing", "lower-mtu", "fragmenting"],
        ),
        Knob::quantity("size", "of the answer", Unit::Bytes, [100, 1_000_000, 10_000, 100_000]),
        Knob::millis("patience", "how long the client waits", [1000, 120_000, 5000, 30_000]),
    ],
    exports: &[],
    view: "sequence",
    run,
};

const SERVER: ([u8; 4], u16) = ([198, 51, 100, 2], 7100);
/// What the client asks with.
const QUESTION: usize = 100;

/// What the client's program saw.
#[derive(Debug, Default)]
struct Seen {
    small: Cell<Option<Duration>>,
    large: Cell<Option<Option<Answer>>>,
    asked: Cell<Option<Time>>,
    connected: Cell<Option<Time>>,
    first: Cell<Option<Time>>,
    done: Cell<Option<Time>>,
    received: Cell<usize>,
    failed: Cell<Option<Time>>,
}

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let (client, server) = build(&mut lab, knobs);
    let seen = Rc::<Seen>::default();
    let size = usize::try_from(knobs.number("size")).expect("the knob's limit is small");
    let ended = lab.run(async {
        let listener = server.listen(SocketAddr::from(SERVER)).await.expect("a new host has every port free");
        let own = server.clone();
        server.spawn(async move {
            if let Ok((stream, _)) = listener.accept().await
                && let Err(error) = answer(stream, size).await
            {
                own.note(format!("the server gave up: {error}"));
            }
        });
        probe(&client, &seen).await;
        let asking = ask(&client, size, &seen);
        let outcome = within(&client, knobs.time("patience"), asking).await;
        if let Err(error) = outcome.unwrap_or_else(|| Err(ErrorKind::TimedOut.into())) {
            seen.failed.set(Some(client.now()));
            client.note(format!("the client gave up: {error}, {} of {size} B are here", seen.received.get()));
        }
    });
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found::found(&recording, &seen).into(&mut recording);
    recording
}

fn build(lab: &mut Lab, knobs: &Knobs) -> (LabNet, LabNet) {
    let cure = knobs.choice("cure");
    let tunnel = u16::try_from(knobs.number("tunnel")).expect("the knob's limit is small");
    let tcp =
        TcpSettings { mtu_probing: cure == "probing", path_mtu_discovery: cure != "fragmenting", ..TcpSettings::LINUX };
    let client = lab.host("client").at(0, 0).address("10.0.1.2/24").gateway("10.0.1.1").tcp(tcp).add();
    let errors = if cure == "icmp" { IcmpErrors::All } else { IcmpErrors::Silent };
    let r1 = lab.router("r1").at(1, 0).interface("10.0.1.1/24").interface("10.0.12.1/30").icmp_errors(errors);
    let r1 = r1.route("0.0.0.0/0", "10.0.12.2").clamp_mss(cure == "clamping").add();
    let r2 = lab.router("r2").at(2, 0).interface("10.0.12.2/30").interface("198.51.100.1/24").icmp_errors(errors);
    let r2 = r2.route("0.0.0.0/0", "10.0.12.1").clamp_mss(cure == "clamping").add();
    let server =
        lab.host("server").at(3, 0).address("198.51.100.2/24").gateway("198.51.100.1").tcp(tcp).trace_tcp(true);
    let server = server.add();
    // A round trip crosses three links twice.
    let link = LinkOptions::default().delay(knobs.time("rtt") / 6);
    lab.link(client, r1, link.clone());
    lab.link(r1, r2, link.clone().mtu(tunnel));
    // Who owns the server's interface can make it send less, everywhere.
    lab.link(r2, server, if cure == "lower-mtu" { link.mtu(tunnel) } else { link });
    lab.introduce_everybody();
    (lab.net(client), lab.net(server))
}

/// A small ping, and one as large as the client's own link carries, with DF.
async fn probe(client: &LabNet, seen: &Seen) {
    seen.small.set(client.ping(SERVER.0, Duration::from_secs(2)).await.ok());
    let kind = ProbeKind::Echo { id: 7, seq: 1 };
    let probe = Probe { to: SERVER.0.into(), kind, ttl: 64, payload: 1472, dont_fragment: true };
    seen.large.set(client.probe(probe, Duration::from_secs(2)).await.ok());
}

/// Reads the question and sends so many bytes.
async fn answer(mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin, size: usize) -> io::Result<()> {
    stream.read_exact(&mut [0; QUESTION]).await?;
    stream.write_all(&vec![b'a'; size]).await?;
    stream.shutdown().await
}

async fn ask(client: &LabNet, size: usize, seen: &Seen) -> io::Result<()> {
    seen.asked.set(Some(client.now()));
    let mut stream = client.connect(SocketAddr::from(SERVER)).await?;
    seen.connected.set(Some(client.now()));
    stream.write_all(&[b'q'; QUESTION]).await?;
    let mut buffer = [0; 16_384];
    while seen.received.get() < size {
        let bytes = stream.read(&mut buffer).await?;
        if bytes == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if seen.first.get().is_none() {
            seen.first.set(Some(client.now()));
        }
        seen.received.set(seen.received.get() + bytes);
    }
    seen.done.set(Some(client.now()));
    Ok(())
}
