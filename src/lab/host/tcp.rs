//! TCP sockets of a host: smoltcp's, with listeners that queue, errors as a host's, and every state change recorded.
use std::collections::VecDeque;
use std::io::{self, Error, ErrorKind};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp::{self, RecvError, State};
use smoltcp::wire::{IpAddress, IpEndpoint, IpListenEndpoint};

use crate::lab::host::{Fd, Host};
use crate::lab::output::Output;
use crate::lab::sniff::Segment;
use crate::lab::tcp::{Congestion, SocketOptions, TcpInfo};
use crate::recording::{EventKind, Time};

/// A TCP socket, listening or connected, with or without a program that holds it.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) local: SocketAddrV4,
    pub(crate) peer: Option<SocketAddrV4>,
    fd: Option<Fd>,
    /// The listener in whose queue it waits.
    listener: Option<Fd>,
    state: State,
    failure: Option<ErrorKind>,
    /// The program has closed it and will not read.
    orphan: bool,
}

/// A listening socket: the one that waits for a SYN, and connections that wait for `accept`.
#[derive(Debug)]
pub(crate) struct Listening {
    at: SocketAddrV4,
    queue: VecDeque<SocketHandle>,
    waker: Option<Waker>,
}

/// What made the stack move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Segment { reset: bool },
    Timer,
    Program,
}

/// A program's hold on a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) handle: SocketHandle,
    pub(crate) fd: Fd,
    pub(crate) local: SocketAddrV4,
    pub(crate) peer: SocketAddrV4,
}

fn v4(endpoint: IpEndpoint) -> SocketAddrV4 {
    let IpAddress::Ipv4(address) = endpoint.addr;
    SocketAddrV4::new(address, endpoint.port)
}

impl Host {
    fn tcp(&mut self, handle: SocketHandle) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut(handle)
    }

    fn new_tcp(&self) -> tcp::Socket<'static> {
        let buffer = |bytes: usize| tcp::SocketBuffer::new(vec![0; bytes.max(1)]);
        let options = &self.options;
        let mut socket = tcp::Socket::new(buffer(options.receive_buffer), buffer(options.send_buffer));
        socket.set_nagle_enabled(options.tcp.nagle);
        socket.set_ack_delay(options.tcp.ack_delay.map(Into::into));
        socket.set_congestion_control(match options.tcp.congestion {
            Congestion::NewReno => tcp::CongestionControl::Reno,
            Congestion::Cubic | Congestion::Bbr => tcp::CongestionControl::None,
        });
        socket
    }

    /// Begins a connection; [`Self::poll_connected`] says what became of it.
    pub(crate) fn connect(&mut self, to: SocketAddrV4, _: SocketOptions, out: &mut Output) -> io::Result<Held> {
        self.check_destination(*to.ip())?;
        if self.is_broadcast(*to.ip()) {
            return Err(Error::new(
                ErrorKind::NetworkUnreachable,
                "TCP speaks to one host, not to a broadcast address",
            ));
        }
        if to.port() == 0 {
            return Err(Error::new(ErrorKind::InvalidInput, "port 0 is no destination"));
        }
        let port = self.ephemeral_port();
        let port = port.ok_or_else(|| Error::new(ErrorKind::AddrNotAvailable, "every port is used"))?;
        let local = SocketAddrV4::new(self.address(), port);
        let mut socket = self.new_tcp();
        let (remote, from) = (IpEndpoint::from(to), IpListenEndpoint::from(IpEndpoint::from(local)));
        socket
            .connect(self.stack.context(), remote, from)
            .expect("a fresh socket with both addresses checked connects");
        let fd = self.new_descriptor();
        let handle = self.sockets.add(socket);
        self.connections.insert(
            handle,
            Connection {
                local,
                peer: Some(to),
                fd: Some(fd),
                listener: None,
                state: State::Closed,
                failure: None,
                orphan: false,
            },
        );
        self.observe(Cause::Program, out);
        Ok(Held { handle, fd, local, peer: to })
    }

    pub(crate) fn poll_connected(&mut self, handle: SocketHandle, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let failure = self.connections.get(&handle).and_then(|it| it.failure);
        let socket = self.tcp(handle);
        match socket.state() {
            State::SynSent | State::SynReceived => {
                socket.register_send_waker(cx.waker());
                Poll::Pending
            }
            State::Closed => Poll::Ready(Err(failure.unwrap_or(ErrorKind::TimedOut).into())),
            _ => Poll::Ready(Ok(())),
        }
    }

    /// Opens a listener; port 0 chooses one.
    pub(crate) fn listen(
        &mut self,
        mut at: SocketAddrV4,
        _: SocketOptions,
        out: &mut Output,
    ) -> io::Result<(Fd, SocketAddrV4)> {
        self.check_own(*at.ip())?;
        if at.port() == 0 {
            let port = self.ephemeral_port();
            at.set_port(port.ok_or_else(|| Error::new(ErrorKind::AddrInUse, "every port is used"))?);
        }
        let wildcard = |address: &Ipv4Addr| address.is_unspecified();
        let clash = |it: &Listening| {
            it.at.port() == at.port() && (it.at.ip() == at.ip() || wildcard(it.at.ip()) || wildcard(at.ip()))
        };
        if self.listeners.values().any(clash) {
            return Err(Error::new(ErrorKind::AddrInUse, format!("another socket listens on port {}", at.port())));
        }
        let fd = self.new_descriptor();
        self.listeners.insert(fd, Listening { at, queue: VecDeque::new(), waker: None });
        self.add_listening_socket(fd, at);
        self.observe(Cause::Program, out);
        Ok((fd, at))
    }

    pub(super) fn check_own(&self, address: Ipv4Addr) -> io::Result<()> {
        if address.is_unspecified() || address == self.address() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::AddrNotAvailable, format!("{address} is not an address of this host")))
    }

    fn add_listening_socket(&mut self, fd: Fd, at: SocketAddrV4) {
        let mut socket = self.new_tcp();
        let address = (!at.ip().is_unspecified()).then_some(IpAddress::Ipv4(*at.ip()));
        let endpoint = IpListenEndpoint { addr: address, port: at.port() };
        socket.listen(endpoint).expect("a fresh socket listens on a port that is not 0");
        let handle = self.sockets.add(socket);
        self.connections.insert(
            handle,
            Connection {
                local: at,
                peer: None,
                fd: None,
                listener: Some(fd),
                // The refilled socket is the same listener to everybody who looks on.
                state: if self.listens_already(fd) { State::Listen } else { State::Closed },
                failure: None,
                orphan: false,
            },
        );
    }

    fn listens_already(&self, fd: Fd) -> bool {
        self.listeners.get(&fd).is_some_and(|it| !it.queue.is_empty())
    }

    /// A SYN that finds the queue full is dropped, as Linux does; the client will send it again.
    pub(super) fn backlog_is_full(&self, segment: &Segment<'_>, out: &mut Output) -> bool {
        let opens = segment.syn && segment.ack.is_none();
        let known = || self.connections.values().any(|it| it.local == segment.to && it.peer == Some(segment.from));
        let full = |it: &&Listening| it.at.port() == segment.to.port() && it.queue.len() >= self.options.tcp.backlog;
        let listener = self.listeners.values().find(full);
        if !opens || listener.is_none() || known() {
            return false;
        }
        out.decide(format!("the accept queue of port {} is full: SYN dropped", segment.to.port()));
        true
    }

    pub(crate) fn poll_accept(&mut self, fd: Fd, cx: &Context<'_>) -> Poll<io::Result<Held>> {
        let Some(listener) = self.listeners.get_mut(&fd) else {
            return Poll::Ready(Err(Error::new(ErrorKind::NotConnected, "the listener is closed")));
        };
        listener.waker = Some(cx.waker().clone());
        let ready = |handle: &SocketHandle| {
            let state = self.connections.get(handle).map(|it| it.state);
            !matches!(state, Some(State::SynReceived | State::Listen))
        };
        let Some(position) = listener.queue.iter().position(ready) else { return Poll::Pending };
        let handle = listener.queue.remove(position).expect("the position was just found");
        let fd = self.new_descriptor();
        let connection = self.connections.get_mut(&handle).expect("a queued connection is in the table");
        connection.fd = Some(fd);
        connection.listener = None;
        let peer = connection.peer.expect("a queued connection has a peer");
        Poll::Ready(Ok(Held { handle, fd, local: connection.local, peer }))
    }

    /// Closes a listener; connections nobody accepted are reset.
    pub(crate) fn close_listener(&mut self, fd: Fd, out: &mut Output) {
        self.listeners.remove(&fd);
        self.descriptors.remove(&fd);
        let mine = |it: &Connection| it.listener == Some(fd);
        let handles: Vec<_> = self.connections.iter().filter(|(_, it)| mine(it)).map(|(handle, _)| *handle).collect();
        for handle in handles {
            self.abort(handle, "the listener was closed before accept()", out);
        }
    }

    pub(crate) fn poll_read(&mut self, held: Held, buffer: &mut [u8], cx: &Context<'_>) -> Poll<io::Result<usize>> {
        let failure = self.connections.get(&held.handle).and_then(|it| it.failure);
        let socket = self.tcp(held.handle);
        match socket.recv_slice(buffer) {
            Ok(0) if !buffer.is_empty() => {
                socket.register_recv_waker(cx.waker());
                Poll::Pending
            }
            Ok(bytes) => Poll::Ready(Ok(bytes)),
            Err(RecvError::Finished) => Poll::Ready(Ok(0)),
            Err(RecvError::InvalidState) => Poll::Ready(Err(failure.unwrap_or(ErrorKind::NotConnected).into())),
        }
    }

    /// Takes bytes from a program; what the windows allow goes out at once, so that two writes are two segments.
    pub(crate) fn poll_write(
        &mut self,
        held: Held,
        bytes: &[u8],
        cx: &Context<'_>,
        (now, out): (Time, &mut Output),
    ) -> Poll<io::Result<usize>> {
        let failure = self.connections.get(&held.handle).and_then(|it| it.failure);
        let socket = self.tcp(held.handle);
        match socket.send_slice(bytes) {
            Ok(0) if !bytes.is_empty() => {
                socket.register_send_waker(cx.waker());
                Poll::Pending
            }
            Ok(0) => Poll::Ready(Ok(0)),
            Ok(taken) => {
                self.reasons.wrote((held.local, held.peer), taken);
                self.egress(now, out);
                Poll::Ready(Ok(taken))
            }
            Err(tcp::SendError::InvalidState) => Poll::Ready(Err(failure.unwrap_or(ErrorKind::BrokenPipe).into())),
        }
    }

    /// What is known about a connection.
    pub(crate) fn tcp_info(&self, _: Held) -> io::Result<TcpInfo> {
        Err(ErrorKind::Unsupported.into())
    }

    /// Ends this side: a FIN follows what was written; reading goes on.
    pub(crate) fn shutdown(&mut self, held: Held, out: &mut Output) -> io::Result<()> {
        if let Some(failure) = self.connections.get(&held.handle).and_then(|it| it.failure) {
            return Err(failure.into());
        }
        self.reasons.closed((held.local, held.peer), "shutdown()");
        self.tcp(held.handle).close();
        self.observe(Cause::Program, out);
        Ok(())
    }

    /// The program gives the connection up: a FIN follows what was written, and nobody will read.
    pub(crate) fn close(&mut self, held: Held, out: &mut Output) {
        self.reasons.closed((held.local, held.peer), "close()");
        self.let_go(held.handle);
        self.tcp(held.handle).close();
        self.observe(Cause::Program, out);
    }

    /// Ends the connection with a RST.
    pub(crate) fn abort(&mut self, handle: SocketHandle, why: &str, out: &mut Output) {
        self.let_go(handle);
        let flow = self.connections.get(&handle).and_then(|it| it.peer.map(|peer| (it.local, peer)));
        if let Some(flow) = flow {
            self.reasons.aborted(flow, why);
        }
        self.tcp(handle).abort();
        self.observe(Cause::Program, out);
    }

    fn let_go(&mut self, handle: SocketHandle) {
        if let Some(connection) = self.connections.get_mut(&handle) {
            connection.orphan = true;
            connection.listener = None;
            if let Some(fd) = connection.fd.take() {
                self.descriptors.remove(&fd);
            }
        }
    }

    /// An ICMP error or ARP's silence ends an attempt to connect, soft errors too: not the standard's rule, but Linux's and many
    /// others' (RFC 5461). What is established bears it (RFC 1122 §4.2.3.9).
    pub(super) fn fail_connect(&mut self, from: SocketAddrV4, to: SocketAddrV4, kind: ErrorKind, out: &mut Output) {
        let flow = |it: &Connection| it.local == from && it.peer == Some(to) && it.state == State::SynSent;
        let Some((handle, connection)) = self.connections.iter_mut().find(|(_, it)| flow(it)) else { return };
        connection.failure = Some(kind);
        let handle = *handle;
        self.tcp(handle).abort();
        self.observe(Cause::Program, out);
    }

    /// Whether this flow is an attempt to connect that nobody answered.
    pub(super) fn is_unanswered(&self, from: SocketAddrV4, to: SocketAddrV4) -> bool {
        let ours = self.connections.values().any(|it| it.local == from && it.peer == Some(to));
        ours && !self.reasons.answered((from, to))
    }

    /// smoltcp's one timeout is the patience of connect, then of unacknowledged data; none while nothing is awaited.
    pub(super) fn set_timeouts(&mut self) {
        for (handle, connection) in &self.connections {
            let socket = self.sockets.get_mut::<tcp::Socket<'_>>(*handle);
            let awaited = socket.send_queue() > 0 || matches!(socket.state(), State::FinWait1 | State::LastAck);
            let patience = match connection.state {
                State::SynSent | State::SynReceived => {
                    Some(Duration::from_secs((2 << self.options.tcp.syn_retries.min(16)) - 1))
                }
                _ if awaited => Some(self.options.tcp.user_timeout),
                _ => None,
            };
            socket.set_timeout(patience.map(Into::into));
        }
    }

    /// Compares every socket's state with the one last seen, and acts on what moved.
    pub(super) fn observe(&mut self, cause: Cause, out: &mut Output) {
        let mut opened = Vec::new();
        for (handle, connection) in &mut self.connections {
            let socket = self.sockets.get_mut::<tcp::Socket<'_>>(*handle);
            let state = socket.state();
            if connection.peer.is_none()
                && let (Some(local), Some(peer)) = (socket.local_endpoint(), socket.remote_endpoint())
            {
                (connection.local, connection.peer) = (v4(local), Some(v4(peer)));
                opened.extend(connection.listener.map(|fd| (fd, *handle)));
            }
            if state != connection.state {
                connection.moved(state, cause, out);
            }
        }
        for (fd, handle) in opened {
            self.refill(fd, handle);
        }
        self.wake_listeners();
        self.refuse_unread(out);
    }

    fn refill(&mut self, fd: Fd, opened: SocketHandle) {
        let Some(listener) = self.listeners.get_mut(&fd) else { return };
        listener.queue.push_back(opened);
        let at = listener.at;
        self.add_listening_socket(fd, at);
    }

    /// Takes dead connections out of the queues and wakes those who wait for live ones.
    fn wake_listeners(&mut self) {
        let mut dead = Vec::new();
        for listener in self.listeners.values_mut() {
            // A RST sends smoltcp's half-open socket back to LISTEN; its place was refilled already.
            let gone = |handle: &SocketHandle| self.connections.get(handle).is_none_or(|it| it.state == State::Listen);
            dead.extend(listener.queue.iter().copied().filter(gone));
            listener.queue.retain(|handle| !gone(handle));
            let ready =
                |handle: &SocketHandle| self.connections.get(handle).is_some_and(|it| it.state != State::SynReceived);
            if listener.queue.iter().any(ready)
                && let Some(waker) = listener.waker.take()
            {
                waker.wake();
            }
        }
        for handle in dead {
            self.remove(handle);
        }
    }

    /// RFC 2525 §2.17: data for a program that has closed is answered with a RST, or its sender would wait for ever.
    fn refuse_unread(&mut self, out: &mut Output) {
        let mut unread = Vec::new();
        for (handle, connection) in &self.connections {
            let socket = self.sockets.get::<tcp::Socket<'_>>(*handle);
            let open = !matches!(socket.state(), State::Closed | State::TimeWait | State::Listen);
            if connection.orphan && open && socket.can_recv() {
                unread.push(*handle);
            }
        }
        for handle in unread {
            self.abort(handle, "data came for a socket the program has closed", out);
        }
    }

    /// Forgets connections that are over and that no program holds.
    pub(super) fn reap(&mut self) {
        let over: Vec<_> = self.connections.iter().filter(|(_, it)| it.orphan && it.state == State::Closed).collect();
        let over: Vec<_> = over.into_iter().map(|(handle, _)| *handle).collect();
        for handle in over {
            self.remove(handle);
        }
    }

    fn remove(&mut self, handle: SocketHandle) {
        self.sockets.remove(handle);
        let Some(connection) = self.connections.remove(&handle) else { return };
        if let Some(peer) = connection.peer {
            self.reasons.forget((connection.local, peer));
        }
    }
}

impl Connection {
    fn machine(&self) -> String {
        match self.peer {
            Some(peer) => format!("tcp {} to {peer}", self.local),
            None => format!("tcp {}", self.local),
        }
    }

    fn moved(&mut self, state: State, cause: Cause, out: &mut Output) {
        let before = self.state;
        self.state = state;
        if state == State::Closed && self.failure.is_none() {
            self.failure = match (cause, before) {
                (Cause::Segment { reset: true }, State::SynSent) => Some(ErrorKind::ConnectionRefused),
                (Cause::Segment { reset: true }, _) => Some(ErrorKind::ConnectionReset),
                (Cause::Timer, State::TimeWait) => None,
                (Cause::Timer, _) => Some(ErrorKind::TimedOut),
                _ => None,
            };
        }
        let (from, to) = (before.to_string(), state.to_string());
        out.events.push(EventKind::State { machine: self.machine(), from, to });
    }
}
