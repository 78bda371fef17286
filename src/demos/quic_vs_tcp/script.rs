//! What the clients do: an earlier visit where the knob says so, then the page; another address on the way; TCP where QUIC gets nowhere.
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use crate::demos::Knobs;
use crate::demos::quic_and_tcp::{self, ANY, Carrier, Got, Hosts, NAME, SERVER};
use crate::lab::LabNet;
use crate::net::{Observed, Seen};
use crate::recording::Time;
use crate::services::quic::{self, Opening, Qlog};
use crate::services::tls::Ground;
use crate::services::{both, h3, http, while_heard, within};

/// Connections that a client opens for one page at the most.
const ATTEMPTS: usize = 8;
/// Between the earlier visit and the page: everything about it has come.
const PAUSE: Duration = Duration::from_secs(2);
/// The last byte of the address that a client moves to.
pub(super) const NEW: u8 = 77;
/// What comes at the very end of a client's patience has come in time.
const INSTANT: Duration = Duration::from_nanos(1);
/// Bytes of what the earlier visit fetches.
const SMALL: usize = 100;

/// How one client fared.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) begun: Cell<Time>,
    /// Each connection it used.
    pub(super) opened: RefCell<Vec<Open>>,
    pub(super) got: RefCell<Vec<Got>>,
    /// When the first byte of any answer was there.
    pub(super) first_byte: Cell<Option<Time>>,
    pub(super) moved: Cell<Option<Time>>,
    /// When it stopped: the page was there, or it gave up.
    pub(super) over: Cell<Option<Time>>,
    pub(super) challenges: Cell<u64>,
    pub(super) early: Cell<Option<bool>>,
}

/// An open connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) quic: bool,
    pub(super) from: Time,
    /// Over TCP: when that was open.
    pub(super) connected: Option<Time>,
    /// When requests could be sent.
    pub(super) ready: Time,
    /// When it was given up or had brought the page; none while it is used.
    pub(super) over: Option<Time>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Script {
    visited: bool,
    early: bool,
    streams: usize,
    size: usize,
    moves: Duration,
    fallback: Duration,
    patience: Duration,
}

/// One client with all it has.
struct Racer {
    net: LabNet,
    script: Script,
    quic: Option<(quic::Client, Rc<Seen>)>,
    tcp: http::Client,
    told: Rc<Told>,
}

impl Script {
    pub(super) fn of(knobs: &Knobs) -> Self {
        let count = |name| usize::try_from(knobs.number(name)).expect("the knob's limit is small");
        Self {
            visited: knobs.choice("mode") != "full",
            early: knobs.choice("mode") == "0-rtt",
            streams: count("streams"),
            size: count("size"),
            moves: knobs.time("move"),
            fallback: knobs.time("fallback"),
            patience: knobs.time("patience") + INSTANT,
        }
    }

    pub(super) async fn play(&self, hosts: &Hosts, ground: &Ground, told: &[Rc<Told>; 2], qlog: Option<Qlog>) {
        let [one, other] = [0, 1].map(|it: usize| &hosts.clients[it]);
        let prepared = async {
            let authority = quic_and_tcp::serve(&hosts.server, ground, self.early).await?;
            let heard = Observed::new(one);
            let quic = quic_and_tcp::quic_client(&heard, ground, &authority, qlog).await?;
            let tcp = || quic_and_tcp::tcp_client(ground, &authority, http::Version::Http2, self.early);
            Ok::<_, quic_and_tcp::NoServer>(((quic, heard.seen()), tcp()?, tcp()?))
        };
        let (quic, tcp, alone) = match prepared.await {
            Ok(prepared) => prepared,
            Err(error) => return hosts.server.note(format!("the server cannot be set up: {error}")),
        };
        let racer = |net: &LabNet, quic, tcp, told: &Rc<Told>| Racer {
            net: net.clone(),
            script: *self,
            quic,
            tcp,
            told: Rc::clone(told),
        };
        let [a, b] = [racer(one, Some(quic), tcp, &told[0]), racer(other, None, alone, &told[1])];
        if self.visited {
            both(Box::pin(a.visit()), Box::pin(b.visit())).await;
            one.sleep(PAUSE).await;
        }
        // Boxed: what a page needs is deep, and an unoptimised build has no room for it on a thread's stack.
        both(Box::pin(a.race(0)), Box::pin(b.race(1))).await;
    }
}

impl Racer {
    /// The earlier visit: it leaves a ticket.
    async fn visit(&self) {
        if let Some((carrier, _)) = Box::pin(self.open()).await {
            carrier.heard().or_silence(&self.net, self.script.patience, carrier.one(0, SMALL)).await;
            if let Carrier::Three(connection) = &carrier {
                connection.quic().close(0x100_u32.into(), b"");
            }
        }
        if let Some((quic, _)) = &self.quic {
            // RFC 9000 §10.2: a closed connection is remembered for three probe timeouts.
            within(&self.net, PAUSE, quic.closed()).await;
        }
        self.told.opened.take();
        self.told.early.take();
    }

    async fn race(&self, index: u8) {
        self.told.begun.set(self.net.now());
        if !self.script.moves.is_zero() {
            let (net, told, quic, after) = (self.net.clone(), Rc::clone(&self.told), self.client(), self.script.moves);
            self.net.spawn(async move {
                net.sleep(after).await;
                if told.over.get().is_none() {
                    told.moved.set(Some(net.now()));
                    move_to_another(&net, index, quic).await;
                }
            });
        }
        for _ in 0..ATTEMPTS {
            let missing = self.missing();
            if missing.is_empty() {
                break;
            }
            let Some((carrier, accepted)) = Box::pin(self.open()).await else { continue };
            let got = carrier.page(&self.net, &missing, self.script.size, self.script.patience).await;
            self.told.got.borrow_mut().extend(got);
            if let Some(open) = self.told.opened.borrow_mut().last_mut() {
                open.over = Some(self.net.now());
            }
            self.told.first_byte.set(self.told.first_byte.get().or(carrier.heard().first()));
            if let Carrier::Three(connection) = &carrier {
                let seen = connection.quic().stats().frame_rx.path_challenge;
                self.told.challenges.set(self.told.challenges.get() + seen);
            }
            if let Some(accepted) = accepted {
                self.told.early.set(within(&self.net, self.script.patience, accepted).await);
            }
        }
        self.told.over.set(Some(self.net.now()));
        let missing = self.missing().len();
        if missing > 0 {
            self.net.note(format!("the client gives up: {missing} resources of {} did not come", self.script.streams));
        }
    }

    fn missing(&self) -> Vec<usize> {
        let got = self.told.got.borrow();
        (1..=self.script.streams).filter(|number| got.iter().all(|it| it.number != *number)).collect()
    }

    fn client(&self) -> Option<quic::Client> {
        self.quic.as_ref().map(|(client, _)| client.clone())
    }

    /// A connection: QUIC where there is a client for it, and TCP beside it when nothing comes for long; the first one wins.
    async fn open(&self) -> Option<(Carrier, Option<quinn::ZeroRttAccepted>)> {
        let (from, net, script) = (self.net.now(), &self.net, &self.script);
        let Some((quic, seen)) = &self.quic else { return Some((self.over_tcp(from).await?, None)) };
        let connecting = match quic.connect_early(SERVER, NAME).ok()? {
            // What was sent early is under way: whether it arrives, its answer tells.
            Opening::Early(connection, accepted) => {
                return Some((self.over_quic(from, connection).await?, Some(accepted)));
            }
            Opening::Full(connecting) => connecting,
        };
        // A handshake that fails and one that is silent for too long are the same to who waits for it.
        let shaking = async { while_heard(net, script.patience, || seen.last_heard(), connecting).await?.ok() };
        let mut shaking = pin!(shaking);
        let shaken = while_heard(net, script.fallback, || seen.last_heard(), shaking.as_mut()).await;
        let mut failed = match shaken {
            Some(Some(connection)) => return Some((self.over_quic(from, connection).await?, None)),
            Some(None) => true,
            None => false,
        };
        let mut tcp = pin!(self.over_tcp(net.now()));
        let mut no_tcp = false;
        let first = poll_fn(|cx| {
            if !failed && let Poll::Ready(done) = shaking.as_mut().poll(cx) {
                match done {
                    Some(connection) => return Poll::Ready(Some(Err(connection))),
                    None => failed = true,
                }
            }
            if !no_tcp && let Poll::Ready(done) = tcp.as_mut().poll(cx) {
                match done {
                    Some(carrier) => return Poll::Ready(Some(Ok(carrier))),
                    None => no_tcp = true,
                }
            }
            if failed && no_tcp { Poll::Ready(None) } else { Poll::Pending }
        });
        match first.await? {
            Ok(carrier) => Some((carrier, None)),
            Err(connection) => Some((self.over_quic(from, connection).await?, None)),
        }
    }

    async fn over_quic(&self, from: Time, connection: quic::Connection) -> Option<Carrier> {
        let carrier = h3::Connection::begin(&self.net, connection).await.ok()?;
        self.opened(Open { quic: true, from, connected: None, ready: self.net.now(), over: None });
        Some(Carrier::Three(carrier))
    }

    async fn over_tcp(&self, from: Time) -> Option<Carrier> {
        let net = Observed::new(&self.net);
        let (seen, opening) = (net.seen(), Box::pin(self.tcp.open(&net)));
        let connection = while_heard(&self.net, self.script.patience, || seen.last_heard(), opening).await?.ok()?;
        let (connected, ready) = (Some(connection.opened().connected), connection.opened().ready);
        self.opened(Open { quic: false, from, connected, ready, over: None });
        Some(Carrier::Two(Rc::new(connection)))
    }

    fn opened(&self, open: Open) {
        self.told.opened.borrow_mut().push(open);
    }
}

/// The host loses its address and gets another of the same network; a QUIC client opens a new socket there (RFC 9000 §9.2).
async fn move_to_another(net: &LabNet, index: u8, quic: Option<quic::Client>) {
    let [old, new, gateway] = [2, NEW, 1].map(|host| IpAddr::from([10, 0, index, host]));
    net.note(format!("the network takes {old} away and gives {new}"));
    net.add_address(new, 24, false);
    net.remove_address(old);
    net.set_gateway(Some(gateway));
    if let Some(quic) = quic {
        drop(quic.rebind(net, ANY).await);
    }
}
