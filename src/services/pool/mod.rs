//! A pool of connections: opened when needed, lent one at a time, kept for the next, let go when old, idle or broken.
//!
//! ```text
//! get() ─> an idle one, last used first ─> looked at or asked, as `validation` says ─> Pooled
//!      └─> fewer than `max`: a new one    └─> broken: dropped, the next is tried
//!      └─> else: first come, first served, at most `wait`
//! ```
mod options;
mod shared;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::ops::{Deref, DerefMut};
use std::rc::{Rc, Weak};
use std::task::Poll;
use std::time::Duration;

use crate::net::Net;
use crate::services::within;
pub use options::{History, Level, Manage, PoolError, PoolOptions, Validation};
use shared::{Handed, Kept, Queued, Reserved, Shared, State, Waiter};

/// A pool. Cheap to clone; the connections go with the last clone.
pub struct Pool<N: Net, M: Manage<N>>(Rc<Shared<N, M>>);

impl<N: Net, M: Manage<N>> Clone for Pool<N, M> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
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
