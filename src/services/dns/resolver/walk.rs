//! The way from the root, or from the closest zone that is known, down to an answer (RFC 1034 §5.3.3).
use hickory_proto::rr::{Name, Record, RecordType};

use super::Resolver;
use super::cache::{Delegation, Got, Known};
use super::judge::{Judged, Verdict, say};
use super::nearby::nobody;
use super::security::{Proof, Status};
use super::trace::{Failure, Kind, Question, Step};
use super::validate::Validated;
use crate::net::Net;
use crate::recording::Time;
use crate::services::dns::Subnet;
use crate::services::dns::dnssec::Effort;

/// One question's work so far.
pub(super) struct Work {
    pub(super) steps: Vec<Step>,
    pub(super) began: Time,
    pub(super) queries: u32,
    pub(super) bytes: usize,
    /// The servers whose addresses are being looked up, the innermost last.
    pub(super) wanted: Vec<Name>,
    /// What may be told of the client that asks (RFC 7871).
    pub(super) client: Option<Subnet>,
    /// The clients that the answer is for, where it is not for all.
    pub(super) of: Option<Subnet>,
    /// Signatures are checked.
    checking: bool,
    pub(super) effort: Effort,
}

/// How a question ended, after its aliases.
pub(super) enum Ended {
    Records(Vec<Record>),
    NoData(Vec<Record>, Option<Record>),
    NoName(Vec<Record>, Option<Record>),
}

/// What one name came to.
pub(super) enum One {
    Records(Vec<Record>),
    Alias(Vec<Record>, Name),
    NoData(Vec<Record>, Option<Record>),
    NoName(Vec<Record>, Option<Record>),
}

impl Work {
    pub(super) const fn new(began: Time, client: Option<Subnet>, checking: bool) -> Self {
        let effort = Effort { checks: 0 };
        Self { steps: Vec::new(), began, queries: 0, bytes: 0, wanted: Vec::new(), client, of: None, checking, effort }
    }

    /// The smaller of the subnets that the parts of the answer are for.
    fn is_for(&mut self, of: Option<Subnet>) {
        if self.wanted.is_empty() {
            self.of = [self.of, of].into_iter().flatten().max_by_key(|it| it.prefix());
        }
    }

    /// Whether signatures are checked: not those of servers' addresses, for whoever answers there proves what it says.
    pub(super) const fn is_checking(&self) -> bool {
        self.checking && self.wanted.is_empty()
    }

    /// Whether what was kept with this status is an answer: what nobody has looked at is none where signatures are checked.
    pub(super) fn takes(&self, status: Status) -> bool {
        !self.is_checking() || status != Status::Unchecked
    }

    /// How deep the question is among those about servers' addresses.
    pub(super) fn depth(&self) -> u8 {
        u8::try_from(self.wanted.len()).unwrap_or(u8::MAX)
    }

    /// A step without a query.
    pub(super) fn step<N: Net>(
        &mut self,
        resolver: &Resolver<N>,
        zone: Name,
        question: &Question,
        kind: Kind,
        believed: Vec<String>,
    ) {
        let now = resolver.0.net.now();
        let (depth, question) = (self.depth(), question.clone());
        let step =
            Step { at: now, until: now, depth, zone, question, server: None, kind, believed, refused: Vec::new() };
        self.add(resolver, step);
    }

    pub(super) fn add<N: Net>(&mut self, resolver: &Resolver<N>, step: Step) {
        let says = match (&step.server, &step.kind) {
            (Some(server), _) => format!("{}, {}: {}", step.question, server.name, step.says()),
            (None, Kind::Checked(_)) => step.says(),
            (None, _) => format!("{}, the cache: {}", step.question, step.says()),
        };
        resolver.0.net.note(says);
        if let Some(tell) = &resolver.0.options.tell {
            tell(&step);
        }
        self.steps.push(step);
    }
}

impl<N: Net> Resolver<N> {
    /// Looks up a name and follows its aliases.
    pub(super) async fn follow(&self, work: &mut Work, question: &Question) -> Result<(Ended, Proof), Failure> {
        let mut question = question.clone();
        let mut aliases: Vec<Record> = Vec::new();
        let most = self.0.options.limits.aliases;
        let mut proof = Proof { status: Status::Secure, ..Proof::default() };
        while aliases.len() <= most {
            let (one, of_one) = self.one(work, &question).await?;
            proof = proof.and(of_one);
            match one {
                One::Records(records) => return Ok((Ended::Records([aliases, records].concat()), proof)),
                One::NoData(more, soa) => return Ok((Ended::NoData([aliases, more].concat(), soa), proof)),
                One::NoName(more, soa) => return Ok((Ended::NoName([aliases, more].concat(), soa), proof)),
                One::Alias(more, target) => {
                    aliases.extend(more);
                    if aliases.iter().any(|it| it.name == target) {
                        return Err(Failure::AliasCircle(target));
                    }
                    question.name = target;
                }
            }
        }
        Err(Failure::Aliases(most))
    }

    /// Looks up one name: in the cache, then from server to server.
    pub(super) async fn one(&self, work: &mut Work, question: &Question) -> Result<(One, Proof), Failure> {
        if let Some(known) = self.cached(work, question) {
            return Ok(known);
        }
        let mut here = self.start(work, question);
        // As many labels as the zone's servers are asked for, when no more than needed are.
        let mut labels = here.zone.num_labels();
        let steps = self.0.options.limits.referrals + usize::from(question.name.num_labels());
        for _ in 0..steps {
            let asked = self.asked(question, labels.max(here.zone.num_labels()));
            let judged = self.ask_zone(work, &here, &asked, question).await?;
            let whole = asked == *question;
            if let (Verdict::Referral(next), true) = (&judged.verdict, work.is_checking()) {
                self.check_referral(work, (&here, next), &asked, &judged).await?;
            }
            let ends = !matches!(judged.verdict, Verdict::Referral(_))
                && (whole || matches!(judged.verdict, Verdict::NoName(_)));
            let proof = if ends { self.validate(work, &here, &asked, &judged).await? } else { Default::default() };
            let Judged { chain, verdict, of, .. } = judged;
            match verdict {
                Verdict::Referral(next) => {
                    self.0.cache.borrow_mut().delegate(next.clone(), self.0.net.now());
                    here = next;
                }
                // The name does not exist, so nothing below it does (RFC 8020).
                Verdict::NoName(soa) => {
                    return Ok(self.keep(work, &asked, (chain, of), One::NoName(Vec::new(), soa), proof));
                }
                _ if !whole => labels = asked.name.num_labels(),
                Verdict::Records(records) => {
                    return Ok(self.keep(work, question, (chain, of), One::Records(records), proof));
                }
                Verdict::Alias(target) => {
                    return Ok(self.keep(work, question, (chain, of), One::Alias(Vec::new(), target), proof));
                }
                Verdict::NoData(soa) => {
                    return Ok(self.keep(work, question, (chain, of), One::NoData(Vec::new(), soa), proof));
                }
                Verdict::Truncated | Verdict::Refused(_) | Verdict::Lame(_) => {
                    return Err(Failure::Servers { zone: here.zone, why: Vec::new() });
                }
            }
        }
        Err(Failure::Referrals(self.0.options.limits.referrals))
    }

    /// What the cache knows: the answer, or an alias.
    fn cached(&self, work: &mut Work, question: &Question) -> Option<(One, Proof)> {
        let now = self.0.net.now();
        let alias = Question { name: question.name.clone(), kind: RecordType::CNAME };
        let client = self.client(work);
        let Got { known, proof, left, of } = {
            let cache = self.0.cache.borrow();
            let usable = |it: &Got| work.takes(it.proof.status);
            let an_alias = |it: &Got| matches!(it.known, Known::Records(_));
            cache
                .get(question, client, now)
                .filter(usable)
                .or_else(|| cache.get(&alias, client, now).filter(usable).filter(an_alias))?
        };
        work.is_for(of);
        let (one, mut told): (_, Vec<String>) = match known {
            Known::Records(records) => {
                let told = records.iter().map(say).collect();
                let target = records.first().and_then(|it| match &it.data {
                    hickory_proto::rr::RData::CNAME(target) if question.kind != RecordType::CNAME => {
                        Some(target.0.clone())
                    }
                    _ => None,
                });
                (target.map_or_else(|| One::Records(records.clone()), |it| One::Alias(records.clone(), it)), told)
            }
            Known::NoData(soa) => (One::NoData(Vec::new(), soa), vec!["there is no record of this type".to_owned()]),
            Known::NoName(soa) => (One::NoName(Vec::new(), soa), vec!["there is no such name".to_owned()]),
        };
        told.extend(of.map(|it| format!("for the clients of {it}")));
        work.step(self, question.name.clone(), question, Kind::Cached { left }, told);
        Some((one, proof))
    }

    /// Where the way begins: at the closest zone whose servers are known, at last at the root.
    fn start(&self, work: &mut Work, question: &Question) -> Delegation {
        // The servers of a zone do not have its DS record; those above do (RFC 4035 §3.1.4.1).
        let name = if question.kind == RecordType::DS { question.name.base_name() } else { question.name.clone() };
        let known = self.0.cache.borrow().closest(&name, self.0.net.now());
        let Some((delegation, left)) = known else {
            let servers = self.0.options.hints.clone();
            return Delegation { zone: Name::root(), servers, ttl: u32::MAX };
        };
        let told = delegation.servers.iter().map(|(name, _)| format!("{} NS {name}", delegation.zone)).collect();
        work.step(self, delegation.zone.clone(), question, Kind::Known { left }, told);
        delegation
    }

    /// What a zone's servers are asked: the whole question, or one label more than is known (RFC 9156 §2), by type A (§2.1).
    fn asked(&self, question: &Question, labels: u8) -> Question {
        let next = labels.saturating_add(1);
        if !self.0.options.minimise || next >= question.name.num_labels() {
            return question.clone();
        }
        Question { name: question.name.trim_to(next.into()), kind: RecordType::A }
    }

    /// Remembers what a name came to, with the aliases before it; nothing for longer than its signatures hold.
    fn keep(
        &self,
        work: &mut Work,
        question: &Question,
        (mut chain, of): (Vec<Record>, Option<Subnet>),
        one: One,
        (proof, most): Validated,
    ) -> (One, Proof) {
        work.is_for(of.filter(|it| *it != nobody()));
        let now = self.0.net.now();
        let mut cache = self.0.cache.borrow_mut();
        chain.iter_mut().for_each(|it| it.ttl = it.ttl.min(most));
        let one = one.at_most(most);
        for alias in &chain {
            let key = Question { name: alias.name.clone(), kind: RecordType::CNAME };
            let known = (Known::Records(vec![alias.clone()]), proof.about(&alias.name));
            cache.put(key, known, of, now);
        }
        let end = chain.last().and_then(|it| match &it.data {
            hickory_proto::rr::RData::CNAME(target) => Some(target.0.clone()),
            _ => None,
        });
        let key = Question { name: end.unwrap_or_else(|| question.name.clone()), kind: question.kind };
        let known = match &one {
            One::Records(records) => Known::Records(records.clone()),
            One::NoData(_, soa) => Known::NoData(soa.clone()),
            One::NoName(_, soa) => Known::NoName(soa.clone()),
            One::Alias(..) => return (with_chain(chain, one), proof),
        };
        let of_end = proof.about(&key.name);
        cache.put(key, (known, of_end), of, now);
        drop(cache);
        (with_chain(chain, one), proof)
    }
}

impl One {
    /// The same with TTLs of so many seconds at most.
    fn at_most(mut self, most: u32) -> Self {
        match &mut self {
            Self::Records(records) | Self::Alias(records, _) => {
                records.iter_mut().for_each(|it| it.ttl = it.ttl.min(most))
            }
            Self::NoData(_, soa) | Self::NoName(_, soa) => soa.iter_mut().for_each(|it| it.ttl = it.ttl.min(most)),
        }
        self
    }
}

fn with_chain(chain: Vec<Record>, one: One) -> One {
    match one {
        One::Records(records) => One::Records([chain, records].concat()),
        One::Alias(_, target) => One::Alias(chain, target),
        One::NoData(_, soa) => One::NoData(chain, soa),
        One::NoName(_, soa) => One::NoName(chain, soa),
    }
}
