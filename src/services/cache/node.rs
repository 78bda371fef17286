//! A cache in its place: between who asks and the origin, with what it did at each request.
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;

use hyper::StatusCode;

use super::kept::without_connection;
use super::store::{Cache, Kind};
use super::verdict::Verdict;
use crate::net::Net;
use crate::recording::Time;
use crate::services::http::{Client, Connection, HttpError, Request, Response};
use crate::wire::text::visible_start;

/// Who answers what a cache does not.
pub trait Upstream: 'static {
    /// # Errors
    /// When there is no answer at all.
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, HttpError>>;
}

/// A server behind a connection that is kept.
pub struct Origin<N: Net> {
    net: N,
    client: Client,
    open: RefCell<Vec<Connection<N>>>,
}

impl<N: Net> Origin<N> {
    /// Nothing is opened before it is needed.
    #[must_use]
    pub fn new(net: &N, client: Client) -> Self {
        Self { net: net.clone(), client, open: RefCell::default() }
    }

    async fn connection(&self) -> Result<Connection<N>, HttpError> {
        loop {
            let kept = self.open.borrow_mut().pop();
            match kept {
                Some(kept) if kept.is_open() => return Ok(kept),
                Some(_) => {}
                None => return self.client.open(&self.net).await,
            }
        }
    }
}

impl<N: Net> Upstream for Origin<N> {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        let mut connection = self.connection().await?;
        let exchange = connection.ask(request).await?;
        self.open.borrow_mut().push(connection);
        Ok(exchange.response)
    }
}

/// What a cache did at one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    pub at: Time,
    pub until: Time,
    pub path: String,
    /// `hit`, `stale`, `validate`, `miss`, `refuse`.
    pub verdict: &'static str,
    pub why: String,
    /// What became of the answer from upstream, where one came: its status, and whether it is kept.
    pub answer: Option<(u16, String)>,
    /// It was sent behind an answer that was served already.
    pub behind: bool,
}

/// A cache with what is behind it.
pub struct Caching<N, U> {
    net: N,
    /// When the world began, in seconds since 1970.
    began: u64,
    /// How far the clocks were moved since.
    jumped: Rc<Cell<u64>>,
    cache: RefCell<Cache>,
    next: Rc<U>,
    log: RefCell<Vec<Hop>>,
}

impl<N: Net, U: Upstream> Caching<N, U> {
    /// An empty cache whose calendar begins at `began`.
    #[must_use]
    pub fn new(net: &N, kind: Kind, (began, jumped): (u64, &Rc<Cell<u64>>), next: &Rc<U>) -> Rc<Self> {
        let (cache, log) = (RefCell::new(Cache::new(kind)), RefCell::default());
        Rc::new(Self { net: net.clone(), began, jumped: Rc::clone(jumped), cache, next: Rc::clone(next), log })
    }

    /// What it did so far, and forgets that.
    pub fn told(&self) -> Vec<Hop> {
        self.log.take()
    }

    fn now(&self) -> u64 {
        self.began.saturating_add(self.jumped.get()).saturating_add(self.net.now().0 / 1_000_000_000)
    }

    /// Answers from the store, or with what comes from behind.
    pub async fn answer(self: &Rc<Self>, request: Request) -> Response {
        let at = self.net.now();
        let verdict = self.cache.borrow_mut().look_up(&request, self.now());
        let (word, why) = (verdict.word(), verdict.why().to_owned());
        let mut hop =
            Hop { at, until: at, path: request.path.clone(), verdict: word, why, answer: None, behind: false };
        let response = match verdict {
            Verdict::Fresh { response, .. } | Verdict::Refuse { response, .. } => response,
            Verdict::Stale { response, behind, .. } => {
                if let Some(conditional) = behind {
                    self.refresh(request, conditional);
                }
                response
            }
            Verdict::Validate { request: conditional, .. } => self.ask(&request, conditional, &mut hop).await,
            Verdict::Forward { .. } => self.ask(&request, request.clone(), &mut hop).await,
        };
        hop.until = self.net.now();
        self.log.borrow_mut().push(hop);
        response
    }

    /// Asks behind an answer that is served already (RFC 5861 §3).
    fn refresh(self: &Rc<Self>, request: Request, conditional: Request) {
        let own = Rc::clone(self);
        self.net.spawn(async move {
            let (at, why) = (own.net.now(), "the answer was served stale: asked behind it (RFC 5861 §3)".to_owned());
            let path = request.path.clone();
            let mut hop = Hop { at, until: at, path, verdict: "validate", why, answer: None, behind: true };
            own.ask(&request, conditional, &mut hop).await;
            hop.until = own.net.now();
            own.log.borrow_mut().push(hop);
        });
    }

    async fn ask(&self, request: &Request, mut sent: Request, hop: &mut Hop) -> Response {
        let asked = self.now();
        without_connection(&mut sent.headers);
        match self.next.send(sent).await {
            Ok(response) if is_error(response.status) => {
                let status = response.status.as_u16();
                let stale = self.cache.borrow().instead_of_error(request, self.now());
                let Some(stale) = stale else {
                    let taken = self.cache.borrow_mut().take(request, response, asked, self.now());
                    hop.answer = Some((status, taken.why));
                    return taken.response;
                };
                hop.answer = Some((
                    status,
                    "an error: the stale one is served instead, stale-if-error (RFC 5861 §4)".to_owned(),
                ));
                stale
            }
            Ok(response) => {
                let status = response.status.as_u16();
                let taken = self.cache.borrow_mut().take(request, response, asked, self.now());
                hop.answer = Some((status, taken.why));
                taken.response
            }
            Err(error) => {
                let why = visible_start(error.to_string(), 100);
                self.net.note(format!("the cache gets no answer: {why}"));
                let (response, instead) = self.without_answer(request);
                hop.answer = Some((0, format!("no answer ({why}): {instead}")));
                response
            }
        }
    }

    /// What is served where nobody behind this cache answers, and by which rule.
    fn without_answer(&self, request: &Request) -> (Response, String) {
        let cache = self.cache.borrow();
        if let Some(stale) = cache.instead_of_error(request, self.now()) {
            return (stale, "the stale one is served instead, stale-if-error (RFC 5861 §4)".to_owned());
        }
        match cache.must_be_asked(request) {
            Some(says) => (
                Response::new(StatusCode::GATEWAY_TIMEOUT),
                format!("504, as what is stored may not be used unasked: {says}"),
            ),
            None => (Response::new(StatusCode::BAD_GATEWAY), "502 (RFC 9110 §15.6.3)".to_owned()),
        }
    }
}

/// RFC 5861 §4: what counts as an error.
fn is_error(status: StatusCode) -> bool {
    matches!(status.as_u16(), 500 | 502 | 503 | 504)
}
