//! All TCP of one host: its connections, listeners, ports and timers. Whoever calls says what time it is.
mod calls;
mod cookies;
mod error;
mod listener;
mod listening;
mod ports;
mod stray;
mod timers;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

pub(crate) use error::IcmpError;
pub(crate) use listening::overlap;

use crate::lab::path_mtu::PathMtus;
use crate::lab::tcp::connection::{Connection, Rules};
use crate::lab::tcp::decision::Decision;
use crate::lab::tcp::output::{Pair, TcpOutput};
use crate::lab::tcp::reason::Resets;
use crate::lab::tcp::segment::{self, Segment};
use crate::lab::tcp::seq::Seq;
use crate::lab::tcp::settings::TcpSettings;
use crate::lab::tcp::state::State;
use crate::recording::Time;
use listener::Listener;
use listening::Heard;
use ports::Ports;
use timers::{Owner, Timers};

/// What a host's TCP is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StackConfig {
    /// Bytes of the largest IP packet its link carries.
    pub(crate) mtu: u16,
    pub(crate) settings: TcpSettings,
    /// Bytes a socket holds for a program that has not read them, where the program does not say.
    pub(crate) receive_buffer: usize,
    /// Bytes a socket takes from a program before they are acknowledged, where the program does not say.
    pub(crate) send_buffer: usize,
    pub(crate) seed: u64,
    /// Whether curves are wanted.
    pub(crate) trace: bool,
}

/// A connection's number. Never used twice, so that an old one harms nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id(pub(super) u32);

/// A listener's number, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ListenerId(pub(super) u32);

/// A segment as IP delivers it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival<'a> {
    pub(crate) from: IpAddr,
    pub(crate) to: IpAddr,
    /// The two ECN bits of the IP header; 3 is a congestion mark.
    pub(crate) ecn: u8,
    /// The TCP header and what follows it.
    pub(crate) bytes: &'a [u8],
}

/// What an ICMP message quotes: whose segment it is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quoted {
    pub(crate) pair: Pair,
    pub(crate) seq: u32,
}

/// RFC 3168 §5: the network met congestion.
const CONGESTION_EXPERIENCED: u8 = 3;

/// A connection and where its timer stands.
#[derive(Debug)]
struct Entry {
    connection: Box<Connection>,
    set: Option<Time>,
    /// Its four numbers are still its own.
    listed: bool,
}

/// All TCP of one host.
#[derive(Debug)]
pub(crate) struct Stack {
    config: StackConfig,
    connections: BTreeMap<Id, Entry>,
    /// Who a segment belongs to.
    flows: BTreeMap<Pair, Id>,
    listeners: BTreeMap<ListenerId, Listener>,
    listening: BTreeMap<SocketAddr, ListenerId>,
    ports: Ports,
    timers: Timers,
    /// What the host knows of its paths: a connection begins with it, and adds what it is told.
    pub(crate) paths: PathMtus,
    next_id: u32,
}

fn is_broadcast(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(address) if address.is_broadcast())
}

impl Stack {
    pub(crate) fn new(config: StackConfig) -> Self {
        Self {
            config,
            connections: BTreeMap::new(),
            flows: BTreeMap::new(),
            listeners: BTreeMap::new(),
            listening: BTreeMap::new(),
            ports: Ports::new(config.settings.ephemeral_ports, config.seed),
            timers: Timers::default(),
            paths: PathMtus::default(),
            next_id: 0,
        }
    }

    /// The rules a connection goes by where its program does not say otherwise.
    const fn rules(&self) -> Rules {
        let StackConfig { mtu, settings, receive_buffer, send_buffer, seed, trace, .. } = self.config;
        Rules {
            settings,
            congestion: settings.congestion,
            nagle: settings.nagle,
            keepalive: settings.keepalive,
            user_timeout: None,
            receive_buffer,
            send_buffer,
            mtu,
            path: None,
            seed,
            trace,
        }
    }

    /// These rules, with what is known of the path to a peer.
    fn towards(&self, now: Time, peer: IpAddr, rules: Rules) -> Rules {
        let path = self.paths.get(now, peer).filter(|_| rules.settings.path_mtu_discovery);
        Rules { path, ..rules }
    }

    fn new_number(&mut self) -> u32 {
        self.next_id = self.next_id.checked_add(1).expect("a run opens fewer than 4 billion sockets");
        self.next_id
    }

    /// A segment for an address of this host came in. Damaged ones are dropped.
    pub(crate) fn segment(&mut self, now: Time, arrival: Arrival<'_>, out: &mut TcpOutput) {
        let Arrival { from, to, ecn, bytes } = arrival;
        // RFC 9293 §3.9.2.3, MUST-57: nothing is answered that did not come from one host.
        if is_broadcast(from) || from.is_multicast() || from.is_unspecified() {
            return;
        }
        let Some((source, destination, segment)) = segment::read(bytes) else { return };
        let at = SocketAddr::new;
        let pair = Pair { local: at(to, destination), remote: at(from, source) };
        // RFC 9293 §3.1, MUST-3.
        if segment::checksum(from, to, bytes) != 0 {
            return out.decide(pair, Decision::BadChecksum);
        }
        self.deliver(now, pair, &segment, ecn, out);
    }

    fn deliver(&mut self, now: Time, pair: Pair, segment: &Segment<'_>, ecn: u8, out: &mut TcpOutput) {
        let mut at_least = None;
        if let Some(id) = self.flows.get(&pair).copied() {
            let listens = self.listener_at(pair.local).is_some();
            let Some(entry) = self.connections.get_mut(&id) else { return };
            if !listens || !entry.connection.gives_way_to(now, segment) {
                let before = entry.connection.una();
                entry.connection.segment(now, segment, ecn == CONGESTION_EXPERIENCED, out);
                out.progress = (entry.connection.una() != before).then_some(pair);
                return self.settle(id, out);
            }
            // RFC 9293 §3.10.7.4: a SYN newer than the connection in TIME-WAIT begins another one.
            at_least = Some(entry.connection.nxt() + 65_537);
            out.decide(pair, Decision::TimeWaitReused);
            entry.connection.expire(out);
            self.settle(id, out);
        }
        let heard = Heard { segment, marked: ecn == CONGESTION_EXPERIENCED, at_least };
        match self.listener_at(pair.local) {
            Some(id) => self.for_listener(now, (id, pair), heard, out),
            None => self.refuse(pair, segment, out),
        }
    }

    fn refuse(&self, pair: Pair, segment: &Segment<'_>, out: &mut TcpOutput) {
        let opens = segment.flags.syn && segment.ack.is_none();
        let why = if opens { Resets::NoListener { port: pair.local.port() } } else { Resets::NoConnection };
        stray::refuse(pair, segment, why, out);
    }

    /// An ICMP error about a segment of ours came in, or nobody answered ARP. Gives the size of the connection's packets so
    /// far, where the path carries less than that.
    pub(crate) fn icmp(&mut self, now: Time, quoted: Quoted, error: IcmpError, out: &mut TcpOutput) -> Option<u16> {
        let id = self.flows.get(&quoted.pair).copied()?;
        let before = self.connections.get_mut(&id)?.connection.icmp(now, Seq(quoted.seq), error, out);
        self.settle(id, out);
        before
    }

    /// Does all that is due.
    pub(crate) fn tick(&mut self, now: Time, out: &mut TcpOutput) {
        while let Some(owner) = self.timers.take_due(now) {
            match owner {
                Owner::Connection(id) => {
                    if let Some(entry) = self.connections.get_mut(&id) {
                        entry.set = None;
                        entry.connection.tick(now, out);
                        self.settle(id, out);
                    }
                }
                Owner::Half(id, pair) => self.half_is_due(now, id, pair, out),
            }
        }
    }

    /// When [`Self::tick`] has something to do; it may turn out to be nothing.
    pub(crate) fn next_tick(&self) -> Option<Time> {
        self.timers.next()
    }

    /// A connection begins.
    fn add(&mut self, connection: Connection, out: &mut TcpOutput) -> Id {
        let id = Id(self.new_number());
        let pair = connection.pair;
        self.flows.insert(pair, id);
        self.ports.take(pair);
        self.connections.insert(id, Entry { connection: Box::new(connection), set: None, listed: true });
        self.settle(id, out);
        id
    }

    /// After anything has happened to a connection: its curves, its timer, and its end.
    fn settle(&mut self, id: Id, out: &mut TcpOutput) {
        let Some(entry) = self.connections.get_mut(&id) else { return };
        entry.connection.trace(out);
        let closed = entry.connection.state() == State::Closed;
        if closed && std::mem::take(&mut entry.listed) {
            let pair = entry.connection.pair;
            self.flows.remove(&pair);
            self.ports.give_back(pair);
        }
        self.timers.set(Owner::Connection(id), &mut entry.set, entry.connection.next_timer());
        if entry.connection.is_over() {
            self.connections.remove(&id);
        }
    }
}
