//! The passive side of a host: listeners open, hear segments, hand out connections, close.
use std::collections::BTreeSet;
use std::io::{Error, ErrorKind, Result};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
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

/// Whether two sockets would get the same segments; one at `::` gets IPv4's too (RFC 3493 §3.7, §5.3).
pub(crate) fn overlap(a: SocketAddr, b: SocketAddr) -> bool {
    let everybody = |it: SocketAddr| it.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    let family = a.is_ipv4() == b.is_ipv4();
    let address = a.ip() == b.ip() || everybody(a) || everybody(b);
    a.port() == b.port() && (address || family && (a.ip().is_unspecified() || b.ip().is_unspecified()))
}

/// A segment for a listener, and what is known besides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard<'a> {
    pub(super) segment: &'a Segment<'a>,
    /// IP says that it met congestion (RFC 3168 §5).
    pub(super) marked: bool,
    /// An ISN above the numbers of a connection in TIME-WAIT that it replaces.
    pub(super) at_least: Option<Seq>,
}

impl Stack {
    /// Opens a listener; port 0 chooses one.
    ///
    /// # Errors
    /// `AddrInUse` when another socket listens there.
    pub(crate) fn listen(
        &mut self,
        mut at: SocketAddr,
        options: SocketOptions,
        out: &mut TcpOutput,
    ) -> Result<ListenerId> {
        if at.port() == 0 {
            at.set_port(self.free_port(at.ip())?);
        }
        if self.listening.keys().any(|it| overlap(*it, at)) {
            return Err(Error::new(ErrorKind::AddrInUse, format!("another socket listens on port {}", at.port())));
        }
        let id = ListenerId(self.new_number());
        // As Linux: what the program asks for, but no more than `somaxconn`.
        let most = self.config.settings.backlog;
        let backlog = options.backlog.map_or(most, |it| it.min(most));
        self.listening.insert(at, id);
        self.listeners.insert(id, Listener::new(at, self.rules().with(options), backlog));
        out.events.push(TcpEvent::Listener { at, from: State::Closed, to: State::Listen });
        Ok(id)
    }

    /// The listener a segment to this address of the host is for: an address of its own goes before any address.
    pub(super) fn listener_at(&self, local: SocketAddr) -> Option<ListenerId> {
        let any = |ip: IpAddr| SocketAddr::new(ip, local.port());
        let (any_v4, any_v6) = (any(Ipv4Addr::UNSPECIFIED.into()), any(Ipv6Addr::UNSPECIFIED.into()));
        let found = [Some(local), Some(any_v4).filter(|_| local.is_ipv4()), Some(any_v6)];
        found.into_iter().flatten().find_map(|it| self.listening.get(&it).copied())
    }

    fn free_port(&mut self, from: IpAddr) -> Result<u16> {
        let everywhere = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
        let mut taken: BTreeSet<u16> = self.ports.all().filter(|it| self.ports.is_used(*it)).collect();
        taken.extend(self.listening.keys().map(SocketAddr::port));
        let chosen = self.ports.choose(from, everywhere, |port| taken.contains(&port));
        chosen.ok_or_else(|| Error::new(ErrorKind::AddrInUse, "every port of the ephemeral range is taken"))
    }

    /// Where it listens.
    pub(crate) fn listens_at(&self, id: ListenerId) -> Option<SocketAddr> {
        self.listeners.get(&id).map(|it| it.at)
    }

    /// A segment for a port somebody listens on, and for no connection.
    pub(super) fn for_listener(
        &mut self,
        now: Time,
        (id, pair): (ListenerId, Pair),
        heard: Heard<'_>,
        out: &mut TcpOutput,
    ) {
        let Some(listener) = self.listeners.get_mut(&id) else { return };
        let outcome = listener.segment(now, pair, heard.segment, heard.at_least, out);
        self.follow(id, pair, &outcome);
        if let Outcome::Opens(half) = outcome {
            self.open(now, id, &half, heard, out);
        }
    }

    /// The timer of a half-open connection ran out.
    pub(super) fn half_is_due(&mut self, now: Time, id: ListenerId, pair: Pair, out: &mut TcpOutput) {
        let Some(listener) = self.listeners.get_mut(&id) else { return };
        if let Some(waiting) = listener.halves.get_mut(&pair) {
            waiting.set = None;
        }
        let outcome = listener.half_timed_out(now, pair, out);
        self.follow(id, pair, &outcome);
    }

    /// Keeps the timer of a half-open connection, or drops both.
    fn follow(&mut self, id: ListenerId, pair: Pair, outcome: &Outcome) {
        let Some(listener) = self.listeners.get_mut(&id) else { return };
        let owner = Owner::Half(id, pair);
        match outcome {
            Outcome::Nothing => {}
            Outcome::Waits => {
                if let Some(waiting) = listener.halves.get_mut(&pair) {
                    self.timers.set(owner, &mut waiting.set, waiting.half.opening.deadline);
                }
            }
            Outcome::Gone | Outcome::Opens(_) => {
                if let Some(mut waiting) = listener.halves.remove(&pair) {
                    self.timers.clear(owner, &mut waiting.set);
                }
            }
        }
    }

    /// The handshake is done: the connection waits for `accept`.
    fn open(&mut self, now: Time, id: ListenerId, half: &Half, heard: Heard<'_>, out: &mut TcpOutput) {
        let Some(listener) = self.listeners.get(&id) else { return };
        let rules = self.towards(now, half.pair.remote.ip(), listener.rules);
        let connection = Connection::accepted(half, rules, now);
        let new = self.add(connection, out);
        if let Some(entry) = self.connections.get_mut(&new) {
            // The handshake's last ACK may be lost: then data opens the connection, and data may be marked.
            entry.connection.segment(now, heard.segment, heard.marked, out);
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
        self.listening.remove(&listener.at);
        for (pair, mut waiting) in listener.halves {
            self.timers.clear(Owner::Half(id, pair), &mut waiting.set);
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
