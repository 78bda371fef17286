//! A visit of one page: its name looked up, a connection opened, keys agreed on, a request sent, an answer read; each with its
//! instants, also of a visit that ends before its answer.
//!
//! ```text
//! look up ──> connect (Happy Eyeballs) ──> TLS ──> ask ──> head ──> body
//! ```
mod page;
mod proxy;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

pub use page::{NotAPage, Page};
pub use proxy::Proxy;

use crate::net::{Net, Observed, Seen, SocketOptions, Stream};
use crate::recording::Time;
use crate::services::happy_eyeballs::{self, Try};
use crate::services::http::{self, Exchange, HttpError, Opened, Request, Version};
use crate::services::tls::{self, H2, Told};
use crate::services::{Heard, within};

/// Redirects that are followed; browsers stop at about so many (RFC 9110 §15.4 leaves it to them).
pub const REDIRECTS: usize = 20;

/// Who visits. Its TLS keeps sessions from one visit to the next.
pub struct Visitor<N: Net> {
    net: N,
    tls: tls::Client,
    /// Each of connecting, shaking hands and waiting for an answer is given up after this long.
    patience: Duration,
    /// What a server chose before: early data is written in it, before the server has said anything.
    chosen: RefCell<BTreeMap<String, Version>>,
    proxy: Way,
}

/// Which proxy a page is visited through, if any, or why it cannot be visited.
type Way = fn(&Page) -> Result<Option<Proxy>, String>;

/// What happened, as far as it went.
#[derive(Debug, Default)]
pub struct Visit {
    pub page: Option<Page>,
    pub began: Time,
    /// When the addresses were there; as [`Self::began`] where the page names an address.
    pub looked_up: Option<Time>,
    pub tries: Vec<Try>,
    /// When TCP was open, and between which ends.
    pub connected: Option<Time>,
    pub ends: Option<(SocketAddr, SocketAddr)>,
    /// The proxy on the way, and when it let the connection through.
    pub proxy: Option<Proxy>,
    pub tunnelled: Option<Time>,
    /// What becomes of the TLS handshake, where there is one.
    pub told: Option<Rc<Told>>,
    pub version: Option<Version>,
    pub exchange: Option<Exchange>,
    /// When the request was handed over to be sent, also where no answer came.
    pub asked: Option<Time>,
    /// When something of an answer was understood.
    heard: Heard,
    /// When bytes crossed its sockets.
    seen: Rc<Seen>,
}

/// A part of a visit, as its waterfall shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    LookUp,
    Connect,
    /// A proxy is asked to let the connection through.
    Proxy,
    Tls,
    Wait,
    Body,
}

/// Why a visit has no answer; the message says at which part it ended.
#[derive(Debug, thiserror::Error)]
pub enum VisitError {
    #[error("{}", not_found(.0))]
    LookUp(String),
    #[error("no connection: {}", refused(.0))]
    Connect(std::io::Error),
    #[error("no connection within {} s", .0.as_secs())]
    Silent(Duration),
    #[error("no way through the proxy: {0}")]
    Proxy(String),
    #[error("no TLS: {0}")]
    Tls(#[from] tls::TlsError),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("it leads from page to page: more than {REDIRECTS} redirects")]
    Redirects,
    #[error("it leads to what is no page: {0}")]
    Page(#[from] NotAPage),
}

/// Begins the words of [`VisitError::LookUp`] where nobody said anything of the name.
pub const NO_RESOLVER: &str = "no resolver answers";

fn not_found(why: &str) -> String {
    let what = if why.starts_with(NO_RESOLVER) { "could not be looked up" } else { "was not found" };
    format!("the name {what}: {why}")
}

/// What the system's word means.
fn refused(error: &std::io::Error) -> String {
    let words = match error.kind() {
        ErrorKind::ConnectionRefused => "nothing listens on that port (a RST answered the SYN)",
        ErrorKind::ConnectionReset => "it was reset while it opened: a program or a box on the way wants none",
        ErrorKind::TimedOut => "the SYN is not answered: the host is down, or something on the way drops packets",
        ErrorKind::HostUnreachable => "the last router finds no such host",
        ErrorKind::NetworkUnreachable => "this machine has no route there",
        ErrorKind::NotFound => "the name has no address",
        _ => return error.to_string(),
    };
    words.to_owned()
}

impl Phase {
    /// Its name on a screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LookUp => "DNS",
            Self::Connect => "TCP",
            Self::Proxy => "proxy",
            Self::Tls => "TLS",
            Self::Wait => "request and first byte",
            Self::Body => "body",
        }
    }
}

impl Visit {
    /// When the handshake was over: the last of what ended it came in.
    #[must_use]
    pub fn agreed(&self) -> Option<Time> {
        self.came(self.told.as_ref()?.over()?.at, self.through())
    }

    /// From the query going out to the last answer coming in; none where nobody had to be asked.
    fn looking_up(&self) -> Option<(Time, Time)> {
        let over = self.looked_up?;
        self.seen.sent_from(self.began).filter(|it| *it < over)?;
        Some(self.seen.exchange(self.began, over))
    }

    /// When there was a way to the page's host.
    fn through(&self) -> Option<Time> {
        self.tunnelled.or(self.connected.filter(|_| self.proxy.is_none()))
    }

    /// When the ClientHello went out: what was computed for it before is this end's own work.
    fn hello(&self) -> Option<Time> {
        let through = self.through()?;
        Some(self.seen.sent_from(through).unwrap_or(through))
    }

    /// When the first of the request went out; where nothing did, when it was handed over.
    #[must_use]
    pub fn requested(&self) -> Option<Time> {
        let asked = self.asked?;
        Some(self.seen.sent_from(asked).unwrap_or(asked))
    }

    /// When the head of an answer came in, also of one that did not become whole.
    #[must_use]
    pub fn answered(&self) -> Option<Time> {
        self.came(self.heard.first()?, self.requested())
    }

    /// When the last byte came in.
    #[must_use]
    pub fn done(&self) -> Option<Time> {
        self.came(self.exchange.as_ref()?.done, self.answered())
    }

    /// The last bytes that came in until this end had understood them; they came after what they answer.
    fn came(&self, understood: Time, after: Option<Time>) -> Option<Time> {
        let came = self.seen.came_until(understood).unwrap_or(understood);
        Some(after.map_or(came, |after| came.max(after)))
    }

    /// Its parts that were gone through, with their beginning and end. With early data the handshake goes on beside the request.
    #[must_use]
    pub fn phases(&self) -> Vec<(Phase, Time, Time)> {
        let parts = [
            (Phase::LookUp, self.looking_up().map(|it| it.0), self.looking_up().map(|it| it.1)),
            (Phase::Connect, self.tries.first().map(|it| it.began).or(self.looked_up), self.connected),
            (Phase::Proxy, self.connected, self.tunnelled),
            (Phase::Tls, self.hello(), self.agreed()),
            (Phase::Wait, self.requested(), self.answered()),
            (Phase::Body, self.answered(), self.done()),
        ];
        parts.into_iter().filter_map(|(phase, from, to)| Some((phase, from?, to?))).collect()
    }

    /// The part it stands in, and since when; none once it has its answer.
    #[must_use]
    pub fn stands_in(&self) -> Option<(Phase, Time)> {
        if self.exchange.is_some() {
            return None;
        }
        let secure = self.page.as_ref().is_some_and(|it| it.secure);
        Some(match (self.looked_up, self.connected, self.requested(), self.answered()) {
            (.., Some(head)) => (Phase::Body, head),
            (.., Some(asked), None) => (Phase::Wait, asked),
            (_, Some(open), None, None) => match (self.through(), self.agreed()) {
                (None, _) => (Phase::Proxy, open),
                (Some(through), None) if secure => (Phase::Tls, through),
                (Some(through), ready) => (Phase::Wait, ready.unwrap_or(through)),
            },
            (Some(found), None, ..) => (Phase::Connect, found),
            (None, None, ..) => (Phase::LookUp, self.began),
        })
    }

    /// The page that the answer sends the visitor to.
    ///
    /// # Errors
    /// When what the answer names is no page.
    pub fn redirect(&self) -> Result<Option<Page>, NotAPage> {
        let (Some(page), Some(exchange)) = (&self.page, &self.exchange) else { return Ok(None) };
        page.redirected(exchange.response.status.as_u16(), &exchange.response.header("location"))
    }
}

impl<N: Net> Visitor<N> {
    /// A visitor who trusts whom this client trusts, and offers what it offers; each part of a visit is given up after `patience`.
    #[must_use]
    pub fn new(net: &N, tls: tls::Client, patience: Duration) -> Self {
        Self { net: net.clone(), tls: tls.patient(patience), patience, chosen: RefCell::default(), proxy: |_| Ok(None) }
    }

    /// The same, by way of a proxy where this says so.
    #[must_use]
    pub fn by_way_of(self, proxy: Way) -> Self {
        Self { proxy, ..self }
    }

    /// Visits a page; what happened is written down as it happens.
    ///
    /// # Errors
    /// The part that failed, with its reason. Any status is an answer.
    pub async fn visit(
        &self,
        page: &Page,
        look_up: impl AsyncFnOnce(&Observed<N>, &str) -> Result<Vec<IpAddr>, String>,
        visit: &RefCell<Visit>,
    ) -> Result<(), VisitError> {
        let (net, began) = (Observed::new(&self.net), self.net.now());
        *visit.borrow_mut() = Visit { page: Some(page.clone()), began, seen: net.seen(), ..Visit::default() };
        let proxy = (self.proxy)(page).map_err(VisitError::Proxy)?;
        visit.borrow_mut().proxy.clone_from(&proxy);
        let (host, port, address) = match &proxy {
            Some(proxy) => (&proxy.host, proxy.port, proxy.address()),
            None => (&page.host, page.port, page.address()),
        };
        let addresses = match address {
            Some(address) => vec![address],
            None => look_up(&net, host).await.map_err(VisitError::LookUp)?,
        };
        let ordered = happy_eyeballs::order(addresses);
        let places: Vec<SocketAddr> = ordered.iter().map(|it| SocketAddr::new(*it, port)).collect();
        {
            let mut visit = visit.borrow_mut();
            let looked_up = if address.is_some() { began } else { self.net.now() };
            visit.looked_up = Some(looked_up);
        }
        let mut stream = self.connect(&net, &places, visit).await?;
        if let Some(proxy) = proxy {
            let through = within(&net, self.patience, proxy.connect(&mut stream, page)).await;
            let late = || Err(format!("it said nothing for {} s", self.patience.as_secs()));
            through.unwrap_or_else(late).map_err(VisitError::Proxy)?;
            let mut visit = visit.borrow_mut();
            visit.tunnelled = visit.came(self.net.now(), visit.connected);
        }
        let mut connection = self.begin(&net, page, stream, visit).await?;
        {
            let mut visit = visit.borrow_mut();
            (visit.asked, visit.heard) = (Some(self.net.now()), connection.heard().clone());
        }
        let exchange = connection.ask(Request::get(&page.path)).await?;
        visit.borrow_mut().exchange = Some(exchange);
        Ok(())
    }

    async fn connect<M: Net>(
        &self,
        net: &M,
        places: &[SocketAddr],
        visit: &RefCell<Visit>,
    ) -> Result<M::Stream, VisitError> {
        let tries = RefCell::default();
        let racing = happy_eyeballs::connect(net, places, SocketOptions::default(), &tries);
        let open = within(net, self.patience, racing).await;
        let mut visit = visit.borrow_mut();
        visit.tries = tries.into_inner();
        let stream = open.ok_or(VisitError::Silent(self.patience))?.map_err(VisitError::Connect)?;
        visit.connected = Some(net.now());
        visit.ends = stream.local().ok().zip(stream.peer().ok());
        Ok(stream)
    }

    /// TLS where the page wants it, and HTTP in the version that was agreed on.
    async fn begin<M: Net>(
        &self,
        net: &M,
        page: &Page,
        stream: M::Stream,
        visit: &RefCell<Visit>,
    ) -> Result<http::Connection<M>, VisitError> {
        let (began, connected, local) = (net.now(), net.now(), stream.local().ok());
        let opened = Opened { began, connected, ready: connected, agreed: None, local };
        let place = stream.peer().map_err(VisitError::Connect)?;
        let client = |version, secure: bool| {
            let tls = secure.then(|| self.tls.clone());
            http::Client { patience: self.patience, tls, ..http::Client::new(version, place, &page.authority()) }
        };
        if !page.secure {
            visit.borrow_mut().version = Some(Version::Http11);
            return Ok(client(Version::Http11, false).begin(net, stream, opened).await?);
        }
        let stream = self.tls.connect(net, stream, &page.host).await?;
        visit.borrow_mut().told = Some(stream.told());
        let version = if stream.is_shaking_hands() {
            self.chosen.borrow().get(&page.host).copied().unwrap_or(Version::Http11)
        } else if stream.protocol() == Some(H2) {
            Version::Http2
        } else {
            Version::Http11
        };
        self.chosen.borrow_mut().insert(page.host.clone(), version);
        visit.borrow_mut().version = Some(version);
        let opened = Opened { ready: net.now(), agreed: Some(stream.agreed()), ..opened };
        Ok(client(version, true).begin(net, stream, opened).await?)
    }
}
