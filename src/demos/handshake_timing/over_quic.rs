//! The visits over QUIC: HTTP/3.
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;

use super::over_tcp::{certificate, fields, look_up, tried, waited};
use super::world::{H3, World};
use super::{BETWEEN, HOST, Leg, PATIENCE, Part, visits as how_many};
use crate::demos::Knobs;
use crate::lab::LabNet;
use crate::net::{Net, Observed, Seen};
use crate::recording::Time;
use crate::services::quic::{Client, Connection, Opening, Options, Qlog};
use crate::services::tls::Ground;
use crate::services::visit::{Page, REDIRECTS, VisitError};
use crate::services::{h3, happy_eyeballs, within};
use crate::wire::text::visible_start;

/// The visits of a lab.
pub(super) async fn in_lab(
    world: &World,
    knobs: &Knobs,
    legs: &RefCell<Vec<Leg>>,
    qlog: Option<Qlog>,
) -> Result<(), String> {
    let visits = Visits {
        net: &world.client,
        ground: &world.ground,
        trusted: &[world.authority.certificate()],
        page: format!("https://{HOST}/").parse().expect("the shop's page"),
        times: how_many(knobs),
        apart: BETWEEN,
        patience: PATIENCE,
        early: knobs.choice("session") == "0-rtt",
        qlog,
    };
    let both_families = knobs.choice("ipv6") != "none";
    visits.go(async |net: &Observed<LabNet>, host: &str| look_up(net, host, both_families).await, legs).await;
    Ok(())
}

/// Who visits what, how often, and how long after each other.
pub(super) struct Visits<'a, N: Net> {
    pub(super) net: &'a N,
    pub(super) ground: &'a Ground,
    pub(super) trusted: &'a [CertificateDer<'static>],
    pub(super) page: Page,
    pub(super) times: usize,
    pub(super) apart: Duration,
    /// Each of connecting and waiting for an answer is given up after this long.
    pub(super) patience: Duration,
    pub(super) early: bool,
    pub(super) qlog: Option<Qlog>,
}

/// What is kept from one visit to the next.
#[derive(Default)]
struct Kept {
    /// A socket for each family; tickets are theirs together.
    clients: BTreeMap<bool, Client>,
    /// Where a host answered.
    places: BTreeMap<String, SocketAddr>,
}

/// A visit under way: what it comes to stands in the last of the legs.
struct UnderWay<'a, N: Net> {
    net: Observed<N>,
    seen: Rc<Seen>,
    legs: &'a RefCell<Vec<Leg>>,
    page: &'a Page,
}

impl<N: Net> UnderWay<'_, N> {
    fn tell(&self, what: impl FnOnce(&mut Leg)) {
        what(self.legs.borrow_mut().last_mut().expect("it was put there first"));
    }

    /// The last bytes that came in until then; they came after what they answer.
    fn came(&self, understood: Time, after: Time) -> Time {
        self.seen.came_until(understood).unwrap_or(understood).max(after)
    }
}

impl<N: Net> Visits<'_, N> {
    /// Visits the page, and those it sends on to; says why the last visit ended, where it has no answer.
    pub(super) async fn go(
        &self,
        look_up: impl AsyncFn(&Observed<N>, &str) -> Result<Vec<IpAddr>, String>,
        legs: &RefCell<Vec<Leg>>,
    ) -> Option<String> {
        // One for all visits: they share sockets.
        let (net, mut kept) = (Observed::new(self.net), Kept::default());
        for number in 0..self.times {
            if number > 0 {
                self.net.sleep(self.apart).await;
            }
            let (mut page, mut sent_on) = (self.page.clone(), false);
            for hop in 0..=REDIRECTS {
                let (began, text) = (net.now(), page.to_string());
                let sent_on_to = sent_on.then(|| visible_start(&text, 200));
                let (date, standing) = (self.ground.now(), Some(("DNS", began)));
                let leg =
                    Leg { began, page: text, sent_on: sent_on_to, date, standing, http: "HTTP/3", ..Leg::default() };
                legs.borrow_mut().push(leg);
                let under_way = UnderWay { seen: net.seen(), net: net.clone(), legs, page: &page };
                let next = match self.visit(&under_way, &look_up, &mut kept).await {
                    Ok(Some(_)) if hop == REDIRECTS => Err(VisitError::Redirects.to_string()),
                    other => other,
                };
                let next = match next {
                    Ok(next) => next,
                    Err(trouble) => {
                        self.net.note(format!("visit {} gave up: {trouble}", number + 1));
                        under_way.tell(|leg| leg.gives_up(self.net.now(), &trouble));
                        return Some(trouble);
                    }
                };
                let Some(next) = next else { break };
                (page, sent_on) = (next, true);
            }
        }
        None
    }

    /// One visit; the page it is sent on to, if any.
    async fn visit(
        &self,
        under_way: &UnderWay<'_, N>,
        look_up: &impl AsyncFn(&Observed<N>, &str) -> Result<Vec<IpAddr>, String>,
        kept: &mut Kept,
    ) -> Result<Option<Page>, String> {
        let (net, page) = (&under_way.net, under_way.page);
        if !page.secure {
            return Err("HTTP/3 is never in cleartext (RFC 9114 §3.1), and the page is".to_owned());
        }
        let began = net.now();
        let (addresses, found) = match page.address() {
            Some(address) => (vec![address], began),
            None => (look_up(net, &page.host).await.map_err(|it| VisitError::LookUp(it).to_string())?, net.now()),
        };
        let ordered = happy_eyeballs::order(addresses);
        let places: Vec<SocketAddr> = ordered.into_iter().map(|it| SocketAddr::new(it, page.port)).collect();
        under_way.tell(|leg| {
            (leg.looked_up, leg.standing) = (Some(found), Some(("QUIC", found)));
            let (from, to) = under_way.seen.exchange(began, found);
            // Where nobody had to be asked, no query went out.
            let has_asked = under_way.seen.sent_from(began).is_some_and(|it| it < found);
            leg.parts.extend(has_asked.then_some(Part { name: "DNS", from, to }));
        });
        let first = !kept.places.contains_key(&page.host);
        let told = Rc::<Cell<Option<(Time, bool)>>>::default();
        let quic = self.open(under_way, &places, kept, &told).await?;
        let peer = quic.remote_address();
        kept.places.insert(page.host.clone(), peer);
        under_way.tell(|leg| (leg.peer, leg.spoke_to) = (Some(peer), Some(peer)));
        let outcome = self.ask(under_way, &quic, &told, (found, first)).await;
        quic.close(0_u32.into(), b"");
        outcome
    }

    async fn ask(
        &self,
        under_way: &UnderWay<'_, N>,
        quic: &Connection,
        told: &Rc<Cell<Option<(Time, bool)>>>,
        (found, first): (Time, bool),
    ) -> Result<Option<Page>, String> {
        let (net, page) = (&under_way.net, under_way.page);
        let begun = under_way.seen.sent_from(found).unwrap_or(found);
        let connection = h3::Connection::begin(net, quic.clone()).await.map_err(|it| it.to_string())?;
        let handed = net.now();
        let over = |leg: &mut Leg, otherwise: Time| {
            let (over, early) = told.get().unwrap_or((otherwise, false));
            leg.early = early;
            leg.parts.push(Part { name: "QUIC", from: begun, to: under_way.came(over, begun) });
            leg.agreed = vec![("version", "TLS 1.3 in QUIC".to_owned()), ("protocol", "h3".to_owned())];
            // The library keeps the certificates of a host's first visit, and does not say whether a ticket was used without early data.
            leg.resumed = if first { Some(false) } else { early.then_some(true) };
            if first {
                let chain = chain(quic);
                leg.certificates = chain.iter().map(|it| it.len()).sum();
                leg.chain = chain.iter().map(|it| certificate(it)).collect();
            }
        };
        under_way.tell(|leg| (leg.asked, leg.standing) = (Some(handed), Some(("request and first byte", handed))));
        let authority = page.authority();
        let asking = connection.get(&authority, &page.path);
        let fetched = within(net, self.patience, asking).await;
        let asked = under_way.seen.sent_from(handed).unwrap_or(handed);
        let head = connection.heard().first().map(|it| under_way.came(it, asked));
        under_way.tell(|leg| {
            over(leg, head.unwrap_or(handed));
            (leg.asked, leg.head) = (Some(asked), head);
            leg.parts.extend(head.map(|to| Part { name: "request and first byte", from: asked, to }));
            leg.standing = head.map_or(Some(("request and first byte", asked)), |head| Some(("body", head)));
        });
        let late = || {
            let seconds = self.patience.as_secs();
            if head.is_some() {
                format!("the answer began, and was not whole within {seconds} s")
            } else {
                format!("no answer within {seconds} s")
            }
        };
        let fetched = fetched.ok_or_else(late)?.map_err(|it| it.to_string())?;
        let head = head.unwrap_or(asked);
        let done = under_way.came(fetched.done, head);
        under_way.tell(|leg| {
            leg.parts.push(Part { name: "body", from: head, to: done });
            (leg.done, leg.body, leg.standing) = (Some(done), fetched.response.body.len(), None);
            (leg.status, leg.fields) = (Some(fetched.response.status.as_u16()), fields(&fetched.response.headers));
        });
        let next = page.redirected(fetched.response.status.as_u16(), &fetched.response.header("location"));
        next.map_err(|it| VisitError::Page(it).to_string())
    }

    /// The client with a socket for the family of this address.
    async fn client(&self, net: &Observed<N>, to: IpAddr, kept: &mut Kept) -> Result<Client, String> {
        if let Some(client) = kept.clients.get(&to.is_ipv6()) {
            return Ok(client.clone());
        }
        let any: IpAddr = if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let at = SocketAddr::new(any, 0);
        let opened = match kept.clients.values().next() {
            Some(other) => other.beside(net, self.ground, at).await,
            None => {
                let options = Options { qlog: self.qlog.clone(), ..Options::default() };
                Client::open(net, self.ground, at, (self.trusted, H3), &options).await
            }
        };
        let client = opened.map_err(|it| it.to_string())?;
        kept.clients.insert(to.is_ipv6(), client.clone());
        Ok(client)
    }

    /// Opens a connection: with early data to where the last visit's answer came from, where that is wanted and a ticket allows
    /// it; else to whichever address answers first. `told` is when its handshake was over, and whether the early data was taken.
    async fn open(
        &self,
        under_way: &UnderWay<'_, N>,
        places: &[SocketAddr],
        kept: &mut Kept,
        told: &Rc<Cell<Option<(Time, bool)>>>,
    ) -> Result<Connection, String> {
        let (net, host) = (&under_way.net, under_way.page.host.as_str());
        if self.early
            && let Some(at) = kept.places.get(host).copied().filter(|it| places.contains(it))
            && let client = self.client(net, at.ip(), kept).await?
            && let Opening::Early(connection, accepted) = client.connect_early(at, host).map_err(|it| it.to_string())?
        {
            let (own, told) = (net.clone(), Rc::clone(told));
            net.spawn(async move {
                let taken = accepted.await;
                told.set(Some((own.now(), taken)));
            });
            return Ok(connection);
        }
        let mut clients = BTreeMap::new();
        for place in places {
            clients.insert(place.is_ipv6(), self.client(net, place.ip(), kept).await);
        }
        let open = async |to: SocketAddr| match &clients[&to.is_ipv6()] {
            Ok(client) => client.connect(to, host).await.map_err(|it| it.to_string()),
            Err(why) => Err(why.clone()),
        };
        // RFC 8305 §5, with QUIC's handshake in the place of TCP's: whoever completes it first.
        let tries = RefCell::default();
        let opened = within(net, self.patience, happy_eyeballs::race(net, places, open, &tries)).await;
        under_way.tell(|leg| {
            leg.tries = tries.borrow().iter().map(tried).collect();
            leg.waited = waited(&tries.borrow());
            leg.spoke_to = tries.borrow().last().map(|it| it.to);
        });
        let seconds = self.patience.as_secs();
        let silent =
            || format!("no QUIC connection within {seconds} s: nothing came back, UDP may be blocked on the way");
        let connection = opened.ok_or_else(silent)?.ok_or("the name has no address")??;
        told.set(Some((net.now(), false)));
        Ok(connection)
    }
}

/// The certificates that the server showed.
fn chain(connection: &Connection) -> Vec<CertificateDer<'static>> {
    let chain = connection.peer_identity().and_then(|it| it.downcast::<Vec<CertificateDer<'static>>>().ok());
    chain.map(|it| *it).unwrap_or_default()
}
