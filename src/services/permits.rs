//! A fixed number of permits, first come, first served: threads of a pool, cores of a machine, places in a server.
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// The permits. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Permits(Rc<Shared>);

#[derive(Debug)]
struct Shared {
    free: Cell<usize>,
    queue: RefCell<VecDeque<Rc<Place>>>,
}

/// A place in the queue.
#[derive(Debug, Default)]
struct Place {
    called: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

/// One permit; dropping it gives it to the next.
#[derive(Debug)]
pub struct Permit(Permits);

impl Permits {
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self(Rc::new(Shared { free: Cell::new(count), queue: RefCell::default() }))
    }

    /// Waits for a permit.
    pub async fn take(&self) -> Permit {
        if self.0.free.get() > 0 {
            self.0.free.set(self.0.free.get() - 1);
            return Permit(self.clone());
        }
        let place = Rc::<Place>::default();
        self.0.queue.borrow_mut().push_back(Rc::clone(&place));
        let waiting = Waiting { permits: self.clone(), place };
        poll_fn(|cx| {
            *waiting.place.waker.borrow_mut() = Some(cx.waker().clone());
            if waiting.place.called.get() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        // What was handed over is ours now.
        waiting.place.called.set(false);
        Permit(self.clone())
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.queue.borrow().len()
    }

    fn give(&self) {
        let next = self.0.queue.borrow_mut().pop_front();
        let Some(place) = next else { return self.0.free.set(self.0.free.get() + 1) };
        place.called.set(true);
        if let Some(waker) = place.waker.take() {
            waker.wake();
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.give();
    }
}

/// Who stops waiting leaves the queue, and hands on what was just handed over.
struct Waiting {
    permits: Permits,
    place: Rc<Place>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.permits.0.queue.borrow_mut().retain(|it| !Rc::ptr_eq(it, &self.place));
        if self.place.called.get() {
            self.permits.give();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::Context;

    use super::*;

    fn is_ready(future: std::pin::Pin<&mut impl Future<Output = Permit>>) -> Option<Permit> {
        match future.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(permit) => Some(permit),
            Poll::Pending => None,
        }
    }

    #[test]
    fn permits_go_to_the_first_in_the_queue_and_past_who_left() {
        let permits = Permits::new(1);
        let mut first = pin!(permits.take());
        let held = is_ready(first.as_mut()).expect("one is free");
        let mut gone = Box::pin(permits.take());
        let mut next = pin!(permits.take());
        assert!(is_ready(gone.as_mut()).is_none() && is_ready(next.as_mut()).is_none());
        assert_eq!(permits.waiting(), 2);
        drop(held);
        // It was handed to the one who now leaves.
        drop(gone);
        let second = is_ready(next.as_mut()).expect("it is handed on");
        drop(second);
        assert!(is_ready(pin!(permits.take())).is_some());
    }
}
