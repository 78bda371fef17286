//! The chain of trust from the root's key down: which keys a zone has, and who vouches for them (RFC 4035 §5).
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use hickory_proto::dnssec::rdata::{DNSKEY, DS, RRSIG};
use hickory_proto::rr::{Name, Record, RecordType};

use super::Resolver;
use super::cache::Delegation;
use super::judge::{Judged, Verdict};
use super::security::{Bogus, Check, Link, Status};
use super::trace::{Failure, Kind, Question};
use super::validate::Answer;
use super::walk::{One, Work};
use crate::net::Net;
use crate::recording::Time;
use crate::services::dns::dnssec::{Absence, Date, Flaw, Good, Proofs, Vouched, Zone, ds, keys, rrsig};

/// What is known of a zone's keys.
#[derive(Clone, Debug)]
pub(super) enum Keys {
    /// These may sign its records.
    Trusted(Rc<[DNSKEY]>),
    /// None, and that is no mistake.
    Without(Status),
}

/// What the zone above says about a zone's keys.
#[derive(Clone, Debug)]
pub(super) enum Above {
    Signed(Vec<DS>),
    /// It is proved that it says nothing.
    Unsigned(Status),
    /// It is proved that no zone begins there.
    NoZone,
}

/// The exchange that brought something: with whom, from when until when.
pub(super) type Source = Option<(SocketAddr, Time, Time)>;

impl<N: Net> Resolver<N> {
    /// The date.
    pub(super) fn today(&self) -> Date {
        let since = Duration::from_nanos(self.0.net.now().0);
        self.0.options.trust.as_ref().map_or(Date(0), |it| it.began.plus(since))
    }

    /// The keys of a zone, by the chain from the root; asks for what is not known yet.
    pub(super) async fn keys_of(&self, work: &mut Work, zone: &Delegation) -> Result<Keys, Failure> {
        let now = self.0.net.now();
        if let Some(keys) = self.0.cache.borrow().keys(&zone.zone, now) {
            return Ok(keys);
        }
        let vouched = match self.above(work, &zone.zone).await? {
            Above::Signed(vouched) => vouched,
            Above::Unsigned(status) => return Ok(Keys::Without(status)),
            Above::NoZone => {
                let flaw =
                    Flaw::NotProved { zone: zone.zone.base_name(), name: zone.zone.clone(), kind: RecordType::DS };
                return Err(Failure::Bogus(Bogus::from(&flaw)));
            }
        };
        let question = Question { name: zone.zone.clone(), kind: RecordType::DNSKEY };
        let judged = self.ask_zone(work, zone, &question, &question).await?;
        let source = work.source();
        let Judged { verdict, evidence, .. } = judged;
        let set = if let Verdict::Records(set) = verdict { set } else { Vec::new() };
        let checked = keys((&zone.zone, self.today()), &vouched, &set, &evidence.answers, &mut work.effort);
        let check = |status, good| Check {
            status,
            link: Link::Keys,
            zone: zone.zone.clone(),
            what: question.to_string(),
            good,
            flaw: None,
            code: None,
            source,
        };
        match checked {
            Ok(Vouched::Keys(keys, good)) => {
                let ttl = set.iter().map(|it| it.ttl).min().unwrap_or_default().min(good.ttl);
                let keys = Keys::Trusted(keys.into());
                self.0.cache.borrow_mut().keep_keys(zone.zone.clone(), keys.clone(), (self.0.net.now(), ttl));
                work.checked(self, &question, check(Status::Secure, Some(*good)));
                Ok(keys)
            }
            Ok(Vouched::Unknown) => {
                work.checked(self, &question, check(Status::Insecure, None));
                Ok(Keys::Without(Status::Insecure))
            }
            Err(flaw) => Err(work.bogus(self, &question, check(Status::Bogus, None), &flaw)),
        }
    }

    /// What the zone above says about this one's keys: the trust anchor for the root, else its DS records.
    async fn above(&self, work: &mut Work, zone: &Name) -> Result<Above, Failure> {
        if zone.is_root() {
            let anchors = self.0.options.trust.as_ref().map_or(Vec::new(), |it| it.anchors.clone());
            return Ok(if anchors.is_empty() {
                Above::Unsigned(Status::Indeterminate)
            } else {
                Above::Signed(anchors)
            });
        }
        let now = self.0.net.now();
        if let Some(above) = self.0.cache.borrow().above(zone, now) {
            return Ok(above);
        }
        let question = Question { name: zone.clone(), kind: RecordType::DS };
        let (one, proof) = Box::pin(self.one(work, &question)).await?;
        let (above, ttl) = match one {
            One::Records(records) if proof.status == Status::Secure => {
                let ttl = records.iter().map(|it| it.ttl).min().unwrap_or_default();
                (Above::Signed(records.iter().filter_map(ds).cloned().collect()), ttl)
            }
            One::NoData(_, soa) if proof.status == Status::Secure => {
                let above = if is_cut(&proof.denial, zone) { Above::Unsigned(Status::Insecure) } else { Above::NoZone };
                (above, soa.map_or(0, |it| it.ttl))
            }
            _ if proof.status == Status::Secure => (Above::NoZone, 0),
            _ => (Above::Unsigned(proof.status), 0),
        };
        self.0.cache.borrow_mut().keep_above(zone.clone(), above.clone(), (self.0.net.now(), ttl));
        Ok(above)
    }

    /// Whether it is proved that a zone below begins there and has no keys: then how far its records can be trusted.
    pub(super) async fn is_unsigned(&self, work: &mut Work, zone: &Name) -> Result<Option<Status>, Failure> {
        Ok(match self.above(work, zone).await? {
            Above::Unsigned(status) => Some(status),
            Above::Signed(_) | Above::NoZone => None,
        })
    }

    /// Whether a zone begins there.
    pub(super) async fn is_zone(&self, work: &mut Work, zone: &Name) -> Result<bool, Failure> {
        Ok(!matches!(self.above(work, zone).await?, Above::NoZone))
    }

    /// Holds a referral against the keys of the zone that refers: what it says of the zone below is kept.
    pub(super) async fn check_referral(
        &self,
        work: &mut Work,
        (here, next): (&Delegation, &Delegation),
        question: &Question,
        judged: &Judged,
    ) -> Result<(), Failure> {
        let source = work.source();
        let records = &judged.evidence.authorities;
        // The server may have a zone between the two, which then is the one that refers.
        let signer = records.iter().find_map(rrsig).map_or(&here.zone, |it| &it.input().signer_name);
        let answer = Answer { here, question, judged, source };
        let (zone, trusted) = match self.keys_for(work, answer, &next.zone, (RecordType::DS, Some(signer))).await? {
            (zone, Keys::Trusted(keys)) => (zone, keys),
            (_, Keys::Without(status)) => {
                let now = (self.0.net.now(), next.ttl);
                self.0.cache.borrow_mut().keep_above(next.zone.clone(), Above::Unsigned(status), now);
                return Ok(());
            }
        };
        let zone = Zone { name: &zone, keys: &trusted, now: self.today() };
        let about = (&next.zone, question, source);
        let set: Vec<_> = records.iter().filter(|it| it.name == next.zone && ds(it).is_some()).cloned().collect();
        let (above, ttl) = if set.is_empty() {
            // A referral that says nothing: the DS record is asked for when it is needed.
            let Some(ttl) = self.no_key(work, zone, about, records)? else { return Ok(()) };
            (Above::Unsigned(Status::Insecure), ttl)
        } else {
            let good = match zone.verify(&set, records, &mut work.effort) {
                Ok(good) => good,
                Err(flaw) => {
                    return Err(work.bogus(self, question, delegation(zone, about, Status::Bogus, None), &flaw));
                }
            };
            let ttl = set.iter().map(|it| it.ttl).min().unwrap_or_default().min(good.ttl);
            work.checked(self, question, delegation(zone, about, Status::Secure, Some(good)));
            (Above::Signed(set.iter().filter_map(ds).cloned().collect()), ttl)
        };
        self.0.cache.borrow_mut().keep_above(next.zone.clone(), above, (self.0.net.now(), ttl.min(86_400)));
        Ok(())
    }

    /// The proof that the zone above knows no key of the zone below, if the referral brings one: for how long it holds.
    fn no_key(
        &self,
        work: &mut Work,
        zone: Zone<'_>,
        about: (&Name, &Question, Source),
        records: &[Record],
    ) -> Result<Option<u32>, Failure> {
        let (below, question, _) = about;
        let outcome = super::validate::proofs(zone, records, &mut work.effort).and_then(|held| {
            let Some(good) = held.good else { return Ok(None) };
            let found = Proofs::of(zone.name, &held.proofs)?;
            let absence = found.no_data(below, RecordType::DS)?;
            // RFC 6840 §4.4: a zone begins where NS records are. Any host's own proof shows no DS either.
            if absence == Absence::Proved && !found.is_cut(below) {
                return Err(Flaw::NotProved { zone: zone.name.clone(), name: below.clone(), kind: RecordType::NS });
            }
            Ok(Some(good))
        });
        match outcome {
            Ok(Some(good)) => {
                let ttl = good.ttl;
                work.checked(self, question, delegation(zone, about, Status::Insecure, Some(good)));
                Ok(Some(ttl))
            }
            Ok(None) => Ok(None),
            Err(flaw @ Flaw::Iterations { .. }) => {
                let check = Check {
                    flaw: Some(flaw.to_string()),
                    code: Some(flaw.code()),
                    ..delegation(zone, about, Status::Insecure, None)
                };
                work.checked(self, question, check);
                Ok(Some(0))
            }
            Err(flaw) => Err(work.bogus(self, question, delegation(zone, about, Status::Bogus, None), &flaw)),
        }
    }
}

/// Whether a proof that held says that a zone begins at the name. Who says it is in the signatures: a server may have the zones
/// above and below, and refer to neither. A secure proof has only such records and signatures as were checked, but for its SOA's.
fn is_cut(denial: &[Record], name: &Name) -> bool {
    let checked = |it: &&RRSIG| it.input().type_covered != RecordType::SOA;
    let signers: BTreeSet<&Name> =
        denial.iter().filter_map(rrsig).filter(checked).map(|it| &it.input().signer_name).collect();
    signers.into_iter().any(|zone| Proofs::of(zone, denial).is_ok_and(|it| it.is_cut(name)))
}

/// A check of what a zone says about the one below.
fn delegation(
    zone: Zone<'_>,
    (below, _, source): (&Name, &Question, Source),
    status: Status,
    good: Option<Good>,
) -> Check {
    let what = if status == Status::Insecure { below.to_string() } else { format!("{below} DS") };
    Check { status, link: Link::Delegation, zone: zone.name.clone(), what, good, flaw: None, code: None, source }
}

impl Work {
    /// The exchange before.
    pub(super) fn source(&self) -> Source {
        let step = self.steps.iter().rev().find(|it| it.server.is_some())?;
        Some((step.server.as_ref()?.address, step.at, step.until))
    }

    /// A check as a step.
    pub(super) fn checked<N: Net>(&mut self, resolver: &Resolver<N>, question: &Question, check: Check) {
        let zone = check.zone.clone();
        self.step(resolver, zone, question, Kind::Checked(Box::new(check)), Vec::new());
    }

    /// A check that failed, as a step; and the failure.
    pub(super) fn bogus<N: Net>(
        &mut self,
        resolver: &Resolver<N>,
        question: &Question,
        check: Check,
        flaw: &Flaw,
    ) -> Failure {
        let check = Check { flaw: Some(flaw.to_string()), code: Some(flaw.code()), ..check };
        self.checked(resolver, question, check);
        Failure::Bogus(Bogus::from(flaw))
    }
}
