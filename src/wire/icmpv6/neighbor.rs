//! Neighbor discovery: routers and neighbors of a link find each other. RFC 4861 §4.
use std::net::{IpAddr, Ipv6Addr};

use super::options::{self, Found};
use crate::wire::ipv6;
use crate::wire::reader::{Reader, Words};
use crate::wire::walk::{Claim, Facts};

const SOLICIT_ROUTER: &str = "RFC 4861 §4.1";
const ADVERTISE_ROUTER: &str = "RFC 4861 §4.2";
const SOLICIT: &str = "RFC 4861 §4.3";
const ADVERTISE: &str = "RFC 4861 §4.4";
const REDIRECT: &str = "RFC 4861 §4.5";

const RESERVED: Words = Words::new("icmpv6.reserved", "Reserved", SOLICIT_ROUTER, "Kept zero.");
const HOP_LIMIT: Words = Words::new(
    "icmpv6.nd.ra.cur_hop_limit",
    "Hop limit to use",
    ADVERTISE_ROUTER,
    "What hosts of this link shall put into the hop limit of their packets; 0 says nothing about it.",
);
const ROUTER_FLAGS: Words =
    Words::new("icmpv6.nd.ra.flag", "Flags", ADVERTISE_ROUTER, "Where hosts get addresses and the rest from.");
const MANAGED: Words = Words::new(
    "icmpv6.nd.ra.flag.m",
    "Managed addresses",
    ADVERTISE_ROUTER,
    "Set: addresses are to be had from DHCPv6.",
);
const OTHER: Words = Words::new(
    "icmpv6.nd.ra.flag.o",
    "Other configuration",
    ADVERTISE_ROUTER,
    "Set: DNS servers and the like are to be had from DHCPv6, addresses not necessarily.",
);
const HOME_AGENT: Words = Words::new(
    "icmpv6.nd.ra.flag.h",
    "Home agent",
    "RFC 6275 §7.1",
    "The router keeps track of mobile hosts that belong to this link.",
);
const PREFERENCE: Words = Words::new(
    "icmpv6.nd.ra.flag.prf",
    "Preference",
    "RFC 4191 §2.2",
    "Of several routers hosts take the one with the higher preference as default router.",
);
const PROXY: Words = Words::new(
    "icmpv6.nd.ra.flag.p",
    "Proxied",
    "RFC 4389",
    "The advertisement was passed on by a neighbor discovery proxy.",
);
const ROUTER_RESERVED: Words = Words::new("icmpv6.nd.ra.flag.rsv", "Reserved", ADVERTISE_ROUTER, "Kept zero.");
const LIFETIME: Words = Words::new(
    "icmpv6.nd.ra.router_lifetime",
    "Router lifetime",
    ADVERTISE_ROUTER,
    "How many seconds hosts may use it as default router without hearing from it again; 0 means do not use it as one.",
);
const REACHABLE: Words = Words::new(
    "icmpv6.nd.ra.reachable_time",
    "Reachable time",
    ADVERTISE_ROUTER,
    "How many milliseconds a neighbor counts as reachable after it was heard; 0 says nothing about it.",
);
const RETRANSMIT: Words = Words::new(
    "icmpv6.nd.ra.retrans_timer",
    "Retransmission timer",
    ADVERTISE_ROUTER,
    "How many milliseconds lie between repeated neighbor solicitations; 0 says nothing about it.",
);
const SOLICIT_TARGET: Words =
    Words::new("icmpv6.nd.ns.target_address", "Target address", SOLICIT, "The address whose owner shall answer.");
const FLAGS: Words = Words::new(
    "icmpv6.nd.na.flag",
    "Flags",
    ADVERTISE,
    "Who answers, whether it was asked, and what to do with an older entry.",
);
const ROUTER: Words = Words::new(
    "icmpv6.nd.na.flag.r",
    "Router",
    ADVERTISE,
    "The sender is a router; a host that relied on it notices when it no longer is one.",
);
const SOLICITED: Words = Words::new(
    "icmpv6.nd.na.flag.s",
    "Solicited",
    ADVERTISE,
    "Set in an answer to a solicitation: the way there and back works, so the neighbor is reachable.",
);
const OVERRIDE: Words = Words::new(
    "icmpv6.nd.na.flag.o",
    "Override",
    ADVERTISE,
    "Set: replace the MAC address that is in the neighbor cache.",
);
const FLAGS_RESERVED: Words = Words::new("icmpv6.nd.na.flag.rsv", "Reserved", ADVERTISE, "Kept zero.");
const ADVERTISE_TARGET: Words = Words::new(
    "icmpv6.nd.na.target_address",
    "Target address",
    ADVERTISE,
    "The address the sender speaks for: the one that was asked about.",
);
const REDIRECT_TARGET: Words = Words::new(
    "icmpv6.nd.rd.target_address",
    "Better first hop",
    REDIRECT,
    "Where to send such packets from now on; the destination itself when it is on this link.",
);
const REDIRECT_DESTINATION: Words = Words::new(
    "icmpv6.rd.na.destination_address",
    "Destination address",
    REDIRECT,
    "The destination the redirect is about.",
);

/// Reads what follows the checksum, options included.
pub(super) fn read(r: &mut Reader<'_>, kind: u8, code: u8, facts: &mut Facts) -> Option<()> {
    if let Some(hops) = facts.hops.filter(|hops| *hops != 255 && !facts.quoted) {
        // RFC 4861 §6.1, §7.1, §8.1: only a hop limit of 255 proves that the message is from this link.
        r.problem_back(4, format_args!("the hop limit is {hops}, not 255: receivers drop the message"));
    }
    if code != 0 {
        r.problem_back(3, format_args!("the code is {code}, not 0: receivers drop the message"));
    }
    match kind {
        133 => {
            r.raw(&RESERVED, 4)?;
            facts.summary.push_str(&from(&options::read(r)));
            Some(())
        }
        134 => read_router(r, facts),
        135 => read_solicitation(r, facts),
        136 => read_advertisement(r, facts),
        _ => read_redirect(r, facts),
    }
}

fn read_router(r: &mut Reader<'_>, facts: &mut Facts) -> Option<()> {
    let hops = r.u8(&HOP_LIMIT)?;
    r.means(if hops == 0 { "not said" } else { "" });
    let flags = *r.ahead().first()?;
    r.group(&ROUTER_FLAGS, |r| {
        r.flag(&MANAGED)?;
        r.flag(&OTHER)?;
        r.flag(&HOME_AGENT)?;
        let preference = r.number(&PREFERENCE, 2)?;
        r.means(preference_name(preference));
        r.flag(&PROXY)?;
        r.number(&ROUTER_RESERVED, 2)
    })?;
    r.says(format_args!("{flags:#04x}"));
    r.means(match flags >> 6 {
        0 => "hosts make their own addresses, as the prefixes below say",
        1 => "own addresses; DNS servers and the like from DHCPv6",
        _ => "addresses from DHCPv6",
    });
    let lifetime = r.u16(&LIFETIME)?;
    r.means(if lifetime == 0 { "not a default router".to_owned() } else { format!("default router for {lifetime} s") });
    for words in [&REACHABLE, &RETRANSMIT] {
        let time = r.u32(words)?;
        r.means(if time == 0 { "not said" } else { "ms" });
    }
    let found = options::read(r);
    let prefixes: String = found.prefixes.iter().map(|prefix| format!(" prefix {prefix}")).collect();
    facts.summary.push_str(&(from(&found) + &prefixes));
    Some(())
}

fn from(found: &Found) -> String {
    found.mac.as_ref().map_or_else(String::new, |mac| format!(" from {mac}"))
}

/// RFC 4191 §2.1: two bits, signed.
pub(super) const fn preference_name(bits: u64) -> &'static str {
    match bits {
        0 => "medium",
        1 => "high",
        2 => "reserved, taken as medium",
        _ => "low",
    }
}

fn read_solicitation(r: &mut Reader<'_>, facts: &mut Facts) -> Option<()> {
    r.raw(&RESERVED, 4)?;
    let target = r.ipv6(&SOLICIT_TARGET)?;
    r.means(ipv6::kind(target));
    facts.summary = format!("ICMPv6 Who has {target}?");
    match facts.source {
        Some(IpAddr::V6(Ipv6Addr::UNSPECIFIED)) => {
            // RFC 4862 §5.4.2.
            r.because("A host that is about to take this address asks whether someone has it already (duplicate address detection).");
            facts.summary.push_str(" (duplicate address detection)");
        }
        Some(source) => facts.summary.push_str(&format!(" Tell {source}")),
        None => {}
    }
    facts.summary.push_str(&from(&options::read(r)));
    Some(())
}

fn read_advertisement(r: &mut Reader<'_>, facts: &mut Facts) -> Option<()> {
    let flags = u32::from_be_bytes(*r.ahead().first_chunk()?);
    r.group(&FLAGS, |r| {
        r.flag(&ROUTER)?;
        r.flag(&SOLICITED)?;
        r.flag(&OVERRIDE)?;
        r.number(&FLAGS_RESERVED, 29)
    })?;
    r.says(format_args!("{flags:#010x}"));
    let named = [(31, "a router"), (30, "an answer"), (29, "replaces what was known")];
    let set: Vec<_> = named.iter().filter(|(bit, _)| flags >> bit & 1 == 1).map(|(_, name)| *name).collect();
    r.means(set.join(", "));
    let target = r.ipv6(&ADVERTISE_TARGET)?;
    r.means(ipv6::kind(target));
    let mac = options::read(r).mac;
    facts.claim = mac.clone().map(|mac| Claim { address: target.into(), mac });
    let place = mac.unwrap_or_else(|| "the address this frame came from".to_owned());
    facts.summary = format!("ICMPv6 {target} is at {place}");
    Some(())
}

fn read_redirect(r: &mut Reader<'_>, facts: &mut Facts) -> Option<()> {
    r.raw(&RESERVED, 4)?;
    let target = r.ipv6(&REDIRECT_TARGET)?;
    let destination = r.ipv6(&REDIRECT_DESTINATION)?;
    r.means(if target == destination { "on this link itself" } else { "" });
    facts.summary = format!("ICMPv6 Redirect for {destination} to {target}");
    options::read(r);
    Some(())
}
