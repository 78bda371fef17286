//! Who says what to whom in the NAT's run, and everything that was heard.
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use super::Nets;
use crate::lab::{LabDatagrams, LabNet};
use crate::net::Net;
use crate::recording::Time;

/// The port a and b speak from, both.
pub(super) const INSIDE: u16 = 5000;
/// Where peer and other listen; peer also at the next one.
pub(super) const OUTSIDE: u16 = 7100;
/// The port home forwards, if it does.
pub(super) const FORWARDED: u16 = 8000;

/// What is said, in this order; each is recognised by its words when it arrives.
pub(super) mod words {
    pub(in super::super) const FIRST: &str = "a to peer";
    pub(in super::super) const ANSWER: &str = "peer answers a";
    pub(in super::super) const OTHER_PORT: &str = "peer to a, from another port";
    pub(in super::super) const STRANGER: &str = "other to a, unasked";
    pub(in super::super) const COLLISION: &str = "b to peer, from the same port as a";
    pub(in super::super) const ELSEWHERE: &str = "a to other, from the same port";
    pub(in super::super) const HAIRPIN: &str = "b to a, at its address outside";
    pub(in super::super) const FORWARDED: &str = "other to home's port 8000";
    pub(in super::super) const LATE: &str = "peer to a, after the silence";
    pub(in super::super) const AGAIN: &str = "a to peer, after the silence";
    pub(in super::super) const FLOW: &str = "one of many";
}

/// A datagram that arrived at a program.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    pub(super) at: Time,
    pub(super) from: SocketAddr,
    pub(super) words: String,
}

/// What the programs heard, together, and what was done.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) heard: Rc<RefCell<Vec<Heard>>>,
    /// When the silence began and ended.
    pub(super) silent: Cell<Option<(Time, Time)>>,
    pub(super) flows: Cell<usize>,
}

impl Seen {
    /// The first arrival of these words.
    pub(super) fn first(&self, words: &str) -> Option<Heard> {
        self.heard.borrow().iter().find(|it| it.words == words).cloned()
    }

    pub(super) fn count(&self, words: &str) -> usize {
        self.heard.borrow().iter().filter(|it| it.words == words).count()
    }
}

/// A socket whose arrivals are written down for as long as the run lasts.
struct Ear(Rc<LabDatagrams>);

impl Ear {
    async fn open(net: &LabNet, port: u16, seen: &Seen) -> Self {
        let socket = net.bind(SocketAddr::from(([0, 0, 0, 0], port))).await;
        let socket = Rc::new(socket.expect("each port of a host is bound once here"));
        let (own, listening, heard) = (net.clone(), Rc::clone(&socket), Rc::clone(&seen.heard));
        net.spawn(async move {
            let mut buffer = [0; 128];
            while let Ok((length, from)) = listening.receive(&mut buffer).await {
                let words = String::from_utf8_lossy(&buffer[..length]).into_owned();
                own.note(format!("hears \"{words}\" from {from}"));
                heard.borrow_mut().push(Heard { at: own.now(), from, words });
            }
        });
        Self(socket)
    }

    async fn say(&self, words: &str, to: SocketAddr) {
        self.0.send_to(words.as_bytes(), to).await.expect("it fits, and there is a route");
    }
}

/// The script's own knobs.
pub(super) struct Script {
    /// Between one thing and the next: longer than a round trip.
    pub(super) pause: Duration,
    pub(super) silence: Duration,
    pub(super) flows: u16,
}

impl Script {
    pub(super) async fn play(&self, nets: &Nets, seen: &Seen) {
        let Nets { a, b, peer, other } = nets;
        let (at_a, at_b) = (Ear::open(a, INSIDE, seen).await, Ear::open(b, INSIDE, seen).await);
        let (at_peer, beside) = (Ear::open(peer, OUTSIDE, seen).await, Ear::open(peer, OUTSIDE + 1, seen).await);
        let at_other = Ear::open(other, OUTSIDE, seen).await;
        let _forwarded = Ear::open(b, FORWARDED, seen).await;
        let to = |it: &LabNet| SocketAddr::new(it.address().expect("hosts have addresses"), OUTSIDE);
        let (to_peer, to_other) = (to(peer), to(other));
        self.step(a, &at_a, words::FIRST, to_peer).await;
        let Some(outside) = seen.first(words::FIRST).map(|it| it.from) else {
            return a.note("nothing of a reaches peer: there is nothing to answer");
        };
        self.step(peer, &at_peer, words::ANSWER, outside).await;
        self.step(peer, &beside, words::OTHER_PORT, outside).await;
        self.step(other, &at_other, words::STRANGER, outside).await;
        self.step(b, &at_b, words::COLLISION, to_peer).await;
        self.step(a, &at_a, words::ELSEWHERE, to_other).await;
        self.step(b, &at_b, words::HAIRPIN, outside).await;
        let port = SocketAddr::new(outside.ip(), FORWARDED);
        self.step(other, &at_other, words::FORWARDED, port).await;
        let began = a.now();
        a.sleep(self.silence).await;
        seen.silent.set(Some((began, a.now())));
        self.step(peer, &at_peer, words::LATE, outside).await;
        self.step(a, &at_a, words::AGAIN, to_peer).await;
        self.flood(a, to_peer, seen).await;
    }

    /// One datagram, and time for all it brings about.
    async fn step(&self, net: &LabNet, from: &Ear, words: &str, to: SocketAddr) {
        net.note(format!("says \"{words}\" to {to}"));
        from.say(words, to).await;
        net.sleep(self.pause).await;
    }

    /// Many sockets of one host, a datagram from each.
    async fn flood(&self, a: &LabNet, to: SocketAddr, seen: &Seen) {
        let mut sockets = Vec::new();
        for port in (20_000..).take(self.flows.into()) {
            let socket = a.bind(SocketAddr::from(([0, 0, 0, 0], port))).await.expect("each port is bound once here");
            socket.send_to(words::FLOW.as_bytes(), to).await.expect("it fits, and there is a route");
            sockets.push(socket);
            a.sleep(Duration::from_millis(1)).await;
        }
        seen.flows.set(sockets.len());
        a.sleep(self.pause).await;
    }
}
