//! ICMP: what the network has to say about IP packets: errors, and echo. RFC 792.
mod extension;

use etherparse::checksum::Sum16BitWords;

use super::checksum;
use super::reader::{Reader, Words};
use super::walk::{Facts, Message, Next};
pub(super) use extension::read as read_extension;

const SOURCE: &str = "RFC 792";
const TIMESTAMP: &str = "RFC 792, Timestamp or Timestamp Reply Message";
const ROUTERS: &str = "RFC 1256 §3";
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
const QUENCH_UNUSED: Words =
    Words::new("icmp.source_quench.unused", "Unused", "RFC 792, Source Quench Message", "Kept zero.");
const LENGTH: Words = Words::new(
    "icmp.length",
    "Length of the quoted packet",
    "RFC 4884 §4",
    "In 4 bytes: the quotation ends there, and what follows says more about the error.",
);
const ORIGINATE: Words = Words::new(
    "icmp.originate_timestamp",
    "Sent",
    TIMESTAMP,
    "When the asker sent it, in milliseconds since midnight UTC: the time that clocks were once set by.",
);
const RECEIVE: Words =
    Words::new("icmp.receive_timestamp", "Received", TIMESTAMP, "When the other host received the question.");
const TRANSMIT: Words =
    Words::new("icmp.transmit_timestamp", "Answered", TIMESTAMP, "When the other host sent its answer.");
const MASK: Words = Words::new(
    "icmp.address_mask",
    "Address mask",
    "RFC 950, Appendix I",
    "The subnet mask of the link; hosts learn it by DHCP today (RFC 6918).",
);
const ADDRESSES: Words =
    Words::new("icmp.num_addrs", "Addresses", ROUTERS, "How many addresses of routers are announced.");
const ENTRY_SIZE: Words =
    Words::new("icmp.addr_entry_size", "Entry size", ROUTERS, "In 4 bytes: an address and a preference, so 2.");
const LIFETIME: Words =
    Words::new("icmp.lifetime", "Lifetime", ROUTERS, "How many seconds the routers may be relied on.");
const ROUTER: Words = Words::new("icmp.router_address", "Router address", ROUTERS, "A router on this link.");
const PREFERENCE: Words =
    Words::new("icmp.pref_level", "Preference", ROUTERS, "Hosts take the router with the highest as default router.");
const RESERVED: Words = Words::new("icmp.router_solicitation.reserved", "Reserved", ROUTERS, "Kept zero.");
const REST: Words =
    Words::new("icmp.data", "Rest of the message", SOURCE, "Read by messages this program has no words for.");

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
            if !facts.quoted {
                facts.message = Some(Message::Echo { id, sequence, reply: kind == 0 });
            }
            facts.summary = format!("ICMP {} id={id} seq={sequence}", type_name(kind));
            Some(Some(Next::Data("echo data: the reply brings the same bytes back")))
        }
        3 | 4 | 5 | 11 | 12 => {
            let length = read_error(r, kind, code, facts)?;
            if length > 0 {
                r.ends_after(8 + length);
            }
            Some(Some(quoted(facts)))
        }
        9 => read_routers(r).map(|()| None),
        10 => r.raw(&RESERVED, 4).map(|_| None),
        13 | 14 => read_timestamps(r).map(|()| None),
        17 | 18 => {
            r.u16(&IDENTIFIER)?;
            r.u16(&SEQUENCE)?;
            r.ipv4(&MASK).map(|_| None)
        }
        _ => {
            r.rest(&REST);
            Some(None)
        }
    }
}

/// Reads the four bytes between an error's header and the packet it quotes; how long the quotation is, 0 if not said.
fn read_error(r: &mut Reader<'_>, kind: u8, code: u8, facts: &mut Facts) -> Option<usize> {
    match kind {
        5 => {
            let gateway = r.ipv4(&GATEWAY)?;
            facts.summary.push_str(&format!(" to {gateway}"));
            return Some(0);
        }
        4 => {
            r.raw(&QUENCH_UNUSED, 4)?;
            return Some(0);
        }
        12 => {
            let at = r.u8(&POINTER)?;
            r.means(format_args!("byte {at} of the quoted header"));
        }
        _ => {}
    }
    let has_mtu = (kind, code) == (3, 4);
    let length = read_length(r, usize::from(kind != 12), if has_mtu { 0 } else { 2 })?;
    if has_mtu {
        let mtu = r.u16(&MTU)?;
        r.means(if mtu == 0 { "not said: a router older than RFC 1191" } else { "bytes" });
        facts.summary.push_str(&format!(" MTU={mtu}"));
    }
    Some(length)
}

/// Reads a byte that says how long the quotation is, and the unused bytes before and after it. RFC 4884 §4.1 to §4.3: it was
/// unused before, and most senders leave it 0.
fn read_length(r: &mut Reader<'_>, before: usize, after: usize) -> Option<usize> {
    let length = usize::from(*r.ahead().get(before)?) * 4;
    if length == 0 {
        r.raw(&UNUSED, before + 1 + after)?;
        return Some(0);
    }
    if before > 0 {
        r.raw(&UNUSED, before)?;
    }
    r.u8(&LENGTH)?;
    r.means(format_args!("{length} bytes"));
    if after > 0 {
        r.raw(&UNUSED, after)?;
    }
    Some(length)
}

/// RFC 1122 §3.2.2: an error about an error is never sent, so what is quoted twice is not followed.
const fn quoted(facts: &mut Facts) -> Next {
    if facts.quoted {
        return Next::Data("the packet the quoted error is about");
    }
    (facts.quoted, facts.incomplete) = (true, None);
    Next::Ipv4
}

fn read_timestamps(r: &mut Reader<'_>) -> Option<()> {
    r.u16(&IDENTIFIER)?;
    r.u16(&SEQUENCE)?;
    for words in [&ORIGINATE, &RECEIVE, &TRANSMIT] {
        let time = r.u32(words)?;
        // RFC 792: the highest bit says that the time is not in milliseconds since midnight.
        let (seconds, rest) = (time / 1000, time % 1000);
        let clock = format!("{:02}:{:02}:{:02}.{rest:03} UTC", seconds / 3600, seconds / 60 % 60, seconds % 60);
        r.means(if seconds < 86400 { clock } else { "not a time of the day".to_owned() });
    }
    Some(())
}

fn read_routers(r: &mut Reader<'_>) -> Option<()> {
    let count = r.u8(&ADDRESSES)?;
    r.u8(&ENTRY_SIZE)?;
    r.u16(&LIFETIME)?;
    for _ in 0..count {
        r.ipv4(&ROUTER)?;
        let preference = r.u32(&PREFERENCE)?;
        r.says(preference.cast_signed());
    }
    r.rest(&REST);
    Some(())
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
        9 => "Router advertisement",
        10 => "Router solicitation",
        13 => "Timestamp request",
        14 => "Timestamp reply",
        17 => "Address mask request",
        18 => "Address mask reply",
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
        4 => "A router asked the sender to slow down; nobody sends it any more (RFC 6633 §3).",
        12 => "Something in the header quoted below could not be accepted, and the packet was dropped for that.",
        13 => "Asks for the other host's time.",
        14 => "Brings the other host's time.",
        _ => TYPE.why,
    }
}

/// RFC 792; codes 6 to 12: RFC 1122 §3.2.2.1; 13 to 15: RFC 1812 §5.2.7.1.
const fn code_name(kind: u8, code: u8) -> &'static str {
    match (kind, code) {
        (3, 0) => "network unreachable",
        (3, 1) => "host unreachable",
        (3, 2) => "protocol unreachable",
        (3, 3) => "port unreachable",
        (3, 4) => "fragmentation needed",
        (3, 5) => "source route failed",
        (3, 6) => "network unknown",
        (3, 7) => "host unknown",
        (3, 8) => "source host isolated",
        (3, 9) => "network administratively prohibited",
        (3, 10) => "host administratively prohibited",
        (3, 11) => "network unreachable for this class of service",
        (3, 12) => "host unreachable for this class of service",
        (3, 13) => "communication administratively prohibited",
        (3, 14) => "host precedence violation",
        (3, 15) => "precedence cutoff in effect",
        (5, 0) => "for the network",
        (5, 1) => "for the host",
        (5, 2) => "for the network and class of service",
        (5, 3) => "for the host and class of service",
        (11, 0) => "TTL ran out on the way",
        (11, 1) => "fragments did not all arrive in time",
        (12, 0) => "the pointer shows where",
        (12, 1) => "a required option is missing",
        (12, 2) => "bad length",
        _ => "",
    }
}
