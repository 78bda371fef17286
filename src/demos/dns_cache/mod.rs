//! A record that changes, a server that is away, a name that is new: what two resolvers with caches go on to say, and for how long.
//!
//! ```text
//! early ── isp ── early's resolver       asks first at 0
//! late  ──┘  └─── late's resolver        asks first half a TTL later
//! ```
mod found;

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use hickory_proto::rr::{Name, RData, Record};

use crate::demos::findings::note_end;
use crate::demos::name_servers::{self, Distances, RESOLVER, World};
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{Lab, LabNet, Limits, LinkOptions};
use crate::quantity::Unit;
use crate::recording::{Recording, Time};
use crate::services::dns::resolver::{Options, Resolver};
use crate::services::dns::{self, RecordType, world};
use crate::services::{Crowd, both};

pub(super) const DEMO: Demo = Demo {
    name: "dns-cache",
    title: "What caches go on to say",
    about: "Two clients with resolvers of their own ask for one name again and again. Its record changes, or its servers are \
            away, or it is new: each goes on to get the old answer until its own resolver's copy is over.",
    chapters: &["W9"],
    live: None,
    knobs: &[
        Knob::choice("story", "what happens", &["change", "outage", "new-name"]),
        Knob::millis("ttl", "how long the record may be kept", [1000, 3_600_000, 60_000, 300_000]),
        Knob::millis("every", "each client asks so often", [500, 600_000, 5000, 15_000]),
        Knob::choice("plan", "the TTL before a change: as it is, lowered one TTL before, lowered too late", PLANS),
        Knob::switch("stale", "the resolvers use expired answers when nobody can be asked (RFC 8767)"),
        Knob::quantity("servers", "servers of the domain that are told of the change", Unit::Count, [1, 2, 1, 2]),
    ],
    exports: &[],
    view: "chart",
    run,
};

const PLANS: &[&str] = &["none", "lowered", "too-late"];
/// The lowered TTL is so much less.
const LOWER: u32 = 10;
/// No client asks more often than this.
const MOST_ASKED: u32 = 120;
const NEW: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 90);
const OLD: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 80);
/// The late client's resolver.
const SECOND: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 54)), dns::PORT);
const HOSTS: [&str; 2] = ["ns1-shop", "ns2-shop"];

/// When what happens.
#[derive(Clone, Copy, Debug)]
struct Plan {
    ttl: Duration,
    every: Duration,
    /// When the TTL is lowered, where it is.
    lowered: Option<Duration>,
    /// When the record changes, the servers go away, or the name comes.
    happens: Duration,
    /// When the servers are back.
    back: Duration,
    end: Duration,
}

impl Plan {
    fn of(knobs: &Knobs) -> Self {
        let ttl = knobs.time("ttl");
        let happens = match (knobs.choice("story"), knobs.choice("plan")) {
            // One old TTL after it was lowered, every copy with the old TTL is over.
            ("change", "lowered") => ttl * 13 / 10,
            ("new-name", _) => Duration::from_secs(20),
            _ => ttl * 8 / 10,
        };
        let lowered = match knobs.choice("plan") {
            "lowered" => Some(ttl * 2 / 10),
            "too-late" => Some(ttl * 7 / 10),
            _ => None,
        };
        let lowered = lowered.filter(|_| knobs.choice("story") == "change");
        let end = if knobs.choice("story") == "new-name" { Duration::from_secs(180) } else { happens + ttl * 17 / 10 };
        Self {
            ttl,
            every: knobs.time("every").max(end / MOST_ASKED),
            lowered,
            happens,
            back: happens + ttl * 13 / 10,
            end,
        }
    }
}

/// A question of a client, with what it got.
#[derive(Clone, Debug)]
struct Asked {
    at: Time,
    until: Time,
    client: &'static str,
    /// The address and the TTL it came with; or why there is none.
    got: Result<(Ipv4Addr, u32), String>,
    /// What the resolver did: the words of its steps.
    steps: Vec<&'static str>,
}

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let plan = Plan::of(knobs);
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    lab.limit(Limits { time: plan.end * 2 + Duration::from_secs(600), ..Limits::default() });
    let (asked, story) = (Rc::<RefCell<Vec<Asked>>>::default(), knobs.choice("story"));
    let distances = [4, 20, 30, 60].map(Duration::from_millis);
    let [near, root, tld, domain] = distances;
    let world = name_servers::build(&mut lab, Distances { near, root, tld, domain }, |site, link| {
        let away = story == "outage" && HOSTS.contains(&site.host);
        if away { link.cut(plan.happens, plan.back - plan.happens) } else { link }
    });
    let (late, second) = second(&mut lab, &world, near);
    lab.introduce_everybody();
    let stale = knobs.is_on("stale").then_some(Duration::from_secs(86_400));
    let told = usize::try_from(knobs.number("servers")).expect("the knob's limit is small");
    let ended = lab.run(play(&world, (late, second), (plan, story, stale, told), (setup.seed, &asked)));
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found::found(&recording, &asked.borrow(), plan, story).into(&mut recording);
    recording
}

/// The late client and its resolver.
fn second(lab: &mut Lab, world: &World, near: Duration) -> (LabNet, LabNet) {
    let late = lab.host("late").at(0, 7).address("192.0.2.11/26").gateway("192.0.2.1").trace_calls(false).add();
    let second = lab.host("resolver2").at(0, 5).address("192.0.2.54/26").gateway("192.0.2.1").trace_calls(false).add();
    lab.link(late, world.isp, LinkOptions::default().delay(near / 2));
    lab.link(second, world.isp, LinkOptions::default());
    (lab.net(late), lab.net(second))
}

type Story = (Plan, &'static str, Option<Duration>, usize);

async fn play(
    world: &World,
    (late, second): (LabNet, LabNet),
    (plan, story, stale, told): Story,
    (seed, asked): (u64, &Rc<RefCell<Vec<Asked>>>),
) {
    world.start().await;
    let mut options = Options::new(world::hints());
    options.serve_stale = stale;
    let resolvers = [(&world.resolver, RESOLVER, 1), (&second, SECOND, 2)];
    let mut serving = Vec::new();
    for (net, at, number) in resolvers {
        let resolver = Resolver::new(net.clone(), options.clone(), seed.wrapping_add(number));
        dns::serve(net, at, resolver.clone()).await.expect("a new host has every port free");
        serving.push(resolver);
    }
    let name = dns::name(if story == "new-name" { "new.shop.example" } else { "www.shop.example" }).expect("a name");
    if story != "new-name" {
        set(world, &name, OLD, plan.ttl, HOSTS.len());
    }
    let crowd = Crowd::default();
    let clients = [("client", &world.client, RESOLVER, Duration::ZERO), ("late", &late, SECOND, plan.ttl / 2)];
    for ((client, net, at, first), resolver) in clients.into_iter().zip(serving) {
        let first = if story == "new-name" { first.min(plan.happens / 2) } else { first };
        let (net, name, asked, member) = (net.clone(), name.clone(), Rc::clone(asked), crowd.join());
        world.client.spawn(async move {
            net.sleep(first).await;
            while net.now() < Time::ZERO + plan.end {
                let next = net.now() + plan.every;
                let one = ask(&net, (client, at), &name, &resolver).await;
                asked.borrow_mut().push(one);
                net.sleep(next - net.now()).await;
            }
            drop(member);
        });
    }
    both(happen(world, &name, plan, (story, told)), crowd.gone()).await;
}

/// Puts an address of the name with that TTL into the zones of the first servers.
fn set(world: &World, name: &Name, address: Ipv4Addr, ttl: Duration, servers: usize) {
    let origin = dns::name("shop.example").expect("a name");
    let ttl = u32::try_from(ttl.as_secs()).unwrap_or(u32::MAX);
    for host in HOSTS.into_iter().take(servers) {
        let record = Record::from_rdata(name.clone(), ttl, RData::A(address.into()));
        world.authority(host).change(&origin, |zone| zone.set(name, RecordType::A, vec![record]));
    }
}

/// What the people who run the zone do.
async fn happen(world: &World, name: &Name, plan: Plan, (story, told): (&str, usize)) {
    let clock = &world.client;
    let mut ttl = plan.ttl;
    if let Some(lowered) = plan.lowered {
        clock.sleep(lowered).await;
        ttl = plan.ttl / LOWER;
        set(world, name, OLD, ttl, HOSTS.len());
        clock.note("the record's TTL is lowered".to_owned());
    }
    clock.sleep((Time::ZERO + plan.happens) - clock.now()).await;
    if story != "outage" {
        set(world, name, NEW, ttl, told);
        clock.note(format!("{name} has the address {NEW} from now on"));
    }
}

/// One question of a client, with what its resolver did for it.
async fn ask(
    net: &LabNet,
    (client, at): (&'static str, SocketAddr),
    name: &Name,
    resolver: &Resolver<LabNet>,
) -> Asked {
    let (began, before) = (net.now(), resolver.done().len());
    let id = u16::try_from(began.0 / 1_000_000 % 0x1_0000).expect("16 bits remain");
    let reply = dns::ask(net, at, dns::query(name, RecordType::A, id)).await;
    let address = |record: &Record| match record.data {
        RData::A(address) => Some((address.0, record.ttl)),
        _ => None,
    };
    let got = match reply {
        Ok(reply) => reply.answers.iter().find_map(address).ok_or_else(|| reply.metadata.response_code.to_string()),
        Err(error) => Err(error.to_string()),
    };
    if let Err(why) = &got {
        net.note(format!("{client} has no address of {name}: {why}"));
    }
    let steps = resolver.done().get(before).map(|it| it.steps.iter().map(|step| step.kind.word()).collect());
    Asked { at: began, until: net.now(), client, got, steps: steps.unwrap_or_default() }
}
