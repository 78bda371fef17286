//! What a router says itself: answers to what is for it, and errors about what it cannot send on.
use std::net::IpAddr;

use etherparse::IpNumber;

use super::Router;
use crate::lab::icmp;
use crate::lab::ip::{self, Packet};
use crate::lab::nat::Verdict;
use crate::lab::output::Output;
use crate::lab::reset;
use crate::lab::route;
use crate::lab::tcp::stack::IcmpError;
use crate::recording::Time;

impl Router {
    /// The router's own addresses answer ping (RFC 1812 §4.3.3.6), and say that nothing else listens there
    /// (RFC 1122 §4.1.3.1, RFC 9293 §3.10.7.1).
    pub(super) fn answer(&mut self, now: Time, interface: usize, packet: &Packet<'_>, out: &mut Output) {
        let to_many = packet.to.is_multicast();
        let own = if to_many { self.source(interface, packet.from) } else { Some(packet.to) };
        if icmp::carries(packet) {
            let reply = own.and_then(|own| icmp::echo_reply(own, packet));
            if let Some(reply) = reply {
                self.originate(now, interface, reply, "answers the echo request".to_owned(), out);
            }
        } else if !to_many && packet.protocol == IpNumber::TCP {
            if let Some(reset) = reset::answer(packet) {
                self.originate(now, interface, reset, "nothing listens on a router's ports here".to_owned(), out);
            }
        } else if !to_many && packet.protocol == IpNumber::UDP {
            let why = "nothing listens on a router's ports here".to_owned();
            self.complain(now, interface, packet.bytes, (IcmpError::PortUnreachable, why), out);
        }
    }

    /// Whether the router must put a packet together before it deals with it: one of its own (RFC 1812 §4.2.2.8), and one
    /// whose ports it must know (RFC 4787 REQ-14; Linux: `nf_defrag_ipv4`).
    pub(super) fn needs_whole(&self, interface: usize, packet: &Packet<'_>) -> bool {
        let looks_inside = packet.to.is_ipv4() && (self.nat.is_some() || self.filter.is_some());
        packet.is_fragment && (looks_inside || self.is_own(interface, packet.to))
    }

    /// Who sent a first piece to the router itself hears that others did not come in time (RFC 1122 §3.3.2).
    pub(super) fn give_up_pieces(&mut self, now: Time, out: &mut Output) {
        for first in self.reassembly.tick(now, out) {
            let Some(packet) = ip::read(&first) else { continue };
            let at = self.interfaces.iter().position(|it| it.own.has(packet.to));
            if let Some(at) = at {
                let why = "pieces of a packet did not come in time".to_owned();
                self.complain(now, at, packet.bytes, (IcmpError::ReassemblyTimeExceeded, why), out);
            }
        }
    }

    /// The address of an interface that a packet to `to` leaves with.
    fn source(&self, interface: usize, to: IpAddr) -> Option<IpAddr> {
        self.interfaces.get(interface)?.own.source_for(to)
    }

    /// Tells the sender of a packet that came in at this interface what became of it.
    pub(super) fn complain(
        &mut self,
        now: Time,
        at: usize,
        about: &[u8],
        (error, why): (IcmpError, String),
        out: &mut Output,
    ) {
        let own = ip::source(about).and_then(|sender| self.source(at, sender));
        let Some(error) = own.and_then(|own| icmp::error(own, about, error)) else { return };
        match self.errors.may(now) {
            Ok(()) => {
                let error = self.in_its_senders_words(now, error, out);
                self.originate(now, at, error, why, out);
            }
            Err(rule) => out.decide(format!("{why}: nobody is told, {rule}")),
        }
    }

    /// An error about a packet that this router's NAT has changed names it as its sender knows it (RFC 5508 REQ-4, REQ-5:
    /// as for errors of others).
    fn in_its_senders_words(&mut self, now: Time, error: Vec<u8>, out: &mut Output) -> Vec<u8> {
        let (Some(nat), Some(to)) = (&mut self.nat, ip::destination(&error).filter(IpAddr::is_ipv4)) else {
            return error;
        };
        let mut changed = error.clone();
        let verdict = if to == nat.address() {
            nat.inbound(now, &mut changed)
        } else if route::choose(&self.routes, to).is_some_and(|it| it.interface == nat.outside) {
            nat.outbound(now, &mut changed, out)
        } else {
            Verdict::NotMine
        };
        // It may be about a packet that went through no mapping.
        if verdict == Verdict::Pass { changed } else { error }
    }

    /// Sends a packet of the router's own; to a link-local address out of the interface `at`.
    pub(super) fn originate(&mut self, now: Time, at: usize, packet: Vec<u8>, why: String, out: &mut Output) {
        let Some(to) = ip::destination(&packet) else { return };
        let near = ip::is_link_local(to) || to.is_multicast();
        let route = if near { Some((at, to)) } else { None };
        let far = || route::choose(&self.routes, to).map(|it| (it.interface, it.via.unwrap_or(to)));
        let Some((interface, next_hop)) = route.or_else(far) else { return };
        let mtu = self.mtus.get(interface).copied().unwrap_or(u16::MAX);
        let pieces = if packet.len() > usize::from(mtu) { self.cut(packet, mtu) } else { vec![packet] };
        for piece in pieces {
            self.interfaces[interface].send(now, next_hop, piece, Some(why.clone().into()), out);
        }
    }

    /// The router's own packet in pieces.
    fn cut(&mut self, packet: Vec<u8>, mtu: u16) -> Vec<Vec<u8>> {
        self.cuts = self.cuts.wrapping_add(1) & 0xffff;
        ip::fragment_at_source(packet, mtu, self.cuts.max(1)).unwrap_or_default()
    }
}
