//! An interface on an Ethernet: several addresses of both families, and a way to each neighbour's MAC.
//!
//! ```text
//! send(next hop, packet) ─┬─ IPv4: Arp ─┐
//!                         └─ IPv6: Nd ──┴─ Ethernet frame ── link
//! ```
mod arp;
mod own;

use std::net::IpAddr;

use etherparse::EtherType;

use crate::lab::frame::{self, Mac};
use crate::lab::output::{Output, Why};
use crate::lab::route::Network;
use crate::recording::Time;
use arp::Arp;
pub(crate) use own::{Own, link_local};

/// Packets that may wait for one MAC address; the oldest gives way (RFC 1122 §2.3.2.2: at least the latest is kept).
const WAITING: usize = 64;

/// One interface of a host or a router.
#[derive(Debug)]
pub(crate) struct Interface {
    pub(crate) own: Own,
    arp: Arp,
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
    /// ARP, another's frame, or nothing readable: dealt with.
    Nothing,
}

/// A packet that could not be sent because nobody answered for the next hop.
#[derive(Debug)]
pub(crate) struct Unreachable {
    pub(crate) next_hop: IpAddr,
    pub(crate) packet: Vec<u8>,
}

impl Interface {
    /// An interface with these addresses, in this order.
    pub(crate) fn new(index: usize, mac: Mac, networks: &[Network]) -> Self {
        Self { own: Own::new(index, mac, networks), arp: Arp::default() }
    }

    /// Enters a neighbour for good, as `arp -s` does.
    pub(crate) fn know(&mut self, address: IpAddr, mac: Mac) {
        if let IpAddr::V4(address) = address {
            self.arp.know(address, mac);
        }
    }

    /// Sends a packet to `next_hop`, now or when its MAC address is known.
    pub(crate) fn send(&mut self, now: Time, next_hop: IpAddr, packet: Vec<u8>, why: Option<Why>, out: &mut Output) {
        if self.own.is_broadcast(next_hop) {
            return out.send(self.own.index, frame::around(Mac::BROADCAST, self.own.mac, packet), why);
        }
        if let Some(group) = frame::group(next_hop) {
            return out.send(self.own.index, frame::around(group, self.own.mac, packet), why);
        }
        let waiting = Waiting { packet, why };
        match next_hop {
            IpAddr::V4(next_hop) => self.arp.send(now, &self.own, next_hop, waiting, out),
            IpAddr::V6(next_hop) => out.decide(format!("nothing finds the MAC of {next_hop}: dropped")),
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
                    self.arp.hear(now, &self.own, &arp, out);
                }
                Received::Nothing
            }
            EtherType::IPV4 => {
                self.arp.confirm(now, from, payload);
                Received::Packet(payload)
            }
            EtherType::IPV6 => Received::Packet(payload),
            _ => Received::Nothing,
        }
    }

    /// Asks again where an answer is due; gives back what nobody answered for.
    pub(crate) fn tick(&mut self, now: Time, out: &mut Output) -> Vec<Unreachable> {
        self.arp.tick(now, &self.own, out)
    }

    /// When [`Self::tick`] has something to do.
    pub(crate) fn next_tick(&self) -> Option<Time> {
        self.arp.next_tick()
    }
}

fn packets(count: usize) -> String {
    if count == 1 { "1 packet".to_owned() } else { format!("{count} packets") }
}
