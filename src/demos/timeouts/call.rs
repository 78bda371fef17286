//! What client and A do: the client sends all requests over one connection, A answers each after a call to B, or gives up.
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, WriteHalf};

use crate::net::{Listener, Net, SocketOptions};
use crate::recording::Time;
use crate::services::pool::{Pool, PoolOptions, Validation};
use crate::services::work::{Connection, Connections, Work};
use crate::services::{Crowd, within};

/// More of them than A ever needs at once in these runs: what is measured here is waiting for B, not for a connection.
const CONNECTIONS: usize = 1000;

/// A request: when it comes, and what it asks of B.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    pub(super) at: Duration,
    pub(super) work: Work,
}

/// How long each waits; `None` is for ever.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) connect: Option<Duration>,
    pub(super) request: Option<Duration>,
    pub(super) client: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Script {
    pub(super) a: SocketAddr,
    pub(super) b: SocketAddr,
    /// A keeps its connections to B.
    pub(super) keeps: bool,
    pub(super) limits: Limits,
    pub(super) socket: SocketOptions,
}

/// A's call to B.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) number: u32,
    pub(super) began: Time,
    /// When it had a connection.
    pub(super) connected: Option<Time>,
    /// `None` while it waits.
    pub(super) ended: Option<Time>,
    /// Why A gave up.
    pub(super) failure: Option<Failure>,
}

/// Why A gave up a call.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) why: String,
    /// It was one of A's own timeouts, not an error of the connection.
    pub(super) timeout: bool,
}

/// What A and the client saw.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// In the order they began.
    pub(super) calls: RefCell<Vec<Call>>,
    /// How many of them have not ended.
    open: Cell<usize>,
    /// When the client gave up a request.
    pub(super) client_gave_up: RefCell<BTreeMap<u32, Time>>,
}

/// What A's tasks share.
struct A<N: Net> {
    net: N,
    script: Script,
    pool: Pool<N, Connections>,
    jobs: Vec<Job>,
    log: Rc<Log>,
}

/// Starts A: it takes requests from one client, a line each, and answers them in the order B does.
pub(super) async fn relay<N: Net>(net: &N, script: &Script, jobs: &[Job], log: &Rc<Log>) {
    let listener = net.listen(script.a).await.expect("a new host has every port free");
    let manage = Connections { to: script.b, options: script.socket, patience: Duration::from_secs(1) };
    let options = PoolOptions {
        max: CONNECTIONS,
        min: 0,
        idle_timeout: None,
        max_lifetime: None,
        validation: Validation::Look,
        wait: Duration::from_secs(1),
        leak_after: None,
    };
    let pool = Pool::new(net.clone(), manage, options);
    let a = Rc::new(A { net: net.clone(), script: *script, pool, jobs: jobs.to_vec(), log: Rc::clone(log) });
    net.spawn(async move {
        let Ok((stream, _)) = listener.accept().await else { return };
        let (reads, writes) = tokio::io::split(stream);
        let (mut lines, answers) = (BufReader::new(reads).lines(), Rc::new(Answers::new(writes)));
        while let Ok(Some(line)) = lines.next_line().await {
            let Ok(number) = line.trim().parse::<u32>() else { continue };
            let (a, answers) = (Rc::clone(&a), Rc::clone(&answers));
            a.net.clone().spawn(async move {
                a.answer(number).await;
                answers.send(number).await;
            });
        }
    });
}

impl Log {
    /// Notes a call that begins, and gives its place in the log.
    fn begins(&self, call: Call) -> usize {
        let mut calls = self.calls.borrow_mut();
        calls.push(call);
        self.open.set(self.open.get() + 1);
        calls.len() - 1
    }

    fn ends(&self, index: usize, at: Time, outcome: Result<(), Failure>) {
        let call = &mut self.calls.borrow_mut()[index];
        (call.ended, call.failure) = (Some(at), outcome.err());
        self.open.set(self.open.get() - 1);
    }
}

impl<N: Net> A<N> {
    async fn answer(&self, number: u32) {
        let Some(job) = self.jobs.get(number as usize - 1) else { return };
        let index =
            self.log.begins(Call { number, began: self.net.now(), connected: None, ended: None, failure: None });
        let connected = || self.log.calls.borrow_mut()[index].connected = Some(self.net.now());
        let outcome = if self.script.keeps {
            self.on_a_kept_one(number, job.work, connected).await
        } else {
            self.on_a_new_one(number, job.work, connected).await
        };
        self.log.ends(index, self.net.now(), outcome);
    }

    async fn on_a_new_one(&self, number: u32, work: Work, connected: impl Fn()) -> Result<(), Failure> {
        let opening = Connection::open(&self.net, self.script.b, self.script.socket);
        let opened = at_most(&self.net, self.script.limits.connect, opening).await.ok_or_else(connect_timeout)?;
        let mut connection =
            opened.map_err(|error| Failure { why: format!("no connection: {error}"), timeout: false })?;
        connected();
        let asking = connection.ask(number, work, false);
        let answer = at_most(&self.net, self.script.limits.request, asking).await.ok_or_else(request_timeout)?;
        answer.map(|_| ()).map_err(|error| Failure { why: error.to_string(), timeout: false })
    }

    async fn on_a_kept_one(&self, number: u32, work: Work, connected: impl Fn()) -> Result<(), Failure> {
        let getting = self.pool.get();
        let got = at_most(&self.net, self.script.limits.connect, getting).await.ok_or_else(connect_timeout)?;
        let mut lent = got.map_err(|error| Failure { why: error.to_string(), timeout: false })?;
        connected();
        let outcome = at_most(&self.net, self.script.limits.request, lent.ask(number, work, false)).await;
        if !matches!(outcome, Some(Ok(_))) {
            // An answer may still come: nobody else must get it.
            lent.discard();
        }
        let answer = outcome.ok_or_else(request_timeout)?;
        answer.map(|_| ()).map_err(|error| Failure { why: error.to_string(), timeout: false })
    }
}

fn connect_timeout() -> Failure {
    Failure { why: "no connection within the connect timeout".to_owned(), timeout: true }
}

fn request_timeout() -> Failure {
    Failure { why: "no answer within the request timeout".to_owned(), timeout: true }
}

/// What the work comes to, or `None` when its time is over.
async fn at_most<N: Net, T>(net: &N, limit: Option<Duration>, work: impl Future<Output = T>) -> Option<T> {
    match limit {
        Some(limit) => within(net, limit, work).await,
        None => Some(work.await),
    }
}

/// Sends every request when it is due, and waits for each answer as long as a client does.
///
/// # Errors
/// When A cannot be reached, or not any more.
pub(super) async fn ask_all<N: Net>(net: &N, script: &Script, jobs: &[Job], log: &Rc<Log>) -> io::Result<()> {
    let stream = net.connect(script.a).await?;
    let (reads, mut writes) = tokio::io::split(stream);
    let (crowd, start, inbox) = (Crowd::default(), net.now(), Rc::<Inbox>::default());
    let hears = Rc::clone(&inbox);
    net.spawn(async move {
        let mut lines = BufReader::new(reads).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            line.trim().parse().into_iter().for_each(|number| hears.arrived(number));
        }
    });
    for (number, job) in (1..).zip(jobs) {
        net.sleep((start + job.at) - net.now()).await;
        writes.write_all(format!("{number}\n").as_bytes()).await?;
        let (own, log, inbox, member) = (net.clone(), Rc::clone(log), Rc::clone(&inbox), crowd.join());
        let limit = script.limits.client;
        net.spawn(async move {
            if at_most(&own, limit, inbox.wait(number)).await.is_none() {
                log.client_gave_up.borrow_mut().insert(number, own.now());
            }
            drop(member);
        });
    }
    crowd.gone().await;
    // A still has calls under way: each has its own limit.
    while log.open.get() > 0 {
        net.sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// Answers that came, and who waits for one.
#[derive(Debug, Default)]
struct Inbox(RefCell<BTreeMap<u32, Option<Waker>>>);

impl Inbox {
    fn arrived(&self, number: u32) {
        if let Some(Some(waker)) = self.0.borrow_mut().insert(number, None) {
            waker.wake();
        }
    }

    async fn wait(&self, number: u32) {
        poll_fn(|cx| {
            let mut inbox = self.0.borrow_mut();
            if matches!(inbox.get(&number), Some(None)) {
                return Poll::Ready(());
            }
            inbox.insert(number, Some(cx.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}

/// The way back to the client, one line at a time.
struct Answers<S>(RefCell<Option<WriteHalf<S>>>);

impl<S: tokio::io::AsyncRead + tokio::io::AsyncWrite> Answers<S> {
    const fn new(writes: WriteHalf<S>) -> Self {
        Self(RefCell::new(Some(writes)))
    }

    /// A line is short: it goes into the send buffer at once, or the client is gone.
    async fn send(&self, number: u32) {
        let Some(mut writes) = self.0.borrow_mut().take() else { return };
        let sent: io::Result<()> = writes.write_all(format!("{number}\n").as_bytes()).await;
        if sent.is_ok() {
            *self.0.borrow_mut() = Some(writes);
        }
    }
}
