//! Changes during a run: a script withdraws a route, takes a link down, turns a node off. Each is an event of the recording.
use std::rc::Rc;

use crate::lab::build::{Lab, NodeId};
use crate::lab::output::Output;
use crate::lab::route::{Network, Route};
use crate::lab::router::{Router, interface_name};
use crate::lab::run::Shared;
use crate::lab::world::{Machine, World};
use crate::recording::EventKind;

/// The hand of an operator in a running lab. What it does happens at the lab's present instant. Cheap to clone.
#[derive(Clone)]
pub struct Control {
    pub(super) shared: Rc<Shared>,
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control").finish_non_exhaustive()
    }
}

impl Lab {
    /// The means to change the network while it runs.
    #[must_use]
    pub fn control(&self) -> Control {
        Control { shared: Rc::clone(&self.shared) }
    }
}

impl Control {
    /// Enters a route into a router's table; one to the same network with the same next router is entered once.
    ///
    /// # Panics
    /// When the node is no router, a text is no network or address, or the next router is on no network of this one.
    pub fn add_route(&self, router: NodeId, to: &str, via: &str) {
        self.shared.world.borrow_mut().at_router(router.index(), |router, name, out| {
            let route = router.route_via(network(to), via.parse().unwrap_or_else(|_| panic!("`{via}` is no address")));
            let route = route.unwrap_or_else(|| panic!("{name}: {via} is on no network of this router"));
            router.chosen.clear();
            if !router.routes.contains(&route) {
                out.note(format!("route added: {}", line(&route)));
                router.routes.push(route);
            }
        });
    }

    /// Takes every route to exactly this network out of a router's table; gives how many there were.
    ///
    /// # Panics
    /// When the node is no router or the text is no network.
    pub fn withdraw_route(&self, router: NodeId, to: &str) -> usize {
        let to = network(to).network();
        self.shared.world.borrow_mut().at_router(router.index(), |router, _, out| {
            let before = router.routes.len();
            let (gone, stay) = router.routes.iter().copied().partition(|it| it.to == to);
            router.routes = stay;
            router.chosen.clear();
            let gone: Vec<Route> = gone;
            for route in &gone {
                out.note(format!("route withdrawn: {}", line(route)));
            }
            before - router.routes.len()
        })
    }

    /// Takes the routes to this network out of a table and enters one with another next router, as one change.
    ///
    /// # Panics
    /// As [`Self::add_route`].
    pub fn replace_route(&self, router: NodeId, to: &str, via: &str) {
        self.withdraw_route(router, to);
        self.add_route(router, to, via);
    }

    /// Enters a route to a network that is at one of the router's own interfaces.
    ///
    /// # Panics
    /// When the node is no router, or the text is no network.
    pub fn add_local_route(&self, router: NodeId, to: &str, interface: usize) {
        self.shared.world.borrow_mut().at_router(router.index(), |router, _, out| {
            let route = Route { to: network(to).network(), via: None, interface };
            router.chosen.clear();
            out.note(format!("route added: {}", line(&route)));
            router.routes.push(route);
        });
    }

    /// Writes a router's whole table into the recording, one event a line; the longest prefix first.
    ///
    /// # Panics
    /// When the node is no router.
    pub fn show_routes(&self, router: NodeId) {
        self.shared.world.borrow_mut().at_router(router.index(), |router, _, out| {
            let mut table: Vec<&Route> = router.routes.iter().collect();
            table.sort_by_key(|it| std::cmp::Reverse(it.to.prefix));
            let count = table.len();
            for (number, route) in (1..).zip(table) {
                out.decide(format!("routing table, {number} of {count}: {}", line(route)));
            }
        });
    }

    /// Takes the link between two nodes down. What is on its way arrives; what is sent from now on is lost, and nobody is told.
    ///
    /// # Panics
    /// When no link is between them.
    pub fn link_down(&self, from: NodeId, to: NodeId) {
        self.shared.world.borrow_mut().set_link(from.index(), to.index(), true);
    }

    /// Takes the link between two nodes up again.
    ///
    /// # Panics
    /// When no link is between them.
    pub fn link_up(&self, from: NodeId, to: NodeId) {
        self.shared.world.borrow_mut().set_link(from.index(), to.index(), false);
    }

    /// Turns a node off: it hears and says nothing any more, and nobody is told.
    pub fn power_off(&self, node: NodeId) {
        let mut world = self.shared.world.borrow_mut();
        world.record(node.index(), EventKind::Note { text: "the power fails".to_owned() });
        world.nodes[node.index()].off = true;
    }
}

fn network(text: &str) -> Network {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// A line of a routing table: `10.1.0.0/16 via 10.0.0.2 out of eth1`.
pub(crate) fn line(route: &Route) -> String {
    let out = interface_name(route.interface);
    match route.via {
        Some(via) => format!("{} via {via} out of {out}", route.to),
        None => format!("{} directly out of {out}", route.to),
    }
}

impl World {
    /// Changes a router, which is told its name.
    fn at_router<R>(&mut self, node: usize, action: impl FnOnce(&mut Router, &str, &mut Output) -> R) -> R {
        let mut out = self.output();
        let place = &mut self.nodes[node];
        let Machine::Router(router) = &mut place.machine else { panic!("{} is no router", place.face.name) };
        let result = action(router, &place.face.name, &mut out);
        self.emit(node, out);
        result
    }

    fn set_link(&mut self, from: usize, to: usize, down: bool) {
        let joins = |link: &&mut crate::lab::link::Link| {
            let ends = link.ends.map(|it| it.node);
            ends == [from, to] || ends == [to, from]
        };
        let link = self.links.iter_mut().find(joins).unwrap_or_else(|| panic!("no link joins these nodes"));
        link.set_down(down);
        let text = format!("the link {} is taken {}", link.name, if down { "down" } else { "up" });
        self.record(from, EventKind::Note { text });
    }
}
