//! UDP sockets of a host (RFC 768): a port, a queue of datagrams, and the ICMP error that came back.
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, Error, ErrorKind};
use std::net::SocketAddrV4;
use std::task::{Context, Poll, Waker};

use etherparse::icmpv4::DestUnreachableHeader;
use etherparse::{IpEcn, IpNumber, UdpHeader, UdpSlice};

use crate::lab::host::ip::Envelope;
use crate::lab::host::{Fd, Host};
use crate::lab::icmp as messages;
use crate::lab::output::{Output, Why};
use crate::recording::Time;

/// Bytes of an IPv4 and a UDP header.
const HEADERS: usize = 28;

/// A UDP socket that a program holds.
#[derive(Debug)]
pub(crate) struct Bound {
    local: SocketAddrV4,
    /// The port was chosen by the host, as for a client.
    chosen: bool,
    peers: BTreeSet<SocketAddrV4>,
    /// Datagrams nobody has read, and their bytes together.
    queue: VecDeque<(Vec<u8>, SocketAddrV4)>,
    queued: usize,
    failure: Option<ErrorKind>,
    waker: Option<Waker>,
}

/// The sockets by descriptor and by port.
#[derive(Debug, Default)]
pub(crate) struct Datagrams {
    bound: BTreeMap<Fd, Bound>,
    ports: BTreeMap<u16, Fd>,
    next_port: Option<u16>,
}

impl Datagrams {
    fn by_port(&mut self, port: u16) -> Option<&mut Bound> {
        let fd = self.ports.get(&port)?;
        self.bound.get_mut(fd)
    }

    /// A free port of the range, from a start the run's seed has chosen (RFC 6056 §3.3.1).
    fn ephemeral_port(&mut self, (first, last): (u16, u16), seed: u64) -> Option<u16> {
        let count = u32::from(last.saturating_sub(first)) + 1;
        let start = || first + u16::try_from(seed % u64::from(count)).expect("less than a count of ports");
        let mut port = self.next_port.filter(|it| (first..=last).contains(it)).unwrap_or_else(start);
        for _ in 0..count {
            let next = if port >= last { first } else { port + 1 };
            if !self.ports.contains_key(&port) {
                self.next_port = Some(next);
                return Some(port);
            }
            port = next;
        }
        None
    }
}

impl Bound {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
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
            let port = self.datagrams.ephemeral_port(self.options.tcp.ephemeral_ports, self.seed);
            at.set_port(port.ok_or_else(|| Error::new(ErrorKind::AddrInUse, "every port is used"))?);
        }
        if self.datagrams.ports.contains_key(&at.port()) {
            return Err(Error::new(ErrorKind::AddrInUse, format!("another socket is bound to port {}", at.port())));
        }
        let fd = self.new_descriptor();
        let (peers, queue) = (BTreeSet::new(), VecDeque::new());
        let bound = Bound { local: at, chosen, peers, queue, queued: 0, failure: None, waker: None };
        self.datagrams.bound.insert(fd, bound);
        self.datagrams.ports.insert(at.port(), fd);
        Ok((fd, at))
    }

    /// Sends one datagram at once; UDP keeps nothing back.
    pub(crate) fn send_to(
        &mut self,
        fd: Fd,
        bytes: &[u8],
        to: SocketAddrV4,
        (now, out): (Time, &mut Output),
    ) -> io::Result<()> {
        self.check_destination(*to.ip())?;
        let room = usize::from(self.mtu) - HEADERS;
        if bytes.len() > room {
            let text =
                format!("{} bytes do not fit: a datagram takes {room} here, and nothing is fragmented", bytes.len());
            return Err(Error::new(ErrorKind::InvalidInput, text));
        }
        let own = self.address();
        let bound = self.datagrams.bound.get_mut(&fd).ok_or_else(closed)?;
        if let Some(failure) = bound.failure.take() {
            return Err(failure.into());
        }
        if to.port() == 0 {
            return Err(Error::new(ErrorKind::InvalidInput, "port 0 is no destination"));
        }
        bound.peers.insert(to);
        let (from, target) = (own.octets(), to.ip().octets());
        let header = UdpHeader::without_ipv4_checksum(bound.local.port(), to.port(), bytes.len());
        let mut header = header.expect("a datagram that fits the MTU fits UDP");
        let sum = header.calc_checksum_ipv4_raw(from, target, bytes);
        header.checksum = sum.expect("a datagram that fits the MTU fits UDP");
        let datagram = [&header.to_bytes(), bytes].concat();
        let why = Some(Why::Text(format!("sendto() of {} bytes", bytes.len())));
        let (protocol, ecn) = (IpNumber::UDP, IpEcn::ZERO);
        let envelope = Envelope { to: *to.ip(), protocol, ecn, dont_fragment: true };
        self.send_ipv4(now, &envelope, datagram, why, out);
        Ok(())
    }

    /// A datagram came in (RFC 1122 §4.1.3.1: one for a port without a socket is answered with port unreachable).
    pub(super) fn datagram(
        &mut self,
        now: Time,
        packet: &[u8],
        (from, to): super::Ends,
        bytes: &[u8],
        out: &mut Output,
    ) {
        let Ok(udp) = UdpSlice::from_slice(bytes) else { return out.decide("the UDP header is damaged: dropped") };
        let header = udp.to_header();
        let sum = header.calc_checksum_ipv4_raw(from.octets(), to.octets(), udp.payload());
        // RFC 768: 0 means that the sender made none.
        if header.checksum != 0 && sum.ok() != Some(header.checksum) {
            return out.decide("the UDP checksum does not fit: dropped");
        }
        let limit = self.options.receive_buffer;
        let port = udp.destination_port();
        let here = |it: &Bound| it.local.ip().is_unspecified() || *it.local.ip() == to;
        let Some(bound) = self.datagrams.by_port(port).filter(|it| here(it)) else {
            if to == self.address() {
                let error = messages::unreachable(to, packet, DestUnreachableHeader::Port);
                let why = Why::Text(format!("no socket is bound to UDP port {port}"));
                self.send_whole(now, error, Some(why), out);
            }
            return;
        };
        let length = udp.payload().len();
        // Empty datagrams take room as well, or a flood of them would have no bound.
        if bound.queued + length > limit || bound.queue.len() * HEADERS > limit {
            return out.decide(format!("the socket of UDP port {port} is full: {length} bytes dropped"));
        }
        bound.queued += length;
        bound.queue.push_back((udp.payload().to_vec(), SocketAddrV4::new(from, udp.source_port())));
        bound.wake();
    }

    pub(crate) fn poll_receive(
        &mut self,
        fd: Fd,
        buffer: &mut [u8],
        cx: &Context<'_>,
    ) -> Poll<io::Result<(usize, SocketAddrV4)>> {
        let Some(bound) = self.datagrams.bound.get_mut(&fd) else { return Poll::Ready(Err(closed())) };
        if let Some(failure) = bound.failure.take() {
            return Poll::Ready(Err(failure.into()));
        }
        if let Some((payload, from)) = bound.queue.pop_front() {
            bound.queued -= payload.len();
            let length = payload.len().min(buffer.len());
            buffer[..length].copy_from_slice(&payload[..length]);
            return Poll::Ready(Ok((length, from)));
        }
        bound.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Closes a socket.
    pub(crate) fn close_datagrams(&mut self, fd: Fd) {
        self.descriptors.remove(&fd);
        if let Some(bound) = self.datagrams.bound.remove(&fd) {
            self.datagrams.ports.remove(&bound.local.port());
        }
    }

    /// An ICMP error reaches a client's socket: one whose port the host chose and that has spoken to one peer only, as a
    /// connected socket. A server's socket hears nothing, as an unconnected socket on Linux.
    pub(super) fn fail_datagram(&mut self, port: u16, to: SocketAddrV4, kind: ErrorKind) {
        let client = |it: &&mut Bound| it.chosen && it.peers.iter().eq([&to]);
        if let Some(bound) = self.datagrams.by_port(port).filter(client) {
            bound.failure = Some(kind);
            bound.wake();
        }
    }
}
