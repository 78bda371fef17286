//! A pool of connections: opened when needed, lent one at a time, kept for the next, let go when old, idle or broken.
//!
//! ```text
//! get() ─> an idle one, last used first ─> looked at or asked, as `validation` says ─> Pooled
//!      └─> fewer than `max`: a new one    └─> broken: dropped, the next is tried
//!      └─> else: first come, first served, at most `wait`
//! ```
use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::ops::{Deref, DerefMut};
use std::rc::{Rc, Weak};
use std::task::{Poll, Waker};
use std::time::Duration;

use crate::net::Net;
use crate::recording::Time;
use crate::services::within;

/// How a pool opens, looks at and asks its connections.
pub trait Manage<N: Net>: 'static {
    type Connection: 'static;

    /// Opens a connection.
    ///
    /// # Errors
    /// The socket's.
    fn open(&self, net: &N) -> impl Future<Output = io::Result<Self::Connection>>;

    /// Whether this end still holds it for open. Costs nothing, and cannot see what has not arrived.
    fn is_open(&self, connection: &Self::Connection) -> bool;

    /// Asks the other end whether it is there: one round trip.
    fn ping(&self, net: &N, connection: &mut Self::Connection) -> impl Future<Output = bool>;
}

/// What is done with a connection that lay idle before it is lent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Validation {
    /// It is dropped when this end has seen it close.
    #[default]
    Look,
    /// It is asked, which costs a round trip.
    Ping,
    /// It is lent as it lies.
    None,
}

/// What can be turned on a pool; the words of the drivers' own options stand behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolOptions {
    /// Connections at the most (`maximumPoolSize`), at least 1.
    pub max: usize,
    /// Connections kept open even when idle (`minimumIdle`).
    pub min: usize,
    /// An idle connection above `min` is closed after this (`idleTimeout`); `None` keeps it.
    pub idle_timeout: Option<Duration>,
    /// A connection this old is closed when it is not lent (`maxLifetime`).
    pub max_lifetime: Option<Duration>,
    pub validation: Validation,
    /// How long an asker waits for a connection (`connectionTimeout`, pool timeout).
    pub wait: Duration,
    /// A connection lent for longer is suspected to be forgotten (`leakDetectionThreshold`).
    pub leak_after: Option<Duration>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    #[error("no connection came free in time")]
    Exhausted,
    #[error("no new connection: {0}")]
    Open(#[from] io::Error),
}

/// A pool at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// Lent, or being opened for somebody.
    pub busy: usize,
    pub idle: usize,
    /// Askers that wait for a connection.
    pub waiting: usize,
}

/// What happened in a pool since it began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The pool after each change.
    pub levels: Vec<(Time, Level)>,
    /// Connections opened.
    pub opened: usize,
    /// Idle connections that validation refused.
    pub stale: usize,
    /// Connections closed because they were idle or old.
    pub retired: usize,
    /// When a connection was first suspected to be forgotten.
    pub suspects: Vec<Time>,
}

/// A pool. Cheap to clone; the connections go with the last clone.
pub struct Pool<N: Net, M: Manage<N>>(Rc<Shared<N, M>>);

impl<N: Net, M: Manage<N>> Clone for Pool<N, M> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

struct Shared<N: Net, M: Manage<N>> {
    net: N,
    manage: M,
    options: PoolOptions,
    state: RefCell<State<M::Connection>>,
}

struct State<C> {
    idle: Vec<Kept<C>>,
    /// All there are: idle, lent, being opened.
    total: usize,
    waiters: VecDeque<Rc<RefCell<Waiter<C>>>>,
    next_id: u64,
    history: History,
}

/// A connection of the pool.
struct Kept<C> {
    connection: C,
    born: Time,
    /// Changes each time it is put back, so that an old alarm does not mean this rest.
    rest: u64,
}

/// Somebody in the queue.
struct Waiter<C> {
    handed: Option<Handed<C>>,
    waker: Option<Waker>,
}

/// What the one in front of the queue is given.
enum Handed<C> {
    Connection(Kept<C>),
    /// A place among `max`: open one yourself.
    Place,
}

impl<N: Net, M: Manage<N>> Pool<N, M> {
    /// An empty pool; it opens what `min` asks for at once.
    #[must_use]
    pub fn new(net: N, manage: M, options: PoolOptions) -> Self {
        let options = PoolOptions { max: options.max.max(1), min: options.min.min(options.max.max(1)), ..options };
        let (idle, waiters, history) = (Vec::new(), VecDeque::new(), History::default());
        let state = RefCell::new(State { idle, total: 0, waiters, next_id: 0, history });
        let pool = Self(Rc::new(Shared { net, manage, options, state }));
        pool.0.record();
        Shared::refill(&pool.0);
        pool
    }

    /// Lends a connection; dropping it gives it back.
    ///
    /// # Errors
    /// When none came free in time, or a new one cannot be opened.
    pub async fn get(&self) -> Result<Pooled<N, M>, PoolError> {
        while let Some(kept) = self.0.take_idle() {
            if let Some(kept) = self.0.validated(kept).await {
                return Ok(self.lend(kept));
            }
        }
        if self.0.reserve() {
            return self.open().await;
        }
        match self.wait().await {
            Some(Handed::Connection(kept)) => Ok(self.lend(kept)),
            Some(Handed::Place) => self.open().await,
            None => Err(PoolError::Exhausted),
        }
    }

    /// What happened so far.
    #[must_use]
    pub fn history(&self) -> History {
        self.0.state.borrow().history.clone()
    }

    /// Closes idle connections; lent ones are kept when they come back.
    pub fn clear(&self) {
        let idle = std::mem::take(&mut self.0.state.borrow_mut().idle);
        self.0.state.borrow_mut().total -= idle.len();
        self.0.record();
    }

    /// Opens a connection on a place that is reserved.
    async fn open(&self) -> Result<Pooled<N, M>, PoolError> {
        let place = Reserved(Some(Rc::clone(&self.0)));
        let connection = self.0.manage.open(&self.0.net).await?;
        place.used();
        Ok(self.lend(self.0.keep(connection)))
    }

    async fn wait(&self) -> Option<Handed<M::Connection>> {
        let waiter = Rc::new(RefCell::new(Waiter { handed: None, waker: None }));
        self.0.state.borrow_mut().waiters.push_back(Rc::clone(&waiter));
        self.0.record();
        let queued = Queued { pool: &self.0, waiter };
        let handed = poll_fn(|cx| {
            let mut waiter = queued.waiter.borrow_mut();
            waiter.waker = Some(cx.waker().clone());
            waiter.handed.take().map_or(Poll::Pending, Poll::Ready)
        });
        within(&self.0.net, self.0.options.wait, handed).await
    }

    fn lend(&self, kept: Kept<M::Connection>) -> Pooled<N, M> {
        self.0.record();
        let returned = Rc::new(());
        if let Some(limit) = self.0.options.leak_after {
            self.suspect_after(limit, Rc::downgrade(&returned));
        }
        Pooled { pool: Rc::clone(&self.0), kept: Some(kept), _lent: returned }
    }

    /// Notes a connection that is still lent after that time.
    fn suspect_after(&self, limit: Duration, lent: Weak<()>) {
        let (pool, net) = (Rc::downgrade(&self.0), self.0.net.clone());
        self.0.net.spawn(async move {
            net.sleep(limit).await;
            if let (Some(pool), Some(_)) = (pool.upgrade(), lent.upgrade()) {
                pool.state.borrow_mut().history.suspects.push(net.now());
            }
        });
    }
}

impl<N: Net, M: Manage<N>> Shared<N, M> {
    fn record(&self) {
        let now = self.net.now();
        let mut state = self.state.borrow_mut();
        let (idle, waiting) = (state.idle.len(), state.waiters.len());
        let level = Level { busy: state.total - idle, idle, waiting };
        if state.history.levels.last().is_none_or(|(_, last)| *last != level) {
            state.history.levels.push((now, level));
        }
    }

    fn take_idle(&self) -> Option<Kept<M::Connection>> {
        self.state.borrow_mut().idle.pop()
    }

    /// Takes one of the `max` places, if one is left.
    fn reserve(&self) -> bool {
        let mut state = self.state.borrow_mut();
        let free = state.total < self.options.max;
        state.total += usize::from(free);
        drop(state);
        self.record();
        free
    }

    fn keep(&self, connection: M::Connection) -> Kept<M::Connection> {
        let mut state = self.state.borrow_mut();
        state.history.opened += 1;
        state.next_id += 1;
        Kept { connection, born: self.net.now(), rest: state.next_id }
    }

    /// The connection again, if it may be lent.
    async fn validated(self: &Rc<Self>, mut kept: Kept<M::Connection>) -> Option<Kept<M::Connection>> {
        let place = Reserved(Some(Rc::clone(self)));
        if self.is_old(&kept) {
            self.state.borrow_mut().history.retired += 1;
            return None;
        }
        let usable = match self.options.validation {
            Validation::None => true,
            Validation::Look => self.manage.is_open(&kept.connection),
            Validation::Ping => {
                self.manage.is_open(&kept.connection) && self.manage.ping(&self.net, &mut kept.connection).await
            }
        };
        if !usable {
            self.state.borrow_mut().history.stale += 1;
            return None;
        }
        place.used();
        Some(kept)
    }

    fn is_old(&self, kept: &Kept<M::Connection>) -> bool {
        self.options.max_lifetime.is_some_and(|limit| self.net.now() - kept.born >= limit)
    }

    /// Takes a connection back: for the first in the queue, or to rest.
    fn give_back(self: &Rc<Self>, mut kept: Kept<M::Connection>) {
        if self.is_old(&kept) {
            self.state.borrow_mut().history.retired += 1;
            drop(kept);
            return self.free_place();
        }
        if let Some(waiter) = self.next_waiter() {
            return hand(&waiter, Handed::Connection(kept));
        }
        let mut state = self.state.borrow_mut();
        state.next_id += 1;
        kept.rest = state.next_id;
        let (rest, born) = (kept.rest, kept.born);
        state.idle.push(kept);
        drop(state);
        self.record();
        self.wake_when_due(rest, born);
    }

    /// One connection less: the first in the queue may open another.
    fn free_place(self: &Rc<Self>) {
        if let Some(waiter) = self.next_waiter() {
            return hand(&waiter, Handed::Place);
        }
        self.state.borrow_mut().total -= 1;
        self.record();
        Self::refill(self);
    }

    fn next_waiter(&self) -> Option<Rc<RefCell<Waiter<M::Connection>>>> {
        let waiter = self.state.borrow_mut().waiters.pop_front();
        self.record();
        waiter
    }

    /// Opens connections until there are `min`.
    fn refill(this: &Rc<Self>) {
        while this.state.borrow().total < this.options.min {
            this.state.borrow_mut().total += 1;
            let place = Reserved(Some(Rc::clone(this)));
            let pool = Rc::clone(this);
            this.net.spawn(async move {
                // An error leaves the pool smaller than `min`; the next return tries again.
                if let Ok(connection) = pool.manage.open(&pool.net).await {
                    place.used();
                    pool.give_back(pool.keep(connection));
                } else {
                    place.used();
                    pool.state.borrow_mut().total -= 1;
                }
            });
        }
    }

    /// Looks again at a resting connection when its time is up.
    fn wake_when_due(self: &Rc<Self>, rest: u64, born: Time) {
        let left = self.options.max_lifetime.map(|limit| (born + limit) - self.net.now());
        let due = self.options.idle_timeout.into_iter().chain(left).min();
        self.look_again(due, rest);
    }

    fn look_again(self: &Rc<Self>, due: Option<Duration>, rest: u64) {
        let Some(due) = due else { return };
        let (pool, net) = (Rc::downgrade(self), self.net.clone());
        self.net.spawn(async move {
            net.sleep(due).await;
            if let Some(pool) = pool.upgrade() {
                pool.retire(rest);
            }
        });
    }

    /// Closes the connection of that rest, if it still rests and is above `min` or too old.
    fn retire(self: &Rc<Self>, rest: u64) {
        let mut state = self.state.borrow_mut();
        let Some(index) = state.idle.iter().position(|it| it.rest == rest) else { return };
        if state.total > self.options.min || self.is_old(&state.idle[index]) {
            let retired = state.idle.remove(index);
            state.history.retired += 1;
            drop(state);
            drop(retired);
            return self.free_place();
        }
        // It stays for `min`, until it is too old.
        let left = self.options.max_lifetime.map(|limit| (state.idle[index].born + limit) - self.net.now());
        drop(state);
        self.look_again(left, rest);
    }
}

fn hand<C>(waiter: &Rc<RefCell<Waiter<C>>>, what: Handed<C>) {
    let mut waiter = waiter.borrow_mut();
    waiter.handed = Some(what);
    if let Some(waker) = waiter.waker.take() {
        waker.wake();
    }
}

/// A place among `max` that is given up when dropped, unless it was used.
struct Reserved<N: Net, M: Manage<N>>(Option<Rc<Shared<N, M>>>);

impl<N: Net, M: Manage<N>> Reserved<N, M> {
    fn used(mut self) {
        self.0 = None;
    }
}

impl<N: Net, M: Manage<N>> Drop for Reserved<N, M> {
    fn drop(&mut self) {
        if let Some(pool) = self.0.take() {
            pool.free_place();
        }
    }
}

/// A place in the queue. Who leaves it gives back what was just handed over.
struct Queued<'a, N: Net, M: Manage<N>> {
    pool: &'a Rc<Shared<N, M>>,
    waiter: Rc<RefCell<Waiter<M::Connection>>>,
}

impl<N: Net, M: Manage<N>> Drop for Queued<'_, N, M> {
    fn drop(&mut self) {
        self.pool.state.borrow_mut().waiters.retain(|it| !Rc::ptr_eq(it, &self.waiter));
        self.pool.record();
        let handed = self.waiter.borrow_mut().handed.take();
        match handed {
            Some(Handed::Connection(kept)) => self.pool.give_back(kept),
            Some(Handed::Place) => self.pool.free_place(),
            None => {}
        }
    }
}

/// A connection on loan.
pub struct Pooled<N: Net, M: Manage<N>> {
    pool: Rc<Shared<N, M>>,
    kept: Option<Kept<M::Connection>>,
    _lent: Rc<()>,
}

impl<N: Net, M: Manage<N>> Pooled<N, M> {
    /// Closes it instead of giving it back: after an error nobody knows what is still on its way.
    pub fn discard(mut self) {
        if self.kept.take().is_some() {
            self.pool.free_place();
        }
    }
}

impl<N: Net, M: Manage<N>> Deref for Pooled<N, M> {
    type Target = M::Connection;

    fn deref(&self) -> &M::Connection {
        &self.kept.as_ref().expect("it is taken only when this is over").connection
    }
}

impl<N: Net, M: Manage<N>> DerefMut for Pooled<N, M> {
    fn deref_mut(&mut self) -> &mut M::Connection {
        &mut self.kept.as_mut().expect("it is taken only when this is over").connection
    }
}

impl<N: Net, M: Manage<N>> Drop for Pooled<N, M> {
    fn drop(&mut self) {
        if let Some(kept) = self.kept.take() {
            self.pool.give_back(kept);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::lab::{Lab, LabNet};

    /// Connections that are numbers; the ones in `dead` do not answer.
    #[derive(Clone, Default)]
    struct Numbers {
        opened: Rc<Cell<u32>>,
        dead: Rc<RefCell<Vec<u32>>>,
        refuses: bool,
    }

    impl Manage<LabNet> for Numbers {
        type Connection = u32;

        async fn open(&self, net: &LabNet) -> io::Result<u32> {
            net.sleep(Duration::from_millis(10)).await;
            if self.refuses {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            self.opened.set(self.opened.get() + 1);
            Ok(self.opened.get())
        }

        fn is_open(&self, connection: &u32) -> bool {
            !self.dead.borrow().contains(connection)
        }

        async fn ping(&self, net: &LabNet, connection: &mut u32) -> bool {
            net.sleep(Duration::from_millis(10)).await;
            self.is_open(connection)
        }
    }

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn options() -> PoolOptions {
        PoolOptions {
            max: 2,
            min: 0,
            idle_timeout: None,
            max_lifetime: None,
            validation: Validation::Look,
            wait: ms(100),
            leak_after: None,
        }
    }

    fn in_a_lab<T>(test: impl AsyncFnOnce(LabNet) -> T) -> T {
        let mut lab = Lab::new(1, &[]);
        let host = lab.host("h").address("10.0.0.1/24").add();
        let net = lab.net(host);
        lab.run(test(net)).expect("the test ends")
    }

    #[test]
    fn a_connection_is_opened_once_and_lent_again() {
        in_a_lab(async |net| {
            let pool = Pool::new(net.clone(), Numbers::default(), options());
            let first = pool.get().await.expect("a new one");
            assert_eq!((*first, net.now()), (1, Time(10_000_000)));
            drop(first);
            assert_eq!(*pool.get().await.expect("the same"), 1);
            assert_eq!(net.now(), Time(10_000_000));
            assert_eq!(pool.history().opened, 1);
        });
    }

    #[test]
    fn who_comes_when_all_are_lent_waits_in_order_and_not_for_ever() {
        in_a_lab(async |net| {
            let pool = Pool::new(net.clone(), Numbers::default(), options());
            let held = (pool.get().await.expect("one"), pool.get().await.expect("two"));
            let (later, own) = (pool.clone(), net.clone());
            net.spawn(async move {
                let got = later.get().await.expect("the first in the queue gets what comes back");
                assert_eq!(*got, 2);
                own.sleep(ms(500)).await;
            });
            net.sleep(ms(1)).await;
            let own = net.clone();
            net.spawn(async move {
                own.sleep(ms(50)).await;
                drop(held.1);
                own.sleep(ms(500)).await;
                drop(held.0);
            });
            let began = net.now();
            assert!(matches!(pool.get().await, Err(PoolError::Exhausted)));
            assert_eq!(net.now() - began, ms(100));
            assert_eq!(pool.history().levels.iter().map(|(_, level)| level.waiting).max(), Some(2));
        });
    }

    #[test]
    fn a_place_goes_to_the_queue_when_a_connection_is_discarded() {
        in_a_lab(async |net| {
            let pool = Pool::new(net.clone(), Numbers::default(), PoolOptions { max: 1, ..options() });
            let broken = pool.get().await.expect("one");
            let own = net.clone();
            net.spawn(async move {
                own.sleep(ms(20)).await;
                broken.discard();
            });
            assert_eq!(*pool.get().await.expect("a new one on the free place"), 2);
            assert_eq!(net.now(), Time(40_000_000));
        });
    }

    #[test]
    fn a_refused_connection_frees_its_place() {
        in_a_lab(async |net| {
            let numbers = Numbers { refuses: true, ..Numbers::default() };
            let pool = Pool::new(net.clone(), numbers, PoolOptions { max: 1, ..options() });
            for _ in 0..3 {
                assert!(matches!(pool.get().await, Err(PoolError::Open(_))));
            }
        });
    }

    #[test]
    fn a_dead_one_is_found_by_validation_only() {
        for (validation, expected) in [(Validation::Look, 2), (Validation::Ping, 2), (Validation::None, 1)] {
            in_a_lab(async |net| {
                let numbers = Numbers::default();
                let pool = Pool::new(net.clone(), numbers.clone(), PoolOptions { validation, ..options() });
                drop(pool.get().await.expect("one"));
                numbers.dead.borrow_mut().push(1);
                assert_eq!(*pool.get().await.expect("one"), expected, "{validation:?}");
                assert_eq!(pool.history().stale, usize::from(expected == 2));
            });
        }
    }

    #[test]
    fn idle_ones_go_down_to_the_minimum_and_old_ones_go_whatever_it_is() {
        in_a_lab(async |net| {
            let limits = PoolOptions { min: 1, idle_timeout: Some(ms(100)), max_lifetime: Some(ms(1000)), ..options() };
            let pool = Pool::new(net.clone(), Numbers::default(), limits);
            net.sleep(ms(20)).await;
            assert_eq!(pool.history().levels.last().expect("a level").1.idle, 1);
            let both = (pool.get().await.expect("one"), pool.get().await.expect("two"));
            drop(both);
            net.sleep(ms(500)).await;
            assert_eq!(pool.history().levels.last().expect("a level").1, Level { idle: 1, ..Level::default() });
            assert_eq!(pool.history().retired, 1);
            net.sleep(ms(700)).await;
            assert_eq!((pool.history().retired, pool.history().opened), (2, 3));
        });
    }

    #[test]
    fn a_connection_kept_too_long_is_suspected() {
        in_a_lab(async |net| {
            let limits = PoolOptions { leak_after: Some(ms(30)), ..options() };
            let pool = Pool::new(net.clone(), Numbers::default(), limits);
            drop(pool.get().await.expect("one"));
            net.sleep(ms(100)).await;
            assert_eq!(pool.history().suspects, []);
            let kept = pool.get().await.expect("one");
            net.sleep(ms(100)).await;
            assert_eq!(pool.history().suspects, [Time(140_000_000)]);
            drop(kept);
        });
    }
}
