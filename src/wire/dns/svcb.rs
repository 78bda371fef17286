//! SVCB and HTTPS records: where a service is, and how to speak to it, before the first connection. RFC 9460.
use super::name;
use crate::wire::reader::{Reader, Words};
use crate::wire::text::{hex_start, visible};

const PRIORITY: Words = Words::new(
    "dns.svcb.svcpriority",
    "Priority",
    "RFC 9460 §2.4.1",
    "The lowest is tried first; 0 makes the record an alias: look the target up instead, which CNAME cannot do at a zone's top.",
);
const TARGET: Words = Words::new(
    "dns.svcb.targetname",
    "Target",
    "RFC 9460 §2.5",
    "The host that serves; a single dot is the record's own name.",
);
const PARAMETER: Words = Words::new(
    "dns.svcb.svcparam",
    "Parameter",
    "RFC 9460 §2.2",
    "What the client may know before it connects; in the order of their keys, so that equal records look equal.",
);
const KEY: Words = Words::new("dns.svcb.svcparam.key", "Key", "RFC 9460 §14.3.2", "Which parameter it is.");
const LENGTH: Words = Words::new(
    "dns.svcb.svcparam.value.length",
    "Length",
    "RFC 9460 §2.2",
    "So that unknown parameters can be stepped over.",
);
const VALUE: Words = Words::new(
    "dns.svcb.svcparam.value",
    "Value",
    "RFC 9460 §2.2",
    "A parameter this program does not take apart; clients ignore what they do not know.",
);
const MANDATORY: Words = Words::new(
    "dns.svcb.svcparam.mandatory.key",
    "Mandatory key",
    "RFC 9460 §8",
    "A client that does not know this parameter must not use the record.",
);
const ALPN_LENGTH: Words =
    Words::new("dns.svcb.svcparam.alpn.length", "Length", "RFC 9460 §7.1.1", "Each protocol has its length in front.");
const ALPN: Words = Words::new(
    "dns.svcb.svcparam.alpn",
    "Protocol",
    "RFC 9460 §7.1",
    "What the server speaks: h2 is HTTP/2, h3 HTTP/3. The first visit can be by QUIC because it is known from here.",
);
const PORT: Words = Words::new("dns.svcb.svcparam.port", "Port", "RFC 9460 §7.2", "Where the service listens.");
const HINT4: Words = Words::new(
    "dns.svcb.svcparam.ipv4hint.ip",
    "IPv4 hint",
    "RFC 9460 §7.3",
    "An address to begin with while the A record is still being asked for.",
);
const HINT6: Words = Words::new(
    "dns.svcb.svcparam.ipv6hint.ip",
    "IPv6 hint",
    "RFC 9460 §7.3",
    "An address to begin with while the AAAA record is still being asked for.",
);
const ECH: Words = Words::new(
    "dns.svcb.svcparam.echconfig",
    "Encrypted Client Hello",
    "RFC 9848",
    "Keys to hide in the TLS handshake which site is visited.",
);
const PATH: Words = Words::new(
    "dns.svcb.svcparam.dohpath",
    "DoH path",
    "RFC 9461 §5",
    "The path at which the resolver takes questions over HTTPS.",
);

/// Reads the data of an SVCB or HTTPS record.
pub(super) fn read(r: &mut Reader<'_>, base: usize) -> Option<String> {
    let priority = r.u16(&PRIORITY)?;
    r.means(if priority == 0 { "an alias" } else { "a service" });
    let target = name::read(r, &TARGET, base)?;
    let mut said = format!("{priority} {target}");
    while r.left() > 0 {
        let mut parameter = String::new();
        r.group(&PARAMETER, |r| {
            let key = r.u16(&KEY)?;
            r.means(key_name(key));
            let length = usize::from(r.u16(&LENGTH)?);
            let value = r.within(length, &VALUE, |r| read_value(r, key))??;
            parameter = if value.is_empty() { key_name(key) } else { format!("{}={value}", key_name(key)) };
            Some(())
        })?;
        r.says(&parameter);
        said.push_str(&format!(" {parameter}"));
    }
    Some(said)
}

fn read_value(r: &mut Reader<'_>, key: u16) -> Option<String> {
    let mut all = Vec::new();
    match key {
        0 => {
            while r.left() > 0 {
                let key = r.u16(&MANDATORY)?;
                r.means(key_name(key));
                all.push(key_name(key));
            }
        }
        1 => {
            while r.left() > 0 {
                let length = usize::from(r.u8(&ALPN_LENGTH)?);
                all.push(visible(r.text(&ALPN, length)?));
            }
        }
        3 => all.push(r.u16(&PORT)?.to_string()),
        4 => {
            while r.left() > 0 {
                all.push(r.ipv4(&HINT4)?.to_string());
            }
        }
        6 => {
            while r.left() > 0 {
                all.push(r.ipv6(&HINT6)?.to_string());
            }
        }
        5 if r.left() > 0 => all.push(hex_start(r.raw(&ECH, r.left())?, 8)),
        7 if r.left() > 0 => all.push(visible(r.text(&PATH, r.left())?)),
        _ => all.push(hex_start(r.ahead(), 8)),
    }
    Some(all.join(","))
}

/// IANA Service Parameter Keys.
fn key_name(key: u16) -> String {
    let name = match key {
        0 => "mandatory",
        1 => "alpn",
        2 => "no-default-alpn",
        3 => "port",
        4 => "ipv4hint",
        5 => "ech",
        6 => "ipv6hint",
        7 => "dohpath",
        8 => "ohttp",
        _ => return format!("key{key}"),
    };
    name.to_owned()
}
