//! What the client does: requests come, each gets a connection, asks, and is sent again where that is allowed.
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::net::Net;
use crate::recording::Time;
use crate::services::Crowd;
use crate::services::http::{Client, Connection, Exchange, HttpError, Method, Request};
use crate::services::pool::{Pool, PoolOptions, Validation};

/// A request waits this long for a connection.
const PATIENCE: Duration = Duration::from_secs(600);

/// How requests are sent.
#[derive(Clone, Debug)]
pub(super) struct Script {
    pub(super) requests: usize,
    pub(super) at_once: usize,
    pub(super) gap: Duration,
    /// Of the pool; 1 is the one that is kept.
    pub(super) connections: usize,
    pub(super) keeps: bool,
    pub(super) client_idle: Option<Duration>,
    pub(super) method: Method,
    pub(super) retries: bool,
}

/// One request from its wish to its answer.
#[derive(Clone, Debug)]
pub(super) struct Trip {
    pub(super) number: usize,
    pub(super) came: Time,
    /// When it had a connection, the last where it was sent again.
    pub(super) lent: Option<Time>,
    pub(super) local: Option<SocketAddr>,
    pub(super) done: Time,
    /// How often it was sent.
    pub(super) sent: usize,
    pub(super) failure: Option<String>,
    /// Why it had to be sent again.
    pub(super) again: Option<String>,
}

/// What the client saw, and how often the server worked.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) trips: RefCell<Vec<Trip>>,
    pub(super) processed: Cell<usize>,
}

/// What every request needs.
struct Asker<N: Net> {
    net: N,
    script: Script,
    client: Client,
    pool: Pool<N, Client>,
}

/// Sends all requests and waits until the last is over; then the connections are closed.
pub(super) async fn drive<N: Net>(net: &N, script: &Script, client: Client, outcome: &Rc<Outcome>) {
    let options = PoolOptions {
        max: script.connections,
        min: 0,
        idle_timeout: script.client_idle,
        max_lifetime: None,
        validation: Validation::Look,
        wait: PATIENCE,
        leak_after: None,
    };
    let pool = Pool::new(net.clone(), client.clone(), options);
    let asker = Rc::new(Asker { net: net.clone(), script: script.clone(), client, pool });
    let mut next = 1;
    while next <= script.requests {
        let crowd = Crowd::default();
        let last = script.requests.min(next + script.at_once - 1);
        for number in next..=last {
            let (asker, outcome, member) = (Rc::clone(&asker), Rc::clone(outcome), crowd.join());
            net.spawn(async move {
                let trip = asker.request(number).await;
                outcome.trips.borrow_mut().push(trip);
                drop(member);
            });
        }
        crowd.gone().await;
        next = last + 1;
        if next <= script.requests {
            net.sleep(script.gap).await;
        }
    }
    asker.pool.clear();
    outcome.trips.borrow_mut().sort_by_key(|it| it.number);
}

impl<N: Net> Asker<N> {
    async fn request(&self, number: usize) -> Trip {
        let came = self.net.now();
        let (lent, local, failure, again) = Default::default();
        let mut trip = Trip { number, came, lent, local, done: came, sent: 0, failure, again };
        loop {
            let outcome = if self.script.keeps {
                self.on_a_kept_one(&mut trip).await
            } else {
                self.on_a_new_one(&mut trip).await
            };
            trip.done = self.net.now();
            let Err(error) = outcome else { return trip };
            let why = error.to_string();
            if trip.sent > 1 || !self.script.retries || !self.may_again(&error) {
                trip.failure = Some(why);
                return trip;
            }
            trip.again = Some(why);
        }
    }

    /// RFC 9110 §9.2.2: what is idempotent, or was certainly not processed.
    fn may_again(&self, error: &HttpError) -> bool {
        self.script.method.is_idempotent() || error.unprocessed()
    }

    fn written(&self, number: usize) -> Request {
        let request = Request::new(self.script.method.clone(), format!("/{number}"));
        if self.script.method == Method::POST { request.body(format!("order {number}\n")) } else { request }
    }

    async fn on_a_new_one(&self, trip: &mut Trip) -> Result<Exchange, HttpError> {
        let mut connection = self.client.open(&self.net).await?;
        self.ask(&mut connection, trip).await
    }

    async fn on_a_kept_one(&self, trip: &mut Trip) -> Result<Exchange, HttpError> {
        let lent = self.pool.get().await;
        let mut lent = lent.map_err(|error| HttpError::Connect(std::io::Error::other(error.to_string())))?;
        let answer = self.ask(&mut lent, trip).await;
        if answer.is_err() {
            lent.discard();
        }
        answer
    }

    async fn ask(&self, connection: &mut Connection<N>, trip: &mut Trip) -> Result<Exchange, HttpError> {
        trip.lent = Some(self.net.now());
        trip.local = connection.opened().local;
        trip.sent += 1;
        connection.ask(self.written(trip.number)).await
    }
}
