//! The lab's internet of name servers, for the demos about DNS.
//!
//! ```text
//! client ──┐              ┌── root-a, root-b          root
//!          isp ── core ───┼── tld-example ..          example., test.
//! resolver ┘              └── ns1-shop ..             shop.example., cdn.test. ..
//! ```
pub(super) mod rows;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::demos::{Knob, Knobs};
use crate::lab::{Lab, LabNet, LinkOptions, Loss, NodeId};
use crate::quantity::Unit;
use crate::services::dns::signing::Signing;
use crate::services::dns::world::{Level, SITES, Site};
use crate::services::dns::{Authority, PORT, serve};

/// Where the client's resolver is.
pub(super) const RESOLVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 53)), PORT);

/// From the client to its resolver and back.
pub(super) const NEAR: Knob = Knob::millis("near", "from the client to its resolver and back", [0, 200, 1, 4]);
/// From the resolver to the nearest server of the root and back.
pub(super) const ROOT: Knob =
    Knob::millis("root", "from the resolver to the nearest root server and back", [0, 500, 5, 20]);
/// To the servers of a top-level domain.
pub(super) const TLD: Knob = Knob::millis("tld", "to the servers of a top-level domain and back", [0, 500, 5, 30]);
/// To the servers of a domain.
pub(super) const DOMAIN: Knob = Knob::millis("domain", "to the servers of a domain and back", [0, 500, 5, 60]);
/// How much the paths to the servers lose.
pub(super) const LOSS: Knob = Knob::quantity(
    "loss",
    "share of packets lost on the way to the servers",
    Unit::PartsPerMillion,
    [0, 300_000, 10_000, 0],
);

/// The lab with its servers, not yet started.
pub(super) struct World {
    /// The switch of the client and its resolver, for more of them.
    pub(super) isp: NodeId,
    pub(super) client: LabNet,
    pub(super) resolver: LabNet,
    /// Each server's network and zones, in the order of [`SITES`].
    servers: Vec<(LabNet, Authority)>,
}

/// Round trips between the parts of the lab.
#[derive(Clone, Copy, Debug)]
pub(super) struct Distances {
    pub(super) near: Duration,
    pub(super) root: Duration,
    pub(super) tld: Duration,
    pub(super) domain: Duration,
}

impl Distances {
    /// As the knobs `near`, `root`, `tld` and `domain` say.
    pub(super) fn of(knobs: &Knobs) -> Self {
        let [near, root, tld, domain] = ["near", "root", "tld", "domain"].map(|name| knobs.time(name));
        Self { near, root, tld, domain }
    }

    const fn to(&self, level: Level) -> Duration {
        match level {
            Level::Root => self.root,
            Level::Tld => self.tld,
            Level::Domain => self.domain,
        }
    }
}

/// Builds it; `shape` may change the link of each site.
pub(super) fn build(lab: &mut Lab, far: Distances, shape: impl Fn(&Site, LinkOptions) -> LinkOptions) -> World {
    let client = lab.host("client").at(0, 1).address("192.0.2.10/26").gateway("192.0.2.1").trace_calls(false).add();
    let isp = lab.switch("isp").at(1, 4).add();
    let resolver = lab.host("resolver").at(0, 3).address("192.0.2.53/26").gateway("192.0.2.1").trace_calls(false).add();
    let gateways = SITES.iter().map(|site| format!("{}/29", gateway(site.address)));
    let core = lab.router("core").at(2, 4).interface("192.0.2.1/26");
    let core = gateways.fold(core, |router, address| router.interface(&address)).add();
    lab.link(client, isp, LinkOptions::default().delay(far.near / 2));
    lab.link(resolver, isp, LinkOptions::default());
    lab.link(isp, core, LinkOptions::default());
    let mut servers = Vec::new();
    for (number, site) in (0_u8..).zip(&SITES) {
        let (address, via) = (format!("{}/29", site.address), gateway(site.address).to_string());
        // In two columns, each on a row of its own: no link goes behind another host.
        let row = number % 5 * 2 + number / 5;
        let host = lab.host(site.host).at(3 + number / 5, row).address(&address).gateway(&via);
        let host = host.trace_calls(false).add();
        let link = LinkOptions::default().delay(far.to(site.level) * site.times / 2);
        lab.link(core, host, shape(site, link));
        servers.push((lab.net(host), Authority::new(site.zones())));
    }
    World { isp, client: lab.net(client), resolver: lab.net(resolver), servers }
}

/// The link with the loss of the knob `loss`.
pub(super) fn lossy(knobs: &Knobs, link: LinkOptions) -> LinkOptions {
    let loss = u32::try_from(knobs.number("loss")).expect("a share is at most a million ppm");
    if loss > 0 { link.loss(Loss::random(loss)) } else { link }
}

/// The last address but one of a network of eight.
fn gateway(address: Ipv4Addr) -> Ipv4Addr {
    Ipv4Addr::from_bits(address.to_bits() & !7 | 6)
}

impl World {
    /// Signs the zones that are.
    pub(super) fn sign(&self, signing: &Signing) {
        self.servers.iter().for_each(|(_, authority)| authority.sign(signing));
    }

    /// Starts every server.
    pub(super) async fn start(&self) {
        for (net, authority) in &self.servers {
            let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, PORT));
            serve(net, any, authority.clone()).await.expect("a new host has every port free");
        }
    }

    /// The zones of the server at that host.
    pub(super) fn authority(&self, host: &str) -> &Authority {
        let at = SITES.iter().position(|site| site.host == host);
        &self.servers[at.expect("a server of the world")].1
    }
}
