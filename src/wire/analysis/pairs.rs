//! Messages that belong together without a connection: a DNS query and its answer, an echo and its reply, an ICMP error and
//! the packet it quotes; and two stations that say they have the same address.
use std::collections::BTreeMap;
use std::net::IpAddr;

use indexmap::IndexMap;

use super::{Mark, Seen};
use crate::wire::walk::{Claim, Message, Opening, Skimmed};

/// A query of the same id between the same ports is the same one again within this time, as Wireshark has it.
const REPEATED_NS: u64 = 5_000_000_000;

/// An error comes soon behind the packet it is about: packets are remembered until twice as many have followed.
const REMEMBERED: usize = 1 << 14;

type End = (IpAddr, u16);

/// What makes an answer answer a question.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Question {
    /// The asker, the asked, the transaction id.
    Dns(End, End, u16),
    /// The asker, the asked, identifier and sequence number.
    Echo(IpAddr, IpAddr, (u16, u16)),
}

#[derive(Clone, Copy)]
struct Asked {
    n: u32,
    at_ns: u64,
    answered: bool,
}

#[derive(Default)]
pub(in crate::wire) struct Pairs {
    marks: Vec<(u32, Mark)>,
    /// The latest of each.
    asked: IndexMap<Question, Asked>,
    /// By how it begins, the latest packet: an error quotes that much of it. The second has those before the first's.
    sent: [IndexMap<Opening, u32>; 2],
    /// Who last said to have an address.
    owners: BTreeMap<IpAddr, String>,
}

impl Pairs {
    /// Takes the next packet.
    pub(in crate::wire) fn take(&mut self, seen: Seen<'_>, skimmed: &Skimmed) {
        if let Some((question, is_answer)) = question(skimmed) {
            if is_answer { self.answer(seen, question) } else { self.ask(seen, question) }
        }
        let sent = |quote| self.sent.iter().find_map(|it| it.get(&quote).copied());
        if let Some(about) = skimmed.quote.and_then(sent) {
            self.mark(seen.n, Mark::ErrorAbout(about));
            self.mark(about, Mark::CausedError(seen.n));
        }
        if let Some(opening) = skimmed.opening {
            if self.sent[0].len() >= REMEMBERED {
                self.sent.swap(0, 1);
                self.sent[0].clear();
            }
            self.sent[0].insert(opening, seen.n);
        }
        if let Some(Claim { address, mac }) = &skimmed.claim {
            let before = self.owners.insert(*address, mac.clone());
            if before.is_some_and(|before| before != *mac) {
                self.mark(seen.n, Mark::DuplicateAddress);
            }
        }
    }

    /// The marks that were found since the last time, each with its packet's number, in no order.
    pub(in crate::wire) fn found(&mut self) -> impl Iterator<Item = (u32, Mark)> {
        self.marks.drain(..)
    }

    /// The marks that were found since the last time, and those of what stayed open, once all packets were taken.
    pub(in crate::wire) fn finish(mut self) -> Vec<(u32, Mark)> {
        let open = self.asked.values().filter(|it| !it.answered).map(|it| (it.n, Mark::Unanswered));
        self.marks.extend(open);
        self.marks
    }

    fn ask(&mut self, seen: Seen<'_>, question: Question) {
        let asked = Asked { n: seen.n, at_ns: seen.at_ns, answered: false };
        let is_dns = matches!(question, Question::Dns(..));
        match self.asked.get(&question).copied() {
            Some(before) if !before.answered && seen.at_ns.saturating_sub(before.at_ns) < REPEATED_NS && is_dns => {
                self.mark(seen.n, Mark::RepeatedQuery(before.n));
            }
            Some(before) if !before.answered => {
                self.mark(before.n, Mark::Unanswered);
                self.asked.insert(question, asked);
            }
            _ => {
                self.asked.insert(question, asked);
            }
        }
    }

    fn answer(&mut self, seen: Seen<'_>, question: Question) {
        let Some(asked) = self.asked.get_mut(&question) else {
            if matches!(question, Question::Dns(..)) {
                self.mark(seen.n, Mark::Unasked);
            }
            return;
        };
        if asked.answered {
            self.mark(seen.n, Mark::RepeatedAnswer);
            return;
        }
        asked.answered = true;
        let (n, after_ns) = (asked.n, seen.at_ns.saturating_sub(asked.at_ns));
        self.mark(n, Mark::AnswerIn { packet: seen.n, after_ns });
        self.mark(seen.n, Mark::Answers { packet: n, after_ns });
    }

    fn mark(&mut self, n: u32, mark: Mark) {
        self.marks.push((n, mark));
    }
}

/// The question a packet asks or answers, and whether it answers.
fn question(skimmed: &Skimmed) -> Option<(Question, bool)> {
    let opening = skimmed.opening?;
    let (from, to) = opening.ports();
    let (source, destination) = (opening.source, opening.destination);
    match skimmed.message? {
        Message::Dns { id, answer } => {
            let (asker, asked) = ((source, from), (destination, to));
            let (asker, asked) = if answer { (asked, asker) } else { (asker, asked) };
            Some((Question::Dns(asker, asked, id), answer))
        }
        Message::Echo { id, sequence, reply } => {
            let (asker, asked) = if reply { (destination, source) } else { (source, destination) };
            Some((Question::Echo(asker, asked, (id, sequence)), reply))
        }
    }
}
