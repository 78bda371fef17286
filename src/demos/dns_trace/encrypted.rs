//! The client's question over TLS or HTTPS: a connection first, then the question, then a second one on the open connection.
use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use hickory_proto::op::Message;

use super::{Seen, says};
use crate::demos::capture::{Sight, capture};
use crate::demos::findings::Findings;
use crate::demos::frame::Content;
use crate::demos::name_servers::{RESOLVER, World};
use crate::net::Net;
use crate::quantity::Quantity;
use crate::recording::{Fact, Recording, Step, Time};
use crate::services::dns::encrypted::{
    Answered, Connection, Ended, HTTPS_PORT, Kind, Opened, TLS_PORT, serve_https, serve_tls,
};
use crate::services::dns::resolver::Resolver;
use crate::services::tls::{Authority, Client, DOT, Ground, H2, Server, TlsError};

/// The name that the resolver must prove to have: clients are told it beside its address (RFC 8310).
const NAME: &str = "dns.isp.example";

/// What happened, for the findings.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) opened: Option<Opened>,
    first: Option<Exchange>,
    again: Option<Exchange>,
    /// What deciphers the capture.
    pub(super) secrets: String,
}

/// A question and its answer.
#[derive(Debug)]
struct Exchange {
    asked: Time,
    answered: Time,
    answer: Answered,
}

/// What the knob says of the client's own way; `None` where it is plain.
pub(super) fn kind(transport: &str) -> Option<Kind> {
    match transport {
        "dot" => Some(Kind::Tls),
        "doh" => Some(Kind::HttpsPost),
        _ => None,
    }
}

fn at(kind: Kind) -> SocketAddr {
    SocketAddr::new(RESOLVER.ip(), if kind == Kind::Tls { TLS_PORT } else { HTTPS_PORT })
}

/// Lets the resolver serve it too, asks twice, and says what the client got. `query` makes the query with an id.
pub(super) async fn ask<N: Net>(
    world: &World,
    (kind, seed): (Kind, u64),
    resolver: &Resolver<N>,
    query: &dyn Fn(u16) -> Message,
    seen: &RefCell<Seen>,
) -> String {
    let ground = Ground::lab(&world.client, seed);
    let outcome = match serve(world, kind, &ground, resolver).await {
        Ok(client) => exchanges(world, (kind, &client), query, seen).await.unwrap_or_else(|error| error.to_string()),
        Err(error) => error.to_string(),
    };
    seen.borrow_mut().encrypted.secrets = ground.keys().map(|keys| keys.text()).unwrap_or_default();
    outcome
}

/// The resolver's encrypted side, and a client that trusts its authority.
async fn serve<N: Net>(world: &World, kind: Kind, ground: &Ground, resolver: &Resolver<N>) -> Result<Client, TlsError> {
    let protocols: &[&[u8]] = if kind == Kind::Tls { &[DOT] } else { &[H2] };
    let authority = Authority::new(ground, "Roundtrip lab")?;
    let address: IpAddr = RESOLVER.ip();
    let server = Server::new(ground, authority.issue(&[NAME, &address.to_string()])?, protocols)?;
    let answers = Rc::new(resolver.clone());
    if kind == Kind::Tls {
        serve_tls(&world.resolver, at(kind), server, answers).await?;
    } else {
        serve_https(&world.resolver, at(kind), server, answers).await?;
    }
    Client::new(ground, &[authority.certificate()], protocols)
}

async fn exchanges(
    world: &World,
    (kind, client): (Kind, &Client),
    query: &dyn Fn(u16) -> Message,
    seen: &RefCell<Seen>,
) -> Result<String, Ended> {
    let net = &world.client;
    let (mut connection, opened) = Connection::open(net, (kind, client), (at(kind), NAME)).await?;
    seen.borrow_mut().encrypted.opened = Some(opened);
    let mut one = async |id| {
        let asked = net.now();
        let answer = connection.ask(query(id)).await?;
        Ok::<_, Ended>(Exchange { asked, answered: net.now(), answer })
    };
    let first = one(1).await?;
    let words = says(&first.answer.message);
    {
        let mut seen = seen.borrow_mut();
        seen.answered = Some(first.answered);
        seen.encrypted.first = Some(first);
    }
    let again = one(2).await?;
    seen.borrow_mut().encrypted.again = Some(again);
    connection.close().await;
    Ok(words)
}

/// The rows before the resolver's and after them, with their numbers and bars.
pub(super) fn found(findings: &mut Findings, recording: &Recording, seen: &Seen) -> (Vec<Step>, Vec<Step>) {
    let told = &seen.encrypted;
    let Some(opened) = &told.opened else { return (Vec::new(), Vec::new()) };
    let sights = capture(recording, "client");
    let rows = Rows { node: recording.node("client").unwrap_or_default(), sights: &sights, local: opened.local };
    numbers(findings, told, opened);
    let mut before = vec![rows.tcp(opened), rows.tls(opened)];
    before.extend(told.first.as_ref().map(|it| rows.question(it, opened)));
    let after: Vec<Step> = told.again.iter().map(|it| rows.again(it)).collect();
    let ends = [
        ("tcp-open", "TCP is open"),
        ("tls-open", "the client and the resolver have agreed on keys"),
        ("first-answer", "the first answer is in, encrypted"),
        ("second-answer", "the answer to the same again is in"),
    ];
    for (row, (name, label)) in before.iter().chain(&after).zip(ends) {
        findings.mark_at(name, label, Some(row.until), row.packets.last().copied());
        let ends = row.packets.first().copied().zip(row.packets.last().copied());
        findings.span_of("0 client", row.title.clone(), (row.at, row.until), ends);
    }
    (before, after)
}

fn numbers(findings: &mut Findings, told: &Told, opened: &Opened) {
    let how = "the SYN out to the SYN-ACK in: 1 RTT to the resolver";
    findings.time("tcp_handshake_time", "the TCP handshake took", Some(opened.connected - opened.began), how);
    let how = "TCP open to the server's Finished in: 1 RTT with TLS 1.3 (RFC 8446 §2)";
    findings.time("tls_handshake_time", "the TLS handshake took", Some(opened.secured - opened.connected), how);
    if let Some(again) = &told.again {
        let how = "on the open connection, from the resolver's cache: 1 RTT";
        findings.time("second_answer_time", "the same again took", Some(again.answered - again.asked), how);
    }
    if let Some(first) = &told.first {
        let how = "the DNS message with its padding, a multiple of 128 (RFC 8467 §4.1)";
        findings.bytes("query_message_bytes", "the client's query has", first.answer.sent, how);
        let how = "the DNS message with its padding, a multiple of 468 (RFC 8467 §4.1)";
        findings.bytes("answer_message_bytes", "the client's answer has", first.answer.received, how);
    }
}

/// What the client's rows are made of.
struct Rows<'a> {
    node: usize,
    sights: &'a [Sight<'a>],
    /// The client's end of the connection.
    local: Option<SocketAddr>,
}

impl Rows<'_> {
    fn row(&self, kind: &str, (at, until): (Time, Time), title: String, facts: Vec<Fact>, why: &str) -> Step {
        let ours = |it: &&Sight<'_>| match it.content {
            Content::Tcp(segment) => Some(if it.sent { segment.from } else { segment.to }) == self.local,
            _ => false,
        };
        let during =
            |it: &&Sight<'_>| (at..=until).contains(&it.at) && (it.at > at || it.sent) && (it.at < until || !it.sent);
        let packets = self.sights.iter().filter(ours).filter(during).map(|it| it.packet.n).collect();
        Step { at, until, node: self.node, depth: 0, kind: kind.to_owned(), title, facts, why: why.to_owned(), packets }
    }

    fn tcp(&self, opened: &Opened) -> Step {
        let when = (opened.began, opened.connected);
        let facts = vec![Fact::quantity("rtt", Quantity::time(when.1 - when.0))];
        let why = "Before a word can be said both ends agree on where their bytes begin: a SYN out, a SYN-ACK in (RFC 9293 \
                   §3.5). 1 RTT, and nothing is asked yet.";
        self.row("tcp", when, "the client opens TCP".to_owned(), facts, why)
    }

    fn tls(&self, opened: &Opened) -> Step {
        let (when, agreed) = ((opened.connected, opened.secured), &opened.agreed);
        let facts = vec![
            Fact::quantity("rtt", Quantity::time(when.1 - when.0)),
            Fact::text("server", NAME.to_owned()),
            Fact::text("version", agreed.version.clone()),
            Fact::text("suite", agreed.suite.clone()),
            Fact::text("group", agreed.group.clone()),
            Fact::text("protocol", agreed.protocol.clone()),
        ];
        let why = "The ClientHello brings the client's half of a key exchange, the ServerHello the other: all after it is \
                   encrypted, also the certificate that proves who the server is. The client's Finished goes out together with \
                   the question: 1 RTT (RFC 8446 §2).";
        self.row("tls", when, "the client and the resolver agree on keys".to_owned(), facts, why)
    }

    fn question(&self, it: &Exchange, opened: &Opened) -> Step {
        let why = if opened.agreed.protocol == "h2" {
            "One HTTP/2 request, its body the DNS message (RFC 8484 §4.1). Who reads along sees that there is HTTPS, and how \
             long the messages are: so they are padded to a few lengths (RFC 8467 §4.1)."
        } else {
            "As over TCP, a length and the message, now inside TLS (RFC 7858 §3.3). Who reads along sees port 853, and how \
             long the messages are: so they are padded to a few lengths (RFC 8467 §4.1)."
        };
        self.row("question", (it.asked, it.answered), "the client asks, encrypted".to_owned(), exchanged(it), why)
    }

    fn again(&self, it: &Exchange) -> Step {
        let why = "The connection is open and the resolver has the answer: 1 RTT, as over UDP. That is why clients keep the \
                   connection (RFC 7858 §3.4, RFC 9113 §9.1).";
        let title = "the client asks the same again on the open connection".to_owned();
        self.row("question", (it.asked, it.answered), title, exchanged(it), why)
    }
}

fn exchanged(it: &Exchange) -> Vec<Fact> {
    vec![
        Fact::quantity("took", Quantity::time(it.answered - it.asked)),
        Fact::quantity("sent", Quantity::bytes(it.answer.sent)),
        Fact::quantity("received", Quantity::bytes(it.answer.received)),
        Fact::text("answer", says(&it.answer.message)),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::demos::{Setup, run};

    #[test]
    fn the_client_asks_what_was_checked_over_tls_and_https_as_over_udp() {
        for transport in ["udp", "dot", "doh"] {
            let told = |dnssec: &str| {
                let settings = [("transport", transport), ("dnssec", dnssec)];
                let settings: BTreeMap<_, _> = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
                let recording = run("dns-trace", &settings, &Setup::default()).expect("it runs");
                recording.events.iter().any(|it| format!("{it:?}").contains("checked by the resolver (AD is 1)"))
            };
            assert!(told("validated"), "{transport}");
            assert!(!told("off"), "{transport}");
        }
    }
}
