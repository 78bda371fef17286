//! The lower half of a host's own IPv6 addresses, and another one where somebody has it already (RFC 7217 §6).
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crate::lab::interface::{Own, interface_identifier};
use crate::lab::output::Output;
use crate::lab::random::Dice;
use crate::lab::route::Network;
use crate::recording::Time;

/// RFC 7217 §7: `IDGEN_RETRIES` and `IDGEN_DELAY`.
const RETRIES: u8 = 3;
const DELAY: Duration = Duration::from_secs(1);

/// How a host makes the lower half of its addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Identifier {
    /// Of the MAC (RFC 4291 appendix A): the same on every network, so that it can be followed. There is no other where
    /// it is taken.
    #[default]
    Mac,
    /// Stable on each network and different on each (RFC 7217).
    Stable,
}

/// Identifiers, with how often one was taken.
#[derive(Debug, Default)]
pub(super) struct Identifiers {
    rule: Identifier,
    secret: u64,
    /// By network: RFC 7217 §5's `DAD_Counter`.
    taken: BTreeMap<Ipv6Addr, u8>,
    /// Networks in which another identifier is tried then.
    again: Vec<(Time, Network)>,
}

impl Identifiers {
    pub(super) fn new(rule: Identifier, secret: u64) -> Self {
        Self { rule, secret, ..Self::default() }
    }

    /// The address that the present identifier gives in a network.
    pub(super) fn address_in(&self, own: &Own, prefix: Network) -> Option<Ipv6Addr> {
        let IpAddr::V6(network) = prefix.network().address else { return None };
        let identifier = match self.rule {
            Identifier::Mac => interface_identifier(own.mac),
            // RFC 7217 §5: a pseudo-random function of prefix, interface, counter and secret.
            Identifier::Stable => {
                let counter = self.taken.get(&network).map(|it| format!("/{it}")).unwrap_or_default();
                Dice::new(self.secret, &format!("{network}/eth{}{counter}", own.index)).bits()
            }
        };
        Some(Ipv6Addr::from_bits(network.to_bits() | u128::from(identifier)))
    }

    /// Another has this address. RFC 7217 §6: another identifier is tried, a moment later so that two who collide do not
    /// go on together; `false` when there is none, or they were enough.
    pub(super) fn retry(&mut self, now: Time, taken: Network, out: &mut Output) -> bool {
        let IpAddr::V6(network) = taken.network().address else { return false };
        if self.rule == Identifier::Mac || self.again.iter().any(|(_, it)| *it == taken.network()) {
            return false;
        }
        let count = self.taken.entry(network).or_default();
        if *count >= RETRIES {
            return false;
        }
        *count += 1;
        let count = *count;
        let most = u64::try_from(DELAY.as_micros()).expect("it is a second");
        let wait = Duration::from_micros(Dice::new(self.secret, &format!("{network}/wait{count}")).below(most));
        out.decide(format!("another identifier is made, {count} of {RETRIES} (RFC 7217 §6), in up to 1 s"));
        self.again.push((now + wait, taken.network()));
        true
    }

    /// The networks in which another identifier is tried now.
    pub(super) fn due(&mut self, now: Time) -> Vec<Network> {
        let due = self.again.iter().filter(|(at, _)| *at <= now).map(|(_, network)| *network).collect();
        self.again.retain(|(at, _)| *at > now);
        due
    }

    pub(super) fn next_tick(&self) -> Option<Time> {
        self.again.iter().map(|(at, _)| *at).min()
    }
}
