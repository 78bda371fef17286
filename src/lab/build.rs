//! Building a small internet: hosts, switches, routers, cables. A mistake in a demo's own text is a bug and panics.
use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};
use std::rc::Rc;
use std::time::Duration;

use crate::lab::executor::Executor;
use crate::lab::fault::{Fault, Faulty};
use crate::lab::frame::Mac;
use crate::lab::host::{Host, HostOptions, Parts};
use crate::lab::interface::Interface;
use crate::lab::link::{Link, LinkOptions};
use crate::lab::nat::{Nat, NatOptions};
use crate::lab::outside::Outside;
use crate::lab::programs::LabNet;
use crate::lab::random::Dice;
use crate::lab::route::{Network, Route};
use crate::lab::router::{self, Router};
use crate::lab::run::{Driver, LabError, Limits, Shared};
use crate::lab::switch::{self, Switch};
use crate::lab::tcp::TcpSettings;
use crate::lab::world::{Machine, Node, World};
use crate::recording::{self, Intervention, LinkEnd, NodeKind, Recording, Run, Time, Topology};

/// A small internet, to be built, run, and turned into a [`Recording`].
pub struct Lab {
    pub(crate) shared: Rc<Shared>,
    pub(crate) limits: Limits,
    /// Each run has MAC addresses of its own: those of another must be read, not remembered.
    mac_block: u16,
    macs: u32,
    pub(crate) end: Time,
}

/// A node of a [`Lab`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeId(usize);

impl NodeId {
    /// Its index in the recording's topology.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

impl Lab {
    /// An empty world. The same seed, interventions and programs give the same bytes at the same nanosecond.
    #[must_use]
    pub fn new(seed: u64, interventions: &[Intervention]) -> Self {
        let world = RefCell::new(World::new(seed, interventions));
        let shared = Rc::new(Shared { world, executor: Executor::default() });
        let mac_block = u16::try_from(Dice::new(seed, "mac").below(1 << 16)).expect("it is below that");
        Self { shared, limits: Limits::default(), mac_block, macs: 0, end: Time::ZERO }
    }

    /// How far a run may go; the defaults are an hour of virtual time and five million steps.
    pub fn limit(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Begins a host; [`HostBuilder::add`] puts it into the lab.
    pub fn host(&mut self, name: &str) -> HostBuilder<'_> {
        let name = name.to_owned();
        HostBuilder { lab: self, name, place: (0, 0), network: None, gateway: None, options: HostOptions::default() }
    }

    /// Begins a learning switch.
    pub fn switch(&mut self, name: &str) -> SwitchBuilder<'_> {
        SwitchBuilder { lab: self, name: name.to_owned(), place: (0, 0), faulty: None }
    }

    /// Begins a router.
    pub fn router(&mut self, name: &str) -> RouterBuilder<'_> {
        let name = name.to_owned();
        RouterBuilder {
            lab: self,
            name,
            place: (0, 0),
            interfaces: Vec::new(),
            routes: Vec::new(),
            nat: None,
            forwards: Vec::new(),
        }
    }

    /// Begins a station whose IP stack is outside: [`Self::hand_in`] and [`Self::take_out`] are its side of the door.
    pub fn outside(&mut self, name: &str) -> OutsideBuilder<'_> {
        OutsideBuilder { lab: self, name: name.to_owned(), place: (0, 0), network: None, gateway: None }
    }

    fn next_mac(&mut self) -> Mac {
        self.macs += 1;
        Mac::local(self.mac_block, self.macs)
    }

    fn add(&self, machine: Machine, face: recording::Node) -> NodeId {
        let mut world = self.shared.world.borrow_mut();
        assert!(world.nodes.iter().all(|it| it.face.name != face.name), "two nodes are called {}", face.name);
        let links = vec![None; face.interfaces.len()];
        world.nodes.push(Node::new(machine, face, links));
        NodeId(world.nodes.len() - 1)
    }

    /// Lays a cable between two nodes, at each one's first free interface; a switch grows a port.
    pub fn link(&self, from: NodeId, to: NodeId, options: LinkOptions) {
        let ends = [self.free_interface(from), self.free_interface(to)];
        let mut world = self.shared.world.borrow_mut();
        let name = {
            let name = |end: &LinkEnd| world.nodes[end.node].face.name.clone();
            let plain = format!("{}-{}", name(&ends[0]), name(&ends[1]));
            let taken = world.links.iter().filter(|it| it.name.starts_with(&plain)).count();
            if taken == 0 { plain } else { format!("{plain}-{}", taken + 1) }
        };
        let index = world.links.len();
        for (side, end) in ends.iter().enumerate() {
            world.nodes[end.node].links[end.interface] = Some((index, side));
            match &mut world.nodes[end.node].machine {
                Machine::Host(host) => host.set_mtu(options.largest_packet()),
                Machine::Router(router) => router.mtus[end.interface] = options.largest_packet(),
                Machine::Outside(door) => door.mtu = options.largest_packet(),
                Machine::Switch(_) => {}
            }
        }
        let seed = world.seed;
        world.links.push(Link::new(name, ends, options, seed));
    }

    fn free_interface(&self, id: NodeId) -> LinkEnd {
        let mut world = self.shared.world.borrow_mut();
        let node = &mut world.nodes[id.0];
        if let Machine::Switch(switch) = &mut node.machine {
            let name = switch::name(switch.ports);
            switch.ports += 1;
            node.face.interfaces.push(recording::Interface { name, mac: None, addresses: Vec::new() });
            node.links.push(None);
        }
        let free = node.links.iter().position(Option::is_none);
        let free = free.unwrap_or_else(|| panic!("{} has no free interface for another link", node.face.name));
        LinkEnd { node: id.0, interface: free }
    }

    /// Fills all ARP tables and switch tables, as if everybody had talked to everybody a moment ago.
    pub fn introduce_everybody(&self) {
        self.shared.world.borrow_mut().introduce_everybody();
    }

    /// The network as programs on this host see it.
    ///
    /// # Panics
    /// When the node is not a host: programs run on hosts.
    #[must_use]
    pub fn net(&self, host: NodeId) -> LabNet {
        let world = self.shared.world.borrow();
        let node = &world.nodes[host.0];
        assert!(matches!(node.machine, Machine::Host(_)), "{} is no host: programs run on hosts", node.face.name);
        LabNet { shared: Rc::clone(&self.shared), node: host.0 }
    }

    /// The first address of a node.
    ///
    /// # Panics
    /// For a switch, which has none.
    #[must_use]
    pub fn address(&self, node: NodeId) -> IpAddr {
        self.shared.world.borrow().address(node.0).expect("hosts and routers have addresses, switches have none")
    }

    /// Runs until `main` is done, then until nothing has crossed a link for a while, so that the last FINs are seen.
    ///
    /// # Errors
    /// When `main` waits for what can never happen, or goes beyond the limits. What was recorded so far can still be had.
    pub fn run<T>(&mut self, main: impl Future<Output = T>) -> Result<T, LabError> {
        let mut driver = Driver::new(&self.shared, self.limits);
        let outcome = driver.run(main);
        self.end = self.end.max(self.shared.world.borrow().now);
        let result = outcome?;
        let quiet = driver.linger();
        let world = self.shared.world.borrow();
        self.end = self.end.max(world.last_traffic);
        quiet.map(|()| result)
    }

    /// Ends the world: every task is dropped, and what was recorded is the result. The demo adds spans, series,
    /// measurements and markers.
    #[must_use]
    pub fn finish(self, run: Run) -> Recording {
        let mut world = self.shared.world.borrow_mut();
        let (packets, events, end) = world.finish(self.end);
        let nodes: Vec<_> = world.nodes.iter().map(|it| it.face.clone()).collect();
        let mut series = std::mem::take(&mut world.curves).finish(end, |node| nodes[node].name.clone());
        series.extend(world.queue_curves(end));
        let link =
            |it: &Link| recording::Link { name: it.name.clone(), ends: it.ends, properties: it.options.properties() };
        let links = world.links.iter().map(link).collect();
        drop(world);
        let topology = Topology { nodes, links };
        let (spans, measurements, markers) = Default::default();
        Recording { run, topology, packets, events, spans, series, measurements, markers, end }
    }
}

impl Drop for Lab {
    /// Tasks hold the world and the world holds tasks: cut the circle.
    fn drop(&mut self) {
        if let Ok(mut world) = self.shared.world.try_borrow_mut() {
            world.over = true;
        }
        self.shared.executor.close();
    }
}

/// A host that is being described.
pub struct HostBuilder<'a> {
    lab: &'a mut Lab,
    name: String,
    place: (u8, u8),
    network: Option<Network>,
    gateway: Option<Ipv4Addr>,
    options: HostOptions,
}

impl HostBuilder<'_> {
    /// Where it stands on the topology's grid: column and row from the top left.
    #[must_use]
    pub const fn at(mut self, column: u8, row: u8) -> Self {
        self.place = (column, row);
        self
    }

    /// Its address with the prefix of its network: `10.0.0.1/24`.
    ///
    /// # Panics
    /// When the text is no such address.
    #[must_use]
    pub fn address(mut self, address: &str) -> Self {
        self.network = Some(network(address));
        self
    }

    /// The router that gets what goes to other networks.
    ///
    /// # Panics
    /// When the text is no IPv4 address.
    #[must_use]
    pub fn gateway(mut self, address: &str) -> Self {
        self.gateway = Some(ipv4(address));
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
        let Self { lab, name, place, network, gateway, options } = self;
        let network = network.unwrap_or_else(|| panic!("the host {name} needs an address"));
        let mac = lab.next_mac();
        let seed = Dice::new(lab.shared.world.borrow().seed, &format!("{name}/tcp")).bits();
        let host = Host::new(Parts { mac, network, gateway, options, seed });
        let interfaces = vec![interface(0, mac, network)];
        let face = recording::Node { name, kind: NodeKind::Host, interfaces, place };
        lab.add(Machine::Host(Box::new(host)), face)
    }
}

/// A station whose IP stack is outside, being described.
pub struct OutsideBuilder<'a> {
    lab: &'a mut Lab,
    name: String,
    place: (u8, u8),
    network: Option<Network>,
    gateway: Option<Ipv4Addr>,
}

impl OutsideBuilder<'_> {
    /// Where it stands on the topology's grid: column and row from the top left.
    #[must_use]
    pub const fn at(mut self, column: u8, row: u8) -> Self {
        self.place = (column, row);
        self
    }

    /// The address its packets come from, with the prefix of its network; ARP requests for it are answered.
    ///
    /// # Panics
    /// When the text is no such address.
    #[must_use]
    pub fn address(mut self, address: &str) -> Self {
        self.network = Some(network(address));
        self
    }

    /// The router that gets what goes to other networks.
    ///
    /// # Panics
    /// When the text is no IPv4 address.
    #[must_use]
    pub fn gateway(mut self, address: &str) -> Self {
        self.gateway = Some(ipv4(address));
        self
    }

    /// Puts the station into the lab.
    ///
    /// # Panics
    /// Without an address, or with a name that is taken.
    pub fn add(self) -> NodeId {
        let Self { lab, name, place, network, gateway } = self;
        let network = network.unwrap_or_else(|| panic!("the station {name} needs an address"));
        let mac = lab.next_mac();
        let interfaces = vec![interface(0, mac, network)];
        let face = recording::Node { name, kind: NodeKind::Host, interfaces, place };
        lab.add(Machine::Outside(Outside::new(Interface::new(0, mac, network), gateway)), face)
    }
}

/// A switch that is being described.
pub struct SwitchBuilder<'a> {
    lab: &'a mut Lab,
    name: String,
    place: (u8, u8),
    faulty: Option<Faulty>,
}

impl SwitchBuilder<'_> {
    /// Where it stands on the topology's grid: column and row from the top left.
    #[must_use]
    pub const fn at(mut self, column: u8, row: u8) -> Self {
        self.place = (column, row);
        self
    }

    /// Makes it do this to the `nth` frame with a program's bytes that it forwards, counted from 1.
    #[must_use]
    pub fn fault(mut self, fault: Fault, nth: u32) -> Self {
        self.faulty = Some(Faulty::new(fault, nth));
        self
    }

    /// Puts the switch into the lab.
    ///
    /// # Panics
    /// With a name that is taken.
    pub fn add(self) -> NodeId {
        let Self { lab, name, place, faulty } = self;
        let face = recording::Node { name, kind: NodeKind::Switch, interfaces: Vec::new(), place };
        lab.add(Machine::Switch(Switch::new(faulty)), face)
    }
}

/// A router that is being described.
pub struct RouterBuilder<'a> {
    lab: &'a mut Lab,
    name: String,
    place: (u8, u8),
    interfaces: Vec<Network>,
    routes: Vec<(Network, Ipv4Addr)>,
    nat: Option<(usize, NatOptions)>,
    forwards: Vec<(bool, u16, SocketAddrV4)>,
}

impl RouterBuilder<'_> {
    /// Where it stands on the topology's grid: column and row from the top left.
    #[must_use]
    pub const fn at(mut self, column: u8, row: u8) -> Self {
        self.place = (column, row);
        self
    }

    /// Adds an interface with this address; the first is `eth0`. Links take them in this order.
    ///
    /// # Panics
    /// When the text is no address with a prefix.
    #[must_use]
    pub fn interface(mut self, address: &str) -> Self {
        self.interfaces.push(network(address));
        self
    }

    /// Adds a route: what goes to `to` goes to the router `via`. `0.0.0.0/0` is the default route.
    ///
    /// # Panics
    /// When a text is no network or no address.
    #[must_use]
    pub fn route(mut self, to: &str, via: &str) -> Self {
        self.routes.push((network(to), ipv4(via)));
        self
    }

    /// Makes it a NAT: what goes out of its `outside`-th interface (`eth0` is 0) goes with that interface's address.
    ///
    /// # Panics
    /// At [`Self::add`], when there is no such interface.
    #[must_use]
    pub const fn nat(mut self, outside: usize, options: NatOptions) -> Self {
        self.nat = Some((outside, options));
        self
    }

    /// Forwards a TCP port of the NAT's outside address to an endpoint inside, for good: `10.0.0.5:80`.
    ///
    /// # Panics
    /// When the text is no address with a port; at [`Self::add`], when the router is no NAT.
    #[must_use]
    pub fn forward_tcp(mut self, port: u16, to: &str) -> Self {
        self.forwards.push((false, port, endpoint(to)));
        self
    }

    /// Forwards a UDP port, as [`Self::forward_tcp`] does.
    ///
    /// # Panics
    /// As [`Self::forward_tcp`].
    #[must_use]
    pub fn forward_udp(mut self, port: u16, to: &str) -> Self {
        self.forwards.push((true, port, endpoint(to)));
        self
    }

    /// Puts the router into the lab.
    ///
    /// # Panics
    /// When a route's next router is on no network of this one, or the name is taken.
    pub fn add(self) -> NodeId {
        let Self { lab, name, place, interfaces: networks, routes: remote, nat, forwards } = self;
        let macs: Vec<_> = networks.iter().map(|_| lab.next_mac()).collect();
        let parts = || networks.iter().copied().zip(macs.iter().copied()).enumerate();
        let direct = parts().map(|(index, (own, _))| Route { to: own.network(), via: None, interface: index });
        let through = remote.iter().map(|(to, via)| {
            let interface = networks.iter().position(|own| own.contains(*via));
            let interface = interface.unwrap_or_else(|| panic!("{name}: {via} is on no network of this router"));
            Route { to: to.network(), via: Some(*via), interface }
        });
        let mut nat = nat.map(|(outside, options)| Nat::new(outside, networks[outside].address, options));
        for (udp, port, to) in forwards {
            let nat = nat.as_mut().unwrap_or_else(|| panic!("{name} is no NAT: it forwards no port"));
            nat.forward_port(udp, port, to);
        }
        let router = Router {
            routes: direct.chain(through).collect(),
            mtus: vec![1500; networks.len()],
            interfaces: parts().map(|(index, (own, mac))| Interface::new(index, mac, own)).collect(),
            nat,
            ..Router::default()
        };
        let interfaces = parts().map(|(index, (own, mac))| interface(index, mac, own)).collect();
        let face = recording::Node { name, kind: NodeKind::Router, interfaces, place };
        lab.add(Machine::Router(router), face)
    }
}

fn interface(index: usize, mac: Mac, network: Network) -> recording::Interface {
    let addresses = vec![IpAddr::V4(network.address)];
    recording::Interface { name: router::interface_name(index), mac: Some(mac.to_string()), addresses }
}

fn network(text: &str) -> Network {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn endpoint(text: &str) -> SocketAddrV4 {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no IPv4 address with a port"))
}

fn ipv4(text: &str) -> Ipv4Addr {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no IPv4 address"))
}
