//! One name, three servers behind it: DNS chooses who gets whom, until one of them dies.
//!
//! ```text
//! many (8 clients) ── their resolver ─┐          ┌─ eu      10 ms
//!                                     ├── isp ───┼─ us      80 ms
//! few  (2 clients) ── their resolver ─┘          └─ asia   160 ms
//! ```
mod balancer;
mod found;

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use hickory_proto::rr::{Name, RData};

use crate::demos::findings::note_end;
use crate::demos::name_servers::{self, Distances, RESOLVER, World};
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{Lab, LabNet, Limits, LinkOptions};
use crate::net::{Listener, Net};
use crate::recording::{Recording, Time};
use crate::services::dns::resolver::{Options, Resolver};
use crate::services::dns::{self, RecordType, world};
use crate::services::{Crowd, within};
use balancer::{Balancer, Health, Method};

pub(super) const DEMO: Demo = Demo {
    name: "dns-balance",
    title: "DNS as a load balancer",
    about: "Three servers behind one name: round robin, weights, a spare, health checks. Half way one of them dies: who still \
            goes to the dead address, and for how long?",
    chapters: &["W9"],
    live: None,
    knobs: &[
        Knob::choice(
            "method",
            "how the name's servers choose what to answer",
            &["round-robin", "weighted", "spare", "health"],
        ),
        Knob::millis("ttl", "how long an answer may be kept", [1000, 300_000, 5000, 60_000]),
        Knob::millis("every", "each client asks and connects so often", [1000, 60_000, 1000, 5000]),
        Knob::millis("check", "the health of each server is checked so often", [1000, 60_000, 1000, 10_000]),
        Knob::switch("retry", "a client that cannot connect tries the answer's next address (RFC 8305)"),
    ],
    exports: &[],
    view: "table",
    run,
};

/// What stands behind the name: the host, its address, its distance, its weight of ten.
const BACKENDS: [(&str, Ipv4Addr, u64, u32); 3] = [
    ("eu", Ipv4Addr::new(192, 0, 2, 20), 10, 6),
    ("us", Ipv4Addr::new(192, 0, 2, 21), 80, 3),
    ("asia", Ipv4Addr::new(192, 0, 2, 22), 160, 1),
];
const HTTPS: u16 = 443;
/// The few's resolver.
const SECOND: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(192, 0, 2, 54)), dns::PORT);
/// Clients behind each resolver.
const CROWDS: [u32; 2] = [8, 2];
/// A client gives up a connection after this long.
const PATIENCE: Duration = Duration::from_secs(2);
const HOSTS: [&str; 2] = ["ns1-shop", "ns2-shop"];
/// The server that dies.
const DIES: usize = 0;

/// One try of a client.
#[derive(Clone, Copy, Debug)]
struct Tried {
    at: Time,
    until: Time,
    /// Behind which resolver.
    crowd: usize,
    /// The server it tried first, by its place; `None` when it got no address.
    backend: Option<usize>,
    connected: bool,
}

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let ttl = knobs.time("ttl");
    let (dies, end) = (ttl * 7 / 2, ttl * 6);
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    lab.limit(Limits { time: end * 2 + Duration::from_secs(600), ..Limits::default() });
    let [near, root, tld, domain] = [4, 20, 30, 60].map(Duration::from_millis);
    let world = name_servers::build(&mut lab, Distances { near, root, tld, domain }, |_, link| link);
    let backends = backends(&mut lab, &world, dies, end);
    let few = lab.host("few").at(0, 3).address("192.0.2.11/26").gateway("192.0.2.1").trace_calls(false).add();
    let second = lab.host("resolver2").at(1, 3).address("192.0.2.54/26").gateway("192.0.2.1").trace_calls(false).add();
    lab.link(few, world.isp, LinkOptions::default().delay(near / 2));
    lab.link(second, world.isp, LinkOptions::default());
    let (few, second) = (lab.net(few), lab.net(second));
    lab.introduce_everybody();
    let tried = Rc::<RefCell<Vec<Tried>>>::default();
    let script = Script { dies, end, every: knobs.time("every").max(end / 80), retry: knobs.is_on("retry") };
    let ended = lab.run(play(&world, (few, second, backends), (knobs, setup.seed), (script, &tried)));
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found::found(&recording, &tried.borrow(), script).into(&mut recording);
    recording
}

/// When what happens, and what clients do; nobody asks more often than 80 times a run.
#[derive(Clone, Copy, Debug)]
struct Script {
    dies: Duration,
    end: Duration,
    every: Duration,
    retry: bool,
}

fn backends(lab: &mut Lab, world: &World, dies: Duration, end: Duration) -> Vec<LabNet> {
    let mut nets = Vec::new();
    for (row, (index, (name, address, rtt, _))) in (0_u8..).zip(BACKENDS.iter().enumerate()) {
        let host =
            lab.host(name).at(5, row).address(&format!("{address}/26")).gateway("192.0.2.1").trace_calls(false).add();
        let link = LinkOptions::default().delay(Duration::from_millis(*rtt) / 2);
        lab.link(host, world.isp, if index == DIES { link.cut(dies, end * 10) } else { link });
        nets.push(lab.net(host));
    }
    nets
}

async fn play(
    world: &World,
    (few, second, backends): (LabNet, LabNet, Vec<LabNet>),
    (knobs, seed): (&Knobs, u64),
    (script, tried): (Script, &Rc<RefCell<Vec<Tried>>>),
) {
    world.start_without(&HOSTS).await;
    for net in &backends {
        listen(net).await;
    }
    let method = Method::of(knobs.choice("method"));
    let (ttl, check) = (knobs.time("ttl"), knobs.time("check").max(script.end / 60));
    let turns = balancer::turns(seed);
    for host in HOSTS {
        let net = world.net(host);
        let health = Health::default();
        if method.checks() {
            health.watch(net, check, script.end);
        }
        let balancer = Balancer::new(world.authority(host).clone(), method, (ttl, health, Rc::clone(&turns)));
        let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, dns::PORT));
        dns::serve(net, any, balancer).await.expect("a new host has every port free");
    }
    for (net, at, seed) in [(&world.resolver, RESOLVER, seed), (&second, SECOND, !seed)] {
        let resolver = Resolver::new(net.clone(), Options::new(world::hints()), seed);
        dns::serve(net, at, resolver).await.expect("a new host has every port free");
    }
    let crowd = Crowd::default();
    for (behind, (net, resolver)) in [(&world.client, RESOLVER), (&few, SECOND)].into_iter().enumerate() {
        for number in 0..CROWDS[behind] {
            let (own, tried, member) = (net.clone(), Rc::clone(tried), crowd.join());
            let first = script.every * number / CROWDS[behind];
            net.spawn(async move {
                own.sleep(first).await;
                while own.now() < Time::ZERO + script.end {
                    let next = own.now() + script.every;
                    let one = attempt(&own, resolver, behind, script.retry).await;
                    tried.borrow_mut().push(one);
                    own.sleep(next - own.now()).await;
                }
                drop(member);
            });
        }
    }
    crowd.gone().await;
}

/// A server that takes connections, and closes each when its client does.
async fn listen(net: &LabNet) {
    let at = SocketAddr::from((Ipv4Addr::UNSPECIFIED, HTTPS));
    let listener = net.listen(at).await.expect("a new host has every port free");
    net.spawn(async move { while Listener::accept(&listener).await.is_ok() {} });
}

fn www() -> Name {
    dns::name("www.shop.example").expect("it is a domain name")
}

/// One client: it asks, and connects to the first address, or to the next when it may.
async fn attempt(net: &LabNet, resolver: SocketAddr, crowd: usize, retry: bool) -> Tried {
    let at = net.now();
    let id = u16::try_from(at.0 / 1_000_000 % 0x1_0000).expect("16 bits remain");
    let reply = dns::ask(net, resolver, dns::query(&www(), RecordType::A, id)).await;
    let answers = reply.map(|it| it.answers).unwrap_or_default();
    let addresses: Vec<Ipv4Addr> = answers
        .iter()
        .filter_map(|it| match it.data {
            RData::A(address) => Some(address.0),
            _ => None,
        })
        .collect();
    let place = |address: &Ipv4Addr| BACKENDS.iter().position(|it| it.1 == *address);
    let backend = addresses.first().and_then(place);
    let mut connected = false;
    for address in addresses.iter().take(if retry { addresses.len() } else { 1 }) {
        let opened = within(net, PATIENCE, net.connect(SocketAddr::from((*address, HTTPS)))).await;
        connected = matches!(opened, Some(Ok(_)));
        if connected {
            break;
        }
        net.note(format!("it got no connection to {address}"));
    }
    if addresses.is_empty() {
        net.note("it got no address for the name".to_owned());
    }
    Tried { at, until: net.now(), crowd, backend, connected }
}
