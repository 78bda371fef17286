//! A host: one Ethernet interface with ARP, above it IPv4, ICMP, UDP and TCP of our own, and a table of descriptors.
//!
//! ```text
//! programs ── fd ─┬─ tcp::Stack ──┐
//!                 ├─ Datagrams ───┼─ IPv4 (ip) ── Interface (ARP, Ethernet) ── link
//!                 └─ ping, ICMP ──┘
//! ```
mod icmp;
mod ip;
mod options;
pub(crate) mod tcp;
mod udp;

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use crate::lab::frame::Mac;
use crate::lab::interface::{Interface, Received};
use crate::lab::output::Output;
use crate::lab::route::Network;
use crate::lab::tcp::output::TcpOutput;
use crate::lab::tcp::stack::{Stack, StackConfig};
use crate::recording::Time;
pub(crate) use ip::Ends;
pub use options::HostOptions;

/// The number a program knows a socket by.
pub(crate) type Fd = u32;

/// A host with one interface.
pub(crate) struct Host {
    pub(crate) interface: Interface,
    pub(crate) gateway: Option<Ipv4Addr>,
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
    pub(crate) mac: Mac,
    pub(crate) network: Network,
    pub(crate) gateway: Option<Ipv4Addr>,
    pub(crate) options: HostOptions,
    pub(crate) seed: u64,
}

fn stack(address: Ipv4Addr, mtu: u16, options: &HostOptions, seed: u64) -> Stack {
    Stack::new(StackConfig {
        address,
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
        let Parts { mac, network, gateway, options, seed } = parts;
        let mtu = 1500;
        Self {
            interface: Interface::new(0, mac, network),
            gateway,
            options,
            mtu,
            stack: stack(network.address, mtu, &options, seed),
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
        self.stack = stack(self.address(), mtu, &self.options, self.seed);
    }

    pub(crate) const fn address(&self) -> Ipv4Addr {
        self.interface.network.address
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
