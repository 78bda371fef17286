//! An iterative resolver (RFC 1034 §5.3.3): from the servers of the root down to an answer, each step explained.
mod ask;
mod cache;
mod chain;
mod judge;
mod nearby;
mod options;
mod privacy;
mod recursive;
mod security;
mod servers;
mod survey;
#[cfg(test)]
mod tests;
mod trace;
mod validate;
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

pub use ask::Came;
pub use judge::{address, say};
pub use options::{Hints, Limits, Options, Place, Tell};
pub use security::{Bogus, Check, Link, Proof, Status, Trust};
pub use survey::{Agreement, Level, Survey, Word};
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
        self.search(name, kind, None, true).await
    }

    /// As [`Self::resolve`], for a client in this subnet: name servers are told so, where the options allow it (RFC 7871).
    pub async fn resolve_for(&self, name: &Name, kind: RecordType, client: Option<Subnet>) -> Resolution {
        self.search(name, kind, client, true).await
    }

    /// As [`Self::resolve`], and no signature is checked, whatever the options say (RFC 4035 §3.2.2, CD).
    pub async fn resolve_unchecked(&self, name: &Name, kind: RecordType) -> Resolution {
        self.search(name, kind, None, false).await
    }

    async fn search(&self, name: &Name, kind: RecordType, client: Option<Subnet>, checking: bool) -> Resolution {
        let question = Question { name: name.clone(), kind };
        let mut work = Work::new(self.0.net.now(), client, checking && self.0.options.trust.is_some());
        let began = work.began;
        let (outcome, proof) = self.outcome(&mut work, &question).await;
        let (ended, signatures, of) = (self.0.net.now(), work.effort.checks, work.of);
        let resolution = Resolution { question, steps: work.steps, outcome, proof, signatures, began, ended, of };
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

    async fn outcome(&self, work: &mut Work, question: &Question) -> (Outcome, Proof) {
        let now = self.0.net.now();
        let failed = self.0.cache.borrow().failed(question, now);
        // Who checks for himself may have what did not hold here.
        let failed = failed.filter(|it| work.is_checking() || it.bogus().is_none());
        if let Some(failure) = failed {
            return self.failed(work, question, Failure::Before(Box::new(failure)));
        }
        let has_stale = self.expired(work, question).is_some();
        let limit = if has_stale { STALE_AFTER } else { self.0.options.limits.time };
        let ended = within(&self.0.net, limit, self.follow(work, question)).await;
        match ended.unwrap_or(Err(Failure::Time(limit))) {
            Ok((Ended::Records(records), proof)) => (Outcome::Answer(records), proof),
            Ok((Ended::NoData(aliases, soa), proof)) => (Outcome::NoData { aliases, soa }, proof),
            Ok((Ended::NoName(aliases, soa), proof)) => (Outcome::NoName { aliases, soa }, proof),
            Err(failure) => {
                let now = self.0.net.now();
                self.0.cache.borrow_mut().fail(question.clone(), failure.clone(), now);
                self.failed(work, question, failure)
            }
        }
    }

    /// What a question comes to that failed, now or a moment ago.
    fn failed(&self, work: &mut Work, question: &Question, failure: Failure) -> (Outcome, Proof) {
        let status = if failure.bogus().is_some() { Status::Bogus } else { Status::Unchecked };
        // RFC 8767 §4 is for servers that cannot be reached: what does not hold is no reason to fall back.
        let stale = if status == Status::Bogus { None } else { self.stale(work, question) };
        (stale.unwrap_or(Outcome::Failed(failure)), Proof { status, ..Proof::default() })
    }

    /// The records that are over, and how old they are; where signatures are checked, those of them that were.
    fn expired(&self, work: &Work, question: &Question) -> Option<(Vec<hickory_proto::rr::Record>, u32)> {
        let most = self.0.options.serve_stale?;
        let (records, status, age) = self.0.cache.borrow().stale(question, self.0.net.now(), most)?;
        work.takes(status).then_some((records, age))
    }

    /// An expired answer, where that is wished for and there is one.
    fn stale(&self, work: &mut Work, question: &Question) -> Option<Outcome> {
        let (mut records, age) = self.expired(work, question)?;
        records.iter_mut().for_each(|it| it.ttl = STALE_TTL);
        work.step(self, Name::root(), question, Kind::Stale { age }, records.iter().map(say).collect());
        Some(Outcome::Answer(records))
    }

    /// 16 bits that nobody can guess who does not see the query (RFC 5452 §9.2).
    fn id(&self) -> u16 {
        u16::try_from(self.0.chance.borrow_mut().next_u32() >> 16).expect("16 bits remain")
    }
}
