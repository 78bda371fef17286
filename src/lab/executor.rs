//! Runs futures on one thread, without any clock: tasks run when they are woken, in the order they were.
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Numbers of tasks that were woken. A `Waker` must be `Send`, hence the lock; there is one thread.
type Ready = Arc<Mutex<VecDeque<u64>>>;

struct TaskWaker {
    id: u64,
    queued: AtomicBool,
    ready: Ready,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::Relaxed) {
            self.ready.lock().unwrap_or_else(PoisonError::into_inner).push_back(self.id);
        }
    }
}

/// The main future's number.
pub(crate) const MAIN: u64 = 0;

/// Spawned tasks and who is ready to run.
#[derive(Default)]
pub(crate) struct Executor {
    ready: Ready,
    tasks: RefCell<BTreeMap<u64, (Task, Arc<TaskWaker>)>>,
    next: Cell<u64>,
    closed: Cell<bool>,
}

impl Executor {
    fn waker(&self, id: u64) -> Arc<TaskWaker> {
        Arc::new(TaskWaker { id, queued: AtomicBool::new(false), ready: Arc::clone(&self.ready) })
    }

    /// A waker for the main future, awake at once.
    pub(crate) fn main_waker(&self) -> MainWaker {
        let waker = self.waker(MAIN);
        waker.wake_by_ref();
        MainWaker(waker)
    }

    /// Adds a task; it runs soon. After the end of the world it is dropped.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        if self.closed.get() {
            return;
        }
        let id = self.next.get() + 1;
        self.next.set(id);
        let waker = self.waker(id);
        waker.wake_by_ref();
        self.tasks.borrow_mut().insert(id, (Box::pin(task), waker));
    }

    /// Takes the number of the task that is to run next.
    pub(crate) fn next_ready(&self) -> Option<u64> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Whether a task waits to be run.
    pub(crate) fn is_ready(&self) -> bool {
        !self.ready.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Runs a spawned task until it waits or ends.
    pub(crate) fn run(&self, id: u64) {
        // Taken out while it runs: it may spawn others.
        let Some((mut task, waker)) = self.tasks.borrow_mut().remove(&id) else { return };
        waker.queued.store(false, Ordering::Relaxed);
        let outcome = task.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(&waker))));
        if outcome.is_pending() && !self.closed.get() {
            self.tasks.borrow_mut().insert(id, (task, waker));
        }
    }

    /// Drops every task; what they hold is closed, and nothing can be spawned any more.
    pub(crate) fn close(&self) {
        self.closed.set(true);
        let tasks = std::mem::take(&mut *self.tasks.borrow_mut());
        drop(tasks);
    }
}

/// The waker of the main future.
pub(crate) struct MainWaker(Arc<TaskWaker>);

impl MainWaker {
    /// Polls the main future once.
    pub(crate) fn poll<F: Future>(&self, main: Pin<&mut F>) -> Poll<F::Output> {
        self.0.queued.store(false, Ordering::Relaxed);
        main.poll(&mut Context::from_waker(&Waker::from(Arc::clone(&self.0))))
    }
}
