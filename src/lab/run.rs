//! The driver: runs tasks until all wait, then moves the clock to the next thing that happens. Never reads a real clock.
use std::cell::RefCell;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use crate::lab::executor::{Executor, MAIN};
use crate::lab::world::World;
use crate::recording::Time;

/// A world and the programs in it. Everything that holds a piece of it is on one thread.
pub(crate) struct Shared {
    pub(crate) world: RefCell<World>,
    pub(crate) executor: Executor,
}

/// How far a run may go before it is stopped as a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Virtual time.
    pub time: Duration,
    /// Task polls and happenings together.
    pub steps: u64,
    /// After the main future, the world goes on until nothing has crossed a link for this long.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_secs(3600), steps: 5_000_000, grace: Duration::from_secs(3) }
    }
}

/// Why a run was stopped before its main future ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabError {
    #[error("deadlock at {at}: the run waits and nothing will ever happen; waiting: {}", list(.waiting))]
    Deadlock { at: Time, waiting: Vec<String> },
    #[error("the run is not over after {limit} of its own time; waiting: {}", list(.waiting))]
    TimeLimit { limit: Time, waiting: Vec<String> },
    #[error("the run is not over at {at} after {limit} steps; waiting: {}", list(.waiting))]
    StepLimit { limit: u64, at: Time, waiting: Vec<String> },
}

fn list(waiting: &[String]) -> String {
    if waiting.is_empty() { "no socket call".to_owned() } else { waiting.join(", ") }
}

/// A run in progress.
pub(crate) struct Driver<'a> {
    shared: &'a Shared,
    limits: Limits,
    steps: u64,
}

impl<'a> Driver<'a> {
    pub(crate) const fn new(shared: &'a Shared, limits: Limits) -> Self {
        Self { shared, limits, steps: 0 }
    }

    /// Runs until `main` is done.
    pub(crate) fn run<T>(&mut self, main: impl Future<Output = T>) -> Result<T, LabError> {
        let mut main = pin!(main);
        let waker = self.shared.executor.main_waker();
        loop {
            while let Some(task) = self.shared.executor.next_ready() {
                self.count()?;
                if task != MAIN {
                    self.shared.executor.run(task);
                } else if let Poll::Ready(result) = waker.poll(main.as_mut()) {
                    return Ok(result);
                }
            }
            self.advance(|world| Err(LabError::Deadlock { at: world.now, waiting: world.blocked() }))?;
        }
    }

    /// Runs on until no frame has been on a link for the grace period, at most twenty times as long.
    pub(crate) fn linger(&mut self) -> Result<(), LabError> {
        let last = self.shared.world.borrow().now + self.limits.grace * 20;
        loop {
            while let Some(task) = self.shared.executor.next_ready() {
                self.count()?;
                self.shared.executor.run(task);
            }
            let quiet = {
                let world = self.shared.world.borrow();
                let until = (world.last_traffic + self.limits.grace).min(last);
                world.agenda.next_at().is_none_or(|at| at > until)
            };
            if quiet {
                return Ok(());
            }
            self.count()?;
            self.shared.world.borrow_mut().step();
        }
    }

    /// Does everything up to and at `until`, and leaves the clock there.
    pub(crate) fn drive(&mut self, until: Time) -> Result<(), LabError> {
        loop {
            while let Some(task) = self.shared.executor.next_ready() {
                self.count()?;
                self.shared.executor.run(task);
            }
            self.count()?;
            let mut world = self.shared.world.borrow_mut();
            if world.agenda.next_at().is_none_or(|at| at > until) {
                let until = world.now.max(until);
                world.set_now(until);
                return Ok(());
            }
            world.step();
        }
    }

    /// Goes to the next instant at which something happens.
    fn advance(&mut self, nothing: impl FnOnce(&World) -> Result<(), LabError>) -> Result<(), LabError> {
        self.count()?;
        let mut world = self.shared.world.borrow_mut();
        let Some(at) = world.agenda.next_at() else { return nothing(&world) };
        let limit = Time::ZERO + self.limits.time;
        if at > limit {
            return Err(LabError::TimeLimit { limit, waiting: world.blocked() });
        }
        world.step();
        Ok(())
    }

    fn count(&mut self) -> Result<(), LabError> {
        self.steps += 1;
        if self.steps <= self.limits.steps {
            return Ok(());
        }
        let world = self.shared.world.borrow();
        Err(LabError::StepLimit { limit: self.limits.steps, at: world.now, waiting: world.blocked() })
    }
}
