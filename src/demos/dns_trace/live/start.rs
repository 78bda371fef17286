//! Where a live search begins: at the lab's servers on loopback, at a server of a root, or at the real root.
use std::cell::RefCell;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use hickory_proto::op::Message;
use hickory_proto::rr::{Name, RData, Record};

use super::{Told, chance};
use crate::demos::dns_trace::question;
use crate::demos::live::{Stand, Trouble};
use crate::net::host::route;
use crate::net::live::LiveNet;
use crate::net::{Datagrams, Net};
use crate::services::dns::given::Given;
use crate::services::dns::resolver::{Families, Hints, Options};
use crate::services::dns::{self, DnsError, PORT, RecordType, Transport, loopback, roots};
use crate::services::within;

use super::given::Asked;

/// Ports that are tried for the lab's servers on loopback.
const TRIES: u32 = 8;
/// Servers of the root that are asked at most; each of the 13 serves the same.
const LETTERS: usize = 4;
/// An address that nobody has (RFC 5737 §3): whatever answers there stands on the way.
const NOBODY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), PORT);
/// How long an answer from nobody is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// How the search begins.
pub(super) struct Start {
    pub(super) options: Options,
    /// Whether it begins at the real root.
    pub(super) is_internet: bool,
    /// What answered at a root server's address without being one.
    pub(super) impostor: Option<SocketAddr>,
}

pub(super) async fn start(stand: &Stand, told: &RefCell<Told>) -> io::Result<Start> {
    if let Some(server) = &stand.server {
        let options = own_servers(server, told).await?;
        return Ok(Start { options, is_internet: false, impostor: None });
    }
    match stand.word {
        None => named(stand, told).await,
        Some("system") => {
            let given = Given::by_system().map_err(|error| {
                Trouble(format!(
                    "this system names no resolver ({error}): give the address of one in place of `system`"
                ))
            })?;
            ask(stand, told, given, "the system's resolver").await;
            internet(told, Families { v4: true, v6: true })
        }
        Some(word) => internet(told, Families { v4: word != "root6", v6: word != "root4" }),
    }
}

/// Asks the resolver this host is given, and writes down what it said.
async fn ask(stand: &Stand, told: &RefCell<Told>, given: Given, what: &'static str) {
    let net = &stand.client;
    let (name, kind) = question(&stand.knobs);
    let transport = if stand.knobs.choice("transport") == "tcp" { Transport::Tcp } else { Transport::Udp };
    let began = net.now();
    let said = given.look_up(&name, kind, transport).await;
    let asked = Asked { what, given, question: (name, kind), transport, said, began, ended: net.now() };
    net.note(asked.title());
    told.borrow_mut().asked = Some(asked);
}

/// The search from the real root, over the families this machine has a route for.
fn internet(told: &RefCell<Told>, wished: Families) -> io::Result<Start> {
    let hints = shuffled(roots::hints());
    let first = |is_wanted: fn(&IpAddr) -> bool| {
        let addresses = hints.iter().flat_map(|(_, addresses)| addresses);
        addresses.copied().find(is_wanted).map(|it| SocketAddr::new(it, PORT))
    };
    let reach = |wished: bool, at: Option<SocketAddr>| {
        at.filter(|_| wished).map(|at| route(at).map_err(|error| format!("to {}: {error}", at.ip())))
    };
    let (v4, v6) = (first(IpAddr::is_ipv4), first(IpAddr::is_ipv6));
    let (way4, way6) = (reach(wished.v4, v4), reach(wished.v6, v6));
    let families = Families { v4: matches!(way4, Some(Ok(_))), v6: matches!(way6, Some(Ok(_))) };
    if !families.v4 && !families.v6 {
        let why: Vec<String> = [way4, way6].into_iter().flatten().filter_map(Result::err).collect();
        return Err(Trouble(no_route(&why)).into());
    }
    told.borrow_mut().address = if families.v4 { v4 } else { v6 };
    let mut options = Options::new(hints.into_iter().take(LETTERS).collect());
    options.families = families;
    // Whom nothing answers at all is told so soon.
    options.limits.rounds = 1;
    Ok(Start { options, is_internet: true, impostor: None })
}

/// The network is absent.
fn no_route(why: &[String]) -> String {
    format!(
        "this machine has no route to the root servers ({}): it is in no network, or has no default route (`ip route` lists \
         them); the lab needs none: leave --live away",
        why.join("; ")
    )
}

/// No server of the root is asked more than another.
fn shuffled(mut hints: Hints) -> Hints {
    let mut all = Hints::new();
    while !hints.is_empty() {
        let count = u64::try_from(hints.len()).unwrap_or(1);
        let at = usize::try_from(chance() % count).unwrap_or_default();
        all.push(hints.swap_remove(at));
    }
    all
}

/// The lab's servers on a free port of loopback.
async fn own_servers(server: &LiveNet, told: &RefCell<Told>) -> io::Result<Options> {
    let mut failed = io::Error::other("no port of loopback is free");
    for _ in 0..TRIES {
        let free = server.bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?.local()?.port();
        match loopback::start(server, free, chance()).await {
            Ok((up, _)) => {
                told.borrow_mut().address = up.last().map(|it| it.at);
                return Ok(loopback::options(free));
            }
            Err(error) => failed = error.source,
        }
    }
    Err(failed)
}

/// What the host is that the user named, by what it says of the root: a server of a root, or a resolver.
async fn named(stand: &Stand, told: &RefCell<Told>) -> io::Result<Start> {
    let (net, at) = (&stand.client, stand.at);
    let about_root = match dns::ask(net, at, about_root()).await {
        Ok(reply) => Some(reply),
        // Silence may be only about the root: it is asked as a resolver all the same.
        Err(DnsError::NoAnswer) => None,
        Err(error) => return Err(failed(error)),
    };
    if let Some(reply) = about_root.as_ref().filter(|it| it.metadata.authoritative) {
        return Ok(Start { options: from_root(reply, at), is_internet: false, impostor: None });
    }
    ask(stand, told, Given::at(at), "the resolver").await;
    let mut start = internet(told, Families { v4: true, v6: true })?;
    start.impostor = (about_root.is_some() && roots::has(at.ip())).then_some(at);
    Ok(start)
}

/// The search from a server of a root. Who has a root at another port has the other servers there too.
fn from_root(reply: &Message, at: SocketAddr) -> Options {
    let server = reply.answers.iter().find_map(|it| server_at(it, &reply.additionals, at));
    let mut options = Options::new(vec![(server.unwrap_or_else(Name::root), vec![at.ip()])]);
    let port = at.port();
    options.place = Rc::new(move |address| SocketAddr::new(address, port));
    options.families = Families { v4: true, v6: at.is_ipv6() };
    options
}

/// Whether anybody answers where nobody is: the answer's sender. A search does not wait for longer than a moment for it.
pub(super) async fn nobody(net: &LiveNet) -> Option<SocketAddr> {
    let socket = net.bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))).await.ok()?;
    socket.send_to(&about_root().to_vec().ok()?, NOBODY).await.ok()?;
    let mut buffer = [0; 512];
    let heard = within(net, PATIENCE, socket.receive(&mut buffer)).await?.ok()?;
    Some(heard.1)
}

/// Which servers has the root? No search is asked for.
fn about_root() -> Message {
    let id = u16::try_from(chance() >> 48).expect("16 bits remain");
    let mut query = dns::query(&Name::root(), RecordType::NS, id);
    query.metadata.recursion_desired = false;
    query
}

/// The name of the server that has this address, where the answer brings it.
fn server_at(ns: &Record, additional: &[Record], at: SocketAddr) -> Option<Name> {
    let RData::NS(server) = &ns.data else { return None };
    let is_it = |it: &Record| it.name == server.0 && dns::resolver::address(it) == Some(at.ip());
    additional.iter().any(is_it).then(|| server.0.clone())
}

fn failed(error: DnsError) -> io::Error {
    match error {
        DnsError::Socket(error) => error,
        other => io::Error::other(other.to_string()),
    }
}
