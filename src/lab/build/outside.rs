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
    frames: bool,
}

impl<'a> OutsideBuilder<'a> {
    pub(super) fn new(lab: &'a mut Lab, name: &str) -> Self {
        let (networks, gateways) = Default::default();
        Self { lab, name: name.to_owned(), place: (0, 0), networks, gateways, frames: false }
    }

    place_and_addresses!();

    /// Lets whole Ethernet frames pass: the station's ARP and Neighbor Discovery are outside too, and so are its addresses.
    #[must_use]
    pub const fn ethernet(mut self) -> Self {
        self.frames = true;
        self
    }

    /// Puts the station into the lab.
    ///
    /// # Panics
    /// Without an address where packets pass, or with one where frames do; or with a name that is taken.
    pub fn add(self) -> NodeId {
        let Self { lab, name, place, networks, gateways, frames } = self;
        assert!(frames || !networks.is_empty(), "the station {name} needs an address");
        assert!(!frames || networks.is_empty(), "the addresses of {name} are outside");
        let mac = lab.next_mac();
        let networks = with_link_local(mac, &networks);
        let door = Outside::new(Interface::new(0, mac, &networks), gateways, frames);
        let face = recording::Node { name, kind: NodeKind::Host, interfaces: vec![face(0, mac, &networks)], place };
        lab.add(Machine::Outside(door), face)
    }
}
