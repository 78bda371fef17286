//! Probes of a host: each waits for the echo, or for the ICMP error that quotes it.
use std::collections::BTreeMap;
use std::io::{Error, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll, Waker};

use etherparse::{IpNumber, UdpHeader};

use super::Host;
use super::icmp::Quoted;
use crate::lab::icmp;
use crate::lab::ip::{self, Envelope, Packet};
use crate::lab::output::Output;
use crate::lab::tcp::stack::IcmpError;
use crate::lab::{Answer, Probe, ProbeKind, Said};
use crate::recording::Time;

/// Bytes of a UDP or ICMP echo header.
const HEADER: usize = 8;

/// Probes that are under way, by the number their program has for them.
#[derive(Debug, Default)]
pub(super) struct Underway {
    all: BTreeMap<u64, Sent>,
    next: u64,
}

#[derive(Debug)]
struct Sent {
    probe: Probe,
    at: Time,
    answer: Option<Answer>,
    waker: Option<Waker>,
}

impl Sent {
    /// Whether an error that quotes this flow is about this probe.
    fn is(&self, quoted: &Quoted) -> bool {
        let to_it = quoted.to.ip() == self.probe.to;
        to_it
            && match (self.probe.kind, quoted.protocol) {
                (ProbeKind::Udp { from, to }, IpNumber::UDP) => (quoted.from.port(), quoted.to.port()) == (from, to),
                (ProbeKind::Echo { id, seq }, _) => {
                    quoted.is_echo_request() && quoted.seq == u32::from(id) << 16 | u32::from(seq)
                }
                _ => false,
            }
    }
}

/// What an error says to who probed; that pieces of it were lost says nothing of where it got to.
const fn said(error: IcmpError) -> Option<Said> {
    Some(match error {
        IcmpError::TimeExceeded => Said::TimeExceeded,
        IcmpError::PortUnreachable => Said::PortUnreachable,
        IcmpError::ProtocolUnreachable => Said::ProtocolUnreachable,
        IcmpError::HostUnreachable => Said::HostUnreachable,
        IcmpError::NetworkUnreachable => Said::NetworkUnreachable,
        IcmpError::AdminProhibited => Said::Prohibited,
        IcmpError::FragmentationNeeded { mtu } => Said::TooBig { mtu },
        IcmpError::ReassemblyTimeExceeded => return None,
    })
}

impl Host {
    /// Sends a probe; the number is for [`Self::poll_probe`].
    pub(crate) fn probe(&mut self, now: Time, mut probe: Probe, out: &mut Output) -> std::io::Result<u64> {
        probe.to = probe.to.to_canonical();
        let from = self.way_to(probe.to)?;
        let (largest, link) = (ip::largest_payload(probe.to), usize::from(self.mtu) - ip::header_bytes(probe.to));
        let room = if probe.dont_fragment { link } else { largest } - HEADER;
        if probe.payload > room {
            let text = format!("{} bytes do not fit: a probe takes {room} here", probe.payload);
            return Err(Error::new(ErrorKind::InvalidInput, text));
        }
        let number = self.probes.next;
        self.probes.next += 1;
        if let ProbeKind::Udp { from: port @ 0, .. } = &mut probe.kind {
            *port = 49_152 + u16::try_from(number % 16_384).expect("less than the count of dynamic ports");
        }
        let payload: Vec<u8> = (0_u8..=255).cycle().take(probe.payload).collect();
        let packet = write(from, &probe, &payload);
        let why = format!("a probe with TTL {}: whoever ends it says who it is", probe.ttl);
        self.probes.all.insert(number, Sent { probe, at: now, answer: None, waker: None });
        if probe.dont_fragment {
            self.send_whole(now, packet, Some(why.into()), out);
        } else {
            self.send_datagram(now, packet, Some(why.into()), out);
        }
        Ok(number)
    }

    /// An ICMP error came in; the probe it quotes is answered. Whether one was under way.
    pub(super) fn probe_failed(&mut self, now: Time, by: &Packet<'_>, error: IcmpError, quoted: &Quoted) -> bool {
        said(error).is_some_and(|said| self.probe_answered(now, by, said, |it| it.is(quoted)))
    }

    /// An echo reply came in.
    pub(super) fn probe_echoed(&mut self, now: Time, by: &Packet<'_>, id: u16, seq: u16) {
        let kind = ProbeKind::Echo { id, seq };
        self.probe_answered(now, by, Said::EchoReply, |it| it.probe.kind == kind && it.probe.to == by.from);
    }

    fn probe_answered(&mut self, now: Time, by: &Packet<'_>, said: Said, about: impl Fn(&Sent) -> bool) -> bool {
        let waiting = self.probes.all.values_mut().find(|it| it.answer.is_none() && about(it));
        let Some(sent) = waiting else { return false };
        sent.answer = Some(Answer { from: by.from, said, rtt: now - sent.at, ttl: Some(by.hops) });
        if let Some(waker) = sent.waker.take() {
            waker.wake();
        }
        true
    }

    pub(crate) fn poll_probe(&mut self, number: u64, cx: &Context<'_>) -> Poll<Option<Answer>> {
        let Some(sent) = self.probes.all.get_mut(&number) else { return Poll::Ready(None) };
        if sent.answer.is_none() {
            sent.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(sent.answer)
    }

    pub(crate) fn forget_probe(&mut self, number: u64) {
        self.probes.all.remove(&number);
    }
}

/// The whole packet.
fn write(from: IpAddr, probe: &Probe, payload: &[u8]) -> Option<Vec<u8>> {
    let Probe { to, ttl, dont_fragment, .. } = *probe;
    match probe.kind {
        ProbeKind::Echo { id, seq } => icmp::echo_probe((from, to), (id, seq), payload, (ttl, dont_fragment)),
        ProbeKind::Udp { from: source, to: port } => {
            let ends = (SocketAddr::new(from, source), SocketAddr::new(to, port));
            let envelope = Envelope { hops: ttl, dont_fragment, ..Envelope::new(from, to, IpNumber::UDP) };
            ip::write(&envelope, datagram(ends, payload)?)
        }
    }
}

fn datagram((from, to): (SocketAddr, SocketAddr), payload: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(payload.len() + HEADER).ok()?;
    let mut header = UdpHeader { source_port: from.port(), destination_port: to.port(), length, checksum: 0 };
    header.checksum = match (from.ip(), to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => header.calc_checksum_ipv4_raw(from.octets(), to.octets(), payload),
        (IpAddr::V6(from), IpAddr::V6(to)) => header.calc_checksum_ipv6_raw(from.octets(), to.octets(), payload),
        _ => return None,
    }
    .ok()?;
    Some([&header.to_bytes(), payload].concat())
}
