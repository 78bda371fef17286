//! The same page over QUIC and over TCP with TLS, at the same time, on equal links: who is first, who survives, what falls back.
//!
//! ```text
//! quic-client ──┐
//!               r ── server www.example, HTTP/3 on UDP 443, HTTP/2 on TCP 443
//! tcp-client  ──┘
//! ```
mod export;
mod found;
mod script;

use std::rc::Rc;
use std::time::Duration;

use crate::demos::findings::note_end;
use crate::demos::{Demo, Export, Knob, Knobs, Setup, quic_and_tcp};
use crate::lab::tcp::TcpSettings;
use crate::lab::{Action, Firewall, Lab, LinkOptions, Loss, Rule};
use crate::quantity::Unit;
use crate::recording::Recording;
use crate::services::quic::Qlog;
use crate::services::tls::Ground;
use script::{Script, Told};

pub(super) const DEMO: Demo = Demo {
    name: "quic-vs-tcp",
    title: "HTTP/3 on QUIC beside HTTP/2 on TCP",
    about: "Two clients fetch the same page at the same time, each over a link of its own. QUIC saves a round trip, and two with \
            early data; it keeps its connection when the client's address changes; where UDP is blocked it costs the wait for TCP.",
    chapters: &["W3"],
    live: None,
    knobs: &[
        Knob::millis("rtt", "time to the server and back", [0, 500, 10, 80]),
        Knob::choice("mode", "what the clients know from an earlier visit", &["full", "resumed", "0-rtt"]),
        Knob::quantity("streams", "resources of the page, all asked for at once", Unit::Count, [1, 12, 1, 4]),
        Knob::quantity("size", "of each resource", Unit::Bytes, [100, 200_000, 10_000, 20_000]),
        Knob::quantity(
            "loss",
            "packets lost at random, on each client's link",
            Unit::PartsPerMillion,
            [0, 200_000, 5000, 0],
        ),
        Knob::quantity("reorder", "packets held back by 5 ms", Unit::PartsPerMillion, [0, 500_000, 10_000, 0]),
        Knob::quantity(
            "rate",
            "of each client's link; 0 is no limit",
            Unit::BitsPerSecond,
            [0, 1_000_000_000, 1_000_000, 0],
        )
        .zero("no limit"),
        Knob::millis("move", "the clients get another address so long after they begin; 0 is never", [0, 5000, 10, 0])
            .zero("never"),
        Knob::choice("udp", "what the router does with UDP to port 443", &["open", "dropped", "rejected"]),
        Knob::millis(
            "fallback",
            "the QUIC client tries TCP beside it when nothing came for so long",
            [10, 5000, 50, 300],
        ),
        Knob::millis(
            "patience",
            "when nothing comes for so long, the client gives the connection up and opens a new one",
            [500, 30_000, 500, 3000],
        ),
    ],
    exports: EXPORTS,
    view: "waterfall",
    run: |knobs, setup| run(knobs, setup, None),
};

const EXPORTS: &[Export] = &[
    Export {
        name: "qlog",
        about: "what the QUIC client did, for qvis and other programs that read qlog",
        extension: "qlog",
        write: export::qlog,
    },
    Export {
        name: "curl",
        about: "the same questions with curl, with its times of each phase",
        extension: "sh",
        write: |knobs, _| export::curl(knobs),
    },
    Export {
        name: "discovery",
        about: "how clients learn that there is HTTP/3: an HTTPS record and an Alt-Svc field",
        extension: "txt",
        write: |_, _| export::discovery(),
    },
];

/// How far a packet that is held back comes late.
const HELD: Duration = Duration::from_millis(5);
/// The clients, as the recording names them.
const CLIENTS: [&str; 2] = ["quic-client", "tcp-client"];

fn run(knobs: &Knobs, setup: &Setup, qlog: Option<Qlog>) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let link = link(knobs);
    let hosts = quic_and_tcp::build(
        &mut lab,
        &CLIENTS.map(|name| (name, link.clone())),
        TcpSettings::default(),
        firewall(knobs),
    );
    let ground = Ground::lab(&hosts.server, setup.seed);
    let told = [(); 2].map(|()| Rc::<Told>::default());
    let script = Script::of(knobs);
    let ended = lab.run(async { script.play(&hosts, &ground, &told, qlog).await });
    let secrets = ground.keys().map(|keys| keys.text()).unwrap_or_default();
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    recording.open_with(secrets);
    found::found(&recording, knobs, &told).into(&mut recording);
    recording
}

fn link(knobs: &Knobs) -> LinkOptions {
    let ppm = |name| u32::try_from(knobs.number(name)).expect("at most a million");
    let link = LinkOptions::default().delay(knobs.time("rtt") / 2).rate(knobs.number("rate"));
    let link = if ppm("loss") > 0 { link.loss(Loss::random(ppm("loss"))) } else { link };
    if ppm("reorder") > 0 { link.reorder(ppm("reorder"), HELD) } else { link }
}

/// A filter as many networks have one: TCP yes, UDP no.
fn firewall(knobs: &Knobs) -> Option<Firewall> {
    let action = match knobs.choice("udp") {
        "dropped" => Action::Drop,
        "rejected" => Action::Reject,
        _ => return None,
    };
    Some(Firewall { rules: vec![Rule::new(action).udp(443)], otherwise: Action::Allow, stateful: false })
}
