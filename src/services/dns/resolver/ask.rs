//! One zone's servers, asked until one gives an answer that can be used; each query is a step.
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::ClientSubnet;
use hickory_proto::rr::{Name, RecordType};

use super::Resolver;
use super::cache::Delegation;
use super::judge::{Judged, Verdict, address, judge};
use super::trace::{Failure, Kind, Question, ReplyHead, Server, Step};
use super::walk::{Ended, Work};
use crate::net::Net;
use crate::services::dns::exchange::{self, Heard, Reply};
use crate::services::dns::{Subnet, Transport, subnet};

/// So many servers without an address are looked up for one zone: a delegation must not cost without end.
const LOOKED_UP: usize = 3;
/// The reasons that a failure tells.
const REASONS: usize = 6;

/// An attempt at one server.
#[derive(Clone, Copy)]
struct Attempt<'a> {
    zone: &'a Name,
    name: &'a Name,
    address: IpAddr,
    asked: &'a Question,
    /// The whole question, when only a part of its name is asked for.
    whole: bool,
    number: u32,
}

/// The servers of a zone that can be asked, and those that cannot yet.
struct Candidates {
    known: Vec<(Name, IpAddr)>,
    unknown: Vec<Name>,
}

impl<N: Net> Resolver<N> {
    /// The first usable answer of a zone's servers.
    pub(super) async fn ask_zone(
        &self,
        work: &mut Work,
        zone: &Delegation,
        asked: &Question,
        question: &Question,
    ) -> Result<Judged, Failure> {
        let mut candidates = self.candidates(zone);
        let (mut why, mut any) = (Vec::new(), false);
        for number in 1..=self.0.options.limits.rounds {
            if asked.kind == RecordType::DNSKEY {
                self.0.servers.borrow().sort_known_first(&mut candidates.known);
            } else {
                self.0.servers.borrow().sort(&mut candidates.known);
            }
            let mut next = 0;
            while next < candidates.known.len() || self.look_up(work, &mut candidates).await? {
                any = true;
                let (name, address) = candidates.known[next].clone();
                let whole = asked == question;
                let attempt = Attempt { zone: &zone.zone, name: &name, address, asked, whole, number };
                match self.attempt(work, attempt).await? {
                    Ok(judged) => return Ok(judged),
                    Err(unusable) => {
                        why.push(format!("{name}: {}", unusable.reason));
                        if unusable.again() {
                            next += 1;
                        } else {
                            candidates.known.remove(next);
                        }
                    }
                }
            }
        }
        why.truncate(REASONS);
        let zone = zone.zone.clone();
        Err(if any { Failure::Servers { zone, why } } else { Failure::NoAddress { zone } })
    }

    /// One server's answer to a whole question, or why there is none; a silent one is asked again.
    ///
    /// # Errors
    /// When a limit of the whole search is reached: that says nothing of the server.
    pub(super) async fn ask_server(
        &self,
        work: &mut Work,
        zone: &Name,
        (name, address): (&Name, IpAddr),
        asked: &Question,
    ) -> Result<Result<Judged, Unusable>, Failure> {
        // One lost datagram is no silence.
        let (mut number, rounds) = (1, self.0.options.limits.rounds.max(2));
        loop {
            let attempt = Attempt { zone, name, address, asked, whole: true, number };
            match self.attempt(work, attempt).await? {
                Err(unusable) if unusable.again() && number < rounds => number += 1,
                outcome => return Ok(outcome),
            }
        }
    }

    /// Every server of a zone, at every address of it that can be found.
    ///
    /// # Errors
    /// When a limit of the whole search is reached.
    pub(super) async fn everybody(&self, work: &mut Work, zone: &Delegation) -> Result<Vec<(Name, IpAddr)>, Failure> {
        let mut candidates = self.candidates(zone);
        while self.look_up(work, &mut candidates).await? {}
        Ok(candidates.known)
    }

    fn candidates(&self, zone: &Delegation) -> Candidates {
        let mut candidates = Candidates { known: Vec::new(), unknown: Vec::new() };
        for (name, glue) in &zone.servers {
            let usable = glue.iter().filter(|it| self.0.options.families.has(**it));
            let before = candidates.known.len();
            candidates.known.extend(usable.map(|it| (name.clone(), *it)));
            if candidates.known.len() == before {
                candidates.unknown.push(name.clone());
            }
        }
        candidates.unknown.truncate(LOOKED_UP);
        candidates
    }

    /// Finds the address of one more server, when there is one whose address is not known; `false` when there is none.
    async fn look_up(&self, work: &mut Work, candidates: &mut Candidates) -> Result<bool, Failure> {
        while !candidates.unknown.is_empty() {
            let name = candidates.unknown.remove(0);
            if work.wanted.contains(&name) {
                continue;
            }
            if work.depth() >= self.0.options.limits.depth {
                return Err(Failure::Depth(self.0.options.limits.depth));
            }
            work.wanted.push(name.clone());
            let found = self.addresses(work, &name).await;
            work.wanted.pop();
            let found = found?;
            if !found.is_empty() {
                candidates.known.extend(found.into_iter().map(|it| (name.clone(), it)));
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The addresses of a server, by a question of their own; none when there are none. A limit that is reached ends it all.
    async fn addresses(&self, work: &mut Work, name: &Name) -> Result<Vec<IpAddr>, Failure> {
        let families = self.0.options.families;
        let kinds = [(families.v4, RecordType::A), (families.v6, RecordType::AAAA)];
        for (_, kind) in kinds.into_iter().filter(|(used, _)| *used) {
            let question = Question { name: name.clone(), kind };
            match Box::pin(self.follow(work, &question)).await {
                Ok((Ended::Records(records), _)) => return Ok(records.iter().filter_map(address).collect()),
                Err(limit @ (Failure::Queries(_) | Failure::Bytes(_) | Failure::Depth(_))) => return Err(limit),
                _ => {}
            }
        }
        Ok(Vec::new())
    }

    /// Asks one server; over TCP too when the answer was cut, without EDNS when it cannot read that (RFC 6891 §7).
    async fn attempt(&self, work: &mut Work, attempt: Attempt<'_>) -> Result<Result<Judged, Unusable>, Failure> {
        let (mut transport, mut edns) = (self.0.options.transport, true);
        loop {
            let step = self.query(work, attempt, transport, edns).await?;
            match step {
                Ok(Judged { verdict: Verdict::Truncated, .. }) if transport == Transport::Udp => {
                    transport = Transport::Tcp
                }
                Ok(Judged { verdict: Verdict::Truncated, .. }) => {
                    return Ok(Err(Unusable::lasting("it is cut short even over TCP".to_owned())));
                }
                Ok(Judged { verdict: Verdict::Refused(ResponseCode::FormErr | ResponseCode::NotImp), .. }) if edns => {
                    edns = false;
                }
                Ok(Judged { verdict: Verdict::Refused(code), .. }) => {
                    return Ok(Err(Unusable::lasting(format!("it answers {code}"))));
                }
                Ok(Judged { verdict: Verdict::Lame(why), .. }) => return Ok(Err(Unusable::lasting(why))),
                // Over UDP it said that there is more.
                Err(Unusable { reason, came: Came::Nothing }) if transport != self.0.options.transport => {
                    let reason = format!("its answer is cut short over UDP, and over TCP: {reason}");
                    return Ok(Err(Unusable { reason, came: Came::Cut }));
                }
                other => return Ok(other),
            }
        }
    }

    /// One query and its answer, as a step.
    async fn query(
        &self,
        work: &mut Work,
        attempt: Attempt<'_>,
        transport: Transport,
        edns: bool,
    ) -> Result<Result<Judged, Unusable>, Failure> {
        let limits = self.0.options.limits;
        if work.queries >= limits.queries {
            return Err(Failure::Queries(limits.queries));
        }
        if work.bytes > limits.bytes {
            return Err(Failure::Bytes(limits.bytes));
        }
        work.queries += 1;
        let told = self.tells(work, attempt.zone).filter(|_| attempt.whole && edns);
        let query = self.message(attempt.asked, edns, told);
        let Ok(bytes) = query.to_vec() else {
            return Ok(Err(Unusable::lasting("the question cannot be encoded".to_owned())));
        };
        let server = (self.0.options.place)(attempt.address);
        // Over TCP a handshake comes first.
        let times = attempt.number * if transport == Transport::Tcp { 2 } else { 1 };
        let patience = self.0.servers.borrow().patience(attempt.address, limits.patience, times);
        let at = self.0.net.now();
        let heard = exchange::ask(&self.0.net, server, &query, &bytes, (transport, patience)).await;
        work.bytes += heard.bytes;
        self.learn(attempt.address, &heard, self.0.net.now() - at, patience);
        let sent = bytes.len();
        let mut server = server_of(attempt, server, transport, (sent, heard.bytes));
        let (kind, mut judged) = weigh(attempt, &heard.reply);
        server.reply = head(&heard.reply, judged.as_ref().ok());
        if let (Ok(judged), Reply::Message(reply)) = (&mut judged, &heard.reply) {
            judged.of = self.whose(work, attempt.zone, &query, reply);
            let scope = subnet::said(reply).map(ClientSubnet::scope_prefix);
            server.told = told.map(|it| (it, scope));
        }
        let (believed, mut refused) = match &judged {
            Ok(judged) => (judged.believed.clone(), judged.refused.clone()),
            Err(_) => (Vec::new(), Vec::new()),
        };
        refused.extend(heard.ignored);
        let (zone, question) = (attempt.zone.clone(), attempt.asked.clone());
        let (until, depth) = (self.0.net.now(), work.depth());
        work.add(self, Step { at, until, depth, zone, question, server: Some(server), kind, believed, refused });
        Ok(judged)
    }

    fn learn(&self, server: IpAddr, heard: &Heard, took: Duration, patience: Duration) {
        let mut servers = self.0.servers.borrow_mut();
        match heard.reply {
            Reply::Message(_) => servers.answered(server, took),
            Reply::Nothing | Reply::Failed(_) => servers.was_silent(server, patience),
        }
    }

    /// The query: nobody is asked to do the search for us (RD is 0).
    fn message(&self, question: &Question, with_edns: bool, told: Option<Subnet>) -> Message {
        let mut query = Message::new(self.id(), MessageType::Query, OpCode::Query);
        query.add_query(Query::query(question.name.clone(), question.kind));
        if with_edns {
            let mut edns = Edns::new();
            edns.set_max_payload(self.0.options.payload)
                .set_dnssec_ok(self.0.options.dnssec || self.0.options.trust.is_some());
            query.set_edns(edns);
        }
        if let Some(client) = told {
            subnet::tell(&mut query, client);
        }
        query
    }
}

/// What came from a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    Answer,
    /// A message, and no usable answer: a refusal, a server that is none for the zone.
    Useless,
    /// The start of an answer over UDP, and over TCP nothing.
    Cut,
    /// Its host is there and turns the query away: a reset, or an ICMP error about the port.
    TurnedAway,
    Nothing,
}

/// Why an answer is of no use.
pub(super) struct Unusable {
    pub(super) reason: String,
    pub(super) came: Came,
}

impl Unusable {
    const fn lasting(reason: String) -> Self {
        Self { reason, came: Came::Useless }
    }

    /// Whether the server is asked again in the next round.
    const fn again(&self) -> bool {
        !matches!(self.came, Came::Useless)
    }
}

fn server_of(
    attempt: Attempt<'_>,
    address: SocketAddr,
    transport: Transport,
    (sent, received): (usize, usize),
) -> Server {
    let (name, attempt) = (attempt.name.clone(), attempt.number);
    Server { name, address, transport, sent, received, attempt, reply: None, told: None }
}

fn head(reply: &Reply, judged: Option<&Judged>) -> Option<ReplyHead> {
    let Reply::Message(message) = reply else { return None };
    let (authoritative, recursion) = (message.metadata.authoritative, message.metadata.recursion_available);
    let ttl = judged.and_then(Judged::ttl);
    Some(ReplyHead { authoritative, recursion, answers: message.answers.len(), ttl })
}

/// What an attempt came to: as a step says it, and as the way goes on.
fn weigh(attempt: Attempt<'_>, reply: &Reply) -> (Kind, Result<Judged, Unusable>) {
    let message = match reply {
        Reply::Message(message) => message,
        Reply::Nothing => {
            return (Kind::Timeout, Err(Unusable { reason: "no answer in time".to_owned(), came: Came::Nothing }));
        }
        Reply::Failed(error) => {
            let turned_away = matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset);
            let came = if turned_away { Came::TurnedAway } else { Came::Nothing };
            return (Kind::Failed(error.to_string()), Err(Unusable { reason: error.to_string(), came }));
        }
    };
    let judged = judge(attempt.zone, attempt.asked, message);
    let ttl = |soa: &Option<hickory_proto::rr::Record>| soa.as_ref().map_or(0, |it| it.ttl);
    let kind = match &judged.verdict {
        Verdict::Referral(it) => {
            let glue = it.servers.iter().map(|(_, addresses)| addresses.len()).sum();
            Kind::Referral { cut: it.zone.clone(), servers: it.servers.len(), glue }
        }
        Verdict::NoName(soa) => Kind::NoName { ttl: ttl(soa) },
        Verdict::Truncated => Kind::Truncated,
        Verdict::Refused(code) => Kind::Refused(*code),
        Verdict::Lame(why) => Kind::Lame(why.clone()),
        _ if !attempt.whole => Kind::Further,
        Verdict::Records(records) if attempt.asked.kind == RecordType::DNSKEY => Kind::Keys { records: records.len() },
        Verdict::Records(records) => Kind::Answer { records: records.len() },
        Verdict::Alias(target) => Kind::Alias { target: target.clone() },
        Verdict::NoData(soa) => Kind::NoData { ttl: ttl(soa) },
    };
    (kind, Ok(judged))
}
