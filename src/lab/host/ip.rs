//! IP at a host (RFC 1122 §3, RFC 8200): what is for us goes up, what is ours goes out by the right next hop.
use std::io::{Error, ErrorKind};
use std::net::{IpAddr, Ipv4Addr};

use crate::lab::host::Host;
use crate::lab::icmp as messages;
use crate::lab::ip::{self, Envelope, Packet};
use crate::lab::output::{Output, Why};
use crate::lab::route;
use crate::lab::tcp::stack::IcmpError;
use crate::recording::Time;

impl Host {
    /// Takes an IP packet from the interface.
    pub(super) fn packet(&mut self, now: Time, bytes: &[u8], out: &mut Output) {
        let Some(packet) = ip::read(bytes) else { return out.decide(ip::damaged(bytes)) };
        if !self.interface.own.accepts(packet.to) {
            return;
        }
        if let Some(problem) = packet.problem {
            return self.cannot_do(now, &packet, problem, out);
        }
        if !packet.is_fragment {
            return self.whole(now, &packet, out);
        }
        let Some(whole) = self.reassembly.take(now, &packet, out) else { return };
        let Some(packet) = ip::read(&whole) else { return out.decide(ip::damaged(&whole)) };
        match packet.problem {
            Some(problem) => self.cannot_do(now, &packet, problem, out),
            None if packet.is_fragment => out.decide("a piece of a packet within the pieces of another: dropped"),
            None => self.whole(now, &packet, out),
        }
    }

    /// RFC 1122 §3.3.2, RFC 8200 §4.5: who sent a first piece hears that others did not come in time.
    pub(super) fn give_up_pieces(&mut self, now: Time, out: &mut Output) {
        for first in self.reassembly.tick(now, out) {
            if let Some(packet) = ip::read(&first) {
                let why = "pieces of a packet did not come in time";
                self.complain(now, &packet, IcmpError::ReassemblyTimeExceeded, why.to_owned(), out);
            }
        }
    }

    /// A packet with all its bytes goes up.
    fn whole(&mut self, now: Time, packet: &Packet<'_>, out: &mut Output) {
        match packet.protocol {
            etherparse::IpNumber::TCP => self.segment(now, packet, out),
            etherparse::IpNumber::UDP => self.datagram(now, packet, out),
            _ if messages::carries(packet) => self.icmp(now, packet, out),
            // RFC 1122 §3.2.2.1
            other => {
                let why = format!("nothing here speaks protocol {}", other.0);
                self.complain(now, packet, IcmpError::ProtocolUnreachable, why, out);
            }
        }
    }

    /// An extension header asks for what this host does not do (RFC 8200 §4).
    fn cannot_do(&mut self, now: Time, packet: &Packet<'_>, problem: ip::Problem, out: &mut Output) {
        let text = format!("IPv6 {problem}: dropped");
        out.decide(text);
        if let (false, Some(own)) = (problem.silent, self.answers_from(packet)) {
            let message = messages::v6::parameter_problem(own, packet.bytes, problem);
            self.send_whole(now, message, Some(problem.to_string().into()), out);
        }
    }

    /// Tells the sender of a packet what became of it.
    pub(super) fn complain(&mut self, now: Time, about: &Packet<'_>, error: IcmpError, why: String, out: &mut Output) {
        if let Some(own) = self.answers_from(about) {
            self.send_whole(now, messages::error(own, about.bytes, error), Some(why.into()), out);
        }
    }

    /// The address that answers a packet: the one it went to, where that is one host's.
    pub(super) fn answers_from(&self, packet: &Packet<'_>) -> Option<IpAddr> {
        let own = self.interface.own.has(packet.to).then_some(packet.to);
        own.or_else(|| self.interface.own.source_for(packet.from))
    }

    /// Sends `payload` in an IP packet of this host.
    pub(super) fn send_ip(
        &mut self,
        now: Time,
        envelope: &Envelope,
        payload: Vec<u8>,
        why: Option<Why>,
        out: &mut Output,
    ) {
        self.send_whole(now, ip::write(envelope, payload), why, out);
    }

    /// Sends an IP packet that is whole, to the host itself or to the gateway.
    pub(super) fn send_whole(&mut self, now: Time, packet: Option<Vec<u8>>, why: Option<Why>, out: &mut Output) {
        let Some(mut packet) = packet else { return };
        ip::identify(&mut packet, self.next_id);
        self.next_id = self.next_id.wrapping_add(1).max(1);
        let Some(to) = ip::destination(&packet) else { return };
        match self.next_hop(to) {
            Some(next_hop) => self.interface.send(now, next_hop, packet, why, out),
            None => out.decide(format!("no route to {to}: dropped")),
        }
    }

    /// Sends a UDP or ICMP packet of this host, in pieces where the path does not carry it whole (RFC 8200 §5; over IPv4 as
    /// Linux: DF is set only on what fits, RFC 1191 §3 leaves the rest to its sender).
    pub(super) fn send_datagram(&mut self, now: Time, packet: Option<Vec<u8>>, why: Option<Why>, out: &mut Output) {
        let Some((packet, to)) = packet.and_then(|it| ip::destination(&it).map(|to| (it, to))) else { return };
        let (mtu, length) = (self.path_mtu(now, to), packet.len());
        if length <= usize::from(mtu) {
            return self.send_whole(now, Some(packet), why, out);
        }
        let id = self.new_identification(to);
        let Some(pieces) = ip::fragment_at_source(packet, mtu, id) else {
            return out.decide(format!("{length} bytes for {to}, and the path carries {mtu}: dropped"));
        };
        out.decide(format!("{length} bytes for {to}, and the path carries {mtu}: cut into {} pieces", pieces.len()));
        for piece in pieces {
            self.send_whole(now, Some(piece), why.clone(), out);
        }
    }

    /// The largest packet that the path to `to` is known to carry.
    pub(super) fn path_mtu(&self, now: Time, to: IpAddr) -> u16 {
        self.stack.paths.get(now, to).map_or(self.mtu, |it| it.mtu.min(self.mtu))
    }

    fn new_identification(&mut self, to: IpAddr) -> u32 {
        if to.is_ipv6() {
            return u32::try_from(self.fragment_ids.below(1 << 32)).expect("it is below that");
        }
        let id = self.next_id;
        self.next_id = id.wrapping_add(1).max(1);
        id.into()
    }

    /// Sends a packet that a program made, as it is.
    pub(crate) fn send_raw(&mut self, now: Time, packet: Vec<u8>, why: &str, out: &mut Output) {
        if ip::read(&packet).is_some() {
            self.send_whole(now, Some(packet), Some(why.to_owned().into()), out);
        }
    }

    /// Who gets a packet for `to` first; `None` when no route leads there.
    pub(super) fn next_hop(&self, to: IpAddr) -> Option<IpAddr> {
        if self.interface.own.is_broadcast(to) || to.is_multicast() {
            return Some(to);
        }
        self.redirects.hop(to).or_else(|| route::choose(&self.routes, to).map(|it| it.via.unwrap_or(to)))
    }

    /// The address that a packet to `to` leaves with. What a program that asks for `to` hears at once, without a packet
    /// being sent, is the error.
    pub(super) fn way_to(&self, to: IpAddr) -> std::io::Result<IpAddr> {
        if self.interface.own.has(to) || to.is_loopback() {
            let text = "a lab host has no loopback interface: talk to another host";
            return Err(Error::new(ErrorKind::Unsupported, text));
        }
        if to.is_unspecified() {
            return Err(Error::new(ErrorKind::InvalidInput, format!("{to} is no destination")));
        }
        if to.is_multicast() {
            return Err(Error::new(ErrorKind::Unsupported, "the lab has no multicast"));
        }
        // RFC 1122 §3.2.1.3: a host that has no address yet speaks as 0.0.0.0, to its own network.
        if ip::is_limited_broadcast(to) {
            return Ok(self.interface.own.source_for(to).unwrap_or(Ipv4Addr::UNSPECIFIED.into()));
        }
        let no_route = || Error::new(ErrorKind::NetworkUnreachable, "no route to that network");
        self.next_hop(to).ok_or_else(no_route)?;
        self.interface.own.source_for(to).ok_or_else(no_route)
    }

    pub(super) fn check_own(&self, address: IpAddr) -> std::io::Result<()> {
        if address.is_unspecified() || self.interface.own.has(address) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::AddrNotAvailable, format!("{address} is not an address of this host")))
    }
}
