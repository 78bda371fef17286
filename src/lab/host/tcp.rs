//! TCP at a host: descriptors for the stack's connections and listeners, and the stack's segments on their way to IP.
use std::collections::BTreeMap;
use std::io::{self, Error, ErrorKind};
use std::net::SocketAddrV4;
use std::task::{Context, Poll};

use etherparse::{IpEcn, IpNumber};

use crate::lab::host::ip::Envelope;
use crate::lab::host::{Ends, Fd, Host};
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
    pub(crate) local: SocketAddrV4,
    pub(crate) peer: SocketAddrV4,
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
            let protocol = IpNumber::TCP;
            let envelope = Envelope { to: *it.to.ip(), protocol, ecn, dont_fragment: it.dont_fragment };
            self.send_ipv4(now, &envelope, it.bytes, Some(Why::Tcp(it.reason)), out);
        }
        self.tcp_output = tcp;
        result
    }

    /// A segment came in.
    pub(super) fn segment(&mut self, now: Time, (from, to): Ends, ecn: u8, bytes: &[u8], out: &mut Output) {
        // RFC 1122 §4.2.3.10: nothing that is for everybody opens or belongs to a connection.
        if to == self.address() {
            self.at_tcp(now, out, |stack, tcp| stack.segment(now, Arrival { from, to, ecn, bytes }, tcp));
        }
    }

    /// Begins a connection; [`Self::poll_connected`] says what became of it.
    pub(crate) fn connect(
        &mut self,
        now: Time,
        to: SocketAddrV4,
        options: SocketOptions,
        out: &mut Output,
    ) -> io::Result<Held> {
        self.check_destination(*to.ip())?;
        if self.is_broadcast(*to.ip()) {
            let text = "TCP speaks to one host, not to a broadcast address";
            return Err(Error::new(ErrorKind::NetworkUnreachable, text));
        }
        if to.port() == 0 {
            return Err(Error::new(ErrorKind::InvalidInput, "port 0 is no destination"));
        }
        let id = self.at_tcp(now, out, |stack, tcp| stack.connect(now, to, options, tcp))?;
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
        at: SocketAddrV4,
        options: SocketOptions,
        out: &mut Output,
    ) -> io::Result<(Fd, SocketAddrV4)> {
        self.check_own(*at.ip())?;
        let id = self.at_tcp(now, out, |stack, tcp| stack.listen(at, options, tcp))?;
        let fd = self.new_descriptor();
        self.listeners.insert(fd, id);
        Ok((fd, self.stack.listens_at(id).unwrap_or(at)))
    }

    pub(crate) fn poll_accept(&mut self, fd: Fd, cx: &Context<'_>) -> Poll<io::Result<Held>> {
        let Some(id) = self.listeners.get(&fd).copied() else { return Poll::Ready(Err(closed())) };
        self.stack.poll_accept(id, cx).map_ok(|id| self.hold(id))
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
