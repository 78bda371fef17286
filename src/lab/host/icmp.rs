//! ICMP at a host: answers pings, sends them, and tells sockets what an error message says about their packets.
use std::io::{Error, ErrorKind};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use etherparse::icmpv4::DestUnreachableHeader;
use etherparse::{IpNumber, Ipv4Header};

use crate::lab::host::Host;
use crate::lab::icmp::{self, Message};
use crate::lab::output::Output;
use crate::recording::Time;

/// An echo request that is under way.
#[derive(Debug)]
pub(crate) struct Ping {
    sent: Time,
    outcome: Option<Result<Duration, ErrorKind>>,
    waker: Option<Waker>,
}

/// The flow of the packet that an ICMP error quotes.
struct Quoted {
    protocol: IpNumber,
    from: SocketAddrV4,
    to: SocketAddrV4,
}

/// An error quotes at least the header and 8 bytes: the ports, or the echo's number.
fn quoted(bytes: &[u8]) -> Option<Quoted> {
    let (header, rest) = Ipv4Header::from_slice(bytes).ok()?;
    let words: [u8; 8] = rest.get(..8)?.try_into().ok()?;
    let [a, b, c, d, e, f, ..] = words;
    let echo = header.protocol == IpNumber::ICMP;
    let (source, target) = if echo { ([e, f], [0, 0]) } else { ([a, b], [c, d]) };
    Some(Quoted {
        protocol: header.protocol,
        from: SocketAddrV4::new(header.source.into(), u16::from_be_bytes(source)),
        to: SocketAddrV4::new(header.destination.into(), u16::from_be_bytes(target)),
    })
}

/// Why the stack sent this ICMP message.
pub(super) fn why(message: &[u8]) -> Option<String> {
    let Message::Unreachable { header, quoted: bytes } = icmp::read(message)? else { return None };
    let about = quoted(bytes)?;
    match header {
        DestUnreachableHeader::Port => Some(format!("no socket is bound to UDP port {}", about.to.port())),
        DestUnreachableHeader::Protocol => Some(format!("nothing here speaks protocol {}", about.protocol.0)),
        _ => None,
    }
}

impl Host {
    pub(super) fn icmp(&mut self, now: Time, from: Ipv4Addr, to: Ipv4Addr, message: &[u8], out: &mut Output) {
        if to != self.address() {
            return;
        }
        match icmp::read(message) {
            Some(Message::EchoRequest { .. }) => self.reply_to_echo(now, from, message, out),
            Some(Message::EchoReply { id, .. }) => {
                let waited = self.pings.get(&id).map(|it| now.since(it.sent));
                self.ping_done(id, waited.ok_or(ErrorKind::NotFound));
            }
            Some(Message::Unreachable { header, quoted: bytes }) => {
                let (kind, text) = match header {
                    DestUnreachableHeader::Port => (ErrorKind::ConnectionRefused, "port unreachable"),
                    DestUnreachableHeader::Network => (ErrorKind::NetworkUnreachable, "network unreachable"),
                    DestUnreachableHeader::FragmentationNeeded { .. } => return,
                    _ => (ErrorKind::HostUnreachable, "host unreachable"),
                };
                self.told(from, text, kind, bytes, out);
            }
            Some(Message::TimeExceeded { quoted: bytes }) => {
                self.told(from, "time to live exceeded", ErrorKind::HostUnreachable, bytes, out);
            }
            None => {}
        }
    }

    /// An ICMP error: the socket that sent the quoted packet hears of it.
    fn told(&mut self, by: Ipv4Addr, what: &str, kind: ErrorKind, bytes: &[u8], out: &mut Output) {
        let Some(about) = quoted(bytes) else { return };
        out.decide(format!("ICMP from {by}: {what}, about a packet to {}", about.to.ip()));
        self.fail(&about, kind, out);
    }

    /// ARP gave up: the packet's sender hears "host unreachable".
    pub(super) fn nobody_answers(&mut self, _next_hop: Ipv4Addr, packet: &[u8], out: &mut Output) {
        if let Some(about) = quoted(packet) {
            self.fail(&about, ErrorKind::HostUnreachable, out);
        }
    }

    fn fail(&mut self, about: &Quoted, kind: ErrorKind, out: &mut Output) {
        match about.protocol {
            IpNumber::TCP => self.fail_connect(about.from, about.to, kind, out),
            IpNumber::UDP => self.fail_datagram(about.from.port(), about.to, kind),
            IpNumber::ICMP => self.ping_done(about.from.port(), Err(kind)),
            _ => {}
        }
    }

    /// Sends an echo request with `size` bytes of payload; the number is for [`Self::poll_ping`].
    pub(crate) fn ping(&mut self, now: Time, to: Ipv4Addr, size: usize, out: &mut Output) -> std::io::Result<u16> {
        self.check_destination(to)?;
        let room = usize::from(self.device.mtu) - 28;
        if size > room {
            let text = format!("{size} bytes do not fit: an echo request takes {room} here");
            return Err(Error::new(ErrorKind::InvalidInput, text));
        }
        let id = self.next_ping;
        self.next_ping = self.next_ping.wrapping_add(1);
        let payload: Vec<u8> = (0_u8..=255).cycle().take(size).collect();
        let packet = icmp::echo_request(self.address(), to, id, 1, &payload);
        let packet = packet.expect("a payload that fits the MTU fits IP");
        self.pings.insert(id, Ping { sent: now, outcome: None, waker: None });
        self.send_packet(now, packet, Some(format!("ping: asks {to} for an echo")), out);
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
