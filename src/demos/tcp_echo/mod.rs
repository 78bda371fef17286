//! TCP echo: the socket calls of a client and a server beside the segments they cause, in six small scripts.
//!
//! ```text
//! client ── server          two-clients:  client  ──┐
//!                                         client2 ──┴ sw ── server
//! ```
mod calls;
mod live;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::demos::findings::note_end;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{Lab, LinkOptions, NodeId};
use crate::net::{Net, SocketOptions, Stream};
use crate::quantity::Unit;
use crate::recording::Recording;
use crate::services::both;
use crate::services::echo::{self, EchoOptions, Reading, converse};

pub(super) const DEMO: Demo = Demo {
    name: "tcp-echo",
    title: "Socket calls of an echo server",
    about: "connect, accept, send, recv, shutdown and close on the time line, beside the segments: partial reads, half-close, \
            RST, a slow reader, two clients at once.",
    chapters: &["W1"],
    live: Some(live::LIVE),
    knobs: &[
        Knob::millis("rtt", "time to the server and back", [0, 500, 5, 20]),
        Knob::choice(
            "script",
            "what the client does",
            &["echo", "partial-reads", "half-close", "reset", "slow-reader", "two-clients"],
        ),
        Knob::quantity("size", "bytes the client sends", Unit::Bytes, [100, 100_000, 1000, 3000]),
    ],
    exports: &[],
    view: "sequence",
    run,
};

const PORT: u16 = 7;
/// The slow reader's socket holds this much.
const SMALL_BUFFER: usize = 2 * 1448;
/// It looks at its socket only after this ...
const LATE: Duration = Duration::from_millis(200);
/// ... and rests this long after each read.
const REST: Duration = Duration::from_millis(20);

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let script = knobs.choice("script");
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let hosts = build(&mut lab, script, knobs.time("rtt"));
    // connect shall show the handshake alone.
    lab.introduce_everybody();
    let data = data(knobs);
    let at = SocketAddr::new(lab.address(hosts.server), PORT);
    let (client, server) = (lab.net(hosts.client), lab.net(hosts.server));
    let second = hosts.second.map(|it| lab.net(it));
    let ended = lab.run(async {
        let listener = server.listen(at).await.expect("a new host has every port free");
        let own = server.clone();
        server.spawn(async move { drop(echo::serve(own, listener, server_of(script)).await) });
        let other = async {
            if let Some(second) = &second {
                second.sleep(knobs.time("rtt") / 4).await;
                attempt(second, at, "echo", &data).await;
            }
        };
        both(attempt(&client, at, script, &data), other).await;
    });
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    calls::found(&recording, script).into(&mut recording);
    recording
}

struct Hosts {
    client: NodeId,
    second: Option<NodeId>,
    server: NodeId,
}

fn build(lab: &mut Lab, script: &str, rtt: Duration) -> Hosts {
    let buffer = if script == "slow-reader" { SMALL_BUFFER } else { 65_535 };
    let client = lab.host("client").at(0, 0).address("10.0.1.1/24").receive_buffer(buffer).add();
    let server = lab.host("server").at(2, 0).address("10.0.1.2/24").add();
    if script != "two-clients" {
        lab.link(client, server, LinkOptions::default().delay(rtt / 2));
        return Hosts { client, second: None, server };
    }
    let second = lab.host("client2").at(0, 1).address("10.0.1.3/24").add();
    let sw = lab.switch("sw").at(1, 0).add();
    for host in [client, second, server] {
        lab.link(host, sw, LinkOptions::default().delay(rtt / 4));
    }
    Hosts { client, second: Some(second), server }
}

/// How the server treats its clients: a small buffer cuts what came, work lets more come meanwhile.
fn server_of(script: &str) -> EchoOptions {
    let (buffer, work) = match script {
        "partial-reads" => (1024, Duration::from_millis(2)),
        "half-close" | "reset" => (1024, Duration::from_millis(5)),
        _ => (4096, Duration::ZERO),
    };
    EchoOptions { idle: Duration::from_secs(60), buffer, work }
}

/// What the client sends.
fn data(knobs: &Knobs) -> Vec<u8> {
    let size = usize::try_from(knobs.number("size")).expect("the knob's limit is small");
    b"abcdefghijklmnopqrstuvwxyz".iter().copied().cycle().take(size).collect()
}

async fn attempt<N: Net>(net: &N, at: SocketAddr, script: &str, data: &[u8]) {
    if let Err(error) = client(net, at, script, data).await {
        net.note(format!("the client gave up: {error}"));
    }
}

async fn client<N: Net>(net: &N, at: SocketAddr, script: &str, data: &[u8]) -> std::io::Result<()> {
    let receive_buffer = (script == "slow-reader").then_some(SMALL_BUFFER);
    let mut stream = net.connect_with(at, SocketOptions { receive_buffer, ..SocketOptions::default() }).await?;
    match script {
        "half-close" => {
            converse(net, &mut stream, &[data], true, Reading::EAGER).await?;
        }
        "slow-reader" => {
            let slow = Reading { after: LATE, piece: SMALL_BUFFER / 2, pause: REST };
            converse(net, &mut stream, &[data], false, slow).await?;
        }
        "reset" => {
            // One send, one recv, and the program has enough of it.
            let _taken = stream.write(data).await?;
            let _came = stream.read(&mut [0; 1024]).await?;
            stream.abort();
        }
        _ => {
            converse(net, &mut stream, &[data], false, Reading::EAGER).await?;
        }
    }
    Ok(())
}
