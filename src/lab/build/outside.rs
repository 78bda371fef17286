//! A station whose IP stack is outside, described call by call.
use std::net::IpAddr;

use crate::lab::build::{Lab, NodeId, face, network, with_link_local};
use crate::lab::interface::Interface;
use crate::lab::outside::Outside;
use crate::lab::route::Network;
use crate::lab::world::Machine;
use crate::recording::{self, NodeKind};

/// A station whose IP stack is outside, being described.
pub struct OutsideBuilder<'a> {
    lab: &'a mut Lab,
    name: String,
    place: (u8, u8),
    networks: Vec<Network>,
    gateways: Vec<IpAddr>,
}

impl<'a> OutsideBuilder<'a> {
    pub(super) fn new(lab: &'a mut Lab, name: &str) -> Self {
        let (networks, gateways) = Default::default();
        Self { lab, name: name.to_owned(), place: (0, 0), networks, gateways }
    }

    place_and_addresses!();

    /// Puts the station into the lab.
    ///
    /// # Panics
    /// Without an address, or with a name that is taken.
    pub fn add(self) -> NodeId {
        let Self { lab, name, place, networks, gateways } = self;
        assert!(!networks.is_empty(), "the station {name} needs an address");
        let mac = lab.next_mac();
        let networks = with_link_local(mac, &networks);
        let door = Outside::new(Interface::new(0, mac, &networks), gateways);
        let face = recording::Node { name, kind: NodeKind::Host, interfaces: vec![face(0, mac, &networks)], place };
        lab.add(Machine::Outside(door), face)
    }
}
