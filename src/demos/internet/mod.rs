//! A small internet for any demo: homes behind their NAT, resolvers of their providers, name servers, content in three regions.
//!
//! ```text
//! paris ── home ─┐                             ┌─ home ── boston
//! rome ── home ──┤                             │
//! dns-eu ────────┼─ eu ─────── 80 ms ────── us ┼─ dns-us
//! web-eu ────────┤   └─ 180 ms ─┐ ┌─ 150 ms ─┘ ├─ web-us
//! ns2-shop ──────┘             asia            └─ root-a, tld-example, tld-test, ns1-shop, ns1-cdn
//!               tokyo ── home ───┴── dns-asia, web-asia
//! ```
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::lab::{Lab, LabNet, LinkOptions, NatOptions, NodeId};
use crate::services::dns::world::{SITES, Site};
use crate::services::dns::{Authority, PORT, Subnet};

/// The regions, by their place in every list here, with the networks of each: /20 of those for tests (RFC 2544 §C.2.2).
pub(super) const REGIONS: [(&str, [u8; 4]); 3] =
    [("eu", [198, 18, 16, 0]), ("us", [198, 18, 32, 0]), ("asia", [198, 18, 48, 0])];
/// Bits of a region's networks that are the same.
pub(super) const BITS: u8 = 20;
/// Round trips between the regions: a fibre of such a way, and half of it again for its turns and routers.
const BETWEEN: [(usize, usize, u64); 3] = [(0, 1, 80), (1, 2, 150), (0, 2, 180)];
/// From each region to all, the nearest first.
pub(super) const NEAREST: [[usize; 3]; 3] = [[0, 1, 2], [1, 0, 2], [2, 1, 0]];
/// From a home to the region's router and back, and from a server.
const ACCESS: Duration = Duration::from_millis(8);
const INSIDE: Duration = Duration::from_millis(2);

/// A home of users.
#[derive(Clone, Copy, Debug)]
pub(super) struct Home {
    /// Its users' host; their router is `home-` before it.
    pub(super) name: &'static str,
    pub(super) region: usize,
    /// The network of its region that its address outside is in, and its own network 192.168.x.0/24.
    network: u8,
    inside: u8,
    /// Where the users and their router are on the grid.
    at: [(u8, u8); 2],
}

/// The homes.
pub(super) const HOMES: [Home; 4] = [
    Home { name: "paris", region: 0, network: 0, inside: 1, at: [(0, 0), (1, 0)] },
    Home { name: "rome", region: 0, network: 1, inside: 2, at: [(0, 1), (1, 1)] },
    Home { name: "boston", region: 1, network: 0, inside: 3, at: [(5, 0), (4, 0)] },
    Home { name: "tokyo", region: 2, network: 0, inside: 4, at: [(0, 7), (1, 7)] },
];
/// A region's resolver and server are in these of its networks.
const RESOLVER: u8 = 2;
const SERVER: u8 = 3;
/// The public resolver's region.
pub(super) const PUBLIC: usize = 1;
/// The name servers, each with its place on the grid and its region; the last two have the zone of the shop.
const NAME_SERVERS: [(&str, (u8, u8), usize); 6] = [
    ("root-a", (5, 3), 1),
    ("tld-example", (5, 4), 1),
    ("tld-test", (4, 4), 1),
    ("ns1-cdn", (4, 5), 1),
    ("ns1-shop", (5, 5), 1),
    ("ns2-shop", (0, 4), 0),
];

/// Everything that runs a program.
pub(super) struct Internet {
    /// As [`HOMES`].
    pub(super) users: Vec<LabNet>,
    /// The resolver that each home asks, by its place in `resolvers`.
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

/// The address of a region's server.
pub(super) fn server(region: usize) -> Ipv4Addr {
    address(region, SERVER, 80)
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

/// The routers of the homes, by their addresses outside.
fn homes() -> Vec<Plan> {
    let home = |it: &Home| plan((it.name, it.at[1]), it.region, (address(it.region, it.network, 10), 24), ACCESS);
    HOMES.iter().map(home).collect()
}

impl Home {
    /// Its users behind a router that translates, on the cable to the region's router.
    fn add(&self, lab: &mut Lab, plan: &Plan, router: NodeId) -> LabNet {
        let own = |host: u8| format!("192.168.{}.{host}", self.inside);
        let users = lab.host(self.name).at(self.at[0].0, self.at[0].1).address(&format!("{}/24", own(10)));
        let users = users.gateway(&own(1)).trace_calls(false).add();
        let home = lab.router(&format!("home-{}", self.name)).at(plan.at.0, plan.at.1);
        let home = home.interface(&format!("{}/24", own(1))).interface(&format!("{}/24", plan.address));
        let home = home.route("0.0.0.0/0", &plan.gateway().to_string()).nat(1, NatOptions::default()).add();
        lab.link(users, home, LinkOptions::default());
        lab.link(home, router, plan.link.clone());
        lab.net(users)
    }
}

fn resolvers(public: bool) -> Vec<Plan> {
    let own = [("dns-eu", (0, 2), 0), ("dns-us", (5, 1), 1), ("dns-asia", (2, 7), 2)];
    let names = if public { vec![("public", (5, 1), PUBLIC)] } else { own.to_vec() };
    let resolver = |(name, at, region)| plan((name, at), region, (address(region, RESOLVER, 53), 24), INSIDE);
    names.into_iter().map(resolver).collect()
}

fn servers(shape: impl Fn(usize, LinkOptions) -> LinkOptions) -> Vec<Plan> {
    let names = [("web-eu", (0, 3)), ("web-us", (5, 2)), ("web-asia", (3, 7))];
    let server = |(region, name)| {
        let plan = plan(name, region, (server(region), 24), INSIDE);
        Plan { link: shape(region, plan.link), ..plan }
    };
    names.into_iter().enumerate().map(server).collect()
}

fn name_servers() -> Vec<(&'static Site, Plan)> {
    let site = |name: &str| SITES.iter().find(|it| it.host == name).expect("a server of the lab");
    let server = |&(name, at, region): &(&'static str, (u8, u8), usize)| {
        (site(name), plan((name, at), region, (site(name).address, 29), INSIDE))
    };
    NAME_SERVERS.iter().map(server).collect()
}

/// Builds it, with one public resolver or one in each region; `shape` may change the link of each region's server.
pub(super) fn build(lab: &mut Lab, public: bool, shape: impl Fn(usize, LinkOptions) -> LinkOptions) -> Internet {
    let (homes, resolvers, servers, names) = (homes(), resolvers(public), servers(shape), name_servers());
    let all: Vec<&Plan> =
        [&homes, &resolvers, &servers].into_iter().flatten().chain(names.iter().map(|it| &it.1)).collect();
    let routers: Vec<NodeId> = (0..REGIONS.len()).map(|region| router(lab, region, &all)).collect();
    for (from, to, rtt) in BETWEEN {
        lab.link(routers[from], routers[to], LinkOptions::default().delay(Duration::from_millis(rtt) / 2));
    }
    let users = HOMES.iter().zip(&homes).map(|(home, plan)| home.add(lab, plan, routers[plan.region])).collect();
    let mut add = |plan: &Plan| plan.add(lab, routers[plan.region]);
    Internet {
        users,
        asks: HOMES.iter().map(|it| if public { 0 } else { it.region }).collect(),
        resolvers: resolvers.iter().map(|it| (add(it), SocketAddr::from((it.address, PORT)))).collect(),
        servers: servers.iter().map(&mut add).collect(),
        name_servers: names.iter().map(|(site, it)| (add(it), Authority::new(site.zones()))).collect(),
    }
}

/// A region's router: first the ways to the other regions, then one network for each host.
fn router(lab: &mut Lab, region: usize, all: &[&Plan]) -> NodeId {
    let mut router = lab.router(REGIONS[region].0).at([2, 4, 3][region], [2, 2, 6][region]);
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
