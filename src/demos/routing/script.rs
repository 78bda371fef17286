//! Who is asked for an echo, what is done to the table in between, and what came of it.
use std::cell::{Cell, RefCell};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use super::Town;
use crate::lab::Control;
use crate::net::Net as _;
use crate::recording::Time;

/// Whom the client asks, in this order: a /16, a /24 inside it, a network nobody has, an address no line but the default
/// fits, and one that the /8 fits.
pub(super) const ASKED: [Ipv4Addr; 4] =
    [Ipv4Addr::new(10, 2, 3, 4), Ipv4Addr::new(10, 2, 9, 9), Ipv4Addr::new(10, 7, 7, 7), Ipv4Addr::new(192, 0, 2, 1)];
const PORT: u16 = 7100;
/// A ping in a loop of 64 hops ends long before.
const PATIENCE: Duration = Duration::from_secs(70);

/// One question and what it came to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trip {
    pub(super) to: Ipv4Addr,
    pub(super) at: Time,
    pub(super) outcome: Result<Duration, ErrorKind>,
}

/// What the script saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) before: RefCell<Vec<Trip>>,
    pub(super) changed: Cell<Option<Time>>,
    /// To the server, after the change.
    pub(super) after: Cell<Option<Trip>>,
    /// The numbers of the datagrams as they arrived.
    pub(super) arrived: Rc<RefCell<Vec<u8>>>,
    pub(super) sent: Cell<u8>,
}

/// The script's own knobs.
pub(super) struct Script {
    pub(super) control: Control,
    pub(super) change: &'static str,
    pub(super) pause: Duration,
    pub(super) datagrams: u8,
}

impl Script {
    pub(super) async fn play(&self, town: &Town, seen: &Seen) {
        self.control.show_routes(town.r1);
        for to in ASKED {
            let trip = self.ping(town, to).await;
            seen.before.borrow_mut().push(trip);
        }
        if seen.before.borrow().iter().all(|it| it.outcome.is_err()) {
            return town.client.note("nothing answers: the client gave up");
        }
        self.flow(town, seen).await;
        if self.change == "none" {
            return;
        }
        seen.changed.set(Some(town.client.now()));
        self.change(town);
        self.control.show_routes(town.r1);
        let trip = self.ping(town, ASKED[0]).await;
        seen.after.set(Some(trip));
    }

    async fn ping(&self, town: &Town, to: Ipv4Addr) -> Trip {
        let at = town.client.now();
        let outcome = town.client.ping(to, PATIENCE).await.map_err(|it| it.kind());
        town.client.sleep(self.pause).await;
        Trip { to, at, outcome }
    }

    fn change(&self, town: &Town) {
        let Self { control, .. } = self;
        match self.change {
            "withdraw" => drop(control.withdraw_route(town.r1, "10.2.0.0/16")),
            "withdraw-all" => ["10.2.0.0/16", "10.0.0.0/8", "0.0.0.0/0"].iter().for_each(|to| {
                control.withdraw_route(town.r1, to);
            }),
            // Each takes the other for the way: what a half-spread change looks like.
            "loop" => control.replace_route(town.r2, "10.2.0.0/16", "10.9.12.1"),
            _ => control.add_route(town.r1, "10.2.3.4/32", "10.9.13.2"),
        }
    }

    /// Numbered datagrams of one flow, 1 ms apart.
    async fn flow(&self, town: &Town, seen: &Seen) {
        let Town { client, server, .. } = town;
        let at = |port| SocketAddr::from(([0, 0, 0, 0], port));
        let inbox = server.bind(at(PORT)).await.expect("a new host has every port free");
        let arrived = Rc::clone(&seen.arrived);
        server.spawn(async move {
            let mut number = [0];
            while inbox.receive(&mut number).await.is_ok() {
                arrived.borrow_mut().push(number[0]);
            }
        });
        let socket = client.bind(at(PORT)).await.expect("a new host has every port free");
        for number in 0..self.datagrams {
            let sent = socket.send_to(&[number], SocketAddr::new(ASKED[0].into(), PORT)).await;
            seen.sent.set(seen.sent.get() + u8::from(sent.is_ok()));
            client.sleep(Duration::from_millis(1)).await;
        }
        client.sleep(self.pause).await;
    }
}
