//! A stub's question: what a host asks the resolver it was given, over UDP, and over TCP where the answer was cut.
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::ProtoError;
use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::exchange::{self, Reply};
use super::{NotAName, Transport, name};
use crate::net::Net;

/// The option of an extended error (RFC 8914 §2).
pub(super) const EXTENDED_ERROR: u16 = 15;
/// As resolvers commonly do: wait this long, ask again, give up after the last.
const PATIENCE: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// Why a name has no address.
#[derive(Debug, thiserror::Error)]
pub enum DnsError {
    #[error(transparent)]
    Name(#[from] NotAName),
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

/// Asks a server for the IPv4 addresses of a name, three times at most. `id` numbers the query (16 bits of chance).
///
/// # Errors
/// When the name has none, the server refuses, or nothing answers within 7 seconds.
pub async fn resolve<N: Net>(net: &N, server: SocketAddr, text: &str, id: u16) -> Result<Vec<Ipv4Addr>, DnsError> {
    let reply = ask(net, server, query(&name(text)?, RecordType::A, id)).await?;
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

/// A stub's query: recursion is desired.
#[must_use]
pub fn query(name: &Name, kind: RecordType, id: u16) -> Message {
    let mut query = Message::new(id, MessageType::Query, OpCode::Query);
    query.metadata.recursion_desired = true;
    query.add_query(Query::query(name.clone(), kind));
    query
}

/// Asks a server, three times at most, and over TCP when the answer was cut (RFC 1035 §4.2.1, RFC 7766 §5).
///
/// # Errors
/// When nothing answers within 7 seconds, or a socket fails.
pub async fn ask<N: Net>(net: &N, server: SocketAddr, query: Message) -> Result<Message, DnsError> {
    let bytes = query.to_vec()?;
    let socket = net.bind(any(server.ip())).await?;
    for patience in PATIENCE {
        let heard = exchange::over(net, &socket, server, &query, &bytes, patience).await;
        match heard.reply {
            Reply::Message(reply) if reply.metadata.truncation => {
                let heard = exchange::ask(net, server, &query, &bytes, (Transport::Tcp, PATIENCE[2])).await;
                return match heard.reply {
                    Reply::Message(reply) => Ok(*reply),
                    Reply::Nothing => Err(DnsError::NoAnswer),
                    Reply::Failed(error) => Err(error.into()),
                };
            }
            Reply::Message(reply) => return Ok(*reply),
            Reply::Nothing => {}
            Reply::Failed(error) => return Err(error.into()),
        }
    }
    Err(DnsError::NoAnswer)
}

/// Why there is no answer, as the server explains it (RFC 8914 §2): its code and its text.
#[must_use]
pub fn extended_error(reply: &Message) -> Option<String> {
    let data = reply.edns.as_ref()?.option(EdnsCode::Unknown(EXTENDED_ERROR))?;
    let EdnsOption::Unknown(_, data) = data else { return None };
    let (code, text) = data.split_first_chunk::<2>()?;
    let text = crate::wire::text::visible_start(text, 300);
    Some(format!("{text} (extended error {})", u16::from_be_bytes(*code)))
}

/// Any port of this host, to reach that address.
pub(super) fn any(address: IpAddr) -> SocketAddr {
    match address {
        IpAddr::V4(_) => SocketAddr::from(([0; 4], 0)),
        IpAddr::V6(_) => SocketAddr::from(([0_u16; 8], 0)),
    }
}
