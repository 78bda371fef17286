//! An IPv4 interface on an Ethernet: finds MAC addresses with ARP (RFC 826) and keeps packets until it has them.
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use etherparse::{ArpEthIpv4Packet, ArpOperation, EtherType};

use crate::lab::frame::{self, Mac};
use crate::lab::output::{Output, Why};
use crate::lab::route::Network;
use crate::recording::Time;

/// How long an entry of the ARP table is believed after the last packet that confirmed it (RFC 1122 §2.3.2.1: "on the
/// order of a minute").
const BELIEVED: Duration = Duration::from_secs(60);
/// A request that is not answered is sent again after this (RFC 1122 §2.3.2.1: at most one a second).
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// Requests before the neighbour is given up, as Linux does.
const REQUESTS: u32 = 3;
/// Packets that may wait for one MAC address; the oldest gives way (RFC 1122 §2.3.2.2: at least the latest is kept).
const WAITING: usize = 64;

/// One interface of a host or a router.
#[derive(Debug)]
pub(crate) struct Interface {
    pub(crate) index: usize,
    pub(crate) mac: Mac,
    pub(crate) network: Network,
    neighbours: BTreeMap<Ipv4Addr, Neighbour>,
}

/// What the ARP table knows of an address.
#[derive(Debug)]
enum Neighbour {
    Known { mac: Mac, until: Time },
    Asked { again_at: Time, requests: u32, waiting: Vec<Waiting> },
}

#[derive(Debug)]
struct Waiting {
    packet: Vec<u8>,
    why: Option<Why>,
}

/// What a frame was to the interface.
#[derive(Debug)]
pub(crate) enum Received<'a> {
    /// An IPv4 packet addressed to this interface's MAC, or to everybody.
    Packet(&'a [u8]),
    /// ARP, another's frame, or nothing readable: dealt with.
    Nothing,
}

/// A packet that could not be sent because nobody answered for the next hop.
#[derive(Debug)]
pub(crate) struct Unreachable {
    pub(crate) next_hop: Ipv4Addr,
    pub(crate) packet: Vec<u8>,
}

impl Interface {
    pub(crate) fn new(index: usize, mac: Mac, network: Network) -> Self {
        Self { index, mac, network, neighbours: BTreeMap::new() }
    }

    /// Enters a neighbour for good, as `arp -s` does.
    pub(crate) fn know(&mut self, address: Ipv4Addr, mac: Mac) {
        self.neighbours.insert(address, Neighbour::Known { mac, until: Time(u64::MAX) });
    }

    /// Sends a packet to `next_hop`, now or when its MAC address is known.
    pub(crate) fn send(&mut self, now: Time, next_hop: Ipv4Addr, packet: Vec<u8>, why: Option<Why>, out: &mut Output) {
        if next_hop.is_broadcast() || next_hop == self.network.broadcast() {
            out.send(self.index, frame::around(Mac::BROADCAST, self.mac, packet), why);
            return;
        }
        match self.neighbours.get_mut(&next_hop) {
            Some(Neighbour::Known { mac, until }) if *until > now => {
                out.send(self.index, frame::around(*mac, self.mac, packet), why);
            }
            Some(Neighbour::Asked { waiting, .. }) => {
                if waiting.len() >= WAITING {
                    waiting.remove(0);
                    out.decide(format!("ARP: too many packets wait for {next_hop}: the oldest is dropped"));
                }
                waiting.push(Waiting { packet, why });
            }
            expired => {
                let found = if expired.is_some() { "the entry is too old" } else { "it is not in the table" };
                out.decide(format!("ARP: needs the MAC of {next_hop}: {found}, so ask everybody"));
                self.ask(now, next_hop, Waiting { packet, why }, out);
            }
        }
    }

    fn ask(&mut self, now: Time, target: Ipv4Addr, first: Waiting, out: &mut Output) {
        let entry = Neighbour::Asked { again_at: now + ASK_AGAIN, requests: 1, waiting: vec![first] };
        self.neighbours.insert(target, entry);
        let request = frame::arp_request(self.mac, self.network.address, target);
        out.send(self.index, request, Some(format!("ARP: needs the MAC of {target} to send to it").into()));
    }

    /// Takes a frame from the wire.
    pub(crate) fn receive<'a>(&mut self, now: Time, bytes: &'a [u8], out: &mut Output) -> Received<'a> {
        let Some((to, from, ether_type, payload)) = frame::open(bytes) else { return Received::Nothing };
        if to != self.mac && !to.is_group() {
            out.decide(format!("a frame for {to} is not for {}: ignored", self.mac));
            return Received::Nothing;
        }
        match ether_type {
            EtherType::ARP => {
                if let Some(arp) = frame::arp(payload) {
                    self.hear(now, &arp, out);
                }
                Received::Nothing
            }
            EtherType::IPV4 => {
                self.confirm(now, from, payload);
                Received::Packet(payload)
            }
            _ => Received::Nothing,
        }
    }

    /// RFC 826, "Packet Reception": learn from what is addressed to us, then answer if it asks.
    fn hear(&mut self, now: Time, arp: &ArpEthIpv4Packet, out: &mut Output) {
        let (sender, mac) = (arp.sender_ipv4_addr(), Mac(arp.sender_mac));
        let for_us = arp.target_ipv4_addr() == self.network.address;
        if mac.is_group() || !self.network.contains(sender) || sender == self.network.address {
            return;
        }
        if for_us || self.neighbours.contains_key(&sender) {
            self.learn(now, sender, mac, out);
        }
        if for_us && arp.operation == ArpOperation::REQUEST {
            let why = format!("ARP: {sender} asked who has {}", self.network.address);
            out.send(self.index, frame::arp_reply(self.mac, arp), Some(why.into()));
        }
    }

    fn learn(&mut self, now: Time, address: Ipv4Addr, mac: Mac, out: &mut Output) {
        let entry = Neighbour::Known { mac, until: now + BELIEVED };
        match self.neighbours.insert(address, entry) {
            Some(Neighbour::Asked { waiting, .. }) => {
                out.decide(format!("ARP: learned that {address} is at {mac}: {} can go", packets(waiting.len())));
                for Waiting { packet, why } in waiting {
                    out.send(self.index, frame::around(mac, self.mac, packet), why);
                }
            }
            Some(Neighbour::Known { mac: old, .. }) if old == mac => {}
            Some(Neighbour::Known { mac: old, .. }) => {
                out.decide(format!("ARP: {address} moved from {old} to {mac}"));
            }
            None => out.decide(format!("ARP: learned that {address} is at {mac} from its request")),
        }
    }

    /// A packet from a neighbour shows that its entry still holds.
    fn confirm(&mut self, now: Time, from: Mac, packet: &[u8]) {
        let source = packet.get(12..16).and_then(|it| <[u8; 4]>::try_from(it).ok()).map(Ipv4Addr::from);
        let entry = source.and_then(|it| self.neighbours.get_mut(&it));
        if let Some(Neighbour::Known { mac, until }) = entry
            && *mac == from
        {
            *until = (*until).max(now + BELIEVED);
        }
    }

    /// Asks again where an answer is due; gives back what nobody answered for.
    pub(crate) fn tick(&mut self, now: Time, out: &mut Output) -> Vec<Unreachable> {
        let mut silent = Vec::new();
        for (address, neighbour) in &mut self.neighbours {
            let Neighbour::Asked { again_at, requests, .. } = neighbour else { continue };
            if *again_at > now {
                continue;
            }
            if *requests >= REQUESTS {
                silent.push(*address);
                continue;
            }
            *requests += 1;
            *again_at = now + ASK_AGAIN;
            let request = frame::arp_request(self.mac, self.network.address, *address);
            let why = format!("ARP: {address} did not answer in 1 s: request {requests} of {REQUESTS}");
            out.send(self.index, request, Some(why.into()));
        }
        silent.into_iter().flat_map(|address| self.give_up(address, out)).collect()
    }

    fn give_up(&mut self, next_hop: Ipv4Addr, out: &mut Output) -> Vec<Unreachable> {
        let Some(Neighbour::Asked { waiting, .. }) = self.neighbours.remove(&next_hop) else { return Vec::new() };
        out.decide(format!("ARP: nobody answered for {next_hop} to {REQUESTS} requests: host unreachable"));
        waiting.into_iter().map(|it| Unreachable { next_hop, packet: it.packet }).collect()
    }

    /// When [`Self::tick`] has something to do.
    pub(crate) fn next_tick(&self) -> Option<Time> {
        let due = self.neighbours.values().filter_map(|neighbour| match neighbour {
            Neighbour::Asked { again_at, .. } => Some(*again_at),
            Neighbour::Known { .. } => None,
        });
        due.min()
    }
}

fn packets(count: usize) -> String {
    if count == 1 { "1 packet".to_owned() } else { format!("{count} packets") }
}
