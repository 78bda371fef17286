//! A host: one Ethernet interface, above it IP, ICMP, UDP and TCP of our own, and a table of descriptors.
//!
//! ```text
//! programs ── fd ─┬─ tcp::Stack ──┐
//!                 ├─ Datagrams ───┼─ IPv4, IPv6 (ip) ── Interface (ARP, Ethernet) ── link
//!                 └─ ping, ICMP ──┘
//! ```
mod icmp;
mod ip;
mod options;
pub(crate) mod tcp;
mod udp;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use crate::lab::interface::{Interface, Received};
use crate::lab::output::Output;
use crate::lab::route::{Network, Route};
use crate::lab::tcp::output::TcpOutput;
use crate::lab::tcp::stack::{Stack, StackConfig};
use crate::recording::Time;
pub use options::HostOptions;

/// The number a program knows a socket by.
pub(crate) type Fd = u32;

/// A host with one interface.
pub(crate) struct Host {
    pub(crate) interface: Interface,
    pub(crate) routes: Vec<Route>,
    pub(crate) options: HostOptions,
    mtu: u16,
    stack: Stack,
    /// Lent to the stack for each of its turns.
    tcp_output: TcpOutput,
    listeners: tcp::Listeners,
    datagrams: udp::Datagrams,
    descriptors: BTreeSet<Fd>,
    pings: BTreeMap<u16, icmp::Ping>,
    next_ping: u16,
    seed: u64,
}

/// What a host is made of.
pub(crate) struct Parts {
    pub(crate) interface: Interface,
    /// Routers that get what goes to other networks.
    pub(crate) gateways: Vec<IpAddr>,
    pub(crate) options: HostOptions,
    pub(crate) seed: u64,
}

/// An address as the stack keeps it: IPv4 as IPv4 (RFC 4291 §2.5.5.2), and no zone, as there is one interface.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// The address of a peer as a program sees it on a socket at `local` (RFC 3493 §3.7).
pub(crate) fn as_seen_at(local: SocketAddr, peer: SocketAddr) -> SocketAddr {
    match peer.ip() {
        IpAddr::V4(ip) if local.is_ipv6() => SocketAddr::new(ip.to_ipv6_mapped().into(), peer.port()),
        _ => peer,
    }
}

fn stack(mtu: u16, options: &HostOptions, seed: u64) -> Stack {
    Stack::new(StackConfig {
        mtu,
        settings: options.tcp,
        receive_buffer: options.receive_buffer,
        send_buffer: options.send_buffer,
        seed,
        trace: options.trace_tcp,
    })
}

impl Host {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { interface, gateways, options, seed } = parts;
        let mtu = 1500;
        let direct = interface.own.assigned().map(|it| Route { to: it.network(), via: None, interface: 0 });
        let through = |it: IpAddr| Route { to: Network::everywhere(it), via: Some(it), interface: 0 };
        Self {
            routes: direct.chain(gateways.into_iter().map(through)).collect(),
            interface,
            options,
            mtu,
            stack: stack(mtu, &options, seed),
            tcp_output: TcpOutput::default(),
            listeners: tcp::Listeners::new(),
            datagrams: udp::Datagrams::default(),
            descriptors: BTreeSet::new(),
            pings: BTreeMap::new(),
            next_ping: 1,
            seed,
        }
    }

    /// Takes over the size of the link's largest packet; before any traffic.
    pub(crate) fn set_mtu(&mut self, mtu: u16) {
        self.mtu = mtu;
        self.stack = stack(mtu, &self.options, self.seed);
    }

    /// The first address it was given and may use.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.interface.own.assigned().next().map(|it| it.address)
    }

    /// A frame came in.
    pub(crate) fn receive(&mut self, now: Time, frame: &[u8], out: &mut Output) {
        if let Received::Packet(packet) = self.interface.receive(now, frame, out) {
            self.packet(now, packet, out);
        }
    }

    /// Does what is due.
    pub(crate) fn tick(&mut self, now: Time, out: &mut Output) {
        let unreachable = self.interface.tick(now, out);
        for lost in unreachable {
            self.nobody_answers(now, &lost.packet, out);
        }
        self.at_tcp(now, out, |stack, tcp| stack.tick(now, tcp));
    }

    /// When [`Self::tick`] has something to do.
    pub(crate) fn next_tick(&self) -> Option<Time> {
        [self.stack.next_tick(), self.interface.next_tick()].into_iter().flatten().min()
    }

    fn new_descriptor(&mut self) -> Fd {
        // 0, 1 and 2 are a program's standard streams; the lowest that is free, as POSIX wants.
        let mut fd = 3;
        for used in &self.descriptors {
            if *used != fd {
                break;
            }
            fd += 1;
        }
        self.descriptors.insert(fd);
        fd
    }
}
