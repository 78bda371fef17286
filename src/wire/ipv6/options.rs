//! The options of the hop-by-hop and destination options headers. RFC 8200 §4.2.
use crate::wire::reader::{Reader, Words};

const SOURCE: &str = "RFC 8200 §4.2";

const OPTION: Words = Words::new(
    "ipv6.opt",
    "Option",
    SOURCE,
    "A request to the routers on the way or to the destination; its type says what to do where it is not known.",
);
const TYPE: Words = Words::new("ipv6.opt.type", "Type", SOURCE, "Which option it is, and how it is to be treated.");
const ACTION: Words = Words::new(
    "ipv6.opt.type.action",
    "Action where unknown",
    SOURCE,
    "What a node does that does not know the option: go on, or drop the packet, silently or with an error.",
);
const CHANGE: Words = Words::new(
    "ipv6.opt.type.change",
    "May change on the way",
    SOURCE,
    "Whether routers may change its data, which an authentication header must then leave out.",
);
const REST: Words = Words::new("ipv6.opt.type.rest", "Number", SOURCE, "With the three bits before it, the option.");
const LENGTH: Words = Words::new(
    "ipv6.opt.length",
    "Length",
    SOURCE,
    "The option's data without type and length, so that unknown ones can be stepped over.",
);
const PAD1: Words =
    Words::new("ipv6.opt.pad1", "Pad1", SOURCE, "One byte of nothing, so that what follows is aligned.");
const PADN: Words =
    Words::new("ipv6.opt.padn", "PadN", SOURCE, "Nothing, so that the header becomes a multiple of 8 bytes.");
const ROUTER_ALERT: Words = Words::new(
    "ipv6.opt.router_alert",
    "Router alert",
    "RFC 2711 §2.1",
    "Asks routers to look into the packet although it is not for them: 0 is for group membership (MLD).",
);
const JUMBO: Words = Words::new(
    "ipv6.opt.jumbo",
    "Jumbo payload length",
    "RFC 2675 §2",
    "The length of a payload above 65535 bytes; the header's own length is 0 then.",
);
const TUNNEL_LIMIT: Words = Words::new(
    "ipv6.opt.tel",
    "Tunnel encapsulation limit",
    "RFC 2473 §4.1.1",
    "How many more tunnels may be put around the packet.",
);
const PATH_MTU: Words = Words::new(
    "ipv6.opt.pmtu.min",
    "Smallest MTU seen",
    "RFC 9268 §5",
    "Every router writes its MTU here when it is smaller, so that the receiver learns the smallest of the path.",
);
const RETURNED_MTU: Words = Words::new(
    "ipv6.opt.pmtu.rtn",
    "Returned MTU",
    "RFC 9268 §5",
    "The smallest MTU of the way back, as the other host found it; the last bit asks for it.",
);
const HOME: Words = Words::new(
    "ipv6.opt.mipv6.home_address",
    "Home address",
    "RFC 6275 §6.3",
    "The address a mobile host is known by.",
);
const EXPERIMENT: Words = Words::new(
    "ipv6.opt.experimental",
    "Experimental data",
    "RFC 4727",
    "The number is for experiments: only those who agreed on one know what it means.",
);
const UNKNOWN: Words = Words::new(
    "ipv6.opt.unknown",
    "Option data",
    SOURCE,
    "An option this program has no words for; a node steps over it by its length, or does what the type says.",
);
pub(super) const LEFT_OVER: Words = Words::new(
    "_ws.malformed",
    "Unreadable",
    SOURCE,
    "An option's length leads out of the header, so the rest cannot be told apart.",
);

/// Reads all options; what cannot be read is left over.
pub(super) fn read(r: &mut Reader<'_>) {
    while let Some(kind) = r.ahead().first().copied() {
        let length = match kind {
            0 => 1,
            _ => r.ahead().get(1).map_or(usize::MAX, |length| usize::from(*length) + 2),
        };
        if length > r.left() {
            let here = r.position();
            r.problem(here..here + r.left(), format_args!("option {kind} leads out of its header"));
            return;
        }
        r.group(&OPTION, |r| read_one(r, kind, length));
        r.says(name(kind));
    }
}

fn read_one(r: &mut Reader<'_>, kind: u8, length: usize) -> Option<()> {
    if kind == 0 {
        r.u8(&PAD1)?;
        return Some(());
    }
    r.group(&TYPE, |r| {
        r.number(&ACTION, 2)?;
        r.means(
            ["go on", "drop", "drop and send an error", "drop and, unless it went to a group, send an error"]
                [usize::from(kind >> 6)],
        );
        r.flag(&CHANGE)?;
        r.number(&REST, 5)
    })?;
    r.says(format_args!("{kind:#04x}"));
    r.means(name(kind));
    r.u8(&LENGTH)?;
    r.within(length - 2, &UNKNOWN, |r| read_data(r, kind))?;
    Some(())
}

fn read_data(r: &mut Reader<'_>, kind: u8) -> Option<()> {
    let length = r.left();
    match (kind, length) {
        (1, 1..) => {
            r.raw(&PADN, length)?;
        }
        (5, 2) => {
            let value = r.u16(&ROUTER_ALERT)?;
            r.means(match value {
                0 => "a message about group membership (MLD)",
                1 => "a reservation (RSVP)",
                2 => "active networks",
                _ => "",
            });
        }
        (0x1e | 0x3e | 0x5e | 0x7e | 0x9e | 0xbe | 0xde | 0xfe, 1..) => {
            r.raw(&EXPERIMENT, length)?;
        }
        (0x04, 1) => {
            r.u8(&TUNNEL_LIMIT)?;
        }
        (0x30, 4) => {
            r.u16(&PATH_MTU)?;
            r.u16(&RETURNED_MTU)?;
        }
        (0xc2, 4) => {
            r.u32(&JUMBO)?;
        }
        (0xc9, 16) => {
            r.ipv6(&HOME)?;
        }
        _ => {}
    }
    Some(())
}

/// IANA IPv6 Destination Options and Hop-by-Hop Options.
const fn name(kind: u8) -> &'static str {
    match kind {
        0 => "Pad1",
        1 => "PadN",
        0x04 => "Tunnel encapsulation limit",
        0x05 => "Router alert",
        0x30 => "Minimum path MTU",
        0xc2 => "Jumbo payload",
        0xc9 => "Home address",
        0x1e | 0x3e | 0x5e | 0x7e | 0x9e | 0xbe | 0xde | 0xfe => "For experiments",
        _ => "Unknown option",
    }
}
