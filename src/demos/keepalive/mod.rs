//! A connection that is silent, a NAT that forgets it, a server that vanishes: who notices what, and when.
//!
//! ```text
//! client 10.0.0.2 ── nat 10.0.0.1 | 198.51.100.1 ── server 198.51.100.2
//!           asks once, is silent, asks again
//! ```
mod figures;

use std::cell::Cell;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::demos::chosen::Chosen;
use crate::demos::findings::note_end;
use crate::demos::{Demo, Export, Knob, Knobs, Setup};
use crate::lab::tcp::TcpSettings;
use crate::lab::{Forgotten, Lab, LabNet, Limits, LinkOptions, NatOptions};
use crate::net::{KeepAlive, Net, SocketOptions};
use crate::quantity::Unit;
use crate::recording::{Recording, Time};
use crate::services::echo::{self, EchoOptions};
use crate::services::within;

pub(super) const DEMO: Demo = Demo {
    name: "keepalive",
    title: "A NAT that forgets, and probes that remind it",
    about: "A client asks, is silent, and asks again through a NAT that forgets silent connections. Keepalive probes keep the mapping, \
            or tell that nobody is there; with Linux's defaults that takes 7875 s.",
    chapters: &["W2"],
    live: None,
    knobs: &[
        Knob::millis("rtt", "time to the server and back", [0, 500, 10, 40]),
        Knob::millis("silence", "between the answer and the second question", [0, 9_000_000, 60_000, 600_000]),
        Knob::millis(
            "nat-timeout",
            "the NAT forgets a connection that is silent for this long",
            [1000, 9_000_000, 10_000, 350_000],
        ),
        Knob::choice("forgotten", "what the NAT does with packets of a forgotten one", &["drop", "reset"]),
        Knob::choice("server", "whether it is still there after 5 s", &["stays", "vanishes"]),
        Knob::switch("keepalive", "SO_KEEPALIVE on the client's socket"),
        Knob::millis("idle", "TCP_KEEPIDLE: silence before the first probe", [1000, 7_200_000, 10_000, 7_200_000]),
        Knob::millis("interval", "TCP_KEEPINTVL: from one probe to the next", [1000, 75_000, 1000, 75_000]),
        Knob::quantity("probes", "TCP_KEEPCNT: unanswered probes until it is over", Unit::Count, [1, 9, 1, 9]),
        Knob::millis(
            "user-timeout",
            "TCP_USER_TIMEOUT for data and for probes unanswered; 0: the system's",
            [0, 900_000, 10_000, 0],
        )
        .zero("system's"),
    ],
    exports: EXPORTS,
    view: "sequence",
    run,
};

const EXPORTS: &[Export] = &[
    Export {
        name: "sysctl",
        about: "sysctl.conf for this machine's keepalive",
        extension: "conf",
        write: |k, _| chosen(k).sysctl(),
    },
    Export {
        name: "sockets",
        about: "the same on one socket, in C, Python and Go",
        extension: "txt",
        write: |k, _| chosen(k).sockets(),
    },
];

const SERVER: ([u8; 4], u16) = ([198, 51, 100, 2], 7100);
/// When the server's cable is cut, if it is.
const VANISHES: Duration = Duration::from_secs(5);
/// Nobody waits longer; the lab's clock has to go on for hours.
const PATIENCE: Duration = Duration::from_secs(12_000);
/// Longer than any run.
const EVER: Duration = Duration::from_secs(1_000_000);

/// What the client's program saw.
#[derive(Debug, Default)]
struct Seen {
    answered: Cell<Option<Time>>,
    asked_again: Cell<Option<Time>>,
    answered_again: Cell<Option<Time>>,
    failed: Cell<Option<(Time, ErrorKind)>>,
}

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    lab.limit(Limits { time: PATIENCE, ..Limits::default() });
    let (client, server) = build(&mut lab, knobs);
    let seen = Rc::<Seen>::default();
    let options =
        SocketOptions { keepalive: keepalive(knobs), user_timeout: user_timeout(knobs), ..SocketOptions::default() };
    let ended = lab.run(async {
        let at = SocketAddr::from(SERVER);
        let listener = server.listen(at).await.expect("a new host has every port free");
        let echo = EchoOptions { idle: EVER, ..EchoOptions::default() };
        let own = server.clone();
        server.spawn(async move { drop(echo::serve(own, listener, echo).await) });
        if let Err(error) = talk(&client, at, options, knobs.time("silence"), &seen).await {
            seen.failed.set(Some((client.now(), error.kind())));
            client.note(format!("the client gave up: {error}"));
        }
    });
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    figures::found(&recording, &seen).into(&mut recording);
    recording
}

fn build(lab: &mut Lab, knobs: &Knobs) -> (LabNet, LabNet) {
    let client =
        lab.host("client").at(0, 0).address("10.0.0.2/24").gateway("10.0.0.1").tcp(TcpSettings::default()).add();
    let forgotten = if knobs.choice("forgotten") == "drop" { Forgotten::Drop } else { Forgotten::Reset };
    let timeout = knobs.time("nat-timeout");
    let options = NatOptions { tcp_established: timeout, forgotten, ..NatOptions::default() };
    let nat = lab.router("nat").at(1, 0).interface("10.0.0.1/24").interface("198.51.100.1/24").nat(1, options).add();
    let server = lab.host("server").at(2, 0).address("198.51.100.2/24").add();
    // A round trip crosses two links twice.
    let link = LinkOptions::default().delay(knobs.time("rtt") / 4);
    lab.link(client, nat, link.clone());
    let vanishes = knobs.choice("server") == "vanishes";
    lab.link(nat, server, if vanishes { link.cut(VANISHES, EVER) } else { link });
    // ARP would ask again each minute of silence and is not what this is about.
    lab.introduce_everybody();
    (lab.net(client), lab.net(server))
}

fn keepalive(knobs: &Knobs) -> Option<KeepAlive> {
    let probes = u32::try_from(knobs.number("probes")).expect("the knob's limit is small");
    let all = KeepAlive { idle: knobs.time("idle"), interval: knobs.time("interval"), probes };
    knobs.is_on("keepalive").then_some(all)
}

fn user_timeout(knobs: &Knobs) -> Option<Duration> {
    Some(knobs.time("user-timeout")).filter(|it| !it.is_zero())
}

fn chosen(knobs: &Knobs) -> Chosen {
    Chosen { keepalive: keepalive(knobs), user_timeout: user_timeout(knobs), ..Chosen::default() }
}

/// Asks, is silent, asks again. While it is silent it listens: that is how it hears of an end.
async fn talk<N: Net>(
    net: &N,
    to: SocketAddr,
    options: SocketOptions,
    silence: Duration,
    seen: &Seen,
) -> io::Result<()> {
    let mut stream = net.connect_with(to, options).await?;
    let mut buffer = [0; 64];
    stream.write_all(b"are you there?\n").await?;
    expect_more(stream.read(&mut buffer).await)?;
    seen.answered.set(Some(net.now()));
    if let Some(early) = within(net, silence, stream.read(&mut buffer)).await {
        return expect_more(early);
    }
    seen.asked_again.set(Some(net.now()));
    stream.write_all(b"and now?\n").await?;
    let answer = within(net, PATIENCE, stream.read(&mut buffer)).await;
    expect_more(answer.unwrap_or_else(|| Err(ErrorKind::TimedOut.into())))?;
    seen.answered_again.set(Some(net.now()));
    Ok(())
}

/// Bytes, or why there are none; the other end does not close in this script.
fn expect_more(read: io::Result<usize>) -> io::Result<()> {
    if read? == 0 { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}
