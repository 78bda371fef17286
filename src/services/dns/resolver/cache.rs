//! What a resolver remembers: records, what does not exist, and who serves which zone; each until its TTL is over by the
//! network's own clock.
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use hickory_proto::rr::{Name, Record};

use super::chain::{Above, Keys};
use super::nearby::{Nearby, nobody};
use super::security::{Proof, Status};
use super::trace::{Failure, Question};
use crate::recording::Time;
use crate::services::dns::Subnet;

/// RFC 9520 §3.2: a failure is remembered too, for a few seconds.
const FAILED: Duration = Duration::from_secs(5);

/// Who serves a zone, as the zone above said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Delegation {
    pub(super) zone: Name,
    /// In the order they were named, with the addresses that came along.
    pub(super) servers: Vec<(Name, Vec<IpAddr>)>,
    pub(super) ttl: u32,
}

/// What is known about a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Records(Vec<Record>),
    NoData(Option<Record>),
    NoName(Option<Record>),
}

/// What the cache gave.
#[derive(Clone, Debug)]
pub(super) struct Got {
    pub(super) known: Known,
    pub(super) proof: Proof,
    /// The seconds it holds.
    pub(super) left: u32,
    /// The clients it is for; `None` for all.
    pub(super) of: Option<Subnet>,
}

/// A value with its time.
#[derive(Clone, Debug)]
pub(super) struct Kept<T> {
    value: T,
    stored: Time,
    until: Time,
}

impl<T> Kept<T> {
    fn new(value: T, now: Time, ttl: u32) -> Self {
        Self { value, stored: now, until: now + Duration::from_secs(ttl.into()) }
    }

    /// When it is over.
    pub(super) const fn until(&self) -> Time {
        self.until
    }

    /// The seconds it holds, if it does.
    pub(super) fn left(&self, now: Time) -> Option<u32> {
        (now < self.until).then(|| seconds(self.until - now))
    }
}

/// Whole seconds, rounded up: a TTL of a second is not over before it is over.
fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_nanos().div_ceil(1_000_000_000)).unwrap_or(u32::MAX)
}

/// What a resolver remembers, of at most so many names.
#[derive(Debug)]
pub(super) struct Cache {
    most: usize,
    known: BTreeMap<Question, Kept<(Known, Proof)>>,
    nearby: Nearby,
    /// Names that do not exist, with any type (RFC 2308 §5); nor do those below (RFC 8020).
    nowhere: BTreeMap<Name, Kept<(Option<Record>, Proof)>>,
    delegations: BTreeMap<Name, Kept<Delegation>>,
    failed: BTreeMap<Question, Kept<Failure>>,
    /// The keys of zones, checked; and what the zones above say of them.
    keys: BTreeMap<Name, Kept<Keys>>,
    above: BTreeMap<Name, Kept<Above>>,
}

impl Cache {
    pub(super) const fn new(most: usize) -> Self {
        Self {
            most,
            known: BTreeMap::new(),
            nearby: Nearby(BTreeMap::new()),
            nowhere: BTreeMap::new(),
            delegations: BTreeMap::new(),
            failed: BTreeMap::new(),
            keys: BTreeMap::new(),
            above: BTreeMap::new(),
        }
    }

    /// What is known for a client and its proof, with the seconds it holds; the records' TTLs are what is left of them. The
    /// subnet is that of the clients it is for, where it is not for everybody.
    pub(super) fn get(&self, question: &Question, client: Option<Subnet>, now: Time) -> Option<Got> {
        if let Some((left, (soa, proof))) = self.is_nowhere(&question.name, now) {
            let (known, proof) = (Known::NoName(aged(soa.as_slice(), left).pop()), proof.clone().aged(left));
            return Some(Got { known, proof, left, of: None });
        }
        let nearby = self.nearby.find(question, client, now);
        let (of, kept) = match nearby {
            Some((subnet, kept)) => (Some(subnet).filter(|it| *it != nobody()), kept),
            None => (None, self.known.get(question)?),
        };
        let left = kept.left(now)?;
        let (known, proof) = &kept.value;
        let known = match known {
            Known::Records(records) => Known::Records(aged(records, left)),
            Known::NoData(soa) => Known::NoData(aged(soa.as_slice(), left).pop()),
            Known::NoName(soa) => Known::NoName(soa.clone()),
        };
        Some(Got { known, proof: proof.clone().aged(left), left, of })
    }

    /// Records that are over, but not for longer than `most`; what their check came to, and how old they are in seconds.
    pub(super) fn stale(&self, question: &Question, now: Time, most: Duration) -> Option<(Vec<Record>, Status, u32)> {
        let kept = self.known.get(question)?;
        let (Known::Records(records), proof) = &kept.value else { return None };
        let over = now.since(kept.until);
        (now >= kept.until && over <= most).then(|| (records.clone(), proof.status, seconds(now - kept.stored)))
    }

    fn is_nowhere(&self, name: &Name, now: Time) -> Option<(u32, &(Option<Record>, Proof))> {
        (1..=name.num_labels()).find_map(|labels| {
            let kept = self.nowhere.get(&name.trim_to(labels.into()))?;
            Some((kept.left(now)?, &kept.value))
        })
    }

    /// Remembers an answer, `of` the clients of a subnet or of all of them. That a name does not exist holds for all.
    pub(super) fn put(&mut self, question: Question, (known, proof): (Known, Proof), of: Option<Subnet>, now: Time) {
        let ttl = match &known {
            Known::Records(records) => records.iter().map(|it| it.ttl).min(),
            Known::NoData(soa) | Known::NoName(soa) => soa.as_ref().map(|it| it.ttl),
        };
        // RFC 2308 §5: without a SOA record it is not remembered; RFC 1035 §3.2.1: a TTL of 0 is for this once.
        let Some(ttl) = ttl.filter(|ttl| *ttl > 0) else { return };
        self.failed.remove(&question);
        if let Known::NoName(soa) = known {
            make_room(&mut self.nowhere, self.most);
            self.nowhere.insert(question.name, Kept::new((soa, proof), now, ttl));
        } else if let Some(subnet) = of {
            self.nowhere.remove(&question.name);
            self.nearby.put(question, subnet, Kept::new((known, proof), now, ttl), self.most);
        } else {
            make_room(&mut self.known, self.most);
            self.nowhere.remove(&question.name);
            self.known.insert(question, Kept::new((known, proof), now, ttl));
        }
    }

    pub(super) fn delegate(&mut self, delegation: Delegation, now: Time) {
        make_room(&mut self.delegations, self.most);
        let ttl = delegation.ttl;
        self.delegations.insert(delegation.zone.clone(), Kept::new(delegation, now, ttl));
    }

    /// The servers of the closest zone at or above this name that is known; with the seconds they are.
    pub(super) fn closest(&self, name: &Name, now: Time) -> Option<(Delegation, u32)> {
        (1..=name.num_labels()).rev().find_map(|labels| {
            let kept = self.delegations.get(&name.trim_to(labels.into()))?;
            Some((kept.value.clone(), kept.left(now)?))
        })
    }

    pub(super) fn keys(&self, zone: &Name, now: Time) -> Option<Keys> {
        let kept = self.keys.get(zone)?;
        kept.left(now).map(|_| kept.value.clone())
    }

    pub(super) fn keep_keys(&mut self, zone: Name, keys: Keys, (now, ttl): (Time, u32)) {
        make_room(&mut self.keys, self.most);
        self.keys.insert(zone, Kept::new(keys, now, ttl));
    }

    pub(super) fn above(&self, zone: &Name, now: Time) -> Option<Above> {
        let kept = self.above.get(zone)?;
        kept.left(now).map(|_| kept.value.clone())
    }

    pub(super) fn keep_above(&mut self, zone: Name, above: Above, (now, ttl): (Time, u32)) {
        make_room(&mut self.above, self.most);
        self.above.insert(zone, Kept::new(above, now, ttl));
    }

    pub(super) fn fail(&mut self, question: Question, failure: Failure, now: Time) {
        make_room(&mut self.failed, self.most);
        let until = now + FAILED;
        self.failed.insert(question, Kept { value: failure, stored: now, until });
    }

    pub(super) fn failed(&self, question: &Question, now: Time) -> Option<Failure> {
        let kept = self.failed.get(question)?;
        kept.left(now).map(|_| kept.value.clone())
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new(self.most);
    }
}

fn aged(records: &[Record], left: u32) -> Vec<Record> {
    let mut aged = records.to_vec();
    aged.iter_mut().for_each(|it| it.ttl = left);
    aged
}

/// Forgets what would be over first, when there is no room for one more.
pub(super) fn make_room<K: Ord + Clone, T>(kept: &mut BTreeMap<K, Kept<T>>, most: usize) {
    if kept.len() >= most {
        let first = kept.iter().min_by_key(|(_, it)| it.until).map(|(key, _)| key.clone());
        first.map(|key| kept.remove(&key));
    }
}
