//! Waiting for two things at once, or for one thing no longer than a limit; on any world's clock.
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use crate::net::Net;
use crate::recording::Time;

/// What `work` comes to, or `None` when `limit` is over first; the work is then dropped where it stands.
pub async fn within<N: Net, T>(net: &N, limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut alarm = pin!(net.sleep(limit));
    poll_fn(|context| {
        if let Poll::Ready(value) = work.as_mut().poll(context) {
            return Poll::Ready(Some(value));
        }
        alarm.as_mut().poll(context).map(|()| None)
    })
    .await
}

/// When something was first heard and when last, for who waits only as long as something comes. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Heard(Rc<Cell<Option<(Time, Time)>>>);

impl Heard {
    /// Something was heard at an instant, which is not before those told earlier.
    pub fn at(&self, now: Time) {
        let first = self.first().unwrap_or(now);
        self.0.set(Some((first, now)));
    }

    /// When something was first heard.
    #[must_use]
    pub fn first(&self) -> Option<Time> {
        self.0.get().map(|(first, _)| first)
    }

    /// What `work` comes to, or `None` when nothing is heard for longer than `patience`.
    pub async fn or_silence<N: Net, T>(&self, net: &N, patience: Duration, work: impl Future<Output = T>) -> Option<T> {
        while_heard(net, patience, || self.0.get().map(|(_, last)| last), work).await
    }
}

/// What `work` comes to, or `None` when it is silent for longer than `patience`; `last` is when something was heard.
pub async fn while_heard<N: Net, T>(
    net: &N,
    patience: Duration,
    last: impl Fn() -> Option<Time>,
    work: impl Future<Output = T>,
) -> Option<T> {
    let (mut work, began) = (pin!(work), net.now());
    loop {
        let last = last().map_or(began, |last| last.max(began));
        let left = (last + patience) - net.now();
        if left.is_zero() {
            return None;
        }
        if let Some(value) = within(net, left, work.as_mut()).await {
            return Some(value);
        }
    }
}

/// What both come to; they run side by side.
pub async fn both<A, B>(one: impl Future<Output = A>, other: impl Future<Output = B>) -> (A, B) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let (mut first, mut second) = (None, None);
    poll_fn(|context| {
        if first.is_none()
            && let Poll::Ready(value) = one.as_mut().poll(context)
        {
            first = Some(value);
        }
        if second.is_none()
            && let Poll::Ready(value) = other.as_mut().poll(context)
        {
            second = Some(value);
        }
        match (first.take(), second.take()) {
            (Some(a), Some(b)) => Poll::Ready((a, b)),
            (a, b) => {
                (first, second) = (a, b);
                Poll::Pending
            }
        }
    })
    .await
}

/// Counts tasks that run beside each other, so that one may wait for the last. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Crowd(Rc<RefCell<(usize, Option<Waker>)>>);

/// One of a [`Crowd`]; it leaves when dropped.
#[derive(Debug)]
pub struct Member(Crowd);

impl Crowd {
    /// One more, until what this gives is dropped.
    #[must_use]
    pub fn join(&self) -> Member {
        self.0.borrow_mut().0 += 1;
        Member(self.clone())
    }

    /// How many there are.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.borrow().0
    }

    /// Waits until nobody is left. One task may wait at a time.
    pub async fn gone(&self) {
        poll_fn(|cx| {
            let mut crowd = self.0.borrow_mut();
            if crowd.0 == 0 {
                return Poll::Ready(());
            }
            crowd.1 = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut crowd = self.0.0.borrow_mut();
        crowd.0 -= 1;
        if crowd.0 == 0
            && let Some(waker) = crowd.1.take()
        {
            waker.wake();
        }
    }
}
