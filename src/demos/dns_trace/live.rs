//! The live side: the same resolver on this machine's sockets, from the servers of the lab on loopback, from a server of a root, or beside a resolver the user named.
use std::cell::RefCell;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use hickory_proto::rr::{Name, RData, Record};

use super::found;
use crate::demos::findings::Findings;
use crate::demos::live::{Live, Script, Stand};
use crate::demos::name_servers::rows;
use crate::net::Net;
use crate::net::live::LiveNet;
use crate::quantity::{Quantity, Unit};
use crate::recording::{Fact, Recording, Step, Time};
use crate::services::dns::resolver::{Families, Options, Outcome, Resolution, Resolver, Survey, say};
use crate::services::dns::{self, DnsError, RecordType, loopback, roots};

pub(super) const LIVE: Live = Live {
    nodes: ["resolver", "servers"],
    port: dns::PORT,
    knobs: &["name", "type", "minimise", "transport", "check"],
    curves: &[],
    limit: Duration::from_secs(40),
    script,
};

/// Ports that are tried for the lab's servers on loopback.
const TRIES: u32 = 8;

/// What happened, for the findings.
#[derive(Default)]
struct Told {
    /// The resolver that was named, and what it said.
    named: Option<Step>,
    resolution: Option<Resolution>,
    survey: Option<Survey>,
    /// Where the search began.
    address: Option<SocketAddr>,
}

fn script(stand: Stand) -> Script {
    let told = Rc::<RefCell<Told>>::default();
    let own = Rc::clone(&told);
    let play = Box::pin(async move { play(&stand, &own).await });
    let found = move |recording: &mut Recording| {
        let told = told.borrow();
        if let (Some(live), Some(address)) = (&mut recording.run.live, told.address) {
            live.address = address;
        }
        found_in(recording, &told).into(recording);
    };
    Script { play, found: Box::new(found) }
}

async fn play(stand: &Stand, told: &RefCell<Told>) -> io::Result<()> {
    let net = &stand.client;
    let (name, kind) = super::question(&stand.knobs);
    let mut options = match &stand.server {
        Some(server) => own_servers(server, told).await?,
        None => named(net, stand.at, (&name, kind), told).await?,
    };
    super::turn(&mut options, &stand.knobs);
    let resolver = Resolver::new(net.clone(), options, stand.seed ^ chance());
    let resolution = resolver.resolve(&name, kind).await;
    if let Outcome::Failed(why) = &resolution.outcome {
        net.note(format!("{name} {kind}: no answer: {why}"));
    }
    told.borrow_mut().resolution = Some(resolution);
    if stand.knobs.is_on("check") {
        let survey = resolver.survey(&name, kind).await;
        told.borrow_mut().survey = Some(survey);
    }
    Ok(())
}

/// Chance that nobody on the network knows, from the system: ids of queries must not be guessed (RFC 5452 §4.3).
fn chance() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}

/// The lab's servers on a free port of loopback.
async fn own_servers(server: &LiveNet, told: &RefCell<Told>) -> io::Result<Options> {
    use crate::net::Datagrams;
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
async fn named(
    net: &LiveNet,
    at: SocketAddr,
    (name, kind): (&Name, RecordType),
    told: &RefCell<Told>,
) -> io::Result<Options> {
    let mut about_root = dns::query(&Name::root(), RecordType::NS, id());
    about_root.metadata.recursion_desired = false;
    let reply = dns::ask(net, at, about_root).await.map_err(|error| failed(&error))?;
    let root = reply.metadata.authoritative;
    if !root && roots::has(at.ip()) {
        net.note(format!(
            "{at} is a server of the root, and what answers there is none (AA is 0): something on the way takes DNS queries \
             for itself, and all that follows may come from it"
        ));
    }
    let mut options = if root {
        let server = reply.answers.iter().find_map(|it| server_at(it, &reply.additionals, at));
        let mut options = Options::new(vec![(server.unwrap_or_else(Name::root), vec![at.ip()])]);
        // Who has a root at another port has the other servers there too.
        let port = at.port();
        options.place = Rc::new(move |address| SocketAddr::new(address, port));
        options
    } else {
        let began = net.now();
        let reply = dns::ask(net, at, dns::query(name, kind, id())).await;
        told.borrow_mut().named = Some(row(at, (name, kind), &reply, (began, net.now())));
        Options::new(roots::hints())
    };
    options.families = Families { v4: true, v6: at.is_ipv6() };
    Ok(options)
}

fn id() -> u16 {
    u16::try_from(chance() >> 48).expect("16 bits remain")
}

/// The name of the server that has this address, where the answer brings it.
fn server_at(ns: &Record, additional: &[Record], at: SocketAddr) -> Option<Name> {
    let RData::NS(server) = &ns.data else { return None };
    let is_it = |it: &Record| it.name == server.0 && dns::resolver::address(it) == Some(at.ip());
    additional.iter().any(is_it).then(|| server.0.clone())
}

fn failed(error: &DnsError) -> io::Error {
    match error {
        DnsError::Socket(error) => io::Error::new(error.kind(), error.to_string()),
        DnsError::NoAnswer => io::ErrorKind::TimedOut.into(),
        other => io::Error::other(other.to_string()),
    }
}

/// What the named resolver said, as a row.
fn row(
    at: SocketAddr,
    (name, kind): (&Name, RecordType),
    reply: &Result<hickory_proto::op::Message, DnsError>,
    (began, ended): (Time, Time),
) -> Step {
    let (title, records) = match reply {
        Ok(reply) => {
            let records: Vec<String> = reply.answers.iter().map(say).collect();
            (format!("{}, {} records", reply.metadata.response_code, records.len()), records)
        }
        Err(error) => (error.to_string(), Vec::new()),
    };
    Step {
        at: began,
        until: ended,
        node: 0,
        depth: 0,
        kind: "resolver".to_owned(),
        title: format!("the resolver {at}: {title}"),
        facts: vec![
            Fact::text("name", name.to_string()),
            Fact::text("type", kind.to_string()),
            Fact::text("address", at.to_string()),
            Fact::quantity("rtt", Quantity::time(ended - began)),
            Fact::list("believed", records),
        ],
        why: "A resolver does the whole search, or has the answer already; what follows is the same search by this program, \
              from the servers of the root."
            .to_owned(),
        packets: Vec::new(),
    }
}

fn found_in(recording: &Recording, told: &Told) -> Findings {
    let mut findings = Findings::default();
    let node = recording.node("resolver").unwrap_or_default();
    if let Some(step) = &told.named {
        findings.mark_at("resolver", "the named resolver has answered", Some(step.until), None);
        findings.time(
            "named_resolver_time",
            "the named resolver took",
            Some(step.until - step.at),
            "one question out to its answer in",
        );
        findings.span_of("0 resolver", "the named resolver".to_owned(), (step.at, step.until), None);
        findings.steps(vec![step.clone()]);
    }
    if let Some(resolution) = &told.resolution {
        findings.mark_at("question", "the search begins", Some(resolution.began), None);
        let rows = rows::rows(&resolution.steps, node, &[]);
        rows::mark(&mut findings, &rows);
        let asked = resolution.steps.iter().filter(|it| it.server.is_some());
        let points = asked.map(|it| (it.until, i64::try_from(it.took().as_nanos()).unwrap_or(i64::MAX))).collect();
        findings.curve("round trip of each step", Unit::Nanoseconds, points);
        found::numbers(&mut findings, resolution);
        findings.steps(rows);
    }
    if let Some(survey) = &told.survey {
        found::compare(&mut findings, survey, rows::rows(&survey.steps, node, &[]));
    }
    findings
}
