//! DNS over UDP (RFC 1035): a server that knows the addresses of one zone, and a stub's question. Messages by hickory.
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::ProtoError;
use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

use crate::net::{Datagrams, Net};
use crate::services::within;

/// RFC 1035 §4.2.1: a message over UDP is at most 512 bytes where no EDNS says otherwise.
const UDP_LIMIT: usize = 512;
/// As resolvers commonly do: wait this long, ask again, give up after the last.
const PATIENCE: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// Names with their addresses, for which one server is the authority.
#[derive(Clone, Debug, Default)]
pub struct Zone {
    addresses: BTreeMap<Name, Vec<Ipv4Addr>>,
    /// How long an answer may be kept, in seconds.
    ttl: u32,
}

/// Why a name has no address.
#[derive(Debug, thiserror::Error)]
pub enum DnsError {
    #[error("`{0}` is not a domain name")]
    Name(String),
    #[error("there is no such name (NXDOMAIN)")]
    NoSuchName,
    #[error("the server answered {0}")]
    Refused(ResponseCode),
    #[error("no answer from the name server")]
    NoAnswer,
    #[error("no message to send: {0}")]
    Message(#[from] ProtoError),
    #[error(transparent)]
    Socket(#[from] io::Error),
}

impl Zone {
    /// An empty zone whose answers may be kept for `ttl` seconds.
    #[must_use]
    pub const fn new(ttl: u32) -> Self {
        Self { addresses: BTreeMap::new(), ttl }
    }

    /// Adds an address (an A record) to a name.
    ///
    /// # Errors
    /// When the text is not a domain name.
    pub fn with(mut self, name: &str, address: Ipv4Addr) -> Result<Self, DnsError> {
        self.addresses.entry(full(name)?).or_default().push(address);
        Ok(self)
    }

    /// The answer to a message; `None` for what is no query at all.
    #[must_use]
    pub fn answer(&self, bytes: &[u8]) -> Option<Message> {
        let query = Message::from_vec(bytes).ok()?;
        // Answering an answer would let two servers talk for ever.
        if query.metadata.message_type != MessageType::Query {
            return None;
        }
        let mut reply = Message::response(query.metadata.id, query.metadata.op_code);
        reply.metadata.recursion_desired = query.metadata.recursion_desired;
        let [question] = query.queries.as_slice() else {
            reply.metadata.response_code = ResponseCode::FormErr;
            return Some(reply);
        };
        reply.add_query(question.clone());
        if query.metadata.op_code != OpCode::Query || question.query_class != DNSClass::IN {
            reply.metadata.response_code = ResponseCode::NotImp;
            return Some(reply);
        }
        reply.metadata.authoritative = true;
        match self.addresses.get(&question.name) {
            None => reply.metadata.response_code = ResponseCode::NXDomain,
            Some(addresses) if question.query_type == RecordType::A => {
                let record =
                    |ip: &Ipv4Addr| Record::from_rdata(question.name.clone(), self.ttl, RData::A((*ip).into()));
                reply.add_answers(addresses.iter().map(record));
            }
            // The name exists, with no record of this type: an empty answer (RFC 2308 §2.2).
            Some(_) => {}
        }
        Some(reply)
    }
}

fn full(name: &str) -> Result<Name, DnsError> {
    let mut parsed = Name::from_ascii(name).map_err(|_| DnsError::Name(name.to_owned()))?;
    parsed.set_fqdn(true);
    Ok(parsed)
}

/// Answers queries for a zone until the socket fails.
///
/// # Errors
/// The socket's.
pub async fn serve(socket: impl Datagrams, zone: Zone) -> io::Result<()> {
    let mut buffer = [0; UDP_LIMIT];
    loop {
        let (length, from) = match socket.receive(&mut buffer).await {
            Ok(received) => received,
            // An earlier answer came to a closed port; that is the asker's matter.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => continue,
            Err(error) => return Err(error),
        };
        let Some(reply) = zone.answer(&buffer[..length]) else { continue };
        if let Ok(bytes) = encode(&reply) {
            socket.send_to(&bytes, from).await?;
        }
    }
}

/// The message as bytes, cut to its header and question with the TC bit where it is too long for UDP.
fn encode(reply: &Message) -> Result<Vec<u8>, ProtoError> {
    let bytes = reply.to_vec()?;
    if bytes.len() <= UDP_LIMIT { Ok(bytes) } else { reply.truncate().to_vec() }
}

/// Asks a server for the IPv4 addresses of a name, three times at most. `id` numbers the query (16 bits of chance).
///
/// # Errors
/// When the name has none, the server refuses, or nothing answers within 7 seconds.
pub async fn resolve<N: Net>(net: &N, server: SocketAddr, name: &str, id: u16) -> Result<Vec<Ipv4Addr>, DnsError> {
    let mut query = Message::new(id, MessageType::Query, OpCode::Query);
    query.metadata.recursion_desired = true;
    query.add_query(Query::query(full(name)?, RecordType::A));
    let bytes = query.to_vec()?;
    let socket = net.bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))).await?;
    for patience in PATIENCE {
        socket.send_to(&bytes, server).await?;
        if let Some(reply) = within(net, patience, matching(&socket, server, &query)).await {
            return addresses(&reply?);
        }
    }
    Err(DnsError::NoAnswer)
}

/// The next datagram that answers this query: from the server asked, with its number and question (RFC 5452 §9.1).
async fn matching(socket: &impl Datagrams, server: SocketAddr, query: &Message) -> io::Result<Message> {
    let mut buffer = [0; UDP_LIMIT];
    loop {
        let (length, from) = socket.receive(&mut buffer).await?;
        let Ok(reply) = Message::from_vec(&buffer[..length]) else { continue };
        let answers = reply.metadata.message_type == MessageType::Response && reply.metadata.id == query.metadata.id;
        if from == server && answers && reply.queries == query.queries {
            return Ok(reply);
        }
    }
}

fn addresses(reply: &Message) -> Result<Vec<Ipv4Addr>, DnsError> {
    match reply.metadata.response_code {
        ResponseCode::NoError => {}
        ResponseCode::NXDomain => return Err(DnsError::NoSuchName),
        other => return Err(DnsError::Refused(other)),
    }
    let address = |record: &Record| match record.data {
        RData::A(address) => Some(address.0),
        _ => None,
    };
    Ok(reply.answers.iter().filter_map(address).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> Zone {
        let address = Ipv4Addr::new(192, 0, 2, 7);
        Zone::new(300).with("shop.example", address).expect("a name")
    }

    fn question(name: &str, kind: RecordType) -> Message {
        let mut query = Message::new(4711, MessageType::Query, OpCode::Query);
        query.add_query(Query::query(full(name).expect("a name"), kind));
        query
    }

    fn answer(query: &Message) -> Message {
        let bytes = query.to_vec().expect("it encodes");
        zone().answer(&bytes).expect("a query is answered")
    }

    #[test]
    fn a_known_name_is_answered_whatever_its_case() {
        let reply = answer(&question("SHOP.example", RecordType::A));
        assert_eq!(reply.metadata.id, 4711);
        assert!(reply.metadata.authoritative);
        assert_eq!(addresses(&reply).expect("an answer"), [Ipv4Addr::new(192, 0, 2, 7)]);
    }

    #[test]
    fn an_unknown_name_does_not_exist_and_a_missing_type_is_empty() {
        let unknown = answer(&question("no.example", RecordType::A));
        assert!(matches!(addresses(&unknown), Err(DnsError::NoSuchName)));
        let empty = answer(&question("shop.example", RecordType::AAAA));
        assert_eq!(addresses(&empty).expect("no error"), [Ipv4Addr::UNSPECIFIED; 0]);
    }

    #[test]
    fn what_is_no_query_stays_without_an_answer() {
        let mut reply = answer(&question("shop.example", RecordType::A));
        assert_eq!(zone().answer(&reply.to_vec().expect("it encodes")), None);
        assert_eq!(zone().answer(b"no DNS at all"), None);
        reply.metadata.message_type = MessageType::Query;
        reply.queries.clear();
        let refused = zone().answer(&reply.to_vec().expect("it encodes")).expect("it is a query");
        assert_eq!(refused.metadata.response_code, ResponseCode::FormErr);
    }

    #[test]
    fn an_answer_too_long_for_udp_is_cut_and_says_so() {
        let crowded = (0..100).try_fold(zone(), |zone, last| zone.with("big.example", Ipv4Addr::new(10, 0, 0, last)));
        let query = question("big.example", RecordType::A).to_vec().expect("it encodes");
        let reply = crowded.expect("names").answer(&query).expect("a query is answered");
        let bytes = encode(&reply).expect("it encodes");
        assert!(bytes.len() <= UDP_LIMIT);
        assert!(Message::from_vec(&bytes).expect("it decodes").metadata.truncation);
    }
}
