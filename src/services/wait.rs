//! Waiting for two things at once, or for one thing no longer than a limit; on any world's clock.
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use crate::net::Net;

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
