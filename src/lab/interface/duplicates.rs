//! Does another have this address already? Asked before it is used: RFC 4862 §5.4 for IPv6, RFC 5227 for IPv4.
//!
//! ```text
//! TENTATIVE ── nobody answers the solicitation (IPv6, 1 s) or the three probes (IPv4, about 6 s) ──▶ PREFERRED
//!     └────── another has it, or wants it at the same time ──▶ DUPLICATE: never used
//! ```
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use etherparse::ArpEthIpv4Packet;

use crate::lab::frame::{self, Mac};
use crate::lab::icmp::ndp;
use crate::lab::interface::Waiting;
use crate::lab::interface::own::{Address, Own, Usable, solicited_node};
use crate::lab::output::Output;
use crate::lab::random::Dice;
use crate::lab::route::Network;
use crate::recording::Time;

/// RFC 4862 §5.1: `DupAddrDetectTransmits` is 1, and the wait behind it RFC 4861's `RETRANS_TIMER`.
const SOLICITATIONS: u32 = 1;
const AFTER_SOLICITATION: Duration = Duration::from_secs(1);
/// RFC 5227 §1.1: `PROBE_NUM`, `PROBE_MIN`, `PROBE_MAX`, `ANNOUNCE_WAIT`, `ANNOUNCE_NUM`, `ANNOUNCE_INTERVAL`.
const PROBES: u32 = 3;
const PROBE_MIN: Duration = Duration::from_secs(1);
const PROBE_MAX: Duration = Duration::from_secs(2);
const ANNOUNCE_WAIT: Duration = Duration::from_secs(2);
const ANNOUNCEMENTS: u32 = 2;
const ANNOUNCE_INTERVAL: Duration = Duration::from_secs(2);
/// The first question waits for a random part of this, so that machines switched on together do not ask together
/// (RFC 4862 §5.4.2, RFC 5227 §2.1.1).
const START: Duration = Duration::from_secs(1);
/// RFC 5227 §2.4 (b): an address is defended once in this time.
const DEFEND_INTERVAL: Duration = Duration::from_secs(10);

/// Addresses that are asked about, or announced.
#[derive(Debug)]
pub(super) struct Duplicates {
    checks: BTreeMap<IpAddr, Check>,
    defended: BTreeMap<Ipv4Addr, Time>,
    dice: Dice,
}

#[derive(Clone, Copy, Debug)]
struct Check {
    next_at: Time,
    asked: u32,
    announced: u32,
}

impl Duplicates {
    pub(super) fn new(mac: Mac) -> Self {
        let seed = mac.0.iter().fold(0, |seed, byte| seed << 8 | u64::from(*byte));
        Self { checks: BTreeMap::new(), defended: BTreeMap::new(), dice: Dice::new(seed, "duplicates") }
    }

    fn up_to(&mut self, duration: Duration) -> Duration {
        Duration::from_micros(self.dice.below(u64::try_from(duration.as_micros()).expect("seconds")))
    }

    /// Begins to ask about an address.
    pub(super) fn check(&mut self, now: Time, own: &mut Own, network: Network, out: &mut Output) {
        own.addresses.retain(|it| it.network.address != network.address);
        own.addresses.push(Address { network, usable: Usable::Tentative });
        let next_at = now + self.up_to(START);
        self.checks.insert(network.address, Check { next_at, asked: 0, announced: 0 });
        out.state(machine(network.address), "NONE", "TENTATIVE");
    }

    /// Tells everybody that an address is here (RFC 5227 §2.3, RFC 4861 §7.2.6): tables change at once.
    pub(super) fn announce(own: &Own, address: IpAddr, out: &mut Output) {
        match address {
            IpAddr::V4(address) => {
                let why = format!("ARP: announces that {address} is here");
                out.send(own.index, frame::arp_request(own.mac, address, address), Some(why.into()));
            }
            IpAddr::V6(target) => {
                let (mac, router) = (Some(own.mac), own.router);
                let it = ndp::Advertisement { target, mac, router, solicited: false, replaces: true };
                let why = format!("ND: announces that {target} is here");
                send(own, ndp::advertisement(target, ndp::ALL_NODES, &it), ndp::ALL_NODES, why, out);
            }
        }
    }

    /// RFC 5227 §2.1.1, §2.4: an ARP packet may show that another has an address of ours, or wants it as we do.
    pub(super) fn hear_arp(&mut self, now: Time, own: &mut Own, arp: &ArpEthIpv4Packet, out: &mut Output) {
        let (sender, target, mac) = (arp.sender_ipv4_addr(), arp.target_ipv4_addr(), Mac(arp.sender_mac));
        if mac == own.mac {
            return;
        }
        if self.is_checked(own, sender.into()) {
            self.conflict(own, sender.into(), &format!("{mac} uses it"), out);
        } else if sender.is_unspecified() && self.is_checked(own, target.into()) {
            self.conflict(own, target.into(), &format!("{mac} probes for it too"), out);
        } else if own.has(sender.into()) {
            self.defend(now, own, sender, mac, out);
        }
    }

    fn defend(&mut self, now: Time, own: &Own, address: Ipv4Addr, by: Mac, out: &mut Output) {
        let recently = self.defended.get(&address).is_some_and(|at| now.since(*at) < DEFEND_INTERVAL);
        if recently {
            return out.decide(format!("ARP: {by} uses our {address} again within 10 s: two machines have it"));
        }
        out.decide(format!("ARP: {by} uses our {address}: says once that it is ours"));
        self.defended.insert(address, now);
        Self::announce(own, address.into(), out);
    }

    /// Somebody solicits or advertises an address we ask about (RFC 4862 §5.4.3, §5.4.4).
    pub(super) fn hear_nd(&mut self, own: &mut Own, target: Ipv6Addr, what: &str, out: &mut Output) {
        if self.is_checked(own, target.into()) {
            self.conflict(own, target.into(), what, out);
        } else {
            out.decide(format!("ND: another {what} for {target}, which is ours: two machines have it"));
        }
    }

    fn is_checked(&self, own: &Own, address: IpAddr) -> bool {
        own.addresses.iter().any(|it| it.network.address == address && it.usable == Usable::Tentative)
    }

    fn conflict(&mut self, own: &mut Own, address: IpAddr, what: &str, out: &mut Output) {
        self.checks.remove(&address);
        out.decide(format!("{address} is taken: {what}; it is not used here"));
        set(own, address, Usable::Duplicate, out);
    }

    pub(super) fn tick(&mut self, now: Time, own: &mut Own, out: &mut Output) {
        let due: Vec<_> = self.checks.iter().filter(|(_, it)| it.next_at <= now).map(|(at, _)| *at).collect();
        for address in due {
            let Some(check) = self.checks.get(&address).copied() else { continue };
            let next = match address {
                IpAddr::V4(address) => self.tick_v4(now, own, address, check, out),
                IpAddr::V6(address) => tick_v6(now, own, address, check, out),
            };
            match next {
                Some(next) => self.checks.insert(address, next),
                None => self.checks.remove(&address),
            };
        }
    }

    fn tick_v4(&mut self, now: Time, own: &mut Own, it: Ipv4Addr, check: Check, out: &mut Output) -> Option<Check> {
        if check.asked < PROBES {
            let asked = check.asked + 1;
            let why = format!("ARP: does anybody use {it}? Probe {asked} of {PROBES}");
            out.send(own.index, frame::arp_request(own.mac, Ipv4Addr::UNSPECIFIED, it), Some(why.into()));
            let wait = if asked < PROBES { PROBE_MIN + self.up_to(PROBE_MAX - PROBE_MIN) } else { ANNOUNCE_WAIT };
            return Some(Check { next_at: now + wait, asked, ..check });
        }
        if check.announced == 0 {
            out.decide(format!("nobody answered {PROBES} ARP probes for {it}: it is ours"));
            set(own, it.into(), Usable::Preferred, out);
        }
        Self::announce(own, it.into(), out);
        let announced = check.announced + 1;
        (announced < ANNOUNCEMENTS).then(|| Check { next_at: now + ANNOUNCE_INTERVAL, announced, ..check })
    }

    pub(super) fn next_tick(&self) -> Option<Time> {
        self.checks.values().map(|it| it.next_at).min()
    }
}

fn tick_v6(now: Time, own: &mut Own, it: Ipv6Addr, check: Check, out: &mut Output) -> Option<Check> {
    if check.asked < SOLICITATIONS {
        let why = format!("ND: does anybody have {it}? Duplicate address detection");
        send(own, ndp::solicitation_to_group(Ipv6Addr::UNSPECIFIED, it, own.mac), solicited_node(it), why, out);
        return Some(Check { next_at: now + AFTER_SOLICITATION, asked: check.asked + 1, ..check });
    }
    out.decide(format!("nobody answered the solicitation for {it}: it is ours"));
    set(own, it.into(), Usable::Preferred, out);
    None
}

fn send(own: &Own, packet: Option<Vec<u8>>, group: Ipv6Addr, why: String, out: &mut Output) {
    if let (Some(packet), Some(mac)) = (packet, frame::group(group.into())) {
        Waiting { packet, why: Some(why.into()) }.leave(own, mac, out);
    }
}

/// Changes what an address may be used for.
pub(crate) fn set(own: &mut Own, address: IpAddr, usable: Usable, out: &mut Output) {
    if let Some(it) = own.addresses.iter_mut().find(|it| it.network.address == address) {
        out.state(machine(address), it.usable.to_string(), usable.to_string());
        it.usable = usable;
        own.changes += 1;
    }
}

/// How a recording names the state machine of an address.
pub(crate) fn machine(address: IpAddr) -> String {
    format!("address {address}")
}
