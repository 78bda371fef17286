//! Every server of every zone on the way, asked the same question: do they all say the same?
use std::net::IpAddr;

use hickory_proto::rr::{Name, RData, RecordType};

use super::Resolver;
use super::ask::Came;
use super::cache::Delegation;
use super::judge::{Judged, Verdict};
use super::trace::{Failure, Question, Step};
use super::walk::Work;
use crate::net::Net;

/// What the servers of one zone said.
#[derive(Clone, Debug)]
pub struct Level {
    pub zone: Name,
    /// What they were asked: the question, or its alias.
    pub question: Question,
    pub said: Vec<Word>,
}

/// What one server said.
#[derive(Clone, Debug)]
pub struct Word {
    pub server: Name,
    pub address: IpAddr,
    /// Its answer in one line, TTLs left out; a server without a usable answer says why.
    pub says: String,
    /// What came from it: who is silent contradicts nobody.
    pub came: Came,
    /// Which copy of the zone it has, where the servers differ: the serial of its SOA record (RFC 1035 §3.3.13).
    pub serial: Option<u32>,
}

/// Whether the servers of a zone say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// All that said anything.
    Same,
    Different,
    /// None of them said anything, so nothing is known.
    NobodyAnswered,
}

impl Level {
    /// What those of them that said anything come to.
    #[must_use]
    pub fn agreement(&self) -> Agreement {
        let mut said = self.said.iter().filter(|it| it.came != Came::Nothing).map(|it| &it.says);
        match said.next() {
            None => Agreement::NobodyAnswered,
            Some(first) if said.all(|it| it == first) => Agreement::Same,
            Some(_) => Agreement::Different,
        }
    }
}

/// What a survey found.
#[derive(Clone, Debug)]
pub struct Survey {
    pub levels: Vec<Level>,
    pub steps: Vec<Step>,
    /// The limit that ended it before everybody was asked.
    pub ended_by: Option<Failure>,
}

/// How a survey goes on below a level.
enum Next {
    Zone(Delegation),
    /// The name is an alias of this one: the way begins again at the closest zone that is known.
    Alias(Name),
}

impl<N: Net> Resolver<N> {
    /// Asks every server of each zone on the way to a name; where they differ, the way goes on with the first
    /// usable answer, through aliases too. Nothing is taken from the cache, and nothing put into it.
    pub async fn survey(&self, name: &Name, kind: RecordType) -> Survey {
        let mut question = Question { name: name.clone(), kind };
        let mut work = Work::new(self.0.net.now(), None, false);
        let mut known = vec![Delegation { zone: Name::root(), servers: self.0.options.hints.clone(), ttl: u32::MAX }];
        let (mut here, mut aliases) = (0, vec![name.clone()]);
        let (mut levels, mut ended_by) = (Vec::new(), None);
        for _ in 0..self.0.options.limits.referrals {
            let zone = known[here].zone.clone();
            let mut level = Level { zone, question: question.clone(), said: Vec::new() };
            let next = self.level(&mut work, &known[here], &mut level).await;
            // Of whom nobody was asked nothing is said.
            if next.is_ok() || !level.said.is_empty() {
                levels.push(level);
            }
            let next = match next {
                Ok(next) => next,
                Err(limit) => {
                    ended_by = Some(limit);
                    break;
                }
            };
            match next {
                Some(Next::Zone(below)) => {
                    here = known.len();
                    known.push(below);
                }
                Some(Next::Alias(target)) if !aliases.contains(&target) => {
                    here = closest(&known, &target);
                    aliases.push(target.clone());
                    question.name = target;
                }
                Some(Next::Alias(_)) | None => break,
            }
        }
        Survey { levels, steps: work.steps, ended_by }
    }

    /// Asks the servers of one zone, and writes down what each says. Gives the way on.
    async fn level(&self, work: &mut Work, here: &Delegation, level: &mut Level) -> Result<Option<Next>, Failure> {
        let mut next = None;
        for (server, address) in self.everybody(work, here).await? {
            let answer = self.ask_server(work, &here.zone, (&server, address), &level.question).await?;
            let (says, came) = match &answer {
                Ok(judged) => (say(judged), Came::Answer),
                Err(unusable) => (unusable.reason.clone(), unusable.came),
            };
            if next.is_none() {
                next = answer.ok().and_then(|judged| goes_on(judged, &level.question));
            }
            level.said.push(Word { server, address, says, came, serial: None });
        }
        if level.agreement() == Agreement::Different {
            self.serials(work, level).await?;
        }
        Ok(next)
    }

    /// Where servers differ, which copy of the zone each of them has.
    async fn serials(&self, work: &mut Work, level: &mut Level) -> Result<(), Failure> {
        let question = Question { name: level.zone.clone(), kind: RecordType::SOA };
        for word in level.said.iter_mut().filter(|it| it.came != Came::Nothing) {
            let answer = self.ask_server(work, &level.zone, (&word.server, word.address), &question).await?;
            if let Ok(Judged { verdict: Verdict::Records(records), .. }) = answer {
                word.serial = records.iter().find_map(|it| match &it.data {
                    RData::SOA(soa) => Some(soa.serial),
                    _ => None,
                });
            }
        }
        Ok(())
    }
}

fn goes_on(judged: Judged, question: &Question) -> Option<Next> {
    match judged.verdict {
        Verdict::Referral(below) => Some(Next::Zone(below)),
        Verdict::Alias(target) if target != question.name => Some(Next::Alias(target)),
        _ => None,
    }
}

/// The zone among these that holds the name and is the closest to it; the first is the root.
fn closest(known: &[Delegation], name: &Name) -> usize {
    let holding = known.iter().enumerate().filter(|(_, it)| it.zone.zone_of(name));
    holding.max_by_key(|(_, it)| it.zone.num_labels()).map_or(0, |(at, _)| at)
}

/// The answer without its TTLs, in an order of its own: servers turn the order of records round.
fn say(judged: &Judged) -> String {
    let record =
        |record: &hickory_proto::rr::Record| format!("{} {} {}", record.name, record.record_type(), record.data);
    let chain: Vec<String> = judged.chain.iter().map(record).collect();
    let mut rest: Vec<String> = match &judged.verdict {
        Verdict::Records(records) => records.iter().map(record).collect(),
        Verdict::Referral(below) => below.servers.iter().map(|(name, _)| format!("{} NS {name}", below.zone)).collect(),
        Verdict::Alias(_) => Vec::new(),
        Verdict::NoData(_) => vec!["no such records".to_owned()],
        Verdict::NoName(_) => vec!["no such name".to_owned()],
        Verdict::Truncated | Verdict::Refused(_) | Verdict::Lame(_) => vec!["no usable answer".to_owned()],
    };
    rest.sort();
    [chain, rest].concat().join(", ")
}
