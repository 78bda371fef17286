//! UDP sockets of a host.
use std::collections::BTreeSet;
use std::io::{self, Error, ErrorKind};
use std::net::SocketAddrV4;
use std::task::{Context, Poll};

use smoltcp::iface::SocketHandle;
use smoltcp::socket::udp;
use smoltcp::wire::{IpAddress, IpEndpoint, IpListenEndpoint};

use crate::lab::host::{Fd, Host};
use crate::lab::output::Output;
use crate::recording::Time;

/// Datagrams a socket holds, whatever their size.
const DATAGRAMS: usize = 1024;

/// A UDP socket that a program holds.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) local: SocketAddrV4,
    handle: SocketHandle,
    /// The port was chosen by the host, as for a client.
    chosen: bool,
    peers: BTreeSet<SocketAddrV4>,
    failure: Option<ErrorKind>,
    waker: Option<std::task::Waker>,
}

fn closed() -> Error {
    Error::new(ErrorKind::NotConnected, "the socket is closed")
}

impl Host {
    /// Opens a socket; port 0 chooses one.
    pub(crate) fn bind(&mut self, mut at: SocketAddrV4) -> io::Result<(Fd, SocketAddrV4)> {
        self.check_own(*at.ip())?;
        let chosen = at.port() == 0;
        if chosen {
            let port = self.ephemeral_port();
            at.set_port(port.ok_or_else(|| Error::new(ErrorKind::AddrInUse, "every port is used"))?);
        }
        if self.datagrams.values().any(|it| it.local.port() == at.port()) {
            return Err(Error::new(ErrorKind::AddrInUse, format!("another socket is bound to port {}", at.port())));
        }
        let buffer =
            |bytes: usize| udp::PacketBuffer::new(vec![udp::PacketMetadata::EMPTY; DATAGRAMS], vec![0; bytes.max(1)]);
        let mut socket = udp::Socket::new(buffer(self.options.receive_buffer), buffer(self.options.send_buffer));
        let address = (!at.ip().is_unspecified()).then_some(IpAddress::Ipv4(*at.ip()));
        let endpoint = IpListenEndpoint { addr: address, port: at.port() };
        socket.bind(endpoint).expect("a fresh socket binds to a port that is not 0");
        let handle = self.sockets.add(socket);
        let fd = self.new_descriptor();
        let bound = Bound { local: at, handle, chosen, peers: BTreeSet::new(), failure: None, waker: None };
        self.datagrams.insert(fd, bound);
        Ok((fd, at))
    }

    pub(crate) fn poll_send_to(
        &mut self,
        fd: Fd,
        bytes: &[u8],
        to: SocketAddrV4,
        cx: &Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.check_destination(*to.ip())?;
        let room = usize::from(self.device.mtu) - 28;
        if bytes.len() > room {
            let text =
                format!("{} bytes do not fit: a datagram takes {room} here, and nothing is fragmented", bytes.len());
            return Poll::Ready(Err(Error::new(ErrorKind::InvalidInput, text)));
        }
        let Some(bound) = self.datagrams.get_mut(&fd) else { return Poll::Ready(Err(closed())) };
        if let Some(failure) = bound.failure.take() {
            return Poll::Ready(Err(failure.into()));
        }
        let socket = self.sockets.get_mut::<udp::Socket<'_>>(bound.handle);
        match socket.send_slice(bytes, IpEndpoint::from(to)) {
            Ok(()) => {
                bound.peers.insert(to);
                Poll::Ready(Ok(()))
            }
            Err(udp::SendError::BufferFull) if bytes.len() <= self.options.send_buffer => {
                socket.register_send_waker(cx.waker());
                Poll::Pending
            }
            Err(error) => Poll::Ready(Err(Error::new(ErrorKind::InvalidInput, error.to_string()))),
        }
    }

    pub(crate) fn poll_receive(
        &mut self,
        fd: Fd,
        buffer: &mut [u8],
        cx: &Context<'_>,
    ) -> Poll<io::Result<(usize, SocketAddrV4)>> {
        let Some(bound) = self.datagrams.get_mut(&fd) else { return Poll::Ready(Err(closed())) };
        if let Some(failure) = bound.failure.take() {
            return Poll::Ready(Err(failure.into()));
        }
        let socket = self.sockets.get_mut::<udp::Socket<'_>>(bound.handle);
        if let Ok((payload, meta)) = socket.recv() {
            let length = payload.len().min(buffer.len());
            buffer[..length].copy_from_slice(&payload[..length]);
            let IpAddress::Ipv4(address) = meta.endpoint.addr;
            return Poll::Ready(Ok((length, SocketAddrV4::new(address, meta.endpoint.port))));
        }
        socket.register_recv_waker(cx.waker());
        bound.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Closes a socket; what it was given to send is sent, as by any host.
    pub(crate) fn close_datagrams(&mut self, now: Time, fd: Fd, out: &mut Output) {
        self.egress(now, out);
        self.descriptors.remove(&fd);
        if let Some(bound) = self.datagrams.remove(&fd) {
            self.sockets.remove(bound.handle);
        }
    }

    /// An ICMP error reaches a client's socket: one whose port the host chose and that has spoken to one peer only, as a
    /// connected socket. A server's socket hears nothing, as an unconnected socket on Linux.
    pub(super) fn fail_datagram(&mut self, port: u16, to: SocketAddrV4, kind: ErrorKind) {
        let client = |it: &&mut Bound| it.local.port() == port && it.chosen && it.peers.iter().eq([&to]);
        if let Some(bound) = self.datagrams.values_mut().find(client) {
            bound.failure = Some(kind);
            if let Some(waker) = bound.waker.take() {
                waker.wake();
            }
        }
    }

    /// Says so when a datagram is about to find its socket full.
    pub(super) fn expect_datagram(&self, to: SocketAddrV4, bytes: usize, out: &mut Output) {
        let Some(bound) = self.datagrams.values().find(|it| it.local.port() == to.port()) else { return };
        let socket = self.sockets.get::<udp::Socket<'_>>(bound.handle);
        let free = socket.payload_recv_capacity().saturating_sub(socket.recv_queue());
        if bytes > free {
            out.decide(format!("the socket of UDP port {} is full: {bytes} bytes dropped", to.port()));
        }
    }
}
