//! An authoritative server's answers (RFC 1034 §4.3.2): a query's bytes in, an answer's bytes out. No sockets.
use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::rc::Rc;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::HINFO;
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

use super::signing::Signing;
use super::zone::{Found, Zone};
use super::{Transport, subnet};

/// RFC 1035 §4.2.1: a message over UDP is at most 512 bytes where no EDNS says otherwise.
pub(super) const PLAIN_UDP: usize = 512;
/// What this server sends and takes over UDP: it fits every path without fragments (RFC 9715 §3, of servers and of who asks).
pub(super) const EDNS_UDP: u16 = 1232;
/// Aliases that are followed within the server's own zones.
const ALIASES: usize = 8;

/// Who asks, and over what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asker {
    pub address: IpAddr,
    pub transport: Transport,
}

/// An authoritative server's zones. Clones share them, so that a record may change while the server runs.
#[derive(Clone, Debug, Default)]
pub struct Authority {
    zones: Rc<RefCell<Vec<Zone>>>,
    /// Answers that were turned.
    turns: Rc<Cell<usize>>,
}

impl Authority {
    /// A server of these zones.
    #[must_use]
    pub fn new(zones: Vec<Zone>) -> Self {
        Self { zones: Rc::new(RefCell::new(zones)), turns: Rc::default() }
    }

    /// Signs the zones that are.
    pub fn sign(&self, signing: &Signing) {
        signing.apply(&mut self.zones.borrow_mut());
    }

    /// Changes the zone of that name; `false` when it is not served here.
    pub fn change(&self, origin: &Name, change: impl FnOnce(&mut Zone)) -> bool {
        let mut zones = self.zones.borrow_mut();
        zones.iter_mut().find(|zone| zone.origin() == origin).map(change).is_some()
    }

    /// The answer to a message; `None` for what is no query: answering an answer would let two servers talk for ever.
    #[must_use]
    pub fn answer(&self, bytes: &[u8], asker: Asker) -> Option<Vec<u8>> {
        let query = match read(bytes) {
            Ok(query) => query,
            Err(reply) => return (*reply)?.to_vec().ok(),
        };
        let reply = self.reply(&query);
        Some(fitted(reply, room(&query, asker.transport)))
    }

    /// The whole answer, whatever its length.
    #[must_use]
    pub fn reply(&self, query: &Message) -> Message {
        let mut reply = start(query);
        let question = match judged(query) {
            Ok(question) => question.clone(),
            Err(code) => {
                refuse(&mut reply, code);
                return reply;
            }
        };
        let zones = self.zones.borrow();
        let dnssec = wants_dnssec(query);
        if question.query_type == RecordType::ANY {
            minimal_any(&zones, &question.name, dnssec, &mut reply);
        } else {
            fill(&zones, &question, dnssec, &mut reply);
        }
        if dnssec {
            sign_additional(&zones, &mut reply);
        }
        if turn(&mut reply.answers, self.turns.get()) {
            self.turns.set(self.turns.get().wrapping_add(1));
        }
        reply
    }
}

/// Begins each set of an answer with another of its records (round robin, RFC 1794); `true` when there was one to turn.
pub(super) fn turn(answers: &mut [Record], by: usize) -> bool {
    let mut turned = false;
    for set in answers.chunk_by_mut(|a, b| a.name == b.name && a.record_type() == b.record_type()) {
        turned |= set.len() > 1;
        set.rotate_left(by % set.len());
    }
    turned
}

/// Whether the records of DNSSEC are wanted (RFC 3225 §3): who does not say so gets none.
pub(super) fn wants_dnssec(query: &Message) -> bool {
    query.edns.as_ref().is_some_and(|edns| edns.flags().dnssec_ok)
}

/// The query in a message. What cannot be read gets an answer that says so, as far as there is a header to answer to.
pub(super) fn read(bytes: &[u8]) -> Result<Message, Box<Option<Message>>> {
    if let Ok(query) = Message::from_vec(bytes) {
        return if query.metadata.message_type == MessageType::Query { Ok(query) } else { Err(Box::new(None)) };
    }
    let Some((head, flags)) = bytes.first_chunk::<12>().map(|head| (head, head[2])) else { return Err(Box::new(None)) };
    if flags & 0x80 != 0 {
        return Err(Box::new(None));
    }
    let mut reply = Message::response(u16::from_be_bytes([head[0], head[1]]), OpCode::from_u8(flags >> 3 & 15));
    reply.metadata.response_code = ResponseCode::FormErr;
    Err(Box::new(Some(reply)))
}

/// An answer to the query, with its question and, where it came with EDNS, with EDNS (RFC 6891 §6.1.1).
pub(super) fn start(query: &Message) -> Message {
    let mut reply = Message::response(query.metadata.id, query.metadata.op_code);
    reply.metadata.recursion_desired = query.metadata.recursion_desired;
    reply.add_queries(query.queries.iter().cloned());
    if let Some(theirs) = &query.edns {
        let mut edns = Edns::new();
        edns.set_max_payload(EDNS_UDP).set_dnssec_ok(theirs.flags().dnssec_ok);
        reply.set_edns(edns);
        subnet::answer(&mut reply, query, 0);
    }
    reply
}

/// The one question, when the message is one that can be answered.
pub(super) fn judged(query: &Message) -> Result<&Query, ResponseCode> {
    // RFC 6891 §6.1.3.
    if query.edns.as_ref().is_some_and(|edns| edns.version() > 0) {
        return Err(ResponseCode::BADVERS);
    }
    if query.metadata.op_code != OpCode::Query {
        return Err(ResponseCode::NotImp);
    }
    // RFC 7871 §6.
    if subnet::said(query).is_some_and(|said| !subnet::is_well_formed(said)) {
        return Err(ResponseCode::FormErr);
    }
    // RFC 9619 §4: a query has exactly one question.
    let [question] = query.queries.as_slice() else { return Err(ResponseCode::FormErr) };
    // A zone is not given away as a whole to whoever asks (RFC 5936 §5).
    let transfer = matches!(question.query_type, RecordType::AXFR | RecordType::IXFR);
    if transfer || question.query_class != DNSClass::IN {
        return Err(ResponseCode::Refused);
    }
    Ok(question)
}

/// Sets a code; those above 15 have their upper bits in EDNS (RFC 6891 §6.1.3).
pub(super) fn refuse(reply: &mut Message, code: ResponseCode) {
    reply.metadata.response_code = code;
    if let Some(edns) = &mut reply.edns {
        edns.set_rcode_high(code.high());
    }
}

/// How many bytes the asker takes over this transport.
pub(super) fn room(query: &Message, transport: Transport) -> usize {
    match transport {
        Transport::Tcp => usize::from(u16::MAX),
        Transport::Udp => {
            let theirs = query.edns.as_ref().map_or(PLAIN_UDP, |edns| usize::from(edns.max_payload()));
            theirs.clamp(PLAIN_UDP, usize::from(EDNS_UDP))
        }
    }
}

/// The message as bytes. What does not fit loses what nobody needs, then is cut with the TC bit (RFC 2181 §9).
pub(super) fn fitted(mut reply: Message, room: usize) -> Vec<u8> {
    let encode = |reply: &Message| reply.to_vec().unwrap_or_default();
    let whole = encode(&reply);
    if whole.len() <= room {
        return whole;
    }
    if reply.metadata.authoritative && !reply.additionals.is_empty() {
        reply.additionals.clear();
        let less = encode(&reply);
        if less.len() <= room {
            return less;
        }
    }
    encode(&reply.truncate())
}

/// Answers from the zones, following aliases while they stay within them.
fn fill(zones: &[Zone], question: &Query, dnssec: bool, reply: &mut Message) {
    let mut name = question.name.clone();
    for _ in 0..ALIASES {
        let Some(zone) = best(zones, &name, question.query_type) else {
            if reply.answers.is_empty() {
                refuse(reply, ResponseCode::Refused);
            }
            return;
        };
        // RFC 1035 §4.1.1: AA is about the first name of the answer; an alias of ours stays ours.
        let first = reply.answers.is_empty();
        match zone.look(&name, question.query_type) {
            Found::Records { records, .. } => {
                reply.metadata.authoritative = true;
                additional(zones, &records, reply);
                reply.add_answers(records);
                prove(zone, &name, question.query_type, dnssec, reply);
                return;
            }
            Found::Alias { record, target } => {
                reply.metadata.authoritative = true;
                reply.add_answer(*record);
                prove(zone, &name, RecordType::CNAME, dnssec, reply);
                name = target;
            }
            Found::Referral { cut, servers } => {
                reply.metadata.authoritative = !first;
                return refer(zones, zone, (cut, servers), dnssec, reply);
            }
            // RFC 6604 §3: the code is that of the last name of the chain.
            Found::NoData => return negative(zone, &name, (ResponseCode::NoError, dnssec), reply),
            Found::NoName => return negative(zone, &name, (ResponseCode::NXDomain, dnssec), reply),
        }
    }
}

/// RFC 4035 §3.1.1: the signatures of what was found, and where a wildcard gave it that nothing nearer is there.
fn prove(zone: &Zone, name: &Name, kind: RecordType, dnssec: bool, reply: &mut Message) {
    if dnssec {
        let proof = zone.proof(name, kind);
        reply.add_answers(proof.signatures);
        reply.add_authorities(proof.denial);
    }
}

/// Refers to the zone below; with which key it has, or that it has none (RFC 4035 §3.1.4).
fn refer(zones: &[Zone], zone: &Zone, (cut, servers): (&Name, &[Record]), dnssec: bool, reply: &mut Message) {
    glue(zones, servers, reply);
    reply.add_authorities(servers.iter().cloned());
    if !dnssec {
        return;
    }
    let key = zone.records(cut, RecordType::DS);
    if key.is_empty() {
        reply.add_authorities(zone.denial(cut));
    } else {
        reply.add_authorities(key.iter().cloned());
        reply.add_authorities(zone.signature(cut, RecordType::DS).cloned());
    }
}

/// RFC 4035 §3.1.1: additional records come with their signatures too; glue has none.
fn sign_additional(zones: &[Zone], reply: &mut Message) {
    let signature = |record: &Record| {
        let zone = best(zones, &record.name, record.record_type())?;
        zone.signature(&record.name, record.record_type()).cloned()
    };
    let mut signatures: Vec<Record> = Vec::new();
    for signature in reply.additionals.iter().filter_map(signature) {
        if !signatures.contains(&signature) {
            signatures.push(signature);
        }
    }
    reply.add_additionals(signatures);
}

/// RFC 2308 §2: the SOA record says for how long; with DNSSEC also a proof (RFC 4035 §3.1.3).
fn negative(zone: &Zone, name: &Name, (code, dnssec): (ResponseCode, bool), reply: &mut Message) {
    reply.metadata.authoritative = true;
    reply.metadata.response_code = code;
    reply.add_authority(zone.negative_soa());
    if dnssec {
        reply.add_authorities(zone.signature(zone.origin(), RecordType::SOA).cloned());
        reply.add_authorities(zone.denial(name));
    }
}

/// The zone with the longest name that holds this one; for DS records the one above the cut, where it is served here too.
fn best<'z>(zones: &'z [Zone], name: &Name, kind: RecordType) -> Option<&'z Zone> {
    let holds = |zone: &&Zone| zone.origin().zone_of(name);
    let above = |zone: &&Zone| holds(zone) && zone.origin() != name;
    let longest = |zone: &&Zone| zone.origin().num_labels();
    let parent = (kind == RecordType::DS).then(|| zones.iter().filter(above).max_by_key(longest)).flatten();
    parent.or_else(|| zones.iter().filter(holds).max_by_key(longest))
}

/// RFC 1034 §4.2.1: the addresses of the servers a referral names, as far as this server has them.
fn glue(zones: &[Zone], servers: &[Record], reply: &mut Message) {
    for server in servers {
        if let RData::NS(name) = &server.data {
            addresses(zones, &name.0, reply);
        }
    }
}

/// RFC 1035 §3.3.9, RFC 2782, RFC 9460 §4.1: the addresses of the hosts that records name, where they are at hand.
fn additional(zones: &[Zone], records: &[Record], reply: &mut Message) {
    for record in records {
        match &record.data {
            RData::NS(it) => addresses(zones, &it.0, reply),
            RData::MX(it) => addresses(zones, &it.exchange, reply),
            RData::SRV(it) => addresses(zones, &it.target, reply),
            RData::HTTPS(it) if !it.0.target_name.is_root() => addresses(zones, &it.0.target_name, reply),
            _ => {}
        }
    }
}

fn addresses(zones: &[Zone], name: &Name, reply: &mut Message) {
    for kind in [RecordType::A, RecordType::AAAA] {
        let held = zones.iter().map(|zone| zone.records(name, kind)).find(|it| !it.is_empty()).unwrap_or_default();
        for record in held {
            if !reply.additionals.contains(record) {
                reply.add_additional(record.clone());
            }
        }
    }
}

/// RFC 8482 §4.2: who asks for everything gets one made-up record.
fn minimal_any(zones: &[Zone], name: &Name, dnssec: bool, reply: &mut Message) {
    let Some(zone) = best(zones, name, RecordType::ANY) else { return refuse(reply, ResponseCode::Refused) };
    match zone.look(name, RecordType::ANY) {
        Found::NoName => negative(zone, name, (ResponseCode::NXDomain, dnssec), reply),
        Found::Referral { cut, servers } => refer(zones, zone, (cut, servers), dnssec, reply),
        // What is made up has no signature: who asks for those gets a set that has one (RFC 8482 §4.1).
        _ if dnssec && zone.is_signed() => {
            reply.metadata.authoritative = true;
            let kind = zone.kinds(name).next();
            reply.add_answers(kind.into_iter().flat_map(|kind| zone.records(name, kind)).cloned());
            reply.add_answers(kind.and_then(|kind| zone.signature(name, kind)).cloned());
        }
        _ => {
            reply.metadata.authoritative = true;
            let hinfo = HINFO::new("RFC8482".to_owned(), String::new());
            reply.add_answer(Record::from_rdata(name.clone(), 3600, RData::HINFO(hinfo)));
        }
    }
}
