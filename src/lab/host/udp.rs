//! UDP sockets of a host (RFC 768): a port, a queue of datagrams, and the ICMP error that came back.
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, Error, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll, Waker};

use etherparse::{IpNumber, UdpHeader, UdpSlice};

use crate::lab::host::{Fd, Host, as_seen_at, canonical};
use crate::lab::ip::{self, Envelope, Packet};
use crate::lab::output::{Output, Why};
use crate::lab::tcp::stack::{IcmpError, overlap};
use crate::recording::Time;

/// Bytes of a UDP header.
const UDP: usize = 8;
/// What an empty datagram costs in a queue.
const EMPTY: usize = 28;

/// A UDP socket that a program holds.
#[derive(Debug)]
pub(crate) struct Bound {
    local: SocketAddr,
    /// The port was chosen by the host, as for a client.
    chosen: bool,
    peers: BTreeSet<SocketAddr>,
    /// Datagrams nobody has read, and their bytes together.
    queue: VecDeque<(Vec<u8>, SocketAddr)>,
    queued: usize,
    failure: Option<ErrorKind>,
    waker: Option<Waker>,
}

/// The sockets by descriptor and by port.
#[derive(Debug, Default)]
pub(crate) struct Datagrams {
    bound: BTreeMap<Fd, Bound>,
    places: BTreeMap<SocketAddr, Fd>,
    next_port: Option<u16>,
}

impl Datagrams {
    /// The socket that gets what goes to this address of the host: one bound to it goes before one bound to any.
    fn at(&mut self, local: SocketAddr) -> Option<&mut Bound> {
        let any = |ip: IpAddr| SocketAddr::new(ip, local.port());
        let (any_v4, any_v6) = (any([0; 4].into()), any([0; 16].into()));
        let places = [Some(local), Some(any_v4).filter(|_| local.is_ipv4()), Some(any_v6)];
        let fd = places.into_iter().flatten().find_map(|it| self.places.get(&it))?;
        self.bound.get_mut(fd)
    }

    /// Whether a socket there has sent to that peer.
    pub(super) fn has_sent(&mut self, from: SocketAddr, to: SocketAddr) -> bool {
        self.at(from).is_some_and(|it| it.peers.contains(&to))
    }

    fn is_taken(&self, port: u16) -> bool {
        self.places.keys().any(|it| it.port() == port)
    }

    /// A free port of the range, from a start the run's seed has chosen (RFC 6056 §3.3.1).
    fn ephemeral_port(&mut self, (first, last): (u16, u16), seed: u64) -> Option<u16> {
        let count = u32::from(last.saturating_sub(first)) + 1;
        let start = || first + u16::try_from(seed % u64::from(count)).expect("less than a count of ports");
        let mut port = self.next_port.filter(|it| (first..=last).contains(it)).unwrap_or_else(start);
        for _ in 0..count {
            let next = if port >= last { first } else { port + 1 };
            if !self.is_taken(port) {
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

/// RFC 768, and over IPv6 RFC 8200 §8.1: the checksum over pseudo header, header and payload.
fn checksum(header: &UdpHeader, ends: (IpAddr, IpAddr), payload: &[u8]) -> Option<u16> {
    match ends {
        (IpAddr::V4(from), IpAddr::V4(to)) => header.calc_checksum_ipv4_raw(from.octets(), to.octets(), payload).ok(),
        (IpAddr::V6(from), IpAddr::V6(to)) => header.calc_checksum_ipv6_raw(from.octets(), to.octets(), payload).ok(),
        _ => None,
    }
}

fn closed() -> Error {
    Error::new(ErrorKind::NotConnected, "the socket is closed")
}

impl Host {
    /// Opens a socket; port 0 chooses one.
    pub(crate) fn bind(&mut self, mut at: SocketAddr) -> io::Result<(Fd, SocketAddr)> {
        at = SocketAddr::new(at.ip(), at.port());
        self.check_own(at.ip())?;
        let chosen = at.port() == 0;
        if chosen {
            let port = self.datagrams.ephemeral_port(self.options.tcp.ephemeral_ports, self.seed);
            at.set_port(port.ok_or_else(|| Error::new(ErrorKind::AddrInUse, "every port is used"))?);
        }
        if self.datagrams.places.keys().any(|it| overlap(*it, at)) {
            return Err(Error::new(ErrorKind::AddrInUse, format!("another socket is bound to port {}", at.port())));
        }
        let fd = self.new_descriptor();
        let (peers, queue) = (BTreeSet::new(), VecDeque::new());
        let bound = Bound { local: at, chosen, peers, queue, queued: 0, failure: None, waker: None };
        self.datagrams.bound.insert(fd, bound);
        self.datagrams.places.insert(at, fd);
        Ok((fd, at))
    }

    /// Sends one datagram at once; UDP keeps nothing back.
    pub(crate) fn send_to(
        &mut self,
        fd: Fd,
        bytes: &[u8],
        to: SocketAddr,
        (now, out): (Time, &mut Output),
    ) -> io::Result<()> {
        let to = canonical(to);
        let source = self.way_to(to.ip())?;
        let room = ip::largest_payload(to.ip()) - UDP;
        if bytes.len() > room {
            let text = format!("{} bytes do not fit: a datagram takes {room} at most", bytes.len());
            return Err(Error::new(ErrorKind::InvalidInput, text));
        }
        let bound = self.datagrams.bound.get_mut(&fd).ok_or_else(closed)?;
        if let Some(failure) = bound.failure.take() {
            return Err(failure.into());
        }
        if to.port() == 0 {
            return Err(Error::new(ErrorKind::InvalidInput, "port 0 is no destination"));
        }
        bound.peers.insert(to);
        let chosen = bound.local.ip().is_unspecified();
        let from = if chosen { source } else { bound.local.ip() };
        if from.is_ipv4() != to.is_ipv4() {
            let text = format!("the socket is bound to {from}, and {} is of the other family", to.ip());
            return Err(Error::new(ErrorKind::InvalidInput, text));
        }
        let header = UdpHeader::without_ipv4_checksum(bound.local.port(), to.port(), bytes.len());
        let mut header = header.expect("a datagram that fits IP fits UDP");
        header.checksum = checksum(&header, (from, to.ip()), bytes).expect("a datagram that fits IP fits UDP");
        let datagram = [&header.to_bytes(), bytes].concat();
        let why = Some(Why::Text(format!("sendto() of {} bytes", bytes.len())));
        self.send_datagram(now, ip::write(&Envelope::new(from, to.ip(), IpNumber::UDP), datagram), why, out);
        Ok(())
    }

    /// A datagram came in (RFC 1122 §4.1.3.1: one for a port without a socket is answered with port unreachable).
    pub(super) fn datagram(&mut self, now: Time, packet: &Packet<'_>, out: &mut Output) {
        let Packet { from, to, payload: bytes, .. } = *packet;
        let Ok(udp) = UdpSlice::from_slice(bytes) else { return out.decide("the UDP header is damaged: dropped") };
        let header = udp.to_header();
        // RFC 768: 0 means that the sender made none, which it must over IPv6 (RFC 8200 §8.1).
        let unmade = header.checksum == 0 && to.is_ipv4();
        if !unmade && checksum(&header, (from, to), udp.payload()) != Some(header.checksum) {
            return out.decide("the UDP checksum does not fit: dropped");
        }
        let limit = self.options.receive_buffer;
        let port = udp.destination_port();
        let Some(bound) = self.datagrams.at(SocketAddr::new(to, port)) else {
            if self.interface.own.has(to) {
                let why = format!("no socket is bound to UDP port {port}");
                self.complain(now, packet, IcmpError::PortUnreachable, why, out);
            }
            return;
        };
        let length = udp.payload().len();
        // Empty datagrams take room as well, or a flood of them would have no bound.
        if bound.queued + length > limit || bound.queue.len() * EMPTY > limit {
            return out.decide(format!("the socket of UDP port {port} is full: {length} bytes dropped"));
        }
        bound.queued += length;
        let sender = as_seen_at(bound.local, SocketAddr::new(from, udp.source_port()));
        bound.queue.push_back((udp.payload().to_vec(), sender));
        bound.wake();
    }

    pub(crate) fn poll_receive(
        &mut self,
        fd: Fd,
        buffer: &mut [u8],
        cx: &Context<'_>,
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
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
            self.datagrams.places.remove(&bound.local);
        }
    }

    /// An ICMP error reaches a client's socket: one whose port the host chose and that has spoken to one peer only, as a
    /// connected socket. A server's socket hears nothing, as an unconnected socket on Linux.
    pub(super) fn fail_datagram(&mut self, from: SocketAddr, to: SocketAddr, kind: ErrorKind) {
        let client = |it: &&mut Bound| it.chosen && it.peers.iter().eq([&to]);
        if let Some(bound) = self.datagrams.at(from).filter(client) {
            bound.failure = Some(kind);
            bound.wake();
        }
    }
}
