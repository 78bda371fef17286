//! What a program on a lab host holds: its network, streams, listeners and datagram sockets. Calls are recorded here.
use std::fmt;
use std::future::poll_fn;
use std::io::{self, Error, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::lab::agenda::{Happening, Slot};
use crate::lab::calls::SocketCall;
use crate::lab::host::tcp::Held;
use crate::lab::host::{Fd, Host};
use crate::lab::output::Output;
use crate::lab::probe::{Answer, Probe};
use crate::lab::run::Shared;
use crate::lab::tcp::{SocketOptions, TcpInfo};
use crate::recording::{EventKind, Time};

/// The network of one lab host, as its programs see it. Cheap to clone.
#[derive(Clone)]
pub struct LabNet {
    pub(crate) shared: Rc<Shared>,
    pub(crate) node: usize,
}

impl LabNet {
    pub(super) fn at_host<R>(&self, action: impl FnOnce(&mut Host, Time, &mut Output) -> R) -> R {
        self.shared.world.borrow_mut().at_host(self.node, action)
    }

    /// Asks the host for what gives its stack nothing to do.
    pub(super) fn ask<R>(&self, question: impl FnOnce(&mut Host) -> R) -> R {
        question(self.shared.world.borrow_mut().host(self.node))
    }

    /// A socket call begins.
    fn begin(&self, call: impl Into<SocketCall>) -> Call {
        let number = self.shared.world.borrow_mut().call(self.node, call.into());
        Call { shared: Rc::clone(&self.shared), number: Some(number) }
    }

    /// Like an operation of the drop: does nothing when the world is over or in use (a panic is unwinding).
    fn on_drop(&self, action: impl FnOnce(&mut Host, Time, &mut Output), call: String) {
        let Ok(mut world) = self.shared.world.try_borrow_mut() else { return };
        if world.over {
            return;
        }
        let call = world.call(self.node, call.into());
        world.at_host(self.node, action);
        world.returned(call, || "= 0".to_owned());
    }

    /// Records a remark of the program, at this instant.
    pub fn note(&self, text: impl Into<String>) {
        self.shared.world.borrow_mut().record(self.node, EventKind::Note { text: text.into() });
    }

    /// Records that a state machine of the program, by its name, goes from one state to another.
    pub fn state(&self, machine: &str, from: &str, to: &str) {
        let (machine, from, to) = (machine.to_owned(), from.to_owned(), to.to_owned());
        self.shared.world.borrow_mut().record(self.node, EventKind::State { machine, from, to });
    }

    /// Records how many there are of something, for a curve named after the host: `server leases`.
    pub fn level(&self, what: &'static str, count: usize) {
        self.at_host(|_, _, out| out.level(what, count));
    }

    /// The host's name.
    #[must_use]
    pub fn name(&self) -> String {
        self.shared.world.borrow().nodes[self.node].face.name.clone()
    }

    /// The host's first address.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.ask(|host| host.address())
    }

    /// The time since the world began.
    #[must_use]
    pub fn now(&self) -> Time {
        self.shared.world.borrow().now
    }

    /// Waits for this long, on the lab's clock.
    pub fn sleep(&self, duration: Duration) -> Sleep {
        Sleep { shared: Rc::clone(&self.shared), until: self.now() + duration, slot: None }
    }

    /// Runs a task beside the caller's.
    pub fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.shared.executor.spawn(task);
    }

    /// Sends an IP packet with a header of the program's own making (`SOCK_RAW` with `IP_HDRINCL`): who it is from is
    /// whatever the program writes. What has no route, or is no IP packet, is dropped.
    pub fn send_raw(&self, packet: Vec<u8>, why: &str) {
        let length = packet.len();
        let call = self.begin(format!("sendto(raw, {length} bytes)"));
        self.at_host(|host, now, out| host.send_raw(now, packet, why, out));
        call.returned(|| format!("= {length}"));
    }

    /// Asks a host for an ICMP echo of 56 bytes and gives the round-trip time, ARP included.
    ///
    /// # Errors
    /// `TimedOut` after `patience`; `HostUnreachable`, `NetworkUnreachable` when ARP or a router says so.
    pub async fn ping(&self, to: impl Into<IpAddr>, patience: Duration) -> io::Result<Duration> {
        self.ping_with(to, 56, patience).await
    }

    /// As [`Self::ping`], with so many bytes: what the path does not carry whole goes in pieces.
    ///
    /// # Errors
    /// As [`Self::ping`]; `InvalidInput` for more bytes than IP carries.
    pub async fn ping_with(&self, to: impl Into<IpAddr>, size: usize, patience: Duration) -> io::Result<Duration> {
        let to = to.into();
        let call = self.begin(format!("ping({to}, {size} bytes)"));
        let outcome = self.echo(to, size, patience).await;
        call.end(&outcome, |rtt| crate::quantity::Quantity::time(*rtt).to_string());
        outcome
    }

    async fn echo(&self, to: IpAddr, size: usize, patience: Duration) -> io::Result<Duration> {
        let id = self.at_host(|host, now, out| host.ping(now, to, size, out))?;
        let mut limit = self.sleep(patience);
        let outcome = poll_fn(|cx| {
            if let Poll::Ready(outcome) = self.ask(|host| host.poll_ping(id, cx)) {
                return Poll::Ready(outcome);
            }
            Pin::new(&mut limit).poll(cx).map(|()| Err(Error::new(ErrorKind::TimedOut, "no echo came back")))
        });
        let outcome = outcome.await;
        self.ask(|host| host.forget_ping(id));
        outcome
    }

    /// As [`crate::net::Probes::probe`].
    ///
    /// # Errors
    /// `NetworkUnreachable` without a route; `InvalidInput` for a probe larger than the first link.
    pub async fn probe(&self, probe: Probe, patience: Duration) -> io::Result<Option<Answer>> {
        let call = self.begin(probe.to_string());
        let number = match self.at_host(|host, now, out| host.probe(now, probe, out)) {
            Ok(number) => number,
            Err(error) => {
                call.fail(&error);
                return Err(error);
            }
        };
        let mut limit = self.sleep(patience);
        let answer = poll_fn(|cx| {
            if let Poll::Ready(answer) = self.ask(|host| host.poll_probe(number, cx)) {
                return Poll::Ready(answer);
            }
            Pin::new(&mut limit).poll(cx).map(|()| None)
        });
        let answer = answer.await;
        self.ask(|host| host.forget_probe(number));
        call.returned(|| answer.map_or("no answer".to_owned(), |it| format!("= {it}")));
        Ok(answer)
    }

    /// As [`crate::net::Net::connect`].
    ///
    /// # Errors
    /// As [`Self::connect_with`].
    pub async fn connect(&self, to: SocketAddr) -> io::Result<LabStream> {
        self.connect_with(to, SocketOptions::default()).await
    }

    /// As [`crate::net::Net::connect_with`].
    ///
    /// # Errors
    /// `ConnectionRefused`, `TimedOut`, `HostUnreachable`, `NetworkUnreachable`.
    pub async fn connect_with(&self, to: SocketAddr, options: SocketOptions) -> io::Result<LabStream> {
        let held = match self.at_host(|host, now, out| host.connect(now, to, options, out)) {
            Ok(held) => held,
            Err(error) => {
                let call = self.begin(format!("connect({to})"));
                call.fail(&error);
                return Err(error);
            }
        };
        let call = self.begin(format!("connect(fd {}, {to})", held.fd));
        // From here on the stream owns the socket: dropping this future closes it.
        let stream = LabStream::new(self.clone(), held);
        let outcome = poll_fn(|cx| self.ask(|host| host.poll_connected(held, cx))).await;
        call.end(&outcome, |()| "0".to_owned());
        outcome.map(|()| stream)
    }

    /// As [`crate::net::Net::listen`].
    ///
    /// # Errors
    /// `AddrInUse`, `AddrNotAvailable`.
    pub fn open_listener(&self, at: SocketAddr, options: SocketOptions) -> io::Result<LabListener> {
        let outcome = self.at_host(|host, now, out| host.listen(now, at, options, out));
        let fd = outcome.as_ref().map_or_else(|_| String::new(), |(fd, _)| format!("fd {fd}, "));
        let call = self.begin(format!("listen({fd}{at})"));
        call.end(&outcome, |(_, local)| if *local == at { "0".to_owned() } else { format!("0 ({local})") });
        let (fd, local) = outcome?;
        Ok(LabListener { net: self.clone(), fd, local })
    }

    /// As [`crate::net::Net::bind`].
    ///
    /// # Errors
    /// `AddrInUse`, `AddrNotAvailable`.
    pub fn open_datagrams(&self, at: SocketAddr) -> io::Result<LabDatagrams> {
        let outcome = self.at_host(|host, _, _| host.bind(at));
        let fd = outcome.as_ref().map_or_else(|_| String::new(), |(fd, _)| format!("fd {fd}, "));
        let call = self.begin(format!("bind({fd}{at})"));
        call.end(&outcome, |(_, local)| if *local == at { "0".to_owned() } else { format!("0 ({local})") });
        let (fd, local) = outcome?;
        Ok(LabDatagrams { net: self.clone(), fd, local })
    }
}

/// A socket call that has not returned. Dropping it records that the program gave it up.
struct Call {
    shared: Rc<Shared>,
    number: Option<u64>,
}

impl Call {
    fn end<T>(self, outcome: &io::Result<T>, result: impl FnOnce(&T) -> String) {
        match outcome {
            Ok(value) => self.returned(|| format!("= {}", result(value))),
            Err(error) => self.fail(error),
        }
    }

    fn fail(self, error: &Error) {
        self.returned(|| format!("= -1 {}", errno(error)));
    }

    fn returned(mut self, text: impl FnOnce() -> String) {
        if let Some(number) = self.number.take() {
            self.shared.world.borrow_mut().returned(number, text);
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let (Some(number), Ok(mut world)) = (self.number, self.shared.world.try_borrow_mut())
            && !world.over
        {
            world.returned(number, || "given up by the program".to_owned());
        }
    }
}

impl fmt::Debug for LabNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LabNet").field("node", &self.node).finish_non_exhaustive()
    }
}

/// The name `errno(3)` has for it, with the words.
pub(crate) fn errno(error: &Error) -> String {
    let name = match error.kind() {
        ErrorKind::ConnectionRefused => "ECONNREFUSED (connection refused)",
        ErrorKind::ConnectionReset => "ECONNRESET (connection reset by peer)",
        ErrorKind::BrokenPipe => "EPIPE (broken pipe)",
        ErrorKind::TimedOut => "ETIMEDOUT (connection timed out)",
        ErrorKind::AddrInUse => "EADDRINUSE (address already in use)",
        ErrorKind::AddrNotAvailable => "EADDRNOTAVAIL (cannot assign requested address)",
        ErrorKind::HostUnreachable => "EHOSTUNREACH (no route to host)",
        ErrorKind::NetworkUnreachable => "ENETUNREACH (network is unreachable)",
        ErrorKind::NotConnected => "ENOTCONN (not connected)",
        _ => return error.to_string(),
    };
    name.to_owned()
}

/// A wait on the lab's clock. Dropping it takes it off the agenda.
pub struct Sleep {
    shared: Rc<Shared>,
    until: Time,
    slot: Option<Slot>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let shared = Rc::clone(&self.shared);
        let mut world = shared.world.borrow_mut();
        if world.now >= self.until {
            return Poll::Ready(());
        }
        match self.slot {
            Some(slot) if world.agenda.is_pending(slot) => world.agenda.rewake(slot, cx.waker()),
            _ => self.slot = Some(world.agenda.add(self.until, Happening::Wake(cx.waker().clone()))),
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let (Some(slot), Ok(mut world)) = (self.slot, self.shared.world.try_borrow_mut()) {
            world.agenda.cancel(slot);
        }
    }
}

/// A TCP connection in the lab.
pub struct LabStream {
    net: LabNet,
    held: Held,
    /// Calls that wait.
    reading: Option<Call>,
    writing: Option<Call>,
    shut: bool,
    aborted: bool,
}

impl LabStream {
    pub(crate) const fn new(net: LabNet, held: Held) -> Self {
        Self { net, held, reading: None, writing: None, shut: false, aborted: false }
    }

    /// This end's address.
    #[must_use]
    pub const fn local_address(&self) -> SocketAddr {
        self.held.local
    }

    /// The other end's address.
    #[must_use]
    pub const fn peer_address(&self) -> SocketAddr {
        self.held.peer
    }

    /// What the host's TCP knows about the connection.
    ///
    /// # Errors
    /// `NotConnected` when the connection is over.
    pub fn info(&self) -> io::Result<TcpInfo> {
        self.net.ask(|host| host.tcp_info(self.held))
    }

    /// Ends the connection with a RST; what is unsent is thrown away.
    pub fn abort(mut self) {
        self.aborted = true;
        let held = self.held;
        let call = format!("close(fd {}) with SO_LINGER 0", held.fd);
        self.net.on_drop(|host, now, out| host.abort(now, held, out), call);
    }
}

impl Drop for LabStream {
    fn drop(&mut self) {
        (self.reading, self.writing) = (None, None);
        if !self.aborted {
            let held = self.held;
            self.net.on_drop(|host, now, out| host.close(now, held, out), format!("close(fd {})", held.fd));
        }
    }
}

impl AsyncRead for LabStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (held, room) = (self.held, buffer.remaining());
        let waiting = self.reading.take();
        let call = waiting.unwrap_or_else(|| self.net.begin(SocketCall::Receive { fd: held.fd, room }));
        let unfilled = buffer.initialize_unfilled();
        let outcome = self.net.at_host(|host, now, out| host.poll_read(held, unfilled, cx, (now, out)));
        let Poll::Ready(outcome) = outcome else {
            self.reading = Some(call);
            return Poll::Pending;
        };
        let end_of_stream =
            |bytes: &usize| if *bytes == 0 && room > 0 { "0 (end of stream)".to_owned() } else { bytes.to_string() };
        call.end(&outcome, end_of_stream);
        Poll::Ready(outcome.map(|bytes| buffer.advance(bytes)))
    }
}

impl AsyncWrite for LabStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let held = self.held;
        let waiting = self.writing.take();
        let call = waiting.unwrap_or_else(|| self.net.begin(SocketCall::Send { fd: held.fd, bytes: bytes.len() }));
        let Poll::Ready(outcome) = self.net.at_host(|host, now, out| host.poll_write(held, bytes, cx, (now, out)))
        else {
            self.writing = Some(call);
            return Poll::Pending;
        };
        call.end(&outcome, ToString::to_string);
        Poll::Ready(outcome)
    }

    /// As writev(2): what lies in several places goes out in one call.
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut gathered = Vec::new();
        for buffer in buffers {
            gathered.extend_from_slice(&buffer[..buffer.len().min(GATHERED - gathered.len())]);
        }
        self.poll_write(cx, &gathered)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // What was written is the host's to send, as with any socket.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if std::mem::replace(&mut self.shut, true) {
            return Poll::Ready(Ok(()));
        }
        let held = self.held;
        let call = self.net.begin(format!("shutdown(fd {}, SHUT_WR)", held.fd));
        let outcome = self.net.at_host(|host, now, out| host.shutdown(now, held, out));
        call.end(&outcome, |()| "0".to_owned());
        Poll::Ready(outcome)
    }
}

/// Bytes that one call takes out of several places.
const GATHERED: usize = 64 << 10;

/// A listening TCP socket in the lab. Dropping it resets connections nobody accepted.
pub struct LabListener {
    net: LabNet,
    fd: Fd,
    local: SocketAddr,
}

impl LabListener {
    /// This end's address.
    #[must_use]
    pub const fn local_address(&self) -> SocketAddr {
        self.local
    }

    /// Waits for the next connection.
    ///
    /// # Errors
    /// None while the listener lives.
    pub async fn accept(&self) -> io::Result<(LabStream, SocketAddr)> {
        let call = self.net.begin(format!("accept(fd {})", self.fd));
        let outcome = poll_fn(|cx| self.net.ask(|host| host.poll_accept(self.fd, cx))).await;
        call.end(&outcome, |held| format!("fd {}, {}", held.fd, held.peer));
        let held = outcome?;
        Ok((LabStream::new(self.net.clone(), held), held.peer))
    }
}

impl Drop for LabListener {
    fn drop(&mut self) {
        let fd = self.fd;
        self.net.on_drop(|host, now, out| host.close_listener(now, fd, out), format!("close(fd {fd})"));
    }
}

/// A UDP socket in the lab.
pub struct LabDatagrams {
    net: LabNet,
    fd: Fd,
    local: SocketAddr,
}

impl LabDatagrams {
    /// This end's address.
    #[must_use]
    pub const fn local_address(&self) -> SocketAddr {
        self.local
    }

    /// Sends one datagram.
    ///
    /// # Errors
    /// `InvalidInput` for more than the link carries in one packet; `ConnectionRefused` when ICMP said so before.
    pub async fn send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<()> {
        let call = self.net.begin(format!("sendto(fd {}, {} bytes, {to})", self.fd, bytes.len()));
        let outcome = self.net.at_host(|host, now, out| host.send_to(self.fd, bytes, to, (now, out)));
        call.end(&outcome, |()| bytes.len().to_string());
        outcome
    }

    /// Waits for the next datagram.
    ///
    /// # Errors
    /// `ConnectionRefused` after an ICMP port unreachable, on a socket with a chosen port that spoke to one peer.
    pub async fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let call = self.net.begin(format!("recvfrom(fd {}, {})", self.fd, buffer.len()));
        let outcome = poll_fn(|cx| self.net.ask(|host| host.poll_receive(self.fd, buffer, cx))).await;
        call.end(&outcome, |(bytes, from)| format!("{bytes}, from {from}"));
        outcome
    }
}

impl Drop for LabDatagrams {
    fn drop(&mut self) {
        let fd = self.fd;
        self.net.on_drop(|host, _, _| host.close_datagrams(fd), format!("close(fd {fd})"));
    }
}
