//! The options of EDNS: what both ends add to a message. RFC 6891 §6.1.2.
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::wire::reader::{Reader, Words};
use crate::wire::text::{hex_start, visible_start};

const OPTION: Words = Words::new(
    "dns.opt",
    "EDNS option",
    "RFC 6891 §6.1.2",
    "What both ends may add: cookies, the client's subnet, padding.",
);
const CODE: Words = Words::new("dns.opt.code", "Option code", "RFC 6891 §6.1.2", "Which option it is.");
const LENGTH: Words =
    Words::new("dns.opt.len", "Option length", "RFC 6891 §6.1.2", "So that unknown options can be stepped over.");
const DATA: Words = Words::new("dns.opt.data", "Option data", "RFC 6891 §6.1.2", OPTION.why);
const SERVER: Words = Words::new(
    "dns.opt.data",
    "Name server identifier",
    "RFC 5001 §2.3",
    "Which of the servers behind one address this is: it shows where anycast has led.",
);
const SUBNET: &str = "RFC 7871 §6";
const FAMILY: Words = Words::new("dns.opt.client.family", "Family", SUBNET, "1 is IPv4, 2 is IPv6.");
const NETMASK: Words = Words::new(
    "dns.opt.client.netmask",
    "Source prefix length",
    SUBNET,
    "How much of the client's address the resolver tells: less than all, for its privacy.",
);
const SCOPE: Words = Words::new(
    "dns.opt.client.scope",
    "Scope prefix length",
    SUBNET,
    "In an answer: how many bits it depends on, so how large a subnet a cache may give it to. In a query 0.",
);
const SUBNET4: Words = Words::new(
    "dns.opt.client.addr4",
    "Client subnet",
    SUBNET,
    "Where the client is, so that the server can name one near it though the resolver is elsewhere.",
);
const SUBNET6: Words = Words::new("dns.opt.client.addr6", "Client subnet", SUBNET, SUBNET4.why);
const CLIENT_COOKIE: Words = Words::new(
    "dns.opt.cookie.client",
    "Client cookie",
    "RFC 7873 §4.1",
    "The answer repeats it: a forger who does not see the question cannot.",
);
const SERVER_COOKIE: Words = Words::new(
    "dns.opt.cookie.server",
    "Server cookie",
    "RFC 7873 §4.2",
    "The client brings it along next time: the server sees that the client's address is no forgery.",
);
const TIMEOUT: Words = Words::new(
    "dns.opt.edns_tcp_keepalive.timeout",
    "Idle timeout",
    "RFC 7828 §3.1",
    "In tenths of a second: how long the server keeps the idle connection open.",
);
const PADDING: Words = Words::new(
    "dns.opt.padding",
    "Padding",
    "RFC 7830 §3",
    "Zeros that make encrypted messages equally long, so that their lengths tell nothing.",
);
const ERROR: Words = Words::new(
    "dns.opt.ext_error.info_code",
    "Extended error",
    "RFC 8914 §2",
    "Why it failed, more exactly than the response code can say.",
);
const ERROR_TEXT: Words =
    Words::new("dns.opt.ext_error.extra_text", "Extra text", "RFC 8914 §2", "For people; programs must not read it.");

/// Reads all options; their summary.
pub(super) fn read(r: &mut Reader<'_>) -> Option<String> {
    let mut all = Vec::new();
    while r.left() > 0 {
        let mut said = String::new();
        r.group(&OPTION, |r| {
            let code = r.u16(&CODE)?;
            r.means(option_name(code));
            let length = usize::from(r.u16(&LENGTH)?);
            let value = r.within(length, &DATA, |r| read_value(r, code))??;
            said = format!("{} {value}", option_name(code)).trim_end().to_owned();
            Some(())
        })?;
        r.says(&said);
        if all.len() < 8 {
            all.push(said);
        }
    }
    Some(if all.is_empty() { "no options".to_owned() } else { all.join(", ") })
}

fn read_value(r: &mut Reader<'_>, code: u16) -> Option<String> {
    let length = r.left();
    match code {
        3 if length > 0 => {
            let name = visible_start(r.raw(&SERVER, length)?, 32);
            r.means(&name);
            Some(name)
        }
        8 => read_subnet(r),
        10 => {
            let cookie = r.raw(&CLIENT_COOKIE, 8)?;
            if r.left() > 0 {
                r.raw(&SERVER_COOKIE, r.left())?;
            }
            Some(hex_start(cookie, 8))
        }
        11 if length == 2 => {
            let tenths = r.u16(&TIMEOUT)?;
            r.means(format_args!("{}.{} s", tenths / 10, tenths % 10));
            Some(format!("{}.{} s", tenths / 10, tenths % 10))
        }
        12 if length > 0 => {
            r.raw(&PADDING, length)?;
            Some(format!("{length} bytes"))
        }
        15 => {
            let code = r.u16(&ERROR)?;
            r.means(error_name(code));
            if r.left() > 0 {
                r.text(&ERROR_TEXT, r.left())?;
            }
            Some(error_name(code).to_owned())
        }
        _ => Some(String::new()),
    }
}

/// RFC 7871 §6: of the address only the bytes that the prefix needs.
fn read_subnet(r: &mut Reader<'_>) -> Option<String> {
    let family = r.u16(&FAMILY)?;
    r.means(if family == 1 {
        "IPv4"
    } else if family == 2 {
        "IPv6"
    } else {
        "unknown"
    });
    let length = r.u8(&NETMASK)?;
    r.u8(&SCOPE)?;
    let there = r.left();
    let mut octets = [0; 16];
    let most = if family == 1 { 4 } else { 16 };
    if there > most {
        return None;
    }
    if there > 0 {
        octets[..there].copy_from_slice(r.raw(if family == 1 { &SUBNET4 } else { &SUBNET6 }, there)?);
    }
    let [a, b, c, d, ..] = octets;
    let address = if family == 1 { Ipv4Addr::new(a, b, c, d).to_string() } else { Ipv6Addr::from(octets).to_string() };
    if there > 0 {
        r.says(&address);
    }
    Some(format!("{address}/{length}"))
}

/// IANA DNS EDNS0 Option Codes.
const fn option_name(code: u16) -> &'static str {
    match code {
        3 => "name server identifier",
        5 => "algorithms understood",
        6 => "digests understood",
        7 => "hashes understood",
        8 => "client subnet",
        9 => "expire",
        10 => "cookie",
        11 => "TCP keepalive",
        12 => "padding",
        13 => "chain",
        14 => "key tag",
        15 => "extended error",
        18 => "report channel",
        _ => "another option",
    }
}

/// IANA Extended DNS Error Codes; RFC 8914 §4.
const fn error_name(code: u16) -> &'static str {
    match code {
        0 => "another error",
        1 => "unsupported DNSKEY algorithm",
        2 => "unsupported DS digest",
        3 => "stale answer",
        4 => "forged answer",
        5 => "DNSSEC indeterminate",
        6 => "DNSSEC bogus",
        7 => "signature expired",
        8 => "signature not yet valid",
        9 => "DNSKEY missing",
        10 => "RRSIGs missing",
        11 => "no zone key bit set",
        12 => "NSEC missing",
        13 => "cached error",
        14 => "not ready",
        15 => "blocked",
        16 => "censored",
        17 => "filtered",
        18 => "prohibited",
        19 => "stale NXDOMAIN answer",
        20 => "not authoritative",
        21 => "not supported",
        22 => "no reachable authority",
        23 => "network error",
        24 => "invalid data",
        _ => "a newer code",
    }
}
