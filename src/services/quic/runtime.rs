//! Where QUIC's tasks run and its timers wait: in the world of a network, at that world's time.
//!
//! The library wants what may go to any thread, and a world is one: so tasks and timers are put down where both can reach
//! them, and the pump, a task of that world, carries them over. It takes no time of the lab's.
//!
//! ```text
//! quinn ── spawn, timers ──> State <── pump ──> net.spawn, net.sleep
//! ```
use std::collections::BTreeMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use quinn::{AsyncTimer, AsyncUdpSocket, Runtime};

use crate::net::{Clock, Net};
use crate::recording::Time;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The runtime of one endpoint.
pub(super) struct Seam {
    clock: Clock,
    state: Shared,
}

type Shared = Arc<Mutex<State>>;

#[derive(Default)]
struct State {
    tasks: Vec<Task>,
    /// Who is to be woken when; timers of one instant in the order they were made.
    timers: BTreeMap<(Time, u64), Waker>,
    next: u64,
    pump: Option<Waker>,
    /// The endpoint is gone.
    over: bool,
}

fn lock(state: &Shared) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn wake_pump(&mut self) {
        if let Some(pump) = self.pump.take() {
            pump.wake();
        }
    }

    /// What is due by now, and when the next timer is.
    fn due(&mut self, now: Time) -> (Vec<Waker>, Option<Time>) {
        let later = self.timers.split_off(&(now, u64::MAX));
        let due = std::mem::replace(&mut self.timers, later);
        (due.into_values().collect(), self.timers.keys().next().map(|(at, _)| *at))
    }
}

impl Seam {
    /// A runtime in the world of this network; `tick` tells TLS the time before anything of QUIC runs.
    pub(super) fn new(net: &impl Net, tick: &Rc<dyn Fn()>) -> Arc<Self> {
        let state = Shared::default();
        net.spawn(pump(net.clone(), Arc::clone(&state), Rc::clone(tick)));
        Arc::new(Self { clock: net.clock(), state })
    }
}

impl Drop for Seam {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        state.over = true;
        state.wake_pump();
    }
}

impl fmt::Debug for Seam {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seam").field("clock", &self.clock).finish_non_exhaustive()
    }
}

/// Carries tasks and timers over, until the endpoint is gone.
async fn pump<N: Net>(net: N, state: Shared, tick: Rc<dyn Fn()>) {
    let mut alarm = None;
    poll_fn(|cx| {
        loop {
            let (tasks, (due, next)) = {
                let mut state = lock(&state);
                state.pump = Some(cx.waker().clone());
                (std::mem::take(&mut state.tasks), state.due(net.now()))
            };
            tasks.into_iter().for_each(|task| net.spawn(told(task, Rc::clone(&tick))));
            due.into_iter().for_each(Waker::wake);
            if lock(&state).over {
                return Poll::Ready(());
            }
            let Some(at) = next else {
                alarm = None;
                return Poll::Pending;
            };
            if alarm.as_ref().is_none_or(|(set, _)| *set != at) {
                let (own, wait) = (net.clone(), at - net.now());
                alarm = Some((at, Box::pin(async move { own.sleep(wait).await })));
            }
            if alarm.as_mut().is_some_and(|(_, sleep)| sleep.as_mut().poll(cx).is_pending()) {
                return Poll::Pending;
            }
            alarm = None;
        }
    })
    .await;
}

/// A task whose TLS knows the time whenever it runs.
async fn told(mut task: Task, tick: Rc<dyn Fn()>) {
    poll_fn(|cx| {
        tick();
        task.as_mut().poll(cx)
    })
    .await;
}

impl Runtime for Seam {
    fn new_timer(&self, at: Instant) -> Pin<Box<dyn AsyncTimer>> {
        let mut state = lock(&self.state);
        state.next += 1;
        let (number, clock) = (state.next, self.clock.clone());
        Box::pin(Timer { at: clock.time(at), number, clock, state: Arc::clone(&self.state) })
    }

    fn spawn(&self, task: Task) {
        let mut state = lock(&self.state);
        state.tasks.push(task);
        state.wake_pump();
    }

    fn wrap_udp_socket(&self, _: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "sockets are opened by the network"))
    }

    fn now(&self) -> Instant {
        self.clock.instant(self.clock.now())
    }
}

struct Timer {
    at: Time,
    number: u64,
    clock: Clock,
    state: Shared,
}

impl AsyncTimer for Timer {
    fn reset(mut self: Pin<&mut Self>, at: Instant) {
        lock(&self.state).timers.remove(&(self.at, self.number));
        self.at = self.clock.time(at);
    }

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.state);
        let key = (self.at, self.number);
        if self.clock.now() >= self.at {
            state.timers.remove(&key);
            return Poll::Ready(());
        }
        state.timers.insert(key, cx.waker().clone());
        if state.timers.keys().next() == Some(&key) {
            state.wake_pump();
        }
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        lock(&self.state).timers.remove(&(self.at, self.number));
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer").field("at", &self.at).finish_non_exhaustive()
    }
}
