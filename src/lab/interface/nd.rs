//! How an interface finds the MAC addresses of IPv6 neighbours, and knows whether they are still there (RFC 4861 §7.2, §7.3).
//!
//! ```text
//! (none) ── packet ──▶ INCOMPLETE ── advertisement ──▶ REACHABLE ── 30 s ──▶ STALE ── packet ──▶ DELAY ── 5 s ──▶ PROBE
//!                          │ 3 s of silence                ▲ TCP goes forward, or an advertisement answers │      │
//!                       (none)                             └───────────────────────────────────────────────┴──────┘
//! ```
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crate::lab::frame::{self, Mac};
use crate::lab::icmp::ndp::{self, Advertisement};
use crate::lab::interface::own::Own;
use crate::lab::interface::{Unreachable, WAITING, Waiting, packets};
use crate::lab::output::Output;
use crate::lab::random::Dice;
use crate::quantity::Quantity;
use crate::recording::Time;

/// RFC 4861 §10: `REACHABLE_TIME`, `RETRANS_TIMER`, `DELAY_FIRST_PROBE_TIME`.
const REACHABLE: Duration = Duration::from_secs(30);
const RETRANSMIT: Duration = Duration::from_secs(1);
const DELAY: Duration = Duration::from_secs(5);
/// `MAX_MULTICAST_SOLICIT` and `MAX_UNICAST_SOLICIT`.
const SOLICITATIONS: u32 = 3;

/// Entries of a cache, so that a flood of solicitations has a bound (RFC 6583 §3; Linux: `gc_thresh3`).
const MOST: usize = 1024;

/// The neighbour cache of an interface.
#[derive(Debug)]
pub(super) struct Nd {
    neighbours: BTreeMap<Ipv6Addr, Neighbour>,
    /// How long a neighbour is believed to be reachable: each interface has its own time between half and three halves
    /// of 30 s, so that not all ask at once (RFC 4861 §6.3.2).
    reachable: Duration,
}

#[derive(Debug)]
struct Neighbour {
    /// `None` while INCOMPLETE.
    mac: Option<Mac>,
    state: State,
}

#[derive(Debug)]
enum State {
    Incomplete {
        again_at: Time,
        sent: u32,
        waiting: Vec<Waiting>,
    },
    Reachable {
        until: Time,
    },
    Stale,
    Delay {
        until: Time,
    },
    Probe {
        again_at: Time,
        sent: u32,
    },
    /// Entered by hand.
    Permanent,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Incomplete { .. } => "INCOMPLETE",
            Self::Reachable { .. } => "REACHABLE",
            Self::Stale => "STALE",
            Self::Delay { .. } => "DELAY",
            Self::Probe { .. } => "PROBE",
            Self::Permanent => "PERMANENT",
        })
    }
}

/// No entry.
const NONE: &str = "NONE";

impl Nd {
    pub(super) fn new(mac: Mac) -> Self {
        let seed = mac.0.iter().fold(0, |seed, byte| seed << 8 | u64::from(*byte));
        let half = u64::try_from(REACHABLE.as_millis() / 2).expect("15 000");
        let more = Dice::new(seed, "reachable time").below(2 * half);
        Self { neighbours: BTreeMap::new(), reachable: Duration::from_millis(half + more) }
    }

    /// Enters a neighbour for good, as `ip neigh add ... nud permanent` does.
    pub(super) fn know(&mut self, address: Ipv6Addr, mac: Mac) {
        self.neighbours.insert(address, Neighbour { mac: Some(mac), state: State::Permanent });
    }

    /// Where a neighbour is, as far as is known.
    pub(super) fn mac_of(&self, address: Ipv6Addr) -> Option<Mac> {
        self.neighbours.get(&address)?.mac
    }

    /// Sends a packet to `next_hop`, now or when its MAC address is known.
    pub(super) fn send(&mut self, now: Time, own: &Own, next_hop: Ipv6Addr, packet: Waiting, out: &mut Output) {
        let Some(neighbour) = self.neighbours.get_mut(&next_hop) else {
            return self.ask(now, own, next_hop, packet, out);
        };
        if let State::Incomplete { waiting, .. } = &mut neighbour.state {
            if waiting.len() >= WAITING {
                waiting.remove(0);
                out.decide(format!("ND: too many packets wait for {next_hop}: the oldest is dropped"));
            }
            return waiting.push(packet);
        }
        if matches!(neighbour.state, State::Stale) {
            out.decide(format!(
                "ND: sends to {next_hop}, not confirmed for a while: is it still there? Waits 5 s for a sign"
            ));
            neighbour.go(next_hop, State::Delay { until: now + DELAY }, out);
        }
        if let Some(mac) = neighbour.mac {
            packet.leave(own, mac, out);
        }
    }

    /// Makes room for another entry: a stale one gives way. False when there is none.
    fn has_room(&mut self) -> bool {
        if self.neighbours.len() < MOST {
            return true;
        }
        let stale = self.neighbours.iter().find(|(_, it)| matches!(it.state, State::Stale));
        let stale = stale.map(|(address, _)| *address);
        stale.is_some_and(|it| self.neighbours.remove(&it).is_some())
    }

    fn ask(&mut self, now: Time, own: &Own, target: Ipv6Addr, first: Waiting, out: &mut Output) {
        if !self.has_room() {
            return out.decide(format!("ND: the cache is full: a packet for {target} is dropped"));
        }
        out.decide(format!("ND: needs the MAC of {target}: it is not in the cache, so ask the group it listens to"));
        let state = State::Incomplete { again_at: now + RETRANSMIT, sent: 1, waiting: vec![first] };
        out.state(machine(target), NONE, state.to_string());
        self.neighbours.insert(target, Neighbour { mac: None, state });
        solicit(own, target, None, format!("ND: needs the MAC of {target} to send to it"), out);
    }

    /// A solicitation for an address of ours: its sender says where it is (RFC 4861 §7.2.3), and is answered (§7.2.4).
    pub(super) fn asked(
        &mut self,
        own: &Own,
        (from, target): (Ipv6Addr, Ipv6Addr),
        mac: Option<Mac>,
        out: &mut Output,
    ) {
        if let Some(mac) = mac {
            self.heard(own, from, mac, "from its solicitation", out);
        }
        let solicited = !from.is_unspecified();
        let to = if solicited { from } else { ndp::ALL_NODES };
        let answer = Advertisement { target, mac: Some(own.mac), router: own.router, solicited, replaces: true };
        let Some(packet) = ndp::advertisement(target, to, &answer) else { return };
        let known = self.neighbours.get(&to).and_then(|it| it.mac).or(mac);
        let there = frame::group(to.into()).or(known);
        let why = if solicited {
            format!("ND: {from} asked who has {target}")
        } else {
            format!("ND: somebody wants {target}, which is ours: everybody hears it")
        };
        match there {
            Some(there) => Waiting { packet, why: Some(why.into()) }.leave(own, there, out),
            None => out.decide(format!("ND: {from} asked for {target}, but nobody knows its MAC: no answer")),
        }
    }

    /// A neighbour says where it is, unasked: believed, but not a sign that it hears us.
    pub(super) fn heard(&mut self, own: &Own, from: Ipv6Addr, mac: Mac, how: &str, out: &mut Output) {
        if !self.neighbours.contains_key(&from) && !self.has_room() {
            return out.decide(format!("ND: the cache is full: where {from} is is not kept"));
        }
        let Some(neighbour) = self.neighbours.get_mut(&from) else {
            out.decide(format!("ND: learned that {from} is at {mac} {how}"));
            out.state(machine(from), NONE, State::Stale.to_string());
            self.neighbours.insert(from, Neighbour { mac: Some(mac), state: State::Stale });
            return;
        };
        if neighbour.mac == Some(mac) {
            return;
        }
        match neighbour.mac.replace(mac) {
            Some(old) => out.decide(format!("ND: {from} moved from {old} to {mac}")),
            None => out.decide(format!("ND: learned that {from} is at {mac} {how}")),
        }
        neighbour.settle(own, from, mac, State::Stale, out);
    }

    /// An advertisement (RFC 4861 §7.2.5).
    pub(super) fn told(&mut self, now: Time, own: &Own, it: &Advertisement, out: &mut Output) {
        let (target, reachable) = (it.target, State::Reachable { until: now + self.reachable });
        let Some(neighbour) = self.neighbours.get_mut(&target) else {
            return out.decide(format!("ND: {target} speaks of itself, but nobody here asked: ignored"));
        };
        let Some(old) = neighbour.mac else {
            let Some(mac) = it.mac else { return };
            neighbour.mac = Some(mac);
            out.decide(format!("ND: learned that {target} is at {mac}"));
            return neighbour.settle(own, target, mac, if it.solicited { reachable } else { State::Stale }, out);
        };
        let mac = it.mac.unwrap_or(old);
        if mac != old && !it.replaces {
            if matches!(neighbour.state, State::Reachable { .. }) {
                out.decide(format!("ND: {mac} says it has {target} too, without the override flag: {old} stays"));
                neighbour.go(target, State::Stale, out);
            }
            return;
        }
        if mac != old {
            out.decide(format!("ND: {target} moved from {old} to {mac}"));
            neighbour.mac = Some(mac);
        }
        if it.solicited {
            neighbour.go(target, reachable, out);
        } else if mac != old {
            neighbour.go(target, State::Stale, out);
        }
    }

    /// A layer above saw that what was sent to this neighbour arrived (RFC 4861 §7.3.1).
    pub(super) fn confirm(&mut self, now: Time, address: Ipv6Addr, out: &mut Output) {
        let Some(neighbour) = self.neighbours.get_mut(&address) else { return };
        let until = now + self.reachable;
        match &mut neighbour.state {
            State::Incomplete { .. } | State::Permanent => {}
            State::Reachable { until: set } => *set = until,
            _ => {
                out.decide(format!("ND: {address} answers at a layer above: it is reachable"));
                neighbour.go(address, State::Reachable { until }, out);
            }
        }
    }

    /// Does what is due; gives back what nobody answered for.
    pub(super) fn tick(&mut self, now: Time, own: &Own, out: &mut Output) -> Vec<Unreachable> {
        let due = self.neighbours.iter().filter(|(_, it)| it.due().is_some_and(|at| at <= now));
        let due: Vec<_> = due.map(|(address, _)| *address).collect();
        due.into_iter().flat_map(|address| self.is_due(now, own, address, out)).collect()
    }

    fn is_due(&mut self, now: Time, own: &Own, address: Ipv6Addr, out: &mut Output) -> Vec<Unreachable> {
        let Some(neighbour) = self.neighbours.get_mut(&address) else { return Vec::new() };
        match &mut neighbour.state {
            State::Incomplete { sent, .. } | State::Probe { sent, .. } if *sent >= SOLICITATIONS => {
                return self.give_up(address, out);
            }
            State::Incomplete { again_at, sent, .. } | State::Probe { again_at, sent } => {
                (*sent, *again_at) = (*sent + 1, now + RETRANSMIT);
                let why = format!("ND: {address} did not answer in 1 s: solicitation {sent} of {SOLICITATIONS}");
                solicit(own, address, neighbour.mac, why, out);
            }
            State::Reachable { .. } => {
                let silent = Quantity::time(self.reachable);
                out.decide(format!("ND: nothing has confirmed {address} for {silent}"));
                neighbour.go(address, State::Stale, out);
            }
            State::Delay { .. } => {
                neighbour.go(address, State::Probe { again_at: now + RETRANSMIT, sent: 1 }, out);
                let why = format!("ND: no sign of {address} for 5 s: asks it, at the MAC it had");
                solicit(own, address, neighbour.mac, why, out);
            }
            State::Stale | State::Permanent => {}
        }
        Vec::new()
    }

    fn give_up(&mut self, address: Ipv6Addr, out: &mut Output) -> Vec<Unreachable> {
        let Some(neighbour) = self.neighbours.remove(&address) else { return Vec::new() };
        out.state(machine(address), neighbour.state.to_string(), NONE);
        let State::Incomplete { waiting, .. } = neighbour.state else {
            out.decide(format!(
                "ND: {address} did not answer {SOLICITATIONS} probes: forgotten, the next packet asks anew"
            ));
            return Vec::new();
        };
        out.decide(format!("ND: nobody answered for {address} to {SOLICITATIONS} solicitations: address unreachable"));
        waiting.into_iter().map(|it| Unreachable { next_hop: address.into(), packet: it.packet }).collect()
    }

    /// When [`Self::tick`] has something to do.
    pub(super) fn next_tick(&self) -> Option<Time> {
        self.neighbours.values().filter_map(Neighbour::due).min()
    }
}

impl Neighbour {
    const fn due(&self) -> Option<Time> {
        match self.state {
            State::Incomplete { again_at: at, .. }
            | State::Reachable { until: at }
            | State::Delay { until: at }
            | State::Probe { again_at: at, .. } => Some(at),
            State::Stale | State::Permanent => None,
        }
    }

    fn go(&mut self, address: Ipv6Addr, to: State, out: &mut Output) {
        let (before, after) = (self.state.to_string(), to.to_string());
        self.state = to;
        if before != after {
            out.state(machine(address), before, after);
        }
    }

    /// Its MAC is known now: what waited for it goes.
    fn settle(&mut self, own: &Own, address: Ipv6Addr, mac: Mac, to: State, out: &mut Output) {
        let waiting = match &mut self.state {
            State::Incomplete { waiting, .. } => std::mem::take(waiting),
            _ => Vec::new(),
        };
        self.go(address, to, out);
        if !waiting.is_empty() {
            out.decide(format!("ND: {} for {address} can go", packets(waiting.len())));
        }
        for packet in waiting {
            packet.leave(own, mac, out);
        }
    }
}

/// How a recording names the state machine of a neighbour.
fn machine(address: Ipv6Addr) -> String {
    format!("neighbour {address}")
}

/// Asks who has `target`: the group it listens to, or itself at the MAC it had.
fn solicit(own: &Own, target: Ipv6Addr, at: Option<Mac>, why: String, out: &mut Output) {
    let Some(IpAddr::V6(from)) = own.source_for(target.into()) else {
        return out.decide(format!("ND: no address to ask for {target} from: not asked"));
    };
    let (packet, mac) = match at {
        Some(mac) => (ndp::solicitation(from, target, target, own.mac), Some(mac)),
        None => {
            let group = super::solicited_node(target);
            (ndp::solicitation_to_group(from, target, own.mac), frame::group(group.into()))
        }
    };
    if let (Some(packet), Some(mac)) = (packet, mac) {
        Waiting { packet, why: Some(why.into()) }.leave(own, mac, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_solicitations_fills_a_bounded_cache_and_does_not_shut_out_who_is_asked_for() {
        let mac = Mac::local(0, 1);
        let network = "2001:db8::1/64".parse().expect("a network");
        let (mut nd, own, mut out) = (Nd::new(mac), Own::new(0, mac, &[network]), Output::default());
        for n in 0..5000 {
            let from = Ipv6Addr::from_bits(0x2001_0db8 << 96 | 0x1_0000 | n);
            nd.heard(&own, from, Mac::local(1, 2), "from its solicitation", &mut out);
        }
        assert_eq!(nd.neighbours.len(), MOST);
        let frames = out.frames.len();
        let wanted = Ipv6Addr::from_bits(0x2001_0db8 << 96 | 2);
        nd.send(Time::ZERO, &own, wanted, Waiting { packet: vec![0x60; 40], why: None }, &mut out);
        assert_eq!((nd.neighbours.len(), out.frames.len()), (MOST, frames + 1), "a stale entry gives way");
    }
}
