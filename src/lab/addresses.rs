//! Addresses that change during a run: a script gives and takes them, a program configures its host (as DHCP clients do).
use std::net::IpAddr;

use crate::lab::advertise::AdvertiseOptions;
use crate::lab::build::NodeId;
use crate::lab::control::Control;
use crate::lab::host::Host;
use crate::lab::output::Output;
use crate::lab::programs::LabNet;
use crate::lab::route::Network;
use crate::lab::world::{Machine, World};
use crate::recording::Time;

impl Control {
    /// Gives a host another address (`10.0.0.7/24`), to be used at once.
    ///
    /// # Panics
    /// When the node is no host or the text no address with a prefix.
    pub fn add_address(&self, host: NodeId, address: &str) {
        self.at_host(host, |host, now, out| host.add_address(now, network(address), false, out));
    }

    /// Takes an address away from a host.
    ///
    /// # Panics
    /// When the node is no host or the text no address.
    pub fn remove_address(&self, host: NodeId, address: &str) {
        self.at_host(host, |host, _, out| host.remove_address(ip(address), out));
    }

    /// Makes a host tell everybody on its link that an address is here: a gratuitous ARP (RFC 5944 §4.6), or an
    /// unsolicited neighbour advertisement (RFC 4861 §7.2.6).
    ///
    /// # Panics
    /// When the node is no host or the text no address.
    pub fn announce(&self, host: NodeId, address: &str) {
        self.at_host(host, |host, _, out| host.interface.announce(ip(address), out));
    }

    /// Advertises a prefix on a router's interface (`eth0` is 0) like this from now on.
    ///
    /// # Panics
    /// When the node is no router, nothing was advertised there before, or the text is no network.
    pub fn advertise(&self, router: NodeId, interface: usize, prefix: &str, options: AdvertiseOptions) {
        let mut world = self.shared.world.borrow_mut();
        let now = world.now;
        let Machine::Router(router_) = &mut world.nodes[router.index()].machine else { panic!("this is no router") };
        let advertiser = router_.advertisers.get_mut(&interface);
        let advertiser = advertiser.unwrap_or_else(|| panic!("nothing is advertised on eth{interface}"));
        advertiser.change(now, network(prefix), options);
        world.set_timer(router.index());
    }

    fn at_host(&self, host: NodeId, action: impl FnOnce(&mut Host, Time, &mut Output)) {
        let mut world: std::cell::RefMut<'_, World> = self.shared.world.borrow_mut();
        let node = host.index();
        assert!(matches!(world.nodes[node].machine, Machine::Host(_)), "{} is no host", world.nodes[node].face.name);
        world.at_host(node, action);
    }
}

impl LabNet {
    /// Gives this host an address; with `check`, once it is known that no other has it: [`Self::may_use`] tells.
    pub fn add_address(&self, address: IpAddr, prefix: u8, check: bool) {
        self.at_host(|host, now, out| host.add_address(now, Network { address, prefix }, check, out));
    }

    /// Takes an address away from this host.
    pub fn remove_address(&self, address: IpAddr) {
        self.at_host(|host, _, out| host.remove_address(address, out));
    }

    /// Whether an address of this host may be used: `None` while it is not known.
    #[must_use]
    pub fn may_use(&self, address: IpAddr) -> Option<bool> {
        self.ask(|host| host.may_use(address))
    }

    /// Sets the router that gets what goes to other networks, of the family of `router`, or of IPv4 to nobody.
    pub fn set_gateway(&self, router: Option<IpAddr>) {
        self.ask(|host| host.set_gateway(router));
    }

    /// The MAC address of this host's interface.
    #[must_use]
    pub fn mac(&self) -> [u8; 6] {
        self.ask(|host| host.interface.own.mac.0)
    }

    /// The link-local address that this host will make itself when it is plugged in; `None` when it makes none.
    #[must_use]
    pub fn will_want(&self) -> Option<IpAddr> {
        self.ask(|host| host.will_want()).map(IpAddr::V6)
    }

    /// Tells everybody on the link that an address is here.
    pub fn announce(&self, address: IpAddr) {
        self.at_host(|host, _, out| host.interface.announce(address, out));
    }

    /// The resolvers that routers have told this host of (RFC 8106).
    #[must_use]
    pub fn advertised_dns(&self) -> Vec<IpAddr> {
        self.ask(|host| host.advertised_dns())
    }
}

fn network(text: &str) -> Network {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no IP address"))
}
