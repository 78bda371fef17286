//! TCP at a host: descriptors for the stack's connections and listeners, and the stack's segments on their way to IP.
use std::collections::BTreeMap;
use std::io::{self, Error, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};

use etherparse::{IpEcn, IpNumber};

use crate::lab::host::{Fd, Host, as_seen_at, canonical};
use crate::lab::ip::{Envelope, Packet};
use crate::lab::output::{Output, Why};
use crate::lab::tcp::output::{TcpEvent, TcpOutput};
use crate::lab::tcp::stack::{Arrival, Id, ListenerId, Stack};
use crate::lab::tcp::{SocketOptions, TcpInfo};
use crate::recording::{EventKind, Time};

/// A program's hold on a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) id: Id,
    pub(crate) fd: Fd,
    pub(crate) local: SocketAddr,
    pub(crate) peer: SocketAddr,
}

/// The listeners a program holds.
pub(super) type Listeners = BTreeMap<Fd, ListenerId>;

/// What a program is told when it uses what it has closed.
fn closed() -> Error {
    Error::new(ErrorKind::NotConnected, "the listener is closed")
}

fn event(event: TcpEvent) -> EventKind {
    match event {
        TcpEvent::Moved { pair, from, to } => {
            let machine = format!("tcp {} to {}", pair.local, pair.remote);
            EventKind::State { machine, from: from.to_string(), to: to.to_string() }
        }
        TcpEvent::Listener { at, from, to } => {
            EventKind::State { machine: format!("tcp {at}"), from: from.to_string(), to: to.to_string() }
        }
        TcpEvent::Decided { pair, decision } => {
            EventKind::Decision { text: format!("tcp {} to {}: {decision}", pair.local, pair.remote) }
        }
    }
}

impl Host {
    /// Lets the stack work, and takes what comes of it.
    pub(super) fn at_tcp<R>(
        &mut self,
        now: Time,
        out: &mut Output,
        action: impl FnOnce(&mut Stack, &mut TcpOutput) -> R,
    ) -> R {
        let mut tcp = std::mem::take(&mut self.tcp_output);
        let result = action(&mut self.stack, &mut tcp);
        out.events.extend(tcp.events.drain(..).map(event));
        out.samples.append(&mut tcp.samples);
        for it in tcp.segments.drain(..) {
            let ecn = IpEcn::try_new(it.ecn & 3).expect("two bits");
            let envelope = Envelope::new(it.from.ip(), it.to.ip(), IpNumber::TCP);
            let envelope = Envelope { ecn, dont_fragment: it.dont_fragment, ..envelope };
            self.send_ip(now, &envelope, it.bytes, Some(Why::Tcp(it.reason)), out);
        }
        // RFC 4861 §7.3.1: forward progress is a sign that the neighbour is reachable.
        let peer = tcp.progress.take().map(|it| it.remote.ip()).filter(IpAddr::is_ipv6);
        if let Some(next_hop) = peer.and_then(|it| self.next_hop(it)) {
            self.interface.confirm(now, next_hop, out);
        }
        self.tcp_output = tcp;
        result
    }

    /// A segment came in.
    pub(super) fn segment(&mut self, now: Time, packet: &Packet<'_>, out: &mut Output) {
        let Packet { from, to, payload: bytes, .. } = *packet;
        // RFC 1122 §4.2.3.10: nothing that is for everybody opens or belongs to a connection.
        if self.interface.own.has(to) {
            let ecn = packet.ecn.value();
            self.at_tcp(now, out, |stack, tcp| stack.segment(now, Arrival { from, to, ecn, bytes }, tcp));
        }
    }

    /// Begins a connection; [`Self::poll_connected`] says what became of it.
    pub(crate) fn connect(
        &mut self,
        now: Time,
        to: SocketAddr,
        options: SocketOptions,
        out: &mut Output,
    ) -> io::Result<Held> {
        let to = canonical(to);
        let from = self.way_to(to.ip())?;
        if self.interface.own.is_broadcast(to.ip()) {
            let text = "TCP speaks to one host, not to a broadcast address";
            return Err(Error::new(ErrorKind::NetworkUnreachable, text));
        }
        if to.port() == 0 {
            return Err(Error::new(ErrorKind::InvalidInput, "port 0 is no destination"));
        }
        let id = self.at_tcp(now, out, |stack, tcp| stack.connect(now, (from, to), options, tcp))?;
        Ok(self.hold(id))
    }

    fn hold(&mut self, id: Id) -> Held {
        let fd = self.new_descriptor();
        let pair = self.stack.pair(id).expect("the connection was just opened or accepted");
        Held { id, fd, local: pair.local, peer: pair.remote }
    }

    pub(crate) fn poll_connected(&mut self, held: Held, cx: &Context<'_>) -> Poll<io::Result<()>> {
        self.stack.poll_connected(held.id, cx)
    }

    /// Opens a listener; port 0 chooses one.
    pub(crate) fn listen(
        &mut self,
        now: Time,
        at: SocketAddr,
        options: SocketOptions,
        out: &mut Output,
    ) -> io::Result<(Fd, SocketAddr)> {
        let at = SocketAddr::new(at.ip(), at.port());
        self.check_own(at.ip())?;
        let id = self.at_tcp(now, out, |stack, tcp| stack.listen(at, options, tcp))?;
        let fd = self.new_descriptor();
        self.listeners.insert(fd, id);
        Ok((fd, self.stack.listens_at(id).unwrap_or(at)))
    }

    pub(crate) fn poll_accept(&mut self, fd: Fd, cx: &Context<'_>) -> Poll<io::Result<Held>> {
        let Some(id) = self.listeners.get(&fd).copied() else { return Poll::Ready(Err(closed())) };
        self.stack.poll_accept(id, cx).map_ok(|accepted| {
            let held = self.hold(accepted);
            let at = self.stack.listens_at(id).unwrap_or(held.local);
            Held { local: as_seen_at(at, held.local), peer: as_seen_at(at, held.peer), ..held }
        })
    }

    /// Closes a listener; connections nobody accepted are reset.
    pub(crate) fn close_listener(&mut self, now: Time, fd: Fd, out: &mut Output) {
        self.descriptors.remove(&fd);
        if let Some(id) = self.listeners.remove(&fd) {
            self.at_tcp(now, out, |stack, tcp| stack.close_listener(id, now, tcp));
        }
    }

    pub(crate) fn poll_read(
        &mut self,
        held: Held,
        buffer: &mut [u8],
        cx: &Context<'_>,
        (now, out): (Time, &mut Output),
    ) -> Poll<io::Result<usize>> {
        self.at_tcp(now, out, |stack, tcp| stack.poll_read(held.id, buffer, cx, now, tcp))
    }

    /// Takes bytes from a program; what the windows allow goes out at once, so that two writes are two segments.
    pub(crate) fn poll_write(
        &mut self,
        held: Held,
        bytes: &[u8],
        cx: &Context<'_>,
        (now, out): (Time, &mut Output),
    ) -> Poll<io::Result<usize>> {
        self.at_tcp(now, out, |stack, tcp| stack.poll_write(held.id, bytes, cx, now, tcp))
    }

    /// What is known about a connection.
    pub(crate) fn tcp_info(&self, held: Held) -> io::Result<TcpInfo> {
        self.stack.info(held.id)
    }

    /// Ends this side: a FIN follows what was written; reading goes on.
    pub(crate) fn shutdown(&mut self, now: Time, held: Held, out: &mut Output) -> io::Result<()> {
        self.at_tcp(now, out, |stack, tcp| stack.shutdown(held.id, now, tcp))
    }

    /// The program gives the connection up: a FIN follows what was written, and nobody will read.
    pub(crate) fn close(&mut self, now: Time, held: Held, out: &mut Output) {
        self.descriptors.remove(&held.fd);
        self.at_tcp(now, out, |stack, tcp| stack.close(held.id, now, tcp));
    }

    /// Ends the connection with a RST.
    pub(crate) fn abort(&mut self, now: Time, held: Held, out: &mut Output) {
        self.descriptors.remove(&held.fd);
        let why = "the program aborted the connection";
        self.at_tcp(now, out, |stack, tcp| stack.abort(held.id, why, now, tcp));
    }
}
