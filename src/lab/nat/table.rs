//! The table of a NAT: which inside endpoint has which port outside, towards whom, and who may come in.
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddrV4};

use super::options::{Dependence, NatOptions};
use super::session::Session;
use crate::lab::output::Output;
use crate::quantity::Quantity;
use crate::recording::Time;

/// Protocol and endpoint of an inside host.
pub(super) type Inside = (u8, SocketAddrV4);

/// A mapping holds for an inside endpoint, and for the part of the endpoint outside that its kind looks at.
pub(super) type Key = (Inside, Scope);

/// Whom outside a mapping is for: anybody, an address, an address and a port.
pub(super) type Scope = Option<(Ipv4Addr, Option<u16>)>;

/// One inside endpoint and its port outside.
#[derive(Debug)]
pub(super) struct Mapping {
    pub(super) port: u16,
    /// Entered by hand: it never ends, and anybody may come in.
    pub(super) fixed: bool,
    /// By the endpoint outside.
    pub(super) sessions: BTreeMap<SocketAddrV4, Session>,
}

/// Why there is no port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoPort {
    EveryOneIsTaken,
    HostHasItsShare(u16),
}

/// All mappings.
#[derive(Debug, Default)]
pub(super) struct Table {
    mappings: BTreeMap<Key, Mapping>,
    taken: BTreeMap<(u8, u16), Key>,
    /// Where the search for a port goes on, when ports are not kept.
    next: Option<u16>,
}

/// Of an endpoint outside, what a mapping or filter looks at.
const fn scope(dependence: Dependence, remote: SocketAddrV4) -> Scope {
    match dependence {
        Dependence::Independent => None,
        Dependence::Address => Some((*remote.ip(), None)),
        Dependence::AddressAndPort => Some((*remote.ip(), Some(remote.port()))),
    }
}

impl Mapping {
    /// Whether the filter lets that endpoint in.
    pub(super) fn lets_in(&self, filtering: Dependence, remote: SocketAddrV4) -> bool {
        self.fixed
            || match filtering {
                Dependence::Independent => true,
                Dependence::Address => self.sessions.keys().any(|it| it.ip() == remote.ip()),
                Dependence::AddressAndPort => self.sessions.contains_key(&remote),
            }
    }

    /// The session with that endpoint. One that began outside is as old as the mapping: only what goes out keeps a UDP
    /// mapping alive (RFC 4787 REQ-6).
    pub(super) fn session_from(&mut self, remote: SocketAddrV4, now: Time) -> &mut Session {
        let latest = self.sessions.values().map(|it| it.last).max().unwrap_or(now);
        self.sessions.entry(remote).or_insert_with(|| Session::new(latest))
    }
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.mappings.len()
    }

    /// Enters a mapping that never ends. Ports of such a table are few and written by hand.
    pub(super) fn fix(&mut self, inside: Inside, port: u16) {
        let key = (inside, None);
        self.taken.insert((inside.0, port), key);
        self.mappings.insert(key, Mapping { port, fixed: true, sessions: BTreeMap::new() });
    }

    /// The key of the mapping an inside endpoint has, or would get, towards `remote`.
    fn key(&self, inside: Inside, remote: SocketAddrV4, mapping: Dependence) -> Key {
        if self.mappings.get(&(inside, None)).is_some_and(|it| it.fixed) {
            return (inside, None);
        }
        (inside, scope(mapping, remote))
    }

    pub(super) fn outgoing(&self, inside: Inside, remote: SocketAddrV4, mapping: Dependence) -> Option<&Mapping> {
        self.mappings.get(&self.key(inside, remote, mapping))
    }

    /// The mapping of an inside endpoint towards `remote`, made where there is none.
    pub(super) fn open(
        &mut self,
        inside: Inside,
        remote: SocketAddrV4,
        options: &NatOptions,
        made: impl FnOnce(u16),
    ) -> Result<&mut Mapping, NoPort> {
        let key = self.key(inside, remote, options.mapping);
        if !self.mappings.contains_key(&key) {
            let port = self.free_port(inside, options)?;
            made(port);
            self.taken.insert((inside.0, port), key);
            self.mappings.insert(key, Mapping { port, fixed: false, sessions: BTreeMap::new() });
        }
        Ok(self.mappings.get_mut(&key).expect("it was there or was just entered"))
    }

    /// A port nobody has: the inside one where that is free and wanted, else the next free one of the range.
    fn free_port(&mut self, (protocol, from): Inside, options: &NatOptions) -> Result<u16, NoPort> {
        let (first, last) = options.ports;
        let of_host = |((of, inside), _): &&Key| *of == protocol && inside.ip() == from.ip();
        if let Some(share) = options.per_host
            && self.mappings.keys().filter(of_host).count() >= usize::from(share)
        {
            return Err(NoPort::HostHasItsShare(share));
        }
        let start = if options.keep_port { from.port() } else { self.next.unwrap_or(first) };
        let start = if (first..=last).contains(&start) { start } else { first };
        let free = |port: &u16| !self.taken.contains_key(&(protocol, *port));
        let port = (start..=last).chain(first..start).find(free).ok_or(NoPort::EveryOneIsTaken)?;
        self.next = Some(if port >= last { first } else { port + 1 });
        Ok(port)
    }

    /// The inside endpoint that has a port outside, and its mapping.
    pub(super) fn at_port(&mut self, protocol: u8, port: u16) -> Option<(SocketAddrV4, &mut Mapping)> {
        let key = self.taken.get(&(protocol, port))?;
        let ((_, inside), _) = *key;
        Some((inside, self.mappings.get_mut(key)?))
    }

    /// Forgets sessions that were silent for too long, and mappings without any.
    pub(super) fn expire(&mut self, now: Time, options: &NatOptions, (outside, out): (Ipv4Addr, &mut Output)) {
        let mut gone = BTreeSet::new();
        for (key, mapping) in &mut self.mappings {
            let ((protocol, inside), _) = key;
            let (port, mut over) = (mapping.port, Vec::new());
            mapping.sessions.retain(|remote, session| {
                let limit = session.limit(*protocol, options);
                let stays = session.last + limit > now;
                if !stays {
                    let silent = Quantity::time(limit);
                    let what = format!("{} {inside} ({outside}:{port} outside)", super::name(*protocol));
                    over.push((what, *remote, silent));
                }
                stays
            });
            // The mapping lasts as long as one of its sessions (RFC 4787 §4.3); each that ends is one less in the filter.
            let ends = mapping.sessions.is_empty() && !mapping.fixed;
            let last = over.len().saturating_sub(1);
            for (index, (what, remote, silent)) in over.into_iter().enumerate() {
                out.decide(if ends && index == last {
                    format!("NAT: forgets {what} with {remote}: silent for {silent}")
                } else {
                    format!("NAT: {what} keeps its port, {remote} no longer counts for it: silent for {silent}")
                });
            }
            if mapping.sessions.is_empty() && !mapping.fixed {
                gone.insert(*key);
            }
        }
        self.mappings.retain(|key, _| !gone.contains(key));
        self.taken.retain(|_, key| !gone.contains(key));
    }

    /// When [`Self::expire`] has something to do.
    pub(super) fn next_expiry(&self, options: &NatOptions) -> Option<Time> {
        let of = |((protocol, _), _): &Key, it: &Mapping| {
            it.sessions.values().map(|it| it.last + it.limit(*protocol, options)).min()
        };
        self.mappings.iter().filter_map(|(key, it)| of(&key.clone(), it)).min()
    }
}
