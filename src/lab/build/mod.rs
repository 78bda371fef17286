//! Building a small internet: hosts, switches, routers, cables. A mistake in a demo's own text is a bug and panics.
#[macro_use]
mod ends;
mod host;
mod outside;
mod router;
mod switch;

use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;

pub use host::HostBuilder;
pub use outside::OutsideBuilder;
pub use router::RouterBuilder;
pub use switch::SwitchBuilder;

use crate::lab::executor::Executor;
use crate::lab::frame::Mac;
use crate::lab::interface;
use crate::lab::link::{Link, LinkOptions};
use crate::lab::programs::LabNet;
use crate::lab::random::Dice;
use crate::lab::route::Network;
use crate::lab::router::interface_name;
use crate::lab::run::{Driver, LabError, Limits, Shared};
use crate::lab::switch as switches;
use crate::lab::world::{Machine, Node, World};
use crate::recording::{self, Intervention, LinkEnd, Recording, Run, Time, Topology};

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
        HostBuilder::new(self, name)
    }

    /// Begins a learning switch.
    pub fn switch(&mut self, name: &str) -> SwitchBuilder<'_> {
        SwitchBuilder::new(self, name)
    }

    /// Begins a router.
    pub fn router(&mut self, name: &str) -> RouterBuilder<'_> {
        RouterBuilder::new(self, name)
    }

    /// Begins a station whose IP stack is outside: [`Self::hand_in`] and [`Self::take_out`] are its side of the door.
    pub fn outside(&mut self, name: &str) -> OutsideBuilder<'_> {
        OutsideBuilder::new(self, name)
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
        for end in ends {
            world.start(end.node);
        }
    }

    fn free_interface(&self, id: NodeId) -> LinkEnd {
        let mut world = self.shared.world.borrow_mut();
        let node = &mut world.nodes[id.0];
        if let Machine::Switch(switch) = &mut node.machine {
            let name = switches::name(switch.ports);
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

    /// The node of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<NodeId> {
        self.shared.world.borrow().nodes.iter().position(|it| it.face.name == name).map(NodeId)
    }

    /// The first address of a node.
    ///
    /// # Panics
    /// For a switch, which has none.
    #[must_use]
    pub fn address(&self, node: NodeId) -> IpAddr {
        self.shared
            .world
            .borrow()
            .address(node.0)
            .expect("a switch has no address, nor has a host that has not got one yet")
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
        world.show_addresses();
        let nodes: Vec<_> = world.nodes.iter().map(|it| it.face.clone()).collect();
        let mut series = std::mem::take(&mut world.curves).finish(end, |node| nodes[node].name.clone());
        series.extend(world.queue_curves(end));
        let link =
            |it: &Link| recording::Link { name: it.name.clone(), ends: it.ends, properties: it.options.properties() };
        let links = world.links.iter().map(link).collect();
        drop(world);
        let topology = Topology { nodes, links };
        let (steps, spans, measurements, tables, markers, secrets) = Default::default();
        Recording { run, topology, packets, events, steps, spans, series, measurements, tables, markers, end, secrets }
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

/// The addresses of an interface: those it was given, and a link-local one where it speaks IPv6 (RFC 4291 §2.1).
fn with_link_local(mac: Mac, given: &[Network]) -> Vec<Network> {
    let has = |wanted: fn(&Network) -> bool| given.iter().any(wanted);
    let missing =
        has(|it| it.address.is_ipv6()) && !has(|it| it.address.is_ipv6() && crate::lab::ip::is_link_local(it.address));
    given.iter().copied().chain(missing.then(|| interface::link_local(mac))).collect()
}

/// An interface as the recording shows it.
fn face(index: usize, mac: Mac, networks: &[Network]) -> recording::Interface {
    let addresses = networks.iter().map(|it| it.address).collect();
    recording::Interface { name: interface_name(index), mac: Some(mac.to_string()), addresses }
}

fn network(text: &str) -> Network {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no IP address"))
}
