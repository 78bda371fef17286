//! What routers have told a host of nearer first hops (RFC 1122 §3.2.2.2, RFC 4861 §8), and when it believes them.
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crate::lab::host::Host;
use crate::lab::icmp::ndp;
use crate::lab::ip;
use crate::lab::output::Output;
use crate::recording::Time;

/// How long such a hop is used (Linux: `ip_rt_gc_timeout`): it may be gone, or the router may know better by then.
const LASTS: Duration = Duration::from_secs(300);
/// Destinations with a hop of their own; the oldest gives way, since nobody signs these messages.
const MOST: usize = 256;

/// First hops by destination.
#[derive(Debug, Default)]
pub(super) struct Redirects(BTreeMap<IpAddr, (IpAddr, Time)>);

impl Redirects {
    pub(super) fn hop(&self, to: IpAddr) -> Option<IpAddr> {
        self.0.get(&to).map(|(hop, _)| *hop)
    }

    fn enter(&mut self, now: Time, to: IpAddr, hop: IpAddr) {
        if self.0.len() >= MOST && !self.0.contains_key(&to) {
            let oldest = self.0.iter().min_by_key(|(_, (_, until))| *until).map(|(to, _)| *to);
            oldest.map(|it| self.0.remove(&it));
        }
        self.0.insert(to, (hop, now + LASTS));
    }

    /// Forgets what was learned: the routers it came from are no longer the host's.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Forgets hops that do not answer: the router is asked again.
    pub(super) fn forget_hop(&mut self, hop: IpAddr, out: &mut Output) {
        self.0.retain(|to, (it, _)| {
            if *it == hop {
                out.decide(format!("{hop} does not answer: what goes to {to} goes to the router again"));
            }
            *it != hop
        });
    }

    pub(super) fn tick(&mut self, now: Time, out: &mut Output) {
        self.0.retain(|to, (hop, until)| {
            if *until <= now {
                out.decide(format!("{to} by way of {hop}: not used any more after 5 min, asks the router again"));
            }
            *until > now
        });
    }

    pub(super) fn next_tick(&self) -> Option<Time> {
        self.0.values().map(|(_, until)| *until).min()
    }
}

impl Host {
    /// A redirect over IPv4: `by` says that what goes to `to` goes to `hop` first.
    pub(super) fn redirected(&mut self, now: Time, by: IpAddr, (to, hop): (IpAddr, IpAddr), out: &mut Output) {
        // RFC 1122 §3.2.2.2: the new gateway is on the subnet through which the redirect came.
        let near = self.interface.own.is_on_link(hop) && !self.interface.own.is_broadcast(hop);
        let sound = near && !hop.is_multicast();
        self.take_redirect(now, by, (to, hop), sound, out);
    }

    /// A redirect over IPv6 whose form is right ([`ndp::read`]).
    pub(super) fn redirected_v6(&mut self, now: Time, by: Ipv6Addr, said: &ndp::Redirect, out: &mut Output) {
        let (to, hop) = (IpAddr::V6(said.destination), IpAddr::V6(said.target));
        // RFC 4861 §8.1: a router, by its link-local address, or the destination itself.
        let sound = hop == to || ip::is_link_local(hop);
        if self.take_redirect(now, by.into(), (to, hop), sound, out)
            && let Some(mac) = said.mac
        {
            self.interface.heard(said.target, mac, "from a redirect", out);
        }
    }

    /// Believes a redirect of the router that has the packets now, about a hop that is a neighbour (RFC 1122 §3.2.2.2,
    /// RFC 4861 §8.1). True when it does.
    fn take_redirect(
        &mut self,
        now: Time,
        by: IpAddr,
        (to, hop): (IpAddr, IpAddr),
        sound: bool,
        out: &mut Output,
    ) -> bool {
        let said = format!("redirect from {by}: {to} by way of {hop}");
        let ignored = if !self.options.accept_redirects {
            "this host is set to ignore redirects"
        } else if to.is_multicast() || self.next_hop(to) != Some(by) || by == to {
            "it is not from the router that packets for it go to"
        } else if !sound || self.interface.own.has(hop) {
            "that is no neighbour that could take them"
        } else {
            self.redirects.enter(now, to, hop);
            out.decide(format!("{said}: obeyed"));
            return true;
        };
        out.decide(format!("{said}: ignored, {ignored}"));
        false
    }
}
