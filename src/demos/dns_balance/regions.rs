//! What balances between the regions of the lab's internet: the servers with their weights, the map, who asks and who dies.
use std::net::IpAddr;

use crate::demos::internet::{BITS, NEAREST, PUBLIC, REGIONS, server};
use crate::services::dns::Subnet;
use crate::services::dns::balance::{Places, Target};

/// How many clients each home has.
pub(super) const CLIENTS: [u32; 4] = [4, 2, 2, 2];
/// The server that dies.
pub(super) const DIES: usize = 0;
/// Weights of the servers, of ten.
const WEIGHTS: [u32; 3] = [6, 3, 1];

/// The servers behind the name.
pub(super) fn targets() -> Vec<Target> {
    let target = |(region, name)| Target { name, address: server(region), weight: WEIGHTS[region] };
    REGIONS.iter().map(|it| it.0).enumerate().map(target).collect()
}

/// The map of GeoDNS: each region's networks, with the servers by distance.
pub(super) fn map() -> Places {
    let subnet = |region: usize| Subnet::new(IpAddr::from(REGIONS[region].1), BITS);
    Places::new((0..REGIONS.len()).map(|it| (subnet(it), NEAREST[it].to_vec())).collect(), NEAREST[PUBLIC].to_vec())
}
