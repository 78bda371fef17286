//! The whole small internet at one instant: nodes, links, what is going to happen, and what has been recorded.
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::lab::agenda::{Agenda, Happening, Slot};
use crate::lab::calls::SocketCall;
use crate::lab::curves::Curves;
use crate::lab::frame;
use crate::lab::hand::Hand;
use crate::lab::host::Host;
use crate::lab::interface::Interface;
use crate::lab::ip;
use crate::lab::link::{Admission, Crossing, Link, Offer};
use crate::lab::output::{Outgoing, Output, Why};
use crate::lab::outside::Outside;
use crate::lab::router::Router;
use crate::lab::switch::Switch;
use crate::quantity::{Quantity, Unit};
use crate::recording::{self, Event, EventKind, Fate, Meddling, Packet, Series, Time};

/// Socket calls a run records; programs that make more are recorded up to here.
const CALLS: usize = 20_000;

/// What a node is inside.
pub(crate) enum Machine {
    Host(Box<Host>),
    Switch(Switch),
    Router(Router),
    Outside(Outside),
}

/// A node with its place in the world.
pub(crate) struct Node {
    pub(crate) machine: Machine,
    pub(crate) face: recording::Node,
    /// The link and its end (0 or 1) at each interface.
    pub(crate) links: Vec<Option<(usize, usize)>>,
    timer: Option<Slot>,
    /// The power is off: nothing it did will go on.
    pub(crate) off: bool,
}

/// A socket call that has not returned.
#[derive(Debug)]
struct Waiting {
    at: Time,
    node: usize,
    call: SocketCall,
}

/// Everything there is.
pub(crate) struct World {
    pub(crate) now: Time,
    /// The same instant, for those who cannot hold the world.
    pub(crate) hand: Hand,
    pub(crate) seed: u64,
    pub(crate) agenda: Agenda,
    pub(crate) nodes: Vec<Node>,
    pub(crate) links: Vec<Link>,
    meddling: BTreeMap<u32, Meddling>,
    pub(crate) packets: Vec<Packet>,
    /// Why each of them was sent.
    whys: Vec<Option<Why>>,
    events: Vec<Event>,
    pub(crate) curves: Curves,
    /// Empty; its room is used again and again.
    output: Output,
    calls: usize,
    waiting: BTreeMap<u64, Waiting>,
    next_call: u64,
    /// When a frame last set out or arrived.
    pub(crate) last_traffic: Time,
    /// The run is over: what is dropped now closes nothing.
    pub(crate) over: bool,
}

impl Node {
    pub(crate) const fn new(machine: Machine, face: recording::Node, links: Vec<Option<(usize, usize)>>) -> Self {
        Self { machine, face, links, timer: None, off: false }
    }

    /// Its interfaces with addresses, in order; a switch has none.
    fn interfaces(&self) -> &[Interface] {
        match &self.machine {
            Machine::Host(host) => std::slice::from_ref(&host.interface),
            Machine::Router(router) => &router.interfaces,
            Machine::Outside(door) => std::slice::from_ref(&door.interface),
            Machine::Switch(_) => &[],
        }
    }
}

impl World {
    pub(crate) fn new(seed: u64, interventions: &[recording::Intervention]) -> Self {
        Self {
            now: Time::ZERO,
            hand: Hand::default(),
            seed,
            agenda: Agenda::default(),
            nodes: Vec::new(),
            links: Vec::new(),
            meddling: interventions.iter().map(|it| (it.packet, it.action)).collect(),
            packets: Vec::new(),
            whys: Vec::new(),
            events: Vec::new(),
            curves: Curves::default(),
            output: Output::default(),
            calls: 0,
            waiting: BTreeMap::new(),
            next_call: 0,
            last_traffic: Time::ZERO,
            over: false,
        }
    }

    /// Moves the clock.
    pub(crate) fn set_now(&mut self, at: Time) {
        self.now = at;
        self.hand.set(at);
    }

    /// Does the next thing on the agenda, at its instant.
    pub(crate) fn step(&mut self) {
        let Some((at, happening)) = self.agenda.pop() else { return };
        self.set_now(at);
        match happening {
            Happening::Arrival { packet } => self.arrive(packet),
            Happening::Free { link, end } => self.link_is_free(link, end),
            Happening::Timer { node } => self.timer(node),
            Happening::Wake(waker) => waker.wake(),
        }
    }

    fn arrive(&mut self, number: u32) {
        self.last_traffic = self.now;
        let packet = &self.packets[index(number)];
        let link = &self.links[packet.link];
        let end = link.ends.iter().find(|end| end.node == packet.to).expect("a packet goes to an end of its link");
        let (node, interface) = (end.node, end.interface);
        if self.nodes[node].off {
            return self
                .record(node, EventKind::Decision { text: format!("the power is off: packet {number} is not heard") });
        }
        let mut out = std::mem::take(&mut self.output);
        match &mut self.nodes[node].machine {
            Machine::Host(host) => host.receive(self.now, &packet.bytes, &mut out),
            Machine::Switch(switch) => switch.receive(self.now, interface, &packet.bytes, &mut out),
            Machine::Router(router) => router.receive(self.now, interface, &packet.bytes, &mut out),
            Machine::Outside(door) => door.receive(self.now, &packet.bytes, &mut out),
        }
        self.emit(node, out);
        self.set_timer(node);
    }

    fn timer(&mut self, node: usize) {
        self.nodes[node].timer = None;
        if self.nodes[node].off {
            return;
        }
        let mut out = self.output();
        match &mut self.nodes[node].machine {
            Machine::Host(host) => host.tick(self.now, &mut out),
            Machine::Router(router) => router.tick(self.now, &mut out),
            Machine::Outside(door) => door.tick(self.now, &mut out),
            Machine::Switch(_) => {}
        }
        self.emit(node, out);
        self.set_timer(node);
    }

    pub(crate) fn set_timer(&mut self, node: usize) {
        let due = match &mut self.nodes[node].machine {
            Machine::Host(host) => host.next_tick(),
            Machine::Router(router) => router.next_tick(),
            Machine::Outside(door) => door.interface.next_tick(),
            Machine::Switch(_) => None,
        };
        let current = self.nodes[node].timer;
        if current.map(|(at, _)| at) == due {
            return;
        }
        if let Some(slot) = current {
            self.agenda.cancel(slot);
        }
        self.nodes[node].timer = due.map(|at| self.agenda.add(at, Happening::Timer { node }));
    }

    /// A cable was plugged in: what a node does by itself begins.
    pub(crate) fn start(&mut self, node: usize) {
        let mut out = self.output();
        if let Machine::Host(host) = &mut self.nodes[node].machine {
            host.start(self.now, &mut out);
        }
        self.emit(node, out);
        self.set_timer(node);
    }

    /// A program does something at its host.
    pub(crate) fn at_host<R>(&mut self, node: usize, action: impl FnOnce(&mut Host, Time, &mut Output) -> R) -> R {
        let mut out = self.output();
        let now = self.now;
        let result = action(self.host(node), now, &mut out);
        self.emit(node, out);
        self.set_timer(node);
        result
    }

    /// A host, for what gives its stack nothing to do.
    pub(crate) fn host(&mut self, node: usize) -> &mut Host {
        match &mut self.nodes[node].machine {
            Machine::Host(host) => host,
            _ => unreachable!("programs run on hosts: Lab::net hands out nothing else"),
        }
    }

    /// Where a node puts what it does; give it to [`Self::emit`].
    pub(crate) fn output(&mut self) -> Output {
        std::mem::take(&mut self.output)
    }

    pub(crate) fn emit(&mut self, node: usize, mut out: Output) {
        for kind in out.events.drain(..) {
            self.record(node, kind);
        }
        for sample in out.samples.drain(..) {
            self.curves.add(node, sample, self.now);
        }
        for level in out.levels.drain(..) {
            self.curves.level(node, level, self.now);
        }
        for frame in out.frames.drain(..) {
            self.transmit(node, frame);
        }
        self.output = out;
    }

    pub(crate) fn record(&mut self, node: usize, kind: EventKind) {
        self.events.push(Event { at: self.now, until: None, node, kind });
    }

    /// Hands a frame to the link at an interface; an interface without a link sends nowhere.
    fn transmit(&mut self, node: usize, outgoing: Outgoing) {
        let Some(Some((link, end))) = self.nodes[node].links.get(outgoing.interface).copied() else { return };
        if self.nodes[node].off {
            return;
        }
        self.last_traffic = self.now;
        let number = number(self.packets.len());
        let meddling = self.meddling.get(&number).copied();
        let offer = Offer { number, bytes: &outgoing.frame, meddling };
        let admission = self.links[link].transmit(self.now, end, &offer);
        let packet = Packet {
            n: number,
            link,
            from: node,
            to: self.links[link].ends[1 - end].node,
            at: self.now,
            left: self.now,
            arrived: None,
            fate: Fate::Delivered,
            bytes: outgoing.frame,
            summary: String::new(),
            reason: None,
        };
        self.packets.push(packet);
        self.whys.push(outgoing.why);
        match admission {
            Admission::Crosses(crossing) => self.cross(number, crossing),
            Admission::Waits { ask_at } => self.ask(link, end, ask_at),
        }
    }

    /// The link has decided what becomes of a packet.
    fn cross(&mut self, number: u32, crossing: Crossing) {
        let Crossing { left, arrived, copy, fate } = crossing;
        let packet = &mut self.packets[index(number)];
        (packet.left, packet.arrived, packet.fate) = (left, arrived, fate);
        if let Some(at) = arrived {
            self.agenda.fix(at, Happening::Arrival { packet: number });
        }
        if let Some(at) = copy {
            let copy = self.copy_of(number, at);
            self.agenda.fix(at, Happening::Arrival { packet: copy.n });
            self.packets.push(copy);
            self.whys.push(Some(Why::Copied { of: number }));
        }
    }

    fn ask(&mut self, link: usize, end: usize, at: Option<Time>) {
        if let Some(at) = at {
            self.agenda.fix(at, Happening::Free { link, end });
        }
    }

    /// A managed queue sends its next packet, and says what it dropped or marked and why.
    fn link_is_free(&mut self, link: usize, end: usize) {
        self.last_traffic = self.now;
        let turn = self.links[link].turn(self.now, end);
        self.ask(link, end, turn.ask_at);
        for (number, waited) in turn.dropped {
            let waited = Quantity::time(waited);
            let packet = &mut self.packets[index(number)];
            packet.fate = Fate::Lost(format!("CoDel, after {waited} in the queue"));
            packet.left = self.now;
            let node = packet.from;
            let text =
                format!("CoDel drops packet {number}: the queue has been too long for too long; it waited {waited}");
            self.record(node, EventKind::Decision { text });
        }
        let Some((number, crossing)) = turn.sent else { return };
        if let Some(waited) = turn.marked.map(Quantity::time) {
            let packet = &mut self.packets[index(number)];
            frame::mark_congestion(&mut packet.bytes);
            let why = &mut self.whys[index(number)];
            *why = Some(Why::Marked { sent: why.take().map(Box::new), waited });
            let node = packet.from;
            let text = format!("CoDel marks packet {number} instead of dropping it: it waited {waited}");
            self.record(node, EventKind::Decision { text });
        }
        self.cross(number, crossing);
    }

    /// The packet the link makes of another: it sets out now, whenever the first was handed over.
    fn copy_of(&self, of: u32, arrives: Time) -> Packet {
        let packet = &self.packets[index(of)];
        let (n, at) = (number(self.packets.len()), self.now);
        Packet { n, at, arrived: Some(arrives), fate: Fate::Copy { of }, ..packet.clone() }
    }

    /// A socket call begins; give the number to [`Self::returned`].
    pub(crate) fn call(&mut self, node: usize, call: SocketCall) -> u64 {
        self.next_call += 1;
        self.waiting.insert(self.next_call, Waiting { at: self.now, node, call });
        self.next_call
    }

    /// A socket call returns; what, is only put into words where it is recorded.
    pub(crate) fn returned(&mut self, call: u64, result: impl FnOnce() -> String) {
        let Some(waiting) = self.waiting.remove(&call) else { return };
        let until = (waiting.at != self.now).then_some(self.now);
        self.record_call(waiting, until, result);
    }

    fn record_call(
        &mut self,
        Waiting { at, node, call }: Waiting,
        until: Option<Time>,
        result: impl FnOnce() -> String,
    ) {
        let traced = matches!(&self.nodes[node].machine, Machine::Host(host) if host.options.trace_calls);
        if traced && self.calls < CALLS {
            self.calls += 1;
            let kind = EventKind::Call { call: call.to_string(), result: result() };
            self.events.push(Event { at, until, node, kind });
            if self.calls == CALLS {
                let text = format!("{CALLS} socket calls are recorded: the rest is not");
                self.record(node, EventKind::Note { text });
            }
        }
    }

    /// Calls that have not returned, for the message of a deadlock.
    pub(crate) fn blocked(&self) -> Vec<String> {
        let name = |node: usize| &self.nodes[node].face.name;
        self.waiting.values().map(|it| format!("{}: {} since {}", name(it.node), it.call, it.at)).collect()
    }

    /// The curves that links recorded, named after where the bytes waited: `r queue to server`.
    pub(crate) fn queue_curves(&mut self, end: Time) -> Vec<Series> {
        let mut curves = Vec::new();
        for link in &mut self.links {
            for (from, points) in link.histories(end) {
                let name = |end: usize| &self.nodes[link.ends[end].node].face.name;
                let name = format!("{} queue to {}", name(from), name(1 - from));
                curves.push(Series { name, unit: Unit::Bytes, points });
            }
        }
        curves
    }

    /// Ends the recording: calls that never returned, packets still on their way, everything in order.
    pub(crate) fn finish(&mut self, end: Time) -> (Vec<Packet>, Vec<Event>, Time) {
        self.over = true;
        let last_event = self.events.iter().map(|it| it.until.unwrap_or(it.at)).max();
        let end = end.max(last_event.unwrap_or(end));
        for (_, waiting) in std::mem::take(&mut self.waiting) {
            self.record_call(waiting, Some(end), || "has not returned when the run ends".to_owned());
        }
        let mut packets = std::mem::take(&mut self.packets);
        let whys = std::mem::take(&mut self.whys);
        for (packet, why) in packets.iter_mut().zip(whys) {
            packet.reason = why.map(Why::into_words);
            packet.arrived = packet.arrived.filter(|at| *at <= end);
            packet.summary = crate::wire::summary(&packet.bytes);
        }
        let mut events = std::mem::take(&mut self.events);
        events.sort_by_key(|it| it.at);
        (packets, events, end)
    }

    /// Enters every neighbour in every neighbour table, and every address in every switch's table, as after a warm-up.
    pub(crate) fn introduce_everybody(&mut self) {
        let stations = self.stations();
        let interfaces: BTreeSet<_> = stations.iter().map(|it| (it.0, it.1)).collect();
        for (node, interface) in interfaces {
            let near: BTreeSet<_> = self.behind(node, interface).into_iter().collect();
            for (_, _, theirs, mac) in stations.iter().filter(|it| near.contains(&(it.0, it.1))) {
                self.introduce((node, interface), *theirs, *mac);
            }
        }
        let switches = (0..self.nodes.len()).filter(|it| matches!(self.nodes[*it].machine, Machine::Switch(_)));
        for switch in switches.collect::<Vec<_>>() {
            self.teach_switch(switch, &stations);
        }
    }

    fn introduce(&mut self, (node, interface): (usize, usize), address: IpAddr, mac: frame::Mac) {
        let port = match &mut self.nodes[node].machine {
            Machine::Host(host) => Some(&mut host.interface),
            Machine::Router(router) => router.interfaces.get_mut(interface),
            Machine::Outside(door) => Some(&mut door.interface),
            Machine::Switch(_) => None,
        };
        if let Some(port) = port.filter(|it| it.own.is_on_link(address)) {
            port.know(address, mac);
        }
    }

    /// Follows the cables from each port of a switch to find who is behind it.
    fn teach_switch(&mut self, switch: usize, stations: &[Station]) {
        for port in 0..self.nodes[switch].links.len() {
            for (node, interface) in self.behind(switch, port) {
                let found = stations.iter().find(|it| (it.0, it.1) == (node, interface));
                if let (Some((_, _, _, mac)), Machine::Switch(table)) = (found, &mut self.nodes[switch].machine) {
                    table.know(*mac, port);
                }
            }
        }
    }

    /// Interfaces of hosts and routers that a frame out of this interface reaches, through switches or directly.
    fn behind(&self, node: usize, port: usize) -> Vec<(usize, usize)> {
        let (mut found, mut seen, mut todo) = (Vec::new(), BTreeSet::from([node]), vec![(node, port)]);
        while let Some((node, interface)) = todo.pop() {
            let Some(Some((link, end))) = self.nodes[node].links.get(interface) else { continue };
            let far = self.links[*link].ends[1 - end];
            if !matches!(self.nodes[far.node].machine, Machine::Switch(_)) {
                found.push((far.node, far.interface));
            } else if seen.insert(far.node) {
                let others = (0..self.nodes[far.node].links.len()).filter(|it| *it != far.interface);
                todo.extend(others.map(|it| (far.node, it)));
            }
        }
        found
    }

    /// Every address of every interface.
    fn stations(&self) -> Vec<Station> {
        let mut stations = Vec::new();
        for (node, it) in self.nodes.iter().enumerate() {
            let own = it.interfaces().iter().map(|it| &it.own);
            stations.extend(own.flat_map(|own| own.assigned().map(|it| (node, own.index, it.address, own.mac))));
        }
        stations
    }

    /// The first address of a node that is valid beyond its link; where it has none, its first one.
    pub(crate) fn address(&self, node: usize) -> Option<IpAddr> {
        let own = self.nodes[node].interfaces().iter().flat_map(|it| it.own.assigned()).map(|it| it.address);
        let all: Vec<_> = own.collect();
        all.iter().find(|it| !ip::is_link_local(**it)).or(all.first()).copied()
    }

    /// Shows every node with the addresses it has now: some found theirs during the run.
    pub(crate) fn show_addresses(&mut self) {
        for node in &mut self.nodes {
            let own: Vec<Vec<_>> =
                node.interfaces().iter().map(|it| it.own.assigned().map(|it| it.address).collect()).collect();
            for (face, addresses) in node.face.interfaces.iter_mut().zip(own) {
                face.addresses = addresses;
            }
        }
    }
}

/// Node, interface, address, MAC.
type Station = (usize, usize, IpAddr, frame::Mac);

fn number(packets_before: usize) -> u32 {
    u32::try_from(packets_before + 1).expect("the step limit ends a run long before 4 billion packets")
}

fn index(number: u32) -> usize {
    number as usize - 1
}
