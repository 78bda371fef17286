//! A router: one interface on each network, a routing table, and the rules of RFC 1812 and RFC 8200 for what may pass.
mod own;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};

use crate::lab::advertise::Advertiser;
use crate::lab::balance::Chooser;
use crate::lab::clamp;
use crate::lab::errors::Errors;
use crate::lab::firewall::{Filter, Ruling};
use crate::lab::icmp::ndp::ALL_NODES;
use crate::lab::interface::{Interface, Received};
use crate::lab::ip::{self, Packet};
use crate::lab::nat::{Nat, Verdict};
use crate::lab::output::{Output, Why};
use crate::lab::reassembly::Reassembly;
use crate::lab::redirect::Redirects;
use crate::lab::reset;
use crate::lab::route::{Network, Route};
use crate::lab::tcp::stack::IcmpError;
use crate::recording::Time;

/// A router; with a table of its own it is a NAT.
#[derive(Debug, Default)]
pub(crate) struct Router {
    pub(crate) interfaces: Vec<Interface>,
    /// The largest packet each interface's link carries.
    pub(crate) mtus: Vec<u16>,
    pub(crate) routes: Vec<Route>,
    /// Destinations whose route was recorded: once is enough, each packet carries its reason.
    pub(crate) chosen: BTreeSet<IpAddr>,
    pub(crate) nat: Option<Nat>,
    /// What is advertised on each interface.
    pub(crate) advertisers: BTreeMap<usize, Advertiser>,
    pub(crate) errors: Errors,
    pub(crate) chooser: Chooser,
    pub(crate) filter: Option<Filter>,
    pub(crate) redirects: Redirects,
    pub(crate) reassembly: Reassembly,
    /// Packets of its own that it cut: their identifications.
    pub(crate) cuts: u32,
    /// Lowers the MSS of TCP handshakes to what the next link carries.
    pub(crate) clamps: bool,
}

impl Router {
    /// Takes a frame in at an interface.
    pub(crate) fn receive(&mut self, now: Time, interface: usize, bytes: &[u8], out: &mut Output) {
        let Some(port) = self.interfaces.get_mut(interface) else { return };
        let bytes = match port.receive(now, bytes, out) {
            Received::Packet(bytes) => bytes,
            Received::RouterSolicitation { from } => return self.solicited(now, interface, from, out),
            // RFC 4861 §8.2: a router changes no route for a redirect.
            Received::RouterAdvertisement { .. } | Received::Redirect { .. } | Received::Nothing => return,
        };
        let Some(packet) = ip::read(bytes) else { return out.decide(ip::damaged(bytes)) };
        if !packet.is_fragment || !self.needs_whole(interface, &packet) {
            return self.take(now, interface, &packet, out);
        }
        let whole = self.reassembly.take(now, &packet, out);
        if let Some(packet) = whole.as_deref().and_then(ip::read) {
            self.take(now, interface, &packet, out);
        }
    }

    /// A packet that the router can deal with.
    fn take(&mut self, now: Time, interface: usize, packet: &Packet<'_>, out: &mut Output) {
        if self.is_own(interface, packet.to) {
            // RFC 1122 §3.2.1.3: dropped in silence. A link-local source may speak to its own router.
            let everybody = self.interfaces[interface].own.is_broadcast(packet.from);
            let why = if everybody { Some(NO_SOURCE) } else { impossible_source(packet.from) };
            if let Some(why) = why {
                return out.decide(format!("from {} to {}: {why}: dropped", packet.from, packet.to));
            }
            self.own(now, interface, packet, out);
        } else if !packet.to.is_multicast() && !self.interfaces[interface].own.is_broadcast(packet.to) {
            self.forward(now, interface, packet, out);
        }
    }

    /// Somebody looks for a router.
    fn solicited(&mut self, now: Time, interface: usize, from: Ipv6Addr, out: &mut Output) {
        match self.advertisers.get_mut(&interface) {
            Some(advertiser) => advertiser.solicited(now),
            None => out
                .decide(format!("{from} asks for routers, but nothing is advertised on {}", interface_name(interface))),
        }
    }

    /// Sends the router advertisements that are due.
    fn advertise(&mut self, now: Time, out: &mut Output) {
        for (index, advertiser) in &mut self.advertisers {
            let Some(interface) = self.interfaces.get_mut(*index) else { continue };
            if let Some((packet, why)) = advertiser.due(now, &interface.own) {
                interface.send(now, ALL_NODES.into(), packet, Some(why.into()), out);
            }
        }
    }

    /// Whether a packet that came in at this interface is for the router itself.
    fn is_own(&self, interface: usize, to: IpAddr) -> bool {
        let own = |it: &Interface| it.own.has(to);
        let elsewhere = !ip::is_link_local(to) && self.interfaces.iter().any(own);
        elsewhere || own(&self.interfaces[interface]) || to.is_ipv6() && self.interfaces[interface].own.accepts(to)
    }

    /// A packet to one of the router's own addresses: for somebody behind a NAT, or for the router itself.
    fn own(&mut self, now: Time, interface: usize, packet: &Packet<'_>, out: &mut Output) {
        let mut inside = packet.bytes.to_vec();
        let verdict = match &mut self.nat {
            _ if packet.to.is_ipv6() => Verdict::NotMine,
            Some(nat) if nat.outside == interface => nat.inbound(now, &mut inside),
            Some(nat) if packet.to == nat.address() => nat.hairpin(now, &mut inside, out),
            _ => Verdict::NotMine,
        };
        let translated = verdict == Verdict::Pass;
        if verdict != Verdict::NotMine && !self.judged(now, verdict, out) {
            return;
        }
        if !translated {
            return self.answer(now, interface, packet, out);
        }
        if let Some(packet) = ip::read(&inside) {
            self.forward(now, interface, &packet, out);
        }
    }

    /// A route through another router; `None` when it is on no network of this one.
    pub(crate) fn route_via(&self, to: Network, via: IpAddr) -> Option<Route> {
        let interface = self.interfaces.iter().position(|it| it.own.is_on_link(via))?;
        Some(Route { to: to.network(), via: Some(via), interface })
    }

    /// Does what the NAT says; true when the packet may go on.
    fn judged(&mut self, now: Time, verdict: Verdict, out: &mut Output) -> bool {
        match verdict {
            Verdict::Pass => return true,
            Verdict::Drop(why) => out.decide(why),
            Verdict::Reset(why, reset) => {
                out.decide(why.clone());
                let at = self.nat.as_ref().map_or(0, |it| it.outside);
                self.originate(now, at, reset, why, out);
            }
            Verdict::NotMine => {}
        }
        false
    }

    /// RFC 1812 §5.2.1, RFC 8200 §3: scope, hops, route, size, then out.
    fn forward(&mut self, now: Time, from: usize, packet: &Packet<'_>, out: &mut Output) {
        let Packet { to, hops, bytes, .. } = *packet;
        if let Some(why) = martian(packet.from, to) {
            return out.decide(format!("from {} to {to}: {why}: dropped", packet.from));
        }
        let name = if to.is_ipv4() { "TTL" } else { "hop limit" };
        if hops <= 1 {
            if let Some(why) = self.is_for_many(to) {
                return out.decide(why);
            }
            out.decide(format!("to {to}: {name} {hops} ends here: dropped"));
            let why = format!("{name} ran out on the way to {to}");
            return self.complain(now, from, bytes, (IcmpError::TimeExceeded, why), out);
        }
        let Some(route) = self.chooser.choose(&self.routes, packet) else {
            if let Some(why) = self.is_for_many(to) {
                return out.decide(why);
            }
            out.decide(format!("to {to}: no route: dropped"));
            let why = format!("no route to {to}");
            return self.complain(now, from, bytes, (IcmpError::NetworkUnreachable, why), out);
        };
        if route.via.is_none() && self.interfaces[route.interface].own.is_broadcast(to) {
            return out.decide(directed_broadcast(to, route.to));
        }
        if !self.permits(now, (from, route.interface), packet, out) {
            return;
        }
        let mtu = self.mtus.get(route.interface).copied().unwrap_or(u16::MAX);
        if bytes.len() > usize::from(mtu) {
            return self.too_big(now, from, packet, (route, mtu), out);
        }
        self.pass_on(now, from, packet, route, out);
    }

    /// What is said of a packet to everybody on one of the router's networks, about which no error is sent (RFC 1812
    /// §4.3.2.7).
    fn is_for_many(&self, to: IpAddr) -> Option<String> {
        let mut networks = self.interfaces.iter().flat_map(|it| it.own.assigned());
        let network = networks.find(|it| it.broadcast() == Some(to))?;
        Some(directed_broadcast(to, network.network()))
    }

    /// What the packet filter says.
    fn permits(&mut self, now: Time, way: (usize, usize), packet: &Packet<'_>, out: &mut Output) -> bool {
        let Some(filter) = &mut self.filter else { return true };
        match filter.judge(now, way, packet, out) {
            Ruling::Pass => return true,
            Ruling::Drop => {}
            Ruling::Reject { why } => match reset::answer(packet) {
                Some(reset) => self.originate(now, way.0, reset, why, out),
                None => self.complain(now, way.0, packet.bytes, (IcmpError::AdminProhibited, why), out),
            },
        }
        false
    }

    /// The next link takes less.
    fn too_big(&mut self, now: Time, from: usize, packet: &Packet<'_>, (route, mtu): (Route, u16), out: &mut Output) {
        let (to, length) = (packet.to, packet.bytes.len());
        let size = format!("to {to}: {length} bytes, the next link takes {mtu}");
        // RFC 1812 §4.2.2.7
        if !packet.dont_fragment {
            out.decide(format!("{size}; DF is not set: cut into pieces"));
            return self.pass_on(now, from, packet, route, out);
        }
        let never = if to.is_ipv4() { "DF is set" } else { "IPv6 routers do not fragment" };
        out.decide(format!("{size}, {never}: dropped"));
        let why = format!("{length} bytes do not fit the next link's {mtu}");
        self.complain(now, from, packet.bytes, (IcmpError::FragmentationNeeded { mtu }, why), out);
    }

    /// Sends a packet on, one hop older.
    fn pass_on(&mut self, now: Time, from: usize, packet: &Packet<'_>, route: Route, out: &mut Output) {
        if route.interface == from {
            self.redirect(now, packet, route, out);
        }
        let Packet { to, hops: before, .. } = *packet;
        let mut packet = ip::one_hop_on(packet.bytes);
        let nat = self.nat.as_mut().filter(|it| it.outside == route.interface && from != route.interface);
        if let Some(nat) = nat.filter(|_| to.is_ipv4()) {
            let verdict = nat.outbound(now, &mut packet, out);
            if !self.judged(now, verdict, out) {
                return;
            }
        }
        self.clamp_mss(&mut packet, [from, route.interface], out);
        let next_hop = route.via.unwrap_or(to);
        let why = Why::Forwarded { to, route: route.to, via: route.via, ttl: before };
        if self.chosen.insert(to) {
            out.decide(format!("{why}, out of {}", interface_name(route.interface)));
        }
        let mtu = self.mtus.get(route.interface).copied().unwrap_or(u16::MAX);
        let length = packet.len();
        let pieces = if length > usize::from(mtu) { ip::fragment(&packet, mtu) } else { Some(vec![packet]) };
        let Some(pieces) = pieces else {
            return out.decide(format!("to {to}: {length} bytes cannot be cut to the next link's {mtu}: dropped"));
        };
        for piece in pieces {
            self.interfaces[route.interface].send(now, next_hop, piece, Some(why.clone()), out);
        }
    }

    /// RFC 1812 §5.2.7.2, RFC 4861 §8.2: the packet is sent on, and its sender told of the shorter way.
    fn redirect(&mut self, now: Time, packet: &Packet<'_>, route: Route, out: &mut Output) {
        let told = self.redirects.about(now, &self.interfaces[route.interface], packet, route.via);
        let Some((message, why)) = told else { return };
        match self.errors.may(now) {
            Ok(()) => {
                self.redirects.told(now, packet);
                self.originate(now, route.interface, message, why, out);
            }
            Err(rule) => out.decide(format!("{why}: nobody is told, {rule}")),
        }
    }

    /// Lowers the MSS of a handshake to what the links on both sides carry.
    fn clamp_mss(&self, packet: &mut [u8], links: [usize; 2], out: &mut Output) {
        let mtu = links.iter().filter_map(|it| self.mtus.get(*it)).min().copied().filter(|_| self.clamps);
        if let Some((before, after)) = mtu.and_then(|mtu| clamp::clamp(packet, mtu)) {
            out.decide(format!("MSS clamping: the handshake says {before} B, made {after} B"));
        }
    }

    /// Does what is due; packets nobody answered for come back to their senders as "host unreachable".
    pub(crate) fn tick(&mut self, now: Time, out: &mut Output) {
        if let Some(nat) = &mut self.nat {
            nat.expire(now, out);
        }
        self.advertise(now, out);
        self.give_up_pieces(now, out);
        for index in 0..self.interfaces.len() {
            for lost in self.interfaces[index].tick(now, out) {
                let asks = if lost.next_hop.is_ipv4() { "ARP" } else { "neighbour solicitations" };
                let why = format!("nobody answers {asks} for {}", lost.next_hop);
                self.complain(now, index, &lost.packet, (IcmpError::HostUnreachable, why), out);
            }
        }
    }

    /// When [`Self::tick`] has something to do.
    pub(crate) fn next_tick(&self) -> Option<Time> {
        let advertisements = self.advertisers.values().map(Advertiser::next_tick);
        let expiry = self.nat.as_ref().and_then(Nat::next_expiry);
        let memories = expiry.into_iter().chain(self.reassembly.next_tick());
        self.interfaces.iter().filter_map(Interface::next_tick).chain(memories).chain(advertisements).min()
    }
}

const NO_SOURCE: &str = "no host has that source address";
const LOOPBACK: &str = "loopback addresses stay in their host";

/// RFC 2644 §2: a packet to everybody on another network is not sent on, or one would be answered by many.
fn directed_broadcast(to: IpAddr, network: Network) -> String {
    format!("to {to}: that is everybody on {network}, asked from elsewhere: dropped")
}

/// 240.0.0.0/4 with the limited broadcast (RFC 1122 §3.2.1.3).
fn is_reserved(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(it) if it.octets()[0] >= 240)
}

/// Why no packet comes from such an address (RFC 1122 §3.2.1.3, RFC 1812 §5.3.7, RFC 4291 §2.5.2, §2.5.3 and §2.7).
fn impossible_source(from: IpAddr) -> Option<&'static str> {
    if from.is_unspecified() || from.is_multicast() || is_reserved(from) {
        return Some(NO_SOURCE);
    }
    from.is_loopback().then_some(LOOPBACK)
}

/// Why a router sends on no packet with such addresses (RFC 1812 §5.3.7, RFC 1122 §3.2.1.3, RFC 3927 §7, RFC 4291 §2.5.2
/// and §2.5.3).
fn martian(from: IpAddr, to: IpAddr) -> Option<&'static str> {
    let source = impossible_source(from);
    if source.is_some() {
        return source;
    }
    if to.is_unspecified() || is_reserved(to) {
        return Some("no host has that destination");
    }
    if to.is_loopback() {
        return Some(LOOPBACK);
    }
    (ip::is_link_local(from) || ip::is_link_local(to)).then_some("link-local addresses stay on their link")
}

/// `eth0` is the first.
pub(crate) fn interface_name(index: usize) -> String {
    format!("eth{index}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::frame::{Mac, ethernet};
    use crate::lab::route::Network;
    use crate::recording::EventKind;
    use etherparse::{EtherType, IpNumber, Ipv4Header};
    use std::net::Ipv4Addr;

    const INSIDE: &str = "10.0.0.254/24";
    const OUTSIDE: &str = "10.0.1.254/24";

    fn router() -> Router {
        let networks = [INSIDE, OUTSIDE].map(|it| it.parse::<Network>().expect("a network"));
        let interface = |index: usize| Interface::new(index, mac(index), &networks[index..=index]);
        let route = |index: usize| Route { to: networks[index].network(), via: None, interface: index };
        Router {
            interfaces: vec![interface(0), interface(1)],
            mtus: vec![1500, 600],
            routes: vec![route(0), route(1)],
            ..Router::default()
        }
    }

    fn mac(index: usize) -> Mac {
        Mac::local(0, u32::try_from(index).expect("two interfaces"))
    }

    /// What the router decides about a packet of 1020 bytes for the link that takes 600, and how many frames it sends.
    fn told(dont_fragment: bool) -> (String, usize) {
        let (from, to) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 1, 3));
        let mut header = Ipv4Header::new(1000, 64, IpNumber::UDP, from.octets(), to.octets()).expect("it fits");
        header.dont_fragment = dont_fragment;
        header.header_checksum = header.calc_header_checksum();
        let packet = [&header.to_bytes()[..], &[0; 1000]].concat();
        let (mut router, mut out) = (router(), Output::default());
        router.interfaces[0].know(from.into(), mac(7));
        router.receive(Time::ZERO, 0, &ethernet(mac(0), mac(7), EtherType::IPV4, &packet), &mut out);
        let decided = out.events.iter().find_map(|it| match it {
            EventKind::Decision { text } => Some(text.clone()),
            _ => None,
        });
        (decided.expect("a decision"), out.frames.len())
    }

    #[test]
    fn a_piece_that_cannot_be_cut_to_fit_is_dropped_with_words() {
        let mut router = router();
        router.mtus[1] = 27;
        router.interfaces[1].know([10, 0, 1, 3].into(), mac(8));
        let envelope = ip::Envelope::new([10, 0, 0, 1].into(), [10, 0, 1, 3].into(), IpNumber::UDP);
        let envelope = ip::Envelope { dont_fragment: false, ..envelope };
        let packet = ip::write(&envelope, vec![0; 100]).expect("small");
        let mut out = Output::default();
        router.receive(Time::ZERO, 0, &ethernet(mac(0), mac(7), EtherType::IPV4, &packet), &mut out);
        assert!(out.frames.is_empty(), "no frame larger than the link takes");
        let said = format!("{:?}", out.events);
        assert!(said.contains("120 bytes cannot be cut to the next link's 27: dropped"), "{said}");
    }

    #[test]
    fn only_a_packet_that_must_not_be_fragmented_is_answered_with_the_size_that_fits() {
        let size = "to 10.0.1.3: 1020 bytes, the next link takes 600";
        assert_eq!(told(true), (format!("{size}, DF is set: dropped"), 1));
        // The one frame is the ARP request that the pieces wait for.
        assert_eq!(told(false), (format!("{size}; DF is not set: cut into pieces"), 1));
    }
}
