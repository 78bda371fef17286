//! An iterative resolver (RFC 1034 §5.3.3): from the servers of the root down to an answer, each step explained.
mod ask;
mod cache;
mod judge;
mod nearby;
mod options;
mod privacy;
mod recursive;
mod servers;
mod survey;
#[cfg(test)]
mod tests;
mod trace;
mod walk;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use hickory_proto::rr::{Name, RecordType};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::net::Net;
use crate::services::dns::Subnet;
use crate::services::within;
use cache::Cache;
use servers::Servers;
use walk::{Ended, Work};

pub use judge::{address, say};
pub use options::{Hints, Limits, Options, Place, Tell};
pub use survey::{Level, Survey};
pub use trace::{Failure, Families, Kind, Outcome, Question, ReplyHead, Resolution, Server, Step};

/// RFC 8767 §5: when there is an expired answer, nobody waits longer than this for a new one.
const STALE_AFTER: Duration = Duration::from_millis(1800);
/// RFC 8767 §4: an expired answer may be used for this many seconds more.
const STALE_TTL: u32 = 30;

/// A resolver. Clones share its cache.
pub struct Resolver<N: Net>(Rc<Inner<N>>);

impl<N: Net> Clone for Resolver<N> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

struct Inner<N: Net> {
    net: N,
    options: Options,
    cache: RefCell<Cache>,
    servers: RefCell<Servers>,
    chance: RefCell<ChaCha8Rng>,
    /// What was resolved so far, the newest last; at most [`REMEMBERED`].
    done: RefCell<Vec<Resolution>>,
}

/// So many resolutions are kept to look at.
const REMEMBERED: usize = 1000;

impl<N: Net> Resolver<N> {
    /// A resolver that knows nothing but its hints. `seed` decides the ids of its queries: on a real network it must not be guessable.
    #[must_use]
    pub fn new(net: N, options: Options, seed: u64) -> Self {
        let cache = RefCell::new(Cache::new(options.limits.cache));
        let chance = RefCell::new(ChaCha8Rng::seed_from_u64(seed));
        let (servers, done) = (RefCell::default(), RefCell::default());
        Self(Rc::new(Inner { net, options, cache, servers, chance, done }))
    }

    /// Looks up a name. What was done for it is in the result, and kept in [`Self::done`].
    pub async fn resolve(&self, name: &Name, kind: RecordType) -> Resolution {
        self.resolve_for(name, kind, None).await
    }

    /// As [`Self::resolve`], for a client in this subnet: name servers are told so, where the options allow it (RFC 7871).
    pub async fn resolve_for(&self, name: &Name, kind: RecordType, client: Option<Subnet>) -> Resolution {
        let question = Question { name: name.clone(), kind };
        let mut work = Work::new(self.0.net.now(), client);
        let began = work.began;
        let outcome = self.outcome(&mut work, &question).await;
        let of = work.of;
        let resolution = Resolution { question, steps: work.steps, outcome, began, ended: self.0.net.now(), of };
        let mut done = self.0.done.borrow_mut();
        if done.len() < REMEMBERED {
            done.push(resolution.clone());
        }
        resolution
    }

    /// What was resolved so far, in order.
    #[must_use]
    pub fn done(&self) -> Vec<Resolution> {
        self.0.done.borrow().clone()
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.0.cache.borrow_mut().clear();
    }

    async fn outcome(&self, work: &mut Work, question: &Question) -> Outcome {
        let now = self.0.net.now();
        if let Some(failure) = self.0.cache.borrow().failed(question, now) {
            return self.stale(work, question).unwrap_or(Outcome::Failed(Failure::Before(failure.to_string())));
        }
        let has_stale = self.expired(question).is_some();
        let limit = if has_stale { STALE_AFTER } else { self.0.options.limits.time };
        let ended = within(&self.0.net, limit, self.follow(work, question)).await;
        match ended.unwrap_or(Err(Failure::Time(limit))) {
            Ok(Ended::Records(records)) => Outcome::Answer(records),
            Ok(Ended::NoData(aliases, soa)) => Outcome::NoData { aliases, soa },
            Ok(Ended::NoName(aliases, soa)) => Outcome::NoName { aliases, soa },
            Err(failure) => {
                let now = self.0.net.now();
                self.0.cache.borrow_mut().fail(question.clone(), failure.clone(), now);
                self.stale(work, question).unwrap_or(Outcome::Failed(failure))
            }
        }
    }

    fn expired(&self, question: &Question) -> Option<(Vec<hickory_proto::rr::Record>, u32)> {
        let most = self.0.options.serve_stale?;
        self.0.cache.borrow().stale(question, self.0.net.now(), most)
    }

    /// An expired answer, where that is wished for and there is one.
    fn stale(&self, work: &mut Work, question: &Question) -> Option<Outcome> {
        let (mut records, age) = self.expired(question)?;
        records.iter_mut().for_each(|it| it.ttl = STALE_TTL);
        work.step(self, Name::root(), question, Kind::Stale { age }, records.iter().map(say).collect());
        Some(Outcome::Answer(records))
    }

    /// 16 bits that nobody can guess who does not see the query (RFC 5452 §4.3).
    fn id(&self) -> u16 {
        u16::try_from(self.0.chance.borrow_mut().next_u32() >> 16).expect("16 bits remain")
    }
}
