//! A name server that chooses its answer each time: in turn, by weight, by health, by the client's place.
mod health;
mod place;

use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::rc::Rc;

use hickory_proto::op::Message;
use hickory_proto::rr::{Name, RData, Record, RecordType};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::responder::{self, Asker, Authority};
use super::serve::Answers;
use super::subnet;
pub use health::{Change, Health};
pub use place::Places;

/// What may be answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub name: &'static str,
    pub address: Ipv4Addr,
    /// Its part of the sum of all weights is its part of the answers.
    pub weight: u32,
}

/// How an answer is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// All addresses, another one first each time (round robin, RFC 1794).
    RoundRobin,
    /// One address, by chance and weight.
    Weighted,
    /// The first healthy address; the others are spares. Where none is healthy, here and below all count as such.
    Spare,
    /// As round robin, of the healthy ones.
    Healthy,
    /// The healthy address nearest to the client, or to its resolver where the query tells no client's subnet.
    Near(Places),
}

impl Method {
    /// Whether it goes by health checks.
    #[must_use]
    pub const fn checks(&self) -> bool {
        matches!(self, Self::Spare | Self::Healthy | Self::Near(_))
    }
}

/// The server. Those of one name share chance and health.
#[derive(Clone)]
pub struct Balancer {
    authority: Authority,
    /// The name that is balanced, and the zone it is in.
    name: Name,
    zone: Name,
    ttl: u32,
    method: Method,
    targets: Rc<[Target]>,
    health: Health,
    chance: Rc<RefCell<ChaCha8Rng>>,
}

impl Balancer {
    /// A server of these zones that chooses among targets for one name of one of them.
    #[must_use]
    pub fn new(
        authority: Authority,
        (zone, name): (Name, Name),
        method: Method,
        targets: &[Target],
        seed: u64,
    ) -> Self {
        let chance = Rc::new(RefCell::new(ChaCha8Rng::seed_from_u64(seed)));
        let health = Health::of(targets.len());
        Self { authority, name, zone, ttl: 60, method, targets: targets.into(), health, chance }
    }

    /// The same with this TTL, in seconds.
    #[must_use]
    pub const fn ttl(mut self, ttl: u32) -> Self {
        self.ttl = ttl;
        self
    }

    /// The same choice in front of another server's zones.
    #[must_use]
    pub fn beside(&self, authority: Authority) -> Self {
        Self { authority, ..self.clone() }
    }

    /// Which targets answered when they were last checked.
    #[must_use]
    pub const fn health(&self) -> &Health {
        &self.health
    }

    /// The targets to answer with, in order, and of how many bits of the client's address that depends.
    fn choose(&self, query: &Message, asker: Asker) -> (Vec<usize>, u8) {
        let all = 0..self.targets.len();
        let usable = self.health.usable();
        match &self.method {
            Method::RoundRobin => (all.collect(), 0),
            Method::Healthy => (usable, 0),
            Method::Spare => (usable.into_iter().take(1).collect(), 0),
            Method::Weighted => (self.drawn().into_iter().collect(), 0),
            Method::Near(places) => {
                let told = subnet::told(query).filter(|it| it.prefix() > 0);
                let client = told.unwrap_or_else(|| super::Subnet::new(asker.address, u8::MAX));
                let (order, scope) = places.nearest(client);
                (order.iter().copied().filter(|it| usable.contains(it)).take(1).collect(), scope)
            }
        }
    }

    /// One target, by chance and weight.
    fn drawn(&self) -> Option<usize> {
        let sum: u32 = self.targets.iter().map(|it| it.weight).sum();
        let mut drawn = self.chance.borrow_mut().next_u32() % sum.max(1);
        self.targets.iter().position(|it| {
            let here = drawn < it.weight;
            drawn = drawn.saturating_sub(it.weight);
            here
        })
    }

    fn reply(&self, query: &Message, asker: Asker) -> Message {
        let concerned =
            matches!(query.queries.as_slice(), [it] if it.name == self.name && it.query_type == RecordType::A);
        if !concerned {
            return self.authority.reply(query);
        }
        let (chosen, scope) = self.choose(query, asker);
        let record =
            |it: usize| Record::from_rdata(self.name.clone(), self.ttl, RData::A(self.targets[it].address.into()));
        let records = chosen.into_iter().map(record).collect();
        self.authority.change(&self.zone, |zone| zone.set(&self.name, RecordType::A, records));
        let mut reply = self.authority.reply(query);
        // RFC 7871 §7.4: only the answer itself is for a subnet.
        if !reply.answers.is_empty() {
            subnet::answer(&mut reply, query, scope);
        }
        reply
    }
}

impl Answers for Balancer {
    async fn answer(&self, query: Vec<u8>, asker: Asker) -> Option<Vec<u8>> {
        let query = match responder::read(&query) {
            Ok(query) => query,
            Err(reply) => return (*reply)?.to_vec().ok(),
        };
        Some(responder::fitted(self.reply(&query, asker), responder::room(&query, asker.transport)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::Time;
    use crate::services::dns::{Transport, name, query, world::SITES};

    const TARGETS: [Target; 3] = [target("a", 1), target("b", 2), target("c", 3)];

    const fn target(name: &'static str, last: u8) -> Target {
        Target { name, address: Ipv4Addr::new(203, 0, 113, 100 + last), weight: 1 }
    }

    /// The last bytes of the addresses in the answer, in their order by number; with what the last change said.
    fn answered(method: Method, dead: &[usize]) -> (Vec<u8>, &'static str) {
        let [zone, www] = ["shop.example", "www.shop.example"].map(|it| name(it).expect("a name"));
        let balancer = Balancer::new(Authority::new(SITES[5].zones()), (zone, www.clone()), method, &TARGETS, 1);
        let found = |it: &usize| balancer.health().found(Time::ZERO, *it, false);
        let changes: Vec<_> = dead.iter().filter_map(found).collect();
        let says = changes.last().map_or("", |it| it.says());
        let asker = Asker { address: Ipv4Addr::new(198, 18, 16, 1).into(), transport: Transport::Udp };
        let reply = balancer.reply(&query(&www, RecordType::A, 1), asker);
        assert_eq!(reply.metadata.response_code, hickory_proto::op::ResponseCode::NoError);
        let last = |it: &Record| if let RData::A(it) = &it.data { it.0.octets()[3] - 100 } else { 0 };
        let mut all: Vec<u8> = reply.answers.iter().map(last).collect();
        all.sort_unstable();
        (all, says)
    }

    #[test]
    fn what_fails_its_check_is_left_out_until_nothing_is_left() {
        let near = || {
            let place = crate::services::dns::Subnet::new(Ipv4Addr::new(198, 18, 16, 0).into(), 20);
            Method::Near(Places::new(vec![(place, vec![1, 2, 0])], vec![0]))
        };
        assert_eq!(answered(Method::Healthy, &[]).0, [1, 2, 3]);
        let (left, says) = answered(Method::Healthy, &[0, 2]);
        assert_eq!((left, says), (vec![2], "gives no connection: it is left out of the answers"));
        assert_eq!([answered(Method::Spare, &[0]).0, answered(near(), &[1]).0], [[2], [3]]);
        // An answer without addresses would be no balancing but an outage.
        let (all, says) = answered(Method::Healthy, &[0, 1, 2]);
        assert_eq!(all, [1, 2, 3]);
        assert!(says.contains("all count as healthy"), "{says}");
        assert_eq!([answered(Method::Spare, &[0, 1, 2]).0, answered(near(), &[0, 1, 2]).0], [[1], [2]]);
    }
}
