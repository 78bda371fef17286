//! One lost packet, three ways to carry a page: who waits for it. Each way runs twice, once without the loss.
//!
//! ```text
//! h3-client ── one QUIC connection ──────────┐
//! h2-client ── one TCP connection ───────────r ── server
//! h1-client ── several TCP connections ──────┘
//! ```
mod blocked;
mod found;

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::demos::findings::note_end;
use crate::demos::frame::{Content, content};
use crate::demos::quic_and_tcp::{self, Carrier, Got, Hosts};
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::tcp::TcpSettings;
use crate::lab::{Lab, LinkOptions, Loss};
use crate::net::Observed;
use crate::quantity::Unit;
use crate::recording::{Intervention, Recording, Time};
use crate::services::http::Request;
use crate::services::tls::Ground;
use crate::services::{Crowd, h3, http};

pub(super) const DEMO: Demo = Demo {
    name: "head-of-line",
    title: "Head-of-line blocking: one packet lost",
    about: "The same resources over HTTP/3, over HTTP/2 and over several HTTP/1.1 connections, and one data packet of each is lost. \
            TCP gives nothing to HTTP/2 before the gap is closed: every stream waits. QUIC holds up the stream that lost.",
    chapters: &["W3"],
    live: None,
    knobs: &[
        Knob::millis("rtt", "time to the server and back", [0, 500, 10, 80]),
        Knob::quantity("streams", "resources, all asked for at once", Unit::Count, [1, 20, 1, 6]),
        Knob::quantity("size", "of each resource", Unit::Bytes, [1000, 80_000, 5000, 10_000]),
        Knob::quantity(
            "drop",
            "which of the large packets that carry the resources is lost; 0 is none",
            Unit::Count,
            [0, 500, 1, 5],
        )
        .zero("none"),
        Knob::quantity("connections", "that HTTP/1.1 opens", Unit::Count, [1, 12, 1, 6]),
        Knob::quantity(
            "rate",
            "of each client's link; 0 is no limit",
            Unit::BitsPerSecond,
            [0, 1_000_000_000, 1_000_000, 100_000_000],
        )
        .zero("no limit"),
        Knob::quantity(
            "warm",
            "fetched before on each connection, so that its congestion window is open",
            Unit::Bytes,
            [0, 300_000, 50_000, 200_000],
        )
        .zero("nothing"),
    ],
    exports: &[],
    view: "waterfall",
    run,
};

/// The clients, as the recording names them, and how they are called in numbers.
const CLIENTS: [(&str, &str); 3] = [("h3-client", "h3"), ("h2-client", "h2"), ("h1-client", "h1")];
/// A packet with more bytes of UDP or TCP payload carries a resource.
const LARGE: usize = 1000;
/// As servers of HTTP/2 are told to be: a window that was opened stays open while nothing is asked.
const KEPT_WINDOW: TcpSettings = TcpSettings { slow_start_after_idle: false, ..TcpSettings::LINUX };
/// Everything about what was fetched before has come.
const PAUSE: Duration = Duration::from_millis(100);
/// When nothing comes for so long, a client gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came of one run.
#[derive(Debug, Default)]
struct Told {
    /// All ask at this instant.
    begun: Cell<Time>,
    /// Of each client.
    got: [RefCell<Vec<Got>>; 3],
    /// The ends of HTTP/1.1's connections at its client, to which resources are dealt out in turn.
    lanes: RefCell<Vec<SocketAddr>>,
}

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let before = play(knobs, setup.seed, &[], [None; 3]);
    let lost = lost(&before.0, before.1.begun.get(), knobs.number("drop"));
    let (mut recording, told) = play(knobs, setup.seed, &setup.interventions, lost);
    recording.run = setup.run_of(&DEMO, knobs);
    found::found(&recording, knobs, &before.1, &told).into(&mut recording);
    recording
}

/// Which packet with data from the server each client's link is to lose, counted from 1: the `nth` large one after they have asked,
/// or the last where there are fewer.
fn lost(recording: &Recording, begun: Time, nth: u64) -> [Option<u32>; 3] {
    let nth = usize::try_from(nth).expect("the knob's limit is small");
    CLIENTS.map(|(name, _)| {
        let node = recording.node(name)?;
        let payload = |bytes: &[u8]| match content(bytes) {
            Content::Udp { payload, .. } => payload.len(),
            Content::Tcp(segment) => segment.payload.len(),
            _ => 0,
        };
        let with_data = recording.packets.iter().filter(|it| it.to == node).map(|it| (it.at, payload(&it.bytes)));
        let with_data = (1..).zip(with_data.filter(|(_, length)| *length > 0));
        let large = with_data.filter(|(_, (at, length))| *at >= begun && *length > LARGE).map(|(number, _)| number);
        large.take(nth).last()
    })
}

/// One run, in which each client's link loses that packet.
fn play(knobs: &Knobs, seed: u64, interventions: &[Intervention], lost: [Option<u32>; 3]) -> (Recording, Rc<Told>) {
    let mut lab = Lab::new(seed, interventions);
    let plain = LinkOptions::default().delay(knobs.time("rtt") / 2).rate(knobs.number("rate"));
    let link = |lost: Option<u32>| lost.map_or(plain.clone(), |nth| plain.clone().loss_back(Loss::nth_with_data(nth)));
    let clients: Vec<_> = CLIENTS.iter().zip(lost).map(|((name, _), lost)| (*name, link(lost))).collect();
    let hosts = quic_and_tcp::build(&mut lab, &clients, KEPT_WINDOW, None);
    let (ground, told) = (Ground::lab(&hosts.server, seed), Rc::<Told>::default());
    let ended = lab.run(async {
        if let Err(error) = script(&hosts, &ground, knobs, &told).await {
            hosts.server.note(format!("the run ends early: {error}"));
        }
    });
    let secrets = ground.keys().map(|keys| keys.text()).unwrap_or_default();
    let mut recording = lab.finish(crate::recording::Run::default());
    note_end(&mut recording, ended);
    recording.secrets = secrets;
    (recording, told)
}

/// Opens and warms every connection, then lets all clients ask at once.
async fn script(hosts: &Hosts, ground: &Ground, knobs: &Knobs, told: &Rc<Told>) -> Result<(), String> {
    let count = |name| usize::try_from(knobs.number(name)).expect("the knob's limit is small");
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let authority = quic_and_tcp::serve(&hosts.server, ground, false).await.map_err(|it| text(&it))?;
    let (warm, net) = (count("warm"), &hosts.clients);
    let quic = quic_and_tcp::quic_client(&net[0], ground, &authority, None).await.map_err(|it| text(&it))?;
    let quic = quic.connect(quic_and_tcp::SERVER, quic_and_tcp::NAME).await.map_err(|it| text(&it))?;
    let three = Carrier::Three(h3::Connection::begin(&net[0], quic).await.map_err(|it| text(&it))?);
    let client = quic_and_tcp::tcp_client(ground, &authority, http::Version::Http2, false).map_err(|it| text(&it))?;
    let two = Carrier::Two(Rc::new(client.open(&Observed::new(&net[1])).await.map_err(|it| text(&it))?));
    let client = quic_and_tcp::tcp_client(ground, &authority, http::Version::Http11, false).map_err(|it| text(&it))?;
    let mut ones = Vec::new();
    for _ in 0..count("connections").min(count("streams")) {
        let one = client.open(&net[2]).await.map_err(|it| text(&it))?;
        told.lanes.borrow_mut().extend(one.opened().local);
        ones.push(one);
    }
    if warm > 0 {
        three.one(0, warm).await;
        two.one(0, warm).await;
        for one in &mut ones {
            drop(one.ask(Request::get(format!("/{warm}"))).await);
        }
    }
    net[0].sleep(PAUSE).await;
    told.begun.set(net[0].now());
    let crowd = Crowd::default();
    let numbers: Vec<usize> = (1..=count("streams")).collect();
    for (index, carrier) in [three, two].into_iter().enumerate() {
        let (own, told, numbers, member) = (net[index].clone(), Rc::clone(told), numbers.clone(), crowd.join());
        let size = count("size");
        net[index].spawn(async move {
            let got = carrier.page(&own, &numbers, size, PATIENCE).await;
            told.got[index].borrow_mut().extend(got);
            drop(member);
        });
    }
    let lanes = ones.len();
    for (lane, one) in ones.into_iter().enumerate() {
        let queue: Vec<usize> = numbers.iter().copied().filter(|it| (it - 1) % lanes == lane).collect();
        let (own, told, member) = (net[2].clone(), Rc::clone(told), crowd.join());
        let size = count("size");
        net[2].spawn(async move {
            one_by_one(&own, one, &queue, size, &told).await;
            drop(member);
        });
    }
    crowd.gone().await;
    Ok(())
}

/// HTTP/1.1: the next request of a connection when the last is answered (RFC 9112 §9.3.2: pipelining is another matter).
async fn one_by_one<N: crate::net::Net>(
    net: &N,
    mut one: http::Connection<N>,
    queue: &[usize],
    size: usize,
    told: &Told,
) {
    for number in queue.iter().copied() {
        let heard = one.heard().clone();
        let asking = one.ask(Request::get(format!("/{size}")));
        let Some(Ok(it)) = heard.or_silence(net, PATIENCE, asking).await else { return };
        let got = Got { number, asked: it.asked, head: it.head, done: it.done };
        told.got[2].borrow_mut().push(got);
    }
}
