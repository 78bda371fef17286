//! A small browser: gets the document, then whatever is named, each as soon as it is found and a connection is free.
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::demos::web::named;
use crate::net::Net;
use crate::quantity::Quantity;
use crate::recording::Time;
use crate::services::Crowd;
use crate::services::h3::{self, H3Error};
use crate::services::http::{Client, Connection, Exchange, HttpError, Request, Version};
use crate::services::pool::{Pool, PoolOptions, Pooled, Validation};
use crate::services::quic;

/// Waiting for a connection ends after this.
const PATIENCE: Duration = Duration::from_secs(3000);

/// An answer of which nothing comes for so long is given up.
const SILENCE: Duration = Duration::from_secs(600);

/// One resource, from its name to its last byte.
#[derive(Clone, Debug)]
pub(super) struct Fetch {
    pub(super) path: String,
    /// When its name was read.
    pub(super) found: Time,
    /// Who named it; none for the document.
    pub(super) by: Option<String>,
    /// The client's end of the connection it came on.
    pub(super) local: Option<SocketAddr>,
    pub(super) asked: Time,
    pub(super) head: Time,
    pub(super) done: Time,
    pub(super) bytes: usize,
    pub(super) failure: Option<String>,
}

/// What the browser saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// When the page was asked for.
    pub(super) began: Time,
    pub(super) fetches: Vec<Fetch>,
}

/// What carries requests.
enum Carrier<N: Net> {
    /// HTTP/1: as many connections as are allowed, a request on each at a time.
    Many(Pool<N, Client>, Version),
    /// HTTP/2: one, for all at once.
    One(Client, Box<RefCell<Option<Connection<N>>>>),
    /// HTTP/3: one of QUIC.
    Quic(Quic, RefCell<Option<h3::Connection<N>>>),
}

/// Who is asked over QUIC.
pub(super) struct Quic {
    pub(super) client: quic::Client,
    pub(super) at: SocketAddr,
    pub(super) host: String,
}

/// Whom a browser asks, and over what.
pub(super) enum Speaks {
    Tcp(Client),
    Quic(Quic),
}

/// A browser.
pub(super) struct Browser<N: Net> {
    net: N,
    carrier: Carrier<N>,
    crowd: Crowd,
    seen: Rc<RefCell<Seen>>,
}

impl<N: Net> Browser<N> {
    pub(super) fn new(net: &N, speaks: Speaks, connections: usize, seen: &Rc<RefCell<Seen>>) -> Rc<Self> {
        let carrier = match speaks {
            Speaks::Quic(quic) => Carrier::Quic(quic, RefCell::default()),
            Speaks::Tcp(client) => Self::over_tcp(net, client, connections),
        };
        Rc::new(Self { net: net.clone(), carrier, crowd: Crowd::default(), seen: Rc::clone(seen) })
    }

    fn over_tcp(net: &N, client: Client, connections: usize) -> Carrier<N> {
        let version = client.version;
        if version == Version::Http2 {
            Carrier::One(client, Box::default())
        } else {
            let options = PoolOptions {
                max: connections,
                min: 0,
                idle_timeout: None,
                max_lifetime: None,
                validation: Validation::Look,
                wait: PATIENCE,
                leak_after: None,
            };
            Carrier::Many(Pool::new(net.clone(), client, options), version)
        }
    }

    /// Opens what connections it may have before anything is asked.
    pub(super) async fn warm(&self, connections: usize) {
        match &self.carrier {
            Carrier::Many(pool, Version::Http11) => {
                let (crowd, lent) = (Crowd::default(), Rc::new(RefCell::new(Vec::new())));
                for _ in 0..connections {
                    let (pool, lent, member) = (pool.clone(), Rc::clone(&lent), crowd.join());
                    self.net.spawn(async move {
                        let one = pool.get().await.ok();
                        lent.borrow_mut().push(one);
                        drop(member);
                    });
                }
                crowd.gone().await;
            }
            // A connection of HTTP/1.0 carries one request.
            Carrier::Many(..) => {}
            Carrier::One(..) => drop(self.shared().await),
            Carrier::Quic(quic, open) => drop(self.quic(quic, open).await),
        }
    }

    /// Gets the document and all that it needs.
    pub(super) async fn load(self: &Rc<Self>) {
        self.seen.borrow_mut().began = self.net.now();
        self.clone().fetch("/".to_owned(), None).await;
        self.crowd.gone().await;
    }

    async fn fetch(self: Rc<Self>, path: String, by: Option<String>) {
        let found = self.net.now();
        let mut fetch = Fetch {
            path: path.clone(),
            found,
            by,
            local: None,
            asked: found,
            head: found,
            done: found,
            bytes: 0,
            failure: None,
        };
        match self.exchange(&path, &mut fetch.local).await {
            Ok(Exchange { asked, head, done, response }) => {
                fetch = Fetch { asked, head, done, bytes: response.body.len(), ..fetch };
                for name in named(&response.body) {
                    let (own, path, member) = (Rc::clone(&self), path.clone(), self.crowd.join());
                    self.net.spawn(async move {
                        Box::pin(own.fetch(name, Some(path))).await;
                        drop(member);
                    });
                }
            }
            Err(failure) => fetch = Fetch { done: self.net.now(), failure: Some(failure), ..fetch },
        }
        self.seen.borrow_mut().fetches.push(fetch);
    }

    async fn exchange(&self, path: &str, local: &mut Option<SocketAddr>) -> Result<Exchange, String> {
        let said = |error: HttpError| error.to_string();
        match &self.carrier {
            Carrier::Many(pool, version) => {
                let mut lent = pool.get().await.map_err(|error| error.to_string())?;
                *local = lent.opened().local;
                let answer = self.ask(&mut lent, path).await;
                if answer.is_err() || *version == Version::Http10 {
                    Pooled::discard(lent);
                }
                answer
            }
            Carrier::One(..) => {
                let mut connection = self.shared().await.map_err(said)?;
                *local = connection.opened().local;
                self.ask(&mut connection, path).await
            }
            Carrier::Quic(quic, open) => {
                *local = quic.client.local().ok();
                let connection = self.quic(quic, open).await.map_err(|error| error.to_string())?;
                let got = connection.get(&quic.host, path).await.map_err(|error| error.to_string())?;
                Ok(Exchange { asked: got.asked, head: got.head, done: got.done, response: got.response })
            }
        }
    }

    /// Asks, and waits for as long as something of any answer on that connection comes.
    async fn ask(&self, connection: &mut Connection<N>, path: &str) -> Result<Exchange, String> {
        let heard = connection.heard().clone();
        let answer = heard.or_silence(&self.net, SILENCE, connection.ask(Request::get(path))).await;
        let silent = || format!("nothing of an answer came for {}", Quantity::time(SILENCE));
        answer.ok_or_else(silent)?.map_err(|error| error.to_string())
    }

    /// The one connection of QUIC, opened by who needs it first.
    async fn quic(&self, quic: &Quic, open: &RefCell<Option<h3::Connection<N>>>) -> Result<h3::Connection<N>, H3Error> {
        if let Some(connection) = open.borrow().clone() {
            return Ok(connection);
        }
        let connection = quic.client.connect(quic.at, &quic.host).await?;
        let connection = h3::Connection::begin(&self.net, connection).await?;
        *open.borrow_mut() = Some(connection.clone());
        Ok(connection)
    }

    /// The one connection, opened by who needs it first. Only the document is asked for before it is open.
    async fn shared(&self) -> Result<Connection<N>, HttpError> {
        let Carrier::One(client, open) = &self.carrier else {
            unreachable!("HTTP/1 has a pool, HTTP/3 a connection of QUIC")
        };
        if let Some(connection) = open.borrow().as_ref().and_then(Connection::share) {
            return Ok(connection);
        }
        let connection = client.open(&self.net).await?;
        let shared = connection.share().expect("HTTP/2 is shared");
        *open.borrow_mut() = Some(connection);
        Ok(shared)
    }
}
