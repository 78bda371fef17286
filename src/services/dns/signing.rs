//! Which of the lab's zones are signed, with which keys, and which of them are broken on purpose.
use std::rc::Rc;
use std::time::Duration;

use hickory_proto::dnssec::rdata::DS;
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::dnssec::{Date, Denial, Keys, Signer};
use super::resolver::Trust;
use super::zone::Zone;
use crate::recording::Time;

/// The zones with signatures; the others are left without on purpose.
const SIGNED: [(&str, Denial); 5] = [
    (".", Denial::Nsec),
    ("example.", Denial::Nsec),
    ("test.", Denial::Nsec3),
    ("shop.example.", Denial::Nsec),
    ("cdn.test.", Denial::Nsec3),
];
/// Signed zones in which something is always wrong.
const BROKEN: [(&str, Fault); 3] =
    [("expired.example.", Fault::Expired), ("mismatch.example.", Fault::OtherKey), ("bare.example.", Fault::Bare)];
/// Signatures are made this long before the lab begins: clocks differ.
const BEFORE: Duration = Duration::from_secs(3600);
/// They hold for two weeks.
const HOLDS: Duration = Duration::from_secs(14 * 86_400);
/// Those that are over ended three days before the lab begins: validators allow up to a day for clocks (Unbound's val-sig-skew-max).
const OVER: Duration = Duration::from_secs(3 * 86_400);
/// Where somebody without a key would send people.
const ELSEWHERE: [u8; 4] = [203, 0, 113, 66];

/// What can be wrong with a signed zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It was not signed again in time.
    Expired,
    /// The zone above vouches for a key that the zone does not have.
    OtherKey,
    /// The zone above vouches for a key, and the zone is not signed.
    Bare,
    /// Its addresses were changed by somebody who has no key.
    Altered,
}

/// How the lab's zones are signed.
#[derive(Clone, Debug)]
pub struct Signing {
    /// Of the same seed the keys are the same.
    pub seed: u64,
    /// When the lab begins, in the calendar of its signatures.
    pub began: Date,
    /// What is wrong with one more zone.
    pub broken: Option<(Name, Fault)>,
}

impl Signing {
    /// The zones as they ship.
    #[must_use]
    pub const fn new(seed: u64, began: Date) -> Self {
        Self { seed, began, broken: None }
    }

    /// The closest signed zone at or above a name.
    #[must_use]
    pub fn zone_of(name: &Name) -> Name {
        let above = (0..=name.iter().count()).rev().map(|labels| name.trim_to(labels));
        let signed = |it: &Name| is_one_of(it, SIGNED.iter().map(|(name, _)| *name)) || fault_of(it).is_some();
        above.into_iter().find(signed).unwrap_or_else(Name::root)
    }

    /// What validators trust to begin with: the key of the lab's root (RFC 4033 §2, "trust anchor").
    #[must_use]
    pub fn anchor(&self) -> DS {
        self.vouched(&Name::root()).unwrap_or_else(|| Keys::derived(self.seed, &Name::root()).ds())
    }

    /// What a resolver needs to check the zones, when its network's clock stands at `now` as the lab begins.
    #[must_use]
    pub fn trust(&self, now: Time) -> Trust {
        Trust { anchors: vec![self.anchor()], began: self.began.minus(Duration::from_nanos(now.0)) }
    }

    /// Signs those of a server's zones that are.
    pub fn apply(&self, zones: &mut [Zone]) {
        for zone in zones {
            for cut in zone.cuts().collect::<Vec<_>>() {
                let key = self.vouched(&cut);
                zone.vouch(&cut, key);
            }
            self.sign(zone);
        }
    }

    fn fault(&self, zone: &Name) -> Option<Fault> {
        let chosen = self.broken.as_ref().filter(|(name, _)| name == zone).map(|(_, fault)| *fault);
        chosen.or_else(|| fault_of(zone))
    }

    /// What the zone above says about a zone's key.
    fn vouched(&self, zone: &Name) -> Option<DS> {
        let signed = is_one_of(zone, SIGNED.iter().map(|(name, _)| *name));
        match self.fault(zone) {
            Some(Fault::OtherKey) => Some(Keys::derived(self.seed.wrapping_add(1), zone).ds()),
            Some(_) => Some(Keys::derived(self.seed, zone).ds()),
            None => signed.then(|| Keys::derived(self.seed, zone).ds()),
        }
    }

    fn sign(&self, zone: &mut Zone) {
        let (origin, fault) = (zone.origin().clone(), self.fault(zone.origin()));
        if fault == Some(Fault::Bare) || self.vouched(&origin).is_none() {
            return;
        }
        let end =
            if fault == Some(Fault::Expired) { self.began.minus(OVER) } else { self.began.minus(BEFORE).plus(HOLDS) };
        let denial = SIGNED.iter().find(|(name, _)| *name == origin.to_string()).map_or(Denial::Nsec, |(_, it)| *it);
        let keys = Rc::new(Keys::derived(self.seed, &origin));
        zone.sign(Signer { keys, inception: end.minus(HOLDS), expiration: end, denial });
        if fault == Some(Fault::Altered) {
            alter(zone);
        }
    }
}

fn is_one_of(name: &Name, mut all: impl Iterator<Item = &'static str>) -> bool {
    let name = name.to_string();
    all.any(|it| it == name)
}

fn fault_of(zone: &Name) -> Option<Fault> {
    let name = zone.to_string();
    BROKEN.iter().find(|(it, _)| *it == name).map(|(_, fault)| *fault)
}

/// Puts another address in place of each IPv4 address of the zone's hosts; below a cut there is only glue, which nobody signs.
fn alter(zone: &mut Zone) {
    let cuts: Vec<Name> = zone.cuts().collect();
    let servers: Vec<Name> = zone.records(zone.origin(), RecordType::NS).iter().filter_map(server).collect();
    let own = |it: &&Record| !cuts.iter().any(|cut| cut.zone_of(&it.name)) && !servers.contains(&it.name);
    let hosts: Vec<(Name, u32)> = zone
        .all()
        .filter(|it| it.record_type() == RecordType::A)
        .filter(own)
        .map(|it| (it.name.clone(), it.ttl))
        .collect();
    for (name, ttl) in hosts {
        let data = RData::A(std::net::Ipv4Addr::from(ELSEWHERE).into());
        zone.tamper(&name, RecordType::A, vec![Record::from_rdata(name.clone(), ttl, data)]);
    }
}

fn server(record: &Record) -> Option<Name> {
    match &record.data {
        RData::NS(server) => Some(server.0.clone()),
        _ => None,
    }
}
