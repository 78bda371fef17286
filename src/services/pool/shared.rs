//! The connections of a pool: which are idle, who waits, and what becomes of one that comes back.
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::Waker;
use std::time::Duration;

use super::options::{History, Level, Manage, PoolOptions, Validation};
use crate::net::Net;
use crate::recording::Time;

pub(super) struct Shared<N: Net, M: Manage<N>> {
    pub(super) net: N,
    pub(super) manage: M,
    pub(super) options: PoolOptions,
    pub(super) state: RefCell<State<M::Connection>>,
}

pub(super) struct State<C> {
    pub(super) idle: Vec<Kept<C>>,
    /// All there are: idle, lent, being opened.
    pub(super) total: usize,
    pub(super) waiters: VecDeque<Rc<RefCell<Waiter<C>>>>,
    pub(super) next_id: u64,
    pub(super) history: History,
}

/// A connection of the pool.
pub(super) struct Kept<C> {
    pub(super) connection: C,
    pub(super) born: Time,
    /// Changes each time it is put back, so that an old alarm does not mean this rest.
    pub(super) rest: u64,
}

/// Somebody in the queue.
pub(super) struct Waiter<C> {
    pub(super) handed: Option<Handed<C>>,
    pub(super) waker: Option<Waker>,
}

/// What the one in front of the queue is given.
pub(super) enum Handed<C> {
    Connection(Kept<C>),
    /// A place among `max`: open one yourself.
    Place,
}

impl<N: Net, M: Manage<N>> Shared<N, M> {
    pub(super) fn record(&self) {
        let now = self.net.now();
        let mut state = self.state.borrow_mut();
        let (idle, waiting) = (state.idle.len(), state.waiters.len());
        let level = Level { busy: state.total - idle, idle, waiting };
        if state.history.levels.last().is_none_or(|(_, last)| *last != level) {
            state.history.levels.push((now, level));
        }
    }

    pub(super) fn take_idle(&self) -> Option<Kept<M::Connection>> {
        self.state.borrow_mut().idle.pop()
    }

    /// Takes one of the `max` places, if one is left.
    pub(super) fn reserve(&self) -> bool {
        let mut state = self.state.borrow_mut();
        let free = state.total < self.options.max;
        state.total += usize::from(free);
        drop(state);
        self.record();
        free
    }

    pub(super) fn keep(&self, connection: M::Connection) -> Kept<M::Connection> {
        let mut state = self.state.borrow_mut();
        state.history.opened += 1;
        state.next_id += 1;
        Kept { connection, born: self.net.now(), rest: state.next_id }
    }

    /// The connection again, if it may be lent.
    pub(super) async fn validated(self: &Rc<Self>, mut kept: Kept<M::Connection>) -> Option<Kept<M::Connection>> {
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
    pub(super) fn give_back(self: &Rc<Self>, mut kept: Kept<M::Connection>) {
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
    pub(super) fn free_place(self: &Rc<Self>) {
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
    pub(super) fn refill(this: &Rc<Self>) {
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
pub(super) struct Reserved<N: Net, M: Manage<N>>(pub(super) Option<Rc<Shared<N, M>>>);

impl<N: Net, M: Manage<N>> Reserved<N, M> {
    pub(super) fn used(mut self) {
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
pub(super) struct Queued<'a, N: Net, M: Manage<N>> {
    pub(super) pool: &'a Rc<Shared<N, M>>,
    pub(super) waiter: Rc<RefCell<Waiter<M::Connection>>>,
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
