//! What a client checks of a server's certificates, a row for each check; and what follows when one does not hold.
//!
//! ```text
//! client ── sw ── server        the chain comes with the handshake
//!           └──── authority     the list of revoked certificates comes over HTTP, before
//! ```
mod export;
mod found;
mod said;
mod script;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::demos::findings::note_end;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{Lab, LabNet, LinkOptions};
use crate::quantity::Unit;
use crate::recording::Recording;
use crate::services::tls::{Fault, Faulty, Ground, Version};
use script::Seen;

pub(super) const DEMO: Demo = Demo {
    name: "cert-chain",
    title: "The checks of a certificate chain",
    about: "A client connects over TLS and checks what the server shows: the path to somebody it trusts, signatures, dates, purpose, \
            name, revocation. Each check is a row. With a fault one of them does not hold: see which alert goes out, who learns \
            of it, and what other programs say.",
    chapters: &["W5"],
    live: None,
    knobs: &[
        Knob::choice("fault", "what is wrong with what the server shows", FAULTS),
        Knob::choice("tls", "the version of TLS", &["1.3", "1.2"]),
        Knob::choice("revocation", "the client has the lists of revoked certificates, or asks nobody", &["crl", "off"]),
        Knob::quantity("intermediates", "authorities between the root and the server", Unit::Count, [1, 4, 1, 1]),
        Knob::millis("rtt", "time to the server and back", [0, 500, 5, 40]),
    ],
    exports: export::ALL,
    view: "steps",
    run,
};

/// The words of [`Fault::ALL`].
const FAULTS: &[&str] = &[
    "none",
    "expired",
    "not-yet-valid",
    "wrong-name",
    "unknown-ca",
    "self-signed",
    "missing-intermediate",
    "revoked",
    "wrong-eku",
    "superfluous",
];
/// The name that the client asks for.
const NAME: &str = "www.shop.example";
/// Where the authority publishes its list.
const CRL: &str = "http://10.0.0.3/issuer.crl";

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let [client, server, authority] = build(&mut lab, knobs.time("rtt"));
    let ground = Ground::lab(&client, setup.seed);
    let faulty = Rc::new(faulty(&ground, knobs));
    let seen = Rc::<RefCell<Seen>>::default();
    let stage = script::Stage {
        client,
        server,
        authority,
        ground: ground.clone(),
        faulty: Rc::clone(&faulty),
        version: version(knobs),
        lists: knobs.choice("revocation") == "crl",
        seen: Rc::clone(&seen),
    };
    let ended = lab.run(stage.play());
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found::found(&recording, &seen.borrow(), &faulty, knobs).into(&mut recording);
    recording.open_with(ground.keys().map(|keys| keys.text()).unwrap_or_default());
    recording
}

fn build(lab: &mut Lab, rtt: Duration) -> [LabNet; 3] {
    let client = lab.host("client").at(0, 0).address("10.0.0.1/24").trace_calls(false).add();
    let sw = lab.switch("sw").at(1, 0).add();
    let server = lab.host("server").at(2, 0).address("10.0.0.2/24").trace_calls(false).add();
    let authority = lab.host("authority").at(2, 1).address("10.0.0.3/24").trace_calls(false).add();
    lab.link(client, sw, LinkOptions::default().delay(rtt / 2));
    lab.link(sw, server, LinkOptions::default());
    lab.link(sw, authority, LinkOptions::default());
    lab.introduce_everybody();
    [client, server, authority].map(|it| lab.net(it))
}

fn version(knobs: &Knobs) -> Version {
    if knobs.choice("tls") == "1.2" { Version::Tls12 } else { Version::Tls13 }
}

fn fault(knobs: &Knobs) -> Fault {
    Fault::named(knobs.choice("fault")).expect("the knob has the words of the faults")
}

fn faulty(ground: &Ground, knobs: &Knobs) -> Faulty {
    let depth = u8::try_from(knobs.number("intermediates")).expect("the knob's limit is small");
    Faulty::new(ground, fault(knobs), (NAME, CRL), depth).expect("its names are names")
}
