//! A name server that chooses its answer, and the health checks it goes by.
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use hickory_proto::rr::{RData, Record};

use super::{BACKENDS, HTTPS, PATIENCE, www};
use crate::lab::{Dice, LabNet};
use crate::recording::Time;
use crate::services::dns::{self, Answers, Asker, Authority, RecordType};
use crate::services::within;

/// How an answer is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// All addresses, another one first each time (RFC 1794).
    RoundRobin,
    /// One address, by chance and weight.
    Weighted,
    /// The first address that is healthy; the others are spares.
    Spare,
    /// As round robin, of the healthy ones.
    Health,
}

impl Method {
    pub(super) fn of(word: &str) -> Self {
        match word {
            "weighted" => Self::Weighted,
            "spare" => Self::Spare,
            "health" => Self::Health,
            _ => Self::RoundRobin,
        }
    }

    /// Whether it goes by health checks.
    pub(super) const fn checks(self) -> bool {
        matches!(self, Self::Spare | Self::Health)
    }
}

/// Which servers answered when they were last checked.
#[derive(Clone, Debug)]
pub(super) struct Health(Rc<RefCell<[bool; BACKENDS.len()]>>);

impl Default for Health {
    fn default() -> Self {
        Self(Rc::new(RefCell::new([true; BACKENDS.len()])))
    }
}

impl Health {
    /// Checks each server now and then, by a connection, until the end of the run.
    pub(super) fn watch(&self, net: &LabNet, every: Duration, end: Duration) {
        for (index, (name, address, _, _)) in BACKENDS.iter().enumerate() {
            let (own, health) = (net.clone(), self.clone());
            net.spawn(async move {
                while own.now() < Time::ZERO + end {
                    let opened = within(&own, PATIENCE, own.connect(SocketAddr::from((*address, HTTPS)))).await;
                    let well = matches!(opened, Some(Ok(_)));
                    let before = std::mem::replace(&mut health.0.borrow_mut()[index], well);
                    if before != well {
                        own.note(format!(
                            "{name} {}",
                            if well { "is healthy again" } else { "gives no connection: it is left out" }
                        ));
                    }
                    own.sleep(every).await;
                }
            });
        }
    }
}

/// Chance, and whose turn it is; all servers of the name share them.
pub(super) type Turns = Rc<RefCell<(Dice, usize)>>;

/// Nobody has had a turn yet.
pub(super) fn turns(seed: u64) -> Turns {
    Rc::new(RefCell::new((Dice::new(seed, "balancer"), 0)))
}

/// The server.
pub(super) struct Balancer {
    authority: Authority,
    method: Method,
    ttl: u32,
    health: Health,
    turns: Turns,
}

impl Balancer {
    pub(super) fn new(authority: Authority, method: Method, (ttl, health, turns): (Duration, Health, Turns)) -> Self {
        let ttl = u32::try_from(ttl.as_secs()).unwrap_or(u32::MAX);
        Self { authority, method, ttl, health, turns }
    }

    /// The servers to answer with now, in order.
    fn choose(&self) -> Vec<usize> {
        let (dice, turn) = &mut *self.turns.borrow_mut();
        let well: Vec<usize> = (0..BACKENDS.len()).filter(|it| self.health.0.borrow()[*it]).collect();
        match self.method {
            Method::Weighted => {
                let all: u32 = BACKENDS.iter().map(|it| it.3).sum();
                let mut drawn = u32::try_from(dice.below(all.into())).expect("it is below a small sum");
                let chosen = BACKENDS.iter().position(|it| {
                    let here = drawn < it.3;
                    drawn = drawn.saturating_sub(it.3);
                    here
                });
                chosen.into_iter().collect()
            }
            Method::Spare => well.first().copied().into_iter().collect(),
            Method::RoundRobin | Method::Health => {
                let mut order: Vec<usize> =
                    if self.method == Method::Health { well } else { (0..BACKENDS.len()).collect() };
                let by = *turn % order.len().max(1);
                *turn += 1;
                order.rotate_left(by);
                order
            }
        }
    }
}

impl Answers for Balancer {
    async fn answer(&self, query: Vec<u8>, asker: Asker) -> Option<Vec<u8>> {
        let record = |index: usize| Record::from_rdata(www(), self.ttl, RData::A(BACKENDS[index].1.into()));
        let records = self.choose().into_iter().map(record).collect();
        let origin = dns::name("shop.example").expect("it is a domain name");
        self.authority.change(&origin, |zone| zone.set(&www(), RecordType::A, records));
        self.authority.answer(&query, asker)
    }
}
