//! An IPv4 router: one interface on each network, a routing table, and the rules of RFC 1812 for what may pass.
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use etherparse::icmpv4::DestUnreachableHeader;
use etherparse::{IpNumber, Ipv4Header};

use crate::lab::interface::{Interface, Received};
use crate::lab::nat::{Nat, Verdict};
use crate::lab::output::{Output, Why};
use crate::lab::route::{self, Network, Route};
use crate::lab::{frame, icmp};
use crate::recording::Time;

/// A router; with a table of its own it is a NAT.
#[derive(Debug, Default)]
pub(crate) struct Router {
    pub(crate) interfaces: Vec<Interface>,
    /// The largest packet each interface's link carries.
    pub(crate) mtus: Vec<u16>,
    pub(crate) routes: Vec<Route>,
    /// Destinations whose route was recorded: once is enough, each packet carries its reason.
    pub(crate) chosen: BTreeSet<Ipv4Addr>,
    pub(crate) nat: Option<Nat>,
}

impl Router {
    /// Takes a frame in at an interface.
    pub(crate) fn receive(&mut self, now: Time, interface: usize, bytes: &[u8], out: &mut Output) {
        let Some(port) = self.interfaces.get_mut(interface) else { return };
        let Received::Packet(packet) = port.receive(now, bytes, out) else { return };
        let Some((header, payload)) = frame::ipv4(packet) else {
            out.decide("the IPv4 header is damaged: dropped".to_owned());
            return;
        };
        let to = Ipv4Addr::from(header.destination);
        let packet = packet[..header.header_len() + payload.len()].to_vec();
        if self.interfaces.iter().any(|it| it.network.address == to) {
            self.own(now, interface, packet, out);
        } else if !to.is_broadcast() && !to.is_multicast() && to != self.interfaces[interface].network.broadcast() {
            self.forward(now, interface, header, packet, out);
        }
    }

    /// A packet to one of the router's own addresses: for somebody behind a NAT, or for the router itself.
    fn own(&mut self, now: Time, interface: usize, mut packet: Vec<u8>, out: &mut Output) {
        let verdict = match &mut self.nat {
            Some(nat) if nat.outside == interface => nat.inbound(now, &mut packet),
            Some(nat) if frame::destination(&packet) == Some(nat.address()) => nat.hairpin(now, &mut packet, out),
            _ => Verdict::NotMine,
        };
        let translated = verdict == Verdict::Pass;
        if verdict != Verdict::NotMine && !self.judged(now, verdict, out) {
            return;
        }
        let Some((header, payload)) = frame::ipv4(&packet) else { return };
        if translated {
            self.forward(now, interface, header, packet, out);
        } else {
            self.answer(now, &header, payload, out);
        }
    }

    /// A route through another router; `None` when it is on no network of this one.
    pub(crate) fn route_via(&self, to: Network, via: Ipv4Addr) -> Option<Route> {
        let interface = self.interfaces.iter().position(|own| own.network.contains(via))?;
        Some(Route { to: to.network(), via: Some(via), interface })
    }

    /// Does what the NAT says; true when the packet may go on.
    fn judged(&mut self, now: Time, verdict: Verdict, out: &mut Output) -> bool {
        match verdict {
            Verdict::Pass => return true,
            Verdict::Drop(why) => out.decide(why),
            Verdict::Reset(why, reset) => {
                out.decide(why.clone());
                self.originate(now, reset, why, out);
            }
            Verdict::NotMine => {}
        }
        false
    }

    /// The router's own addresses answer ping.
    fn answer(&mut self, now: Time, header: &Ipv4Header, payload: &[u8], out: &mut Output) {
        let (asker, own) = (Ipv4Addr::from(header.source), Ipv4Addr::from(header.destination));
        if header.protocol == IpNumber::ICMP
            && let Some(reply) = icmp::echo_reply(own, asker, payload)
        {
            self.originate(now, reply, "answers the echo request".to_owned(), out);
        }
    }

    /// RFC 1812 §5.2.1: TTL, route, size, then out.
    fn forward(&mut self, now: Time, from: usize, mut header: Ipv4Header, packet: Vec<u8>, out: &mut Output) {
        let to = Ipv4Addr::from(header.destination);
        let own = self.interfaces[from].network.address;
        if header.time_to_live <= 1 {
            out.decide(format!("to {to}: TTL {} ends here: dropped", header.time_to_live));
            let why = format!("TTL ran out on the way to {to}");
            return self.complain(now, icmp::time_exceeded(own, &packet), why, out);
        }
        let Some(route) = route::choose(&self.routes, to) else {
            out.decide(format!("to {to}: no route: dropped"));
            let error = icmp::unreachable(own, &packet, DestUnreachableHeader::Network);
            return self.complain(now, error, format!("no route to {to}"), out);
        };
        let mtu = self.mtus.get(route.interface).copied().unwrap_or(u16::MAX);
        if packet.len() > usize::from(mtu) {
            let size = format!("to {to}: {} bytes, the next link takes {mtu}", packet.len());
            // RFC 1812 §4.2.2.7 wants a router to fragment; the message would be untrue without DF (RFC 792).
            if !header.dont_fragment {
                return out.decide(format!("{size}; DF is not set, but this router does not fragment: dropped"));
            }
            out.decide(format!("{size}, DF is set: dropped"));
            let too_big = DestUnreachableHeader::FragmentationNeeded { next_hop_mtu: mtu };
            let why = format!("{} bytes do not fit the next link's {mtu}", packet.len());
            return self.complain(now, icmp::unreachable(own, &packet, too_big), why, out);
        }
        let before = header.time_to_live;
        header.time_to_live -= 1;
        header.header_checksum = header.calc_header_checksum();
        let mut packet = [&header.to_bytes(), &packet[header.header_len()..]].concat();
        if let Some(nat) = self.nat.as_mut().filter(|it| it.outside == route.interface && from != route.interface) {
            let verdict = nat.outbound(now, &mut packet, out);
            if !self.judged(now, verdict, out) {
                return;
            }
        }
        let next_hop = route.via.unwrap_or(to);
        let why = Why::Forwarded { to, route: route.to, via: route.via, ttl: before };
        if self.chosen.insert(to) {
            out.decide(format!("{why}, out of {}", interface_name(route.interface)));
        }
        self.interfaces[route.interface].send(now, next_hop, packet, Some(why), out);
    }

    fn complain(&mut self, now: Time, error: Option<Vec<u8>>, why: String, out: &mut Output) {
        if let Some(error) = error {
            self.originate(now, error, why, out);
        }
    }

    /// Sends a packet of the router's own.
    fn originate(&mut self, now: Time, packet: Vec<u8>, why: String, out: &mut Output) {
        let Some(to) = frame::destination(&packet) else { return };
        if let Some(route) = route::choose(&self.routes, to) {
            self.interfaces[route.interface].send(now, route.via.unwrap_or(to), packet, Some(why.into()), out);
        }
    }

    /// Does what is due; packets nobody answered for come back to their senders as "host unreachable".
    pub(crate) fn tick(&mut self, now: Time, out: &mut Output) {
        if let Some(nat) = &mut self.nat {
            nat.expire(now, out);
        }
        for index in 0..self.interfaces.len() {
            for lost in self.interfaces[index].tick(now, out) {
                let own = self.interfaces[index].network.address;
                let error = icmp::unreachable(own, &lost.packet, DestUnreachableHeader::Host);
                self.complain(now, error, format!("nobody answers ARP for {}", lost.next_hop), out);
            }
        }
    }

    /// When [`Self::tick`] has something to do.
    pub(crate) fn next_tick(&self) -> Option<Time> {
        let expiry = self.nat.as_ref().and_then(Nat::next_expiry);
        self.interfaces.iter().filter_map(Interface::next_tick).chain(expiry).min()
    }
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
    use etherparse::EtherType;

    const INSIDE: &str = "10.0.0.254/24";
    const OUTSIDE: &str = "10.0.1.254/24";

    fn router() -> Router {
        let networks = [INSIDE, OUTSIDE].map(|it| it.parse::<Network>().expect("a network"));
        let interface = |index: usize| Interface::new(index, mac(index), networks[index]);
        let route = |index: usize| Route { to: networks[index].network(), via: None, interface: index };
        Router {
            interfaces: vec![interface(0), interface(1)],
            mtus: vec![1500, 600],
            routes: vec![route(0), route(1)],
            chosen: BTreeSet::new(),
            nat: None,
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
        router.interfaces[0].know(from, mac(7));
        router.receive(Time::ZERO, 0, &ethernet(mac(0), mac(7), EtherType::IPV4, &packet), &mut out);
        let decided = out.events.iter().find_map(|it| match it {
            EventKind::Decision { text } => Some(text.clone()),
            _ => None,
        });
        (decided.expect("a decision"), out.frames.len())
    }

    #[test]
    fn only_a_packet_that_must_not_be_fragmented_is_answered_with_the_size_that_fits() {
        let size = "to 10.0.1.3: 1020 bytes, the next link takes 600";
        assert_eq!(told(true), (format!("{size}, DF is set: dropped"), 1));
        assert_eq!(told(false), (format!("{size}; DF is not set, but this router does not fragment: dropped"), 0));
    }
}
