//! The year: the first certificate, then renewals as the rule says, and visitors who check what they are shown.
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use hyper::body::Bytes;

use super::prover::{CA, NAME, Places, zone};
use super::{DAY, Nets, challenge, days, rule};
use crate::demos::Knobs;
use crate::lab::LabNet;
use crate::net::Net;
use crate::recording::Time;
use crate::services::acme::{Acme, AcmeClient, AcmeError, AcmeOptions, Rule, Told, certificate_id};
use crate::services::dns;
use crate::services::http::{self, Page, Version};
use crate::services::tls::{
    Authority, Client, ClientOptions, Ground, Identity, LAB_BEGINS, Leaf, Server, ServerOptions, TlsError,
};
use crate::services::x509::{Certificate, date};

const HTTP: ([u8; 4], u16) = ([10, 0, 0, 2], 80);
const HTTPS: ([u8; 4], u16) = ([10, 0, 0, 2], 443);
const CA_AT: ([u8; 4], u16) = ([10, 0, 0, 3], 443);
const DNS_AT: ([u8; 4], u16) = ([10, 0, 0, 4], 53);
const BASE: &str = "https://ca.example";
/// A run has no more orders that fail: whoever fails that often has a fault to look at.
pub(super) const MOST_FAILURES: usize = 60;
/// A run has no more orders: some more than a year of the shortest lifetime takes, renewed after two thirds of it.
pub(super) const MOST_ORDERS: usize = 100;

/// The first look at the certificate from an instant on: there is one a day.
fn next_look(from: Time) -> Time {
    let day = u64::try_from(DAY.as_nanos()).expect("a day fits");
    Time(from.0.div_ceil(day).saturating_mul(day))
}

/// One order as the server saw it.
#[derive(Clone, Debug)]
pub(super) struct Ordered {
    pub(super) from: Time,
    pub(super) to: Time,
    /// The certificate it gave, or why it gave none.
    pub(super) outcome: Result<Box<Certificate>, String>,
    /// How many states the client had been told before it.
    pub(super) told: usize,
}

/// What happened.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) orders: Vec<Ordered>,
    pub(super) told: Rc<RefCell<Vec<Told>>>,
    /// Visits, and why there was no handshake.
    pub(super) visits: Vec<(Time, Result<(), String>)>,
    /// The zone was broken, and mended.
    pub(super) zone: Vec<(Time, &'static str)>,
    /// The year went by, or the orders were too many.
    pub(super) whole: bool,
}

impl Seen {
    /// Why the run goes no further, where there were too many orders.
    pub(super) fn enough(&self) -> Option<String> {
        let failed = self.orders.iter().filter(|it| it.outcome.is_err()).count();
        if failed >= MOST_FAILURES {
            return Some(format!("{failed} orders that failed are enough to see what goes wrong"));
        }
        let all = self.orders.len();
        (all >= MOST_ORDERS)
            .then(|| format!("a run has {MOST_ORDERS} orders at the most, and a year of this rule more"))
    }
}

/// Everybody, and what they have.
pub(super) struct Stage {
    nets: Nets,
    ground: Ground,
    knobs: Knobs,
    seed: u64,
    seen: Rc<RefCell<Seen>>,
}

/// Since the beginning of the run: when the first renewal is due, by the server's rule and its own clock.
pub(super) fn first_due(knobs: &Knobs) -> Duration {
    let life = days(knobs, "lifetime");
    let left = if rule(knobs) == Rule::ThirtyDays { DAY * 30 } else { life / 3 };
    life.saturating_sub(left) + days(knobs, "skew")
}

impl Stage {
    pub(super) fn new(nets: Nets, ground: Ground, knobs: &Knobs, seed: u64, seen: Rc<RefCell<Seen>>) -> Self {
        Self { nets, ground, knobs: knobs.clone(), seed, seen }
    }

    pub(super) async fn play(self) {
        let started = self.start().await;
        let (places, mut client, root) = match started {
            Ok(started) => started,
            Err(error) => return self.nets.web.note(format!("nobody starts: {error}")),
        };
        self.seen.borrow_mut().told = client.told();
        let end = Time::ZERO + days(&self.knobs, "days");
        let mut held = self.order(&mut client, &places).await.ok();
        self.set_zone(&places, self.knobs.choice("broken"));
        let (mut due, mut pause) = (self.due(&client, held.as_ref()).await, self.first_pause());
        let mut visit = Time::ZERO;
        while self.now() < end && self.seen.borrow().enough().is_none() {
            if self.now() >= visit {
                self.visit(&root).await;
                visit = self.now() + self.between_visits();
            }
            self.mend(&places);
            if self.now() >= due {
                match self.order(&mut client, &places).await {
                    Ok(new) => {
                        held = Some(new);
                        pause = self.first_pause();
                        due = self.due(&client, held.as_ref()).await;
                    }
                    Err(wait) => {
                        due = self.now() + pause.max(wait.unwrap_or_default());
                        pause = (pause * 2).min(days(&self.knobs, "lifetime") / 10);
                    }
                }
            }
            let next = due.min(visit).min(end);
            self.nets.web.sleep(next.since(self.now()).max(Duration::from_secs(1))).await;
        }
        self.seen.borrow_mut().whole = self.now() >= end;
    }

    fn now(&self) -> Time {
        self.nets.web.now()
    }

    /// After a failure the server waits this long, then twice as long each time.
    fn first_pause(&self) -> Duration {
        days(&self.knobs, "lifetime") / 90
    }

    fn between_visits(&self) -> Duration {
        (days(&self.knobs, "lifetime") / 3).clamp(DAY * 2, DAY * 5)
    }

    /// When the server renews next: at the first look after it is due by its own clock, which may be late.
    async fn due(&self, client: &AcmeClient<LabNet>, held: Option<&Certificate>) -> Time {
        let Some(held) = held else { return self.now() + self.first_pause() };
        let mut at = rule(&self.knobs).due(held);
        if rule(&self.knobs) == Rule::Asked
            && let Some(id) = certificate_id(held)
        {
            at = client.window(&id).await.map_or(at, |it| it.0);
        }
        let seconds = u64::try_from(at - i64::from(LAB_BEGINS)).unwrap_or(0);
        let at = Time::ZERO + Duration::from_secs(seconds) + days(&self.knobs, "skew");
        next_look(at.max(self.now() + Duration::from_secs(1)))
    }

    /// Orders, and serves with what came; else how long the authority says to wait, if it says so.
    async fn order(&self, client: &mut AcmeClient<LabNet>, places: &Places) -> Result<Certificate, Option<Duration>> {
        let (from, told) = (self.now(), self.seen.borrow().told.borrow().len());
        let got = client.order(&[NAME], challenge(&self.knobs), places).await;
        let wait = match &got {
            Err(AcmeError::Refused { retry, .. }) => *retry,
            _ => None,
        };
        let outcome = got.map_err(|it| it.to_string()).and_then(|identity| {
            let own = identity.read().into_iter().next().ok_or("no certificate")?;
            self.install(places, identity).map_err(|it| it.to_string())?;
            Ok(Box::new(own))
        });
        self.nets.web.note(match &outcome {
            Ok(own) => format!("a certificate, good until {}", date(own.not_after)),
            Err(why) => why.clone(),
        });
        self.seen.borrow_mut().orders.push(Ordered { from, to: self.now(), outcome: outcome.clone(), told });
        outcome.map(|it| *it).map_err(|_| wait)
    }

    fn install(&self, places: &Places, identity: Identity) -> Result<(), TlsError> {
        let options = ServerOptions { forgets: true, ..ServerOptions::default() };
        *places.tls.borrow_mut() = Server::with(&self.ground, identity, options)?;
        Ok(())
    }

    fn set_zone(&self, places: &Places, how: &'static str) {
        if how != *places.broken.borrow() {
            places.break_zone(how, challenge(&self.knobs));
            self.nets.dns.note(if how == "none" {
                "the zone is mended".to_owned()
            } else {
                format!("the zone is broken: {how}")
            });
            self.seen.borrow_mut().zone.push((self.now(), how));
        }
    }

    fn mend(&self, places: &Places) {
        let after = days(&self.knobs, "repaired");
        if !after.is_zero() && self.now() >= Time::ZERO + first_due(&self.knobs) + after {
            self.set_zone(places, "none");
        }
    }

    /// A visitor whose clock is right and who trusts the authority's root.
    async fn visit(&self, root: &Client) {
        let net = &self.nets.visitor;
        let shaken = async {
            let stream = net.connect(SocketAddr::from(HTTPS)).await?;
            root.connect(net, stream, NAME).await
        };
        let outcome = shaken.await.map(drop).map_err(|it| it.to_string());
        if let Err(why) = &outcome {
            net.note(format!("no visit: {why}"));
        }
        self.seen.borrow_mut().visits.push((net.now(), outcome));
    }

    async fn start(&self) -> Result<(Places, AcmeClient<LabNet>, Client), TlsError> {
        let root = Authority::over(&self.ground, "Lab Root", 1)?;
        let (issuer, trusted) = (root.intermediate("Lab Issuer", 0)?, [root.certificate()]);
        let zone = zone();
        dns::serve(&self.nets.dns, SocketAddr::from(DNS_AT), zone.clone()).await?;
        // Nobody renews the authority's own certificate here.
        let own = root.sign(&Leaf::server(&[CA])?.days(1000))?;
        let own = Server::new(&self.ground, own, &[crate::services::tls::HTTP_1_1])?;
        let options = AcmeOptions {
            base: BASE.to_owned(),
            lifetime: days(&self.knobs, "lifetime"),
            weekly: usize::try_from(self.knobs.number("limit")).expect("the knob's limit is small"),
            resolver: SocketAddr::from(DNS_AT),
            http_port: HTTP.1,
            tls_port: HTTPS.1,
            issuer: CA.to_owned(),
            lists_revoked: false,
            seed: Some(self.seed),
        };
        let listener = self.nets.ca.listen(SocketAddr::from(CA_AT)).await?;
        let serving = Acme::new(&self.nets.ca, &self.ground, issuer, options).serve(listener, own);
        self.nets.ca.spawn(async move { drop(serving.await) });
        let places = self.web(zone).await?;
        let tls = Client::with(&self.ground, &trusted, ClientOptions { forgets: true, ..ClientOptions::default() })?;
        let http = http::Client::new(Version::Http11, SocketAddr::from(CA_AT), CA).over(&tls);
        Ok((places, AcmeClient::new(&self.nets.web, &self.ground, http, BASE), tls))
    }

    /// The web server on both ports; until it has a certificate it shows one that nobody vouches for.
    async fn web(&self, zone: dns::Authority) -> Result<Places, TlsError> {
        let own = Identity::self_signed(&self.ground, &Leaf::server(&[NAME])?)?;
        let tls = Rc::new(RefCell::new(Server::new(&self.ground, own, &[])?.without_tickets()));
        let places = Places {
            ground: self.ground.clone(),
            files: Rc::default(),
            tls,
            zone,
            broken: Rc::new(RefCell::new("none")),
        };
        let (net, files) = (self.nets.web.clone(), Rc::clone(&places.files));
        let page = move |path: &str| {
            let body = files.borrow().get(path).cloned()?;
            Some(Page { content_type: "application/octet-stream", body: Bytes::from(body) })
        };
        let listener = net.listen(SocketAddr::from(HTTP)).await?;
        let serving = http::serve(net.clone(), listener, page);
        net.spawn(async move { drop(serving.await) });
        let (own, tls) = (net.clone(), Rc::clone(&places.tls));
        let listener = net.listen(SocketAddr::from(HTTPS)).await?;
        net.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (net, tls) = (own.clone(), tls.borrow().clone());
                own.spawn(async move {
                    use tokio::io::{AsyncReadExt, AsyncWriteExt};
                    let Ok(mut stream) = tls.accept(&net, stream).await else { return };
                    drop(stream.read(&mut [0; 100]).await);
                    drop(stream.shutdown().await);
                });
            }
        });
        Ok(places)
    }
}
