//! A router's side of address autoconfiguration: what it says of its link, and when (RFC 4861 §6.2).
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crate::lab::icmp::ndp::{self, Prefix, RouterAdvertisement};
use crate::lab::interface::Own;
use crate::lab::random::Dice;
use crate::lab::route::Network;
use crate::recording::Time;

/// RFC 4861 §10: `MIN_DELAY_BETWEEN_RAS` and `MAX_RA_DELAY_TIME`.
const BETWEEN: Duration = Duration::from_secs(3);
const DELAY: Duration = Duration::from_millis(500);

/// What a router advertises on one of its links. The defaults are RFC 4861 §6.2.1's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdvertiseOptions {
    /// The longest time between two advertisements nobody asked for (`MaxRtrAdvInterval`).
    pub interval: Duration,
    /// How long hosts may use the router as default router; zero: not at all. Whole seconds, at most 9000.
    pub router_lifetime: Duration,
    /// How long an address of the prefix is valid, and preferred.
    pub valid: Duration,
    pub preferred: Duration,
    /// Whether hosts may make addresses of the prefix (the A flag).
    pub autonomous: bool,
    /// Whether addresses are to be had by DHCPv6 (the M flag).
    pub managed: bool,
    /// A resolver (RFC 8106).
    pub dns: Option<Ipv6Addr>,
}

impl Default for AdvertiseOptions {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(600),
            router_lifetime: Duration::from_secs(1800),
            valid: Duration::from_secs(2_592_000),
            preferred: Duration::from_secs(604_800),
            autonomous: true,
            managed: false,
            dns: None,
        }
    }
}

/// The advertisements of one interface.
#[derive(Debug)]
pub(crate) struct Advertiser {
    prefixes: Vec<(Network, AdvertiseOptions)>,
    last: Option<Time>,
    next_at: Time,
    /// The next one answers a solicitation.
    asked: bool,
    dice: Dice,
}

impl Advertiser {
    pub(crate) fn new(own: &Own) -> Self {
        let seed = own.mac.0.iter().fold(0, |seed, byte| seed << 8 | u64::from(*byte));
        let dice = Dice::new(seed, "router advertisements");
        Self { prefixes: Vec::new(), last: None, next_at: Time(u64::MAX), asked: false, dice }
    }

    /// Advertises a prefix. The router has been there for long: the next advertisement nobody asked for is some time ahead.
    pub(crate) fn begin_anew(&mut self, prefix: Network, options: AdvertiseOptions) {
        self.prefixes.push((prefix.network(), options));
        self.next_at = Time::ZERO + self.up_to(options.interval);
    }

    fn up_to(&mut self, duration: Duration) -> Duration {
        Duration::from_micros(self.dice.below(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)))
    }

    /// Advertises a prefix like this from now on, instead of what was said of it before; the hosts hear of it soon.
    pub(crate) fn change(&mut self, now: Time, prefix: Network, options: AdvertiseOptions) {
        self.prefixes.retain(|(known, _)| *known != prefix.network());
        self.prefixes.push((prefix.network(), options));
        self.asked = false;
        self.hurry(now);
    }

    /// Somebody asks: all are answered at once, soon, but not more often than every 3 s (RFC 4861 §6.2.6).
    pub(crate) fn solicited(&mut self, now: Time) {
        if self.hurry(now) {
            self.asked = true;
        }
    }

    fn hurry(&mut self, now: Time) -> bool {
        let soon = now + self.up_to(DELAY);
        let at = self.last.map_or(soon, |last| soon.max(last + BETWEEN));
        let earlier = at < self.next_at;
        self.next_at = self.next_at.min(at);
        earlier
    }

    pub(crate) const fn next_tick(&self) -> Time {
        self.next_at
    }

    /// The advertisement that is due, and why it is sent.
    pub(crate) fn due(&mut self, now: Time, own: &Own) -> Option<(Vec<u8>, String)> {
        let (_, first) = *self.prefixes.first().filter(|_| self.next_at <= now)?;
        let why = if std::mem::take(&mut self.asked) {
            "ND: somebody asked for routers: tells all hosts".to_owned()
        } else {
            "ND: tells all hosts of the router and its prefixes".to_owned()
        };
        let least = first.interval / 3;
        let interval = least + self.up_to(first.interval - least);
        (self.last, self.next_at) = (Some(now), now + interval.max(BETWEEN));
        let IpAddr::V6(from) = own.link_local()? else { return None };
        Some((ndp::router_advertisement(from, &self.said(own))?, why))
    }

    fn said(&self, own: &Own) -> RouterAdvertisement {
        let options = || self.prefixes.iter().map(|(_, options)| options);
        let prefix = |(network, options): &(Network, AdvertiseOptions)| Prefix {
            network: *network,
            on_link: true,
            autonomous: options.autonomous,
            valid: options.valid,
            preferred: options.preferred,
        };
        RouterAdvertisement {
            hop_limit: crate::lab::ip::HOPS,
            managed: options().any(|it| it.managed),
            other: false,
            lifetime: options().map(|it| it.router_lifetime).max().unwrap_or_default(),
            mac: Some(own.mac),
            mtu: None,
            prefixes: self.prefixes.iter().map(prefix).collect(),
            dns: options().filter_map(|it| it.dns).collect(),
        }
    }
}
