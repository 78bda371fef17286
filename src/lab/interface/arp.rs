//! How an interface finds the MAC addresses of IPv4 neighbours (ARP, RFC 826), and keeps packets until it has them.
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use etherparse::{ArpEthIpv4Packet, ArpOperation};

use crate::lab::frame::{self, Mac};
use crate::lab::interface::own::Own;
use crate::lab::interface::{Unreachable, WAITING, Waiting, packets};
use crate::lab::output::Output;
use crate::recording::Time;

/// How long an entry of the ARP table is believed after the last packet that confirmed it (RFC 1122 §2.3.2.1: "on the
/// order of a minute").
const BELIEVED: Duration = Duration::from_secs(60);
/// A request that is not answered is sent again after this (RFC 1122 §2.3.2.1: at most one a second).
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// Requests before the neighbour is given up, as Linux does.
const REQUESTS: u32 = 3;
/// The ARP table of an interface.
#[derive(Debug, Default)]
pub(super) struct Arp {
    neighbours: BTreeMap<Ipv4Addr, Neighbour>,
}

/// What the ARP table knows of an address.
#[derive(Debug)]
enum Neighbour {
    Known { mac: Mac, until: Time },
    Asked { again_at: Time, requests: u32, waiting: Vec<Waiting> },
}

impl Arp {
    /// Enters a neighbour for good, as `arp -s` does.
    pub(super) fn know(&mut self, address: Ipv4Addr, mac: Mac) {
        self.neighbours.insert(address, Neighbour::Known { mac, until: Time(u64::MAX) });
    }

    /// Sends a packet to `next_hop`, now or when its MAC address is known.
    pub(super) fn send(&mut self, now: Time, own: &Own, next_hop: Ipv4Addr, packet: Waiting, out: &mut Output) {
        let Waiting { packet, why } = packet;
        match self.neighbours.get_mut(&next_hop) {
            Some(Neighbour::Known { mac, until }) if *until > now => {
                out.send(own.index, frame::around(*mac, own.mac, packet), why);
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
                self.ask(now, own, next_hop, Waiting { packet, why }, out);
            }
        }
    }

    fn ask(&mut self, now: Time, own: &Own, target: Ipv4Addr, first: Waiting, out: &mut Output) {
        let entry = Neighbour::Asked { again_at: now + ASK_AGAIN, requests: 1, waiting: vec![first] };
        self.neighbours.insert(target, entry);
        let request = frame::arp_request(own.mac, source(own, target), target);
        out.send(own.index, request, Some(format!("ARP: needs the MAC of {target} to send to it").into()));
    }

    /// RFC 826, "Packet Reception": learn from what is addressed to us, then answer if it asks.
    pub(super) fn hear(&mut self, now: Time, own: &Own, arp: &ArpEthIpv4Packet, out: &mut Output) {
        let (sender, target, mac) = (arp.sender_ipv4_addr(), arp.target_ipv4_addr(), Mac(arp.sender_mac));
        let for_us = own.has(target.into());
        if sender.is_unspecified() && for_us && arp.operation == ArpOperation::REQUEST {
            let why = format!("ARP: {mac} probes for {target}, which is ours");
            return out.send(own.index, frame::arp_reply(own.mac, arp), Some(why.into()));
        }
        if mac.is_group() || own.has(sender.into()) {
            return;
        }
        // Who asks is answered, whatever its prefix; entered are those this interface would itself send to (as Linux).
        if own.is_on_link(sender.into()) && (for_us || self.neighbours.contains_key(&sender)) {
            self.learn(now, own, sender, mac, out);
        }
        if for_us && arp.operation == ArpOperation::REQUEST {
            let why = format!("ARP: {sender} asked who has {target}");
            out.send(own.index, frame::arp_reply(own.mac, arp), Some(why.into()));
        }
    }

    fn learn(&mut self, now: Time, own: &Own, address: Ipv4Addr, mac: Mac, out: &mut Output) {
        let entry = Neighbour::Known { mac, until: now + BELIEVED };
        match self.neighbours.insert(address, entry) {
            Some(Neighbour::Asked { waiting, .. }) => {
                out.decide(format!("ARP: learned that {address} is at {mac}: {} can go", packets(waiting.len())));
                for Waiting { packet, why } in waiting {
                    out.send(own.index, frame::around(mac, own.mac, packet), why);
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
    pub(super) fn confirm(&mut self, now: Time, from: Mac, packet: &[u8]) {
        let source = packet.get(12..16).and_then(|it| <[u8; 4]>::try_from(it).ok()).map(Ipv4Addr::from);
        let entry = source.and_then(|it| self.neighbours.get_mut(&it));
        if let Some(Neighbour::Known { mac, until }) = entry
            && *mac == from
        {
            *until = (*until).max(now + BELIEVED);
        }
    }

    /// Asks again where an answer is due; gives back what nobody answered for.
    pub(super) fn tick(&mut self, now: Time, own: &Own, out: &mut Output) -> Vec<Unreachable> {
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
            let request = frame::arp_request(own.mac, source(own, *address), *address);
            let why = format!("ARP: {address} did not answer in 1 s: request {requests} of {REQUESTS}");
            out.send(own.index, request, Some(why.into()));
        }
        silent.into_iter().flat_map(|address| self.give_up(address, out)).collect()
    }

    fn give_up(&mut self, next_hop: Ipv4Addr, out: &mut Output) -> Vec<Unreachable> {
        let Some(Neighbour::Asked { waiting, .. }) = self.neighbours.remove(&next_hop) else { return Vec::new() };
        out.decide(format!("ARP: nobody answered for {next_hop} to {REQUESTS} requests: host unreachable"));
        waiting.into_iter().map(|it| Unreachable { next_hop: next_hop.into(), packet: it.packet }).collect()
    }

    /// When [`Self::tick`] has something to do.
    pub(super) fn next_tick(&self) -> Option<Time> {
        let due = self.neighbours.values().filter_map(|neighbour| match neighbour {
            Neighbour::Asked { again_at, .. } => Some(*again_at),
            Neighbour::Known { .. } => None,
        });
        due.min()
    }
}

/// The address a question comes from.
fn source(own: &Own, target: Ipv4Addr) -> Ipv4Addr {
    match own.source_for(target.into()) {
        Some(IpAddr::V4(source)) => source,
        _ => Ipv4Addr::UNSPECIFIED,
    }
}
