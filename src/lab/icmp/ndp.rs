//! Messages of Neighbor Discovery (RFC 4861 §4), between bytes and named fields; what RFC 4861 says to ignore is `None`.
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use etherparse::{Icmpv6Slice, Icmpv6Type, IpNumber};

use crate::lab::frame::Mac;
use crate::lab::interface::solicited_node;
use crate::lab::ip::{self, Envelope, Packet};
use crate::lab::route::Network;

/// Everybody on the link (RFC 4291 §2.7.1).
pub(crate) const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
/// Every router on the link.
pub(crate) const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);

/// Such a message did not cross a router (RFC 4861 §6.1, §7.1): no router lets a packet pass with this hop limit.
const HOPS: u8 = 255;

const ROUTER_SOLICITATION: u8 = 133;
const ROUTER_ADVERTISEMENT: u8 = 134;
const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;
const REDIRECT: u8 = 137;

/// Options (RFC 4861 §4.6, RFC 8106 §5.1).
const SOURCE_MAC: u8 = 1;
const TARGET_MAC: u8 = 2;
const PREFIX: u8 = 3;
const REDIRECTED: u8 = 4;
const MTU: u8 = 5;
const DNS: u8 = 25;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    RouterSolicitation {
        mac: Option<Mac>,
    },
    RouterAdvertisement(RouterAdvertisement),
    /// Who has `target`?
    Solicitation {
        target: Ipv6Addr,
        mac: Option<Mac>,
    },
    Advertisement(Advertisement),
    Redirect(Redirect),
}

/// What goes to `destination` goes to `target` first, which has this MAC (RFC 4861 §4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Redirect {
    pub(crate) target: Ipv6Addr,
    pub(crate) destination: Ipv6Addr,
    pub(crate) mac: Option<Mac>,
}

/// I have `target`, and this is my MAC (RFC 4861 §4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Advertisement {
    pub(crate) target: Ipv6Addr,
    pub(crate) mac: Option<Mac>,
    /// The R flag.
    pub(crate) router: bool,
    /// The S flag: it answers a solicitation.
    pub(crate) solicited: bool,
    /// The O flag: an entry with another MAC is to be replaced.
    pub(crate) replaces: bool,
}

/// What a router says of itself and of its link (RFC 4861 §4.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RouterAdvertisement {
    /// 0: the router does not say.
    pub(crate) hop_limit: u8,
    /// The M flag: addresses are to be had by DHCPv6.
    pub(crate) managed: bool,
    /// The O flag: other configuration is.
    pub(crate) other: bool,
    /// How long it may be a default router; 0: it is none. Whole seconds, at most 65535.
    pub(crate) lifetime: Duration,
    pub(crate) mac: Option<Mac>,
    pub(crate) mtu: Option<u32>,
    pub(crate) prefixes: Vec<Prefix>,
    pub(crate) dns: Vec<Ipv6Addr>,
}

/// A prefix of the link (RFC 4861 §4.6.2). Whole seconds; `u32::MAX` of them are for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prefix {
    pub(crate) network: Network,
    /// The L flag.
    pub(crate) on_link: bool,
    /// The A flag: hosts may make addresses of it.
    pub(crate) autonomous: bool,
    pub(crate) valid: Duration,
    pub(crate) preferred: Duration,
}

/// Whether a packet is a message of Neighbor Discovery, sound or not. What a later piece begins with is no type.
pub(crate) fn is_meant(packet: &Packet<'_>) -> bool {
    !packet.is_later_fragment
        && packet.protocol == IpNumber::IPV6_ICMP
        && packet.payload.first().is_some_and(|it| (ROUTER_SOLICITATION..=REDIRECT).contains(it))
}

/// The ICMPv6 message, and the address it came from.
fn packet(from: Ipv6Addr, to: Ipv6Addr, kind: (u8, [u8; 4]), body: &[u8]) -> Option<Vec<u8>> {
    let (type_u8, bytes5to8) = kind;
    let header = Icmpv6Type::Unknown { type_u8, code_u8: 0, bytes5to8 };
    let header = header.to_header(from.octets(), to.octets(), body).ok()?;
    let envelope = Envelope { hops: HOPS, ..Envelope::new(from.into(), to.into(), IpNumber::IPV6_ICMP) };
    ip::write(&envelope, [&header.to_bytes(), body].concat())
}

/// An option with an Ethernet address.
fn mac_option(kind: u8, mac: Option<Mac>) -> Vec<u8> {
    mac.map_or_else(Vec::new, |mac| [&[kind, 1], &mac.0[..]].concat())
}

/// Asks the group of `target` who has it; from `::` to find out whether anybody has (RFC 4862 §5.4.2).
pub(crate) fn solicitation(from: Ipv6Addr, to: Ipv6Addr, target: Ipv6Addr, mac: Mac) -> Option<Vec<u8>> {
    let mac = (!from.is_unspecified()).then_some(mac);
    let body = [&target.octets()[..], &mac_option(SOURCE_MAC, mac)].concat();
    packet(from, to, (SOLICITATION, [0; 4]), &body)
}

/// The same, to the group in which whoever has `target` listens.
pub(crate) fn solicitation_to_group(from: Ipv6Addr, target: Ipv6Addr, mac: Mac) -> Option<Vec<u8>> {
    solicitation(from, solicited_node(target), target, mac)
}

/// Says who has an address.
pub(crate) fn advertisement(from: Ipv6Addr, to: Ipv6Addr, it: &Advertisement) -> Option<Vec<u8>> {
    let flags = u8::from(it.router) << 7 | u8::from(it.solicited) << 6 | u8::from(it.replaces) << 5;
    let body = [&it.target.octets()[..], &mac_option(TARGET_MAC, it.mac)].concat();
    packet(from, to, (ADVERTISEMENT, [flags, 0, 0, 0]), &body)
}

/// Tells the sender of `about` of a nearer first hop, and quotes as much of it as IPv6's smallest MTU takes.
pub(crate) fn redirect(from: Ipv6Addr, to: Ipv6Addr, it: &Redirect, about: &[u8]) -> Option<Vec<u8>> {
    const SMALLEST_MTU: usize = 1280;
    // The IPv6 header, the ICMPv6 header with both addresses, and the beginning of the option.
    const BEFORE: usize = 40 + 40 + 8;
    let mac = mac_option(TARGET_MAC, it.mac);
    let room = (SMALLEST_MTU - BEFORE - mac.len()) / 8 * 8;
    let mut quoted = about[..about.len().min(room)].to_vec();
    quoted.resize(quoted.len().next_multiple_of(8), 0);
    let units = u8::try_from(1 + quoted.len() / 8).ok()?;
    let option = [&[REDIRECTED, units, 0, 0, 0, 0, 0, 0], &quoted[..]].concat();
    let body = [&it.target.octets()[..], &it.destination.octets(), &mac, &option].concat();
    packet(from, to, (REDIRECT, [0; 4]), &body)
}

/// Asks for routers.
pub(crate) fn router_solicitation(from: Ipv6Addr, mac: Mac) -> Option<Vec<u8>> {
    let mac = (!from.is_unspecified()).then_some(mac);
    packet(from, ALL_ROUTERS, (ROUTER_SOLICITATION, [0; 4]), &mac_option(SOURCE_MAC, mac))
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

/// A router speaks.
pub(crate) fn router_advertisement(from: Ipv6Addr, it: &RouterAdvertisement) -> Option<Vec<u8>> {
    let flags = u8::from(it.managed) << 7 | u8::from(it.other) << 6;
    let [a, b] = u16::try_from(it.lifetime.as_secs()).unwrap_or(u16::MAX).to_be_bytes();
    // Reachable time and retransmission timer: the router does not say.
    let mut body = vec![0; 8];
    body.extend(mac_option(SOURCE_MAC, it.mac));
    if let Some(mtu) = it.mtu {
        body.extend([MTU, 1, 0, 0]);
        body.extend(mtu.to_be_bytes());
    }
    for prefix in &it.prefixes {
        let IpAddr::V6(address) = prefix.network.address else { continue };
        let flags = u8::from(prefix.on_link) << 7 | u8::from(prefix.autonomous) << 6;
        body.extend([PREFIX, 4, prefix.network.prefix, flags]);
        body.extend(seconds(prefix.valid).to_be_bytes());
        body.extend(seconds(prefix.preferred).to_be_bytes());
        body.extend([0; 4]);
        body.extend(address.octets());
    }
    if !it.dns.is_empty() {
        let units = u8::try_from(1 + 2 * it.dns.len()).ok()?;
        body.extend([DNS, units, 0, 0]);
        // RFC 8106 §5.1: three times the longest interval between two advertisements, as the router's lifetime is.
        body.extend(seconds(it.lifetime).to_be_bytes());
        body.extend(it.dns.iter().flat_map(Ipv6Addr::octets));
    }
    packet(from, ALL_NODES, (ROUTER_ADVERTISEMENT, [it.hop_limit, flags, a, b]), &body)
}

/// Reads a message that stands the tests of RFC 4861 §6.1, §7.1 and §8.1, and of RFC 6980 §5: it has no fragment header.
pub(crate) fn read(packet: &Packet<'_>) -> Option<Message> {
    let (IpAddr::V6(from), IpAddr::V6(to)) = (packet.from, packet.to) else { return None };
    let icmp = Icmpv6Slice::from_slice(packet.payload).ok()?;
    let in_pieces = ip::has_fragment_header(packet.bytes);
    let sound =
        !in_pieces && packet.hops == HOPS && icmp.code_u8() == 0 && icmp.is_checksum_valid(from.octets(), to.octets());
    // etherparse counts part of some messages to the header: here all but the first 8 bytes is body.
    let (words, body) = (icmp.bytes5to8(), sound.then(|| packet.payload.get(8..))??);
    match icmp.type_u8() {
        ROUTER_SOLICITATION => {
            let mac = mac(&options(body)?, SOURCE_MAC);
            (!from.is_unspecified() || mac.is_none()).then_some(Message::RouterSolicitation { mac })
        }
        ROUTER_ADVERTISEMENT if from.is_unicast_link_local() => {
            read_router(words, &options(body.get(8..)?)?).map(Message::RouterAdvertisement)
        }
        SOLICITATION => {
            let (target, mac) = (target(body)?, mac(&options(body.get(16..)?)?, SOURCE_MAC));
            // RFC 4861 §7.1.1: who has no address yet asks the group, and gives no MAC.
            let checks = !from.is_unspecified() || mac.is_none() && to == solicited_node(target);
            checks.then_some(Message::Solicitation { target, mac })
        }
        ADVERTISEMENT => {
            let (target, mac) = (target(body)?, mac(&options(body.get(16..)?)?, TARGET_MAC));
            let flag = |n: u8| words[0] >> n & 1 == 1;
            let it = Advertisement { target, mac, router: flag(7), solicited: flag(6), replaces: flag(5) };
            // RFC 4861 §7.1.2: what goes to many answers nobody.
            (!to.is_multicast() || !it.solicited).then_some(Message::Advertisement(it))
        }
        // RFC 4861 §8.1
        REDIRECT if from.is_unicast_link_local() => {
            let (hop, destination) = (target(body)?, target(body.get(16..)?)?);
            let mac = mac(&options(body.get(32..)?)?, TARGET_MAC);
            let names_it = hop == destination || hop.is_unicast_link_local();
            names_it.then_some(Message::Redirect(Redirect { target: hop, destination, mac }))
        }
        _ => None,
    }
}

fn target(body: &[u8]) -> Option<Ipv6Addr> {
    let target = Ipv6Addr::from(<[u8; 16]>::try_from(body.get(..16)?).ok()?);
    (!target.is_multicast()).then_some(target)
}

/// Kind and value of each option; `None` when one has no length or too much (RFC 4861 §4.6).
fn options(mut bytes: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut options = Vec::new();
    while let [kind, length, ..] = *bytes {
        let length = usize::from(length) * 8;
        let (option, rest) = bytes.split_at_checked(length).filter(|_| length > 0)?;
        options.push((kind, &option[2..]));
        bytes = rest;
    }
    bytes.is_empty().then_some(options)
}

fn mac(options: &[(u8, &[u8])], wanted: u8) -> Option<Mac> {
    let (_, value) = options.iter().find(|(kind, _)| *kind == wanted)?;
    Some(Mac((*value).try_into().ok()?))
}

fn read_router(words: [u8; 4], options: &[(u8, &[u8])]) -> Option<RouterAdvertisement> {
    let [hop_limit, flags, a, b] = words;
    let lifetime = Duration::from_secs(u16::from_be_bytes([a, b]).into());
    let mut it = RouterAdvertisement { hop_limit, lifetime, mac: mac(options, SOURCE_MAC), ..Default::default() };
    (it.managed, it.other) = (flags >> 7 & 1 == 1, flags >> 6 & 1 == 1);
    for (kind, value) in options {
        match *kind {
            MTU => it.mtu = Some(u32::from_be_bytes(value.get(2..6)?.try_into().ok()?)),
            PREFIX => it.prefixes.extend(read_prefix(value)),
            DNS => {
                let (servers, _) = value.get(6..)?.as_chunks::<16>();
                it.dns.extend(servers.iter().copied().map(Ipv6Addr::from));
            }
            _ => {}
        }
    }
    Some(it)
}

fn read_prefix(value: &[u8]) -> Option<Prefix> {
    let word = |at: usize| Some(u32::from_be_bytes(value.get(at..at + 4)?.try_into().ok()?));
    let address = Ipv6Addr::from(<[u8; 16]>::try_from(value.get(14..30)?).ok()?);
    let (prefix, flags) = (*value.first()?, *value.get(1)?);
    Some(Prefix {
        network: Network { address: address.into(), prefix: (prefix <= 128).then_some(prefix)? }.network(),
        on_link: flags >> 7 & 1 == 1,
        autonomous: flags >> 6 & 1 == 1,
        valid: Duration::from_secs(word(2)?.into()),
        preferred: Duration::from_secs(word(6)?.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
    const YOU: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 2);
    const MINE: Mac = Mac([2, 0, 0, 0, 0, 1]);

    fn again(bytes: Option<Vec<u8>>) -> Option<Message> {
        let bytes = bytes.expect("small");
        let packet = ip::read(&bytes).expect("whole");
        assert!(is_meant(&packet));
        read(&packet)
    }

    #[test]
    fn what_is_written_is_read_again() {
        let asked = again(solicitation_to_group(ME, YOU, MINE));
        assert_eq!(asked, Some(Message::Solicitation { target: YOU, mac: Some(MINE) }));
        let probe = again(solicitation_to_group(Ipv6Addr::UNSPECIFIED, YOU, MINE));
        assert_eq!(probe, Some(Message::Solicitation { target: YOU, mac: None }));
        let told = Advertisement { target: ME, mac: Some(MINE), router: true, solicited: true, replaces: false };
        assert_eq!(again(advertisement(ME, YOU, &told)), Some(Message::Advertisement(told)));
        assert_eq!(again(advertisement(ME, ALL_NODES, &told)), None, "to all nodes nothing is solicited");
        let better =
            Redirect { target: YOU, destination: Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 9), mac: Some(MINE) };
        let about = vec![0x60; 2000];
        assert_eq!(again(redirect(ME, YOU, &better, &about)), Some(Message::Redirect(better)));
        let whole = redirect(ME, YOU, &better, &about).expect("small");
        assert!((1273..=1280).contains(&whole.len()), "RFC 4861 §4.6.3: no more than IPv6's smallest MTU");
        let global = Redirect { target: Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), ..better };
        assert_eq!(again(redirect(ME, YOU, &global, &about)), None, "RFC 4861 §8.1: a router is link-local");
        assert_eq!(again(redirect(better.destination, YOU, &better, &about)), None, "and so is who says so");
        assert_eq!(again(router_solicitation(ME, MINE)), Some(Message::RouterSolicitation { mac: Some(MINE) }));
    }

    #[test]
    fn a_router_is_heard_with_all_it_says() {
        let prefix = Prefix {
            network: "2001:db8:1::/64".parse().expect("a network"),
            on_link: true,
            autonomous: true,
            valid: Duration::from_secs(2_592_000),
            preferred: Duration::from_secs(604_800),
        };
        let it = RouterAdvertisement {
            hop_limit: 64,
            managed: false,
            other: true,
            lifetime: Duration::from_secs(1800),
            mac: Some(MINE),
            mtu: Some(1400),
            prefixes: vec![prefix],
            dns: vec![Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 0x53)],
        };
        assert_eq!(again(router_advertisement(ME, &it)), Some(Message::RouterAdvertisement(it.clone())));
        let far = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
        assert_eq!(again(router_advertisement(far, &it)), None, "RFC 4861 §6.1.2: a router speaks link-locally");
    }

    #[test]
    fn what_crossed_a_router_or_is_damaged_is_not_heard() {
        let bytes = solicitation_to_group(ME, YOU, MINE).expect("small");
        let crossed = ip::one_hop_on(&bytes);
        assert!(read(&ip::read(&crossed).expect("whole")).is_none());
        let (whole, mut damaged) = (bytes.clone(), bytes);
        *damaged.last_mut().expect("bytes") ^= 1;
        assert!(read(&ip::read(&damaged).expect("whole")).is_none());
        let cut = ip::fragment_at_source(whole, 1280, 1).expect("one piece");
        assert!(ip::read(&cut[0]).is_some_and(|it| is_meant(&it) && read(&it).is_none()), "RFC 6980 §5");
        let without_length = packet(ME, YOU, (SOLICITATION, [0; 4]), &[&YOU.octets()[..], &[1, 0, 0, 0]].concat());
        assert_eq!(again(without_length), None, "RFC 4861 §4.6: an option without length");
        assert_eq!(again(packet(ME, YOU, (SOLICITATION, [0; 4]), &[1; 15])), None);
    }
}
