//! Three regions, their users, resolvers and servers, as far from each other as such regions are.
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::lab::{Lab, LabNet, LinkOptions, NodeId};
use crate::services::dns::balance::{Places, Target};
use crate::services::dns::world::{SITES, Site};
use crate::services::dns::{Authority, PORT, Subnet};

/// The regions, by their place in every list here, with the networks of each: /20 of those for tests (RFC 2544 §C.2.2).
pub(super) const REGIONS: [(&str, [u8; 4]); 3] =
    [("eu", [198, 18, 16, 0]), ("us", [198, 18, 32, 0]), ("asia", [198, 18, 48, 0])];
const BITS: u8 = 20;
/// Round trips between the regions: a fibre of such a way, and half of it again for its turns and routers.
const BETWEEN: [(usize, usize, u64); 3] = [(0, 1, 80), (1, 2, 150), (0, 2, 180)];
/// From each region to all, the nearest first.
const NEAREST: [[usize; 3]; 3] = [[0, 1, 2], [1, 0, 2], [2, 1, 0]];
/// From a user to the region's router and back, and from a server.
const ACCESS: Duration = Duration::from_millis(8);
const INSIDE: Duration = Duration::from_millis(2);

/// Users: their name, their region, their network in it, how many clients they are.
pub(super) const CROWDS: [(&str, usize, u8, u32); 4] =
    [("paris", 0, 0, 4), ("rome", 0, 1, 2), ("boston", 1, 0, 2), ("tokyo", 2, 0, 2)];
/// A region's resolver and server are in these of its networks.
const RESOLVER: u8 = 2;
const SERVER: u8 = 3;
/// The public resolver's region.
pub(super) const PUBLIC: usize = 1;
/// The server that dies.
pub(super) const DIES: usize = 0;
/// Weights of the servers, of ten.
const WEIGHTS: [u32; 3] = [6, 3, 1];
/// The name servers that a question for the name meets, each with its place on the grid and its region; the last two have the name's zone.
const NAME_SERVERS: [(&str, (u8, u8), usize); 4] =
    [("root-a", (4, 3), 1), ("tld-example", (4, 4), 1), ("ns1-shop", (4, 5), 1), ("ns2-shop", (0, 4), 0)];

/// Everything that runs a program.
pub(super) struct World {
    /// As [`CROWDS`].
    pub(super) users: Vec<LabNet>,
    /// The resolver that each crowd asks, by its place in `resolvers`.
    pub(super) asks: Vec<usize>,
    pub(super) resolvers: Vec<(LabNet, SocketAddr)>,
    /// As [`REGIONS`].
    pub(super) servers: Vec<LabNet>,
    pub(super) name_servers: Vec<(LabNet, Authority)>,
}

/// An address of a region: of its n-th network the host.
fn address(region: usize, network: u8, host: u8) -> Ipv4Addr {
    let [a, b, c, _] = REGIONS[region].1;
    Ipv4Addr::new(a, b, c + network, host)
}

/// The servers behind the name.
pub(super) fn targets() -> Vec<Target> {
    let target = |(region, name)| Target { name, address: address(region, SERVER, 80), weight: WEIGHTS[region] };
    REGIONS.iter().map(|it| it.0).enumerate().map(target).collect()
}

/// The map of GeoDNS: each region's networks, with the servers by distance.
pub(super) fn map() -> Places {
    let subnet = |region: usize| Subnet::new(IpAddr::from(REGIONS[region].1), BITS);
    Places::new((0..REGIONS.len()).map(|it| (subnet(it), NEAREST[it].to_vec())).collect(), NEAREST[PUBLIC].to_vec())
}

/// A host to be: its name, its place on the grid, its region, its address with the network's prefix, its cable.
struct Plan {
    name: &'static str,
    at: (u8, u8),
    region: usize,
    address: Ipv4Addr,
    prefix: u8,
    link: LinkOptions,
}

impl Plan {
    /// The last address but one of its network.
    fn gateway(&self) -> Ipv4Addr {
        let hosts = (1 << (32 - self.prefix)) - 1;
        Ipv4Addr::from_bits((self.address.to_bits() | hosts) - 1)
    }

    fn add(&self, lab: &mut Lab, router: NodeId) -> LabNet {
        let address = format!("{}/{}", self.address, self.prefix);
        let host = lab.host(self.name).at(self.at.0, self.at.1).address(&address);
        let host = host.gateway(&self.gateway().to_string()).trace_calls(false).add();
        lab.link(router, host, self.link.clone());
        lab.net(host)
    }
}

fn plan((name, at): (&'static str, (u8, u8)), region: usize, (address, prefix): (Ipv4Addr, u8), rtt: Duration) -> Plan {
    Plan { name, at, region, address, prefix, link: LinkOptions::default().delay(rtt / 2) }
}

fn users() -> Vec<Plan> {
    let places = [(0, 0), (0, 1), (4, 0), (1, 7)];
    let user = |(&(name, region, network, _), at)| plan((name, at), region, (address(region, network, 10), 24), ACCESS);
    CROWDS.iter().zip(places).map(user).collect()
}

fn resolvers(public: bool) -> Vec<Plan> {
    let own = [("dns-eu", (0, 2), 0), ("dns-us", (4, 1), 1), ("dns-asia", (2, 7), 2)];
    let names = if public { vec![("public", (4, 1), PUBLIC)] } else { own.to_vec() };
    let resolver = |(name, at, region)| plan((name, at), region, (address(region, RESOLVER, 53), 24), INSIDE);
    names.into_iter().map(resolver).collect()
}

/// One is cut off at that time.
fn servers(dies: Duration, end: Duration) -> Vec<Plan> {
    let names = [("web-eu", (0, 3)), ("web-us", (4, 2)), ("web-asia", (3, 7))];
    let server = |(region, name)| plan(name, region, (address(region, SERVER, 80), 24), INSIDE);
    let mut plans: Vec<_> = names.into_iter().enumerate().map(server).collect();
    plans[DIES].link = plans[DIES].link.clone().cut(dies, end * 10);
    plans
}

fn name_servers() -> Vec<(&'static Site, Plan)> {
    let site = |name: &str| SITES.iter().find(|it| it.host == name).expect("a server of the lab");
    let server = |&(name, at, region): &(&'static str, (u8, u8), usize)| {
        (site(name), plan((name, at), region, (site(name).address, 29), INSIDE))
    };
    NAME_SERVERS.iter().map(server).collect()
}

/// Builds it; the server that dies is cut off at that time.
pub(super) fn build(lab: &mut Lab, public: bool, (dies, end): (Duration, Duration)) -> World {
    let (users, resolvers, servers, names) = (users(), resolvers(public), servers(dies, end), name_servers());
    let all: Vec<&Plan> =
        [&users, &resolvers, &servers].into_iter().flatten().chain(names.iter().map(|it| &it.1)).collect();
    let routers: Vec<NodeId> = (0..REGIONS.len()).map(|region| router(lab, region, &all)).collect();
    for (from, to, rtt) in BETWEEN {
        lab.link(routers[from], routers[to], LinkOptions::default().delay(Duration::from_millis(rtt) / 2));
    }
    let mut add = |plan: &Plan| plan.add(lab, routers[plan.region]);
    let asks = CROWDS.iter().map(|it| if public { 0 } else { it.1 }).collect();
    World {
        users: users.iter().map(&mut add).collect(),
        asks,
        resolvers: resolvers.iter().map(|it| (add(it), SocketAddr::from((it.address, PORT)))).collect(),
        servers: servers.iter().map(&mut add).collect(),
        name_servers: names.iter().map(|(site, it)| (add(it), Authority::new(site.zones()))).collect(),
    }
}

/// A region's router: first the ways to the other regions, then one network for each host.
fn router(lab: &mut Lab, region: usize, all: &[&Plan]) -> NodeId {
    let mut router = lab.router(REGIONS[region].0).at([1, 3, 2][region], [2, 2, 6][region]);
    for (way, &(from, to, _)) in (0_u8..).zip(&BETWEEN) {
        let (here, there, other) = match (from == region, to == region) {
            (true, _) => (way * 4 + 1, way * 4 + 2, to),
            (_, true) => (way * 4 + 2, way * 4 + 1, from),
            _ => continue,
        };
        let via = format!("198.18.0.{there}");
        router = router.interface(&format!("198.18.0.{here}/30"));
        router = router.route(&format!("{}/{BITS}", Ipv4Addr::from(REGIONS[other].1)), &via);
        for plan in all.iter().filter(|it| it.region == other && it.prefix != 24) {
            router = router.route(&Subnet::new(plan.address.into(), plan.prefix).to_string(), &via);
        }
    }
    let own = all.iter().filter(|it| it.region == region);
    own.fold(router, |router, it| router.interface(&format!("{}/{}", it.gateway(), it.prefix))).add()
}
