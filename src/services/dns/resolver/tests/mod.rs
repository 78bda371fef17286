//! The resolver in the lab: its steps through the zones that ship, its cache, and servers that lie.
mod cache;
mod chains;
mod dnssec;
mod hostile;
mod paths;
mod subnets;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::rr::RecordType;

use super::*;
use crate::lab::{Lab, LabNet, LinkOptions, Loss};
use crate::services::dns::world::SITES;
use crate::services::dns::{Answers, Asker, Authority, PORT, name, serve, world};

/// A lab with every server that ships, 20 ms from the resolver; `also` adds to it.
struct World {
    lab: Lab,
    resolver: LabNet,
    hub: crate::lab::NodeId,
}

impl World {
    /// Nobody but the resolver.
    fn empty() -> Self {
        let mut lab = Lab::new(1, &[]);
        let hub = lab.switch("sw").add();
        let resolver = lab.host("resolver").address("192.0.2.53/4").trace_calls(false).add();
        lab.link(resolver, hub, LinkOptions::default());
        let resolver = lab.net(resolver);
        Self { lab, resolver, hub }
    }

    /// The servers that ship, but for those of these hosts.
    fn without(hosts: &[&str]) -> Self {
        let mut world = Self::empty();
        for site in SITES.iter().filter(|it| !hosts.contains(&it.host)) {
            world.add(site.host, site.address, Authority::new(site.zones()));
        }
        world
    }

    fn whole() -> Self {
        Self::without(&[])
    }

    fn add(&mut self, host: &str, address: Ipv4Addr, answers: impl Answers) {
        self.add_behind(host, address, answers, LinkOptions::default());
    }

    fn add_behind(&mut self, host: &str, address: Ipv4Addr, answers: impl Answers, link: LinkOptions) {
        let net = self.host(host, address, link);
        let own = net.clone();
        net.spawn(async move { drop(serve(&own, SocketAddr::from(([0, 0, 0, 0], PORT)), answers).await) });
    }

    fn host(&mut self, host: &str, address: Ipv4Addr, link: LinkOptions) -> LabNet {
        let node = self.lab.host(host).address(&format!("{address}/4")).trace_calls(false).add();
        self.lab.link(self.hub, node, link.delay(Duration::from_millis(10)));
        self.lab.net(node)
    }

    /// Runs a program with a resolver.
    fn run<T, F: Future<Output = T>>(mut self, options: Options, program: impl FnOnce(Resolver<LabNet>) -> F) -> T {
        self.lab.introduce_everybody();
        let resolver = Resolver::new(self.resolver.clone(), options, 1);
        let main = program(resolver);
        self.lab.run(main).expect("it ends")
    }

    /// Looks up one name.
    fn look_up(self, options: Options, text: &str, kind: RecordType) -> Resolution {
        let asked = name(text).expect("a name");
        self.run(options, |resolver| async move { resolver.resolve(&asked, kind).await })
    }
}

fn options() -> Options {
    Options::new(world::hints())
}

/// The steps' words, those about servers' addresses with a `+` for each level.
fn words(resolution: &Resolution) -> Vec<String> {
    let word = |step: &Step| "+".repeat(step.depth.into()) + step.kind.word();
    resolution.steps.iter().map(word).collect()
}

fn answers(resolution: &Resolution) -> Vec<IpAddr> {
    match &resolution.outcome {
        Outcome::Answer(records) => records.iter().filter_map(address).collect(),
        other => panic!("{other:?}"),
    }
}

fn failure(resolution: &Resolution) -> String {
    match &resolution.outcome {
        Outcome::Failed(failure) => failure.to_string(),
        other => panic!("{other:?}\n{:?}", words(resolution)),
    }
}

fn queries(resolution: &Resolution) -> usize {
    resolution.steps.iter().filter(|it| it.server.is_some()).count()
}
