//! One query and what comes back to it: only what answers this query, from the server that was asked, is an answer (RFC 5452).
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, ResponseCode};

use super::serve::{receive, send};
use super::stub::any;
use super::{Transport, subnet};
use crate::net::{Datagrams, Net};
use crate::services::within;

/// So many datagrams that answer another question, and somebody is guessing: the attempt is over.
const STRANGERS: usize = 16;

/// What a word about a datagram from an address that was not asked begins with.
pub(super) const STRANGER: &str = "a datagram from ";

/// What an attempt came to.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) reply: Reply,
    /// The answer's length in bytes, without the length that TCP puts in front.
    pub(super) bytes: usize,
    /// What came and was not believed to be the answer, and why.
    pub(super) ignored: Vec<String>,
}

/// How an attempt ended.
#[derive(Debug)]
pub(super) enum Reply {
    Message(Box<Message>),
    /// Nothing that answers the query came in time.
    Nothing,
    Failed(io::Error),
}

impl Heard {
    const fn new(reply: Reply, bytes: usize, ignored: Vec<String>) -> Self {
        Self { reply, bytes, ignored }
    }
}

/// Sends the query from a port of its own (RFC 5452 §9.2) and waits for its answer.
pub(super) async fn ask<N: Net>(
    net: &N,
    server: SocketAddr,
    query: &Message,
    bytes: &[u8],
    (transport, patience): (Transport, Duration),
) -> Heard {
    match transport {
        Transport::Udp => match net.bind(any(server.ip())).await {
            Ok(socket) => over(net, &socket, server, query, bytes, patience).await,
            Err(error) => Heard::new(Reply::Failed(error), 0, Vec::new()),
        },
        Transport::Tcp => {
            // The limit holds for all of it: a server that sends a byte now and then gains nothing by it.
            match within(net, patience, stream(net, server, query, bytes)).await {
                Some(Ok(heard)) => heard,
                Some(Err(error)) => Heard::new(Reply::Failed(error), 0, Vec::new()),
                None => Heard::new(Reply::Nothing, 0, Vec::new()),
            }
        }
    }
}

/// Sends the query on a UDP socket and waits for its answer.
pub(super) async fn over<N: Net>(
    net: &N,
    socket: &N::Datagrams,
    server: SocketAddr,
    query: &Message,
    bytes: &[u8],
    patience: Duration,
) -> Heard {
    let mut ignored = Vec::new();
    if let Err(error) = socket.send_to(bytes, server).await {
        return Heard::new(Reply::Failed(error), 0, ignored);
    }
    match within(net, patience, matching(socket, server, query, &mut ignored)).await {
        Some(Ok(Some((reply, length)))) => Heard::new(Reply::Message(Box::new(reply)), length, ignored),
        Some(Err(error)) => Heard::new(Reply::Failed(error), 0, ignored),
        Some(Ok(None)) | None => Heard::new(Reply::Nothing, 0, ignored),
    }
}

/// The next datagram that answers this query; `None` when too many others came.
async fn matching(
    socket: &impl Datagrams,
    server: SocketAddr,
    query: &Message,
    ignored: &mut Vec<String>,
) -> io::Result<Option<(Message, usize)>> {
    let mut buffer = vec![0; usize::from(u16::MAX)];
    while ignored.len() < STRANGERS {
        let (length, from) = socket.receive(&mut buffer).await?;
        if from != server {
            ignored.push(format!("{STRANGER}{from}: {server} was asked"));
            continue;
        }
        match fitting(&buffer[..length], query) {
            Ok(reply) => return Ok(Some((reply, length))),
            Err(why) => ignored.push(why),
        }
    }
    Ok(None)
}

async fn stream<N: Net>(net: &N, server: SocketAddr, query: &Message, bytes: &[u8]) -> io::Result<Heard> {
    let mut stream = net.connect(server).await?;
    send(&mut stream, bytes).await?;
    let Some(reply) = receive(&mut stream).await? else { return Err(io::ErrorKind::UnexpectedEof.into()) };
    match fitting(&reply, query) {
        Ok(message) => Ok(Heard::new(Reply::Message(Box::new(message)), reply.len(), Vec::new())),
        Err(why) => Ok(Heard::new(Reply::Nothing, 0, vec![why])),
    }
}

/// The message, if it answers the query: a response with its id and its question (RFC 5452 §9.1).
pub(super) fn fitting(bytes: &[u8], query: &Message) -> Result<Message, String> {
    let reply =
        Message::from_vec(bytes).map_err(|error| format!("{} bytes that cannot be read: {error}", bytes.len()))?;
    let (got, asked) = (&reply.metadata, &query.metadata);
    if got.message_type != MessageType::Response {
        return Err("a query came where an answer was awaited".to_owned());
    }
    if got.id != asked.id {
        return Err(format!("its id is {:#06x}, the query's is {:#06x}", got.id, asked.id));
    }
    // A server that could not read the query may leave it out, and then says no more than that.
    let refuses = matches!(
        got.response_code,
        ResponseCode::FormErr | ResponseCode::NotImp | ResponseCode::ServFail | ResponseCode::Refused
    );
    let unread = refuses && [reply.queries.len(), reply.answers.len(), reply.authorities.len()] == [0; 3];
    if reply.queries != query.queries && !unread {
        let question =
            reply.queries.first().map_or("no question".to_owned(), |it| format!("{} {}", it.name, it.query_type));
        return Err(format!("it answers another question: {question}"));
    }
    // RFC 7871 §7.3.
    subnet::scope(query, &reply)?;
    Ok(reply)
}
