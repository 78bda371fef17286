//! What the client does: requests come, each gets a connection, asks, and gives it back. The same in the lab and on sockets.
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::net::{Net, SocketOptions};
use crate::recording::Time;
use crate::services::Crowd;
use crate::services::pool::{History, Pool, PoolOptions, Pooled};
use crate::services::work::{Connection, Connections, Work};

/// Which connection a request gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// One of a pool.
    Pool,
    /// The one there is, when its turn comes.
    KeepAlive,
    /// A new one, closed behind it.
    New,
}

/// A request: when it comes, counted from the start, and what it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) at: Duration,
    pub(crate) work: Work,
}

/// How requests are sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Script {
    pub(crate) mode: Mode,
    /// Each when the last is answered, instead of in its own time.
    pub(crate) one_by_one: bool,
    pub(crate) to: SocketAddr,
    pub(crate) socket: SocketOptions,
    pub(crate) patience: Duration,
    pub(crate) pool: PoolOptions,
    /// Without a pool: the server is asked to close each connection.
    pub(crate) server_closes: bool,
    /// Every n-th request never gives its connection back; 0 is none.
    pub(crate) leak: usize,
}

/// One request from its arrival to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trip {
    pub(crate) number: u32,
    pub(crate) came: Time,
    /// When it had a connection.
    pub(crate) lent: Option<Time>,
    pub(crate) done: Time,
    pub(crate) failure: Option<String>,
}

/// What the client saw.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) mode: Mode,
    pub(crate) one_by_one: bool,
    pub(crate) trips: RefCell<Vec<Trip>>,
    pub(crate) history: RefCell<History>,
    /// When the last request was over.
    pub(crate) over: Cell<Time>,
}

impl Outcome {
    pub(crate) fn new(mode: Mode, one_by_one: bool) -> Rc<Self> {
        let (trips, history, over) = Default::default();
        Rc::new(Self { mode, one_by_one, trips, history, over: Cell::new(over) })
    }
}

type Own<N> = Pool<N, Connections>;

/// What every request needs.
struct Client<N: Net> {
    net: N,
    script: Script,
    pool: Own<N>,
    outcome: Rc<Outcome>,
    /// Connections that were never given back.
    lost: RefCell<Vec<Pooled<N, Connections>>>,
}

/// Sends all requests and waits until the last is over; then the pool is closed.
pub(crate) async fn drive<N: Net>(net: &N, script: &Script, jobs: Vec<Job>, outcome: &Rc<Outcome>) {
    let manage = Connections { to: script.to, options: script.socket, patience: script.patience };
    // Without a pool none is filled.
    let pool = if script.mode == Mode::New { PoolOptions { min: 0, ..script.pool } } else { script.pool };
    let client = Rc::new(Client {
        net: net.clone(),
        script: *script,
        pool: Pool::new(net.clone(), manage, pool),
        outcome: Rc::clone(outcome),
        lost: RefCell::default(),
    });
    let told = Told(Rc::clone(&client));
    let (crowd, start) = (Crowd::default(), net.now());
    for (index, job) in jobs.into_iter().enumerate() {
        let number = u32::try_from(index + 1).expect("a run has few requests");
        if script.one_by_one {
            client.request(number, job.work).await;
            continue;
        }
        net.sleep((start + job.at) - net.now()).await;
        let (client, member) = (Rc::clone(&client), crowd.join());
        net.spawn(async move {
            client.request(number, job.work).await;
            drop(member);
        });
    }
    crowd.gone().await;
    drop(told);
    client.pool.clear();
    client.lost.borrow_mut().clear();
}

/// When it goes, at the end or where a run is stopped, what the pool counted is told.
struct Told<N: Net>(Rc<Client<N>>);

impl<N: Net> Drop for Told<N> {
    fn drop(&mut self) {
        let Client { net, pool, outcome, .. } = &*self.0;
        outcome.over.set(net.now());
        *outcome.history.borrow_mut() = pool.history();
    }
}

impl<N: Net> Client<N> {
    async fn request(&self, number: u32, work: Work) {
        let mut trip = Trip { number, came: self.net.now(), lent: None, done: Time::ZERO, failure: None };
        let outcome = match self.script.mode {
            Mode::New => self.on_a_new_one(number, work, &mut trip).await,
            Mode::Pool | Mode::KeepAlive => self.on_a_pooled_one(number, work, &mut trip).await,
        };
        trip.done = self.net.now();
        trip.failure = outcome.err();
        self.outcome.trips.borrow_mut().push(trip);
    }

    async fn on_a_new_one(&self, number: u32, work: Work, trip: &mut Trip) -> Result<(), String> {
        let opened = Connection::open(&self.net, self.script.to, self.script.socket).await;
        let mut connection = opened.map_err(|error| format!("no connection: {error}"))?;
        trip.lent = Some(self.net.now());
        let asked = connection.ask(number, work, self.script.server_closes).await;
        asked.map(|_| ()).map_err(|error| error.to_string())
    }

    async fn on_a_pooled_one(&self, number: u32, work: Work, trip: &mut Trip) -> Result<(), String> {
        let mut lent = self.pool.get().await.map_err(|error| error.to_string())?;
        trip.lent = Some(self.net.now());
        if let Err(error) = lent.ask(number, work, false).await {
            lent.discard();
            return Err(error.to_string());
        }
        if self.script.leak > 0 && (number as usize).is_multiple_of(self.script.leak) {
            self.lost.borrow_mut().push(lent);
        }
        Ok(())
    }
}
