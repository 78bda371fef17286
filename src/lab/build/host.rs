//! A host, described call by call.
use std::net::IpAddr;
use std::time::Duration;

use crate::lab::build::{Lab, NodeId, face, network, with_link_local};
use crate::lab::host::{Host, HostOptions, Identifier, Parts};
use crate::lab::interface::Interface;
use crate::lab::random::Dice;
use crate::lab::route::Network;
use crate::lab::tcp::TcpSettings;
use crate::lab::world::Machine;
use crate::recording::{self, NodeKind};

/// A host that is being described.
pub struct HostBuilder<'a> {
    lab: &'a mut Lab,
    name: String,
    place: (u8, u8),
    networks: Vec<Network>,
    gateways: Vec<IpAddr>,
    autoconf: Option<Identifier>,
    checks: bool,
    empty: bool,
    options: HostOptions,
}

impl<'a> HostBuilder<'a> {
    pub(super) fn new(lab: &'a mut Lab, name: &str) -> Self {
        let (networks, gateways) = Default::default();
        let (autoconf, options) = Default::default();
        Self {
            lab,
            name: name.to_owned(),
            place: (0, 0),
            networks,
            gateways,
            autoconf,
            checks: false,
            empty: false,
            options,
        }
    }

    place_and_addresses!();

    /// Lets it begin without an address: a program gives it one.
    #[must_use]
    pub const fn unconfigured(mut self) -> Self {
        self.empty = true;
        self
    }

    /// Lets it find its IPv6 addresses and routers itself (RFC 4862), from what routers advertise.
    #[must_use]
    pub const fn autoconfigure(mut self, identifier: Identifier) -> Self {
        self.autoconf = Some(identifier);
        self
    }

    /// Makes it ask whether another has its addresses before it uses them, as a host does that is switched on
    /// (RFC 4862 §5.4, RFC 5227). Without this they are its own from the beginning.
    #[must_use]
    pub const fn detect_duplicates(mut self) -> Self {
        self.checks = true;
        self
    }

    /// Bytes a socket holds for a program that has not read them: the window it offers.
    #[must_use]
    pub const fn receive_buffer(mut self, bytes: usize) -> Self {
        self.options.receive_buffer = bytes;
        self
    }

    /// Bytes a socket takes from a program before they are acknowledged.
    #[must_use]
    pub const fn send_buffer(mut self, bytes: usize) -> Self {
        self.options.send_buffer = bytes;
        self
    }

    /// How long an ACK may wait for data to ride on; `None` sends each at once.
    #[must_use]
    pub const fn ack_delay(mut self, delay: Option<Duration>) -> Self {
        self.options.tcp.ack_delay = delay;
        self
    }

    /// Makes small writes wait for an ACK.
    #[must_use]
    pub const fn nagle(mut self, on: bool) -> Self {
        self.options.tcp.nagle = on;
        self
    }

    /// Everything that can be turned on its TCP.
    #[must_use]
    pub const fn tcp(mut self, settings: TcpSettings) -> Self {
        self.options.tcp = settings;
        self
    }

    /// Whether it obeys routers that name a nearer first hop; it does without this, as Linux.
    #[must_use]
    pub const fn accept_redirects(mut self, on: bool) -> Self {
        self.options.accept_redirects = on;
        self
    }

    /// Connections that may wait for `accept`.
    #[must_use]
    pub const fn backlog(mut self, connections: usize) -> Self {
        self.options.tcp.backlog = connections;
        self
    }

    /// Sets everything that can be turned on a host at once.
    #[must_use]
    pub const fn options(mut self, options: HostOptions) -> Self {
        self.options = options;
        self
    }

    /// Whether socket calls are recorded.
    #[must_use]
    pub const fn trace_calls(mut self, on: bool) -> Self {
        self.options.trace_calls = on;
        self
    }

    /// Records curves of every connection: congestion window, threshold, round-trip time, timeout, bytes in flight, queues.
    #[must_use]
    pub const fn trace_tcp(mut self, on: bool) -> Self {
        self.options.trace_tcp = on;
        self
    }

    /// Puts the host into the lab.
    ///
    /// # Panics
    /// Without an address, or with a name that is taken.
    pub fn add(self) -> NodeId {
        let Self { lab, name, place, networks, gateways, autoconf, checks, empty, options } = self;
        assert!(
            !networks.is_empty() || autoconf.is_some() || empty,
            "the host {name} needs an address, or a way to get one"
        );
        let mac = lab.next_mac();
        let networks = with_link_local(mac, &networks);
        let seed = Dice::new(lab.shared.world.borrow().seed, &format!("{name}/tcp")).bits();
        let host = Host::new(Parts {
            interface: Interface::new(0, mac, &networks),
            gateways,
            autoconf,
            checks,
            options,
            seed,
        });
        let face = recording::Node { name, kind: NodeKind::Host, interfaces: vec![face(0, mac, &networks)], place };
        lab.add(Machine::Host(Box::new(host)), face)
    }
}
