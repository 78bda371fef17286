//! The resolver this host is given: what it was asked, what it said, as a row.
use hickory_proto::rr::{Name, RecordType};

use crate::demos::findings::Findings;
use crate::quantity::Quantity;
use crate::recording::{Fact, Step, Time};
use crate::services::dns::Transport;
use crate::services::dns::given::{Given, Said};
use crate::services::dns::resolver::say;
use crate::wire::text::visible_start;

/// So many records of an answer are told.
const MOST: usize = 16;
/// Texts are the network's: none needs more room.
const LONGEST: usize = 300;

/// A question to it, with its answer.
pub(super) struct Asked {
    /// `the system's resolver`
    pub(super) what: &'static str,
    pub(super) given: Given,
    pub(super) question: (Name, RecordType),
    pub(super) transport: Transport,
    pub(super) said: Said,
    pub(super) began: Time,
    pub(super) ended: Time,
}

impl Asked {
    /// Whom this host was given: `the resolver 192.0.2.1:53`.
    pub(super) fn who(&self) -> String {
        let servers: Vec<String> = self.given.servers().iter().map(ToString::to_string).collect();
        format!("{} {}", self.what, servers.join(", "))
    }

    pub(super) fn title(&self) -> String {
        format!("{}: {}", self.who(), says(&self.said))
    }

    /// The row, its bar and its time.
    pub(super) fn found(&self, findings: &mut Findings, node: usize) {
        findings.mark_at("resolver", "the given resolver has answered, or is given up", Some(self.ended), None);
        findings.time(
            "named_resolver_time",
            "the given resolver took",
            Some(self.ended - self.began),
            "one question out to its answer in, or the end of waiting",
        );
        findings.span_of("0 resolver", "the given resolver".to_owned(), (self.began, self.ended), None);
        findings.steps(vec![self.row(node)]);
    }

    fn row(&self, node: usize) -> Step {
        let servers: Vec<String> = self.given.servers().iter().map(ToString::to_string).collect();
        let mut facts = vec![
            Fact::text("name", self.question.0.to_string()),
            Fact::text("type", self.question.1.to_string()),
            Fact::text("address", servers.join(", ")),
            Fact::text("transport", self.transport.to_string().to_lowercase()),
            Fact::quantity("rtt", Quantity::time(self.ended - self.began)),
            Fact::text("rcode", rcode(&self.said)),
        ];
        if let Some(ttl) = ttl(&self.said) {
            facts.push(Fact::quantity("ttl", Quantity::time(std::time::Duration::from_secs(ttl.into()))));
        }
        facts.push(Fact::list("believed", records(&self.said)));
        Step {
            at: self.began,
            until: self.ended,
            node,
            depth: 0,
            kind: "resolver".to_owned(),
            title: self.title(),
            facts,
            why: why(&self.said).to_owned(),
            packets: Vec::new(),
        }
    }
}

/// What it said, in a few words.
pub(super) fn says(said: &Said) -> String {
    match said {
        Said::Records(records) if records.len() == 1 => "1 record".to_owned(),
        Said::Records(records) => format!("{} records", records.len()),
        Said::NoName(_) => "no such name (NXDOMAIN)".to_owned(),
        Said::NoData(_) => "the name has no such records".to_owned(),
        Said::Refused(code) => format!("it does not answer: {code}"),
        Said::Silent => "no answer in time".to_owned(),
        Said::Failed(why) => format!("it cannot be asked: {}", visible_start(why, LONGEST)),
    }
}

fn rcode(said: &Said) -> String {
    match said {
        Said::Records(_) | Said::NoData(_) => "NOERROR".to_owned(),
        Said::NoName(_) => "NXDOMAIN".to_owned(),
        Said::Refused(code) => code.to_string(),
        Said::Silent | Said::Failed(_) => "none".to_owned(),
    }
}

fn ttl(said: &Said) -> Option<u32> {
    match said {
        Said::Records(records) => records.iter().map(|it| it.ttl).min(),
        Said::NoName(ttl) | Said::NoData(ttl) => *ttl,
        Said::Refused(_) | Said::Silent | Said::Failed(_) => None,
    }
}

fn records(said: &Said) -> Vec<String> {
    let Said::Records(records) = said else { return Vec::new() };
    records.iter().take(MOST).map(|it| visible_start(say(it), LONGEST)).collect()
}

fn why(said: &Said) -> &'static str {
    match said {
        Said::Records(_) => {
            "A resolver does the whole search, or has the answer already; what follows is the same search by this program, from \
             the servers of the root."
        }
        Said::NoName(_) => "NXDOMAIN: the resolver was told, or remembers, that there is no such name (RFC 2308 §2.1).",
        Said::NoData(_) => {
            "No error and no records: the name exists, with other types or with names below it (RFC 2308 §2.2)."
        }
        Said::Refused(_) => {
            "REFUSED is a policy: it does not search for this host, or not for this name. SERVFAIL says that its own search failed, \
             or that DNSSEC forbids the answer (RFC 1035 §4.1.1)."
        }
        Said::Silent => "Nothing came back: it is down, it is no resolver, or something on the way drops queries.",
        Said::Failed(_) => "This host or a router on the way says that it cannot be reached.",
    }
}
