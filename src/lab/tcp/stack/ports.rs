//! Which local ports are taken, and which one an outgoing connection gets (RFC 6056).
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use crate::lab::tcp::isn::{Use, keyed};
use crate::lab::tcp::output::Pair;

/// The ports of one host.
#[derive(Debug)]
pub(super) struct Ports {
    first: u16,
    last: u16,
    secret: u64,
    /// Moves on with every choice.
    counter: u32,
    /// Connections that use a local port.
    used: BTreeMap<u16, u32>,
    /// Connections from ephemeral ports to each destination: when all are taken, nobody has to look.
    towards: BTreeMap<SocketAddr, u32>,
}

impl Ports {
    pub(super) const fn new((first, last): (u16, u16), secret: u64) -> Self {
        let first = if first == 0 { 1 } else { first };
        Self { first, last, secret, counter: 0, used: BTreeMap::new(), towards: BTreeMap::new() }
    }

    pub(super) const fn range(&self) -> (u16, u16) {
        (self.first, self.last)
    }

    fn size(&self) -> u32 {
        u32::from(self.last.saturating_sub(self.first)) + u32::from(self.last >= self.first)
    }

    fn is_ephemeral(&self, port: u16) -> bool {
        (self.first..=self.last).contains(&port)
    }

    /// RFC 6056 §3.3.3: each destination has a start of its own that nobody can guess, and the search goes on from there.
    pub(super) fn choose(&mut self, from: IpAddr, to: SocketAddr, mut taken: impl FnMut(u16) -> bool) -> Option<u16> {
        if self.towards.get(&to).is_some_and(|count| *count >= self.size()) {
            return None;
        }
        let pair = Pair { local: SocketAddr::new(from, 0), remote: to };
        let start = keyed(self.secret, pair, Use::Port).wrapping_add(self.counter);
        let found = self.candidates(start).find(|port| !taken(*port))?;
        self.counter = self.counter.wrapping_add(1);
        Some(found)
    }

    /// Every port of the range, once, from `start` on.
    fn candidates(&self, start: u32) -> impl Iterator<Item = u16> + use<> {
        let (first, size) = (self.first, self.size());
        (0..size).map(move |n| {
            let offset = (start % size + n) % size;
            first + u16::try_from(offset).expect("the range has at most 65535 ports")
        })
    }

    /// All ports of the range, for whoever looks for one to take over.
    pub(super) fn all(&self) -> std::ops::RangeInclusive<u16> {
        self.first..=self.last
    }

    pub(super) fn is_used(&self, port: u16) -> bool {
        self.used.contains_key(&port)
    }

    /// A connection takes a port.
    pub(super) fn take(&mut self, pair: Pair) {
        *self.used.entry(pair.local.port()).or_default() += 1;
        if self.is_ephemeral(pair.local.port()) {
            *self.towards.entry(pair.remote).or_default() += 1;
        }
    }

    /// A connection gives its port back.
    pub(super) fn give_back(&mut self, pair: Pair) {
        decrease(&mut self.used, pair.local.port());
        if self.is_ephemeral(pair.local.port()) {
            decrease(&mut self.towards, pair.remote);
        }
    }
}

fn decrease<K: Ord>(counts: &mut BTreeMap<K, u32>, key: K) {
    if let Some(count) = counts.get_mut(&key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HOST: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

    fn to(port: u16) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::new(10, 0, 0, 2), port))
    }

    #[test]
    fn every_port_of_the_range_is_given_out_once_for_each_destination() {
        let mut ports = Ports::new((40_000, 40_009), 7);
        for destination in [80, 81] {
            let mut given = Vec::new();
            for _ in 0..10 {
                let port =
                    ports.choose(HOST, to(destination), |port| given.contains(&port)).expect("not all are given");
                ports.take(Pair { local: SocketAddr::new(HOST, port), remote: to(destination) });
                given.push(port);
            }
            assert_eq!(ports.choose(HOST, to(destination), |_| false), None);
            given.sort_unstable();
            assert_eq!(given, (40_000..=40_009).collect::<Vec<_>>());
        }
        ports.give_back(Pair { local: SocketAddr::new(HOST, 40_003), remote: to(80) });
        assert_eq!(ports.choose(HOST, to(80), |port| port != 40_003), Some(40_003));
    }

    #[test]
    fn an_empty_range_gives_nothing() {
        assert_eq!(Ports::new((5, 4), 7).choose(HOST, to(80), |_| false), None);
        assert_eq!(Ports::new((0, 1), 7).choose(HOST, to(80), |_| false), Some(1));
    }
}
