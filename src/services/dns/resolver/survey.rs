//! Every server of every zone on the way, asked the same question: do they all say the same?
use std::net::IpAddr;

use hickory_proto::rr::{Name, RecordType};

use super::Resolver;
use super::cache::Delegation;
use super::judge::{Judged, Verdict};
use super::trace::{Question, Step};
use super::walk::Work;
use crate::net::Net;

/// What the servers of one zone said.
#[derive(Clone, Debug)]
pub struct Level {
    pub zone: Name,
    /// Each server's answer in one line, TTLs left out; a server without a usable answer says why.
    pub said: Vec<(Name, IpAddr, String)>,
}

impl Level {
    /// Whether all of them said the same.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.said.windows(2).all(|pair| pair[0].2 == pair[1].2)
    }
}

/// What a survey found.
#[derive(Clone, Debug)]
pub struct Survey {
    pub levels: Vec<Level>,
    pub steps: Vec<Step>,
}

impl<N: Net> Resolver<N> {
    /// Asks every server of each zone on the way to a name; where they differ, the way goes on with the first usable answer.
    /// Nothing is taken from the cache, and nothing put into it.
    pub async fn survey(&self, name: &Name, kind: RecordType) -> Survey {
        let question = Question { name: name.clone(), kind };
        let mut work = Work::new(self.0.net.now(), None, false);
        let mut here = Delegation { zone: Name::root(), servers: self.0.options.hints.clone(), ttl: u32::MAX };
        let mut levels = Vec::new();
        for _ in 0..self.0.options.limits.referrals {
            let (level, next) = self.level(&mut work, &here, &question).await;
            levels.push(level);
            let Some(next) = next else { break };
            here = next;
        }
        Survey { levels, steps: work.steps }
    }

    async fn level(&self, work: &mut Work, here: &Delegation, question: &Question) -> (Level, Option<Delegation>) {
        let mut level = Level { zone: here.zone.clone(), said: Vec::new() };
        let mut next = None;
        for (name, address) in self.everybody(work, here).await {
            let answer = self.attempt_once(work, &here.zone, (&name, address), question).await;
            let said = match &answer {
                Ok(judged) => say(judged),
                Err(why) => why.clone(),
            };
            if let (None, Ok(Judged { verdict: Verdict::Referral(below), .. })) = (&next, answer) {
                next = Some(below);
            }
            level.said.push((name, address, said));
        }
        (level, next)
    }
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
