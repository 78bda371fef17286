//! DHCP's options: one after another, each with its code and length. RFC 2132 §2.
use std::net::Ipv4Addr;

use super::kinds::{self, Kind, Shape};
use crate::wire::dns::name_alone;
use crate::wire::ethernet;
use crate::wire::reader::{Reader, Words};
use crate::wire::text::{hex_start, visible_start};

const SOURCE: &str = "RFC 2132 §2";

const CODE: Words = Words::new("dhcp.option.code", "Code", SOURCE, "Which option it is.");
const LENGTH: Words = Words::new(
    "dhcp.option.length",
    "Length",
    SOURCE,
    "The option's data without code and length, so that unknown ones can be stepped over.",
);
const PAD: Words =
    Words::new("dhcp.option.padding", "Padding", "RFC 2132 §3.1", "Zeros, so that what follows is aligned.");
const END: Words = Words::new("dhcp.option.end", "End", "RFC 2132 §3.2", "The last option: what follows is padding.");
pub(super) const AFTER_END: Words = Words::new(
    "dhcp.option.padding",
    "Padding after the end",
    "RFC 951 §3",
    "Many relays and servers drop messages shorter than BOOTP's 300 bytes, so clients fill up with zeros.",
);
pub(super) const FIELD_PADDING: Words = Words::new(
    "dhcp.option.field_padding",
    "Padding after the end",
    "RFC 2132 §9.3",
    "The field has the same length whatever the options need.",
);
const LEFT_OVER: Words = Words::new(
    "_ws.malformed",
    "Unreadable",
    SOURCE,
    "An option's length leads out of the message, so the rest cannot be told apart.",
);
const DATA: Words =
    Words::new("dhcp.option.value", "Option data", SOURCE, "An option this program does not take apart.");
const SUBOPTION: Words = Words::new(
    "dhcp.option.agent_information_option.suboption",
    "Suboption",
    "RFC 3046 §2.0",
    "A fact the relay adds about the client.",
);
const SUBOPTION_CODE: Words = Words::new(
    "dhcp.option.suboption_code",
    "Suboption code",
    "RFC 3046 §2.0",
    "1 is the port of the switch the client hangs on, 2 who the subscriber is.",
);
const SUBOPTION_LENGTH: Words = Words::new(
    "dhcp.option.suboption_length",
    "Suboption length",
    "RFC 3046 §2.0",
    "So that unknown ones can be stepped over.",
);
const SUBOPTION_DATA: Words = Words::new(
    "dhcp.option.agent_information_option.value",
    "Suboption data",
    "RFC 3046 §2.0",
    "Only who set it up can read it.",
);
const PREFIX_LENGTH: Words = Words::new(
    "dhcp.option.classless_static_route.width",
    "Prefix length",
    "RFC 3442",
    "How many bits of the destination count; so many bytes of it follow as are needed for them.",
);
const ROUTE: Words = Words::new(
    "dhcp.option.classless_static_route.destination",
    "Destination",
    "RFC 3442",
    "Packets for this subnet go to the router that follows; without any byte it is the default route.",
);
const ROUTE_ROUTER: Words =
    Words::new("dhcp.option.classless_static_route.router", "Router", "RFC 3442", "Where such packets go.");
const ID_TYPE: Words = Words::new(
    "dhcp.client_id.type",
    "Kind of identifier",
    "RFC 2132 §9.14",
    "A link address of that kind, or 255 for an identifier that DHCPv6 has too (RFC 4361 §6.1), or 0 for any bytes.",
);
const LINK_TYPE: Words =
    Words::new("dhcp.hw.type", "Hardware type", "RFC 2132 §9.14", "What kind of link address the identifier is.");
const LINK_ADDRESS: Words = Words::new(
    "dhcp.hw.mac_addr",
    "MAC address",
    "RFC 2132 §9.14",
    "Most clients identify themselves by their MAC address.",
);
const FQDN_FLAGS: Words = Words::new(
    "dhcp.fqdn.flags",
    "Flags",
    "RFC 4702 §2.1",
    "Who enters the name into DNS, and how it is written here.",
);
const FQDN_CODES: Words = Words::new("dhcp.fqdn.rcodes", "Unused codes", "RFC 4702 §2.2", "255 or 0; no longer read.");
const FQDN_NAME: Words = Words::new("dhcp.fqdn.name", "Name", "RFC 4702 §2.3", "The client's whole name.");

/// What of the options belongs in the message's line.
#[derive(Default)]
pub(super) struct Said {
    pub(super) message: Option<&'static str>,
    requested: Option<Ipv4Addr>,
    lease: Option<u32>,
}

impl Said {
    /// ` 192.0.2.10 for 3600 s`.
    pub(super) fn about(&self, client: Ipv4Addr, your: Ipv4Addr) -> String {
        let address = if !your.is_unspecified() { Some(your) } else { self.requested };
        let address = address.or_else(|| (!client.is_unspecified()).then_some(client));
        let lease = self.lease.filter(|_| !your.is_unspecified());
        let lease = lease.map_or_else(String::new, |seconds| format!(" for {seconds} s"));
        address.map_or_else(String::new, |address| format!(" {address}{lease}"))
    }
}

/// The value of the overload option in what follows the hardware address; 0 without one. RFC 2132 §9.3.
pub(super) fn overload(rest: &[u8]) -> u8 {
    let mut bytes = rest.get(64 + 128 + 4..).unwrap_or_default();
    while let Some((&code, after)) = bytes.split_first() {
        match (code, after) {
            (0, _) => bytes = after,
            (255, _) | (_, []) => return 0,
            (52, [1, value, ..]) => return *value,
            (_, [length, data @ ..]) => bytes = data.get(usize::from(*length)..).unwrap_or_default(),
        }
    }
    0
}

/// Reads all options; zeros after the end are padding.
pub(super) fn read(r: &mut Reader<'_>, after_end: &Words, said: &mut Said) {
    while let Some(code) = r.ahead().first().copied() {
        match code {
            0 => {
                let zeros = r.ahead().iter().take_while(|byte| **byte == 0).count();
                r.raw(&PAD, zeros);
            }
            255 => {
                r.u8(&END);
                r.means("the last option");
                r.rest(after_end);
                return;
            }
            _ => {
                let length = r.ahead().get(1).map_or(usize::MAX, |length| usize::from(*length) + 2);
                if length > r.left() {
                    let here = r.position();
                    r.problem(here..r.end(), format_args!("option {code} leads out of the message"));
                    r.rest(&LEFT_OVER);
                    return;
                }
                read_one(r, code, length - 2, said);
            }
        }
    }
    let here = r.position();
    r.problem(here..here, "the options have no end");
}

fn read_one(r: &mut Reader<'_>, code: u8, length: usize, said: &mut Said) {
    let kind = kinds::of(code);
    let words = Words::new("dhcp.option.type", kind.label, kind.source, kind.why);
    let mut value = String::new();
    r.group(&words, |r| {
        r.u8(&CODE)?;
        r.means(kind.label);
        r.u8(&LENGTH)?;
        let here = r.position();
        let read = r.within(length, &DATA, |r| read_value(r, code, kind, said))?;
        if read.is_none() {
            r.problem(here..here + length, format_args!("{} cannot have {length} bytes", kind.label));
        }
        value = read.unwrap_or_default();
        Some(())
    });
    r.says(value);
}

/// Reads what an option carries, and says it in short; `None` when it does not fit.
fn read_value(r: &mut Reader<'_>, code: u8, kind: &Kind, said: &mut Said) -> Option<String> {
    let words = Words::new(kind.field, kind.label, kind.source, kind.why);
    let length = r.left();
    match kind.shape {
        Shape::Message if length == 1 => {
            let message = kinds::message(r.u8(&words)?);
            r.means(message);
            said.message = Some(message);
            Some(message.to_owned())
        }
        Shape::Addresses if length > 0 && length.is_multiple_of(4) => {
            let all: Option<Vec<_>> = (0..length / 4).map(|_| r.ipv4(&words)).collect();
            let all = all?;
            if code == 50 {
                said.requested = all.first().copied();
            }
            Some(all.iter().map(Ipv4Addr::to_string).collect::<Vec<_>>().join(", "))
        }
        Shape::Seconds if length == 4 => {
            let seconds = r.u32(&words)?;
            r.means(if seconds == u32::MAX { "for ever" } else { "seconds" });
            if code == 51 {
                said.lease = Some(seconds);
            }
            Some(format!("{seconds} s"))
        }
        Shape::Number if matches!(length, 1 | 2 | 4) => {
            let number = r.number(&words, length * 8)?;
            Some(format!("{number} {}", kind.unit).trim_end().to_owned())
        }
        Shape::Text if length > 0 => {
            let text = r.text(&words, length)?;
            Some(format!("\"{}\"", visible_start(text, 64)))
        }
        Shape::List => {
            while r.left() > 0 {
                let wanted = r.u8(&words)?;
                r.means(kinds::of(wanted).label);
            }
            Some(format!("{length} options"))
        }
        Shape::Identifier if r.ahead().first() == Some(&1) && length == 7 => {
            r.u8(&LINK_TYPE)?;
            r.means("Ethernet");
            ethernet::address(r, &LINK_ADDRESS)
        }
        Shape::Identifier if length > 1 => {
            r.u8(&ID_TYPE)?;
            let id = r.raw(&words, length - 1)?;
            Some(hex_start(id, 16))
        }
        Shape::Routes => read_routes(r),
        Shape::Names => read_names(r, &words),
        Shape::Relay => read_suboptions(r),
        Shape::FullName if length >= 3 => read_full_name(r),
        Shape::Nothing if length == 0 => Some("yes".to_owned()),
        Shape::Bytes if length > 0 => {
            let data = r.raw(&words, length)?;
            Some(hex_start(data, 16))
        }
        Shape::Bytes => Some("no data".to_owned()),
        _ => None,
    }
}

/// RFC 3442, Classless Route Option Format.
fn read_routes(r: &mut Reader<'_>) -> Option<String> {
    let mut all = Vec::new();
    while r.left() > 0 {
        let width = r.u8(&PREFIX_LENGTH)?;
        let bytes = usize::from(width.div_ceil(8));
        if width > 32 {
            return None;
        }
        let mut octets = [0; 4];
        if bytes > 0 {
            octets[..bytes].copy_from_slice(r.raw(&ROUTE, bytes)?);
            r.says(Ipv4Addr::from(octets));
        }
        let router = r.ipv4(&ROUTE_ROUTER)?;
        all.push(format!("{}/{width} by {router}", Ipv4Addr::from(octets)));
    }
    Some(all.join(", "))
}

/// RFC 3397 §2: names in DNS's form, with pointers into the option itself.
fn read_names(r: &mut Reader<'_>, words: &Words) -> Option<String> {
    let bytes = r.ahead();
    let (mut all, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let (name, length) = name_alone(bytes, at)?;
        r.raw(words, length)?;
        r.says(&name);
        all.push(name);
        at += length;
    }
    Some(all.join(", "))
}

fn read_suboptions(r: &mut Reader<'_>) -> Option<String> {
    let mut count = 0;
    while r.left() > 0 {
        count += 1;
        let mut code = 0;
        r.group(&SUBOPTION, |r| {
            code = r.u8(&SUBOPTION_CODE)?;
            r.means(kinds::suboption(code));
            let length = usize::from(r.u8(&SUBOPTION_LENGTH)?);
            if length > 0 { r.raw(&SUBOPTION_DATA, length).map(drop) } else { Some(()) }
        })?;
        r.labelled(kinds::suboption(code));
    }
    Some(format!("{count} suboptions"))
}

fn read_full_name(r: &mut Reader<'_>) -> Option<String> {
    let flags = r.u8(&FQDN_FLAGS)?;
    r.says(format_args!("{flags:#04x}"));
    r.means(if flags & 1 == 0 {
        "the client enters its address into DNS"
    } else {
        "the server shall enter the address"
    });
    r.raw(&FQDN_CODES, 2)?;
    let bytes = r.ahead();
    if bytes.is_empty() {
        return Some("(empty)".to_owned());
    }
    let text = r.text(&FQDN_NAME, bytes.len())?;
    // RFC 4702 §2.3.1: in DNS's form when the flag E is set; a name still unfinished has no final zero.
    let name = if flags & 4 == 0 {
        visible_start(text, 64)
    } else {
        name_alone(bytes, 0).map_or_else(|| visible_start(text, 64), |it| it.0)
    };
    r.says(&name);
    Some(name)
}
