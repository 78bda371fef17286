//! What a pool is told: how to open and ask connections, how many there may be; and what it tells of itself.
use std::future::Future;
use std::io;
use std::time::Duration;

use crate::net::Net;
use crate::recording::Time;

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
