//! ICMPv6: errors and echo, and what ARP, IGMP and router discovery are for IPv4. RFC 4443.
mod listener;
mod neighbor;
mod options;

use super::checksum;
use super::reader::{Reader, Words};
use super::walk::{Facts, Message, Next};

const GENERAL: &str = "RFC 4443 §2.1";

const TYPE: Words = Words::new(
    "icmpv6.type",
    "Type",
    GENERAL,
    "What kind of message it is: below 128 an error, from 128 on information.",
);
const CODE: Words = Words::new("icmpv6.code", "Code", GENERAL, "The reason, more exactly than the type.");
const CHECKSUM: Words = Words::new(
    "icmpv6.checksum",
    "Checksum",
    "RFC 4443 §2.3",
    "Covers the message and, by a pseudo header, the addresses, because IPv6's own header has no checksum.",
);
const IDENTIFIER: Words = Words::new(
    "icmpv6.echo.identifier",
    "Identifier",
    "RFC 4443 §4.1",
    "Tells the echoes of one ping program from those of another.",
);
const SEQUENCE: Words = Words::new(
    "icmpv6.echo.sequence_number",
    "Sequence number",
    "RFC 4443 §4.1",
    "Counts the pings, so that each reply finds its request and losses show.",
);
const UNUSED: Words =
    Words::new("icmpv6.reserved", "Unused", "RFC 4443 §3.1", "Kept zero, so that later uses can tell old senders.");
const LENGTH: Words = Words::new(
    "icmpv6.length",
    "Length of the quoted packet",
    "RFC 4884 §4",
    "In 8 bytes: the quotation ends there, and what follows says more about the error.",
);
const MTU: Words = Words::new(
    "icmpv6.mtu",
    "MTU of the next hop",
    "RFC 4443 §3.2",
    "The largest packet the next link takes. Routers never fragment IPv6, so the sender must make smaller packets.",
);
const POINTER: Words = Words::new(
    "icmpv6.pointer",
    "Pointer",
    "RFC 4443 §3.4",
    "The byte of the quoted packet that was not understood, counted from its first.",
);
const REST: Words =
    Words::new("icmpv6.data", "Rest of the message", GENERAL, "Read by messages this program has no words for.");

/// Reads the message's header; an error goes on with the packet it is about.
pub(super) fn read(r: &mut Reader<'_>, facts: &mut Facts) -> Option<Option<Next>> {
    let kind = r.u8(&TYPE)?;
    r.means(type_name(kind));
    r.because(type_why(kind));
    let code = r.u8(&CODE)?;
    r.means(code_name(kind, code));
    let verdict = judge(r, facts);
    checksum::read(r, &CHECKSUM, verdict)?;
    let reason = code_name(kind, code);
    let reason = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
    facts.summary = format!("ICMPv6 {}{reason}", type_name(kind));
    match kind {
        1..=4 => {
            let length = read_error(r, kind, facts)?;
            if length > 0 {
                r.ends_after(8 + length);
            }
            return Some(Some(quoted(facts)));
        }
        128 | 129 => {
            let (id, sequence) = (r.u16(&IDENTIFIER)?, r.u16(&SEQUENCE)?);
            if !facts.quoted {
                facts.message = Some(Message::Echo { id, sequence, reply: kind == 129 });
            }
            facts.summary = format!("ICMPv6 {} id={id} seq={sequence}", type_name(kind));
            return Some(Some(Next::Data("echo data: the reply brings the same bytes back")));
        }
        130..=132 | 143 => listener::read(r, kind, facts)?,
        133..=137 => neighbor::read(r, kind, code, facts)?,
        _ => r.rest(&REST),
    }
    Some(None)
}

/// Reads the four bytes between an error's header and the packet it quotes; how long the quotation is, 0 if not said.
fn read_error(r: &mut Reader<'_>, kind: u8, facts: &mut Facts) -> Option<usize> {
    match kind {
        2 => {
            let mtu = r.u32(&MTU)?;
            // RFC 8200 §5: every link carries packets of 1280 bytes.
            r.means(if mtu < 1280 { "less than the 1280 every IPv6 link has: not believed" } else { "bytes" });
            facts.summary.push_str(&format!(" MTU={mtu}"));
        }
        4 => {
            r.u32(&POINTER)?;
        }
        _ => {
            // RFC 4884 §4.4, §4.5: a byte that was unused before, and most senders leave it 0.
            let length = usize::from(*r.ahead().first()?) * 8;
            if length > 0 {
                r.u8(&LENGTH)?;
                r.means(format_args!("{length} bytes"));
            }
            r.raw(&UNUSED, if length > 0 { 3 } else { 4 })?;
            return Some(length);
        }
    }
    Some(0)
}

/// RFC 4443 §2.4 (e): an error about an error is never sent, so what is quoted twice is not followed.
const fn quoted(facts: &mut Facts) -> Next {
    if facts.quoted {
        return Next::Data("the packet the quoted error is about");
    }
    (facts.quoted, facts.incomplete) = (true, None);
    Next::Ipv6
}

fn judge(r: &Reader<'_>, facts: &Facts) -> Result<checksum::Verdict, &'static str> {
    if let Some(why) = facts.incomplete {
        return Err(why);
    }
    let (Some(source), Some(destination)) = (facts.source, facts.destination) else {
        return Err("the addresses it covers are unknown");
    };
    let covered = r.whole();
    Ok(checksum::judge(checksum::pseudo(source, destination, 58, covered.len()), covered, 2))
}

/// IANA ICMPv6 type numbers.
const fn type_name(kind: u8) -> &'static str {
    match kind {
        1 => "Destination unreachable",
        2 => "Packet too big",
        3 => "Time exceeded",
        4 => "Parameter problem",
        128 => "Echo request",
        129 => "Echo reply",
        130 => "Multicast listener query",
        131 => "Multicast listener report",
        132 => "Multicast listener done",
        133 => "Router solicitation",
        134 => "Router advertisement",
        135 => "Neighbor solicitation",
        136 => "Neighbor advertisement",
        137 => "Redirect",
        143 => "Multicast listener report v2",
        _ => "another message",
    }
}

const fn type_why(kind: u8) -> &'static str {
    match kind {
        1 => "A router or the host itself could not deliver the packet that is quoted below.",
        2 => "A router's next link is too small for the packet quoted below: it dropped it and says what fits.",
        3 => "The packet quoted below ran out of hops (code 0): traceroute learns the routers on the way from these.",
        4 => "Something in the packet quoted below was not understood, and it was dropped for that.",
        128 => "Ping: any node that gets this shall answer with an echo reply.",
        129 => {
            "The host that was pinged sends the same data back: it is reachable, and the way there and back took this long."
        }
        130 => "A router asks which groups the hosts of this link listen to.",
        131 | 143 => "A host says which groups it listens to, so that switches and routers send them here.",
        132 => "A host has stopped listening to a group.",
        133 => "A host that has just come up asks the routers of its link to announce themselves now.",
        134 => {
            "A router announces itself and the prefixes of the link: from these hosts make addresses of their own (SLAAC)."
        }
        135 => {
            "Who has this IPv6 address, and at which MAC address? What ARP asks in IPv4, here sent to a small group."
        }
        136 => "The owner of an address says at which MAC address it is; also sent unasked when that changes.",
        137 => "A router forwarded a packet, but a better first hop is on the sender's own link.",
        _ => TYPE.why,
    }
}

/// RFC 4443 §3.1, §3.3, §3.4; type 4 code 3: RFC 7112 §5.
const fn code_name(kind: u8, code: u8) -> &'static str {
    match (kind, code) {
        (1, 0) => "no route to destination",
        (1, 1) => "administratively prohibited",
        (1, 2) => "beyond scope of source address",
        (1, 3) => "address unreachable",
        (1, 4) => "port unreachable",
        (1, 5) => "source address failed policy",
        (1, 6) => "reject route to destination",
        (3, 0) => "hop limit ran out on the way",
        (3, 1) => "fragments did not all arrive in time",
        (4, 0) => "erroneous header field",
        (4, 1) => "unrecognized next header",
        (4, 2) => "unrecognized option",
        (4, 3) => "the first fragment lacks part of the headers",
        _ => "",
    }
}
