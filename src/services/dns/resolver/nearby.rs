//! Answers that are for the clients of one subnet only, each beside those for other subnets (RFC 7871 §7.3.1).
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use super::cache::{Kept, Known, make_room};
use super::security::Proof;
use super::trace::Question;
use crate::recording::Time;
use crate::services::dns::Subnet;

/// RFC 7871 §11.3: no more networks than this are kept for one question.
const NETWORKS: usize = 256;

/// What is known for the clients of some subnets.
#[derive(Debug, Default)]
pub(super) struct Nearby(pub(super) BTreeMap<(Question, Subnet), Kept<(Known, Proof)>>);

/// Whom an answer is for that was asked for without any client's subnet: RFC 7871 §7.3.1 keeps it from all others.
pub(super) fn nobody() -> Subnet {
    Subnet::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0)
}

impl Nearby {
    /// What is known for a client, of the smallest subnet that it is in (RFC 7871 §7.3.2). Without a client, what was
    /// asked for nobody.
    pub(super) fn find(
        &self,
        question: &Question,
        client: Option<Subnet>,
        now: Time,
    ) -> Option<(Subnet, &Kept<(Known, Proof)>)> {
        let fits = |subnet: Subnet| match client {
            Some(client) => subnet != nobody() && subnet.holds(client),
            None => subnet == nobody(),
        };
        let of_question = self.0.range((question.clone(), nobody())..).take_while(|((it, _), _)| it == question);
        let fitting = of_question.filter(|((_, subnet), kept)| fits(*subnet) && kept.left(now).is_some());
        fitting.map(|((_, subnet), kept)| (*subnet, kept)).max_by_key(|(subnet, _)| subnet.prefix())
    }

    /// Remembers what is for one subnet, of at most `most` in all.
    pub(super) fn put(&mut self, question: Question, subnet: Subnet, kept: Kept<(Known, Proof)>, most: usize) {
        let beside = self.0.range((question.clone(), nobody())..).take_while(|((it, _), _)| *it == question);
        let beside: Vec<_> = beside.map(|((_, subnet), kept)| (kept.until(), *subnet)).collect();
        if beside.len() >= NETWORKS
            && let Some((_, first)) = beside.iter().min()
        {
            self.0.remove(&(question.clone(), *first));
        }
        make_room(&mut self.0, most);
        self.0.insert((question, subnet), kept);
    }
}
