//! The same small messages over UDP, TCP, WebSocket, HTTP/1.1, HTTP/2 and HTTP/3: what each byte on the wire is spent on.
//!
//! ```text
//! client ── server        one protocol after another: N messages there, each comes back
//! ```
mod found;
mod over;
mod script;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::rc::Rc;

use crate::demos::findings::note_end;
use crate::demos::web::{Certified, SITE, pair};
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{Lab, LinkOptions};
use crate::quantity::Unit;
use crate::recording::Recording;
use script::{Stand, Talk};

pub(super) const DEMO: Demo = Demo {
    name: "protocol-overhead",
    title: "What a small message costs on the wire",
    about: "The same messages go there and come back over UDP, TCP, WebSocket, HTTP/1.1, HTTP/2 and HTTP/3. Every byte of every \
            packet is counted by what it is for: link, IP, transport, TLS, framing, header fields, payload. The first message brings \
            the handshakes with it, so it stands apart from the later ones.",
    chapters: &["W3"],
    live: None,
    knobs: &[
        Knob::choice("protocol", "all, one after another, or one alone", &NAMES),
        Knob::quantity("messages", "there and back, over each protocol", Unit::Count, [1, 100, 1, 10]),
        Knob::quantity("size", "of a message; as much as one datagram carries", Unit::Bytes, [1, 1400, 20, 20]),
        Knob::choice(
            "headers",
            "fields of an HTTP request: a program's, or as many as a browser sends",
            &["few", "browser"],
        ),
        Knob::choice(
            "tls",
            "TLS 1.3 under TCP, WebSocket, HTTP/1.1 and HTTP/2; HTTP/3 has it always, UDP never",
            &["on", "off"],
        ),
        Knob::choice(
            "sending",
            "each message when the answer to the last is here, or all behind the first at once",
            &["one-by-one", "burst"],
        ),
        Knob::millis("interval", "from an answer to the next message", [0, 1000, 10, 100]),
        // Never none: what is sent at an instant could not be told from what it answers.
        Knob::millis("rtt", "time to the server and back", [10, 500, 10, 40]),
    ],
    exports: &[],
    view: "table",
    run,
};

const NAMES: [&str; 7] = ["all", "udp", "tcp", "websocket", "http1.1", "http2", "http3"];

/// What carries the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Udp,
    Tcp,
    WebSocket,
    Http1,
    Http2,
    Http3,
}

impl Protocol {
    pub(super) const ALL: [Self; 6] = [Self::Udp, Self::Tcp, Self::WebSocket, Self::Http1, Self::Http2, Self::Http3];

    /// Its name in measurements and markers.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::WebSocket => "websocket",
            Self::Http1 => "http1",
            Self::Http2 => "http2",
            Self::Http3 => "http3",
        }
    }

    /// Its name for a person.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP, a length first",
            Self::WebSocket => "WebSocket",
            Self::Http1 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
            Self::Http3 => "HTTP/3",
        }
    }

    /// Where its server listens: a port of its own, so that packets tell whose they are.
    pub(super) const fn port(self) -> u16 {
        match self {
            Self::Udp => 9000,
            Self::Tcp => 9001,
            Self::WebSocket => 9002,
            Self::Http1 => 9003,
            Self::Http2 => 9004,
            // Where captures are looked through for QUIC.
            Self::Http3 => 443,
        }
    }

    /// Those a knob's value means.
    fn of(knobs: &Knobs) -> Vec<Self> {
        let word = knobs.choice("protocol");
        let chosen = Self::ALL.into_iter().zip(NAMES.into_iter().skip(1));
        chosen.filter(|(_, name)| word == "all" || word == *name).map(|it| it.0).collect()
    }
}

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let [client, server] = pair(&mut lab, LinkOptions::default().delay(knobs.time("rtt") / 2), |it| it);
    let certified = Certified::new(&client, setup.seed, &[SITE]).expect("the lab's names are names");
    let talks = Rc::<RefCell<Vec<Talk>>>::default();
    let stand = Stand::new(client, server, certified.clone(), setup.seed, knobs);
    let protocols = Protocol::of(knobs);
    let ended = lab.run(script::play(&stand, &protocols, &talks));
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    recording.open_with(certified.secrets());
    note_end(&mut recording, ended);
    found::found(&recording, &talks.borrow(), knobs).into(&mut recording);
    recording
}
