//! What a server remembers: who has which address until when (RFC 2131 §4.3.1).
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::recording::Time;

/// An address that was offered is kept for the client that long, to answer.
const OFFERED: Duration = Duration::from_secs(60);

/// Addresses a server gives out on one network, and what it says of that network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    pub first: Ipv4Addr,
    pub last: Ipv4Addr,
    pub prefix: u8,
    pub router: Option<Ipv4Addr>,
    pub dns: Vec<Ipv4Addr>,
}

impl Pool {
    pub(super) fn holds(&self, address: Ipv4Addr) -> bool {
        (self.first..=self.last).contains(&address)
    }

    /// Whether an address is on the pool's network.
    pub(super) fn is_on_network(&self, address: Ipv4Addr) -> bool {
        let rest = u32::MAX.checked_shr(self.prefix.into()).unwrap_or(0);
        (address.to_bits() ^ self.first.to_bits()) & !rest == 0
    }

    fn addresses(&self) -> impl Iterator<Item = Ipv4Addr> + use<> {
        (self.first.to_bits()..=self.last.to_bits()).map(Ipv4Addr::from_bits)
    }

    pub(super) const fn size(&self) -> u32 {
        self.last.to_bits().saturating_sub(self.first.to_bits()) + 1
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Offered,
    Bound,
    /// A client found that another uses it.
    Declined,
}

#[derive(Clone, Copy, Debug)]
struct Lease {
    mac: [u8; 6],
    state: State,
    until: Time,
}

/// The leases of a server, those that are over included: a client gets its old address again where it can.
#[derive(Debug, Default)]
pub(super) struct Leases(BTreeMap<Ipv4Addr, Lease>);

impl Leases {
    /// The address this client has or had.
    pub(super) fn of(&self, mac: [u8; 6]) -> Option<Ipv4Addr> {
        self.0.iter().find(|(_, it)| it.mac == mac && it.state != State::Declined).map(|(address, _)| *address)
    }

    fn is_free(&self, now: Time, address: Ipv4Addr) -> bool {
        self.0.get(&address).is_none_or(|it| it.until <= now)
    }

    /// Chooses an address to offer: the client's own, the one it asks for, one that nobody ever had, one that is over.
    pub(super) fn offer(&mut self, now: Time, pool: &Pool, mac: [u8; 6], wanted: Option<Ipv4Addr>) -> Option<Ipv4Addr> {
        let own = self.of(mac).filter(|it| pool.holds(*it));
        let bound = own.filter(|it| self.0.get(it).is_some_and(|it| it.state == State::Bound && it.until > now));
        let wanted = wanted.filter(|it| pool.holds(*it) && self.is_free(now, *it));
        let unused = || pool.addresses().find(|it| !self.0.contains_key(it));
        let over = || pool.addresses().find(|it| self.is_free(now, *it));
        let chosen = own.or(wanted).or_else(unused).or_else(over)?;
        if bound.is_none() {
            self.0.insert(chosen, Lease { mac, state: State::Offered, until: now + OFFERED });
        }
        Some(chosen)
    }

    /// Binds an address to a client; false when it is another's, or was never offered to this one.
    pub(super) fn bind(&mut self, now: Time, mac: [u8; 6], address: Ipv4Addr, time: Duration) -> bool {
        match self.0.get_mut(&address) {
            Some(lease) if lease.mac == mac && lease.state != State::Declined => {
                (lease.state, lease.until) = (State::Bound, now + time);
                true
            }
            _ => false,
        }
    }

    /// The client took another server's offer, or gives its address back; false when it had none here.
    pub(super) fn end(&mut self, now: Time, mac: [u8; 6], address: Ipv4Addr) -> bool {
        match self.0.get_mut(&address) {
            Some(lease) if lease.mac == mac && lease.until > now => {
                lease.until = now;
                true
            }
            _ => false,
        }
    }

    /// Forgets an offer that was not taken.
    pub(super) fn not_taken(&mut self, mac: [u8; 6]) -> Option<Ipv4Addr> {
        let offered = self.of(mac).filter(|it| self.0.get(it).is_some_and(|it| it.state == State::Offered))?;
        self.0.remove(&offered);
        Some(offered)
    }

    /// Another uses this address: nobody gets it for a while.
    pub(super) fn decline(&mut self, now: Time, mac: [u8; 6], address: Ipv4Addr, time: Duration) -> bool {
        let known = self.0.get(&address).is_some_and(|it| it.mac == mac);
        if known {
            self.0.insert(address, Lease { mac, state: State::Declined, until: now + time });
        }
        known
    }

    /// Addresses that somebody has now.
    pub(super) fn bound(&self, now: Time) -> usize {
        self.0.values().filter(|it| it.state == State::Bound && it.until > now).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    fn pool() -> Pool {
        let [first, last] = [10, 11].map(|n| Ipv4Addr::new(10, 0, 0, n));
        Pool { first, last, prefix: 24, router: None, dns: Vec::new() }
    }

    #[test]
    fn a_client_keeps_its_address_and_a_full_pool_gives_none() {
        let (mut leases, pool, now) = (Leases::default(), pool(), Time::ZERO);
        let [a, b, c] = [1, 2, 3].map(|n| [2, 0, 0, 0, 0, n]);
        let first = leases.offer(now, &pool, a, None).expect("a free one");
        assert_eq!(leases.offer(now, &pool, a, None), Some(first), "the offer stands");
        assert!(leases.bind(now, a, first, LONG) && !leases.bind(now, b, first, LONG));
        let second = leases.offer(now, &pool, b, Some(first)).expect("the other");
        assert!(second != first && leases.bind(now, b, second, LONG));
        assert_eq!((leases.offer(now, &pool, c, None), leases.bound(now)), (None, 2));
        assert!(leases.end(now, a, first));
        assert_eq!(leases.offer(now + LONG / 2, &pool, c, None), Some(first), "what was given back");
        assert_eq!(leases.offer(now + LONG * 2, &pool, b, None), Some(second), "its own, though it is over");
    }

    #[test]
    fn an_offer_lapses_and_a_declined_address_rests() {
        let (mut leases, pool) = (Leases::default(), pool());
        let [a, b, c] = [1, 2, 3].map(|n| [2, 0, 0, 0, 0, n]);
        let first = leases.offer(Time::ZERO, &pool, a, None).expect("a free one");
        assert!(leases.decline(Time::ZERO, a, first, LONG) && !leases.decline(Time::ZERO, b, first, LONG));
        let second = leases.offer(Time::ZERO, &pool, b, None).expect("the other");
        assert_ne!(first, second);
        assert_eq!(leases.offer(Time::ZERO, &pool, c, None), None);
        assert_eq!(leases.not_taken(b), Some(second));
        assert_eq!(leases.offer(Time::ZERO, &pool, c, None), Some(second));
        assert_eq!(leases.offer(Time::ZERO + LONG * 2, &pool, a, None), Some(first));
        assert!(pool.is_on_network(Ipv4Addr::new(10, 0, 0, 200)) && !pool.is_on_network(Ipv4Addr::new(10, 0, 1, 10)));
    }
}
