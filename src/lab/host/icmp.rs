//! ICMP at a host: answers pings, sends them, and tells sockets what an error message says about their packets.
use std::collections::VecDeque;
use std::io::{Error, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use etherparse::IpNumber;

use crate::lab::host::Host;
use crate::lab::icmp::{self, Message};
use crate::lab::ip::{self, Packet};
use crate::lab::output::Output;
use crate::lab::path_mtu;
use crate::lab::tcp::output::Pair;
use crate::lab::tcp::stack::{self, IcmpError};
use crate::recording::Time;

/// Bytes of an ICMP header.
const ICMP: usize = 8;
/// The number of a ping's one request.
const SEQ: u16 = 1;

/// An echo request that is under way.
#[derive(Debug)]
pub(crate) struct Ping {
    to: IpAddr,
    sent: Time,
    outcome: Option<Result<Duration, ErrorKind>>,
    waker: Option<Waker>,
}

/// The flow of the packet that an ICMP error quotes.
pub(super) struct Quoted {
    pub(super) protocol: IpNumber,
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    /// The TCP sequence number, where it is TCP; an echo's identifier and number.
    pub(super) seq: u32,
    /// What it is, where it is ICMP.
    kind: Option<Kind>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    EchoRequest,
    EchoReply,
    Other,
}

impl Quoted {
    pub(super) fn is_echo_request(&self) -> bool {
        self.kind == Some(Kind::EchoRequest)
    }
}

/// Large echo replies that were sent lately, by destination with identifier and number: an error is believed about no other.
#[derive(Debug, Default)]
pub(super) struct Replies(VecDeque<(IpAddr, u32)>);

/// Replies that are remembered; the oldest gives way.
const REPLIES: usize = 64;

impl Replies {
    /// One that every path carries is nothing that a router finds too large.
    fn enter(&mut self, reply: &[u8]) {
        let Some(to) = ip::destination(reply).filter(|it| reply.len() > usize::from(path_mtu::smallest(*it))) else {
            return;
        };
        let Some(about) = quoted(reply) else { return };
        if self.0.len() == REPLIES {
            self.0.pop_front();
        }
        self.0.push_back((to, about.seq));
    }

    fn has(&self, about: &Quoted) -> bool {
        self.0.contains(&(about.to.ip(), about.seq))
    }
}

/// What a program hears of it; a packet that is too large is nothing to give up for.
const fn kind(error: IcmpError) -> Option<ErrorKind> {
    match error {
        IcmpError::NetworkUnreachable => Some(ErrorKind::NetworkUnreachable),
        IcmpError::PortUnreachable | IcmpError::ProtocolUnreachable => Some(ErrorKind::ConnectionRefused),
        IcmpError::HostUnreachable | IcmpError::AdminProhibited | IcmpError::TimeExceeded => {
            Some(ErrorKind::HostUnreachable)
        }
        // RFC 1122 §3.3.2: the packet is lost, as others are.
        IcmpError::FragmentationNeeded { .. } | IcmpError::ReassemblyTimeExceeded => None,
    }
}

/// An error quotes at least the header and 8 bytes: the ports, or the echo's number. A later piece has neither.
fn quoted(bytes: &[u8]) -> Option<Quoted> {
    let packet = ip::read_beginning(bytes).filter(|it| !it.is_later_fragment)?;
    let words: [u8; 8] = packet.payload.get(..8)?.try_into().ok()?;
    let [a, b, c, d, e, f, g, h] = words;
    let is_icmp = icmp::carries(&packet);
    let (source, target) = if is_icmp { ([e, f], [0, 0]) } else { ([a, b], [c, d]) };
    let kind = match (packet.from, a) {
        (IpAddr::V4(_), 8) | (IpAddr::V6(_), 128) => Kind::EchoRequest,
        (IpAddr::V4(_), 0) | (IpAddr::V6(_), 129) => Kind::EchoReply,
        _ => Kind::Other,
    };
    Some(Quoted {
        protocol: packet.protocol,
        from: SocketAddr::new(packet.from, u16::from_be_bytes(source)),
        to: SocketAddr::new(packet.to, u16::from_be_bytes(target)),
        seq: u32::from_be_bytes([e, f, g, h]),
        kind: is_icmp.then_some(kind),
    })
}

impl Host {
    pub(super) fn icmp(&mut self, now: Time, packet: &Packet<'_>, out: &mut Output) {
        match icmp::read(packet) {
            Some(Message::EchoRequest { .. }) => self.reply_to_echo(now, packet, out),
            Some(Message::EchoReply { id, seq }) if self.interface.own.has(packet.to) => {
                self.probe_echoed(now, packet, id, seq);
                let waited = self.pings.get(&id).map(|it| now.since(it.sent));
                self.ping_done(id, waited.ok_or(ErrorKind::NotFound));
            }
            Some(Message::Redirect { gateway, quoted }) => {
                // It must quote a packet of ours (RFC 5927 §4, as for errors).
                if let Some(about) = ip::read_beginning(quoted).filter(|it| self.interface.own.has(it.from)) {
                    self.redirected(now, packet.from, (about.to, gateway.into()), out);
                }
            }
            Some(Message::Error { error, what, quoted }) => self.told(now, (packet, what), error, quoted, out),
            _ => {}
        }
    }

    /// Answers a ping; over IPv4 not one to everybody (RFC 1122 §3.2.2.6 leaves it open, as Linux).
    fn reply_to_echo(&mut self, now: Time, packet: &Packet<'_>, out: &mut Output) {
        if self.interface.own.is_broadcast(packet.to) {
            return;
        }
        let reply = self.answers_from(packet).and_then(|own| icmp::echo_reply(own, packet));
        if let Some(reply) = &reply {
            self.replies.enter(reply);
        }
        self.send_datagram(now, reply, Some("answers the echo request".to_owned().into()), out);
    }

    /// An ICMP error: the socket that sent the quoted packet hears of it.
    fn told(&mut self, now: Time, (by, what): (&Packet<'_>, &str), error: IcmpError, bytes: &[u8], out: &mut Output) {
        let Some(about) = quoted(bytes).filter(|it| self.interface.own.has(it.from.ip())) else { return };
        let probed = self.probe_failed(now, by, error, &about);
        let by = by.from;
        out.decide(format!("ICMP from {by}: {what}, about a packet to {}", about.to.ip()));
        let before = self.fail(now, &about, error, out);
        let before = before.or_else(|| (probed && about.is_echo_request()).then(|| self.path_mtu(now, about.to.ip())));
        if let (Some(before), IcmpError::FragmentationNeeded { mtu }) = (before, error) {
            self.stack.paths.learn(now, about.to.ip(), (mtu, before), out);
        }
    }

    /// ARP gave up: the packet's sender hears "host unreachable".
    pub(super) fn nobody_answers(&mut self, now: Time, packet: &[u8], out: &mut Output) {
        if let Some(about) = quoted(packet) {
            self.fail(now, &about, IcmpError::HostUnreachable, out);
        }
    }

    /// Tells who sent a packet what became of it. Gives the size of the packets sent so far, where the path carries less
    /// and the sender may believe it: TCP by its sequence number, UDP by its peer, an echo by its numbers (RFC 5927 §4.1).
    fn fail(&mut self, now: Time, about: &Quoted, error: IcmpError, out: &mut Output) -> Option<u16> {
        match about.protocol {
            // As Linux: that pieces were lost is no sign about the path.
            IpNumber::TCP if error == IcmpError::ReassemblyTimeExceeded => return None,
            IpNumber::TCP => {
                let pair = Pair { local: about.from, remote: about.to };
                let quoted = stack::Quoted { pair, seq: about.seq };
                return self.at_tcp(now, out, |stack, tcp| stack.icmp(now, quoted, error, tcp));
            }
            IpNumber::UDP => {
                if !self.datagrams.has_sent(about.from, about.to) {
                    return None;
                }
                if let Some(kind) = kind(error) {
                    self.fail_datagram(about.from, about.to, kind);
                }
            }
            _ if about.is_echo_request() => {
                let id = about.from.port();
                let waits = |it: &Ping| {
                    it.outcome.is_none() && (it.to, u32::from(id) << 16 | u32::from(SEQ)) == (about.to.ip(), about.seq)
                };
                if !self.pings.get(&id).is_some_and(waits) {
                    return None;
                }
                if let Some(kind) = kind(error) {
                    self.ping_done(id, Err(kind));
                }
            }
            _ if about.kind == Some(Kind::EchoReply) && self.replies.has(about) => {}
            _ => return None,
        }
        Some(self.path_mtu(now, about.to.ip()))
    }

    /// Sends an echo request with `size` bytes of payload; the number is for [`Self::poll_ping`].
    pub(crate) fn ping(&mut self, now: Time, to: IpAddr, size: usize, out: &mut Output) -> std::io::Result<u16> {
        let to = to.to_canonical();
        let from = self.way_to(to)?;
        let room = ip::largest_payload(to) - ICMP;
        if size > room {
            let text = format!("{size} bytes do not fit: an echo request takes {room} at most");
            return Err(Error::new(ErrorKind::InvalidInput, text));
        }
        let id = self.next_ping;
        self.next_ping = self.next_ping.wrapping_add(1);
        let payload: Vec<u8> = (0_u8..=255).cycle().take(size).collect();
        let packet = icmp::echo_request(from, to, id, SEQ, &payload);
        self.pings.insert(id, Ping { to, sent: now, outcome: None, waker: None });
        self.send_datagram(now, packet, Some(format!("ping: asks {to} for an echo").into()), out);
        Ok(id)
    }

    fn ping_done(&mut self, id: u16, outcome: Result<Duration, ErrorKind>) {
        if let Some(ping) = self.pings.get_mut(&id) {
            ping.outcome.get_or_insert(outcome);
            if let Some(waker) = ping.waker.take() {
                waker.wake();
            }
        }
    }

    pub(crate) fn poll_ping(&mut self, id: u16, cx: &Context<'_>) -> Poll<std::io::Result<Duration>> {
        let Some(ping) = self.pings.get_mut(&id) else { return Poll::Ready(Err(ErrorKind::NotFound.into())) };
        match ping.outcome.take() {
            Some(outcome) => Poll::Ready(outcome.map_err(Into::into)),
            None => {
                ping.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    pub(crate) fn forget_ping(&mut self, id: u16) {
        self.pings.remove(&id);
    }
}
