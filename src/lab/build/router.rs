//! A router, described call by call.
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};

use crate::lab::advertise::{AdvertiseOptions, Advertiser};
use crate::lab::balance::{Balance, Chooser};
use crate::lab::build::{Lab, NodeId, face, network, with_link_local};
use crate::lab::errors::{Errors, IcmpErrors};
use crate::lab::firewall::{Filter, Firewall};
use crate::lab::interface::Interface;
use crate::lab::nat::{Nat, NatOptions};
use crate::lab::redirect::Redirects;
use crate::lab::route::{Network, Route};
use crate::lab::router::Router;
use crate::lab::world::Machine;
use crate::recording::{self, NodeKind};

/// A router that is being described.
pub struct RouterBuilder<'a> {
    lab: &'a mut Lab,
    name: String,
    place: (u8, u8),
    /// The addresses of each.
    interfaces: Vec<Vec<Network>>,
    routes: Vec<(Network, Via)>,
    nat: Option<(usize, NatOptions)>,
    forwards: Vec<(bool, u16, SocketAddrV4)>,
    advertised: Vec<(usize, Network, AdvertiseOptions)>,
    errors: IcmpErrors,
    balance: Balance,
    firewall: Option<Firewall>,
    clamps: bool,
    redirects: bool,
}

/// The next router, and where it is when its address does not say: `fe80::1%eth1`.
type Via = (IpAddr, Option<usize>);

impl<'a> RouterBuilder<'a> {
    pub(super) fn new(lab: &'a mut Lab, name: &str) -> Self {
        let (interfaces, routes, forwards, advertised) = Default::default();
        Self {
            lab,
            name: name.to_owned(),
            place: (0, 0),
            interfaces,
            routes,
            nat: None,
            forwards,
            advertised,
            errors: IcmpErrors::default(),
            balance: Balance::default(),
            firewall: None,
            clamps: false,
            redirects: true,
        }
    }

    /// Where it stands on the topology's grid: column and row from the top left.
    #[must_use]
    pub const fn at(mut self, column: u8, row: u8) -> Self {
        self.place = (column, row);
        self
    }

    /// Adds an interface with this address; the first is `eth0`. Links take them in this order.
    ///
    /// # Panics
    /// When the text is no address with a prefix.
    #[must_use]
    pub fn interface(mut self, address: &str) -> Self {
        self.interfaces.push(vec![network(address)]);
        self
    }

    /// Gives the last interface another address, of either family.
    ///
    /// # Panics
    /// When the text is no address with a prefix, or there is no interface yet.
    #[must_use]
    pub fn address(mut self, address: &str) -> Self {
        let last = self.interfaces.last_mut().unwrap_or_else(|| panic!("{}: first an interface", self.name));
        last.push(network(address));
        self
    }

    /// Advertises a prefix on the link of the last interface, so that hosts make addresses of it (RFC 4861 §6.2).
    ///
    /// # Panics
    /// When the text is no network, or there is no interface yet; at [`Self::add`], when the interface has no IPv6 address.
    #[must_use]
    pub fn advertise(mut self, prefix: &str, options: AdvertiseOptions) -> Self {
        let last = self.interfaces.len().checked_sub(1);
        let last = last.unwrap_or_else(|| panic!("{}: first an interface", self.name));
        self.advertised.push((last, network(prefix), options));
        self
    }

    /// Adds a route: what goes to `to` goes to the router `via`. `0.0.0.0/0` and `::/0` are the default routes. A
    /// link-local address says on which interface: `fe80::1%eth1`.
    ///
    /// # Panics
    /// When a text is no network or no address.
    #[must_use]
    pub fn route(mut self, to: &str, via: &str) -> Self {
        let (via, interface) = via.split_once('%').unwrap_or((via, ""));
        let interface = interface.strip_prefix("eth").and_then(|it| it.parse().ok());
        self.routes.push((network(to), (super::address(via), interface)));
        self
    }

    /// Makes it a NAT: what goes out of its `outside`-th interface (`eth0` is 0) goes with that interface's address.
    ///
    /// # Panics
    /// At [`Self::add`], when there is no such interface.
    #[must_use]
    pub const fn nat(mut self, outside: usize, options: NatOptions) -> Self {
        self.nat = Some((outside, options));
        self
    }

    /// Forwards a TCP port of the NAT's outside address to an endpoint inside, for good: `10.0.0.5:80`.
    ///
    /// # Panics
    /// When the text is no address with a port; at [`Self::add`], when the router is no NAT.
    #[must_use]
    pub fn forward_tcp(mut self, port: u16, to: &str) -> Self {
        self.forwards.push((false, port, endpoint(to)));
        self
    }

    /// Forwards a UDP port, as [`Self::forward_tcp`] does.
    ///
    /// # Panics
    /// As [`Self::forward_tcp`].
    #[must_use]
    pub fn forward_udp(mut self, port: u16, to: &str) -> Self {
        self.forwards.push((true, port, endpoint(to)));
        self
    }

    /// What it says by ICMP about packets it drops; all without this.
    #[must_use]
    pub const fn icmp_errors(mut self, errors: IcmpErrors) -> Self {
        self.errors = errors;
        self
    }

    /// How it shares packets among routes to the same network; without this the first entered takes all.
    #[must_use]
    pub const fn balance(mut self, balance: Balance) -> Self {
        self.balance = balance;
        self
    }

    /// Makes it a packet filter for what it forwards; it sees inside addresses, where it is a NAT as well.
    #[must_use]
    pub fn firewall(mut self, firewall: Firewall) -> Self {
        self.firewall = Some(firewall);
        self
    }

    /// Lowers the MSS option of TCP handshakes that it forwards to what both links carry.
    #[must_use]
    pub const fn clamp_mss(mut self, on: bool) -> Self {
        self.clamps = on;
        self
    }

    /// Whether it tells hosts of a neighbour that is nearer to where their packets go; it does without this, as Linux.
    #[must_use]
    pub const fn send_redirects(mut self, on: bool) -> Self {
        self.redirects = on;
        self
    }

    /// Puts the router into the lab.
    ///
    /// # Panics
    /// When a route's next router is on no network of this one, or the name is taken.
    pub fn add(self) -> NodeId {
        let Self {
            lab,
            name,
            place,
            interfaces: given,
            routes: remote,
            nat,
            forwards,
            advertised,
            errors,
            balance,
            firewall,
            clamps,
            redirects,
        } = self;
        let macs: Vec<_> = given.iter().map(|_| lab.next_mac()).collect();
        let networks: Vec<_> = given.iter().zip(&macs).map(|(given, mac)| with_link_local(*mac, given)).collect();
        let parts = || networks.iter().zip(macs.iter().copied()).enumerate();
        let direct = networks.iter().enumerate().flat_map(|(index, own)| own.iter().map(move |it| (index, it)));
        let direct = direct.map(|(interface, own)| Route { to: own.network(), via: None, interface });
        let through = remote.iter().map(|(to, (via, interface))| {
            let beside = || networks.iter().position(|own| own.iter().any(|it| it.contains(*via)));
            let interface = interface.or_else(beside);
            let interface = interface.unwrap_or_else(|| panic!("{name}: {via} is on no network of this router"));
            Route { to: to.network(), via: Some(*via), interface }
        });
        let mut nat = nat.map(|(outside, options)| Nat::new(outside, ipv4(&name, &networks[outside]), options));
        for (udp, port, to) in forwards {
            let nat = nat.as_mut().unwrap_or_else(|| panic!("{name} is no NAT: it forwards no port"));
            nat.forward_port(udp, port, to);
        }
        let mut interfaces: Vec<_> = parts().map(|(index, (own, mac))| Interface::new(index, mac, own)).collect();
        let mut advertisers = BTreeMap::new();
        for (index, prefix, options) in advertised {
            let own = &interfaces[index].own;
            assert!(own.link_local().is_some(), "{name}: who advertises {prefix} needs an IPv6 address there");
            let advertiser = advertisers.entry(index).or_insert_with(|| Advertiser::new(own));
            advertiser.begin_anew(prefix, options);
        }
        interfaces.iter_mut().for_each(|it| it.own.router = true);
        let router = Router {
            routes: direct.chain(through).collect(),
            mtus: vec![1500; networks.len()],
            interfaces,
            nat,
            advertisers,
            errors: Errors::new(errors),
            chooser: Chooser::new(balance),
            filter: firewall.map(Filter::new),
            clamps,
            redirects: Redirects::new(redirects),
            ..Router::default()
        };
        let interfaces = parts().map(|(index, (own, mac))| face(index, mac, own)).collect();
        let face = recording::Node { name, kind: NodeKind::Router, interfaces, place };
        lab.add(Machine::Router(router), face)
    }
}

fn endpoint(text: &str) -> SocketAddrV4 {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no IPv4 address with a port"))
}

/// The address that stands for everybody behind a NAT.
fn ipv4(name: &str, networks: &[Network]) -> Ipv4Addr {
    let mut all = networks.iter().filter_map(|it| match it.address {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    });
    all.next().unwrap_or_else(|| panic!("{name}: a NAT needs an IPv4 address outside"))
}
