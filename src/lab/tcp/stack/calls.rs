//! What programs ask of their connections: found by number, done, and settled.
use std::collections::BTreeSet;
use std::io::{Error, ErrorKind, Result};
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};

use crate::lab::tcp::connection::Connection;
use crate::lab::tcp::decision::Decision;
use crate::lab::tcp::info::TcpInfo;
use crate::lab::tcp::output::{Pair, TcpOutput};
use crate::lab::tcp::reason::Resets;
use crate::lab::tcp::settings::SocketOptions;
use crate::lab::tcp::stack::{Id, Stack};
use crate::lab::tcp::state::State;
use crate::recording::Time;

fn gone() -> Error {
    Error::new(ErrorKind::NotConnected, "the connection is closed")
}

impl Stack {
    /// Begins a connection from an address of this host; [`Self::poll_connected`] says what became of it.
    ///
    /// # Errors
    /// `AddrNotAvailable` when every port of the range is in use towards `to`.
    pub(crate) fn connect(
        &mut self,
        now: Time,
        (from, to): (IpAddr, SocketAddr),
        options: SocketOptions,
        out: &mut TcpOutput,
    ) -> Result<Id> {
        let local = SocketAddr::new(from, self.port_towards(now, from, to, out)?);
        let rules = self.towards(now, to.ip(), self.rules().with(options));
        let connection = Connection::connect(Pair { local, remote: to }, rules, now, out);
        Ok(self.add(connection, out))
    }

    fn port_towards(&mut self, now: Time, from: IpAddr, to: SocketAddr, out: &mut TcpOutput) -> Result<u16> {
        let pair = |port| Pair { local: SocketAddr::new(from, port), remote: to };
        let listening: BTreeSet<u16> = self.listening.keys().map(SocketAddr::port).collect();
        let flows = &self.flows;
        let taken = |port| listening.contains(&port) || flows.contains_key(&pair(port));
        if let Some(port) = self.ports.choose(from, to, taken) {
            return Ok(port);
        }
        let waiting: Vec<Id> = self.ports.all().filter_map(|port| self.flows.get(&pair(port)).copied()).collect();
        let waiting = waiting.into_iter().filter_map(|id| self.connections.get(&id).map(|it| (id, &it.connection)));
        let waiting: Vec<_> = waiting.filter(|(_, it)| it.state() == State::TimeWait).collect();
        // RFC 6191 §2: timestamps tell the old connection's segments from the new one's.
        let reusable = waiting.iter().find(|(_, it)| self.config.settings.time_wait_reuse && it.may_be_reused(now));
        let Some((id, old)) = reusable else {
            let (first, last) = self.ports.range();
            let text = format!(
                "every local port from {first} to {last} is taken towards {to}, {} of them by TIME-WAIT",
                waiting.len()
            );
            return Err(Error::new(ErrorKind::AddrNotAvailable, text));
        };
        let (id, pair) = (*id, old.pair);
        out.decide(pair, Decision::TimeWaitReused);
        if let Some(entry) = self.connections.get_mut(&id) {
            entry.connection.expire(out);
        }
        self.settle(id, out);
        Ok(pair.local.port())
    }

    /// The ends of a connection that is not forgotten yet.
    pub(crate) fn pair(&self, id: Id) -> Option<Pair> {
        self.connections.get(&id).map(|it| it.connection.pair)
    }

    /// # Errors
    /// `ConnectionRefused`, `TimedOut`, `HostUnreachable`, `NetworkUnreachable`: as `connect(2)`.
    pub(crate) fn poll_connected(&mut self, id: Id, cx: &Context<'_>) -> Poll<Result<()>> {
        match self.connections.get_mut(&id) {
            Some(entry) => entry.connection.poll_connected(cx),
            None => Poll::Ready(Err(gone())),
        }
    }

    /// Takes what has come in order; 0 bytes are the end of the stream. Room that this makes may send a window update.
    ///
    /// # Errors
    /// What ended the connection, once all that came before is read.
    pub(crate) fn poll_read(
        &mut self,
        id: Id,
        buffer: &mut [u8],
        cx: &Context<'_>,
        now: Time,
        out: &mut TcpOutput,
    ) -> Poll<Result<usize>> {
        let Some(entry) = self.connections.get_mut(&id) else { return Poll::Ready(Err(gone())) };
        let outcome = entry.connection.poll_read(buffer, cx, now, out);
        self.settle(id, out);
        outcome
    }

    /// Takes bytes from a program; what may be sent goes out at once.
    ///
    /// # Errors
    /// What ended the connection; `BrokenPipe` after `shutdown`.
    pub(crate) fn poll_write(
        &mut self,
        id: Id,
        bytes: &[u8],
        cx: &Context<'_>,
        now: Time,
        out: &mut TcpOutput,
    ) -> Poll<Result<usize>> {
        let Some(entry) = self.connections.get_mut(&id) else { return Poll::Ready(Err(gone())) };
        let outcome = entry.connection.poll_write(bytes, cx, now, out);
        self.settle(id, out);
        outcome
    }

    /// Ends this side: a FIN follows what was written; reading goes on.
    ///
    /// # Errors
    /// What ended the connection; `NotConnected` before it is open.
    pub(crate) fn shutdown(&mut self, id: Id, now: Time, out: &mut TcpOutput) -> Result<()> {
        let outcome = self.connections.get_mut(&id).ok_or_else(gone)?.connection.shutdown(now, out);
        self.settle(id, out);
        outcome
    }

    /// The program gives the connection up: a FIN follows what was written, and nobody will read.
    pub(crate) fn close(&mut self, id: Id, now: Time, out: &mut TcpOutput) {
        if let Some(entry) = self.connections.get_mut(&id) {
            entry.connection.close(now, out);
            self.settle(id, out);
        }
    }

    /// Ends the connection with a RST, for this reason; its number is forgotten.
    pub(crate) fn abort(&mut self, id: Id, why: &'static str, now: Time, out: &mut TcpOutput) {
        self.end(id, now, Resets::Program(why), out);
    }

    pub(super) fn end(&mut self, id: Id, now: Time, why: Resets, out: &mut TcpOutput) {
        if let Some(entry) = self.connections.get_mut(&id) {
            entry.connection.abort(now, why, out);
            self.settle(id, out);
        }
    }

    /// What is known about a connection.
    ///
    /// # Errors
    /// `NotConnected` when it is over.
    pub(crate) fn info(&self, id: Id) -> Result<TcpInfo> {
        self.connections.get(&id).ok_or_else(gone)?.connection.info()
    }
}
