//! The options of neighbor discovery: link addresses, prefixes, MTU, DNS servers. RFC 4861 §4.6.
use crate::wire::dns::name_alone;
use crate::wire::ethernet;
use crate::wire::reader::{Reader, Words};

use super::neighbor::preference_name;

const SOURCE: &str = "RFC 4861 §4.6";
const PREFIX_INFORMATION: &str = "RFC 4861 §4.6.2";

const OPTION: Words = Words::new(
    "icmpv6.opt",
    "Option",
    SOURCE,
    "What the message adds; receivers step over options they do not know, so that new ones can be introduced.",
);
const TYPE: Words = Words::new("icmpv6.opt.type", "Type", SOURCE, "Which option it is.");
const LENGTH: Words = Words::new(
    "icmpv6.opt.length",
    "Length",
    SOURCE,
    "The whole option in units of 8 bytes; 0 makes the message invalid.",
);
const LINK_ADDRESS: Words = Words::new(
    "icmpv6.opt.linkaddr",
    "Link-layer address",
    "RFC 4861 §4.6.1",
    "The MAC address that belongs to the sender or target, so that no further question is needed.",
);
const PREFIX_LENGTH: Words = Words::new(
    "icmpv6.opt.prefix.length",
    "Prefix length",
    PREFIX_INFORMATION,
    "How many bits of the prefix count; hosts make addresses of their own from 64 (RFC 4862 §5.5.3).",
);
const PREFIX_FLAGS: Words =
    Words::new("icmpv6.opt.prefix.flag", "Flags", PREFIX_INFORMATION, "What the prefix may be used for.");
const ON_LINK: Words = Words::new(
    "icmpv6.opt.prefix.flag.l",
    "On link",
    PREFIX_INFORMATION,
    "Set: addresses of this prefix are neighbors and are reached without a router.",
);
const AUTONOMOUS: Words = Words::new(
    "icmpv6.opt.prefix.flag.a",
    "Autonomous configuration",
    PREFIX_INFORMATION,
    "Set: hosts may make addresses of their own from it (SLAAC).",
);
const ROUTER_ADDRESS: Words = Words::new(
    "icmpv6.opt.prefix.flag.r",
    "Router address",
    "RFC 6275 §7.2",
    "Set: the prefix field holds the router's whole address.",
);
const PREFIX_FLAGS_RESERVED: Words =
    Words::new("icmpv6.opt.prefix.flag.reserved", "Reserved", PREFIX_INFORMATION, "Kept zero.");
const VALID: Words = Words::new(
    "icmpv6.opt.prefix.valid_lifetime",
    "Valid lifetime",
    PREFIX_INFORMATION,
    "How many seconds addresses made from the prefix may be used at all.",
);
const PREFERRED: Words = Words::new(
    "icmpv6.opt.prefix.preferred_lifetime",
    "Preferred lifetime",
    PREFIX_INFORMATION,
    "How many seconds new connections may begin from such addresses; after that they only live on.",
);
const RESERVED: Words = Words::new("icmpv6.opt.reserved", "Reserved", SOURCE, "Kept zero.");
const PREFIX: Words = Words::new(
    "icmpv6.opt.prefix",
    "Prefix",
    PREFIX_INFORMATION,
    "The first part of the addresses of this link; a host adds an interface identifier of its own.",
);
const MTU: Words = Words::new(
    "icmpv6.opt.mtu",
    "MTU",
    "RFC 4861 §4.6.4",
    "The largest packet on this link, where hosts could not know it themselves.",
);
const REDIRECTED: Words = Words::new(
    "icmpv6.opt.redirected_packet",
    "Redirected packet",
    "RFC 4861 §4.6.3",
    "The beginning of the packet that was redirected.",
);
const DNS_LIFETIME: Words = Words::new(
    "icmpv6.opt.rdnss.lifetime",
    "Lifetime",
    "RFC 8106 §5.1",
    "How many seconds the servers may be used; 0 means no longer.",
);
const DNS_SERVER: Words = Words::new(
    "icmpv6.opt.rdnss",
    "DNS server",
    "RFC 8106 §5.1",
    "A resolver the hosts of this link may ask, so that they need no DHCPv6 to find one.",
);
const SEARCH_LIFETIME: Words = Words::new(
    "icmpv6.opt.dnssl.lifetime",
    "Lifetime",
    "RFC 8106 §5.2",
    "How many seconds the search list may be used; 0 means no longer.",
);
const SEARCH_LIST: Words = Words::new(
    "icmpv6.opt.dnssl",
    "Search list",
    "RFC 8106 §5.2",
    "A domain to be tried behind a short name, in DNS's form: a length before each label.",
);
const PADDING: Words = Words::new(
    "icmpv6.opt.padding",
    "Padding",
    "RFC 8106 §5.2",
    "Zeros, so that the option becomes a multiple of 8 bytes.",
);
const ROUTE_FLAGS: Words =
    Words::new("icmpv6.opt.route_info.flag", "Flags", "RFC 4191 §2.3", "How much this route is preferred.");
const ROUTE_RESERVED: Words =
    Words::new("icmpv6.opt.route_info.flag.reserved", "Reserved", "RFC 4191 §2.3", "Kept zero.");
const ROUTE_PREFERENCE: Words = Words::new(
    "icmpv6.opt.route_info.flag.route_preference",
    "Route preference",
    "RFC 4191 §2.3",
    "Of several routers with a route to the prefix the higher preference wins.",
);
const ROUTE_LIFETIME: Words =
    Words::new("icmpv6.opt.route_lifetime", "Route lifetime", "RFC 4191 §2.3", "How many seconds the route holds.");
const ROUTE_PREFIX: Words = Words::new(
    "icmpv6.opt.prefix.bytes",
    "Prefix",
    "RFC 4191 §2.3",
    "The destinations this router is to be used for; as many bytes as the length needs.",
);
const NAT64_LIFETIME: Words = Words::new(
    "icmpv6.opt.pref64.scaled_lifetime",
    "Scaled lifetime",
    "RFC 8781 §4",
    "In units of 8 seconds, how long the prefix may be used.",
);
const NAT64_LENGTH: Words = Words::new(
    "icmpv6.opt.pref64.plc",
    "Prefix length code",
    "RFC 8781 §4",
    "Which of the six lengths the prefix has.",
);
const NAT64_PREFIX: Words = Words::new(
    "icmpv6.opt.pref64.prefix.bytes",
    "NAT64 prefix",
    "RFC 8781 §4",
    "Put in front of an IPv4 address it reaches that host through the NAT64 of this network.",
);
const NONCE: Words = Words::new(
    "icmpv6.opt.nonce",
    "Nonce",
    "RFC 3971 §5.3.2",
    "A random number, by which a sender tells its own solicitation, looped back, from a real duplicate (RFC 7527 §4).",
);
const DATA: Words = Words::new(
    "icmpv6.opt.data",
    "Option data",
    SOURCE,
    "An option this program does not take apart; receivers step over what they do not know.",
);
const LEFT_OVER: Words = Words::new(
    "_ws.malformed",
    "Unreadable",
    SOURCE,
    "An option's length leads out of the message, so the rest cannot be told apart.",
);

/// What of the options belongs in the message's line.
#[derive(Default)]
pub(super) struct Found {
    /// The sender's or the target's.
    pub(super) mac: Option<String>,
    /// With its length: `2001:db8::/64`.
    pub(super) prefixes: Vec<String>,
}

/// Reads all options up to the end of the message; what cannot be read is left over.
pub(super) fn read(r: &mut Reader<'_>) -> Found {
    let mut found = Found::default();
    while let [kind, units, ..] = *r.ahead() {
        let length = usize::from(units) * 8;
        if length == 0 || length > r.left() {
            let here = r.position();
            r.problem(
                here..here + r.left(),
                format_args!("option {kind} says it has {length} bytes; {} are left", r.left()),
            );
            r.rest(&LEFT_OVER);
            return found;
        }
        let mut said = String::new();
        r.group(&OPTION, |r| {
            r.u8(&TYPE)?;
            r.means(name(kind));
            r.u8(&LENGTH)?;
            r.means(format_args!("{length} bytes"));
            r.within(length - 2, &DATA, |r| said = read_data(r, kind, &mut found).unwrap_or_default())
        });
        r.labelled(name(kind));
        r.says(said);
    }
    if r.left() > 0 {
        let here = r.position();
        r.problem(here..here + r.left(), "an option is cut short");
        r.rest(&LEFT_OVER);
    }
    found
}

/// Reads what an option carries, and says it in short.
fn read_data(r: &mut Reader<'_>, kind: u8, found: &mut Found) -> Option<String> {
    match kind {
        1 | 2 if r.left() == 6 => {
            let mac = ethernet::address(r, &LINK_ADDRESS)?;
            found.mac = Some(mac.clone());
            Some(mac)
        }
        3 => {
            let prefix = read_prefix(r)?;
            if found.prefixes.len() < 4 {
                found.prefixes.push(prefix.clone());
            }
            Some(prefix)
        }
        4 => {
            r.raw(&RESERVED, 6)?;
            let length = r.left();
            r.raw(&REDIRECTED, length)?;
            Some(format!("{length} bytes"))
        }
        5 => {
            r.raw(&RESERVED, 2)?;
            r.u32(&MTU).map(|mtu| format!("{mtu} bytes"))
        }
        14 => {
            let length = r.left();
            r.raw(&NONCE, length)?;
            Some(format!("{length} bytes"))
        }
        24 => read_route(r),
        25 => read_servers(r),
        31 => read_search_list(r),
        38 => read_nat64(r),
        _ => Some(format!("{} bytes", r.left())),
    }
}

fn read_prefix(r: &mut Reader<'_>) -> Option<String> {
    let length = r.u8(&PREFIX_LENGTH)?;
    let flags = *r.ahead().first()?;
    r.group(&PREFIX_FLAGS, |r| {
        r.flag(&ON_LINK)?;
        r.flag(&AUTONOMOUS)?;
        r.flag(&ROUTER_ADDRESS)?;
        r.number(&PREFIX_FLAGS_RESERVED, 5)
    })?;
    r.says(format_args!("{flags:#04x}"));
    for words in [&VALID, &PREFERRED] {
        let seconds = r.u32(words)?;
        r.means(if seconds == u32::MAX { "for ever" } else { "seconds" });
    }
    r.raw(&RESERVED, 4)?;
    let prefix = r.ipv6(&PREFIX)?;
    Some(format!("{prefix}/{length}"))
}

fn read_route(r: &mut Reader<'_>) -> Option<String> {
    let length = r.u8(&PREFIX_LENGTH)?;
    let flags = *r.ahead().first()?;
    r.group(&ROUTE_FLAGS, |r| {
        r.number(&ROUTE_RESERVED, 3)?;
        let preference = r.number(&ROUTE_PREFERENCE, 2)?;
        r.means(preference_name(preference));
        r.number(&ROUTE_RESERVED, 3)
    })?;
    r.says(format_args!("{flags:#04x}"));
    r.u32(&ROUTE_LIFETIME)?;
    let prefix = read_partial(r, &ROUTE_PREFIX)?;
    Some(format!("{prefix}/{length}"))
}

/// Reads an address whose last bytes may be left out.
fn read_partial(r: &mut Reader<'_>, words: &Words) -> Option<std::net::Ipv6Addr> {
    let mut octets = [0; 16];
    let there = r.left().min(16);
    if there > 0 {
        octets[..there].copy_from_slice(r.raw(words, there)?);
        r.says(std::net::Ipv6Addr::from(octets));
    }
    Some(octets.into())
}

fn read_servers(r: &mut Reader<'_>) -> Option<String> {
    r.raw(&RESERVED, 2)?;
    r.u32(&DNS_LIFETIME)?;
    let mut all = Vec::new();
    while r.left() >= 16 {
        all.push(r.ipv6(&DNS_SERVER)?.to_string());
    }
    Some(all.join(", "))
}

fn read_search_list(r: &mut Reader<'_>) -> Option<String> {
    r.raw(&RESERVED, 2)?;
    r.u32(&SEARCH_LIFETIME)?;
    let mut all = Vec::new();
    while r.ahead().first().is_some_and(|length| *length > 0) {
        let (name, length) = name_alone(r.ahead(), 0)?;
        r.raw(&SEARCH_LIST, length)?;
        r.says(&name);
        all.push(name);
    }
    if r.left() > 0 {
        r.raw(&PADDING, r.left())?;
    }
    Some(all.join(", "))
}

fn read_nat64(r: &mut Reader<'_>) -> Option<String> {
    let lifetime = r.number(&NAT64_LIFETIME, 13)?;
    r.means(format_args!("{} seconds", lifetime * 8));
    let code = r.number(&NAT64_LENGTH, 3)?;
    // RFC 8781 §4: 96, 64, 56, 48, 40, 32.
    let length = [96, 64, 56, 48, 40, 32].get(usize::try_from(code).ok()?);
    r.means(length.map_or_else(|| "not assigned".to_owned(), |length| format!("/{length}")));
    let prefix = read_partial(r, &NAT64_PREFIX)?;
    Some(format!("{prefix}/{}", length.unwrap_or(&128)))
}

/// IANA IPv6 Neighbor Discovery Option Formats.
const fn name(kind: u8) -> &'static str {
    match kind {
        1 => "Source link-layer address",
        2 => "Target link-layer address",
        3 => "Prefix information",
        4 => "Redirected header",
        5 => "MTU",
        7 => "Advertisement interval",
        14 => "Nonce",
        24 => "Route information",
        25 => "Recursive DNS server",
        26 => "Flags extension",
        31 => "DNS search list",
        37 => "Captive portal",
        38 => "NAT64 prefix",
        _ => "Unknown option",
    }
}
