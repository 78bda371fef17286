//! What a resolution did, step by step: whom it asked, what came back, what of it was believed and what not, and why.
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name, Record, RecordType};

use super::security::{Bogus, Check, Proof};
use crate::quantity::counted;
use crate::recording::Time;
use crate::services::dns::exchange::STRANGER;
use crate::services::dns::{Subnet, Transport};

/// What is asked about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    pub name: Name,
    pub kind: RecordType,
}

impl std::fmt::Display for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.name, self.kind)
    }
}

/// One step of a resolution: a query with its answer, or what the cache knew.
#[derive(Clone, Debug)]
pub struct Step {
    pub at: Time,
    pub until: Time,
    /// 0 for the question itself, 1 for a question about a server's address that it needed, and so on.
    pub depth: u8,
    /// The zone whose servers are asked.
    pub zone: Name,
    pub question: Question,
    /// Who was asked; `None` for the cache.
    pub server: Option<Server>,
    pub kind: Kind,
    /// What of the answer is used from now on.
    pub believed: Vec<String>,
    /// What of it is not, with the reason.
    pub refused: Vec<String>,
}

/// A server that was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub name: Name,
    pub address: SocketAddr,
    pub transport: Transport,
    /// Bytes of the query and of the answer: DNS messages, without headers below.
    pub sent: usize,
    pub received: usize,
    /// Which attempt this was, from 1.
    pub attempt: u32,
    /// What came back; `None` when nothing did.
    pub reply: Option<ReplyHead>,
    /// What was told of the client, and of how many bits of that the answer says that it depends on them; `None` when
    /// it says nothing about that (RFC 7871 §6).
    pub told: Option<(Subnet, Option<u8>)>,
}

/// What a reply's header says of its sender (RFC 1035 §4.1.1), how much it answers, and how long that may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyHead {
    /// AA: the sender has authority for the name.
    pub authoritative: bool,
    /// RA: the sender searches for others.
    pub recursion: bool,
    /// Records in the answer section.
    pub answers: usize,
    /// Seconds; the least TTL of what was believed.
    pub ttl: Option<u32>,
}

/// What a step came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The answer stood in the cache, and may be kept for this many seconds more.
    Cached {
        left: u32,
    },
    /// The cache knew the servers of this zone: the way begins there.
    Known {
        left: u32,
    },
    /// The servers of the zone below know more.
    Referral {
        cut: Name,
        servers: usize,
        glue: usize,
    },
    Answer {
        records: usize,
    },
    /// The zone's keys.
    Keys {
        records: usize,
    },
    /// Signatures were held against keys.
    Checked(Box<Check>),
    /// The name is an alias: the question goes on with its target.
    Alias {
        target: Name,
    },
    /// There is no such name.
    NoName {
        ttl: u32,
    },
    /// The name has no records of this type.
    NoData {
        ttl: u32,
    },
    /// The first labels of the name exist, and are no zone of their own (QNAME minimisation).
    Further,
    /// The answer did not fit: it is asked for over TCP.
    Truncated,
    /// Nothing that answers the query came in time.
    Timeout,
    /// The server's code says that it does not answer this.
    Refused(ResponseCode),
    /// The answer cannot be used.
    Lame(String),
    /// The socket failed.
    Failed(String),
    /// Nobody could be asked: an expired answer of the cache is used (RFC 8767).
    Stale {
        age: u32,
    },
}

impl Kind {
    /// One stable word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Cached { .. } => "cached",
            Self::Known { .. } => "known",
            Self::Referral { .. } => "referral",
            Self::Answer { .. } => "answer",
            Self::Keys { .. } => "keys",
            Self::Checked(check) => check.status.word(),
            Self::Alias { .. } => "alias",
            Self::NoName { .. } => "nxdomain",
            Self::NoData { .. } => "nodata",
            Self::Further => "further",
            Self::Truncated => "truncated",
            Self::Timeout => "timeout",
            Self::Refused(_) => "refused",
            Self::Lame(_) => "lame",
            Self::Failed(_) => "failed",
            Self::Stale { .. } => "stale",
        }
    }
}

impl Step {
    /// From the query to its answer, or to the end of waiting.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.until - self.at
    }

    /// Whether a datagram came from an address that was not asked.
    #[must_use]
    pub fn heard_strangers(&self) -> bool {
        self.refused.iter().any(|it| it.starts_with(STRANGER))
    }

    /// The step in one line.
    #[must_use]
    pub fn says(&self) -> String {
        let zone = said(&self.zone);
        match &self.kind {
            Kind::Cached { left } => format!("the cache has it, for {left} s more"),
            Kind::Known { left } => format!("the cache knows the servers of {zone}, for {left} s more"),
            Kind::Referral { cut, servers, glue } => {
                format!("referral to {cut} ({}, {})", counted(*servers, "server"), counted(*glue, "address"))
            }
            Kind::Keys { records } => format!("the keys of {zone}: {}", counted(*records, "record")),
            Kind::Checked(check) => check.says(),
            Kind::Answer { records: 1 } => "the answer: 1 record".to_owned(),
            Kind::Answer { records } => format!("the answer: {records} records"),
            Kind::Alias { target } => format!("an alias of {target}"),
            Kind::NoName { ttl } => format!("no such name, for {ttl} s"),
            Kind::NoData { ttl } => format!("the name has no {} record, for {ttl} s", self.question.kind),
            Kind::Further => format!("{} is no zone of its own", self.question.name),
            Kind::Truncated => "cut short: it does not fit a datagram".to_owned(),
            Kind::Timeout => "no answer in time".to_owned(),
            Kind::Refused(code) => format!("the server does not answer this: {code}"),
            Kind::Lame(why) => format!("unusable: {why}"),
            Kind::Failed(why) => format!("the socket failed: {why}"),
            Kind::Stale { age } => format!("an expired answer, {age} s old, as nobody could be asked"),
        }
    }

    /// Why the step is as it is, and what follows from it.
    #[must_use]
    pub fn why(&self) -> String {
        let (zone, name) = (said(&self.zone), &self.question.name);
        match &self.kind {
            Kind::Cached { .. } => "An answer may be used again until its TTL is over (RFC 1034 §3.6).".to_owned(),
            Kind::Known { .. } => {
                format!("A referral has a TTL too: whoever knows the servers of {zone} need not ask those above it.")
            }
            Kind::Referral { cut, .. } => format!(
                "{zone} has given {cut} away: its server does not know the answer, only who does. AA is 0, for these \
                 records belong to the zone below (RFC 1034 §4.2.1)."
            ),
            Kind::Answer { .. } => {
                let plain = format!("The server is an authority for {zone} (AA is 1), and has records of this name and type.");
                [plain, self.server.as_ref().map(Server::whose).unwrap_or_default()].join(" ").trim_end().to_owned()
            }
            Kind::Keys { .. } if self.zone.is_root() => "To check a signature the resolver needs the public key. Who sent it does not \
                 matter: it is held against the trust anchor, which the resolver was given before (RFC 4035 §5)."
                .to_owned(),
            Kind::Keys { .. } => format!(
                "To check a signature the resolver needs the public key. Who sent it does not matter: it is held against what the \
                 zone above {zone} says (RFC 4035 §5.2)."
            ),
            Kind::Checked(check) => check.why(),
            Kind::Alias { target } => format!(
                "A CNAME says that {name} is another name for {target}; what is asked for is looked up there (RFC 1034 §3.6.2)."
            ),
            Kind::NoName { .. } => format!(
                "NXDOMAIN holds for every type, and for all names below. The SOA record of {zone} says how long it \
                 may be remembered (RFC 2308 §5)."
            ),
            Kind::NoData { .. } => "No error and no records: the name exists, with other types or with names below it. \
                 The SOA record says how long this may be remembered (RFC 2308 §2.2)."
                .to_owned(),
            Kind::Further => "Only as many labels are asked for as this server needs to refer us on (RFC 9156); \
                 it did not, so one more label is asked for."
                .to_owned(),
            Kind::Truncated => "TC is 1: the same question goes over TCP, where an answer may have 65,535 bytes (RFC 7766 §5).".to_owned(),
            Kind::Timeout => "A datagram was lost, or the server is down: there is no telling. The question goes out again, to the next server or, where there is no other, to the same one.".to_owned(),
            Kind::Refused(_) => format!("Servers refuse what they are no authority for: the delegation of {zone} names it, and it does not know the zone."),
            Kind::Lame(_) => "An answer is used only when the server has authority for it, or refers further down. Another server is asked.".to_owned(),
            Kind::Failed(_) => "This host or a router on the way says that the server cannot be reached.".to_owned(),
            Kind::Stale { .. } => "RFC 8767: an old answer is better than none; it goes out with a TTL of 30 s.".to_owned(),
        }
    }
}

impl Server {
    /// What the answer says about the client's subnet that came with the query.
    fn whose(&self) -> String {
        match self.told {
            None => String::new(),
            Some((subnet, None)) => {
                format!(
                    "It was told that the client is in {subnet} and says nothing to that: the answer is for everybody (RFC 7871 §7.3)."
                )
            }
            Some((subnet, Some(0))) => {
                format!(
                    "It was told that the client is in {subnet}; scope 0: the answer does not depend on it, and is for everybody (RFC 7871 §7.2.1)."
                )
            }
            Some((subnet, Some(scope))) => format!(
                "It was told that the client is in {subnet}; scope {scope}: the answer is kept for the clients of {}, and \
                 for nobody else (RFC 7871 §7.3.1).",
                subnet.widened(scope)
            ),
        }
    }
}

/// A zone's name in a sentence.
fn said(zone: &Name) -> String {
    if zone.is_root() { "the root".to_owned() } else { zone.to_string() }
}

/// How a resolution ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The records that were asked for, the aliases on the way first.
    Answer(Vec<Record>),
    /// The name, at the end of these aliases, has no such records.
    NoData {
        aliases: Vec<Record>,
        soa: Option<Record>,
    },
    /// There is no such name at the end of these aliases.
    NoName {
        aliases: Vec<Record>,
        soa: Option<Record>,
    },
    Failed(Failure),
}

/// A question, with all that was done to answer it.
#[derive(Clone, Debug)]
pub struct Resolution {
    pub question: Question,
    pub steps: Vec<Step>,
    pub outcome: Outcome,
    /// How far the answer can be trusted, and what proves it.
    pub proof: Proof,
    /// Signatures that were computed for it.
    pub signatures: usize,
    pub began: Time,
    pub ended: Time,
    /// The clients the answer is for; `None` for all (RFC 7871 §7.3.1).
    pub of: Option<Subnet>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("no server of {zone} gave a usable answer: {}", .why.join("; "))]
    Servers { zone: Name, why: Vec<String> },
    #[error("no server of {zone} has an address that could be found")]
    NoAddress { zone: Name },
    #[error("the address of {server} is needed to find the address of {server}")]
    Circle { server: Name },
    #[error("{0} leads back to itself: an alias of an alias of it")]
    AliasCircle(Name),
    #[error("more than {0} aliases, one after the other")]
    Aliases(usize),
    #[error("more than {0} referrals, one after the other")]
    Referrals(usize),
    #[error("more than {0} servers' addresses are needed, each to find the one before")]
    Depth(u8),
    #[error("the limit of {0} queries for one question is reached")]
    Queries(u32),
    #[error("the limit of {0} bytes of answers for one question is reached")]
    Bytes(usize),
    #[error("the limit of {0:?} for one question is reached")]
    Time(Duration),
    #[error("it does not hold: {0}")]
    Bogus(Bogus),
    #[error("a moment ago it failed too: {0}")]
    Before(Box<Self>),
}

impl Failure {
    /// What does not hold, when that is why.
    #[must_use]
    pub const fn bogus(&self) -> Option<&Bogus> {
        match self {
            Self::Bogus(bogus) => Some(bogus),
            Self::Before(failure) => failure.bogus(),
            _ => None,
        }
    }

    /// The code of an extended error (RFC 8914 §4), where there is one for it.
    #[must_use]
    pub const fn code(&self) -> Option<u16> {
        match self {
            Self::Bogus(bogus) => Some(bogus.code),
            Self::Servers { .. } | Self::NoAddress { .. } | Self::Time(_) => Some(22),
            Self::Before(failure) => failure.code(),
            _ => None,
        }
    }
}

/// Which addresses of servers are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Families {
    pub v4: bool,
    pub v6: bool,
}

impl Families {
    /// Whether an address is of a family that is used.
    #[must_use]
    pub const fn has(self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(_) => self.v4,
            IpAddr::V6(_) => self.v6,
        }
    }
}
