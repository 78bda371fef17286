//! What runs: servers, name servers, resolvers and clients.
use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use hickory_proto::rr::{Name, RData};

use super::regions::{CLIENTS, targets};
use super::{ADDRESSES, Script, Tried, method};
use crate::demos::Knobs;
use crate::demos::internet::Internet;
use crate::lab::{Dice, LabNet};
use crate::net::{Listener, Net};
use crate::recording::Time;
use crate::services::dns::balance::{Balancer, Change};
use crate::services::dns::resolver::{Options, Resolution, Resolver};
use crate::services::dns::subnet::Told;
use crate::services::dns::{self, PORT, world};
use crate::services::{Crowd, within};

const HTTPS: u16 = 443;
/// A client gives up a connection after this long.
const PATIENCE: Duration = Duration::from_secs(2);

/// Each crowd begins so much later than the one before it.
const STAGGER: Duration = Duration::from_millis(700);

/// What happened.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) tried: Vec<Tried>,
    /// What health checks found.
    pub(super) changes: Vec<Change>,
    /// Each resolver's work: its node, and its questions in order.
    pub(super) resolved: Vec<(String, Vec<Resolution>)>,
}

pub(super) async fn play(world: &Internet, (knobs, seed): (&Knobs, u64), script: Script, seen: &Rc<RefCell<Seen>>) {
    for net in &world.servers {
        listen(net).await;
    }
    let balancer = start_name_servers(world, (knobs, seed), script).await;
    let mut options = Options::new(world::hints());
    options.tells = knobs.is_on("ecs").then(Told::default);
    options.turns = knobs.choice("order") == "turned";
    let mut resolvers = Vec::new();
    for (number, (net, at)) in (0..).zip(&world.resolvers) {
        let resolver = Resolver::new(net.clone(), options.clone(), seed.wrapping_add(number));
        dns::serve(net, *at, resolver.clone()).await.expect("a new host has every port free");
        resolvers.push(resolver);
    }
    let (crowd, ids) = (Crowd::default(), Rc::new(RefCell::new(Dice::new(seed, "query ids"))));
    for (number, (net, asks)) in world.users.iter().zip(&world.asks).enumerate() {
        let (_, at) = world.resolvers[*asks];
        start_clients(net, (at, &ids), (number, script), seen, &crowd);
    }
    crowd.gone().await;
    let mut seen = seen.borrow_mut();
    seen.changes = balancer.health().changes();
    seen.resolved = world.resolvers.iter().zip(resolvers).map(|((net, _), it)| (net.name(), it.done())).collect();
}

/// Starts all name servers; gives the first of those that choose.
async fn start_name_servers(world: &Internet, (knobs, seed): (&Knobs, u64), script: Script) -> Balancer {
    let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, PORT));
    let (plain, choosing) = world.name_servers.split_at(world.name_servers.len() - 2);
    for (net, authority) in plain {
        dns::serve(net, any, authority.clone()).await.expect("a new host has every port free");
    }
    let zone = dns::name("shop.example").expect("it is a domain name");
    let ttl = u32::try_from(knobs.time("ttl").as_secs()).unwrap_or(u32::MAX);
    let method = method(knobs);
    let (first, authority) = &choosing[0];
    let balancer = Balancer::new(authority.clone(), (zone, www()), method.clone(), &targets(), seed).ttl(ttl);
    for (net, authority) in choosing {
        let beside = balancer.beside(authority.clone());
        dns::serve(net, any, beside).await.expect("a new host has every port free");
    }
    if method.checks() {
        let (health, end) = (balancer.health(), Time::ZERO + script.end);
        health.watch(first, (&targets(), HTTPS), (script.check, PATIENCE), end);
    }
    balancer
}

/// A server that takes connections, and closes each when its client does.
async fn listen(net: &LabNet) {
    let at = SocketAddr::from((Ipv4Addr::UNSPECIFIED, HTTPS));
    let listener = net.listen(at).await.expect("a new host has every port free");
    net.spawn(async move { while Listener::accept(&listener).await.is_ok() {} });
}

/// The clients of one crowd, one after the other in each interval.
fn start_clients(
    net: &LabNet,
    (resolver, ids): (SocketAddr, &Rc<RefCell<Dice>>),
    (number, script): (usize, Script),
    seen: &Rc<RefCell<Seen>>,
    crowd: &Crowd,
) {
    let clients = CLIENTS[number];
    for client in 0..clients {
        let (own, seen, ids, member) = (net.clone(), Rc::clone(seen), Rc::clone(ids), crowd.join());
        // No two ask at the same instant.
        let first = script.every * client / clients + STAGGER * u32::try_from(number).expect("crowds are few");
        net.spawn(async move {
            own.sleep(first).await;
            while own.now() < Time::ZERO + script.end {
                let next = own.now() + script.every;
                // RFC 5452 §9.2: an id that nobody can guess.
                let id = u16::try_from(ids.borrow_mut().below(1 << 16)).expect("it is below that");
                let one = attempt(&own, (resolver, id), number, script.retry).await;
                seen.borrow_mut().tried.push(one);
                own.sleep(next - own.now()).await;
            }
            drop(member);
        });
    }
}

/// What everybody asks for.
pub(super) fn www() -> Name {
    dns::name("www.shop.example").expect("it is a domain name")
}

/// One client: it asks, and connects to the first address, or to the next when it may.
async fn attempt(net: &LabNet, (resolver, id): (SocketAddr, u16), crowd: usize, retry: bool) -> Tried {
    let at = net.now();
    let reply = dns::ask(net, resolver, dns::query(&www(), ADDRESSES, id)).await;
    let answered = net.now();
    let answers = reply.map(|it| it.answers).unwrap_or_default();
    let address = |it: &dns::Record| match it.data {
        RData::A(address) => Some(address.0),
        _ => None,
    };
    let addresses: Vec<Ipv4Addr> = answers.iter().filter_map(address).collect();
    let backend = addresses.first().and_then(|first| targets().iter().position(|it| it.address == *first));
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
    Tried { at, answered, until: net.now(), crowd, backend, connected }
}
