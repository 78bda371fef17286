//! IPv4 at a host (RFC 791, RFC 1122 §3): what is for us goes up, what is ours goes out by the right next hop.
use std::io::{Error, ErrorKind};
use std::net::Ipv4Addr;

use etherparse::icmpv4::DestUnreachableHeader;
use etherparse::{IpEcn, IpNumber, Ipv4Header};

use crate::lab::frame;
use crate::lab::host::Host;
use crate::lab::icmp as messages;
use crate::lab::output::{Output, Why};
use crate::recording::Time;

/// Source and destination.
pub(crate) type Ends = (Ipv4Addr, Ipv4Addr);

/// What the transport wants of IP.
#[derive(Clone, Copy, Debug)]
pub(super) struct Envelope {
    pub(super) to: Ipv4Addr,
    pub(super) protocol: IpNumber,
    pub(super) ecn: IpEcn,
    pub(super) dont_fragment: bool,
}

/// Where a packet of this host begins its way.
const TTL: u8 = 64;

impl Host {
    /// Takes an IPv4 packet from the interface.
    pub(super) fn packet(&mut self, now: Time, packet: &[u8], out: &mut Output) {
        let Some((header, payload)) = frame::ipv4(packet) else {
            return out.decide("the IPv4 header is damaged: dropped");
        };
        let ends = (Ipv4Addr::from(header.source), Ipv4Addr::from(header.destination));
        if ends.1 != self.address() && !self.is_broadcast(ends.1) {
            return;
        }
        if header.is_fragmenting_payload() {
            return out.decide("a fragment: this host does not put fragments together, dropped");
        }
        match header.protocol {
            IpNumber::TCP => self.segment(now, ends, header.ecn.value(), payload, out),
            IpNumber::UDP => {
                let whole = &packet[..header.header_len() + payload.len()];
                self.datagram(now, whole, ends, payload, out);
            }
            IpNumber::ICMP => self.icmp(now, ends, payload, out),
            // RFC 1122 §3.2.2.1
            other => {
                let error = messages::unreachable(self.address(), packet, DestUnreachableHeader::Protocol);
                let why = format!("nothing here speaks protocol {}", other.0);
                self.send_whole(now, error, Some(why.into()), out);
            }
        }
    }

    /// Sends `payload` in an IPv4 packet of this host.
    pub(super) fn send_ipv4(
        &mut self,
        now: Time,
        envelope: &Envelope,
        mut payload: Vec<u8>,
        why: Option<Why>,
        out: &mut Output,
    ) {
        let Envelope { to, protocol, ecn, dont_fragment } = *envelope;
        let own = self.address().octets();
        let length = u16::try_from(payload.len()).expect("the transport has kept to the MTU");
        let mut header = Ipv4Header::new(length, TTL, protocol, own, to.octets()).expect("what fits the MTU fits IPv4");
        (header.ecn, header.dont_fragment) = (ecn, dont_fragment);
        header.header_checksum = header.calc_header_checksum();
        payload.splice(0..0, header.to_bytes());
        self.send_whole(now, Some(payload), why, out);
    }

    /// Sends an IP packet that is whole, to the host itself or to the gateway.
    pub(super) fn send_whole(&mut self, now: Time, packet: Option<Vec<u8>>, why: Option<Why>, out: &mut Output) {
        let Some(packet) = packet else { return };
        let Some(to) = frame::destination(&packet) else { return };
        match self.next_hop(to) {
            Some(next_hop) => self.interface.send(now, next_hop, packet, why, out),
            None => out.decide(format!("no route to {to}: dropped")),
        }
    }

    /// Sends a packet that a program made, as it is.
    pub(crate) fn send_raw(&mut self, now: Time, packet: Vec<u8>, why: &str, out: &mut Output) {
        if frame::ipv4(&packet).is_some() {
            self.send_whole(now, Some(packet), Some(why.to_owned().into()), out);
        }
    }

    /// Who gets a packet for `to` first; `None` when it is on another network and there is no gateway.
    fn next_hop(&self, to: Ipv4Addr) -> Option<Ipv4Addr> {
        if self.interface.network.contains(to) || to.is_broadcast() { Some(to) } else { self.gateway }
    }

    /// What a program that asks this host for `to` hears at once, without a packet being sent.
    pub(super) fn check_destination(&self, to: Ipv4Addr) -> std::io::Result<()> {
        if to == self.address() || to.is_loopback() {
            let text = "a lab host has no loopback interface: talk to another host";
            return Err(Error::new(ErrorKind::Unsupported, text));
        }
        if to.is_unspecified() {
            return Err(Error::new(ErrorKind::InvalidInput, "0.0.0.0 is no destination"));
        }
        if to.is_multicast() {
            return Err(Error::new(ErrorKind::Unsupported, "the lab has no multicast"));
        }
        self.next_hop(to)
            .map(|_| ())
            .ok_or_else(|| Error::new(ErrorKind::NetworkUnreachable, "no route to that network"))
    }

    pub(super) fn check_own(&self, address: Ipv4Addr) -> std::io::Result<()> {
        if address.is_unspecified() || address == self.address() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::AddrNotAvailable, format!("{address} is not an address of this host")))
    }

    /// Whether everybody on this network is meant.
    pub(super) fn is_broadcast(&self, to: Ipv4Addr) -> bool {
        to.is_broadcast() || to == self.interface.network.broadcast()
    }
}
