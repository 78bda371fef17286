//! A resolution from the root, step by step: what each server was asked, what it answered, and what of it was believed.
mod encrypted;
mod found;
mod live;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use hickory_proto::op::{Edns, Message, ResponseCode};
use hickory_proto::rr::{Name, RData, Record};

use crate::demos::findings::note_end;
use crate::demos::name_servers::{self, DOMAIN, Distances, LOSS, NEAR, RESOLVER, ROOT, TLD, World};
use crate::demos::{Demo, Form, Knob, Knobs, Setup};
use crate::lab::{Lab, Limits};
use crate::net::Net;
use crate::recording::{Recording, Time};
use crate::services::dns::dnssec::Date;
use crate::services::dns::resolver::{Options, Resolution, Resolver, Survey};
use crate::services::dns::signing::{Fault, Signing};
use crate::services::dns::{self, RecordType, Transport, world};

pub(super) const DEMO: Demo = Demo {
    name: "dns-trace",
    title: "A name looked up from the root",
    about: "A resolver asks the root, then whom the root names, and so on: each referral, glue record, TTL, alias and negative \
            answer is a row with its packets, with what is believed and what is not.",
    chapters: &["W9"],
    live: Some(live::LIVE),
    knobs: &[
        Knob::text("name", "what is looked up", NAMES, Form::DomainName),
        Knob::choice("type", "which records", TYPES),
        Knob::choice("cache", "what the resolver knows before", &["cold", "servers", "answer"]),
        Knob::switch("minimise", "each server is asked for no more labels than it needs (RFC 9156)"),
        Knob::choice("dnssec", "the resolver checks signatures; and what is wrong with the name's zone", DNSSEC),
        Knob::choice(
            "transport",
            "what carries the resolver's queries (udp, tcp), or encrypted the client's to it (dot: TLS, doh: HTTPS)",
            &["udp", "tcp", "dot", "doh"],
        ),
        NEAR,
        ROOT,
        TLD,
        DOMAIN,
        LOSS,
        Knob::switch("check", "then asks every server of every zone on the way, and compares"),
        Knob::choice("secondary", "the copy of shop.example. on its second server", &["same", "outdated"]),
    ],
    exports: &[],
    view: "steps",
    run,
};

/// Names of the lab, each another story.
const NAMES: &[&str] = &[
    "www.shop.example",
    "static.shop.example",
    "www.blog.example",
    "nobody.shop.example",
    "anna.customers.shop.example",
    "big.shop.example",
    "www.half.example",
    "www.lame.example",
    "www.expired.example",
    "loop.shop.example",
    "shop.example",
    "_sip._tcp.shop.example",
    "www.nowhere",
];
const TYPES: &[&str] = &["A", "AAAA", "CNAME", "MX", "NS", "TXT", "SOA", "SRV", "CAA", "HTTPS"];
/// Off, on, and on with a zone that does not hold.
const DNSSEC: &[&str] = &["off", "validated", "expired", "wrong-ds", "unsigned", "altered"];
/// Between what warms the cache and the question.
const PAUSE: Duration = Duration::from_secs(10);
/// No resolver searches longer for one question.
const LONGEST: Duration = Duration::from_secs(20);
/// What the outdated copy says.
const OLD_ADDRESS: [u8; 4] = [203, 0, 113, 79];

/// What happened, for the findings.
#[derive(Debug, Default)]
struct Seen {
    asked: Time,
    answered: Option<Time>,
    /// What the client got, in words.
    outcome: String,
    resolution: Option<Resolution>,
    survey: Option<Survey>,
    /// The client's encrypted connection, where the knob asks for one.
    encrypted: encrypted::Told,
}

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    lab.limit(Limits { time: Duration::from_secs(600), ..Limits::default() });
    let world = name_servers::build(&mut lab, Distances::of(knobs), |_, link| name_servers::lossy(knobs, link));
    lab.introduce_everybody();
    if knobs.choice("secondary") == "outdated" {
        outdate(&world);
    }
    let signing = signing(knobs, setup.seed);
    if let Some(signing) = &signing {
        world.sign(signing);
    }
    let seen = Rc::<RefCell<Seen>>::default();
    let ended = lab.run(play(&world, knobs, (setup.seed, signing), &seen));
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found::found(&recording, &seen.borrow(), knobs.time("near")).into(&mut recording);
    recording.open_with(seen.borrow().encrypted.secrets.clone());
    recording
}

/// The second server of the shop missed the last change of its zone.
fn outdate(world: &World) {
    let [origin, www] = ["shop.example", "www.shop.example"].map(|it| dns::name(it).expect("a domain name"));
    let old = Record::from_rdata(www.clone(), 300, RData::A(std::net::Ipv4Addr::from(OLD_ADDRESS).into()));
    let changed = world.authority("ns2-shop").change(&origin, |zone| {
        zone.set(&www, RecordType::A, vec![old]);
        let soa: Vec<Record> = zone.records(&origin, RecordType::SOA).iter().map(one_before).collect();
        zone.set(&origin, RecordType::SOA, soa);
    });
    assert!(changed, "the second server has the zone");
}

/// How the zones are signed, where the resolver checks; the chosen fault is in the signed zone that is closest to the name.
fn signing(knobs: &Knobs, seed: u64) -> Option<Signing> {
    let fault = match knobs.choice("dnssec") {
        "off" => return None,
        "expired" => Some(Fault::Expired),
        "wrong-ds" => Some(Fault::OtherKey),
        "unsigned" => Some(Fault::Bare),
        "altered" => Some(Fault::Altered),
        _ => None,
    };
    let (name, _) = question(knobs);
    let broken = fault.map(|fault| (Signing::zone_of(&name), fault));
    Some(Signing { broken, ..Signing::new(seed, Date::LAB) })
}

/// The SOA record of the zone as it was one change earlier (RFC 1035 §3.3.13: each change has a greater serial).
fn one_before(soa: &Record) -> Record {
    let mut soa = soa.clone();
    if let RData::SOA(data) = &mut soa.data {
        data.serial = data.serial.wrapping_sub(1);
    }
    soa
}

/// What is asked for.
fn question(knobs: &Knobs) -> (Name, RecordType) {
    let kind = knobs.choice("type").parse().expect("the types of this file are record types");
    (dns::name(knobs.text("name")).expect("the knob takes domain names"), kind)
}

/// Turns a resolver as the knobs say.
fn turn(options: &mut Options, knobs: &Knobs) {
    options.minimise = knobs.is_on("minimise");
    options.transport = if knobs.choice("transport") == "tcp" { Transport::Tcp } else { Transport::Udp };
}

async fn play(world: &World, knobs: &Knobs, (seed, signing): (u64, Option<Signing>), seen: &RefCell<Seen>) {
    world.start().await;
    let mut options = Options::new(world::hints());
    turn(&mut options, knobs);
    options.trust = signing.as_ref().map(|it| it.trust(Time(0)));
    let resolver = Resolver::new(world.resolver.clone(), options, seed);
    dns::serve(&world.resolver, RESOLVER, resolver.clone()).await.expect("a new host has every port free");
    let (name, kind) = question(knobs);
    warm(world, &resolver, knobs, (&name, kind)).await;
    let before = resolver.done().len();
    seen.borrow_mut().asked = world.client.now();
    let outcome = match encrypted::kind(knobs.choice("transport")) {
        Some(carried) => {
            let query = |id| checked_query(dns::query(&name, kind, id), signing.is_some());
            encrypted::ask(world, (carried, seed), &resolver, &query, seen).await
        }
        None => {
            let id = u16::try_from(seed % 0x1_0000).expect("16 bits remain");
            plain(world, checked_query(dns::query(&name, kind, id), signing.is_some()), seen).await
        }
    };
    world.client.note(format!("{name} {kind}: {outcome}"));
    seen.borrow_mut().outcome = outcome;
    // A resolver goes on when its client has given up.
    let enough = world.resolver.now() + LONGEST;
    while resolver.done().len() == before && world.resolver.now() < enough {
        world.resolver.sleep(Duration::from_millis(100)).await;
    }
    seen.borrow_mut().resolution = resolver.done().into_iter().nth(before);
    if knobs.is_on("check") {
        let survey = resolver.survey(&name, kind).await;
        seen.borrow_mut().survey = Some(survey);
    }
}

/// Asks over UDP, as stubs do; what the client got, in words.
async fn plain(world: &World, query: Message, seen: &RefCell<Seen>) -> String {
    match dns::ask(&world.client, RESOLVER, query).await {
        Ok(reply) => {
            seen.borrow_mut().answered = Some(world.client.now());
            says(&reply)
        }
        Err(error) => error.to_string(),
    }
}

/// The client's query; where the resolver checks it asks what that came to (AD, RFC 6840 §5.7) and why not (EDNS, RFC 8914). It
/// does not set DO: a stub that leaves the checking to its resolver has no use for signatures.
fn checked_query(mut query: Message, checked: bool) -> Message {
    if checked {
        query.metadata.authentic_data = true;
        let mut edns = Edns::new();
        edns.set_max_payload(1232);
        query.set_edns(edns);
    }
    query
}

/// An answer in one line.
fn says(reply: &Message) -> String {
    let records = if reply.answers.len() == 1 { "record" } else { "records" };
    let mut text = format!("{}, {} {records}", rcode(reply.metadata.response_code), reply.answers.len());
    if reply.metadata.authentic_data {
        text += ", checked by the resolver (AD is 1)";
    }
    if let Some(why) = dns::extended_error(reply) {
        text += &format!(", because: {why}");
    }
    text
}

/// A response code by its name in IANA's register (RFC 6895 §2.3), as dig prints it.
fn rcode(code: ResponseCode) -> String {
    match code {
        ResponseCode::NoError => "NOERROR".to_owned(),
        ResponseCode::FormErr => "FORMERR".to_owned(),
        ResponseCode::ServFail => "SERVFAIL".to_owned(),
        ResponseCode::NXDomain => "NXDOMAIN".to_owned(),
        ResponseCode::NotImp => "NOTIMP".to_owned(),
        ResponseCode::Refused => "REFUSED".to_owned(),
        other => other.to_string(),
    }
}

/// Lets the resolver know what the knob says, some time before.
async fn warm<N: Net>(world: &World, resolver: &Resolver<N>, knobs: &Knobs, (name, kind): (&Name, RecordType)) {
    let domain = name.trim_to(2);
    match knobs.choice("cache") {
        "servers" => drop(resolver.resolve(&domain, RecordType::SOA).await),
        "answer" => drop(resolver.resolve(name, kind).await),
        _ => return,
    }
    world.client.sleep(PAUSE).await;
}
