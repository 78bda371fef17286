//! Tests a TCP echo server, in any language, for the seven behaviours that tell a working server from a lucky one.
//!
//! Every step is bounded in time and in bytes, so that no server, however broken or hostile, holds the test up.
mod advice;
mod checks;
mod probe;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::net::Net;
use probe::Probe;

/// What a TCP echo server has to get right, in the order of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Behaviour {
    PartialReads,
    LargeTransfer,
    HalfClose,
    EndOfFile,
    Reset,
    Concurrent,
    IdleTimeout,
}

/// How one behaviour was tested and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub behaviour: Behaviour,
    pub passed: bool,
    /// What the test did: `23 bytes in 23 pieces`.
    pub sent: String,
    /// What came back, or did not.
    pub received: String,
}

/// No test is possible: nothing accepts a connection there.
#[derive(Debug, thiserror::Error)]
#[error(
    "no echo server answers at {at}: {error}. Start your server first, listening on that address, then grade it again"
)]
pub struct NoServer {
    pub at: SocketAddr,
    pub error: io::Error,
}

/// The shortest idle time a server can be tested for: below it, the pauses inside the tests are idle time too.
pub const SHORTEST_IDLE: Duration = Duration::from_secs(1);

/// Tests the server at `server` for all seven behaviours. `idle` is the time after which it has agreed to close the
/// connection of a silent client; it is taken as [`SHORTEST_IDLE`] at least. On a server that answers at once this takes about
/// twice `idle` and 3 seconds.
///
/// # Errors
/// When no connection can be opened at all.
pub async fn tcp_echo<N: Net>(net: &N, server: SocketAddr, idle: Duration) -> Result<Vec<Outcome>, NoServer> {
    let probe = Probe::new(net, server, idle.max(SHORTEST_IDLE));
    probe.knock().await.map_err(|error| NoServer { at: server, error })?;
    let mut outcomes = Vec::new();
    for behaviour in Behaviour::BY_RISK {
        outcomes.push(Outcome::of(behaviour, checks::check(behaviour, &probe).await));
    }
    outcomes.sort_by_key(|it| it.behaviour);
    Ok(outcomes)
}

impl Behaviour {
    /// In the order of the report.
    pub const ALL: [Self; 7] = [
        Self::PartialReads,
        Self::LargeTransfer,
        Self::HalfClose,
        Self::EndOfFile,
        Self::Reset,
        Self::Concurrent,
        Self::IdleTimeout,
    ];

    /// In the order of testing: what may take the whole server down comes last, so that it spoils no other result.
    const BY_RISK: [Self; 7] = [
        Self::PartialReads,
        Self::LargeTransfer,
        Self::HalfClose,
        Self::EndOfFile,
        Self::Concurrent,
        Self::IdleTimeout,
        Self::Reset,
    ];

    /// Its number in the report, from 1.
    #[must_use]
    pub const fn number(self) -> usize {
        self as usize + 1
    }

    /// Stable, for JSON: `half-close`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        advice::of(self).name
    }

    /// What the server is expected to do, in a line.
    #[must_use]
    pub const fn expected(self) -> &'static str {
        advice::of(self).expected
    }

    /// Why servers meet this in practice.
    #[must_use]
    pub const fn why(self) -> &'static str {
        advice::of(self).why
    }

    /// What to look for in the code of a server that fails.
    #[must_use]
    pub const fn look_for(self) -> &'static str {
        advice::of(self).look_for
    }
}

impl Outcome {
    fn of(behaviour: Behaviour, result: Result<checks::Seen, checks::Seen>) -> Self {
        let passed = result.is_ok();
        let (Ok(seen) | Err(seen)) = result;
        Self { behaviour, passed, sent: seen.sent, received: seen.received }
    }
}

/// A line for a pass, a paragraph for a failure.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.passed { "passed" } else { "FAILED" };
        writeln!(f, "{} {word}  {}", self.behaviour.number(), self.behaviour.expected())?;
        if !self.passed {
            writeln!(f, "    sent      {}", self.sent)?;
            writeln!(f, "    came back {}", self.received)?;
            writeln!(f, "    why       {}", self.behaviour.why())?;
            writeln!(f, "    look for  {}", self.behaviour.look_for())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod faulty;
#[cfg(test)]
mod tests;
