//! A host finds its IPv6 addresses and routers itself (RFC 4862): a link-local address, then what routers advertise.
//!
//! ```text
//! link comes up ─▶ fe80::...: does anybody have it? ─▶ router solicitation ─▶ router advertisement
//!                                        ─▶ prefix + interface identifier: does anybody have it? ─▶ address, default route
//! ```
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crate::lab::host::Host;
use crate::lab::host::identifiers::{Identifier, Identifiers};
use crate::lab::icmp::ndp::{self, ALL_ROUTERS, Prefix, RouterAdvertisement};
use crate::lab::interface::{Own, Usable, link_local};
use crate::lab::ip;
use crate::lab::output::Output;
use crate::lab::route::{Network, Route};
use crate::quantity::Quantity;
use crate::recording::Time;

/// RFC 4861 §10: `RTR_SOLICITATION_INTERVAL` and `MAX_RTR_SOLICITATIONS`.
const INTERVAL: Duration = Duration::from_secs(4);
const SOLICITATIONS: u32 = 3;
/// Seconds that are for ever (RFC 4861 §4.6.2).
const FOR_EVER: Duration = Duration::from_secs(u32::MAX as u64);
/// RFC 4862 §5.5.3 (e): an advertisement, which nobody signs, does not shorten a validity below this.
const TWO_HOURS: Duration = Duration::from_secs(7200);

/// Addresses, routers and prefixes a host takes over from advertisements, which nobody signs (Linux: `max_addresses`).
const MOST: usize = 16;

/// What the host has learned of routers.
#[derive(Debug, Default)]
pub(super) struct Autoconf {
    identifiers: Identifiers,
    /// When the next router solicitation is due, and how many were sent.
    solicits: Option<(Time, u32)>,
    /// A router has spoken.
    heard: bool,
    addresses: BTreeMap<Ipv6Addr, Lifetimes>,
    /// Lifetimes of networks whose address another had, until there is one with another identifier.
    waiting: Vec<(Network, Lifetimes)>,
    routers: BTreeMap<Ipv6Addr, Time>,
    /// Prefixes that are on the link without an address of ours.
    on_link: Vec<(Network, Time)>,
    pub(super) dns: Vec<Ipv6Addr>,
}

#[derive(Clone, Copy, Debug)]
struct Lifetimes {
    preferred_until: Time,
    valid_until: Time,
}

fn until(now: Time, lifetime: Duration) -> Time {
    if lifetime >= FOR_EVER { Time(u64::MAX) } else { now + lifetime }
}

impl Autoconf {
    pub(super) fn new(identifier: Identifier, secret: u64) -> Self {
        Self { identifiers: Identifiers::new(identifier, secret), ..Self::default() }
    }

    /// The address of this host in a network.
    pub(super) fn address_in(&self, own: &Own, prefix: Network) -> Option<Ipv6Addr> {
        self.identifiers.address_in(own, prefix)
    }

    /// The routes that routers have told of.
    pub(super) fn routes(&self) -> impl Iterator<Item = Route> {
        let direct = self.on_link.iter().map(|(to, _)| Route { to: *to, via: None, interface: 0 });
        let through = self.routers.keys().map(|via| {
            let via = IpAddr::V6(*via);
            Route { to: Network::everywhere(via), via: Some(via), interface: 0 }
        });
        direct.chain(through)
    }

    fn next_tick(&self) -> Option<Time> {
        let addresses = self.addresses.values().flat_map(|it| [it.preferred_until, it.valid_until]);
        let others = self.routers.values().copied().chain(self.on_link.iter().map(|(_, until)| *until));
        let solicits = self.solicits.map(|(at, _)| at);
        let retries = self.identifiers.next_tick();
        addresses.chain(others).filter(|it| *it < Time(u64::MAX)).chain(solicits).chain(retries).min()
    }
}

impl Host {
    /// Takes away an address that another has, where another identifier may be tried (RFC 7217 §6).
    pub(super) fn replace_taken(&mut self, now: Time, out: &mut Output) {
        let Some(autoconf) = &mut self.autoconf else { return };
        let taken: Vec<_> = self.interface.own.addresses.iter().filter(|it| it.usable == Usable::Duplicate).collect();
        let taken: Vec<_> = taken.into_iter().map(|it| it.network).collect();
        for network in taken {
            let IpAddr::V6(address) = network.address else { continue };
            let lifetimes = autoconf.addresses.get(&address).copied();
            if !autoconf.identifiers.retry(now, network, out) {
                continue;
            }
            autoconf.addresses.remove(&address);
            autoconf.waiting.extend(lifetimes.map(|it| (network.network(), it)));
            self.interface.drop_address(address.into(), out);
        }
    }

    /// Asks about the addresses that other identifiers give.
    fn try_again(&mut self, now: Time, out: &mut Output) {
        let Some(autoconf) = &mut self.autoconf else { return };
        for network in autoconf.identifiers.due(now) {
            let Some(address) = autoconf.address_in(&self.interface.own, network) else { continue };
            let at = autoconf.waiting.iter().position(|(it, _)| *it == network);
            if let Some((_, lifetimes)) = at.map(|at| autoconf.waiting.swap_remove(at)) {
                autoconf.addresses.insert(address, lifetimes);
            }
            self.interface.check_and_use(now, Network { address: address.into(), ..network }, out);
        }
    }

    /// The link-local address that this host will make when it is plugged in; `None` when it makes none itself.
    pub(crate) fn will_want(&self) -> Option<Ipv6Addr> {
        self.autoconf.as_ref()?.address_in(&self.interface.own, link_local(self.interface.own.mac))
    }

    /// The link is there: a host that configures itself begins with a link-local address (RFC 4862 §5.3).
    pub(super) fn begin_autoconf(&mut self, now: Time, out: &mut Output) {
        let Some(autoconf) = &self.autoconf else { return };
        let mac = link_local(self.interface.own.mac);
        let address = autoconf.address_in(&self.interface.own, mac).map(IpAddr::from);
        let network = Network { address: address.unwrap_or(mac.address), ..mac };
        self.interface.check_and_use(now, network, out);
    }

    pub(super) fn next_autoconf(&self) -> Option<Time> {
        self.autoconf.as_ref().and_then(Autoconf::next_tick)
    }

    /// Asks for routers, and forgets what is over.
    pub(super) fn tick_autoconf(&mut self, now: Time, out: &mut Output) {
        let Some(autoconf) = &mut self.autoconf else { return };
        let linked = self.interface.own.link_local();
        if let Some(IpAddr::V6(from)) = linked
            && !autoconf.heard
        {
            let (at, sent) = autoconf.solicits.unwrap_or((now, 0));
            if at <= now {
                let more = (sent + 1 < SOLICITATIONS).then_some((now + INTERVAL, sent + 1));
                autoconf.solicits = more.or(Some((Time(u64::MAX), SOLICITATIONS)));
                if sent < SOLICITATIONS {
                    let why = format!("ND: asks for routers, {} of {SOLICITATIONS}", sent + 1);
                    let packet = ndp::router_solicitation(from, self.interface.own.mac);
                    if let Some(packet) = packet {
                        self.interface.send(now, ALL_ROUTERS.into(), packet, Some(why.into()), out);
                    }
                }
            }
        }
        self.forget_old(now, out);
        self.try_again(now, out);
    }

    fn forget_old(&mut self, now: Time, out: &mut Output) {
        let Some(autoconf) = &mut self.autoconf else { return };
        let over: Vec<_> = autoconf.routers.iter().filter(|(_, until)| **until <= now).map(|(it, _)| *it).collect();
        let changed = !over.is_empty() || autoconf.on_link.iter().any(|(_, until)| *until <= now);
        for router in over {
            autoconf.routers.remove(&router);
            out.decide(format!("the router {router} has not spoken for its lifetime: no default router any more"));
        }
        autoconf.on_link.retain(|(_, until)| *until > now);
        for (address, it) in &mut autoconf.addresses {
            let ip = IpAddr::V6(*address);
            let usable = self.interface.own.usable(ip);
            if it.valid_until <= now {
                out.decide(format!("{address}: its valid lifetime is over: taken away"));
                self.interface.drop_address(ip, out);
            } else if it.preferred_until <= now {
                it.preferred_until = Time(u64::MAX);
                if usable == Some(Usable::Preferred) {
                    out.decide(format!("{address}: its preferred lifetime is over: nothing new begins with it"));
                    self.interface.set_usable(ip, Usable::Deprecated, out);
                }
            }
        }
        autoconf.addresses.retain(|_, it| it.valid_until > now);
        if changed {
            self.reroute();
        }
    }

    /// A router speaks (RFC 4861 §6.3.4, RFC 4862 §5.5.3).
    pub(super) fn advertised(&mut self, now: Time, from: Ipv6Addr, said: &RouterAdvertisement, out: &mut Output) {
        let Some(autoconf) = &mut self.autoconf else { return };
        (autoconf.heard, autoconf.solicits) = (true, None);
        if said.lifetime.is_zero() {
            if autoconf.routers.remove(&from).is_some() {
                out.decide(format!("{from} is no default router any more: its lifetime is 0"));
            }
        } else if autoconf.routers.len() >= MOST && !autoconf.routers.contains_key(&from) {
            return out.decide(format!("{MOST} routers have spoken already: {from} is not believed"));
        } else if autoconf.routers.insert(from, now + said.lifetime).is_none() {
            let lifetime = Quantity::time(said.lifetime);
            out.decide(format!("{from} is a default router for {lifetime}, until it speaks again"));
        }
        if !said.dns.is_empty() {
            autoconf.dns.clone_from(&said.dns);
        }
        if said.managed {
            out.decide(format!(
                "{from} says that addresses are to be had by DHCPv6 (M flag), which this host does not speak"
            ));
        }
        for prefix in &said.prefixes {
            self.use_prefix(now, prefix, out);
        }
        self.reroute();
    }

    fn use_prefix(&mut self, now: Time, prefix: &Prefix, out: &mut Output) {
        let Some(autoconf) = &mut self.autoconf else { return };
        let network = prefix.network;
        if ip::is_link_local(network.address) || prefix.preferred > prefix.valid {
            return;
        }
        if prefix.on_link && !prefix.autonomous {
            autoconf.on_link.retain(|(known, _)| *known != network);
            autoconf.on_link.truncate(MOST - 1);
            autoconf.on_link.push((network, until(now, prefix.valid)));
        }
        if !prefix.autonomous {
            return;
        }
        // RFC 4862 §5.5.3 (d): prefix and identifier together have 128 bits.
        if network.prefix != 64 {
            return out.decide(format!("{network}: an address takes a prefix of 64 bits, not of {}", network.prefix));
        }
        let Some(address) = autoconf.address_in(&self.interface.own, network) else { return };
        let fresh = Lifetimes { preferred_until: until(now, prefix.preferred), valid_until: until(now, prefix.valid) };
        if let Some(known) = autoconf.addresses.get_mut(&address) {
            return refresh(now, known, fresh, (&mut self.interface, address), out);
        }
        if prefix.valid.is_zero() {
            return;
        }
        if autoconf.addresses.len() >= MOST {
            return out.decide(format!("{MOST} addresses are enough: none of the prefix {network}"));
        }
        autoconf.addresses.insert(address, fresh);
        let network = Network { address: address.into(), prefix: if prefix.on_link { 64 } else { 128 } };
        out.decide(format!("makes {address} of the prefix {} and its interface identifier", prefix.network));
        self.interface.check_and_use(now, network, out);
    }
}

/// RFC 4862 §5.5.3 (e): a known prefix is advertised again.
fn refresh(
    now: Time,
    known: &mut Lifetimes,
    fresh: Lifetimes,
    (interface, address): (&mut crate::lab::interface::Interface, Ipv6Addr),
    out: &mut Output,
) {
    let ip = IpAddr::V6(address);
    if fresh.valid_until > known.valid_until || fresh.valid_until > now + TWO_HOURS {
        known.valid_until = fresh.valid_until;
    } else if known.valid_until > now + TWO_HOURS {
        known.valid_until = now + TWO_HOURS;
        out.decide(format!("{address}: an advertisement shortens its life: no further than to 2 h"));
    }
    known.preferred_until = fresh.preferred_until;
    match interface.own.usable(ip) {
        Some(Usable::Preferred) if fresh.preferred_until <= now => {
            known.preferred_until = Time(u64::MAX);
            out.decide(format!("{address}: its prefix is preferred no more: nothing new begins with it"));
            interface.set_usable(ip, Usable::Deprecated, out);
        }
        Some(Usable::Deprecated) if fresh.preferred_until > now => {
            out.decide(format!("{address}: its prefix is preferred again"));
            interface.set_usable(ip, Usable::Preferred, out);
        }
        _ => {}
    }
}
