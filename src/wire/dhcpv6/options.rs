//! DHCPv6's options: each with a code and a length; some hold others. RFC 8415 §21.
use std::net::Ipv6Addr;

use super::{DEEPEST, read_message};
use crate::wire::dns::name_alone;
use crate::wire::reader::{Reader, Words};
use crate::wire::text::{hex_start, visible_start};

const SOURCE: &str = "RFC 8415 §21.1";
const DUID: &str = "RFC 8415 §11";
const ADDRESS: &str = "RFC 8415 §21.6";
const PREFIX: &str = "RFC 8415 §21.22";

const CODE: Words = Words::new("dhcpv6.option.code", "Code", SOURCE, "Which option it is.");
const LENGTH: Words = Words::new(
    "dhcpv6.option.length",
    "Length",
    SOURCE,
    "The option's data, so that unknown ones can be stepped over.",
);
const DATA: Words =
    Words::new("dhcpv6.option.data", "Option data", SOURCE, "An option this program does not take apart.");
const LEFT_OVER: Words = Words::new(
    "_ws.malformed",
    "Unreadable",
    SOURCE,
    "An option's length leads out of the message, so the rest cannot be told apart.",
);
const DUID_TYPE: Words = Words::new("dhcpv6.duid.type", "Kind of identifier", DUID, "How the identifier was made.");
const DUID_DATA: Words = Words::new(
    "dhcpv6.duid.data",
    "Identifier",
    DUID,
    "By it client and server know each other again; made once and kept, also when a network card is changed.",
);
const IAID: Words = Words::new(
    "dhcpv6.iaid.number",
    "Association",
    "RFC 8415 §21.4",
    "A number the client gives each of its interfaces: addresses belong to such an association.",
);
const T1: Words = Words::new(
    "dhcpv6.iaid.t1",
    "T1",
    "RFC 8415 §21.4",
    "After so many seconds the client asks its server to prolong; 0 leaves it to the client.",
);
const T2: Words =
    Words::new("dhcpv6.iaid.t2", "T2", "RFC 8415 §21.4", "After so many seconds the client asks any server.");
const IP: Words = Words::new("dhcpv6.iaaddr.ip", "Address", ADDRESS, "What the client may use, or would like to.");
const PREFERRED: Words = Words::new(
    "dhcpv6.iaaddr.pref_lifetime",
    "Preferred lifetime",
    ADDRESS,
    "How many seconds new connections may begin from it.",
);
const VALID: Words =
    Words::new("dhcpv6.iaaddr.valid_lifetime", "Valid lifetime", ADDRESS, "How many seconds it may be used at all.");
const PREFIX_PREFERRED: Words = Words::new(
    "dhcpv6.iaprefix.pref_lifetime",
    "Preferred lifetime",
    PREFIX,
    "How many seconds addresses made from it are preferred.",
);
const PREFIX_VALID: Words =
    Words::new("dhcpv6.iaprefix.valid_lifetime", "Valid lifetime", PREFIX, "How many seconds it may be used at all.");
const PREFIX_LENGTH: Words = Words::new(
    "dhcpv6.iaprefix.pref_len",
    "Prefix length",
    PREFIX,
    "How many bits are given: the rest the router divides among its links.",
);
const PREFIX_ADDRESS: Words = Words::new(
    "dhcpv6.iaprefix.pref_addr",
    "Prefix",
    PREFIX,
    "A range of addresses for the networks behind a home router.",
);
const REQUESTED: Words = Words::new(
    "dhcpv6.requested_option_code",
    "Requested option",
    "RFC 8415 §21.7",
    "What the client would like to be told.",
);
const PREFERENCE: Words = Words::new(
    "dhcpv6.option_preference",
    "Preference",
    "RFC 8415 §21.8",
    "Of several servers the client takes the one with the highest.",
);
const ELAPSED: Words = Words::new(
    "dhcpv6.elapsed_time",
    "Elapsed time",
    "RFC 8415 §21.9",
    "In hundredths of a second, how long the client has been trying.",
);
const STATUS: Words = Words::new("dhcpv6.status_code", "Status", "RFC 8415 §21.13", "How it went: 0 is success.");
const STATUS_TEXT: Words = Words::new("dhcpv6.status_msg", "Status message", "RFC 8415 §21.13", "For people.");
const DNS_SERVER: Words =
    Words::new("dhcpv6.dns_server", "DNS server", "RFC 3646 §3", "A resolver the client may ask.");
const SEARCH: Words =
    Words::new("dhcpv6.search_list", "Search list", "RFC 3646 §4", "Domains to be tried behind a short name.");

/// Reads all options; what of them belongs in a line goes to `said`.
pub(super) fn read(r: &mut Reader<'_>, depth: usize, said: &mut Vec<String>) {
    while let Some(head) = r.ahead().first_chunk::<4>() {
        let [code, length] = [u16::from_be_bytes([head[0], head[1]]), u16::from_be_bytes([head[2], head[3]])];
        let length = usize::from(length);
        if length + 4 > r.left() {
            break;
        }
        read_one(r, code, length, depth, said);
    }
    if r.left() > 0 {
        let here = r.position();
        r.problem(here..r.end(), "an option leads out of its place");
        r.rest(&LEFT_OVER);
    }
}

fn read_one(r: &mut Reader<'_>, code: u16, length: usize, depth: usize, said: &mut Vec<String>) {
    let (label, source, why) = words(code);
    let group = Words::new("dhcpv6.option.type", label, source, why);
    let mut value = String::new();
    r.group(&group, |r| {
        r.u16(&CODE)?;
        r.means(label);
        r.u16(&LENGTH)?;
        let here = r.position();
        let read = r.within(length, &DATA, |r| read_value(r, code, depth, said))?;
        if read.is_none() {
            r.problem(here..here + length, format_args!("{label} cannot have {length} bytes"));
        }
        value = read.unwrap_or_default();
        Some(())
    });
    r.says(value);
}

/// Reads what an option carries, and says it in short; `None` when it does not fit.
fn read_value(r: &mut Reader<'_>, code: u16, depth: usize, said: &mut Vec<String>) -> Option<String> {
    let length = r.left();
    match code {
        1 | 2 => read_identifier(r),
        3 | 25 => {
            let id = r.u32(&IAID)?;
            r.says(format_args!("{id:#010x}"));
            r.u32(&T1)?;
            r.u32(&T2)?;
            read_inside(r, depth, said);
            Some(format!("association {id:#010x}"))
        }
        5 => {
            let address = r.ipv6(&IP)?;
            r.u32(&PREFERRED)?;
            r.u32(&VALID)?;
            note(said, address.to_string());
            read_inside(r, depth, said);
            Some(address.to_string())
        }
        26 => {
            r.u32(&PREFIX_PREFERRED)?;
            r.u32(&PREFIX_VALID)?;
            let bits = r.u8(&PREFIX_LENGTH)?;
            let prefix = format!("{}/{bits}", r.ipv6(&PREFIX_ADDRESS)?);
            note(said, prefix.clone());
            read_inside(r, depth, said);
            Some(prefix)
        }
        6 => {
            while r.left() > 0 {
                let wanted = r.u16(&REQUESTED)?;
                r.means(words(wanted).0);
            }
            Some(format!("{} options", length / 2))
        }
        7 => r.u8(&PREFERENCE).map(|it| format!("preference {it}")),
        8 => r.u16(&ELAPSED).map(|it| format!("{}.{:02} s", it / 100, it % 100)),
        9 => read_relayed(r, depth, said),
        13 => read_status(r),
        14 => (length == 0).then(|| "yes".to_owned()),
        23 => {
            let all: Option<Vec<_>> = (0..length / 16).map(|_| r.ipv6(&DNS_SERVER)).collect();
            Some(all?.iter().map(Ipv6Addr::to_string).collect::<Vec<_>>().join(", "))
        }
        24 => read_search_list(r),
        _ => Some(hex_start(r.ahead(), 16)),
    }
}

fn note(said: &mut Vec<String>, text: String) {
    if said.len() < 4 {
        said.push(text);
    }
}

/// Reads the options inside an option.
fn read_inside(r: &mut Reader<'_>, depth: usize, said: &mut Vec<String>) {
    if depth < DEEPEST {
        read(r, depth + 1, said);
    }
}

/// RFC 8415 §21.10: the whole message the relay got.
fn read_relayed(r: &mut Reader<'_>, depth: usize, said: &mut Vec<String>) -> Option<String> {
    if depth >= DEEPEST {
        return Some(format!("{} bytes", r.left()));
    }
    let line = read_message(r, depth + 1)?;
    note(said, line.clone());
    Some(line)
}

fn read_identifier(r: &mut Reader<'_>) -> Option<String> {
    let kind = r.u16(&DUID_TYPE)?;
    r.means(match kind {
        1 => "a MAC address and the time it was made",
        2 => "from the maker",
        3 => "a MAC address",
        4 => "a UUID",
        _ => "unknown",
    });
    let data = if r.left() > 0 { r.raw(&DUID_DATA, r.left())? } else { &[] };
    Some(hex_start(data, 16))
}

fn read_status(r: &mut Reader<'_>) -> Option<String> {
    let code = r.u16(&STATUS)?;
    let name = match code {
        0 => "success",
        1 => "failed",
        2 => "no addresses available",
        3 => "binding not known",
        4 => "not on this link",
        5 => "use multicast",
        6 => "no prefixes available",
        _ => "another status",
    };
    r.means(name);
    let text = if r.left() > 0 { r.text(&STATUS_TEXT, r.left())? } else { &[] };
    Some(format!("{name} {}", visible_start(text, 64)).trim_end().to_owned())
}

fn read_search_list(r: &mut Reader<'_>) -> Option<String> {
    let mut all = Vec::new();
    while r.left() > 0 {
        let (name, length) = name_alone(r.ahead(), 0)?;
        r.raw(&SEARCH, length)?;
        r.says(&name);
        all.push(name);
    }
    Some(all.join(", "))
}

/// What an option is called, where it is written, why it is there. IANA DHCPv6 Option Codes.
const fn words(code: u16) -> (&'static str, &'static str, &'static str) {
    match code {
        1 => ("Client identifier", "RFC 8415 §21.2", "Who asks; the answer repeats it."),
        2 => ("Server identifier", "RFC 8415 §21.3", "Which of several servers answers, or is meant."),
        3 => ("Addresses (IA_NA)", "RFC 8415 §21.4", "The addresses of one interface, given and prolonged together."),
        5 => ("Address", ADDRESS, "One address with its lifetimes."),
        6 => ("Option request", "RFC 8415 §21.7", "The options the client would like."),
        7 => ("Preference", "RFC 8415 §21.8", "How much the client shall prefer this server."),
        8 => ("Elapsed time", "RFC 8415 §21.9", "A backup server may wait until this has grown."),
        9 => ("Relayed message", "RFC 8415 §21.10", "The message as the relay got it, or as it shall hand it on."),
        13 => ("Status", "RFC 8415 §21.13", "How it went for the message or the option it stands in."),
        14 => ("Rapid commit", "RFC 8415 §21.14", "Two messages in place of four: where there is one server only."),
        16 => ("Vendor class", "RFC 8415 §21.16", "Which software the client is."),
        18 => ("Interface of the relay", "RFC 8415 §21.18", "By which of its interfaces the relay got the message."),
        23 => ("DNS servers", "RFC 3646 §3", "Whom to ask for names."),
        24 => ("Search list", "RFC 3646 §4", "What is put behind short names."),
        25 => ("Prefixes (IA_PD)", "RFC 8415 §21.21", "A home router asks for a range of addresses for its networks."),
        26 => ("Prefix", PREFIX, "One prefix with its lifetimes."),
        39 => ("Client's full name", "RFC 4704 §4", "The name, and who of the two enters it into DNS."),
        82 => ("Longest wait", "RFC 8415 §21.24", "How long clients shall wait at most between solicitations."),
        _ => {
            ("Another option", SOURCE, "An option this program has no words for; receivers step over it by its length.")
        }
    }
}
