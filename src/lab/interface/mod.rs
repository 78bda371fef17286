//! An interface on an Ethernet: several addresses of both families, and a way to each neighbour's MAC.
//!
//! ```text
//! send(next hop, packet) ─┬─ IPv4: Arp ─┐
//!                         └─ IPv6: Nd ──┴─ Ethernet frame ── link
//! ```
mod arp;
mod duplicates;
mod nd;
mod own;

use std::net::{IpAddr, Ipv6Addr};

use etherparse::EtherType;

use crate::lab::frame::{self, Mac};
use crate::lab::icmp::ndp::{self, Message, Redirect, RouterAdvertisement};
use crate::lab::ip::{self, Packet};
use crate::lab::output::{Output, Why};
use crate::lab::route::Network;
use crate::recording::Time;
use arp::Arp;
use duplicates::Duplicates;
use nd::Nd;
pub(crate) use own::{Own, Usable, interface_identifier, link_local, solicited_node};

/// Packets that may wait for one MAC address; the oldest gives way (RFC 1122 §2.3.2.2: at least the latest is kept).
const WAITING: usize = 64;

/// One interface of a host or a router.
#[derive(Debug)]
pub(crate) struct Interface {
    pub(crate) own: Own,
    arp: Arp,
    nd: Nd,
    duplicates: Duplicates,
}

/// A packet that waits for the MAC of its next hop.
#[derive(Debug)]
struct Waiting {
    packet: Vec<u8>,
    why: Option<Why>,
}

/// What a frame was to the interface.
#[derive(Debug)]
pub(crate) enum Received<'a> {
    /// An IP packet addressed to this interface's MAC, or to everybody.
    Packet(&'a [u8]),
    /// Somebody looks for a router.
    RouterSolicitation { from: Ipv6Addr },
    /// A router speaks.
    RouterAdvertisement { from: Ipv6Addr, said: RouterAdvertisement },
    /// A router names a nearer first hop.
    Redirect { from: Ipv6Addr, said: Redirect },
    /// ARP, Neighbor Discovery, another's frame, or nothing readable: dealt with.
    Nothing,
}

/// A packet that could not be sent because nobody answered for the next hop.
#[derive(Debug)]
pub(crate) struct Unreachable {
    pub(crate) next_hop: IpAddr,
    pub(crate) packet: Vec<u8>,
}

impl Waiting {
    /// Leaves in a frame to that MAC.
    fn leave(self, own: &Own, to: Mac, out: &mut Output) {
        out.send(own.index, frame::around(to, own.mac, self.packet), self.why);
    }
}

impl Interface {
    /// An interface with these addresses, in this order.
    pub(crate) fn new(index: usize, mac: Mac, networks: &[Network]) -> Self {
        let own = Own::new(index, mac, networks);
        Self { own, arp: Arp::default(), nd: Nd::new(mac), duplicates: Duplicates::new(mac) }
    }

    /// Enters a neighbour for good, as `ip neigh add ... nud permanent` does.
    pub(crate) fn know(&mut self, address: IpAddr, mac: Mac) {
        match address {
            IpAddr::V4(address) => self.arp.know(address, mac),
            IpAddr::V6(address) => self.nd.know(address, mac),
        }
    }

    /// Gives the interface an address, once nobody says that it has it already.
    pub(crate) fn check_and_use(&mut self, now: Time, network: Network, out: &mut Output) {
        self.duplicates.check(now, &mut self.own, network, out);
    }

    /// Gives the interface an address, to be used at once.
    pub(crate) fn add_address(&mut self, network: Network, out: &mut Output) {
        self.own.addresses.retain(|it| it.network.address != network.address);
        self.own.addresses.push(own::Address::preferred(network));
        self.own.changes += 1;
        out.state(duplicates::machine(network.address), "NONE", Usable::Preferred.to_string());
    }

    /// Changes what an address may be used for.
    pub(crate) fn set_usable(&mut self, address: IpAddr, usable: Usable, out: &mut Output) {
        duplicates::set(&mut self.own, address, usable, out);
    }

    /// Takes an address away.
    pub(crate) fn drop_address(&mut self, address: IpAddr, out: &mut Output) {
        if let Some(usable) = self.own.usable(address) {
            out.state(duplicates::machine(address), usable.to_string(), "NONE");
            self.own.addresses.retain(|it| it.network.address != address);
            self.own.changes += 1;
        }
    }

    /// Tells everybody on the link that an address is here.
    pub(crate) fn announce(&self, address: IpAddr, out: &mut Output) {
        Duplicates::announce(&self.own, address, out);
    }

    /// Where a neighbour is, as another has said: to be confirmed (RFC 4861 §8.3).
    pub(crate) fn heard(&mut self, neighbour: Ipv6Addr, mac: Mac, how: &str, out: &mut Output) {
        self.nd.heard(&self.own, neighbour, mac, how, out);
    }

    /// The MAC of a neighbour, where the cache has it.
    pub(crate) fn mac_of(&self, neighbour: Ipv6Addr) -> Option<Mac> {
        self.nd.mac_of(neighbour)
    }

    /// A layer above saw that what was sent to this neighbour arrived.
    pub(crate) fn confirm(&mut self, now: Time, next_hop: IpAddr, out: &mut Output) {
        if let IpAddr::V6(next_hop) = next_hop {
            self.nd.confirm(now, next_hop, out);
        }
    }

    /// Sends a packet to `next_hop`, now or when its MAC address is known.
    pub(crate) fn send(&mut self, now: Time, next_hop: IpAddr, packet: Vec<u8>, why: Option<Why>, out: &mut Output) {
        let waiting = Waiting { packet, why };
        if self.own.is_broadcast(next_hop) {
            return waiting.leave(&self.own, Mac::BROADCAST, out);
        }
        if let Some(group) = frame::group(next_hop) {
            return waiting.leave(&self.own, group, out);
        }
        match next_hop {
            IpAddr::V4(next_hop) => self.arp.send(now, &self.own, next_hop, waiting, out),
            IpAddr::V6(next_hop) => self.nd.send(now, &self.own, next_hop, waiting, out),
        }
    }

    /// Takes a frame from the wire.
    pub(crate) fn receive<'a>(&mut self, now: Time, bytes: &'a [u8], out: &mut Output) -> Received<'a> {
        let Some((to, from, ether_type, payload)) = frame::open(bytes) else { return Received::Nothing };
        if to != self.own.mac && !to.is_group() {
            out.decide(format!("a frame for {to} is not for {}: ignored", self.own.mac));
            return Received::Nothing;
        }
        match ether_type {
            EtherType::ARP => {
                if let Some(arp) = frame::arp(payload) {
                    self.duplicates.hear_arp(now, &mut self.own, &arp, out);
                    self.arp.hear(now, &self.own, &arp, out);
                }
                Received::Nothing
            }
            EtherType::IPV4 => {
                self.arp.confirm(now, from, payload);
                Received::Packet(payload)
            }
            EtherType::IPV6 => match ip::read(payload).filter(ndp::is_meant) {
                Some(packet) if self.own.accepts(packet.to) => self.discover(now, &packet, out),
                Some(_) => Received::Nothing,
                None => Received::Packet(payload),
            },
            _ => Received::Nothing,
        }
    }

    /// A message of Neighbor Discovery.
    fn discover(&mut self, now: Time, packet: &Packet<'_>, out: &mut Output) -> Received<'static> {
        let (IpAddr::V6(from), Some(message)) = (packet.from, ndp::read(packet)) else {
            out.decide(format!("ND: a message from {} that RFC 4861 says to ignore", packet.from));
            return Received::Nothing;
        };
        let known = |target: Ipv6Addr| self.own.usable(target.into());
        match message {
            Message::Solicitation { target, mac } => match known(target) {
                // RFC 4862 §5.4.3: who has an address already asks for another's MAC; who has none wants this one.
                Some(Usable::Tentative) if from.is_unspecified() => {
                    self.duplicates.hear_nd(&mut self.own, target, "asks for it too", out);
                }
                Some(Usable::Preferred | Usable::Deprecated) => {
                    self.nd.asked(&self.own, (from, target), mac, out);
                }
                _ => {}
            },
            Message::Advertisement(it) => match known(it.target) {
                Some(Usable::Duplicate) => {}
                Some(_) => {
                    let who = it.mac.map_or_else(|| "somebody".to_owned(), |mac| mac.to_string());
                    self.duplicates.hear_nd(&mut self.own, it.target, &format!("{who} says it has it"), out);
                }
                None => self.nd.told(now, &self.own, &it, out),
            },
            Message::RouterSolicitation { mac } => {
                if let Some(mac) = mac {
                    self.nd.heard(&self.own, from, mac, "from its router solicitation", out);
                }
                return Received::RouterSolicitation { from };
            }
            Message::RouterAdvertisement(said) => {
                if let Some(mac) = said.mac {
                    self.nd.heard(&self.own, from, mac, "from its router advertisement", out);
                }
                return Received::RouterAdvertisement { from, said };
            }
            Message::Redirect(said) => return Received::Redirect { from, said },
        }
        Received::Nothing
    }

    /// Asks again where an answer is due; gives back what nobody answered for.
    pub(crate) fn tick(&mut self, now: Time, out: &mut Output) -> Vec<Unreachable> {
        self.duplicates.tick(now, &mut self.own, out);
        let mut lost = self.arp.tick(now, &self.own, out);
        lost.extend(self.nd.tick(now, &self.own, out));
        lost
    }

    /// When [`Self::tick`] has something to do.
    pub(crate) fn next_tick(&self) -> Option<Time> {
        [self.arp.next_tick(), self.nd.next_tick(), self.duplicates.next_tick()].into_iter().flatten().min()
    }
}

fn packets(count: usize) -> String {
    if count == 1 { "1 packet".to_owned() } else { format!("{count} packets") }
}
