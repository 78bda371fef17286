//! A host: one Ethernet interface with ARP of our own, above it smoltcp's IP, UDP and TCP, and a table of sockets.
//!
//! ```text
//! programs ── sockets (fd) ── smoltcp TCP/UDP/IP ── [reasons] ── Interface (ARP, Ethernet) ── link
//!                                  ICMP, ping ───────────────────────┘
//! ```
mod device;
mod icmp;
mod options;
pub(crate) mod tcp;
mod udp;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::Ipv4Addr;

use smoltcp::iface::{Config, PollResult, SocketHandle, SocketSet};
use smoltcp::time::Instant;
use smoltcp::wire::{HardwareAddress, IpCidr, Ipv4Cidr};

use crate::lab::frame::{self, Mac};
use crate::lab::icmp as messages;
use crate::lab::interface::{Interface, Received};
use crate::lab::output::Output;
use crate::lab::reason::Reasons;
use crate::lab::route::Network;
use crate::lab::sniff::{self, Payload};
use crate::recording::Time;
use device::Device;
pub use options::HostOptions;

/// The number a program knows a socket by.
pub(crate) type Fd = u32;

/// The first port of RFC 6335's dynamic range.
const FIRST_EPHEMERAL: u16 = 49_152;
/// Rounds of "send what can be sent" at one instant; one packet of each socket goes in a round.
const EGRESS_ROUNDS: usize = 100_000;

/// A host with one interface.
pub(crate) struct Host {
    pub(crate) interface: Interface,
    pub(crate) gateway: Option<Ipv4Addr>,
    pub(crate) options: HostOptions,
    frames: VecDeque<Vec<u8>>,
    stack: smoltcp::iface::Interface,
    device: Device,
    sockets: SocketSet<'static>,
    descriptors: BTreeSet<Fd>,
    connections: BTreeMap<SocketHandle, tcp::Connection>,
    listeners: BTreeMap<Fd, tcp::Listening>,
    datagrams: BTreeMap<Fd, udp::Bound>,
    pings: BTreeMap<u16, icmp::Ping>,
    next_ping: u16,
    next_port: u16,
    reasons: Reasons,
    seed: u64,
}

/// What a host is made of.
pub(crate) struct Parts {
    pub(crate) mac: Mac,
    pub(crate) network: Network,
    pub(crate) gateway: Option<Ipv4Addr>,
    pub(crate) options: HostOptions,
    pub(crate) seed: u64,
}

/// smoltcp counts microseconds; what is left of one is cut off.
fn instant(now: Time) -> Instant {
    Instant::from_micros(i64::try_from(now.0 / 1000).expect("a run is shorter than 292 000 years"))
}

fn stack(network: Network, seed: u64, device: &mut Device) -> smoltcp::iface::Interface {
    let mut config = Config::new(HardwareAddress::Ip);
    config.random_seed = seed;
    let mut stack = smoltcp::iface::Interface::new(config, device, Instant::ZERO);
    stack.update_ip_addrs(|addresses| {
        let own = IpCidr::Ipv4(Ipv4Cidr::new(network.address, network.prefix));
        addresses.push(own).expect("smoltcp has room for one address");
    });
    stack
}

impl Host {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { mac, network, gateway, options, seed } = parts;
        let mut device = Device::new(1500);
        Self {
            interface: Interface::new(0, mac, network),
            gateway,
            options,
            frames: VecDeque::new(),
            stack: stack(network, seed, &mut device),
            device,
            sockets: SocketSet::new(Vec::new()),
            descriptors: BTreeSet::new(),
            connections: BTreeMap::new(),
            listeners: BTreeMap::new(),
            datagrams: BTreeMap::new(),
            pings: BTreeMap::new(),
            next_ping: 1,
            next_port: FIRST_EPHEMERAL,
            reasons: Reasons::new(options.tcp.ack_delay),
            seed,
        }
    }

    /// Takes over the size of the link's largest packet; before any traffic.
    pub(crate) fn set_mtu(&mut self, mtu: u16) {
        self.device = Device::new(mtu);
        self.stack = stack(self.interface.network, self.seed, &mut self.device);
    }

    pub(crate) const fn address(&self) -> Ipv4Addr {
        self.interface.network.address
    }

    /// A frame came in; [`Self::poll`] looks at it.
    pub(crate) fn receive(&mut self, frame: Vec<u8>) {
        self.frames.push_back(frame);
    }

    /// Works until nothing is left to do at this instant.
    pub(crate) fn poll(&mut self, now: Time, out: &mut Output) {
        while let Some(bytes) = self.frames.pop_front() {
            if let Received::Packet(packet) = self.interface.receive(now, &bytes, out) {
                self.ingress(now, packet, out);
            }
        }
        let unreachable = self.interface.tick(now, out);
        for lost in unreachable {
            self.nobody_answers(lost.next_hop, &lost.packet, out);
        }
        self.set_timeouts();
        self.egress(now, out);
        self.observe(tcp::Cause::Timer, out);
        self.reap();
    }

    /// Sends all that may be sent.
    fn egress(&mut self, now: Time, out: &mut Output) {
        for _ in 0..EGRESS_ROUNDS {
            let result = self.stack.poll_egress(instant(now), &mut self.device, &mut self.sockets);
            self.drain(now, out);
            if result == PollResult::None {
                break;
            }
        }
    }

    /// When [`Self::poll`] has something to do that no frame and no program announces.
    pub(crate) fn next_poll(&mut self, now: Time) -> Option<Time> {
        let stack = self.stack.poll_at(instant(now), &self.sockets);
        let stack = stack.map(|at| Time(u64::try_from(at.total_micros()).unwrap_or(0) * 1000));
        // What is due now has just been done; anything left waits for the next microsecond.
        let stack = stack.map(|at| at.max(Time((now.0 / 1000 + 1) * 1000)));
        [stack, self.interface.next_tick()].into_iter().flatten().min()
    }

    fn ingress(&mut self, now: Time, packet: &[u8], out: &mut Output) {
        let mut cause = tcp::Cause::Segment { reset: false };
        match sniff::packet(packet) {
            None => return out.decide("the IPv4 header is damaged: dropped".to_owned()),
            Some(Payload::Icmp { from, to, message }) => return self.icmp(now, from, to, message, out),
            Some(Payload::Tcp(segment)) => {
                if *segment.to.ip() == self.address() {
                    if self.backlog_is_full(&segment, out) {
                        return;
                    }
                    self.reasons.heard(now, &segment);
                    cause = tcp::Cause::Segment { reset: segment.rst };
                }
            }
            Some(Payload::Udp { to, payload, .. }) => self.expect_datagram(to, payload.len(), out),
            Some(Payload::Other) => {}
        }
        self.device.incoming.push_back(packet.to_vec());
        self.stack.poll_ingress_single(instant(now), &mut self.device, &mut self.sockets);
        self.drain(now, out);
        // smoltcp has no backlog: a listener needs a fresh socket before the next SYN is looked at.
        self.observe(cause, out);
    }

    /// Gives what the stack sent to the interface, with its reason.
    fn drain(&mut self, now: Time, out: &mut Output) {
        while let Some(packet) = self.device.outgoing.pop_front() {
            let reason = match sniff::packet(&packet) {
                Some(Payload::Tcp(segment)) => {
                    // Nobody answered this SYN; a reset has no one to be told to.
                    if segment.rst && self.is_unanswered(segment.from, segment.to) {
                        continue;
                    }
                    self.reasons.sent(now, &segment)
                }
                Some(Payload::Udp { payload, .. }) => Some(format!("sendto() of {} bytes", payload.len())),
                Some(Payload::Icmp { message, .. }) => icmp::why(message),
                Some(Payload::Other) | None => None,
            };
            self.send_packet(now, packet, reason, out);
        }
    }

    /// Sends an IP packet to the host itself or to the gateway.
    fn send_packet(&mut self, now: Time, packet: Vec<u8>, reason: Option<String>, out: &mut Output) {
        let Some(to) = frame::destination(&packet) else { return };
        match self.next_hop(to) {
            Some(next_hop) => self.interface.send(now, next_hop, packet, reason, out),
            None => out.decide(format!("no route to {to}: dropped")),
        }
    }

    /// Sends a packet that a program made, as it is.
    pub(crate) fn send_raw(&mut self, now: Time, packet: Vec<u8>, why: &str, out: &mut Output) {
        if frame::ipv4(&packet).is_some() {
            self.send_packet(now, packet, Some(why.to_owned()), out);
        }
    }

    /// Who gets a packet for `to` first; `None` when it is on another network and there is no gateway.
    fn next_hop(&self, to: Ipv4Addr) -> Option<Ipv4Addr> {
        if self.interface.network.contains(to) || to.is_broadcast() { Some(to) } else { self.gateway }
    }

    fn new_descriptor(&mut self) -> Fd {
        // 0, 1 and 2 are a program's standard streams.
        let fd = (3..).find(|fd| !self.descriptors.contains(fd)).expect("fewer than 4 billion sockets are open");
        self.descriptors.insert(fd);
        fd
    }

    /// A port of the dynamic range that no socket uses.
    fn ephemeral_port(&mut self) -> Option<u16> {
        let range = usize::from(u16::MAX - FIRST_EPHEMERAL) + 1;
        for _ in 0..range {
            let port = self.next_port;
            self.next_port = self.next_port.checked_add(1).unwrap_or(FIRST_EPHEMERAL);
            if !self.port_is_used(port) {
                return Some(port);
            }
        }
        None
    }

    fn port_is_used(&self, port: u16) -> bool {
        let tcp = self.connections.values().any(|it| it.local.port() == port);
        tcp || self.datagrams.values().any(|it| it.local.port() == port)
    }

    /// What a program that asks this host for `to` hears at once, without a packet being sent.
    fn check_destination(&self, to: Ipv4Addr) -> std::io::Result<()> {
        use std::io::{Error, ErrorKind};
        if to == self.address() || to.is_loopback() {
            let text = "a lab host has no loopback interface: talk to another host";
            return Err(Error::new(ErrorKind::Unsupported, text));
        }
        if to.is_unspecified() {
            return Err(Error::new(ErrorKind::InvalidInput, "0.0.0.0 is no destination"));
        }
        if to.is_multicast() {
            return Err(Error::new(ErrorKind::Unsupported, "the lab has no multicast"));
        }
        self.next_hop(to)
            .map(|_| ())
            .ok_or_else(|| Error::new(ErrorKind::NetworkUnreachable, "no route to that network"))
    }

    /// Whether everybody on this network is meant.
    fn is_broadcast(&self, to: Ipv4Addr) -> bool {
        to.is_broadcast() || to == self.interface.network.broadcast()
    }

    /// Answers a ping.
    fn reply_to_echo(&mut self, now: Time, from: Ipv4Addr, message: &[u8], out: &mut Output) {
        if let Some(reply) = messages::echo_reply(self.address(), from, message) {
            self.send_packet(now, reply, Some("answers the echo request".to_owned()), out);
        }
    }
}
