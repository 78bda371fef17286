//! What an answer says, and how much of it is believed: the bailiwick rules (RFC 2181 §5.4.1, RFC 5452 §6).
//!
//! A server is asked because a zone was delegated to it. It is believed about names at and below that zone, and about
//! nothing else, however much else it says.
use std::collections::BTreeMap;
use std::net::IpAddr;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

use super::cache::Delegation;
use super::security::Evidence;
use super::trace::Question;
use crate::services::dns::Subnet;
use crate::services::dns::dnssec::dname;

/// No answer has a longer chain of aliases in it.
const CHAIN: usize = 12;
/// More servers of a zone than this are not kept.
const SERVERS: usize = 13;
/// More addresses of one server than this are not kept.
const ADDRESSES: usize = 4;
/// RFC 2181 §8: a TTL has 31 bits; no record is kept for longer than a day here.
const LONGEST: u32 = 86_400;
/// RFC 2308 §5: what does not exist is not remembered for longer than three hours.
const LONGEST_NEGATIVE: u32 = 10_800;

/// An answer, taken apart.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    /// Aliases from the name that was asked for, in order.
    pub(super) chain: Vec<Record>,
    pub(super) verdict: Verdict,
    pub(super) believed: Vec<String>,
    pub(super) refused: Vec<String>,
    /// The clients it is for; `None` for all.
    pub(super) of: Option<Subnet>,
    pub(super) evidence: Evidence,
}

impl Judged {
    /// The name at the end of the aliases.
    pub(super) fn end(&self, name: &Name) -> Name {
        match self.chain.last().map(|it| &it.data) {
            Some(RData::CNAME(target)) => target.0.clone(),
            _ => name.clone(),
        }
    }
}

impl Judged {
    /// How many seconds what was believed may be kept, where anything was.
    pub(super) fn ttl(&self) -> Option<u32> {
        let least = |records: &[Record]| records.iter().map(|it| it.ttl).min();
        let end = match &self.verdict {
            Verdict::Records(records) => least(records),
            Verdict::Referral(delegation) => Some(delegation.ttl),
            Verdict::NoData(soa) | Verdict::NoName(soa) => soa.as_ref().map(|it| it.ttl),
            Verdict::Alias(_) | Verdict::Truncated | Verdict::Refused(_) | Verdict::Lame(_) => None,
        };
        least(&self.chain).into_iter().chain(end).min()
    }
}

/// What it comes to, at the end of its aliases.
#[derive(Clone, Debug)]
pub(super) enum Verdict {
    Records(Vec<Record>),
    Alias(Name),
    Referral(Delegation),
    NoData(Option<Record>),
    NoName(Option<Record>),
    Truncated,
    Refused(ResponseCode),
    Lame(String),
}

/// What a server of `zone` answered to a question.
pub(super) fn judge(zone: &Name, question: &Question, reply: &Message) -> Judged {
    let mut judge = Judge { zone, question, reply, believed: Vec::new(), refused: Vec::new() };
    let (chain, verdict) = judge.verdict();
    let records: &[Record] = if let Verdict::Records(records) = &verdict { records } else { &[] };
    let is_answer = |record: &Record| records.iter().any(|it| it.name == record.name && it.data == record.data);
    let is_proof = |it: &&Record| is_dnssec(it) || is_dname(it) && !is_answer(it);
    let proofs = |records: &[Record]| records.iter().filter(is_proof).cloned().collect();
    let evidence = Evidence { answers: proofs(&reply.answers), authorities: proofs(&reply.authorities) };
    Judged { chain, verdict, believed: judge.believed, refused: judge.refused, of: None, evidence }
}

struct Judge<'a> {
    zone: &'a Name,
    question: &'a Question,
    reply: &'a Message,
    believed: Vec<String>,
    refused: Vec<String>,
}

impl Judge<'_> {
    fn verdict(&mut self) -> (Vec<Record>, Verdict) {
        let head = &self.reply.metadata;
        let none = |verdict| (Vec::new(), verdict);
        if head.truncation {
            return none(Verdict::Truncated);
        }
        if !matches!(head.response_code, ResponseCode::NoError | ResponseCode::NXDomain) {
            return none(Verdict::Refused(head.response_code));
        }
        if let Some(referral) = self.referral() {
            return none(referral);
        }
        if !head.authoritative {
            return none(Verdict::Lame(self.without_authority()));
        }
        let (chain, end) = self.chain();
        let records = self.answers(&end);
        self.leftovers(&chain, &records);
        if !records.is_empty() {
            self.believe(&records);
            return (chain, Verdict::Records(records));
        }
        if !chain.is_empty() {
            return (chain, self.after_aliases(end));
        }
        let soa = self.soa(&end);
        let no_name = head.response_code == ResponseCode::NXDomain;
        none(if no_name { Verdict::NoName(soa) } else { Verdict::NoData(soa) })
    }

    /// Why an answer without AA is none.
    fn without_authority(&self) -> String {
        let zone = self.zone;
        if self.reply.metadata.recursion_available {
            return format!(
                "a resolver answered (RA is 1, AA is 0) where a server of {zone} was asked: something on the way takes DNS \
                 queries for itself"
            );
        }
        format!("it has no authority (AA is 0), and refers to no zone below {zone}")
    }

    /// A referral to a zone below, or the reason why what looks like one is none.
    fn referral(&mut self) -> Option<Verdict> {
        if !self.reply.answers.is_empty() || self.reply.metadata.response_code != ResponseCode::NoError {
            return None;
        }
        let authorities = &self.reply.authorities;
        let owner = authorities.iter().find(|it| it.record_type() == RecordType::NS).map(|it| it.name.clone())?;
        if authorities.iter().any(|it| it.record_type() == RecordType::SOA) {
            return None;
        }
        if !self.zone.zone_of(&owner) || owner == *self.zone {
            return Some(Verdict::Lame(format!("a server of {} refers to {owner}, which is not below it", self.zone)));
        }
        if !owner.zone_of(&self.question.name) {
            return Some(Verdict::Lame(format!("it refers to {owner}, and {} is not in it", self.question.name)));
        }
        Some(Verdict::Referral(self.delegation(owner)))
    }

    fn delegation(&mut self, cut: Name) -> Delegation {
        let mut servers: BTreeMap<Name, Vec<IpAddr>> = BTreeMap::new();
        let mut order = Vec::new();
        let mut ttl = LONGEST;
        for record in &self.reply.authorities {
            let RData::NS(server) = &record.data else { continue };
            if record.name != cut {
                self.refused.push(format!("{}: the referral is to {cut}", say(record)));
            } else if order.len() < SERVERS && !servers.contains_key(&server.0) {
                ttl = ttl.min(bounded(record.ttl));
                self.believed.push(say(record));
                servers.insert(server.0.clone(), Vec::new());
                order.push(server.0.clone());
            }
        }
        for record in &self.reply.additionals {
            let Some(address) = address(record) else { continue };
            match (servers.get_mut(&record.name), self.zone.zone_of(&record.name)) {
                (None, _) => self.refused.push(format!("{}: no server of {cut} has that name", say(record))),
                (Some(_), false) => {
                    let why = format!("a server of {} is not believed about names outside of it", self.zone);
                    self.refused.push(format!("{}: {why}", say(record)));
                }
                (Some(known), true) => {
                    if known.len() < ADDRESSES && !known.contains(&address) {
                        ttl = ttl.min(bounded(record.ttl));
                        known.push(address);
                        self.believed
                            .push(format!("{} (glue: for reaching the server, never as an answer)", say(record)));
                    }
                }
            }
        }
        let servers = order.into_iter().filter_map(|name| servers.remove_entry(&name)).collect();
        Delegation { zone: cut, servers, ttl }
    }

    /// The aliases from the question's name, as far as the server is believed about them; and where they end.
    fn chain(&mut self) -> (Vec<Record>, Name) {
        let (mut chain, mut name) = (Vec::<Record>::new(), self.question.name.clone());
        while self.question.kind != RecordType::CNAME && chain.len() < CHAIN && self.zone.zone_of(&name) {
            let of_name = |it: &&Record| it.name == name && it.record_type() == RecordType::CNAME;
            let Some(record) = self.reply.answers.iter().find(of_name) else { break };
            let RData::CNAME(target) = &record.data else { break };
            let made_by = self.reply.answers.iter().find(|it| synthesises(it, record));
            self.believed.extend(made_by.map(say));
            self.believed.push(say(record));
            name = target.0.clone();
            let circle = chain.iter().any(|it| it.name == name);
            chain.push(kept(record));
            if circle {
                break;
            }
        }
        (chain, name)
    }

    fn answers(&self, name: &Name) -> Vec<Record> {
        let wanted =
            |it: &&Record| it.name == *name && it.record_type() == self.question.kind && it.dns_class == DNSClass::IN;
        if !self.zone.zone_of(name) {
            return Vec::new();
        }
        let mut records: Vec<_> = self.reply.answers.iter().filter(wanted).map(kept).collect();
        // RFC 2181 §5.2: the records of a set have one TTL; if not, the lowest holds.
        let ttl = records.iter().map(|it| it.ttl).min().unwrap_or_default();
        records.iter_mut().for_each(|it| it.ttl = ttl);
        records
    }

    /// What stands in the answer beside the answer.
    fn leftovers(&mut self, chain: &[Record], records: &[Record]) {
        for record in &self.reply.answers {
            let used = |it: &Record| it.name == record.name && it.data == record.data;
            let made = is_dname(record) && chain.iter().chain(records).any(|it| synthesises(record, it));
            if chain.iter().any(used) || records.iter().any(used) || is_dnssec(record) || made {
                continue;
            }
            let why = if self.zone.zone_of(&record.name) {
                "it does not answer the question".to_owned()
            } else {
                format!("a server of {} is not believed about names outside of it", self.zone)
            };
            self.refused.push(format!("{}: {why}", say(record)));
        }
        for record in self.reply.additionals.iter().filter(|it| !is_dnssec(it)) {
            self.refused.push(format!("{}: additional records are no answer; who needs it asks", say(record)));
        }
    }

    fn believe(&mut self, records: &[Record]) {
        let makes = |it: &&Record| records.iter().any(|alias| synthesises(it, alias));
        self.believed.extend(self.reply.answers.iter().find(makes).map(say));
        self.believed.extend(records.iter().map(say));
    }

    /// Whether the server also says, and may say, that the last alias leads nowhere.
    fn after_aliases(&mut self, end: Name) -> Verdict {
        if !self.zone.zone_of(&end) {
            return Verdict::Alias(end);
        }
        let Some(soa) = self.soa(&end) else { return Verdict::Alias(end) };
        match self.reply.metadata.response_code {
            ResponseCode::NXDomain => Verdict::NoName(Some(soa)),
            _ => Verdict::NoData(Some(soa)),
        }
    }

    /// The SOA record of a negative answer about that name, its TTL how long the answer holds (RFC 2308 §5).
    fn soa(&mut self, name: &Name) -> Option<Record> {
        let record = self.reply.authorities.iter().find(|it| it.record_type() == RecordType::SOA)?;
        if !(self.zone.zone_of(&record.name) && record.name.zone_of(name)) {
            let why = format!("it is no zone at or below {} that holds {name}", self.zone);
            self.refused.push(format!("{}: {why}", say(record)));
            return None;
        }
        let RData::SOA(soa) = &record.data else { return None };
        let mut kept = kept(record);
        kept.ttl = kept.ttl.min(soa.minimum).min(LONGEST_NEGATIVE);
        self.believed.push(say(record));
        Some(kept)
    }
}

fn kept(record: &Record) -> Record {
    let mut kept = record.clone();
    kept.ttl = bounded(record.ttl);
    kept
}

/// RFC 2181 §8: with its highest bit set it is 0.
const fn bounded(ttl: u32) -> u32 {
    if ttl > i32::MAX as u32 {
        0
    } else if ttl > LONGEST {
        LONGEST
    } else {
        ttl
    }
}

fn is_dnssec(record: &Record) -> bool {
    use RecordType::{DNSKEY, DS, NSEC, NSEC3, OPT, RRSIG};
    matches!(record.record_type(), RRSIG | DNSKEY | DS | NSEC | NSEC3 | OPT)
}

fn is_dname(record: &Record) -> bool {
    dname(record).is_some()
}

/// Whether the alias is the one that this DNAME record makes: its owner's end replaced by the target (RFC 6672 §2.2, §3.1).
pub(super) fn synthesises(record: &Record, alias: &Record) -> bool {
    let (Some(end), RData::CNAME(target)) = (dname(record), &alias.data) else { return false };
    let (above, below) = (record.name.iter().count(), alias.name.iter().count());
    let first = Name::from_labels(alias.name.iter().take(below.saturating_sub(above)));
    let made = first.and_then(|it| it.append_domain(&end));
    above < below && record.name.zone_of(&alias.name) && made.is_ok_and(|it| it == target.0)
}

/// The address in an A or AAAA record.
#[must_use]
pub fn address(record: &Record) -> Option<IpAddr> {
    match &record.data {
        RData::A(it) => Some(it.0.into()),
        RData::AAAA(it) => Some(it.0.into()),
        _ => None,
    }
}

/// A record as a zone file has it.
#[must_use]
pub fn say(record: &Record) -> String {
    let data = dname(record).map_or_else(|| record.data.to_string(), |target| target.to_string());
    format!("{} {} {} {data}", record.name, record.ttl, record.record_type())
}
