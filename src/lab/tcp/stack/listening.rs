//! The passive side of a host: listeners open, hear segments, hand out connections, close.
use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddrV4;
use std::task::{Context, Poll};

use crate::lab::tcp::connection::{Connection, Half};
use crate::lab::tcp::output::{Pair, TcpEvent, TcpOutput};
use crate::lab::tcp::reason::Resets;
use crate::lab::tcp::segment::Segment;
use crate::lab::tcp::seq::Seq;
use crate::lab::tcp::settings::SocketOptions;
use crate::lab::tcp::stack::listener::{Listener, Outcome};
use crate::lab::tcp::stack::timers::Owner;
use crate::lab::tcp::stack::{Id, ListenerId, Stack};
use crate::lab::tcp::state::State;
use crate::recording::Time;

impl Stack {
    /// Opens a listener; port 0 chooses one.
    ///
    /// # Errors
    /// `AddrInUse` when another socket listens there; `AddrNotAvailable` when the address is not this host's.
    pub(crate) fn listen(
        &mut self,
        mut at: SocketAddrV4,
        options: SocketOptions,
        out: &mut TcpOutput,
    ) -> Result<ListenerId> {
        if !at.ip().is_unspecified() && *at.ip() != self.config.address {
            return Err(Error::new(ErrorKind::AddrNotAvailable, format!("{} is not an address of this host", at.ip())));
        }
        if at.port() == 0 {
            at.set_port(self.free_port()?);
        }
        if self.listening.contains_key(&at.port()) {
            return Err(Error::new(ErrorKind::AddrInUse, format!("another socket listens on port {}", at.port())));
        }
        let id = ListenerId(self.new_number());
        // As Linux: what the program asks for, but no more than `somaxconn`.
        let most = self.config.settings.backlog;
        let backlog = options.backlog.map_or(most, |it| it.min(most));
        self.listening.insert(at.port(), id);
        self.listeners.insert(id, Listener::new(at, self.rules().with(options), backlog));
        out.events.push(TcpEvent::Listener { at, from: State::Closed, to: State::Listen });
        Ok(id)
    }

    fn free_port(&mut self) -> Result<u16> {
        let everywhere = SocketAddrV4::new(std::net::Ipv4Addr::UNSPECIFIED, 0);
        let (listening, used) = (&self.listening, self.ports.all().filter(|it| self.ports.is_used(*it)));
        let used: std::collections::BTreeSet<u16> = used.collect();
        let taken = |port: u16| listening.contains_key(&port) || used.contains(&port);
        let chosen = self.ports.choose(self.config.address, everywhere, taken);
        chosen.ok_or_else(|| Error::new(ErrorKind::AddrInUse, "every port of the ephemeral range is taken"))
    }

    /// Where it listens.
    pub(crate) fn listens_at(&self, id: ListenerId) -> Option<SocketAddrV4> {
        self.listeners.get(&id).map(|it| it.at)
    }

    /// A segment for a port somebody listens on, and for no connection.
    pub(super) fn for_listener(
        &mut self,
        now: Time,
        (id, pair): (ListenerId, Pair),
        segment: &Segment<'_>,
        at_least: Option<Seq>,
        out: &mut TcpOutput,
    ) {
        let Some(listener) = self.listeners.get_mut(&id) else { return };
        let outcome = listener.segment(now, pair, segment, at_least, out);
        self.follow(id, pair.remote, &outcome);
        if let Outcome::Opens(half) = outcome {
            self.open(now, id, &half, segment, out);
        }
    }

    /// The timer of a half-open connection ran out.
    pub(super) fn half_is_due(&mut self, now: Time, id: ListenerId, remote: SocketAddrV4, out: &mut TcpOutput) {
        let Some(listener) = self.listeners.get_mut(&id) else { return };
        if let Some(waiting) = listener.halves.get_mut(&remote) {
            waiting.set = None;
        }
        let outcome = listener.half_timed_out(now, remote, out);
        self.follow(id, remote, &outcome);
    }

    /// Keeps the timer of a half-open connection, or drops both.
    fn follow(&mut self, id: ListenerId, remote: SocketAddrV4, outcome: &Outcome) {
        let Some(listener) = self.listeners.get_mut(&id) else { return };
        let owner = Owner::Half(id, remote);
        match outcome {
            Outcome::Nothing => {}
            Outcome::Waits => {
                if let Some(waiting) = listener.halves.get_mut(&remote) {
                    self.timers.set(owner, &mut waiting.set, waiting.half.opening.deadline);
                }
            }
            Outcome::Gone | Outcome::Opens(_) => {
                if let Some(mut waiting) = listener.halves.remove(&remote) {
                    self.timers.clear(owner, &mut waiting.set);
                }
            }
        }
    }

    /// The handshake is done: the connection waits for `accept`.
    fn open(&mut self, now: Time, id: ListenerId, half: &Half, segment: &Segment<'_>, out: &mut TcpOutput) {
        let Some(listener) = self.listeners.get(&id) else { return };
        let connection = Connection::accepted(half, listener.rules, now);
        let new = self.add(connection, out);
        if let Some(entry) = self.connections.get_mut(&new) {
            entry.connection.segment(now, segment, false, out);
        }
        self.settle(new, out);
        let Some(listener) = self.listeners.get_mut(&id) else { return };
        listener.ready.push_back(new);
        if let Some(waker) = listener.waker.take() {
            waker.wake();
        }
    }

    /// The next connection whose handshake is done.
    ///
    /// # Errors
    /// `NotConnected` when the listener is closed.
    pub(crate) fn poll_accept(&mut self, id: ListenerId, cx: &Context<'_>) -> Poll<Result<Id>> {
        let Some(listener) = self.listeners.get_mut(&id) else {
            return Poll::Ready(Err(Error::new(ErrorKind::NotConnected, "the listener is closed")));
        };
        if let Some(accepted) = listener.ready.pop_front() {
            return Poll::Ready(Ok(accepted));
        }
        listener.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Closes a listener; connections nobody accepted are reset, half-open ones forgotten.
    pub(crate) fn close_listener(&mut self, id: ListenerId, now: Time, out: &mut TcpOutput) {
        let Some(listener) = self.listeners.remove(&id) else { return };
        self.listening.remove(&listener.at.port());
        for (remote, mut waiting) in listener.halves {
            self.timers.clear(Owner::Half(id, remote), &mut waiting.set);
            out.moved(waiting.half.pair, State::SynReceived, State::Closed);
        }
        for unaccepted in listener.ready {
            self.end(unaccepted, now, Resets::ListenerClosed, out);
        }
        if let Some(waker) = listener.waker {
            waker.wake();
        }
        out.events.push(TcpEvent::Listener { at: listener.at, from: State::Listen, to: State::Closed });
    }
}
