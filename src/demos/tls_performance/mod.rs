//! Every kind of TLS handshake side by side: round trips, bytes of each end, the first byte; live, what the cryptography costs here.
//!
//! ```text
//! client ── server     full, resumed and with early data, in TLS 1.3 and 1.2
//! ```
mod export;
mod found;
mod live;
mod script;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::demos::findings::note_end;
use crate::demos::web::pair;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::tcp::TcpSettings;
use crate::lab::{Lab, Limits, LinkOptions, Loss};
use crate::quantity::Unit;
use crate::recording::Recording;
use crate::services::tls::{Ground, Group};

pub(super) const DEMO: Demo = Demo {
    name: "tls-performance",
    title: "What a TLS handshake costs",
    about: "Full, resumed and 0-RTT handshakes of TLS 1.3 and 1.2 on the same path, side by side: round trips, bytes, the first byte. \
            Lengthen the chain, shrink the initial window, take a key exchange that quantum computers do not break. Live, it times \
            signatures and key exchanges on this machine.",
    chapters: &["W5"],
    live: Some(live::LIVE),
    knobs: &[
        Knob::millis("rtt", "time to the server and back", [0, 500, 10, 80]),
        Knob::choice("group", "the key exchange", &["x25519", "x25519mlkem768"]),
        Knob::quantity("intermediates", "authorities that the server sends along", Unit::Count, [0, 4, 1, 1]),
        Knob::quantity("names", "in the server's certificate: what makes it long", Unit::Count, [1, 500, 10, 1]),
        Knob::quantity("iw", "segments of the first flight (RFC 6928)", Unit::Count, [1, 40, 1, 10]),
        Knob::quantity("loss", "packets lost", Unit::PartsPerMillion, [0, 200_000, 10_000, 0]),
    ],
    exports: export::ALL,
    view: "table",
    run,
};

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    lab.limit(Limits { time: Duration::from_secs(1000), ..Limits::default() });
    let initial_window = u32::try_from(knobs.number("iw")).expect("the knob's limit is small");
    let tcp = TcpSettings { initial_window, ..TcpSettings::default() };
    let mut link = LinkOptions::default().delay(knobs.time("rtt") / 2);
    let loss = u32::try_from(knobs.number("loss")).expect("a share is at most a million ppm");
    if loss > 0 {
        link = link.loss(Loss::random(loss));
    }
    let [client, server] = pair(&mut lab, link, |it| it.tcp(tcp));
    let ground = Ground::lab(&client, setup.seed);
    let visits = Rc::<RefCell<Vec<script::Visit>>>::default();
    let stage =
        script::Stage { client, server, ground: ground.clone(), knobs: knobs.clone(), visits: Rc::clone(&visits) };
    let ended = lab.run(stage.play());
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found::found(&recording, &visits.borrow(), knobs).into(&mut recording);
    recording.open_with(ground.keys().map(|keys| keys.text()).unwrap_or_default());
    recording
}

fn group(knobs: &Knobs) -> Group {
    if knobs.choice("group") == "x25519" { Group::X25519 } else { Group::X25519MlKem768 }
}
