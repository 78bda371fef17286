//! An answer held against the keys of its zone: each set's signature, and the proof of what is not there (RFC 4035 §5.3, §5.4).
use hickory_proto::rr::{Name, Record, RecordType};

use super::Resolver;
use super::cache::Delegation;
use super::chain::{Keys, Source};
use super::judge::{Judged, Verdict, synthesises};
use super::security::{Check, Link, Proof, Status};
use super::trace::{Failure, Question};
use super::walk::Work;
use crate::net::Net;
use crate::services::dns::dnssec::{Absence, Effort, Flaw, Good, Proofs, Zone, nsec, nsec3, rrsig};

/// Proofs in one answer, at most: three are needed.
const MOST_PROOFS: usize = 8;

/// What an answer came to: its proof, and the TTL it may have at most.
pub(super) type Validated = (Proof, u32);

/// The answer that is being checked.
#[derive(Clone, Copy)]
pub(super) struct Answer<'a> {
    pub(super) here: &'a Delegation,
    pub(super) question: &'a Question,
    pub(super) judged: &'a Judged,
    pub(super) source: Source,
}

impl<N: Net> Resolver<N> {
    /// Checks an answer, when this question's are checked.
    pub(super) async fn validate(
        &self,
        work: &mut Work,
        here: &Delegation,
        question: &Question,
        judged: &Judged,
    ) -> Result<Validated, Failure> {
        let mut proof = Proof::of(&judged.evidence);
        if !work.is_checking() {
            return Ok((proof, u32::MAX));
        }
        let answer = Answer { here, question, judged, source: work.source() };
        let (mut status, mut most) = (Status::Secure, u32::MAX);
        // RFC 6672 §5.3.1: an alias that a DNAME record makes has no signature: the record has.
        let made_by = |alias| judged.evidence.answers.iter().find(|it| synthesises(it, alias));
        let signed = |alias| vec![made_by(alias).unwrap_or(alias).clone()];
        let mut sets: Vec<Vec<Record>> = judged.chain.iter().map(signed).collect();
        if let Verdict::Records(records) = &judged.verdict {
            // Who asks for the alias itself gets one as well.
            sets.push(if let [alias] = records.as_slice() { signed(alias) } else { records.clone() });
        }
        let mut held = Vec::new();
        for set in &sets {
            let (of_set, ttl) = self.check_set(work, answer, set, &mut held).await?;
            (status, most) = (status.max(of_set), most.min(ttl));
        }
        if matches!(judged.verdict, Verdict::NoData(_) | Verdict::NoName(_)) {
            let (of_denial, ttl) = self.check_denial(work, answer, &mut held).await?;
            (status, most) = (status.max(of_denial), most.min(ttl));
        }
        proof.status = status;
        if status == Status::Secure {
            proof.only(&held);
        }
        Ok((proof, most))
    }

    /// The keys that may have signed what stands at a name: those of the zone that was asked, or of one below on the same server.
    pub(super) async fn keys_for(
        &self,
        work: &mut Work,
        answer: Answer<'_>,
        name: &Name,
        (kind, signer): (RecordType, Option<&Name>),
    ) -> Result<(Name, Keys), Failure> {
        let here = answer.here;
        let own = self.keys_of(work, here).await?;
        // RFC 4035 §3.1.4.1: a DS record is the zone's above: no zone vouches for itself.
        let lowest = if kind == RecordType::DS { name.base_name() } else { name.clone() };
        let below = |zone: &Name| *zone != here.zone && here.zone.zone_of(zone) && zone.zone_of(&lowest);
        if matches!(own, Keys::Without(_)) {
            return Ok((here.zone.clone(), own));
        }
        if let Some(zone) = signer.filter(|it| below(it)) {
            let zone = Delegation { zone: zone.clone(), ..here.clone() };
            if Box::pin(self.is_zone(work, &zone.zone)).await? {
                let keys = Box::pin(self.keys_of(work, &zone)).await?;
                return Ok((zone.zone, keys));
            }
        }
        if signer.is_none() {
            // No signature: a zone below without keys may begin between here and the name.
            for labels in here.zone.iter().count() + 1..=lowest.iter().count() {
                let zone = lowest.trim_to(labels);
                let apart = Box::pin(self.is_unsigned(work, &zone)).await?;
                if let Some(status) = apart {
                    return Ok((zone, Keys::Without(status)));
                }
            }
        }
        Ok((here.zone.clone(), own))
    }

    /// Checks one set of records.
    async fn check_set(
        &self,
        work: &mut Work,
        answer: Answer<'_>,
        set: &[Record],
        held: &mut Vec<Record>,
    ) -> Result<(Status, u32), Failure> {
        let Some(first) = set.first() else { return Ok((Status::Secure, u32::MAX)) };
        let (name, kind) = (first.name.clone(), first.record_type());
        let records = &answer.judged.evidence;
        let of_set = |it: &&Record| it.name == name && rrsig(it).is_some_and(|it| it.input().type_covered == kind);
        let signer = records.answers.iter().find(of_set).and_then(rrsig).map(|it| it.input().signer_name.clone());
        let (zone, keys) = self.keys_for(work, answer, &name, (kind, signer.as_ref())).await?;
        let what = format!("{name} {kind}");
        let about = (zone.clone(), Link::Records, what);
        let keys = match keys {
            Keys::Trusted(keys) => keys,
            Keys::Without(status) => return Ok((self.unsigned(work, answer, about, status), u32::MAX)),
        };
        let zone = Zone { name: &zone, keys: &keys, now: self.today() };
        let outcome = zone.verify(set, &records.answers, &mut work.effort).and_then(|good| {
            let Some(encloser) = &good.encloser else { return Ok((good, Absence::Proved)) };
            let found = proofs(zone, &records.authorities, &mut work.effort)?;
            let absence = Proofs::of(zone.name, &found.proofs)?.nothing_nearer(&name, encloser, kind)?;
            held.extend(found.all());
            Ok((good, absence))
        });
        self.outcome_of(work, answer, about, outcome)
    }

    /// Checks the proof of a negative answer.
    async fn check_denial(
        &self,
        work: &mut Work,
        answer: Answer<'_>,
        held: &mut Vec<Record>,
    ) -> Result<(Status, u32), Failure> {
        let records = &answer.judged.evidence.authorities;
        let name = answer.judged.end(&answer.question.name);
        let kind = answer.question.kind;
        let signer = records.iter().find_map(rrsig).map(|it| it.input().signer_name.clone());
        let (zone, keys) = self.keys_for(work, answer, &name, (kind, signer.as_ref())).await?;
        let no_name = matches!(answer.judged.verdict, Verdict::NoName(_));
        let what =
            if no_name { format!("that there is no {name}") } else { format!("that {name} has no {kind} record") };
        let about = (zone.clone(), Link::Denial, what);
        let keys = match keys {
            Keys::Trusted(keys) => keys,
            Keys::Without(status) => return Ok((self.unsigned(work, answer, about, status), u32::MAX)),
        };
        let zone = Zone { name: &zone, keys: &keys, now: self.today() };
        let outcome = proofs(zone, records, &mut work.effort).and_then(|it| {
            let found = Proofs::of(zone.name, &it.proofs)?;
            let absence = if no_name { found.no_name(&name)? } else { found.no_data(&name, kind)? };
            let missing = || Flaw::NotProved { zone: zone.name.clone(), name: name.clone(), kind };
            let good = it.good.clone().ok_or_else(missing)?;
            held.extend(it.all());
            Ok((good, absence))
        });
        self.outcome_of(work, answer, about, outcome)
    }

    fn unsigned(
        &self,
        work: &mut Work,
        answer: Answer<'_>,
        (zone, link, what): (Name, Link, String),
        status: Status,
    ) -> Status {
        let says = format!("{what} is used without proof");
        let check = Check { status, link, zone, what: says, good: None, flaw: None, code: None, source: answer.source };
        work.checked(self, answer.question, check);
        status
    }

    fn outcome_of(
        &self,
        work: &mut Work,
        answer: Answer<'_>,
        (zone, link, what): (Name, Link, String),
        outcome: Result<(Good, Absence), Flaw>,
    ) -> Result<(Status, u32), Failure> {
        let check =
            |status, good| Check { status, link, zone, what, good, flaw: None, code: None, source: answer.source };
        match outcome {
            Ok((good, absence)) => {
                let ttl = good.ttl;
                let status = if absence == Absence::OptOut { Status::Insecure } else { Status::Secure };
                work.checked(self, answer.question, check(status, Some(good)));
                Ok((status, ttl))
            }
            // RFC 9276 §3.2: as if the zone were not signed.
            Err(flaw @ Flaw::Iterations { .. }) => {
                let flawed =
                    Check { flaw: Some(flaw.to_string()), code: Some(flaw.code()), ..check(Status::Insecure, None) };
                work.checked(self, answer.question, flawed);
                Ok((Status::Insecure, u32::MAX))
            }
            Err(flaw) => Err(work.bogus(self, answer.question, check(Status::Bogus, None), &flaw)),
        }
    }
}

/// Proofs whose signatures hold.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) proofs: Vec<Record>,
    /// The signature that holds over each.
    signatures: Vec<Record>,
    /// What one of them says.
    pub(super) good: Option<Good>,
}

impl Held {
    fn all(self) -> impl Iterator<Item = Record> {
        self.proofs.into_iter().zip(self.signatures).flat_map(|(proof, signature)| [proof, signature])
    }
}

/// The proofs among these records. All of them hold, or it is a flaw: none goes on that nobody looked at.
pub(super) fn proofs(zone: Zone<'_>, records: &[Record], effort: &mut Effort) -> Result<Held, Flaw> {
    let mut held = Held::default();
    let all: Vec<&Record> = records.iter().filter(|it| nsec(it).is_some() || nsec3(it).is_some()).collect();
    if all.len() > MOST_PROOFS {
        return Err(Flaw::ManyProofs { zone: zone.name.clone(), most: MOST_PROOFS });
    }
    for record in all {
        let (good, signature) = zone.signature(std::slice::from_ref(record), records, effort)?;
        // A proof stands at its own name: a wildcard would make one for every name.
        if good.encloser.is_some() {
            let (name, kind) = (record.name.clone(), record.record_type());
            return Err(Flaw::Wildcard { zone: zone.name.clone(), name, kind });
        }
        held.proofs.push(record.clone());
        held.signatures.push(signature.clone());
        held.good = held.good.or(Some(good));
    }
    Ok(held)
}
