//! ICMP: what the network has to say about IP packets: errors, and echo. RFC 792.
use etherparse::checksum::Sum16BitWords;

use super::checksum;
use super::reader::{Reader, Words};
use super::walk::{Facts, Next};

const SOURCE: &str = "RFC 792";
const ECHO: &str = "RFC 792, Echo or Echo Reply Message";

const TYPE: Words =
    Words::new("icmp.type", "Type", SOURCE, "What kind of message it is; it decides how the rest is read.");
const CODE: Words = Words::new("icmp.code", "Code", SOURCE, "The reason, more exactly than the type.");
const CHECKSUM: Words = Words::new(
    "icmp.checksum",
    "Checksum",
    SOURCE,
    "Covers the whole ICMP message; unlike TCP's it has no pseudo header.",
);
const IDENTIFIER: Words = Words::new(
    "icmp.ident",
    "Identifier",
    ECHO,
    "Tells the echoes of one ping program from those of another; a NAT uses it like a port.",
);
const SEQUENCE: Words = Words::new(
    "icmp.seq",
    "Sequence number",
    ECHO,
    "Counts the pings, so that each reply finds its request and losses show.",
);
const UNUSED: Words =
    Words::new("icmp.unused", "Unused", SOURCE, "Kept zero, so that later uses can tell old senders.");
const MTU: Words = Words::new(
    "icmp.mtu",
    "MTU of the next hop",
    "RFC 1191 §4",
    "The largest packet the next link takes: the sender makes its packets that small (path MTU discovery).",
);
const GATEWAY: Words = Words::new(
    "icmp.redir_gw",
    "Gateway address",
    "RFC 792, Redirect Message",
    "The router that is nearer to the destination than the one the packet was sent to.",
);
const POINTER: Words = Words::new(
    "icmp.pointer",
    "Pointer",
    "RFC 792, Parameter Problem Message",
    "The byte of the header that the sender of this error could not accept.",
);
const REST: Words =
    Words::new("icmp.reserved", "Rest of the header", SOURCE, "Read by messages this program has no words for.");

/// Reads the message's header; an error goes on with the packet it is about.
pub(super) fn read(r: &mut Reader<'_>, facts: &mut Facts) -> Option<Option<Next>> {
    let kind = r.u8(&TYPE)?;
    r.means(type_name(kind));
    r.because(type_why(kind));
    let code = r.u8(&CODE)?;
    r.means(code_name(kind, code));
    let verdict = match facts.incomplete {
        Some(why) => Err(why),
        None => Ok(checksum::judge(Sum16BitWords::new(), r.whole(), 2)),
    };
    checksum::read(r, &CHECKSUM, verdict)?;
    let reason = code_name(kind, code);
    let reason = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
    facts.summary = format!("ICMP {}{reason}", type_name(kind));
    match kind {
        0 | 8 => {
            let (id, sequence) = (r.u16(&IDENTIFIER)?, r.u16(&SEQUENCE)?);
            facts.summary = format!("ICMP {} id={id} seq={sequence}", type_name(kind));
            return Some(Some(Next::Data("echo data: the reply brings the same bytes back")));
        }
        3 if code == 4 => {
            r.raw(&UNUSED, 2)?;
            let mtu = r.u16(&MTU)?;
            facts.summary.push_str(&format!(" MTU={mtu}"));
        }
        3 | 4 | 11 => {
            r.raw(&UNUSED, 4)?;
        }
        5 => {
            let gateway = r.ipv4(&GATEWAY)?;
            facts.summary.push_str(&format!(" to {gateway}"));
        }
        12 => {
            r.u8(&POINTER)?;
            r.raw(&UNUSED, 3)?;
        }
        _ => {
            r.raw(&REST, 4)?;
            return Some(Some(Next::Data("an ICMP message that is not taken apart here")));
        }
    }
    // RFC 1122 §3.2.2: an error about an error is never sent, so what is quoted twice is not followed.
    if facts.quoted {
        return Some(Some(Next::Data("the packet the quoted error is about")));
    }
    (facts.quoted, facts.incomplete) = (true, None);
    Some(Some(Next::Ipv4))
}

const fn type_name(kind: u8) -> &'static str {
    match kind {
        0 => "Echo reply",
        3 => "Destination unreachable",
        4 => "Source quench",
        5 => "Redirect",
        8 => "Echo request",
        11 => "Time exceeded",
        12 => "Parameter problem",
        13 => "Timestamp request",
        14 => "Timestamp reply",
        _ => "another message",
    }
}

const fn type_why(kind: u8) -> &'static str {
    match kind {
        0 => {
            "The host that was pinged sends the same data back: it is reachable, and the way there and back took this long."
        }
        3 => "A router or the host itself could not deliver the packet that is quoted below.",
        5 => "A router forwarded the packet, but a nearer one is on the sender's own link.",
        8 => "Ping: any host that gets this shall answer with an echo reply.",
        11 => "The packet quoted below ran out of TTL (code 0): traceroute learns the routers on the way from these.",
        _ => TYPE.why,
    }
}

/// RFC 792; codes 9 to 12: RFC 1122 §3.2.2.1; 13: RFC 1812 §5.2.7.1.
const fn code_name(kind: u8, code: u8) -> &'static str {
    match (kind, code) {
        (3, 0) => "network unreachable",
        (3, 1) => "host unreachable",
        (3, 2) => "protocol unreachable",
        (3, 3) => "port unreachable",
        (3, 4) => "fragmentation needed",
        (3, 5) => "source route failed",
        (3, 9 | 10 | 13) => "administratively prohibited",
        (5, 0) => "for the network",
        (5, 1) => "for the host",
        (11, 0) => "TTL ran out on the way",
        (11, 1) => "fragments did not all arrive in time",
        _ => "",
    }
}
