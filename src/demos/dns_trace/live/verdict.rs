//! What a search on the real Internet showed of the network: absent, filtered, answered by something on the way, or fine.
//!
//! Something that takes DNS queries for itself (a captive portal, a router, a provider) is noticed by what no server of the root
//! does, each of it enough:
//!
//! - RA is 1: a root server never searches for others (RFC 1035 §4.1.1 has the bit);
//! - it answers where the root zone has only a referral. It does hold `root-servers.net` and `arpa`, so these do not count;
//! - below the root: an answer without authority, from who searches (AA 0, RA 1);
//! - an address that nobody has answers (192.0.2.1, RFC 5737);
//! - a reply comes from an address that was not asked.
//!
//! Whoever copies the root zone and follows its rules is not noticed: that takes DNSSEC.
use std::net::SocketAddr;

use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::given::says;
use crate::recording::{self, Fact, Time};
use crate::services::dns::given::Said;
use crate::services::dns::resolver::{Outcome, Resolution, Step};

/// Signs that are told.
const MOST: usize = 6;

/// What is known after the search.
pub(super) struct Evidence<'a> {
    /// The resolver this host is given, and what it said.
    pub(super) given: Option<(String, &'a Said)>,
    pub(super) resolution: &'a Resolution,
    /// Who answered where nobody is.
    pub(super) nobody: Option<SocketAddr>,
    /// What answered at a root server's address without being one.
    pub(super) impostor: Option<SocketAddr>,
}

/// What it comes to.
pub(super) struct Verdict {
    /// One stable word.
    pub(super) word: &'static str,
    pub(super) says: String,
    why: &'static str,
    /// What was looked at, and what was seen.
    signs: Vec<String>,
    /// Whether the run could not do what it was asked for.
    pub(super) is_trouble: bool,
}

impl Verdict {
    const fn new(word: &'static str, says: String, why: &'static str, is_trouble: bool) -> Self {
        Self { word, says, why, signs: Vec::new(), is_trouble }
    }

    /// The row that ends the search.
    pub(super) fn row(&self, at: Time, node: usize) -> recording::Step {
        recording::Step {
            at,
            until: at,
            node,
            depth: 0,
            kind: "verdict".to_owned(),
            title: self.says.clone(),
            facts: vec![Fact::text("verdict", self.word), Fact::list("signs", self.signs.clone())],
            why: self.why.to_owned(),
            packets: Vec::new(),
        }
    }
}

/// What the search showed.
pub(super) fn verdict(evidence: &Evidence<'_>) -> Verdict {
    let signs = signs(evidence);
    if !signs.is_empty() {
        let says = format!("something on the way answers in place of the servers that are asked: {}", signs[0]);
        let why = "A root server refers, or answers for its own zone, and nothing else. What came does not, so none of it is what \
                   the servers say. A captive portal's page, another network, or DNS over TLS or HTTPS gets past it.";
        return Verdict { signs, ..Verdict::new("intercepted", says, why, true) };
    }
    if let Some(silence) = silence(evidence) {
        return silence;
    }
    ended(evidence)
}

/// The signs that something on the way takes queries for itself.
fn signs(evidence: &Evidence<'_>) -> Vec<String> {
    let mut signs = Vec::new();
    if let Some(at) = evidence.impostor {
        signs.push(format!(
            "{at} is a root server's address, and who answers about the root there has no authority for it (AA 0)"
        ));
    }
    if let Some(from) = evidence.nobody {
        signs.push(format!("192.0.2.1 answered (from {from}), and nobody has that address (RFC 5737)"));
    }
    signs.extend(evidence.resolution.steps.iter().filter_map(sign));
    signs.truncate(MOST);
    signs
}

/// What of one step no server of that zone does.
fn sign(step: &Step) -> Option<String> {
    let server = step.server.as_ref()?;
    let who = format!("{} ({})", server.name, server.address);
    if step.heard_strangers() {
        return Some(format!("{who} was asked, and another address answered"));
    }
    let reply = server.reply?;
    let about = &step.question;
    let is_root = step.zone.is_root();
    if is_root && reply.answers > 0 && !held_by_root(&about.name, about.kind) {
        return Some(format!("{who} answers {about}, and the root zone has only a referral for it"));
    }
    if is_root && reply.recursion {
        return Some(format!("{who} offers to search (RA 1), and no root server does"));
    }
    let from_cache = reply.recursion && !reply.authoritative && reply.answers > 0;
    from_cache.then(|| {
        format!(
            "{who} answers {about} without authority (AA 0, RA 1): that is a resolver, not a server of {}",
            step.zone
        )
    })
}

/// Whether servers of the root may answer themselves: for the root, and for the zones that stand beside it on some of them.
fn held_by_root(name: &Name, kind: RecordType) -> bool {
    let beside = ["arpa.", "root-servers.net."].map(|it| Name::from_ascii(it).expect("a name of this file"));
    // The DS record of a top-level domain is the root's.
    let own = name.is_root() || (name.num_labels() == 1 && matches!(kind, RecordType::DS | RecordType::NSEC));
    own || beside.iter().any(|zone| zone.zone_of(name))
}

/// When no server of the root said anything.
fn silence(evidence: &Evidence<'_>) -> Option<Verdict> {
    let asked: Vec<_> =
        evidence.resolution.steps.iter().filter(|it| it.zone.is_root()).filter_map(|it| it.server.as_ref()).collect();
    if asked.is_empty() || asked.iter().any(|it| it.reply.is_some()) {
        return None;
    }
    let addresses: Vec<String> = asked.iter().map(|it| it.address.to_string()).collect();
    let count = addresses.len();
    let mut verdict = match &evidence.given {
        Some((who, said)) if answered(said) => Verdict::new(
            "filtered",
            format!(
                "{who} answers, and none of {count} servers of the root does: the network lets DNS through to that resolver only"
            ),
            "Many networks drop port 53 but to their own resolver. Its answer stands above; the search from the root cannot be \
             made here. --transport tcp tries TCP; another network may let it through.",
            true,
        ),
        Some((who, _)) => Verdict::new(
            "silent",
            format!("neither {who} nor any of {count} servers of the root answers"),
            "This machine has a route, and nothing comes back on it: the network ends before the Internet, or drops DNS.",
            true,
        ),
        None => Verdict::new(
            "silent",
            format!(
                "none of {count} servers of the root answers: the network ends before the Internet, or drops DNS but to its own resolver"
            ),
            "`--live system` asks the resolver of this host as well: if it answers, DNS is filtered.",
            true,
        ),
    };
    verdict.signs = addresses.into_iter().take(MOST).map(|it| format!("{it} was asked and did not answer")).collect();
    Some(verdict)
}

const fn answered(said: &Said) -> bool {
    !matches!(said, Said::Silent | Said::Failed(_))
}

/// The search came to an end; the given resolver's word stands beside it.
fn ended(evidence: &Evidence<'_>) -> Verdict {
    let Resolution { outcome, question, .. } = evidence.resolution;
    let (name, kind) = (&question.name, question.kind);
    let found = match outcome {
        Outcome::Answer(records) => format!("{name} has {}", counted(of_kind(records, kind).len(), kind)),
        Outcome::NoData { .. } => format!("{name} exists and has no {kind} record"),
        Outcome::NoName { .. } => format!("there is no name {name} (NXDOMAIN)"),
        Outcome::Failed(why) => {
            let says = format!("the search from the root failed: {why}");
            let why = "The servers of the root answered, so the network is there; the rows above say who did not help, and how.";
            return Verdict::new("failed", says, why, false);
        }
    };
    let Some((who, said)) = &evidence.given else {
        return Verdict::new("found", format!("by the servers themselves: {found}"), FINE, false);
    };
    match said {
        Said::Silent | Said::Failed(_) => {
            let says = format!("{who} is of no use ({}), and the search from the root is: {found}", says(said));
            let why = "The network is there: only this resolver does not answer. Check its address, or name another.";
            Verdict::new("resolver_silent", says, why, true)
        }
        Said::Refused(code) => {
            let says = format!("{who} does not answer ({code}), and the search from the root says: {found}");
            let why = "A resolver may refuse whom it does not serve; SERVFAIL is its own failure, or DNSSEC's verdict.";
            Verdict::new("resolver_refuses", says, why, false)
        }
        _ if agree(said, outcome, kind) => {
            Verdict::new("agree", format!("{who} and the servers say the same: {found}"), FINE, false)
        }
        _ => {
            let says = format!("{who} says otherwise ({}) than the servers: {found}", says(said));
            let why = "Servers may answer by who asks (by place, or by ECS, RFC 7871), a cache may hold what was; and a resolver may \
                       filter or rewrite on purpose.";
            Verdict::new("differ", says, why, false)
        }
    }
}

/// Nothing spoke against the network.
const FINE: &str = "No sign that something on the way answers: servers of the root refer and do not search, nobody answers at 192.0.2.1, \
                    and every reply came from who was asked.";

fn counted(count: usize, kind: RecordType) -> String {
    if count == 1 { format!("1 {kind} record") } else { format!("{count} {kind} records") }
}

/// The data of the records of this type, in an order of their own.
fn of_kind(records: &[Record], kind: RecordType) -> Vec<String> {
    let mut all: Vec<String> =
        records.iter().filter(|it| it.record_type() == kind).map(|it| RData::to_string(&it.data)).collect();
    all.sort();
    all
}

/// Whether the resolver and the servers say the same, TTLs and order aside.
fn agree(said: &Said, outcome: &Outcome, kind: RecordType) -> bool {
    match (said, outcome) {
        (Said::Records(theirs), Outcome::Answer(ours)) => of_kind(theirs, kind) == of_kind(ours, kind),
        (Said::NoName(_), Outcome::NoName { .. }) | (Said::NoData(_), Outcome::NoData { .. }) => true,
        _ => false,
    }
}
