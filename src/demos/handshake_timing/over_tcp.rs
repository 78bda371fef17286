//! The visits over TCP: HTTP/1.1 or HTTP/2, with TLS or without.
use std::cell::RefCell;
use std::net::IpAddr;
use std::time::Duration;

use hickory_proto::rr::{RData, RecordType};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use super::world::{RESOLVER, World};
use super::{BETWEEN, HOST, Leg, PATIENCE, Part, visits as how_many};
use crate::demos::Knobs;
use crate::lab::LabNet;
use crate::net::{Net, Observed};
use crate::services::happy_eyeballs::{Outcome, Try};
use crate::services::http::Version;
use crate::services::tls::{self, ClientOptions, Ground, H2, HTTP_1_1};
use crate::services::visit::{Page, REDIRECTS, Visit, VisitError, Visitor};
use crate::services::x509::Certificate;
use crate::services::{both, dns};
use crate::wire::text::{date, visible_start};

/// Fields of an answer that are shown, and bytes of each.
const FIELDS: usize = 100;
const FIELD: usize = 500;

/// Who visits, how often, and how long after each other.
pub(super) struct Visits<'a, N: Net> {
    pub(super) net: &'a N,
    pub(super) ground: &'a Ground,
    pub(super) visitor: Visitor<N>,
    pub(super) page: Page,
    pub(super) times: usize,
    pub(super) apart: Duration,
}

/// The visits of a lab.
pub(super) async fn in_lab(world: &World, knobs: &Knobs, legs: &RefCell<Vec<Leg>>) -> Result<(), String> {
    let options = options(knobs, knobs.choice("session") == "full");
    let tls =
        tls::Client::with(&world.ground, &[world.authority.certificate()], options).map_err(|it| it.to_string())?;
    let scheme = if knobs.choice("tls") == "none" { "http" } else { "https" };
    let visits = Visits {
        net: &world.client,
        ground: &world.ground,
        visitor: Visitor::new(&world.client, tls, PATIENCE),
        page: format!("{scheme}://{HOST}/").parse().expect("the shop's page"),
        times: how_many(knobs),
        apart: BETWEEN,
    };
    let both_families = knobs.choice("ipv6") != "none";
    visits.go(async |net: &Observed<LabNet>, host: &str| look_up(net, host, both_families).await, legs).await;
    Ok(())
}

/// What the client's TLS is told.
pub(super) fn options(knobs: &Knobs, forgets: bool) -> ClientOptions<'static> {
    ClientOptions {
        protocols: if knobs.choice("http") == "1.1" { &[HTTP_1_1] } else { &[H2, HTTP_1_1] },
        version: Some(if knobs.choice("tls") == "1.2" { tls::Version::Tls12 } else { tls::Version::Tls13 }),
        forgets,
        early_data: knobs.choice("session") == "0-rtt",
        ..ClientOptions::default()
    }
}

impl<N: Net> Visits<'_, N> {
    /// Visits the page, and those it sends on to; says why the last visit ended, where it has no answer.
    pub(super) async fn go(
        &self,
        look_up: impl AsyncFn(&Observed<N>, &str) -> Result<Vec<IpAddr>, String>,
        legs: &RefCell<Vec<Leg>>,
    ) -> Option<String> {
        let mut trouble = None;
        for number in 0..self.times {
            if number > 0 {
                self.net.sleep(self.apart).await;
            }
            let (mut page, mut led) = (self.page.clone(), false);
            for hop in 0..=REDIRECTS {
                let sent_on = led.then(|| visible_start(page.to_string(), 200));
                let under_way = UnderWay { visit: RefCell::default(), legs, date: self.ground.now(), sent_on };
                let visit = &under_way.visit;
                let ended = self
                    .visitor
                    .visit(&page, async |net: &Observed<N>, host: &str| look_up(net, host).await, visit)
                    .await;
                let next = ended.and_then(|()| Ok(visit.borrow().redirect()?)).and_then(|next| match next {
                    Some(_) if hop == REDIRECTS => Err(VisitError::Redirects),
                    next => Ok(next),
                });
                drop(under_way);
                let next = next.map_err(|it| trouble = Some(it.to_string())).ok().flatten();
                if let Some(trouble) = &trouble {
                    self.net.note(format!("visit {} gave up: {trouble}", number + 1));
                    legs.borrow_mut().last_mut().expect("just there").gives_up(self.net.now(), trouble);
                }
                let Some(next) = next else { break };
                (page, led) = (next, true);
            }
            if trouble.is_some() {
                break;
            }
        }
        trouble
    }
}

/// A visit under way: a run that is cut off in it keeps what it has come to.
struct UnderWay<'a> {
    visit: RefCell<Visit>,
    legs: &'a RefCell<Vec<Leg>>,
    date: Duration,
    sent_on: Option<String>,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let leg = Leg { date: self.date, sent_on: self.sent_on.take(), ..leg(&self.visit.borrow()) };
        self.legs.borrow_mut().push(leg);
    }
}

/// The addresses of a name: IPv4's, and IPv6's asked for at the same time.
pub(super) async fn look_up(net: &impl Net, host: &str, both_families: bool) -> Result<Vec<IpAddr>, String> {
    let name = dns::name(host).map_err(|it| it.to_string())?;
    let ask = async |kind, id| dns::ask(net, RESOLVER, dns::query(&name, kind, id)).await;
    let (a, aaaa) = if both_families {
        let (a, aaaa) = both(ask(RecordType::A, 1), ask(RecordType::AAAA, 2)).await;
        (a, Some(aaaa))
    } else {
        (ask(RecordType::A, 1).await, None)
    };
    let mut addresses = Vec::new();
    for reply in [Some(a), aaaa].into_iter().flatten() {
        let reply = reply.map_err(|it| it.to_string())?;
        addresses.extend(reply.answers.iter().filter_map(|it| match it.data {
            RData::A(address) => Some(IpAddr::V4(address.0)),
            RData::AAAA(address) => Some(IpAddr::V6(address.0)),
            _ => None,
        }));
    }
    Ok(addresses)
}

/// What a visit came to.
pub(super) fn leg(visit: &Visit) -> Leg {
    let mut leg = Leg { began: visit.began, looked_up: visit.looked_up, asked: visit.requested(), ..Leg::default() };
    leg.page = visit.page.as_ref().map(ToString::to_string).unwrap_or_default();
    leg.peer = visit.ends.map(|(_, peer)| peer);
    leg.spoke_to = leg.peer.or_else(|| Some(visit.tries.last()?.to));
    leg.proxy = visit.proxy.as_ref().map(ToString::to_string);
    leg.standing = visit.stands_in().map(|(phase, at)| (phase.name(), at));
    leg.http = visit.version.map_or("", Version::name);
    leg.parts = visit.phases().into_iter().map(|(phase, from, to)| Part { name: phase.name(), from, to }).collect();
    leg.tries = visit.tries.iter().map(tried).collect();
    leg.waited = waited(&visit.tries);
    if let Some(over) = visit.told.as_ref().and_then(|it| it.over()) {
        let agreed = &over.agreed;
        leg.agreed = vec![
            ("version", agreed.version.clone()),
            ("suite", agreed.suite.clone()),
            ("group", agreed.group.clone()),
            ("protocol", agreed.protocol.clone()),
        ];
        (leg.resumed, leg.early) = (Some(agreed.resumed), agreed.early);
        if !agreed.resumed {
            leg.certificates = over.shown.iter().map(|it| it.len()).sum();
            leg.chain = over.shown.iter().map(|it| certificate(it)).collect();
        }
    }
    (leg.head, leg.done) = (visit.answered(), visit.done());
    if let Some(exchange) = &visit.exchange {
        leg.body = exchange.response.body.len();
        leg.status = Some(exchange.response.status.as_u16());
        leg.fields = fields(&exchange.response.headers);
    }
    leg
}

/// The fields of an answer, a line each; what another wrote is made visible, and there is no end of it.
pub(super) fn fields(headers: &HeaderMap) -> Vec<String> {
    let line =
        |(name, value): (&HeaderName, &HeaderValue)| format!("{name}: {}", visible_start(value.as_bytes(), FIELD));
    headers.iter().take(FIELDS).map(line).collect()
}

/// A certificate in a line; what another wrote into it is made visible.
pub(super) fn certificate(der: &[u8]) -> String {
    let Ok(it) = Certificate::read(der) else { return format!("{} bytes that are no certificate", der.len()) };
    let until = u32::try_from(it.not_after).map_or_else(|_| "no date that is known here".to_owned(), date);
    let (subject, issuer) = (visible_start(&it.subject, 100), visible_start(&it.issuer, 100));
    format!("{subject}, issued by {issuer}, good until {until}")
}

/// How long after the first try the one that opened began.
pub(super) fn waited(tries: &[Try]) -> Duration {
    let open = tries.iter().find(|it| it.outcome == Outcome::Open);
    open.zip(tries.first()).map_or(Duration::ZERO, |(open, first)| open.began.since(first.began))
}

pub(super) fn tried(it: &Try) -> String {
    let outcome = match &it.outcome {
        Outcome::Open => "open",
        Outcome::Failed(why) => why,
        Outcome::GivenUp => "given up: another was open first",
    };
    format!("{}: {outcome}", it.to)
}
