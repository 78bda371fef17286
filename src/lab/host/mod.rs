//! A host: one Ethernet interface, above it IP, ICMP, UDP and TCP of our own, and a table of descriptors.
//!
//! ```text
//! programs ── fd ─┬─ tcp::Stack ──┐
//!                 ├─ Datagrams ───┼─ IPv4, IPv6 (ip) ── Interface (ARP, Ethernet) ── link
//!                 └─ ping, ICMP ──┘
//! ```
mod autoconf;
mod icmp;
mod identifiers;
mod ip;
mod options;
mod probe;
mod redirects;
pub(crate) mod tcp;
mod udp;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use crate::lab::interface::{Interface, Received, Usable};
use crate::lab::output::Output;
use crate::lab::random::Dice;
use crate::lab::reassembly::Reassembly;
use crate::lab::route::{Network, Route};
use crate::lab::tcp::output::TcpOutput;
use crate::lab::tcp::stack::{Stack, StackConfig};
use crate::recording::Time;
use autoconf::Autoconf;
pub use identifiers::Identifier;
pub use options::HostOptions;

/// The number a program knows a socket by.
pub(crate) type Fd = u32;

/// A host with one interface.
pub(crate) struct Host {
    pub(crate) interface: Interface,
    routes: Vec<Route>,
    /// The state of the interface's addresses they were made of.
    routed: u64,
    /// The routers it was told of when it was built, or by a program.
    gateways: Vec<IpAddr>,
    autoconf: Option<Autoconf>,
    /// Its addresses are asked about when the link is there.
    checks: bool,
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
    replies: icmp::Replies,
    probes: probe::Underway,
    reassembly: Reassembly,
    /// First hops that routers have named.
    redirects: redirects::Redirects,
    /// The identification of the next IPv4 packet that routers may cut; not 0, which stands for none.
    next_id: u16,
    /// Identifications of IPv6 packets cut here: no other host foresees them (RFC 7739 §3).
    fragment_ids: Dice,
    seed: u64,
}

/// What a host is made of.
pub(crate) struct Parts {
    pub(crate) interface: Interface,
    /// Routers that get what goes to other networks.
    pub(crate) gateways: Vec<IpAddr>,
    /// How it makes addresses of what routers advertise, where it does.
    pub(crate) autoconf: Option<Identifier>,
    /// Whether its addresses are asked about before they are used.
    pub(crate) checks: bool,
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
        let Parts { interface, gateways, autoconf, checks, options, seed } = parts;
        let mtu = 1500;
        let mut host = Self {
            routes: Vec::new(),
            routed: 0,
            gateways,
            checks,
            autoconf: autoconf.map(|it| Autoconf::new(it, seed)),
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
            replies: icmp::Replies::default(),
            probes: probe::Underway::default(),
            reassembly: Reassembly::default(),
            redirects: redirects::Redirects::default(),
            next_id: 1,
            fragment_ids: Dice::new(seed, "fragment identifications"),
            seed,
        };
        host.reroute();
        host
    }

    /// Makes the routing table anew: networks at the interface, routers that were configured, routers that spoke.
    pub(super) fn reroute(&mut self) {
        self.routed = self.interface.own.changes;
        let direct = self.interface.own.assigned().map(|it| Route { to: it.network(), via: None, interface: 0 });
        let through = |it: &IpAddr| Route { to: Network::everywhere(*it), via: Some(*it), interface: 0 };
        let learned = self.autoconf.iter().flat_map(Autoconf::routes);
        self.routes = direct.chain(self.gateways.iter().map(through)).chain(learned).collect();
    }

    /// The link is there.
    pub(crate) fn start(&mut self, now: Time, out: &mut Output) {
        if std::mem::take(&mut self.checks) {
            let given: Vec<_> = self.interface.own.assigned().collect();
            given.into_iter().for_each(|it| self.interface.check_and_use(now, it, out));
            self.reroute();
        }
        self.begin_autoconf(now, out);
    }

    /// Takes over the size of the link's largest packet; before any traffic.
    pub(crate) fn set_mtu(&mut self, mtu: u16) {
        self.mtu = mtu;
        self.stack = stack(mtu, &self.options, self.seed);
    }

    /// Gives it an address; with `check`, once it is known that no other has it.
    pub(crate) fn add_address(&mut self, now: Time, network: Network, check: bool, out: &mut Output) {
        if check {
            self.interface.check_and_use(now, network, out);
        } else {
            self.interface.add_address(network, out);
        }
        self.reroute();
    }

    pub(crate) fn remove_address(&mut self, address: IpAddr, out: &mut Output) {
        self.interface.drop_address(address, out);
        self.reroute();
    }

    /// Whether an address of its own may be used; `None` while it is not known.
    pub(crate) fn may_use(&self, address: IpAddr) -> Option<bool> {
        match self.interface.own.usable(address) {
            Some(Usable::Tentative) => None,
            Some(Usable::Preferred | Usable::Deprecated) => Some(true),
            Some(Usable::Duplicate) | None => Some(false),
        }
    }

    /// Sets the default router of its family, or takes IPv4's away.
    pub(crate) fn set_gateway(&mut self, router: Option<IpAddr>) {
        let v4 = router.is_none_or(|it| it.is_ipv4());
        self.gateways.retain(|it| it.is_ipv4() != v4);
        self.gateways.extend(router);
        self.redirects.clear();
        self.reroute();
    }

    pub(crate) fn advertised_dns(&self) -> Vec<IpAddr> {
        self.autoconf.iter().flat_map(|it| it.dns.iter().copied().map(IpAddr::V6)).collect()
    }

    /// The first address it was given and may use.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.interface.own.assigned().next().map(|it| it.address)
    }

    /// A frame came in.
    pub(crate) fn receive(&mut self, now: Time, frame: &[u8], out: &mut Output) {
        match self.interface.receive(now, frame, out) {
            Received::Packet(packet) => self.packet(now, packet, out),
            Received::RouterAdvertisement { from, said } => self.advertised(now, from, &said, out),
            Received::Redirect { from, said } => self.redirected_v6(now, from, &said, out),
            Received::RouterSolicitation { .. } | Received::Nothing => {}
        }
        self.replace_taken(now, out);
    }

    /// Does what is due.
    pub(crate) fn tick(&mut self, now: Time, out: &mut Output) {
        let unreachable = self.interface.tick(now, out);
        self.give_up_pieces(now, out);
        self.redirects.tick(now, out);
        for lost in unreachable {
            self.redirects.forget_hop(lost.next_hop, out);
            self.nobody_answers(now, &lost.packet, out);
        }
        self.tick_autoconf(now, out);
        if self.interface.own.changes != self.routed {
            self.reroute();
        }
        self.at_tcp(now, out, |stack, tcp| stack.tick(now, tcp));
    }

    /// When [`Self::tick`] has something to do.
    pub(crate) fn next_tick(&self) -> Option<Time> {
        let dues = [self.stack.next_tick(), self.interface.next_tick(), self.next_autoconf()];
        let memories = [self.reassembly.next_tick(), self.redirects.next_tick()];
        dues.into_iter().chain(memories).flatten().min()
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
